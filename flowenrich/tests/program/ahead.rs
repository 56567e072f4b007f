//! Enrichers that look ahead: lines wait, leave in their order, and none is lost.

use super::{lines, messages, run};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// A flow so many milliseconds after the start.
fn flow(ms: u32, src: u32, dst: u32) -> String {
    let (minutes, seconds, ms) = (ms / 60_000, ms / 1000 % 60, ms % 1000);
    format!(
        "{{\"timestamp\":\"2026-03-10T09:{minutes:02}:{seconds:02}.{ms:03}Z\",\"src_ip\":\"10.0.0.{src}\",\"dst_ip\":\"10.1.0.{dst}\",\"bytes\":1}}\n"
    )
}

/// Flows in no order of time, with lines between them that are none.
fn mixed(count: u32) -> String {
    let mut text = String::new();
    for i in 0..count {
        text += &flow(i * 7919 % 600_000, i % 200, i % 11);
        if i % 50 == 0 {
            text += "{\"kind\":\"hosts\",\"src_ip\":\"10.0.0.1\"}\n{\"kind\":\"baseline\",\"n\":1}\n{\"bytes\":5}\n";
        }
    }
    text
}

#[test]
fn every_line_leaves_once_in_its_order_with_its_counts() {
    let input = mixed(5000);
    let out = lines(&["-q", "fan"], &input);
    assert_eq!(out.lines().count(), input.lines().count());
    for (before, after) in input.lines().zip(out.lines()) {
        assert!(after.starts_with(before.strip_suffix('}').unwrap()), "{before} {after}");
        assert_eq!(after.contains("\"fan_out_src\":"), before.contains("timestamp"), "{after}");
    }
}

#[test]
fn items_before_and_behind_it_see_lines_as_in_a_pipe() {
    let input = mixed(800);
    let piped = ["scope", "fan", "fan:window=1s,overwrite=true", "service", "hour"]
        .iter()
        .fold(input.clone(), |text, item| lines(&["-q", item], &text));
    let at_once = lines(&["-q", "scope", "fan", "fan:window=1s,overwrite=true", "service", "hour"], &input);
    assert_eq!(at_once, piped);
    assert_eq!(lines(&["-q", "fan"], &lines(&["-q", "fan"], &input)), lines(&["-q", "fan"], &input));
}

#[test]
fn what_waits_in_a_file_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let input = mixed(60_000);
    let spilled = lines(&["-q", "--memory", "8M", "--spill", folder.path().to_str().unwrap(), "fan"], &input);
    assert_eq!(spilled, lines(&["-q", "fan"], &input));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn where_there_is_no_room_nothing_is_written_and_the_accounts_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters.json");
    let input = mixed(60_000);
    let output = run(&["--memory", "8M", "--counters", file.to_str().unwrap(), "fan"], input.as_bytes());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
    assert!(told.contains("--memory") && told.contains("--spill"), "{told}");
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let number = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!((number("read"), number("passed"), number("written")), (input.lines().count() as u64, 0, 0));
}

#[test]
fn a_late_flow_is_marked_and_told() {
    let input = flow(0, 1, 1) + &flow(60_000, 1, 2) + &flow(1000, 1, 3);
    let output = run(&["--lateness", "10s", "fan"], input.as_bytes());
    let (out, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let late: Vec<_> = out.lines().map(|line| line.ends_with("\"fan_late\":true}")).collect();
    assert_eq!(late, [false, false, true], "{out}");
    assert!(told.contains("fan: flows that came after their window had closed") && told.contains(": 1"), "{told}");
    let (code, told) = messages(&["--lateness", "soon", "fan"], "");
    assert!(code == 2 && told.contains("a duration is expected"), "{told}");
}

#[test]
fn flows_of_a_stream_leave_as_soon_as_a_tick_closes_their_window() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowenrich"))
        .args(["--lateness", "1s", "fan", "scope"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let tick = "{\"kind\":\"tick\",\"timestamp\":\"2026-03-10T09:00:06.002Z\"}\n";
    for (lines, expected) in [
        (flow(0, 1, 1) + &flow(3000, 1, 2) + tick, vec!["\"fan_out_src\":2"]),
        (flow(9100, 1, 3), vec!["\"fan_out_src\":2", "\"kind\":\"tick\""]),
    ] {
        input.write_all(lines.as_bytes()).unwrap();
        for part in expected {
            let line = output.next().unwrap().unwrap();
            assert!(line.contains(part), "{line}");
        }
    }
    drop(input);
    assert!(output.next().unwrap().unwrap().contains("\"fan_out_src\":1,"));
    assert!(output.next().is_none() && child.wait().unwrap().success());
}
