//! Inputs of every kind, and names that are no plain words.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, filters, flow, flows, folder, run, run_with, shell};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A command line in a folder.
fn there(folder: &Path, script: &str) -> crate::support::Outcome {
    run(&format!("cd '{}'; {script}", folder.display()))
}

#[test]
fn a_fifo_is_read_like_a_file() {
    let folder = folder();
    std::fs::write(folder.path().join("flows"), flows(5_000)).unwrap();
    for (tool, filter) in filters("fifo") {
        let plain = there(folder.path(), &filter.replace("fifo", "flows")).code(0);
        let piped = there(folder.path(), &format!("rm -f fifo; mkfifo fifo; cat flows > fifo & {filter}")).code(0);
        assert!(piped.stdout == plain.stdout, "{tool}");
        piped.lines();
    }
}

#[test]
fn a_folder_stands_for_its_files_in_the_order_of_their_names() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("day")).unwrap();
    for (name, n) in [("day/b", 2), ("day/a", 1), ("day/.hidden", 9), ("day/c", 3)] {
        std::fs::write(folder.path().join(name), flow(n) + "\n").unwrap();
    }
    for (tool, filter) in filters("day") {
        let outcome = there(folder.path(), &filter).code(0).quiet();
        let lines = outcome.lines();
        match tool {
            "flowstat" => assert!(lines.iter().all(|row| row["present"] == 3)),
            _ => assert_eq!(lines.iter().map(|l| l["bytes"].as_u64().unwrap()).collect::<Vec<_>>(), [401, 402, 403]),
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_by_name() {
    let folder = folder();
    there(folder.path(), "ln -s loop loop; ln -s nowhere dangling; echo x > file").code(0);
    let rows = [
        ("loop", "cannot read \"loop\": too many levels of symbolic links"),
        ("dangling", "no such file: \"dangling\""),
        ("file/inside", "file/inside\": not a directory"),
        ("/proc/self/mem", "/proc/self/mem: input/output error"),
        ("''", "no such file: \"\""),
    ];
    for (input, says) in rows {
        for (_, filter) in filters(input) {
            assert!(there(folder.path(), &filter).code(2).says(says).stdout.is_empty(), "{filter}");
        }
    }
}

#[test]
fn a_file_without_permission_is_told_by_name() {
    let folder = folder();
    let path = folder.path().join("secret");
    std::fs::write(&path, flow(1)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        println!("skipped: a file without permission: this user may read all");
        return;
    }
    for (_, filter) in filters("secret") {
        there(folder.path(), &filter).code(2).says("no permission to read \"secret\"");
    }
}

#[test]
fn any_name_works_and_is_shown_without_what_acts_on_a_terminal() {
    let folder = folder();
    let names: [&[u8]; 9] = [
        b"new\nline",
        b"\x1b[31mred\x1b]0;title\x07",
        b"not\xffutf8\x9b",
        "right\u{202e}left\u{200b}".as_bytes(),
        b"-x",
        b"--help",
        b"with space 'and \"quotes",
        b"a:key=value,b",
        b"50%{}",
    ];
    for name in names {
        let path = folder.path().join(OsStr::from_bytes(name));
        std::fs::write(&path, flow(1) + "\n{\"bytes\":-1}\n").unwrap();
        for filter in FILTERS {
            // With -- before it, the name stands as it is.
            let command = match filter.strip_prefix("flowcat IN") {
                Some(_) => "flowcat -- \"$NAME\"".to_owned(),
                None => filter.replace("-i IN", "--input=\"$NAME\""),
            };
            let output = shell(&format!("cd '{}'; {command}", folder.path().display()))
                .env("NAME", OsStr::from_bytes(name))
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{command} {name:?}: {said}");
            assert!(!output.stdout.is_empty(), "{command} {name:?}");
            assert!(said.contains(":2:10: bad bytes -1"), "{said}");
            assert!(!said.replace('\n', "").chars().any(acts), "{command} {name:?}: {said:?}");
            // The name's newline begins no line of its own.
            assert!(said.lines().all(|line| line.starts_with("flow")), "{said}");
        }
    }
}

/// Controls, bidirectional marks, what has no width.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[test]
fn stdin_may_be_given_among_files() {
    let folder = folder();
    std::fs::write(folder.path().join("a"), flow(1) + "\n").unwrap();
    let input = |filter: &str| match filter.contains("-i IN") {
        true => filter.replace("IN", &format!("{0}/a -i - -i {0}/a", folder.path().display())),
        false => filter.replace("IN", &format!("{0}/a - {0}/a", folder.path().display())),
    };
    for filter in FILTERS {
        let outcome = run_with(&input(filter), flow(2) + "\n").code(0).quiet();
        let lines = outcome.lines();
        match filter.starts_with("flowstat") {
            true => assert!(lines.iter().all(|row| row["present"] == 3)),
            false => {
                assert_eq!(lines.iter().map(|l| l["bytes"].as_u64().unwrap()).collect::<Vec<_>>(), [401, 402, 401])
            }
        }
    }
}

#[test]
fn an_empty_input_of_any_kind_is_no_trouble() {
    let folder = folder();
    there(folder.path(), "touch empty; gzip -k empty; zstd -q empty; mkdir none; printf '\\n\\r\\n  \\n' > blank")
        .code(0);
    for input in ["empty", "empty.gz", "empty.zst", "none", "blank", "/dev/null"] {
        for (tool, filter) in filters(input) {
            let outcome = there(folder.path(), &filter).code(0).quiet();
            assert!(outcome.stdout.is_empty(), "{tool} {input}");
        }
    }
}

#[test]
fn an_input_that_is_also_the_output_is_replaced_whole_or_refused() {
    let folder = folder();
    let path = folder.path().join("same");
    for filter in FILTERS.map(|f| f.replace("IN", "same")) {
        // Larger than what is read at once, so that reading would meet what was written.
        std::fs::write(&path, flows(20_000)).unwrap();
        let wanted = there(folder.path(), &filter).code(0).stdout;
        there(folder.path(), &format!("{filter} -o same")).code(0);
        assert!(std::fs::read(&path).unwrap() == wanted, "{filter} -o same");
        std::fs::write(&path, flows(20_000)).unwrap();
        there(folder.path(), &format!("ulimit -f 100000; timeout 20 {filter} >> same"))
            .code(2)
            .says("is also the output");
        assert!(std::fs::read_to_string(&path).unwrap() == flows(20_000), "{filter} >> same");
    }
}

#[test]
fn a_folder_with_many_files_that_are_no_flows_is_read_to_its_end() {
    let folder = crate::support::folder();
    for i in 0..40 {
        std::fs::write(folder.path().join(format!("{i:02}.bin")), [0xa5, 0x0c, i, 0, 0xff, 0xfe, b'\n', 0]).unwrap();
    }
    std::fs::copy(crate::support::root().join("tests/data/normal.csv"), folder.path().join("99.csv")).unwrap();
    let outcome = crate::support::run(&format!("flowcat --tz UTC {}", folder.path().display())).code(2);
    assert_eq!(outcome.lines().len(), 1013);
}
