//! Flows outside the fences of normal flows: Tukey's fences, with quartiles from a file.
//!
//! One pass, and the fences are not moved by what they are to find. Where the quartiles are estimates (their row says
//! so), the fences stand as far out as the true ones may be. Bound: see the rules over single flows.

use super::iqr::{self, Fences};
use super::{Built, Detector, at_least_0};
use crate::normal::{self, Learnt, column, is_estimate};
use crate::population::terms;
use flow_record::item::{Args, Param, ParamKind, Spec};

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::state(learnt(args)?), by_default: false, needs: Some("normal") };

/// How far an estimate of a quartile is from the truth at most: the width of a histogram's bucket.
const ERROR: f64 = 1e-3;

static SPEC: Spec = Spec {
    name: "fence",
    about: "flows outside the quartiles of normal flows by far",
    explain: "\
With Q1 and Q3 the quartiles of normal flows, alerts where a flow's field is strictly outside \
[Q1 - k(Q3 - Q1), Q3 + k(Q3 - Q1)]. The quartiles are read from the rows of describe:

  flowcat normal.csv | flowstat describe:of=bytes+rev_bytes > normal.ndjson
  flowcat today.csv | flowdetect fence:normal=normal.ndjson

Quartiles that the file calls estimates may be 0.1 % off; the fences are then put as far out as that allows. A field that \
is named must have a row there; of the default ones, those that have one are judged and a note says which have none. One \
alert for each field, source and destination, with count, largest, smallest and sum; `value` is the one farthest out, \
`threshold` the fence that it is beyond. The score is as that of iqr. Severity: medium. With --mark the flow is marked \
`fence.FIELD` instead.",
    params: &[
        at_least_0("k", "1.5", "interquartile ranges", "how far outside the quartiles the fences stand"),
        Param::new("field", ParamKind::Fields, "bytes+rev_bytes", "", "what is judged: numbers of a flow, each by itself"),
        Param::new("normal", ParamKind::File, "", "", "rows of flowstat describe over normal flows"),
    ],
    needs: &["bytes", "rev_bytes", "src_ip", "dst_ip", "timestamp"],
    columns: &[
        terms::FIELD,
        iqr::Q1,
        iqr::Q3,
        iqr::LOWER,
        iqr::UPPER,
        terms::APPROX,
        terms::COUNT,
        terms::LARGEST,
        terms::SMALLEST,
        terms::SUM,
    ],
    memory: "about 140 bytes for each source and destination with such a flow",
    source: "J. W. Tukey, Exploratory Data Analysis (1977)",
};

fn learnt(args: &Args) -> anyhow::Result<Learnt<Fences>> {
    let (fields, notes) = normal::read(args, |row| {
        let approx = is_estimate(row, "p25") || is_estimate(row, "p75");
        Ok((column(row, "p25")?, column(row, "p75")?, approx))
    })?;
    let k = args.number("k");
    let fences = |(q1, q3, approx)| match approx {
        true => Fences::of_estimates(q1, q3, k, ERROR),
        false => Fences::new(q1, q3, k),
    };
    Ok(Learnt::new(fields.into_iter().map(|(measure, normal)| (measure, fences(normal))), notes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, refused, values};
    use std::io::Write;

    fn normal(more: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(
            file,
            r#"{{"kind":"describe","field":"bytes","count":9,"mean":1,"std":1,"p25":2000,"p75":3000{more}}}"#
        )
        .unwrap();
        file
    }

    /// One flow of each size, from a host of its own.
    fn flows(sizes: &[u64]) -> Vec<String> {
        sizes.iter().map(|b| flow(&format!("10.0.0.{}", b % 250), "192.0.2.1", 443, *b, *b)).collect()
    }

    #[test]
    fn a_flow_on_a_fence_is_normal_and_one_beyond_is_not() {
        let file = normal("");
        let item = format!("fence:field=bytes,normal={}", file.path().display());
        let found = alerts(&item, &flows(&[500, 499, 2500, 4500, 4501]));
        assert_eq!(values(&found, &["value", "threshold"]), ["[4501,4500]", "[499,500]"]);
        assert!(found.iter().all(|a| a["score"].as_f64().unwrap() > 0.5 && a["severity"] == "medium"));
    }

    #[test]
    fn a_pair_with_flows_beyond_both_fences_is_one_alert() {
        let file = normal("");
        let item = format!("fence:normal={}", file.path().display());
        let found = alerts(&item, &flows(&[4751, 1, 251, 501, 4501]));
        assert_eq!(values(&found, &["src_ip", "value", "flows"]), [r#"["10.0.0.1",1,4]"#]);
        assert_eq!((found[0]["evidence"]["largest"].as_u64(), found[0]["threshold"].as_u64()), (Some(4751), Some(500)));
    }

    #[test]
    fn estimated_quartiles_give_way_to_doubt() {
        let file = normal(r#","approx":["p25","p75"]"#);
        let item = format!("fence:field=bytes,normal={}", file.path().display());
        assert_eq!(values(&alerts(&item, &flows(&[495, 490, 4501, 4511])), &["value"]), ["[4511]", "[490]"]);
        assert!(refused("fence").contains("normal=FILE is needed"));
    }
}
