//! One run: a worker a thread, merged in order, and the rows of each item.

use crate::view::rows::Rows;
use crate::view::{self, ViewState};
use anyhow::Context;
use flow_record::input::{InputError, Source};
use flow_record::item::Args;
use flow_record::people::count;
use flow_record::run::{Fate, Out, Session, Worker, each_line, pass};
use flow_record::scan::{Line, LineKind};
use flow_record::state::{LACKS, Setup, Takes};

/// The states of all items, in their order.
pub(crate) struct States {
    items: Vec<Item>,
}

struct Item {
    kind: String,
    state: ViewState,
    takes: Takes,
    /// How many flows it could not use, by what they lacked.
    lacks: Vec<(&'static str, u64)>,
}

impl Item {
    fn new(kind: String, state: ViewState) -> Item {
        Item { kind, takes: state.takes(), state, lacks: Vec::new() }
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
        Ok(Item::new(args.kind.clone(), state))
    });
    Ok(States { items: made.collect::<anyhow::Result<_>>()? })
}

impl Worker for States {
    #[inline]
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        match line.kind {
            LineKind::Flow => self.flow(line),
            kind => {
                let mut used = false;
                for item in self.items.iter_mut().filter(|item| item.takes.takes(kind)) {
                    used |= item.state.line(line).is_ok();
                }
                if used { Fate::Used } else { pass(line, out) }
            }
        }
    }
}

impl States {
    /// The same for another thread, given nothing.
    pub(crate) fn empty(&self) -> States {
        let empty = |item: &Item| Item::new(item.kind.clone(), (*item.state).empty());
        States { items: self.items.iter().map(empty).collect() }
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

    fn merge(&mut self, other: States) {
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
    let whole = each_line(session, sources, watched, workers).into_iter().reduce(|mut all, more| {
        all.merge(more);
        all
    });
    for Item { kind, state, mut lacks, .. } in whole.into_iter().flat_map(|w| w.items) {
        lacks.sort_unstable();
        for (what, n) in lacks {
            let what = if what == LACKS { state.lacks() } else { what.to_owned() };
            session.messages.warn("views that leave flows out", || {
                format!("{kind}: {} without {what} left out", count(n, "flows"))
            });
        }
        session.begin_item();
        let mut write = |lines: &[u8]| session.write_made(lines);
        let mut rows = Rows::of_kind(&kind, &mut write);
        state.finish(&mut rows);
        let notes = rows.notes();
        drop(rows);
        for text in notes {
            session.messages.warn("views at a limit", || format!("{kind}: {text}"));
        }
    }
}
