//! Exit 0 is a promise: what was read is what became of it, what is not written is kept aside, and both add up.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, accounts, filters, flow, flows, folder, rejects, run, run_with, threads};
use serde_json::Value;
use std::path::Path;

/// Flows, rows, alerts and ticks, and every hundredth line bad in one of three ways.
fn mixed(count: u32) -> String {
    let line = |n: u32| match n % 300 {
        99 => "{\"bytes\":1,\"bytes\":2}".to_owned(),
        199 => "{\"src_port\":1}".to_owned(),
        299 => "no json".to_owned(),
        50 => format!("{{\"kind\":\"hosts\",\"src_ip\":\"10.1.0.1\",\"flows\":1,\"bytes\":{n}}}"),
        51 => "{\"kind\":\"tick\",\"timestamp\":\"2015-01-22T08:00:00Z\"}".to_owned(),
        52 => "{\"packets\":7}".to_owned(),
        _ => flow(n),
    };
    (0..count).map(|n| line(n) + "\n").collect()
}

/// Runs a pipeline of which each stage writes its accounts; answers them in order.
fn pipeline(folder: &Path, stages: &[&str], code: i32) -> (Vec<Value>, crate::support::Outcome) {
    let file = |n: usize| folder.join(format!("accounts{n}"));
    let stages: Vec<_> =
        stages.iter().enumerate().map(|(n, stage)| format!("{stage} -q --counters {}", file(n).display())).collect();
    let outcome = run(&stages.join(" | ")).code(code);
    ((0..stages.len()).map(|n| accounts(&file(n))).collect(), outcome)
}

#[test]
fn each_stage_reads_what_the_one_before_wrote() {
    let folder = folder();
    let path = folder.path().join("mixed");
    std::fs::write(&path, mixed(3_000)).unwrap();
    let cat = format!("flowcat {}", path.display());
    let chains: &[(&[&str], i32)] = &[
        (&["flowcat tests/data/traffic.csv", "flowenrich scope service", "flowdetect --tee", "flowstat hosts"], 0),
        (&["flowcat tests/data/traffic.csv", "flowdetect all", "flowenrich scope"], 0),
        (&["flowcat tests/data/traffic.csv", "flowstat hosts pairs", "flowdetect zscore iqr mad"], 0),
        (&["flowcat tests/data/traffic.csv", "flowstat hosts", "flowdetect --tee zscore", "flowenrich scope"], 0),
        (&["flowcat tests/data/traffic.csv", "flowdetect --tee all", "flowstat report"], 0),
        (&["flowcat tests/data/traffic.csv", "flowdetect --mark zscore:of=flow"], 0),
        (&["flowcat tests/data/traffic.csv", "flowdetect --flagged iqr:of=flow", "flowstat summary"], 0),
        (&["flowcat tests/data/sample.json tests/data/sample.csv", "flowstat fields"], 0),
        (&["flowcat tests/data/sample.ra.csv", "flowstat fields"], 0),
        (&[&cat, "flowenrich scope ipclass portclass", "flowdetect --tee beacon", "flowstat fields hosts"], 3),
        (&[&cat, "flowdetect zscore", "flowenrich scope"], 3),
        (&[&cat, "flowdetect --tee zscore:of=rows", "flowstat top"], 3),
        // Of several codes the shell gives the last.
        (&[&cat, "flowdetect --fail-on low exfil:bytes=1", "flowenrich scope"], 1),
    ];
    for (stages, code) in chains {
        let (all, outcome) = pipeline(folder.path(), stages, *code);
        for (n, pair) in all.windows(2).enumerate() {
            assert_eq!(pair[0]["written"], pair[1]["read"], "{} and {}", stages[n], stages[n + 1]);
        }
        let last = all.last().unwrap();
        assert_eq!(last["written"], outcome.open_lines().len(), "{}", stages.join(" | "));
        assert!(last["read"].as_u64() > Some(0), "{}", stages.join(" | "));
    }
}

#[test]
fn what_comes_out_and_what_is_kept_aside_is_what_came_in() {
    let folder = folder();
    let (path, aside) = (folder.path().join("mixed"), folder.path().join("rejects"));
    let input = mixed(30_000);
    std::fs::write(&path, &input).unwrap();
    for (tool, filter) in filters(path.display()).filter(|(tool, _)| *tool != "flowstat") {
        for n in [1, 3] {
            let outcome = run(&format!("{filter} -q {} --rejects {}", threads(tool, n), aside.display())).code(3);
            let aside = rejects(&aside);
            assert_eq!(aside.len(), 300, "{tool}");
            let text = outcome.text();
            let mut passed = text.lines();
            let mut rejected = aside.iter().peekable();
            for (number, line) in input.lines().enumerate() {
                if rejected.peek().is_some_and(|r| r["line"] == number + 1) {
                    assert_eq!(rejected.next().unwrap()["raw"], line, "{tool}");
                    continue;
                }
                let found = passed.next().unwrap();
                match tool {
                    // With members added before the end.
                    "flowenrich" => assert!(found.starts_with(&line[..line.len() - 1]), "{found}\n{line}"),
                    _ => assert_eq!(found, line, "{tool}"),
                }
            }
            assert!(passed.next().is_none() && rejected.next().is_none(), "{tool}");
        }
    }
}

#[test]
fn records_of_foreign_formats_are_kept_aside_whole() {
    let folder = folder();
    let (aside, counters) = (folder.path().join("rejects"), folder.path().join("accounts"));
    let table = "ts,sa,da,sp,dp,pr,ibyt\n\
        2015-01-22 08:00:00,10.0.0.1,10.0.0.2,1,2,TCP,3\n\
        2015-01-22 08:00:00,10.0.0.,10.0.0.2,1,2,TCP,3\n\
        2015-01-22 08:00:00,10.0.0.1,10.0.0.2,1,99999,TCP,3\n\
        2015-01-22 08:00:00,10.0.0.1,10.0.0.2,1,2,TCP,3\n\
        2015-13-22 08:00:00,10.0.0.1,10.0.0.2,1,2,TCP,3\n";
    let command = format!("flowcat --tz UTC --rejects {} --counters {}", aside.display(), counters.display());
    let outcome = run_with(&command, table).code(3).says("read 5").says("written 2").says("rejected 3");
    assert_eq!(outcome.lines().len(), 2);
    let places: Vec<_> = rejects(&aside).iter().map(|r| (r["line"].clone(), r["raw"].clone())).collect();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(places, [3, 4, 6].map(|n| (n.into(), lines[n - 1].into())));
    assert_eq!(accounts(&counters)["rejected"], 3);
}

#[test]
fn so_many_may_be_rejected_and_not_one_more() {
    let rows = [
        ("0", 3),
        ("9", 3),
        ("10", 0),
        ("11", 0),
        ("18446744073709551615", 0),
        ("0%", 3),
        ("0.9%", 3),
        ("0.99999%", 3),
        ("1%", 0),
        ("1.5%", 0),
        ("100%", 0),
    ];
    for filter in FILTERS.map(|f| f.replace("IN", "-")) {
        for (allowed, code) in rows {
            // Ten of a thousand.
            let outcome = run_with(&format!("{filter} --max-rejects {allowed}"), mixed(1_000));
            outcome.code(code).says("rejected 10").open_lines();
        }
        run_with(&format!("{filter} --max-rejects 0"), flows(10)).code(0).quiet();
        run_with(&format!("{filter} --max-rejects 0%"), "").code(0).quiet();
        run_with(&format!("{filter} --max-rejects 100%"), "{\"bytes\":-1}\nno json\n{\"bytes\":1}").code(0);
    }
}

#[test]
fn strict_stops_at_the_first_and_has_all_before_it() {
    let folder = folder();
    let (aside, counters) = (folder.path().join("rejects"), folder.path().join("accounts"));
    let bad = "{\"bytes\":1,\"bytes\":2}\n";
    for before in [0, 1, 1_000, 20_000] {
        let input = flows(before) + bad + &flows(3_000) + bad + &flows(20_000);
        for (tool, filter) in filters("-") {
            for n in [1, 3] {
                let command = format!(
                    "{filter} --strict --max-rejects 50% {} --rejects {} --counters {}",
                    threads(tool, n),
                    aside.display(),
                    counters.display()
                );
                let outcome =
                    run_with(&command, &input).code(3).says(&format!("stdin:{}:12: duplicate key", before + 1));
                let aside = rejects(&aside);
                assert_eq!((aside.len(), &aside[0]["line"]), (1, &Value::from(before + 1)), "{tool}");
                let accounts = accounts(&counters);
                assert_eq!((&accounts["read"], &accounts["rejected"]), (&(before + 1).into(), &1.into()), "{tool}");
                let lines = outcome.lines();
                match tool {
                    "flowstat" => assert!(lines.iter().all(|row| row["present"] == before)),
                    _ => assert_eq!(lines.len(), before as usize, "{tool}, {n} threads"),
                }
            }
        }
    }
}

#[test]
fn a_flood_of_bad_lines_is_counted_exactly_and_told_in_few_words() {
    let kinds =
        ["no json", "{\"bytes\":1,\"bytes\":2}", "{\"bytes\":-1}", "{\"bytes\":1,\"x\":\"\u{1}\"}", "{\"x\":1}"];
    let input: String = (0..100_000).map(|n| kinds[n % 5].to_owned() + "\n").collect();
    for (tool, filter) in filters("-") {
        let outcome = run_with(&filter, flow(1) + "\n" + &input).code(3);
        outcome.lines();
        let said = &outcome.stderr;
        assert!(said.len() < 8_192, "{tool} says {} bytes", said.len());
        assert_eq!(said.lines().filter(|line| line.contains("warning: stdin:")).count(), 25, "{tool}");
        for (part, count) in
            [("no JSON object", 20_000), ("duplicate key", 20_000), ("control byte", 20_000), ("no flow", 20_000)]
        {
            assert!(said.contains(&format!("{count} {part}")), "{tool} lacks {count} {part}: {said}");
        }
        let last = said.lines().last().unwrap();
        assert!(last.starts_with(&format!("{tool}: read 100001, written ")), "{last}");
        assert!(last.contains("rejected 100000, ") && last.ends_with(" s"), "{last}");
        run_with(&format!("{filter} -q"), flow(1) + "\n" + &input)
            .code(3)
            .says("error: rejected 100,000 of 100,001 lines; ");
    }
}

#[test]
fn long_bad_lines_and_long_names_are_told_in_few_words() {
    let long = "x".repeat(1_000_000);
    let input: String = [
        format!("{{\"{long}\":1}}"),
        format!("{{\"bytes\":\"{long}\"}}"),
        long.clone(),
        format!("{{\"bytes\":1{long}}}"),
    ]
    .map(|line| line + "\n")
    .concat();
    for filter in FILTERS.map(|f| f.replace("IN", "-")) {
        let outcome = run_with(&filter, flow(1) + "\n" + &input).code(3);
        assert!(outcome.stderr.len() < 4_096, "{filter}: {} bytes", outcome.stderr.len());
    }
}

#[test]
fn the_last_message_is_the_account_where_something_was_lost_and_none_where_nothing_was() {
    for (tool, filter) in filters("-") {
        run_with(&filter, flows(3)).code(0).quiet();
        let outcome = run_with(&filter, flows(3) + "{}\n").code(3);
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.starts_with(&format!("{tool}: read 4, written ")) && last.contains("rejected 1, "), "{last}");
        run_with(&format!("{filter} -q"), flows(3) + "{}\n").code(3).says("error: rejected 1 of 4 lines; ");
    }
}

#[test]
fn the_gravest_outcome_gives_the_exit_code() {
    let folder = folder();
    let (found, bad) = (folder.path().join("found"), folder.path().join("bad"));
    let big = "{\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"198.51.100.2\",\"bytes\":900000000}\n";
    std::fs::write(&found, big).unwrap();
    std::fs::write(&bad, format!("{big}{{}}\n")).unwrap();
    let rows: [(&str, i32); 7] = [
        ("exfil -i FOUND", 0),
        ("exfil -i FOUND --fail-on high", 1),
        ("portscan -i FOUND --fail-on low", 0),
        ("exfil -i BAD --fail-on high", 3),
        ("exfil -i BAD --fail-on high --max-rejects 1", 1),
        ("exfil -i BAD -i none --fail-on high", 2),
        ("exfil -i FOUND --fail-on high -o /dev/full", 2),
    ];
    for (command, code) in rows {
        let named = command.replace("FOUND", &found.display().to_string()).replace("BAD", &bad.display().to_string());
        run(&format!("flowdetect {named}")).code(code);
    }
}

#[test]
fn quiet_runs_tell_in_one_line_why_the_exit_code_is_3() {
    let input = flows(3) + "{\"bytes\":-1}\n" + "nothing\n";
    for (tool, filter) in filters("-") {
        let loud = run_with(&filter, &input).code(3);
        let quiet = run_with(&format!("{filter} -q"), &input).code(3);
        assert_eq!(quiet.stdout, loud.stdout, "{tool}");
        assert!(loud.stderr.lines().count() > 2 && !loud.stderr.contains("error"), "{}", loud.stderr);
        let told = format!(
            "{tool}: error: rejected 2 of 5 lines; without -q each is told, --rejects FILE keeps them, --max-rejects allows \
             so many\n"
        );
        assert_eq!(quiet.stderr, told);
        run_with(&format!("{filter} -q --max-rejects 2"), &input).code(0).quiet();
        let strict = run_with(&format!("{filter} -q --strict"), &input).code(3);
        assert_eq!(strict.stderr.lines().count(), 1, "{}", strict.stderr);
        strict.says("error: stopped at a rejected line, --strict being given");
        // Other errors are told too.
        run(&format!("{filter} -q -i none")).code(2).says(&format!("{tool}: error: no such file: \"none\""));
    }
}

#[test]
fn one_is_not_many() {
    let told = run_with("flowstat ports", "{\"bytes\":1}\n").code(0).stderr;
    assert!(told.contains(": 1 flow without dst_port left out"), "{told}");
    let told = run_with("flowcat", "src_ip,bytes\n10.0.0.1,2\n10.0.0.1\n").code(3).stderr;
    assert!(told.contains("1 column where the header has 2"), "{told}");
}
