//! Count, mean and deviation of floats, such as a column of rows.
//!
//! Floating-point sums depend on their order, so the values are kept (8 bytes each; rows are few) and summed in
//! ascending order of IEEE 754's total order, by two passes with Neumaier's compensation. Invariant: the results are a
//! function of the multiset of values, to the bit.

use super::quantile::quantile_of;
use serde::{Deserialize, Serialize};

/// Collects values. They are written as their bits, so that each reads back as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub struct FloatMoments {
    values: Vec<f64>,
}

/// What [`FloatMoments::finish`] found out.
#[derive(Clone, Debug)]
pub struct FloatSummary {
    sorted: Vec<f64>,
    /// A power of two near the largest value; mean and spread are in units of it.
    unit: f64,
    mean: f64,
    /// Root of the sum of squared distances from the mean.
    spread: f64,
}

impl From<Vec<u64>> for FloatMoments {
    fn from(bits: Vec<u64>) -> FloatMoments {
        FloatMoments { values: bits.into_iter().map(f64::from_bits).filter(|v| v.is_finite()).collect() }
    }
}

impl From<FloatMoments> for Vec<u64> {
    fn from(moments: FloatMoments) -> Vec<u64> {
        moments.values.into_iter().map(f64::to_bits).collect()
    }
}

impl FloatMoments {
    /// No values.
    pub fn new() -> FloatMoments {
        FloatMoments::default()
    }

    /// Adds a value, and says whether it is finite; one that is not is left out.
    pub fn add(&mut self, value: f64) -> bool {
        if value.is_finite() {
            self.values.push(value);
        }
        value.is_finite()
    }

    /// Adds all values of another state.
    pub fn merge(&mut self, other: &FloatMoments) {
        self.values.extend_from_slice(&other.values);
    }

    /// Number of values.
    pub fn n(&self) -> u64 {
        self.values.len() as u64
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.values.capacity() * 8
    }

    /// Sorts and sums.
    pub fn finish(self) -> FloatSummary {
        let mut sorted = self.values;
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len().max(1) as f64;
        // Dividing by a power of two changes no digit, and keeps sums and squares of the largest floats finite.
        let largest = sorted.iter().fold(0f64, |m, v| m.max(v.abs()));
        let unit = f64::from_bits(largest.to_bits() & 0x7ff << 52).max(f64::MIN_POSITIVE);
        let mean = sum(sorted.iter().map(|v| v / unit)) / n;
        let squares = sum(sorted.iter().map(|v| (v / unit - mean).powi(2)));
        // What rounding the mean has added to the squares.
        let error = sum(sorted.iter().map(|v| v / unit - mean));
        let spread = (squares - error * error / n).max(0.0).sqrt();
        FloatSummary { sorted, unit, mean, spread }
    }
}

/// Neumaier's sum.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0f64, 0f64);
    for v in values {
        let next = sum + v;
        lost += if sum.abs() >= v.abs() { sum - next + v } else { v - next + sum };
        sum = next;
    }
    sum + lost
}

impl FloatSummary {
    /// Number of values.
    pub fn n(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// The values, ascending.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Mean; 0 without values.
    pub fn mean(&self) -> f64 {
        self.mean * self.unit
    }

    /// Sample deviation (divisor n - 1); 0 below two values.
    pub fn deviation_sample(&self) -> f64 {
        match self.n() {
            0 | 1 => 0.0,
            n => self.spread / ((n - 1) as f64).sqrt() * self.unit,
        }
    }

    /// Population deviation (divisor n); 0 without values.
    pub fn deviation_population(&self) -> f64 {
        self.spread / (self.n().max(1) as f64).sqrt() * self.unit
    }

    /// Type 7 quantile; 0 without values.
    pub fn quantile(&self, q: f64) -> f64 {
        quantile_of(&self.sorted, q)
    }
}
