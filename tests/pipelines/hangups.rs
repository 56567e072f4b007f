//! A terminal that hangs up, and a file that grows to its limit.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, flows, folder, run};

#[test]
fn a_hangup_ends_a_program_like_a_termination_unless_it_is_ignored() {
    for filter in FILTERS.map(|f| f.replace("IN", "-")) {
        // The input stays open until the program has gone, or for two seconds.
        let script = |start: &str| {
            format!("(sleep 1; kill -HUP $(cat pid); sleep 2) | {start} bash -c 'echo $$ > pid; exec {filter}'")
        };
        let folder = folder();
        let there = |script: String| run(&format!("cd '{}'; {script}", folder.path().display()));
        there(script("")).code(129);
        there(script("nohup")).code(0);
    }
}

#[test]
fn a_file_that_grows_to_its_limit_is_a_failed_write_that_leaves_nothing() {
    let folder = folder();
    std::fs::write(folder.path().join("m"), flows(20_000)).unwrap();
    let there = |script: String| run(&format!("cd '{}'; {script}", folder.path().display()));
    for filter in FILTERS.map(|f| f.replace("IN", "m")).iter().filter(|f| !f.starts_with("flowstat")) {
        there(format!("ulimit -f 100; {filter} -o out")).code(2).says("cannot write \"out\": file too large");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["m"], "{filter}");
    }
}
