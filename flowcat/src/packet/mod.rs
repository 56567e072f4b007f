//! Packets to what a flow is made of: addresses, ports, protocol, lengths, flags, payload.
//!
//! ```text
//! link ─► Ethernet, VLAN, MPLS, PPPoE ... ─► ip ─► transport ─► Headers
//!                      ▲                                 │
//!                      └──────────── tunnel ◄────────────┘ only where the inner packet is wanted
//! ```
//!
//! [`decode`] gives the headers of a packet, [`datagram`] what a UDP packet carries and from whom to whom.
//!
//! Invariants: nothing is read beyond what was captured, nor beyond the length that IP names; lengths are those of the
//! packet on the wire, whatever was captured of it. Bound: [`MOST_LAYERS`] headers of a packet.

mod cursor;
pub(crate) mod fragment;
mod ip;
mod link;
mod transport;
mod tunnel;

pub(crate) use link::is_known;

use crate::capture::Packet;
use cursor::Cursor;
use fragment::Fragment;
use std::net::{IpAddr, SocketAddr};

/// Headers below the transport that are unwrapped, tunnels included.
const MOST_LAYERS: u8 = 16;

/// Why a packet has no headers: what is counted as unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It carries no IP: ARP, LLC and the like.
    NoIp,
    /// Its link type is not known.
    Link,
    /// Not enough of it was captured.
    Snapped,
    /// A header does not fit what is there.
    Broken,
    /// More headers than [`MOST_LAYERS`].
    Deep,
}

impl Unfit {
    /// The name that it is counted by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unfit::NoIp => "no IP",
            Unfit::Link => "unknown link type",
            Unfit::Snapped => "snapped header",
            Unfit::Broken => "broken header",
            Unfit::Deep => "too many headers",
        }
    }
}

/// Lengths of a packet on the wire, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// The whole frame.
    pub(crate) l2: u32,
    /// IP header and what it carries.
    pub(crate) l3: u32,
    /// What IP carries.
    pub(crate) l4: u32,
    /// What the transport carries.
    pub(crate) payload: u32,
}

/// What is known of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Headers<'p> {
    /// Source and destination; of IPv4 the lower 32 bits.
    pub(crate) addresses: [u128; 2],
    /// Whether these are of IPv6.
    pub(crate) is_wide: bool,
    /// Source and destination; 0 where the protocol has none.
    pub(crate) ports: [u16; 2],
    pub(crate) protocol: u8,
    /// Identifier of the innermost VLAN tag; 0 without one.
    pub(crate) vlan: u16,
    /// Type of service, or traffic class.
    pub(crate) tos: u8,
    /// Flags of TCP.
    pub(crate) flags: u8,
    /// Of TCP the number of its first byte.
    pub(crate) sequence: u32,
    /// Type and code of ICMP and ICMPv6.
    pub(crate) icmp: Option<[u8; 2]>,
    pub(crate) lengths: Lengths,
    pub(crate) fragment: Fragment,
    /// What was captured of the transport's payload.
    pub(crate) payload: &'p [u8],
}

impl Headers<'_> {
    /// Source (0) or destination (1).
    #[allow(dead_code, reason = "for who decodes what UDP carries")]
    pub(crate) fn address(&self, end: usize) -> IpAddr {
        let address = self.addresses[end & 1];
        if self.is_wide { IpAddr::V6(address.into()) } else { IpAddr::V4((address as u32).into()) }
    }
}

/// The headers of a packet: the outermost, or with `inner` those of the innermost packet that tunnels lead to.
///
/// A packet in fragments is not looked into. What a tunnel carries that is no IP packet leaves it at the tunnel's own.
///
/// # Errors
/// Why it has none.
#[inline]
pub(crate) fn decode<'p>(packet: &Packet<'p>, inner: bool) -> Result<Headers<'p>, Unfit> {
    let mut cursor = Cursor::new(packet);
    let result = link::enter(packet.link, &mut cursor).and_then(|()| headers(&mut cursor));
    match result {
        Ok(headers) if inner => Ok(innermost(headers, cursor)),
        Err(Unfit::Broken) if cursor.is_snapped() => Err(Unfit::Snapped),
        result => result,
    }
}

/// The headers from an IP header on; leaves the cursor at what IP carries.
#[inline]
fn headers<'p>(cursor: &mut Cursor<'p>) -> Result<Headers<'p>, Unfit> {
    let ip = ip::header(cursor)?;
    transport::headers(&ip, cursor)
}

/// The headers of the innermost packet.
fn innermost<'p>(outer: Headers<'p>, mut cursor: Cursor<'p>) -> Headers<'p> {
    let mut found = outer;
    while tunnel::enter(&found, &mut cursor).is_some() {
        match headers(&mut cursor) {
            Ok(inner) => found = inner,
            Err(_) => break,
        }
    }
    found
}

/// What a UDP packet carries.
#[allow(dead_code, reason = "for who decodes what UDP carries")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datagram<'p> {
    /// Nanoseconds since 1970, UTC; `None` where the file does not say.
    pub(crate) time: Option<i64>,
    pub(crate) src: SocketAddr,
    pub(crate) dst: SocketAddr,
    /// What was captured of it.
    pub(crate) payload: &'p [u8],
    /// Bytes that are missing because they were not captured, or follow in other fragments.
    pub(crate) missing: Missing,
}

/// What is missing of a datagram.
#[allow(dead_code, reason = "for who decodes what UDP carries")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Nothing,
    /// Its end was not captured.
    Snapped,
    /// It follows in other packets.
    Fragments,
}

/// The datagram of a packet; `None` where it is no UDP, or a later fragment of a datagram.
#[allow(dead_code, reason = "for who decodes what UDP carries")]
pub(crate) fn datagram<'p>(packet: &Packet<'p>) -> Option<Datagram<'p>> {
    let headers = decode(packet, false).ok()?;
    let missing = match headers.fragment {
        Fragment::Later(_) => return None,
        Fragment::First(_) => Missing::Fragments,
        Fragment::None if headers.payload.len() < headers.lengths.payload as usize => Missing::Snapped,
        Fragment::None => Missing::Nothing,
    };
    let end = |end: usize| SocketAddr::new(headers.address(end), headers.ports[end]);
    (headers.protocol == transport::UDP).then(|| Datagram {
        time: packet.time,
        src: end(0),
        dst: end(1),
        payload: headers.payload,
        missing,
    })
}

#[cfg(test)]
mod tests;
