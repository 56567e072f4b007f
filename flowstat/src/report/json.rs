//! The report as one line of JSON: the keys of its columns, rows of views as they are without their kind, alerts as they
//! came.

use super::{Report, SECTIONS};
use crate::view::ViewState;
use crate::view::rows::Rows;
use flow_record::value::text;

/// Writes the report.
pub(super) fn write(mut report: Report, rows: &mut Rows<'_>) {
    report.alerts.told().into_iter().for_each(|text| rows.note(text));
    let sums = &report.sums;
    let digits = sums.time_digits();
    let mut row = rows.row();
    match report.now {
        Some(now) => row.time("analysis_time", Some(now), digits.max(3)),
        None => row.time("analysis_time", sums.last(), digits),
    }
    row.integer("total_flows", sums.flows());
    row.integer("total_bytes", sums.bytes());
    row.integer("total_packets", sums.packets());
    row.json("date_range", |out| {
        let ends = [("start", sums.first()), ("end", sums.last())];
        let members = ends.into_iter().filter_map(|(name, time)| Some((name, time?)));
        object(out, members, |out, time| text::write_json(&time.to_text(digits), out));
    });
    row.json("baselines", |out| {
        let members = SECTIONS.iter().map(|(name, _)| *name).zip(report.sections);
        object(out, members, |out, section| array_of_rows(section, out));
    });
    report.alerts.finish();
    let detectors = &report.alerts.detectors;
    row.json("anomalies", |out| {
        let members = detectors.iter().map(|(name, d)| (&**name, &d.largest));
        object(out, members, |out, alerts| array(out, alerts.iter().map(|a| a.line.as_bytes())));
    });
    row.json("summary", |out| {
        let members = detectors.iter().map(|(name, d)| (&**name, d.count));
        object(out, members, |out, count| out.extend_from_slice(count.to_string().as_bytes()));
    });
    row.integer("total_anomalies", report.alerts.total);
    row.end();
}

/// Appends `{"name":value,...}`.
fn object<'n, V>(
    out: &mut Vec<u8>,
    members: impl Iterator<Item = (&'n str, V)>,
    mut value: impl FnMut(&mut Vec<u8>, V),
) {
    out.push(b'{');
    for (i, (name, v)) in members.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        text::write_json(name, out);
        out.push(b':');
        value(out, v);
    }
    out.push(b'}');
}

/// Appends `[value,...]` of values that are JSON.
fn array<'v>(out: &mut Vec<u8>, values: impl Iterator<Item = &'v [u8]>) {
    out.push(b'[');
    for (i, value) in values.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out.push(b']');
}

/// Appends the rows of a view as an array.
fn array_of_rows(section: ViewState, out: &mut Vec<u8>) {
    let mut lines = Vec::new();
    let mut collect = |chunk: &[u8]| lines.extend_from_slice(chunk);
    section.finish(&mut Rows::plain(&mut collect));
    array(out, lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::view::testing::{refusal, rows};
    use serde_json::{Value, json};

    const FLOW: &str = r#"{"timestamp":"2026-03-10T08:00:00.000Z","src_ip":"10.0.0.1","dst_ip":"10.0.1.1","dst_port":443,"protocol":6,"bytes":100,"packets":2}"#;

    fn alert(detector: &str, value: u32) -> String {
        format!(r#"{{"kind":"alert","detector":"{detector}","value":{value},"reason":"b\u0061d"}}"#)
    }

    fn report(item: &str, lines: &[String]) -> Value {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        rows(item, &lines).remove(0)
    }

    #[test]
    fn holds_totals_rows_of_views_and_alerts() {
        let made = report("report", &[FLOW.into(), alert("sweep", 50), FLOW.into(), alert("beacon", 1)]);
        assert_eq!(made["analysis_time"], "2026-03-10T08:00:00.000Z");
        assert_eq!(
            (&made["total_flows"], &made["total_bytes"], &made["total_packets"]),
            (&json!(2), &json!(200), &json!(4))
        );
        assert_eq!(made["date_range"]["end"], made["date_range"]["start"]);
        let sections: Vec<_> =
            made["baselines"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v[0].clone())).collect();
        assert_eq!(sections.iter().map(|s| s.0).collect::<Vec<_>>(), super::SECTIONS.map(|s| s.0));
        assert!(sections.iter().all(|(_, row)| row["flows"] == 2 && row.get("kind").is_none()));
        assert_eq!(made["summary"], json!({"beacon": 1, "sweep": 1}));
        assert_eq!((&made["anomalies"]["sweep"][0]["reason"], &made["total_anomalies"]), (&json!("bad"), &json!(2)));
    }

    #[test]
    fn shows_the_largest_alerts_and_counts_all() {
        let alerts: Vec<String> = (0..100).map(|i| alert("zscore", i * 37 % 100)).collect();
        let made = report("report:alerts=3", &alerts);
        let values: Vec<_> =
            made["anomalies"]["zscore"].as_array().unwrap().iter().map(|a| a["value"].clone()).collect();
        assert_eq!(values, [99, 98, 97]);
        assert_eq!((&made["summary"]["zscore"], &made["total_anomalies"]), (&json!(100), &json!(100)));
        assert_eq!(report("report:alerts=0", &alerts)["anomalies"]["zscore"], json!([]));
    }

    #[test]
    fn of_nothing_it_holds_nothing() {
        let made = report("report", &[]);
        assert_eq!((&made["total_flows"], &made["date_range"], &made["summary"]), (&json!(0), &json!({}), &json!({})));
        assert_eq!((made.get("analysis_time"), &made["baselines"]["hosts"]), (None, &json!([])));
    }

    #[test]
    fn a_form_that_is_not_there_is_refused_with_the_one_that_is() {
        assert!(refusal("report:format=html").contains("json is expected"));
    }
}
