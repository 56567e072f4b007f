//! States by time: each line goes to the pane in which its flow began, and panes that are over become windows.
//!
//! A pane is over when time has come so far beyond its end as lines may be late. Where windows do not overlap, it is then
//! merged into its window; else it is kept as long as windows have it, and each window is merged from copies of its panes.
//! A line that is too late for its pane still goes where that is right: to what is left of its time in windows to come.
//! Bound: the states of a window and of what may be late.

use super::layout::Layout;
use crate::alert::{Alert, Naming};
use crate::detectors::Detectors;
use crate::item::{Lacks, Outcome, count_lack};
use flow_record::scan::Line;
use flow_record::value::Time;
use std::collections::BTreeMap;

/// Panes and windows that are not over.
pub(super) struct Panes {
    layout: Layout,
    /// As states begin.
    empty: Detectors,
    /// By number, those that lines still go to.
    open: BTreeMap<i64, Detectors>,
    /// Panes that are over by number; or, where windows do not overlap, windows by the number of their first pane.
    kept: BTreeMap<i64, Detectors>,
    /// All panes up to this one are over.
    over: Option<i64>,
    /// How far time has come.
    now: i64,
    /// What lines lacked, for each item.
    pub(super) lacks: Vec<Lacks>,
}

/// What became of a line.
pub(super) enum Took {
    /// An item could use it.
    Used,
    /// None could.
    Unused,
    /// No window to come has its time.
    Late,
}

/// Takes what windows come to.
pub(super) trait Close {
    /// A window is over, or has come so far that something is certain.
    fn close(&mut self, window: Window, naming: &Naming, alerts: Vec<Alert>, notes: Vec<String>);
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Its first nanosecond.
    pub(super) start: Time,
    /// The first that is no longer in it.
    pub(super) end: Time,
}

impl Panes {
    pub(super) fn new(layout: Layout, empty: Detectors) -> Panes {
        let lacks = vec![Lacks::new(); empty.items().len()];
        Panes { layout, empty, open: BTreeMap::new(), kept: BTreeMap::new(), over: None, now: i64::MIN, lacks }
    }

    /// Takes a line about this time.
    #[inline]
    pub(super) fn take(&mut self, time: Time, line: &Line<'_>) -> Took {
        let pane = time.nanos().div_euclid(self.layout.pane);
        let state = match self.over {
            Some(over) if pane <= over => match self.kept_of(pane, over) {
                Some(state) => state,
                None => return Took::Late,
            },
            _ => self.open.entry(pane).or_insert_with(|| self.empty.empty()),
        };
        if state.take(line) { Took::Used } else { Took::Unused }
    }

    /// Where a pane that is over still counts.
    fn kept_of(&mut self, pane: i64, over: i64) -> Option<&mut Detectors> {
        let panes = self.layout.panes;
        let (at, last) = match self.layout.slides {
            true => (pane, pane.saturating_add(panes - 1)),
            false => (self.first_of(pane), self.first_of(pane).saturating_add(panes - 1)),
        };
        (last > over).then(|| self.kept.entry(at).or_insert_with(|| self.empty.empty()))
    }

    /// The first pane of the window that has this pane, where windows do not overlap.
    fn first_of(&self, pane: i64) -> i64 {
        pane.div_euclid(self.layout.panes).saturating_mul(self.layout.panes)
    }

    /// Time has come so far.
    #[inline]
    pub(super) fn advance(&mut self, now: Time, to: &mut impl Close) {
        if now.nanos() <= self.now {
            return;
        }
        self.now = now.nanos();
        let certain = self.now.saturating_sub(self.layout.lateness);
        let upto = certain.div_euclid(self.layout.pane).saturating_sub(1);
        if self.over.is_none_or(|over| upto > over) {
            self.close(upto, to);
        }
    }

    /// Nothing more is to come.
    pub(super) fn end(&mut self, to: &mut impl Close) {
        if let Some(last) = self.open.keys().chain(self.kept.keys()).max().copied() {
            // Windows that overlap and end later would have a part of what was found before.
            let more = if self.layout.slides { 0 } else { self.layout.panes };
            self.close(last.saturating_add(more), to);
        }
    }

    /// Closes all panes up to this one.
    #[cold]
    fn close(&mut self, upto: i64, to: &mut impl Close) {
        while let Some(pane) = self.next().filter(|pane| *pane <= upto) {
            self.over = Some(pane);
            match self.layout.slides {
                true => self.slide(pane, to),
                false => self.step(pane, to),
            }
        }
        self.over = self.over.max(Some(upto));
    }

    /// The next pane at whose end there is something to do.
    fn next(&self) -> Option<i64> {
        let open = self.open.keys().next().copied();
        let kept = self.kept.keys().next().map(|first| match (self.layout.slides, self.over) {
            (true, Some(over)) => over.saturating_add(1),
            (true, None) => *first,
            (false, _) => first.saturating_add(self.layout.panes - 1),
        });
        match (open, kept) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Takes a pane that is over.
    fn closed(&mut self, pane: i64) -> Option<Detectors> {
        let mut state = self.open.remove(&pane)?;
        self.note_lacks(&mut state);
        Some(state)
    }

    fn note_lacks(&mut self, state: &mut Detectors) {
        for (all, lacks) in self.lacks.iter_mut().zip(state.take_lacks()) {
            lacks.into_iter().for_each(|(what, n)| count_lack(all, what, n));
        }
    }

    /// A pane is over, and windows do not overlap.
    fn step(&mut self, pane: i64, to: &mut impl Close) {
        let first = self.first_of(pane);
        let is_last = pane == first.saturating_add(self.layout.panes - 1);
        let fresh = self.closed(pane);
        let is_fresh = fresh.is_some();
        match (self.kept.get_mut(&first), fresh) {
            (Some(window), Some(state)) => window.merge(state),
            (None, Some(state)) => {
                self.kept.insert(first, state);
            }
            (_, None) => {}
        }
        let window = self.window(first);
        if is_last {
            if let Some(mut state) = self.kept.remove(&first) {
                self.note_lacks(&mut state);
                finish(state, window, to);
            }
        } else if let Some(state) = self.kept.get(&first).filter(|_| is_fresh) {
            for (naming, alerts) in state.look() {
                to.close(window, naming, alerts, Vec::new());
            }
        }
    }

    /// A pane is over, and a window ends with it.
    fn slide(&mut self, pane: i64, to: &mut impl Close) {
        if let Some(state) = self.closed(pane) {
            self.kept.insert(pane, state);
        }
        let first = pane.saturating_sub(self.layout.panes - 1);
        let mut states = self.kept.range(first..=pane).map(|(_, state)| state.copy());
        if let Some(mut whole) = states.next() {
            states.for_each(|state| whole.merge(state));
            // What lines lacked was noted when their pane was over.
            whole.take_lacks();
            finish(whole, self.window(first), to);
        }
        self.kept = self.kept.split_off(&first.saturating_add(1));
    }

    /// The window that begins with this pane.
    fn window(&self, first: i64) -> Window {
        let start = self.layout.start(first);
        Window { start: Time(start), end: Time(start.saturating_add(self.layout.window())) }
    }
}

fn finish(state: Detectors, window: Window, to: &mut impl Close) {
    for Outcome { naming, alerts, notes } in state.finish() {
        to.close(window, &naming, alerts, notes);
    }
}
