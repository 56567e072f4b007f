//! Runs the program and takes its lines apart.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One line, as JSON.
pub(crate) type Record = Map<String, Value>;

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The lines, each of which must be JSON.
    pub(crate) fn records(&self) -> Vec<Record> {
        let text = std::str::from_utf8(&self.stdout).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "a cut line");
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }

    /// The text of stdout.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

/// The program with these arguments.
pub(crate) fn flowcat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowcat"));
    command.args(args);
    command
}

/// A run with stdin.
pub(crate) fn run(args: &[&str], stdin: impl AsRef<[u8]>) -> Outcome {
    let mut child = flowcat(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let bytes = stdin.as_ref().to_vec();
    // The program may end before it has read all.
    let writer = std::thread::spawn(move || _ = pipe.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome { code: output.status.code(), stdout: output.stdout, stderr: String::from_utf8(output.stderr).unwrap() }
}

/// A run over a file, without stdin.
pub(crate) fn read(path: &Path, args: &[&str]) -> Outcome {
    run(&[&[path.to_str().unwrap()], args].concat(), "")
}

/// A file among the samples that come with the project.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name)
}

/// An integer field, 0 where it is absent.
pub(crate) fn number(record: &Record, field: &str) -> u64 {
    record.get(field).map_or(0, |v| v.as_u64().unwrap())
}

/// Rows, packets and bytes.
pub(crate) fn sums(records: &[Record]) -> [u64; 3] {
    let sum = |field| records.iter().map(|r| number(r, field)).sum();
    [records.len() as u64, sum("packets"), sum("bytes")]
}

/// A file of the shared folder; `None`, said, where that is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// A run without rejects.
pub(crate) fn clean(outcome: Outcome, name: &str) -> Vec<Record> {
    assert_eq!(outcome.code, Some(0), "{name}: {}", outcome.stderr);
    outcome.records()
}

/// Rows, then packets, bytes, and those of the other direction.
pub(crate) fn figures(records: &[Record]) -> [u64; 5] {
    let sum = |field| records.iter().map(|r| number(r, field)).sum();
    [records.len() as u64, sum("packets"), sum("bytes"), sum("rev_packets"), sum("rev_bytes")]
}

/// How often each value of a field is there.
fn counts(records: &[Record], field: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in records {
        let text = record.get(field).map_or_else(|| "-".into(), |v| v.as_str().map_or(v.to_string(), str::to_owned));
        *counts.entry(text).or_default() += 1;
    }
    counts
}

/// The same as text: `6 115, 17 225`.
pub(crate) fn counted(records: &[Record], field: &str) -> String {
    counts(records, field).iter().map(|(value, n)| format!("{value} {n}")).collect::<Vec<_>>().join(", ")
}
