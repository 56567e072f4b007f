//! The program as it is used: lines in, rows out, exit codes and messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod baseline;
mod lines;
mod memory;
mod mistakes;
mod same;
mod schema;

use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the program over `input`, which comes in pieces of `chunk` bytes.
fn run_chunked(args: &[&str], input: &[u8], chunk: usize) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowstat"))
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

fn run(args: &[&str], input: &str) -> Output {
    run_chunked(args, input.as_bytes(), 1 << 20)
}

/// What the program writes for `input`; it must succeed.
fn lines(args: &[&str], input: &str) -> String {
    let output = run(args, input);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The same, read as JSON.
fn rows(args: &[&str], input: &str) -> Vec<Value> {
    lines(args, input).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Exit code, output and messages of a run over `input`.
fn outcome(args: &[&str], input: &str) -> (i32, String, String) {
    let output = run(args, input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Flow lines of a made-up network: both families, ICMP, ties, silent hours, single flows, two-way flows, several days.
fn network(flows: u64) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut draw = |n: u64| {
        // xorshift (Marsaglia 2003)
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    let mut out = String::new();
    for i in 0..flows {
        let (day, hour) = (1 + draw(17), [0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 18, 23][draw(12) as usize]);
        let time = format!("2026-03-{day:02}T{hour:02}:{:02}:{:02}.{:03}Z", draw(60), draw(60), draw(1000));
        let src = match draw(3) {
            0 => format!("2001:db8::{:x}", 1 + draw(40)),
            _ if i < 20 => format!("192.0.2.{}", i + 1),
            _ => format!("10.0.{}.{}", draw(3), draw(30)),
        };
        let (protocol, port) = [(6, 443), (6, 80), (17, 53), (1, 0), (58, 0), (47, 0)][draw(6) as usize];
        let port = if port == 80 { 8000 + draw(700) } else { port };
        let most = 1 << (5 + draw(30));
        let bytes = if draw(3) == 0 { 1500 } else { draw(most) };
        out += &format!(
            "{{\"timestamp\":\"{time}\",\"duration\":{}.{:03},\"src_ip\":\"{src}\",\"dst_ip\":\"198.51.{}.{}\",\"dst_port\":{port},\
             \"protocol\":{protocol},\"packets\":{},\"bytes\":{bytes}",
            draw(60),
            draw(1000),
            draw(3),
            draw(256),
            1 + draw(50)
        );
        if draw(2) == 0 {
            out += &format!(",\"rev_packets\":{},\"rev_bytes\":{}", draw(9), draw(9000));
        }
        out += "}\n";
    }
    out
}

/// Every view, with parameters that ask for other rows than the defaults.
const ITEMS: &[&str] = &[
    "summary",
    "hourly",
    "hourly:tz=America/St_Johns,as=hourly_local",
    "daily",
    "daily:quantiles=no",
    "weekly",
    "hosts",
    "hosts:by=dst_ip/16,quantiles=exact",
    "hosts:by=host",
    "pairs",
    "pairs:by=src_ip/24+dst_ip/24,top=5",
    "protocols",
    "ports",
    "top",
    "top:by=protocol+dst_port,measure=duration",
    "timeline:bin=10s,by=protocol",
    "rates:by=dst_port,direction=both",
    "entropy:bin=1h,weight=bytes",
    "matrix",
    "sessions:by=src_ip+dst_ip,gap=1h,n=50",
    "group:by=src_ip/16+protocol,agg=count+sum(bytes)+std(bytes)+p95(bytes)+distinct(dst_ip)+rate(bytes)+last,top=9,measure=bytes_p95",
    "describe",
    "fields",
    "baseline:by=host",
];
