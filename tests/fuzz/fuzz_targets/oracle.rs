//! What the scanner must answer, by other people's readers: `serde_json` for JSON, `bigdecimal` for numbers, `chrono` for
//! dates, the standard library for addresses.
//!
//! The rules beyond RFC 8259 are written down here a second time: no byte below 0x20, at most 64 levels and 1024 members,
//! no key twice, known fields of their type and range, and one of the fields that a flow needs unless there is a kind.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};
use chrono::NaiveDate;
use flow_record::record::field::{self, Kind};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::net::IpAddr;

const MAX_DEPTH: usize = 64;
const MAX_MEMBERS: usize = 1024;

/// The members of an object as they stand, duplicates too.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl Members {
    /// The value of a name as it stands.
    pub fn token(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// The value of a name that is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.token(name).and_then(text)
    }

    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(key, value)| (key.clone(), value.get().to_owned())).collect()
    }
}

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Members(all))
            }
        }
        from.deserialize_map(Object)
    }
}

fn text(token: &str) -> Option<String> {
    serde_json::from_str(token).ok()
}

/// The members of a text that is an object by RFC 8259, surrogates paired, of at most 64 levels.
pub fn members(line: &str) -> Option<Members> {
    let members: Members = serde_json::from_str(line).ok()?;
    let shape = Shape::of(line);
    // A raw value's strings are not unescaped by serde_json, so a lone surrogate is looked for here.
    (shape.depth <= MAX_DEPTH && shape.strings.iter().all(|s| text(s).is_some())).then_some(members)
}

/// The strings and the depth of a text that is JSON but for its surrogates.
struct Shape<'t> {
    depth: usize,
    strings: Vec<&'t str>,
}

impl Shape<'_> {
    fn of(line: &str) -> Shape<'_> {
        let mut shape = Shape { depth: 0, strings: Vec::new() };
        let (mut depth, mut begin, mut escaped) = (0, None, false);
        for (at, byte) in line.bytes().enumerate() {
            match (begin, byte) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), b'\\') => escaped = true,
                (Some(start), b'"') => {
                    shape.strings.push(&line[start..=at]);
                    begin = None;
                }
                (Some(_), _) => {}
                (None, b'"') => begin = Some(at),
                (None, b'{' | b'[') => {
                    depth += 1;
                    shape.depth = shape.depth.max(depth);
                }
                (None, b'}' | b']') => depth -= 1,
                (None, _) => {}
            }
        }
        shape
    }
}

/// The members of a line that every filter accepts.
pub fn accepted(bytes: &[u8]) -> Option<Members> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let line = std::str::from_utf8(bytes).ok()?;
    if bytes.len() > 1 << 20 || bytes.iter().any(|b| *b < 0x20) {
        return None;
    }
    let members = members(line)?;
    let mut names: Vec<&str> = members.0.iter().map(|(key, _)| key.as_str()).collect();
    names.sort_unstable();
    let doubled = names.windows(2).any(|pair| pair[0] == pair[1]);
    let is_row = names.contains(&"kind");
    let is_flow = ["src_ip", "dst_ip", "bytes", "packets"].iter().any(|n| names.contains(n));
    let fits = members.0.iter().all(|(key, value)| fits(key, value.get(), is_row));
    (!doubled && names.len() <= MAX_MEMBERS && (is_row || is_flow) && fits).then_some(members)
}

fn fits(name: &str, token: &str, is_row: bool) -> bool {
    if name == "kind" {
        return token.starts_with('"');
    }
    if let Some(field) = field::RECORD.iter().find(|f| f.name == name) {
        return is_field(field.kind, token, is_row);
    }
    field::ADDED.iter().find(|f| f.name == name).is_none_or(|field| is_added(field.kind, token))
}

fn is_field(kind: Kind, token: &str, is_row: bool) -> bool {
    let string = text(token);
    match kind {
        Kind::Integer(max) if is_row && max == field::MAX_INTEGER => sum(token).is_some(),
        Kind::Integer(max) => integer(token).is_some_and(|v| v <= max),
        Kind::Seconds if is_row => number(token).is_some_and(|n| n >= BigDecimal::zero()) && is_finite(token),
        Kind::Seconds => nanoseconds(token).is_some(),
        Kind::Time => string.as_deref().and_then(time).is_some(),
        Kind::Address => {
            string.is_some_and(|s| s.parse::<IpAddr>().is_ok() || (is_row && s.parse::<ipnet::IpNet>().is_ok()))
        }
        Kind::Word(words) => string.is_some_and(|s| words.contains(&s.as_str())),
        _ => string.is_some(),
    }
}

/// Of the fields that options and enrichers add only the type is looked at, in lists that of each element.
fn is_added(kind: Kind, token: &str) -> bool {
    match kind {
        Kind::Number => number(token).is_some(),
        Kind::Truth => matches!(token, "true" | "false"),
        Kind::Words => serde_json::from_str::<Vec<Box<RawValue>>>(token)
            .is_ok_and(|all| all.iter().all(|element| text(element.get()).is_some())),
        Kind::Word(words) => text(token).is_some_and(|s| words.contains(&s.as_str())),
        Kind::Text => text(token).is_some(),
        Kind::Numbers => serde_json::from_str::<Vec<Box<RawValue>>>(token)
            .is_ok_and(|all| all.iter().all(|element| number(element.get()).is_some())),
        Kind::Object => token.starts_with('{'),
        Kind::Sum => token.bytes().all(|b| b.is_ascii_digit()) && number(token).is_some(),
        Kind::Any => true,
        Kind::Integer(_) | Kind::Seconds | Kind::Time | Kind::Address => is_field(kind, token, false),
    }
}

/// A JSON number as it is, or one that stands for it where the exponent is beyond what can be written out.
fn number(token: &str) -> Option<BigDecimal> {
    if !token.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let mantissa: BigDecimal = mantissa.parse().ok()?;
    let exponent = exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
    // Whatever is above every limit or below every unit stays so.
    let exponent = exponent.clamp(-100_000, 100_000);
    if mantissa.is_zero() {
        return Some(mantissa);
    }
    let (digits, scale) = mantissa.into_bigint_and_exponent();
    Some(BigDecimal::new(digits, scale - exponent))
}

fn is_huge(number: &BigDecimal) -> bool {
    let (digits, scale) = number.as_bigint_and_exponent();
    digits.bits() as i64 / 4 - scale > 100
}

/// The value of a number that is an integer from 0 to 2^53 - 1.
pub fn integer(token: &str) -> Option<u64> {
    let number = number(token)?;
    if is_huge(&number) {
        return None;
    }
    let value = if number.is_integer() { number.to_u64()? } else { return None };
    (value < 1 << 53).then_some(value)
}

/// The value of a number that is an integer from 0 to 2^128 - 1.
fn sum(token: &str) -> Option<u128> {
    let number = number(token).filter(|n| !is_huge(n) && n.is_integer())?;
    number.to_u128()
}

fn is_finite(token: &str) -> bool {
    token.parse().is_ok_and(f64::is_finite)
}

/// The value of a number of seconds in nanoseconds, rounded half up, from 0 to 2^63 - 1.
pub fn nanoseconds(token: &str) -> Option<u64> {
    let number = number(token)?;
    if is_huge(&number) || number < BigDecimal::zero() {
        return None;
    }
    let nanos = number.with_scale_round(9, RoundingMode::HalfUp) * BigDecimal::from(1_000_000_000);
    let nanos = nanos.with_scale(0).to_u64()?;
    (nanos <= i64::MAX as u64).then_some(nanos)
}

/// An RFC 3339 time in nanoseconds since the epoch; second 60 is the one after second 59.
pub fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = |template: &str, from: usize| {
        bytes.get(from..from + template.len()).is_some_and(|part| {
            part.iter().zip(template.bytes()).all(|(b, t)| if t == b'0' { b.is_ascii_digit() } else { *b == t })
        })
    };
    let two = |at: usize| text.get(at..at + 2).and_then(|t| t.parse::<u32>().ok());
    if !(shape("0000-00-00", 0) && matches!(bytes.get(10)?, b'T' | b't') && shape("00:00:00", 11)) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(text[..4].parse().ok()?, two(5)?, two(8)?)?;
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let leap = second == 60 && minute == 59;
    let start = date.and_hms_opt(hour, minute, if leap { 59 } else { second })?;
    let mut zone = 19;
    let mut nanos = 0;
    if bytes.get(19) == Some(&b'.') {
        let digits: String = text[20..].chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() || digits.len() > 9 {
            return None;
        }
        zone = 20 + digits.len();
        nanos = format!("{digits:0<9}").parse::<i128>().ok()?;
    }
    let offset = match bytes.get(zone)? {
        b'Z' | b'z' if bytes.len() == zone + 1 => 0,
        sign @ (b'+' | b'-') if shape("00:00", zone + 1) && bytes.len() == zone + 6 => {
            let (hours, minutes) = (two(zone + 1)?, two(zone + 4)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3600 + minutes * 60);
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = start.and_utc().timestamp() + i64::from(leap) - offset;
    i64::try_from(i128::from(seconds) * 1_000_000_000 + nanos).ok()
}
