//! The end of all steps: lines are written and counted.
//!
//! Bound: [`FULL`] bytes of lines that wait to be written.

use super::{Form, Record};
use flow_record::people::count;
use flow_record::record::Writer;
use flow_record::run::{Fate, Session};
use flow_record::scan::{SHORT, UNFIT, fits};
use flow_record::value::Time;

/// Bytes of lines that are collected before they are written.
const FULL: usize = 64 * 1024;

/// A form of output that is made of flows, not of their lines, and written through the session.
pub(crate) trait Store: Send {
    /// Takes a flow; `false` where its line is longer than filters take, and left out.
    fn flow(&mut self, record: Record<'_>, session: &mut Session) -> bool;

    /// No flow follows: completes the output, and says what it does not hold.
    fn finish(&mut self, session: &mut Session);

    /// Time has come so far, without a flow.
    fn tick(&mut self, _time: Time, _session: &mut Session) {}

    /// What is said of lines of other kinds.
    fn holds(&self) -> &'static str {
        "Parquet holds flows; --to csv holds any one kind"
    }
}

/// Where flows end up.
pub(crate) struct End<'s> {
    /// The run.
    pub(crate) session: &'s mut Session,
    writer: Writer,
    /// Where flows go that are not written as lines.
    store: Option<Box<dyn Store>>,
    /// Lines that were no flows and had no place there.
    unstored: u64,
    out: Vec<u8>,
    /// Lines that were written.
    pub(crate) passed: u64,
    /// Flows that were left out.
    pub(crate) filtered: u64,
    /// Flows that became part of others.
    pub(crate) merged: u64,
    /// Flows that were written beside those that came.
    pub(crate) made: u64,
    /// Nothing more is to be read.
    stopped: bool,
    /// Nothing is written, all is kept: a look.
    is_look: bool,
}

impl<'s> End<'s> {
    /// Into the output of `session`.
    pub(crate) fn new(session: &'s mut Session) -> End<'s> {
        let out = Vec::with_capacity(2 * FULL);
        End {
            session,
            writer: Writer::new(),
            store: None,
            unstored: 0,
            out,
            passed: 0,
            filtered: 0,
            merged: 0,
            made: 0,
            stopped: false,
            is_look: false,
        }
    }

    /// Has flows written there, not as lines. Lines of other kinds are left out.
    pub(crate) fn write_into(&mut self, store: Box<dyn Store>) {
        self.store = Some(store);
    }

    /// Whether lines can pass without a look at them.
    #[inline]
    pub(crate) fn takes_lines(&self) -> bool {
        self.store.is_none()
    }

    /// Writes a flow.
    #[inline]
    pub(crate) fn flow(&mut self, record: Record<'_>) {
        if let Some(store) = &mut self.store {
            let is_taken = store.flow(record, self.session);
            self.stopped |= self.session.is_over();
            match is_taken {
                true => self.passed += 1,
                false => self.leave_out(),
            }
            return;
        }
        match record.form {
            Form::Fields(extras) => {
                let start = self.out.len();
                self.writer.members(record.flow, &mut self.out);
                self.out.extend_from_slice(extras);
                self.out.extend_from_slice(b"}\n");
                if self.out.len() - start > SHORT && !fits(&self.out[start..]) {
                    self.out.truncate(start);
                    return self.leave_out();
                }
            }
            Form::Line(line) => {
                self.out.extend_from_slice(line.as_bytes());
                self.out.push(b'\n');
            }
        }
        self.count();
    }

    /// Counts a flow whose line no filter would take: its texts take more room than they did where they came from.
    #[cold]
    fn leave_out(&mut self) {
        self.session.account.fates.count(Fate::Unused("too long to be written"));
        self.session.messages.warn("flows left out", || format!("a flow left out: its line would be {UNFIT}"));
    }

    /// Writes a line as it is.
    #[inline]
    pub(crate) fn line(&mut self, line: &str) {
        if !self.takes_lines() {
            self.unstored += 1;
            self.session.account.fates.count(Fate::Unused("no flow"));
            return;
        }
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
        self.count();
    }

    /// Says that time goes on, where that is not written as a line.
    pub(crate) fn tick(&mut self, time: Time) {
        if let Some(store) = &mut self.store {
            store.tick(time, self.session);
            self.stopped |= self.session.is_over();
        }
        self.session.account.fates.count(Fate::Unused("tick"));
    }

    /// Writes so many lines, each with its newline, as they are.
    pub(crate) fn lines(&mut self, lines: &str, count: u64) {
        if count == 0 {
            return;
        }
        self.passed += count - 1;
        // What is about to be written anyway needs no copy.
        if !self.is_look && lines.len() >= FULL {
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
    }

    #[cold]
    fn hand_on(&mut self) {
        if !self.is_look {
            self.session.write(&self.out);
            self.out.clear();
            self.stopped |= self.session.is_over();
        }
    }

    /// Hands on what was written so far.
    pub(crate) fn flush(&mut self) {
        if !self.is_look {
            self.hand_on();
            self.session.flush();
            self.stopped |= self.session.is_over();
        }
    }

    /// Says that nothing more is to be read.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing more is to be read.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.stopped
    }

    /// Only a look: nothing is written.
    pub(crate) fn look(&mut self) {
        self.is_look = true;
    }

    /// The lines of a look.
    pub(crate) fn seen(&self) -> &[u8] {
        &self.out
    }

    /// Adds what was counted since this was last called to the accounts of the run.
    pub(crate) fn settle(&mut self) {
        // What was made is among what was written, or was left out on the way.
        let made = self.made.min(self.passed);
        self.made -= made;
        self.session.account.made += made;
        let fates = &mut self.session.account.fates;
        fates.passed += std::mem::take(&mut self.passed) - made;
        fates.merged += std::mem::take(&mut self.merged);
        fates.filtered += std::mem::take(&mut self.filtered);
    }

    /// The last of the accounts: what was made and then left out.
    pub(crate) fn close(&mut self) {
        if let Some(store) = &mut self.store {
            store.finish(self.session);
        }
        if self.unstored > 0 {
            let lines = count(self.unstored, "lines");
            let holds = self.store.as_ref().map_or("", |store| store.holds());
            let text = format!("{lines} of other kinds than flows left out: {holds}");
            self.session.messages.note(&text);
        }
        self.settle();
        let account = &mut self.session.account;
        let lost = std::mem::take(&mut self.made).min(account.fates.filtered);
        account.made += lost;
        account.evicted += lost;
        account.fates.filtered -= lost;
    }
}
