//! Directions, pieces and duplicates: what is joined with what, and that nothing is lost or depends on order.
#![allow(clippy::unwrap_used)]

use crate::source::testing::{lines, outcome};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) type Record = Map<String, Value>;

/// A TCP flow between 10.0.0.N and 10.0.0.M at a second, lasting one, with so many packets of 100 bytes.
pub(super) fn tcp(second: u32, from: (u8, u16), to: (u8, u16), packets: u32, flags: u8) -> Value {
    json!({"timestamp": format!("2026-03-10T{:02}:{:02}:{:02}.000Z", second / 3600, second / 60 % 60, second % 60),
        "duration": 1, "src_ip": format!("10.0.0.{}", from.0), "dst_ip": format!("10.0.0.{}", to.0),
        "src_port": from.1, "dst_port": to.1, "protocol": 6, "packets": packets, "bytes": 100 * packets,
        "tcp_flags": flags})
}

pub(super) fn with(mut flow: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        flow[name] = value.clone();
    }
    flow
}

pub(super) fn text(flows: &[Value]) -> String {
    flows.iter().map(|flow| format!("{flow}\n")).collect()
}

pub(super) fn records(text: &str, args: &[&str]) -> Vec<Record> {
    lines(text, args).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What of each record these members say, absent ones as null.
pub(super) fn shown(flows: &[Value], args: &[&str], members: &[&str]) -> Value {
    let of = |r: &Record| members.iter().map(|m| r.get(*m).cloned().unwrap_or_default()).collect::<Value>();
    records(&text(flows), args).iter().map(of).collect()
}

pub(super) const CLIENT: (u8, u16) = (1, 40_000);
pub(super) const SERVER: (u8, u16) = (2, 443);
const COUNTS: [&str; 3] = ["src_port", "packets", "rev_packets"];

#[test]
fn two_directions_become_one_flow_that_says_all_of_both() {
    let back =
        with(tcp(2, SERVER, CLIENT, 7, 18), json!({"app": "tls", "input_if": 4, "x": "back", "exporter": "::1"}));
    let there = with(tcp(1, CLIENT, SERVER, 3, 26), json!({"x": [1], "y": "\u{e9}\"", "output_if": 9}));
    let expected = r#"{"timestamp":"2026-03-10T00:00:01.000Z","duration":2,"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":40000,"dst_port":443,"protocol":6,"packets":3,"bytes":300,"rev_packets":7,"rev_bytes":700,"tcp_flags":26,"rev_tcp_flags":18,"app":"tls","exporter":"::1","output_if":9,"x":[1],"y":"é\"","dir_reason":"service"}"#;
    for flows in [[back.clone(), there.clone()], [there, back]] {
        assert_eq!(lines(text(&flows), &["--biflow"]), [expected]);
    }
}

#[test]
fn a_flow_without_counterpart_passes_byte_for_byte() {
    let line = "{ \"x\":1, \"src_ip\":\"10.0.0.1\",\"bytes\" :7 }";
    let two_way = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","bytes":1,"rev_bytes":0}"#;
    let other = r#"{"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","bytes":1}"#;
    let text = format!("{line}\n{two_way}\n{other}\n");
    let mut passed = lines(text, &["--biflow", "--rejoin", "--dedup"]);
    passed.sort_unstable();
    assert_eq!(passed[0], line);
    // A flow of both directions takes up its pieces, but is nobody's counterpart.
    assert_eq!(lines(format!("{two_way}\n{other}\n"), &["--biflow"]).len(), 2);
}

#[test]
fn the_client_is_told_by_evidence_in_this_order() {
    let high = |host| (host, 40_000 + u16::from(host));
    let reasons = |one: Value, two: Value| {
        let shown = shown(&[one, two], &["--biflow"], &["src_ip", "dir_reason"]);
        (shown[0][0].as_str().unwrap().to_owned(), shown[0][1].as_str().unwrap().to_owned())
    };
    let is = |ip: &str, why: &str| (ip.to_owned(), why.to_owned());
    // A probe whose answer was seen first, from an odd port to an odder one.
    assert_eq!(reasons(tcp(2, (1, 80), (2, 9000), 1, 2), tcp(1, (2, 9000), (1, 80), 1, 20)), is("10.0.0.1", "syn"));
    assert_eq!(reasons(tcp(2, CLIENT, SERVER, 1, 27), tcp(1, SERVER, CLIENT, 1, 27)), is("10.0.0.1", "service"));
    // 8443 is named, 9 is below 1024.
    assert_eq!(reasons(tcp(1, (1, 8443), (2, 9), 1, 0), tcp(1, (2, 9), (1, 8443), 1, 0)), is("10.0.0.1", "service"));
    assert_eq!(reasons(tcp(1, (1, 8443), high(2), 1, 0), tcp(2, high(2), (1, 8443), 1, 0)), is("10.0.0.2", "service"));
    assert_eq!(reasons(tcp(2, high(1), high(2), 1, 0), tcp(1, high(2), high(1), 1, 0)), is("10.0.0.2", "first"));
    assert_eq!(reasons(tcp(1, high(1), high(2), 1, 0), tcp(1, high(2), high(1), 1, 0)), is("10.0.0.2", "port"));
    assert_eq!(reasons(tcp(1, (2, 5), (1, 5), 1, 0), tcp(1, (1, 5), (2, 5), 1, 0)), is("10.0.0.1", "none"));
}

#[test]
fn of_icmp_only_a_request_and_its_answer_are_joined() {
    let icmp = |protocol: u8, kind: Option<u8>, from: u8, to: u8| {
        let mut flow = with(tcp(1, (from, 0), (to, 0), 1, 0), json!({"protocol": protocol}));
        flow.as_object_mut().unwrap().remove("tcp_flags");
        if let Some(kind) = kind {
            flow["icmp_type"] = kind.into();
        }
        flow
    };
    let joined = |flows: &[Value]| shown(flows, &["--biflow"], &["src_ip", "icmp_type", "rev_packets", "dir_reason"]);
    let (one, two) = ("10.0.0.1", "10.0.0.2");
    assert_eq!(joined(&[icmp(1, Some(0), 1, 2), icmp(1, Some(8), 2, 1)]), json!([[two, 8, 1, "request"]]));
    assert_eq!(joined(&[icmp(58, Some(128), 1, 2), icmp(58, Some(129), 2, 1)]), json!([[one, 128, 1, "request"]]));
    assert_eq!(joined(&[icmp(1, None, 1, 2), icmp(1, None, 2, 1)]), json!([[one, null, 1, "none"]]));
    for (there, back) in [(8, 8), (0, 0), (3, 3), (3, 8), (8, 129)] {
        assert_eq!(joined(&[icmp(1, Some(there), 1, 2), icmp(1, Some(back), 2, 1)]).as_array().unwrap().len(), 2);
    }
    // Both ask each other at once.
    let both =
        joined(&[icmp(1, Some(8), 1, 2), icmp(1, Some(0), 1, 2), icmp(1, Some(8), 2, 1), icmp(1, Some(0), 2, 1)]);
    assert!(
        both == json!([[one, 8, 1, "request"], [two, 8, 1, "request"]])
            || both == json!([[two, 8, 1, "request"], [one, 8, 1, "request"]]),
        "{both}"
    );
}

#[test]
fn pieces_are_paired_one_to_one_by_time() {
    let pieces = |there: &[u32], back: &[u32]| -> Vec<Value> {
        let there = there.iter().map(|t| tcp(*t, CLIENT, SERVER, *t, 0));
        there.chain(back.iter().map(|t| tcp(*t, SERVER, CLIENT, *t, 0))).collect()
    };
    let paired = |there: &[u32], back: &[u32], args: &[&str]| shown(&pieces(there, back), args, &COUNTS);
    let c = CLIENT.1;
    assert_eq!(paired(&[10, 70], &[11, 71], &["--biflow"]), json!([[c, 10, 11], [c, 70, 71]]));
    // The answer of the first piece is missing: the second's is not taken for it.
    assert_eq!(paired(&[10, 70], &[71], &["--biflow"]), json!([[c, 10, null], [c, 70, 71]]));
    assert_eq!(paired(&[10, 70], &[11], &["--biflow"]), json!([[c, 10, 11], [c, 70, null]]));
    // Each has one, though each second piece lies nearer to the answer before it.
    assert_eq!(paired(&[10, 31], &[30, 50], &["--biflow"]), json!([[c, 10, 30], [c, 31, 50]]));
    // The time between the end of one, a second after its start, and the start of the other.
    assert_eq!(paired(&[10], &[130], &["--biflow"]), json!([[c, 10, 130]]));
    assert_eq!(paired(&[10], &[131], &["--biflow"]).as_array().unwrap().len(), 2);
    assert_eq!(paired(&[10], &[13], &["--biflow=2s"]).as_array().unwrap().len(), 2);
    assert_eq!(paired(&[10], &[13], &["--biflow=2.5s"]).as_array().unwrap().len(), 1);
}

#[test]
fn counts_that_mean_different_things_are_not_joined() {
    let (there, back) = (tcp(1, CLIENT, SERVER, 1, 0), tcp(1, SERVER, CLIENT, 1, 0));
    for members in [json!({"sampling": 100}), json!({"byte_layer": "l2"})] {
        let flows = [there.clone(), with(back.clone(), members.clone())];
        assert_eq!(lines(text(&flows), &["--biflow"]).len(), 2);
        assert_eq!(lines(text(&[flows[0].clone(), with(flows[0].clone(), members.clone())]), &["--rejoin"]).len(), 2);
        assert_eq!(lines(text(&[with(there.clone(), members), flows[1].clone()]), &["--biflow"]).len(), 1);
    }
}

#[test]
fn pieces_of_a_direction_are_rejoined_where_one_goes_on_with_the_other() {
    let there = |t: u32, flags| tcp(t, CLIENT, SERVER, 1, flags);
    let fields = ["duration", "packets", "tcp_flags"];
    assert_eq!(shown(&[there(61, 16), there(1, 2), there(121, 17)], &["--rejoin"], &fields), json!([[121, 3, 19]]));
    assert_eq!(shown(&[there(1, 2), there(4, 16)], &["--rejoin=2s"], &fields), json!([[1, 1, 2], [1, 1, 16]]));
    // A new connection between the same ports.
    assert_eq!(shown(&[there(1, 19), there(4, 2)], &["--rejoin"], &fields), json!([[1, 1, 19], [1, 1, 2]]));
    // Both directions, then their pieces together.
    let flows = [there(1, 2), tcp(2, SERVER, CLIENT, 5, 18), there(61, 17), tcp(62, SERVER, CLIENT, 5, 17)];
    let all = ["src_port", "packets", "rev_packets", "tcp_flags", "rev_tcp_flags"];
    assert_eq!(shown(&flows, &["--rejoin", "--biflow"], &all), json!([[40_000, 2, 10, 19, 19]]));
    assert_eq!(shown(&flows, &["--rejoin"], &all).as_array().unwrap().len(), 2);
}

#[test]
fn pieces_that_count_both_directions_are_rejoined_whichever_end_they_call_the_source() {
    let both = |t, from, to, there: u32, back: u32| {
        with(tcp(t, from, to, there, 2), json!({"rev_packets": back, "rev_tcp_flags": 16}))
    };
    let flows = [both(1, CLIENT, SERVER, 3, 4), both(61, SERVER, CLIENT, 40, 30), tcp(121, SERVER, CLIENT, 400, 1)];
    let fields = ["src_port", "packets", "rev_packets", "tcp_flags", "rev_tcp_flags", "dir_reason"];
    assert_eq!(shown(&flows, &["--rejoin"], &fields), json!([[40_000, 33, 444, 18, 19, null]]));
    // The first piece had no answer yet.
    let flows = [tcp(1, CLIENT, SERVER, 1, 2), both(61, SERVER, CLIENT, 40, 30)];
    assert_eq!(shown(&flows, &["--rejoin"], &fields), json!([[443, 40, 31, 2, 18, null]]));
}

#[test]
fn what_another_exporter_reported_too_is_marked_or_dropped() {
    let by = |t, exporter: &str, packets| {
        with(tcp(t, CLIENT, SERVER, packets, 0), json!({"exporter": exporter, "duration": 60}))
    };
    let flows = [by(61, "::2", 1), by(1, "::1", 2), by(1, "::2", 3), by(62, "::1", 4), tcp(1, CLIENT, SERVER, 9, 0)];
    let fields = ["packets", "exporter", "dup_of"];
    let marked = shown(&flows, &["--dedup"], &fields);
    let is_dup = |r: &Value| !r[2].is_null();
    let (dups, rest): (Vec<_>, Vec<_>) = marked.as_array().unwrap().iter().partition(|r| is_dup(r));
    assert_eq!((dups.len(), rest.len()), (2, 3), "{marked}");
    // Each piece counts once, and a flow of nobody always.
    for pair in [[2, 3], [1, 4]] {
        assert_eq!(rest.iter().filter(|r| pair.contains(&r[0].as_u64().unwrap())).count(), 1, "{marked}");
    }
    assert_eq!(lines(text(&flows), &["--dedup=drop"]).len(), 3);
    // Of two that follow each other by more than the window both count; the other direction is no duplicate.
    let apart = [by(1, "::1", 1), by(64, "::2", 1), with(tcp(1, SERVER, CLIENT, 1, 0), json!({"exporter": "::2"}))];
    assert_eq!(lines(text(&apart), &["--dedup=drop"]).len(), 3);
    let near = [
        with(tcp(1, CLIENT, SERVER, 1, 0), json!({"exporter": "::1", "duration": 0})),
        with(tcp(4, CLIENT, SERVER, 1, 0), json!({"exporter": "::2"})),
    ];
    assert_eq!((lines(text(&near), &["--dedup=drop"]).len(), lines(text(&near), &["--dedup=drop,4s"]).len()), (2, 1));
    // A duplicate is not the other direction of anything.
    let both = [by(1, "::1", 2), by(1, "::2", 2), with(tcp(1, SERVER, CLIENT, 5, 0), json!({"exporter": "::1"}))];
    assert_eq!(shown(&both, &["--dedup=drop", "--biflow"], &COUNTS), json!([[40_000, 2, 5]]));
}

#[test]
fn what_is_silent_longest_leaves_first_and_what_can_no_longer_be_joined_does_not_wait() {
    let flow = |n: u16, t| [tcp(t, (1, n), SERVER, 1, 0), tcp(t + 1, SERVER, (1, n), 1, 0)];
    let flows: Vec<Value> = (0..200).flat_map(|n| flow(2000 + n, u32::from(n) * 5)).collect();
    for args in [&["--biflow=10s", "--max-flows", "20"][..], &["--biflow=10s", "--lateness", "5s"]] {
        let records = records(&text(&flows), args);
        assert_eq!(records.len(), 200, "{args:?}");
        assert!(records.is_sorted_by_key(|r| r["timestamp"].as_str().unwrap().to_owned()));
    }
    // With an hour between a flow and its answer, and no room: nothing is lost, nothing is joined.
    let mut apart: Vec<Value> = (0..50).map(|n| tcp(1, (1, 2000 + n), SERVER, 1, 0)).collect();
    apart.extend((0..50).map(|n| tcp(3000, SERVER, (1, 2000 + n), 1, 0)));
    assert_eq!(lines(text(&apart), &["--biflow=1h", "--max-flows", "100"]).len(), 50);
    let few = lines(text(&apart), &["--biflow=1h", "--max-flows", "10"]);
    assert!((51..=100).contains(&few.len()), "{}", few.len());
    // The answers come too late.
    assert_eq!(lines(text(&apart), &["--biflow=10s", "--lateness", "1m"]).len(), 100);
}

#[test]
fn flows_without_times_or_addresses_are_joined_too() {
    let flows = "{\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.2\",\"bytes\":1}\n{\"src_ip\":\"10.0.0.2\",\"dst_ip\":\"10.0.0.1\",\"bytes\":2}\n{\"bytes\":4}\n{\"bytes\":5}\n";
    let joined = outcome(flows, &["--biflow"]);
    assert_eq!(joined.lines.len(), 3, "{:?}", joined.lines);
    assert_eq!(lines(flows, &["--biflow", "--rejoin"]).len(), 2);
}

/// Flows of one conversation in order of their start, in spans of time that pairs and pieces are made in.
fn conversation() -> impl Strategy<Value = Vec<Value>> {
    let one = (1u32..60, any::<bool>(), 0u32..20, 1u32..9);
    prop::collection::vec(one, 1..60).prop_map(|flows| {
        let mut second = 0;
        let flow = |(gap, back, length, packets): (u32, bool, u32, u32)| {
            second += gap;
            let (from, to) = if back { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            with(tcp(second, from, to, packets, 16), json!({"duration": length}))
        };
        flows.into_iter().map(flow).collect()
    })
}

proptest! {
    #[test]
    fn what_waits_no_longer_than_it_must_is_joined_as_if_all_waited(flows in conversation()) {
        for steps in [&["--biflow"][..], &["--rejoin=5s"], &["--rejoin=5s", "--biflow=30s"]] {
            let sorted = |args: &[&str]| {
                let mut lines = lines(text(&flows), &[steps, args].concat());
                lines.sort();
                lines
            };
            prop_assert_eq!(sorted(&["--lateness", "30s"]), sorted(&[]));
        }
    }
}

#[test]
fn pieces_are_of_one_exporter_and_duplicates_of_none() {
    let of = |second: u32, exporter: &str| with(tcp(second, CLIENT, SERVER, 5, 16), json!({"exporter": exporter}));
    let flows = [of(1, "192.0.2.1"), of(1, "192.0.2.2"), of(2, "192.0.2.1"), of(2, "192.0.2.2")];
    let shown_of = |flows: &[Value]| shown(flows, &["--rejoin"], &["exporter", "packets"]);
    assert_eq!(shown_of(&flows), json!([["192.0.2.1", 10], ["192.0.2.2", 10]]));
    let marked = with(of(1, "192.0.2.1"), json!({"dup_of": "192.0.2.1"}));
    assert_eq!(shown_of(&[of(1, "192.0.2.1"), marked]), json!([["192.0.2.1", 5], ["192.0.2.1", 5]]));
}

fn count(record: &Record, name: &str) -> u64 {
    record.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Packets and bytes of each direction.
pub(super) fn sums(records: &[Record]) -> BTreeMap<[String; 5], [u64; 2]> {
    let mut sums = BTreeMap::new();
    for r in records {
        let of = |names: [&str; 5]| names.map(|n| r.get(n).map(Value::to_string).unwrap_or_default());
        let there = of(["src_ip", "src_port", "dst_ip", "dst_port", "protocol"]);
        let back = of(["dst_ip", "dst_port", "src_ip", "src_port", "protocol"]);
        for (key, names) in [(there, ["packets", "bytes"]), (back, ["rev_packets", "rev_bytes"])] {
            let sum: &mut [u64; 2] = sums.entry(key).or_default();
            for (sum, name) in sum.iter_mut().zip(names) {
                *sum += count(r, name);
            }
        }
    }
    sums.retain(|_, sum| *sum != [0, 0]);
    sums
}

/// Flows of few conversations, so that much is joined; some already of both directions.
fn flows() -> impl Strategy<Value = Vec<Value>> {
    let flow = (0u32..600, 0u32..90, 1u8..4, 1u8..4, 0usize..3, 1u32..9, 0u8..32, 0u32..12).prop_map(
        |(start, length, from, to, port, packets, flags, more)| {
            let ports = [(443, 40_000), (5000, 5001), (40_000, 443)][port];
            let mut flow =
                with(tcp(start, (from, ports.0), (to, ports.1), packets, flags), json!({"duration": length}));
            match more {
                0 => flow = with(flow, json!({"rev_packets": 1, "rev_bytes": 50})),
                1 => _ = flow.as_object_mut().unwrap().remove("duration"),
                2 => _ = flow.as_object_mut().unwrap().remove("timestamp"),
                3 => flow = with(flow, json!({"sampling": 10})),
                4 => flow = with(flow, json!({"protocol": 1, "src_port": 0, "dst_port": 0, "icmp_type": flags % 9})),
                5 => flow = with(flow, json!({"x": length})),
                _ => flow["exporter"] = format!("10.9.9.{}", more % 3).into(),
            }
            flow
        },
    );
    proptest::collection::vec(flow, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_lost_and_order_does_not_matter(flows in flows(), seed in any::<u64>()) {
        let input = text(&flows);
        let before = sums(&records(&input, &[]));
        let mut shuffled = flows;
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        for args in [&["--biflow"][..], &["--rejoin"], &["--rejoin", "--biflow=30s"], &["--dedup", "--rejoin=5s", "--biflow"]] {
            let joined = lines(&input, args);
            prop_assert_eq!(&lines(text(&shuffled), args), &joined);
            let after: Vec<Record> = joined.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
            prop_assert_eq!(&sums(&after), &before);
            // Split again, each direction has what it had.
            let split = records(&(joined.join("\n") + "\n"), &["--uniflow"]);
            prop_assert!(split.iter().all(|r| !r.contains_key("rev_packets") && !r.contains_key("dir_reason")));
            prop_assert_eq!(&sums(&split), &before);
        }
        for args in [&["--biflow", "--max-flows", "7"][..], &["--biflow", "--rejoin", "--lateness", "30s"]] {
            prop_assert_eq!(&sums(&records(&input, args)), &before);
        }
    }
}
