//! How baselines are made: of flows, of other baselines, of both.
//!
//! [`Book`] keeps what flows add up to, by keys that are smaller than their texts, and the states that were read, by their
//! texts; at the end both become one store that is written in order. [`stream`] merges files of whole baselines without
//! keeping more than a key of each.

mod book;
mod hosts;
mod recent;
pub(crate) mod stream;

pub(crate) use book::{Book, NAMES, Settings};
