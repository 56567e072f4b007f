//! Flows far above what is normal: more than so many deviations above the mean of normal flows.
//!
//! The mean and the sample deviation come from a file, so the rule needs one pass and its bounds are not moved by what it
//! looks for. Bound: see the rules over single flows.

use super::{Built, Detector, at_least_0, zscore};
use crate::alert::{Evidence, Severity, Verdict};
use crate::normal::{self, Learnt, column};
use crate::population::{Judge, terms};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::people::{amount, figures};
use flow_record::row::columns::number;
use flow_record::value::Number;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::state(learnt(args)?), by_default: false, needs: Some("normal") };

static SPEC: Spec = Spec {
    name: "sigma",
    about: "flows many deviations above the mean of normal flows",
    explain: "\
Alerts where a flow's field is strictly above mean + n * deviation of normal flows; the deviation is the sample's. Mean \
and deviation are read from the rows of describe:

  flowcat normal.csv | flowstat describe:of=bytes+rev_bytes > normal.ndjson
  flowcat today.csv | flowdetect sigma:normal=normal.ndjson

A field that is named must have a row there; of the default ones, those that have one are judged and a note says which \
have none. One alert for each field, source and destination, with count, largest, smallest and sum; `value` is the \
largest, `threshold` the bound. Severity: medium. With --mark the flow is marked `sigma.FIELD` instead.",
    params: &[
        at_least_0("n", "3", "deviations", "how many above the mean the bound is"),
        Param::new("field", ParamKind::Fields, "bytes+rev_bytes", "", "what is judged: numbers of a flow, each by itself"),
        Param::new("normal", ParamKind::File, "", "", "rows of flowstat describe over normal flows"),
    ],
    needs: &["bytes", "rev_bytes", "src_ip", "dst_ip", "timestamp"],
    columns: &[
        terms::FIELD,
        zscore::MEAN,
        number("deviation", "", "deviation of normal flows"),
        number("upper", "", "the bound: mean + n * deviation"),
        terms::COUNT,
        terms::LARGEST,
        terms::SMALLEST,
        terms::SUM,
    ],
    memory: "about 140 bytes for each source and destination with such a flow",
    source: "W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931)",
};

fn learnt(args: &Args) -> anyhow::Result<Learnt<Bound>> {
    let (fields, notes) = normal::read(args, |row| Ok((column(row, "mean")?, column(row, "std")?)))?;
    let n = args.number("n");
    Ok(Learnt::new(
        fields.into_iter().map(|(measure, (mean, deviation))| (measure, Bound::new(mean, deviation, n))),
        notes,
    ))
}

/// The bound on one field.
#[derive(Clone, Debug)]
struct Bound {
    mean: f64,
    deviation: f64,
    n: f64,
    upper: f64,
}

impl Bound {
    fn new(mean: f64, deviation: f64, n: f64) -> Bound {
        Bound { mean, deviation, n, upper: mean + n * deviation }
    }
}

impl Judge for Bound {
    #[inline]
    fn judge(&self, value: Number) -> Option<Verdict> {
        (value.as_f64() > self.upper).then(|| Verdict::above(value, self.upper, Severity::Medium))
    }

    fn terms(&self, evidence: Evidence) -> Evidence {
        evidence.number("mean", self.mean).number("deviation", self.deviation).number("upper", self.upper)
    }

    fn says(&self, _: &Verdict, population: &str, unit: &str) -> String {
        let (upper, n) = (amount(self.upper, unit), figures(self.n));
        format!("above {upper}, which is {n} deviations over the mean of {population}, {}", amount(self.mean, unit))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, refused, values};
    use std::io::Write;

    fn normal(fields: &[&str]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for field in fields {
            writeln!(
                file,
                r#"{{"kind":"describe","field":"{field}","count":9,"mean":100,"std":10.5,"p25":90,"p75":110}}"#
            )
            .unwrap();
        }
        file
    }

    #[test]
    fn a_flow_on_the_bound_is_normal_and_one_above_is_not() {
        let file = normal(&["bytes"]);
        let item = format!("sigma:n=2,field=bytes,normal={}", file.path().display());
        let lines: Vec<String> = [(1, 121), (1, 122), (1, 500), (2, 122), (3, 0)]
            .iter()
            .map(|(host, bytes)| flow(&format!("2001:db8::{host}"), "192.0.2.1", 0, 1, *bytes))
            .collect();
        let found = alerts(&item, &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "value", "threshold", "flows", "severity"]),
            [r#"["2001:db8::1","192.0.2.1",500,121,2,"medium"]"#, r#"["2001:db8::2","192.0.2.1",122,121,1,"medium"]"#]
        );
        let evidence = &found[0]["evidence"];
        assert_eq!(["count", "largest", "smallest", "sum"].map(|t| evidence[t].as_u64().unwrap()), [2, 500, 122, 622]);
    }

    #[test]
    fn fields_are_judged_each_by_itself_and_a_default_one_may_be_unknown() {
        let lines =
            [flow("10.0.0.1", "192.0.2.1", 443, 1, 50).replace("\"bytes\":50", "\"bytes\":5000,\"rev_bytes\":7000")];
        let both = normal(&["bytes", "rev_bytes"]);
        let found = alerts(&format!("sigma:normal={}", both.path().display()), &lines);
        assert_eq!(values(&found, &["value"]), ["[7000]", "[5000]"]);
        assert_ne!(found[0]["id"], found[1]["id"]);
        let one = normal(&["bytes"]);
        assert_eq!(alerts(&format!("sigma:normal={}", one.path().display()), &lines).len(), 1);
    }

    #[test]
    fn what_cannot_be_judged_is_refused_before_any_input() {
        let file = normal(&["bytes"]);
        let path = file.path().display();
        assert!(refused("sigma").contains("normal=FILE is needed"));
        assert!(refused(&format!("sigma:field=packets,normal={path}")).contains("no row of describe for packets"));
        assert!(refused("sigma:normal=/nonexistent/x").contains("no such file"));
        assert!(refused(&format!("sigma:field=byte,normal={path}")).contains("did you mean"));
    }
}
