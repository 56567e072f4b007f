//! Consumers of alerts: `evaluate`, `incidents`, `tune`. A run has at most one, which takes the alerts of its detectors and
//! those that come in, and writes rows in their place.

use crate::evaluate::{self, Evaluate};
use crate::incidents::{self, Incidents};
use crate::item::Outcome;
use crate::tune::{self, Tune};
use flow_record::item::{Args, Spec};
use flow_record::scan::{Line, LineKind};
use flow_record::state::Setup;

/// All of them, as `--list` shows them.
pub(crate) const SPECS: [&Spec; 3] = [&evaluate::SPEC, &incidents::SPEC, &tune::SPEC];

/// A consumer, with what it has taken.
#[derive(Clone, Debug)]
pub(crate) enum Consumer {
    Evaluate(Box<Evaluate>),
    Incidents(Box<Incidents>),
    Tune(Box<Tune>),
}

impl Consumer {
    /// The one that an item asks for; `None` where the item is a detector.
    pub(crate) fn of(args: &Args, setup: &mut Setup) -> Option<Consumer> {
        Some(match args.spec.name {
            name if name == evaluate::SPEC.name => Consumer::Evaluate(Box::new(Evaluate::new(args, setup))),
            name if name == incidents::SPEC.name => Consumer::Incidents(Box::new(Incidents::new(args))),
            name if name == tune::SPEC.name => Consumer::Tune(Box::new(Tune::new(args))),
            _ => return None,
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Consumer::Evaluate(_) => evaluate::SPEC.name,
            Consumer::Incidents(_) => incidents::SPEC.name,
            Consumer::Tune(_) => tune::SPEC.name,
        }
    }

    /// The same, given nothing.
    pub(crate) fn empty(&self) -> Consumer {
        match self {
            Consumer::Evaluate(evaluate) => Consumer::Evaluate(Box::new(evaluate.empty())),
            Consumer::Incidents(incidents) => Consumer::Incidents(Box::new(incidents.empty())),
            Consumer::Tune(tune) => Consumer::Tune(Box::new(tune.empty())),
        }
    }

    /// Takes a line, if it is of a kind that it takes; says whether.
    #[inline]
    pub(crate) fn take(&mut self, line: &Line<'_>) -> bool {
        match (self, line.kind) {
            (Consumer::Evaluate(evaluate), LineKind::Flow | LineKind::Alert) => {
                evaluate.take(line);
                true
            }
            (Consumer::Incidents(incidents), LineKind::Alert) => {
                incidents.take(line.text);
                true
            }
            (Consumer::Tune(tune), LineKind::Flow) => {
                tune.flow(line.flow);
                true
            }
            _ => false,
        }
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Consumer) {
        match (self, other) {
            (Consumer::Evaluate(a), Consumer::Evaluate(b)) => a.merge(*b),
            (Consumer::Incidents(a), Consumer::Incidents(b)) => a.merge(*b),
            (Consumer::Tune(a), Consumer::Tune(b)) => a.merge(*b),
            _ => {}
        }
    }

    /// Takes what a detector of this run found.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        match self {
            Consumer::Evaluate(evaluate) => evaluate.outcome(outcome),
            Consumer::Incidents(incidents) => incidents.outcome(outcome),
            Consumer::Tune(tune) => tune.outcome(outcome),
        }
    }

    /// Its rows, as lines, and what the user should know; `detectors` are the names of those of this run.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn finish(self, detectors: &[String]) -> anyhow::Result<(Vec<u8>, Vec<String>)> {
        match self {
            Consumer::Evaluate(evaluate) => Ok(evaluate.finish(detectors)),
            Consumer::Incidents(incidents) => Ok(incidents.finish()),
            Consumer::Tune(tune) => tune.finish(),
        }
    }
}
