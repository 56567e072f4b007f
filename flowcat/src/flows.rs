//! Where sources put what they read: flows, lines that pass, rejects.
//!
//! Invariant: each record that was read is counted once, as passed or as rejected.
//! Bound: [`FULL`] bytes of lines that wait to be written.

use crate::row::Converter;
use flow_record::map::Map;
use flow_record::record::{Flow, Writer};
use flow_record::run::{Patient, Place, Session};
use flow_record::scan::Reject;

/// Bytes of lines that are collected before they are written.
const FULL: usize = 64 * 1024;

/// The destination of all records of a run.
pub(crate) struct Flows<'s> {
    session: &'s mut Session,
    writer: Writer,
    out: Vec<u8>,
    /// The current input.
    input: String,
    /// Lines of the current input that were read; a source counts them before it uses them.
    pub(crate) line: u64,
    /// Records of the current input that were passed on.
    passed: u64,
    /// Records passed on of each input that is done.
    inputs: Vec<(String, u64)>,
    /// IPv6 addresses that were cut short by the tool that printed them.
    condensed: u64,
    /// Nothing is to be said (any more) of times without a zone.
    zone_told: bool,
    /// A source was told to stop.
    stopped: bool,
    /// Stop after so many records: a look at the beginning.
    limit: Option<u64>,
}

impl<'s> Flows<'s> {
    /// Flows into the output of `session`; `zone_given` says that the user named the zone of times without one.
    pub(crate) fn new(session: &'s mut Session, zone_given: bool) -> Flows<'s> {
        Flows {
            session,
            writer: Writer::new(),
            out: Vec::with_capacity(2 * FULL),
            input: String::new(),
            line: 0,
            passed: 0,
            inputs: Vec::new(),
            condensed: 0,
            zone_told: zone_given,
            stopped: false,
            limit: None,
        }
    }

    /// Begins an input.
    pub(crate) fn begin(&mut self, name: &str) {
        self.end_input();
        name.clone_into(&mut self.input);
        self.line = 0;
    }

    fn end_input(&mut self) {
        if !self.input.is_empty() {
            self.inputs.push((std::mem::take(&mut self.input), self.passed));
        }
        self.session.account.fates.passed += self.passed;
        self.passed = 0;
    }

    /// Writes a flow.
    #[inline]
    pub(crate) fn flow(&mut self, flow: &Flow) {
        self.writer.line(flow, &mut self.out);
        self.count();
    }

    /// Writes a flow with further members, each as `,"name":value`.
    #[inline]
    pub(crate) fn flow_with(&mut self, flow: &Flow, extras: &[u8]) {
        self.writer.members(flow, &mut self.out);
        self.out.extend_from_slice(extras);
        self.out.extend_from_slice(b"}\n");
        self.count();
    }

    /// Writes a line as it is.
    #[inline]
    pub(crate) fn pass(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
        self.count();
    }

    /// Writes so many lines, each with its newline, as they are.
    pub(crate) fn pass_lines(&mut self, lines: &str, count: u64) {
        if count == 0 {
            return;
        }
        self.passed += count - 1;
        // What is about to be written anyway needs no copy.
        if self.limit.is_none() && lines.len() >= FULL {
            self.hand_on();
            self.session.write(lines.as_bytes());
            self.stopped |= self.session.is_over();
        } else {
            self.out.extend_from_slice(lines.as_bytes());
        }
        self.count();
    }

    #[inline]
    fn count(&mut self) {
        self.passed += 1;
        if self.out.len() >= FULL {
            self.hand_on();
        }
        if self.limit.is_some_and(|limit| self.passed >= limit) {
            self.stopped = true;
        }
    }

    #[cold]
    fn hand_on(&mut self) {
        if self.limit.is_none() {
            self.session.write(&self.out);
            self.out.clear();
            self.stopped |= self.session.is_over();
        }
    }

    /// Counts, keeps and tells of a record that is no flow. `column` counts bytes from 1; 0 where unknown.
    #[cold]
    pub(crate) fn reject(&mut self, line: u64, column: usize, kind: &'static str, message: &str, raw: &[u8]) {
        let place = Place { input: &self.input, line, column: column as u64, length: None };
        if !self.session.reject(&place, kind, message, raw) {
            self.stopped = true;
        }
    }

    /// The same for a line or object that is no JSON.
    #[cold]
    pub(crate) fn reject_json(&mut self, line: u64, reject: &Reject, raw: &[u8]) {
        if !self.session.reject_line(&self.input, line, reject, raw) {
            self.stopped = true;
        }
    }

    /// Rejects the next line, of which only the beginning is there.
    #[cold]
    pub(crate) fn reject_cut(&mut self, reject: &Reject, beginning: &[u8], length: Option<u64>) {
        self.line += 1;
        let place = Place { input: &self.input, line: self.line, column: 0, length };
        if !self.session.reject(&place, reject.why.name(), &reject.message(beginning), beginning) {
            self.stopped = true;
        }
    }

    /// Warns; of each kind the first five are shown.
    #[cold]
    pub(crate) fn warn(&mut self, kind: &'static str, text: &str) {
        let place = Place { input: &self.input, line: self.line, column: 0, length: None };
        self.session.messages.warn(kind, || format!("{place}: {text}"));
    }

    /// Says, once, that times without a zone are taken as UTC, if `converter` met some.
    #[inline]
    pub(crate) fn zone_of(&mut self, converter: &Converter) {
        if converter.is_zoneless() {
            self.warn_of_zone();
        }
    }

    /// Says, once, that times without a zone are taken as UTC.
    #[inline]
    pub(crate) fn warn_of_zone(&mut self) {
        if !std::mem::replace(&mut self.zone_told, true) {
            let text = format!("{}: its times have no zone and are taken as UTC; --tz ZONE says otherwise", self.input);
            self.session.messages.warn("times without a zone", || text);
        }
    }

    /// Counts an address that is left out because a tool cut it short; says so once.
    #[cold]
    pub(crate) fn condensed(&mut self, address: &[u8]) {
        self.condensed += 1;
        if self.condensed == 1 {
            let address = flow_record::value::text::snippet(address, 40);
            self.warn(
                "condensed addresses",
                &format!(
                    "IPv6 addresses that nfdump cut short (\"{address}\") are left out; nfdump -6 prints them whole"
                ),
            );
        }
    }

    /// Tells of an error of the current input that makes the exit code 2.
    #[cold]
    pub(crate) fn fail(&mut self, text: &str) {
        self.session.fail(text);
    }

    /// The same, with the input's name before it.
    #[cold]
    pub(crate) fn fail_input(&mut self, text: &str) {
        let text = format!("{}: {text}", self.input);
        self.session.fail(&text);
    }

    /// Says how many bytes of the inputs have been read.
    #[inline]
    pub(crate) fn progress(&mut self, bytes: u64) {
        self.session.account.fates.passed += self.passed;
        self.session.progress(bytes);
        self.session.account.fates.passed -= self.passed;
    }

    /// Only a look: no more than `records` are read, and nothing is written.
    pub(crate) fn look_at(&mut self, records: u64) {
        self.limit = Some(records);
    }

    /// The lines of a look.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.out
    }

    /// Whether nothing more is to be read.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.stopped
    }

    /// Whether a signal asked to finish.
    pub(crate) fn is_stopped(&self) -> bool {
        self.session.signals.received().is_some()
    }

    /// Hands on what was written so far.
    fn flush(&mut self) {
        if self.limit.is_none() {
            self.hand_on();
            self.session.flush();
            self.stopped |= self.session.is_over();
        }
    }

    /// Writes the rest and adds to the accounts what is known only now.
    pub(crate) fn finish(mut self) {
        self.end_input();
        self.flush();
        if self.inputs.len() > 1 {
            let mut places = Map::default();
            let details = &mut self.session.account.details;
            for (name, passed) in self.inputs.drain(..) {
                let place = *places.entry(name.clone()).or_insert(details.len());
                match details.get_mut(place) {
                    Some((_, sum)) => *sum += passed,
                    None => details.push((name, passed)),
                }
            }
        }
        if self.condensed > 0 {
            self.session.account.details.push(("condensed addresses".into(), self.condensed));
        }
    }
}

impl Patient for Flows<'_> {
    fn flush(&mut self) {
        Flows::flush(self);
    }

    fn is_over(&self) -> bool {
        Flows::is_over(self)
    }

    fn is_stopped(&self) -> bool {
        Flows::is_stopped(self)
    }
}
