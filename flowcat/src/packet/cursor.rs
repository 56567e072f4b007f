//! A place in the captured bytes of a packet.
//!
//! Invariant: it only moves forward, and never beyond what was captured.

use super::{MOST_LAYERS, Unfit};
use crate::capture::Packet;

/// Where the next header begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'p> {
    /// What was captured, cut to the length that an IP header named.
    bytes: &'p [u8],
    at: usize,
    /// Length on the wire of what `bytes` is the beginning of.
    wire: usize,
    /// Length of the frame on the wire.
    pub(super) frame: u32,
    pub(super) vlan: u16,
    pub(super) is_big: bool,
    layers: u8,
}

impl<'p> Cursor<'p> {
    /// At the beginning of a packet.
    #[inline]
    pub(super) fn new(packet: &Packet<'p>) -> Cursor<'p> {
        let wire = (packet.length as usize).max(packet.bytes.len());
        Cursor { bytes: packet.bytes, at: 0, wire, frame: packet.length, vlan: 0, is_big: packet.is_big, layers: 0 }
    }

    /// Whether less was captured than was on the wire.
    #[inline]
    pub(super) fn is_snapped(&self) -> bool {
        self.bytes.len() < self.wire
    }

    /// What is left of the captured bytes.
    #[inline]
    pub(super) fn rest(&self) -> &'p [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Bytes on the wire from here on.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.wire.saturating_sub(self.at)
    }

    /// Says that `length` bytes follow; what the frame has beyond is padding.
    #[inline]
    pub(super) fn end_after(&mut self, length: usize) {
        let end = self.at.saturating_add(length);
        self.wire = end;
        self.bytes = self.bytes.get(..end).unwrap_or(self.bytes);
    }

    /// Passes over `count` bytes.
    ///
    /// # Errors
    /// They were not captured.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) -> Result<(), Unfit> {
        let at = self.at.saturating_add(count);
        if at > self.bytes.len() {
            return Err(Unfit::Broken);
        }
        self.at = at;
        Ok(())
    }

    /// The next `N` bytes, which are passed over.
    ///
    /// # Errors
    /// They were not captured.
    #[inline]
    pub(super) fn next<const N: usize>(&mut self) -> Result<&'p [u8; N], Unfit> {
        let chunk = self.rest().first_chunk::<N>().ok_or(Unfit::Broken)?;
        self.at += N;
        Ok(chunk)
    }

    /// A number of the next two bytes.
    ///
    /// # Errors
    /// They were not captured.
    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Unfit> {
        self.next().map(|two| u16::from_be_bytes(*two))
    }

    /// Counts a header.
    ///
    /// # Errors
    /// There are too many.
    #[inline]
    pub(super) fn layer(&mut self) -> Result<(), Unfit> {
        self.layers += 1;
        if self.layers > MOST_LAYERS { Err(Unfit::Deep) } else { Ok(()) }
    }
}
