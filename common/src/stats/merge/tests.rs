//! The laws of merging, for every state that is written with serde.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::record::{Flow, field};
use crate::stats::Precision;
use crate::value::{Address, Time};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A flow, each field of which may be absent.
fn flow() -> impl Strategy<Value = Flow> {
    let count = || proptest::option::weighted(0.8, (any::<u64>(), 11..64u32).prop_map(|(v, s)| v >> s));
    let ends = (0..40u8, 0..90u8, any::<bool>());
    (ends, count(), count(), count(), proptest::option::of((i64::MIN / 2..i64::MAX, 0..3usize)), 0..1500u64).prop_map(
        |((src, dst, six), bytes, packets, rev_bytes, time, port)| {
            let mut flow = Flow::new();
            flow.set_address(field::SRC_IP, Address([10, 0, 0, src].into()));
            let far =
                if six { Address([0, 0, 0, 0, 0, 0, 0, dst.into()].into()) } else { Address([10, 1, 0, dst].into()) };
            flow.set_address(field::DST_IP, far);
            for (id, value) in [
                (field::BYTES, bytes),
                (field::PACKETS, packets),
                (field::REV_BYTES, rev_bytes),
                (field::DST_PORT, (port > 100).then_some(port)),
                (field::PROTOCOL, (port % 3 > 0).then_some(port % 3)),
                (field::FLOWS, (port % 7 == 0).then_some(port)),
            ] {
                assert!(value.is_none_or(|v| flow.set_integer(id, v)));
            }
            if let Some((nanos, digits)) = time {
                // No source has a time that is finer than its resolution.
                let (digits, unit) = [(3, 1_000_000), (6, 1000), (9, 1)][digits];
                flow.set_time(Time(nanos - nanos.rem_euclid(unit)), digits);
            }
            flow
        },
    )
}

fn parts() -> impl Strategy<Value = [Vec<Flow>; 3]> {
    let part = || proptest::collection::vec(flow(), 0..60);
    [part(), part(), part()]
}

/// Holds a state to the laws; `new` makes one, `add` gives it a flow.
fn holds<S>(parts: &[Vec<Flow>; 3], with: &S::With, new: impl Fn() -> S, add: impl Fn(&mut S, &Flow))
where
    S: Merge + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let of = |flows: &[Flow]| {
        let mut state = new();
        flows.iter().for_each(|flow| add(&mut state, flow));
        state
    };
    let merged = |a: &S, b: &S| {
        let mut state = a.clone();
        Merge::merge(&mut state, b.clone(), with);
        serde_json::from_str::<S>(&text(&state)).unwrap()
    };
    let [a, b, c] = parts.each_ref().map(|part| of(part));
    let whole = of(&parts.concat());
    let written = text(&whole);
    assert_eq!(serde_json::from_str::<S>(&written).unwrap(), whole);
    assert_eq!(text(&merged(&merged(&a, &b), &c)), written, "(ab)c");
    assert_eq!(text(&merged(&a, &merged(&b, &c))), written, "a(bc)");
    assert_eq!(text(&merged(&merged(&c, &a), &b)), written, "(ca)b");
    assert_eq!(text(&merged(&whole, &new())), written, "with nothing");
    assert_eq!(text(&merged(&new(), &whole)), written, "nothing with");
}

fn text(state: &impl Serialize) -> String {
    serde_json::to_string(state).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_state_keeps_the_laws(flows in parts()) {
        let key = SketchKey::default();
        holds(&flows, &(), Sums::new, |s, f| s.add(f));
        holds(&flows, &(), Sums::new, |s, f| s.add_reversed(f));
        holds(&flows, &(), Seen::default, |s, f| s.add(f));
        holds(&flows, &(), Moments::new, |s, f| f.bytes().into_iter().for_each(|v| s.add(v)));
        holds(&flows, &(), Ports::new, |s, f| f.dst_port().into_iter().for_each(|p| {
            s.insert(p);
        }));
        holds(&flows, &key, Addresses::new, |s, f| f.dst_ip().into_iter().for_each(|a| s.insert(a, &key)));
        holds(&flows, &key, Digests::new, |s, f| {
            s.insert(&f.packets().unwrap_or(0).to_le_bytes(), &key);
        });
        for precision in [Precision::Bounded, Precision::Exact, Precision::No] {
            let bytes = |f: &Flow| f.bytes().into_iter();
            holds(&flows, &(), || KeyQuantiles::new(precision), |s, f| bytes(f).for_each(|v| s.add(v)));
            holds(&flows, &(), || FlowQuantiles::new(precision), |s, f| bytes(f).for_each(|v| s.add(v)));
        }
        for parts in [Parts::all(), Parts::none()] {
            holds(&flows, &parts, || Profile::new(&parts), |s, f| {
                let end = s.add(f, &parts);
                end.into_iter().for_each(|a| s.meet(a, &parts));
            });
            holds(&flows, &parts, || Profile::new(&parts), |s, f| {
                let end = s.add_reversed(f, &parts);
                end.into_iter().for_each(|a| s.meet(a, &parts));
            });
        }
    }
}

#[test]
fn a_state_of_sums_that_could_not_be_is_refused() {
    let first = r#""first":"2026-03-10T07:00:00.000Z""#;
    for bad in [
        r#"{"flows":1,"bytes":0,"packets":0,FIRST,"last":"2026-03-10T06:59:59.999Z"}"#,
        r#"{"flows":1,"bytes":"0","packets":0}"#,
        r#"{"flows":1,"bytes":-1,"packets":0}"#,
        r#"{"flows":1,"bytes":0,"packets":0,FIRST}"#,
        r#"{"flows":1,"bytes":0,"packets":0,FIRST,"last":"2026-03-10T07:00:00.000000Z"}"#,
        r#"{"flows":1,"bytes":0,"packets":0,FIRST,"last":"2026-03-10T07:00:00Z"}"#,
        r#"{"flows":1,"bytes":0,"packets":0,FIRST,"last":"2026-03-10T07:00:00.000+00:00"}"#,
        r#"{"flows":1,"bytes":0,"packets":0,FIRST,"last":"tomorrow"}"#,
        r#"{"flows":1,"bytes":0,"packets":0,"octets":1}"#,
        r#"{"flows":1,"bytes":0}"#,
    ] {
        assert!(serde_json::from_str::<Sums>(&bad.replace("FIRST", first)).is_err(), "{bad}");
    }
    let good = r#"{"flows":1,"bytes":340282366920938463463374607431768211455,"packets":0,"rev_bytes":0,"first":"1969-12-31T23:59:59.999999Z","last":"2026-03-10T07:00:00.000001Z"}"#;
    assert_eq!(text(&serde_json::from_str::<Sums>(good).unwrap()), good);
}
