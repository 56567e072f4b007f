//! Suricata's eve.json: events of type flow (both directions) and netflow (one), each an object a line.
//!
//! The reading is that of [`super::json`]; counts and times are members of the event's own object.

use super::fields::{Set, TWO_WAY};
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
    open: |s| Box::new(Json::new(s, &SURICATA)),
    takes: Takes::Objects,
    told_by: "an object with event_type and timestamp, and no dst_ip or ip_src",
    lost: "flow_id, age, reason, alerted, what else is in tcp, TTLs",
};

const FIELDS: Set =
    TWO_WAY.and(&[field::TCP_FLAGS, field::REV_TCP_FLAGS, field::APP, field::STATE, field::VLAN, field::BYTE_LAYER]);

const SPEC: Spec = Spec {
    name: "suricata",
    about: "flow and netflow events of Suricata's eve.json",
    explain: "
Events of type flow are two-way, client
to server; those of type netflow one direction. Other events (alert, dns, stats, ...) are no flows and are counted as
unused, though they may have a flow in them. Times are start and end in the event; timestamp, when it was written, only
checks them. Bytes count whole packets, link header included (byte_layer: l2). tcp_flags is tcp.tcp_flags_ts and
rev_tcp_flags tcp.tcp_flags_tc, in hex; of a netflow event tcp.tcp_flags. app_proto failed is no application. Of several
VLANs the outer one is taken.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one object of at most 1 MiB; the names that were met",
    source: "Suricata 2 to 8, EVE JSON output",
    ..SPEC_OF_OBJECTS
};

const SURICATA: Dialect = Dialect {
    names: &[NAMES],
    byte_layer: Some("l2"),
    digits: Some(6),
    settle,
    nested: &["flow", "netflow", "tcp"],
    // Alerts of some versions do.
    repeats_names: true,
    is_anybodys: false,
    ..ANY
};

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["flowstart", "netflowstart"]),
    plain(Cell::End, &["flowend", "netflowend"]),
    plain(Cell::Received, &["timestamp"]),
    plain(Cell::Event, &["eventtype"]),
    plain(Cell::SrcIp, &["srcip"]),
    plain(Cell::DstIp, &["destip"]),
    plain(Cell::SrcPort, &["srcport"]),
    plain(Cell::DstPort, &["destport"]),
    plain(Cell::Protocol, &["proto"]),
    plain(Cell::Packets, &["flowpktstoserver", "netflowpkts"]),
    plain(Cell::Bytes, &["flowbytestoserver", "netflowbytes"]),
    plain(Cell::RevPackets, &["flowpktstoclient"]),
    plain(Cell::RevBytes, &["flowbytestoclient"]),
    formed(Cell::TcpFlags, Form::Hex, &["tcptcpflagsts"]),
    formed(Cell::TcpFlags, Form::Hex, &["tcptcpflags"]),
    formed(Cell::RevTcpFlags, Form::Hex, &["tcptcpflagstc"]),
    plain(Cell::IcmpType, &["icmptype"]),
    plain(Cell::IcmpCode, &["icmpcode"]),
    plain(Cell::App, &["appproto"]),
    plain(Cell::State, &["flowstate"]),
    formed(Cell::Vlan, Form::Lenient, &["vlan"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if !matches!(row.text(Cell::Event), Some((b"flow" | b"netflow", _))) {
        return Some("events that are no flows");
    }
    if matches!(row.text(Cell::App), Some((b"failed", _))) {
        row.remove(Cell::App);
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    probe_own(head, is_event)
}

fn is_event(text: Clean<'_>) -> bool {
    let (mut has_type, mut has_time, mut is_other) = (false, false, false);
    let mut walk = Walk::new(text);
    while let Ok(Some(member)) = walk.member() {
        match member.key {
            "\"event_type\"" => has_type = member.value.starts_with('"'),
            "\"timestamp\"" => has_time = true,
            "\"dst_ip\"" | "\"ip_src\"" => is_other = true,
            _ => {}
        }
    }
    has_type && has_time && !is_other
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const EVENT: &str = r#"{"timestamp":"2023-11-14T22:14:30.000145+0000","flow_id":1826328434224160000,"in_iface":"eth0","event_type":"flow","vlan":[10,20],"src_ip":"10.0.0.5","src_port":51000,"dest_ip":"93.184.216.34","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":12,"pkts_toclient":10,"bytes_toserver":1426,"bytes_toclient":5928,"start":"2023-11-14T22:13:20.123456+0000","end":"2023-11-14T22:13:21.253456+0000","age":1,"state":"closed","reason":"timeout","alerted":false},"tcp":{"tcp_flags":"1f","tcp_flags_ts":"1b","tcp_flags_tc":"12","syn":true,"state":"closed"}}"#;
    const FLOW: &str = r#"{"timestamp":"2023-11-14T22:13:20.123456Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1426,"rev_packets":10,"rev_bytes":5928,"tcp_flags":27,"rev_tcp_flags":18,"app":"tls","state":"closed","vlan":10,"byte_layer":"l2"}"#;

    #[test]
    fn a_flow_event_becomes_a_two_way_flow() {
        assert_eq!(lines(format!("{EVENT}\n{EVENT}\n"), &[]), [FLOW, FLOW]);
    }

    #[test]
    fn a_netflow_event_is_one_direction() {
        let event = r#"{"timestamp":"2023-11-14T22:14:30.000145+0000","event_type":"netflow","src_ip":"10.0.0.5","src_port":51000,"dest_ip":"93.184.216.34","dest_port":443,"proto":"TCP","app_proto":"failed","netflow":{"pkts":12,"bytes":1426,"start":"2023-11-14T22:13:20.123456+0000","end":"2023-11-14T22:13:21.253456+0000","age":1,"min_ttl":64,"max_ttl":64},"tcp":{"tcp_flags":"1b"}}"#;
        let flow = r#"{"timestamp":"2023-11-14T22:13:20.123456Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1426,"tcp_flags":27,"byte_layer":"l2"}"#;
        assert_eq!(lines(format!("{event}\n"), &[]), [flow]);
    }

    #[test]
    fn icmp_has_its_own_members() {
        let event = r#"{"timestamp":"2017-04-06T18:16:01.000345+0000","event_type":"flow","src_ip":"0000:0000:0000:0000:0000:0000:0000:0000","dest_ip":"ff02:0000:0000:0000:0000:0000:0000:0016","proto":"IPv6-ICMP","icmp_type":143,"icmp_code":0,"flow":{"pkts_toserver":2,"bytes_toserver":180,"start":"2017-04-06T18:15:29.502480+0000","end":"2017-04-06T18:15:29.502480+0000"}}"#;
        let flow = r#"{"timestamp":"2017-04-06T18:15:29.502480Z","duration":0,"src_ip":"::","dst_ip":"ff02::16","src_port":0,"dst_port":0,"protocol":58,"packets":2,"bytes":180,"icmp_type":143,"icmp_code":0,"byte_layer":"l2"}"#;
        assert_eq!(lines(format!("{event}\n"), &[]), [flow]);
    }

    #[test]
    fn other_events_are_unused_also_before_the_first_flow() {
        let stats = r#"{"timestamp":"2023-11-14T22:14:30.000145+0000","event_type":"stats","stats":{"uptime":8}}"#;
        let alert = EVENT.replace("\"event_type\":\"flow\"", "\"event_type\":\"alert\"");
        let outcome = outcome(format!("{stats}\n{alert}\n{EVENT}\n{stats}\n"), &[]);
        assert_eq!((outcome.lines, outcome.rejects.len(), outcome.code), (vec![FLOW.to_owned()], 0, 0));
    }

    #[test]
    fn a_bad_event_is_rejected_and_what_is_kept_stays_valid() {
        let bad = EVENT.replace("10.0.0.5", "10.0.0");
        let twice = EVENT.replace("\"age\":1", "\"start\":1");
        let text = format!("{EVENT}\n{bad}\n{twice}\n{}\n", &EVENT[..200]);
        let outcome = outcome(text, &["--keep-extra"]);
        assert_eq!((outcome.lines.len(), outcome.rejects.len(), outcome.code), (1, 3, 3));
        let kept: serde_json::Value = serde_json::from_str(&outcome.lines[0]).unwrap();
        assert_eq!((kept["flow.age"].as_u64(), kept["tcp.syn"].as_bool()), (Some(1), Some(true)));
    }
}
