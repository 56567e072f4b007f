//! Lines that pass: `--tee`, lines of other kinds, what stands in the way of output.

use super::{flow, flows_of, json, network, outcome, run_chunked, sweep, written};
use std::process::{Command, Stdio};

#[test]
fn tee_passes_every_line_as_it_was_and_alerts_follow() {
    let odd = "{ \"bytes\" : 5, \"x\":{\"y\":[1, 2]}, \"src_ip\":\"10.0.0.1\" }\n";
    let input = format!("{}{odd}{}", sweep(), network(400).concat());
    for threads in ["1", "3"] {
        let out = written(&["-q", "--tee", "--threads", threads, "sweep", "zscore"], &input);
        let (passed, alerts) = out.split_at(input.len());
        assert!(passed == input);
        assert!(alerts == written(&["-q", "sweep", "zscore"], &input));
        assert!(!alerts.is_empty());
    }
}

#[test]
fn alerts_baselines_and_ticks_pass() {
    let others = "{\"kind\":\"alert\",\"id\":\"x\",\"src_ip\":\"10.0.0.1\"}\n{\"kind\":\"baseline\",\"n\":1}\n{\"kind\":\"tick\",\"timestamp\":\"2024-06-01T00:00:00Z\"}\n";
    for item in ["sweep", "zscore"] {
        assert_eq!(written(&["-q", item], others), others);
    }
}

#[test]
fn alerts_can_be_read_back_and_every_line_is_as_the_schema_says() {
    let schema = written(&["--schema"], "");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let flows = flows_of(&network(1500)).concat();
    let out = written(&["-q", "--tee", "all", "zscore:of=flow", "iqr:by=dst_port"], &flows);
    for line in json(&out) {
        assert!(validator.is_valid(&line), "{line}");
    }
    assert!(out.lines().count() > flows.lines().count() + 5);
}

#[test]
fn several_inputs_are_one_and_packed_ones_are_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = sweep();
    let (a, b): (Vec<&str>, Vec<&str>) = (input.lines().take(20).collect(), input.lines().skip(20).collect());
    std::fs::write(path("a"), format!("{}\n", a.join("\n"))).unwrap();
    std::fs::write(path("b"), b.join("\n")).unwrap();
    let whole = written(&["-q"], &input);
    assert_eq!(json(&whole).len(), 1);
    assert_eq!(written(&["-q", "-i", &path("a"), "-i", &path("b")], ""), whole);
    assert_eq!(written(&["-q", "-i", &path("b"), "-i", "-"], &format!("{}\n", a.join("\n"))), whole);
}

#[test]
fn output_to_a_file_is_the_same_and_a_full_device_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts");
    assert_eq!(written(&["-q", "-o", path.to_str().unwrap()], &sweep()), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written(&["-q"], &sweep()));
    let (code, _, err) = outcome(&["-o", "/dev/full"], &sweep());
    assert_eq!(code, 2);
    assert!(err.contains("no space left"), "{err}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let input: String = (0..20_000).map(|i| flow("10.0.0.1", "192.0.2.1", 443, i % 3000, i)).collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowdetect"))
        .args(["--tee", "sweep"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, input.as_bytes()).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn lines_in_pieces_are_the_same_lines() {
    let input = sweep();
    let whole = written(&["-q", "--tee"], &input);
    for chunk in [1, 7, 4096] {
        let output = run_chunked(&["-q", "--tee"], input.as_bytes(), chunk);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), whole);
    }
}

#[test]
fn tables_and_csv_hold_alerts() {
    let table = written(&["-q", "-t", "--fields", "severity,detector,src_ip,reason", "sweep"], &sweep());
    assert!(table.contains("critical") && table.contains("10.9.0.1 contacted 50 targets in 50 flows"), "{table}");
    let csv = written(&["-q", "--to", "csv", "--fields", "detector,src_ip,value", "sweep"], &sweep());
    assert_eq!(csv, "detector,src_ip,value\nsweep,10.9.0.1,50\n");
}
