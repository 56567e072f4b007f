//! Tukey's fences: what lies outside the quartiles by more than so many interquartile ranges (Tukey 1977).
//!
//! Quartiles are of type 7, as NumPy's and pandas', and exact over hosts, rows and flows alike. Bound: see the
//! populations.

use super::{Built, Detector, at_least_0};
use crate::alert::{Evidence, Severity, Verdict, share};
use crate::population::{Judge, Numbers, Of, Outliers, Rule, Sum, terms};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::people::{amount, figures};
use flow_record::record::Field;
use flow_record::row::columns::number;
use flow_record::stats::quantile::quantile_of;
use flow_record::value::Number;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, setup| Built::state(Outliers::new(Iqr { k: args.number("k") }, args, "bytes_per_flow_mean", setup)?),
    by_default: false,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "iqr",
    about: "hosts, flows or rows outside the quartiles by far",
    explain: "\
With Q1 and Q3 the quartiles of all, alerts where x is strictly outside [Q1 - k(Q3 - Q1), Q3 + k(Q3 - Q1)]. x is a key's \
mean of `field` over its flows (of=host), the field of a single flow (of=flow), or a column of a row (of=rows, each kind \
by itself; `bytes_per_flow_mean` unless a field is named). Quartiles are of type 7 (linear, as NumPy's).

`value` is x, `threshold` the fence that it is beyond. The score is d/(d + w): d is the distance of x from the middle of \
the quartiles, w that of the fences, so that it is 0.5 on a fence. Severity: medium.

Without `of`, flows are scored by key, and rows if some come in. Of flows there is one alert for each field, source and \
destination, with their count, largest, smallest and sum; its value is the one that is farthest out.

Known to be misled: byte counts are heavy-tailed, so 5 to 10 of 100 flows lie outside at k = 1.5.",
    params: &[
        at_least_0("k", "1.5", "interquartile ranges", "how far outside the quartiles the fences stand"),
        Param::new("field", ParamKind::Fields, "bytes", "", "what is scored: numbers of a flow; with of=rows, columns"),
        Param::new("by", ParamKind::Key, "src_ip", "", "the key whose flows are averaged, such as src_ip/24 or dst_port"),
        Param::new("of", ParamKind::Choice(&["host", "flow", "rows"]), "host", "", "what is scored; not given: keys, and rows if some come in"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "timestamp"],
    columns: &[
        terms::FIELD,
        terms::ROW,
        terms::N,
        terms::TOTAL,
        terms::PER_FLOW,
        Q1,
        Q3,
        LOWER,
        UPPER,
        terms::FLOWS,
        terms::UNIQUE,
        terms::APPROX,
        terms::COUNT,
        terms::LARGEST,
        terms::SMALLEST,
        terms::SUM,
    ],
    memory: "of=host: about 400 bytes a key, in each thread that meets it, and its distinct destinations; of=flow: about 60 bytes a flow and 100 a pair; of=rows: about 300 bytes a row",
    source: "J. W. Tukey, Exploratory Data Analysis (1977)",
};

pub(super) const Q1: Field = number("q1", "", "lower quartile");
pub(super) const Q3: Field = number("q3", "", "upper quartile");
pub(super) const LOWER: Field = number("lower", "", "lower fence");
pub(super) const UPPER: Field = number("upper", "", "upper fence");

#[derive(Clone, Debug)]
struct Iqr {
    k: f64,
}

impl Rule for Iqr {
    type Bounds = Fences;

    const SUM: Sum = Sum::PerFlow;

    fn fit(&self, values: &Numbers, _of: Of) -> Option<Fences> {
        let sorted = values.sorted();
        let fences = Fences::new(quantile_of(&sorted, 0.25), quantile_of(&sorted, 0.75), self.k);
        (sorted.first() != sorted.last()).then_some(fences)
    }
}

/// Quartiles and the fences around them.
#[derive(Clone, Debug)]
pub(super) struct Fences {
    q1: f64,
    q3: f64,
    lower: f64,
    upper: f64,
    approx: bool,
}

impl Fences {
    /// Fences `k` interquartile ranges outside.
    pub(super) fn new(q1: f64, q3: f64, k: f64) -> Fences {
        Fences { q1, q3, lower: q1 - k * (q3 - q1), upper: q3 + k * (q3 - q1), approx: false }
    }

    /// Fences around estimates of quartiles that are within the share `error` of the truth: as far out as the true ones
    /// may be, so that nothing is called far that may not be so.
    pub(super) fn of_estimates(q1: f64, q3: f64, k: f64, error: f64) -> Fences {
        let (low1, high3) = (q1 - error * q1.abs(), q3 + error * q3.abs());
        Fences { q1, q3, lower: low1 - k * (high3 - low1), upper: high3 + k * (high3 - low1), approx: true }
    }
}

impl Judge for Fences {
    #[inline]
    fn judge(&self, value: Number) -> Option<Verdict> {
        let x = value.as_f64();
        let threshold = if x > self.upper {
            self.upper
        } else if x < self.lower {
            self.lower
        } else {
            return None;
        };
        let middle = self.lower + (self.upper - self.lower) / 2.0;
        let score = share((x - middle).abs(), (self.upper - self.lower) / 2.0);
        Some(Verdict { value, threshold: threshold.into(), score, severity: Severity::Medium })
    }

    fn terms(&self, evidence: Evidence) -> Evidence {
        let evidence = evidence.number("q1", self.q1).number("q3", self.q3);
        let evidence = evidence.number("lower", self.lower).number("upper", self.upper);
        if self.approx { evidence.json("approx", r#"["q1","q3","lower","upper"]"#) } else { evidence }
    }

    fn says(&self, verdict: &Verdict, population: &str, unit: &str) -> String {
        let (side, fence) = if verdict.value.as_f64() < self.lower { ("below", "lower") } else { ("above", "upper") };
        format!(
            "{side} the {fence} fence {} of {population} (quartiles {} and {})",
            amount(verdict.threshold.as_f64(), unit),
            figures_of(self.q1, unit),
            figures_of(self.q3, unit)
        )
    }
}

fn figures_of(value: f64, unit: &str) -> String {
    if unit == "bytes" { amount(value, unit) } else { figures(value) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::detect::tests::{alerts, flow, notes, values};

    /// Host i sends flows of these sizes.
    fn hosts(sizes: &[&[u64]]) -> Vec<String> {
        let flows = |(i, sizes): (usize, &&[u64])| -> Vec<String> {
            sizes.iter().map(|b| flow(&format!("10.0.0.{}", i + 1), "192.0.2.1", 443, i as u64, *b)).collect()
        };
        sizes.iter().enumerate().flat_map(flows).collect()
    }

    #[test]
    fn a_host_on_a_fence_is_inside_and_one_beyond_is_outside() {
        // Quartiles 2000 and 3000: fences 500 and 4500.
        let on: [&[u64]; 5] = [&[500], &[2000, 2000], &[2500], &[3000], &[4500]];
        assert!(alerts("iqr", &hosts(&on)).is_empty());
        let beyond: [&[u64]; 5] = [&[499], &[2000, 2000], &[2500], &[3000], &[4500, 4501]];
        let found = alerts("iqr", &hosts(&beyond));
        assert_eq!(
            values(&found, &["src_ip", "value", "threshold", "severity"]),
            [r#"["10.0.0.5",4500.5,4500,"medium"]"#, r#"["10.0.0.1",499,500,"medium"]"#]
        );
        let evidence = &found[0]["evidence"];
        let terms = ["q1", "q3", "lower", "upper", "total", "per_flow"].map(|t| evidence[t].as_f64().unwrap());
        assert_eq!(terms, [2000.0, 3000.0, 500.0, 4500.0, 9001.0, 4500.5]);
    }

    #[test]
    fn ties_within_the_quartiles_leave_everything_else_outside() {
        let tied: [&[u64]; 6] = [&[70], &[70], &[70], &[70], &[70], &[71]];
        assert_eq!(values(&alerts("iqr", &hosts(&tied)), &["value", "threshold", "score"]), ["[71,70,1]"]);
        assert!(alerts("iqr", &hosts(&[&[70], &[70]])).is_empty());
        assert_eq!(
            notes("iqr", &hosts(&[&[70], &[70]])),
            ["2 hosts have the same bytes each, so that none stands out"]
        );
    }

    #[test]
    fn flows_of_a_pair_are_one_alert_with_the_farthest() {
        // Of flows 1, 20 to 30 and 90: fences 5 and 45.
        let sizes: Vec<u64> = [1].into_iter().chain(20..=30).chain([90, 91]).collect();
        let found = alerts("iqr:of=flow", &hosts(&[&sizes]));
        assert_eq!(found.len(), 1);
        let evidence = &found[0]["evidence"];
        let terms = ["count", "largest", "smallest", "sum"].map(|t| evidence[t].as_u64().unwrap());
        assert_eq!((terms, found[0]["value"].as_u64()), ([3, 91, 1, 182], Some(91)));
    }

    #[test]
    fn rows_are_scored_by_their_mean_size() {
        let rows: Vec<String> = [20, 21, 22, 23, 90]
            .iter()
            .map(|v| format!(r#"{{"kind":"hosts","src_ip":"10.0.0.{v}","bytes":1,"bytes_per_flow_mean":{v}.5}}"#))
            .collect();
        assert_eq!(values(&alerts("iqr", &rows), &["src_ip", "value"]), [r#"["10.0.0.90",90.5]"#]);
        assert!(alerts("iqr:field=bytes", &rows).is_empty());
    }

    #[test]
    fn estimates_push_the_fences_out() {
        let (exact, wide) = (Fences::new(1000.0, 2000.0, 1.5), Fences::of_estimates(1000.0, 2000.0, 1.5, 0.001));
        assert!(wide.upper > exact.upper + 2.0 && wide.lower < exact.lower - 1.0);
        assert!(wide.judge(Number::Whole(3502)).is_none() && exact.judge(Number::Whole(3502)).is_some());
    }
}
