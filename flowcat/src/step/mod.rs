//! What is done with flows between reading and writing, one step after the other.
//!
//! ```text
//! a source ─► Flows ─► step ─► step ─► ... ─► End: writes and counts
//! ```
//!
//! A step takes a flow and hands none, one or more on. Only flows go through steps; rows, alerts, baselines and ticks
//! pass beside them. Where there are no steps nothing is paid for them.
//!
//! To add one: its file, with its option's type and its `Step`; the option in [`StepOptions`]; its line in
//! [`StepOptions::build`], where the order is that of the work.
//!
//! Invariant: each flow that is taken is handed on, counted as left out or merged, or kept for `finish`.

mod head;
mod sample;
mod select;
mod write;

pub(crate) use head::Head;
pub(crate) use write::End;

use flow_record::filter::Filter;
use flow_record::record::Flow;

/// A flow on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    /// Its fields.
    pub(crate) flow: &'r Flow,
    /// How it is written.
    pub(crate) form: Form<'r>,
}

/// How a flow is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form<'r> {
    /// From its fields, and then further members, each as `,"name":value`.
    Fields(&'r [u8]),
    /// As the line that it came as, without its newline. A step that changes the flow makes another of it.
    Line(&'r str),
}

/// One step.
pub(crate) trait Step {
    /// Nothing was read yet.
    fn begin(&mut self, _next: &mut Next<'_, '_>) {}

    /// Takes a flow.
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>);

    /// No flow follows: hands on what was kept.
    fn finish(&mut self, _next: &mut Next<'_, '_>) {}
}

/// What comes after a step.
pub(crate) struct Next<'n, 's> {
    steps: &'n mut [Box<dyn Step>],
    end: &'n mut End<'s>,
}

impl<'n, 's> Next<'n, 's> {
    /// All steps, and the end of them.
    pub(crate) fn first(steps: &'n mut [Box<dyn Step>], end: &'n mut End<'s>) -> Next<'n, 's> {
        Next { steps, end }
    }

    /// Hands a flow on.
    #[inline]
    pub(crate) fn flow(&mut self, record: Record<'_>) {
        match self.steps.split_first_mut() {
            Some((step, steps)) => step.flow(record, &mut Next { steps, end: self.end }),
            None => self.end.flow(record),
        }
    }

    /// Has every step begin.
    pub(crate) fn begin(&mut self) {
        self.each(|step, next| step.begin(next));
    }

    /// Has every step hand on what it kept, the first first.
    pub(crate) fn finish(&mut self) {
        self.each(|step, next| step.finish(next));
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Step, &mut Next<'_, 's>)) {
        for at in 0..self.steps.len() {
            if let Some((step, steps)) = self.steps.get_mut(at..).and_then(<[_]>::split_first_mut) {
                act(step.as_mut(), &mut Next { steps, end: self.end });
            }
        }
    }

    /// Counts a flow that is left out.
    #[inline]
    pub(crate) fn filtered(&mut self) {
        self.end.filtered += 1;
    }

    /// Says that nothing more is to be read.
    pub(crate) fn stop(&mut self) {
        self.end.stop();
    }
}

/// The options that are steps.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StepOptions {
    /// Keep one in N conversations: --sample 1/100
    ///
    /// Which, is told by a hash of addresses, ports and protocol, the same in both directions, so that a conversation is
    /// kept as a whole or not at all, in every file and every run. What 1/1000 keeps, 1/10 keeps too.
    #[arg(long, value_name = "1/N")]
    pub(crate) sample: Option<sample::Share>,
    /// Stop after N flows
    ///
    /// Nothing after the last of them is read, nor counted.
    #[arg(long, value_name = "N")]
    pub(crate) head: Option<u64>,
}

impl StepOptions {
    /// The steps that are asked for, in the order of the work.
    pub(crate) fn build(&self, filter: Option<Filter>) -> Vec<Box<dyn Step>> {
        let mut steps: Vec<Box<dyn Step>> = Vec::new();
        steps.extend(filter.map(select::step));
        steps.extend(self.sample.map(sample::step));
        steps.extend(self.head.map(head::step));
        steps
    }
}

#[cfg(test)]
mod tests;
