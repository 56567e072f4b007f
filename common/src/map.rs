//! The one alias for keyed state: std's maps with `ahash`, whose keys are random, so that no input can choose
//! colliding keys.
//!
//! Invariant: the order of iteration differs from run to run; whoever writes what is in a map sorts it first.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// State by key.
pub type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// A set of keys.
pub type Set<K> = HashSet<K, ahash::RandomState>;

/// Adds the state of another map to `into`; `join` must not care which of two states comes first, so that the larger map
/// can be the one that is kept.
pub fn merge<K: Eq + Hash, V>(into: &mut Map<K, V>, mut from: Map<K, V>, mut join: impl FnMut(&mut V, V)) {
    if from.len() > into.len() {
        std::mem::swap(into, &mut from);
    }
    for (key, value) in from {
        match into.entry(key) {
            Entry::Occupied(mut met) => join(met.get_mut(), value),
            Entry::Vacant(free) => {
                free.insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_joins_what_both_have_and_keeps_the_rest() {
        let map = |keys: std::ops::Range<u8>| keys.map(|k| (k, 1)).collect::<Map<u8, u32>>();
        for (a, b) in [(0..3, 2..9), (2..9, 0..3)] {
            let mut into = map(a);
            merge(&mut into, map(b), |x, y| *x += y);
            let mut all: Vec<_> = into.into_iter().collect();
            all.sort_unstable();
            assert_eq!(all, (0..9).map(|k| (k, if k == 2 { 2 } else { 1 })).collect::<Vec<_>>());
        }
    }
}
