//! Other people's decoders read the same datagrams: `netflow_parser` and `sflow-parser` find the same records in them.
//!
//! Datagrams are those of the samples, and ones that are made here of random templates, fields of any size included.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use flowcat::export::{Damage, Decoder, Origin, Take};
use netflow_parser::NetflowParser;
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;

/// What is compared of a flow: addresses as text, then numbers.
type Compared = (Option<String>, Option<String>, [Option<u64>; 6]);

#[derive(Default)]
struct Taken {
    flows: Vec<Compared>,
    damaged: bool,
}

impl Take for Taken {
    fn flow(&mut self, flow: &Flow, _extras: &[u8]) {
        let address = |id| flow.address(id).map(|address| address.0.to_string());
        let number = |id: FieldId| flow.integer(id);
        self.flows.push((
            address(field::SRC_IP),
            address(field::DST_IP),
            [field::BYTES, field::PACKETS, field::PROTOCOL, field::SRC_PORT, field::DST_PORT, field::TOS].map(number),
        ));
    }

    fn unused(&mut self, _why: &'static str, _count: u64) {}

    fn damage(&mut self, _damage: &Damage, _rest: &[u8]) {
        self.damaged = true;
    }

    fn lost(&mut self, _field: FieldId, _value: u64) {}

    fn warn(&mut self, _kind: &'static str, _text: &str) {}
}

fn ours(datagrams: &[Vec<u8>]) -> Taken {
    let (mut decoder, mut taken) = (Decoder::new(false), Taken::default());
    datagrams.iter().for_each(|bytes| decoder.datagram(bytes, &Origin::default(), &mut taken));
    taken
}

/// The records that netflow_parser finds, each as names and values.
fn theirs(datagrams: &[Vec<u8>]) -> Vec<Vec<(String, Value)>> {
    let mut parser = NetflowParser::default();
    let mut records = Vec::new();
    for datagram in datagrams {
        let result = parser.parse_bytes(datagram);
        assert!(result.error.is_none(), "{:?}", result.error);
        for packet in result.packets {
            collect(&serde_json::to_value(packet).unwrap(), &mut records);
        }
    }
    records
}

/// Finds lists of records, which are lists of pairs of a name and a value, below `Data`.
fn collect(value: &Value, records: &mut Vec<Vec<(String, Value)>>) {
    match value {
        Value::Object(map) => {
            if let Some(fields) = map.get("Data").and_then(|data| data.get("fields")).and_then(Value::as_array) {
                records.extend(fields.iter().map(pairs));
                return;
            }
            map.values().for_each(|value| collect(value, records));
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, records)),
        _ => {}
    }
}

fn pairs(record: &Value) -> Vec<(String, Value)> {
    let pair = |pair: &Value| {
        let name = match &pair[0] {
            Value::String(name) => name.clone(),
            Value::Object(map) => map.values().next().unwrap().as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        (name, pair[1].clone())
    };
    record.as_array().unwrap().iter().map(pair).collect()
}

/// The number in a value, whatever wraps it.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::Object(map) => map.values().next().and_then(number),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => map.values().next().and_then(text),
        _ => None,
    }
}

/// What we compare of their record; names are those of NetFlow 9 or of IPFIX.
fn compared(record: &[(String, Value)]) -> Compared {
    let last = |names: &[&str]| {
        let is_it = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        record.iter().rev().find(|(name, _)| is_it(name)).map(|(_, value)| value)
    };
    let count = |names: &[&str]| last(names).and_then(number);
    let address = |v4: &[&str], v6: &[&str]| last(v4).or_else(|| last(v6)).and_then(text);
    (
        address(&["Ipv4SrcAddr", "SourceIpv4address"], &["Ipv6SrcAddr", "SourceIpv6address"]),
        address(&["Ipv4DstAddr", "DestinationIpv4address"], &["Ipv6DstAddr", "DestinationIpv6address"]),
        [
            count(&["InBytes", "OctetDeltaCount"]),
            count(&["InPkts", "PacketDeltaCount"]),
            None,
            count(&["L4SrcPort", "SourceTransportPort"]),
            count(&["L4DstPort", "DestinationTransportPort"]),
            count(&["SrcTos", "IpClassOfService"]).filter(|tos| *tos != 0),
        ],
    )
}

/// Both find the same flows; the protocol is not compared, which theirs gives as a name.
fn agree(datagrams: &[Vec<u8>]) -> usize {
    let ours = ours(datagrams);
    assert!(!ours.damaged);
    let theirs: Vec<_> = theirs(datagrams).iter().map(|record| compared(record)).collect();
    assert_eq!(ours.flows.len(), theirs.len());
    for (mut ours, theirs) in ours.flows.into_iter().zip(theirs) {
        let is_icmp = matches!(ours.2[2], Some(1 | 58));
        ours.2[2] = None;
        if is_icmp {
            // Ours has no ports there.
            (ours.2[3], ours.2[4]) = (theirs.2[3], theirs.2[4]);
        }
        assert_eq!(ours, theirs);
    }
    datagrams.len()
}

fn file(path: impl AsRef<Path>) -> Option<Vec<u8>> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).ok()
}

/// The datagrams of a sample of version 9 or 10.
fn cut(bytes: &[u8]) -> Vec<Vec<u8>> {
    let word = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let mut end = at + if word(at) == 10 { word(at + 2) } else { 20 };
        while word(at) == 9 && end < bytes.len() && word(end) != 9 {
            end += word(end + 2);
        }
        found.push(bytes[at..end].to_vec());
        at = end;
    }
    found
}

#[test]
fn samples_hold_the_records_that_netflow_parser_finds() {
    for name in ["sample.v9.dat", "sample.ipfix.dat"] {
        assert!(agree(&cut(&file(format!("tests/data/{name}")).unwrap())) > 0, "{name}");
    }
    let folder = "../shared/data/netflow_dat/logstash-plugins-logstash-codec-netflow";
    for files in [
        &["ipfix_test_mikrotik_tpl.dat", "ipfix_test_mikrotik_data258.dat", "ipfix_test_mikrotik_data259.dat"][..],
        &["ipfix_test_openbsd_pflow_tpl.dat", "ipfix_test_openbsd_pflow_data.dat"],
        &["netflow9_test_valid01.dat"],
        &["netflow9_test_cisco_asr9k_tpl260.dat", "netflow9_test_cisco_asr9k_data260.dat"],
        &["netflow9_test_h3c_tpl3281.dat", "netflow9_test_h3c_data3281.dat"],
    ] {
        let all = files.iter().map(|name| file(format!("{folder}/{name}"))).collect::<Option<Vec<_>>>();
        let Some(all) = all else {
            println!("skipped: {folder} is not there");
            return;
        };
        agree(&all);
    }
}

#[test]
fn samples_hold_the_flows_that_sflow_parser_finds() {
    let Some(bytes) = file("../shared/data/netflow_dat/influxdata-telegraf/sflow_issue_15918/message.bin") else {
        println!("skipped: ../shared is not there");
        return;
    };
    let taken = ours(std::slice::from_ref(&bytes));
    let datagram = serde_json::to_value(format!("{:?}", sflow_parser::parse_datagram(&bytes).unwrap())).unwrap();
    let text = datagram.as_str().unwrap();
    let lengths: Vec<u64> =
        text.split("frame_length: ").skip(1).map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(taken.flows.iter().map(|flow| flow.2[0].unwrap()).collect::<Vec<_>>(), lengths);
    // As telegraf decoded them.
    let first = (Some("192.168.227.2".into()), Some("192.168.101.2".into()));
    assert_eq!((taken.flows[0].0.clone(), taken.flows[0].1.clone()), first);
    assert_eq!(taken.flows[0].2, [Some(1286), Some(1), Some(17), Some(49_469), Some(2055), None]);
    assert_eq!((taken.flows.len(), taken.damaged), (6, false));
}

/// Elements that are compared, and others, each with the lengths that it may have.
const ELEMENTS: [(u16, &[u16]); 12] = [
    (8, &[4]),
    (12, &[4]),
    (27, &[16]),
    (1, &[4, 8]),
    (2, &[4, 8]),
    (4, &[1]),
    (5, &[1]),
    (7, &[2]),
    (11, &[2]),
    (10, &[2, 4]),
    (56, &[6]),
    (61, &[1]),
];

fn fields() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let one = (0..ELEMENTS.len(), any::<prop::sample::Index>())
        .prop_map(|(at, length)| (ELEMENTS[at].0, *length.get(ELEMENTS[at].1)));
    let distinct = |fields: &Vec<(u16, u16)>| {
        let has = |id| fields.iter().filter(|field| field.0 == id).count();
        // One that makes a flow, no two that say the same, and addresses of one version.
        ELEMENTS.iter().all(|(id, _)| has(*id) < 2) && has(1) + has(2) > 0 && has(8) + has(27) < 2
    };
    prop::collection::vec(one, 1..10).prop_filter("a template that both read alike", distinct)
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_templates_are_read_alike(
        fields in fields(),
        bytes in prop::collection::vec(0u8..128, 0..1000),
        is_9: bool,
    ) {
        let length: usize = fields.iter().map(|(_, length)| usize::from(*length)).sum();
        let mut bytes = bytes;
        bytes.truncate(bytes.len() / length * length);
        prop_assume!(!bytes.is_empty());
        // No count of more than 53 bits.
        let mut at = 0;
        for record in bytes.chunks_exact_mut(length) {
            at = 0;
            for (id, length) in &fields {
                if matches!(id, 1 | 2) && *length == 8 {
                    record[at..at + 2].fill(0);
                }
                at += usize::from(*length);
            }
        }
        prop_assert_eq!(at, length);
        let definition = [words(&[300, fields.len() as u16]), fields.iter().flat_map(|f| words(&[f.0, f.1])).collect()].concat();
        let set = |id: u16, body: &[u8]| [words(&[id, 4 + body.len() as u16]), body.to_vec()].concat();
        let sets = [set(if is_9 { 0 } else { 2 }, &definition), set(300, &bytes)].concat();
        let seconds = 1_700_000_000u32.to_be_bytes();
        let datagram = match is_9 {
            true => [words(&[9, 2]), vec![0; 4], seconds.to_vec(), vec![0; 8], sets].concat(),
            false => [words(&[10, 16 + sets.len() as u16]), seconds.to_vec(), vec![0; 8], sets].concat(),
        };
        agree(&[datagram]);
    }
}
