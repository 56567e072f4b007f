//! One run of a program: its output, messages, accounts and rejects, and what they add up to at the end.

use super::account::Account;
use super::allowance::Allowance;
use super::ending::Ending;
use super::messages::Messages;
use super::patience::Patient;
use super::place::Place;
use super::signals::Signals;
use super::worker::Out;
use crate::filter::Filter;
use crate::input::{Identity, InputError, Part, Source};
use crate::output::progress::When;
use crate::output::rejects::Rejects;
use crate::output::{LOST, Output, Sink, is_closed_pipe, write_file};
use crate::scan::{MAX_LINE, Reject, UNFIT, Why, sift};
use crate::value::text::snippet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How a run is to behave; from the command line.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// No warnings, no accounting line.
    pub quiet: bool,
    /// Tell why input was rejected even if quiet: the exit code will say that it was.
    pub explains: bool,
    /// Stop at the first rejected line.
    pub strict: bool,
    /// How many may be rejected: a number, or a share of what was read.
    pub max_rejects: Allowance,
    /// Where rejected lines are kept.
    pub rejects: Option<PathBuf>,
    /// Where the accounts are written as JSON.
    pub counters: Option<PathBuf>,
    /// When to show how far the input is.
    pub progress: When,
    /// Which flows are looked at.
    pub filter: Option<Filter>,
}

/// Lines that were left out by tables and CSV.
#[derive(Default)]
struct Unheld {
    /// That came or were made.
    all: u64,
    /// Of them those that are known to be made.
    made: u64,
}

/// Where many inputs cannot be read.
const INPUTS: &str = "inputs that cannot be read (on)";

/// One run.
pub struct Session {
    /// How to behave.
    pub conduct: Conduct,
    /// Messages on stderr.
    pub messages: Messages,
    /// The accounts.
    pub account: Account,
    /// Signals.
    pub signals: Signals,
    tool: &'static str,
    output: Sink,
    rejects: Option<Rejects>,
    ending: Ending,
    /// Lines that the output could not hold.
    unheld: Unheld,
    closed: bool,
    /// What was to be made could not be.
    spoilt: bool,
    started: Instant,
}

impl Session {
    /// Begins a run that writes to `output`.
    ///
    /// # Errors
    /// Where the file for rejects cannot be made.
    pub fn begin(tool: &'static str, conduct: Conduct, output: Sink) -> io::Result<Session> {
        let rejects = conduct.rejects.as_deref().map(Rejects::create).transpose()?;
        Ok(Session {
            messages: Messages::new(tool, conduct.quiet),
            account: Account::default(),
            signals: Signals::listen()?,
            tool,
            output,
            rejects,
            ending: Ending::default(),
            unheld: Unheld::default(),
            closed: false,
            spoilt: false,
            started: Instant::now(),
            conduct,
        })
    }

    /// Which regular file is written in place, if one is: an input that is the same must not be read.
    pub fn output_identity(&self) -> Option<Identity> {
        self.output.output().and_then(Output::identity)
    }

    /// Writes whole lines.
    pub fn write(&mut self, lines: &[u8]) {
        if self.is_over() || lines.is_empty() {
            return;
        }
        let result = self.output.write(lines).map(|unheld| self.unheld.all += unheld);
        self.check_output(result);
    }

    /// Writes lines that the program made, and counts them. One that no filter would take is given up, and told.
    pub fn write_made(&mut self, lines: &[u8]) {
        let before = self.unheld.all;
        self.account.made += sift(lines, |part| match part {
            Ok(run) => self.write(run),
            Err(line) => self.give_up(line),
        });
        self.unheld.made += self.unheld.all - before;
    }

    #[cold]
    fn give_up(&mut self, line: &[u8]) {
        self.account.evicted += 1;
        self.messages.warn("rows and alerts left out", || {
            format!("a line would be {UNFIT}, which no filter takes, and is left out: {}", snippet(line, 60))
        });
    }

    /// What is written from now on comes from another item.
    pub fn begin_item(&mut self) {
        self.output.begin_item();
    }

    /// Hands on what was written so far.
    pub fn flush(&mut self) {
        if !self.is_over() {
            let result = self.output.flush();
            self.check_output(result);
        }
        if let Some(Err(e)) = self.rejects.as_mut().map(Rejects::flush) {
            self.fail(&format!("rejects: {e}"));
            self.rejects = None;
        }
    }

    fn check_output(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {}
            Err(e) if is_closed_pipe(&e) => self.closed = true,
            Err(e) => {
                self.fail(&e.to_string());
                self.closed = true;
            }
        }
    }

    /// Completes the output and goes on with the file of this path, as lines that go out as they are.
    pub fn next_output(&mut self, path: &Path) {
        self.flush();
        let output = std::mem::replace(&mut self.output, Sink::none());
        if self.is_over() {
            return;
        }
        let result = output.finish().and_then(|()| Output::open(Some(path), false));
        let result = result.map(|output| self.output = Sink::lines(output));
        self.check_output(result);
    }

    /// Tells of an error that makes the exit code 2 and after which nothing can be written.
    pub fn break_off(&mut self, text: &str) {
        if !self.closed {
            self.fail(text);
            self.closed = true;
        }
    }

    /// Whether nothing more can be written: downstream has closed, or a write failed.
    pub fn is_over(&self) -> bool {
        self.closed
    }

    /// Tells of an error that makes the exit code 2.
    pub fn fail(&mut self, text: &str) {
        self.ending.failed = true;
        self.messages.error(text);
    }

    /// Tells of an error that makes the exit code 2 and for which the file of `-o` is left as it was.
    pub fn spoil(&mut self, text: &str) {
        self.spoilt = true;
        self.fail(text);
    }

    /// The same of an input, of which there may be many.
    pub fn fail_input(&mut self, text: &str) {
        self.ending.failed = true;
        self.messages.error_of(INPUTS, text);
    }

    /// Makes the exit code 1 if nothing worse happens.
    pub fn found(&mut self) {
        self.ending.found = true;
    }

    /// Counts a rejected line or record, keeps it, and tells of it. `line` counts from 1; 0 where there are no lines.
    /// Says whether to go on.
    pub fn reject(&mut self, place: &Place<'_>, kind: &'static str, message: &str, raw: &[u8]) -> bool {
        self.account.rejected += 1;
        self.messages.reject(kind, || format!("{place}: {message}"));
        self.keep(|rejects| rejects.write(place.input, place.line, place.column, message, raw));
        !self.conduct.strict
    }

    /// The same for a line that is too long and comes in parts, of which this is one.
    pub fn reject_long(&mut self, input: &str, line: u64, part: Part, bytes: &[u8]) -> bool {
        if part.first {
            let reject = Reject { at: MAX_LINE, why: Why::TooLong };
            let (place, message) = (Place { input, line, column: 0 }, reject.message(&[]));
            self.account.rejected += 1;
            self.messages.reject(reject.why.name(), || format!("{place}: {message}"));
            self.keep(|rejects| rejects.begin(input, line, &message, bytes));
        } else {
            self.keep(|rejects| rejects.more(bytes));
        }
        if part.last {
            self.keep(Rejects::end);
        }
        !(part.last && self.conduct.strict)
    }

    fn keep(&mut self, write: impl FnOnce(&mut Rejects) -> io::Result<()>) {
        if let Some(Err(e)) = self.rejects.as_mut().map(write) {
            self.fail(&format!("rejects: {e}"));
            self.rejects = None;
        }
    }

    /// Counts, keeps and tells of a line that the scanner rejected. Says whether to go on.
    pub fn reject_line(&mut self, input: &str, line: u64, reject: &Reject, raw: &[u8]) -> bool {
        let place = Place { input, line, column: reject.at as u64 + 1 };
        self.reject(&place, reject.why.name(), &reject.message(raw), raw)
    }

    /// Adds what became of the lines of a batch, and what was made of them.
    pub(super) fn count(&mut self, out: &Out) {
        self.account.fates.add(&out.fates);
        self.account.made += out.made;
        self.account.evicted += out.evicted;
    }

    /// Begins to show how far the input is: all of these, where each is a file of known size.
    pub fn begin_progress(&mut self, sources: &[Result<Source, InputError>]) {
        let size = |s: &Result<Source, InputError>| {
            let metadata = s.as_ref().ok()?.path()?.metadata().ok()?;
            metadata.is_file().then_some(metadata.len())
        };
        let total = sources.iter().map(size).sum();
        self.messages.begin_progress(self.conduct.progress, total);
    }

    /// Says that so many bytes of the inputs, as stored, have been read.
    pub fn progress(&mut self, bytes: u64) {
        self.messages.progress(bytes, self.account.read());
    }

    /// Ends the run: completes the output, says what there is to say, and gives the exit code.
    pub fn end(mut self) -> Ending {
        self.messages.end_progress();
        self.flush();
        for text in self.output.left_out() {
            self.messages.note(&text);
        }
        self.settle();
        let strict_stop = self.conduct.strict && self.account.rejected > 0;
        self.finish_output();
        if let Some(Err(e)) = self.rejects.take().map(Rejects::finish) {
            self.fail(&format!("rejects: {e}"));
        }
        self.ending.rejected =
            strict_stop || !self.conduct.max_rejects.allows(self.account.rejected, self.account.read());
        self.ending.signal = self.signals.received();
        let seconds = self.started.elapsed().as_secs_f64();
        if let Some(path) = self.conduct.counters.clone() {
            let text = format!("{}\n", self.account.json(self.tool, seconds));
            if let Err(e) = write_file(&path, text.as_bytes()) {
                self.fail(&format!("counters: {e}"));
            }
        }
        self.messages.summary();
        if self.ending.rejected && self.conduct.quiet && self.conduct.explains {
            let text = self.account.why_rejected(strict_stop);
            self.messages.error(&text);
        }
        let a = &self.account;
        if io::stderr().is_terminal() || a.rejected + a.fates.late + a.evicted > 0 {
            let line = self.account.line(seconds);
            self.messages.close(&line);
        }
        self.ending
    }

    /// Takes the lines that the output could not hold from those that were written.
    fn settle(&mut self) {
        let Unheld { all, made } = std::mem::take(&mut self.unheld);
        let (Some(why), true) = (self.output.why_left_out(), all > 0) else { return };
        let Account { fates, evicted, .. } = &mut self.account;
        // Lines that came and lines that were made may go out together.
        let came = (all - made).min(fates.passed);
        fates.passed -= came;
        *evicted += all - came;
        if came > 0 {
            *fates.unused.entry(why).or_default() += came;
        }
    }

    /// Completes the output, unless it would take the place of a whole file and was asked to be without fault, or nothing
    /// could be read.
    fn finish_output(&mut self) {
        let output = std::mem::replace(&mut self.output, Sink::none());
        if self.closed {
            return;
        }
        let is_faulty = self.account.rejected > 0 || self.ending.failed;
        let why = match (self.conduct.strict && is_faulty, self.ending.failed && self.account.read() == 0) {
            (true, _) => Some("--strict being given"),
            (_, true) => Some("nothing having been read"),
            _ if self.spoilt => Some("what was to be in it could not be made"),
            _ => None,
        };
        if let Some(why) = why.filter(|_| output.output().is_some_and(Output::is_file_to_be)) {
            let name = output.output().map(Output::name).unwrap_or_default();
            return self.messages.error(&format!("\"{name}\" is left as it was, {why}"));
        }
        let is_lost = output.output().is_some_and(Output::is_lost);
        let result = output.finish();
        self.check_output(result);
        if is_lost {
            self.fail(LOST);
        }
    }
}

impl Patient for Session {
    fn flush(&mut self) {
        Session::flush(self);
    }

    fn is_over(&self) -> bool {
        Session::is_over(self)
    }

    fn is_stopped(&self) -> bool {
        self.signals.received().is_some()
    }
}
