//! A distribution to read quantiles from: cells of values in ascending order, with how many lie in or below each.
//!
//! An exact distribution has cells of one value; a histogram's are its buckets, cut to the smallest and largest value.
//! Bound: one cell, 24 bytes, a distinct value or bucket.

use super::{between, ranks};

/// A quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The quantile; from a histogram, that of the middles of the buckets.
    pub value: f64,
    /// Whether it comes from a histogram.
    pub approx: bool,
}

/// Values from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    low: u64,
    high: u64,
    /// Number of values in this cell and the ones before it.
    upto: u64,
}

/// A distribution of integers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    cells: Vec<Cell>,
    approx: bool,
}

impl Distribution {
    /// From values and how often each occurs, ascending by value.
    pub(super) fn exact(values: impl Iterator<Item = (u64, u64)>) -> Distribution {
        let mut made = Distribution::default();
        values.for_each(|(v, count)| made.push(v, v, count));
        made
    }

    /// From buckets as (low, high, count), ascending, and the smallest and largest value.
    pub(super) fn approx(buckets: impl Iterator<Item = (u64, u64, u64)>, min: u64, max: u64) -> Distribution {
        let mut made = Distribution { approx: true, ..Distribution::default() };
        buckets.for_each(|(low, high, count)| made.push(low.max(min), high.min(max), count));
        made
    }

    fn push(&mut self, low: u64, high: u64, count: u64) {
        let before = self.n();
        match self.cells.last_mut() {
            Some(last) if last.low == low => last.upto = before.saturating_add(count),
            _ => self.cells.push(Cell { low, high, upto: before.saturating_add(count) }),
        }
    }

    /// Number of values.
    pub fn n(&self) -> u64 {
        self.cells.last().map_or(0, |c| c.upto)
    }

    /// Whether it comes from a histogram.
    pub fn is_approx(&self) -> bool {
        self.approx
    }

    /// The cells around the quantile's place, and the weight of the upper one.
    fn around(&self, q: f64) -> Option<(Cell, Cell, f64)> {
        let (lower, upper, t) = ranks(self.n(), q);
        let at = |rank: u64| self.cells.get(self.cells.partition_point(|c| c.upto <= rank)).copied();
        Some((at(lower)?, at(upper)?, t))
    }

    /// The type 7 quantile; `None` without values. `q` is taken into 0 to 1.
    pub fn quantile(&self, q: f64) -> Option<Estimate> {
        let (a, b, t) = self.around(q)?;
        let middle = |c: Cell| c.low as f64 + (c.high - c.low) as f64 / 2.0;
        Some(Estimate { value: between(middle(a), middle(b), t), approx: self.approx })
    }

    /// The range in which the exact quantile lies: one point in an exact distribution. A value beyond a quantile is
    /// surely so where it lies outside this range.
    pub fn bucket(&self, q: f64) -> Option<(f64, f64)> {
        let (a, b, t) = self.around(q)?;
        Some((between(a.low as f64, b.low as f64, t), between(a.high as f64, b.high as f64, t)))
    }

    /// Whether `value` is above the quantile, beyond doubt.
    pub fn is_above(&self, q: f64, value: u64) -> bool {
        self.bucket(q).is_some_and(|(_, high)| value as f64 > high)
    }

    /// Whether `value` is below the quantile, beyond doubt.
    pub fn is_below(&self, q: f64, value: u64) -> bool {
        self.bucket(q).is_some_and(|(low, _)| (value as f64) < low)
    }
}
