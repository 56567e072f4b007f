//! The table held against sums that are kept apart, and its parts against the whole.
#![allow(clippy::unwrap_used)]

use super::*;
use flow_record::value::Address;
use std::collections::{BTreeMap, BTreeSet};

/// A rule that takes what it is told.
struct Takes(&'static [Has], bool);

impl PairRule for Takes {
    fn needs(&self) -> &'static [Has] {
        self.0
    }

    fn wants_ports(&self) -> bool {
        self.1
    }

    fn wants_calls(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(Takes(self.0, self.1))
    }

    fn finish(&self, _: &Pairs, _: &mut Found) {}
}

const RULES: [&[Has]; 3] = [&[Has::SRC, Has::PORT], &[Has::SRC, Has::DST], &[Has::SRC, Has::DST, Has::BYTES]];

/// Flows of few pairs of both families, each without some of its fields.
fn flows() -> Vec<Flow> {
    let address = |i: u64| -> Address {
        let text = if i % 5 == 4 { format!("2001:db8::{i}") } else { format!("10.0.0.{i}") };
        Address::parse(&text).unwrap()
    };
    let mut x = 1u64;
    let mut next = |n: u64| {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) % n
    };
    (0..6000)
        .map(|_| {
            let mut flow = Flow::new();
            let (has, src, dst) = (next(40), address(next(6)), address(next(8)));
            if has != 1 {
                flow.set_address(field::SRC_IP, src);
            }
            if has != 2 {
                flow.set_address(field::DST_IP, dst);
            }
            assert!(has == 3 || flow.set_integer(field::DST_PORT, [80, 443, next(40)][next(3) as usize]));
            assert!(has == 4 || flow.set_integer(field::BYTES, next(1000)));
            assert!(has != 5 || flow.set_integer(field::REV_BYTES, next(1000)));
            assert!(has == 6 || flow.set_integer(field::PROTOCOL, if next(50) == 0 { 17 } else { 6 }));
            if has != 7 {
                flow.set_time(Time(next(1 << 40) as i64), [3, 6, 9][next(3) as usize]);
            }
            flow
        })
        .collect()
}

type Known = (Seen, BTreeSet<u16>, (u64, u64));

fn apart(flows: &[Flow], needs: &'static [Has]) -> BTreeMap<Ends, Known> {
    let mut all: BTreeMap<Ends, Known> = BTreeMap::new();
    for flow in flows {
        let ends = Ends::of(flow);
        if Has::of(flow, ends).lacks(needs).is_none() {
            let (seen, ports, bytes) = all.entry(ends).or_default();
            seen.add(flow);
            ports.extend(flow.dst_port());
            bytes.0 += flow.bytes().unwrap_or(0);
            bytes.1 += flow.rev_bytes().unwrap_or(0);
        }
    }
    all
}

fn read(pairs: &Pairs, needs: &'static [Has]) -> BTreeMap<Ends, Known> {
    let known = |pair: Pair<'_>| {
        assert_eq!(pair.port_count(), pair.ports().count());
        (pair.ends, (pair.seen(), pair.ports().iter().collect(), pair.bytes()))
    };
    pairs.having(needs).map(known).collect()
}

fn table(flows: &[Flow]) -> Pairs {
    let rules = RULES.map(|needs| Takes(needs, true));
    let mut made = Pairs::new(rules.iter().map(|rule| rule as &dyn PairRule));
    for flow in flows {
        made.add(flow);
    }
    made
}

#[test]
fn each_rule_reads_what_it_would_keep_alone() {
    let flows = flows();
    let pairs = table(&flows);
    for needs in RULES {
        assert_eq!(read(&pairs, needs), apart(&flows, needs));
        let lacking: u64 = pairs.lacking(&Takes(needs, true)).iter().map(|(_, n)| n).sum();
        let taken = flows.iter().filter(|f| Has::of(f, Ends::of(f)).lacks(needs).is_none()).count() as u64;
        assert_eq!(lacking + taken, flows.len() as u64);
    }
}

type Called = BTreeMap<(Ends, u16), (Vec<i64>, Vec<u64>, Option<u8>)>;

fn called(pairs: &Pairs, least: u64) -> Called {
    let mut all = BTreeMap::new();
    pairs.services(least, |service| {
        let mut bytes: Vec<u64> = service.bytes().collect();
        bytes.sort_unstable();
        assert!(service.starts().count() as u64 >= least);
        all.insert((service.ends, service.port), (service.starts().collect(), bytes, service.protocol()));
    });
    all
}

#[test]
fn parts_merge_to_the_whole_and_an_empty_one_changes_nothing() {
    let flows = flows();
    let whole = table(&flows);
    assert!(whole.empty().is_empty() && !whole.is_empty());
    for cut in [0, 1, 700, 3000, 5999, 6000] {
        let (mut a, b) = (table(&flows[..cut]), table(&flows[cut..]));
        a.merge(b);
        a.merge(whole.empty());
        for needs in RULES {
            assert_eq!(read(&a, needs), read(&whole, needs), "{cut}");
        }
        assert_eq!((a.met, a.span()), (whole.met, whole.span()), "{cut}");
        assert!(called(&a, 10) == called(&whole, 10), "{cut}");
    }
}

#[test]
fn calls_are_those_of_each_port_in_order() {
    let flows = flows();
    let mut expected: BTreeMap<(Ends, u16), Vec<i64>> = BTreeMap::new();
    for flow in &flows {
        if let (Some(Time(start)), Some(port), Ends { src: Some(_), dst: Some(_) }) =
            (flow.time(), flow.dst_port(), Ends::of(flow))
        {
            expected.entry((Ends::of(flow), port)).or_default().push(start);
        }
    }
    expected.values_mut().for_each(|starts| starts.sort_unstable());
    expected.retain(|_, starts| starts.len() >= 7);
    let found: BTreeMap<_, _> = called(&table(&flows), 7).into_iter().map(|(key, known)| (key, known.0)).collect();
    assert!(found == expected);
}

#[test]
fn without_a_rule_that_wants_ports_one_port_is_still_told_from_several() {
    let rule = Takes(&[Has::SRC, Has::DST], false);
    let mut parts = [0, 1].map(|_| Pairs::new([&rule as &dyn PairRule].into_iter()));
    let all = flows();
    for (i, flow) in all.iter().enumerate() {
        parts[i % 2].add(flow);
    }
    let [mut a, b] = parts;
    a.merge(b);
    let ports = |known: BTreeMap<Ends, Known>| known.into_iter().map(|(e, k)| (e, k.0)).collect::<Vec<_>>();
    let seen: Vec<_> =
        a.having(rule.0).map(|pair| (pair.ends, pair.seen())).collect::<BTreeMap<_, _>>().into_iter().collect();
    assert_eq!(seen, ports(apart(&all, rule.0)));
}

#[test]
fn a_pair_of_ipv4_addresses_takes_one_cache_line() {
    assert!(size_of::<(u64, Cell)>() <= 64 && size_of::<Call>() <= 24);
}

#[test]
fn a_flood_is_kept_in_sum_and_other_pairs_stay_whole() {
    let mut made = table(&[]);
    let mut flow = |source: u32, target: u32, port: u64| {
        let mut flow = Flow::from((std::net::Ipv4Addr::from(source).into(), std::net::Ipv4Addr::from(target).into()));
        assert!(flow.set_integer(field::DST_PORT, port) && flow.set_integer(field::BYTES, 40));
        flow.set_time(Time(i64::from(source)), 3);
        made.add(&flow);
    };
    (0..1000).for_each(|source| flow(source, 7, 80));
    // One that comes again, a scan, and a host with few callers.
    flow(3, 7, 80);
    (0..300).for_each(|target| flow(5000, 100 + target, 22));
    (0..50).for_each(|source| flow(source, 8, 443));
    let whole = read(&made, RULES[1]);
    let goes = made.floods.relieve(&made.table, 100, usize::MAX, 500);
    let places = made.table.relieve(true, goes);
    let calls = std::mem::take(&mut made.calls);
    made.calls.merge(calls, |pair| places.of(pair));
    let left = read(&made, RULES[1]);
    assert_eq!(left.len(), 1 + 300 + 50);
    assert!(left.iter().all(|(ends, known)| whole[ends] == *known));
    let floods: Vec<_> =
        made.floods().map(|(target, flood)| (target.to_string(), flood.sources, flood.bytes)).collect();
    assert_eq!(floods, [(String::from("0.0.0.7"), 999, 999 * 40)]);
    assert!(made.gone().unwrap().starts_with("999 pairs with one flow to 1 flooded host kept in sum;"));
    // Calls of pairs that went are gone, those of others are where their pairs are.
    let mut busy = Vec::new();
    made.services(2, |service| busy.push((service.ends.src.unwrap().to_string(), service.starts().count())));
    assert_eq!(busy, [(String::from("0.0.0.3"), 2)]);
    // Beyond the bound, the older half of all pairs of one flow goes.
    let goes = made.floods.relieve(&made.table, 100, 100, 500);
    made.table.relieve(true, goes);
    assert!(made.table.len() <= 1 + 300 && made.floods.given_up >= 49, "{}", made.table.len());
}
