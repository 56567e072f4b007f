//! The parts of the score: values that RITA's own tests give for its functions, and cases of our own.

use super::*;

/// Ascending seconds with these gaps.
fn seconds(gaps: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut now = 1_517_338_924;
    let mut all = vec![now];
    all.extend(gaps.into_iter().map(|gap| {
        now += gap;
        now
    }));
    all
}

fn times(list: impl IntoIterator<Item = i64>) -> f64 {
    regularity(&gaps(&seconds(list)), Part::ALL).value()
}

#[test]
fn regularity_of_times_has_the_published_values() {
    assert_eq!(times([1; 9]), 1.0);
    assert_eq!(times([60; 9]), 1.0);
    assert_eq!(times([98, 99, 99, 100, 100, 100, 101, 101, 102]), 0.995);
    assert_eq!(times([98, 300, 98, 300, 98, 300, 98, 300, 98, 300]), 0.746);
    assert_eq!(times([1, 299, 25, 4975, 90, 2, 42, 500, 1500]), 0.083);
}

#[test]
fn exact_minutes_are_perfect_and_jitter_costs_little() {
    assert_eq!(times([60; 99]), 1.0);
    // Two hundred gaps of 50 to 70 s, all alike often.
    let even: Vec<i64> = (0..200).map(|i| 50 + i * 7 % 21).collect();
    assert!((times(even) - 0.92).abs() < 0.02);
    // Gaps as those between independent events, by the quantiles of the exponential distribution.
    let chance: Vec<i64> = (0..200).map(|i| (-60.0 * (1.0 - (i as f64 + 0.5) / 200.0).ln()).ceil() as i64).collect();
    assert!((times(chance) - 0.513).abs() < 0.05);
}

#[test]
fn repeated_seconds_are_no_gaps() {
    assert_eq!(gaps(&seconds([0, 60, 0, 0, 5])), [5, 60]);
    assert_eq!(times([60, 0, 60, 0, 60]), 1.0);
}

#[test]
fn sizes_without_a_median_have_no_narrowness() {
    assert_eq!(regularity(&[0, 0, 0, 0], Part::NOTHING).value(), 0.5);
    assert_eq!(regularity(&[0, 0, 0, 0], Part::ALL).value(), 1.0);
    assert_eq!(regularity(&[333; 40], Part::NOTHING).value(), 1.0);
}

#[test]
fn quartiles_are_medians_of_halves_without_the_middle() {
    for (values, expected) in [
        (&[1, 2, 3][..], (1.0, 2.0, 3.0)),
        (&[1, 2, 3, 4], (1.5, 2.5, 3.5)),
        (&[1, 2, 3, 4, 5], (1.5, 3.0, 4.5)),
        (&[1, 2, 25, 42, 90, 299, 500, 1500, 4975], (13.5, 90.0, 1000.0)),
    ] {
        let (q1, q2, q3) = quartiles(values);
        assert_eq!((q1 as f64 / 2.0, q2 as f64 / 2.0, q3 as f64 / 2.0), expected);
    }
    let skewed = symmetry(&[1, 2, 25, 42, 90, 299, 500, 1500, 4975]);
    assert!((1.0 - skewed.value() - 0.845).abs() < 1e-3);
    assert_eq!((symmetry(&[1, 2, 9]), symmetry(&[5, 5, 500])), (Part::ALL, Part::ALL));
}

#[test]
fn bins_divide_the_input_evenly_and_the_last_has_its_end() {
    let data = (1000, 1000 + 24 * 3600);
    assert_eq!(bins(&seconds_at(&[0, 3599, 3600, 86_399, 86_400], 1000), data)[..2], [2, 1]);
    assert_eq!(bins(&seconds_at(&[0, 3599, 3600, 86_399, 86_400], 1000), data)[23], 2);
    let every: Vec<i64> = (0..24).map(|h| h * 3600).collect();
    assert_eq!(bins(&seconds_at(&every, 1000), data), [1; 24]);
}

fn seconds_at(offsets: &[i64], start: i64) -> Vec<i64> {
    offsets.iter().map(|o| start + o).collect()
}

#[test]
fn evenness_has_the_published_values() {
    assert_eq!(evenness(&[1; 10]).value(), 1.0);
    assert_eq!(evenness(&[950, 970, 990, 1010, 1030, 1050, 1070]).value(), 0.96);
    assert_eq!(evenness(&[1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009]).value(), 0.997);
    assert_eq!(evenness(&[1, 5, 10, 50, 100, 500, 1000, 5000, 10_000]).value(), 0.0);
    assert_eq!(evenness(&[1, 0, 2, 0, 3, 0, 2, 1]).value(), 0.064);
    assert_eq!(evenness(&[2, 0, 3, 0, 1]).value(), 0.028);
    assert_eq!(evenness(&[0; 24]).value(), 0.0);
}

#[test]
fn two_levels_and_one_odd_bin_are_bimodal() {
    let bins = |parts: &[(usize, u64)]| parts.iter().flat_map(|(n, height)| vec![*height; *n]).collect::<Vec<_>>();
    let close = |a: f64, b: f64| (a - b).abs() < 1e-3;
    assert!(close(bimodality(&bins(&[(50, 1), (5, 2), (5, 3)])).value(), 55.0 / 59.0));
    assert_eq!(bimodality(&bins(&[(10, 1), (1, 2)])).value(), 1.0);
    assert_eq!(bimodality(&bins(&[(10, 1), (10, 2), (1, 3)])).value(), 1.0);
    assert!(close(bimodality(&bins(&[(50, 1), (30, 2), (1, 3), (2, 4), (1, 5)])).value(), 80.0 / 83.0));
    // Ten bins are too few; heights within a twentieth of the highest are of one level.
    assert_eq!(bimodality(&bins(&[(5, 1), (5, 4)])).value(), 0.0);
    assert_eq!(bimodality(&bins(&[(6, 1000), (6, 1049), (12, 0)])).value(), 1.0);
}

#[test]
fn duration_is_coverage_or_the_longest_run() {
    let hour = 3600;
    let day = 24 * hour;
    let bins = |filled: &[usize]| (0..24).map(|i| u64::from(filled.contains(&i))).collect::<Vec<_>>();
    assert_eq!(duration(&[1; 24], 24 * hour, day).value(), 1.0);
    assert_eq!(duration(&bins(&[0, 4, 8, 12, 16, 20]), 12 * hour, day).value(), 0.5);
    assert_eq!(duration(&bins(&[12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]), 12 * hour, day).value(), 1.0);
    assert_eq!(duration(&bins(&[12, 13, 14, 15, 16, 17]), 6 * hour, day).value(), 0.5);
    assert_eq!(duration(&bins(&[12, 13, 14, 15, 16]), 12 * hour, day).value(), 0.0);
    // Around midnight.
    assert_eq!(longest_run(&bins(&[22, 23, 0, 1, 2, 7])), 5);
    assert_eq!((longest_run(&[1; 24]), longest_run(&[0; 24])), (24, 0));
    assert_eq!(longest_run(&[7, 2, 1, 0, 0, 1, 0, 0, 0, 1]), 4);
}

#[test]
fn a_steady_call_every_hour_of_the_input_scores_one() {
    let calls = seconds_at(&(0..=24).map(|h| h * 3600).collect::<Vec<_>>(), 0);
    let score = score(&calls, &[333; 25], (0, 24 * 3600));
    let parts = score.map(|s| [s.times, s.sizes, s.duration]);
    assert_eq!(parts, Some([1.0, 1.0, 1.0]));
}

#[test]
fn few_seconds_and_floods_have_no_score() {
    let data = (0, 86_400);
    assert_eq!(score(&[], &[], data), None);
    assert_eq!(score(&[10, 10, 20, 30], &[1; 4], data), None);
    assert!(score(&[10, 20, 30, 40], &[1; 4], data).is_some());
    let flood: Vec<i64> = (0..86_400).collect();
    assert_eq!(score(&flood, &[1; 3], data), None);
    assert!(score(&flood[1..], &[1; 3], data).is_some());
    // Two days may have twice as many.
    assert!(score(&flood, &[1; 3], (0, 172_800)).is_some());
}

#[test]
fn the_score_is_the_mean_of_its_parts_with_halves_rounded_up() {
    let parts = |n: [u128; 4]| n.map(|numerator| Part { numerator, denominator: 1000 });
    // 0.5005, which has no exact float, is rounded up.
    assert_eq!(mean(parts([1000, 1000, 1, 1])).value(), 0.501);
    assert_eq!(mean(parts([1000, 1000, 1, 0])).value(), 0.5);
    assert_eq!(mean([Part::ALL, Part::ALL, Part { numerator: 18, denominator: 19 }, Part::NOTHING]).value(), 0.737);
    let calls = seconds_at(&(0..40).map(|i| i * 61 + i % 3).collect::<Vec<_>>(), 500);
    let bytes: Vec<u64> = (300..340).collect();
    assert!(score(&calls, &bytes, (0, 3600)).is_some_and(|s| s.total > 0.5 && s.total < 1.0));
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let large = (1u64 << 53) - 1;
    assert_eq!(regularity(&[large; 5], Part::NOTHING).value(), 1.0);
    assert!(regularity(&[0, 1, large / 2, large - 1, large], Part::NOTHING).value() < 1.0);
    assert_eq!(bins(&[i64::MIN, i64::MAX], (i64::MIN, i64::MAX))[23], 1);
}
