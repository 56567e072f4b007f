//! Flows as Parquet (Apache Parquet format 2): one column a field of the record, then the members that others added.
//!
//! ```text
//! End ─► Writer ─► Column (values, levels) ─┬─► row group ─► bytes ─► output
//!          └─────► Members (JSON tokens) ───┘
//! source::parquet reads it back, and what other programs write, by the names of the columns
//! ```
//!
//! | in the record | in the file |
//! |---|---|
//! | `timestamp` | INT64, TIMESTAMP in UTC, of the unit that keeps the digits of the first row group |
//! | `duration` | DOUBLE, seconds |
//! | addresses and texts | BYTE_ARRAY, STRING |
//! | integers below 2^31 by their kind | INT32, others INT64 |
//! | what enrichers add | as the table of fields says |
//! | other members with `--keep-extra` | INT64, DOUBLE, BOOLEAN, STRING, else JSON, as those of the first row group are |
//! | all else | one column `extra`, JSON |
//!
//! Invariant: every file has all columns of the record, so that files can be read together; every member of every flow
//! is in the file. Bound: one row group, [`GROUP_ROWS`] rows or [`GROUP_BYTES`] of values.

mod column;
mod files;
mod member;
mod writer;

pub(crate) use files::{Files, numbered};
pub(crate) use writer::Writer;

use parquet::basic::TimeUnit;

/// Rows of a row group.
const GROUP_ROWS: usize = 128 * 1024;

/// Bytes of texts and members of a row group.
const GROUP_BYTES: usize = 64 << 20;

/// The column of members that have none of their own.
pub(crate) const REST: &str = "extra";

/// The unit of times with so many decimals, and how many nanoseconds it has.
pub(crate) fn unit(digits: u8) -> (TimeUnit, i64) {
    match digits {
        0..=3 => (TimeUnit::MILLIS, 1_000_000),
        4..=6 => (TimeUnit::MICROS, 1_000),
        _ => (TimeUnit::NANOS, 1),
    }
}
