//! Mean, sample deviation and z-score of sums: over periods, or over keys.
//!
//! Sums below 2^64 are taken as integers, exactly. A population with a larger one is taken as floats, whose results still
//! depend on the multiset alone; it needs 8 bytes a sum.

use flow_record::stats::{FloatMoments, FloatSummary, Moments};

/// A population of sums.
#[derive(Clone, Debug)]
pub(crate) enum Totals {
    Exact(Moments),
    Wide(FloatSummary),
}

impl Totals {
    /// These sums, and so many zeros.
    pub(crate) fn of(sums: impl Iterator<Item = u128> + Clone, zeros: u64) -> Totals {
        if sums.clone().any(|s| s > u128::from(u64::MAX)) {
            let mut moments = FloatMoments::new();
            sums.map(|s| s as f64).chain((0..zeros).map(|_| 0.0)).for_each(|v| {
                moments.add(v);
            });
            return Totals::Wide(moments.finish());
        }
        let mut moments = Moments::new();
        sums.map(|s| s as u64).chain((0..zeros).map(|_| 0)).for_each(|v| moments.add(v));
        Totals::Exact(moments)
    }

    /// Mean; 0 of nothing.
    pub(crate) fn mean(&self) -> f64 {
        match self {
            Totals::Exact(moments) => moments.mean(),
            Totals::Wide(floats) => floats.mean(),
        }
    }

    /// Sample deviation; 0 below two.
    pub(crate) fn deviation(&self) -> f64 {
        match self {
            Totals::Exact(moments) => moments.deviation_sample(),
            Totals::Wide(floats) => floats.deviation_sample(),
        }
    }

    /// Distance of one of the sums from the mean, in deviations; `None` where these are 0.
    pub(crate) fn z(&self, sum: u128) -> Option<f64> {
        match self {
            Totals::Exact(moments) => moments.z_sample(u64::try_from(sum).unwrap_or(u64::MAX)),
            Totals::Wide(floats) => {
                let deviation = floats.deviation_sample();
                (deviation > 0.0).then(|| (sum as f64 - floats.mean()) / deviation)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_members_of_the_population() {
        let totals = Totals::of([12].into_iter(), 2);
        assert_eq!((totals.mean(), totals.deviation()), (4.0, 48f64.sqrt()));
        assert_eq!(totals.z(12), Some(8.0 / 48f64.sqrt()));
    }

    #[test]
    fn sums_beyond_64_bits_are_not_cut() {
        let large = 1u128 << 70;
        let totals = Totals::of([large, 2 * large, 3 * large].into_iter(), 0);
        assert!((totals.mean() / (2 * large) as f64 - 1.0).abs() < 1e-15);
        assert!((totals.deviation() / large as f64 - 1.0).abs() < 1e-15);
        assert!((totals.z(3 * large).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn equal_sums_and_nothing_have_no_score() {
        assert_eq!(Totals::of([5, 5, 5].into_iter(), 0).z(5), None);
        let nothing = Totals::of(std::iter::empty(), 0);
        assert_eq!((nothing.mean(), nothing.deviation(), nothing.z(1)), (0.0, 0.0, None));
    }
}
