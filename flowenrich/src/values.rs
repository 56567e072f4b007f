//! Values of a database's records as JSON, whatever the format of the database.
//!
//! Invariant: what is written is JSON; what a record has in place of what is meant is not written. Bound: the record.

use crate::database::{Content, Database};
use crate::legacy::{self, Part};
use crate::limit::SAMPLED_NETWORKS;
use anyhow::{Context, bail};
use flow_record::value::{Address, number, text};
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};
use std::path::Path;

/// A place in a record.
pub(crate) type Way = &'static [PathElement<'static>];

/// One value of a record and the two members that it becomes.
pub(crate) struct Value {
    /// Where in the record it may be; the first that is there counts.
    pub(crate) ways: &'static [Way],
    /// What it is.
    pub(crate) form: Form,
    /// What it is in a database of the legacy format.
    pub(crate) legacy: Option<Part>,
    /// The member's name for the source and for the destination; columns 2i and 2i+1 for value i.
    pub(crate) keys: [&'static str; 2],
}

/// What a value is in the database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A text that is not empty.
    Text,
    /// Two letters.
    Country,
    /// An unsigned integer of at most 32 bits, also as a text that may begin with AS.
    System,
    /// A finite number, also as a text.
    Number,
    /// The words of those of its ways that are true.
    Words(&'static [&'static str]),
}

/// What is looked up is damaged.
pub(crate) struct Damaged;

/// Opens a database that has one of these values.
pub(crate) fn opened(item: &str, path: &Path, values: &[Value]) -> anyhow::Result<Database> {
    let database = Database::open(path).context(item.to_owned())?;
    let name = path.display();
    let (kind, holds) = match &database.content {
        Content::Legacy(legacy) => {
            let holds = values.iter().filter_map(|value| value.legacy).any(|part| legacy.has(part));
            ("GeoIP Legacy", Ok(holds))
        }
        Content::MaxMind { reader, is_checked } => {
            (reader.metadata().database_type.as_str(), holds(reader, *is_checked, values))
        }
    };
    match holds {
        Ok(true) => Ok(database),
        Ok(false) => bail!("{item}: {name}: a database of type {kind:?} has nothing that {item} adds"),
        Err(e) => bail!("{item}: {name}: damaged MaxMind database: {e}"),
    }
}

/// Whether an error means that the database is damaged, rather than that it has something else.
pub(crate) fn is_damage(error: &MaxMindDbError) -> bool {
    matches!(error, MaxMindDbError::InvalidDatabase { .. } | MaxMindDbError::ResourceLimit { .. })
}

/// Whether one of the first networks of the database has one of these values. Of a database that could not be checked
/// as a whole all of them are read.
fn holds(reader: &Reader<Vec<u8>>, is_checked: bool, values: &[Value]) -> Result<bool, MaxMindDbError> {
    let mut any = false;
    let mut text = Vec::new();
    for network in reader.networks(WithinOptions::default())?.take(SAMPLED_NETWORKS) {
        let found = network?;
        for value in values {
            any |= write(value, &found, &mut text)?;
        }
        if any && is_checked {
            break;
        }
        text.clear();
    }
    Ok(any)
}

/// Appends a value as JSON; false where the record does not have it, or has something else in its place.
///
/// # Errors
/// The database is damaged.
fn write(value: &Value, found: &LookupResult<'_, Vec<u8>>, out: &mut Vec<u8>) -> Result<bool, MaxMindDbError> {
    if let Form::Words(words) = value.form {
        return write_words(value.ways, words, found, out);
    }
    for way in value.ways {
        let text = || read::<&str>(found, way);
        let is_written = match value.form {
            Form::Text => text()?.filter(|t| !t.is_empty()).map(|t| text::write_json(t, out)),
            Form::Country => text()?.filter(|t| is_code(t)).map(|t| text::write_json(t, out)),
            Form::System => {
                let digits = |t: &str| t.strip_prefix("AS").unwrap_or(t).parse().ok();
                let number = match read::<u32>(found, way)? {
                    None => text()?.and_then(digits),
                    number => number,
                };
                number.map(|n| number::write_integer(u64::from(n), out))
            }
            _ => {
                let number = match read::<f64>(found, way)? {
                    None => text()?.and_then(|t| t.parse().ok()),
                    number => number,
                };
                number.filter(|n: &f64| n.is_finite()).map(|n| number::write_float(n, out))
            }
        };
        if is_written.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write_words(
    ways: &[Way],
    words: &[&str],
    found: &LookupResult<'_, Vec<u8>>,
    out: &mut Vec<u8>,
) -> Result<bool, MaxMindDbError> {
    let start = out.len();
    for (way, word) in ways.iter().zip(words) {
        let is_true = match read::<bool>(found, way)? {
            None => read::<&str>(found, way)? == Some("true"),
            Some(truth) => truth,
        };
        let known = String::from_utf8_lossy(&out[start..]).contains(&format!("\"{word}\""));
        if is_true && !known {
            out.push(if out.len() == start { b'[' } else { b',' });
            text::write_json(word, out);
        }
    }
    let any = out.len() > start;
    out.extend(any.then_some(b']'));
    Ok(any)
}

/// What is at a place of a record, if it is of this type.
fn read<'d, T: serde::Deserialize<'d>>(
    found: &LookupResult<'d, Vec<u8>>,
    way: Way,
) -> Result<Option<T>, MaxMindDbError> {
    match found.decode_path::<T>(way) {
        Ok(value) => Ok(value),
        Err(e) if is_damage(&e) => Err(e),
        Err(_) => Ok(None),
    }
}

/// Whether a text is like a code of ISO 3166-1: databases have names of countries under the same key.
fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// The same of a database of the legacy format.
fn write_legacy(value: &Value, legacy: &legacy::Legacy, leaf: usize, out: &mut Vec<u8>) -> bool {
    match value.legacy.and_then(|part| legacy.part(leaf, part)) {
        None => false,
        Some(legacy::Value::Text(text)) => {
            text::write_json(&text, out);
            true
        }
        Some(legacy::Value::Number(number)) => {
            number::write_float(number, out);
            true
        }
        Some(legacy::Value::Integer(number)) => {
            number::write_integer(number.into(), out);
            true
        }
    }
}

/// Appends a value of the first database that has it.
pub(crate) fn write_first(value: &Value, set: &[Database], address: Address, out: &mut Vec<u8>) -> Result<(), Damaged> {
    for database in set {
        let is_written = match &database.content {
            Content::Legacy(legacy) => match legacy.find(address.0) {
                Ok(leaf) => leaf.is_some_and(|leaf| write_legacy(value, legacy, leaf, out)),
                Err(()) => return Err(Damaged),
            },
            Content::MaxMind { reader, .. } => {
                match reader.lookup(address.0).and_then(|found| write(value, &found, out)) {
                    Ok(is_written) => is_written,
                    Err(e) if is_damage(&e) => return Err(Damaged),
                    Err(_) => false,
                }
            }
        };
        if is_written {
            break;
        }
    }
    Ok(())
}
