//! States by hour or date, of which only the last so many are kept.
//!
//! Invariant: what is kept is a function of what was added, whatever its order: what is dropped lies too far before a time
//! that was met, so it lies too far before the last. Bound: twice as many as are kept, and some.

use crate::view::Groups;
use flow_record::baseline::Section;
use flow_record::stats::SketchKey;

/// States beyond the kept ones before old ones are looked for.
const SOME: usize = 1024;

/// States by the number of an hour or a date.
#[derive(Clone)]
pub(crate) struct Recent<S> {
    states: Groups<i64, S>,
    /// The number that was added to last, and its place: neighbouring flows share theirs.
    open: (i64, u32),
    /// The largest number met.
    last: i64,
    /// How many numbers are kept, the largest included.
    keep: i64,
}

impl<S: Section> Recent<S> {
    /// Nothing yet.
    pub(crate) fn new(keep: i64) -> Recent<S> {
        Recent { states: Groups::new(), open: (i64::MIN, 0), last: i64::MIN, keep }
    }

    /// The state of a number.
    #[inline]
    pub(crate) fn at(&mut self, number: i64) -> &mut S {
        if number != self.open.0 {
            self.open_at(number);
        }
        self.states.at(self.open.1, number, S::default)
    }

    fn open_at(&mut self, number: i64) {
        self.last = self.last.max(number);
        if self.states.len() > 2 * self.keep.unsigned_abs() as usize + SOME {
            let from = self.last.saturating_sub(self.keep - 1);
            let mut kept = Groups::new();
            for (number, state) in self.states.take().filter(|(number, _)| *number >= from) {
                kept.entry(number, || state);
            }
            self.states = kept;
        }
        self.open = (number, self.states.numbered(number, S::default).0);
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, other: Recent<S>, key: &SketchKey) {
        self.last = self.last.max(other.last);
        self.states.merge(other.states, |a, b| a.merge(b, key));
        self.open = (i64::MIN, 0);
    }

    /// Takes all out, in no order.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (i64, S)> {
        self.open = (i64::MIN, 0);
        self.states.take()
    }
}
