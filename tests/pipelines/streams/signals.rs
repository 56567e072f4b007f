//! SIGINT and SIGTERM: whole lines, what was made of the input so far, and 128+n.
#![allow(clippy::unwrap_used)]

use super::{Numbers, ended, signalled};
use crate::support::{FILTERS, flow, flows};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

const SIGNALS: [(&str, i32); 2] = [("-INT", 130), ("-TERM", 143)];

/// A program that has begun to work on a thousand lines and half of another.
struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    output: String,
}

fn running(filter: &str) -> Running {
    let mut child = signalled(filter).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdin.write_all(flows(1_000).as_bytes()).unwrap();
    stdin.write_all(&flow(1_000).as_bytes()[..60]).unwrap();
    let mut output = String::new();
    if filter.starts_with("flowstat") {
        // It says nothing before the end; a row that it passes on shows that it has read all before it.
        let rest = format!("{}\n{{\"kind\":\"tick\"}}\n", &flow(1_000)[60..]);
        stdin.write_all(rest.as_bytes()).unwrap();
        stdin.write_all(&flow(1_001).as_bytes()[..60]).unwrap();
        stdout.read_line(&mut output).unwrap();
    } else {
        for _ in 0..1_000 {
            stdout.read_line(&mut output).unwrap();
        }
    }
    Running { child, stdin, stdout, output }
}

impl Running {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Exit code, all that came out, and what it said.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.stdout.read_to_string(&mut self.output).unwrap();
        let status = ended(&mut self.child);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status.code(), self.output, said)
    }
}

#[test]
fn flowcat_stops_reading_and_writes_what_it_has() {
    for (name, code) in SIGNALS {
        let flowcat = running("flowcat IN");
        flowcat.signal(name);
        let stdin = held_open(&flowcat.stdin);
        let (status, output, said) = flowcat.end();
        drop(stdin);
        assert_eq!((status, output.as_str()), (Some(code), flows(1_000).as_str()), "{name}: {said}");
    }
}

/// Keeps an input open that would else end with its owner.
fn held_open(stdin: &ChildStdin) -> OwnedFd {
    stdin.as_fd().try_clone_to_owned().unwrap()
}

#[test]
fn the_others_read_on_to_the_end_and_finish_their_work() {
    for filter in &FILTERS[1..] {
        for (name, code) in SIGNALS {
            let mut program = running(filter);
            program.signal(name);
            // The rest of the line that was begun, and more.
            let begun = if filter.starts_with("flowstat") { 1_001 } else { 1_000 };
            let rest = flow(begun)[60..].to_owned() + "\n" + &flow(begun + 1) + "\n";
            program.stdin.write_all(rest.as_bytes()).unwrap();
            let Running { child, stdin, stdout, output } = program;
            drop(stdin);
            let (status, output, said) = finished(child, stdout, output);
            assert_eq!(status, Some(code), "{filter} {name}: {said}");
            assert!(output.ends_with('\n'), "{filter}");
            let count = output.lines().filter(|line| !line.contains("kind")).count();
            match filter.starts_with("flowstat") {
                true => assert!(output.contains("\"present\":1003,\"absent\":0"), "{output}"),
                false => assert_eq!(count, 1_002, "{filter}"),
            }
        }
    }
}

fn finished(mut child: Child, mut stdout: BufReader<ChildStdout>, mut output: String) -> (Option<i32>, String, String) {
    stdout.read_to_string(&mut output).unwrap();
    let status = ended(&mut child);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code(), output, said)
}

#[test]
fn an_input_that_does_not_end_is_waited_for_5_seconds_at_most() {
    let begun = Instant::now();
    let programs: Vec<_> = FILTERS[1..].iter().map(|filter| running(filter)).collect();
    programs.iter().for_each(|program| program.signal("-TERM"));
    for (program, filter) in programs.into_iter().zip(&FILTERS[1..]) {
        let stdin = held_open(&program.stdin);
        let (status, output, said) = program.end();
        drop(stdin);
        assert_eq!(status, Some(143), "{filter}: {said}");
        assert!(output.ends_with('\n'), "{filter}");
        assert!(output.lines().count() >= 10, "{filter}: {output}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_second_signal_ends_at_once() {
    for filter in &FILTERS[1..] {
        let program = running(filter);
        program.signal("-TERM");
        // The first must have been taken, or the two are one.
        std::thread::sleep(Duration::from_millis(300));
        program.signal("-TERM");
        let stdin = held_open(&program.stdin);
        let begun = Instant::now();
        let (status, output, _) = program.end();
        drop(stdin);
        assert_eq!(status, Some(143), "{filter}");
        assert!(output.is_empty() || output.ends_with('\n'), "{filter}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{filter} waits for its input");
    }
}

#[test]
fn lines_are_whole_whenever_the_signal_comes() {
    let mut numbers = Numbers(3);
    for filter in FILTERS {
        for round in 0..6 {
            let mut child = signalled(filter).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let block = flows(400);
            // Feeds until the signal has been sent; the last write may find nobody.
            let (sent, told) = std::sync::mpsc::channel::<()>();
            let feeder = std::thread::spawn(move || {
                while told.try_recv() == Err(TryRecvError::Empty) && stdin.write_all(block.as_bytes()).is_ok() {}
            });
            let mut stdout = child.stdout.take().unwrap();
            let reader = std::thread::spawn(move || {
                let mut output = Vec::new();
                stdout.read_to_end(&mut output).unwrap();
                output
            });
            // Later than the handlers are there: before that a signal ends it at once, which is also well.
            std::thread::sleep(Duration::from_millis(20 + numbers.below(60) as u64));
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
            drop(sent);
            feeder.join().unwrap();
            assert_eq!(ended(&mut child).code(), Some(143), "{filter}, round {round}");
            let output = reader.join().unwrap();
            assert!(output.is_empty() || output.ends_with(b"\n"), "{filter}, round {round}: a line is cut");
        }
    }
}
