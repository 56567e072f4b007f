//! Rows: lines with a `kind` that say what flows add up to.
//!
//! [`columns`] names the columns that several kinds have, [`Row`] reads a row of any program, [`schema`] describes those
//! of a view.

pub mod columns;
mod read;
mod schema;

pub use read::Row;
pub use schema::schema;
