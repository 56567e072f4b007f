//! The report as one line of JSON: the keys of its columns, rows of views as they are without their kind, alerts as they
//! came.
//!
//! Bound: the longest line that filters take; what does not fit is left out and told.

use super::alerts::Detector;
use super::course::{Course, KINDS};
use super::{Report, SECTIONS, rows_of};
use crate::view::ViewState;
use crate::view::rows::Rows;
use flow_record::people::count;
use flow_record::scan::{Checker, MAX_LINE};
use flow_record::value::text;

/// Bytes of the line that are left for its other members.
const RESERVE: usize = 4096;

/// Bytes of changes; more are left out.
const CHANGES: usize = 64 * 1024;

/// Brackets from which on an alert may nest too deep to stand in the document.
const NESTED: usize = 60;

/// Writes the report.
pub(super) fn write(mut report: Report, rows: &mut Rows<'_>) {
    report.alerts.told().into_iter().for_each(|text| rows.note(text));
    report.alerts.finish();
    let (total, now, sums) = (report.alerts.total, report.now, report.sums);
    let mut notes = Vec::new();
    let bounded = bounded(&report.course, report.totals, report.changes, &mut notes);
    let mut body = Body {
        sections: report.sections.into_iter().map(lines).collect(),
        detectors: report.alerts.detectors.into_iter().map(Shown::of).collect(),
    };
    if let Some(text) = body.cut(MAX_LINE - RESERVE - bounded.len()) {
        rows.note(text);
    }
    let digits = sums.time_digits();
    let mut row = rows.row();
    match now {
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
        let members = SECTIONS.iter().map(|(name, _)| *name).zip(&body.sections);
        object(out, members, |out, section| array(out, section.iter().map(|line| &**line)));
    });
    let detectors = &body.detectors;
    row.json("anomalies", |out| {
        let members = detectors.iter().map(|d| (&*d.name, &d.alerts));
        object(out, members, |out, alerts| array(out, alerts.iter().map(|line| &**line)));
    });
    row.json("summary", |out| {
        let members = detectors.iter().map(|d| (&*d.name, d.count));
        object(out, members, |out, count| out.extend_from_slice(count.to_string().as_bytes()));
    });
    row.integer("total_anomalies", total);
    row.members(|out| out.extend_from_slice(&bounded));
    row.end();
    notes.into_iter().for_each(|text| rows.note(text));
}

/// The members that have a bound: the row of the summary has at most 256 protocols, the course of traffic 160 bins, and of
/// changes there are [`CHANGES`].
fn bounded(course: &Course, totals: ViewState, changes: Option<ViewState>, notes: &mut Vec<String>) -> Vec<u8> {
    let mut out = b"\"totals\":".to_vec();
    out.extend_from_slice(rows_of(totals).trim_ascii_end());
    out.extend_from_slice(b",\"timeline\":");
    timeline(course, &mut out);
    out.extend_from_slice(b",\"week\":");
    let week: Vec<String> = course.week.iter().map(|(bytes, _)| bytes.to_string()).collect();
    array(&mut out, week.iter().map(String::as_str));
    if let Some(changes) = changes {
        let (all, mut room) = (lines(changes), CHANGES);
        let fits = |line: &&str| {
            room = room.saturating_sub(line.len() + 1);
            room > 0
        };
        let kept: Vec<&str> = all.iter().map(|line| &**line).take_while(fits).collect();
        if kept.len() < all.len() {
            notes.push(format!("{} left out of the line", count((all.len() - kept.len()) as u64, "changes")));
        }
        out.extend_from_slice(b",\"changes\":");
        array(&mut out, kept.into_iter());
    }
    out
}

/// What of a report has no bound of its own, as JSON.
struct Body {
    /// The rows of each section.
    sections: Vec<Vec<Box<str>>>,
    detectors: Vec<Shown>,
}

/// A detector: how many alerts it made, and those that are shown.
struct Shown {
    name: Box<str>,
    count: u64,
    alerts: Vec<Box<str>>,
}

impl Shown {
    fn of((name, detector): (Box<str>, Detector)) -> Shown {
        let alerts = detector.largest.into_iter().map(|alert| alert.line).collect();
        Shown { name, count: detector.count, alerts }
    }

    /// What its name takes up, twice, and its count.
    fn size(&self) -> usize {
        let mut json = Vec::new();
        text::write_json(&self.name, &mut json);
        2 * json.len() + 32
    }
}

impl Body {
    /// Cuts what does not fit into so many bytes: names of detectors beyond a quarter, the last rows of the longest
    /// section, then alerts, the smallest first. Says what is left out.
    fn cut(&mut self, room: usize) -> Option<String> {
        let before = self.counts();
        let mut names = 0;
        self.detectors.retain(|detector| {
            let fits = names + detector.size() <= room / 4;
            names += if fits { detector.size() } else { 0 };
            fits
        });
        self.detectors.iter_mut().for_each(|d| d.alerts.retain(|alert| !is_too_deep(alert)));
        let room = room - names;
        let alerts: usize = self.detectors.iter().map(|d| size(&d.alerts)).sum();
        self.cut_sections(room - alerts.min(room / 4));
        self.cut_alerts(room - self.sections.iter().map(|s| size(s)).sum::<usize>());
        let after = self.counts();
        let left: Vec<_> = (before.iter().zip(after).zip(["detectors", "rows", "alerts"]))
            .filter(|((before, after), _)| *before > after)
            .map(|((before, after), what)| count(before - after, what))
            .collect();
        let why = "no filter takes a line longer than 1 MiB or deeper than 64 levels";
        (!left.is_empty()).then(|| format!("{} left out: {why}", left.join(", ")))
    }

    fn counts(&self) -> [u64; 3] {
        let rows: usize = self.sections.iter().map(Vec::len).sum();
        let alerts: usize = self.detectors.iter().map(|d| d.alerts.len()).sum();
        [self.detectors.len(), rows, alerts].map(|n| n as u64)
    }

    fn cut_sections(&mut self, room: usize) {
        let mut sizes: Vec<usize> = self.sections.iter().map(|s| size(s)).collect();
        while sizes.iter().sum::<usize>() > room {
            let Some((at, _)) = sizes.iter().enumerate().max_by_key(|(_, size)| **size) else { return };
            let Some(row) = self.sections[at].pop() else { return };
            sizes[at] -= row.len() + 1;
        }
    }

    /// Keeps the largest alert of each detector, then the second, as far as there is room.
    fn cut_alerts(&mut self, mut room: usize) {
        let most = self.detectors.iter().map(|d| d.alerts.len()).max().unwrap_or(0);
        let mut kept: Vec<Vec<Box<str>>> = vec![Vec::new(); self.detectors.len()];
        for rank in 0..most {
            for (detector, kept) in self.detectors.iter_mut().zip(&mut kept) {
                let Some(alert) = detector.alerts.get_mut(rank).map(std::mem::take) else { continue };
                if alert.len() < room {
                    room -= alert.len() + 1;
                    kept.push(alert);
                }
            }
        }
        self.detectors.iter_mut().zip(kept).for_each(|(detector, kept)| detector.alerts = kept);
    }
}

/// Bytes of these values and the commas between them.
fn size(values: &[Box<str>]) -> usize {
    values.iter().map(|value| value.len() + 1).sum()
}

/// Whether an alert nests too deep to stand three levels deeper.
fn is_too_deep(alert: &str) -> bool {
    alert.bytes().filter(|b| matches!(b, b'{' | b'[')).count() > NESTED && {
        let line = format!("{{\"bytes\":1,\"a\":{{\"a\":[{alert}]}}}}");
        !Checker::default().accepts(line.as_bytes(), true)
    }
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

/// Appends `{"bin":300,"bins":[{"timestamp":...,"flows":...,"TCP":...},...]}`.
fn timeline(course: &Course, out: &mut Vec<u8>) {
    let bins: Vec<String> = course
        .bins
        .iter()
        .map(|(number, bin)| {
            let start = course.start(*number).map(|time| time.to_text(3)).unwrap_or_default();
            let kinds: String =
                KINDS.iter().zip(bin.bytes).map(|(kind, bytes)| format!(",\"{kind}\":{bytes}")).collect();
            format!("{{\"timestamp\":\"{start}\",\"flows\":{}{kinds}}}", bin.flows)
        })
        .collect();
    out.extend_from_slice(format!("{{\"bin\":{},\"bins\":", course.width()).as_bytes());
    array(out, bins.iter().map(String::as_str));
    out.push(b'}');
}

/// Appends `[value,...]` of values that are JSON.
fn array<'v>(out: &mut Vec<u8>, values: impl Iterator<Item = &'v str>) {
    out.push(b'[');
    for (i, value) in values.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b']');
}

/// The rows of a view, without their kind.
fn lines(section: ViewState) -> Vec<Box<str>> {
    let mut text = Vec::new();
    let mut collect = |chunk: &[u8]| text.extend_from_slice(chunk);
    section.finish(&mut Rows::plain(&mut collect));
    String::from_utf8_lossy(&text).lines().map(Box::from).collect()
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
    fn what_makes_the_line_too_long_or_too_deep_is_left_out() {
        let long = |detector: &str, value: u32| {
            let reason = "x".repeat(300_000);
            format!(r#"{{"kind":"alert","detector":"{detector}","value":{value},"reason":"{reason}"}}"#)
        };
        let deep = format!(r#"{{"kind":"alert","detector":"c","value":9,"x":{}1{}}}"#, "[".repeat(62), "]".repeat(62));
        let flows = (0..20_000).map(|day| {
            let (year, month, day) = (1991 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
            format!(r#"{{"timestamp":"{year}-{month:02}-{day:02}T00:00:00.000Z","bytes":1}}"#)
        });
        let alerts = [long("a", 3), long("a", 2), long("b", 1), long("b", 9), deep, alert("c", 1)];
        let made = report("report", &flows.chain(alerts).collect::<Vec<_>>());
        let line = made.to_string();
        assert!((700_000..1 << 20).contains(&line.len()), "{}", line.len());
        let values = |name: &str| -> Vec<_> {
            made["anomalies"][name].as_array().unwrap().iter().map(|a| a["value"].clone()).collect()
        };
        assert_eq!((values("a"), values("b"), values("c")), (vec![], vec![], vec![json!(1)]));
        assert_eq!((&made["summary"], &made["total_anomalies"]), (&json!({"a": 2, "b": 2, "c": 2}), &json!(6)));
        let daily = made["baselines"]["daily_profile"].as_array().unwrap();
        assert!((1000..20_000).contains(&daily.len()) && daily[0]["date"] == "1991-01-01", "{}", daily.len());
        // Alerts alone have most of the line.
        let made = report("report", &[long("a", 3), long("a", 2), long("b", 1), long("b", 9)]);
        let shown = |name: &str| made["anomalies"][name].as_array().unwrap().len();
        assert_eq!((shown("a"), shown("b")), (2, 1));
    }

    #[test]
    fn of_nothing_it_holds_nothing() {
        let made = report("report", &[]);
        assert_eq!((&made["total_flows"], &made["date_range"], &made["summary"]), (&json!(0), &json!({}), &json!({})));
        assert_eq!((made.get("analysis_time"), &made["baselines"]["hosts"]), (None, &json!([])));
    }

    #[test]
    fn a_form_that_is_not_there_is_refused_with_the_one_that_is() {
        assert!(refusal("report:format=pdf").contains("json|html|md|table is expected"));
    }
}
