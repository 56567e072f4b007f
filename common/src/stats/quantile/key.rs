//! The distribution within one of many keys: the values themselves up to [`MAX_VALUES`], then sparse log-linear buckets.
//!
//! A bucket holds the values that agree in their first eleven binary digits, so it is at most 1/1024 (0.1 %) of its
//! value wide, and values below 2048 have one each. Invariant: the form depends on the number of values alone.
//! Bound: 8 KiB of values, then about 24 bytes a bucket that occurs, of which there are at most 56 320.

use super::steps::{Steps, bounds, bucket};
use super::{Distribution, Precision};
use crate::map::Map;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Number of values within a key up to which its quantiles are exact.
pub const MAX_VALUES: usize = 1024;

/// Quantiles of integers within a key; 24 bytes while empty.
#[derive(Clone, Debug)]
pub struct KeyQuantiles(Form);

#[derive(Clone, Debug)]
enum Form {
    Nothing,
    /// At most `MAX_VALUES`, in no order.
    Values(Vec<u64>),
    Unbounded(Vec<u64>),
    Buckets(Box<Buckets>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Buckets {
    min: u64,
    max: u64,
    counts: Map<u16, u64>,
}

impl Buckets {
    fn of(values: &[u64]) -> Box<Buckets> {
        let mut made = Box::new(Buckets { min: u64::MAX, max: 0, counts: Map::default() });
        values.iter().for_each(|v| made.add(*v));
        made
    }

    #[inline]
    fn add(&mut self, value: u64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let count = self.counts.entry(bucket(value)).or_default();
        *count = count.saturating_add(1);
    }

    fn merge(&mut self, other: &Buckets) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (bucket, n) in &other.counts {
            let count = self.counts.entry(*bucket).or_default();
            *count = count.saturating_add(*n);
        }
    }

    /// Buckets and counts, ascending.
    fn sorted(&self) -> Vec<(u16, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(b, n)| (*b, *n)).collect();
        all.sort_unstable();
        all
    }
}

impl Default for KeyQuantiles {
    fn default() -> Self {
        KeyQuantiles::new(Precision::Bounded)
    }
}

impl KeyQuantiles {
    /// No values.
    pub fn new(precision: Precision) -> KeyQuantiles {
        KeyQuantiles(match precision {
            Precision::Bounded => Form::Values(Vec::new()),
            Precision::Exact => Form::Unbounded(Vec::new()),
            Precision::No => Form::Nothing,
        })
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        match &mut self.0 {
            Form::Nothing => {}
            Form::Unbounded(values) => values.push(value),
            Form::Values(values) if values.len() < MAX_VALUES => values.push(value),
            Form::Values(values) => {
                let mut buckets = Buckets::of(values);
                buckets.add(value);
                self.0 = Form::Buckets(buckets);
            }
            Form::Buckets(buckets) => buckets.add(value),
        }
    }

    /// Adds all values of another state of the same precision; states of different precision give the less precise.
    pub fn merge(&mut self, other: &KeyQuantiles) {
        match (&mut self.0, &other.0) {
            (Form::Nothing, _) => {}
            (_, Form::Nothing) => self.0 = Form::Nothing,
            (Form::Buckets(a), Form::Buckets(b)) => a.merge(b),
            (_, Form::Values(more)) => {
                if let Form::Unbounded(values) = &mut self.0 {
                    *self = KeyQuantiles::bounded(std::mem::take(values));
                }
                more.iter().for_each(|v| self.add(*v));
            }
            (Form::Unbounded(values), Form::Unbounded(more)) => values.extend_from_slice(more),
            (Form::Values(_) | Form::Buckets(_), Form::Unbounded(more)) => more.iter().for_each(|v| self.add(*v)),
            (Form::Values(values) | Form::Unbounded(values), Form::Buckets(b)) => {
                let mut buckets = b.clone();
                values.iter().for_each(|v| buckets.add(*v));
                self.0 = Form::Buckets(buckets);
            }
        }
    }

    fn bounded(values: Vec<u64>) -> KeyQuantiles {
        KeyQuantiles(match values.len() {
            0..=MAX_VALUES => Form::Values(values),
            _ => Form::Buckets(Buckets::of(&values)),
        })
    }

    /// The distribution, to read quantiles from; empty where nothing was kept.
    pub fn distribution(&self) -> Distribution {
        match &self.0 {
            Form::Nothing => Distribution::default(),
            Form::Values(values) | Form::Unbounded(values) => {
                let mut sorted = values.clone();
                sorted.sort_unstable();
                Distribution::exact(sorted.into_iter().map(|v| (v, 1)))
            }
            Form::Buckets(b) => {
                let cells = b.sorted().into_iter().map(|(at, n)| {
                    let (low, high) = bounds(at);
                    (low, high, n)
                });
                Distribution::approx(cells, b.min, b.max)
            }
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Nothing => true,
            Form::Values(values) | Form::Unbounded(values) => values.is_empty(),
            Form::Buckets(_) => false,
        }
    }

    /// What is kept, as values and how often each occurs, in no order: a bucket is its lowest value. Says whether these
    /// are the values themselves.
    pub(super) fn each(&self, mut take: impl FnMut(u64, u64)) -> bool {
        match &self.0 {
            Form::Nothing => {}
            Form::Values(values) | Form::Unbounded(values) => values.iter().for_each(|v| take(*v, 1)),
            Form::Buckets(b) => b.counts.iter().for_each(|(at, n)| take(bounds(*at).0, *n)),
        }
        !matches!(self.0, Form::Buckets(_))
    }

    /// The smallest and the largest of buckets.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        match &self.0 {
            Form::Buckets(b) => Some((b.min, b.max)),
            _ => None,
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Nothing => 0,
            Form::Values(v) | Form::Unbounded(v) => v.capacity() * 8,
            Form::Buckets(b) => size_of::<Buckets>() + b.counts.capacity() * 20,
        }
    }

    fn state(&self) -> State {
        let ascending = |values: &[u64]| {
            let mut sorted = values.to_vec();
            sorted.sort_unstable();
            sorted
        };
        match &self.0 {
            Form::Nothing => State::No,
            Form::Values(v) => State::Values(ascending(v)),
            Form::Unbounded(v) => State::Exact(ascending(v)),
            Form::Buckets(b) => State::Buckets(b.min, b.max, Steps(b.sorted())),
        }
    }
}

/// The canonical form.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    No,
    Values(Vec<u64>),
    Exact(Vec<u64>),
    /// Smallest value, largest value, buckets and counts.
    Buckets(u64, u64, Steps),
}

impl PartialEq for KeyQuantiles {
    fn eq(&self, other: &KeyQuantiles) -> bool {
        self.state() == other.state()
    }
}

impl Eq for KeyQuantiles {}

impl Serialize for KeyQuantiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyQuantiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeyQuantiles, D::Error> {
        let form = match State::deserialize(deserializer)? {
            State::No => Form::Nothing,
            State::Values(v) if v.len() <= MAX_VALUES => Form::Values(v),
            State::Values(_) => return Err(de::Error::custom("too many values for an exact distribution")),
            State::Exact(v) => Form::Unbounded(v),
            State::Buckets(min, max, Steps(counts)) => {
                let total = counts.iter().fold(0u64, |n, c| n.saturating_add(c.1));
                let ends =
                    counts.first().map(|c| c.0) == Some(bucket(min)) && counts.last().map(|c| c.0) == Some(bucket(max));
                if total <= MAX_VALUES as u64 || !ends || min > max {
                    return Err(de::Error::custom("buckets out of range, or too few values for buckets"));
                }
                Form::Buckets(Box::new(Buckets { min, max, counts: counts.into_iter().collect() }))
            }
        };
        Ok(KeyQuantiles(form))
    }
}
