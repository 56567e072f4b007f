//! The whole distribution of one field: every distinct value with its count up to [`MAX_DISTINCT`], then a histogram
//! of three significant digits (`hdrhistogram`).
//!
//! Invariant: it is exact if and only if it has at most `MAX_DISTINCT` distinct values, whatever their order.
//! Bound: 65 536 entries of a map (about 2 MiB), or 450 KiB of histogram. Values above 2^63 - 1 count as that.

use super::steps::{Steps, bounds, bucket};
use super::{Distribution, KeyQuantiles, Precision};
use crate::map::Map;
use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Number of distinct values up to which a field's quantiles are exact.
pub const MAX_DISTINCT: usize = 65_536;

/// The largest value that the histogram tells from larger ones: nanoseconds of 292 years.
const HIGH: u64 = i64::MAX as u64;

/// Quantiles of integers over all flows.
#[derive(Clone, Debug)]
pub struct FlowQuantiles {
    form: Form,
    precision: Precision,
}

#[derive(Clone, Debug)]
enum Form {
    Exact(Map<u64, u64>),
    Bounded(Box<Bounded>),
}

#[derive(Clone, Debug)]
struct Bounded {
    min: u64,
    max: u64,
    histogram: Histogram<u64>,
}

impl Bounded {
    fn new() -> Option<Bounded> {
        // These bounds are ones that the crate takes.
        let histogram = Histogram::new_with_bounds(1, HIGH, 3).ok()?;
        Some(Bounded { min: u64::MAX, max: 0, histogram })
    }

    #[inline]
    fn add(&mut self, value: u64, count: u64) {
        let value = value.min(HIGH);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.histogram.saturating_record_n(value, count);
    }

    /// Lowest and highest value and count of each bucket that occurs, ascending.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.histogram.iter_recorded().map(|step| {
            let value = step.value_iterated_to();
            let (low, high) = (self.histogram.lowest_equivalent(value), self.histogram.highest_equivalent(value));
            (low, high, step.count_at_value())
        })
    }
}

impl Default for FlowQuantiles {
    fn default() -> Self {
        FlowQuantiles::new(Precision::Bounded)
    }
}

impl FlowQuantiles {
    /// No values.
    pub fn new(precision: Precision) -> FlowQuantiles {
        FlowQuantiles { form: Form::Exact(Map::default()), precision }
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.add_n(value, 1);
    }

    /// Adds a value `count` times.
    #[inline]
    fn add_n(&mut self, value: u64, count: u64) {
        if self.precision == Precision::No || count == 0 {
            return;
        }
        match &mut self.form {
            Form::Exact(counts) => {
                let met = counts.entry(value).or_default();
                *met = met.saturating_add(count);
                if counts.len() > MAX_DISTINCT && self.precision == Precision::Bounded {
                    self.bound();
                }
            }
            Form::Bounded(bounded) => bounded.add(value, count),
        }
    }

    /// Turns the exact form into a histogram. Were there none to be had, which its bounds exclude, nothing would be kept
    /// any more: the state stays bounded, and rows that lack their quantiles tell of it.
    #[cold]
    fn bound(&mut self) {
        let Form::Exact(counts) = &self.form else { return };
        *self = match Bounded::new() {
            Some(mut bounded) => {
                counts.iter().for_each(|(v, n)| bounded.add(*v, *n));
                FlowQuantiles { form: Form::Bounded(Box::new(bounded)), precision: self.precision }
            }
            None => FlowQuantiles::new(Precision::No),
        };
    }

    /// Adds all values of another state of the same precision; states of different precision give the less precise.
    pub fn merge(&mut self, other: &FlowQuantiles) {
        self.lower(other.precision);
        if self.precision == Precision::No {
            return;
        }
        match &other.form {
            Form::Exact(counts) => counts.iter().for_each(|(v, n)| self.add_n(*v, *n)),
            Form::Bounded(more) => {
                self.bound();
                if let Form::Bounded(bounded) = &mut self.form {
                    more.buckets().for_each(|(low, _, n)| bounded.histogram.saturating_record_n(low, n));
                    bounded.min = bounded.min.min(more.min);
                    bounded.max = bounded.max.max(more.max);
                }
            }
        }
    }

    /// Adds all values of a key's state; buckets make this one a histogram. A key's buckets are those of the histogram.
    pub fn merge_key(&mut self, other: &KeyQuantiles) {
        if self.precision == Precision::No {
            return;
        }
        let range = other.range();
        if range.is_some() {
            self.bound();
        }
        other.each(|value, n| self.add_n(value, n));
        if let (Some((min, max)), Form::Bounded(bounded)) = (range, &mut self.form) {
            // Buckets came as their lowest values.
            bounded.min = bounded.min.min(min);
            bounded.max = bounded.max.max(max.min(HIGH));
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        matches!(&self.form, Form::Exact(counts) if counts.is_empty())
    }

    /// Takes out all but the `keep` lowest distinct values, as states of at most `most` each, ascending; nothing out of a
    /// histogram.
    pub fn split_off(&mut self, keep: usize, most: usize) -> Vec<FlowQuantiles> {
        let Form::Exact(counts) = &mut self.form else { return Vec::new() };
        if counts.len() <= keep {
            return Vec::new();
        }
        let all = ascending(counts);
        let of = |part: &[(u64, u64)]| part.iter().copied().collect::<Map<u64, u64>>();
        *counts = of(&all[..keep]);
        let precision = self.precision;
        all[keep..].chunks(most.max(1)).map(|part| FlowQuantiles { form: Form::Exact(of(part)), precision }).collect()
    }

    /// Takes the less precise of its own and another precision.
    fn lower(&mut self, precision: Precision) {
        match (self.precision, precision) {
            (_, Precision::No) => *self = FlowQuantiles::new(Precision::No),
            (Precision::Exact, Precision::Bounded) => {
                self.precision = Precision::Bounded;
                if matches!(&self.form, Form::Exact(counts) if counts.len() > MAX_DISTINCT) {
                    self.bound();
                }
            }
            _ => {}
        }
    }

    /// The distribution, to read quantiles from; empty where nothing was kept.
    pub fn distribution(&self) -> Distribution {
        match &self.form {
            Form::Exact(counts) => Distribution::exact(ascending(counts).into_iter()),
            Form::Bounded(b) => Distribution::approx(b.buckets(), b.min, b.max),
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.form {
            Form::Exact(counts) => counts.capacity() * 19,
            Form::Bounded(b) => size_of::<Bounded>() + b.histogram.distinct_values() * 8,
        }
    }

    fn state(&self) -> State {
        match (&self.form, self.precision) {
            (_, Precision::No) => State::No,
            (Form::Exact(counts), Precision::Exact) => State::Exact(ascending(counts)),
            (Form::Exact(counts), _) => State::Values(ascending(counts)),
            (Form::Bounded(b), _) => {
                State::Buckets(b.min, b.max, Steps(b.buckets().map(|(low, _, n)| (bucket(low), n)).collect()))
            }
        }
    }
}

/// Values and counts, ascending.
fn ascending(counts: &Map<u64, u64>) -> Vec<(u64, u64)> {
    let mut all: Vec<_> = counts.iter().map(|(v, n)| (*v, *n)).collect();
    all.sort_unstable();
    all
}

/// The canonical form: values, or lowest values of buckets, with their counts.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    No,
    Values(Vec<(u64, u64)>),
    Exact(Vec<(u64, u64)>),
    /// Smallest value, largest value, buckets and counts.
    Buckets(u64, u64, Steps),
}

impl PartialEq for FlowQuantiles {
    fn eq(&self, other: &FlowQuantiles) -> bool {
        self.state() == other.state()
    }
}

impl Eq for FlowQuantiles {}

impl Serialize for FlowQuantiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FlowQuantiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FlowQuantiles, D::Error> {
        let state = State::deserialize(deserializer)?;
        let (form, precision) = match &state {
            State::No => (Form::Exact(Map::default()), Precision::No),
            State::Values(v) => (Form::Exact(v.iter().copied().collect()), Precision::Bounded),
            State::Exact(v) => (Form::Exact(v.iter().copied().collect()), Precision::Exact),
            State::Buckets(min, max, buckets) => {
                let mut bounded = Bounded::new().ok_or_else(|| de::Error::custom("no histogram"))?;
                buckets.0.iter().for_each(|(at, n)| bounded.add(bounds(*at).0, *n));
                (bounded.min, bounded.max) = (*min, *max);
                (Form::Bounded(Box::new(bounded)), Precision::Bounded)
            }
        };
        let made = FlowQuantiles { form, precision };
        let fits = match &state {
            State::Values(v) => v.len() <= MAX_DISTINCT && v.iter().all(|c| c.1 > 0),
            State::Exact(v) => v.iter().all(|c| c.1 > 0),
            State::Buckets(min, max, all) => {
                let same = |value: u64, at: Option<&(u16, u64)>| at.is_some_and(|at| bucket(value) == at.0);
                min <= max && *max <= HIGH && same(*min, all.0.first()) && same(*max, all.0.last())
            }
            State::No => true,
        };
        // A state that was no canonical one comes out different.
        match fits && made.state() == state {
            true => Ok(made),
            false => Err(de::Error::custom("values out of order, repeated, or too many")),
        }
    }
}
