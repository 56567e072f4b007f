//! Information elements: the field of the record that each fills, and the names of the others.
//!
//! Source: IANA, "IPFIX Information Elements" (RFC 7012), whose first 127 are the field types of NetFlow 9 (RFC 3954,
//! section 8); RFC 5103 for those of the reverse direction (enterprise 29305); CERT's elements 14 and 15 for the TCP
//! flags that YAF exports. Invariant: this is the one table of what an element means; a length that an element cannot
//! have makes it unknown.

mod names;

use names::ELEMENTS;

/// The enterprise of the reverse direction (RFC 5103, section 6.1).
const REVERSE: u32 = 29_305;

/// CERT Coordination Center, whose meter is YAF; its reverse elements have this bit set.
const CERT: u32 = 6871;
const CERT_REVERSE: u16 = 0x4000;

/// Stands in place of an enterprise for the scopes of NetFlow 9, which have numbers of their own (RFC 3954, section 6.1).
pub(super) const V9_SCOPE: u32 = u32::MAX;

/// The length of a field that says its length in each record (RFC 7011, section 7).
pub(super) const VARIABLE: u16 = u16::MAX;

/// A field of a template, as it was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Number of its element.
    pub(super) id: u16,
    /// Bytes, or [`VARIABLE`].
    pub(super) length: u16,
    /// Who has given it its number; 0 is IANA.
    pub(super) enterprise: u32,
}

/// Where the number of a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    Bytes,
    TotalBytes,
    OutBytes,
    RevBytes,
    FrameBytes,
    Packets,
    TotalPackets,
    OutPackets,
    RevPackets,
    Flows,
    Protocol,
    Tos,
    TcpFlags,
    RevTcpFlags,
    SrcPort,
    DstPort,
    Src4,
    Dst4,
    Next4,
    Exporter4,
    Src6,
    Dst6,
    Next6,
    Exporter6,
    InputIf,
    OutputIf,
    SrcAs,
    DstAs,
    Vlan,
    Dot1qVlan,
    Icmp4,
    Icmp6,
    IcmpType,
    IcmpCode,
    /// Nanoseconds since 1970, as the other three of its kind.
    Start,
    End,
    RevStart,
    RevEnd,
    /// Milliseconds since the exporter started.
    StartUptime,
    EndUptime,
    /// Microseconds before the export.
    StartBefore,
    EndBefore,
    /// Nanoseconds since 1970 at which something was seen that has no start.
    Observed,
    /// Milliseconds since 1970 at which the exporter started.
    Booted,
    /// Nanoseconds.
    Duration,
    Event,
    Sampler,
    Interval,
    RandomInterval,
    SampledPackets,
    SkippedPackets,
    SampleSize,
    Population,
    /// The bits of a 64-bit float.
    Probability,
}

/// How a time is encoded (RFC 7011, section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Seconds,
    Millis,
    /// NTP's 64 bits, of which microseconds are kept.
    Micros,
    /// NTP's 64 bits.
    Nanos,
}

impl Form {
    /// Decimals of its resolution.
    pub(super) fn digits(self) -> u8 {
        match self {
            Form::Seconds | Form::Millis => 3,
            Form::Micros => 6,
            Form::Nanos => 9,
        }
    }
}

/// What is done with the bytes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// Nothing.
    Skip,
    /// An unsigned number, of any reduced size (RFC 7011, section 6.2).
    Number(Slot),
    /// The same, joined with what is there by OR.
    Flags(Slot),
    /// A number of milliseconds.
    Millis(Slot),
    /// A number of microseconds.
    Micros(Slot),
    /// An IPv6 address.
    Wide(Slot),
    Time(Slot, Form),
    Float(Slot),
    /// The text of the application.
    App,
}

impl Load {
    /// The slot that it fills, if one.
    pub(super) fn slot(self) -> Option<Slot> {
        match self {
            Load::Number(slot)
            | Load::Flags(slot)
            | Load::Millis(slot)
            | Load::Micros(slot)
            | Load::Wide(slot)
            | Load::Time(slot, _)
            | Load::Float(slot) => Some(slot),
            Load::Skip | Load::App => None,
        }
    }

    /// Whether a field of this length can be that.
    fn takes(self, length: u16) -> bool {
        match self {
            Load::Number(Slot::Src4 | Slot::Dst4 | Slot::Next4 | Slot::Exporter4) => length == 4,
            Load::Number(_) | Load::Flags(_) | Load::Millis(_) | Load::Micros(_) => matches!(length, 1..=8 | VARIABLE),
            Load::Wide(_) => length == 16,
            Load::Time(_, Form::Seconds) => length == 4,
            Load::Time(..) => length == 8,
            Load::Float(_) => matches!(length, 4 | 8),
            Load::Skip | Load::App => true,
        }
    }
}

/// What a field means to the record; `None` where it means nothing there.
pub(super) fn meaning(field: &Field) -> Option<Load> {
    let load = match field.enterprise {
        0 => of_iana(field.id),
        REVERSE => of_reverse(field.id),
        CERT => of_cert(field.id),
        V9_SCOPE => (field.id == 2).then_some(Load::Number(Slot::InputIf)),
        _ => None,
    };
    load.filter(|load| load.takes(field.length))
}

fn of_iana(id: u16) -> Option<Load> {
    use Load::{App, Flags, Float, Number, Time, Wide};
    Some(match id {
        1 | 231 => Number(Slot::Bytes),
        2 | 298 => Number(Slot::Packets),
        3 => Number(Slot::Flows),
        4 => Number(Slot::Protocol),
        5 => Number(Slot::Tos),
        6 => Flags(Slot::TcpFlags),
        7 => Number(Slot::SrcPort),
        8 => Number(Slot::Src4),
        10 => Number(Slot::InputIf),
        11 => Number(Slot::DstPort),
        12 => Number(Slot::Dst4),
        14 => Number(Slot::OutputIf),
        15 => Number(Slot::Next4),
        16 => Number(Slot::SrcAs),
        17 => Number(Slot::DstAs),
        21 => Number(Slot::EndUptime),
        22 => Number(Slot::StartUptime),
        23 => Number(Slot::OutBytes),
        24 => Number(Slot::OutPackets),
        27 => Wide(Slot::Src6),
        28 => Wide(Slot::Dst6),
        32 => Number(Slot::Icmp4),
        34 => Number(Slot::Interval),
        48 | 302 => Number(Slot::Sampler),
        50 => Number(Slot::RandomInterval),
        58 => Number(Slot::Vlan),
        62 => Wide(Slot::Next6),
        85 => Number(Slot::TotalBytes),
        86 => Number(Slot::TotalPackets),
        96 => App,
        130 => Number(Slot::Exporter4),
        131 => Wide(Slot::Exporter6),
        139 => Number(Slot::Icmp6),
        150..=157 => time(id - 150, [Slot::Start, Slot::End]),
        158 => Number(Slot::StartBefore),
        159 => Number(Slot::EndBefore),
        160 => Number(Slot::Booted),
        161 => Load::Millis(Slot::Duration),
        162 => Load::Micros(Slot::Duration),
        176 | 178 => Number(Slot::IcmpType),
        177 | 179 => Number(Slot::IcmpCode),
        232 => Number(Slot::RevBytes),
        233 => Number(Slot::Event),
        243 => Number(Slot::Dot1qVlan),
        299 => Number(Slot::RevPackets),
        305 => Number(Slot::SampledPackets),
        306 => Number(Slot::SkippedPackets),
        309 => Number(Slot::SampleSize),
        310 => Number(Slot::Population),
        311 => Float(Slot::Probability),
        322 => Time(Slot::Observed, Form::Seconds),
        323 => Time(Slot::Observed, Form::Millis),
        324 => Time(Slot::Observed, Form::Micros),
        325 => Time(Slot::Observed, Form::Nanos),
        352 | 353 => Number(Slot::FrameBytes),
        _ => return None,
    })
}

/// One of eight times: start and end in seconds, milliseconds, microseconds, nanoseconds.
fn time(number: u16, [start, end]: [Slot; 2]) -> Load {
    let form = match number / 2 {
        0 => Form::Seconds,
        1 => Form::Millis,
        2 => Form::Micros,
        _ => Form::Nanos,
    };
    Load::Time(if number.is_multiple_of(2) { start } else { end }, form)
}

fn of_reverse(id: u16) -> Option<Load> {
    match id {
        1 | 85 | 231 => Some(Load::Number(Slot::RevBytes)),
        2 | 86 | 298 => Some(Load::Number(Slot::RevPackets)),
        6 => Some(Load::Flags(Slot::RevTcpFlags)),
        150..=157 => Some(time(id - 150, [Slot::RevStart, Slot::RevEnd])),
        _ => None,
    }
}

fn of_cert(id: u16) -> Option<Load> {
    let slot = if id & CERT_REVERSE == 0 { Slot::TcpFlags } else { Slot::RevTcpFlags };
    matches!(id & !CERT_REVERSE, 14 | 15).then_some(Load::Flags(slot))
}

/// How the value of an element is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Unsigned,
    Signed,
    Float,
    Truth,
    V4,
    V6,
    Mac,
    Text,
    Octets,
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// Name and type of a field that is kept as a member: IANA's name, or `ie57590`, or `e9ie12232` of enterprise 9.
pub(super) fn name(field: &Field) -> (String, Type) {
    let known = |id: u16| ELEMENTS.binary_search_by_key(&id, |row| row.0).ok().and_then(|at| ELEMENTS.get(at));
    match (field.enterprise, known(field.id)) {
        (0, Some((_, name, kind))) => ((*name).to_owned(), *kind),
        (0, None) => (format!("ie{}", field.id), Type::Octets),
        (REVERSE, Some((_, name, kind))) => {
            let (first, rest) = name.split_at(1);
            (format!("reverse{}{rest}", first.to_uppercase()), *kind)
        }
        (enterprise, _) => (format!("e{enterprise}ie{}", field.id), Type::Octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: u16, length: u16, enterprise: u32) -> Field {
        Field { id, length, enterprise }
    }

    #[test]
    fn a_length_that_an_element_cannot_have_makes_it_unknown() {
        assert_eq!(meaning(&field(1, 4, 0)), Some(Load::Number(Slot::Bytes)));
        assert_eq!(meaning(&field(1, 9, 0)), None);
        assert_eq!(meaning(&field(1, 0, 0)), None);
        assert_eq!(meaning(&field(8, 16, 0)), None);
        assert_eq!(meaning(&field(27, 4, 0)), None);
        assert_eq!(meaning(&field(152, 4, 0)), None);
        assert_eq!(meaning(&field(155, 8, 0)), Some(Load::Time(Slot::End, Form::Micros)));
    }

    #[test]
    fn enterprises_have_numbers_of_their_own() {
        assert_eq!(meaning(&field(1, 8, REVERSE)), Some(Load::Number(Slot::RevBytes)));
        assert_eq!(meaning(&field(1, 8, 9)), None);
        assert_eq!(meaning(&field(15 | CERT_REVERSE, 1, CERT)), Some(Load::Flags(Slot::RevTcpFlags)));
        assert_eq!(meaning(&field(1, 4, V9_SCOPE)), None);
    }

    #[test]
    fn every_field_has_a_name() {
        let names =
            [field(56, 6, 0), field(57_590, 2, 0), field(12_232, 4, 9), field(58, 2, REVERSE)].map(|f| name(&f).0);
        assert_eq!(names, ["sourceMacAddress", "ie57590", "e9ie12232", "reverseVlanId"]);
    }
}
