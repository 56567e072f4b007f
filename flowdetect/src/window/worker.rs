//! The work on one line with `--window`, by one thread: alerts follow the line that completed them.
//!
//! Who does what: flows that have a time are consumed; rows, alerts and baselines pass, ticks too, after they have told
//! the time. A flow whose time its source calls implausible (`clock`) goes into no window, so that it moves none.

use super::incidents::Incidents;
use super::layout::Layout;
use super::panes::{Close, Panes, Took, Window};
use crate::alert::{Alert, Naming, Severity};
use crate::detectors::Detectors;
use crate::item::told;
use crate::quiet::Quiet;
use flow_record::people::count;
use flow_record::record::field;
use flow_record::run::{Fate, Out, Worker, pass};
use flow_record::scan::{Line, LineKind};

/// Notes of one item that are told; those of later windows differ in their numbers only.
const NOTES: usize = 3;

/// What the windows came to so far.
pub(crate) struct Windowed {
    panes: Panes,
    story: Story,
    tee: bool,
}

/// What is told.
struct Story {
    incidents: Incidents,
    quiet: Quiet,
    /// Lines to be written.
    lines: Vec<u8>,
    /// For each item: its name, its alerts, its notes.
    items: Vec<(Naming, u64, Vec<String>)>,
    /// The gravest alert.
    gravest: Option<Severity>,
}

/// What is left to be told at the end.
pub(crate) struct Ended {
    /// Alerts, as lines.
    pub(crate) lines: Vec<u8>,
    /// How many alerts there were in all, by detector.
    pub(crate) alerts: Vec<(String, u64)>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// The gravest alert.
    pub(crate) gravest: Option<Severity>,
    /// Alerts that were suppressed.
    pub(crate) suppressed: u64,
}

impl Close for Story {
    fn close(&mut self, window: Window, naming: &Naming, alerts: Vec<Alert>, notes: Vec<String>) {
        self.incidents.expire(window);
        let Some((_, count, known)) = self.items.iter_mut().find(|(met, ..)| met == naming) else { return };
        for note in notes {
            if known.len() < NOTES && !known.contains(&note) {
                known.push(note);
            }
        }
        for mut alert in alerts {
            let label = self.incidents.admit(naming, &mut alert, window);
            if let Some(label) = label.filter(|label| self.quiet.tells(naming, &alert, *label)) {
                alert.write_as(naming.detector(), label, &mut self.lines);
                self.gravest = self.gravest.max(Some(alert.verdict.severity));
                *count += 1;
            }
        }
    }
}

impl Windowed {
    /// With these detectors, given nothing.
    pub(crate) fn new(layout: Layout, detectors: Detectors, quiet: Quiet, tee: bool) -> Windowed {
        let items = detectors.items().iter().map(|item| (item.naming().clone(), 0, Vec::new())).collect();
        let story = Story { incidents: Incidents::default(), quiet, lines: Vec::new(), items, gravest: None };
        Windowed { panes: Panes::new(layout, detectors), story, tee }
    }

    /// Closes the last windows.
    pub(crate) fn finish(mut self) -> Ended {
        self.panes.end(&mut self.story);
        let Story { incidents, quiet, lines, items, gravest } = self.story;
        let suppressed = quiet.suppressed;
        let mut ended = Ended { lines, alerts: Vec::new(), notes: Vec::new(), gravest, suppressed };
        for ((naming, count, notes), lacks) in items.into_iter().zip(self.panes.lacks) {
            ended.alerts.push((naming.detector().to_owned(), count));
            ended.notes.extend(told(&naming, "the column that is scored", lacks, notes));
        }
        if incidents.forgotten > 0 {
            let n = count(incidents.forgotten, "incidents");
            ended.notes.push(format!("{n} forgotten for want of room, so that they may be told twice"));
        }
        ended
    }

    /// Hands on what the windows that are over have come to.
    #[inline]
    fn hand_on(&mut self, out: &mut Out) {
        if !self.story.lines.is_empty() {
            out.make(&self.story.lines);
            self.story.lines.clear();
        }
    }

    fn flow(&mut self, line: &Line<'_>) -> Fate {
        let Some(time) = line.flow.time() else { return Fate::Unused("flow without timestamp") };
        if line.flow.text(field::CLOCK) == Some("implausible") {
            return Fate::Unused("flow with an implausible time");
        }
        let fate = match self.panes.take(time, line) {
            Took::Used => Fate::Used,
            Took::Unused => Fate::Unused("flow without what the detectors need"),
            Took::Late => Fate::Late,
        };
        self.panes.advance(time, &mut self.story);
        fate
    }
}

impl Worker for Windowed {
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if line.kind != LineKind::Flow {
            return pass(line, out);
        }
        let fate = self.flow(line);
        let fate = if self.tee { pass(line, out) } else { fate };
        self.hand_on(out);
        fate
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        if let Some(now) = line.flow.time() {
            self.panes.advance(now, &mut self.story);
            self.hand_on(out);
        }
        pass(line, out)
    }
}
