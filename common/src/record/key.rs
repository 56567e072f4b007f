//! Keys that items group by: `src_ip/24+dst_port`, read out of a line without allocating for common keys.
//!
//! A part names a field of the record or any other member. An address field takes a prefix length: `/24` cuts IPv4 to 24
//! bits and IPv6 to 64, `/24/56` says both. A line that lacks a part has no key: nothing absent is made a 0. Keys are
//! ordered part by part as [`Part`] says, and written as members in the order of the parts.

mod part;

pub use part::{Part, Real, Text};

use super::field::{self, FieldId, Kind};
use super::flow::Flow;
use crate::scan::Line;
use crate::value::text;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// IPv6 bits of a prefix that names IPv4 bits alone.
const V6_BITS: u8 = 64;

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// No part, or an empty one.
    Empty,
    /// A part that is there twice.
    Repeated(String),
    /// A prefix on something that is no address field.
    NoAddress(String),
    /// A prefix that is no `/0..32` or `/0..32/0..128`.
    BadPrefix(String),
    /// A name that no field has, and that of the field which it looks like.
    Mistyped(String, &'static str),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Empty => f.write_str("a key needs a field's name in each part, such as src_ip/24+dst_port"),
            KeyError::Repeated(part) => write!(f, "{part} is in the key twice"),
            KeyError::NoAddress(part) => write!(f, "{part}: only fields that are addresses take a prefix length"),
            KeyError::Mistyped(part, near) => write!(f, "{part}: no such field; did you mean {near:?}?"),
            KeyError::BadPrefix(part) => {
                write!(
                    f,
                    "{part}: a prefix length is /0 to /32 for IPv4 and, if it follows, /0 to /128 for IPv6 (src_ip/24/56)"
                )
            }
        }
    }
}

impl std::error::Error for KeyError {}

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    parts: Box<[PartSpec]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PartSpec {
    name: Box<str>,
    source: Source,
    /// `"name":`
    json: Box<[u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Address(FieldId),
    /// With the bits of IPv4 and IPv6.
    Network(FieldId, u8, u8),
    Integer(FieldId),
    Duration,
    Time,
    Text(FieldId),
    /// The watched name with this number, counted from the key's first.
    Watched(usize),
}

/// The values of a key's parts.
#[derive(Clone, Debug)]
pub enum Key {
    /// One part.
    One([Part; 1]),
    /// Two parts.
    Two([Part; 2]),
    /// Any number of parts.
    Many(Box<[Part]>),
}

impl KeySpec {
    /// Reads `part+part`; `\+` stands for a plus in a name.
    ///
    /// # Errors
    /// What is wrong with the first bad part.
    pub fn parse(text: &str) -> Result<KeySpec, KeyError> {
        let mut parts = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, parts.last_mut()) {
                ('+', _) => parts.push(String::new()),
                ('\\', Some(part)) if chars.peek() == Some(&'+') => part.extend(chars.next()),
                (_, Some(part)) => part.push(c),
                (_, None) => {}
            }
        }
        KeySpec::of(&parts)
    }

    /// Makes a key of parts that were already taken apart.
    ///
    /// # Errors
    /// What is wrong with the first bad part.
    pub fn of<S: AsRef<str>>(parts: &[S]) -> Result<KeySpec, KeyError> {
        let mut made: Vec<PartSpec> = Vec::with_capacity(parts.len());
        let mut watched = 0;
        for part in parts {
            let part = PartSpec::parse(part.as_ref().trim(), &mut watched)?;
            if made.iter().any(|p| p.name == part.name) {
                return Err(KeyError::Repeated(part.name.into()));
            }
            made.push(part);
        }
        if made.is_empty() {
            return Err(KeyError::Empty);
        }
        Ok(KeySpec { parts: made.into() })
    }

    /// Names of the key's columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|p| &*p.name)
    }

    /// The bits of IPv4 and IPv6 that a part keeps of an address, if it is a prefix.
    pub fn prefix(&self, part: usize) -> Option<(u8, u8)> {
        match self.parts.get(part)?.source {
            Source::Network(_, v4, v6) => Some((v4, v6)),
            _ => None,
        }
    }

    /// The members that a scanner must watch, in this order from `watch_base` on.
    pub fn watched_names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|p| matches!(p.source, Source::Watched(_))).map(|p| &*p.name)
    }

    /// The key of a line; `None` where it lacks a part.
    #[inline]
    pub fn key(&self, line: &Line<'_>, watch_base: usize) -> Option<Key> {
        self.make(|part| part.of(line, watch_base))
    }

    #[inline(always)]
    fn make(&self, of: impl Fn(&PartSpec) -> Option<Part>) -> Option<Key> {
        match &*self.parts {
            [a] => Some(Key::One([of(a)?])),
            [a, b] => Some(Key::Two([of(a)?, of(b)?])),
            all => {
                let mut parts = Vec::with_capacity(all.len());
                for part in all {
                    parts.push(of(part)?);
                }
                Some(Key::Many(parts.into()))
            }
        }
    }

    /// Puts the key's parts into `parts`, and says whether the line has all. A map with [`Key`]s can be asked for
    /// `parts[..]`, so that a key of any length is looked up without allocating.
    #[inline]
    pub fn parts(&self, line: &Line<'_>, watch_base: usize, parts: &mut Vec<Part>) -> bool {
        parts.clear();
        parts.extend(self.parts.iter().map_while(|p| p.of(line, watch_base)));
        parts.len() == self.parts.len()
    }

    /// The key of a flow, for keys that watch nothing; `None` where the flow lacks a part.
    pub fn flow_key(&self, flow: &Flow) -> Option<Key> {
        self.make(|part| part.of_flow(flow))
    }

    /// Appends `"src_ip":"10.0.0.0/24","dst_port":443`.
    pub fn write_members(&self, key: &Key, out: &mut Vec<u8>) {
        for (i, (spec, part)) in self.parts.iter().zip(key.parts()).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&spec.json);
            part.write(out);
        }
    }
}

/// The key as it is written in an item: `src_ip/24/64+dst_port`.
impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.parts.iter().enumerate() {
            f.write_str(if i > 0 { "+" } else { "" })?;
            f.write_str(&part.name.replace('+', "\\+"))?;
            if let Source::Network(_, v4, v6) = part.source {
                write!(f, "/{v4}/{v6}")?;
            }
        }
        Ok(())
    }
}

impl PartSpec {
    fn parse(part: &str, watched: &mut usize) -> Result<PartSpec, KeyError> {
        let (name, prefix) = match part.split_once('/') {
            Some((name, prefix)) if FieldId::named(name).is_some() => (name, Some(prefix)),
            _ => (part, None),
        };
        if name.is_empty() || name.starts_with('/') {
            return Err(KeyError::Empty);
        }
        let field = FieldId::named(name);
        let source = match (field.map(|id| (id, id.field().kind)), prefix) {
            (Some((id, Kind::Address)), Some(prefix)) => {
                let (v4, v6) = bits(prefix).ok_or_else(|| KeyError::BadPrefix(part.into()))?;
                Source::Network(id, v4, v6)
            }
            (_, Some(_)) => return Err(KeyError::NoAddress(part.into())),
            (None, None) if let Some(near) = mistyped(name.split('/').next().unwrap_or(name)) => {
                return Err(KeyError::Mistyped(part.into(), near));
            }
            // A name with a slash may be a member's; one that ends like a prefix is rather a mistake.
            (None, None)
                if name.rsplit('/').next().is_some_and(|t| t.len() < name.len() && t.parse::<u8>().is_ok()) =>
            {
                return Err(KeyError::NoAddress(part.into()));
            }
            (Some((id, Kind::Address)), None) => Source::Address(id),
            (Some((id, Kind::Integer(_))), None) => Source::Integer(id),
            (Some((_, Kind::Seconds)), None) => Source::Duration,
            (Some((_, Kind::Time)), None) => Source::Time,
            (Some((id, Kind::Text | Kind::Word(_))), None) => Source::Text(id),
            (_, None) => {
                *watched += 1;
                Source::Watched(*watched - 1)
            }
        };
        let mut json = Vec::new();
        text::write_json(name, &mut json);
        json.push(b':');
        Ok(PartSpec { name: name.into(), source, json: json.into() })
    }

    // Inlined, a part is built where it is kept; moved, it costs three times as much.
    #[inline(always)]
    fn of(&self, line: &Line<'_>, watch_base: usize) -> Option<Part> {
        match self.source {
            Source::Watched(n) => Part::from_json(line.value(watch_base + n)?),
            _ => self.of_flow(line.flow),
        }
    }

    #[inline(always)]
    fn of_flow(&self, flow: &Flow) -> Option<Part> {
        match self.source {
            Source::Address(id) => flow.address(id).map(Part::Address),
            Source::Network(id, v4, v6) => flow.address(id).map(|a| Part::network(a, v4, v6)),
            Source::Integer(id) => flow.integer(id).map(Part::Integer),
            Source::Duration => flow.duration().map(Part::Seconds),
            Source::Time => flow.time().map(Part::Time),
            Source::Text(id) => flow.text(id).map(|t| Part::Text(t.into())),
            Source::Watched(_) => None,
        }
    }
}

/// The field that an unknown name was most likely meant to be: spelt with other signs between its words, or one slip
/// away, be it without `src_` or `dst_`. Names that end in a number of their own (`src_ip2`) are members of somebody's lines.
fn mistyped(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let is_slip = |end: &str, name: &str| end.len() == name.len() && strsim::damerau_levenshtein(end, name) == 1;
    let is_numbered = name.ends_with(|c: char| c.is_ascii_digit());
    let is_near = |field: &str| {
        plain(field) == plain(name)
            || (name.len() >= 4 && !is_numbered && strsim::damerau_levenshtein(field, name) == 1)
            // Nobody's own name is two letters of `country` changed round.
            || (name.len() >= 6 && field.strip_prefix("src_").is_some_and(|end| is_slip(end, name)))
    };
    let known = || field::known().map(|f| f.name);
    if known().any(|f| f == name) { None } else { known().find(|f| is_near(f)) }
}

/// The bits of IPv4 and IPv6 in `24` or `24/56`.
fn bits(prefix: &str) -> Option<(u8, u8)> {
    let number = |text: &str, max: u8| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u8>().ok().filter(|n| plain && *n <= max)
    };
    match prefix.split_once('/') {
        Some((v4, v6)) => Some((number(v4, 32)?, number(v6, 128)?)),
        None => Some((number(prefix, 32)?, V6_BITS)),
    }
}

impl Key {
    /// The values, in order.
    #[inline]
    pub fn parts(&self) -> &[Part] {
        match self {
            Key::One(parts) => parts,
            Key::Two(parts) => parts,
            Key::Many(parts) => parts,
        }
    }
}

impl From<Vec<Part>> for Key {
    fn from(parts: Vec<Part>) -> Key {
        match <[Part; 1]>::try_from(parts) {
            Ok(one) => Key::One(one),
            Err(parts) => match <[Part; 2]>::try_from(parts) {
                Ok(two) => Key::Two(two),
                Err(parts) => Key::Many(parts.into()),
            },
        }
    }
}

impl From<&[Part]> for Key {
    fn from(parts: &[Part]) -> Key {
        Key::from(parts.to_vec())
    }
}

impl Borrow<[Part]> for Key {
    fn borrow(&self) -> &[Part] {
        self.parts()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

#[cfg(test)]
mod tests;
