//! What is written reads back, parts add up to the whole byte for byte, and nothing that is damaged is taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::{Baseline, By, Entry, Header, Ledger, Lines, Names, PortTally, Tally};
use super::super::{FIELDS, day_key, hour_key, read_day, read_hour};
use super::*;
use crate::record::{Flow, field};
use crate::scan::{Clean, Scanner};
use crate::value::{Address, Time};
use proptest::prelude::*;
use std::net::IpAddr;

const KEY: SketchKey = SketchKey::new(*b"flow-record hll1");

/// A flow whose fields follow from a number.
fn flow(seed: u64) -> Flow {
    let mut flow = Flow::new();
    let octet = |shift: u32, n: u64| ((seed >> shift) % n) as u8;
    flow.set_address(field::SRC_IP, Address([10, 0, 0, octet(0, 5)].into()));
    let far: IpAddr = match seed % 3 {
        0 => [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(octet(9, 90))].into(),
        _ => [10, 1, octet(5, 3), octet(9, 250)].into(),
    };
    flow.set_address(field::DST_IP, Address(far));
    let integers = [
        (field::BYTES, seed >> 20),
        (field::PACKETS, seed % 77),
        (field::REV_BYTES, seed % 1001),
        (field::DST_PORT, (seed >> 7) % 1600),
        (field::PROTOCOL, seed % 4),
        (field::FLOWS, seed % 9 + 1),
    ];
    for (at, (id, value)) in integers.into_iter().enumerate() {
        assert!((seed >> (40 + at)) & 7 == 0 || flow.set_integer(id, value & ((1 << 53) - 1)));
    }
    if !seed.is_multiple_of(11) {
        flow.set_time(Time((seed % 3_000_000_000) as i64 * 1_000_000), if seed.is_multiple_of(2) { 3 } else { 6 });
        flow.set_duration(seed % 100_000_000_000);
    }
    flow
}

/// The store of some flows, filled as a program would.
fn store(seeds: &[u64]) -> Store {
    let mut store = Store::default();
    let mut json = Vec::new();
    for seed in seeds {
        let flow = flow(*seed);
        let mut totals = Totals::default();
        totals.add(&flow);
        store.totals.push(Totals::KEY, totals);
        let mut host = Host::default();
        let end = host.add(&flow, Some((seed % 168) as u8));
        end.into_iter().for_each(|a| host.peers.insert(a, &KEY));
        host.countries.add(&format!("C{}", seed % 400), 1, &KEY);
        json.clear();
        flow.src_ip().into_iter().for_each(|a| crate::record::key::Part::Address(a).write(&mut json));
        store.hosts.push(String::from_utf8(json.clone()).unwrap(), host);
        let mut port = Port::default();
        port.add(&flow, &KEY);
        store.ports.push(flow.dst_port().unwrap_or(0).to_string(), port);
        let mut pair = Pair::default();
        pair.add(&flow);
        store.pairs.push(format!("[\"10.0.0.1\",\"10.0.0.{}\"]", seed % 7), pair);
        let mut hour = Hour::default();
        hour.add(&flow);
        store.hours.push(hour_key((seed % 5000) as i64 - 2500), hour);
        let mut day = Day::default();
        flow.src_ip().into_iter().for_each(|a| day.hosts.insert(a, &KEY));
        store.days.push(day_key((seed % 50) as i64 - 25), day);
        let mut bytes = Field::new(1);
        flow.bytes().into_iter().for_each(|v| bytes.add(v));
        store.fields.push("\"bytes\"", bytes);
        let mut hosts = Addresses::new();
        flow.dst_ip().into_iter().for_each(|a| hosts.insert(a, &KEY));
        store.addresses.push("\"hosts\"", hosts);
        store.protocols.push((seed % 4).to_string(), Protocol { sums: host_sums(&flow) });
    }
    store
}

fn host_sums(flow: &Flow) -> crate::stats::Sums {
    let mut sums = crate::stats::Sums::new();
    sums.add(flow);
    sums
}

fn header() -> Header {
    Header::new("src_ip".into(), "10.0.0.0/8".into(), 400 * 86_400, KEY.id())
}

fn written(store: Store) -> String {
    let mut text = Vec::new();
    let mut write = |lines: &[u8]| text.extend_from_slice(lines);
    let mut out = LineWriter::new(&mut write);
    out.header(&header());
    store.write(&KEY, &mut out);
    out.trailer(3).unwrap();
    String::from_utf8(text).unwrap()
}

/// Reads what was written into a store, and whether the ledger agrees.
fn absorbed(texts: &[&str]) -> (Store, Result<(), BaselineError>) {
    let (mut store, mut ledger) = (Store::default(), Ledger::default());
    let (lines, mut scanner) = (Lines::new(0), Scanner::watching(&Lines::NAMES));
    for text in texts.iter().flat_map(|t| t.lines()) {
        let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
        lines.enter(&line, &mut ledger);
        if let Entry::State(frame) = lines.read(&line).unwrap() {
            assert_eq!(Frame::of(text), Some(frame));
            store.absorb(frame, text, &KEY).unwrap();
        }
    }
    (store, ledger.check())
}

#[test]
fn sections_come_in_the_order_of_their_names() {
    assert!(Store::NAMES.is_sorted());
    assert_eq!(<Addresses as Section>::NAME, Store::NAMES[0]);
    let text = written(store(&(0..500u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4).collect::<Vec<_>>()));
    let frames: Vec<_> = text.lines().filter_map(Frame::of).map(|f| (f.section, f.key)).collect();
    assert!(frames.is_sorted() && frames.len() > 300);
    let sections: std::collections::BTreeSet<&str> = frames.iter().map(|f| f.0).collect();
    assert!(sections.iter().eq(Store::NAMES));
}

#[test]
fn a_section_of_a_later_version_is_kept_in_its_place() {
    let line = |section: &str, key: u32| {
        format!(r#"{{"kind":"baseline","section":"{section}","key":{key},"data":{{"new":[{key}]}}}}"#)
    };
    let more = [line("zeta", 1), line("aaa", 2), line("hoses", 9), line("hoses", 3), line("hoses", 9)];
    let mut full = store(&[1, 2, 3]);
    let mut other = Store::default();
    for (at, text) in more.iter().enumerate() {
        let store = if at % 2 == 0 { &mut full } else { &mut other };
        store.absorb(Frame::of(text).unwrap(), text, &KEY).unwrap();
    }
    full.merge(other, &KEY);
    let text = written(full);
    let sections: Vec<&str> = text.lines().filter_map(Frame::of).map(|f| f.section).collect();
    assert!(sections.is_sorted() && sections.iter().filter(|s| **s == "hoses").count() == 3);
    let (store, whole) = absorbed(&[&text]);
    assert_eq!((whole, written(store)), (Ok(()), text));
}

#[test]
fn large_sets_take_several_lines_that_add_up() {
    let mut state = Host::default();
    (0..60_000u32).for_each(|a| state.peers.insert(Address(IpAddr::V6(u128::from(a * 77).into())), &KEY));
    let mut sizes = Field::new(1);
    (0..65_536u64).for_each(|v| sizes.add(v * 137_438_953_471));
    let mut made = Store::default();
    made.hosts.push("\"10.0.0.1\"", state);
    made.fields.push("\"bytes\"", sizes);
    let text = written(made);
    assert!(text.lines().all(|l| l.len() < crate::scan::MAX_LINE), "{}", text.lines().map(str::len).max().unwrap());
    assert_eq!(text.lines().count(), 2 + 5 + 4);
    let (store, whole) = absorbed(&[&text]);
    assert_eq!((whole, written(store)), (Ok(()), text.clone()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.json");
    std::fs::write(&path, &text).unwrap();
    let read = Baseline::open(&path).unwrap();
    assert_eq!(read.host(Address([10, 0, 0, 1].into())).unwrap().peers.count().value, 60_000);
    assert_eq!(read.field("bytes").unwrap().moments.n(), 65_536);
}

#[test]
fn every_changed_bit_and_every_cut_is_found() {
    let text = written(store(&[7 << 30 | 12_345, 99_999 << 21]));
    let bytes = text.as_bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.json");
    let open = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        Baseline::open(&path)
    };
    assert!(open(bytes).is_ok());
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        // Blank lines say nothing.
        assert!(
            open(&changed).is_err(),
            "byte {at}: {}",
            String::from_utf8_lossy(&changed[at.saturating_sub(20)..=at])
        );
    }
    for cut in (0..bytes.len() - 1).step_by(7) {
        assert!(open(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    assert!(open(&bytes[..bytes.len() - 1]).is_ok(), "the last newline says nothing");
    assert!(open(&[bytes, bytes].concat()).is_ok(), "two add up");
    let lines: Vec<&str> = text.lines().collect();
    assert!(open(lines[1..].join("\n").as_bytes()).is_err());
    assert!(open([&lines[..], &[lines[1]]].concat().join("\n").as_bytes()).is_err());
    assert!(open(b"").is_err());
}

#[test]
fn a_typed_baseline_knows_what_was_written() {
    let seeds: Vec<u64> = (1..2000u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2).collect();
    let text = written(store(&seeds));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.json");
    std::fs::write(&path, &text).unwrap();
    let read = Baseline::open(&path).unwrap();
    let flows: u64 = seeds.iter().map(|s| host_sums(&flow(*s)).flows()).sum();
    assert_eq!(
        (read.totals().sums.flows(), read.by(), read.hosts().count()),
        (flows, &By::parse("src_ip").unwrap(), 5)
    );
    let host = read.host(Address([10, 0, 0, 3].into())).unwrap();
    let own: Vec<Flow> =
        seeds.iter().map(|s| flow(*s)).filter(|f| f.src_ip() == Some(Address([10, 0, 0, 3].into()))).collect();
    assert_eq!(host.sums.bytes(), own.iter().filter_map(Flow::bytes).map(u128::from).sum());
    let ports: std::collections::BTreeSet<u16> = own.iter().filter_map(Flow::dst_port).collect();
    assert_eq!(host.ports.count(), ports.len() as u64);
    assert!(read.host(Address([10, 0, 0, 9].into())).is_none());
    assert!(read.pair(Address([10, 0, 0, 1].into()), Address([10, 0, 0, 6].into())).is_some());
    let shares: f64 = read.ports().map(|(port, _)| read.port_share(port)).sum();
    assert!((shares - 1.0).abs() < 1e-9 && read.port_share(65_535) == 0.0);
    assert_eq!(
        (read.days(), read.has_insufficient_history(), read.is_internal(Address([10, 9, 9, 9].into()))),
        (50, false, true)
    );
    assert!(read.hours().keys().is_sorted() && read.addresses("hosts").unwrap().count().value > 100);
    assert!(FIELDS.contains(&"bytes") && read.field("duration").is_none());
}

#[test]
fn keys_of_dates_and_hours_read_back() {
    for n in [-1, 0, 20_522, 106_751, -106_751] {
        assert_eq!((read_day(&day_key(n)), read_hour(&hour_key(n * 24 + 5))), (Some(n), Some(n * 24 + 5)));
    }
    assert_eq!(hour_key(1), "\"1970-01-01T01\"");
    for bad in ["\"2026-03-10T24\"", "\"2026-03-10T+1\"", "\"2026-13-10T00\"", "2026-03-10T00", "\"2026-03-10\""] {
        assert_eq!(read_hour(bad), None, "{bad}");
    }
}

/// A state and its text, with the law that parts add up.
fn adds_up<S: Section + std::fmt::Debug>(parts: [S; 3], whole: &S) {
    let text = |s: &S| serde_json::to_string(s).unwrap();
    let back = |s: &S| serde_json::from_str::<S>(&text(s)).unwrap();
    let join = |a: &S, b: &S| {
        let mut made = back(a);
        made.merge(back(b), &KEY);
        made
    };
    let [a, b, c] = &parts;
    let written = text(whole);
    assert_eq!(text(&join(&join(a, b), c)), written);
    assert_eq!(text(&join(c, &join(b, a))), written);
    assert_eq!(text(&join(&S::default(), whole)), written);
    assert_eq!(text(&join(whole, &S::default())), written);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hosts_keep_the_laws(seeds in prop::array::uniform3(prop::collection::vec(any::<u64>(), 0..700))) {
        let of = |seeds: &[u64]| {
            let mut host = Host::default();
            for seed in seeds {
                let end = host.add(&flow(*seed), Some((seed % 168) as u8));
                end.into_iter().for_each(|a| host.peers.insert(a, &KEY));
                host.countries.add(&format!("C{}", seed % 300), 1, &KEY);
            }
            host
        };
        adds_up(seeds.each_ref().map(|s| of(s)), &of(&seeds.concat()));
    }

    #[test]
    fn baselines_keep_the_laws(seeds in prop::array::uniform3(prop::collection::vec(any::<u64>(), 0..60))) {
        let [a, b, c] = seeds.each_ref().map(|s| written(store(s)));
        let whole = written(store(&seeds.concat()));
        let (nothing, _) = absorbed(&[]);
        prop_assert_eq!(written(absorbed(&[&c, &a, &b]).0), whole.clone());
        let ab = written(absorbed(&[&b, &a]).0);
        let (mut abc, one) = (absorbed(&[&ab]).0, absorbed(&[&c]).0);
        abc.merge(one, &KEY);
        abc.merge(nothing, &KEY);
        prop_assert_eq!(written(abc), whole.clone());
        let (again, check) = absorbed(&[&whole]);
        prop_assert_eq!((check, written(again)), (Ok(()), whole));
    }

    #[test]
    fn ports_are_counted_exactly_while_few(list in prop::collection::vec((0u16..1400, 1u64..5), 0..1500)) {
        let mut tally = PortTally::default();
        let mut counted = std::collections::BTreeMap::<u16, u64>::new();
        for (port, n) in &list {
            let port = port * 45;
            tally.add(port, *n);
            *counted.entry(port).or_default() += n;
        }
        prop_assert_eq!(tally.count(), counted.len() as u64);
        for (port, n) in &counted {
            let is_exact = counted.len() <= 512 || *port < 1024;
            let group: u64 = if is_exact { *n } else { counted.range(port / 64 * 64..=port / 64 * 64 + 63).map(|c| c.1).sum() };
            prop_assert_eq!(tally.flows(*port), group);
        }
        prop_assert!(tally.set().iter().eq(counted.keys().copied()));
        prop_assert_eq!(serde_json::from_str::<PortTally>(&serde_json::to_string(&tally).unwrap()).unwrap(), tally);
    }
}

#[test]
fn tallies_that_could_not_be_are_refused() {
    for bad in [r#"{"2":1,"1":1}"#, r#"{"1":1,"1":1}"#, r#"{"1":0}"#, r#"{"x":1}"#, r#"{"300":1}"#, "[]"] {
        assert!(serde_json::from_str::<Tally<u8>>(bad).is_err(), "{bad}");
    }
    let many: String = (1..=513).map(|p| format!(",\"{p}\":1")).collect();
    for bad in
        [format!(r#"{{"flows":{{{}}}}}"#, &many[1..]), r#"{"flows":{},"groups":{},"ports":[1]}"#.into(), "{}".into()]
    {
        assert!(serde_json::from_str::<PortTally>(&bad).is_err(), "{bad}");
    }
    let names: Names = serde_json::from_str(r#"{"flows":{"PT":3}}"#).unwrap();
    assert_eq!((names.count(), names.contains("PT"), names.contains("ES")), (1, Some(true), Some(false)));
    assert!(serde_json::from_str::<Host>(r#"{"later":1}"#).is_err());
}
