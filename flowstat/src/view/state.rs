//! What a view keeps while flows go by, apart from its definition.
//!
//! Each thread has a state of its own for every item; at the end they are merged in the order of the threads and the
//! first one is finished. Invariant: a state is a function of the multiset of lines it was given, and merging is
//! associative and commutative, so that the rows are the same for any number of threads.

use super::rows::Rows;
use flow_record::scan::Line;
use std::any::Any;

/// A state of a known type.
pub(crate) trait Tally: Send + Sized + 'static {
    /// Takes a flow, and says whether it has what the view needs; if not, nothing is changed.
    fn flow(&mut self, line: &Line<'_>) -> bool;

    /// Takes an alert, and says whether the view has a use for alerts.
    fn alert(&mut self, _line: &Line<'_>) -> bool {
        false
    }

    /// What flows that were left out lack, in words; empty where none are left out.
    fn needs(&self) -> String;

    /// What there is to say of the whole at the end.
    fn told(&self) -> Option<String> {
        None
    }

    /// Adds all that another state of the same item was given.
    fn merge(&mut self, other: Self);

    /// Writes the rows.
    fn finish(self, rows: &mut Rows<'_>);
}

/// The state of any view.
pub(crate) trait State: Any + Send {
    /// See [`Tally::flow`].
    fn flow(&mut self, line: &Line<'_>) -> bool;

    /// See [`Tally::alert`].
    fn alert(&mut self, line: &Line<'_>) -> bool;

    /// See [`Tally::needs`].
    fn needs(&self) -> String;

    /// See [`Tally::told`].
    fn told(&self) -> Option<String>;

    /// See [`Tally::merge`]; the other state must be of the same item.
    fn merge(&mut self, other: Box<dyn State>);

    /// See [`Tally::finish`].
    fn finish(self: Box<Self>, rows: &mut Rows<'_>);
}

impl<T: Tally> State for T {
    fn flow(&mut self, line: &Line<'_>) -> bool {
        Tally::flow(self, line)
    }

    fn alert(&mut self, line: &Line<'_>) -> bool {
        Tally::alert(self, line)
    }

    fn needs(&self) -> String {
        Tally::needs(self)
    }

    fn told(&self) -> Option<String> {
        Tally::told(self)
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other: Box<dyn Any> = other;
        match other.downcast::<T>() {
            Ok(other) => Tally::merge(self, *other),
            Err(_) => debug_assert!(false, "states of two items"),
        }
    }

    fn finish(self: Box<Self>, rows: &mut Rows<'_>) {
        Tally::finish(*self, rows);
    }
}
