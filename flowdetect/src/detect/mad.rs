//! The modified z-score: distance from the median in median absolute deviations (Iglewicz and Hoaglin 1993).
//!
//! Median and deviation are not moved by the values that they are to find. Where more than half of all are the same, the
//! median deviation is 0 and the mean absolute deviation takes its place; where that is 0 too, all are the same. Bound:
//! see the populations.

use super::{Built, Detector, at_least_0};
use crate::alert::{Evidence, Severity, Verdict};
use crate::population::{Judge, Numbers, Of, Outliers, Rule, Sum, mean_of, terms};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::people::{amount, figures};
use flow_record::row::columns::number;
use flow_record::stats::quantile::quantile_of;
use flow_record::value::Number;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, setup| {
        Built::state(Outliers::new(Mad { threshold: args.number("threshold") }, args, "bytes", setup)?)
    },
    by_default: false,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "mad",
    about: "hosts, flows or rows many median deviations from the median",
    explain: "\
M = 0.6745 (x - median) / MAD, where MAD is the median of abs(x - median); where it is 0, \
M = (x - median) / (1.253314 mean(abs(x - median))), and where that is 0 too, all are the same and nothing stands out. \
Alerts where abs(M) is above the threshold, strictly and unrounded. x is what a key's flows add up to in `field` \
(of=host), the field of a single flow (of=flow), or a column of a row (of=rows, each kind by itself). `value` is M with \
its sign. Severity: medium.

Without `of`, flows are scored by key, and rows if some come in. Of flows there is one alert for each field, source and \
destination, with their count, largest, smallest and sum.

Known to be misled: in heavy-tailed traffic a large part of all hosts lies beyond 3.5.",
    params: &[
        at_least_0("threshold", "3.5", "", "alert above this"),
        Param::new("field", ParamKind::Fields, "bytes", "", "what is scored: numbers of a flow; with of=rows, columns"),
        Param::new("by", ParamKind::Key, "src_ip", "", "the key that flows are summed by, such as src_ip/24 or dst_port"),
        Param::new("of", ParamKind::Choice(&["host", "flow", "rows"]), "host", "", "what is scored; not given: keys, and rows if some come in"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "timestamp"],
    columns: &[
        terms::FIELD,
        terms::ROW,
        terms::N,
        terms::TOTAL,
        number("median", "", "median of what is scored"),
        number("mad", "", "median absolute deviation from it"),
        number("mean_deviation", "", "mean absolute deviation from it, where the median one is 0"),
        terms::FLOWS,
        terms::UNIQUE,
        terms::APPROX,
        terms::COUNT,
        terms::LARGEST,
        terms::SMALLEST,
        terms::SUM,
    ],
    memory: "of=host: about 400 bytes a key, in each thread that meets it, and its distinct destinations; of=flow: about 60 bytes a flow and 100 a pair; of=rows: about 300 bytes a row",
    source: "B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers (1993)",
};

#[derive(Clone, Debug)]
struct Mad {
    threshold: f64,
}

impl Rule for Mad {
    type Bounds = Bounds;

    const SUM: Sum = Sum::Total;

    fn fit(&self, values: &Numbers, _of: Of) -> Option<Bounds> {
        let sorted = values.sorted();
        let median = quantile_of(&sorted, 0.5);
        let mut off: Vec<f64> = sorted.iter().map(|x| (x - median).abs()).collect();
        off.sort_unstable_by(f64::total_cmp);
        let mad = quantile_of(&off, 0.5);
        let mean_deviation = mean_of(off.into_iter()).mean();
        let bounds = Bounds { median, mad, mean_deviation, threshold: self.threshold };
        (mean_deviation > 0.0).then_some(bounds)
    }
}

/// Median and deviations from it.
#[derive(Clone, Debug)]
struct Bounds {
    median: f64,
    mad: f64,
    mean_deviation: f64,
    threshold: f64,
}

impl Judge for Bounds {
    #[inline]
    fn judge(&self, value: Number) -> Option<Verdict> {
        let off = value.as_f64() - self.median;
        // In this order, as it is usually computed: another one would differ in the last bit.
        let m = if self.mad > 0.0 { 0.6745 * off / self.mad } else { off / (1.253314 * self.mean_deviation) };
        (m.abs() > self.threshold).then(|| Verdict::above(m, self.threshold, Severity::Medium))
    }

    fn terms(&self, evidence: Evidence) -> Evidence {
        let evidence = evidence.number("median", self.median).number("mad", self.mad);
        if self.mad > 0.0 { evidence } else { evidence.number("mean_deviation", self.mean_deviation) }
    }

    fn says(&self, verdict: &Verdict, population: &str, unit: &str) -> String {
        let side = if verdict.value.as_f64() < 0.0 { "below" } else { "above" };
        let by = if self.mad > 0.0 { "" } else { " by mean deviations" };
        format!(
            "{side} the median of {population}, {}, with a modified z-score of {}{by} (threshold {})",
            amount(self.median, unit),
            figures(verdict.value.as_f64()),
            figures(self.threshold)
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, notes, values};

    fn hosts(bytes: &[u64]) -> Vec<String> {
        bytes
            .iter()
            .enumerate()
            .map(|(i, b)| flow(&format!("10.0.0.{}", i + 1), "192.0.2.1", 443, i as u64, *b))
            .collect()
    }

    #[test]
    fn a_host_at_the_threshold_is_not_reported_and_one_above_is() {
        // Median 100, MAD 10: four deviations are 0.6745 * 4 = 2.698.
        let sizes = [60, 90, 90, 95, 100, 105, 110, 110, 140];
        assert!(alerts("mad:threshold=2.698", &hosts(&sizes)).is_empty());
        let sizes = [59, 90, 90, 95, 100, 105, 110, 110, 141];
        let found = alerts("mad:threshold=2.698", &hosts(&sizes));
        assert_eq!(values(&found, &["src_ip"]), [r#"["10.0.0.9"]"#, r#"["10.0.0.1"]"#]);
        let m = found[0]["value"].as_f64().unwrap();
        assert!((m - 0.6745 * 4.1).abs() < 1e-12);
        assert_eq!(found[1]["value"].as_f64(), Some(-m));
        assert_eq!(
            (found[0]["evidence"]["median"].as_u64(), found[0]["evidence"]["mad"].as_u64()),
            (Some(100), Some(10))
        );
    }

    #[test]
    fn where_most_are_equal_the_mean_deviation_decides() {
        let sizes: Vec<u64> = [100; 8].into_iter().chain([160, 104]).collect();
        let found = alerts("mad", &hosts(&sizes));
        assert_eq!(values(&found, &["src_ip"]), [r#"["10.0.0.9"]"#]);
        assert!((found[0]["value"].as_f64().unwrap() - 60.0 / (1.253314 * 6.4)).abs() < 1e-12);
        assert_eq!(found[0]["evidence"]["mean_deviation"].as_f64(), Some(6.4));
    }

    #[test]
    fn equal_hosts_and_single_ones_are_constant() {
        assert!(alerts("mad:threshold=0", &hosts(&[5; 9])).is_empty());
        assert_eq!(notes("mad", &hosts(&[5; 9])), ["9 hosts have the same bytes each, so that none stands out"]);
        assert!(alerts("mad:threshold=0", &hosts(&[5])).is_empty());
    }

    #[test]
    fn flows_and_rows_are_scored_too() {
        let sizes = [90, 95, 100, 105, 110, 900];
        let found = alerts("mad:of=flow", &hosts(&sizes));
        assert_eq!(values(&found, &["src_ip", "dst_ip"]), [r#"["10.0.0.6","192.0.2.1"]"#]);
        let rows: Vec<String> =
            sizes.iter().map(|b| format!(r#"{{"kind":"daily","date":"2024-06-0{}","bytes":{b}}}"#, b % 7)).collect();
        assert_eq!(values(&alerts("mad", &rows), &["date"]), [r#"["2024-06-04"]"#]);
    }
}
