//! The program as it is used: lines in, alerts and marks out, exit codes and messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alerts;
mod lines;
mod marks;
mod mistakes;
mod same;

use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the program over `input`, which comes in pieces of `chunk` bytes.
fn run_chunked(args: &[&str], input: &[u8], chunk: usize) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowdetect"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that ends without reading breaks the pipe, which is no trouble here.
    let writer = std::thread::spawn(move || input.chunks(chunk).all(|piece| stdin.write_all(piece).is_ok()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Exit code, output and messages of a run over `input`.
fn outcome(args: &[&str], input: &str) -> (i32, String, String) {
    let output = run_chunked(args, input.as_bytes(), 1 << 20);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What the program writes for `input`; it must succeed.
fn written(args: &[&str], input: &str) -> String {
    let (code, out, err) = outcome(args, input);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

/// Lines as JSON.
fn json(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A flow line, `start` seconds after noon.
fn flow(source: &str, target: &str, port: u16, start: u64, bytes: u64) -> String {
    let (h, m, s) = (12 + start / 3600, start / 60 % 60, start % 60);
    format!(
        "{{\"timestamp\":\"2024-06-01T{h:02}:{m:02}:{s:02}.000Z\",\"src_ip\":\"{source}\",\"dst_ip\":\"{target}\",\
         \"dst_port\":{port},\"protocol\":6,\"packets\":1,\"bytes\":{bytes}}}\n"
    )
}

/// Fifty targets for one source: the least that is a sweep.
fn sweep() -> String {
    (0..50).map(|i| flow("10.9.0.1", &format!("192.0.2.{i}"), 445, i, 44)).collect()
}

/// Rows of `flowstat describe` over flows of 100 bytes, more or less.
fn normal() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let row = r#"{"kind":"describe","field":"bytes","count":9,"sum":900,"mean":100,"std":10,"min":80,"p25":90,"p50":100,"p75":110,"max":120}"#;
    std::fs::write(file.path(), format!("{row}\n")).unwrap();
    file
}

/// Pseudo-random numbers: xorshift (Marsaglia 2003).
struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Draw {
        Draw(0x9e37_79b9_7f4a_7c15 ^ seed)
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Flow lines of a made-up network: both families, ICMP, ties, hosts with a single flow, two-way flows, flows that lack
/// fields, a scan, a sweep, a beacon, an upload; and rows of two kinds.
fn network(flows: u64) -> Vec<String> {
    let mut draw = Draw::new(1);
    let mut lines = Vec::new();
    for i in 0..flows {
        let time = format!(
            "2024-06-0{}T{:02}:{:02}:{:02}.{:03}Z",
            1 + draw.below(4),
            draw.below(24),
            draw.below(60),
            draw.below(3),
            draw.below(9)
        );
        let source = match draw.below(3) {
            0 => format!("2001:db8::{:x}", 1 + draw.below(40)),
            _ if i < 20 => format!("192.0.2.{}", i + 1),
            _ => format!("10.0.{}.{}", draw.below(3), draw.below(30)),
        };
        let (protocol, port) = [(6, 443), (6, 80), (17, 53), (1, 0), (58, 0)][draw.below(5) as usize];
        let most = 1 << (5 + draw.below(16));
        let bytes = if draw.below(3) == 0 { 1500 } else { draw.below(most) };
        let target = format!("198.51.100.{}", draw.below(90));
        let more = if draw.below(3) == 0 { format!(",\"rev_bytes\":{}", draw.below(most)) } else { String::new() };
        let mut line = format!(
            "{{\"timestamp\":\"{time}\",\"duration\":{}.5,\"src_ip\":\"{source}\",\"dst_ip\":\"{target}\",\"dst_port\":{port},\
             \"protocol\":{protocol},\"packets\":{},\"bytes\":{bytes}{more}}}\n",
            draw.below(60),
            1 + draw.below(50)
        );
        for lost in ["\"bytes\":", "\"dst_ip\":", "\"timestamp\":", "\"dst_port\":"] {
            if draw.below(200) == 0 {
                line = line.replacen(lost, "\"x_lost\":", 1);
                break;
            }
        }
        lines.push(line);
    }
    lines.extend(sweep().lines().map(|l| format!("{l}\n")));
    lines.extend((0..80).map(|port| flow("10.9.0.2", "2001:db8:99::1", port, 60 + u64::from(port), 44)));
    lines.extend((0..40).map(|i| flow("2001:db8:9::7", "203.0.113.7", 8443, 300 * i + i % 2, 333)));
    lines.extend((0..3).map(|i| flow("10.9.0.9", "203.0.113.9", 443, i, 80_000_000)));
    for i in 0..40 {
        let bytes = draw.below(1 << 20) * if i == 17 { 1000 } else { 1 };
        lines.push(format!(
            "{{\"kind\":\"ports\",\"dst_port\":{i},\"bytes\":{bytes},\"bytes_per_flow_mean\":{}.25}}\n",
            bytes / 7
        ));
        lines.push(format!(
            "{{\"kind\":\"hosts\",\"src_ip\":\"2001:db8::{i:x}\",\"flows\":{i},\"bytes\":{}}}\n",
            draw.below(99)
        ));
    }
    lines
}

/// The flows among the lines.
fn flows_of(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !line.contains("\"kind\"")).cloned().collect()
}

/// Another order of the lines.
fn shuffled(lines: &[String], seed: u64) -> Vec<String> {
    let (mut all, mut draw) = (lines.to_vec(), Draw::new(seed));
    for i in (1..all.len()).rev() {
        all.swap(i, draw.below(i as u64 + 1) as usize);
    }
    all
}
