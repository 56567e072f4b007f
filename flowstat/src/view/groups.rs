//! State by key, for many keys: an index of keys beside the values, which lie in chunks and never move.
//!
//! Bound: the key and four bytes in a hash table, and the value, a key; growing copies only the table.

use flow_record::map::Map;
use std::hash::Hash;

/// Values in a chunk.
const CHUNK: usize = 512;

/// Values by key.
#[derive(Clone, Debug)]
pub(crate) struct Groups<K, V> {
    index: Map<K, u32>,
    chunks: Vec<Vec<V>>,
}

impl<K: Eq + Hash + Ord, V> Groups<K, V> {
    /// No keys.
    pub(crate) fn new() -> Groups<K, V> {
        Groups { index: Map::default(), chunks: Vec::new() }
    }

    /// Whether there are no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Takes keys and values out, in the order in which they came.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (K, V)> {
        let mut keys: Vec<(K, u32)> = std::mem::take(&mut self.index).into_iter().collect();
        keys.sort_unstable_by_key(|(_, at)| *at);
        keys.into_iter().map(|(key, _)| key).zip(std::mem::take(&mut self.chunks).into_iter().flatten())
    }

    /// The value of a key, which `make` makes where the key is new.
    #[inline]
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.numbered(key, make).1
    }

    /// The value of a key and its number, by which [`Groups::numbered_value`] finds it without the key.
    #[inline]
    pub(crate) fn numbered(&mut self, key: K, make: impl FnOnce() -> V) -> (u32, &mut V) {
        let next = self.index.len();
        // As many keys as make an index overflow do not fit into memory.
        let at = *self.index.entry(key).or_insert(next as u32) as usize;
        if at == next {
            if next.is_multiple_of(CHUNK) {
                self.chunks.push(Vec::with_capacity(if next == 0 { 4 } else { CHUNK }));
            }
            self.chunks[at / CHUNK].push(make());
        }
        (at as u32, &mut self.chunks[at / CHUNK][at % CHUNK])
    }

    /// The value with a number that [`Groups::numbered`] gave; merging ends what such numbers mean.
    #[inline]
    pub(crate) fn numbered_value(&mut self, number: u32) -> Option<&mut V> {
        let at = number as usize;
        self.chunks.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }

    /// The value of a key whose number is known; `make` makes one where the number is not the key's any more.
    #[inline]
    pub(crate) fn at(&mut self, number: u32, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = number as usize;
        if at < self.index.len() {
            return &mut self.chunks[at / CHUNK][at % CHUNK];
        }
        self.entry(key, make)
    }

    /// Adds another's values; `join` must not care which of two comes first, so that the larger index is kept.
    pub(crate) fn merge(&mut self, mut other: Groups<K, V>, mut join: impl FnMut(&mut V, V)) {
        if other.index.len() > self.index.len() {
            std::mem::swap(self, &mut other);
        }
        for (key, value) in other.take() {
            match self.index.get(&key) {
                Some(at) => join(&mut self.chunks[*at as usize / CHUNK][*at as usize % CHUNK], value),
                None => {
                    self.entry(key, || value);
                }
            }
        }
    }

    /// About how many bytes it takes, of which `heap` says those of a value beside its own size.
    pub(crate) fn bytes(&self, heap: impl Fn(&V) -> usize) -> u64 {
        // A key, its number and a byte for each place of the table.
        let table = self.index.capacity() * (size_of::<(K, u32)>() + 1) * 8 / 7;
        let values = self.chunks.len() * CHUNK * size_of::<V>();
        (table + values + self.values().map(heap).sum::<usize>()) as u64
    }

    /// Keys and their numbers, in no order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&K, u32)> {
        self.index.iter().map(|(key, at)| (key, *at))
    }

    /// The values, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.chunks.iter().flatten()
    }

    /// Keys and values, keys ascending.
    pub(crate) fn sorted(&self) -> Vec<(&K, &V)> {
        let mut all: Vec<(&K, &V)> = self.unsorted().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }

    /// The `n` keys of the largest measure with their values, measure descending, then key.
    pub(crate) fn top<M: Ord>(&self, n: usize, measure: impl Fn(&V) -> M) -> Vec<(&K, &V)> {
        let mut all: Vec<_> =
            self.unsorted().map(|(key, value)| (std::cmp::Reverse(measure(value)), key, value)).collect();
        let order =
            |a: &(std::cmp::Reverse<M>, &K, &V), b: &(std::cmp::Reverse<M>, &K, &V)| (&a.0, a.1).cmp(&(&b.0, b.1));
        if n < all.len() {
            all.select_nth_unstable_by(n, order);
            all.truncate(n);
        }
        all.sort_unstable_by(order);
        all.into_iter().map(|(_, key, value)| (key, value)).collect()
    }

    fn unsorted(&self) -> impl Iterator<Item = (&K, &V)> {
        self.index.iter().map(|(key, at)| (key, &self.chunks[*at as usize / CHUNK][*at as usize % CHUNK]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(keys: impl IntoIterator<Item = u32>) -> Groups<u32, u32> {
        let mut made = Groups::new();
        keys.into_iter().for_each(|k| *made.entry(k, || 0) += 1);
        made
    }

    fn pairs(groups: &Groups<u32, u32>) -> Vec<(u32, u32)> {
        groups.sorted().into_iter().map(|(k, v)| (*k, *v)).collect()
    }

    #[test]
    fn every_key_has_one_value_however_many_there_are() {
        let n = 3 * CHUNK as u32 + 7;
        let made = groups((0..n).chain((0..n).rev()).map(|k| k.wrapping_mul(7919) % n));
        assert_eq!(pairs(&made), (0..n).map(|k| (k, 2)).collect::<Vec<_>>());
        assert_eq!(made.values().count(), n as usize);
    }

    #[test]
    fn merging_joins_what_both_have_and_keeps_the_rest() {
        for (a, b) in [(0..5, 3..2000), (3..2000, 0..5), (0..0, 0..3), (0..3, 0..0)] {
            let whole = pairs(&groups(a.clone().chain(b.clone())));
            let mut made = groups(a);
            made.merge(groups(b), |x, y| *x += y);
            assert_eq!(pairs(&made), whole);
        }
    }

    #[test]
    fn the_top_are_the_largest_and_of_equals_the_first_keys() {
        let made = groups([5, 5, 9, 9, 1, 7, 7, 7, 3]);
        let top = |n| made.top(n, |v| *v).into_iter().map(|(k, _)| *k).collect::<Vec<_>>();
        assert_eq!((top(0), top(3), top(4)), (vec![], vec![7, 5, 9], vec![7, 5, 9, 1]));
        assert_eq!(top(99), [7, 5, 9, 1, 3]);
    }
}
