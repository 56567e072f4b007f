//! Argus flows as `ra -c` prints them, and CTU's binetflow: rows with any one character between columns, never quoted.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::fields::{Set, TWO_WAY};
use super::table::{Header, Layout, Table};
use super::{Format, Probe, SPEC_OF_ROWS, Takes, first_line};
use crate::row::alias::{Alias, formed, normal, plain};
use crate::row::{ANY, Cell, Dialect, Form, NOWHERE, Row};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Table::open(settings, &LAYOUT),
    takes: Takes::Lines,
    told_by: "a header with SrcAddr or DstAddr and others of Argus' names, in any letter case, with commas, tabs, bars or semicolons",
    lost: "Flgs, dTos, user data, loss and jitter",
};

/// What Argus can give.
pub(super) const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::APP,
    field::STATE,
    field::LABEL,
    field::ATTACK,
    field::SRC_AS,
    field::DST_AS,
    field::TOS,
    field::VLAN,
    field::BYTE_LAYER,
]);

const SPEC: Spec = Spec {
    name: "argus",
    about: "Argus flows: ra -c, with any columns, and CTU's binetflow",
    explain: "
Times are local: --tz says where. ra's own default prints the time of day without a date: such
flows begin on 1970-01-01 and say clock: no-date; ra -u prints all of it. Bytes are those of the link layer (byte_layer:
l2). Columns of both directions (TotPkts, TotBytes) give rev_ as what is left of SrcPkts and SrcBytes; where those are not
there, packets and bytes are of both directions. Where Dir points only to the left, the ends and their counts change
places, so that the source is who opened the connection or sent. Ports may be numbers, hex, or names of services in IANA's
registry; an empty one is absent. ICMP's type and code are the low and the high byte of Sport; of ICMPv6 Sport is the type
and Dport the code. A MAC address where an IP address should be is left out, and so are protocols that are not IP's (arp,
llc); rtp, rtcp and udt are UDP, and app. State is state; where it is letters, as FSPA_FSA (ra -Z b), tcp_flags and
rev_tcp_flags too. Labels flow=...Botnet or Malware are malicious, and attack; Normal is benign, Background background.
Management records (man) are no flows and counted as unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Argus clients 3.0.8 and 5.0, ra; CTU-13",
    ..SPEC_OF_ROWS
};

const LAYOUT: Layout =
    Layout { dialect: &ARGUS, header, bare: |_| None, unknown: "no header of Argus came before", closes_rows: false };

/// What is particular to Argus.
pub(super) const ARGUS: Dialect =
    Dialect { names: &[NAMES], byte_layer: Some("l2"), settle, is_anybodys: false, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["starttime", "stime"]),
    plain(Cell::End, &["lasttime", "ltime"]),
    plain(Cell::Duration, &["dur"]),
    formed(Cell::Protocol, Form::Lenient, &["proto"]),
    plain(Cell::SrcIp, &["srcaddr", "saddr"]),
    plain(Cell::DstIp, &["dstaddr", "daddr"]),
    formed(Cell::SrcPort, Form::CodeAndType, &["sport"]),
    formed(Cell::DstPort, Form::CodeAndType, &["dport"]),
    plain(Cell::Direction, &["dir"]),
    plain(Cell::Packets, &["srcpkts", "spkts"]),
    plain(Cell::Bytes, &["srcbytes", "sbytes"]),
    plain(Cell::RevPackets, &["dstpkts", "dpkts"]),
    plain(Cell::RevBytes, &["dstbytes", "dbytes"]),
    plain(Cell::AllPackets, &["totpkts", "pkts"]),
    plain(Cell::AllBytes, &["totbytes", "bytes"]),
    plain(Cell::State, &["state"]),
    plain(Cell::Label, &["label"]),
    formed(Cell::Tos, Form::Lenient, &["stos"]),
    formed(Cell::Vlan, Form::Lenient, &["svlan", "svid"]),
    formed(Cell::SrcAs, Form::Lenient, &["sas"]),
    formed(Cell::DstAs, Form::Lenient, &["das"]),
    plain(Cell::Event, &["type"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    let is_flow = matches!(row.text(Cell::Event), None | Some((b"flow", _)));
    let protocol = row.text(Cell::Protocol).map_or(&b""[..], |(text, _)| text);
    let is_icmp = matches!(protocol, b"icmp" | b"ipv6-icmp" | b"1" | b"58");
    match protocol {
        _ if !is_flow => return Some("management records"),
        b"man" | b"evt" => return Some("management records"),
        b"rtp" | b"rtcp" | b"udt" => {
            row.part(Cell::Protocol, 0, Cell::App);
            row.put(Cell::Protocol, Form::Plain, b"udp", NOWHERE);
        }
        _ => {}
    }
    let points_left = row.text(Cell::Direction).is_some_and(|(text, _)| text.contains(&b'<') && !text.contains(&b'>'));
    if points_left {
        row.swap(Cell::SrcIp, Cell::DstIp);
        row.swap(Cell::Packets, Cell::RevPackets);
        row.swap(Cell::Bytes, Cell::RevBytes);
        if !is_icmp {
            row.swap(Cell::SrcPort, Cell::DstPort);
        }
    }
    flags(row, points_left);
    label(row);
    None
}

/// Both directions' flags from a state that is letters.
fn flags(row: &mut Row, points_left: bool) {
    let Some((state, _)) = row.text(Cell::State) else { return };
    let Some(middle) = state.iter().position(|b| *b == b'_') else { return };
    let is_letters = |b: &u8| b"FSRPAUEC_".contains(b);
    if !state.iter().all(is_letters) || state[middle + 1..].contains(&b'_') {
        return;
    }
    let (first, second) = match points_left {
        false => (Cell::TcpFlags, Cell::RevTcpFlags),
        true => (Cell::RevTcpFlags, Cell::TcpFlags),
    };
    row.part(Cell::State, middle + 1, second);
    row.cut(Cell::State, middle, first);
}

/// The truth in a label of CTU's: `flow=From-Botnet-V42-TCP-CC`.
fn label(row: &mut Row) {
    let Some((text, _)) = row.text(Cell::Label) else { return };
    let Some(said) = text.strip_prefix(b"flow=") else { return };
    let has = |word: &[u8]| memchr::memmem::find(said, word).is_some();
    let truth: &[u8] = match () {
        () if has(b"Botnet") || has(b"Malware") => b"malicious",
        () if has(b"Normal") => b"benign",
        () if has(b"Background") => b"background",
        () => return,
    };
    if truth == b"malicious" {
        row.part(Cell::Label, b"flow=".len(), Cell::Attack);
    }
    row.put(Cell::Label, Form::Plain, truth, NOWHERE);
}

/// What may stand between columns.
const DELIMITERS: [u8; 4] = [b',', b'\t', b'|', b';'];

/// Names that nobody but Argus gives to columns.
const OWN: [&str; 12] = [
    "sport", "dport", "dir", "flgs", "totpkts", "totbytes", "srcbytes", "dstbytes", "srcpkts", "dstpkts", "stos",
    "dtos",
];

/// The columns of a header of Argus.
fn header(line: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(line).ok()?;
    DELIMITERS.into_iter().find_map(|delimiter| {
        let names: Vec<String> = text.split(char::from(delimiter)).map(|name| name.trim().to_owned()).collect();
        let normal: Vec<String> = names.iter().map(|name| normal(name)).collect();
        let has = |name: &str| normal.iter().any(|n| n == name);
        let is_header = (has("srcaddr") || has("dstaddr") || has("saddr") || has("daddr"))
            && OWN.iter().filter(|name| has(name)).count() >= 2;
        is_header.then_some(Header { delimiter, names })
    })
}

fn probe(head: &[u8]) -> Probe {
    if header(first_line(head)).is_some() { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests;
