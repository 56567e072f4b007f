//! Parameters that several views have.

use anyhow::Context;
use flow_record::item::{Args, Param, ParamKind};
use flow_record::map::Set;
use flow_record::record::key::KeySpec;
use flow_record::stats::{Precision, Sums};
use flow_record::value::time::DateCache;

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

pub(crate) const EXCLUDE: Param = Param::new(
    "exclude",
    ParamKind::Text,
    "",
    "dates",
    "dates that do not count, by the clock of tz, as 2026-12-24+2026-12-25",
);

pub(crate) const FORGET: Param = Param::new(
    "forget",
    ParamKind::Duration(3_600_000_000_000),
    "",
    "",
    "half-life: what lies so long before the last weighs half as much",
);

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The dates that `exclude` names, by their number from 1970-01-01.
pub(crate) fn excluded(args: &Args) -> anyhow::Result<Set<i64>> {
    let mut dates = DateCache::default();
    let mut day = |text: &String| {
        let midnight = text.as_bytes().try_into().ok().and_then(|text| dates.midnight(text));
        midnight
            .map(|seconds| seconds.div_euclid(DAY))
            .with_context(|| format!("exclude={text}: a date is expected, as 2026-12-24"))
    };
    args.list("exclude").iter().map(&mut day).collect()
}

/// The half-life that `forget` names, in hours.
pub(crate) fn half_life(args: &Args) -> Option<f64> {
    args.text("forget").map(|_| args.duration("forget") as f64 / 3.6e12)
}

/// What `quantiles` says.
pub(crate) fn precision(args: &Args) -> Precision {
    match args.text("quantiles") {
        Some("no") => Precision::No,
        Some("exact") => Precision::Exact,
        _ => Precision::Bounded,
    }
}

/// The key that a parameter names, if it is given; `own` are the other columns of the rows.
///
/// # Errors
/// A key that names one of these.
pub(crate) fn optional_key(args: &Args, name: &str, own: &[&str]) -> anyhow::Result<Option<KeySpec>> {
    if args.text(name).is_none() {
        return Ok(None);
    }
    let by = args.key(name)?;
    is_free(&by, own)?;
    Ok(Some(by))
}

/// Refuses a key that names one of the other columns of the rows.
///
/// # Errors
/// Which.
pub(crate) fn is_free(by: &KeySpec, own: &[&str]) -> anyhow::Result<()> {
    match by.names().find(|name| *name == "kind" || own.contains(name)) {
        Some(name) => anyhow::bail!("by={by}: {name} is a column of the rows, so it cannot be a key"),
        None => Ok(()),
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
