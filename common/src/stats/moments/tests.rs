//! The laws of merging, and figures from numpy, pandas and exact rational arithmetic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::FloatMoments;
use super::super::quantile::tests::sequence;
use super::*;
use proptest::prelude::*;

fn of(values: &[u64]) -> Moments {
    let mut made = Moments::new();
    values.iter().for_each(|v| made.add(*v));
    made
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

#[track_caller]
fn assert_near(a: f64, b: f64) {
    assert!(near(a, b), "{a} is not {b}");
}

#[test]
fn equals_pandas_on_plain_values() {
    // import numpy as np, pandas as pd; x = 1; v = []
    // for _ in range(1000): x = (x*6364136223846793005 + 1442695040888963407) % 2**64; v.append(x >> 40)
    // s = pd.Series(v); s.mean(), s.std(), np.std(v), sum(v), min(v), max(v)
    let m = of(&sequence(1000));
    assert_near(m.mean(), 8521917.969);
    assert_near(m.deviation_sample(), 4857807.50435161);
    assert_near(m.deviation_population(), 4855377.993069693);
    assert_eq!((m.n(), m.sum(), m.min(), m.max()), (1000, 8_521_917_969, Some(12_947), Some(16_741_513)));
}

#[test]
fn keeps_its_digits_where_the_mean_is_far_above_the_deviation() {
    // w = [2**52 + k % 7 for k in range(1000)]; n*sum(x*x) - sum(x)**2 in Python's integers, the root by decimal.
    // pd.Series(w).std() is 2.2347 here.
    let m = of(&(0..1000).map(|k| (1 << 52) + k % 7).collect::<Vec<_>>());
    assert_near(m.deviation_sample(), 1.9997474815561063);
    assert_near(m.deviation_population(), 1.9987473577218307);
    // The mean of k % 7 is 2.997.
    assert_near(m.above_mean((1 << 52) + 6), 3.003);
    assert_near(m.z_sample(1 << 52).unwrap(), -2.997 / 1.9997474815561063);
    assert_near(m.z_population(1 << 52).unwrap(), -2.997 / 1.9987473577218307);
}

#[test]
fn few_or_equal_values_have_no_deviation() {
    assert_eq!((of(&[]).mean(), of(&[]).deviation_sample(), of(&[]).deviation_population()), (0.0, 0.0, 0.0));
    assert_eq!((of(&[]).min(), of(&[]).max()), (None, None));
    assert_eq!((of(&[7]).deviation_sample(), of(&[7]).deviation_population()), (0.0, 0.0));
    assert_eq!((of(&[u64::MAX; 3]).deviation_sample(), of(&[u64::MAX; 3]).z_sample(0)), (0.0, None));
}

#[test]
fn floats_equal_exact_rational_arithmetic_far_from_zero() {
    // big = [1e15 + k % 7 / 8 for k in range(1000)] by fractions.Fraction, the root by decimal.
    let mut m = FloatMoments::new();
    (0..1000).for_each(|k| assert!(m.add(1e15 + f64::from(k % 7) / 8.0)));
    let s = m.finish();
    assert_near(s.mean(), 1000000000000000.4);
    assert_near(s.deviation_sample(), 0.24996843519451328);
    assert_near(s.deviation_population(), 0.24984341971522883);
}

#[test]
fn floats_equal_pandas() {
    // f = pd.Series([x / 997 - 8000 for x in v]), v as above; f.mean(), f.std(), np.std(f), np.quantile(f, q)
    let mut m = FloatMoments::new();
    sequence(1000).into_iter().for_each(|x| assert!(m.add(x as f64 / 997.0 - 8000.0)));
    let s = m.finish();
    assert_near(s.mean(), 547.5606509528586);
    assert_near(s.deviation_sample(), 4872.424778687674);
    assert_near(s.deviation_population(), 4869.987956940516);
    for (q, value) in [(0.05, -7210.572467402207), (0.25, -3544.356569709127), (0.5, 498.0401203610827)] {
        assert_near(s.quantile(q), value);
    }
}

#[test]
fn the_largest_and_smallest_floats_stay_finite() {
    let mut m = FloatMoments::new();
    assert!(!m.add(f64::NAN) && !m.add(f64::INFINITY));
    [f64::MAX, f64::MAX / 2.0, -f64::MAX].into_iter().for_each(|v| assert!(m.add(v)));
    let s = m.finish();
    assert_near(s.mean(), f64::MAX / 6.0);
    assert!(s.deviation_population().is_finite());
    let mut m = FloatMoments::new();
    [5e-324, 1e-323].into_iter().for_each(|v| assert!(m.add(v)));
    assert!(m.finish().mean() > 0.0);
}

#[test]
fn a_state_that_contradicts_itself_is_refused() {
    let read = |numbers: &str| {
        let names = ["n", "min", "max", "sum", "squares"].iter();
        let members: Vec<_> = names.zip(numbers.split(' ')).map(|(name, v)| format!("\"{name}\":{v}")).collect();
        serde_json::from_str::<Moments>(&format!("{{{}}}", members.join(","))).map_err(|e| e.to_string())
    };
    assert_eq!(read(r#"2 1 3 4 "a""#), Ok(of(&[1, 3])));
    assert_eq!(read(r#"0 0 0 0 "0""#), Ok(Moments::new()));
    for bad in [
        r#"2 3 1 4 "a""#,
        r#"2 1 3 7 "a""#,
        r#"2 1 3 4 "7""#,
        r#"2 1 3 4 "d""#,
        r#"2 1 3 4 "0a""#,
        r#"2 1 3 4 "A""#,
        r#"2 1 3 -4 "a""#,
        r#"2 1 3 4 10"#,
        r#"0 0 0 1 "0""#,
        r#"2 1 3"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

/// The population variance of shifted values in 128-bit integers: an independent way to the same number.
fn naive_deviation(values: &[u64], divisor: f64) -> f64 {
    let least = *values.iter().min().unwrap();
    let shifted: Vec<i128> = values.iter().map(|v| i128::from(v - least)).collect();
    let (n, sum): (i128, i128) = (shifted.len() as i128, shifted.iter().sum());
    let spread: i128 = shifted.iter().map(|v| (n * v - sum).pow(2)).sum();
    (spread as f64 / (n * n) as f64 / divisor).sqrt()
}

proptest! {
    #[test]
    fn merging_in_any_grouping_gives_the_state_of_one_run(
        a in prop::collection::vec(any::<u64>(), 0..20),
        b in prop::collection::vec(any::<u64>(), 0..20),
        c in prop::collection::vec(any::<u64>(), 0..20),
    ) {
        let merged = |x: &Moments, y: &Moments| { let mut m = x.clone(); m.merge(y); m };
        let (x, y, z) = (of(&a), of(&b), of(&c));
        let whole = of(&[a, b, c].concat());
        prop_assert_eq!(&merged(&merged(&x, &y), &z), &whole);
        prop_assert_eq!(&merged(&x, &merged(&z, &y)), &whole);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Moments>(&text).unwrap(), whole);
    }

    #[test]
    fn equals_shifted_integer_arithmetic(
        base in 0..1u64 << 53,
        steps in prop::collection::vec(0..1u64 << 40, 2..50),
    ) {
        let values: Vec<u64> = steps.iter().map(|s| base + s).collect();
        let (m, n) = (of(&values), values.len() as f64);
        prop_assert!(near(m.deviation_sample(), naive_deviation(&values, n - 1.0)));
        prop_assert!(near(m.deviation_population(), naive_deviation(&values, n)));
        let exact: u128 = values.iter().map(|v| u128::from(*v)).sum();
        prop_assert!(near(m.mean(), exact as f64 / n));
    }

    #[test]
    fn float_results_depend_on_no_order_and_no_grouping(
        values in prop::collection::vec(-1e12f64..1e12, 1..60),
        seed: u64,
        cut in 0usize..60,
    ) {
        let bits = |s: super::super::FloatSummary| {
            [s.mean(), s.deviation_sample(), s.deviation_population(), s.quantile(0.3)].map(f64::to_bits)
        };
        let mut straight = FloatMoments::new();
        values.iter().for_each(|v| { straight.add(*v); });
        let mut shuffled = values.clone();
        shuffled.sort_by_key(|v| (v.to_bits() ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (left, right) = shuffled.split_at(cut.min(shuffled.len()));
        let (mut a, mut b) = (FloatMoments::new(), FloatMoments::new());
        left.iter().for_each(|v| { a.add(*v); });
        right.iter().for_each(|v| { b.add(*v); });
        b.merge(&a);
        prop_assert_eq!(bits(straight.finish()), bits(b.finish()));
    }
}
