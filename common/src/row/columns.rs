//! Columns that several kinds of rows have, and short ways to write others down.

use crate::record::{Field, Kind};

/// A column.
pub const fn column(name: &'static str, kind: Kind, unit: &'static str, about: &'static str) -> Field {
    Field { name, kind, unit, about }
}

/// A column that is a count or a sum.
pub const fn integer(name: &'static str, unit: &'static str, about: &'static str) -> Field {
    column(name, SUM, unit, about)
}

/// A column that is any number.
pub const fn number(name: &'static str, unit: &'static str, about: &'static str) -> Field {
    column(name, Kind::Number, unit, about)
}

/// A column that is a text.
pub const fn text(name: &'static str, about: &'static str) -> Field {
    column(name, Kind::Text, "", about)
}

/// A column that is a list of texts.
pub const fn words(name: &'static str, about: &'static str) -> Field {
    column(name, Kind::Words, "", about)
}

/// A sum: not bounded by what one record may hold.
pub const SUM: Kind = Kind::Sum;

/// Flows.
pub const FLOWS: Field =
    column("flows", SUM, "flows", "flows; a record that says how many it stands for counts as so many");
/// Bytes sent.
pub const BYTES: Field = column("bytes", SUM, "bytes", "bytes from source to destination");
/// Packets sent.
pub const PACKETS: Field = column("packets", SUM, "packets", "packets from source to destination");
/// Bytes received.
pub const REV_BYTES: Field =
    column("rev_bytes", SUM, "bytes", "bytes from destination to source, once a flow has them");
/// Packets received.
pub const REV_PACKETS: Field =
    column("rev_packets", SUM, "packets", "packets from destination to source, once a flow has them");
/// The earliest start.
pub const FIRST: Field = column("first", Kind::Time, "", "earliest start of a flow");
/// The latest start.
pub const LAST: Field = column("last", Kind::Time, "", "latest start of a flow");
/// The columns that are no exact numbers.
pub const APPROX: Field =
    column("approx", Kind::Words, "", "columns that come from a sketch or a histogram, if there are any");
/// How far the counts among them may be off.
pub const APPROX_ERROR: Field =
    column("approx_error", Kind::Number, "", "relative standard error of the distinct counts named in approx");
