//! `flowcat --sort`: in memory, in files, and where there is room in neither; units and orders of times by `--map`.
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
