//! Packets of three hosts and the flows that they become.
#![allow(clippy::unwrap_used)]

use super::*;
use flow_record::record::Writer;

const MINUTE: i64 = 60_000;

/// Milliseconds, from host, from port, to host, to port, bytes that UDP carries.
type Sent = (i64, u8, u16, u8, u16, usize);

fn frame((_, from, from_port, to, to_port, size): Sent) -> Vec<u8> {
    let mut out = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    out[2..4].copy_from_slice(&(28 + size as u16).to_be_bytes());
    out.extend([from_port.to_be_bytes(), to_port.to_be_bytes(), (8 + size as u16).to_be_bytes(), [0, 0]].concat());
    out.resize(28 + size, 0);
    out
}

/// What became of packets.
#[derive(Default)]
struct Seen {
    lines: Vec<String>,
    packets: u64,
    unused: Vec<&'static str>,
    most: Option<usize>,
}

impl Sink for Seen {
    fn flow(&mut self, flow: &Flow, extras: &[u8], packets: u64) {
        assert_eq!(flow.packets().unwrap() + flow.rev_packets().unwrap(), packets);
        let mut line = Vec::new();
        Writer::new().members(flow, &mut line);
        line.extend_from_slice(extras);
        self.lines.push(String::from_utf8(line).unwrap() + "}");
        self.packets += packets;
    }

    fn unused(&mut self, why: &'static str) {
        self.unused.push(why);
    }

    fn is_over(&self) -> bool {
        self.most == Some(self.lines.len())
    }
}

const PLAN: Plan = Plan {
    idle: 2 * MINUTE,
    active: 30 * MINUTE,
    most: 1000,
    inner: false,
    goes_on: false,
    statistics: false,
    samples: 0,
    layer: Layer::L2,
};

fn raw(time_ms: i64, bytes: &[u8]) -> Packet<'_> {
    Packet { time: Some(time_ms * MILLI), digits: 6, link: 101, bytes, length: bytes.len() as u32, is_big: false }
}

fn metered(plan: Plan, sent: &[Sent]) -> (Seen, Counts) {
    let (mut meter, mut seen) = (Meter::new(plan), Seen::default());
    for one in sent {
        meter.packet(&raw(one.0, &frame(*one)), &mut seen);
    }
    meter.finish(&mut seen);
    assert_eq!(seen.packets + seen.unused.len() as u64, sent.len() as u64);
    (seen, meter.counted())
}

/// Port of the source, and packets of each direction, of each flow.
fn shapes(plan: Plan, sent: &[Sent]) -> Vec<(u64, u64, u64)> {
    let numbers = |line: &String| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| value[name].as_u64().unwrap();
        (number("src_port"), number("packets"), number("rev_packets"))
    };
    metered(plan, sent).0.lines.iter().map(numbers).collect()
}

#[test]
fn both_directions_are_one_flow_whose_source_sent_first() {
    let (seen, counts) = metered(PLAN, &[(5, 2, 9000, 1, 53, 10), (7, 1, 53, 2, 9000, 100), (1008, 2, 9000, 1, 53, 0)]);
    assert_eq!(
        seen.lines,
        [
            r#"{"timestamp":"1970-01-01T00:00:00.005000Z","duration":1.003,"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","src_port":9000,"dst_port":53,"protocol":17,"packets":2,"bytes":66,"rev_packets":1,"rev_bytes":128,"app":"dns","tos":0,"clock":"implausible","app_guessed":true}"#
        ]
    );
    assert_eq!(counts, Counts::default());
}

#[test]
fn silence_of_the_timeout_and_being_open_for_the_other_begin_another_flow() {
    let two = |gap: i64| shapes(PLAN, &[(0, 1, 5, 2, 6, 0), (gap, 2, 6, 1, 5, 0)]);
    assert_eq!(two(2 * MINUTE - 1), [(5, 1, 1)]);
    assert_eq!(two(2 * MINUTE), [(5, 1, 0), (6, 1, 0)]);
    let many = |last: i64| {
        let mut sent: Vec<Sent> = (0..30).map(|minute| (minute * MINUTE, 1, 5, 2, 6, 0)).collect();
        sent.push((last, 2, 6, 1, 5, 0));
        shapes(PLAN, &sent)
    };
    assert_eq!(many(30 * MINUTE - 1), [(5, 30, 1)]);
    assert_eq!(many(30 * MINUTE), [(5, 30, 0), (6, 1, 0)]);
}

#[test]
fn timeouts_are_counted_in_whole_milliseconds_of_the_clock() {
    let (mut meter, mut seen) = (Meter::new(Plan { idle: 1, ..PLAN }), Seen::default());
    let bytes = frame((0, 1, 5, 2, 6, 0));
    for nanos in [0, 999_999, 1_000_000, 1_999_999, 2_000_000] {
        meter.packet(&Packet { time: Some(nanos), ..raw(0, &bytes) }, &mut seen);
    }
    meter.finish(&mut seen);
    assert_eq!(seen.lines.len(), 3);
    assert_eq!(shapes(Plan { idle: 0, ..PLAN }, &[(0, 1, 5, 2, 6, 0); 3]), [(5, 1, 0); 3]);
}

#[test]
fn time_does_not_go_back() {
    let sent = [(5000, 1, 5, 2, 6, 0), (1000, 1, 5, 2, 6, 0), (3000, 1, 7, 2, 6, 0), (6000, 1, 7, 2, 6, 0)];
    let (seen, counts) = metered(PLAN, &sent);
    assert!(seen.lines[0].contains("00:00:05.000000Z\",\"duration\":0,"), "{}", seen.lines[0]);
    assert!(seen.lines[1].contains("00:00:05.000000Z\",\"duration\":1,"), "{}", seen.lines[1]);
    assert_eq!(counts.backwards, 2);
}

#[test]
fn flows_come_out_by_their_last_packets() {
    let sent = [
        (0, 1, 1, 2, 6, 0),
        (1, 1, 2, 2, 6, 0),
        (2, 1, 3, 2, 6, 0),
        (3, 1, 1, 2, 6, 0),
        // Those above are silent by now.
        (3 * MINUTE, 1, 4, 2, 6, 0),
        (3 * MINUTE, 1, 5, 2, 6, 0),
        (4 * MINUTE, 1, 4, 2, 6, 0),
    ];
    assert_eq!(shapes(PLAN, &sent).iter().map(|f| f.0).collect::<Vec<_>>(), [2, 3, 1, 5, 4]);
}

#[test]
fn beyond_the_bound_the_flow_that_was_silent_longest_leaves() {
    let sent = [(0, 1, 1, 2, 6, 0), (1, 1, 2, 2, 6, 0), (2, 1, 1, 2, 6, 0), (3, 1, 3, 2, 6, 0), (4, 1, 1, 2, 6, 0)];
    assert_eq!(shapes(Plan { most: 2, ..PLAN }, &sent), [(2, 1, 0), (3, 1, 0), (1, 3, 0)]);
    assert_eq!(metered(Plan { most: 2, ..PLAN }, &sent).1.early, 1);
    assert_eq!(metered(Plan { most: 3, ..PLAN }, &sent).1.early, 0);
}

#[test]
fn any_packets_give_the_flows_of_a_plain_scan() {
    // What the list and the map do, done by looking at every flow for every packet.
    fn plainly(plan: Plan, sent: &[Sent]) -> Vec<(u64, u64, u64)> {
        let mut open: Vec<(Sent, i64, i64, [u64; 2])> = Vec::new();
        let mut done = Vec::new();
        for one in sent {
            open.sort_by_key(|(.., last, _)| *last);
            let at = open.iter().position(|(first, ..)| {
                let ends = |s: &Sent| ((s.1, s.2), (s.3, s.4));
                let ((a, b), (c, d)) = (ends(first), ends(one));
                (a, b) == (c, d) || (a, b) == (d, c)
            });
            let mut left = Vec::new();
            for (i, flow) in open.drain(..).enumerate() {
                let is_done = one.0 - flow.2 >= plan.idle || Some(i) == at && one.0 - flow.1 >= plan.active;
                if is_done { done.push(flow) } else { left.push(flow) }
            }
            open = left;
            let ends = |s: &Sent| ((s.1, s.2), (s.3, s.4));
            let met = open.iter_mut().find(|(first, ..)| {
                let ((a, b), (c, d)) = (ends(first), ends(one));
                (a, b) == (c, d) || (a, b) == (d, c)
            });
            match met {
                Some((first, _, last, packets)) => {
                    packets[usize::from((first.1, first.2) != (one.1, one.2))] += 1;
                    *last = one.0;
                }
                None => open.push((*one, one.0, one.0, [1, 0])),
            }
        }
        open.sort_by_key(|(.., last, _)| *last);
        done.extend(open);
        done.iter().map(|(first, .., [out, back])| (first.2.into(), *out, *back)).collect()
    }
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let plan = Plan { idle: 1 + next(40) as i64, active: 1 + next(100) as i64, ..PLAN };
        let mut now = 0;
        let sent: Vec<Sent> = (0..100)
            .map(|_| {
                // A time of its own each, so that the order of flows is one.
                now += 1 + next(20) as i64;
                (now, 1 + next(2) as u8, next(3) as u16, 1 + next(2) as u8, next(3) as u16, 0)
            })
            .collect();
        let (mut ours, mut plain) = (shapes(plan, &sent), plainly(plan, &sent));
        ours.sort_unstable();
        plain.sort_unstable();
        assert_eq!(ours, plain, "{plan:?} {sent:?}");
    }
}

#[test]
fn fragments_join_the_flow_of_the_first_and_those_without_are_counted() {
    let fragment = |id: u16, place: u16| {
        let mut bytes = frame((0, 1, 5353, 2, 53, 8));
        bytes[4..6].copy_from_slice(&id.to_be_bytes());
        bytes[6..8].copy_from_slice(&place.to_be_bytes());
        bytes
    };
    let (mut meter, mut seen) = (Meter::new(PLAN), Seen::default());
    for (time, id, place) in [(0, 1, 2), (1, 1, 0x2000), (2, 1, 0x2001), (3, 1, 2), (4, 2, 2), (MINUTE + 2, 1, 2)] {
        meter.packet(&raw(time, &fragment(id, place)), &mut seen);
    }
    meter.finish(&mut seen);
    assert_eq!((seen.packets, seen.lines.len()), (3, 1), "{:?}", seen.lines);
    assert!(seen.lines[0].contains("\"dst_port\":53,"));
    assert_eq!(seen.unused, [HEADLESS; 3]);
}

#[test]
fn what_is_no_packet_of_a_flow_is_counted_and_does_not_move_the_clock() {
    let (mut meter, mut seen) = (Meter::new(PLAN), Seen::default());
    let bytes = frame((0, 1, 5, 2, 6, 0));
    meter.packet(&raw(0, &bytes), &mut seen);
    meter.packet(&raw(5 * MINUTE, &[0x55; 40]), &mut seen);
    meter.packet(&Packet { link: 999, ..raw(5 * MINUTE, &bytes) }, &mut seen);
    meter.packet(&Packet { bytes: &bytes[..22], ..raw(5 * MINUTE, &bytes) }, &mut seen);
    meter.packet(&raw(1, &bytes), &mut seen);
    meter.packet(&Packet { time: None, ..raw(1, &bytes) }, &mut seen);
    meter.finish(&mut seen);
    assert_eq!(seen.unused, ["broken header", "unknown link type", "snapped header"]);
    assert_eq!((seen.packets, seen.lines.len(), meter.counted().backwards), (3, 1, 0));
}

#[test]
fn types_and_flags_are_those_of_the_packets() {
    let (mut meter, mut seen) = (Meter::new(PLAN), Seen::default());
    let mut bytes = frame((0, 1, 0x0304, 2, 6, 30));
    bytes[9] = 1;
    meter.packet(&raw(0, &bytes), &mut seen);
    bytes[20] = 0;
    meter.packet(&raw(0, &bytes), &mut seen);
    for (from, flags) in [(1, 2), (2, 18), (1, 17)] {
        let mut bytes = frame((0, from, 5, 3 - from, 5, 30));
        (bytes[9], bytes[32], bytes[33]) = (6, 0x50, flags);
        meter.packet(&raw(0, &bytes), &mut seen);
    }
    meter.finish(&mut seen);
    assert!(
        seen.lines[0].contains(r#""packets":2,"bytes":116,"rev_packets":0,"rev_bytes":0,"icmp_type":3,"icmp_code":4"#)
    );
    assert!(seen.lines[1].contains(r#""tcp_flags":19,"rev_tcp_flags":18"#), "{}", seen.lines[1]);
}

#[test]
fn nothing_is_handed_on_once_enough_was() {
    let mut meter = Meter::new(PLAN);
    let mut seen = Seen { most: Some(1), ..Seen::default() };
    for port in 0..3 {
        meter.packet(&raw(0, &frame((0, 1, port, 2, 6, 0))), &mut seen);
    }
    meter.finish(&mut seen);
    assert_eq!(seen.lines.len(), 1);
}

#[test]
fn statistics_are_those_of_the_packets() {
    let plan = Plan { statistics: true, samples: 5, layer: Layer::Payload, ..PLAN };
    let sent = [(0, 1, 5, 2, 6, 10), (10, 1, 5, 2, 6, 20), (40, 2, 6, 1, 5, 90), (100, 1, 5, 2, 6, 0)];
    let (seen, _) = metered(plan, &sent);
    let value: serde_json::Value = serde_json::from_str(&seen.lines[0]).unwrap();
    for (name, expected) in [
        ("bidirectional_packets", 4.0),
        ("bidirectional_bytes", 120.0),
        ("bidirectional_last_seen_ms", 100.0),
        ("bidirectional_duration_ms", 100.0),
        ("bidirectional_min_ps", 0.0),
        ("bidirectional_mean_ps", 30.0),
        // Of 10, 20, 90, 0: squares of differences 400, 100, 3600, 900 over 3.
        ("bidirectional_stddev_ps", (5000.0_f64 / 3.0).sqrt()),
        ("bidirectional_max_ps", 90.0),
        ("bidirectional_min_piat_ms", 10.0),
        ("bidirectional_mean_piat_ms", 100.0 / 3.0),
        // Of 10, 30, 60.
        ("bidirectional_stddev_piat_ms", (11_400.0_f64 / 9.0 / 2.0).sqrt()),
        ("bidirectional_max_piat_ms", 60.0),
        ("src2dst_packets", 3.0),
        ("src2dst_first_seen_ms", 0.0),
        ("src2dst_mean_ps", 10.0),
        ("src2dst_stddev_ps", 10.0),
        ("src2dst_min_piat_ms", 10.0),
        ("src2dst_max_piat_ms", 90.0),
        ("src2dst_stddev_piat_ms", (3200.0_f64).sqrt()),
        ("dst2src_packets", 1.0),
        ("dst2src_first_seen_ms", 40.0),
        ("dst2src_duration_ms", 0.0),
        ("dst2src_min_ps", 90.0),
        ("dst2src_stddev_ps", 0.0),
        ("dst2src_min_piat_ms", 0.0),
        ("dst2src_mean_piat_ms", 0.0),
    ] {
        let found = value[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{name}: {found}, not {expected}");
    }
    assert_eq!(value["splt_ps"], serde_json::json!([10, 20, 90, 0, -1]));
    assert_eq!(value["splt_direction"], serde_json::json!([0, 0, 1, 0, -1]));
    assert_eq!(value["splt_piat_ms"], serde_json::json!([0, 10, 30, 60, -1]));
    assert_eq!((value["bytes"].as_u64(), value["rev_bytes"].as_u64()), (Some(114), Some(118)));
}

#[test]
fn a_direction_without_packets_and_one_packet_have_zeros() {
    let (seen, _) = metered(Plan { statistics: true, ..PLAN }, &[(7, 1, 5, 2, 6, 10)]);
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&seen.lines[0]).unwrap();
    let of_back: Vec<_> = value.iter().filter(|(name, _)| name.starts_with("dst2src_")).collect();
    assert_eq!(of_back.len(), EACH);
    assert!(of_back.iter().all(|(_, value)| **value == 0), "{of_back:?}");
    for name in ["stddev_ps", "min_piat_ms", "mean_piat_ms", "stddev_piat_ms", "max_piat_ms"] {
        assert_eq!(value[&format!("src2dst_{name}")], 0, "{name}");
    }
}

#[test]
fn a_place_that_is_used_again_begins_without_what_was_there() {
    let plan = Plan { most: 1, statistics: true, samples: 2, ..PLAN };
    let (seen, _) = metered(plan, &[(0, 1, 5, 2, 6, 10), (1, 1, 5, 2, 6, 10), (2, 1, 7, 2, 6, 10)]);
    let value: serde_json::Value = serde_json::from_str(&seen.lines[1]).unwrap();
    assert_eq!((&value["bidirectional_packets"], &value["bidirectional_first_seen_ms"]), (&1.into(), &2.into()));
    assert_eq!(value["splt_ps"], serde_json::json!([38, -1]));
}
