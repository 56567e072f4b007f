//! Why a line is rejected, and where. One verdict for all four filters.

use crate::record::field::{Field, Kind};
use crate::value::text::snippet;
use std::fmt;

/// A rejected line: the reason, and the byte offset in the line (the column is one more).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reject {
    /// Byte offset of the trouble.
    pub at: usize,
    /// The reason.
    pub why: Why,
}

/// Reasons for rejecting a line.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Why {
    /// Bytes that are not UTF-8.
    Utf8,
    /// A byte below 0x20.
    Control,
    /// Longer than [`MAX_LINE`](super::MAX_LINE).
    TooLong,
    /// The line ends inside a value.
    Unfinished,
    /// Not an object.
    NotAnObject,
    /// Not JSON; what was expected.
    Expected(&'static str),
    /// A bad escape or a lone surrogate.
    Escape,
    /// Not a JSON number.
    Number,
    /// Deeper than 64 levels.
    TooDeep,
    /// More than 1024 members.
    TooManyMembers,
    /// The same key twice.
    DuplicateKey,
    /// A known field whose value is not of its type or range.
    BadField(&'static Field),
    /// `kind` is not a string.
    BadKind,
    /// A flow without an address, bytes or packets.
    NotAFlow,
    /// The input ended or broke off before the end of the line.
    CutOff,
}

impl Why {
    /// A short name: what messages are counted by.
    pub fn name(&self) -> &'static str {
        match self {
            Why::Utf8 => "invalid UTF-8",
            Why::Control => "control byte",
            Why::TooLong => "line too long",
            Why::Unfinished => "unfinished JSON",
            Why::NotAnObject => "no JSON object",
            Why::Expected(_) => "bad JSON",
            Why::Escape => "bad escape",
            Why::Number => "bad number",
            Why::TooDeep => "nested too deep",
            Why::TooManyMembers => "too many members",
            Why::DuplicateKey => "duplicate key",
            Why::BadField(_) | Why::BadKind => "bad value",
            Why::NotAFlow => "no flow",
            Why::CutOff => "cut off",
        }
    }
}

impl PartialEq for Why {
    fn eq(&self, other: &Why) -> bool {
        match (self, other) {
            (Why::BadField(a), Why::BadField(b)) => a.name == b.name,
            (Why::Expected(a), Why::Expected(b)) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Reject {
    /// The message for a person, with what stands at the place.
    pub fn message(&self, line: &[u8]) -> String {
        let rest = line.get(self.at..).unwrap_or_default();
        match self.why {
            Why::Utf8 => "bytes that are not UTF-8".into(),
            Why::Control => format!("control byte 0x{:02x}", rest.first().unwrap_or(&0)),
            Why::TooLong => "a line longer than 1 MiB".into(),
            Why::Unfinished => "the JSON ends too early".into(),
            Why::NotAnObject => format!("not a JSON object: {}", snippet(rest, 20)),
            Why::Expected(what) => format!("expected {what}, found {}", snippet(rest, 20)),
            Why::Escape => format!("bad escape {}", snippet(rest, 12)),
            Why::Number => format!("not a JSON number: {}", snippet(token(rest), 24)),
            Why::TooDeep => "nested deeper than 64 levels".into(),
            Why::TooManyMembers => "more than 1024 members".into(),
            Why::DuplicateKey => format!("duplicate key {}", snippet(token(rest), 40)),
            Why::BadField(field) => format!("bad {} {}: {}", field.name, snippet(token(rest), 40), Wanted(field.kind)),
            Why::BadKind => format!("kind is no string: {}", snippet(token(rest), 24)),
            Why::NotAFlow => "no src_ip, dst_ip, bytes or packets (and no kind)".into(),
            Why::CutOff => "the input breaks off inside this line".into(),
        }
    }
}

/// The value at the start of `bytes`, for a message: to the next separator, or the whole string.
fn token(bytes: &[u8]) -> &[u8] {
    let end = match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let close = bytes[1..].iter().position(|b| {
                let is_close = *b == b'"' && !escaped;
                escaped = *b == b'\\' && !escaped;
                is_close
            });
            close.map(|i| i + 2)
        }
        _ => bytes.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ')),
    };
    &bytes[..end.unwrap_or(bytes.len())]
}

/// What a kind of field takes, in words.
struct Wanted(Kind);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Time => f.write_str("an RFC 3339 time from 1678 to 2261 in a string is expected"),
            Kind::Seconds => f.write_str("a number of seconds is expected"),
            Kind::Address => f.write_str("an IP address in a string is expected"),
            Kind::Integer(max) => write!(f, "an integer from 0 to {max} is expected"),
            Kind::Sum => f.write_str("an integer from 0 to 2^128 - 1 is expected"),
            Kind::Text => f.write_str("a string is expected"),
            Kind::Word(words) => write!(f, "one of {} is expected", words.join(", ")),
            Kind::Truth => f.write_str("true or false is expected"),
            Kind::Number => f.write_str("a number is expected"),
            Kind::Words => f.write_str("a list of strings is expected"),
            Kind::Numbers => f.write_str("a list of numbers is expected"),
            Kind::Object => f.write_str("an object is expected"),
            Kind::Any => f.write_str("a value is expected"),
        }
    }
}
