//! What of two flows the one has that they become; and where they stay two.
#![allow(clippy::unwrap_used)]

use crate::source::testing::{lines, outcome};
use crate::step::gather::tests::{CLIENT, SERVER, records, shown, sums, tcp, text, with};
use flow_record::record::field::MAX_INTEGER;
use flow_record::scan::{Clean, MAX_LINE, Scanner};
use serde_json::{Value, json};

/// A flow of the client, and one of the server a second later, with these members.
fn two_ways(there: Value, back: Value) -> [Value; 2] {
    [with(tcp(1, CLIENT, SERVER, 3, 2), there), with(tcp(2, SERVER, CLIENT, 7, 18), back)]
}

#[test]
fn of_values_that_differ_the_clients_stays_and_what_one_lacks_is_taken_from_the_other() {
    let flows = two_ways(
        json!({"label": "benign", "app": "tls", "tos": 8, "vlan": 5, "x": 1}),
        json!({"label": "malicious", "attack": "scan", "app": "tls", "state": "EST", "tos": 4, "vlan": 6,
            "next_hop": "10.9.9.9", "x": 2, "y": "z"}),
    );
    let of = ["label", "attack", "app", "state", "tos", "vlan", "next_hop", "x", "y"];
    let expected = json!([["benign", null, "tls", "EST", 8, 5, null, 1, "z"]]);
    assert_eq!(shown(&flows, &["--biflow"], &of), expected);
    let [there, back] = flows;
    assert_eq!(shown(&[back, there], &["--biflow"], &of), expected);
    // A label that only one has comes with its attack.
    let flows = two_ways(json!({}), json!({"label": "malicious", "attack": "scan"}));
    assert_eq!(shown(&flows, &["--biflow"], &of[..2]), json!([["malicious", "scan"]]));
    // Of pieces it is the first one's.
    let pieces = [("SF", 1), ("S1", 2), ("S1", 3)];
    let pieces = pieces.map(|(state, t)| with(tcp(t, CLIENT, SERVER, 1, 0), json!({"state": state, "n": t, "tos": t})));
    assert_eq!(shown(&pieces, &["--rejoin"], &["state", "n", "tos", "packets"]), json!([["SF", 1, 1, 3]]));
}

#[test]
fn what_is_said_of_an_end_stays_with_that_end() {
    let flows = two_ways(
        json!({"src_country": "SE", "input_if": 1, "direction": "outbound"}),
        json!({"src_country": "GB", "dst_country": "SE", "src_org": "x", "src_as": 7, "input_if": 2, "output_if": 1}),
    );
    let of = ["src_country", "dst_country", "dst_org", "src_org", "dst_as", "input_if", "output_if", "direction"];
    assert_eq!(shown(&flows, &["--biflow"], &of), json!([["SE", "GB", "x", null, 7, 1, 2, "outbound"]]));
}

#[test]
fn scaled_counts_are_not_added_to_others() {
    let scaled = json!({"sampling": 10, "scaled": true});
    assert_eq!(lines(text(&two_ways(json!({"sampling": 10}), scaled.clone())), &["--biflow"]).len(), 2);
    assert_eq!(lines(text(&two_ways(scaled.clone(), scaled)), &["--biflow"]).len(), 1);
}

#[test]
fn a_sum_that_is_full_ends_a_flow_and_begins_another() {
    let piece = |t, bytes: u64| with(tcp(t, CLIENT, SERVER, 1, 0), json!({"bytes": bytes}));
    let pieces = [piece(1, 5), piece(2, MAX_INTEGER - 5), piece(3, 1), piece(4, MAX_INTEGER - 1), piece(5, 7)];
    let other = with(tcp(4, (3, 1), (4, 1), 9, 0), json!({}));
    let flows = [&pieces[..], &[other]].concat();
    let made = shown(&flows, &["--rejoin"], &["bytes", "packets"]);
    assert_eq!(made, json!([[MAX_INTEGER, 2], [MAX_INTEGER, 2], [900, 9], [7, 1]]));
    assert_eq!(sums(&records(&text(&flows), &["--rejoin"])), sums(&records(&text(&flows), &[])));
    // The pieces of the other direction go with the first of them.
    let back = tcp(2, SERVER, CLIENT, 1, 0);
    let made = shown(&[&pieces[..], &[back]].concat(), &["--rejoin", "--biflow"], &["bytes", "rev_bytes"]);
    assert_eq!(made, json!([[MAX_INTEGER, 100], [MAX_INTEGER, null], [7, null]]));
}

/// A flow whose line is as long as this, by a member of this name.
fn long(t: u32, from: (u8, u16), to: (u8, u16), name: &str, length: usize) -> Value {
    let flow = |text: &str| {
        with(tcp(t, from, to, 1, 0), json!({name: text, "exporter": format!("10.9.9.{t}"), "sampling": 2}))
    };
    flow(&"x".repeat(length - flow("").to_string().len()))
}

#[test]
fn what_no_filter_would_take_once_joined_or_marked_stays_as_it_came() {
    let (half, whole) = (MAX_LINE * 6 / 10, MAX_LINE);
    let there = long(1, CLIENT, SERVER, "a", half);
    let pieces = [there.clone(), long(2, CLIENT, SERVER, "b", half)];
    let ways = [there, long(2, SERVER, CLIENT, "b", half)];
    let full = [long(1, CLIENT, SERVER, "a", whole), long(2, CLIENT, SERVER, "a", whole)];
    let many: serde_json::Map<String, Value> = (0..1011).map(|n| (format!("{n}"), 1.into())).collect();
    let many = [1, 2].map(|t| with(long(t, CLIENT, SERVER, "a", 300), Value::Object(many.clone())));
    assert_eq!(many[0].as_object().unwrap().len(), 1024);
    for (flows, args) in [
        (&pieces, &["--rejoin"][..]),
        (&pieces, &["--rejoin", "--biflow"]),
        (&ways, &["--biflow"]),
        (&full, &["--dedup"]),
        (&full, &["--sampling", "auto"]),
        (&many, &["--dedup"]),
        (&many, &["--sampling", "auto"]),
    ] {
        let made = lines(text(flows), args);
        assert_eq!(made.concat().len(), flows.iter().map(|f| f.to_string().len()).sum::<usize>(), "{args:?}");
        let mut scanner = Scanner::new();
        assert!(made.iter().all(|line| Clean::line(line.as_bytes()).and_then(|l| scanner.scan(l).map(|_| ())).is_ok()));
    }
    // Characters that a terminal could act on take more room once they are written anew.
    let text = format!(
        "{{\"src_ip\":\"10.0.0.1\",\"packets\":1,\"rev_packets\":1,\"app\":\"{}\"}}\n",
        "\u{200b}".repeat(300_000)
    );
    assert_eq!((lines(&text, &[]).len(), lines(&text, &["--uniflow"]).len()), (1, 0));
    assert_eq!(outcome(&text, &["--uniflow"]).code, 0);
}
