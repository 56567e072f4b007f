//! `--dedup`, `--rejoin` and `--biflow`: flows wait until all flows of their conversation are there, then become records.
//!
//! ```text
//! flow ─► Store: waits ─► sorted by conversation and time ─► Groups: which become one ─► joined ─► by start, on
//! ```
//!
//! Sorting, not a table of open conversations, is what makes the result a function of the flows alone, whatever order they
//! came in. Flows wait to the end of input, unless there are more than `--max-flows` (then the conversations that have
//! been silent longest leave), or `--lateness` says how late flows may come (then each leaves once nothing can join it).
//!
//! Invariants: each flow leaves once, by itself or merged; no tick says a later time than the start of a flow that waits.
//! Bound: `--max-flows` flows and 1 KiB for each of them.

mod group;
mod join;
mod store;

use super::tick::Tick;
use super::{Next, Record, Step};
use flow_record::cli::duration;
use flow_record::people::read as people;
use flow_record::scan::LineKind;
use group::{Groups, Made, NONE, Out};
use join::{Chains, Joiner};
use std::str::FromStr;
use store::Store;

/// What is to be done; times in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    /// Of duplicates.
    pub(super) dedup: Option<Dedup>,
    /// Pieces of one direction are joined over gaps below this.
    pub(super) rejoin: Option<i64>,
    /// Directions are joined over gaps below this.
    pub(super) pair: Option<i64>,
    /// How late flows may come, if that is known.
    pub(super) lateness: Option<i64>,
    /// Flows that wait at most.
    pub(super) most: usize,
}

/// What is done with flows that several exporters report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dedup {
    /// Starts this near, in nanoseconds, are those of the same traffic.
    pub(super) window: i64,
    /// They are left out, not marked.
    pub(super) drops: bool,
}

/// Flows that wait at most, unless told.
pub(super) const FLOWS: usize = 1_000_000;

/// A duration of an option, in nanoseconds.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    let nanos = duration(text)?;
    i64::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos < i64::MAX / 4)
        .ok_or_else(|| "at most 73 years are expected".into())
}

/// A number of flows.
pub(super) fn most(text: &str) -> Result<usize, String> {
    let count = people::integer(text).filter(|n| (2..=1_000_000_000).contains(n));
    count.map(|n| n as usize).ok_or_else(|| "2 to 1G flows are expected, as 500000 or 2M".into())
}

impl FromStr for Dedup {
    type Err = String;

    fn from_str(text: &str) -> Result<Dedup, String> {
        let (drops, window) = match text.strip_prefix("drop") {
            Some("") => (true, "2s"),
            Some(rest) => (true, rest.strip_prefix(',').unwrap_or("")),
            None => (false, text),
        };
        let window = time(window).map_err(|_| "a duration or drop is expected, as 5s, drop or drop,5s".to_string())?;
        Ok(Dedup { window, drops })
    }
}

/// Bytes that a flow may take on average before fewer flows wait.
const ROOM: u64 = 1024;

pub(super) struct Gather {
    plan: Plan,
    store: Store,
    groups: Groups,
    stays: Vec<bool>,
    /// The latest moment of a flow.
    now: i64,
    /// When the last flows left.
    left: i64,
    /// Records that left before their time was up.
    early: u64,
    joiner: Joiner,
}

/// The step, if there is something to do.
pub(super) fn step(plan: Plan) -> Option<Box<dyn Step>> {
    let is_needed = plan.dedup.is_some() || plan.rejoin.is_some() || plan.pair.is_some();
    is_needed.then(|| Box::new(Gather::new(plan)) as Box<dyn Step>)
}

impl Gather {
    fn new(plan: Plan) -> Gather {
        Gather {
            plan,
            store: Store::default(),
            groups: Groups::default(),
            stays: Vec::new(),
            now: i64::MIN,
            left: i64::MIN,
            early: 0,
            joiner: Joiner::new(plan.pair.is_some()),
        }
    }
}

impl Step for Gather {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if let Some(end) = self.store.keep(record) {
            self.now = self.now.max(end);
        }
        let full = self.store.held.len() >= self.plan.most || self.store.size() >= self.plan.most as u64 * ROOM;
        if full {
            self.make_room(next);
        } else {
            self.leave_by_time(next);
        }
    }

    /// A tick says how far the time is: what nothing can join any more leaves, and the tick follows with the start of the
    /// earliest flow that waits, so that this one does not come late to whoever closes windows by ticks.
    fn line(&mut self, kind: LineKind<'_>, text: &str, next: &mut Next<'_, '_>) {
        let Some(tick) = Tick::of(kind, text) else { return next.line(kind, text) };
        self.now = self.now.max(tick.nanos);
        self.leave_by_time(next);
        let earliest = self.store.held.iter().map(|held| held.start).filter(|start| *start > i64::MIN).min();
        tick.pass(earliest, next);
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        self.leave(i64::MAX, next);
        self.joiner.tell(next);
        next.detail("left early", std::mem::take(&mut self.early));
    }
}

impl Gather {
    /// What comes later than this after a flow has nothing to do with it.
    fn timeout(&self) -> i64 {
        let window = self.plan.dedup.map(|d| d.window);
        [self.plan.pair, self.plan.rejoin, window].into_iter().flatten().max().unwrap_or(0)
    }

    /// Lets all leave that the time says nothing can join, if it has gone on enough.
    fn leave_by_time(&mut self, next: &mut Next<'_, '_>) {
        if let Some(lateness) = self.plan.lateness
            && self.now.saturating_sub(self.left) > (lateness + self.timeout()) / 4
        {
            self.left = self.now;
            self.leave(self.now.saturating_sub(lateness), next);
        }
    }

    /// Lets half of the flows leave, those of the conversations that have been silent longest.
    #[cold]
    fn make_room(&mut self, next: &mut Next<'_, '_>) {
        let mut ends: Vec<i64> = self.store.held.iter().map(|h| h.end).collect();
        let half = ends.len() / 2;
        let (_, end, _) = ends.select_nth_unstable(half);
        let horizon = end.saturating_add(self.timeout()).saturating_add(1);
        let before = self.early;
        self.leave(horizon, next);
        if self.store.held.len() > self.plan.most / 8 * 7 || self.store.size() > self.plan.most as u64 * ROOM / 8 * 7 {
            self.leave(i64::MAX, next);
        }
        if self.early > before {
            next.warn(
                "times that --max-flows was reached",
                || "--max-flows is reached: what was silent longest leaves, and is not joined with what may follow",
            );
        }
    }

    /// Lets all leave that nothing can join once the time is `horizon`.
    fn leave(&mut self, horizon: i64, next: &mut Next<'_, '_>) {
        self.store.sort();
        let mut groups = std::mem::take(&mut self.groups);
        groups.all(&self.store.held, &self.plan);
        let timeout = self.timeout();
        let is_done = |out: &Out, at: i64| at == i64::MAX || out.end.saturating_add(timeout) < at;
        self.stays.clear();
        if horizon < i64::MAX {
            self.stays.resize(self.store.held.len(), false);
            groups.hold_back(|out| is_done(out, horizon));
            for out in groups.outs.iter().filter(|out| !is_done(out, horizon)) {
                let pair = if let Made::Pair(other) = out.made { other } else { NONE };
                for first in [out.first, pair] {
                    let mut at = first;
                    while let Some(stays) = self.stays.get_mut(at as usize) {
                        *stays = true;
                        at = groups.links[at as usize];
                    }
                }
            }
            groups.outs.retain(|out| is_done(out, horizon));
        }
        groups.outs.sort_unstable_by_key(|out| (out.start, out.hash, out.first));
        self.early += groups.outs.iter().filter(|out| horizon < i64::MAX && !is_done(out, self.now)).count() as u64;
        let drops = self.plan.dedup.is_some_and(|d| d.drops);
        self.joiner.all(&groups.outs, Chains { store: &self.store, links: &groups.links, drops }, next);
        self.groups = groups;
        self.store.retain(&self.stays);
    }
}

#[cfg(test)]
mod tests;
