//! A set of ports, always exact: a few inline, then a sorted list, then a map of 65 536 bits.
//!
//! Bound: 8 KiB. Invariant: the form depends on the number of ports alone.

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Ports kept inline.
const FEW: usize = 11;
/// Ports kept in a list.
const SOME: usize = 512;

/// A set of ports; 32 bytes while small.
#[derive(Clone, Debug)]
pub struct Ports(Form);

#[derive(Clone, Debug)]
enum Form {
    /// The first `len`, in the order they came.
    Few {
        len: u8,
        ports: [u16; FEW],
    },
    /// Ascending.
    Some(Vec<u16>),
    Many(Box<Bits>),
}

#[derive(Clone, Debug)]
struct Bits {
    count: u32,
    words: [u64; 1024],
}

impl Bits {
    #[inline]
    fn insert(&mut self, port: u16) -> bool {
        let (word, bit) = (&mut self.words[usize::from(port >> 6)], 1 << (port & 63));
        let is_new = *word & bit == 0;
        *word |= bit;
        self.count += u32::from(is_new);
        is_new
    }
}

impl Default for Ports {
    fn default() -> Self {
        Ports::new()
    }
}

impl Ports {
    /// No ports.
    pub const fn new() -> Ports {
        Ports(Form::Few { len: 0, ports: [0; FEW] })
    }

    /// Adds a port, and says whether it is new.
    #[inline]
    pub fn insert(&mut self, port: u16) -> bool {
        match &mut self.0 {
            Form::Few { len, ports } => {
                let n = usize::from(*len);
                // Compared all at once: a search that stops early mispredicts more than it saves.
                let met = ports.iter().enumerate().fold(0u32, |met, (i, p)| met | u32::from(*p == port) << i);
                if met & ((1 << n) - 1) != 0 {
                    return false;
                }
                if n < FEW {
                    ports[n] = port;
                    *len += 1;
                    return true;
                }
                self.insert_more(port)
            }
            Form::Some(ports) => match ports.binary_search(&port) {
                Ok(_) => false,
                Err(at) if ports.len() < SOME => {
                    ports.insert(at, port);
                    true
                }
                Err(_) => self.insert_more(port),
            },
            Form::Many(bits) => bits.insert(port),
        }
    }

    /// Adds a port for which the form has no room.
    #[cold]
    fn insert_more(&mut self, port: u16) -> bool {
        self.0 = match &self.0 {
            Form::Few { ports, .. } => {
                let mut sorted = Vec::with_capacity(2 * FEW);
                sorted.extend_from_slice(ports);
                sorted.sort_unstable();
                Form::Some(sorted)
            }
            _ => {
                let mut bits = Box::new(Bits { count: 0, words: [0; 1024] });
                self.iter().for_each(|p| {
                    bits.insert(p);
                });
                Form::Many(bits)
            }
        };
        self.insert(port)
    }

    /// Whether a port is in the set.
    pub fn contains(&self, port: u16) -> bool {
        match &self.0 {
            Form::Few { len, ports } => ports[..usize::from(*len)].contains(&port),
            Form::Some(ports) => ports.binary_search(&port).is_ok(),
            Form::Many(bits) => bits.words[usize::from(port >> 6)] >> (port & 63) & 1 == 1,
        }
    }

    /// Whether there are no ports.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Number of ports.
    #[inline]
    pub fn count(&self) -> u64 {
        match &self.0 {
            Form::Few { len, .. } => u64::from(*len),
            Form::Some(ports) => ports.len() as u64,
            Form::Many(bits) => u64::from(bits.count),
        }
    }

    /// The ports, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        let (mut few, mut n): ([u16; FEW], usize) = ([0; FEW], 0);
        let (mut some, mut words): (&[u16], &[u64]) = (&[], &[]);
        match &self.0 {
            Form::Few { len, ports } => {
                (few, n) = (*ports, usize::from(*len));
                few[..n].sort_unstable();
            }
            Form::Some(ports) => some = ports,
            Form::Many(bits) => words = &bits.words,
        }
        let bits = words.iter().enumerate().flat_map(|(i, word)| {
            (0..64u16).filter(move |bit| word >> bit & 1 == 1).map(move |bit| (i as u16) << 6 | bit)
        });
        few.into_iter().take(n).chain(some.iter().copied()).chain(bits)
    }

    /// Adds all ports of another set; the larger one is kept and the smaller one poured into it.
    pub fn merge(&mut self, mut other: Ports) {
        if other.count() > self.count() {
            std::mem::swap(self, &mut other);
        }
        match (&mut self.0, &other.0) {
            (Form::Many(bits), Form::Many(more)) => {
                bits.words.iter_mut().zip(&more.words).for_each(|(a, b)| *a |= b);
                bits.count = bits.words.iter().map(|w| w.count_ones()).sum();
            }
            _ => other.iter().for_each(|port| {
                self.insert(port);
            }),
        }
    }

    /// How many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Few { .. } => 0,
            Form::Some(ports) => ports.capacity() * 2,
            Form::Many(_) => size_of::<Bits>(),
        }
    }
}

impl FromIterator<u16> for Ports {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Ports {
        let mut made = Ports::new();
        ports.into_iter().for_each(|port| {
            made.insert(port);
        });
        made
    }
}

impl PartialEq for Ports {
    fn eq(&self, other: &Ports) -> bool {
        self.count() == other.count() && self.iter().eq(other.iter())
    }
}

impl Eq for Ports {}

/// Runs up to which the ports are written one by one.
const MAX_RUNS: usize = 1024;

/// Hexadecimal digits of all ports, four in each.
const DIGITS: usize = 16_384;

/// The ports, ascending, runs as pairs: `[22,[80,90],443]`; of more than `MAX_RUNS` runs `{"bits":"text"}`, a
/// hexadecimal digit for each four ports from 0 on, whose lowest bit is the lowest port.
impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut runs: Vec<Run> = Vec::new();
        for port in self.iter() {
            match runs.last_mut() {
                Some(Run::One(last)) if *last + 1 == port => {
                    let first = *last;
                    runs.pop();
                    runs.push(Run::Many(first, port));
                }
                Some(Run::Many(_, last)) if *last + 1 == port => *last = port,
                _ => runs.push(Run::One(port)),
            }
        }
        if runs.len() <= MAX_RUNS {
            return runs.serialize(serializer);
        }
        let mut digits = vec![0u8; DIGITS];
        self.iter().for_each(|port| digits[usize::from(port / 4)] |= 1 << (port % 4));
        let text: String = digits.into_iter().filter_map(|d| char::from_digit(d.into(), 16)).collect();
        let mut state = serializer.serialize_struct("Ports", 1)?;
        state.serialize_field("bits", &text)?;
        state.end()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Run {
    One(u16),
    Many(u16, u16),
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ports, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Reads either form.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Ports;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ports or bits of ports")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ports, A::Error> {
        let mut ports = Ports::new();
        let mut free = Some(0u16);
        while let Some(run) = list.next_element()? {
            let (first, last) = match run {
                Run::One(port) => (port, port),
                Run::Many(first, last) => (first, last),
            };
            if first > last || free.is_none_or(|free| first < free) {
                return Err(de::Error::custom("ports out of order"));
            }
            free = last.checked_add(1);
            (first..=last).for_each(|port| {
                ports.insert(port);
            });
        }
        Ok(ports)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ports, A::Error> {
        let Some(("bits", text)) = map.next_entry::<&str, String>()? else {
            return Err(de::Error::custom("bits are expected"));
        };
        let digits = text.bytes().map(|b| (!b.is_ascii_uppercase()).then_some(char::from(b).to_digit(16)).flatten());
        let digits = digits.collect::<Option<Vec<u32>>>().filter(|d| d.len() == DIGITS);
        match (digits, map.next_key::<IgnoredAny>()?) {
            (Some(digits), None) => {
                Ok((0..=u16::MAX).filter(|p| digits[usize::from(p / 4)] >> (p % 4) & 1 == 1).collect())
            }
            _ => Err(de::Error::custom("no bits of ports")),
        }
    }
}
