//! `--mark`: flows pass with `"flagged":["sigma.bytes"]` where a rule over single flows holds; no alerts are made.
//!
//! Rules whose thresholds are known beforehand mark each flow as it passes. Rules whose thresholds come from the whole
//! input (`zscore:of=flow` and its like) need two passes: the lines are kept in memory, up to [`MAX_HELD`] bytes, and
//! marked once all were seen. Invariants: a line that is not marked stays as it was; marks of an earlier flowdetect stay;
//! a line that no filter would take with its marks passes without, and that is told.

use crate::detect::Marks;
use crate::item::Item;
use flow_record::people::count;
use flow_record::record::splice::Splice;
use flow_record::run::{Fate, Out, Session, Worker, pass};
use flow_record::scan::{Clean, Line, LineKind, Scanner, UNFIT, fits};
use flow_record::state::Setup;
use flow_record::value::text;
use std::sync::Arc;

/// Bytes of lines that are kept for a second pass.
pub(crate) const MAX_HELD: usize = 1 << 30;

/// Bytes that are handed on at a time.
const BLOCK: usize = 1 << 16;

/// The member that marks are written to.
const FLAGGED: &str = "flagged";

/// Whether all these items mark single flows, and when.
///
/// # Errors
/// The first item that does not.
pub(crate) fn when(items: &[Item]) -> anyhow::Result<Marks> {
    let mut when = Marks::AtOnce;
    for item in items {
        match item.marks() {
            Marks::Never => anyhow::bail!(
                "--mark: {} judges more than single flows; sigma, fence, zscore:of=flow, iqr:of=flow and mad:of=flow do not",
                item.name()
            ),
            Marks::Afterwards => when = Marks::Afterwards,
            Marks::AtOnce => {}
        }
    }
    Ok(when)
}

/// Marks flows; one a thread.
pub(crate) struct Marker {
    items: Arc<Vec<Item>>,
    /// The rules of each item.
    rules: Vec<Vec<Rule>>,
    /// Where `flagged` is watched.
    flagged: usize,
    /// Only flows that are marked pass.
    only: bool,
    /// The marks of the line at hand, as JSON.
    names: Vec<u8>,
    splice: Splice,
    /// Flows that passed as they came, because with marks their lines would be too long for any filter.
    overgrown: u64,
}

/// What a flow is marked with.
#[derive(Clone)]
struct Rule {
    name: String,
    json: Vec<u8>,
}

impl Rule {
    fn new(name: String) -> Rule {
        let mut json = Vec::new();
        text::write_json(&name, &mut json);
        Rule { name, json }
    }
}

impl Marker {
    /// Marks by items whose thresholds are known.
    ///
    /// # Errors
    /// None, for `flagged` is a name of its own.
    pub(crate) fn new(items: Arc<Vec<Item>>, setup: &mut Setup, only: bool) -> anyhow::Result<Marker> {
        let rules = items.iter().map(|item| item.rules().into_iter().map(Rule::new).collect()).collect();
        let flagged = setup.watch([FLAGGED]);
        Ok(Marker { items, rules, flagged, only, names: Vec::new(), splice: Splice::default(), overgrown: 0 })
    }

    /// The same again, for another thread.
    pub(crate) fn again(&self) -> Marker {
        Marker {
            items: self.items.clone(),
            rules: self.rules.clone(),
            flagged: self.flagged,
            only: self.only,
            names: Vec::new(),
            splice: Splice::default(),
            overgrown: 0,
        }
    }

    /// Says what these markers could not mark.
    pub(crate) fn tell<'m>(all: impl IntoIterator<Item = &'m Marker>, session: &mut Session) {
        let overgrown: u64 = all.into_iter().map(|marker| marker.overgrown).sum();
        if overgrown > 0 {
            session.messages.warn("flows without their marks", || {
                let flows = count(overgrown, "flows");
                format!("{flows} left as they came, though rules hold: marked, their lines would be {UNFIT}")
            });
        }
    }

    /// Puts the names of the rules that hold into `names`: those that were there, then ours.
    fn name(&mut self, line: &Line<'_>) {
        self.names.clear();
        let before: Vec<String> =
            line.value(self.flagged).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        for name in &before {
            push(&mut self.names, |out| text::write_json(name, out));
        }
        for (item, rules) in self.items.iter().zip(&self.rules) {
            let holds = item.mark(line.flow);
            for (_, rule) in rules.iter().enumerate().filter(|(bit, _)| holds >> bit & 1 == 1) {
                if !before.contains(&rule.name) {
                    push(&mut self.names, |out| out.extend_from_slice(&rule.json));
                }
            }
        }
        self.names.push(b']');
    }
}

/// Appends a member to a list that may be yet to begin.
fn push(list: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    list.push(if list.is_empty() { b'[' } else { b',' });
    write(list);
}

impl Worker for Marker {
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if line.kind != LineKind::Flow {
            return pass(line, out);
        }
        if self.items.iter().all(|item| item.mark(line.flow) == 0) {
            return if self.only { Fate::Filtered } else { pass(line, out) };
        }
        self.name(line);
        self.splice.clear();
        let names = &self.names;
        match line.span(self.flagged) {
            Some(span) => self.splice.replace(span, |out| out.extend_from_slice(names)),
            None => self.splice.add(FLAGGED, |out| out.extend_from_slice(names)),
        }
        let start = out.len();
        self.splice.apply(line, out);
        if fits(&out[start..]) {
            return Fate::Passed;
        }
        out.truncate(start);
        self.overgrown += 1;
        pass(line, out)
    }
}

/// The first of two passes: every item takes the flows, and all lines are kept.
pub(crate) struct Holding {
    /// In the order of the command line.
    pub(crate) items: Vec<Item>,
    held: Vec<u8>,
    max: usize,
    lines: u64,
    over: bool,
}

impl Holding {
    /// Nothing kept yet, and at most `max` bytes to be kept.
    pub(crate) fn new(items: Vec<Item>, max: usize) -> Holding {
        Holding { items, held: Vec::new(), max, lines: 0, over: false }
    }

    /// The second pass: writes the lines, marked. Says what went wrong where there were too many to keep.
    pub(crate) fn finish(self, session: &mut Session, mut setup: Setup, only: bool) -> anyhow::Result<()> {
        let mut items = self.items;
        for item in &mut items {
            item.settle().iter().for_each(|note| session.messages.note(note));
        }
        let mut marker = Marker::new(Arc::new(items), &mut setup, only)?;
        let fates = &mut session.account.fates;
        // What was kept has no fate before it was marked.
        fates.passed = fates.passed.saturating_sub(self.lines);
        if self.over {
            *fates.unused.entry("more than can be kept for a second pass").or_default() += self.lines;
            anyhow::bail!(
                "--mark: these detectors need two passes, for which {} MiB of lines are kept, and there were more; learn \
                 thresholds from a part (flowstat describe) and mark with sigma:normal=FILE or fence:normal=FILE",
                self.max >> 20
            );
        }
        let mut scanner = Scanner::watching(setup.watched());
        let mut out = Out::default();
        for text in self.held.split_inclusive(|b| *b == b'\n') {
            // It was accepted before.
            if let Some(line) = Clean::line(text).ok().and_then(|clean| scanner.scan(clean).ok()) {
                session.account.fates.count(marker.line(&line, &mut out));
            }
            if out.len() >= BLOCK {
                session.write(&out);
                out.clear();
            }
        }
        session.write(&out);
        Marker::tell([&marker], session);
        Ok(())
    }
}

impl Worker for Holding {
    fn line(&mut self, line: &Line<'_>, _out: &mut Out) -> Fate {
        self.lines += 1;
        if self.over || self.held.len() + line.text.len() >= self.max {
            self.over = true;
            self.held = Vec::new();
            return Fate::Passed;
        }
        self.held.extend_from_slice(line.text.as_bytes());
        self.held.push(b'\n');
        if line.kind == LineKind::Flow {
            for item in &mut self.items {
                if item.takes().flows {
                    item.take(line);
                }
            }
        }
        Fate::Passed
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::detect::tests::flow;
    use crate::item::Plan;
    use flow_record::item::Args;
    use flow_record::output::Sink;
    use flow_record::run::Conduct;

    /// Marks a hundred flows of a rule that needs two passes, with room for `max` bytes.
    fn held(max: usize) -> (anyhow::Result<()>, Session) {
        let args = Args::resolve("zscore:of=flow", "detector", crate::detect::specs()).unwrap();
        let plan = Plan::of(&[args], &crate::config::Config::default()).unwrap();
        let mut session = Session::begin("flowdetect", Conduct::default(), Sink::none()).unwrap();
        let mut holding = Holding::new(plan.items, max);
        let mut scanner = Scanner::new();
        for i in 0..100 {
            let text = flow("10.0.0.1", "10.0.0.2", 80, i, if i == 50 { 9999 } else { 10 });
            let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
            let fate = holding.line(&line, &mut Out::default());
            session.account.fates.count(fate);
        }
        let result = holding.finish(&mut session, Setup::default(), true);
        (result, session)
    }

    #[test]
    fn lines_are_kept_up_to_a_bound_and_then_refused_with_advice() {
        let (result, session) = held(1 << 20);
        assert!(result.is_ok());
        assert_eq!((session.account.fates.passed, session.account.fates.filtered), (1, 99));
        let (result, session) = held(4096);
        assert!(result.unwrap_err().to_string().contains("mark with sigma:normal=FILE"));
        let fates = &session.account.fates;
        assert_eq!((fates.passed, fates.filtered, fates.unused.values().sum::<u64>()), (0, 0, 100));
    }
}
