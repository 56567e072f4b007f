//! A set of IPv4 addresses for counting: one array of slots, so that a look-up touches one place in memory.
//!
//! A slot holds an address, or 0 for none; the address 0.0.0.0 itself is kept apart. Slots are found by a hash with random
//! keys, so that nobody can choose addresses that fall on each other, and tried one after the other (linear probing).
//! Bound: 8 bytes an address, at least [`FIRST`] slots; it is at most three quarters full.

/// Slots to begin with.
const FIRST: usize = 32;

/// A set of IPv4 addresses.
#[derive(Clone, Debug)]
pub(super) struct Quads {
    /// A power of two of them.
    slots: Vec<u32>,
    /// How far a hash is shifted to be a place.
    shift: u32,
    len: usize,
    has_zero: bool,
    hasher: ahash::RandomState,
}

impl Default for Quads {
    fn default() -> Self {
        let shift = u64::BITS - FIRST.trailing_zeros();
        Quads { slots: vec![0; FIRST], shift, len: 0, has_zero: false, hasher: ahash::RandomState::new() }
    }
}

impl Quads {
    /// Number of addresses.
    pub(super) fn len(&self) -> usize {
        self.len + usize::from(self.has_zero)
    }

    /// Bytes of the slots.
    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.len() * size_of::<u32>()
    }

    /// The addresses, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let zero = self.has_zero.then_some(0);
        self.slots.iter().copied().filter(|a| *a != 0).chain(zero)
    }

    /// Whether an address is in the set.
    pub(super) fn contains(&self, address: u32) -> bool {
        if address == 0 {
            return self.has_zero;
        }
        let mask = self.slots.len() - 1;
        let first = (self.hasher.hash_one(address) >> self.shift) as usize;
        let places = (0..self.slots.len()).map(|i| first.wrapping_add(i) & mask);
        let slots = places.filter_map(|place| self.slots.get(place).copied());
        slots.take_while(|slot| *slot != 0).any(|slot| slot == address)
    }

    /// Adds an address; says whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, address: u32) -> bool {
        if address == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        let is_new = self.put(address);
        if is_new {
            self.len += 1;
            if self.len * 4 > self.slots.len() * 3 {
                self.grow();
            }
        }
        is_new
    }

    /// Puts an address into the first free slot from its place on, unless it is met before.
    #[inline]
    fn put(&mut self, address: u32) -> bool {
        let mask = self.slots.len() - 1;
        let mut place = (self.hasher.hash_one(address) >> self.shift) as usize;
        loop {
            match self.slots.get_mut(place & mask) {
                Some(slot) if *slot == address => return false,
                Some(slot) if *slot == 0 => {
                    *slot = address;
                    return true;
                }
                _ => place = place.wrapping_add(1),
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![0; self.slots.len() * 2];
        let slots = std::mem::replace(&mut self.slots, larger);
        self.shift -= 1;
        for address in slots {
            if address != 0 {
                self.put(address);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn is_a_set(addresses in proptest::collection::vec(prop_oneof![0u32..300, any::<u32>()], 0..2000)) {
            let (mut set, mut met) = (Quads::default(), BTreeSet::new());
            for address in addresses {
                prop_assert_eq!(set.contains(address), met.contains(&address));
                prop_assert_eq!(set.insert(address), met.insert(address));
                prop_assert_eq!(set.len(), met.len());
            }
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), met);
        }
    }

    #[test]
    fn takes_at_most_eight_bytes_an_address_when_large() {
        let mut set = Quads::default();
        (0..65_536).for_each(|a| {
            set.insert(a * 7);
        });
        assert_eq!(set.len(), 65_536);
        assert!(set.heap_bytes() <= 8 * 65_536);
    }
}
