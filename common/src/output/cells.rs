//! An NDJSON line as names and cells, for tables and CSV.
//!
//! Numbers keep the digits they were written with; nothing goes through floating point here.
//!
//! Invariant: the text of a cell holds nothing that a terminal acts on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::value::text::printable;

/// What a flow line, which has no `kind`, is called.
pub(super) const FLOWS: &str = "flows";

/// The kind of lines that only tell the time; no table shows them.
const TICK: &str = "tick";

/// The members of one line, in order.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A value as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// `null`, or no such member.
    Empty,
    /// Digits as written.
    Number(&'a str),
    /// A string, `true` or `false`.
    Text(Cow<'a, str>),
    /// A list or an object as JSON without blanks.
    Nested(Cow<'a, str>),
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// Takes a line apart. `None` for what is no JSON object, and for ticks.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(line).ok()?;
        (members.kind() != TICK).then_some(members)
    }

    /// The kind of line.
    pub(super) fn kind(&self) -> Cow<'a, str> {
        match self.0.iter().find(|(name, _)| name == "kind").map(|(_, raw)| cell(raw)) {
            Some(Cell::Text(kind)) => kind,
            _ => Cow::Borrowed(FLOWS),
        }
    }

    /// All names and cells, `kind` left out unless it is asked for.
    pub(super) fn cells(&self, with_kind: bool) -> impl Iterator<Item = (&str, Cell<'a>)> {
        let members = self.0.iter().filter(move |(name, _)| with_kind || name != "kind");
        members.map(|(name, raw)| (&**name, cell(raw)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Line;
        impl<'de> Visitor<'de> for Line {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(24));
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Line)
    }
}

fn cell(raw: &RawValue) -> Cell<'_> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'n') | None => Cell::Empty,
        Some(b'"') => match serde_json::from_str::<Text>(text) {
            Ok(Text(Cow::Borrowed(text))) => Cell::Text(printable(text)),
            Ok(Text(Cow::Owned(text))) => Cell::Text(Cow::Owned(printable(&text).into_owned())),
            // A lone surrogate; every filter rejects such lines.
            Err(_) => Cell::Text(printable(text)),
        },
        Some(b'{' | b'[') => Cell::Nested(compact(text)),
        Some(b't' | b'f') => Cell::Text(Cow::Borrowed(text)),
        Some(_) => Cell::Number(text),
    }
}

/// JSON without the blanks between its tokens.
fn compact(json: &str) -> Cow<'_, str> {
    let mut quoted = false;
    let mut escaped = false;
    let mut kept = String::new();
    for c in json.chars() {
        if !quoted && c.is_ascii_whitespace() {
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        kept.push(c);
    }
    if kept == json { printable(json) } else { Cow::Owned(printable(&kept).into_owned()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<(String, String)> {
        let members = Members::of(line.as_bytes()).unwrap();
        members.cells(false).map(|(name, cell)| (name.to_owned(), format!("{cell:?}"))).collect()
    }

    #[test]
    fn numbers_keep_their_digits_and_order_is_that_of_the_line() {
        let line = r#"{"z":18446744073709551616,"kind":"x","a":1.50e3,"t":"\u00e9","n":null,"b":true}"#;
        let expected = [
            ("z", "Number(\"18446744073709551616\")"),
            ("a", "Number(\"1.50e3\")"),
            ("t", "Text(\"é\")"),
            ("n", "Empty"),
            ("b", "Text(\"true\")"),
        ];
        assert_eq!(cells(line), expected.map(|(name, cell)| (name.to_owned(), cell.to_owned())));
    }

    #[test]
    fn nested_values_are_compact_and_blanks_in_strings_stay() {
        assert_eq!(compact(r#"{ "a b" : [ 1, "x \" y" ] }"#), r#"{"a b":[1,"x \" y"]}"#);
    }

    #[test]
    fn a_line_without_kind_is_a_flow_and_a_tick_is_nothing() {
        assert_eq!(Members::of(b"{}").unwrap().kind(), "flows");
        assert_eq!(Members::of(b"{\"kind\":\"hosts\"}").unwrap().kind(), "hosts");
        assert!(Members::of(b"{\"kind\":\"tick\"}").is_none());
        assert!(Members::of(b"[1]").is_none());
    }

    #[test]
    fn what_a_terminal_acts_on_is_escaped_in_text_and_nested_values() {
        let line = "{\"a\":\"x\\u001b[2J\",\"b\":[\"\u{202e}\"]}";
        let shown: Vec<String> = cells(line).into_iter().map(|(_, cell)| cell).collect();
        assert_eq!(shown, ["Text(\"x\\\\u{1b}[2J\")", "Nested(\"[\\\"\\\\u{202e}\\\"]\")"]);
    }
}
