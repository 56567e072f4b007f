//! Windows of event time (`--window`): alerts while lines still come.
//!
//! ```text
//! line ─► panes of its time ─► windows ─► incidents ─► alerts
//!         by start of flow     when a     one alert each,
//!                              pane is    again as it grows
//!                              over
//! ```
//!
//! - [`layout`]: how windows lie on the axis of time. [`panes`]: states by time, and when they are over.
//! - [`incidents`]: which findings are new. [`worker`]: the work on a line.
//!
//! Time is what flows and ticks say, never the clock; it has come as far as the latest of them. Invariant: as long as no
//! line is later than `lateness`, alerts are a function of the multiset of lines. Bound: the states of a window and of
//! `lateness`, and [`incidents::MOST`] incidents.

mod incidents;
mod layout;
mod panes;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use layout::{LATENESS, Layout};
pub(crate) use worker::Windowed;
