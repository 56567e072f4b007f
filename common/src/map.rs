//! The one alias for keyed state: std's maps with `ahash`, whose keys are random, so that no input can choose
//! colliding keys.
//!
//! Invariant: the order of iteration differs from run to run; whoever writes what is in a map sorts it first.

use std::collections::{HashMap, HashSet};

/// State by key.
pub type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// A set of keys.
pub type Set<K> = HashSet<K, ahash::RandomState>;
