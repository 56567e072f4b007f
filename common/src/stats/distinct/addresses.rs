//! A set of addresses that counts: a few inline, exact to [`MAX_EXACT`], then a sketch.
//!
//! Invariant: it is a sketch if and only if it met more than `MAX_EXACT` distinct addresses, whatever their order.
//! Bound: 65 536 entries of a set (8 bytes each for IPv4, 17 and the slack of a hash set for IPv6), or 16 KiB of sketch.

use super::Count;
use super::quads::Quads;
use super::sketch::{Sketch, SketchKey};
use crate::map::Set;
use crate::value::Address;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::net::IpAddr;

/// Number of addresses up to which the count is exact.
pub const MAX_EXACT: usize = 65_536;

/// IPv4 addresses kept inline.
const FEW: usize = 7;

/// A set of addresses; 32 bytes while small. The key is passed in, and must be the same in all calls.
#[derive(Clone, Debug)]
pub struct Addresses(Form);

#[derive(Clone, Debug)]
enum Form {
    /// The first `len`, in the order they came.
    Few {
        len: u8,
        v4: [u32; FEW],
    },
    Exact(Box<Exact>),
    Sketch(Box<Sketch>),
}

/// Never empty.
#[derive(Clone, Debug)]
struct Exact {
    /// The address met last: most flows repeat it.
    last: Address,
    v4: Quads,
    v6: Set<u128>,
}

impl Exact {
    fn of(addresses: impl Iterator<Item = Address>) -> Exact {
        let mut made = Exact { last: Address::NONE, v4: Quads::default(), v6: Set::default() };
        addresses.for_each(|a| {
            made.insert(a);
        });
        made
    }

    fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    #[inline]
    fn insert(&mut self, address: Address) -> bool {
        self.last = address;
        match address.0 {
            IpAddr::V4(a) => self.v4.insert(a.into()),
            IpAddr::V6(a) => self.v6.insert(a.into()),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Address> {
        let v4 = self.v4.iter().map(Address::v4);
        v4.chain(self.v6.iter().map(|a| Address(IpAddr::V6((*a).into()))))
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Addresses::new()
    }
}

impl Addresses {
    /// No addresses.
    pub const fn new() -> Addresses {
        Addresses(Form::Few { len: 0, v4: [0; FEW] })
    }

    /// Adds an address.
    #[inline]
    pub fn insert(&mut self, address: Address, key: &SketchKey) {
        match &mut self.0 {
            Form::Few { len, v4 } => {
                let n = usize::from(*len);
                if let IpAddr::V4(a) = address.0 {
                    let a = u32::from(a);
                    // Compared all at once: a search that stops early mispredicts more than it saves.
                    let met = v4.iter().enumerate().fold(0u32, |met, (i, b)| met | u32::from(*b == a) << i);
                    if met & ((1 << n) - 1) != 0 {
                        return;
                    }
                    if n < FEW {
                        v4[n] = a;
                        *len += 1;
                        return;
                    }
                }
                self.outgrow(address);
            }
            Form::Exact(exact) => {
                if exact.last != address && exact.insert(address) && exact.len() > MAX_EXACT {
                    self.sketch(key);
                }
            }
            Form::Sketch(sketch) => {
                sketch.insert(address, key);
            }
        }
    }

    /// Goes from the inline form to the hash set, with one more address.
    #[cold]
    fn outgrow(&mut self, address: Address) {
        let all = self.exact().unwrap_or_default();
        self.0 = Form::Exact(Box::new(Exact::of(all.into_iter().chain([address]))));
    }

    /// Goes to a sketch.
    #[cold]
    fn sketch(&mut self, key: &SketchKey) {
        let mut sketch = Sketch::new();
        let mut add = |address| {
            sketch.insert(address, key);
        };
        match &self.0 {
            Form::Few { .. } => self.exact().unwrap_or_default().into_iter().for_each(add),
            Form::Exact(exact) => exact.iter().for_each(&mut add),
            Form::Sketch(_) => return,
        }
        self.0 = Form::Sketch(Box::new(sketch));
    }

    /// Number of distinct addresses.
    pub fn count(&self) -> Count {
        let exact = |n: usize| Count { value: n as u64, approx: false, error: 0.0 };
        match &self.0 {
            Form::Few { len, .. } => exact(usize::from(*len)),
            Form::Exact(set) => exact(set.len()),
            Form::Sketch(sketch) => sketch.count(MAX_EXACT as u64),
        }
    }

    /// The addresses, ascending, IPv4 first; `None` from a sketch.
    pub fn exact(&self) -> Option<Vec<Address>> {
        let mut all: Vec<Address> = match &self.0 {
            Form::Few { len, v4 } => v4[..usize::from(*len)].iter().map(|a| Address(IpAddr::V4((*a).into()))).collect(),
            Form::Exact(exact) => exact.iter().collect(),
            Form::Sketch(_) => return None,
        };
        all.sort_unstable();
        Some(all)
    }

    /// Adds all addresses of another set that was made with the same key; the larger one is kept.
    pub fn merge(&mut self, mut other: Addresses, key: &SketchKey) {
        if other.rank() > self.rank() {
            std::mem::swap(self, &mut other);
        }
        match (&mut self.0, &other.0) {
            (Form::Sketch(a), Form::Sketch(b)) => a.merge(b),
            (_, Form::Exact(less)) => less.iter().for_each(|a| self.insert(a, key)),
            (_, _) => other.exact().unwrap_or_default().into_iter().for_each(|a| self.insert(a, key)),
        }
    }

    /// Sketches above sets, then by size.
    fn rank(&self) -> (bool, u64) {
        match &self.0 {
            Form::Sketch(_) => (true, 0),
            _ => (false, self.count().value),
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Few { .. } => 0,
            Form::Exact(e) => size_of::<Exact>() + e.v4.heap_bytes() + e.v6.capacity() * 19,
            Form::Sketch(sketch) => sketch.heap_bytes(),
        }
    }
}

impl PartialEq for Addresses {
    fn eq(&self, other: &Addresses) -> bool {
        match (&self.0, &other.0) {
            (Form::Sketch(a), Form::Sketch(b)) => a == b,
            _ => self.exact() == other.exact(),
        }
    }
}

impl Eq for Addresses {}

/// `{"v4":[numbers],"v6":["texts"]}`, ascending, or `{"registers":"text"}`: one character from `0` (0) on a register.
impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Form::Sketch(sketch) = &self.0 {
            let text: String = sketch.registers().iter().map(|r| char::from(ZERO + r)).collect();
            let mut state = serializer.serialize_struct("Addresses", 1)?;
            state.serialize_field("registers", &text)?;
            return state.end();
        }
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for address in self.exact().unwrap_or_default() {
            match address.0 {
                IpAddr::V4(a) => v4.push(u32::from(a)),
                IpAddr::V6(a) => v6.push(a),
            }
        }
        let mut state = serializer.serialize_struct("Addresses", 2)?;
        state.serialize_field("v4", &v4)?;
        state.serialize_field("v6", &v6)?;
        state.end()
    }
}

/// The character of an empty register. The 64 that follow include `\` (44): JSON writes that one escaped.
const ZERO: u8 = b'0';

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    v4: Option<Vec<u32>>,
    v6: Option<Vec<std::net::Ipv6Addr>>,
    registers: Option<String>,
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Addresses, D::Error> {
        let state = State::deserialize(deserializer)?;
        if let Some(text) = state.registers {
            let registers: Option<Vec<u8>> = text.bytes().map(|b| b.checked_sub(ZERO)).collect();
            let sketch = registers.and_then(|r| Sketch::from_registers(&r));
            return match sketch {
                Some(sketch) => Ok(Addresses(Form::Sketch(Box::new(sketch)))),
                None => Err(de::Error::custom("no registers of a sketch")),
            };
        }
        let (v4, v6) = (state.v4.unwrap_or_default(), state.v6.unwrap_or_default());
        if v4.len() + v6.len() > MAX_EXACT {
            return Err(de::Error::custom("too many addresses for an exact set"));
        }
        let mut made = Addresses::new();
        // Below the limit no address is hashed.
        let key = SketchKey::default();
        v4.into_iter().for_each(|a| made.insert(Address(IpAddr::V4(a.into())), &key));
        v6.into_iter().for_each(|a| made.insert(Address(IpAddr::V6(a)), &key));
        Ok(made)
    }
}
