//! Files that are named for two purposes, of which one would destroy the other.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, flows, folder, run};

#[test]
fn no_file_is_written_for_two_purposes_or_while_it_is_read() {
    let folder = folder();
    let path = folder.path().join("m");
    let there = |script: String| run(&format!("cd '{}'; rm -f x; {script}", folder.path().display()));
    std::fs::write(&path, flows(100)).unwrap();
    for filter in FILTERS.map(|f| f.replace("IN", "m")) {
        for (options, says) in [
            ("--rejects m -o /dev/null", "\"m\" is an input and --rejects at once"),
            ("--rejects ./m -o m", "is -o and --rejects at once"),
            ("--counters m", "\"m\" is an input and --counters at once"),
            ("--counters x -o x", "\"x\" is -o and --counters at once"),
            ("--rejects x -o x", "\"x\" is -o and --rejects at once"),
            ("--rejects x --counters ../${PWD##*/}/x", "is --rejects and --counters at once"),
            ("--counters x > x", "\"x\" is the output and --counters at once"),
            ("--rejects - ", "--rejects needs a file of its own"),
            ("--rejects /dev/stdout | cat; exit ${PIPESTATUS[0]}", "--rejects needs a file of its own"),
            (">> m", "m: this input is also the output"),
        ] {
            let outcome = there(format!("{filter} {options}"));
            assert!(outcome.code(2).says(says).stdout.is_empty(), "{filter} {options}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), flows(100), "{filter} {options}");
        }
        there(format!("{filter} -o x --rejects y --counters z && cp m n && {filter} --rejects y < n && test -s x"))
            .code(0);
        there(format!("{filter} -o /dev/null --rejects /dev/null --counters /dev/null")).code(0);
    }
}
