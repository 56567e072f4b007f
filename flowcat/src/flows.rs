//! Where sources put what they read: flows, lines that pass, rejects.
//!
//! Invariant: each record that was read is counted once: as passed, as left out by a step, or as rejected.

mod losses;

pub(crate) use losses::Loss;

use crate::merge::Turn;
use crate::row::Converter;
use crate::step::{End, Form, Next, Record, Step, Store};
use flow_record::input::Part;
use flow_record::map::Map;
use flow_record::people::count;
use flow_record::record::Flow;
use flow_record::run::{Fate, Patient, Place, Session};
use flow_record::scan::{Line, LineKind, Reject};
use flow_record::value::Time;
use losses::{Losses, Told};

/// The destination of all records of a run.
pub(crate) struct Flows<'s> {
    end: End<'s>,
    steps: Vec<Box<dyn Step>>,
    /// The current input.
    input: String,
    /// Lines of the current input that were read; a source counts them before it uses them.
    pub(crate) line: u64,
    /// Records of the current input that were taken.
    taken: u64,
    /// Records taken of each input that is done.
    inputs: Vec<(String, u64)>,
    losses: Losses,
    /// Nothing is to be said (any more) of times without a zone.
    zone_told: bool,
    /// Bytes that were read of the current input, and of others that are read at the same time.
    read: u64,
    read_of_others: u64,
    /// Where inputs are merged: the turn of the one that is read.
    turn: Option<Box<Turn<'s>>>,
}

/// What is known of an input while others are read.
struct Parked {
    input: String,
    line: u64,
    taken: u64,
    told: Told,
    read: u64,
}

impl<'s> Flows<'s> {
    /// Flows through `steps` into the output of `session`; `zone_given` says that the user named the zone of times
    /// without one.
    pub(crate) fn new(session: &'s mut Session, mut steps: Vec<Box<dyn Step>>, zone_given: bool) -> Flows<'s> {
        let mut end = End::new(session);
        Next::first(&mut steps, &mut end).begin();
        Flows {
            end,
            steps,
            input: String::new(),
            line: 0,
            taken: 0,
            inputs: Vec::new(),
            losses: Losses::default(),
            zone_told: zone_given,
            read: 0,
            read_of_others: 0,
            turn: None,
        }
    }

    /// Through which nothing goes: what the source of an input has while it is the turn of others.
    pub(crate) fn idle(session: &'s mut Session) -> Flows<'s> {
        let mut flows = Flows::new(session, Vec::new(), true);
        flows.end.stop();
        flows
    }

    /// Puts a step before all others.
    pub(crate) fn put_first(&mut self, step: Box<dyn Step>) {
        self.steps.insert(0, step);
    }

    /// Acts on what comes after the first step.
    pub(crate) fn behind_first(&mut self, act: impl FnOnce(&mut Next<'_, 's>)) {
        if let Some((_, steps)) = self.steps.split_first_mut() {
            act(&mut Next::first(steps, &mut self.end));
        }
    }

    /// Begins the turn of an input.
    pub(crate) fn begin_turn(&mut self, turn: Box<Turn<'s>>) {
        self.turn = Some(turn);
    }

    /// Ends an input and its turn, if it has one.
    pub(crate) fn end_turn(&mut self) -> Option<Box<Turn<'s>>> {
        let turn = self.turn.take()?;
        self.end_input();
        self.read_of_others += std::mem::take(&mut self.read);
        Some(turn)
    }

    /// Before an input is read on: lets others be read, where they are merged and its flows wait for theirs.
    #[inline]
    pub(crate) fn pause(&mut self) {
        if self.turn.as_ref().is_some_and(|turn| turn.has_some()) {
            self.pass_turn();
        }
    }

    fn pass_turn(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        self.read_of_others += self.read;
        let parked = Parked {
            input: std::mem::take(&mut self.input),
            line: self.line,
            taken: std::mem::take(&mut self.taken),
            told: self.losses.begin_input(),
            read: std::mem::take(&mut self.read),
        };
        if !turn.pass(self, parked.taken) {
            return;
        }
        self.turn = Some(turn);
        (self.input, self.line, self.taken) = (parked.input, parked.line, parked.taken);
        self.losses.go_on(parked.told);
        self.read = parked.read;
        self.read_of_others -= parked.read;
    }

    /// The same of which nothing is written: a look at what [`Flows::lines`] has then.
    pub(crate) fn look(session: &'s mut Session, steps: Vec<Box<dyn Step>>) -> Flows<'s> {
        let mut flows = Flows::new(session, steps, true);
        flows.end.look();
        flows
    }

    /// Begins an input.
    pub(crate) fn begin(&mut self, name: &str) {
        self.end_input();
        name.clone_into(&mut self.input);
        self.line = 0;
        self.losses.begin_input();
    }

    fn end_input(&mut self) {
        if !self.input.is_empty() {
            self.inputs.push((std::mem::take(&mut self.input), self.taken));
        }
        self.end.settle();
        self.taken = 0;
    }

    /// Adds an input that is not read to its end, of which so many records were taken.
    pub(crate) fn add_input(&mut self, name: String, taken: u64) {
        self.inputs.push((name, taken));
    }

    /// Whether flows go through steps, or into files that are not lines: lines cannot pass by the block then.
    #[inline]
    pub(crate) fn has_steps(&self) -> bool {
        !self.steps.is_empty() || !self.end.takes_lines()
    }

    /// Has flows written there, not as lines.
    pub(crate) fn write_into(&mut self, store: Box<dyn Store>) {
        self.end.write_into(store);
    }

    /// Takes a flow.
    #[inline]
    pub(crate) fn flow(&mut self, flow: &Flow) {
        self.record(Record { flow, form: Form::Fields(b"") });
    }

    /// Takes a flow with further members, each as `,"name":value`.
    #[inline]
    pub(crate) fn flow_with(&mut self, flow: &Flow, extras: &[u8]) {
        self.record(Record { flow, form: Form::Fields(extras) });
    }

    #[inline]
    fn record(&mut self, record: Record<'_>) {
        self.taken += 1;
        match self.steps.is_empty() {
            true => self.end.flow(record),
            false => Next::first(&mut self.steps, &mut self.end).flow(record),
        }
    }

    /// Takes a line of the pipe; what is no flow passes as it is.
    #[inline]
    pub(crate) fn pass(&mut self, line: &Line<'_>) {
        match line.kind {
            LineKind::Flow if self.has_steps() => {
                self.record(Record { flow: line.flow, form: Form::Line(line.text) });
            }
            kind => {
                self.taken += 1;
                Next::first(&mut self.steps, &mut self.end).line(kind, line.text);
            }
        }
    }

    /// Writes so many lines, each with its newline, as they are; where there are no steps.
    pub(crate) fn pass_lines(&mut self, lines: &str, count: u64) {
        debug_assert!(!self.has_steps());
        self.taken += count;
        self.end.lines(lines, count);
    }

    /// Counts a record that is well formed and no flow, for a reason.
    #[inline]
    pub(crate) fn unused(&mut self, why: &'static str) {
        self.end.session.account.fates.count(Fate::Unused(why));
    }

    /// Counts records that became part of a flow which is taken by itself.
    #[inline]
    pub(crate) fn merged(&mut self, count: u64) {
        self.end.merged += count;
    }

    /// Counts, keeps and tells of a record that is no flow. `column` counts bytes from 1; 0 where unknown.
    #[cold]
    pub(crate) fn reject(&mut self, line: u64, column: usize, kind: &'static str, message: &str, raw: &[u8]) {
        let place = Place { input: &self.input, line, column: column as u64 };
        if !self.end.session.reject(&place, kind, message, raw) {
            self.end.stop();
        }
    }

    /// The same for a row that has not as many columns as its header.
    #[cold]
    pub(crate) fn reject_width(&mut self, columns: usize, wanted: usize, row: &[u8]) {
        let message = format!("{} where the header has {wanted}", count(columns as u64, "columns"));
        self.reject(self.line, 0, "bad row", &message, row);
    }

    /// The same for a line or object that is no JSON.
    #[cold]
    pub(crate) fn reject_json(&mut self, line: u64, reject: &Reject, raw: &[u8]) {
        if !self.end.session.reject_line(&self.input, line, reject, raw) {
            self.end.stop();
        }
    }

    /// Rejects the next line, of which only the beginning is there.
    #[cold]
    pub(crate) fn reject_cut(&mut self, reject: &Reject, beginning: &[u8]) {
        self.line += 1;
        let (kind, message) = (reject.why.name(), reject.message(beginning));
        self.reject(self.line, 0, kind, &message, beginning);
    }

    /// Counts, keeps and tells of a line or object that is too long and comes in parts, of which this is one.
    #[cold]
    pub(crate) fn reject_long(&mut self, line: u64, part: Part, bytes: &[u8]) {
        if !self.end.session.reject_long(&self.input, line, part, bytes) {
            self.end.stop();
        }
    }

    /// Warns; of each kind the first five are shown.
    #[cold]
    pub(crate) fn warn(&mut self, kind: &'static str, text: &str) {
        let place = Place { input: &self.input, line: self.line, column: 0 };
        self.end.session.messages.warn(kind, || format!("{place}: {text}"));
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
            self.end.session.messages.warn("times without a zone", || text);
        }
    }

    /// Says that time goes on, while there are no flows.
    pub(crate) fn tick(&mut self, time: Time) {
        let text = format!("{{\"kind\":\"tick\",\"timestamp\":\"{}\"}}", time.to_text(3));
        Next::first(&mut self.steps, &mut self.end).line(LineKind::Tick, &text);
    }

    /// Lines that were written so far.
    pub(crate) fn written(&self) -> u64 {
        self.end.session.account.written() + self.end.passed
    }

    /// Adds a number to the accounts, unless it is 0.
    pub(crate) fn detail(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.end.session.account.details.push((name.into(), count));
        }
    }

    /// Counts records that are well formed and no flows, for a reason.
    pub(crate) fn unused_all(&mut self, why: &'static str, count: u64) {
        if count > 0 {
            *self.end.session.account.fates.unused.entry(why).or_default() += count;
        }
    }

    /// Counts what is lost of a record; says so once an input and kind. `column` counts bytes from 1; 0 where unknown.
    #[cold]
    pub(crate) fn lose(&mut self, line: u64, column: usize, loss: Loss<'_>) {
        let place = Place { input: &self.input, line, column: column as u64 };
        self.losses.count(loss, &place, &mut self.end.session.messages);
    }

    /// Tells of an error of the current input that makes the exit code 2.
    #[cold]
    pub(crate) fn fail(&mut self, text: &str) {
        self.end.session.fail_input(text);
    }

    /// The same, with the input's name before it.
    #[cold]
    pub(crate) fn fail_input(&mut self, text: &str) {
        let text = format!("{}: {text}", self.input);
        self.end.session.fail_input(&text);
    }

    /// Says how many bytes of the inputs have been read.
    #[inline]
    pub(crate) fn progress(&mut self, bytes: u64) {
        self.end.settle();
        self.read = bytes;
        self.end.session.progress(self.read_of_others + bytes);
    }

    /// The lines of a look.
    pub(crate) fn lines(&self) -> &[u8] {
        self.end.seen()
    }

    /// Whether nothing more is to be read.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_over()
    }

    /// Whether a signal asked to finish.
    pub(crate) fn is_stopped(&self) -> bool {
        self.end.session.signals.received().is_some()
    }

    /// Has the steps hand on what they kept.
    pub(crate) fn drain(&mut self) {
        Next::first(&mut self.steps, &mut self.end).finish();
    }

    /// Drains the steps, writes the rest and adds to the accounts what is known only now.
    pub(crate) fn finish(mut self) {
        self.drain();
        self.end_input();
        self.end.close();
        self.end.flush();
        if self.inputs.len() > 1 {
            let mut places = Map::default();
            let details = &mut self.end.session.account.details;
            for (name, taken) in self.inputs.drain(..) {
                let place = *places.entry(name.clone()).or_insert(details.len());
                match details.get_mut(place) {
                    Some((_, sum)) => *sum += taken,
                    None => details.push((name, taken)),
                }
            }
        }
        self.end.session.account.details.extend(self.losses.counts());
    }
}

impl Patient for Flows<'_> {
    fn flush(&mut self) {
        self.end.flush();
    }

    fn is_over(&self) -> bool {
        Flows::is_over(self)
    }

    fn is_stopped(&self) -> bool {
        Flows::is_stopped(self)
    }
}
