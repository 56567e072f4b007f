//! Little of what the system gives: descriptors, stack, memory, processes, room in a file.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, filters, flow, flows, folder, run};

#[test]
fn a_thousand_inputs_need_few_descriptors() {
    let folder = folder();
    for n in 0..1_000 {
        std::fs::write(folder.path().join(format!("{n:04}")), flow(n) + "\n").unwrap();
    }
    let wanted = flows(1_000);
    for (tool, filter) in filters(folder.path().display()) {
        let outcome = run(&format!("ulimit -n 16; timeout 60 {filter}")).code(0).quiet();
        match tool {
            "flowcat" | "flowdetect" => assert!(outcome.text() == wanted, "{tool}"),
            "flowenrich" => assert_eq!(outcome.lines().len(), 1_000),
            _ => assert!(outcome.lines().iter().all(|row| row["present"] == 1_000)),
        }
    }
}

#[test]
fn a_small_stack_is_enough() {
    let folder = folder();
    let path = folder.path().join("flows");
    let deep = format!("{{\"bytes\":1,\"x\":{}1{}}}\n", "[".repeat(63), "]".repeat(63));
    std::fs::write(&path, flows(1_000) + &deep + &"[".repeat(500_000) + "\n").unwrap();
    for (_, filter) in filters(path.display()) {
        run(&format!("ulimit -s 256; {filter}")).code(3).says("rejected 1").open_lines();
    }
}

#[test]
fn too_little_of_anything_is_no_success_with_lines_missing() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(20_000)).unwrap();
    for filter in FILTERS.map(|f| f.replace("IN", &path.display().to_string())) {
        let wanted = run(&filter).code(0).stdout;
        for limit in ["-n 4", "-n 6", "-n 9", "-v 60000", "-v 100000", "-v 200000", "-v 400000", "-f 1"] {
            let outcome = run(&format!("ulimit {limit}; {filter}"));
            assert!(outcome.code != 0 || outcome.stdout == wanted, "ulimit {limit}; {filter}: {}", outcome.stderr);
            assert_ne!(outcome.code, 101, "ulimit {limit}; {filter}: {}", outcome.stderr);
        }
    }
}

#[test]
fn an_endless_line_takes_no_memory() {
    for filter in FILTERS.map(|f| f.replace("IN", "-")) {
        let outcome = run(&format!("ulimit -v 600000; head -c 1G /dev/full | {filter}")).code(3);
        let outcome = outcome.says("stdin:1: a line longer than 1 MiB").says("read 1").says("rejected 1");
        assert!(outcome.stdout.is_empty());
    }
}
