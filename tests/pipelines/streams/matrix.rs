//! Each standard stream closed, full, nowhere, a pipe, and open the wrong way round, for data and for documentation.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, TOOLS, flows, folder, run};

/// What is done with a stream, the exit code, and a part of what is said.
type Row = (&'static str, i32, &'static str);

const STDOUT: [Row; 5] = [
    (">&-", 2, "what was written is lost: stdout is closed"),
    (">/dev/full", 2, "cannot write \"stdout\": no space left on device"),
    (">/dev/null", 0, ""),
    ("| cat", 0, ""),
    ("1</dev/null", 2, "cannot write \"stdout\": bad file descriptor"),
];

/// Nothing that is lost here is data.
const STDERR: [&str; 5] = ["2>&-", "2>/dev/full", "2>/dev/null", "2> >(cat >/dev/null)", "2</dev/null"];

/// What cannot be read is told; a stdin that is closed has nothing in it.
const STDIN: [Row; 5] = [
    ("<&-", 0, ""),
    ("</dev/null", 0, ""),
    ("< <(true)", 0, ""),
    ("0>/dev/null", 2, "stdin: bad file descriptor"),
    ("< .", 2, "is a folder"),
];

#[test]
fn output_that_goes_nowhere_is_told_and_the_answer_is_2() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(3)).unwrap();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let data = filter.replace("IN", &path.display().to_string());
        for command in [data, format!("{tool} --help"), format!("{tool} --version"), format!("{tool} --list")] {
            for (redirect, code, says) in STDOUT {
                let outcome = run(&format!("{command} {redirect}")).code(code).says(says);
                assert_eq!(outcome.stderr.is_empty(), says.is_empty(), "{command} {redirect}: {}", outcome.stderr);
            }
        }
    }
}

#[test]
fn messages_that_go_nowhere_change_nothing_else() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(3) + "{\"bytes\":-1}\n").unwrap();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let data = filter.replace("IN", &path.display().to_string());
        for (command, code) in [(data, 3), (format!("{tool} --help"), 0), (format!("{tool} --version"), 0)] {
            let plain = run(&command).code(code);
            for redirect in STDERR {
                let outcome = run(&format!("{command} {redirect}")).code(code).quiet();
                assert_eq!(outcome.stdout, plain.stdout, "{command} {redirect}");
            }
        }
        plain_mistake(tool);
    }
}

/// The exit code of a mistake does not depend on whether it can be told.
fn plain_mistake(tool: &str) {
    for redirect in STDERR {
        run(&format!("{tool} --nope {redirect}")).code(2).quiet();
    }
}

#[test]
fn input_that_cannot_be_read_is_told_and_an_absent_one_is_empty() {
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        for (redirect, code, says) in STDIN {
            let outcome = run(&format!("{} {redirect}", filter.replace("IN", "-"))).code(code).says(says);
            assert!(outcome.stdout.is_empty(), "{tool} {redirect}");
            run(&format!("{tool} --version {redirect}")).code(0).quiet();
        }
    }
}

/// A parent that throws all output away means it; one that throws away data alone, as Python's `DEVNULL` does, cannot be
/// told from a closed stream.
#[test]
fn the_null_device_opened_for_both_ways_is_meant_where_messages_go_there_too() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(3)).unwrap();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let data = filter.replace("IN", &path.display().to_string());
        for redirect in ["<&- >&- 2>&-", "1<>/dev/null 2<>/dev/null", "1<>/dev/null 2>&1"] {
            run(&format!("{data} {redirect}")).code(0).quiet();
        }
        let outcome = run(&format!("{data} 1<>/dev/null")).code(2).says("what was written is lost");
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        run(&format!("{data} --quiet 1<>/dev/null")).code(2).says("for writing only");
        // Nothing to write is nothing lost; flowstat has a row for an empty input, too.
        if *tool != "flowstat" {
            let item = if *tool == "flowenrich" { "scope" } else { "" };
            run(&format!("{tool} --quiet {item} 1<>/dev/null </dev/null")).code(0).quiet();
        }
    }
}
