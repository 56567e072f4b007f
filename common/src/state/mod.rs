//! What an item keeps while lines go by, apart from its definition: the one shape of a view's and a detector's state.
//!
//! A definition (its `Spec`, and how to build it) is static; what is built is a [`State`]. Each thread has one of its own
//! for every item; at the end they are merged and the first is finished. Invariant of every state: a function of the
//! multiset of lines that it was given, and merging is associative and commutative with [`State::empty`] as its identity.
//! So a result is the same for any number of threads, and a window is a ring of panes, each an empty state that took the
//! lines of its time, merged when it closes.
//!
//! [`AnyState`] is a state of any type that is finished into the same thing ([`Goal`]); [`Setup`] is what building leaves
//! behind and finds.

mod setup;

pub use setup::Setup;

use crate::scan::{Line, LineKind};
use crate::value::Time;
use std::any::Any;
use std::path::Path;

/// What states of one program are finished into: rows of views, findings of detectors.
pub trait Goal: 'static {
    /// The thing itself; it may borrow.
    type Into<'i>;
}

/// Whether a line was of use: if not, what it lacks, or [`LACKS`].
pub type Taken = Result<(), &'static str>;

/// Stands for what [`State::lacks`] says.
pub const LACKS: &str = "";

/// The kinds of lines that a state takes; it is given no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    /// Flows.
    pub flows: bool,
    /// Rows of any kind.
    pub rows: bool,
    /// Alerts.
    pub alerts: bool,
    /// Lines of baselines.
    pub baselines: bool,
}

impl Takes {
    /// Flows alone.
    pub const FLOWS: Takes = Takes { flows: true, rows: false, alerts: false, baselines: false };

    /// Whether lines of this kind are taken.
    #[inline]
    pub fn takes(self, kind: LineKind<'_>) -> bool {
        match kind {
            LineKind::Flow => self.flows,
            LineKind::Row(_) => self.rows,
            LineKind::Alert => self.alerts,
            LineKind::Baseline => self.baselines,
            LineKind::Tick => false,
        }
    }
}

/// A state of a known type.
pub trait State: Clone + Send + Sync + Sized + 'static {
    /// What it is finished into.
    type Goal: Goal;

    /// Which lines it takes.
    fn takes(&self) -> Takes {
        Takes::FLOWS
    }

    /// Takes a flow. One that lacks something changes nothing.
    fn flow(&mut self, line: &Line<'_>) -> Taken;

    /// Takes a line of another kind that it takes.
    fn line(&mut self, _line: &Line<'_>) -> Taken {
        Ok(())
    }

    /// What lines lack that were answered with [`LACKS`], in words.
    fn lacks(&self) -> String {
        String::new()
    }

    /// Why nothing may follow from what was taken, in a sentence: the run fails, and the state is not finished.
    fn fault(&self) -> Option<String> {
        None
    }

    /// Adds all that another state of the same item was given.
    fn merge(&mut self, other: Self);

    /// Whether it is as good as new.
    fn is_empty(&self) -> bool;

    /// A new one with the same parameters, that was given nothing.
    fn empty(&self) -> Self;

    /// About how many bytes it takes that grow with the input. It may look at every key.
    fn bytes(&self) -> u64 {
        0
    }

    /// Moves what it keeps to files in a folder; `false` where it cannot.
    ///
    /// # Errors
    /// What could not be written, with the folder.
    fn spill(&mut self, _folder: &Path) -> Result<bool, String> {
        Ok(false)
    }

    /// Event time has come so far: no line before it is to come.
    fn tick(&mut self, _now: Time) {}

    /// What follows from all that was taken.
    fn finish(self, into: &mut <Self::Goal as Goal>::Into<'_>);
}

/// The state of any item with this goal.
pub trait AnyState<G: Goal>: Any + Send + Sync {
    /// See [`State::takes`].
    fn takes(&self) -> Takes;
    /// See [`State::flow`].
    fn flow(&mut self, line: &Line<'_>) -> Taken;
    /// See [`State::line`].
    fn line(&mut self, line: &Line<'_>) -> Taken;
    /// See [`State::lacks`].
    fn lacks(&self) -> String;
    /// See [`State::fault`].
    fn fault(&self) -> Option<String>;
    /// See [`State::merge`]; the other state must be of the same item.
    fn merge(&mut self, other: Box<dyn AnyState<G>>);
    /// See [`State::is_empty`].
    fn is_empty(&self) -> bool;
    /// See [`State::empty`].
    fn empty(&self) -> Box<dyn AnyState<G>>;
    /// The same again, with all that it has taken.
    fn again(&self) -> Box<dyn AnyState<G>>;
    /// See [`State::bytes`].
    fn bytes(&self) -> u64;
    /// See [`State::spill`].
    ///
    /// # Errors
    /// See there.
    fn spill(&mut self, folder: &Path) -> Result<bool, String>;
    /// See [`State::tick`].
    fn tick(&mut self, now: Time);
    /// See [`State::finish`].
    fn finish(self: Box<Self>, into: &mut G::Into<'_>);
}

impl<G: Goal, T: State<Goal = G>> AnyState<G> for T {
    fn takes(&self) -> Takes {
        State::takes(self)
    }

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        State::flow(self, line)
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        State::line(self, line)
    }

    fn lacks(&self) -> String {
        State::lacks(self)
    }

    fn fault(&self) -> Option<String> {
        State::fault(self)
    }

    fn merge(&mut self, other: Box<dyn AnyState<G>>) {
        let other: Box<dyn Any> = other;
        match other.downcast::<T>() {
            Ok(other) => State::merge(self, *other),
            Err(_) => debug_assert!(false, "states of two items"),
        }
    }

    fn is_empty(&self) -> bool {
        State::is_empty(self)
    }

    fn empty(&self) -> Box<dyn AnyState<G>> {
        Box::new(State::empty(self))
    }

    fn again(&self) -> Box<dyn AnyState<G>> {
        Box::new(self.clone())
    }

    fn bytes(&self) -> u64 {
        State::bytes(self)
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        State::spill(self, folder)
    }

    fn tick(&mut self, now: Time) {
        State::tick(self, now);
    }

    fn finish(self: Box<Self>, into: &mut G::Into<'_>) {
        State::finish(*self, into);
    }
}

impl<G: Goal> Clone for Box<dyn AnyState<G>> {
    fn clone(&self) -> Self {
        (**self).again()
    }
}
