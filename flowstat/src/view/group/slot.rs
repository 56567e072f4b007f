//! What is kept of a key for its aggregates.

use super::aggregate::{Unit, Value};
use flow_record::record::Flow;
use flow_record::stats::{Addresses, Count, Digests, Estimate, FloatMoments, KeyQuantiles, Moments, Ports, SketchKey};
use flow_record::value::Time;
use serde::{Deserialize, Serialize};

/// One of the things that are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Slot {
    /// Flows.
    Count(u64),
    /// When they were.
    Times(Times),
    /// Number, sum and range of integers.
    Sum(Sum),
    /// The same with the sum of squares.
    Moments(Box<Moments>),
    /// The distribution of integers.
    Quantiles(Box<KeyQuantiles>),
    /// All numbers of a member.
    Floats(FloatMoments),
    /// Distinct values.
    Addresses(Box<Addresses>),
    Ports(Box<Ports>),
    Values(Box<Digests>),
}

/// First and last start, and latest end, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    first: i64,
    last: i64,
    end: i64,
    digits: u8,
}

impl Default for Times {
    fn default() -> Self {
        Times { first: i64::MAX, last: i64::MIN, end: i64::MIN, digits: 3 }
    }
}

impl Times {
    #[inline]
    pub(super) fn add(&mut self, flow: &Flow) {
        if let Some(time) = flow.time() {
            let duration = i64::try_from(flow.duration().unwrap_or(0)).unwrap_or(i64::MAX);
            let start = time.nanos();
            self.merge(Times {
                first: start,
                last: start,
                end: start.saturating_add(duration),
                digits: flow.time_digits(),
            });
        }
    }

    #[inline]
    fn merge(&mut self, other: Times) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.end = self.end.max(other.end);
        self.digits = self.digits.max(other.digits);
    }

    pub(super) fn first(self) -> Option<(Time, u8)> {
        (self.first <= self.last).then_some((Time(self.first), self.digits))
    }

    pub(super) fn last(self) -> Option<(Time, u8)> {
        (self.first <= self.last).then_some((Time(self.last), self.digits))
    }

    /// Seconds from the first start to the latest end, if that is any time.
    pub(super) fn seconds(self) -> Option<f64> {
        (self.first < self.end).then(|| self.end.abs_diff(self.first) as f64 / 1e9)
    }
}

/// Number, sum and range of integers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Sum {
    n: u64,
    min: u64,
    max: u64,
    /// 128 bits in two halves, so that a slot is aligned to 8 bytes.
    sum: [u64; 2],
}

impl Default for Sum {
    fn default() -> Self {
        Sum { n: 0, min: u64::MAX, max: 0, sum: [0; 2] }
    }
}

impl Sum {
    fn sum(self) -> u128 {
        u128::from(self.sum[1]) << 64 | u128::from(self.sum[0])
    }

    #[inline]
    fn merge(&mut self, other: Sum) {
        let sum = self.sum().saturating_add(other.sum());
        self.n = self.n.saturating_add(other.n);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum = [sum as u64, (sum >> 64) as u64];
    }
}

impl Slot {
    /// Adds an integer.
    #[inline]
    pub(super) fn number(&mut self, value: u64) {
        match self {
            Slot::Sum(sum) => sum.merge(Sum { n: 1, min: value, max: value, sum: [value, 0] }),
            Slot::Moments(moments) => moments.add(value),
            Slot::Quantiles(values) => values.add(value),
            _ => {}
        }
    }

    /// Adds all of another of the same kind.
    pub(super) fn merge(&mut self, other: Slot, key: &SketchKey) {
        match (self, other) {
            (Slot::Count(a), Slot::Count(b)) => *a = a.saturating_add(b),
            (Slot::Times(a), Slot::Times(b)) => a.merge(b),
            (Slot::Sum(a), Slot::Sum(b)) => a.merge(b),
            (Slot::Moments(a), Slot::Moments(b)) => a.merge(&b),
            (Slot::Quantiles(a), Slot::Quantiles(b)) => a.merge(&b),
            (Slot::Floats(a), Slot::Floats(b)) => a.merge(&b),
            (Slot::Addresses(a), Slot::Addresses(b)) => a.merge(*b, key),
            (Slot::Ports(a), Slot::Ports(b)) => a.merge(*b),
            (Slot::Values(a), Slot::Values(b)) => a.merge(*b, key),
            _ => debug_assert!(false, "slots of two plans"),
        }
    }

    /// About how many bytes it takes beside its own size.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Slot::Count(_) | Slot::Times(_) | Slot::Sum(_) => 0,
            Slot::Moments(_) => size_of::<Moments>(),
            Slot::Quantiles(values) => size_of::<KeyQuantiles>() + values.heap_bytes(),
            Slot::Floats(values) => values.heap_bytes(),
            Slot::Addresses(set) => size_of::<Addresses>() + set.heap_bytes(),
            Slot::Ports(set) => size_of::<Ports>() + set.heap_bytes(),
            Slot::Values(set) => size_of::<Digests>() + set.heap_bytes(),
        }
    }

    fn n(&self) -> u64 {
        match self {
            Slot::Sum(sum) => sum.n,
            Slot::Moments(moments) => moments.n(),
            Slot::Floats(values) => values.n(),
            _ => 0,
        }
    }

    /// The sum; `None` without values.
    pub(super) fn sum(&self, unit: Unit) -> Option<Value> {
        match self {
            _ if self.n() == 0 => None,
            Slot::Sum(sum) => Some(unit.whole(sum.sum())),
            Slot::Moments(moments) => Some(unit.whole(moments.sum())),
            Slot::Floats(values) => {
                let known = values.clone().finish();
                Some(Value::Float(known.mean() * known.n() as f64))
            }
            _ => None,
        }
    }

    /// The smallest value.
    pub(super) fn min(&self, unit: Unit) -> Option<Value> {
        match self {
            Slot::Sum(sum) => (sum.n > 0).then(|| unit.whole(sum.min.into())),
            Slot::Moments(moments) => moments.min().map(|v| unit.whole(v.into())),
            Slot::Floats(values) => values.clone().finish().sorted().first().map(|v| Value::Float(*v)),
            _ => None,
        }
    }

    /// The largest value.
    pub(super) fn max(&self, unit: Unit) -> Option<Value> {
        match self {
            Slot::Sum(sum) => (sum.n > 0).then(|| unit.whole(sum.max.into())),
            Slot::Moments(moments) => moments.max().map(|v| unit.whole(v.into())),
            Slot::Floats(values) => values.clone().finish().sorted().last().map(|v| Value::Float(*v)),
            _ => None,
        }
    }

    /// The mean.
    pub(super) fn mean(&self) -> Option<f64> {
        match self {
            _ if self.n() == 0 => None,
            Slot::Sum(sum) => Some(sum.sum() as f64 / sum.n as f64),
            Slot::Moments(moments) => Some(moments.mean()),
            Slot::Floats(values) => Some(values.clone().finish().mean()),
            _ => None,
        }
    }

    /// The sample deviation.
    pub(super) fn deviation(&self) -> Option<f64> {
        match self {
            _ if self.n() == 0 => None,
            Slot::Moments(moments) => Some(moments.deviation_sample()),
            Slot::Floats(values) => Some(values.clone().finish().deviation_sample()),
            _ => None,
        }
    }

    /// A quantile.
    pub(super) fn quantile(&self, q: f64) -> Option<Estimate> {
        match self {
            Slot::Quantiles(values) => values.distribution().quantile(q),
            Slot::Floats(values) if values.n() > 0 => {
                Some(Estimate { value: values.clone().finish().quantile(q), approx: false })
            }
            _ => None,
        }
    }

    /// The number of distinct values; `None` where there are none.
    pub(super) fn distinct(&self) -> Option<Count> {
        let count = match self {
            Slot::Addresses(set) => set.count(),
            Slot::Ports(set) => Count { value: set.count(), approx: false, error: 0.0 },
            Slot::Values(set) => set.count(),
            _ => return None,
        };
        Some(count)
    }
}
