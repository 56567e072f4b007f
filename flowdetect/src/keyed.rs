//! States of many keys: flows that concern a detector, tallied by key, and judged at the end.
//!
//! A [`Sort`] says which flows it is about, under which key, and what follows from the tally of each. Invariant: a tally is
//! a function of the multiset of its flows. Bound: [`Sort::MOST`] keys; where there are more, half of them, those whose last
//! flow is oldest, are given up and counted.

use crate::detect::{Found, Mark, ToAlerts};
use flow_record::map::{Map, merge};
use flow_record::people::count;
use flow_record::record::Flow;
use flow_record::scan::Line;
use flow_record::state::{State, Taken};
use std::hash::Hash;

/// What is kept of a key.
pub(crate) trait Tally: Clone + Send + Sync + 'static {
    /// Adds all of another tally of the same key.
    fn merge(&mut self, other: Self);

    /// The start of its last flow, in nanoseconds.
    fn last(&self) -> i64;
}

/// A sort of finding.
pub(crate) trait Sort: Clone + Send + Sync + 'static {
    /// Whom a finding is about.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// What is kept of a key.
    type Tally: Tally;

    /// Most keys.
    const MOST: usize = 1 << 22;

    /// Whether what was found stays true whatever else comes.
    const RISES: bool = false;

    /// The key of a flow that is of its sort; what the flow lacks, where that cannot be told.
    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str>;

    /// A tally of nothing.
    fn tally(&self) -> Self::Tally;

    /// Adds a flow to the tally of its key.
    fn add(&self, key: &Self::Key, tally: &mut Self::Tally, flow: &Flow);

    /// What follows from a tally.
    fn judge(&self, key: &Self::Key, tally: &Self::Tally, found: &mut Found);
}

/// The tallies of all keys.
#[derive(Clone)]
pub(crate) struct Keyed<S: Sort> {
    sort: S,
    tallies: Map<S::Key, S::Tally>,
    /// Keys that were given up.
    given_up: u64,
}

impl<S: Sort> Keyed<S> {
    /// No flows yet.
    pub(crate) fn new(sort: S) -> Keyed<S> {
        Keyed { sort, tallies: Map::default(), given_up: 0 }
    }

    #[cold]
    fn give_up(&mut self) {
        let mut ages: Vec<i64> = self.tallies.values().map(Tally::last).collect();
        let half = ages.len() / 2;
        let (_, median, _) = ages.select_nth_unstable(half);
        let (median, before) = (*median, self.tallies.len());
        let mut spare = half;
        // As many as are older, and of equally old ones no more than half of all.
        self.tallies.retain(|_, tally| {
            let goes = tally.last() <= median && spare > 0;
            spare -= usize::from(goes);
            !goes
        });
        self.given_up += (before - self.tallies.len()) as u64;
    }
}

impl<S: Sort> State for Keyed<S> {
    type Goal = ToAlerts;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(key) = self.sort.key(line.flow)? else { return Ok(()) };
        if self.tallies.len() >= S::MOST && !self.tallies.contains_key(&key) {
            self.give_up();
        }
        match self.tallies.get_mut(&key) {
            Some(tally) => self.sort.add(&key, tally, line.flow),
            None => {
                let mut tally = self.sort.tally();
                self.sort.add(&key, &mut tally, line.flow);
                self.tallies.insert(key, tally);
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Keyed<S>) {
        merge(&mut self.tallies, other.tallies, |a, b| a.merge(b));
        self.given_up += other.given_up;
        if self.tallies.len() > S::MOST {
            self.give_up();
        }
    }

    fn is_empty(&self) -> bool {
        self.tallies.is_empty() && self.given_up == 0
    }

    fn empty(&self) -> Keyed<S> {
        Keyed::new(self.sort.clone())
    }

    fn finish(self, found: &mut Found) {
        if self.given_up > 0 {
            let n = count(self.given_up, "keys");
            found
                .notes
                .push(format!("{n} given up for want of room, those of the oldest flows; some may be missing here"));
        }
        self.tallies.iter().for_each(|(key, tally)| self.sort.judge(key, tally, found));
    }
}

impl<S: Sort> Mark for Keyed<S> {
    fn rises(&self) -> bool {
        S::RISES
    }
}
