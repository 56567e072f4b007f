//! One part of a key: a value of a member, compact, hashable and ordered.
//!
//! Order: addresses (IPv4 before IPv6, by value), networks (by address, then length), numbers ascending, times, texts by
//! bytes, truth values, and then what is none of these, by bytes. Short texts are kept inline, so that most keys allocate nothing. 24 bytes.

use crate::record::field::MAX_INTEGER;
use crate::value::{Address, Time, number, text};
use ipnet::IpNet;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// A value in a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// An address.
    Address(Address),
    /// An address cut to a prefix, and the prefix's length.
    Network(Address, u8),
    /// An integer of the record, or one from 0 to 2^53 - 1 elsewhere.
    Integer(u64),
    /// A duration in nanoseconds.
    Seconds(u64),
    /// Any other number.
    Number(Real),
    /// A time.
    Time(Time),
    /// A string.
    Text(Text),
    /// `true` or `false`.
    Truth(bool),
    /// An array, an object or a number beyond floats, as it stands in the line.
    Json(Box<str>),
}

/// A finite number, equal to another where the bits are.
#[derive(Clone, Copy, Debug)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.to_bits());
    }
}

/// Longest text that is kept inline, in bytes.
const INLINE: usize = 22;

/// A text that is compared, ordered and hashed by its bytes.
#[derive(Clone)]
pub struct Text(Store);

/// Texts up to `INLINE` are always inline.
#[derive(Clone)]
enum Store {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<str>),
}

impl Text {
    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes are those of a whole text.
            Store::Inline { len, bytes } => std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default(),
            Store::Heap(text) => text,
        }
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Store::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Store::Heap(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Text {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..text.len()) {
            Some(start) => {
                start.copy_from_slice(text.as_bytes());
                Text(Store::Inline { len: text.len() as u8, bytes })
            }
            None => Text(Store::Heap(text.into())),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Part {
    /// An address cut to the prefix of its family.
    #[inline]
    pub fn network(address: Address, v4: u8, v6: u8) -> Part {
        match address.0 {
            IpAddr::V4(a) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(v4.min(32))).unwrap_or(0);
                Part::Network(Address(IpAddr::V4((u32::from(a) & mask).into())), v4.min(32))
            }
            IpAddr::V6(a) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(v6.min(128))).unwrap_or(0);
                Part::Network(Address(IpAddr::V6((u128::from(a) & mask).into())), v6.min(128))
            }
        }
    }

    /// The part of a checked JSON value; `null` is none.
    pub fn from_json(token: &str) -> Option<Part> {
        match token.as_bytes().first()? {
            b'"' if !token.contains('\\') => Some(Part::Text(token.get(1..token.len() - 1)?.into())),
            b'"' => serde_json::from_str::<String>(token).ok().map(|t| Part::Text(t.as_str().into())),
            b'n' => None,
            b't' => Some(Part::Truth(true)),
            b'f' => Some(Part::Truth(false)),
            b'[' | b'{' => Some(Part::Json(token.into())),
            _ => Some(match number::exact_integer(token) {
                Some(value) => Part::Integer(value),
                None => Part::number(token),
            }),
        }
    }

    /// The part of a JSON number that is no integer from 0 to 2^53 - 1.
    fn number(token: &str) -> Part {
        let is_float = token.contains(['.', 'e', 'E']);
        match token.parse::<f64>() {
            // The nearest float may be such an integer all the same; equal numbers are of one kind.
            Ok(v) if v.fract() == 0.0 && (0.0..=MAX_INTEGER as f64).contains(&v) => Part::Integer(v as u64),
            Ok(v) if v.is_finite() && (is_float || v.abs() <= MAX_INTEGER as f64) => Part::Number(Real(v)),
            // Two large integers that are one float are two keys.
            _ => Part::Json(token.into()),
        }
    }

    /// Appends the value as JSON; a network as CIDR text.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Part::Address(address) => {
                out.push(b'"');
                address.write(out);
                out.push(b'"');
            }
            Part::Network(address, len) => {
                out.push(b'"');
                address.write(out);
                out.push(b'/');
                number::write_integer(u64::from(*len), out);
                out.push(b'"');
            }
            Part::Integer(value) => number::write_integer(*value, out),
            Part::Seconds(nanos) => number::write_seconds(*nanos, out),
            Part::Number(value) => number::write_float(value.0, out),
            Part::Time(time) => {
                let digits = [3, 6].into_iter().find(|d| time.nanos() % 10i64.pow(9 - d) == 0).unwrap_or(9);
                out.push(b'"');
                out.extend_from_slice(time.to_text(digits as u8).as_bytes());
                out.push(b'"');
            }
            Part::Text(value) => text::write_json(value.as_str(), out),
            Part::Truth(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Part::Json(token) => out.extend_from_slice(token.as_bytes()),
        }
    }

    /// The network of a part that is one, or the address as one of full length.
    pub fn as_network(&self) -> Option<IpNet> {
        match self {
            Part::Address(a) => Some(IpNet::from(a.0)),
            Part::Network(a, len) => IpNet::new(a.0, *len).ok(),
            _ => None,
        }
    }

    /// The place of the kind in the order; both kinds of plain numbers share one.
    fn rank(&self) -> u8 {
        match self {
            Part::Address(_) => 0,
            Part::Network(..) => 1,
            Part::Integer(_) | Part::Number(_) => 2,
            Part::Seconds(_) => 3,
            Part::Time(_) => 4,
            Part::Text(_) => 5,
            Part::Truth(_) => 6,
            Part::Json(_) => 7,
        }
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Part) -> Ordering {
        match (self, other) {
            (Part::Address(a), Part::Address(b)) => a.cmp(b),
            (Part::Network(a, m), Part::Network(b, n)) => a.cmp(b).then(m.cmp(n)),
            (Part::Integer(a), Part::Integer(b)) | (Part::Seconds(a), Part::Seconds(b)) => a.cmp(b),
            // Integers are below 2^53, so they are floats; `from_json` gives equal numbers the same kind.
            (Part::Integer(a), Part::Number(b)) => (*a as f64).total_cmp(&b.0),
            (Part::Number(a), Part::Integer(b)) => a.0.total_cmp(&(*b as f64)),
            (Part::Number(a), Part::Number(b)) => a.0.total_cmp(&b.0),
            (Part::Time(a), Part::Time(b)) => a.nanos().cmp(&b.nanos()),
            (Part::Text(a), Part::Text(b)) => a.cmp(b),
            (Part::Json(a), Part::Json(b)) => a.cmp(b),
            (Part::Truth(a), Part::Truth(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Part) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
