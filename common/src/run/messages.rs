//! Messages on stderr: `flowcat: warning: trace.csv:10482:7: bad address "10.0.0"`.
//!
//! At most five of a kind are shown, then one summary line says how many there were. Errors are shown even with `-q`.
//! Everything shown is printable, whatever stood in the input; a message is one write, so that those of the programs of
//! a pipe do not run into each other. A stderr that cannot be written to changes nothing else.
//!
//! Bounds: [`LONGEST`] bytes a message, [`MOST`] bytes of all but the closing ones, 64 KiB of all.

use crate::output::progress::{Progress, When};
use crate::people::figures;
use crate::value::text::printable;
use std::collections::BTreeMap;
use std::io::Write;

/// Messages of one kind that are shown.
const SHOWN: u64 = 5;

/// Bytes of a message.
const LONGEST: usize = 2_000;

/// Bytes at the end of a message that is too long, where the reason stands.
const LAST: usize = 500;

/// Bytes of all messages before the closing ones, of which there are few.
const MOST: usize = 48 << 10;

/// The messages of one run.
pub struct Messages {
    tool: &'static str,
    quiet: bool,
    errors: BTreeMap<&'static str, u64>,
    kinds: BTreeMap<&'static str, u64>,
    rejects: BTreeMap<&'static str, u64>,
    /// Bytes shown.
    shown: usize,
    progress: Progress,
}

impl Messages {
    /// Messages that begin with the tool's name; `quiet` shows errors only.
    pub fn new(tool: &'static str, quiet: bool) -> Messages {
        Messages {
            tool,
            quiet,
            errors: BTreeMap::new(),
            kinds: BTreeMap::new(),
            rejects: BTreeMap::new(),
            shown: 0,
            progress: Progress::begin(tool, When::Never, None),
        }
    }

    fn show(&mut self, text: &str) {
        if self.shown > MOST {
            return;
        }
        self.shown += self.put(text);
        if self.shown > MOST {
            self.put("no more messages are shown but those at the end");
        }
    }

    /// Shows a message, whatever was shown before; answers its bytes.
    fn put(&self, text: &str) -> usize {
        let line = format!("{}: {}\n", self.tool, shortened(&printable(text)));
        // There is nobody to tell of a failing stderr.
        let _ = self.progress.suspend(|| std::io::stderr().lock().write_all(line.as_bytes()));
        line.len()
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

    /// The same where there may be many; of each `kind` the first five are shown.
    pub(super) fn error_of(&mut self, kind: &'static str, text: &str) {
        let count = self.errors.entry(kind).or_default();
        *count += 1;
        if *count <= SHOWN {
            self.error(text);
        }
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

    /// The last that is said of a run, which is shown whatever came before.
    pub(super) fn close(&mut self, text: &str) {
        if !self.quiet {
            self.put(text);
        }
    }

    /// Says how many there were of each kind that was not shown in full.
    pub fn summary(&mut self) {
        for (kind, n) in self.errors.iter().filter(|(_, n)| **n > SHOWN) {
            self.put(&format!("error: {kind}: {} in all, {SHOWN} are shown", figures(*n as f64)));
        }
        let parts: Vec<_> = self.rejects.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        let total: u64 = self.rejects.values().sum();
        if self.rejects.values().any(|n| *n > SHOWN) {
            self.close(&format!("{total} rejected ({})", parts.join(", ")));
        }
        let others: Vec<_> = self
            .kinds
            .iter()
            .filter(|(k, n)| **n > SHOWN && !self.rejects.contains_key(*k))
            .map(|(k, n)| format!("{n} {k}"))
            .collect();
        if !others.is_empty() {
            self.close(&format!("warnings not shown in full: {}", others.join(", ")));
        }
    }
}

/// A message without its middle, where that makes it too long: who is concerned stands at its beginning, why at its end.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let (first, last) = (text.floor_char_boundary(LONGEST - LAST), text.ceil_char_boundary(text.len() - LAST));
    format!("{}...{}", &text[..first], &text[last..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        let text = format!("cannot read \"{}\": no such file", "\u{e9}".repeat(5_000));
        let short = shortened(&text);
        assert!(short.len() < LONGEST + 8, "{}", short.len());
        assert!(short.starts_with("cannot read \"") && short.ends_with("\": no such file"), "{short}");
        assert_eq!(shortened("short"), "short");
    }
}
