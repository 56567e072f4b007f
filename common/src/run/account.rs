//! The accounts: every line read has one fate, every line written an origin.
//!
//! read = used + passed + filtered + merged + unused + late + rejected, and written = passed + made - evicted.

use crate::people::{count, figures};
use std::collections::BTreeMap;

/// Details that the accounting line shows; there may be thousands of inputs.
const DETAILS: usize = 12;

/// What became of a line that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went into a result.
    Used,
    /// It was written, changed or not.
    Passed,
    /// A selection left it out.
    Filtered,
    /// It came too late for its window.
    Late,
    /// No item could use it, for this reason.
    Unused(&'static str),
}

/// Fates of the lines of a batch or a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// Went into a result.
    pub used: u64,
    /// Written.
    pub passed: u64,
    /// Left out by a selection.
    pub filtered: u64,
    /// Became part of another record.
    pub merged: u64,
    /// Came too late for their window.
    pub late: u64,
    /// Of no use, by reason.
    pub unused: BTreeMap<&'static str, u64>,
}

impl Fates {
    /// Counts one line.
    #[inline]
    pub fn count(&mut self, fate: Fate) {
        match fate {
            Fate::Used => self.used += 1,
            Fate::Passed => self.passed += 1,
            Fate::Filtered => self.filtered += 1,
            Fate::Late => self.late += 1,
            Fate::Unused(why) => *self.unused.entry(why).or_default() += 1,
        }
    }

    /// Adds the fates of other lines.
    pub fn add(&mut self, other: &Fates) {
        self.used += other.used;
        self.passed += other.passed;
        self.filtered += other.filtered;
        self.merged += other.merged;
        self.late += other.late;
        for (why, n) in &other.unused {
            *self.unused.entry(why).or_default() += n;
        }
    }

    fn sum(&self) -> u64 {
        self.used + self.passed + self.filtered + self.merged + self.late + self.unused.values().sum::<u64>()
    }
}

/// The accounts of one run.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What became of the lines that were accepted.
    pub fates: Fates,
    /// Lines or records that were rejected.
    pub rejected: u64,
    /// Rows and alerts that were made.
    pub made: u64,
    /// Made, but given up at a bound, or because the form of the output cannot hold it.
    pub evicted: u64,
    /// Further numbers by name: records of each input, alerts of each detector.
    pub details: Vec<(String, u64)>,
}

impl Account {
    /// Lines or records read.
    pub fn read(&self) -> u64 {
        self.fates.sum() + self.rejected
    }

    /// Lines written.
    pub fn written(&self) -> u64 {
        (self.fates.passed + self.made).saturating_sub(self.evicted)
    }

    fn numbers(&self) -> [(&'static str, u64); 10] {
        [
            ("read", self.read()),
            ("written", self.written()),
            ("used", self.fates.used),
            ("passed", self.fates.passed),
            ("filtered", self.fates.filtered),
            ("merged", self.fates.merged),
            ("made", self.made),
            ("late", self.fates.late),
            ("rejected", self.rejected),
            ("evicted", self.evicted),
        ]
    }

    /// `read 1000, written 990, rejected 10, 0.41 s`: what is 0 is left out, but for read and written.
    pub fn line(&self, seconds: f64) -> String {
        let mut parts: Vec<String> = self
            .numbers()
            .iter()
            .filter(|(name, n)| *n > 0 && *name != "passed" || matches!(*name, "read" | "written"))
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        parts.extend(self.fates.unused.iter().map(|(why, n)| format!("unused {n} ({why})")));
        parts.extend(self.details.iter().take(DETAILS).map(|(name, n)| format!("{name} {n}")));
        if self.details.len() > DETAILS {
            parts.push(format!("and {} more in --counters", self.details.len() - DETAILS));
        }
        parts.push(format!("{seconds:.2} s"));
        parts.join(", ")
    }

    /// Why the exit code is 3, in one line; `stopped` at the first rejected line.
    pub(super) fn why_rejected(&self, stopped: bool) -> String {
        let advice = "without -q each is told, --rejects FILE keeps them";
        if stopped {
            return format!("stopped at a rejected line, --strict being given; {advice}");
        }
        let read = self.read();
        let lines = count(read, "lines");
        format!("rejected {} of {lines}; {advice}, --max-rejects allows so many", figures(self.rejected as f64))
    }

    /// The same as JSON, every number.
    pub fn json(&self, tool: &str, seconds: f64) -> serde_json::Value {
        let mut map = serde_json::Map::new();
        map.insert("tool".into(), tool.into());
        for (name, n) in self.numbers() {
            map.insert(name.into(), n.into());
        }
        map.insert("unused".into(), serde_json::json!(self.fates.unused));
        let details: serde_json::Map<_, _> = self.details.iter().map(|(k, n)| (k.clone(), (*n).into())).collect();
        map.insert("details".into(), details.into());
        map.insert("seconds".into(), ((seconds * 1e3).round() / 1e3).into());
        map.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stays_short_however_many_details_there_are() {
        let details = (0..5000).map(|i| (format!("file{i}"), 1)).collect();
        let line = Account { details, ..Account::default() }.line(0.0);
        assert!(line.contains("file11 1, and 4988 more in --counters, 0.00 s"), "{line}");
    }

    #[test]
    fn a_rejection_is_explained_in_one_line() {
        let account = Account { rejected: 1, ..Account::default() };
        assert!(account.why_rejected(false).starts_with("rejected 1 of 1 line; "));
        assert!(account.why_rejected(true).starts_with("stopped at a rejected line, --strict"));
    }

    #[test]
    fn what_was_read_is_the_sum_of_the_fates() {
        let mut account = Account { rejected: 3, made: 2, ..Account::default() };
        for fate in
            [Fate::Used, Fate::Passed, Fate::Filtered, Fate::Late, Fate::Unused("no bytes"), Fate::Unused("no bytes")]
        {
            account.fates.count(fate);
        }
        assert_eq!((account.read(), account.written()), (9, 3));
        assert_eq!(
            account.line(0.414),
            "read 9, written 3, used 1, filtered 1, made 2, late 1, rejected 3, unused 2 (no bytes), 0.41 s"
        );
    }
}
