//! The distribution of a field over flows.
//!
//! Bound: 65 536 distinct values, then a histogram: see [`FlowQuantiles`].

use super::section::Section;
use crate::stats::{FlowQuantiles, Moments, SketchKey};
use serde::{Deserialize, Serialize};

/// Distinct values of a distribution in a line.
const LINE_VALUES: usize = 16_384;

/// The fields whose distribution is kept where flows have them: counts, durations, what `flowcat --stats` adds of packet
/// sizes and gaps, and the counts of neighbours of `flowenrich fan`.
pub const FIELDS: &[&str] = &[
    "bytes",
    "packets",
    "rev_bytes",
    "rev_packets",
    "duration",
    "bidirectional_bytes",
    "bidirectional_packets",
    "bidirectional_duration_ms",
    "bidirectional_mean_ps",
    "bidirectional_stddev_ps",
    "bidirectional_mean_piat_ms",
    "bidirectional_stddev_piat_ms",
    "src2dst_mean_ps",
    "src2dst_stddev_ps",
    "src2dst_mean_piat_ms",
    "src2dst_stddev_piat_ms",
    "dst2src_mean_ps",
    "dst2src_stddev_ps",
    "dst2src_mean_piat_ms",
    "dst2src_stddev_piat_ms",
    "fan_out_src",
    "fan_in_src",
    "fan_in_dst",
    "fan_out_dst",
];

/// Parts of 1 in which values that are no integers of the record are counted: exact sums need integers.
pub const UNIT: u64 = 1_000_000_000;

/// The distribution of a field over flows. Values are integers: those of the record as they are; durations, and the
/// numbers of other members from 0 to 1.8·10^10, in billionths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Parts of 1: 1, or [`UNIT`]; 0 in a state without values.
    pub unit: u64,
    /// Count, sum, sum of squares, range; of all values in the first line.
    pub moments: Moments,
    /// Quantiles.
    pub quantiles: FlowQuantiles,
}

impl Field {
    /// A field without values.
    pub fn new(unit: u64) -> Field {
        Field { unit, ..Field::default() }
    }

    /// Adds a value, in parts of 1.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.moments.add(value);
        self.quantiles.add(value);
    }

    /// The unit of a field.
    pub fn unit_of(name: &str) -> u64 {
        if matches!(name, "bytes" | "packets" | "rev_bytes" | "rev_packets") { 1 } else { UNIT }
    }
}

impl Section for Field {
    const NAME: &'static str = "fields";

    fn merge(&mut self, other: Field, _: &SketchKey) {
        self.unit = self.unit.max(other.unit);
        self.moments.merge(&other.moments);
        self.quantiles.merge(&other.quantiles);
    }

    fn split(&mut self) -> Vec<Field> {
        let unit = self.unit;
        let more = self.quantiles.split_off(LINE_VALUES, LINE_VALUES).into_iter();
        more.map(|quantiles| Field { unit, quantiles, ..Field::default() }).collect()
    }
}
