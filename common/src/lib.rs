//! The record that the flow filters share, and all that is done with it on its way through a pipe.
//!
//! The way of the data, left to right:
//!
//! ```text
//! input ──► scan ──► record ──► (a filter's worker) ──► output
//! files,    lines     a flow     run drives it           lines, tables, CSV,
//! stdin     become    and its    in order, over          atomic files
//!           fields    fields     threads
//! ```
//!
//! Each knows only those above it:
//!
//! - [`value`]: times, addresses, numbers, text: to and from bytes. [`people`]: numbers as people write and read them.
//!   [`map`]: keyed state.
//! - [`record`]: the table of fields, the flow, how it is written, spliced and described.
//! - [`scan`]: the reader of NDJSON lines that learns their key order.
//! - [`net`]: registries of addresses, protocols, ports and flags, and look-up by network.
//! - [`stats`]: summaries that merge.
//! - [`item`]: the grammar `NAME:key=value`, and the specification that documents an item.
//! - [`filter`]: expressions that say which flows are looked at.
//! - [`alert`], [`row`]: the lines that are no flows: their members, how they are read and described.
//! - [`state`]: the one shape of what an item keeps while lines go by.
//! - [`baseline`]: what normal looks like, as lines that merge.
//! - [`input`], [`output`]: files, folders, standard streams, compression, tables, CSV.
//! - [`run`]: the loop over lines, its accounts, messages and exit code.
//! - [`cli`]: options that all four programs have.
//!
//! Invariants: this crate knows no filter; nothing here reads the clock for its logic; a line that a filter does
//! not change is written byte for byte; every line that was read has exactly one fate in the accounts.

pub mod alert;
pub mod baseline;
pub mod cli;
pub mod filter;
pub mod input;
pub mod item;
pub mod map;
pub mod net;
pub mod output;
pub mod people;
pub mod record;
pub mod row;
pub mod run;
pub mod scan;
pub mod state;
pub mod stats;
pub mod value;
