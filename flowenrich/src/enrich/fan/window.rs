//! A window that slides over flows in the order of their start, and the counts of each flow in the middle of it.
//!
//! A flow is looked at when the first one has come that starts more than half a window later: then all that start within
//! half a window after it are in, and those that start more than half a window before it are taken out. So each flow comes
//! in once, is looked at once and leaves once. Bound: the flows of one window.

use super::hosts::Hosts;
use flow_record::map::Map;
use std::collections::VecDeque;
use std::collections::hash_map::Entry as Place;

/// A flow; in the order of start, then line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Nanoseconds.
    pub(super) start: i64,
    /// The number of its line.
    pub(super) line: u64,
    /// The number of its source.
    pub(super) src: u32,
    /// The number of its destination.
    pub(super) dst: u32,
    /// It came too late to count for others.
    pub(super) late: bool,
}

impl Entry {
    fn ends(&self) -> [u32; 2] {
        [self.src, self.dst]
    }
}

/// The window.
pub(super) struct Window {
    /// Nanoseconds.
    half: i64,
    pub(super) hosts: Hosts,
    /// How many flows each pair has in the window.
    pairs: Map<[u32; 2], u32>,
    /// Flows in the window.
    flows: VecDeque<Entry>,
    /// Flows that were not looked at.
    next: VecDeque<Entry>,
}

impl Window {
    pub(super) fn new(half: i64) -> Window {
        let (hosts, pairs) = (Hosts::default(), Map::default());
        Window { half, hosts, pairs, flows: VecDeque::new(), next: VecDeque::new() }
    }

    /// Half the window, in nanoseconds.
    pub(super) fn half(&self) -> i64 {
        self.half
    }

    /// Takes in a flow that starts no earlier than those before; `tell` is given line, counts and lateness of those that
    /// are complete.
    pub(super) fn put(&mut self, entry: Entry, tell: impl FnMut(u64, [u32; 4], bool)) {
        self.settle(entry.start, tell);
        self.next.push_back(entry);
        if !entry.late {
            self.flows.push_back(entry);
            self.come(entry.ends());
        }
    }

    /// Looks at the flows that none can concern any more that starts at `start` or later.
    pub(super) fn settle(&mut self, start: i64, mut tell: impl FnMut(u64, [u32; 4], bool)) {
        while let Some(entry) = self.next.pop_front_if(|entry| entry.start.saturating_add(self.half) < start) {
            self.look(entry, &mut tell);
        }
    }

    /// Looks at all flows: nothing more comes.
    pub(super) fn close(&mut self, mut tell: impl FnMut(u64, [u32; 4], bool)) {
        while let Some(entry) = self.next.pop_front() {
            self.look(entry, &mut tell);
        }
    }

    fn look(&mut self, entry: Entry, tell: &mut impl FnMut(u64, [u32; 4], bool)) {
        let from = entry.start.saturating_sub(self.half);
        while let Some(old) = self.flows.pop_front_if(|old| old.start < from) {
            self.leave(old.ends());
            self.hosts.part(old.ends());
        }
        if entry.late {
            self.come(entry.ends());
        }
        tell(entry.line, self.hosts.counts(entry.ends()), entry.late);
        if entry.late {
            self.leave(entry.ends());
            self.hosts.part(entry.ends());
        }
    }

    fn come(&mut self, pair: [u32; 2]) {
        let flows = self.pairs.entry(pair).or_default();
        *flows += 1;
        if *flows == 1 {
            self.hosts.count(pair, true);
        }
    }

    fn leave(&mut self, pair: [u32; 2]) {
        if let Place::Occupied(mut place) = self.pairs.entry(pair) {
            *place.get_mut() -= 1;
            if *place.get() == 0 {
                place.remove();
                self.hosts.count(pair, false);
            }
        }
    }

    /// How many flows and pairs are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> [usize; 3] {
        [self.flows.len(), self.pairs.len(), self.hosts.len()]
    }
}
