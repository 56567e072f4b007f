//! The work on one line: every item takes it.
//!
//! One [`Detecting`] a thread; they are merged at the end. Who does what: flows are consumed; rows are if an item scores
//! rows, alerts if a consumer of alerts is named; alerts else, baselines, ticks and other rows pass. With `--tee` what is
//! consumed passes too, in its place.

use crate::consumer::Consumer;
use crate::detectors::Detectors;
use flow_record::run::{Fate, Out, Worker, pass};
use flow_record::scan::{Line, LineKind};

/// A thread's share of the work.
pub(crate) struct Detecting {
    /// The state.
    pub(crate) detectors: Detectors,
    /// Takes the alerts.
    pub(crate) consumer: Option<Consumer>,
    tee: bool,
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
    /// With these detectors.
    pub(crate) fn new(detectors: Detectors, tee: bool) -> Detecting {
        Detecting { detectors, consumer: None, tee, met: Met::default() }
    }

    /// The same, with this consumer of alerts.
    pub(crate) fn with(self, consumer: Option<Consumer>) -> Detecting {
        Detecting { consumer, ..self }
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Detecting) {
        self.detectors.merge(other.detectors);
        if let (Some(consumer), Some(more)) = (&mut self.consumer, other.consumer) {
            consumer.merge(more);
        }
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
        let why = match line.kind {
            LineKind::Flow => {
                self.met.flows = true;
                "flow without what the detectors need"
            }
            LineKind::Row(_) => {
                self.met.rows = true;
                "row without the column that is scored"
            }
            _ => "line without what the detectors need",
        };
        if let Some(consumer) = &mut self.consumer
            && consumer.take(line)
        {
            self.detectors.take(line);
            return self.fate(line, true, why, out);
        }
        if line.kind != LineKind::Flow && !self.detectors.takes().takes(line.kind) {
            return pass(line, out);
        }
        let used = self.detectors.take(line);
        self.fate(line, used, why, out)
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if let Some(now) = line.flow.time() {
            self.detectors.tick(now);
        }
        pass(line, out)
    }
}
