//! Files that flowcat wrote, or another program out of them: each column is a field of the record or a member of the line.
//!
//! Without the mark of flowcat, all names must be the suite's own. Whole numbers may be of any type there, because some
//! programs make floating point numbers of a column in which one is absent.

use super::cells::{Cells, Value};
use super::footer::Footer;
use super::meaning::Meaning;
use super::scribe::{self, Scribe};
use super::seal::SEAL;
use super::{JSON_COLUMNS, REST, VERSION};
use crate::flows::Flows;
use flow_record::record::field::{self, FieldId, Kind};
use flow_record::record::{Flow, Writer};
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::scan::{Clean, Scanner};
use flow_record::value::Address;
use flow_record::value::number::MAX_NANOS;
use parquet::basic::Type as Physical;

/// The columns whose texts are JSON where the file does not say which are.
const UNMARKED: &str = "[\"extra\",\"flagged\"]";

/// What a column is.
#[derive(Clone, Debug)]
enum Part {
    Field(FieldId),
    /// `,"name":`, and whether its texts are JSON.
    Member(Vec<u8>, bool),
    /// Several members.
    Rest,
}

/// Makes lines of rows.
pub(crate) struct Own {
    /// By column, those without that cannot be read.
    parts: Vec<Part>,
    scribe: Scribe,
    flow: Flow,
    members: Vec<u8>,
    writer: Writer,
    scanner: Scanner,
    line: Vec<u8>,
}

impl Own {
    /// For a file whose columns are what flowcat writes; `None` for any other.
    pub(crate) fn of(file: &Footer) -> Option<Own> {
        let is_marked = [VERSION, SEAL].iter().any(|key| file.value(key).is_some());
        let json = names(file.value(JSON_COLUMNS).unwrap_or(UNMARKED))?;
        let mut parts = Vec::with_capacity(file.columns.len());
        for column in &file.columns {
            let name = column.name();
            if column.is_list || !column.is_outermost() {
                return None;
            }
            let is_json = json.iter().any(|n| n == name);
            parts.push(match FieldId::named(name) {
                Some(id) if is_kind(id.field().kind, column.physical, column.meaning) => Part::Field(id),
                Some(_) => return None,
                None if !is_readable(column.meaning) => continue,
                None if name == REST && is_json => Part::Rest,
                None if !is_marked && !field::ADDED.iter().any(|f| f.name == name) => return None,
                None => {
                    let mut key = vec![b','];
                    flow_record::value::text::write_json(name, &mut key);
                    key.push(b':');
                    Part::Member(key, is_json)
                }
            });
        }
        let mut all: Vec<&str> = file.columns.iter().map(|column| column.name()).collect();
        all.sort_unstable();
        let is_once = all.windows(2).all(|pair| pair[0] != pair[1]);
        is_once.then(|| Own {
            parts,
            scribe: Scribe::default(),
            flow: Flow::new(),
            members: Vec::new(),
            writer: Writer::new(),
            scanner: Scanner::new(),
            line: Vec::new(),
        })
    }

    /// Hands on the flow of the next row, which has this number.
    pub(crate) fn row(&mut self, number: u64, cells: &mut [Cells], flows: &mut Flows<'_>) {
        self.flow.clear();
        self.members.clear();
        let mut bad = None;
        for (part, cells) in self.parts.iter().zip(cells) {
            let meaning = cells.meaning;
            let Some(value) = cells.next() else { continue };
            if matches!(value, Value::Number(number) if number.is_nan()) {
                // As absent as null: what has no null has this.
                continue;
            }
            match part {
                Part::Field(id) => {
                    if !set(&mut self.flow, *id, value, meaning) {
                        let mut text = Vec::new();
                        self.scribe.write_json(value, meaning, &mut text);
                        bad = bad.or(Some((*id, text)));
                    }
                }
                Part::Member(key, is_json) => {
                    let before = self.members.len();
                    self.members.extend_from_slice(key);
                    let written = match value {
                        Value::Bytes(token) if *is_json => {
                            self.members.extend_from_slice(token);
                            true
                        }
                        value => self.scribe.write_json(value, meaning, &mut self.members),
                    };
                    if !written {
                        self.members.truncate(before);
                    }
                }
                Part::Rest => {
                    if let Value::Bytes([b'{', rest @ .., b'}']) = value
                        && !rest.is_empty()
                    {
                        self.members.push(b',');
                        self.members.extend_from_slice(rest);
                    }
                }
            }
        }
        self.hand_on(number, bad, flows);
    }

    fn hand_on(&mut self, number: u64, bad: Option<(FieldId, Vec<u8>)>, flows: &mut Flows<'_>) {
        // Fields are of their types; members, whoever wrote them, are judged as on any line.
        if self.members.is_empty() && bad.is_none() && self.flow.is_flow() {
            return flows.flow(&self.flow);
        }
        self.line.clear();
        self.writer.members(&self.flow, &mut self.line);
        // A flow without fields has nothing before the first comma.
        let members = if self.line.len() > 1 { &self.members[..] } else { self.members.get(1..).unwrap_or_default() };
        self.line.extend_from_slice(members);
        self.line.push(b'}');
        if let Some((id, text)) = bad {
            let text = flow_record::value::text::snippet(&text, 40);
            let message = format!("bad {} {text}", id.name());
            return flows.reject(number, 0, "bad value", &message, &self.line);
        }
        match Clean::line(&self.line).and_then(|line| self.scanner.scan(line)) {
            Ok(line) => flows.pass(&line),
            Err(reject) => flows.reject_json(number, &reject, &self.line),
        }
    }
}

/// Sets a field; whether the value is one that it can have.
#[inline]
fn set(flow: &mut Flow, id: FieldId, value: Value<'_>, meaning: Meaning) -> bool {
    match (id.field().kind, value) {
        (Kind::Integer(_), Value::Integer(value)) => u64::try_from(value).is_ok_and(|v| flow.set_integer(id, v)),
        (Kind::Integer(_), Value::Number(value)) => {
            value >= 0.0
                && value.fract() == 0.0
                && value <= field::MAX_INTEGER as f64
                && flow.set_integer(id, value as u64)
        }
        (Kind::Time, Value::Integer(parts)) => {
            let Meaning::Time { decimals, .. } = meaning else { return false };
            scribe::time(parts, decimals).map(|time| flow.set_time(time, decimals)).is_some()
        }
        (Kind::Seconds, Value::Number(seconds)) => {
            let nanos = (seconds * 1e9).round();
            let is_one = (0.0..=MAX_NANOS as f64).contains(&nanos) && nanos as u64 <= MAX_NANOS;
            if is_one {
                flow.set_duration(nanos as u64);
            }
            is_one
        }
        (Kind::Address, Value::Bytes(text)) => {
            let address = std::str::from_utf8(text).ok().and_then(Address::parse);
            address.map(|address| flow.set_address(id, address)).is_some()
        }
        (Kind::Text | Kind::Word(_), Value::Bytes(text)) => {
            std::str::from_utf8(text).is_ok_and(|text| flow.set_text(id, text))
        }
        _ => false,
    }
}

/// Whether the values of a member can be read: what has no text, and bytes that would be an address, cannot.
pub(crate) fn is_readable(meaning: Meaning) -> bool {
    !matches!(meaning, Meaning::Other | Meaning::Address)
}

/// Whether a column's values can be those of a field.
fn is_kind(kind: Kind, physical: Physical, meaning: Meaning) -> bool {
    let is_float = matches!(physical, Physical::FLOAT | Physical::DOUBLE);
    match kind {
        Kind::Time => matches!(meaning, Meaning::Time { is_utc: true, .. }),
        Kind::Seconds => is_float,
        Kind::Integer(_) => {
            let is_whole = matches!(physical, Physical::INT32 | Physical::INT64);
            is_float || is_whole && matches!(meaning, Meaning::Plain | Meaning::Unsigned)
        }
        _ => physical == Physical::BYTE_ARRAY && meaning == Meaning::Plain,
    }
}

/// A list of names as JSON; those of `["a","b"]`.
fn names(list: &str) -> Option<Vec<String>> {
    let mut walk = Walk::new(Clean::line(list.as_bytes()).ok()?);
    let mut names = Vec::new();
    while let Some(name) = walk.element().ok()? {
        names.push(unquoted(name).into_owned());
    }
    Some(names)
}
