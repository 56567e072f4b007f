//! What goes wrong for a user, and what each program says and answers: exit codes and messages.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, TOOLS, filters, flow, flows, folder, rejects, run, run_with};
use std::path::Path;

/// A command line, its exit code, and what it must say.
type Row<'a> = (&'a str, i32, &'a [&'a str]);

/// Runs each with nothing on stdin; nothing may come out.
fn refused(rows: &[Row<'_>]) {
    for (command, code, says) in rows {
        let outcome = says.iter().fold(run(command).code(*code), |outcome, part| outcome.says(part));
        assert!(outcome.stdout.is_empty(), "{command} prints {}", outcome.text());
        let errors = outcome.stderr.lines().filter(|line| line.contains("error: ")).count();
        assert_eq!(errors, 1, "{command}\n{}", outcome.stderr);
        let tool = command.split(' ').next().unwrap();
        assert!(outcome.stderr.starts_with(&format!("{tool}: error: ")), "{command}\n{}", outcome.stderr);
    }
}

#[test]
fn a_wrong_item_key_or_value_is_refused_before_any_input_is_read() {
    // The input is missing, but that is not what is told.
    refused(&[
        ("flowdetect -i none zcore", 2, &["unknown detector \"zcore\"", "did you mean \"zscore\"?"]),
        ("flowstat -i none hots", 2, &["unknown view \"hots\"", "did you mean \"hosts\"?"]),
        ("flowenrich -i none scop", 2, &["unknown enricher \"scop\"", "did you mean \"scope\"?"]),
        ("flowdetect -i none quux", 2, &["unknown detector \"quux\"", "--list shows all"]),
        ("flowdetect -i none portscan zcore", 2, &["unknown detector \"zcore\""]),
        ("flowcat none --from nfdmp-csv", 2, &["unknown format \"nfdmp-csv\"", "did you mean \"nfdump-csv\"?"]),
        (
            "flowdetect -i none zscore:treshold=3",
            2,
            &["zscore: unknown key \"treshold\"", "did you mean \"threshold\"?"],
        ),
        ("flowstat -i none hosts:tpo=20", 2, &["hosts: unknown key \"tpo\"", "did you mean \"top\"?"]),
        ("flowenrich -i none scope:internl=10.0.0.0/8", 2, &["scope: unknown key \"internl\"", "\"internal\""]),
        ("flowdetect -i none zscore:threshold=high", 2, &["zscore: threshold=high", "number from 0 is expected"]),
        ("flowdetect -i none zscore:threshold=-3", 2, &["threshold=-3", "number from 0 is expected"]),
        ("flowdetect -i none portscan:ports=1.5", 2, &["portscan: ports=1.5", "integer"]),
        ("flowdetect -i none zscore:of=flows", 2, &["of=flows", "did you mean \"flow\"?"]),
        ("flowdetect -i none zscore:field=byts", 2, &["zscore: field=byts"]),
        ("flowstat -i none hourly:tz=Europe/Lisbn", 2, &["hourly: tz=Europe/Lisbn"]),
        ("flowenrich -i none scope:internal=10.0.0.0/33", 2, &["scope: internal", "\"10.0.0.0/33\" is no network"]),
        ("flowdetect -i none portscan:ports=20,ports=30", 2, &["portscan: ports is given twice"]),
        ("flowdetect -i none portscan:ports", 2, &["portscan: \"ports\" has no value", "ports=VALUE"]),
        ("flowdetect -i none 'portscan:ports=\"20'", 2, &["portscan: ports", "quote"]),
        ("flowdetect -i none sigma", 2, &["sigma: normal=FILE is needed"]),
        ("flowdetect -i none sigma:normal=none.json", 2, &["sigma: normal", "no such file: \"none.json\""]),
        ("flowenrich -i none geo:db=none.mmdb", 2, &["geo: ", "no such file: \"none.mmdb\""]),
        ("flowenrich -i none", 2, &["no enricher is given", "--list"]),
        ("flowcat none --tz Europe/Lisbn", 2, &["--tz Europe/Lisbn", "zone"]),
    ]);
}

#[test]
fn a_wrong_option_is_refused_in_the_same_voice() {
    let all: [(&str, &[&str]); 10] = [
        ("--nope", &["--nope"]),
        ("--max-rejects few", &["--max-rejects", "a number or a percentage is expected"]),
        ("--max-rejects 101%", &["--max-rejects", "percentage"]),
        ("--to xml", &["--to: \"xml\" is none of ndjson, csv, table"]),
        ("--to cvs", &["did you mean \"csv\"?"]),
        ("--explain nothing", &["unknown", "\"nothing\"", "--list shows all"]),
        ("--rejects", &["--rejects: a value is needed, as in --rejects FILE"]),
        ("--quiet=1", &["--quiet takes no value, and \"1\" is given"]),
        ("--to csv --to csv", &["--to is given twice"]),
        ("-t --to csv", &["--table and --to do not go together"]),
    ];
    for tool in TOOLS {
        for (option, says) in all {
            refused(&[(&format!("{tool} {option}"), 2, says)]);
        }
    }
    refused(&[
        ("flowstat --threads 0", 2, &["--threads: bad value \"0\": a number from 1 to 64 is expected"]),
        ("flowcat --threads 2", 2, &["--threads"]),
        ("flowdetect --fail-on hihg", 2, &["--fail-on: \"hihg\" is none of low,", "did you mean \"high\"?"]),
        ("flowdetect --mark --tee sigma", 2, &["--mark and --tee do not go together"]),
        ("flowcat --head -1", 2, &["--head: bad value \"-1\": a whole number is expected, as 100, 5k or 1M"]),
        ("flowcat --head 5kb", 2, &["--head: bad value \"5kb\"", "did you mean \"5k\"?"]),
        ("flowcat --sample 100", 2, &["--sample: bad value \"100\": one in N is expected", "did you mean 1/100?"]),
        ("flowcat --sample 1%", 2, &["did you mean 1/100?"]),
        ("flowcat --sample 0.001", 2, &["did you mean 1/1000?"]),
        ("flowcat --sample 1:50", 2, &["did you mean 1/50?"]),
        ("flowcat --sample -5", 2, &["--sample: bad value \"-5\": one in N is expected, as 1/100\n"]),
        ("flowcat --biflow=abc", 2, &["--biflow: bad value \"abc\": a duration is expected, as 90, 90s or 1m30s"]),
        ("flowcat --biflow=5min", 2, &["did you mean \"5m\"?"]),
        ("flowcat --biflow=99999d", 2, &["--biflow: bad value \"99999d\": at most 73 years are expected"]),
        ("flowcat --biflow=", 2, &["--biflow: bad value \"\": a duration is expected"]),
        ("flowcat --dedup=x", 2, &["--dedup: bad value \"x\": a duration or drop is expected"]),
        ("flowcat --max-flows 1", 2, &["--max-flows: bad value \"1\": 2 to 1G flows are expected"]),
        ("flowstat --now yesterday", 2, &["--now", "RFC 3339"]),
    ]);
}

#[test]
fn options_take_powers_of_1000() {
    let head = run_with("flowcat --head 0.005k", flows(9)).code(0).quiet();
    assert_eq!(head.lines().len(), 5);
    run_with("flowcat --max-rejects 1k", flows(9) + "x\n").code(0);
}

#[test]
fn what_only_begins_like_something_packed_is_not_called_packed() {
    for text in ["BZh", "BZh9", "BZ"] {
        let told = run_with("flowcat", text).code(2).stderr;
        assert!(!told.contains("packed") && told.starts_with("flowcat: error: stdin: "), "{text}: {told}");
        run_with("flowstat", text).code(3).says("these are no lines of flows");
    }
    let table = "BZh,src_ip,bytes\n1,10.0.0.1,5\n";
    assert_eq!(run_with("flowcat", table).code(0).lines().len(), 1);
}

#[test]
fn a_missing_file_is_told_and_the_others_are_read() {
    let folder = folder();
    for name in ["a", "b"] {
        std::fs::write(folder.path().join(name), flows(100)).unwrap();
    }
    let list = |names: &[&str], between: &str| {
        names.iter().map(|n| format!("{}/{n}", folder.path().display())).collect::<Vec<_>>().join(between)
    };
    for filter in FILTERS {
        let between = if filter.contains("-i IN") { " -i " } else { " " };
        let good = run(&filter.replace("IN", &list(&["a", "b"], between))).code(0);
        let bad = run(&filter.replace("IN", &list(&["a", "none", "b"], between))).code(2);
        let bad = bad.says(&format!("error: no such file: \"{}/none\"", folder.path().display()));
        bad.lines();
        assert_eq!(bad.text(), good.text(), "{filter}");
        run(&filter.replace("IN", &list(&["none"], between))).code(2).says("no such file");
    }
}

#[test]
fn many_inputs_are_read_one_after_the_other() {
    let folder = folder();
    for n in 0..40 {
        std::fs::write(folder.path().join(format!("{n:02}")), flow(n) + "\n").unwrap();
    }
    for (tool, filter) in filters(folder.path().display()) {
        let outcome = run(&format!("timeout 20 {filter}")).code(0).quiet();
        let lines = outcome.lines();
        if tool != "flowstat" {
            let sources: Vec<_> = lines.iter().map(|l| l["src_ip"].as_str().unwrap().to_owned()).collect();
            assert_eq!(sources, (0..40).map(|n| format!("10.0.0.{n}")).collect::<Vec<_>>(), "{tool}");
        }
    }
}

#[test]
fn a_truncated_gzip_gives_what_was_before_the_end_and_the_place() {
    let folder = folder();
    let cut = folder.path().join("cut.gz");
    std::fs::write(folder.path().join("all"), flows(2_000)).unwrap();
    run(&format!("cd {}; gzip -c all > all.gz; head -c 4000 all.gz > cut.gz", folder.path().display())).code(0);
    let whole = run(&format!("gzip -dc {} 2>/dev/null; true", cut.display())).stdout;
    let (lines, part) = whole.split_at(whole.iter().rposition(|b| *b == b'\n').unwrap() + 1);
    assert!(lines.len() > 1000 && !part.is_empty(), "the sample is cut inside a line");
    for (tool, filter) in filters(cut.display()) {
        let aside = folder.path().join("rejects");
        let outcome = run(&format!("{filter} --rejects {}", aside.display())).code(2);
        let outcome = outcome.says(&format!("{}: truncated gzip data after 4000 bytes", cut.display()));
        let found = outcome.lines();
        let flows = lines.split(|b| *b == b'\n').count() - 1;
        match tool {
            "flowcat" | "flowdetect" => assert_eq!(outcome.stdout, lines, "{tool}"),
            "flowenrich" => assert_eq!(found.len(), flows),
            _ => assert!(found.iter().all(|row| row["present"] == flows)),
        }
        let aside = rejects(&aside);
        assert_eq!(aside.len(), 1, "{tool}");
        assert!(aside[0]["reason"].as_str().unwrap().contains("breaks off"), "{tool}");
        // Decoders differ in how much of the last block they give.
        assert!(aside[0]["raw"].as_str().unwrap().starts_with("{\"timestamp\""), "{tool}");
        run(&format!("{filter} --strict")).code(2).says("truncated gzip data after 4000 bytes");
    }
    std::fs::write(&cut, b"\x1f\x8b\x08\0\0\0").unwrap();
    for (_, filter) in filters(cut.display()) {
        run(&filter).code(2).says("truncated gzip data");
    }
}

#[test]
fn a_line_of_10_megabytes_is_passed_over_and_counted() {
    let long = format!("{{\"bytes\":1,\"x\":\"{}\"}}\n", "x".repeat(10_000_000));
    for filter in FILTERS {
        let outcome = run_with(&filter.replace("IN", "-"), flows(3) + &long + &flows(2)).code(3);
        let outcome = outcome.says("warning: stdin:4: a line longer than 1 MiB").says("read 6").says("rejected 1");
        outcome.lines();
    }
}

#[test]
fn bytes_that_are_not_utf8_are_told_by_place_and_the_rest_is_read() {
    let mut input = flows(2).into_bytes();
    input.extend(b"{\"bytes\":1,\"x\":\"\xff\"}\n");
    input.extend(flows(2).into_bytes());
    for filter in FILTERS {
        let outcome = run_with(&filter.replace("IN", "-"), &input).code(3);
        outcome.says("warning: stdin:3:17: bytes that are not UTF-8").says("read 5").says("rejected 1").lines();
    }
}

#[test]
fn a_table_without_the_needed_columns_is_refused_by_name() {
    let needed = "no column is an address, bytes or packets; there are \"alpha\", \"beta\"";
    let outcome = run_with("flowcat", "alpha,beta\n1,2\n").code(2).says("flowcat: error: stdin: ").says(needed);
    assert!(outcome.says("--map").stdout.is_empty());
    run_with("flowcat", "[{\"alpha\":1,\"beta\":2}]\n").code(3).says("stdin:1: no address, no bytes and no packets");
    run_with("flowcat", "{\"alpha\":1,\"beta\":2}\n").code(3).says("stdin:1:1: no src_ip, dst_ip, bytes or packets");
    run_with("flowcat", "hello, dear reader!\n").code(2);
    run_with("flowcat --map bytes=beta", "alpha,beta\n1,2\n").code(0).lines();
    // The others are still read.
    let folder = folder();
    std::fs::write(folder.path().join("a.csv"), "alpha,beta\n1,2\n").unwrap();
    std::fs::write(folder.path().join("b.csv"), "sa,ibyt\n10.0.0.1,2\n").unwrap();
    let outcome = run(&format!("flowcat {}", folder.path().display())).code(2).says("a.csv");
    assert_eq!(outcome.lines().len(), 1);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(30_000)).unwrap();
    let rows = ["flowcat IN", "flowstat hosts -i IN", "flowdetect --tee beacon -i IN", "flowenrich scope -i IN"];
    for command in rows.map(|c| c.replace("IN", &path.display().to_string())) {
        let outcome = run(&format!("{command} | head -1; echo \"${{PIPESTATUS[*]}}\" >&2")).code(0).says("0 0\n");
        assert_eq!((outcome.lines().len(), outcome.stderr.as_str()), (1, "0 0\n"), "{command}");
    }
}

#[test]
fn a_full_disk_is_told_and_the_answer_is_2() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(3) + "{\"bytes\":-1}\n").unwrap();
    let full = "cannot write \"/dev/full\": no space left on device";
    for (tool, filter) in filters(path.display()) {
        run(&format!("{filter} > /dev/full")).code(2).says("cannot write \"stdout\": no space left on device");
        run(&format!("{filter} -o /dev/full")).code(2).says(&format!("{tool}: error: {full}"));
        run(&format!("{filter} --rejects /dev/full")).code(2).says(full).lines();
        run(&format!("{filter} --counters /dev/full")).code(2).says(full).lines();
        for option in ["-o", "--rejects", "--counters"] {
            run(&format!("{filter} {option} none/file"))
                .code(2)
                .says("cannot write \"none/file\": no such file or directory");
        }
    }
}

#[test]
fn an_output_that_fails_leaves_the_old_file_and_nothing_beside_it() {
    let (folder, elsewhere) = (folder(), crate::support::folder());
    let (kept, input) = (folder.path().join("kept"), elsewhere.path().join("flows"));
    std::fs::write(&input, flows(1_000)).unwrap();
    std::fs::write(&kept, "old\n").unwrap();
    for (_, filter) in filters(input.display()) {
        // No file may be longer than a KiB.
        let command = format!("ulimit -f 1; trap '' XFSZ; {filter} -o {}", kept.display());
        run(&command).code(2).says(&format!("error: cannot write \"{}\": file too large", kept.display()));
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "old\n", "{filter}");
        assert_eq!(names(folder.path()), ["kept"], "{filter}");
    }
    for (_, filter) in filters(input.display()) {
        let wanted = run(&filter).code(0).stdout;
        run(&format!("{filter} -o {}", kept.display())).code(0).quiet();
        assert!(std::fs::read(&kept).unwrap() == wanted, "{filter}");
        assert_eq!(names(folder.path()), ["kept"], "{filter}");
    }
}

#[test]
fn a_file_is_replaced_after_damaged_input_but_not_where_strict_is_asked_for() {
    let (folder, elsewhere) = (folder(), crate::support::folder());
    let (kept, bad, cut) = (folder.path().join("kept"), elsewhere.path().join("bad"), elsewhere.path().join("cut.gz"));
    std::fs::write(&bad, flows(100) + "nothing\n" + &flows(100)).unwrap();
    run(&format!("flowcat -q {} | gzip -c | head -c 900 > {}", bad.display(), cut.display()));
    // An input that breaks off weighs more than the line that it breaks off in.
    for (path, code, strict) in [(&bad, 3, 3), (&cut, 2, 2), (&elsewhere.path().join("none"), 2, 2)] {
        for (tool, filter) in filters(path.display()) {
            std::fs::write(&kept, "old\n").unwrap();
            let told = format!("{tool}: error: \"{}\" is left as it was, --strict being given", kept.display());
            for quiet in ["", "-q"] {
                run(&format!("{filter} --strict -o {} {quiet}", kept.display())).code(strict).says(&told);
                assert_eq!(std::fs::read_to_string(&kept).unwrap(), "old\n", "{filter}");
                assert_eq!(names(folder.path()), ["kept"], "{filter}");
            }
            let stdout = run(&filter).code(code).stdout;
            run(&format!("{filter} -o {}", kept.display())).code(code);
            // Where nothing could be read there is nothing to put in its place.
            let wanted = if path.exists() { stdout } else { b"old\n".to_vec() };
            assert!(std::fs::read(&kept).unwrap() == wanted, "{filter}");
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn no_input_is_an_empty_answer_and_a_terminal_a_mistake() {
    for (tool, filter) in filters("-") {
        let outcome = run(&filter).code(0).quiet();
        assert!(outcome.stdout.is_empty(), "{tool}");
        let items = if tool == "flowenrich" { " scope" } else { "" };
        // `script` gives it a terminal, and shows what it says.
        let outcome = run(&format!("script --quiet --return --command '{tool}{items}' /dev/null")).code(2);
        let said = format!("{tool}: error: nothing to read: stdin is a terminal");
        assert!(outcome.text().contains(&said), "{}", outcome.text());
    }
    assert_eq!(run("flowstat").code(0).quiet().lines()[0]["flows"], 0);
    assert!(run("flowdetect").code(0).quiet().lines().is_empty());
}
