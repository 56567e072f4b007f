//! z-scores: how many deviations a host, a flow or a row lies from the mean of all.
//!
//! Hosts and rows by the sample deviation (n - 1), flows by the population's (n) as SciPy's `zscore` does. One extreme
//! value enlarges the deviation that it is measured by, so that no z exceeds (n - 1)/sqrt(n) (Shiffler 1988), or
//! sqrt(n - 1) with the population's; where the threshold lies beyond that, it is said. Bound: see the populations.

use super::{Built, Detector, at_least_0};
use crate::alert::{Evidence, Severity, Verdict};
use crate::population::{Divisor, Judge, Numbers, Of, Outliers, Rule, Spread, Sum, terms};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::people::{amount, figures};
use flow_record::row::columns::number;
use flow_record::value::Number;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, setup| {
        Built::state(Outliers::new(ZScore { threshold: args.number("threshold") }, args, "bytes", setup)?)
    },
    by_default: false,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "zscore",
    about: "hosts, flows or rows many deviations from the mean",
    explain: "\
z = (x - mean) / deviation, where x is what a key's flows add up to in `field` (of=host), the field of a single flow \
(of=flow), or a column of a row (of=rows, each kind of row by itself). Alerts where abs(z) >= threshold, compared \
unrounded; over flows where it is above the threshold, strictly. The deviation is the sample's (n - 1), over flows the \
population's (n), as in SciPy. Where it is 0 nothing stands out. `value` is z with its sign, so that alerts below the \
mean come last. Several fields are scored each by itself.

With n hosts abs(z) cannot exceed (n - 1)/sqrt(n), which is below 3 up to n = 10; with n flows sqrt(n - 1). A note \
says when the threshold cannot be reached. Severity: critical from 5, else high.

Without `of`, flows are scored by key, and rows, if some come in, by the same field. Of flows there is one alert for each \
field, source and destination, with their count, largest, smallest and sum.

Known to be misled: traffic is heavy-tailed, so busy servers stand out every day; one very large host hides others.",
    params: &[
        at_least_0("threshold", "3", "deviations", "alert from this distance on; over flows, above it"),
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
        MEAN,
        DEVIATION,
        terms::FLOWS,
        terms::UNIQUE,
        terms::APPROX,
        terms::COUNT,
        terms::LARGEST,
        terms::SMALLEST,
        terms::SUM,
    ],
    memory: "of=host: about 400 bytes a key, in each thread that meets it, and its distinct destinations; of=flow: about 60 bytes a flow and 100 a pair; of=rows: about 300 bytes a row",
    source: "SciPy stats.zscore; R. E. Shiffler, Maximum Z scores and outliers, The American Statistician 42 (1988)",
};

pub(super) const MEAN: flow_record::record::Field = number("mean", "", "mean of what is scored");
const DEVIATION: flow_record::record::Field = number("deviation", "", "deviation of what is scored");

#[derive(Clone, Debug)]
struct ZScore {
    threshold: f64,
}

impl Rule for ZScore {
    type Bounds = Bounds;

    const SUM: Sum = Sum::Total;

    fn fit(&self, values: &Numbers, of: Of) -> Option<Bounds> {
        let spread = values.spread();
        let divisor = if of == Of::Flow { Divisor::Population } else { Divisor::Sample };
        let deviation = spread.deviation(divisor);
        let bounds = Bounds { mean: spread.mean(), spread, deviation, n: values.n(), of, threshold: self.threshold };
        // A single value has no deviation, and is not worth a word.
        (deviation > 0.0).then_some(bounds)
    }
}

/// Mean and deviation, and when a distance from it is reported.
#[derive(Clone, Debug)]
struct Bounds {
    spread: Spread,
    mean: f64,
    deviation: f64,
    n: u64,
    of: Of,
    threshold: f64,
}

impl Judge for Bounds {
    #[inline]
    fn judge(&self, value: Number) -> Option<Verdict> {
        let z = self.spread.above_mean(value) / self.deviation;
        let is_far = if self.of == Of::Flow { z.abs() > self.threshold } else { z.abs() >= self.threshold };
        let severity = if z.abs() >= 5.0 { Severity::Critical } else { Severity::High };
        is_far.then(|| Verdict::above(z, self.threshold, severity))
    }

    fn terms(&self, evidence: Evidence) -> Evidence {
        evidence.number("mean", self.mean).number("deviation", self.deviation)
    }

    fn says(&self, verdict: &Verdict, population: &str, unit: &str) -> String {
        let side = if verdict.value.as_f64() < 0.0 { "below" } else { "above" };
        format!(
            "{} deviations {side} the mean of {population}, {} (threshold {})",
            figures(verdict.value.as_f64().abs()),
            amount(self.mean, unit),
            figures(self.threshold)
        )
    }

    fn is_blind(&self) -> Option<String> {
        let n = self.n as f64;
        let (most, can) = match self.of {
            Of::Flow => ((n - 1.0).sqrt(), (n - 1.0).sqrt() > self.threshold),
            _ => ((n - 1.0) / n.sqrt(), (n - 1.0) / n.sqrt() >= self.threshold),
        };
        let why = || format!("no z can exceed {}, so that none reaches {}", figures(most), figures(self.threshold));
        (!can).then(why)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, notes, values};

    /// Host i sends so many bytes.
    fn hosts(bytes: &[u64]) -> Vec<String> {
        bytes
            .iter()
            .enumerate()
            .map(|(i, b)| flow(&format!("10.0.0.{}", i + 1), "192.0.2.1", 443, i as u64, *b))
            .collect()
    }

    #[test]
    fn a_host_at_the_threshold_is_reported_and_one_below_is_not() {
        // Fifteen equal hosts and one apart: z is 15/4 to the last bit.
        let sixteen: Vec<u64> = [10; 15].into_iter().chain([26]).collect();
        let found = alerts("zscore:threshold=3.75", &hosts(&sixteen));
        assert_eq!(values(&found, &["src_ip", "value", "score", "severity"]), [r#"["10.0.0.16",3.75,0.5,"high"]"#]);
        assert!(alerts("zscore:threshold=3.7500000000000004", &hosts(&sixteen)).is_empty());
        // The other side, at the limit of the record.
        let large = (1u64 << 53) - 1;
        let sixteen: Vec<u64> = [large; 15].into_iter().chain([large - 4]).collect();
        assert_eq!(values(&alerts("zscore:threshold=3.7", &hosts(&sixteen)), &["value"]), ["[-3.75]"]);
    }

    #[test]
    fn a_flow_at_the_threshold_is_not_reported() {
        let seventeen: Vec<u64> = [10; 16].into_iter().chain([44]).collect();
        assert!(alerts("zscore:of=flow,threshold=4", &hosts(&seventeen)).is_empty());
        let found = alerts("zscore:of=flow,threshold=3.9", &hosts(&seventeen));
        let evidence = &found[0]["evidence"];
        assert_eq!(
            (evidence["count"].as_u64(), evidence["largest"].as_u64(), evidence["n"].as_u64()),
            (Some(1), Some(44), Some(17))
        );
        assert_eq!(found[0]["dst_ip"], "192.0.2.1");
    }

    #[test]
    fn ten_hosts_cannot_reach_three_and_it_is_said() {
        let ten: Vec<u64> = [1; 9].into_iter().chain([1_000_000_000]).collect();
        assert!(alerts("zscore", &hosts(&ten)).is_empty());
        assert_eq!(notes("zscore", &hosts(&ten)), ["10 hosts: no z can exceed 2.846, so that none reaches 3"]);
        let eleven: Vec<u64> = [1; 10].into_iter().chain([1_000_000_000]).collect();
        assert_eq!(alerts("zscore", &hosts(&eleven)).len(), 1);
        assert!(notes("zscore", &hosts(&eleven)).is_empty());
    }

    #[test]
    fn equal_hosts_have_no_score() {
        assert!(alerts("zscore:threshold=0", &hosts(&[7; 20])).is_empty());
        assert_eq!(notes("zscore", &hosts(&[7; 20])), ["20 hosts have the same bytes each, so that none stands out"]);
        assert!(alerts("zscore:threshold=0", &hosts(&[7])).is_empty());
    }

    #[test]
    fn evidence_has_the_terms_and_the_key_may_be_any() {
        let mut lines = hosts(&[100; 11]);
        lines.extend((1..=4).map(|i| flow("2001:db8::1", &format!("192.0.2.{i}"), 0, i, 1000)));
        let found = alerts("zscore", &lines);
        assert_eq!(found[0]["src_ip"], "2001:db8::1");
        let evidence = &found[0]["evidence"];
        assert_eq!(evidence["total"], 4000);
        assert_eq!((evidence["flows"].as_u64(), evidence["unique_dst_ips"].as_u64()), (Some(4), Some(4)));
        assert!((evidence["mean"].as_f64().unwrap() - 5100.0 / 12.0).abs() < 1e-9);
        assert_eq!(found[0]["severity"], "high");
        let found = alerts("zscore:by=src_ip/16/32,field=flows,threshold=0.5", &lines);
        assert_eq!(values(&found, &["src_ip", "flows"]), [r#"["10.0.0.0/16",11]"#, r#"["2001:db8::/32",4]"#]);
    }

    #[test]
    fn rows_are_scored_as_the_flows_behind_them() {
        let flows = hosts(&[100, 120, 90, 95, 130, 100, 110, 99, 105, 97, 5000, 101]);
        let rows: Vec<String> = (1..=12)
            .map(|i| {
                let bytes = [100, 120, 90, 95, 130, 100, 110, 99, 105, 97, 5000, 101][i - 1];
                format!(r#"{{"kind":"hosts","src_ip":"10.0.0.{i}","flows":1,"bytes":{bytes},"unique_dst_ips":1,"first":"2024-06-01T12:00:00.000Z","last":"2024-06-01T12:00:01.000Z","src_country":"PT"}}"#)
            })
            .collect();
        let (of_flows, of_rows) = (alerts("zscore", &flows), alerts("zscore", &rows));
        assert_eq!(values(&of_flows, &["src_ip", "value"]), values(&of_rows, &["src_ip", "value"]));
        assert_eq!(values(&of_rows, &["src_country", "end", "flows"]), [r#"["PT","2024-06-01T12:00:01.000Z",1]"#]);
        let both: Vec<String> = flows.into_iter().chain(rows).collect();
        assert_eq!(alerts("zscore", &both).len(), 2);
        assert_eq!(alerts("zscore:of=host", &both).len(), 1);
        assert_eq!(alerts("zscore:of=rows", &both).len(), 1);
    }

    #[test]
    fn kinds_of_rows_are_populations_of_their_own() {
        let rows = |kind: &str, scale: u64| -> Vec<String> {
            (1..=12)
                .map(|i| {
                    format!(r#"{{"kind":"{kind}","dst_port":{i},"bytes":{}}}"#, if i == 7 { 900 } else { i } * scale)
                })
                .collect()
        };
        let both: Vec<String> = rows("ports", 1).into_iter().chain(rows("services", 1_000_000)).collect();
        let found = alerts("zscore", &both);
        assert_eq!(found.len(), 2);
        let z = |i: usize| found[i]["value"].as_f64().unwrap();
        assert!((z(0) - z(1)).abs() < 1e-12);
        assert_ne!(found[0]["id"], found[1]["id"]);
    }
}
