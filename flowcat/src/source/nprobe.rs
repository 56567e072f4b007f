//! Tables with NetFlow version 9's names, as nProbe writes them, and the NF data sets made with it (NF-UNSW-NB15,
//! NF-ToN-IoT, NF-BoT-IoT, NF-CSE-CIC-IDS2018, NF-UQ-NIDS, versions 1 to 3).
//!
//! The reading is that of [`super::csv`].

use super::csv::Csv;
use super::csv::header::has_columns;
use super::fields::{Set, TWO_WAY};
use super::{Format, Probe, SPEC_OF_ROWS, Takes};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Row};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Csv::open(settings, &NPROBE),
    takes: Takes::Lines,
    told_by: "a header with IPV4_SRC_ADDR or IPV6_SRC_ADDR, PROTOCOL and IN_BYTES",
    lost: "L7_PROTO as a number, TTLs, lengths and counts of packets by size, retransmissions, windows, gaps, DNS and FTP fields",
};

const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::APP,
    field::LABEL,
    field::ATTACK,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::TOS,
    field::VLAN,
]);

const SPEC: Spec = Spec {
    name: "nprobe",
    about: "nProbe's CSV by NetFlow's names; the NF data sets, 1 to 3",
    explain: "
IN_ is from source to destination, OUT_ the other direction (rev_); bytes are those of IP. FLOW_START_MILLISECONDS and
FIRST_SWITCHED begin a flow; versions 1 and 2 of the data sets have no times, and FLOW_DURATION_MILLISECONDS alone.
CLIENT_TCP_FLAGS and SERVER_TCP_FLAGS are tcp_flags and rev_tcp_flags; where there is only TCP_FLAGS, which is of both
directions together, it is tcp_flags. ICMP_TYPE is type * 256 + code, for ICMP alone. Label 0 and 1 become benign and
malicious; Attack is attack, unless it is Benign. L7_PROTO_NAME is app.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one record of at most 1 MiB",
    source: "nProbe, flow information elements; Sarhan, Layeghy and Portmann (2022), NF-v2; NF-v3 (2024)",
    ..SPEC_OF_ROWS
};

const NPROBE: Dialect = Dialect { names: &[NAMES], settle, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    formed(Cell::Start, Form::Millis, &["flowstartmilliseconds"]),
    formed(Cell::Start, Form::Seconds, &["flowstartseconds", "flowstartsec"]),
    plain(Cell::Start, &["firstswitched"]),
    formed(Cell::End, Form::Millis, &["flowendmilliseconds"]),
    formed(Cell::End, Form::Seconds, &["flowendseconds", "flowendsec"]),
    plain(Cell::End, &["lastswitched"]),
    formed(Cell::Duration, Form::Millis, &["flowdurationmilliseconds"]),
    plain(Cell::SrcIp, &["ipv4srcaddr", "ipv6srcaddr"]),
    plain(Cell::DstIp, &["ipv4dstaddr", "ipv6dstaddr"]),
    plain(Cell::SrcPort, &["l4srcport"]),
    plain(Cell::DstPort, &["l4dstport"]),
    formed(Cell::Protocol, Form::Lenient, &["protocol"]),
    plain(Cell::Packets, &["inpkts"]),
    plain(Cell::Bytes, &["inbytes"]),
    plain(Cell::RevPackets, &["outpkts"]),
    plain(Cell::RevBytes, &["outbytes"]),
    formed(Cell::TcpFlags, Form::Lenient, &["clienttcpflags"]),
    formed(Cell::TcpFlags, Form::Lenient, &["tcpflags"]),
    formed(Cell::RevTcpFlags, Form::Lenient, &["servertcpflags"]),
    plain(Cell::IcmpType, &["icmptype"]),
    plain(Cell::App, &["l7protoname"]),
    plain(Cell::Label, &["label"]),
    plain(Cell::Attack, &["attack"]),
    formed(Cell::InputIf, Form::Lenient, &["inputsnmp"]),
    formed(Cell::OutputIf, Form::Lenient, &["outputsnmp"]),
    formed(Cell::SrcAs, Form::Lenient, &["srcas"]),
    formed(Cell::DstAs, Form::Lenient, &["dstas"]),
    formed(Cell::Tos, Form::Lenient, &["srctos"]),
    formed(Cell::Vlan, Form::Lenient, &["srcvlan"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if let Some(both) = row.number(Cell::IcmpType) {
        row.put_number(Cell::IcmpType, Form::Plain, both >> 8);
        row.put_number(Cell::IcmpCode, Form::Plain, both & 255);
    }
    if row.text(Cell::Attack).is_some_and(|(text, _)| text.eq_ignore_ascii_case(b"benign")) {
        row.remove(Cell::Attack);
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    let is_ours = ["ipv4srcaddr", "ipv6srcaddr"].iter().any(|name| has_columns(head, &[name, "protocol", "inbytes"]));
    if is_ours { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::lines;

    #[test]
    fn data_sets_of_version_1_have_no_times() {
        let text = "IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,OUT_BYTES,IN_PKTS,OUT_PKTS,TCP_FLAGS,FLOW_DURATION_MILLISECONDS,Label,Attack\n149.171.126.0,62073,59.166.0.5,56082,6,0.0,9672,416,11,8,25,15,0,Benign\n175.45.176.2,0,149.171.126.16,0,17,0.0,9672,0,11,0,0,4294952,1,Exploits\n";
        assert_eq!(
            lines(text, &[]),
            [
                r#"{"duration":0.015,"src_ip":"149.171.126.0","dst_ip":"59.166.0.5","src_port":62073,"dst_port":56082,"protocol":6,"packets":11,"bytes":9672,"rev_packets":8,"rev_bytes":416,"tcp_flags":25,"label":"benign"}"#,
                r#"{"duration":4294.952,"src_ip":"175.45.176.2","dst_ip":"149.171.126.16","src_port":0,"dst_port":0,"protocol":17,"packets":11,"bytes":9672,"rev_packets":0,"rev_bytes":0,"label":"malicious","attack":"Exploits"}"#,
            ]
        );
    }

    #[test]
    fn data_sets_of_version_3_have_times_and_flags_of_each_direction() {
        let text = "FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,ICMP_TYPE,ICMP_IPV4_TYPE,Label,Attack\n1424242193040,1424242193043,59.166.0.2,4894,149.171.126.3,53,6,5.0,146,2,178,2,27,26,27,3,0,0,0,Benign\n1424242193040,1424242193043,59.166.0.2,0,149.171.126.3,769,1,5.0,146,2,178,2,0,0,0,3,769,3,0,Benign\n";
        let flow = r#"{"timestamp":"2015-02-18T06:49:53.040Z","duration":0.003,"src_ip":"59.166.0.2","dst_ip":"149.171.126.3","src_port":4894,"dst_port":53,"protocol":6,"packets":2,"bytes":146,"rev_packets":2,"rev_bytes":178,"tcp_flags":26,"rev_tcp_flags":27,"label":"benign"}"#;
        let lines = lines(text, &[]);
        assert_eq!(lines[0], flow);
        assert!(lines[1].contains(r#""icmp_type":3,"icmp_code":1"#), "{}", lines[1]);
        let bars = text.replace(',', "|");
        assert_eq!(crate::source::testing::lines(bars, &[])[0], flow);
    }
}
