//! From a packet into what it carries: GRE (RFC 2784, 2890, 2637), IP in IP (2003, 2473), 6in4 (4213), EtherIP (3378),
//! MPLS in IP (4023), VXLAN (7348), Geneve (8926), Teredo (4380), GTP-U (3GPP TS 29.281).
//!
//! UDP tunnels are told by their ports and what their header must begin with. Invariant: a fragment is not looked into.
//! Bound: a header is counted each time, see [`super::MOST_LAYERS`].

use super::cursor::Cursor;
use super::fragment::Fragment;
use super::link;
use super::transport::UDP;
use super::{Headers, Unfit};

const VXLAN: [u16; 2] = [4789, 8472];
const GENEVE: u16 = 6081;
const GTP: u16 = 2152;
const TEREDO: u16 = 3544;

/// Length of a UDP header.
const UDP_HEADER: usize = 8;

/// Goes from what IP carries to the IP header inside of it; `None` where that is no tunnel, or carries no IP.
pub(super) fn enter(headers: &Headers<'_>, cursor: &mut Cursor<'_>) -> Option<()> {
    if headers.fragment != Fragment::None {
        return None;
    }
    match headers.protocol {
        // IPv4 and IPv6.
        4 | 41 => Ok(()),
        47 => gre(cursor),
        97 => cursor.skip(2).and_then(|()| link::ethernet(cursor)),
        137 => link::mpls(cursor),
        143 => link::ethernet(cursor),
        UDP => datagram(headers.ports, cursor),
        _ => Err(Unfit::NoIp),
    }
    .ok()
}

/// Generic routing encapsulation, with PPTP's.
fn gre(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let (flags, kind) = (cursor.u16()?, cursor.u16()?);
    let is_set = |bit: u16| usize::from(flags & bit != 0);
    // Of routing nothing is known but that it is not used; versions are 0 and PPTP's 1.
    if flags & 0x4000 != 0 || flags & 7 > 1 {
        return Err(Unfit::NoIp);
    }
    let acknowledged = if flags & 7 == 1 { is_set(0x0080) } else { 0 };
    cursor.skip(4 * (is_set(0x8000) + is_set(0x2000) + is_set(0x1000) + acknowledged))?;
    match kind {
        // ERSPAN II, and without its header where nothing is numbered; III.
        0x88be => cursor.skip(8 * is_set(0x1000)).and_then(|()| link::ethernet(cursor)),
        0x22eb => {
            let head = *cursor.next::<12>()?;
            cursor.skip(if head[11] & 1 == 1 { 8 } else { 0 })?;
            link::ethernet(cursor)
        }
        kind => link::ethertype(kind, cursor),
    }
}

/// Tunnels in UDP.
fn datagram(ports: [u16; 2], cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let [_, to] = ports;
    cursor.skip(UDP_HEADER)?;
    if VXLAN.contains(&to) {
        // The identifier is valid.
        let [0x08, ..] = *cursor.next::<8>()? else { return Err(Unfit::NoIp) };
        link::ethernet(cursor)
    } else if to == GENEVE {
        let [first, _, high, low, ..] = *cursor.next::<8>()?;
        if first >> 6 != 0 {
            return Err(Unfit::NoIp);
        }
        cursor.skip(usize::from(first & 0x3f) * 4)?;
        link::ethertype(u16::from_be_bytes([high, low]), cursor)
    } else if ports.contains(&GTP) {
        gtp(cursor)
    } else if ports.contains(&TEREDO) {
        teredo(cursor)
    } else {
        Err(Unfit::NoIp)
    }
}

/// GTP-U of version 1 that carries a user's packet.
fn gtp(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let [flags, kind, ..] = *cursor.next::<8>()?;
    if flags >> 4 != 0b0011 || kind != 0xff {
        return Err(Unfit::NoIp);
    }
    if flags & 7 != 0 {
        let [_, _, _, mut next] = *cursor.next()?;
        while flags & 4 != 0 && next != 0 {
            cursor.layer()?;
            let words = usize::from(*cursor.rest().first().ok_or(Unfit::Broken)?);
            let extension = cursor.rest().get(..words * 4).filter(|e| !e.is_empty()).ok_or(Unfit::Broken)?;
            next = extension.last().copied().unwrap_or_default();
            cursor.skip(words * 4)?;
        }
    }
    only_ip(cursor)
}

/// IPv6 behind UDP, with indications of the sender before it.
fn teredo(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    if let [0, 1, client, secret, ..] = *cursor.rest() {
        cursor.skip(13 + usize::from(client) + usize::from(secret))?;
    }
    if let [0, 0, ..] = *cursor.rest() {
        cursor.skip(8)?;
    }
    match cursor.rest().first().map(|first| first >> 4) {
        Some(6) => Ok(()),
        _ => Err(Unfit::NoIp),
    }
}

/// Whether what follows can be IP.
fn only_ip(cursor: &Cursor<'_>) -> Result<(), Unfit> {
    match cursor.rest().first().map(|first| first >> 4) {
        Some(4 | 6) => Ok(()),
        _ => Err(Unfit::NoIp),
    }
}
