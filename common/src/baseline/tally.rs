//! How often each of a few things occurred: protocols, hours, ports.
//!
//! Bound: 16 bytes a key.

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::marker::PhantomData;

/// Counts by key, ascending; 32 bytes while empty, 16 a key.
#[derive(Clone, Debug)]
pub struct Tally<K> {
    counts: Vec<(K, u64)>,
    /// The place that was met last: flows that follow each other often share theirs.
    last: u32,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Tally { counts: Vec::new(), last: 0 }
    }
}

impl<K: Ord + Copy> Tally<K> {
    /// Adds to the count of a key.
    #[inline]
    pub fn add(&mut self, key: K, n: u64) {
        if let Some((met, count)) = self.counts.get_mut(self.last as usize)
            && *met == key
        {
            *count = count.saturating_add(n);
            return;
        }
        let at = match self.counts.binary_search_by_key(&key, |(k, _)| *k) {
            Ok(at) => {
                self.counts[at].1 = self.counts[at].1.saturating_add(n);
                at
            }
            Err(_) if n == 0 => return,
            Err(at) => {
                if self.counts.capacity() == 0 {
                    // Most keys have one or two.
                    self.counts.reserve_exact(2);
                }
                self.counts.insert(at, (key, n));
                at
            }
        };
        self.last = at as u32;
    }

    /// The count of a key.
    pub fn get(&self, key: K) -> u64 {
        self.counts.binary_search_by_key(&key, |(k, _)| *k).map_or(0, |at| self.counts[at].1)
    }

    /// Keys and counts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (K, u64)> {
        self.counts.iter().copied()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds all counts of another.
    pub fn merge(&mut self, other: &Tally<K>) {
        other.iter().for_each(|(key, n)| self.add(key, n));
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<(K, u64)>()
    }
}

impl<K> Tally<K> {
    /// Of counts above 0, keys ascending.
    pub(super) fn of(counts: Vec<(K, u64)>) -> Tally<K> {
        Tally { counts, last: 0 }
    }
}

impl<K: PartialEq> PartialEq for Tally<K> {
    fn eq(&self, other: &Tally<K>) -> bool {
        self.counts == other.counts
    }
}

impl<K: Eq> Eq for Tally<K> {}

/// `{"6":12,"17":3}`.
impl<K: Serialize> Serialize for Tally<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.counts.len()))?;
        for (key, count) in &self.counts {
            map.serialize_entry(key, count)?;
        }
        map.end()
    }
}

impl<'de, K: Deserialize<'de> + Ord + Copy> Deserialize<'de> for Tally<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tally<K>, D::Error> {
        struct Counts<K>(PhantomData<K>);

        impl<'de, K: Deserialize<'de> + Ord + Copy> Visitor<'de> for Counts<K> {
            type Value = Tally<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts by key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tally<K>, A::Error> {
                let mut counts: Vec<(K, u64)> = Vec::new();
                while let Some((key, count)) = map.next_entry()? {
                    if count == 0 || counts.last().is_some_and(|(last, _)| *last >= key) {
                        return Err(de::Error::custom("counts out of order, or 0"));
                    }
                    counts.push((key, count));
                }
                Ok(Tally { counts, last: 0 })
            }
        }

        deserializer.deserialize_map(Counts(PhantomData))
    }
}
