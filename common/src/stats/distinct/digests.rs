//! A set of values of any kind that counts, by digests of 128 bits: exact to
//! [`MAX_EXACT`](super::MAX_EXACT), then a sketch.
//!
//! The digest is SipHash-1-3 under the key in front of sketches, kept as an IPv6 address would be: two different values
//! share one with a probability below n^2 / 2^129. Bound: that of [`Addresses`].

use super::{Addresses, Count, SketchKey};
use crate::value::Address;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A set of values, each given as bytes that are the same for equal values. The key must be the same in all calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests(Addresses);

impl Digests {
    /// No values.
    pub const fn new() -> Digests {
        Digests(Addresses::new())
    }

    /// Adds a value, and answers its digest.
    #[inline]
    pub fn insert(&mut self, value: &[u8], key: &SketchKey) -> u128 {
        let digest = key.digest(value);
        self.0.insert(Address(IpAddr::V6(digest.into())), key);
        digest
    }

    /// Number of distinct values.
    pub fn count(&self) -> Count {
        self.0.count()
    }

    /// Adds all values of another set that was made with the same key.
    pub fn merge(&mut self, other: Digests, key: &SketchKey) {
        self.0.merge(other.0, key);
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_values_of_any_length_once_each() {
        let (mut a, mut b, key) = (Digests::new(), Digests::new(), SketchKey::default());
        let digests = [&b"x"[..], b"", b"xx", b"x"].map(|v| a.insert(v, &key));
        assert_eq!((a.count().value, digests[0]), (3, digests[3]));
        assert_ne!(digests[0], digests[2]);
        b.insert(b"y", &key);
        b.insert(b"xx", &key);
        a.merge(b, &key);
        assert_eq!((a.count().value, a.count().approx), (4, false));
    }
}
