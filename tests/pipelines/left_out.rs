//! Tables and CSV hold what they can; the rest is counted as left out, never as written.
#![allow(clippy::unwrap_used)]

use crate::support::{accounts, flow, folder, run_with};

/// A row, two flows, an alert and a row of another kind.
fn mixed() -> String {
    [
        "{\"kind\":\"hosts\",\"src_ip\":\"10.0.0.1\",\"flows\":1}",
        &flow(1),
        &flow(2),
        "{\"kind\":\"alert\",\"detector\":\"portscan\"}",
        "{\"kind\":\"ports\",\"dst_port\":53}",
    ]
    .map(|line| format!("{line}\n"))
    .concat()
}

/// The accounts of a run that reads `mixed`: read, written, passed, made, evicted and unused.
fn numbers(command: &str, lines: usize) -> [u64; 6] {
    let folder = folder();
    let counters = folder.path().join("counters");
    let outcome = run_with(&format!("{command} --counters {}", counters.display()), mixed()).code(0);
    let accounts = accounts(&counters);
    assert_eq!(outcome.text().lines().count(), lines, "{command}: {}", outcome.text());
    let unused = accounts["unused"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let [read, written, passed, made, evicted] =
        ["read", "written", "passed", "made", "evicted"].map(|name| accounts[name].as_u64().unwrap());
    [read, written, passed, made, evicted, unused]
}

#[test]
fn lines_that_a_csv_cannot_hold_are_not_counted_as_written() {
    // A header and the rows of the kind that came first.
    assert_eq!(numbers("flowcat --to csv", 2), [5, 1, 1, 0, 0, 4]);
    assert_eq!(numbers("flowenrich scope --to csv", 2), [5, 1, 1, 0, 0, 4]);
    assert_eq!(numbers("flowdetect --tee exfil --to csv", 2), [5, 1, 1, 0, 0, 4]);
    // Of the flows nothing is left: the rows that come first pass, those that are made of the flows are of other kinds.
    assert_eq!(numbers("flowstat fields:as=counted --to csv", 2)[1..3], [1, 1]);
    let [read, written, passed, made, evicted, unused] = numbers("flowstat summary --to csv", 2);
    assert_eq!((read, written, passed, unused), (5, 1, 1, 2));
    assert!(made > 0 && made == evicted, "{made} {evicted}");
}

#[test]
fn the_accounting_line_says_what_a_csv_left_out() {
    let outcome = run_with("flowstat summary --to csv", mixed()).code(0);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("read 5, written 1, ") && last.contains("unused 2 (CSV holds one kind)"), "{last}");
}

#[test]
fn lines_beyond_what_tables_hold_are_not_counted_as_written() {
    let folder = folder();
    let counters = folder.path().join("counters");
    let kinds: String = (0..300).map(|n| format!("{{\"kind\":\"k{n}\",\"a\":1}}\n")).collect();
    let command = format!("flowcat -t --counters {}", counters.display());
    run_with(&command, kinds).code(0).says("44 lines in no table");
    let accounts = accounts(&counters);
    assert_eq!((&accounts["read"], &accounts["written"]), (&300.into(), &256.into()));
    assert_eq!(accounts["unused"]["not in the tables"], 44);
    // All kinds of a usual pipeline have a table.
    assert_eq!(numbers("flowcat -t", 20), [5, 5, 5, 0, 0, 0]);
}
