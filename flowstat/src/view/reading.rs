//! How views read baselines: the lines of sections, and what is wrong with them.
//!
//! Invariant: what is told of several faults does not depend on the order of lines.

use flow_record::baseline::{ENOUGH_DAYS, Entry, Frame, Header, Lines, Section};
use flow_record::item::Args;
use flow_record::scan::Line;
use flow_record::state::Setup;

/// What a view keeps of the baselines that it reads.
#[derive(Clone)]
pub(crate) struct Reading {
    lines: Lines,
    /// What the headers say that were met.
    header: Option<Header>,
    fault: Option<String>,
}

impl Reading {
    /// Nothing read yet.
    pub(crate) fn new(setup: &mut Setup) -> Reading {
        Reading { lines: Lines::new(setup.watch(Lines::NAMES)), header: None, fault: None }
    }

    /// The same for another thread.
    pub(crate) fn empty(&self) -> Reading {
        Reading { header: None, fault: None, ..*self }
    }

    /// The state that a line has; headers and trailers have none.
    pub(crate) fn frame<'l>(&mut self, line: &Line<'l>) -> Option<Frame<'l>> {
        match self.lines.read(line) {
            Ok(Entry::State(frame)) => return Some(frame),
            Ok(Entry::Header(header)) => self.begin(header),
            Ok(Entry::Trailer(_)) => {}
            Err(e) => self.fail(e.to_string()),
        }
        None
    }

    fn begin(&mut self, header: Header) {
        match &mut self.header {
            None => self.header = Some(header),
            Some(met) => match met.fits(&header) {
                Ok(()) => met.widen(&header),
                Err(e) => self.fail(e.to_string()),
            },
        }
    }

    /// The state of a line, unless it is none.
    pub(crate) fn state<S: Section>(&mut self, frame: Frame<'_>) -> Option<S> {
        frame.state().map_err(|e| self.fail(e.to_string())).ok()
    }

    /// What a key says, unless it is none of its section.
    pub(crate) fn key<K>(&mut self, frame: Frame<'_>, read: impl FnOnce(&str) -> Option<K>) -> Option<K> {
        let key = read(frame.key);
        if key.is_none() {
            self.fail(frame.fault("this is no key of this section".to_owned()).to_string());
        }
        key
    }

    /// Keeps what is wrong: of several faults the first in the order of bytes.
    pub(crate) fn fail(&mut self, text: String) {
        if self.fault.as_ref().is_none_or(|met| text < *met) {
            self.fault = Some(text);
        }
    }

    /// What is wrong.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    /// What the headers say.
    pub(crate) fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Adds what another has met.
    pub(crate) fn merge(&mut self, other: Reading) {
        other.header.into_iter().for_each(|header| self.begin(header));
        other.fault.into_iter().for_each(|fault| self.fail(fault));
    }

    /// Whether a baseline was read that has less than a week.
    pub(crate) fn is_short(&self, days: u64) -> bool {
        self.header.is_some() && days < ENOUGH_DAYS
    }

    /// What is told of a baseline that has less than a week.
    pub(crate) fn told(&self, days: u64) -> Option<String> {
        let days_text = || flow_record::people::count(days, "days");
        self.is_short(days).then(|| format!("insufficient history: the baseline has {}, a week has 7", days_text()))
    }
}

/// Whether the parameter of an item was left to the baseline.
pub(crate) fn is_open(args: &Args, name: &str) -> bool {
    !args.is_given(name)
}
