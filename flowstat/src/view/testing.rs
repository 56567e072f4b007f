//! What the views' tests share: rows of an item over lines, read back as JSON.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::build_item;
use super::rows::Rows;
use flow_record::scan::{Clean, LineKind, Scanner};
use flow_record::state::Setup;
use serde_json::Value;

/// What an item writes over these lines, with a second state that takes every other line merged in.
pub(crate) fn written(item: &str, lines: &[&str]) -> String {
    let mut setup = Setup::default();
    let first = build_item(item, &mut setup).unwrap();
    let mut states = [(*first).empty(), first];
    let mut scanner = Scanner::watching(setup.watched());
    for (i, line) in lines.iter().enumerate() {
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let _ = match line.kind {
            LineKind::Flow => states[i % 2].flow(&line),
            _ => states[i % 2].line(&line),
        };
    }
    let [mut state, other] = states;
    state.merge(other);
    let mut out = Vec::new();
    let mut write = |chunk: &[u8]| out.extend_from_slice(chunk);
    state.finish(&mut Rows::of_kind("test", &mut write));
    String::from_utf8(out).unwrap()
}

/// The rows of an item over these lines.
pub(crate) fn rows(item: &str, lines: &[&str]) -> Vec<Value> {
    written(item, lines).lines().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// The values of a column with blanks between them, fractions as [`shown`]; `-` where a row lacks it.
pub(crate) fn column(rows: &[Value], name: &str) -> String {
    let cell = |row: &Value| match row.get(name) {
        Some(Value::Number(n)) if n.is_f64() => n.as_f64().map(shown).unwrap_or_default(),
        Some(value) => value.to_string(),
        None => "-".to_owned(),
    };
    rows.iter().map(cell).collect::<Vec<_>>().join(" ")
}

/// A number with twelve significant digits: the last ones depend on the order of operations.
pub(crate) fn shown(value: f64) -> String {
    format!("{value:.11e}").parse::<f64>().unwrap().to_string()
}

/// Why an item is refused.
pub(crate) fn refusal(item: &str) -> String {
    match build_item(item, &mut Setup::default()) {
        Ok(_) => panic!("{item} is taken"),
        Err(e) => format!("{e:#}"),
    }
}
