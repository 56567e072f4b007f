//! Count, mean and deviation of integers, exact until the last step.
//!
//! The state is n, Σx (128 bits), Σx² (256 bits), smallest and largest. The deviation needs n·Σx² - (Σx)², both terms of
//! which are at most n²·x². For n and x below 2^64 that is below 2^256, so the difference is exact, and no digits cancel
//! where the mean is far above the deviation. One conversion to a float, one division and one root follow.

use super::wide::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

/// Sums of unsigned integers: counts, or times and durations in nanoseconds. 80 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    n: u64,
    min: u64,
    max: u64,
    sum: [u64; 2],
    squares: U256,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { n: 0, min: u64::MAX, max: 0, sum: [0; 2], squares: U256::default() }
    }
}

impl Moments {
    /// No values.
    pub fn new() -> Moments {
        Moments::default()
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.n = self.n.saturating_add(1);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.set_sum(self.sum().saturating_add(u128::from(value)));
        self.squares.add_small(u128::from(value) * u128::from(value));
    }

    /// Adds all values of another state.
    pub fn merge(&mut self, other: &Moments) {
        self.n = self.n.saturating_add(other.n);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.set_sum(self.sum().saturating_add(other.sum()));
        self.squares = self.squares.plus(other.squares);
    }

    /// Number of values.
    #[inline]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Sum of the values.
    #[inline]
    pub fn sum(&self) -> u128 {
        u128::from(self.sum[1]) << 64 | u128::from(self.sum[0])
    }

    #[inline]
    fn set_sum(&mut self, sum: u128) {
        self.sum = [sum as u64, (sum >> 64) as u64];
    }

    /// Smallest value.
    pub fn min(&self) -> Option<u64> {
        (self.n > 0).then_some(self.min)
    }

    /// Largest value.
    pub fn max(&self) -> Option<u64> {
        (self.n > 0).then_some(self.max)
    }

    /// Mean; 0 without values.
    pub fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.sum() as f64 / self.n as f64 }
    }

    /// Sample deviation (divisor n - 1); 0 below two values.
    pub fn deviation_sample(&self) -> f64 {
        self.deviation(self.n.saturating_sub(1))
    }

    /// Population deviation (divisor n); 0 without values.
    pub fn deviation_population(&self) -> f64 {
        self.deviation(self.n)
    }

    /// The root of (n·Σx² - (Σx)²) / (n · divisor).
    fn deviation(&self, divisor: u64) -> f64 {
        if divisor == 0 {
            return 0.0;
        }
        let spread = self.squares.times(self.n).minus(U256::product(self.sum(), self.sum()));
        (spread.to_f64() / (u128::from(self.n) * u128::from(divisor)) as f64).sqrt()
    }

    /// `value` less the mean, in deviations; `None` where the deviation is 0.
    pub fn z_sample(&self, value: u64) -> Option<f64> {
        let deviation = self.deviation_sample();
        (deviation > 0.0).then(|| self.above_mean(value) / deviation)
    }

    /// As [`Self::z_sample`] with the population deviation.
    pub fn z_population(&self, value: u64) -> Option<f64> {
        let deviation = self.deviation_population();
        (deviation > 0.0).then(|| self.above_mean(value) / deviation)
    }

    /// `value` less the mean: n·x - Σx is exact, so that a small distance from a large mean keeps its digits.
    pub fn above_mean(&self, value: u64) -> f64 {
        let (scaled, sum) = (u128::from(self.n) * u128::from(value), self.sum());
        let distance = scaled.abs_diff(sum) as f64 / self.n.max(1) as f64;
        if scaled < sum { -distance } else { distance }
    }
}

/// The canonical form. The sum of squares is a hexadecimal text: it has up to 256 bits.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canonical<'t> {
    n: u64,
    min: u64,
    max: u64,
    sum: u128,
    #[serde(borrow)]
    squares: Cow<'t, str>,
}

impl Serialize for Moments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (min, squares) = (self.min().unwrap_or(0), Cow::Owned(format!("{:x}", self.squares)));
        Canonical { n: self.n, min, max: self.max, sum: self.sum(), squares }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Moments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moments, D::Error> {
        let Canonical { n, min, max, sum, squares } = Canonical::deserialize(deserializer)?;
        let read = || {
            let squares = U256::from_hex(&squares)?;
            let mut moments = Moments { n, min, max, sum: [0; 2], squares };
            moments.set_sum(sum);
            if n == 0 && min == 0 {
                moments.min = u64::MAX;
            }
            moments.is_possible().then_some(moments)
        };
        read().ok_or_else(|| de::Error::custom("count, sums and range contradict each other"))
    }
}

impl Moments {
    /// Whether some values could have given this state: a state read from a file need not be one.
    fn is_possible(&self) -> bool {
        if self.n == 0 {
            return *self == Moments::default();
        }
        let (n, min, max, sum) = (u128::from(self.n), u128::from(self.min), u128::from(self.max), self.sum());
        min <= max
            && n * min <= sum
            && sum <= n * max
            && self.squares.times(self.n) >= U256::product(sum, sum)
            && self.squares <= U256::product(sum, max)
    }
}

#[cfg(test)]
mod tests;
