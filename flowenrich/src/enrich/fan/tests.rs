#![allow(clippy::unwrap_used)]

use super::*;
use crate::enrich::tests::built;
use flow_record::record::splice::Splice;
use flow_record::scan::{Clean, Scanner};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Milliseconds, source, destination.
type Flow = (i64, u8, u8);

fn line((ms, src, dst): Flow) -> String {
    let time = Time(1_400_000_000_000_000_000 + ms * MILLISECOND).to_text(3);
    format!(r#"{{"timestamp":"{time}","src_ip":"10.0.0.{src}","dst_ip":"10.0.0.{dst}","bytes":1}}"#)
}

/// What each flow gets: the four counts, and whether it was late.
fn counted(item: &str, lateness: Option<u64>, flows: &[Flow]) -> Vec<([u64; 4], bool)> {
    let mut fan = built(item);
    let mut scanner = Scanner::new();
    fan.ahead().unwrap().begin(lateness);
    let mut out = Vec::new();
    let mut enrich = |fan: &mut Box<dyn Enrich>, until: u64| {
        while (out.len() as u64) < until {
            let text = line(flows[out.len()]);
            let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
            let mut splice = Splice::default();
            fan.enrich(&mut Record::new(&line, &mut splice, 0, false));
            let mut text = Vec::new();
            splice.apply(&line, &mut text);
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let count = |name: &str| value[name].as_u64().unwrap();
            let counts = ["fan_out_src", "fan_in_src", "fan_in_dst", "fan_out_dst"].map(count);
            out.push((counts, value.get("fan_late").is_some()));
        }
    };
    let mut learning = Scanner::new();
    for flow in flows {
        let text = line(*flow);
        let line = learning.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        let mut splice = Splice::default();
        fan.ahead().unwrap().learn(&Record::new(&line, &mut splice, 0, false));
        let settled = fan.ahead().unwrap().settled();
        enrich(&mut fan, settled);
    }
    fan.ahead().unwrap().finish().unwrap();
    assert_eq!(fan.ahead().unwrap().settled(), flows.len() as u64);
    enrich(&mut fan, flows.len() as u64);
    out
}

/// The definition, word for word.
fn defined(half: i64, flows: &[Flow]) -> Vec<([u64; 4], bool)> {
    let distinct = |(at, ..): Flow, of: &dyn Fn(&Flow) -> Option<u8>| {
        let near = flows.iter().filter(|f| (at - half..=at + half).contains(&f.0));
        near.filter_map(of).collect::<BTreeSet<_>>().len() as u64
    };
    let count = |flow: &Flow| {
        let (_, src, dst) = *flow;
        let to = |host: u8| distinct(*flow, &|f| (f.1 == host).then_some(f.2));
        let from = |host: u8| distinct(*flow, &|f| (f.2 == host).then_some(f.1));
        ([to(src), from(src), from(dst), to(dst)], false)
    };
    flows.iter().map(count).collect()
}

#[test]
fn both_ends_of_the_window_count_and_one_beyond_does_not() {
    let flows = [(0, 1, 2), (5000, 1, 3), (10_000, 1, 4), (10_001, 1, 5), (10_001, 6, 1)];
    let out = counted("fan", None, &flows);
    assert_eq!(out.iter().map(|(counts, _)| counts[0]).collect::<Vec<_>>(), [2, 3, 3, 2, 1]);
    assert_eq!(out.iter().map(|(counts, _)| counts[1]).collect::<Vec<_>>(), [0, 0, 1, 1, 0]);
    assert_eq!(out[4].0, [1, 0, 1, 2]);
}

#[test]
fn starts_count_in_whole_milliseconds() {
    let at = |time: &str, dst: &str| format!(r#"{{"timestamp":"{time}","src_ip":"10.0.0.1","dst_ip":"{dst}"}}"#);
    let lines = [at("2026-01-01T00:00:00.000999Z", "10.0.0.2"), at("2026-01-01T00:00:05.000001Z", "10.0.0.3")];
    let mut fan = built("fan");
    let mut scanner = Scanner::new();
    for text in &lines {
        let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        fan.ahead().unwrap().learn(&Record::new(&line, &mut Splice::default(), 0, false));
    }
    fan.ahead().unwrap().finish().unwrap();
    let line = scanner.scan(Clean::line(lines[0].as_bytes()).unwrap()).unwrap();
    let (mut splice, mut out) = (Splice::default(), Vec::new());
    fan.enrich(&mut Record::new(&line, &mut splice, 0, false));
    splice.apply(&line, &mut out);
    assert!(String::from_utf8(out).unwrap().contains("\"fan_out_src\":2"));
}

#[test]
fn a_stream_that_is_sorted_holds_one_window() {
    let mut fan = Fan { lateness: Some(0), ..fan_of("fan") };
    let mut scanner = Scanner::new();
    let mut most = [0; 3];
    for i in 0..20_000i64 {
        let text = line((i * 100, (i % 251) as u8, (i % 7) as u8));
        let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        let mut splice = Splice::default();
        let mut record = Record::new(&line, &mut splice, 0, false);
        fan.learn(&record);
        while fan.settled() > fan.first {
            fan.enrich(&mut record);
        }
        for (most, held) in most.iter_mut().zip(fan.window.held()) {
            *most = held.max(*most);
        }
        assert!(fan.slots.len() < 60 && fan.waiting.len() < 2 && fan.memory() < 4000);
    }
    assert!(most.iter().all(|held| (90..=160).contains(held)), "{most:?}");
}

fn fan_of(item: &str) -> Fan {
    let half = if item == "fan" { 5000 * MILLISECOND } else { 0 };
    Fan {
        keys: keys(&ENRICHER.spec),
        late_member: Member::truth("fan_late", true),
        lateness: None,
        window: Window::new(half),
        kept: Vec::new(),
        waiting: BinaryHeap::new(),
        newest: i64::MIN,
        horizon: i64::MIN,
        slots: VecDeque::new(),
        first: 0,
        settled: 0,
        late: 0,
    }
}

#[test]
fn one_that_comes_too_late_is_marked_and_counts_for_no_other() {
    let flows = [(0, 1, 2), (20_000, 1, 3), (20_100, 4, 5), (1000, 1, 6), (20_200, 1, 7)];
    let out = counted("fan", Some(0), &flows);
    assert_eq!(out.iter().map(|(_, late)| *late).collect::<Vec<_>>(), [false, false, false, true, false]);
    // Counted as the first moment that is open: 20 100 ms.
    assert_eq!(out[3].0, [3, 0, 1, 0]);
    assert_eq!((out[1].0[0], out[4].0[0]), (2, 2));
    let in_time = counted("fan", Some(19_100_000_000), &flows);
    assert_eq!(in_time, defined(5000, &flows));
}

#[test]
fn a_tick_makes_a_stream_of_it_and_closes_windows() {
    let mut fan = fan_of("fan");
    let mut scanner = Scanner::new();
    for flow in [(0, 1, 2), (1000, 1, 3)] {
        let text = line(flow);
        let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        fan.learn(&Record::new(&line, &mut Splice::default(), 0, false));
    }
    assert_eq!(fan.settled(), 0);
    let at = |ms: i64| Time(1_400_000_000_000_000_000 + ms * MILLISECOND);
    fan.tick(at(125_000));
    assert_eq!(fan.settled(), 0);
    fan.tick(at(125_001));
    assert_eq!(fan.settled(), 1);
    fan.tick(at(126_001));
    assert_eq!((fan.settled(), fan.slots[0]), (2, Slot::Counts([2, 0, 1, 0], false)));
}

fn flows() -> impl Strategy<Value = Vec<Flow>> {
    proptest::collection::vec((0i64..300, 0u8..6, 0u8..6), 0..80)
}

proptest! {
    #[test]
    fn counts_are_those_of_the_definition_in_any_order(flows in flows(), half in 0i64..60) {
        let item = format!("fan:window={}ms", 2 * half.max(1));
        prop_assert_eq!(counted(&item, None, &flows), defined(half.max(1), &flows));
        let mut sorted = flows.clone();
        sorted.sort_by_key(|f| f.0);
        prop_assert_eq!(counted(&item, Some(0), &sorted), defined(half.max(1), &sorted));
    }

    #[test]
    fn a_stream_with_enough_lateness_gets_the_same(flows in flows()) {
        prop_assert_eq!(counted("fan:window=40ms", Some(300_000_000), &flows), defined(20, &flows));
    }
}
