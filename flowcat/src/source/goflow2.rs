//! JSON of goflow2: names in snake case (version 2) or in Pascal case (version 1 and goflow).
//!
//! The reading is that of [`super::json`].

use super::fields::{ONE_WAY, Set};
use super::json::{Json, probe_own};
use super::{Format, Probe, SPEC_OF_OBJECTS, Takes};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::scan::Clean;
use flow_record::scan::walk::Walk;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &GOFLOW2)),
    takes: Takes::Objects,
    told_by: "an object with sampler_address or SamplerAddress, and a time at which it was received",
    lost: "MAC addresses, MPLS, BGP communities and paths, prefixes, fragments, TTLs, forwarding status, observation domain",
};

const FIELDS: Set = ONE_WAY.and(&[
    field::TCP_FLAGS,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::NEXT_HOP,
    field::TOS,
    field::VLAN,
    field::SAMPLING,
    field::BYTE_LAYER,
]);

const SPEC: Spec = Spec {
    name: "goflow2",
    about: "JSON of goflow2, versions 1 and 2",
    explain: "
Names are those of version 2 (time_flow_start_ns, src_addr) or 1 (TimeFlowStart, SrcAddr). Times are nanoseconds,
milliseconds or seconds since 1970 by their names, or RFC 3339 where a mapping file asks for that; a start of 0 is none. A
start more than a day after its reception is marked clock: implausible. Protocols are names or numbers; one without a
number here is absent. ICMP's type and code come from icmp_type and icmp_code, or, where both are 0, from the destination
port. Of NetFlow and IPFIX bytes are those of IP; of sFlow (SFLOW_5) those of a sampled frame (byte_layer: l2), and each
line is one packet. Counts are not multiplied by sampling_rate; of 0 it is not known. Addresses in base64, as protobuf's
own JSON has them, are rejected.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "goflow2 1.3 and 2.2, docs/protocols.md and the JSON format",
    ..SPEC_OF_OBJECTS
};

const GOFLOW2: Dialect =
    Dialect { names: &[NAMES], settle, icmp_in_port: true, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Event, &["type"]),
    formed(Cell::Start, Form::Nanos, &["timeflowstartns"]),
    formed(Cell::Start, Form::Millis, &["timeflowstartms"]),
    plain(Cell::Start, &["timeflowstart"]),
    formed(Cell::End, Form::Nanos, &["timeflowendns"]),
    formed(Cell::End, Form::Millis, &["timeflowendms"]),
    plain(Cell::End, &["timeflowend"]),
    formed(Cell::Received, Form::Nanos, &["timereceivedns"]),
    formed(Cell::Received, Form::Millis, &["timereceivedms"]),
    plain(Cell::Received, &["timereceived"]),
    plain(Cell::SrcIp, &["srcaddr"]),
    plain(Cell::DstIp, &["dstaddr"]),
    plain(Cell::SrcPort, &["srcport"]),
    plain(Cell::DstPort, &["dstport"]),
    formed(Cell::Protocol, Form::Lenient, &["proto"]),
    plain(Cell::Packets, &["packets"]),
    plain(Cell::Bytes, &["bytes"]),
    plain(Cell::TcpFlags, &["tcpflags"]),
    plain(Cell::IcmpType, &["icmptype"]),
    plain(Cell::IcmpCode, &["icmpcode"]),
    formed(Cell::Exporter, Form::Lenient, &["sampleraddress"]),
    plain(Cell::InputIf, &["inif"]),
    plain(Cell::OutputIf, &["outif"]),
    plain(Cell::SrcAs, &["srcas"]),
    plain(Cell::DstAs, &["dstas"]),
    formed(Cell::NextHop, Form::Lenient, &["nexthop"]),
    plain(Cell::Tos, &["iptos"]),
    formed(Cell::Vlan, Form::Lenient, &["vlanid"]),
    formed(Cell::Vlan, Form::Lenient, &["srcvlan"]),
    plain(Cell::Sampling, &["samplingrate"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if matches!(row.text(Cell::Event), Some((b"SFLOW_5", _))) {
        row.reform(Cell::Bytes, Form::Frames);
    }
    for cell in [Cell::Start, Cell::End] {
        if matches!(row.text(cell), Some((b"0", _))) {
            row.remove(cell);
        }
    }
    let (kind, code) = (row.number(Cell::IcmpType), row.number(Cell::IcmpCode));
    if kind.unwrap_or(0) == 0 && code.unwrap_or(0) == 0 && row.number(Cell::DstPort).is_some_and(|port| port > 0) {
        row.remove(Cell::IcmpType);
        row.remove(Cell::IcmpCode);
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    probe_own(head, is_goflow)
}

fn is_goflow(text: Clean<'_>) -> bool {
    let (mut has_sampler, mut has_time) = (false, false);
    let mut walk = Walk::new(text);
    while let Ok(Some(member)) = walk.member() {
        let key = member.key.trim_matches('"');
        has_sampler |= matches!(key, "sampler_address" | "SamplerAddress");
        has_time |= matches!(key, "time_received_ns" | "time_received" | "TimeReceived" | "TimeReceivedNs");
    }
    has_sampler && has_time
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const NEW: &str = r#"{"type":"NETFLOW_V9","time_received_ns":1700000010000000000,"sequence_num":7,"sampling_rate":1000,"sampler_address":"192.0.2.1","time_flow_start_ns":1700000000123000001,"time_flow_end_ns":1700000001253000001,"bytes":1258,"packets":12,"src_addr":"10.0.0.5","dst_addr":"93.184.216.34","etype":"IPv4","proto":"TCP","src_port":51000,"dst_port":443,"in_if":3,"out_if":4,"src_mac":"00:00:00:00:00:00","src_vlan":20,"dst_vlan":0,"vlan_id":0,"ip_tos":8,"tcp_flags":27,"icmp_type":0,"icmp_code":0,"src_as":64500,"dst_as":0,"next_hop":"192.0.2.254","src_net":"10.0.0.0/24"}"#;
    const FLOW: &str = r#"{"timestamp":"2023-11-14T22:13:20.123000001Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1258,"tcp_flags":27,"exporter":"192.0.2.1","input_if":3,"output_if":4,"src_as":64500,"next_hop":"192.0.2.254","tos":8,"sampling":1000}"#;

    #[test]
    fn names_of_both_versions_mean_the_same() {
        assert_eq!(lines(format!("{NEW}\n{NEW}\n"), &[]), [FLOW, FLOW]);
        let old = r#"{"Type":"NETFLOW_V9","TimeReceived":1700000010,"SamplingRate":1000,"SamplerAddress":"192.0.2.1","TimeFlowStart":1700000000,"TimeFlowEnd":1700000001,"Bytes":1258,"Packets":12,"SrcAddr":"10.0.0.5","DstAddr":"93.184.216.34","Etype":2048,"Proto":6,"SrcPort":51000,"DstPort":443,"InIf":3,"OutIf":4,"VlanID":0,"IPTos":8,"TCPFlags":27,"IcmpType":0,"IcmpCode":0,"SrcAS":64500,"DstAS":0,"NextHop":"192.0.2.254"}"#;
        let flow = FLOW.replace(".123000001Z\",\"duration\":1.13", ".000Z\",\"duration\":1");
        assert_eq!(lines(format!("{old}\n"), &[]), [flow]);
        let mapped = NEW.replace("1700000000123000001", "\"2023-11-14T22:13:20.123000001Z\"");
        assert_eq!(lines(format!("{mapped}\n"), &[]), [FLOW]);
    }

    #[test]
    fn icmp_stands_in_its_members_or_in_the_port_and_sflow_counts_frames() {
        let icmp = NEW.replace("\"TCP\"", "\"ICMP\"").replace("51000", "0");
        for (port, kind, code, part) in [
            ("443", "3", "1", r#""icmp_type":3,"icmp_code":1"#),
            ("2048", "0", "0", r#""icmp_type":8,"icmp_code":0"#),
            ("0", "0", "0", r#""icmp_type":0,"icmp_code":0"#),
        ] {
            let text = icmp.replace(":443", &format!(":{port}"));
            let text =
                text.replace("icmp_type\":0,\"icmp_code\":0", &format!("icmp_type\":{kind},\"icmp_code\":{code}"));
            let line = &lines(format!("{text}\n"), &[])[0];
            assert!(line.contains(part) && line.contains(r#""src_port":0,"dst_port":0"#), "{line}");
        }
        let sflow = NEW.replace("NETFLOW_V9", "SFLOW_5");
        assert!(lines(format!("{sflow}\n"), &[])[0].contains(r#""byte_layer":"l2""#));
    }

    #[test]
    fn a_clock_that_is_ahead_is_marked_and_bad_addresses_are_rejected() {
        let ahead = NEW.replace("1700000000123000001", "1800000000000000000").replace("1700000001253000001", "0");
        assert!(lines(format!("{ahead}\n"), &[])[0].contains(r#""clock":"implausible""#));
        let bad = NEW.replace("10.0.0.5", "CgAABQ==");
        assert_eq!(rejects(format!("{NEW}\n{bad}\n"), &[]).len(), 1);
    }
}
