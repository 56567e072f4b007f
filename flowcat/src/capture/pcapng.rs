//! pcapng: blocks in sections, each with interfaces of their own (draft-ietf-opsawg-pcapng).
//!
//! Packets come in enhanced, simple and (obsolete) packet blocks; what other blocks hold is passed over. Invariant: each
//! block takes at least 12 bytes, so that reading ends. Bound: a block with a packet or an interface of
//! [`super::MOST_BLOCK`] bytes, [`super::MOST_INTERFACES`] interfaces a section; other blocks are of any length.

use super::{Bytes, Damage, MOST_BLOCK, MOST_CAPTURED, MOST_INTERFACES, Packet, u16_at, u32_at};
use crate::source::Probe;

/// The type of a section header block, the same in both byte orders.
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const ORDER: u32 = 0x1a2b_3c4d;

/// Bytes that tell a file: type, length and byte order of its first block.
pub(super) const PROBED: usize = 12;

/// Type and both lengths of a block.
const EMPTY: usize = 12;

/// Type and first length.
const HEADER: usize = 8;

/// Up to the options.
const SECTION_FIXED: usize = 28;
const INTERFACE_FIXED: usize = 20;
const ENHANCED_FIXED: usize = 32;
const SIMPLE_FIXED: usize = 16;

const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE: u32 = 3;
const ENHANCED: u32 = 6;

/// Options of interfaces: the resolution of times, and what is to be added to them.
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

const MAJOR: u16 = 1;

/// What times of an interface mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interface {
    link: u16,
    /// The most that is captured of a packet; 0 is without limit.
    snaplen: u32,
    /// Units of a second are 10, or 2, to this power.
    power: u8,
    is_binary: bool,
    /// Seconds to add.
    offset: i64,
}

/// A capture that is being read.
#[derive(Debug)]
pub(crate) struct Pcapng {
    is_big: bool,
    interfaces: Vec<Interface>,
    /// Bytes of the last block, which are yet to be taken.
    pending: usize,
}

/// The parts of a block that holds a packet.
struct Parts {
    interface: usize,
    ticks: Option<u64>,
    /// Where the packet begins.
    from: usize,
    captured: usize,
    length: u32,
}

/// Whether this is how a file begins.
pub(super) fn probe(head: &[u8]) -> Probe {
    let Some(order) = head.get(HEADER..PROBED) else {
        let is_begun = if head.len() < 4 { SECTION.starts_with(head) } else { head.starts_with(&SECTION) };
        return if is_begun { Probe::Maybe } else { Probe::No };
    };
    let is_known = order == ORDER.to_le_bytes() || order == ORDER.to_be_bytes();
    if is_known && head.starts_with(&SECTION) { Probe::Yes } else { Probe::No }
}

impl Interface {
    /// What an interface description block says.
    fn of(block: &[u8], is_big: bool) -> Option<Interface> {
        let (link, snaplen) = (u16_at(block, 8, is_big)?, u32_at(block, 12, is_big)?);
        let mut interface = Interface { link, snaplen, power: 6, is_binary: false, offset: 0 };
        let mut options = block.get(16..block.len() - 4)?;
        while let (Some(code), Some(length)) = (u16_at(options, 0, is_big), u16_at(options, 2, is_big)) {
            let length = usize::from(length);
            let Some(value) = options.get(4..4 + length) else { break };
            match (code, value) {
                (0, _) => break,
                (RESOLUTION, [power]) => (interface.power, interface.is_binary) = (power & 0x7f, power & 0x80 != 0),
                (OFFSET, value) => {
                    let Some(eight) = value.first_chunk::<8>() else { break };
                    interface.offset = if is_big { i64::from_be_bytes(*eight) } else { i64::from_le_bytes(*eight) };
                }
                _ => {}
            }
            let Some(rest) = options.get(4 + length.next_multiple_of(4)..) else { break };
            options = rest;
        }
        Some(interface)
    }

    /// Decimals that times are written with.
    fn digits(self) -> u8 {
        match (self.is_binary, self.power) {
            (false, 0..=3) | (true, 0..=10) => 3,
            (false, 4..=6) | (true, 11..=20) => 6,
            _ => 9,
        }
    }

    /// Nanoseconds since 1970 of so many units; the nearest there are where that is beyond.
    #[inline]
    fn nanos(self, ticks: u64) -> i64 {
        let nanos = match (self.is_binary, self.power) {
            (false, 6) => i128::from(ticks) * 1_000,
            (false, 9) => i128::from(ticks),
            (false, power @ 0..=8) => i128::from(ticks) * 10_i128.pow(9 - u32::from(power)),
            (false, power) => i128::from(ticks) / 10_i128.checked_pow(u32::from(power) - 9).unwrap_or(i128::MAX),
            (true, power) => (i128::from(ticks) * 1_000_000_000).checked_shr(power.into()).unwrap_or(0),
        };
        let nanos = nanos + i128::from(self.offset) * 1_000_000_000;
        nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

impl Pcapng {
    /// At the beginning of a file.
    pub(super) fn new() -> Pcapng {
        Pcapng { is_big: false, interfaces: Vec::new(), pending: 0 }
    }

    /// The next packet; `None` after the last.
    ///
    /// # Errors
    /// A block that is cut, or does not fit its length.
    #[inline]
    pub(super) fn next<'b, B: Bytes>(
        &mut self,
        bytes: &'b mut B,
        with: &mut B::With<'_>,
    ) -> Result<Option<Packet<'b>>, Damage> {
        bytes.take(std::mem::take(&mut self.pending) as u64, with);
        loop {
            let at = bytes.offset();
            let head = bytes.ahead(EMPTY, with);
            if head.is_empty() {
                return Ok(None);
            }
            if head.len() < EMPTY {
                return Err(Damage::cut(at, "a block", EMPTY, head.len()));
            }
            if head.starts_with(&SECTION) {
                self.section(at, bytes, with)?;
                continue;
            }
            let (Some(kind), Some(size)) = (u32_at(head, 0, self.is_big), u32_at(head, 4, self.is_big)) else {
                return Err(Damage::cut(at, "a block", EMPTY, head.len()));
            };
            match kind {
                INTERFACE => self.interface(at, size, bytes, with)?,
                ENHANCED | SIMPLE | PACKET => {
                    // Found once more below, because what is handed out borrows from the bytes.
                    let parts = self.parts(kind, at, whole(at, size, self.is_big, bytes, with)?)?;
                    self.pending = size as usize;
                    let packet = bytes.ahead(self.pending, with);
                    return Ok(Some(self.packet(&parts, packet)));
                }
                _ => skip(at, size, self.is_big, bytes, with)?,
            }
        }
    }

    #[inline]
    fn packet<'b>(&self, parts: &Parts, block: &'b [u8]) -> Packet<'b> {
        let interface = self.interfaces.get(parts.interface);
        Packet {
            time: interface.zip(parts.ticks).map(|(interface, ticks)| interface.nanos(ticks)),
            digits: interface.map_or(6, |interface| interface.digits()),
            link: interface.map_or(0, |interface| interface.link),
            bytes: block.get(parts.from..parts.from + parts.captured).unwrap_or_default(),
            length: parts.length,
            is_big: self.is_big,
        }
    }

    /// Begins a section.
    #[cold]
    fn section<B: Bytes>(&mut self, at: u64, bytes: &mut B, with: &mut B::With<'_>) -> Result<(), Damage> {
        let head = bytes.ahead(SECTION_FIXED - 4, with);
        self.is_big = match u32_at(head, 8, true) {
            Some(ORDER) => true,
            Some(order) if order.swap_bytes() == ORDER => false,
            Some(_) => return Err(Damage::corrupt(at, "a section without a byte order")),
            None => return Err(Damage::cut(at, "the header of a section", SECTION_FIXED, head.len())),
        };
        let (Some(size), Some(major)) = (u32_at(head, 4, self.is_big), u16_at(head, 12, self.is_big)) else {
            return Err(Damage::cut(at, "the header of a section", SECTION_FIXED, head.len()));
        };
        if (size as usize) < SECTION_FIXED {
            return Err(Damage::corrupt(at, format!("a section whose header has {size} bytes")));
        }
        if major != MAJOR {
            return Err(Damage::corrupt(at, format!("pcapng of version {major} is not known")));
        }
        self.interfaces.clear();
        skip(at, size, self.is_big, bytes, with)
    }

    /// Takes an interface.
    #[cold]
    fn interface<B: Bytes>(&mut self, at: u64, size: u32, bytes: &mut B, with: &mut B::With<'_>) -> Result<(), Damage> {
        let block = whole(at, size, self.is_big, bytes, with)?;
        let interface = Interface::of(block, self.is_big).filter(|_| block.len() >= INTERFACE_FIXED);
        let interface = interface.ok_or_else(|| Damage::corrupt(at, format!("an interface of {size} bytes")))?;
        if self.interfaces.len() == MOST_INTERFACES {
            return Err(Damage::corrupt(at, format!("more than {MOST_INTERFACES} interfaces")));
        }
        self.interfaces.push(interface);
        bytes.take(u64::from(size), with);
        Ok(())
    }

    /// Where the packet of a block is.
    #[inline]
    fn parts(&self, kind: u32, at: u64, block: &[u8]) -> Result<Parts, Damage> {
        let number = |at| u32_at(block, at, self.is_big);
        let ticks = || Some(u64::from(number(12)?) << 32 | u64::from(number(16)?));
        let room = block.len() - EMPTY;
        let parts = match kind {
            SIMPLE if block.len() < SIMPLE_FIXED => None,
            SIMPLE => number(8).map(|length| {
                let room = block.len().saturating_sub(SIMPLE_FIXED);
                let snaplen = self.interfaces.first().map_or(0, |i| i.snaplen as usize);
                let limit = if snaplen == 0 { room } else { snaplen.min(room) };
                let captured = limit.min(length as usize);
                Parts { interface: 0, ticks: None, from: 12, captured, length }
            }),
            _ if room < ENHANCED_FIXED - EMPTY => None,
            _ => number(8).zip(number(20)).zip(number(24)).map(|((interface, captured), length)| {
                // Of an obsolete block the other half counts drops.
                let narrow = u16_at(block, 8, self.is_big).unwrap_or_default();
                let interface = if kind == PACKET { narrow.into() } else { interface };
                Parts { interface: interface as usize, ticks: ticks(), from: 28, captured: captured as usize, length }
            }),
        };
        let Some(parts) = parts else {
            return Err(Damage::corrupt(at, format!("a packet's block of {} bytes", block.len())));
        };
        if parts.interface >= self.interfaces.len() {
            let what =
                format!("a packet of interface {}, of which there are {}", parts.interface, self.interfaces.len());
            return Err(Damage::corrupt(at, what));
        }
        if parts.captured > MOST_CAPTURED.min(block.len() - 4 - parts.from) {
            let what = format!("a block of {} bytes says that its packet has {}", block.len(), parts.captured);
            return Err(Damage::corrupt(at, what));
        }
        Ok(parts)
    }
}

/// A block as a whole.
#[inline]
fn whole<'b, B: Bytes>(
    at: u64,
    size: u32,
    is_big: bool,
    bytes: &'b mut B,
    with: &mut B::With<'_>,
) -> Result<&'b [u8], Damage> {
    let wanted = size as usize;
    if !(EMPTY..=MOST_BLOCK).contains(&wanted) || !wanted.is_multiple_of(4) {
        return Err(unfit(at, size));
    }
    let block = bytes.ahead(wanted, with);
    if block.len() < wanted {
        return Err(Damage::cut(at, "a block", wanted, block.len()));
    }
    match u32_at(block, wanted - 4, is_big) {
        Some(last) if last == size => Ok(block),
        last => Err(unequal(at, size, last)),
    }
}

/// Takes a block of any length.
fn skip<B: Bytes>(at: u64, size: u32, is_big: bool, bytes: &mut B, with: &mut B::With<'_>) -> Result<(), Damage> {
    if (size as usize) < EMPTY || !size.is_multiple_of(4) {
        return Err(unfit(at, size));
    }
    let taken = bytes.take(u64::from(size) - 4, with);
    let last = bytes.ahead(4, with);
    if last.len() < 4 {
        return Err(Damage::cut(at, "a block", size as usize, taken as usize + last.len()));
    }
    match u32_at(last, 0, is_big) {
        Some(last) if last == size => {}
        last => return Err(unequal(at, size, last)),
    }
    bytes.take(4, with);
    Ok(())
}

#[cold]
fn unfit(at: u64, size: u32) -> Damage {
    Damage::corrupt(at, format!("a block says that it has {size} bytes"))
}

#[cold]
fn unequal(at: u64, first: u32, last: Option<u32>) -> Damage {
    let last = last.unwrap_or_default();
    Damage::corrupt(at, format!("a block of {first} bytes says {last} at its end"))
}
