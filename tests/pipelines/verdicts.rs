//! One verdict on a line, whichever of the four programs reads it: the same lines are accepted, and the same rejected
//! with the same line, column and reason; what is accepted stays byte for byte.
//!
//! The lines stand in tables: `policy` what JSON may look like here, `numbers`, `times`, `addresses` the values.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod addresses;
mod numbers;
mod policy;
mod rejects;
mod schema;
mod sums;
mod times;

use crate::support::{Outcome, accounts, filters, flow, folder, rejects, run};
use serde_json::Value;

/// A line and what must become of it.
pub(super) struct Case {
    line: Vec<u8>,
    wanted: Wanted,
}

enum Wanted {
    Accepted,
    /// Byte from 1; 0 where the line is too long for one. A part of the reason.
    Rejected(u64, String),
    Skipped,
}

/// A line that every program accepts.
pub(super) fn accepted(line: impl Into<Vec<u8>>) -> Case {
    Case { line: line.into(), wanted: Wanted::Accepted }
}

/// A line that every program rejects where its one `^` stands, for a reason that has this in it.
pub(super) fn rejected(line: impl Into<Vec<u8>>, reason: &str) -> Case {
    let mut line = line.into();
    let at = line.iter().position(|b| *b == b'^').expect("a ^ marks the place");
    line.remove(at);
    Case { line, wanted: Wanted::Rejected(at as u64 + 1, reason.to_owned()) }
}

/// A line that is rejected without a column.
fn rejected_whole(line: impl Into<Vec<u8>>, reason: &str) -> Case {
    Case { line: line.into(), wanted: Wanted::Rejected(0, reason.to_owned()) }
}

/// A line that counts for nothing.
fn skipped(line: impl Into<Vec<u8>>) -> Case {
    Case { line: line.into(), wanted: Wanted::Skipped }
}

/// Gives the lines, good ones between them, to all four programs.
pub(super) fn judge(cases: &[Case]) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let mut input = flow(0).into_bytes();
    input.push(b'\n');
    let mut kept = input.clone();
    for (case, n) in cases.iter().zip(1..) {
        let good = flow(n);
        input.extend([&case.line, &b"\n"[..], good.as_bytes(), b"\n"].concat());
        if matches!(case.wanted, Wanted::Accepted) {
            kept.extend([case.line.strip_suffix(b"\r").unwrap_or(&case.line), b"\n"].concat());
        }
        kept.extend([good.as_bytes(), b"\n"].concat());
    }
    std::fs::write(path("lines"), &input).unwrap();
    let mut first: Option<Vec<Value>> = None;
    for (tool, filter) in filters(path("lines").display()) {
        let (kept_aside, counters) = (path(&format!("{tool}.rejects")), path(&format!("{tool}.counters")));
        let outcome = run(&format!("{filter} --rejects {} --counters {}", kept_aside.display(), counters.display()));
        let aside = rejects(&kept_aside);
        compare(tool, cases, &aside);
        let is_rejected = |case: &&Case| matches!(case.wanted, Wanted::Rejected(..));
        let bad = cases.iter().filter(is_rejected).count();
        let outcome = outcome.code(if bad > 0 { 3 } else { 0 });
        let accounts = accounts(&counters);
        let blank = cases.iter().filter(|c| matches!(c.wanted, Wanted::Skipped)).count();
        assert_eq!(accounts["rejected"], bad, "{tool}");
        assert_eq!(accounts["read"], 2 * cases.len() + 1 - blank, "{tool}");
        output(tool, &outcome, &kept);
        match &first {
            Some(first) => assert!(*first == aside, "{tool} keeps other rejects than flowcat"),
            None => first = Some(aside),
        }
    }
}

/// What was kept aside must be the cases that are to be rejected, whole, and nothing else.
fn compare(tool: &str, cases: &[Case], aside: &[Value]) {
    let mut wrong = Vec::new();
    let mut met = 0;
    for (case, n) in cases.iter().zip(0..) {
        let found = aside.iter().find(|r| r["line"] == 2 * n + 2);
        met += usize::from(found.is_some());
        let said = found.map(|r| (r["column"].as_u64().unwrap_or(0), r["reason"].as_str().unwrap()));
        let fits = match (&case.wanted, said) {
            (Wanted::Accepted | Wanted::Skipped, None) => true,
            (Wanted::Rejected(column, reason), Some(said)) => *column == said.0 && said.1.contains(reason.as_str()),
            _ => false,
        };
        let wanted = match &case.wanted {
            Wanted::Rejected(column, reason) => format!("rejected at {column}: {reason}"),
            Wanted::Accepted => "accepted".into(),
            Wanted::Skipped => "skipped".into(),
        };
        if !fits {
            wrong.push(format!("{}\n    wanted: {wanted}\n    found: {said:?}", shown(&case.line)));
        } else if let Some(found) = found {
            assert!(is_whole(found, &case.line), "{tool}: not the line that was rejected: {found}");
        }
    }
    assert!(wrong.is_empty(), "{tool}: {} of {} verdicts are wrong\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(met, aside.len(), "{tool} rejects good lines");
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(120)]).escape_debug().to_string()
}

/// Whether a rejected line is kept to the byte.
fn is_whole(found: &Value, line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let bytes = match (found["raw"].as_str(), found["raw_base64"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(coded)) => decoded(coded),
        _ => return false,
    };
    bytes == line
}

/// Base64 to bytes (RFC 4648 section 4).
fn decoded(text: &str) -> Vec<u8> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits = text.trim_end_matches('=').bytes().map(digit);
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for six in digits {
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// What comes out is the accepted lines: as they are, with members added, or counted.
fn output(tool: &str, outcome: &Outcome, kept: &[u8]) {
    // serde_json refuses numbers that no f64 holds; JSON does not.
    let readable = ["1e400", "1e99999999999999999999"].iter().fold(outcome.text(), |t, n| t.replace(n, "1e300"));
    let lines = Outcome { script: outcome.script.clone(), stdout: readable.into(), stderr: String::new(), code: 0 }
        .open_lines();
    match tool {
        "flowcat" | "flowdetect" => assert!(outcome.stdout == kept, "{tool} does not pass on what it accepted"),
        "flowenrich" => {
            let text = outcome.text();
            assert_eq!(text.lines().count(), kept.split(|b| *b == b'\n').count() - 1);
            for (enriched, line) in text.lines().zip(String::from_utf8(kept.to_vec()).unwrap().lines()) {
                let inside = line.trim_end().strip_suffix('}').unwrap();
                assert!(enriched.starts_with(inside), "{enriched}\nis not {line}");
            }
        }
        _ => assert!(lines.iter().any(|row| row["kind"] == "fields")),
    }
}

#[test]
fn rejects_are_decoded_rightly_here() {
    for (text, bytes) in
        [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo"), ("YWL//g==", b"ab\xff\xfe")]
    {
        assert_eq!(decoded(text), bytes);
    }
}
