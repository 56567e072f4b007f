//! CSV of nfstream: flows of both directions, with statistics where those were asked for.
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
    open: |settings| Csv::open(settings, &NFSTREAM),
    takes: Takes::Lines,
    told_by: "a header with bidirectional_first_seen_ms, src2dst_packets and dst2src_packets",
    lost: "expiration_id, MAC addresses, counts of TCP flags, statistics of packets and gaps, names of servers, plug-ins",
};

const FIELDS: Set = TWO_WAY.and(&[field::APP, field::VLAN, field::BYTE_LAYER]);

const SPEC: Spec = Spec {
    name: "nfstream",
    about: "CSV of nfstream, with and without statistics",
    explain: "
src2dst is the direction of the first packet, dst2src the other (rev_). Times are milliseconds since 1970. Bytes are those
of the link layer (byte_layer: l2), which nfstream counts unless accounting_mode says otherwise; the file does not tell.
application_name is app, unless it is Unknown. A flow that expired while it went on (expiration_id 1) is followed by
another record: --rejoin joins them. ICMP has no type and code.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one record of at most 1 MiB",
    source: "nfstream 6, flow.py",
    ..SPEC_OF_ROWS
};

const NFSTREAM: Dialect =
    Dialect { names: &[NAMES], byte_layer: Some("l2"), settle, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    formed(Cell::Start, Form::Millis, &["bidirectionalfirstseenms"]),
    formed(Cell::End, Form::Millis, &["bidirectionallastseenms"]),
    formed(Cell::Duration, Form::Millis, &["bidirectionaldurationms"]),
    plain(Cell::SrcIp, &["srcip"]),
    plain(Cell::DstIp, &["dstip"]),
    plain(Cell::SrcPort, &["srcport"]),
    plain(Cell::DstPort, &["dstport"]),
    plain(Cell::Protocol, &["protocol"]),
    plain(Cell::Packets, &["src2dstpackets"]),
    plain(Cell::Bytes, &["src2dstbytes"]),
    plain(Cell::RevPackets, &["dst2srcpackets"]),
    plain(Cell::RevBytes, &["dst2srcbytes"]),
    plain(Cell::App, &["applicationname"]),
    formed(Cell::Vlan, Form::Lenient, &["vlanid"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if matches!(row.text(Cell::App), Some((b"Unknown", _))) {
        row.remove(Cell::App);
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    let names = ["bidirectionalfirstseenms", "src2dstpackets", "dst2srcpackets"];
    if has_columns(head, &names) { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::lines;

    #[test]
    fn a_row_becomes_a_two_way_flow() {
        let text = "id,expiration_id,src_ip,src_mac,src_oui,src_port,dst_ip,dst_mac,dst_oui,dst_port,protocol,ip_version,vlan_id,tunnel_id,bidirectional_first_seen_ms,bidirectional_last_seen_ms,bidirectional_duration_ms,bidirectional_packets,bidirectional_bytes,src2dst_first_seen_ms,src2dst_last_seen_ms,src2dst_duration_ms,src2dst_packets,src2dst_bytes,dst2src_first_seen_ms,dst2src_last_seen_ms,dst2src_duration_ms,dst2src_packets,dst2src_bytes,application_name\n0,0,192.168.229.254,00:16:47:9d:f2:c2,00:16:47,443,192.168.202.79,00:0c:29:41:4b:e7,00:0c:29,46117,6,4,120,0,1331901000000,1331901000250,250,12,1592,1331901000000,1331901000000,0,9,1156,1331901000000,1331901000000,0,3,436,\"TLS\"\n1,0,fe80::1,,,0,ff02::16,,,0,58,6,0,0,1331901000000,1331901000000,0,1,90,0,0,0,1,90,0,0,0,0,0,Unknown\n";
        assert_eq!(
            lines(text, &[]),
            [
                r#"{"timestamp":"2012-03-16T12:30:00.000Z","duration":0.25,"src_ip":"192.168.229.254","dst_ip":"192.168.202.79","src_port":443,"dst_port":46117,"protocol":6,"packets":9,"bytes":1156,"rev_packets":3,"rev_bytes":436,"app":"TLS","vlan":120,"byte_layer":"l2"}"#,
                r#"{"timestamp":"2012-03-16T12:30:00.000Z","duration":0,"src_ip":"fe80::1","dst_ip":"ff02::16","src_port":0,"dst_port":0,"protocol":58,"packets":1,"bytes":90,"rev_packets":0,"rev_bytes":0,"byte_layer":"l2"}"#,
            ]
        );
    }
}
