//! Items: `NAME:key=value,key=value`, the one grammar of views, detectors and enrichers.
//!
//! [`Spec`] says what an item computes and which parameters it takes; [`Args`] is a checked use of one. Everything that
//! documents an item (`--list`, `--explain`, `--help`, `--describe`, the README's tables) is made from its `Spec`.

mod args;
mod grammar;
mod line;
mod spec;
mod suggest;

pub use args::Args;
pub use grammar::{Item, ItemError};
pub(crate) use line::resolve;
pub use spec::{Param, ParamKind, Spec};
pub(crate) use suggest::slip_of;
pub use suggest::{nearest, nearest_field};
