//! The alerts of a report, by detector: all counted, the largest kept.
//!
//! Which are kept depends on the alerts alone: value descending, then the line's bytes. Bounds: [`MAX_DETECTORS`]
//! names, of more the first in the order of bytes; the number of alerts that a report shows of each.

use flow_record::alert::{self, Read, Reader};
use flow_record::scan::Line;
use flow_record::value::Number;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Names of detectors that are told apart.
const MAX_DETECTORS: usize = 1024;

/// Alerts by detector.
#[derive(Clone)]
pub(super) struct Alerts {
    reader: Reader,
    /// How many are kept of each detector.
    shown: usize,
    /// All alerts.
    pub(super) total: u64,
    pub(super) detectors: BTreeMap<Box<str>, Detector>,
    is_cut: bool,
}

/// The alerts of one detector.
#[derive(Clone, Default)]
pub(super) struct Detector {
    pub(super) count: u64,
    /// The largest, in order once finished.
    pub(super) largest: Vec<Alert>,
}

/// An alert: its value, and its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alert {
    value: Option<Number>,
    pub(super) line: Box<str>,
}

impl Alert {
    fn order(&self, other: &Alert) -> Ordering {
        alert::order(self.value, other.value).then_with(|| self.line.cmp(&other.line))
    }
}

impl Detector {
    fn keep(&mut self, alert: Alert, shown: usize) {
        self.largest.push(alert);
        if self.largest.len() > 2 * shown {
            self.cut(shown);
        }
    }

    fn cut(&mut self, shown: usize) {
        self.largest.sort_unstable_by(Alert::order);
        self.largest.truncate(shown);
    }
}

impl Alerts {
    pub(super) fn new(reader: Reader, shown: usize) -> Alerts {
        Alerts { reader, shown, total: 0, detectors: BTreeMap::new(), is_cut: false }
    }

    /// None of what these are.
    pub(super) fn empty(&self) -> Alerts {
        Alerts::new(self.reader, self.shown)
    }

    /// Adds an alert; one without a value comes after those that have one.
    pub(super) fn add(&mut self, line: &Line<'_>) {
        self.total += 1;
        let Read { detector: name, value, .. } = self.reader.read(line);
        let detector = match self.detectors.get_mut(&*name) {
            Some(detector) => detector,
            None => self.detectors.entry(name.into()).or_default(),
        };
        detector.count += 1;
        detector.keep(Alert { value, line: line.text.into() }, self.shown);
        self.bound();
    }

    /// A name that is among the first in the end was so all the time, so none of its alerts is lost.
    fn bound(&mut self) {
        while self.detectors.len() > MAX_DETECTORS {
            self.detectors.pop_last();
            self.is_cut = true;
        }
    }

    pub(super) fn merge(&mut self, other: Alerts) {
        self.total += other.total;
        self.is_cut |= other.is_cut;
        for (name, more) in other.detectors {
            let detector = self.detectors.entry(name).or_default();
            detector.count += more.count;
            more.largest.into_iter().for_each(|a| detector.keep(a, self.shown));
        }
        self.bound();
    }

    /// Puts the alerts in order.
    pub(super) fn finish(&mut self) {
        self.detectors.values_mut().for_each(|d| d.cut(self.shown));
    }

    pub(super) fn told(&self) -> Option<String> {
        self.is_cut.then(|| format!("more than {MAX_DETECTORS} detectors; the first in the order of bytes are shown"))
    }
}
