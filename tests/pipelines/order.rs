//! `flowcat --sort`: in memory, in files, and where there is room in neither; `--merge` against it; units and orders of
//! times by `--map`.
#![allow(clippy::unwrap_used)]

use crate::support::{flows, run};
use serde_json::Value;

/// Flow lines from the last to the first, 12 MB of them, with an alert among them.
fn reversed(folder: &std::path::Path) -> String {
    let text = flows(40_000);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    lines.insert(7, r#"{"kind":"alert","id":"0123456789abcdef"}"#);
    let path = folder.join("reversed.ndjson");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.display().to_string()
}

/// The times of flow lines, and whether they never go back.
fn times(text: &str) -> (usize, bool) {
    let time = |line: &str| serde_json::from_str::<Value>(line).unwrap()["timestamp"].as_str().map(str::to_owned);
    let times: Vec<_> = text.lines().filter_map(time).collect();
    (times.len(), times.is_sorted())
}

#[test]
fn what_memory_does_not_hold_is_sorted_in_files_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, dir) = (reversed(folder.path()), folder.path().display());
    let whole = run(&format!("flowcat --sort {file}")).code(0).quiet().text();
    assert_eq!(times(&whole), (40_000, true));
    let spilled = run(&format!("flowcat --sort --memory 8M --spill {dir} {file}")).code(0).quiet().text();
    assert!(spilled == whole, "the bytes differ");
    let some =
        run(&format!("flowcat --sort --memory 8M --spill {dir} --head 3 -w 'bytes > 9000' --counters {dir}/c {file}"));
    assert_eq!(times(&some.code(0).quiet().text()), (3, true));
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("c")).unwrap()).unwrap();
    assert_eq!((&counters["read"], &counters["passed"]), (&40_001.into(), &4.into()), "{counters}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left in the folder");
}

#[test]
fn without_room_the_run_ends_with_2_and_says_what_would_give_some() {
    let folder = tempfile::tempdir().unwrap();
    let (file, dir) = (reversed(folder.path()), folder.path().display());
    let full = run(&format!("flowcat --sort --memory 8M -o {dir}/out --counters {dir}/c {file}")).code(2);
    assert!(full.stderr.contains("--memory") && full.stderr.contains("--spill DIR"), "{}", full.stderr);
    assert!(!folder.path().join("out").exists());
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("c")).unwrap()).unwrap();
    assert_eq!(
        counters["passed"].as_u64().unwrap()
            + counters["unused"].as_object().unwrap()["sorted in vain"].as_u64().unwrap(),
        counters["read"].as_u64().unwrap()
    );
    // A file that may not grow is a disk that is full.
    let full = run(&format!(
        "trap '' XFSZ; ulimit -f 2000; flowcat --sort --memory 8M --spill {dir} {file} | cat >/dev/null; exit ${{PIPESTATUS[0]}}"
    ));
    assert!(full.code(2).stderr.contains(&format!("--spill {dir}: ")));
    let none = run(&format!("flowcat --sort --spill {dir}/none {file}")).code(2);
    assert!(none.stderr.contains("/none: "), "{}", none.stderr);
}

#[test]
fn the_order_of_day_and_month_and_a_unit_are_named_where_they_are_missing() {
    let table = "Date,src_ip,d\\n03/07/2015 08:03,10.0.0.1,1500\\n";
    let rejected = run(&format!("printf '{table}' | flowcat --map timestamp=Date")).code(3);
    assert!(
        rejected.stderr.contains("--map timestamp=COLUMN:dmy says that the day comes first"),
        "{}",
        rejected.stderr
    );
    let read = run(&format!("printf '{table}' | flowcat --tz UTC --map timestamp=Date:dmy,duration=d:ms"))
        .code(0)
        .quiet()
        .text();
    assert_eq!(read, "{\"timestamp\":\"2015-07-03T08:03:00.000Z\",\"duration\":1.5,\"src_ip\":\"10.0.0.1\"}\n");
    let refused = run(&format!("printf '{table}' | flowcat --map src_ip=src_ip:ms")).code(2);
    assert!(refused.stderr.contains("src_ip has no unit"), "{}", refused.stderr);
}

/// A folder with flows in order of time, `all`, and the same shared out unevenly: `a` has blocks of them, `b` some, `c`
/// few, `one` the first and `none` nothing.
fn parts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = "flowcat --sort - > all; : > none; head -1 all > one; \
                  awk 'NR > 1 { print > (NR % 97 == 0 ? \"c\" : NR % 5 == 0 ? \"b\" : \"a\") }' all";
    std::fs::write(folder.path().join("in"), flows(40_000)).unwrap();
    run(&format!("cd {}; cat in | ({script})", folder.path().display())).code(0).quiet();
    folder
}

#[test]
fn merged_inputs_are_what_sorting_them_gives() {
    let folder = parts();
    let flowcat = |args: &str| run(&format!("cd {}; flowcat {args}", folder.path().display())).code(0).quiet().text();
    // Many flows start at the same time: those come in the order of the inputs.
    for inputs in ["a b c one none", "c none a b", "b", "none"] {
        assert!(flowcat(&format!("--merge {inputs}")) == flowcat(&format!("--sort {inputs}")), "{inputs}");
    }
    let some = "-q -w 'bytes > 9000' --biflow --anonymize key a b c";
    std::fs::write(folder.path().join("key"), "thirty-two characters are needed").unwrap();
    assert_eq!(flowcat(&format!("--merge {some}")), flowcat(&format!("--sort {some}")));
    assert_eq!(flowcat("--merge --head 999 a b"), flowcat("--sort --head 999 a b"));
    // Other forms of input, each with its own way to be read.
    flowcat("-q --to parquet -o a.parquet a");
    run(&format!(
        "cd {}; gzip -k b; (echo ts,sa,da,ibyt; echo 2015-01-22T08:59:59Z,10.0.0.1,10.0.0.2,7) > t.csv",
        folder.path().display()
    ))
    .code(0);
    let forms = flowcat("--merge a.parquet b.gz t.csv c");
    assert_eq!(times(&forms), (40_000, true));
    assert!(forms == flowcat("--sort a b t.csv c"));
}

#[test]
fn merging_accounts_for_all_and_tells_what_is_out_of_order_or_cannot_be_read() {
    let folder = parts();
    let dir = folder.path().display();
    let alert = r#"{"kind":"alert","id":"0123456789abcdef"}"#;
    let tick = r#"{"kind":"tick","timestamp":"2015-01-22T08:00:00.000Z"}"#;
    run(&format!("cd {dir}; (tail -2 a; echo bad; head -1 a; echo '{alert}'; echo '{tick}') > late")).code(0);
    let out = run(&format!("cd {dir}; flowcat --merge late b nowhere --rejects r --counters n")).code(2);
    assert!(
        out.stderr
            .contains("late: flow 3 starts at 2015-01-22T08:00:00.035Z, the one before it at 2015-01-22T08:59:59.035Z"),
        "{}",
        out.stderr
    );
    assert!(out.stderr.contains("late:3:1: ") && out.stderr.contains("nowhere"), "{}", out.stderr);
    let number = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(name)).unwrap()).unwrap()
    };
    assert_eq!(number("r")["line"], 3);
    let (counters, b) = (number("n"), std::fs::read_to_string(folder.path().join("b")).unwrap().lines().count() as u64);
    assert_eq!((&counters["read"], &counters["passed"]), (&(b + 6).into(), &(b + 4).into()), "{counters}");
    assert_eq!((&counters["details"]["out of order"], &counters["details"]["b"]), (&1.into(), &b.into()), "{counters}");
    assert_eq!(out.text().lines().count() as u64, b + 4);
    assert_eq!(out.text().lines().filter(|line| *line == alert).count(), 1);
    let many = vec!["a"; 257].join(" ");
    let refused = run(&format!("cd {dir}; flowcat --merge {many}")).code(2);
    assert!(refused.stderr.contains("--merge takes 256 inputs at most, not 257"), "{}", refused.stderr);
}

#[test]
fn records_of_each_input_are_counted_where_head_ends_a_merge() {
    let folder = parts();
    let counters = run(&format!(
        "cd {}; flowcat -q --merge --head 20000 --counters /dev/stderr a b c none 2>&1 >/dev/null",
        folder.path().display()
    ));
    let counters: Value = serde_json::from_str(&counters.code(0).text()).unwrap();
    let of = |name: &str| counters["details"][name].as_u64().unwrap_or(0);
    assert!(of("a") > of("b") && of("b") > of("c") && of("c") > 0, "{counters}");
    assert_eq!(Value::from(of("a") + of("b") + of("c")), counters["read"], "{counters}");
    assert_eq!(counters["passed"], 20_000);
}

#[test]
fn merging_waits_for_a_pipe_and_ends_with_its_reader_and_at_a_signal() {
    let folder = parts();
    let dir = folder.path().display();
    let whole = run(&format!("cd {dir}; flowcat --sort a b")).code(0).text();
    let slow = run(&format!("cd {dir}; flowcat --merge <(head -3 a; sleep 1; tail -n +4 a) b")).code(0).quiet().text();
    assert!(slow == whole);
    run(&format!("cd {dir}; flowcat --merge a b | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}")).code(0);
    let script = format!(
        "cd {dir}; mkfifo p; (head -3 a; exec sleep 60) > p & flowcat --merge p b > out & sleep 1; kill -INT $!; wait $!; code=$?; kill %1; exit $code"
    );
    run(&script).code(130);
    let drained = std::fs::read_to_string(folder.path().join("out")).unwrap();
    assert!(drained.ends_with('\n') && times(&drained).0 > 3, "what was read is written");
}
