//! Streams that go on: what has come is handed on while nothing more does, also through descriptors that do not block.
#![allow(clippy::unwrap_used)]

use super::{ended, reading_stdin};
use crate::support::{flow, flows, threads};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

/// The programs that pass on what they read.
const PASSING: [&str; 3] = ["flowcat IN", "flowdetect --tee beacon -i IN", "flowenrich scope -i IN"];

#[test]
fn a_line_goes_out_before_the_next_comes_in() {
    for filter in PASSING {
        let threads = threads(filter.split(' ').next().unwrap(), 3);
        for option in ["", "--line-buffered", &threads] {
            let mut run = reading_stdin(format!("{filter} {option}").trim());
            let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            for n in 0..5 {
                stdin.write_all((flow(n) + "\n").as_bytes()).unwrap();
                // Would wait for ever if the line were kept back.
                let line = lines.next().unwrap().unwrap();
                assert!(line.contains(&format!("\"src_ip\":\"10.0.0.{n}\"")), "{filter}: {line}");
            }
            drop(stdin);
            assert!(lines.next().is_none());
            assert_eq!(ended(&mut child).code(), Some(0), "{filter}");
        }
    }
}

#[test]
fn a_window_that_is_over_is_told_while_lines_still_come() {
    let mut run = reading_stdin("flowdetect --window 1m --lateness 0 portscan:ports=3 -i IN");
    let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for minute in 0..3 {
        for (second, port) in [(0, 1), (1, 2), (2, 3), (59, 3)] {
            let line = format!(
                r#"{{"timestamp":"2024-06-01T12:0{minute}:{second:02}.000Z","src_ip":"10.0.{minute}.1","dst_ip":"192.0.2.1","dst_port":{port}}}"#
            );
            stdin.write_all((line + "\n").as_bytes()).unwrap();
        }
        // Would wait for ever if the alert were kept back.
        let alert = lines.next().unwrap().unwrap();
        assert!(alert.contains(&format!("\"src_ip\":\"10.0.{minute}.1\"")), "{alert}");
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert_eq!(ended(&mut child).code(), Some(0));
}

#[test]
fn a_chain_of_programs_hands_on_each_line() {
    let chain = "flowcat | flowenrich scope | flowdetect --tee beacon | flowenrich service";
    let mut child = crate::support::shell(chain).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in 0..3 {
        stdin.write_all((flow(n) + "\n").as_bytes()).unwrap();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("\"service\":\"https\""), "{line}");
    }
    drop(stdin);
    assert_eq!(ended(&mut child).code(), Some(0));
}

#[test]
fn descriptors_that_do_not_block_lose_nothing() {
    let input = flows(10_000);
    for filter in PASSING {
        let run = |slow: bool| {
            let (mut feed, stdin) = UnixStream::pair().unwrap();
            let (mut drain, stdout) = UnixStream::pair().unwrap();
            // The flag belongs to what is open, so the program has it too.
            stdin.set_nonblocking(slow).unwrap();
            stdout.set_nonblocking(slow).unwrap();
            let mut command = reading_stdin(filter);
            command.stdin(Stdio::from(OwnedFd::from(stdin))).stdout(Stdio::from(OwnedFd::from(stdout)));
            let mut child = command.spawn().unwrap();
            // Its ends are open in the command too.
            drop(command);
            let bytes = input.clone();
            let feeder = std::thread::spawn(move || {
                for piece in bytes.as_bytes().chunks(100_000) {
                    feed.write_all(piece).unwrap();
                    std::thread::sleep(Duration::from_millis(if slow { 3 } else { 0 }));
                }
            });
            // A reader that comes late, so that writes meet a full socket.
            std::thread::sleep(Duration::from_millis(if slow { 100 } else { 0 }));
            let mut output = Vec::new();
            drain.read_to_end(&mut output).unwrap();
            feeder.join().unwrap();
            assert_eq!(ended(&mut child).code(), Some(0), "{filter}");
            output
        };
        let patient = run(false);
        assert_eq!(patient.iter().filter(|b| **b == b'\n').count(), 10_000, "{filter}");
        assert!(run(true) == patient, "{filter}");
    }
}
