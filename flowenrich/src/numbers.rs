//! Numbers of a line by the names of their members, and what is learnt of them from a whole input: mean, deviation,
//! quantiles.
//!
//! A baseline knows the same of flows that came before ([`learnt`]). Of nfstream's `bidirectional_packets`, `bidirectional_bytes` and `bidirectional_duration_ms`, a line that has not the
//! member has what the record's counts and duration say. Bound: eight bytes a value where quantiles are asked for.

use crate::record::Record;
use flow_record::baseline::{Baseline, Field};
use flow_record::record::field::{BYTES, FieldId, PACKETS, REV_BYTES, REV_PACKETS};

/// Names of members that are numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    names: Vec<String>,
    instead: Vec<Option<Instead>>,
}

/// What counts where the member is absent.
#[derive(Clone, Copy, Debug)]
enum Instead {
    /// The counts of both directions.
    Sum(FieldId, FieldId),
    /// The duration in milliseconds.
    Milliseconds,
}

impl Numbers {
    pub(crate) fn new<S: AsRef<str>>(names: &[S]) -> Numbers {
        let instead = |name: &str| match name {
            "bidirectional_packets" => Some(Instead::Sum(PACKETS, REV_PACKETS)),
            "bidirectional_bytes" => Some(Instead::Sum(BYTES, REV_BYTES)),
            "bidirectional_duration_ms" => Some(Instead::Milliseconds),
            _ => None,
        };
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        Numbers { instead: names.iter().map(|name| instead(name)).collect(), names }
    }

    /// The members that are read.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of this place, if the line has it. The names are the first that the enricher reads.
    #[inline]
    pub(crate) fn of(&self, place: usize, record: &Record<'_, '_>) -> Option<f64> {
        if let Some(text) = record.value(place) {
            // Of JSON values only a number begins so.
            return text.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        }
        let flow = record.flow();
        match self.instead[place]? {
            Instead::Sum(one, other) => match (flow.integer(one), flow.integer(other)) {
                (None, None) => None,
                (a, b) => Some((a.unwrap_or(0) + b.unwrap_or(0)) as f64),
            },
            Instead::Milliseconds => flow.duration().map(|nanos| nanos as f64 / 1e6),
        }
    }
}

/// What a baseline says of the numbers of a name: their distribution, and in how many parts of 1 it counts them.
///
/// What stands for an absent member does so here too: the counts of one direction where no flow has another, and durations.
pub(crate) fn learnt<'b>(baseline: &'b Baseline, name: &str) -> Option<(&'b Field, f64)> {
    let known = |name: &str| baseline.field(name).filter(|f| f.moments.n() > 0).map(|f| (f, f.unit as f64));
    let one_way = |name: &str, back: &str| if known(back).is_none() { known(name) } else { None };
    known(name).or_else(|| match name {
        "bidirectional_packets" => one_way("packets", "rev_packets"),
        "bidirectional_bytes" => one_way("bytes", "rev_bytes"),
        "bidirectional_duration_ms" => known("duration").map(|(field, unit)| (field, unit / 1000.0)),
        _ => None,
    })
}

/// A sum of floats that loses nothing that matters: what does not fit the first float is kept in the second (Neumaier's
/// form of Kahan's summation).
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        self.low += if self.high.abs() >= value.abs() { (self.high - sum) + value } else { (value - sum) + self.high };
        self.high = sum;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

/// Mean and population deviation, around the first value, which keeps them exact where values are large and alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    count: u64,
    first: f64,
    sum: Sum,
    squares: Sum,
}

impl Spread {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        if self.count == 0 {
            self.first = value;
        }
        let off = value - self.first;
        self.count += 1;
        self.sum.add(off);
        self.squares.add(off * off);
    }

    /// The mean; 0 of nothing.
    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.first + self.sum.value() / self.count as f64 }
    }

    /// The population deviation; 0 of nothing, and of values that are all the same.
    pub(crate) fn deviation(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let (n, sum) = (self.count as f64, self.sum.value());
        ((self.squares.value() - sum * (sum / n)) / n).max(0.0).sqrt()
    }
}

/// The quantile of sorted values, linear between two (type 7 of Hyndman and Fan, numpy's default); `None` of nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = sorted.len().checked_sub(1)? as f64 * share;
    let below = sorted[place.floor() as usize];
    let above = sorted[(place.floor() as usize + 1).min(sorted.len() - 1)];
    let part = place - place.floor();
    // From whichever end is nearer, as numpy does, so that the last digit is the same.
    let gap = above - below;
    Some(if part < 0.5 { below + gap * part } else { above - gap * (1.0 - part) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_exact_where_values_are_large_and_alike() {
        let mut spread = Spread::default();
        for i in 0..1000 {
            spread.add(1e15 + f64::from(i % 2));
        }
        assert_eq!((spread.mean(), spread.deviation()), (1e15 + 0.5, 0.5));
        assert_eq!((Spread::default().mean(), Spread::default().deviation()), (0.0, 0.0));
        let mut same = Spread::default();
        [0.1; 7].into_iter().for_each(|v| same.add(v));
        assert_eq!(same.deviation(), 0.0);
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = [1.0, 2.0, 4.0, 8.0];
        for (share, value) in [(0.0, 1.0), (0.05, 1.15), (0.5, 3.0), (0.95, 7.399999999999999), (1.0, 8.0)] {
            assert_eq!(quantile(&values, share), Some(value));
        }
        assert_eq!((quantile(&[], 0.5), quantile(&[3.0], 0.1)), (None, Some(3.0)));
    }
}
