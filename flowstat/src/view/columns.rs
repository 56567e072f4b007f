//! Columns and parameters that several views have.

use flow_record::item::{Args, Param, ParamKind};
use flow_record::record::{Field, Kind};
use flow_record::stats::{Precision, Sums};

/// A column.
pub(crate) const fn column(name: &'static str, kind: Kind, unit: &'static str, about: &'static str) -> Field {
    Field { name, kind, unit, about }
}

/// A sum: not bounded by what one record may hold.
pub(crate) const SUM: Kind = Kind::Integer(u64::MAX);

pub(crate) const FLOWS: Field =
    column("flows", SUM, "flows", "flows; a record that says how many it stands for counts as so many");
pub(crate) const BYTES: Field = column("bytes", SUM, "bytes", "bytes from source to destination");
pub(crate) const PACKETS: Field = column("packets", SUM, "packets", "packets from source to destination");
pub(crate) const REV_BYTES: Field =
    column("rev_bytes", SUM, "bytes", "bytes from destination to source, once a flow has them");
pub(crate) const REV_PACKETS: Field =
    column("rev_packets", SUM, "packets", "packets from destination to source, once a flow has them");
pub(crate) const FIRST: Field = column("first", Kind::Time, "", "earliest start of a flow");
pub(crate) const LAST: Field = column("last", Kind::Time, "", "latest start of a flow");
pub(crate) const APPROX: Field =
    column("approx", Kind::Words, "", "columns that come from a sketch or a histogram, if there are any");
pub(crate) const APPROX_ERROR: Field =
    column("approx_error", Kind::Number, "", "relative standard error of the distinct counts named in approx");

pub(crate) const TZ: Param = Param::new("tz", ParamKind::Zone, "UTC", "", "zone whose clock gives hours and dates");

pub(crate) const QUANTILES: Param = Param::new(
    "quantiles",
    ParamKind::Choice(&["yes", "no", "exact"]),
    "yes",
    "",
    "exact up to a limit and then from a histogram; left out; exact at any size",
);

pub(crate) const TOP: Param =
    Param::new("top", ParamKind::Integer(1, u64::MAX), "", "rows", "only so many rows, largest measure first");

pub(crate) const MEASURE: Param = Param::new(
    "measure",
    ParamKind::Choice(&["bytes", "flows", "packets"]),
    "bytes",
    "",
    "what rows are ranked by if top is given",
);

/// What `quantiles` says.
pub(crate) fn precision(args: &Args) -> Precision {
    match args.text("quantiles") {
        Some("no") => Precision::No,
        Some("exact") => Precision::Exact,
        _ => Precision::Bounded,
    }
}

/// What `top` says, if it is given or has a default.
pub(crate) fn top(args: &Args) -> Option<usize> {
    args.text("top").map(|_| args.integer("top") as usize)
}

/// A sum that rows are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Bytes,
    Flows,
    Packets,
}

impl Measure {
    /// What `measure` says.
    pub(crate) fn of(args: &Args) -> Measure {
        match args.text("measure") {
            Some("flows") => Measure::Flows,
            Some("packets") => Measure::Packets,
            _ => Measure::Bytes,
        }
    }

    /// The sum.
    #[inline]
    pub(crate) fn value(self, sums: &Sums) -> u128 {
        match self {
            Measure::Bytes => sums.bytes(),
            Measure::Flows => u128::from(sums.flows()),
            Measure::Packets => sums.packets(),
        }
    }
}
