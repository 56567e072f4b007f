//! Messages on stderr: `flowcat: warning: trace.csv:10482:7: bad address "10.0.0"`.
//!
//! At most five of a kind are shown, then one summary line says how many there were. Errors are shown even with `-q`.
//! Everything shown is printable, whatever stood in the input. A stderr that cannot be written to changes nothing else.

use crate::output::progress::{Progress, When};
use crate::value::text::printable;
use std::collections::BTreeMap;
use std::io::Write;

/// Messages of one kind that are shown.
const SHOWN: u64 = 5;

/// The messages of one run.
pub struct Messages {
    tool: &'static str,
    quiet: bool,
    kinds: BTreeMap<&'static str, u64>,
    rejects: BTreeMap<&'static str, u64>,
    progress: Progress,
}

impl Messages {
    /// Messages that begin with the tool's name; `quiet` shows errors only.
    pub fn new(tool: &'static str, quiet: bool) -> Messages {
        Messages {
            tool,
            quiet,
            kinds: BTreeMap::new(),
            rejects: BTreeMap::new(),
            progress: Progress::begin(tool, When::Never, None),
        }
    }

    fn show(&self, text: &str) {
        // There is nobody to tell of a failing stderr.
        let _ = self.progress.suspend(|| writeln!(std::io::stderr().lock(), "{}: {}", self.tool, printable(text)));
    }

    /// Begins to show how far an input of `total` bytes is.
    pub fn begin_progress(&mut self, when: When, total: Option<u64>) {
        self.progress = Progress::begin(self.tool, when, total);
    }

    /// Says how far the input is.
    pub fn progress(&mut self, bytes: u64, records: u64) {
        self.progress.set(bytes, records);
    }

    /// Takes the progress away.
    pub fn end_progress(&mut self) {
        self.progress.finish();
    }

    /// Tells of something that ends the run or spoils its result.
    pub fn error(&mut self, text: &str) {
        self.show(&format!("error: {text}"));
    }

    /// Warns; of each `kind` the first five are shown.
    pub fn warn(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        let count = self.kinds.entry(kind).or_default();
        *count += 1;
        if *count <= SHOWN && !self.quiet {
            let text = text();
            self.show(&format!("warning: {text}"));
        }
    }

    /// Tells of a rejected line or record; of each `kind` the first five are shown.
    pub fn reject(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        *self.rejects.entry(kind).or_default() += 1;
        self.warn(kind, text);
    }

    /// Says something that is no trouble.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.show(text);
        }
    }

    /// Says how many there were of each kind that was not shown in full.
    pub fn summary(&mut self) {
        let parts: Vec<_> = self.rejects.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        let total: u64 = self.rejects.values().sum();
        if self.rejects.values().any(|n| *n > SHOWN) {
            self.note(&format!("{total} rejected ({})", parts.join(", ")));
        }
        let others: Vec<_> = self
            .kinds
            .iter()
            .filter(|(k, n)| **n > SHOWN && !self.rejects.contains_key(*k))
            .map(|(k, n)| format!("{n} {k}"))
            .collect();
        if !others.is_empty() {
            self.note(&format!("warnings not shown in full: {}", others.join(", ")));
        }
    }
}
