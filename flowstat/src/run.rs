//! One run: a worker a thread, merged in order, and the rows of each item.

use crate::room::Room;
use crate::view::rows::Rows;
use crate::view::{self, ViewState};
use anyhow::Context;
use flow_record::baseline::{Ledger, Lines};
use flow_record::input::{InputError, Source};
use flow_record::item::Args;
use flow_record::people::count;
use flow_record::run::{Fate, Out, Session, Worker, each_line, pass};
use flow_record::scan::{Line, LineKind};
use flow_record::state::{LACKS, Setup, Takes};

/// Why lines are not passed on through a document.
const NO_PART: &str = "are no part of the document";

/// The states of all items, in their order.
pub(crate) struct States {
    items: Vec<Item>,
    lines: Lines,
    /// What was met of baselines in each input; the last is that of the open one.
    ledgers: Vec<Ledger>,
    pub(crate) room: Room,
    /// Why there was no room.
    full: Option<String>,
}

struct Item {
    kind: String,
    /// Why it takes no baselines; empty where it does.
    flows_only: &'static str,
    state: ViewState,
    takes: Takes,
    /// How many flows it could not use, by what they lacked.
    lacks: Vec<(&'static str, u64)>,
}

impl Item {
    fn new(kind: String, flows_only: &'static str, state: ViewState) -> Item {
        Item { kind, flows_only, takes: state.takes(), state, lacks: Vec::new() }
    }

    #[cold]
    fn lack(&mut self, what: &'static str, n: u64) {
        match self.lacks.iter_mut().find(|(met, _)| *met == what) {
            Some((_, count)) => *count += n,
            None => self.lacks.push((what, n)),
        }
    }
}

/// Empty states for these items; `setup` learns what lines they want to see.
///
/// # Errors
/// What is wrong with an item's parameters.
pub(crate) fn states(items: &[Args], setup: &mut Setup) -> anyhow::Result<States> {
    let made = items.iter().map(|args| {
        let state = view::build(args, setup).with_context(|| args.spec.name)?;
        Ok(Item::new(args.kind.clone(), view::flows_only(args.spec), state))
    });
    let items = made.collect::<anyhow::Result<_>>()?;
    Ok(States {
        items,
        lines: Lines::new(setup.watch(Lines::NAMES)),
        ledgers: vec![Ledger::default()],
        room: Room::new(u64::MAX, None, 1),
        full: None,
    })
}

impl Worker for States {
    #[inline]
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if self.room.is_due() && self.full.is_none() {
            self.weigh();
        }
        match line.kind {
            LineKind::Flow | LineKind::Baseline if self.full.is_some() => Fate::Unused("came after memory was full"),
            LineKind::Flow => self.flow(line),
            kind => {
                let mut used = kind == LineKind::Baseline;
                if used && let Some(ledger) = self.ledgers.last_mut() {
                    self.lines.enter(line, ledger);
                }
                let mut unused = false;
                for item in self.items.iter_mut().filter(|item| item.takes.takes(kind)) {
                    match item.state.line(line) {
                        Ok(()) => used = true,
                        Err(_) => unused = true,
                    }
                }
                match (used, unused) {
                    (true, _) => Fate::Used,
                    // What passed would stand in the middle of a document.
                    (_, true) => Fate::Unused(NO_PART),
                    _ => pass(line, out),
                }
            }
        }
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        // Who takes rows makes a document.
        match self.items.iter().any(|item| item.takes.rows) {
            true => Fate::Unused(NO_PART),
            false => pass(line, out),
        }
    }

    fn end_of_input(&mut self, _: &mut Out) {
        self.ledgers.push(Ledger::default());
    }
}

impl States {
    /// The same for another thread, given nothing.
    pub(crate) fn empty(&self) -> States {
        let empty = |item: &Item| Item::new(item.kind.clone(), item.flows_only, (*item.state).empty());
        States {
            items: self.items.iter().map(empty).collect(),
            lines: self.lines,
            ledgers: vec![Ledger::default()],
            room: self.room.clone(),
            full: None,
        }
    }

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Fate {
        let mut used = false;
        for item in &mut self.items {
            match item.state.flow(line) {
                Ok(()) => used = true,
                Err(what) => item.lack(what, 1),
            }
        }
        if used { Fate::Used } else { Fate::Unused("lack what the views need") }
    }

    /// Makes room, or gives all up.
    #[cold]
    fn weigh(&mut self) {
        let items = self.items.iter_mut().map(|item| (item.kind.as_str(), &mut item.state));
        if let Err(text) = self.room.weigh(items) {
            self.full = Some(text);
            for item in &mut self.items {
                item.state = (*item.state).empty();
            }
        }
    }

    fn merge(&mut self, other: States) {
        self.full = self.full.take().or(other.full);
        self.ledgers.resize(self.ledgers.len().max(other.ledgers.len()), Ledger::default());
        self.ledgers.iter_mut().zip(&other.ledgers).for_each(|(a, b)| a.merge(b));
        for (a, b) in self.items.iter_mut().zip(other.items) {
            a.state.merge(b.state);
            b.lacks.into_iter().for_each(|(what, n)| a.lack(what, n));
        }
    }
}

/// Reads all inputs and writes the rows of all items.
pub(crate) fn run(
    session: &mut Session,
    sources: Vec<Result<Source, InputError>>,
    watched: &[String],
    workers: Vec<States>,
) {
    let names: Vec<Option<String>> = sources.iter().map(|s| s.as_ref().ok().map(Source::name)).collect();
    let whole = each_line(session, sources, watched, workers).into_iter().reduce(|mut all, more| {
        all.merge(more);
        all
    });
    let Some(whole) = whole else { return };
    if let Some(text) = whole.full {
        session.spoil(&text);
        return;
    }
    let has_baseline = whole.ledgers.iter().any(|l| !l.is_empty());
    let mut is_damaged = false;
    for (number, ledger) in whole.ledgers.iter().enumerate() {
        if let Err(e) = ledger.check() {
            // An input that could not be opened has no end, so the numbers of the others cannot be told from here.
            let name = names.get(number).filter(|_| names.len() < whole.ledgers.len()).and_then(Option::as_deref);
            session.spoil(&format!("{}: {e}", name.unwrap_or("an input")));
            is_damaged = true;
        }
    }
    for item in whole.items {
        if has_baseline && !item.flows_only.is_empty() {
            session.spoil(&format!("{}: {}", item.kind, item.flows_only));
        } else if !is_damaged {
            finish(session, item);
        } else if let Some(text) = item.state.fault() {
            // A baseline of a later version may look damaged, too.
            session.spoil(&format!("{}: {text}", item.kind));
        }
    }
}

/// Writes the rows of an item, and says what there is to say.
fn finish(session: &mut Session, item: Item) {
    let Item { kind, state, mut lacks, .. } = item;
    lacks.sort_unstable();
    for (what, n) in lacks {
        let what = if what == LACKS { state.lacks() } else { what.to_owned() };
        session
            .messages
            .warn("views that leave flows out", || format!("{kind}: {} without {what} left out", count(n, "flows")));
    }
    if let Some(text) = state.fault() {
        session.spoil(&format!("{kind}: {text}"));
        return;
    }
    session.begin_item();
    let mut write = |lines: &[u8]| session.write_made(lines);
    let mut rows = Rows::of_kind(&kind, &mut write);
    state.finish(&mut rows);
    let (notes, faults) = (rows.notes(), rows.faults());
    drop(rows);
    for text in notes {
        session.messages.warn("views at a limit", || format!("{kind}: {text}"));
    }
    faults.iter().for_each(|text| session.spoil(&format!("{kind}: {text}")));
}
