//! The detectors: one file each, and one row each in [`DETECTORS`].
//!
//! A row says what a detector is ([`Spec`]) and how it is built; what it has taken so far is a state that merges
//! ([`Detect`]). Invariant of every state: a function of the multiset of lines taken, so that neither their order nor the
//! number of threads shows in the alerts. To add a detector, write its file and add its row.

mod beacon;
mod exfil;
mod fence;
mod iqr;
mod mad;
mod portscan;
mod sigma;
mod sweep;
mod zscore;

use crate::alert::Alert;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Flow;
use flow_record::row::Row;
use flow_record::scan::Line;
use std::any::Any;

/// One detector.
pub(crate) struct Detector {
    /// What it computes.
    pub(crate) spec: &'static Spec,
    /// Builds it; reads what it needs to know beforehand, such as a file of thresholds.
    pub(crate) build: fn(&Args, &mut Watch) -> anyhow::Result<Box<dyn State>>,
    /// Whether it runs when no detector is named.
    pub(crate) by_default: bool,
    /// The parameter without which it cannot run.
    pub(crate) needs: Option<&'static str>,
}

/// All detectors.
pub(crate) const DETECTORS: &[Detector] = &[
    zscore::DETECTOR,
    iqr::DETECTOR,
    mad::DETECTOR,
    sigma::DETECTOR,
    fence::DETECTOR,
    portscan::DETECTOR,
    sweep::DETECTOR,
    exfil::DETECTOR,
    beacon::DETECTOR,
];

/// The item that stands for every detector whose needs are met.
pub(crate) static ALL: Spec = Spec {
    name: "all",
    about: "every detector whose needs are met; says which it left out and why",
    explain: "\
Stands for all detectors at their defaults, in the order of --list. A detector that is also named is taken as it was \
named, in the place of `all`. Detectors that cannot run without a parameter, such as a file of thresholds, are left out, \
and a note says so.

Without any item the default set runs: portscan, sweep, exfil and beacon, which look for behaviour. zscore, iqr and mad \
call whatever is far from the rest, which in traffic is every busy server; they run when they are named, here included.",
    params: &[],
    needs: &[],
    columns: &[],
    memory: "the sum of the detectors' own",
    source: "",
};

/// Every item, as `--list` shows them.
pub(crate) fn specs() -> Vec<&'static Spec> {
    DETECTORS.iter().map(|d| d.spec).chain([&ALL]).collect()
}

/// Whether a line was of use: if not, what it lacks.
pub(crate) type Taken = Result<(), &'static str>;

/// What a detector found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In any order.
    pub(crate) alerts: Vec<Alert>,
    /// What the user should know of how they came about, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Whether a detector's rule can be put to single flows (`--mark`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marks {
    /// It judges more than a flow.
    Never,
    /// Its thresholds are known beforehand.
    AtOnce,
    /// Its thresholds come from the whole input.
    Afterwards,
}

/// The state of one use of a detector.
pub(crate) trait Detect: Clone + Send + Sync + 'static {
    /// Takes a flow.
    fn flow(&mut self, line: &Line<'_>) -> Taken;

    /// Takes a row; called only where [`Detect::scores_rows`].
    fn row(&mut self, _row: &Row<'_>) -> Taken {
        Ok(())
    }

    /// Whether it takes flows.
    fn scores_flows(&self) -> bool {
        true
    }

    /// Whether it takes rows.
    fn scores_rows(&self) -> bool {
        false
    }

    /// Adds all that another state of the same use has taken.
    fn merge(&mut self, other: Self);

    /// What follows from all that was taken.
    fn finish(self, found: &mut Found);

    /// Whether single flows can be marked.
    fn marks(&self) -> Marks {
        Marks::Never
    }

    /// Names of the rules that a flow is marked with, at most 64.
    fn rules(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Fixes the thresholds of [`Marks::Afterwards`]; to be called when all was taken.
    fn settle(&mut self, _found: &mut Found) {}

    /// The rules that hold for a flow: bit `i` is that of name `i`.
    fn mark(&self, _flow: &Flow) -> u64 {
        0
    }
}

/// [`Detect`] for all detectors alike.
pub(crate) trait State: Any + Send + Sync {
    /// See [`Detect::flow`].
    fn flow(&mut self, line: &Line<'_>) -> Taken;
    /// See [`Detect::row`].
    fn row(&mut self, row: &Row<'_>) -> Taken;
    /// See [`Detect::scores_flows`].
    fn scores_flows(&self) -> bool;
    /// See [`Detect::scores_rows`].
    fn scores_rows(&self) -> bool;
    /// The same again, for another thread.
    fn again(&self) -> Box<dyn State>;
    /// See [`Detect::merge`].
    fn merge(&mut self, other: Box<dyn State>);
    /// See [`Detect::finish`].
    fn finish(self: Box<Self>, found: &mut Found);
    /// See [`Detect::marks`].
    fn marks(&self) -> Marks;
    /// See [`Detect::rules`].
    fn rules(&self) -> Vec<&'static str>;
    /// See [`Detect::settle`].
    fn settle(&mut self, found: &mut Found);
    /// See [`Detect::mark`].
    fn mark(&self, flow: &Flow) -> u64;
}

impl<T: Detect> State for T {
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        Detect::flow(self, line)
    }

    fn row(&mut self, row: &Row<'_>) -> Taken {
        Detect::row(self, row)
    }

    fn scores_flows(&self) -> bool {
        Detect::scores_flows(self)
    }

    fn scores_rows(&self) -> bool {
        Detect::scores_rows(self)
    }

    fn again(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other: Box<dyn Any> = other;
        // States of one place in the list of items are of one type.
        if let Ok(other) = other.downcast::<T>() {
            Detect::merge(self, *other);
        }
    }

    fn finish(self: Box<Self>, found: &mut Found) {
        Detect::finish(*self, found);
    }

    fn marks(&self) -> Marks {
        Detect::marks(self)
    }

    fn rules(&self) -> Vec<&'static str> {
        Detect::rules(self)
    }

    fn settle(&mut self, found: &mut Found) {
        Detect::settle(self, found);
    }

    fn mark(&self, flow: &Flow) -> u64 {
        Detect::mark(self, flow)
    }
}

/// The members beside the record's that the scanner is to watch.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    names: Vec<String>,
}

impl Watch {
    /// Watches these, in this order, and says where the first of them is.
    pub(crate) fn add<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> usize {
        let at = self.names.len();
        self.names.extend(names.map(str::to_owned));
        at
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

/// A parameter that is an integer of at least `min`.
const fn at_least(
    min: u64,
    name: &'static str,
    default: &'static str,
    unit: &'static str,
    about: &'static str,
) -> Param {
    Param::new(name, ParamKind::Integer(min, u64::MAX), default, unit, about)
}

/// A parameter that is a number from 0 on.
const fn at_least_0(name: &'static str, default: &'static str, unit: &'static str, about: &'static str) -> Param {
    Param::new(name, ParamKind::Number(0.0, f64::INFINITY), default, unit, about)
}

#[cfg(test)]
pub(crate) mod tests;
