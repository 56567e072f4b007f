//! Windows through scanner and worker: when alerts come, and that the order of lines does not show.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::detect::specs;
use crate::detectors::Detectors;
use crate::item::Plan;
use crate::quiet::Quiet;
use flow_record::item::Args;
use flow_record::run::{Fate, Out, Worker};
use flow_record::scan::{Clean, LineKind, Scanner};
use flow_record::value::Time;
use proptest::prelude::*;
use serde_json::Value;

const S: u64 = 1_000_000_000;

/// A flow; `start` in seconds after 2024-06-01T12:00:00Z.
fn flow(source: u64, port: u64, start: u64) -> String {
    let time = Time((1_717_243_200 + start as i64) * S as i64).to_text(3);
    format!(
        r#"{{"timestamp":"{time}","src_ip":"10.0.0.{source}","dst_ip":"192.0.2.1","dst_port":{port},"protocol":6,"packets":1,"bytes":40}}"#
    )
}

struct Stream {
    worker: Windowed,
    scanner: Scanner,
    out: Out,
}

impl Stream {
    fn new(items: &[&str], layout: Layout) -> Stream {
        let args: Vec<Args> = items.iter().map(|item| Args::resolve(item, "detector", specs()).unwrap()).collect();
        let plan = Plan::of(&args, &crate::config::Config::default()).unwrap();
        let scanner = Scanner::watching(plan.setup.watched());
        Stream {
            worker: Windowed::new(layout, Detectors::new(plan.items), Quiet::default(), false),
            scanner,
            out: Out::default(),
        }
    }

    fn take(&mut self, line: &str) -> Fate {
        let line = self.scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        match line.kind {
            LineKind::Tick => self.worker.tick(&line, &mut self.out),
            _ => self.worker.line(&line, &mut self.out),
        }
    }

    fn all(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.take(&line);
        }
    }

    /// The alerts so far.
    fn alerts(&self) -> Vec<Value> {
        self.out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
    }

    fn end(self) -> (String, Vec<String>) {
        let ended = self.worker.finish();
        let text = [&self.out[..], &ended.lines].concat();
        (String::from_utf8(text).unwrap(), ended.notes)
    }
}

fn layout(window: u64, slide: Option<u64>, lateness: u64) -> Layout {
    Layout::new(window * S, slide.map(|s| s * S), lateness * S).unwrap()
}

fn values(alerts: &[Value], names: &[&str]) -> Vec<String> {
    alerts.iter().map(|a| Value::from(names.iter().map(|n| a[*n].clone()).collect::<Vec<_>>()).to_string()).collect()
}

#[test]
fn what_is_certain_is_told_at_the_next_look_and_the_rest_at_the_end_of_the_window() {
    let mut stream = Stream::new(&["portscan:total=100", "beacon:rule=jitter"], layout(100, None, 5));
    stream.all((0..25).map(|i| flow(1, i, i % 5)));
    stream.all((0..25).map(|i| flow(2, 80, 4 * i)));
    // Time has come to second 96, by which looks up to second 90 are certain.
    assert_eq!(values(&stream.alerts(), &["detector", "src_ip", "value"]), [r#"["portscan","10.0.0.1",25]"#]);
    stream.take(&flow(3, 80, 104));
    assert_eq!(stream.alerts().len(), 1);
    stream.take(&flow(3, 80, 105));
    let found = stream.alerts();
    assert_eq!(values(&found[1..], &["detector", "src_ip", "flows"]), [r#"["beacon","10.0.0.2",25]"#]);
    let ids: Vec<_> = found.iter().map(|a| a["id"].clone()).collect();
    assert!(ids[0] != ids[1] && found.iter().all(|a| a.get("update").is_none()));
}

#[test]
fn an_incident_keeps_its_name_and_is_told_again_as_it_grows() {
    let mut stream = Stream::new(&["portscan:total=1000"], layout(60, None, 0));
    for window in 0..6 {
        stream.all((0..30).map(|i| flow(1, 100 * window + i, 60 * window + i)));
    }
    stream.take(&flow(2, 80, 400));
    let found = stream.alerts();
    assert_eq!(values(&found, &["update", "flows", "value"]), ["[null,24,24]", "[1,114,24]"]);
    assert_eq!(found[0]["id"], found[1]["id"]);
    assert_eq!(found[0]["timestamp"], found[1]["timestamp"]);
}

#[test]
fn windows_that_overlap_find_what_lies_across_their_borders() {
    let lines: Vec<String> = (0..20).map(|i| flow(1, i, 50 + i)).collect();
    let found = |slide| {
        let mut stream = Stream::new(&["portscan"], layout(60, slide, 0));
        stream.all(lines.clone());
        stream.end().0
    };
    assert_eq!(found(None), "");
    let one: Value = serde_json::from_str(&found(Some(20))).unwrap();
    assert_eq!(values(&[one], &["value", "flows"]), ["[20,20]"]);
}

#[test]
fn a_late_line_still_counts_where_a_window_to_come_has_its_time() {
    let mut stream = Stream::new(&["portscan:ports=3,total=100"], layout(100, None, 10));
    for (port, at) in [(1, 1), (2, 2), (80, 99)] {
        stream.take(&flow(1, port, at));
    }
    assert_eq!(stream.take(&flow(1, 3, 3)), Fate::Used);
    stream.take(&flow(2, 80, 150));
    assert_eq!(stream.take(&flow(1, 4, 4)), Fate::Late);
    assert_eq!(values(&stream.alerts(), &["value"]), ["[4]"]);

    let mut stream = Stream::new(&["portscan:ports=3,total=100"], layout(100, Some(50), 0));
    for (port, at) in [(1, 40), (2, 60), (80, 101)] {
        stream.take(&flow(1, port, at));
    }
    assert_eq!(stream.take(&flow(1, 3, 49)), Fate::Late);
    assert_eq!(stream.take(&flow(1, 3, 51)), Fate::Used);
    stream.take(&flow(2, 80, 150));
    assert_eq!(values(&stream.alerts(), &["value", "flows"]), ["[3,3]"]);
}

#[test]
fn ticks_close_windows_and_flows_of_doubtful_time_do_not() {
    let mut stream = Stream::new(&["portscan"], layout(60, None, 0));
    stream.all((0..20).map(|i| flow(1, i, 0)));
    let doubtful = flow(1, 80, 90_000_000).replace("{\"timestamp\"", "{\"clock\":\"implausible\",\"timestamp\"");
    assert_eq!(stream.take(&doubtful), Fate::Unused("flow with an implausible time"));
    assert_eq!(stream.take(r#"{"src_ip":"10.0.0.1","dst_port":1}"#), Fate::Unused("flow without timestamp"));
    assert!(stream.out.is_empty());
    stream.take(r#"{"kind":"tick","timestamp":"2024-06-01T12:01:00.000Z"}"#);
    assert_eq!(stream.out.iter().filter(|b| **b == b'\n').count(), 2);
    stream.take(r#"{"kind":"hosts","src_ip":"10.0.0.1","bytes":7}"#);
    assert!(stream.out.ends_with(b"\"bytes\":7}\n"));
}

#[test]
fn what_lines_lack_is_counted_once_however_many_windows_have_them() {
    for slide in [None, Some(10)] {
        let mut stream = Stream::new(&["exfil", "portscan", "zscore"], layout(60, slide, 0));
        stream.all((0..3).map(|i| flow(1, i, 20 * i).replace(",\"bytes\":40", "")));
        stream.take(&flow(1, 1, 400));
        let (_, notes) = stream.end();
        let lacking = |name: &str| format!("{name}: 3 lines without bytes left out");
        let of = |name| notes.iter().filter(|note| **note == lacking(name)).count();
        assert_eq!((of("exfil"), of("zscore")), (1, 1), "{notes:?}");
        assert_eq!(notes.len(), 2, "{notes:?}");
    }
}

#[test]
fn a_gap_of_years_costs_nothing() {
    for slide in [None, Some(1)] {
        let mut stream = Stream::new(&["portscan"], layout(60, slide, 0));
        let all = [0, 1_000_000_000].into_iter().flat_map(|t| (0..20).map(move |i| flow(1, i, t)));
        stream.all(all);
        let (text, _) = stream.end();
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains("update"));
    }
}

/// Flows of a few sources over some minutes, with scans and beacons among them.
fn flows() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    prop::collection::vec((1..4u64, 0..30u64, 0..300u64), 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_lines_within_the_bound_does_not_show(
        mut flows in flows(), lateness in 0..60u64, slide in prop::option::of(1..5u64), seed: u64,
    ) {
        let items = ["portscan:ports=4,total=8", "sweep:targets=1", "beacon:flows=4", "exfil:bytes=400", "zscore:threshold=1", "mad:of=flow"];
        let layout = layout(60, slide.map(|n| 60 / n), lateness);
        let run = |flows: &[(u64, u64, u64)]| {
            let mut stream = Stream::new(&items, layout);
            for (source, port, at) in flows {
                prop_assert_ne!(stream.take(&flow(*source, *port, *at)), Fate::Late);
            }
            Ok(stream.end())
        };
        flows.sort_unstable_by_key(|f| f.2);
        let sorted = run(&flows)?;
        // A line is delayed by less than the lateness, so that it is late by no more.
        let mut x = seed;
        let mut delay = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 33) % (lateness + 1)
        };
        let mut delayed: Vec<_> = flows.iter().map(|f| (f.2 + delay(), *f)).collect();
        delayed.sort_by_key(|(at, _)| *at);
        let shuffled: Vec<_> = delayed.into_iter().map(|(_, f)| f).collect();
        prop_assert_eq!(run(&shuffled)?, sorted);
    }
}
