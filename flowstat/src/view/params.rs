//! Parameters that several views have.

use flow_record::item::{Args, Param, ParamKind};
use flow_record::stats::{Precision, Sums};

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
