//! The work on one line: every item takes it.
//!
//! One [`Detecting`] a thread, with a state of each item; the states are merged at the end. Who does what: flows are
//! consumed; rows are if an item scores rows; alerts, baselines, ticks and other rows pass. With `--tee` what is
//! consumed passes too, in its place.

use crate::item::Item;
use flow_record::row::Row;
use flow_record::run::{Fate, Out, Worker, pass};
use flow_record::scan::{Line, LineKind};

/// A thread's share of the work.
pub(crate) struct Detecting {
    /// In the order of the command line.
    pub(crate) items: Vec<Item>,
    tee: bool,
    scores_rows: bool,
    /// Whether there was a flow, and whether a row passed: to say what may be amiss.
    pub(crate) met: Met,
}

/// What came in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// Flows.
    pub(crate) flows: bool,
    /// Rows.
    pub(crate) rows: bool,
}

impl Detecting {
    /// With these items.
    pub(crate) fn new(items: Vec<Item>, tee: bool) -> Detecting {
        let scores_rows = items.iter().any(Item::scores_rows);
        Detecting { items, tee, scores_rows, met: Met::default() }
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Detecting) {
        self.items.iter_mut().zip(other.items).for_each(|(a, b)| a.merge(b));
        self.met.flows |= other.met.flows;
        self.met.rows |= other.met.rows;
    }

    #[inline]
    fn fate(&self, line: &Line<'_>, used: bool, why: &'static str, out: &mut Vec<u8>) -> Fate {
        match (self.tee, used) {
            (true, _) => pass(line, out),
            (false, true) => Fate::Used,
            (false, false) => Fate::Unused(why),
        }
    }
}

impl Worker for Detecting {
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        match line.kind {
            LineKind::Flow => {
                self.met.flows = true;
                let mut used = false;
                for item in &mut self.items {
                    used |= item.flow(line);
                }
                self.fate(line, used, "flow without what the detectors need", out)
            }
            LineKind::Row(_) => {
                self.met.rows = true;
                if !self.scores_rows {
                    return pass(line, out);
                }
                let mut used = false;
                if let Some(row) = Row::of(line) {
                    for item in &mut self.items {
                        used |= item.row(&row);
                    }
                }
                self.fate(line, used, "row without the column that is scored", out)
            }
            LineKind::Alert | LineKind::Baseline | LineKind::Tick => pass(line, out),
        }
    }
}
