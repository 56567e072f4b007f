//! The dialect of nfdump, for all its forms: its names, and what it prints beside records: summaries, times, and the
//! messages that end up between records where stderr goes into the same file. None of that is data or an error.

use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form};

/// What is particular to nfdump.
pub(crate) const NFDUMP: Dialect = Dialect {
    names: &[NAMES],
    aggregates: true,
    icmp_in_port: true,
    repeats_names: true,
    is_anybodys: false,
    is_remark,
    is_message,
    ..ANY
};

/// The names that nfdump prints: 48 columns of 1.6.13 to 1.7.4, chosen columns from 1.7.5, JSON of both.
#[rustfmt::skip]
pub(crate) const NAMES: &[Alias] = &[
    formed(Cell::Start, Form::UnpaddedMillis, &["tfirst"]),
    plain(Cell::Start, &["ts", "firstseen", "first"]),
    formed(Cell::End, Form::UnpaddedMillis, &["tlast"]),
    plain(Cell::End, &["te", "lastseen", "last"]),
    plain(Cell::Received, &["tr", "received"]),
    plain(Cell::Duration, &["td", "duration"]),
    plain(Cell::SrcIp, &["sa", "srcaddr", "src4addr", "src6addr"]),
    plain(Cell::DstIp, &["da", "dstaddr", "dst4addr", "dst6addr"]),
    plain(Cell::SrcPort, &["sp", "srcport"]),
    plain(Cell::DstPort, &["dp", "dstport"]),
    plain(Cell::Protocol, &["pr", "proto"]),
    plain(Cell::Packets, &["ipkt", "inpackets", "packets"]),
    plain(Cell::Bytes, &["ibyt", "inbytes", "bytes"]),
    formed(Cell::RevPackets, Form::ZeroIsNone, &["opkt", "outpackets"]),
    formed(Cell::RevBytes, Form::ZeroIsNone, &["obyt", "outbytes"]),
    plain(Cell::Flows, &["flows", "aggrflows"]),
    plain(Cell::TcpFlags, &["flg", "flags", "tcpflags"]),
    plain(Cell::IcmpType, &["icmptype"]),
    plain(Cell::IcmpCode, &["icmpcode"]),
    plain(Cell::Label, &["label"]),
    plain(Cell::Exporter, &["ra", "routerip", "ip4router", "ip6router"]),
    plain(Cell::InputIf, &["in", "input", "inputsnmp"]),
    plain(Cell::OutputIf, &["out", "output", "outputsnmp"]),
    plain(Cell::SrcAs, &["sas", "srcas"]),
    plain(Cell::DstAs, &["das", "dstas"]),
    plain(Cell::NextHop, &["nh", "nextip", "ip4nexthop", "ip6nexthop"]),
    plain(Cell::Tos, &["stos", "srctos", "tos"]),
    plain(Cell::Vlan, &["svln", "srcvlan", "vlanid"]),
];

/// How these begin.
const REMARKS: [&[u8]; 11] = [
    b"No matching flow",
    b"Summary",
    b"Top ",
    b"Aggregated flows",
    b"Time window:",
    b"Total flows processed:",
    b"Total records processed:",
    b"Sys:",
    b"Skip unknown record type",
    b"Skip records",
    b"Number of workers should not",
];

/// Whether a line is one that nfdump prints beside records.
pub(super) fn is_remark(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_uppercase) && REMARKS.iter().any(|r| line.starts_with(r))
}

/// Whether a line that is no record reads like a message, which is told but does not count as a record.
pub(super) fn is_message(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_alphabetic) && line.contains(&b' ')
}

/// The same for a message, with the text to tell.
pub(super) fn message(line: &[u8]) -> String {
    format!("not a record: {}", flow_record::value::text::snippet(line, 80))
}
