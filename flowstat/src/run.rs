//! One run: a worker a thread, merged in order, and the rows of each item.

use crate::view::rows::Rows;
use crate::view::state::State;
use crate::view::{self, Setup};
use anyhow::Context;
use flow_record::input::{InputError, Source};
use flow_record::item::Args;
use flow_record::run::{Fate, Out, Session, Worker, each_line, pass};
use flow_record::scan::{Line, LineKind};
use flow_record::value::Time;

/// The states of all items, in their order.
pub(crate) struct States {
    items: Vec<Item>,
}

struct Item {
    kind: String,
    state: Box<dyn State>,
    /// Flows that lack what the item needs.
    left_out: u64,
}

/// Empty states for these items, and the members of lines that they want to see.
///
/// # Errors
/// What is wrong with an item's parameters.
pub(crate) fn states(items: &[Args], now: Option<Time>) -> anyhow::Result<(States, Vec<String>)> {
    let mut setup = Setup { now, ..Setup::default() };
    let made = items.iter().map(|args| {
        let state = view::build(args, &mut setup).with_context(|| args.spec.name)?;
        Ok(Item { kind: args.kind.clone(), state, left_out: 0 })
    });
    let items = made.collect::<anyhow::Result<_>>()?;
    Ok((States { items }, setup.watched))
}

impl Worker for States {
    #[inline]
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        match line.kind {
            LineKind::Flow => self.flow(line),
            LineKind::Alert => {
                let mut used = false;
                for item in &mut self.items {
                    used |= item.state.alert(line);
                }
                if used { Fate::Used } else { pass(line, out) }
            }
            LineKind::Baseline | LineKind::Tick | LineKind::Row(_) => pass(line, out),
        }
    }
}

impl States {
    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Fate {
        let mut used = false;
        for item in &mut self.items {
            match item.state.flow(line) {
                true => used = true,
                false => item.left_out += 1,
            }
        }
        if used { Fate::Used } else { Fate::Unused("lack what the views need") }
    }

    fn merge(&mut self, other: States) {
        for (a, b) in self.items.iter_mut().zip(other.items) {
            a.state.merge(b.state);
            a.left_out += b.left_out;
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
    for Item { kind, state, left_out } in whole.into_iter().flat_map(|w| w.items) {
        if left_out > 0 {
            let needs = state.needs();
            session
                .messages
                .warn("views that leave flows out", || format!("{kind}: {left_out} flows without {needs} left out"));
        }
        if let Some(text) = state.told() {
            session.messages.warn("views at a limit", || format!("{kind}: {text}"));
        }
        let mut write = |lines: &[u8]| session.write_made(lines);
        state.finish(&mut Rows::of_kind(&kind, &mut write));
    }
}
