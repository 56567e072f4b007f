//! A set of addresses that counts: a few inline, exact to [`MAX_EXACT`], then a sketch.
//!
//! Invariant: it is a sketch if and only if it met more than `MAX_EXACT` distinct addresses, whatever their order.
//! Bound: 65 536 entries of a set (8 bytes each for IPv4, 17 and the slack of a hash set for IPv6), or 16 KiB of sketch.

use super::Count;
use super::quads::Quads;
use super::sketch::{Sketch, SketchKey};
use crate::map::Set;
use crate::value::Address;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
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
        self.meet(address, key);
    }

    /// Adds an address; answers `false` where it was surely met before.
    #[inline]
    pub fn meet(&mut self, address: Address, key: &SketchKey) -> bool {
        match &mut self.0 {
            Form::Few { len, v4 } => {
                let n = usize::from(*len);
                if let IpAddr::V4(a) = address.0 {
                    let a = u32::from(a);
                    // Compared all at once: a search that stops early mispredicts more than it saves.
                    let met = v4.iter().enumerate().fold(0u32, |met, (i, b)| met | u32::from(*b == a) << i);
                    if met & ((1 << n) - 1) != 0 {
                        return false;
                    }
                    if n < FEW {
                        v4[n] = a;
                        *len += 1;
                        return true;
                    }
                }
                self.outgrow(address);
                true
            }
            Form::Exact(exact) => {
                if exact.last == address || !exact.insert(address) {
                    return false;
                }
                if exact.len() > MAX_EXACT {
                    self.sketch(key);
                }
                true
            }
            Form::Sketch(sketch) => {
                sketch.insert(address, key);
                true
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

    /// Whether there are no addresses.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Form::Few { len: 0, .. })
    }

    /// Whether an address is in the set; `None` from a sketch, which cannot tell.
    pub fn contains(&self, address: Address) -> Option<bool> {
        match (&self.0, address.0) {
            (Form::Few { len, v4 }, IpAddr::V4(a)) => Some(v4[..usize::from(*len)].contains(&u32::from(a))),
            (Form::Few { .. }, IpAddr::V6(_)) => Some(false),
            (Form::Exact(exact), IpAddr::V4(a)) => Some(exact.v4.contains(a.into())),
            (Form::Exact(exact), IpAddr::V6(a)) => Some(exact.v6.contains(&u128::from(a))),
            (Form::Sketch(_), _) => None,
        }
    }

    /// Takes out all but the lowest `keep` addresses, as sets of at most `most`, ascending; nothing out of a sketch.
    pub fn split_off(&mut self, keep: usize, most: usize) -> Vec<Addresses> {
        if matches!(self.0, Form::Sketch(_)) || self.count().value <= keep as u64 {
            return Vec::new();
        }
        let all = self.exact().unwrap_or_default();
        *self = Addresses::of_few(&all[..keep]);
        all[keep..].chunks(most.max(1)).map(Addresses::of_few).collect()
    }

    /// A set of no more addresses than are kept exactly: none is hashed.
    fn of_few(addresses: &[Address]) -> Addresses {
        let (mut made, key) = (Addresses::new(), SketchKey::default());
        addresses.iter().for_each(|a| made.insert(*a, &key));
        made
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

/// `["10.0.0.1","2001:db8::1"]`, ascending, or `{"registers":"text"}`: one character from `0` (0) on a register.
impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Form::Sketch(sketch) = &self.0 {
            let text: String = sketch.registers().iter().map(|r| char::from(ZERO + r)).collect();
            let mut state = serializer.serialize_struct("Addresses", 1)?;
            state.serialize_field("registers", &text)?;
            return state.end();
        }
        let all = self.exact().unwrap_or_default();
        let mut list = serializer.serialize_seq(Some(all.len()))?;
        let mut space = [0; 48];
        for address in all {
            let len = address.put(&mut space, 0);
            // An address is written in ASCII.
            list.serialize_element(std::str::from_utf8(&space[..len]).unwrap_or_default())?;
        }
        list.end()
    }
}

/// The character of an empty register. The 64 that follow include `\` (44): JSON writes that one escaped.
const ZERO: u8 = b'0';

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Addresses, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Reads either form.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Addresses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("addresses or registers of a sketch")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Addresses, A::Error> {
        let (mut made, mut last) = (Addresses::new(), None);
        // Below the limit no address is hashed.
        let key = SketchKey::default();
        let mut left = MAX_EXACT;
        while let Some(Plain(address)) = list.next_element()? {
            if last >= Some(address) {
                return Err(de::Error::custom("addresses out of order"));
            }
            last = Some(address);
            left = left.checked_sub(1).ok_or_else(|| de::Error::custom("too many addresses for an exact set"))?;
            made.insert(address, &key);
        }
        Ok(made)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Addresses, A::Error> {
        let Some(("registers", text)) = map.next_entry::<&str, String>()? else {
            return Err(de::Error::custom("registers are expected"));
        };
        let registers: Option<Vec<u8>> = text.bytes().map(|b| b.checked_sub(ZERO)).collect();
        let sketch = registers.and_then(|r| Sketch::from_registers(&r));
        match (sketch, map.next_key::<IgnoredAny>()?) {
            (Some(sketch), None) => Ok(Addresses(Form::Sketch(Box::new(sketch)))),
            _ => Err(de::Error::custom("no registers of a sketch")),
        }
    }
}

/// An address as its canonical text.
struct Plain(Address);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plain, E> {
                Address::parse(text).map(Plain).ok_or_else(|| E::custom(format_args!("{text:?} is no address")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}
