//! Flows as Parquet (Apache Parquet format 2): one column a field of the record, then the members that others added.
//!
//! ```text
//! End ─► Writer ─► Column (values, levels) ─┬─► row group ─► bytes ─► output
//!          └─────► Members (JSON tokens) ───┘
//! Storage ─► Footer (columns, parts) ─► Pages (checked, unpacked) ─► Cells (columns, batch by batch)
//!   Cells ─┬─► Own: back into lines, field by field
//!          └─► source::parquet: files of other programs, by the names of their columns
//! ```
//!
//! The `parquet` crate writes (summed and seal add checksums), and reads the values out of pages. Footers and pages are read here, by thrift, header, codec
//! and delta, because that crate believes the sizes and numbers in them; limit has what is believed.
//!
//! | in the record | in the file |
//! |---|---|
//! | `timestamp` | INT64, TIMESTAMP in UTC, of the unit that keeps the digits of the first row group |
//! | `duration` | DOUBLE, seconds |
//! | addresses and texts | BYTE_ARRAY, STRING |
//! | integers below 2^31 by their kind | INT32, others INT64 |
//! | what enrichers add | as the table of fields says |
//! | other members with `--keep-extra` | INT64, DOUBLE, BOOLEAN, STRING, else JSON in a STRING, as those of the first row group are |
//! | all else | one column `extra`, an object as JSON in a STRING |
//!
//! Invariant: every file has all columns of the record, so that files can be read together; every member of every flow
//! is in the file. Bound: one row group, [`GROUP_ROWS`] rows or [`GROUP_BYTES`] of values.

pub(crate) mod cells;
mod codec;
mod column;
mod delta;
mod digits;
mod files;
pub(crate) mod footer;
pub(crate) mod guard;
mod header;
pub(crate) mod limit;
pub(crate) mod meaning;
mod member;
pub(crate) mod own;
pub(crate) mod pages;
pub(crate) mod schema;
pub(crate) mod scribe;
mod seal;
pub(crate) mod storage;
mod summed;
mod thrift;
mod window;
mod writer;

pub(crate) use files::{Files, check_numbered, numbered};
pub(crate) use writer::Writer;

use parquet::basic::TimeUnit;

/// Rows of a row group.
pub(crate) const GROUP_ROWS: usize = 128 * 1024;

/// Bytes of texts and members of a row group.
const GROUP_BYTES: usize = 64 << 20;

/// The key of a file's metadata that says that flowcat wrote it, and by which version.
const VERSION: &str = "flow-record";

/// The key under which the names of the columns whose texts are JSON stand, as a JSON array. They are not marked as JSON
/// in the schema, because some readers then take them for bytes.
const JSON_COLUMNS: &str = "flow-record.json";

/// The column of members that have none of their own.
const REST: &str = "extra";

/// The unit of times with so many decimals, and how many nanoseconds it has.
pub(crate) fn unit(digits: u8) -> (TimeUnit, i64) {
    match digits {
        0..=3 => (TimeUnit::MILLIS, 1_000_000),
        4..=6 => (TimeUnit::MICROS, 1_000),
        _ => (TimeUnit::NANOS, 1),
    }
}
