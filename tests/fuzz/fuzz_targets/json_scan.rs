//! The scanner of NDJSON lines against `serde_json` and the rules that the schema cannot say.
//!
//! An input is several lines, so that the scanner learns key orders. Each line is scanned three times: by a scanner that
//! has met nothing, and by one that has met the lines before it, and by that again when it has met them all. The three
//! verdicts must be the same, down to the place and the reason, and that of [`oracle`]; an accepted line must have the
//! values that `serde_json` reads.
#![no_main]

mod oracle;

use flow_record::record::field::{Field, FieldId, Kind};
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::scan::{Clean, Line, LineKind, Reject, Scanner};
use libfuzzer_sys::fuzz_target;
use oracle::Members;

/// Names whose places are asked for: a field, one that is added, one that nobody knows, and the kind.
const WATCHED: [&str; 4] = ["bytes", "direction", "x", "kind"];

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|b| *b == b'\n').collect();
    let mut learned = Scanner::watching(&WATCHED);
    let verdicts: Vec<_> = lines.iter().map(|line| check(line, &mut learned)).collect();
    for (line, before) in lines.iter().zip(verdicts) {
        assert_eq!(scan(line, &mut learned, None), before, "{}", String::from_utf8_lossy(line));
    }
    check_block(data);
});

/// Checks one line all ways; answers its verdict.
fn check(bytes: &[u8], learned: &mut Scanner) -> Result<(), Reject> {
    let shown = || String::from_utf8_lossy(bytes);
    let expected = oracle::accepted(bytes);
    let fresh = scan(bytes, &mut Scanner::watching(&WATCHED), expected.as_ref());
    let again = scan(bytes, learned, expected.as_ref());
    assert_eq!(fresh, again, "what was met before changes the verdict: {}", shown());
    assert_eq!(fresh.is_ok(), expected.is_some(), "{fresh:?}: {}", shown());
    if let Err(reject) = fresh {
        assert!(reject.at <= bytes.len(), "{reject:?}: {}", shown());
        assert!(!reject.message(bytes).is_empty());
    }
    walk(bytes);
    fresh
}

/// Scans one line, and holds what it gives against the members that it should have.
fn scan(bytes: &[u8], scanner: &mut Scanner, members: Option<&Members>) -> Result<(), Reject> {
    let clean = Clean::line(bytes)?;
    let line = scanner.scan(clean)?;
    if let Some(members) = members {
        hold(&line, members);
    }
    Ok(())
}

fn hold(line: &Line<'_>, members: &Members) {
    let text = line.text;
    let kind = match members.text("kind").as_deref() {
        None => LineKind::Flow,
        Some("alert") => LineKind::Alert,
        Some("baseline") => LineKind::Baseline,
        Some("tick") => LineKind::Tick,
        // As it stands between the quotes.
        Some(_) => LineKind::Row(members.token("kind").map_or("", |t| &t[1..t.len() - 1])),
    };
    let plain = !members.token("kind").is_some_and(|t| t.contains('\\'));
    assert!(line.kind == kind || !plain, "{:?} is not {kind:?}: {text}", line.kind);
    assert_eq!(Some(line.close), text.rfind('}'), "{text}");
    assert_eq!(line.is_empty, members.0.is_empty(), "{text}");
    for (i, name) in WATCHED.iter().enumerate() {
        assert_eq!(line.value(i), members.token(name), "{name}: {text}");
    }
    for id in FieldId::all() {
        value(line, members, id.field(), id);
    }
}

fn value(line: &Line<'_>, members: &Members, field: &Field, id: FieldId) {
    let text = line.text;
    let Some(token) = members.token(field.name) else {
        assert!(!line.flow.has(id), "{}: {text}", field.name);
        return;
    };
    let string = || members.text(field.name);
    match field.kind {
        Kind::Integer(_) => assert_eq!(line.flow.integer(id), oracle::integer(token), "{}: {text}", field.name),
        Kind::Seconds => assert_eq!(line.flow.duration(), oracle::nanoseconds(token), "{text}"),
        Kind::Time => {
            assert_eq!(line.flow.time().map(|t| t.nanos()), string().as_deref().and_then(oracle::time), "{text}");
        }
        // A network is kept as text only.
        Kind::Address => {
            assert_eq!(
                line.flow.address(id).map(|a| a.0),
                string().and_then(|s| s.parse().ok()),
                "{}: {text}",
                field.name
            );
        }
        _ => assert_eq!(line.flow.text(id), string().as_deref(), "{}: {text}", field.name),
    }
}

/// Walks the line as text that is no line of the pipe: the same members, in order, duplicates too.
fn walk(bytes: &[u8]) {
    let Ok(clean) = Clean::line(bytes) else { return };
    let mut walk = Walk::new(clean);
    let mut met = Vec::new();
    let whole = loop {
        match walk.member() {
            Ok(Some(member)) => met.push((unquoted(member.key).into_owned(), member.value.to_owned())),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    match oracle::members(clean.text()) {
        Some(members) => assert!(whole && met == members.pairs(), "{}", clean.text()),
        None => assert!(!whole, "{}", clean.text()),
    }
}

/// A block is clean only if each of its lines is, and has the same lines then.
fn check_block(data: &[u8]) {
    let mut block = data.to_vec();
    block.push(b'\n');
    let Some(clean) = Clean::block(&block) else { return };
    let by_line: Vec<_> = block.split_inclusive(|b| *b == b'\n').map(|l| Clean::line(l).map(Clean::text)).collect();
    let by_block: Vec<_> = clean.lines().map(|l| Ok(l.text())).collect();
    assert_eq!(by_line, by_block);
}
