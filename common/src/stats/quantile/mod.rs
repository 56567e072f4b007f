//! Quantiles: type 7 of Hyndman and Fan (1996), linear between the ranks around (n - 1)·q, as numpy and pandas.
//!
//! [`KeyQuantiles`] is the state for one of many keys, [`FlowQuantiles`] for a whole distribution; both give a
//! [`Distribution`] to read from. Whether that is exact depends on the multiset of values alone.

mod distribution;
mod flow;
mod key;
mod steps;

pub use distribution::{Distribution, Estimate};
pub use flow::{FlowQuantiles, MAX_DISTINCT};
pub use key::{KeyQuantiles, MAX_VALUES};

/// How much of a distribution is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Exact up to a limit, then a histogram.
    #[default]
    Bounded,
    /// Exact at any size.
    Exact,
    /// Nothing is kept.
    No,
}

/// The ranks around a quantile of n values, and the weight of the upper one.
fn ranks(n: u64, q: f64) -> (u64, u64, f64) {
    let last = n.saturating_sub(1);
    let at = last as f64 * q.clamp(0.0, 1.0);
    let lower = (at.floor() as u64).min(last);
    (lower, (lower + 1).min(last), at - lower as f64)
}

/// `a + (b - a)·t`, from whichever end is nearer, as numpy does: both ends are then met exactly.
fn between(a: f64, b: f64, t: f64) -> f64 {
    let step = b - a;
    if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
}

/// The type 7 quantile of sorted integers; 0 where there are none. `q` is taken into 0 to 1.
pub fn quantile_sorted(sorted: &[u64], q: f64) -> f64 {
    let (lower, upper, t) = ranks(sorted.len() as u64, q);
    match (sorted.get(lower as usize), sorted.get(upper as usize)) {
        (Some(a), Some(b)) => between(*a as f64, *b as f64, t),
        _ => 0.0,
    }
}

/// The type 7 quantile of sorted floats; 0 where there are none. `q` is taken into 0 to 1.
pub fn quantile_of(sorted: &[f64], q: f64) -> f64 {
    let (lower, upper, t) = ranks(sorted.len() as u64, q);
    match (sorted.get(lower as usize), sorted.get(upper as usize)) {
        (Some(a), Some(b)) => between(*a, *b, t),
        _ => 0.0,
    }
}

#[cfg(test)]
pub(in crate::stats) mod tests;
