//! Capture files to packets: pcap and pcapng, of either byte order, one packet at a time.
//!
//! ```text
//! Stream (or a slice) ─► Capture::next ─► Packet ─┬─► packet::Decoder ─► meter
//!                                                 └─► packet::datagram ─► who decodes what UDP carries
//! ```
//!
//! This is all that is needed to read what others put into captures:
//!
//! ```ignore
//! let mut stream = Stream::new(feed);
//! let mut capture = Capture::open(&mut stream, flows)?;
//! while let Some(packet) = capture.next(&mut stream, flows)? {
//!     if let Some(datagram) = crate::packet::datagram(&packet) { ... } // time, addresses, ports, payload
//! }
//! ```
//!
//! [`Whole`] reads the same from a slice: for a look ahead, whose end is no end of the capture, and for tests.
//!
//! Standards: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. Invariant: a packet has at most as many bytes as stand in
//! the file; what comes before damage is given before it is told. Bound: [`MOST_CAPTURED`] bytes of a packet, and
//! [`MOST_BLOCK`] of a block that holds one.

mod bytes;
mod pcap;
mod pcapng;

pub(crate) use bytes::Bytes;
#[allow(unused_imports, reason = "read by tests and by who looks ahead")]
pub(crate) use bytes::Whole;

use crate::source::Probe;
use std::fmt;

/// The most that is captured of a packet: libpcap's bound, which no program exceeds.
pub(crate) const MOST_CAPTURED: usize = 256 * 1024;

/// The longest block of pcapng that holds a packet: with its options.
const MOST_BLOCK: usize = 512 * 1024;

/// Interfaces of one section of pcapng.
const MOST_INTERFACES: usize = 65_536;

/// One packet of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'p> {
    /// Nanoseconds since 1970, UTC; `None` where the file does not say.
    pub(crate) time: Option<i64>,
    /// Decimals of the time's resolution: 3, 6 or 9.
    pub(crate) digits: u8,
    /// Link type, as in tcpdump.org's list of LINKTYPE values.
    pub(crate) link: u16,
    /// What was captured, from the link layer on.
    pub(crate) bytes: &'p [u8],
    /// Length of the packet on the wire; not less than what was captured, unless the file is odd.
    pub(crate) length: u32,
    /// Whether what programs write in the order of their machine is big-endian.
    pub(crate) is_big: bool,
}

/// Why a capture is not read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Offset of what is damaged, in bytes of the unpacked capture.
    pub(crate) at: u64,
    /// The capture ends within a header or packet that begins there.
    pub(crate) is_cut: bool,
    /// What is wrong.
    pub(crate) what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_cut { "truncated" } else { "corrupt" };
        write!(f, "{how} at byte {}: {}", self.at, self.what)
    }
}

impl Damage {
    /// The capture ends where more is wanted.
    #[cold]
    fn cut(at: u64, what: &str, wanted: usize, have: usize) -> Damage {
        Damage { at, is_cut: true, what: format!("{what} of {wanted} bytes has {have}") }
    }

    #[cold]
    fn corrupt(at: u64, what: impl Into<String>) -> Damage {
        Damage { at, is_cut: false, what: what.into() }
    }
}

/// A capture that is being read.
#[derive(Debug)]
pub(crate) enum Capture {
    /// Of one link type.
    Pcap(pcap::Pcap),
    /// Of sections, each with interfaces.
    Pcapng(pcapng::Pcapng),
}

impl Capture {
    /// Reads what is before the first packet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn open<B: Bytes>(bytes: &mut B, with: &mut B::With<'_>) -> Result<Capture, Damage> {
        match pcapng::probe(bytes.ahead(pcapng::PROBED, with)) {
            Probe::Yes => Ok(Capture::Pcapng(pcapng::Pcapng::new())),
            _ => pcap::Pcap::open(bytes, with).map(Capture::Pcap),
        }
    }

    /// The next packet; `None` after the last.
    ///
    /// # Errors
    /// Where the capture is damaged; nothing is to be read after that.
    #[inline]
    pub(crate) fn next<'b, B: Bytes>(
        &mut self,
        bytes: &'b mut B,
        with: &mut B::With<'_>,
    ) -> Result<Option<Packet<'b>>, Damage> {
        match self {
            Capture::Pcap(capture) => capture.next(bytes, with),
            Capture::Pcapng(capture) => capture.next(bytes, with),
        }
    }
}

/// Whether this is how a pcap file begins.
pub(crate) fn probe_pcap(head: &[u8]) -> Probe {
    pcap::probe(head)
}

/// Whether this is how a pcapng file begins.
pub(crate) fn probe_pcapng(head: &[u8]) -> Probe {
    pcapng::probe(head)
}

/// Four bytes at `at` as a number.
#[inline]
fn u32_at(bytes: &[u8], at: usize, is_big: bool) -> Option<u32> {
    let four = *bytes.get(at..)?.first_chunk::<4>()?;
    Some(if is_big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
}

/// Two bytes at `at` as a number.
#[inline]
fn u16_at(bytes: &[u8], at: usize, is_big: bool) -> Option<u16> {
    let two = *bytes.get(at..)?.first_chunk::<2>()?;
    Some(if is_big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
}

#[cfg(test)]
mod tests;
