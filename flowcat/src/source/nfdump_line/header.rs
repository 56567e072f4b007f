//! The headings of nfdump's tables and how the column under each is printed.

use crate::row::{Cell, Form, described};

/// How a column is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Date and time, two words.
    Time(Cell),
    /// Date and time in UTC, two words.
    Utc(Cell),
    /// Seconds or `HH:MM:SS.mmm`, with `1d` before it.
    Duration,
    /// Address and port in one word.
    End(Cell, Cell),
    /// A number, perhaps scaled: two words.
    Number(Cell, Form),
    /// One word.
    Word(Cell),
    /// Words that the record has no field for.
    Dropped(usize),
    /// A number that the record has no field for.
    DroppedNumber,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) heading: String,
    pub(super) kind: Kind,
}

impl Column {
    /// What becomes of it.
    pub(super) fn fate(&self) -> Option<String> {
        match self.kind {
            Kind::Time(cell) | Kind::Utc(cell) | Kind::Word(cell) => Some(cell.name().to_owned()),
            Kind::Number(cell, form) => Some(described(cell, form)),
            Kind::Duration => Some(Cell::Duration.name().to_owned()),
            Kind::End(ip, port) => Some(format!("{}, {}", ip.name(), port.name())),
            Kind::Dropped(_) | Kind::DroppedNumber => None,
        }
    }
}

/// Headings, longer ones before those that they begin with.
#[rustfmt::skip]
const HEADINGS: &[(&str, Kind)] = &[
    ("Date first seen (raw)", Kind::Word(Cell::Start)),
    ("Date first seen", Kind::Time(Cell::Start)),
    ("First seen raw", Kind::Word(Cell::Start)),
    ("First seen GMT", Kind::Utc(Cell::Start)),
    ("Date last seen (raw)", Kind::Word(Cell::End)),
    ("Date last seen", Kind::Time(Cell::End)),
    ("Last seen raw", Kind::Word(Cell::End)),
    ("Last seen GMT", Kind::Utc(Cell::End)),
    ("Date flow received (raw)", Kind::Word(Cell::Received)),
    ("Date flow received GMT", Kind::Utc(Cell::Received)),
    ("Date flow received", Kind::Time(Cell::Received)),
    ("Received raw", Kind::Word(Cell::Received)),
    ("Event time", Kind::Dropped(2)),
    ("Event Time", Kind::Dropped(1)),
    ("Duration", Kind::Duration),
    ("Proto", Kind::Word(Cell::Protocol)),
    ("Src IP Addr(..):Port", Kind::End(Cell::SrcIp, Cell::SrcPort)),
    ("Src IP Addr:Port", Kind::End(Cell::SrcIp, Cell::SrcPort)),
    ("Src IP Addr(..)", Kind::Word(Cell::SrcIp)),
    ("Src IP Addr", Kind::Word(Cell::SrcIp)),
    ("Dst IP Addr(..):Port", Kind::End(Cell::DstIp, Cell::DstPort)),
    ("Dst IP Addr:Port", Kind::End(Cell::DstIp, Cell::DstPort)),
    ("Dst IP Addr(..)", Kind::Word(Cell::DstIp)),
    ("Dst IP Addr", Kind::Word(Cell::DstIp)),
    ("X-Src IP Addr:Port", Kind::Dropped(1)),
    ("X-Dst IP Addr:Port", Kind::Dropped(1)),
    ("X-late Src IP", Kind::Dropped(1)),
    ("X-late Dst IP", Kind::Dropped(1)),
    ("Src Pt", Kind::Word(Cell::SrcPort)),
    ("Dst Pt", Kind::Word(Cell::DstPort)),
    ("ICMP-T", Kind::Word(Cell::IcmpType)),
    ("ICMP-C", Kind::Word(Cell::IcmpCode)),
    ("Flags", Kind::Word(Cell::TcpFlags)),
    ("Tos", Kind::Word(Cell::Tos)),
    ("STos", Kind::Word(Cell::Tos)),
    ("Packets", Kind::Number(Cell::Packets, Form::Plain)),
    ("In Pkt", Kind::Number(Cell::Packets, Form::Plain)),
    ("Out Pkt", Kind::Number(Cell::RevPackets, Form::ZeroIsNone)),
    ("Bytes", Kind::Number(Cell::Bytes, Form::Plain)),
    ("In Byte", Kind::Number(Cell::Bytes, Form::Plain)),
    ("Out Byte", Kind::Number(Cell::RevBytes, Form::ZeroIsNone)),
    ("Flows", Kind::Number(Cell::Flows, Form::Plain)),
    ("Input", Kind::Word(Cell::InputIf)),
    ("Output", Kind::Word(Cell::OutputIf)),
    ("Src AS", Kind::Word(Cell::SrcAs)),
    ("Dst AS", Kind::Word(Cell::DstAs)),
    ("Next AS", Kind::Dropped(1)),
    ("Prev AS", Kind::Dropped(1)),
    ("Next-hop IP", Kind::Word(Cell::NextHop)),
    ("BGP next-hop IP", Kind::Dropped(1)),
    ("Router IP(..)", Kind::Word(Cell::Exporter)),
    ("Router IP", Kind::Word(Cell::Exporter)),
    ("SVlan", Kind::Word(Cell::Vlan)),
    ("Src Network", Kind::Dropped(1)),
    ("Dst Network", Kind::Dropped(1)),
    ("pps", Kind::DroppedNumber),
    ("bps", Kind::DroppedNumber),
    ("Bpp", Kind::DroppedNumber),
    ("In src MAC Addr", Kind::Dropped(1)),
    ("Out dst MAC Addr", Kind::Dropped(1)),
    ("In dst MAC Addr", Kind::Dropped(1)),
    ("Out src MAC Addr", Kind::Dropped(1)),
    ("MPLS labels 1-10", Kind::Dropped(10)),
    ("MPLS lbl 10", Kind::Dropped(1)),
    ("MPLS lbl 1", Kind::Dropped(1)),
    ("MPLS lbl 2", Kind::Dropped(1)),
    ("MPLS lbl 3", Kind::Dropped(1)),
    ("MPLS lbl 4", Kind::Dropped(1)),
    ("MPLS lbl 5", Kind::Dropped(1)),
    ("MPLS lbl 6", Kind::Dropped(1)),
    ("MPLS lbl 7", Kind::Dropped(1)),
    ("MPLS lbl 8", Kind::Dropped(1)),
    ("MPLS lbl 9", Kind::Dropped(1)),
    ("C Latency", Kind::Dropped(1)),
    ("S latency", Kind::Dropped(1)),
    ("A latency", Kind::Dropped(1)),
    ("Exp ID", Kind::Dropped(1)),
];

/// The usual layouts, for rows without a header: line, long, extended, biline, bilong.
pub(super) const LAYOUTS: [&str; 5] = [
    "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Packets Bytes Flows",
    "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Flags Tos Packets Bytes Flows",
    "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Flags Tos Packets Bytes pps bps Bpp Flows",
    "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Out Pkt In Pkt Out Byte In Byte Flows",
    "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Flags Tos Out Pkt In Pkt Out Byte In Byte Flows",
];

/// Whether a line is a header: it names an address, bytes or packets, and no separators but blanks.
pub(super) fn is_header(line: &str) -> bool {
    if line.contains([',', ';', '|', '\t', '"', '{']) {
        return false;
    }
    let known = columns(line).iter().filter(|c| !matches!(c.kind, Kind::Dropped(_) | Kind::DroppedNumber)).count();
    known >= 2 && ["IP Addr", "Packets", "In Pkt", "Bytes", "In Byte"].iter().any(|h| line.contains(h))
}

/// The columns of a header; a heading that is not known is one word that is dropped.
pub(super) fn columns(header: &str) -> Vec<Column> {
    let mut all = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let known = HEADINGS
            .iter()
            .find(|(h, _)| rest.strip_prefix(h).is_some_and(|after| after.is_empty() || after.starts_with(' ')));
        let (heading, kind) = match known {
            Some((heading, kind)) => (*heading, *kind),
            None => (rest.split(' ').next().unwrap_or(rest), Kind::Dropped(1)),
        };
        all.push(Column { heading: heading.to_owned(), kind });
        rest = rest[heading.len()..].trim_start();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_begins_another_comes_after_it() {
        for (i, (later, _)) in HEADINGS.iter().enumerate() {
            for (earlier, _) in &HEADINGS[..i] {
                assert!(!later.strip_prefix(earlier).is_some_and(|r| r.starts_with(' ')), "{earlier} hides {later}");
            }
        }
    }

    #[test]
    fn headings_are_told_apart_though_they_have_blanks() {
        let names = |header| columns(header).into_iter().map(|c| c.heading).collect::<Vec<_>>();
        assert_eq!(
            names(
                "Date first seen         Date last seen       Duration Proto      Src IP Addr:Port   Flags  Tos  Packets    Bytes  Frob Flows"
            ),
            [
                "Date first seen",
                "Date last seen",
                "Duration",
                "Proto",
                "Src IP Addr:Port",
                "Flags",
                "Tos",
                "Packets",
                "Bytes",
                "Frob",
                "Flows"
            ]
        );
        assert!(is_header(
            "Date first seen             Duration           Src IP Addr Dst Pt   Packets    Bytes      bps    Bpp Flows"
        ));
        assert!(!is_header("Proto,Src IP Addr,Bytes") && !is_header("Bytes") && !is_header("Sys: 0.1s Packets"));
    }
}
