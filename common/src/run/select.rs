//! `--where`: flows that are not asked for are left out before a worker sees them; all other lines pass to it.

use super::account::Fate;
use super::worker::{Out, Worker};
use crate::filter::{Filter, Met};
use crate::scan::{Line, LineKind};

/// A worker that sees only the flows that a filter keeps.
pub(super) struct Selecting<W> {
    /// The worker.
    pub(super) worker: W,
    filter: Filter,
    /// Which of the filter's members flows had.
    pub(super) met: Met,
    /// The place of the filter's first watched name among all.
    first: usize,
}

impl<W> Selecting<W> {
    /// The worker with a filter before it, whose watched names begin at `first`.
    pub(super) fn new(worker: W, filter: &Filter, first: usize) -> Selecting<W> {
        Selecting { worker, met: filter.met(), filter: filter.clone(), first }
    }
}

impl<W: Worker> Worker for Selecting<W> {
    #[inline]
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        let first = self.first;
        if line.kind == LineKind::Flow {
            self.met.look(|at| line.span(first + at).is_some());
            if !self.filter.keeps(line.flow, |at| line.value(first + at)) {
                return Fate::Filtered;
            }
        }
        self.worker.line(line, out)
    }

    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        self.worker.tick(line, out)
    }

    fn end_of_batch(&mut self, out: &mut Out) {
        self.worker.end_of_batch(out);
    }

    fn end_of_input(&mut self, out: &mut Out) {
        self.worker.end_of_input(out);
    }
}
