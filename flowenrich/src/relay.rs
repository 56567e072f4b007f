//! All enrichers of a run: chains of those that look at one line at a time, and before each enricher that looks ahead a
//! place where lines wait.
//!
//! ```text
//! line ─► chain ─► [hold: learn, wait] ─► chain ─► [hold] ─► chain ─► line
//!                        the first enricher of the chain behind it says how many of those that wait may go on
//! ```
//!
//! Invariants: lines leave in the order in which they came; a hold's enricher sees each line twice in that order, first to
//! learn and then to enrich it. Bound: that of [`Spool`] a hold. With a hold, or an enricher for which order counts, there
//! is one worker.

use crate::chain::Chain;
use crate::enrich::{Ahead, Enrich, enricher_of};
use crate::limit::OUTPUT;
use crate::spool::{Room, Spool};
use flow_record::item::Args;
use flow_record::run::{Fate, Fates, Out, Session, Worker, pass};
use flow_record::scan::{Clean, Line, LineKind, Scanner};

/// Why lines are not written.
const NO_ROOM: &str = "they waited for the end of input in vain";

/// How the enrichers of a run are set up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Where lines may wait.
    pub(crate) room: Room,
    /// How late lines of a stream may be, in nanoseconds; `None` for input that ends.
    pub(crate) lateness: Option<u64>,
}

/// The enrichers of a run; one a thread.
pub(crate) struct Relay {
    first: Chain,
    holds: Vec<Hold>,
    is_ordered: bool,
    /// A line on its way into the first hold.
    line: Vec<u8>,
    /// What became of lines that had been counted as passed when they began to wait.
    fates: Fates,
    /// There was no room: nothing leaves any more.
    broken: Option<String>,
}

/// Lines that wait before a chain.
struct Hold {
    spool: Spool,
    scanner: Scanner,
    chain: Chain,
    /// Lines that were learnt from and have gone on.
    gone: u64,
    line: Vec<u8>,
    /// What a line was made into, on its way to the next hold.
    made: Vec<u8>,
}

impl Relay {
    /// Builds the enrichers of these items.
    ///
    /// # Errors
    /// What one of them reads is missing or damaged.
    pub(crate) fn build(items: Vec<Args>, setup: &Setup) -> anyhow::Result<Relay> {
        let mut parts: Vec<Vec<(Args, Box<dyn Enrich>)>> = vec![Vec::new()];
        let mut is_ordered = false;
        for args in items {
            let mut enrich = enricher_of(&args)?;
            is_ordered |= enrich.is_ordered();
            if let Some(ahead) = enrich.ahead() {
                ahead.begin(setup.lateness);
                parts.push(Vec::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push((args, enrich));
            }
        }
        let mut chains = parts.into_iter().map(Chain::of);
        let first = chains.next().unwrap_or_else(|| Chain::of(Vec::new()));
        let holds: Vec<_> = chains.map(|chain| Hold::new(chain, setup.room.clone())).collect();
        Ok(Relay { is_ordered, ..Relay::of(first, holds) })
    }

    fn of(first: Chain, holds: Vec<Hold>) -> Relay {
        Relay { first, holds, is_ordered: false, line: Vec::new(), fates: Fates::default(), broken: None }
    }

    /// Whether all lines must go through one worker.
    pub(crate) fn is_single(&self) -> bool {
        self.is_ordered || !self.holds.is_empty()
    }

    /// The same for another thread, where that is allowed.
    pub(crate) fn another(&self) -> Relay {
        Relay::of(self.first.another(), Vec::new())
    }

    /// The members whose places are wanted in the lines that are given.
    pub(crate) fn watch(&self) -> &[String] {
        self.first.watch()
    }

    /// All chains, in order.
    pub(crate) fn chains(&self) -> impl Iterator<Item = &Chain> {
        std::iter::once(&self.first).chain(self.holds.iter().map(|hold| &hold.chain))
    }

    /// Lets all go that waits; nothing more comes.
    pub(crate) fn finish(&mut self, session: &mut Session) {
        let mut out = Vec::with_capacity(2 * OUTPUT);
        for at in 0..self.holds.len() {
            if self.broken.is_none() {
                self.broken = self.holds[at].chain.ahead().and_then(|ahead| ahead.finish().err());
            }
            while self.broken.is_none() && !session.is_over() {
                match drain(&mut self.holds[at..], &mut self.fates, &mut out, OUTPUT) {
                    Ok(is_empty) => {
                        session.write(&out);
                        out.clear();
                        if is_empty {
                            break;
                        }
                    }
                    Err(text) => self.broken = Some(text),
                }
            }
        }
        let waiting: u64 = self.holds.iter().map(|hold| hold.spool.len()).sum();
        if waiting > 0 {
            *self.fates.unused.entry(NO_ROOM).or_default() += waiting;
        }
        let unused: u64 = self.fates.unused.values().sum();
        let fates = &mut session.account.fates;
        fates.passed = fates.passed.saturating_sub(unused);
        for (why, count) in &self.fates.unused {
            *fates.unused.entry(why).or_default() += count;
        }
        if let Some(text) = &self.broken {
            session.break_off(text);
        }
    }

    /// Goes on with what the last line was made into.
    fn go_on(&mut self, out: &mut Vec<u8>) -> Fate {
        let line = std::mem::take(&mut self.line);
        let result = feed(&mut self.holds, &line, &mut self.fates, out);
        self.line = line;
        match result {
            Ok(()) => Fate::Passed,
            Err(text) => {
                self.broken = Some(text);
                Fate::Unused(NO_ROOM)
            }
        }
    }
}

impl Worker for Relay {
    #[inline]
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if self.holds.is_empty() {
            return self.first.put(line, out);
        }
        if self.broken.is_some() {
            return Fate::Unused(NO_ROOM);
        }
        self.line.clear();
        match self.first.put(line, &mut self.line) {
            Fate::Passed => self.go_on(out),
            fate => fate,
        }
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if self.holds.is_empty() {
            return pass(line, out);
        }
        self.line(line, out)
    }

    fn end_of_batch(&mut self, out: &mut Out) {
        self.first.pause();
        self.holds.iter_mut().for_each(|hold| hold.chain.pause());
        for at in 0..self.holds.len() {
            let hold = &mut self.holds[at];
            if self.broken.is_none() && hold.chain.ahead().is_some_and(Ahead::catch_up) {
                self.broken = drain(&mut self.holds[at..], &mut self.fates, out, usize::MAX).err();
            }
        }
    }
}

/// Puts a line into the first of these holds, and lets go from it what may go.
fn feed(holds: &mut [Hold], line: &[u8], fates: &mut Fates, out: &mut Vec<u8>) -> Result<(), String> {
    let Some(hold) = holds.first_mut() else {
        out.extend_from_slice(line);
        return Ok(());
    };
    hold.take(line)?;
    drain(holds, fates, out, usize::MAX).map(|_| ())
}

/// Lets go from the first of these holds what may go, until `out` has about so many bytes; says whether that was all.
fn drain(holds: &mut [Hold], fates: &mut Fates, out: &mut Vec<u8>, bytes: usize) -> Result<bool, String> {
    let Some((hold, rest)) = holds.split_first_mut() else { return Ok(true) };
    while let Some(is_learnt) = hold.may_go()? {
        if out.len() >= bytes {
            return Ok(false);
        }
        if rest.is_empty() {
            hold.let_go(is_learnt, fates, out);
        } else {
            let mut line = std::mem::take(&mut hold.made);
            line.clear();
            hold.let_go(is_learnt, fates, &mut line);
            let result = if line.is_empty() { Ok(()) } else { feed(rest, &line, fates, out) };
            hold.made = line;
            result?;
        }
    }
    Ok(true)
}

impl Hold {
    fn new(chain: Chain, room: Room) -> Hold {
        let scanner = Scanner::watching(chain.watch());
        Hold { spool: Spool::new(room), scanner, chain, gone: 0, line: Vec::new(), made: Vec::new() }
    }

    /// Takes a line in.
    fn take(&mut self, text: &[u8]) -> Result<(), String> {
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        let scanned = Clean::line(line).and_then(|line| self.scanner.scan(line));
        let is_learnt = match &scanned {
            Ok(line) if line.kind == LineKind::Tick => {
                if let Some((time, ahead)) = line.flow.time().zip(self.chain.ahead()) {
                    ahead.tick(time);
                }
                false
            }
            Ok(line) if line.kind == LineKind::Baseline => false,
            Ok(line) => {
                self.chain.learn(line);
                true
            }
            // A chain writes nothing that is not accepted.
            Err(_) => false,
        };
        let known = self.chain.ahead().map_or(0, |ahead| ahead.memory());
        self.spool.push(is_learnt, text, known)
    }

    /// Whether the first line may go; if so, whether it was learnt from.
    fn may_go(&mut self) -> Result<Option<bool>, String> {
        let next = self.spool.peek()?;
        let settled = |hold: &mut Hold| hold.chain.ahead().map_or(u64::MAX, |ahead| ahead.settled());
        Ok(next.filter(|is_learnt| !is_learnt || self.gone < settled(self)))
    }

    /// Takes the first line out and appends what the chain makes of it.
    fn let_go(&mut self, is_learnt: bool, fates: &mut Fates, out: &mut Vec<u8>) {
        self.spool.pop(&mut self.line);
        self.gone += u64::from(is_learnt);
        let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        match Clean::line(text).and_then(|line| self.scanner.scan(line)) {
            Ok(line) => match self.chain.put(&line, out) {
                Fate::Passed => {}
                fate => fates.count(fate),
            },
            Err(_) => out.extend_from_slice(&self.line),
        }
    }
}
