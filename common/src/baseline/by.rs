//! What the hosts of a baseline are: one end of a flow, either end, or any key.

use crate::record::Kind;
use crate::record::field::FieldId;
use crate::record::key::{Key, KeyError, KeySpec, Part};
use crate::value::time::{DateCache, rfc3339};
use crate::value::{Address, number};
use serde_json::value::RawValue;
use std::fmt;
use std::net::IpAddr;

/// Which address of a flow is the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The source.
    Source,
    /// The destination.
    Destination,
    /// Either: a flow counts once for each distinct one.
    Either,
}

/// What the hosts of a baseline are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Addresses.
    End(End),
    /// Any other key.
    Key(KeySpec),
}

impl By {
    /// Reads `src_ip`, `dst_ip`, `host`, or the members of any key.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub fn of<S: AsRef<str>>(parts: &[S]) -> Result<By, KeyError> {
        Ok(match parts {
            [one] if one.as_ref() == "src_ip" => By::End(End::Source),
            [one] if one.as_ref() == "dst_ip" => By::End(End::Destination),
            [one] if one.as_ref() == "host" => By::End(End::Either),
            parts => By::Key(KeySpec::of(parts)?),
        })
    }

    /// Reads what `Display` writes.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub fn parse(text: &str) -> Result<By, KeyError> {
        match text {
            "src_ip" | "dst_ip" | "host" => By::of(&[text]),
            text => KeySpec::parse(text).map(By::Key),
        }
    }

    /// Appends a key as JSON: one part as it is, several as an array.
    pub fn write_key(key: &Key, out: &mut Vec<u8>) {
        match key.parts() {
            [one] => one.write(out),
            parts => {
                for (i, part) in parts.iter().enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    part.write(out);
                }
                out.push(b']');
            }
        }
    }

    /// Reads a key from JSON; `None` where it is no key of this kind.
    pub fn read_key(&self, json: &str) -> Option<Key> {
        let names: Vec<&str> = match self {
            By::End(_) => vec!["src_ip"],
            By::Key(spec) => spec.names().collect(),
        };
        let whole: Vec<&RawValue> = match &names[..] {
            [_] => vec![serde_json::from_str(json).ok()?],
            _ => serde_json::from_str(json).ok()?,
        };
        if whole.len() != names.len() {
            return None;
        }
        let parts: Option<Vec<Part>> = names.iter().zip(whole).map(|(name, value)| part(name, value.get())).collect();
        Some(Key::from(&parts?[..]))
    }
}

/// The value of a field in a key.
fn part(name: &str, json: &str) -> Option<Part> {
    let text = || json.strip_prefix('"')?.strip_suffix('"');
    match FieldId::named(name).map(|id| id.field().kind) {
        Some(Kind::Address) => match text()?.split_once('/') {
            None => Address::parse(text()?).map(Part::Address),
            Some((address, bits)) => {
                let (address, bits) = (Address::parse(address)?, bits.parse::<u8>().ok()?);
                let most = if matches!(address.0, IpAddr::V4(_)) { 32 } else { 128 };
                Some(Part::network(address, bits, bits)).filter(|_| bits <= most)
            }
        },
        Some(Kind::Seconds) => number::exact_seconds(json).map(Part::Seconds),
        Some(Kind::Time) => {
            let (time, _, used) = rfc3339(&mut DateCache::default(), text()?.as_bytes())?;
            (used == text()?.len()).then_some(Part::Time(time))
        }
        _ => Part::from_json(json),
    }
}

/// As it is written in an item.
impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::End(End::Source) => f.write_str("src_ip"),
            By::End(End::Destination) => f.write_str("dst_ip"),
            By::End(End::Either) => f.write_str("host"),
            By::Key(spec) => spec.fmt(f),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scan::{Clean, Scanner};

    #[test]
    fn a_key_of_any_kind_reads_back() {
        let line = br#"{"timestamp":"2026-03-10T08:00:00.5Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"2001:db8::1","dst_port":443,"x":"a\"b","y":-1.5}"#;
        for by in ["src_ip", "src_ip/24", "dst_ip/24/48+dst_port", "duration+timestamp", "x", "x+y+dst_port"] {
            let spec = KeySpec::parse(by).unwrap();
            let names: Vec<&str> = spec.watched_names().collect();
            let mut scanner = Scanner::watching(&names);
            let key = spec.key(&scanner.scan(Clean::line(line).unwrap()).unwrap(), 0).unwrap();
            let mut json = Vec::new();
            By::write_key(&key, &mut json);
            let made = By::parse(by).unwrap();
            assert_eq!(made.read_key(std::str::from_utf8(&json).unwrap()), Some(key), "{by}");
            assert_eq!(By::parse(&made.to_string()).unwrap(), made);
        }
        let by = By::parse("host").unwrap();
        assert_eq!(by.to_string(), "host");
        assert!(by.read_key("\"10.0.0.1\"").is_some());
        for bad in ["10", "\"x\"", "[\"10.0.0.1\"]", "\"10.0.0.1/33\"", ""] {
            assert!(by.read_key(bad).is_none(), "{bad}");
        }
    }
}
