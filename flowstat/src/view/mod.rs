//! The views: what each computes is in its own file; this is the list of them.
//!
//! A new view is one file with its `VIEW` (the definition) and its state, and one line in [`VIEWS`]. What several share:
//! [`params`] names parameters, [`rows`] writes, [`groups`] keeps state by key, [`calendar`] knows hours,
//! [`totals`] compares sums, [`bins`] spread flows over time, [`reading`] reads baselines.

pub(crate) mod baseline;
mod bins;
mod calendar;
mod daily;
mod describe;
mod diff;
mod entropy;
mod fields;
mod group;
mod groups;
mod heavy;
mod hosts;
mod hourly;
mod matrix;
mod pairs;
mod params;
mod ports;
mod protocols;
mod rates;
pub(crate) mod reading;
pub(crate) mod rows;
mod sessions;
mod shelf;
mod summary;
mod timeline;
mod top;
mod totals;
mod weekly;

use flow_record::item::{Args, ItemError, Spec};
use flow_record::state::{AnyState, Goal, Setup};
pub(crate) use groups::Groups;
pub(crate) use reading::Reading;
use rows::Rows;

/// The goal of views: rows.
pub(crate) struct ToRows;

impl Goal for ToRows {
    type Into<'i> = Rows<'i>;
}

/// The state of any view.
pub(crate) type ViewState = Box<dyn AnyState<ToRows>>;

/// A view's definition.
pub(crate) struct View {
    /// Its documentation, parameters and columns.
    pub(crate) spec: Spec,
    /// Makes an empty state. What is wrong with a parameter beyond its type is said here.
    pub(crate) build: fn(&Args, &mut Setup) -> anyhow::Result<ViewState>,
    /// Why it cannot be read from a baseline; empty where it can.
    pub(crate) flows_only: &'static str,
}

/// All views, in the order in which they are listed.
pub(crate) static VIEWS: &[&View] = &[
    &summary::VIEW,
    &hourly::VIEW,
    &daily::VIEW,
    &weekly::VIEW,
    &timeline::VIEW,
    &rates::VIEW,
    &hosts::VIEW,
    &pairs::VIEW,
    &matrix::VIEW,
    &sessions::VIEW,
    &protocols::VIEW,
    &ports::VIEW,
    &top::VIEW,
    &entropy::VIEW,
    &group::VIEW,
    &describe::VIEW,
    &fields::VIEW,
    &baseline::VIEW,
    &diff::VIEW,
    &crate::report::VIEW,
];

/// Makes the state of an item whose parameters were checked.
pub(crate) fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    match VIEWS.iter().find(|v| std::ptr::eq(&v.spec, args.spec)) {
        Some(view) => (view.build)(args, setup),
        None => anyhow::bail!("no such view"),
    }
}

/// Why a view cannot be read from a baseline; empty where it can.
pub(crate) fn flows_only(spec: &'static Spec) -> &'static str {
    VIEWS.iter().find(|v| std::ptr::eq(&v.spec, spec)).map_or("", |v| v.flows_only)
}

/// Makes the state of an item as one would write it.
pub(crate) fn build_item(text: &str, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let args = Args::resolve(text, "view", specs()).map_err(|ItemError(e)| anyhow::anyhow!(e))?;
    build(&args, setup)
}

/// The definitions, for documentation and for looking items up.
pub(crate) fn specs() -> Vec<&'static Spec> {
    VIEWS.iter().map(|v| &v.spec).collect()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
