//! Ports, flags and payload of TCP (RFC 9293), UDP (768), UDP-Lite (3828), SCTP (9260), DCCP (4340); type and code of
//! ICMP (792) and ICMPv6 (4443).
//!
//! Invariant: a packet that ends, by IP's own length, before its transport's header does has no ports, as other meters
//! have it; one of which too little was captured to see its ports is unfit.

use super::cursor::Cursor;
use super::fragment::Fragment;
use super::ip::Ip;
use super::{Headers, Lengths, Unfit};

const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const DCCP: u8 = 33;
const ICMP6: u8 = 58;
const SCTP: u8 = 132;
const UDPLITE: u8 = 136;

/// Length of the shortest header of a protocol that has ports.
#[inline]
fn shortest(protocol: u8) -> Option<u32> {
    match protocol {
        TCP => Some(20),
        UDP | UDPLITE => Some(8),
        SCTP | DCCP => Some(12),
        _ => None,
    }
}

/// The headers of a packet whose IP header was read; the cursor stays at what IP carries.
///
/// # Errors
/// Ports were not captured.
#[inline]
pub(super) fn headers<'p>(ip: &Ip, cursor: &mut Cursor<'p>) -> Result<Headers<'p>, Unfit> {
    let carried = cursor.rest();
    let mut headers = Headers {
        addresses: ip.addresses,
        is_wide: ip.is_wide,
        ports: [0; 2],
        protocol: ip.protocol,
        vlan: cursor.vlan,
        tos: ip.tos,
        flags: 0,
        sequence: 0,
        icmp: None,
        lengths: Lengths { l2: cursor.frame, l3: ip.length, l4: ip.carried, payload: ip.carried },
        fragment: ip.fragment,
        payload: carried,
    };
    if let Fragment::Later(_) = ip.fragment {
        return Ok(headers);
    }
    let mut header = 0;
    if let Some(shortest) = shortest(ip.protocol) {
        // Of a datagram in fragments the first may be shorter than a header.
        let is_there = ip.carried >= shortest || ip.carried >= 4 && ip.fragment != Fragment::None;
        if is_there {
            let [a, b, c, d] = *carried.first_chunk().ok_or(Unfit::Broken)?;
            headers.ports = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            header = shortest;
        }
        if let (TCP, true, Some(&[a, b, c, d, _, _, _, _, words, flags])) = (ip.protocol, is_there, carried.get(4..14))
        {
            headers.flags = flags;
            headers.sequence = u32::from_be_bytes([a, b, c, d]);
            header = u32::from(words >> 4) * 4;
        }
    } else if matches!(ip.protocol, ICMP | ICMP6) {
        headers.icmp = carried.first_chunk().copied();
        header = 8;
    }
    headers.lengths.payload = ip.carried.saturating_sub(header);
    headers.payload = carried.get(header as usize..).unwrap_or_default();
    Ok(headers)
}
