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
//! Invariant: each flow leaves once, by itself or merged. Bound: `--max-flows` flows and 1 KiB for each of them.

mod group;
mod store;

use super::biflow::Judge;
use super::conversation::{Key, absorb};
use super::member::{extras_but, write_word};
use super::{Form, Next, Record, Step};
use flow_record::cli::duration;
use flow_record::people::read as people;
use flow_record::record::Flow;
use flow_record::record::field;
use group::{Groups, Made, NONE, Out};
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
    judge: Judge,
    store: Store,
    groups: Groups,
    stays: Vec<bool>,
    /// The latest moment of a flow.
    now: i64,
    /// When the last flows left.
    left: i64,
    duplicates: u64,
    /// Records that left before their time was up.
    early: u64,
    /// Flows and further members that records are made of.
    flows: [Flow; 3],
    extras: [Vec<u8>; 2],
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
            judge: Judge::new(plan.pair.is_some()),
            store: Store::default(),
            groups: Groups::default(),
            stays: Vec::new(),
            now: i64::MIN,
            left: i64::MIN,
            duplicates: 0,
            early: 0,
            flows: Default::default(),
            extras: Default::default(),
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
        } else if let Some(lateness) = self.plan.lateness
            && self.now.saturating_sub(self.left) > (lateness + self.timeout()) / 4
        {
            self.left = self.now;
            self.leave(self.now.saturating_sub(lateness), next);
        }
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        self.leave(i64::MAX, next);
        next.detail("duplicates", std::mem::take(&mut self.duplicates));
        next.detail("left early", std::mem::take(&mut self.early));
    }
}

impl Gather {
    /// What comes later than this after a flow has nothing to do with it.
    fn timeout(&self) -> i64 {
        let window = self.plan.dedup.map(|d| d.window);
        [self.plan.pair, self.plan.rejoin, window].into_iter().flatten().max().unwrap_or(0)
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
        for out in &groups.outs {
            self.early += u64::from(horizon < i64::MAX && !is_done(out, self.now));
            self.hand_on(out, &groups.links, next);
        }
        self.groups = groups;
        self.store.retain(&self.stays);
    }

    /// Makes a record and hands it on.
    fn hand_on(&mut self, out: &Out, links: &[u32], next: &mut Next<'_, '_>) {
        let [one, two, part] = &mut self.flows;
        match out.made {
            Made::Alone => {
                let form = self.store.load_from(out.place, one);
                next.flow(Record { flow: one, form });
            }
            Made::Stream => {
                let [extras, _] = &mut self.extras;
                chain(&self.store, links, out.first, [one, part], extras, next);
                next.flow(Record { flow: one, form: Form::Fields(extras) });
            }
            Made::Pair(other) => {
                let [extras, back] = &mut self.extras;
                chain(&self.store, links, out.first, [one, part], extras, next);
                chain(&self.store, links, other, [two, part], back, next);
                if !Key::of(one).is_same(&Key::of(two)) {
                    next.flow(Record { flow: one, form: Form::Fields(extras) });
                    return next.flow(Record { flow: two, form: Form::Fields(back) });
                }
                let (is_client, reason) = self.judge.judge(one, two);
                let (client, server, extras) = if is_client { (one, two, extras) } else { (two, one, back) };
                absorb(client, server, false);
                write_word("dir_reason", reason, extras);
                next.merged(1);
                next.flow(Record { flow: client, form: Form::Fields(extras) });
            }
            Made::Duplicate(of) => {
                self.duplicates += 1;
                if self.plan.dedup.is_some_and(|d| d.drops) {
                    return next.filtered();
                }
                self.store.load(of, two);
                let [extras, _] = &mut self.extras;
                extras_but(self.store.load(out.first, one), &["dup_of"], extras);
                if let Some(exporter) = two.address(field::EXPORTER) {
                    write_word("dup_of", &exporter.to_string(), extras);
                }
                next.flow(Record { flow: one, form: Form::Fields(extras) });
            }
        }
    }
}

/// Joins the flows of one stream into the first of `flows`; `extras` are the further members of its first flow.
fn chain(
    store: &Store,
    links: &[u32],
    first: u32,
    [flow, part]: [&mut Flow; 2],
    extras: &mut Vec<u8>,
    next: &mut Next<'_, '_>,
) {
    extras_but(store.load(first, flow), &["dir_reason"], extras);
    let key = Key::of(flow);
    let mut at = links[first as usize];
    while at != NONE {
        let form = store.load(at, part);
        let of_part = Key::of(part);
        if key.is_same(&of_part) {
            absorb(flow, part, key.from_low == of_part.from_low);
            next.merged(1);
        } else {
            // Another conversation with the same hash.
            next.flow(Record { flow: part, form });
        }
        at = links[at as usize];
    }
}

#[cfg(test)]
mod tests;
