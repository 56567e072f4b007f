//! Floods with forged sources: millions of pairs of one flow each, kept in sum for each destination.
//!
//! Where the table reaches [`FULL`] pairs, those of a single flow to a destination that has [`FLOOD`] such pairs give way to
//! one [`Flood`], so that memory stays, and other pairs, a scan's among them, stay whole. Where that is not enough and there
//! are [`MOST`], pairs of a single flow whose time is the older half are given up, and counted. Bound: `MOST` pairs.

use super::deeds::Deeds;
use super::table::{Lone, Table};
use flow_record::map::{Map, Set};
use flow_record::stats::Seen;
use flow_record::value::Address;

/// Pairs from which on floods are looked for.
pub(super) const FULL: usize = 1 << 23;

/// Pairs of one flow that make a flood of a destination.
pub(super) const FLOOD: u32 = 100_000;

/// Most pairs.
pub(super) const MOST: usize = 1 << 24;

/// What many sources sent to one destination, a flow each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flood {
    /// How many sources.
    pub(crate) sources: u64,
    /// What their flows have in common.
    pub(crate) seen: Seen,
    /// What they did.
    pub(crate) deeds: Deeds,
    /// Bytes that they sent.
    pub(crate) bytes: u64,
}

impl Flood {
    fn add(&mut self, lone: &Lone<'_>) {
        self.sources += 1;
        self.seen.merge(&lone.cell.seen());
        self.bytes = self.bytes.saturating_add(lone.cell.bytes);
        if let Some(deeds) = lone.deeds {
            self.deeds.merge(deeds);
        }
    }

    fn merge(&mut self, other: &Flood) {
        self.sources += other.sources;
        self.seen.merge(&other.seen);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.deeds.merge(&other.deeds);
    }
}

/// All floods, and how many pairs were given up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floods {
    by_target: Map<Address, Flood>,
    /// Pairs that were given up.
    pub(crate) given_up: u64,
}

impl Floods {
    /// The floods and their destinations, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Address, &Flood)> {
        self.by_target.iter().map(|(target, flood)| (*target, flood))
    }

    /// Adds those of another table.
    pub(super) fn merge(&mut self, other: Floods) {
        self.given_up += other.given_up;
        for (target, flood) in other.by_target {
            self.by_target.entry(target).or_default().merge(&flood);
        }
    }

    /// What a table may do without: `true` for pairs that go.
    pub(super) fn relieve(
        &mut self,
        table: &Table,
        full: usize,
        most: usize,
        flood: u32,
    ) -> impl Fn(&Lone<'_>) -> bool + use<> {
        let mut counts: Map<Address, u32> = Map::default();
        table.lone().filter_map(|lone| lone.target).for_each(|target| *counts.entry(target).or_default() += 1);
        counts.retain(|_, n| *n >= flood);
        let flooded: Set<Address> = counts.into_keys().collect();
        let mut gone = 0;
        for lone in table.lone() {
            if let Some(target) = lone.target.filter(|target| flooded.contains(target)) {
                self.by_target.entry(target).or_default().add(&lone);
                gone += 1;
            }
        }
        let mut before = i64::MIN;
        if table.len() >= most && table.len() - gone > full {
            let is_rest = |lone: &Lone<'_>| lone.target.is_none_or(|target| !flooded.contains(&target));
            let mut times: Vec<i64> = table.lone().filter(is_rest).map(|lone| lone.cell.last()).collect();
            if !times.is_empty() {
                let half = times.len() / 2;
                before = *times.select_nth_unstable(half).1;
                self.given_up += times.iter().filter(|time| **time < before).count() as u64;
            }
        }
        move |lone| lone.target.is_some_and(|target| flooded.contains(&target)) || lone.cell.last() < before
    }
}
