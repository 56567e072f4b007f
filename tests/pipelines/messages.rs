//! What stands on stderr is little, whatever goes wrong, and each message is one write.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, TOOLS, bin, flow, flows, folder, run, run_with};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a run may say in all.
const MOST: usize = 64 << 10;

#[test]
fn of_many_inputs_that_cannot_be_read_five_are_told_and_then_their_number() {
    let folder = folder();
    std::fs::write(folder.path().join("good"), flows(2)).unwrap();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let between = if filter.contains("-i IN") { "-i " } else { "" };
        let many = format!("$(for n in $(seq 10000); do echo {between}none$n; done) {between}good");
        let command = filter.replace("-i IN", "IN").replace("IN", &many);
        for quiet in ["", "-q"] {
            let outcome = run(&format!("cd {}; {command} {quiet}", folder.path().display())).code(2);
            let said: Vec<_> = outcome.stderr.lines().collect();
            assert_eq!(said.len(), 6, "{tool}: {}", outcome.stderr);
            assert_eq!(said[0], format!("{tool}: error: no such file: \"none1\""));
            assert_eq!(said[5], format!("{tool}: error: inputs that cannot be read (on): 10,000 in all, 5 are shown"));
            assert!(!outcome.lines().is_empty(), "{tool}");
        }
    }
}

#[test]
fn long_names_do_not_make_long_messages() {
    let long = format!("{}/", "x".repeat(250)).repeat(15);
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let outcome = run(&format!("{} {}", filter.replace("IN", &format!("{long}none")), "-q")).code(2);
        assert!(outcome.stderr.len() < 2_100, "{tool} says {} bytes", outcome.stderr.len());
        assert!(outcome.stderr.ends_with("none\"\n"), "{}", outcome.stderr);
    }
    let name = "x".repeat(100_000);
    for tool in TOOLS {
        for words in [name.clone(), format!("--to {name}"), format!("--{name}"), format!("-w {name}")] {
            let words = if tool == "flowenrich" { format!("scope {words}") } else { words };
            let told = run(&format!("{tool} {words}")).code(2).stderr;
            assert!(told.contains(&name[..10]) && told.len() < MOST, "{tool} says {} bytes", told.len());
        }
    }
}

#[test]
fn all_messages_of_a_run_are_less_than_64_kib() {
    // As many kinds of trouble as there are, each line with a long text.
    let long = "x".repeat(3_000);
    let kinds = [
        format!("{{\"bytes\":\"{long}\"}}"),
        format!("{{\"{long}\":1,\"{long}\":2}}"),
        format!("{{\"src_ip\":\"{long}\"}}"),
        format!("{{\"x\":\"{long}\"}}"),
        format!("[\"{long}\"]"),
    ];
    let input: String = (0..500).map(|n| kinds[n % 5].clone() + "\n").collect();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let outcome = run_with(&filter.replace("IN", "-"), flow(1) + "\n" + &input).code(3);
        assert!(outcome.stderr.len() < MOST, "{tool} says {} bytes", outcome.stderr.len());
        assert!(outcome.stderr.lines().last().unwrap().contains("rejected 500, "), "{tool}");
    }
}

#[test]
fn a_message_is_one_write() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, flows(3) + "{\"bytes\":-1}\nnothing\n").unwrap();
    for (tool, filter) in TOOLS.iter().zip(FILTERS) {
        let data = filter.replace("IN", &path.display().to_string());
        for command in [data, format!("{tool} --nope"), format!("{tool} --to xml"), format!("{tool} -w 'bytes >'")] {
            // Of such a socket each write is a datagram.
            let (ours, theirs) = UnixDatagram::pair().unwrap();
            let words = command.split(' ').skip(1).map(|word| word.trim_matches('\''));
            let status = Command::new(bin(tool))
                .args(words)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(OwnedFd::from(theirs))
                .status()
                .unwrap();
            assert!(status.code().is_some_and(|code| code >= 2), "{command}");
            ours.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            let mut buffer = [0; 4096];
            let mut messages = 0;
            while let Ok(size) = ours.recv(&mut buffer)
                && size > 0
            {
                let message = String::from_utf8_lossy(&buffer[..size]);
                assert!(message.starts_with(tool) && message.ends_with('\n'), "{command}: {message:?}");
                messages += 1;
            }
            assert!(messages > 0, "{command}");
        }
    }
}
