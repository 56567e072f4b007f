//! pcap: a file header, then records of a header and a packet (draft-ietf-opsawg-pcap; libpcap's savefile format).
//!
//! Also of nanoseconds, and of Kuznetzov's longer records. Captures that stand one behind the other, as `cat` leaves them,
//! are read on. Invariant: each record takes at least its header, so that reading ends.

use super::{Bytes, Damage, MOST_CAPTURED, Packet, u32_at};
use crate::source::Probe;

/// The header of a file.
const FILE_HEADER: usize = 24;

/// The header of a record, and one of Kuznetzov's.
const RECORD_HEADER: usize = 16;
const LONG_RECORD_HEADER: usize = 24;

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const KUZNETZOV: u32 = 0xa1b2_cd34;

/// Versions are 2.x.
const MAJOR: u16 = 2;

/// The bits of the file header's last word that are the link type; those above say what ends a frame.
const LINK: u32 = 0xffff;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Style {
    is_big: bool,
    /// Nanoseconds of a unit of the fraction.
    unit: i64,
    record: usize,
    link: u16,
}

/// The header of a record.
struct Record {
    time: i64,
    captured: usize,
    length: u32,
}

/// A capture that is being read.
#[derive(Debug)]
pub(crate) struct Pcap {
    style: Style,
    /// Bytes of the last record, which are yet to be taken.
    pending: usize,
}

/// Byte order, unit and length of record headers of a magic number.
fn magic(head: &[u8]) -> Option<(bool, i64, usize)> {
    [false, true].into_iter().find_map(|is_big| match u32_at(head, 0, is_big)? {
        MICROS => Some((is_big, 1_000, RECORD_HEADER)),
        NANOS => Some((is_big, 1, RECORD_HEADER)),
        KUZNETZOV => Some((is_big, 1_000, LONG_RECORD_HEADER)),
        _ => None,
    })
}

/// Whether this is how a file begins.
pub(super) fn probe(head: &[u8]) -> Probe {
    if head.len() >= 4 {
        return if magic(head).is_some() { Probe::Yes } else { Probe::No };
    }
    let all = [MICROS, NANOS, KUZNETZOV].into_iter().flat_map(|m| [m.to_le_bytes(), m.to_be_bytes()]);
    if all.into_iter().any(|magic| magic.starts_with(head)) { Probe::Maybe } else { Probe::No }
}

impl Style {
    /// What the header of a file says, if it is one.
    fn of(head: &[u8]) -> Option<Style> {
        let (is_big, unit, record) = magic(head)?;
        let major = super::u16_at(head, 4, is_big)?;
        let link = u32_at(head, 20, is_big)?;
        (major == MAJOR).then_some(Style { is_big, unit, record, link: (link & LINK) as u16 })
    }
}

impl Pcap {
    /// Reads the file header.
    ///
    /// # Errors
    /// It is cut, or none.
    pub(super) fn open<B: Bytes>(bytes: &mut B, with: &mut B::With<'_>) -> Result<Pcap, Damage> {
        let at = bytes.offset();
        let head = bytes.ahead(FILE_HEADER, with);
        if head.len() < FILE_HEADER {
            return Err(Damage::cut(at, "the header of a pcap file", FILE_HEADER, head.len()));
        }
        let style = Style::of(head).ok_or_else(|| Damage::corrupt(at, "no header of a pcap file of version 2"))?;
        bytes.take(FILE_HEADER as u64, with);
        Ok(Pcap { style, pending: 0 })
    }

    /// The next packet; `None` after the last.
    ///
    /// # Errors
    /// A record that is cut, or longer than can be.
    #[inline]
    pub(super) fn next<'b, B: Bytes>(
        &mut self,
        bytes: &'b mut B,
        with: &mut B::With<'_>,
    ) -> Result<Option<Packet<'b>>, Damage> {
        bytes.take(std::mem::take(&mut self.pending) as u64, with);
        let Some(record) = self.record(bytes, with)? else { return Ok(None) };
        let (at, header) = (bytes.offset(), self.style.record);
        let whole = bytes.ahead(header + record.captured, with);
        if whole.len() < header + record.captured {
            return Err(Damage::cut(at, "a record", header + record.captured, whole.len()));
        }
        self.pending = whole.len();
        Ok(Some(Packet {
            time: Some(record.time),
            digits: if self.style.unit == 1 { 9 } else { 6 },
            link: self.style.link,
            bytes: &whole[header..],
            length: record.length,
            is_big: self.style.is_big,
        }))
    }

    /// The header of the next record, which is not taken.
    #[inline]
    fn record<B: Bytes>(&mut self, bytes: &mut B, with: &mut B::With<'_>) -> Result<Option<Record>, Damage> {
        loop {
            let (at, Style { is_big, unit, record, .. }) = (bytes.offset(), self.style);
            let head = bytes.ahead(record, with);
            let number = |at| u32_at(head, at, is_big);
            let (Some(seconds), Some(fraction), Some(captured), Some(length), true) =
                (number(0), number(4), number(8), number(12), head.len() == record)
            else {
                if head.is_empty() {
                    return Ok(None);
                }
                return Err(Damage::cut(at, "the header of a record", record, head.len()));
            };
            if captured == 0 && length == 0 && magic(head).is_some() {
                *self = Pcap::open(bytes, with)?;
                continue;
            }
            let captured = captured as usize;
            if captured > MOST_CAPTURED {
                let what = format!("a record says that it holds {captured} bytes; at most {MOST_CAPTURED} can be");
                return Err(Damage::corrupt(at, what));
            }
            let time = i64::from(seconds) * NANOS_PER_SECOND + i64::from(fraction) * unit;
            return Ok(Some(Record { time, captured, length }));
        }
    }
}
