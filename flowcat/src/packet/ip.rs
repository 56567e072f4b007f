//! IPv4 and IPv6 headers (RFC 791, 8200), with the extension headers of IPv6 that lead on to a transport.
//!
//! Invariant: the length is that of the packet on the wire. A length of 0, as segments have before the network card cuts
//! them, and as jumbograms have, is what the frame holds. Authentication headers, mobility and what is encrypted are
//! protocols of their own. Bound: [`MOST_EXTENSIONS`].

use super::Unfit;
use super::cursor::Cursor;
use super::fragment::{Fragment, Id};

/// Extension headers of a packet.
const MOST_EXTENSIONS: usize = 16;

/// Extension headers that others follow.
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// What an IP header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip {
    pub(super) addresses: [u128; 2],
    pub(super) is_wide: bool,
    /// Of what follows the extension headers.
    pub(super) protocol: u8,
    pub(super) tos: u8,
    /// Of the packet, and of what it carries.
    pub(super) length: u32,
    pub(super) carried: u32,
    pub(super) fragment: Fragment,
}

/// The header at the cursor, which goes to what it carries.
///
/// # Errors
/// It is none, or was not captured.
#[inline]
pub(super) fn header(cursor: &mut Cursor<'_>) -> Result<Ip, Unfit> {
    cursor.layer()?;
    match cursor.rest().first().map(|first| first >> 4) {
        Some(4) => ipv4(cursor),
        Some(6) => ipv6(cursor),
        _ => Err(Unfit::Broken),
    }
}

#[inline]
fn ipv4(cursor: &mut Cursor<'_>) -> Result<Ip, Unfit> {
    let head = *cursor.rest().first_chunk::<20>().ok_or(Unfit::Broken)?;
    let [first, tos, l0, l1, i0, i1, f0, f1, _, protocol, _, _, addresses @ ..] = head;
    let header = usize::from(first & 15) * 4;
    let length = match u16::from_be_bytes([l0, l1]) {
        0 => cursor.left(),
        length => length.into(),
    };
    if header < 20 || length < header {
        return Err(Unfit::Broken);
    }
    cursor.end_after(length);
    cursor.skip(header)?;
    let [a, b, c, d, e, f, g, h] = addresses;
    let addresses = [[a, b, c, d], [e, f, g, h]].map(|four| u128::from(u32::from_be_bytes(four)));
    let place = u16::from_be_bytes([f0, f1]);
    let (offset, more) = (place & 0x1fff, place & 0x2000 != 0);
    let id = u32::from(u16::from_be_bytes([i0, i1]));
    let fragment = Fragment::new(offset, more, Id { addresses, protocol, id });
    Ok(Ip {
        addresses,
        is_wide: false,
        protocol,
        tos,
        length: length as u32,
        carried: (length - header) as u32,
        fragment,
    })
}

#[inline]
fn ipv6(cursor: &mut Cursor<'_>) -> Result<Ip, Unfit> {
    let left = cursor.left();
    let head = cursor.rest().first_chunk::<40>().ok_or(Unfit::Broken)?;
    let length = match u16::from_be_bytes([head[4], head[5]]) {
        // Where nothing follows nothing is carried, else more than the field can say.
        0 if head[6] != 59 => left.max(head.len()),
        length => head.len() + usize::from(length),
    };
    let address = |at: usize| head.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u128::from_be_bytes(*b));
    let mut ip = Ip {
        addresses: [address(8), address(24)],
        is_wide: true,
        protocol: head[6],
        tos: head[0] << 4 | head[1] >> 4,
        length: length as u32,
        carried: (length - head.len()) as u32,
        fragment: Fragment::None,
    };
    cursor.end_after(length);
    cursor.skip(head.len())?;
    for _ in 0..MOST_EXTENSIONS {
        match ip.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | FRAGMENT => extension(&mut ip, cursor)?,
            _ => return Ok(ip),
        }
        if let Fragment::Later(_) = ip.fragment {
            return Ok(ip);
        }
    }
    Err(Unfit::Deep)
}

/// Passes over an extension header.
fn extension(ip: &mut Ip, cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let [next, words, f0, f1, id @ ..] = *cursor.rest().first_chunk::<8>().ok_or(Unfit::Broken)?;
    let length = if ip.protocol == FRAGMENT { 8 } else { usize::from(words) * 8 + 8 };
    if ip.protocol == FRAGMENT {
        let place = u16::from_be_bytes([f0, f1]);
        // The protocol of a later fragment's first header may be another.
        let id = Id { addresses: ip.addresses, protocol: FRAGMENT, id: u32::from_be_bytes(id) };
        ip.fragment = Fragment::new(place >> 3, place & 1 == 1, id);
    }
    ip.protocol = next;
    ip.carried = ip.carried.checked_sub(length as u32).ok_or(Unfit::Broken)?;
    cursor.skip(length)
}
