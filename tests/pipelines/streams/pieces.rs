//! However bytes arrive, and however few of them are taken: the same bytes, and whole lines.
#![allow(clippy::unwrap_used)]

use super::{Numbers, ended, reading_stdin};
use crate::support::{FILTERS, TOOLS, flow, flows, root};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

/// Lines of every kind: a byte order mark, both ends of lines, two-byte and four-byte text, bad ones, no last newline.
fn mixed() -> Vec<u8> {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    for line in [
        flow(1).as_str(),
        "{\"bytes\": 7, \"x\": \"caf\u{e9} \u{1f600}\"}\r",
        "",
        "{\"bytes\":1,\"bytes\":2}",
        "{\"kind\":\"hosts\",\"src_ip\":\"10.0.0.1\",\"bytes\":5}",
        "{\"bytes\":1,\"x\":\"\\ud800\"}\r",
        "   \r",
        flow(2).as_str(),
        "\u{feff}",
    ] {
        bytes.extend(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend(b"{\"bytes\":1,\"x\":\"\xff\"}\n");
    bytes.extend(flow(3).as_bytes());
    bytes
}

/// What a program gives for these bytes at once: exit code, stdout, stderr without the time that it took.
fn plain(filter: &str, bytes: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    in_pieces(filter, bytes, bytes.len())
}

/// The same, in pieces of at most so many bytes.
fn in_pieces(filter: &str, bytes: &[u8], largest: usize) -> (Option<i32>, Vec<u8>, String) {
    let mut child = reading_stdin(filter).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut rest = bytes;
    let mut numbers = Numbers(largest as u64);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + numbers.below(largest)).min(rest.len()));
        stdin.write_all(piece).unwrap();
        rest = after;
        if largest < bytes.len() {
            // Time for the program to take this piece alone; nothing depends on whether it does.
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    drop(stdin);
    told(child.wait_with_output().unwrap())
}

fn told(output: std::process::Output) -> (Option<i32>, Vec<u8>, String) {
    let stderr = String::from_utf8(output.stderr).unwrap();
    let untimed = stderr.lines().map(|line| match (line.contains(": read "), line.rsplit_once(", ")) {
        (true, Some((accounts, _seconds))) => accounts,
        _ => line,
    });
    (output.status.code(), output.stdout, untimed.collect::<Vec<_>>().join("\n"))
}

/// Exactly one byte a read: a datagram is never joined with the next, and an empty one ends the input.
fn byte_by_byte(filter: &str, bytes: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let stdin = Stdio::from(OwnedFd::from(theirs));
    let child = reading_stdin(filter).stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
    for byte in bytes {
        ours.send(&[*byte]).unwrap();
    }
    ours.send(&[]).unwrap();
    told(child.wait_with_output().unwrap())
}

#[test]
fn bytes_that_come_one_at_a_time_give_the_same_bytes() {
    let bytes = mixed();
    for filter in FILTERS {
        let whole = plain(filter, &bytes);
        assert_eq!(whole.0, Some(3), "{filter}");
        assert!(whole.1.ends_with(b"\n"), "{filter}");
        assert_eq!(byte_by_byte(filter, &bytes), whole, "{filter}");
    }
}

#[test]
fn bytes_that_come_in_any_pieces_give_the_same_bytes() {
    let bytes = mixed();
    for filter in FILTERS {
        let whole = plain(filter, &bytes);
        for largest in (2..40).chain([97, 151, 222]) {
            assert_eq!(in_pieces(filter, &bytes, largest), whole, "{filter}, pieces of at most {largest}");
        }
    }
}

#[test]
fn every_format_may_come_one_byte_at_a_time() {
    for name in ["sample.quiet.csv", "sample.quiet.json", "sample.csv.gz", "sample.csv.zst", "sample.ra.csv"] {
        let mut bytes = std::fs::read(root().join("tests/data").join(name)).unwrap();
        if name.ends_with("csv") {
            bytes.truncate(3_000);
        }
        assert!(bytes.len() < 100_000, "{name}");
        let whole = plain("flowcat IN", &bytes);
        assert!(whole.1.len() > 1_000, "{name}: {}", whole.2);
        assert_eq!(byte_by_byte("flowcat IN", &bytes), whole, "{name}");
    }
}

#[test]
fn the_last_line_needs_no_newline_and_both_ends_of_lines_are_one() {
    let unix = flows(5);
    let windows = unix.replace('\n', "\r\n");
    for filter in FILTERS {
        let whole = plain(filter, unix.as_bytes());
        assert_eq!(whole.0, Some(0));
        for other in [windows.as_str(), unix.trim_end(), windows.trim_end_matches('\n'), &format!("\n\n{unix}\r\n\n")] {
            assert_eq!(plain(filter, other.as_bytes()), whole, "{filter}: {other:?}");
        }
    }
}

#[test]
fn a_reader_may_close_after_any_number_of_bytes() {
    let folder = crate::support::folder();
    let path = folder.path().join("flows");
    // More than all pipes and buffers hold, so that writes do fail.
    std::fs::write(&path, flows(20_000)).unwrap();
    let mut numbers = Numbers(17);
    let mut counts = vec![0, 1, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537];
    counts.extend((0..12).map(|_| numbers.below(400_000)));
    let commands = ["flowcat IN", "flowstat hosts -i IN", "flowdetect --tee beacon -i IN", "flowenrich scope -i IN"];
    for (tool, command) in TOOLS.iter().zip(commands) {
        for count in &counts {
            let stdin = File::open(&path).unwrap();
            let accounts = folder.path().join("accounts");
            let mut run = reading_stdin(&format!("{command} --counters {}", accounts.display()));
            let mut child = run.stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_exact(&mut vec![0; *count]).unwrap();
            drop(stdout);
            assert_eq!(ended(&mut child).code(), Some(0), "{tool}, {count} bytes");
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert_eq!(said, "", "{tool}, {count} bytes");
            // What else was asked for is there all the same.
            crate::support::accounts(&accounts);
            std::fs::remove_file(&accounts).unwrap();
        }
    }
}
