//! Countries and organisations at the other end of a host's flows.
//!
//! Invariant: the form depends on the number of names alone. Bound: 256 names, then 65 536 digests of 17 bytes, then a
//! sketch of 16 KiB.

use crate::stats::{Digests, SketchKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names up to which each has its own count.
const MAX_NAMES: usize = 256;

/// How often each name occurred, up to 256 names; of more, how many there are. 16 bytes while there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// None yet.
    #[default]
    None,
    /// Flows by name.
    Flows(Box<BTreeMap<Box<str>, u64>>),
    /// Digests of names, of which there were more.
    Many(Box<Digests>),
}

impl Names {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Names::None)
    }

    /// Adds flows to a name.
    pub fn add(&mut self, name: &str, n: u64, key: &SketchKey) {
        if let Names::None = self {
            *self = Names::Flows(Box::default());
        }
        match self {
            Names::Flows(counts) => {
                match counts.get_mut(name) {
                    Some(count) => *count = count.saturating_add(n),
                    None => drop(counts.insert(name.into(), n)),
                }
                if counts.len() > MAX_NAMES {
                    let mut digests = Digests::new();
                    counts.keys().for_each(|name| {
                        digests.insert(name.as_bytes(), key);
                    });
                    *self = Names::Many(Box::new(digests));
                }
            }
            Names::Many(digests) => {
                digests.insert(name.as_bytes(), key);
            }
            Names::None => {}
        }
    }

    /// Number of distinct names.
    pub fn count(&self) -> u64 {
        match self {
            Names::None => 0,
            Names::Flows(counts) => counts.len() as u64,
            Names::Many(digests) => digests.count().value,
        }
    }

    /// Whether a name occurred; `None` where there were too many to tell.
    pub fn contains(&self, name: &str) -> Option<bool> {
        match self {
            Names::None => Some(false),
            Names::Flows(counts) => Some(counts.contains_key(name)),
            Names::Many(_) => None,
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, mut other: Names, key: &SketchKey) {
        if matches!((&self, &other), (Names::None, _) | (Names::Flows(_), Names::Many(_))) {
            std::mem::swap(self, &mut other);
        }
        match (self, other) {
            (Names::Many(digests), Names::Many(more)) => digests.merge(*more, key),
            (into, Names::Flows(counts)) => counts.iter().for_each(|(name, n)| into.add(name, *n, key)),
            _ => {}
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Names::None => 0,
            Names::Flows(counts) => counts.keys().map(|name| name.len() + 40).sum(),
            Names::Many(digests) => digests.heap_bytes(),
        }
    }
}
