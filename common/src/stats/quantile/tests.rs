//! The laws of merging, figures from numpy, and histograms held against the exact quantiles of the same values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// Integers below 2^24 of Knuth's MMIX generator, seed 1: the same that the Python in the tests makes.
pub(in crate::stats) fn sequence(n: usize) -> Vec<u64> {
    let mut x = 1u64;
    let step = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x >> 40
    };
    std::iter::repeat_with(step).take(n).collect()
}

fn key(values: &[u64]) -> KeyQuantiles {
    let mut made = KeyQuantiles::default();
    values.iter().for_each(|v| made.add(*v));
    made
}

fn flow(values: &[u64]) -> FlowQuantiles {
    let mut made = FlowQuantiles::default();
    values.iter().for_each(|v| made.add(*v));
    made
}

fn sorted(values: &[u64]) -> Vec<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted
}

/// np.quantile(v, q), v = `sequence(1000)`: see the test of the moments for the Python.
const NUMPY: [(f64, f64); 10] = [
    (0.0, 12947.0),
    (0.05, 787059.25),
    (0.1, 1616589.9000000001),
    (0.25, 4442276.5),
    (0.5, 8472546.0),
    (0.75, 12911431.75),
    (0.9, 15177765.4),
    (0.95, 15894393.1),
    (0.99, 16570514.84),
    (1.0, 16741513.0),
];

#[test]
fn equals_numpy_to_the_last_bit() {
    let values = sorted(&sequence(1000));
    let floats: Vec<f64> = values.iter().map(|v| *v as f64).collect();
    let (of_key, of_flow) = (key(&sequence(1000)).distribution(), flow(&sequence(1000)).distribution());
    for (q, value) in NUMPY {
        assert_eq!((quantile_sorted(&values, q), quantile_of(&floats, q)), (value, value), "{q}");
        let exact = Some(Estimate { value, approx: false });
        assert_eq!((of_key.quantile(q), of_flow.quantile(q)), (exact, exact), "{q}");
        assert_eq!(of_key.bucket(q), Some((value, value)));
    }
    // [float(pd.Series([1, 2, 3, 4, 10]).quantile(q)) for q in (.1, .25, .33, .5, .6, .95)]
    for (q, value) in
        [(0.1, 1.4), (0.25, 2.0), (0.33, 2.3200000000000003), (0.5, 3.0), (0.6, 3.4), (0.95, 8.799999999999999)]
    {
        assert_eq!(quantile_sorted(&[1, 2, 3, 4, 10], q), value, "{q}");
    }
}

#[test]
fn nothing_has_no_quantile() {
    assert_eq!((quantile_sorted(&[], 0.5), quantile_of(&[], 0.5)), (0.0, 0.0));
    assert_eq!((key(&[]).distribution().quantile(0.5), flow(&[]).distribution().bucket(0.5)), (None, None));
    let mut none = KeyQuantiles::new(Precision::No);
    none.add(1);
    let mut nothing = FlowQuantiles::new(Precision::No);
    nothing.add(1);
    assert_eq!((none.distribution().n(), nothing.distribution().n()), (0, 0));
}

#[test]
fn the_limits_are_those_documented() {
    let values = sequence(MAX_VALUES + 1);
    assert!(!key(&values[1..]).distribution().is_approx());
    assert!(key(&values).distribution().is_approx());
    let mut exact = KeyQuantiles::new(Precision::Exact);
    values.iter().for_each(|v| exact.add(*v));
    assert!(!exact.distribution().is_approx());

    let many: Vec<u64> = (0..MAX_DISTINCT as u64).map(|v| v * 3).collect();
    let mut at_limit = flow(&many);
    many.iter().for_each(|v| at_limit.add(*v));
    assert!(!at_limit.distribution().is_approx());
    at_limit.add(1);
    assert!(at_limit.distribution().is_approx());
    assert_eq!(at_limit.distribution().n(), 2 * MAX_DISTINCT as u64 + 1);
    let mut exact = FlowQuantiles::new(Precision::Exact);
    (0..=MAX_DISTINCT as u64).for_each(|v| exact.add(v));
    assert!(!exact.distribution().is_approx());
}

#[test]
fn the_histogram_of_a_field_is_within_a_thousandth_and_its_bucket_holds_the_exact_quantile() {
    let values = sequence(200_000);
    let (made, values) = (flow(&values), sorted(&values));
    let read = made.distribution();
    assert!(read.is_approx());
    for q in [0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0] {
        let (exact, estimate, (low, high)) =
            (quantile_sorted(&values, q), read.quantile(q).unwrap(), read.bucket(q).unwrap());
        assert!(estimate.approx && (estimate.value / exact - 1.0).abs() <= 0.001, "{q}: {estimate:?} for {exact}");
        assert!(low <= exact && exact <= high && high <= low * 1.001 + 1.0, "{q}: {exact} in {low} to {high}");
        assert!(!read.is_above(q, exact as u64) && !read.is_below(q, exact.ceil() as u64));
        assert!(read.is_above(q, high as u64 + 1) && (low < 1.0 || read.is_below(q, low as u64 - 1)));
    }
}

#[test]
fn zeros_and_the_largest_values_are_counted() {
    let mut values: Vec<u64> = (0..=MAX_DISTINCT as u64).collect();
    values.extend([0, u64::MAX, i64::MAX as u64]);
    let read = flow(&values).distribution();
    assert_eq!(read.n(), values.len() as u64);
    assert_eq!(read.quantile(0.0).unwrap().value, 0.0);
    assert_eq!(read.bucket(1.0).unwrap().1, i64::MAX as f64);
    let read = key(&values).distribution();
    assert_eq!((read.quantile(0.0).unwrap().value, read.bucket(1.0).unwrap().1), (0.0, u64::MAX as f64));
}

#[test]
fn equal_values_keep_their_value_in_a_histogram() {
    let read = key(&[1_000_001; 5000]).distribution();
    assert_eq!(read.quantile(0.5), Some(Estimate { value: 1_000_001.0, approx: true }));
    assert!(!read.is_above(0.95, 1_000_001) && read.is_above(0.95, 1_000_002));
}

#[test]
fn a_state_that_could_not_be_is_refused() {
    let values: Vec<u64> = sequence(3000);
    let text = serde_json::to_string(&key(&values)).unwrap();
    assert_eq!(serde_json::from_str::<KeyQuantiles>(&text).unwrap(), key(&values));
    assert!(serde_json::from_str::<KeyQuantiles>(r#"{"buckets":[1,3,[1,2000,2,3]]}"#).is_ok());
    for bad in [
        r#"{"buckets":[1,1,[1,2000,0,3]]}"#,
        r#"{"buckets":[1,2,[2,2000,-1,3]]}"#,
        r#"{"buckets":[1,2,[1,1,1,3]]}"#,
        r#"{"buckets":[0,2,[1,2000,1,3]]}"#,
        r#"{"buckets":[1,3,[1,2000,1,3]]}"#,
        r#"{"buckets":[1,2,[1,2000,65534,3]]}"#,
        r#"{"buckets":[1,2,[]]}"#,
        r#"{"some":[]}"#,
    ] {
        assert!(serde_json::from_str::<KeyQuantiles>(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<KeyQuantiles>(&format!("{{\"values\":{:?}}}", vec![1; 1025])).is_err());
    assert!(serde_json::from_str::<FlowQuantiles>(r#"{"buckets":[4097,4097,[3072,70000]]}"#).is_ok());
    for bad in [
        r#"{"values":[[2,1],[1,1]]}"#,
        r#"{"values":[[1,1],[1,1]]}"#,
        r#"{"values":[[1,0]]}"#,
        r#"{"buckets":[5,1,[1,70000]]}"#,
        r#"{"buckets":[2,9,[1,70000]]}"#,
        r#"{"buckets":[4097,4097,[3073,70000]]}"#,
    ] {
        assert!(serde_json::from_str::<FlowQuantiles>(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_distribution_is_split_into_parts_that_add_up_to_it() {
    let whole = flow(&(0..1000).map(|i| i * 3).collect::<Vec<u64>>());
    let mut rest = whole.clone();
    let parts = rest.split_off(100, 30);
    assert!(parts.len() == 30 && whole.clone().split_off(1000, 30).is_empty());
    parts.iter().for_each(|p| rest.merge(p));
    assert_eq!(text(&rest), text(&whole));
}

#[test]
fn values_of_a_key_join_a_whole_distribution() {
    let (few, many): (Vec<u64>, Vec<u64>) = ((5..900).collect(), (0..3000).map(|i| i * 7919 + 3).collect());
    let mut made = flow(&[1, 2]);
    made.merge_key(&key(&few));
    assert_eq!(text(&made), text(&flow(&[&[1, 2][..], &few].concat())));
    made.merge_key(&key(&many));
    let (read, exact) = (made.distribution(), [&[1, 2][..], &few, &many].concat());
    assert_eq!((read.n(), read.is_approx(), read.quantile(0.0).unwrap().value), (exact.len() as u64, true, 1.0));
    let mut sorted = exact;
    sorted.sort_unstable();
    let median = quantile_sorted(&sorted, 0.5);
    assert!((read.quantile(0.5).unwrap().value / median - 1.0).abs() < 1e-3);
    assert_eq!(read.bucket(1.0).unwrap().1, 2999.0 * 7919.0 + 3.0);
}

fn text<T: serde::Serialize>(state: &T) -> String {
    serde_json::to_string(state).unwrap()
}

/// Values of all sizes, with repetitions.
fn values(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec((any::<u64>(), 0..64u32).prop_map(|(v, s)| v >> s), n)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_keys_in_any_grouping_gives_the_state_of_one_run(a in values(0..900), b in values(0..900), c in values(0..900)) {
        let merged = |x: &KeyQuantiles, y: &KeyQuantiles| { let mut m = x.clone(); m.merge(y); m };
        let (x, y, z) = (key(&a), key(&b), key(&c));
        let all = [a, b, c].concat();
        let whole = text(&key(&all));
        prop_assert_eq!(text(&merged(&merged(&x, &y), &z)), whole.clone());
        prop_assert_eq!(text(&merged(&x, &merged(&z, &y))), whole.clone());
        prop_assert_eq!(serde_json::from_str::<KeyQuantiles>(&whole).unwrap(), key(&all));
    }

    #[test]
    fn merging_precisions_gives_the_less_precise_in_either_order(a in values(0..1500), b in values(0..1500)) {
        let all = [Precision::Bounded, Precision::Exact, Precision::No];
        for (p, q) in all.into_iter().flat_map(|p| all.map(|q| (p, q))) {
            let of = |values: &[u64], p| { let mut k = KeyQuantiles::new(p); values.iter().for_each(|v| k.add(*v)); k };
            let (mut x, mut y) = (of(&a, p), of(&b, q));
            let (copy, other) = (x.clone(), y.clone());
            x.merge(&other);
            y.merge(&copy);
            prop_assert_eq!(text(&x), text(&y));
            let of = |values: &[u64], p| { let mut k = FlowQuantiles::new(p); values.iter().for_each(|v| k.add(*v)); k };
            let (mut x, mut y) = (of(&a, p), of(&b, q));
            let (copy, other) = (x.clone(), y.clone());
            x.merge(&other);
            y.merge(&copy);
            prop_assert_eq!(text(&x), text(&y));
        }
    }

    #[test]
    fn the_buckets_of_a_key_hold_the_exact_quantile(all in values(1025..3000), q in 0.0..1.0f64) {
        let read = key(&all).distribution();
        let exact = quantile_sorted(&sorted(&all), q);
        let (low, high) = read.bucket(q).unwrap();
        let slack = exact * 1e-15;
        prop_assert!(read.is_approx() && low - slack <= exact && exact <= high + slack, "{} in {} to {}", exact, low, high);
        prop_assert!((read.quantile(q).unwrap().value - exact).abs() <= exact * 0.001 + slack);
    }

    #[test]
    fn exact_forms_are_type_7_whatever_the_order(all in values(1..200), q in 0.0..1.0f64) {
        let expected = Some(Estimate { value: quantile_sorted(&sorted(&all), q), approx: false });
        prop_assert_eq!((key(&all).distribution().quantile(q), flow(&all).distribution().quantile(q)), (expected, expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn merging_fields_in_any_grouping_gives_the_state_of_one_run(
        from in prop::array::uniform3(any::<u64>()),
        sizes in prop::array::uniform3(0u64..90_000),
        shift in 0..44u32,
    ) {
        let part = |i: usize| (0..sizes[i]).map(|k| (from[i].wrapping_add(k.wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> shift).collect::<Vec<_>>();
        let parts = [part(0), part(1), part(2)];
        let merged = |x: &FlowQuantiles, y: &FlowQuantiles| { let mut m = x.clone(); m.merge(y); m };
        let [x, y, z] = parts.each_ref().map(|p| flow(p));
        let mut backwards = parts.concat();
        backwards.reverse();
        let whole = flow(&backwards);
        prop_assert!(merged(&merged(&x, &y), &z) == whole);
        prop_assert!(merged(&x, &merged(&z, &y)) == whole);
        prop_assert!(serde_json::from_str::<FlowQuantiles>(&text(&whole)).unwrap() == whole);
    }
}
