//! From the link layer to an IP header: what a frame's LINKTYPE says, then what each header says of the next.
//!
//! Standards: tcpdump.org's list of link types, IEEE 802.3, 802.1Q and 802.1ad, RFC 1042 (SNAP), 3032 and 4385 (MPLS),
//! 2516 (PPPoE), 1661 (PPP). Bound: a header is counted each time, see [`super::MOST_LAYERS`].

use super::Unfit;
use super::cursor::Cursor;

/// Types of Ethernet.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLANS: [u16; 5] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE: u16 = 0x8864;
const PPP: u16 = 0x880b;
pub(super) const ETHERNET: u16 = 0x6558;

/// Below are lengths, not types.
const LEAST_TYPE: u16 = 1536;

/// Both ends of an LLC header that a SNAP header follows.
const SNAP: u8 = 0xaa;

/// Protocols of PPP.
const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;
const PPP_MPLS: [u16; 2] = [0x0281, 0x0283];

/// The bits of a VLAN tag that are its identifier.
const VLAN: u16 = 0x0fff;

/// The bit of an MPLS label after which no label follows.
const BOTTOM: u32 = 0x100;

/// The TLV of NFLOG that is the packet.
const NFLOG_PAYLOAD: u16 = 9;

/// Goes to the IP header of a frame.
///
/// # Errors
/// There is none.
#[inline]
pub(super) fn enter(link: u16, cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    match link {
        1 => ethernet(cursor),
        12 | 14 | 101 | 228 | 229 => Ok(()),
        113 => {
            cursor.skip(14)?;
            let kind = cursor.u16()?;
            ethertype(kind, cursor)
        }
        276 => {
            let kind = cursor.u16()?;
            cursor.skip(18)?;
            ethertype(kind, cursor)
        }
        0 | 108 => loopback(cursor),
        9 => ppp_framed(cursor),
        50 => ppp_serial(cursor),
        51 => pppoe(cursor),
        104 => hdlc(cursor),
        239 => nflog(cursor),
        _ => Err(Unfit::Link),
    }
}

/// Whether a link type is known.
pub(crate) fn is_known(link: u16) -> bool {
    matches!(link, 0 | 1 | 9 | 12 | 14 | 50 | 51 | 101 | 104 | 108 | 113 | 228 | 229 | 239 | 276)
}

/// Goes to the IP header of an Ethernet frame.
#[inline]
pub(super) fn ethernet(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    cursor.layer()?;
    cursor.skip(12)?;
    let kind = cursor.u16()?;
    ethertype(kind, cursor)
}

/// Goes to the IP header of what this type of Ethernet says that follows.
#[inline]
pub(super) fn ethertype(mut kind: u16, cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    loop {
        match kind {
            IPV4 | IPV6 => return Ok(()),
            _ if VLANS.contains(&kind) => {
                cursor.layer()?;
                cursor.vlan = cursor.u16()? & VLAN;
                kind = cursor.u16()?;
            }
            MPLS | MPLS_MULTICAST => return mpls(cursor),
            PPPOE => return pppoe(cursor),
            PPP => return ppp_framed(cursor),
            ETHERNET => return ethernet(cursor),
            0..LEAST_TYPE => {
                // What is no SNAP header is LLC of something else.
                let [SNAP, SNAP, 3, 0, 0, 0, high, low] = *cursor.next()? else { return Err(Unfit::NoIp) };
                cursor.layer()?;
                kind = u16::from_be_bytes([high, low]);
            }
            _ => return Err(Unfit::NoIp),
        }
    }
}

/// Labels, then IP, or Ethernet behind a control word.
pub(super) fn mpls(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    loop {
        cursor.layer()?;
        if u32::from_be_bytes(*cursor.next()?) & BOTTOM != 0 {
            break;
        }
    }
    match cursor.rest().first().ok_or(Unfit::Broken)? >> 4 {
        4 | 6 => Ok(()),
        0 => {
            cursor.skip(4)?;
            ethernet(cursor)
        }
        _ => Err(Unfit::NoIp),
    }
}

/// PPP over Ethernet, from its own header on.
fn pppoe(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    cursor.layer()?;
    // Version and type 1, and the code of a session, whose number and length follow.
    match *cursor.next::<6>()? {
        [0x11, 0, ..] => ppp(cursor),
        [0x11, ..] => Err(Unfit::NoIp),
        _ => Err(Unfit::Broken),
    }
}

/// PPP that may begin with address and control.
pub(super) fn ppp_framed(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    cursor.layer()?;
    if cursor.rest().starts_with(&[0xff, 0x03]) {
        cursor.skip(2)?;
    }
    ppp(cursor)
}

/// PPP from its protocol on, of which the first byte may be left out where that is 0.
fn ppp(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let [first] = *cursor.next()?;
    let protocol = if first & 1 == 1 {
        first.into()
    } else {
        let [second] = *cursor.next()?;
        u16::from_be_bytes([first, second])
    };
    match protocol {
        PPP_IPV4 | PPP_IPV6 => Ok(()),
        _ if PPP_MPLS.contains(&protocol) => mpls(cursor),
        _ => Err(Unfit::NoIp),
    }
}

/// PPP on a serial line, or Cisco's framing.
fn ppp_serial(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    match cursor.rest().first() {
        Some(0x0f | 0x8f) => hdlc(cursor),
        _ => ppp_framed(cursor),
    }
}

/// Cisco's HDLC: address and control, then a type as on Ethernet; PPP with its own address.
fn hdlc(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    if cursor.rest().starts_with(&[0xff, 0x03]) {
        return ppp_framed(cursor);
    }
    cursor.layer()?;
    cursor.skip(2)?;
    let kind = cursor.u16()?;
    ethertype(kind, cursor)
}

/// BSD's loopback: a family of addresses in the order of the machine, or of the network.
fn loopback(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let family = u32::from_le_bytes(*cursor.next()?);
    // IPv6 is 10 on Linux, 24 on NetBSD, 28 on FreeBSD, 30 on macOS.
    match if family > 0xffff { family.swap_bytes() } else { family } {
        2 | 10 | 24 | 28 | 30 => Ok(()),
        _ => Err(Unfit::NoIp),
    }
}

/// Linux' NFLOG: a header, then values, of which one is the packet. Lengths and types are in the order of the machine,
/// which may not be that of the file.
fn nflog(cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    let [family, version, ..] = *cursor.next::<4>()?;
    if version != 0 {
        return Err(Unfit::Broken);
    }
    if !matches!(family, 2 | 10) {
        return Err(Unfit::NoIp);
    }
    let start = *cursor;
    for is_big in [cursor.is_big, !cursor.is_big] {
        *cursor = start;
        if nflog_payload(is_big, cursor).is_ok() {
            return Ok(());
        }
    }
    Err(Unfit::Broken)
}

fn nflog_payload(is_big: bool, cursor: &mut Cursor<'_>) -> Result<(), Unfit> {
    loop {
        let [a, b, c, d] = *cursor.next()?;
        let number = |pair| if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        let (length, kind) = (usize::from(number([a, b])), number([c, d]));
        let length = length.checked_sub(4).ok_or(Unfit::Broken)?;
        if kind == NFLOG_PAYLOAD {
            cursor.end_after(length);
            return Ok(());
        }
        cursor.skip(length.next_multiple_of(4))?;
    }
}
