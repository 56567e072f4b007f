//! NetFlow 5 and 7: a header of 24 bytes and flows of fixed layout.
//!
//! Source: Cisco, "NetFlow Services Solutions Guide", the tables of header and record of versions 5 and 7. In version 5
//! the sampling stands in the header: two bits of mode, 14 of interval. Invariant: what lies whole in the datagram is
//! read, however many flows the header announces.

use super::data::{Work, told};
use super::element::{Field, Slot, name};
use super::record::{Context, settle};
use super::sequence::{Content, FIXED_FLOWS};
use super::values::Values;
use super::{Decoder, Next, Origin, Take, damage, extra, long, word};
use flow_record::people::count;
use flow_record::value::Address;
use flow_record::value::text::write_json;

/// One of the two versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    version: u8,
    /// Bytes of a flow.
    length: usize,
}

pub(super) const V5: Layout = Layout { version: 5, length: 48 };
pub(super) const V7: Layout = Layout { version: 7, length: 52 };

/// Bytes of the header.
pub(super) const HEADER: usize = 24;

/// Numbers of a flow: where they begin, their bytes, and what they are.
const FIELDS: [(usize, usize, Slot); 16] = [
    (0, 4, Slot::Src4),
    (4, 4, Slot::Dst4),
    (8, 4, Slot::Next4),
    (12, 2, Slot::InputIf),
    (14, 2, Slot::OutputIf),
    (16, 4, Slot::Packets),
    (20, 4, Slot::Bytes),
    (24, 4, Slot::StartUptime),
    (28, 4, Slot::EndUptime),
    (32, 2, Slot::SrcPort),
    (34, 2, Slot::DstPort),
    (37, 1, Slot::TcpFlags),
    (38, 1, Slot::Protocol),
    (39, 1, Slot::Tos),
    (40, 2, Slot::SrcAs),
    (42, 2, Slot::DstAs),
];

/// What is kept as members: where it begins, its bytes, IANA's number of the element that it is.
const KEPT: [(usize, usize, u16); 2] = [(44, 1, 9), (45, 1, 13)];

/// The same of the header.
const KEPT_OF_HEADER: [(usize, usize, u16); 2] = [(20, 1, 38), (21, 1, 39)];

/// Reads one datagram; `at` is where it begins.
pub(super) fn decode(
    decoder: &mut Decoder,
    bytes: &[u8],
    at: usize,
    layout: Layout,
    origin: &Origin,
    take: &mut dyn Take,
) -> Next {
    let (Some(header), Some(announced)) = (bytes.get(..HEADER), word(bytes, 2)) else {
        damage(take, at, "bad datagram", format!("its header ends after {} of {HEADER} bytes", bytes.len()), bytes);
        return Next::Broken;
    };
    let number = |at| long(header, at).unwrap_or_default();
    let (uptime, seconds, nanos) = (number(4), i64::from(number(8)), i64::from(number(12)));
    let is_5 = layout.version == V5.version;
    let engine = if is_5 { word(header, 20).unwrap_or_default() } else { 0 };
    let context = Context {
        exported: Some(seconds * 1_000_000_000 + nanos.min(999_999_999)),
        uptime: Some(uptime),
        exporter: origin.exporter.map(Address),
        sampling: if is_5 { u64::from(word(header, 22).unwrap_or_default() & 0x3fff) } else { 0 },
        ..Context::default()
    };
    let announced = usize::from(announced);
    let there = (bytes.len() - HEADER) / layout.length;
    let end = HEADER + announced.min(there) * layout.length;
    let records = bytes.get(HEADER..end).unwrap_or_default();
    for record in records.chunks_exact(layout.length) {
        flow(&mut decoder.work, record, header, is_5, decoder.keeps, &context, take);
    }
    if announced == 0 {
        take.unused("datagrams without records", 1);
    }
    let (exporter, budget) = decoder.exporters.open(origin.exporter);
    if let Some(domain) = exporter.domain((layout.version, engine.into()), FIXED_FLOWS, budget) {
        let is_new = domain.is_new(uptime);
        let content = Content { flows: announced as u32, options: 0, is_known: true };
        let said = domain.sequence.came(number(16), content, is_new);
        told(said, domain.sequence.is_of_records(), &context, budget, take);
    }
    if there < announced {
        let message = format!("it announces {} and has {there}", count(announced as u64, "flows"));
        damage(take, at + end, "bad datagram", message, bytes.get(end..).unwrap_or_default());
        return Next::Broken;
    }
    Next::Done(end)
}

fn flow(
    work: &mut Work,
    record: &[u8],
    header: &[u8],
    is_5: bool,
    keeps: bool,
    context: &Context,
    take: &mut dyn Take,
) {
    let Work { values, flow, extras } = work;
    values.clear();
    extras.clear();
    read(record, values);
    if keeps {
        let of_header = KEPT_OF_HEADER.iter().filter(|_| is_5).map(|kept| (header, kept));
        for (bytes, (start, length, id)) in KEPT.iter().map(|kept| (record, kept)).chain(of_header) {
            keep(bytes.get(*start..start + length).unwrap_or_default(), *id, extras);
        }
        if !is_5 {
            // The router that the switch went by.
            keep(record.get(48..52).unwrap_or_default(), 43, extras);
        }
    }
    match settle(values, context, None, flow, take) {
        true => take.flow(flow, extras),
        false => take.unused("records without addresses and counts", 1),
    }
}

fn keep(bytes: &[u8], id: u16, extras: &mut Vec<u8>) {
    let (name, kind) = name(&Field { id, length: bytes.len() as u16, enterprise: 0 });
    extras.push(b',');
    write_json(&name, extras);
    extras.push(b':');
    extra::write(kind, bytes, extras);
}

#[inline]
fn read(record: &[u8], values: &mut Values) {
    for (start, length, slot) in FIELDS {
        let field = record.get(start..start + length).unwrap_or_default();
        values.load(super::element::Load::Number(slot), field);
    }
}
