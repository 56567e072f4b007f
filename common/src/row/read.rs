//! A row that came in, such as those of `flowstat hosts`: its kind, its columns, and which of them say whom it is about.
//!
//! Rows of any program will do. Key columns are the texts, and the numbers that are names and not amounts: record fields
//! other than counts, and hours. What enrichers added is copied to the alert but is no part of the key, so that an alert
//! keeps its name when its row gets a country. Bound: one line.

use crate::alert::{self, Member};
use crate::record::key::Part;
use crate::record::{FieldId, Kind, field};
use crate::scan::Line;
use crate::stats::Span;
use crate::value::{Address, Number, time};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Numbers of rows that are names, beside those of the record.
const HOURS: [&str; 2] = ["hour", "hour_of_week"];

/// Columns that say when, or how sure, and not who.
const NEVER: [&str; 4] = ["first", "last", "approx", "clock"];

/// A row.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its kind.
    pub kind: String,
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> Row<'a> {
    /// Takes a line that is a row apart.
    pub fn of(line: &Line<'a>) -> Option<Row<'a>> {
        let Members(members) = serde_json::from_str(line.text).ok()?;
        let kind = members.iter().find(|(name, _)| name == "kind")?.1;
        Some(Row { kind: serde_json::from_str(kind.get()).ok()?, members })
    }

    /// The JSON text of a column.
    pub fn json(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(n, _)| n == name).map(|(_, raw)| raw.get())
    }

    /// The number in a column.
    pub fn value(&self, name: &str) -> Option<Number> {
        Number::of_json(self.json(name)?)
    }

    /// A whole number in a column.
    pub fn integer(&self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Number::Whole(v) => u64::try_from(v).ok(),
            Number::Real(_) => None,
        }
    }

    /// The times in `first` and `last`.
    pub fn span(&self) -> Option<Span> {
        let mut dates = time::DateCache::default();
        let mut read = |name: &str| {
            let text = self.json(name)?.strip_prefix('"')?.strip_suffix('"')?;
            time::rfc3339(&mut dates, text.as_bytes()).filter(|(_, _, used)| *used == text.len())
        };
        let ((first, a, _), (last, b, _)) = (read("first")?, read("last")?);
        Some(Span { first, last, digits: a.max(b) })
    }

    /// The columns that an alert copies, and whether they are part of its key.
    pub fn names(&self) -> impl Iterator<Item = (Member, bool)> {
        self.members.iter().filter_map(|(name, raw)| {
            let part = part(name, raw.get())?;
            let added = field::ADDED.iter().any(|f| f.name == name) && !HOURS.contains(&name.as_str());
            Some(((name.clone().into(), part), !added))
        })
    }
}

/// The value of a column that says whom a row is about.
fn part(name: &str, json: &str) -> Option<Part> {
    if alert::FIELDS.iter().any(|f| f.name == name) || NEVER.contains(&name) {
        return None;
    }
    let id = FieldId::named(name);
    let kind = id.map(|id| id.field().kind);
    let is_name = match json.as_bytes().first()? {
        b'"' => true,
        b't' | b'f' => field::ADDED.iter().any(|f| f.name == name),
        b'0'..=b'9' => match (id, kind) {
            (Some(field::PACKETS | field::BYTES | field::REV_PACKETS | field::REV_BYTES), _) => false,
            (_, kind) => matches!(kind, Some(Kind::Integer(_))) || HOURS.contains(&name),
        },
        _ => false,
    };
    let part = Part::from_json(json).filter(|_| is_name)?;
    match (kind, &part) {
        (Some(Kind::Address), Part::Text(text)) => Some(address(text.as_str()).unwrap_or(part)),
        _ => Some(part),
    }
}

/// An address or a network, which sorts by its value.
fn address(text: &str) -> Option<Part> {
    if let Some(address) = Address::parse(text) {
        return Some(Part::Address(address));
    }
    let (address, len) = text.split_once('/')?;
    let (address, len) = (Address::parse(address)?, len.parse().ok()?);
    let network = Part::network(address, len, len);
    // Bits below the prefix, or a prefix of another form, stay as they stand.
    let mut written = Vec::new();
    network.write(&mut written);
    (written == format!("\"{text}\"").as_bytes()).then_some(network)
}

/// The members of a JSON object, in order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scan::{Clean, Scanner};

    fn names(line: &str) -> Vec<(String, bool)> {
        let mut scanner = Scanner::new();
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let shown = |part: &Part| {
            let mut out = Vec::new();
            part.write(&mut out);
            String::from_utf8(out).unwrap()
        };
        Row::of(&line).unwrap().names().map(|((name, part), key)| (format!("{name}={}", shown(&part)), key)).collect()
    }

    #[test]
    fn key_columns_are_texts_and_numbers_that_are_names() {
        let line = r#"{"kind":"hosts","src_ip":"10.0.0.1","flows":7,"bytes":5,"unique_dst_ips":3,"first":"2015-01-22T08:03:34.035Z","src_country":"PT","approx":["x"]}"#;
        assert_eq!(names(line), [("src_ip=\"10.0.0.1\"".into(), true), ("src_country=\"PT\"".into(), false)]);
        let line =
            r#"{"bytes":5,"kind":"protocols","protocol":6,"name":"TCP","percentage":12.5,"insufficient_history":true}"#;
        assert_eq!(names(line), [("protocol=6".into(), true), ("name=\"TCP\"".into(), true)]);
        assert_eq!(names(r#"{"kind":"hourly","hour":23,"weeks":2,"x":null}"#), [("hour=23".into(), true)]);
        assert_eq!(names(r#"{"kind":"hosts","src_ip":"10.0.0.0/24"}"#), [("src_ip=\"10.0.0.0/24\"".into(), true)]);
    }

    #[test]
    fn addresses_and_networks_of_rows_sort_by_value() {
        assert!(part("src_ip", "\"9.0.0.0\"") < part("src_ip", "\"10.0.0.0\""));
        assert!(part("src_ip", "\"9.0.0.0/8\"") < part("src_ip", "\"10.0.0.0/8\""));
        assert!(matches!(part("src_ip", "\"10.0.0.1/8\""), Some(Part::Text(_))));
    }

    #[test]
    fn a_span_needs_both_times() {
        let mut scanner = Scanner::new();
        let text = r#"{"kind":"h","first":"2015-01-22T08:03:34.035Z","last":"2015-01-22T08:03:35.000001Z"}"#;
        let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        let span = Row::of(&line).unwrap().span().unwrap();
        assert_eq!((span.seconds(), span.digits), (0.965_001, 6));
        let line = scanner.scan(Clean::line(br#"{"kind":"h","first":"2015-01-22T08:03:34.035Z"}"#).unwrap()).unwrap();
        assert_eq!(Row::of(&line).unwrap().span(), None);
    }
}
