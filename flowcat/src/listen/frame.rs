//! Frames: what receivers hand over, as bytes in a row.
//!
//! Kind (1), version of the address (1), number of the socket (2), length of what follows (4), nanoseconds since 1970
//! (8), address (16): all big-endian. Before the first stands [`MAGIC`], which nothing that is stored begins with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How the frames of an input begin.
pub(crate) const MAGIC: &[u8; 8] = b"\0udp\xff\x01\r\n";

/// Bytes of a frame before what it holds.
pub(crate) const HEADER: usize = 32;

/// Bytes of counts.
const COUNTS: u32 = 16;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A datagram of so many bytes.
    Datagram(usize),
    /// Nothing but the time.
    Tick,
    /// Two numbers: datagrams that were not allowed, and datagrams that the kernel dropped, of this socket so far.
    Counts,
}

/// One frame, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) socket: u16,
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    /// Who sent it.
    pub(crate) address: IpAddr,
}

impl Frame {
    /// Appends the header.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (kind, length) = match self.kind {
            Kind::Datagram(length) => (1, length as u32),
            Kind::Tick => (2, 0),
            Kind::Counts => (3, COUNTS),
        };
        let (version, address) = match self.address {
            IpAddr::V4(address) => (4, address.to_ipv6_mapped().octets()),
            IpAddr::V6(address) => (6, address.octets()),
        };
        out.extend_from_slice(&[kind, version]);
        out.extend_from_slice(&self.socket.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(&address);
    }

    /// Reads a header; `None` where it is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Frame> {
        let [kind, version, a, b, rest @ ..] = bytes.first_chunk::<HEADER>()?;
        let length = u32::from_be_bytes(*rest.first_chunk()?);
        let time = i64::from_be_bytes(*rest.get(4..)?.first_chunk()?);
        let address: [u8; 16] = *rest.get(12..)?.first_chunk()?;
        let address = match version {
            4 => IpAddr::V4(Ipv4Addr::from(*address.last_chunk::<4>()?)),
            _ => IpAddr::V6(Ipv6Addr::from(address)),
        };
        let kind = match kind {
            1 => Kind::Datagram(usize::try_from(length).ok()?),
            2 => Kind::Tick,
            3 => Kind::Counts,
            _ => return None,
        };
        Some(Frame { kind, socket: u16::from_be_bytes([*a, *b]), time, address })
    }

    /// Bytes of what it holds.
    pub(crate) fn length(&self) -> usize {
        match self.kind {
            Kind::Datagram(length) => length,
            Kind::Tick => 0,
            Kind::Counts => COUNTS as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for (kind, address) in [
            (Kind::Datagram(1464), IpAddr::from([192, 0, 2, 1])),
            (Kind::Tick, IpAddr::from([0; 16])),
            (Kind::Counts, IpAddr::from([1; 16])),
        ] {
            let frame = Frame { kind, socket: 513, time: -7, address };
            let mut bytes = Vec::new();
            frame.write(&mut bytes);
            assert_eq!((bytes.len(), Frame::read(&bytes)), (HEADER, Some(frame)));
            assert_eq!(Frame::read(&bytes[1..]), None);
        }
    }
}
