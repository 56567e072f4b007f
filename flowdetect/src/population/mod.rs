//! Populations: many numbers of one kind, and rules that tell which of them lie far from the rest.
//!
//! What the numbers belong to is one file each: [`host`] (one number a key, from its flows), [`flow`] (one a flow),
//! [`row`] (one a row that came in). A [`Rule`] learns bounds from a population and judges its members; [`Outliers`]
//! makes a detector of it. Invariant: bounds and verdicts are a function of the multiset of numbers, whole numbers are
//! summed exactly, and nothing is rounded before it is compared.

pub(crate) mod flow;
pub(crate) mod host;
mod outliers;
pub(crate) mod row;
pub(crate) mod terms;

pub(crate) use outliers::Outliers;

use crate::alert::{Evidence, Verdict};
use flow_record::stats::{FloatMoments, FloatSummary, Moments};
use flow_record::value::Number;

/// All numbers of a population; 8 bytes each.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    /// All are whole and below 2^64.
    Whole(Vec<u64>),
    /// Some are not.
    Real(Vec<f64>),
}

impl FromIterator<Number> for Numbers {
    fn from_iter<I: IntoIterator<Item = Number>>(values: I) -> Numbers {
        let mut numbers = Numbers::Whole(Vec::new());
        values.into_iter().for_each(|value| numbers.push(value));
        numbers
    }
}

impl Numbers {
    fn push(&mut self, value: Number) {
        match (&mut *self, small(value)) {
            (Numbers::Whole(all), Some(value)) => all.push(value),
            (Numbers::Whole(all), None) => {
                let all = all.iter().map(|v| *v as f64).chain([value.as_f64()]).collect();
                *self = Numbers::Real(all);
            }
            (Numbers::Real(all), _) => all.push(value.as_f64()),
        }
    }

    /// How many there are.
    pub(crate) fn n(&self) -> u64 {
        match self {
            Numbers::Whole(all) => all.len() as u64,
            Numbers::Real(all) => all.len() as u64,
        }
    }

    /// Mean and deviations: exact where all are whole.
    pub(crate) fn spread(&self) -> Spread {
        match self {
            Numbers::Real(all) => Spread::Real(mean_of(all.iter().copied())),
            Numbers::Whole(all) => {
                let mut moments = Moments::new();
                all.iter().for_each(|v| moments.add(*v));
                Spread::Whole(moments)
            }
        }
    }

    /// The numbers, ascending.
    pub(crate) fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> = match self {
            Numbers::Whole(all) => all.iter().map(|v| *v as f64).collect(),
            Numbers::Real(all) => all.clone(),
        };
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

/// A whole number below 2^64.
fn small(value: Number) -> Option<u64> {
    match value {
        Number::Whole(v) => u64::try_from(v).ok(),
        Number::Real(_) => None,
    }
}

/// Mean and deviations of floats, whatever their order.
pub(crate) fn mean_of(values: impl Iterator<Item = f64>) -> FloatSummary {
    let mut moments = FloatMoments::new();
    for value in values {
        moments.add(value);
    }
    moments.finish()
}

/// By what the sum of squared distances is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Divisor {
    /// n - 1.
    Sample,
    /// n.
    Population,
}

/// Mean and deviations of a population.
#[derive(Clone, Debug)]
pub(crate) enum Spread {
    /// Of whole numbers below 2^64.
    Whole(Moments),
    /// Of any.
    Real(FloatSummary),
}

impl Spread {
    /// The mean; 0 without numbers.
    pub(crate) fn mean(&self) -> f64 {
        match self {
            Spread::Whole(m) => m.mean(),
            Spread::Real(m) => m.mean(),
        }
    }

    /// The deviation.
    pub(crate) fn deviation(&self, divisor: Divisor) -> f64 {
        match (self, divisor) {
            (Spread::Whole(m), Divisor::Sample) => m.deviation_sample(),
            (Spread::Whole(m), Divisor::Population) => m.deviation_population(),
            (Spread::Real(m), Divisor::Sample) => m.deviation_sample(),
            (Spread::Real(m), Divisor::Population) => m.deviation_population(),
        }
    }

    /// A number less the mean: exact, but for the division, where all are whole.
    pub(crate) fn above_mean(&self, value: Number) -> f64 {
        match (self, small(value)) {
            (Spread::Whole(m), Some(v)) => m.above_mean(v),
            _ => value.as_f64() - self.mean(),
        }
    }
}

/// What the members of a population are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Keys, such as hosts: each has what its flows add up to.
    Host,
    /// Flows.
    Flow,
    /// Rows of one kind.
    Rows,
}

/// What a key's flows add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Their sum.
    Total,
    /// Their mean.
    PerFlow,
}

/// A rule that learns from a population what is usual.
pub(crate) trait Rule: Clone + Send + Sync + 'static {
    /// What was learnt.
    type Bounds: Judge;

    /// What of a key is scored.
    const SUM: Sum;

    /// Learns from a population; `None` where its numbers are all the same.
    fn fit(&self, values: &Numbers, of: Of) -> Option<Self::Bounds>;
}

/// Knows what is usual.
pub(crate) trait Judge: Clone + Send + Sync + 'static {
    /// The verdict on a number that is not.
    fn judge(&self, value: Number) -> Option<Verdict>;

    /// Adds the terms of the formula.
    fn terms(&self, evidence: Evidence) -> Evidence;

    /// Says of a verdict what it means, beginning with a preposition or a number: "6.3 deviations above the mean of
    /// 25 hosts". The unit is that of the numbers.
    fn says(&self, verdict: &Verdict, population: &str, unit: &str) -> String;

    /// Why nothing at all can be found, where that is so.
    fn is_blind(&self) -> Option<String> {
        None
    }
}

/// What is to be told where all of `n` numbers are the same; one alone is not worth a word.
fn constant(n: usize, population: &str, name: &str) -> Option<String> {
    (n > 1).then(|| format!("{population} have the same {name} each, so that none stands out"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_exact_and_any_other_makes_all_floats() {
        let whole: Numbers = [Number::Whole(1 << 53), Number::Whole((1 << 53) + 1)].into_iter().collect();
        assert_eq!(whole.spread().above_mean(Number::Whole(1 << 53)), -0.5);
        let mixed: Numbers = [Number::Whole(1), Number::Real(2.5)].into_iter().collect();
        assert!(matches!(mixed.spread(), Spread::Real(_)));
        assert_eq!((mixed.n(), mixed.spread().mean(), mixed.sorted()), (2, 1.75, vec![1.0, 2.5]));
        let large: Numbers = [Number::Whole(1 << 100), Number::Whole(0)].into_iter().collect();
        assert_eq!(large.spread().above_mean(Number::Whole(1 << 100)), 2f64.powi(99));
    }
}
