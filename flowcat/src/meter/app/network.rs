//! What networks need: NTP (RFC 5905), DHCP (2131, 8415), SNMP (3416), syslog (5424), STUN (8489), RADIUS (2865),
//! TFTP (1350), NetFlow (3954), IPFIX (7011), sFlow 5, BGP (4271), IKE (7296), PTP (IEEE 1588), CoAP (RFC 7252).
//!
//! Where a message has little to tell it by, its port must fit, too.

use super::{App, Payload, Sign, u16_at, u32_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "ntp", tcp: &[], udp: &[123], look: Some(ntp) },
    App { name: "dhcp", tcp: &[], udp: &[67, 68], look: Some(dhcp) },
    App { name: "dhcpv6", tcp: &[], udp: &[546, 547], look: Some(dhcpv6) },
    App { name: "snmp", tcp: &[], udp: &[161, 162], look: Some(snmp) },
    App { name: "syslog", tcp: &[514, 601], udp: &[514], look: Some(syslog) },
    App { name: "stun", tcp: &[3478], udp: &[3478, 3479, 19302], look: Some(stun) },
    App { name: "radius", tcp: &[], udp: &[1812, 1813, 1645, 1646, 3799], look: Some(radius) },
    App { name: "tftp", tcp: &[], udp: &[69], look: Some(tftp) },
    App { name: "netflow", tcp: &[], udp: &NETFLOW, look: Some(netflow) },
    App { name: "sflow", tcp: &[], udp: &[6343], look: Some(sflow) },
    App { name: "bgp", tcp: &[179], udp: &[], look: Some(bgp) },
    App { name: "ike", tcp: &[], udp: &[500, 4500], look: Some(ike) },
    App { name: "ptp", tcp: &[], udp: &[319, 320], look: Some(ptp) },
    App { name: "coap", tcp: &[], udp: &[5683], look: Some(coap) },
];

/// Where collectors listen.
const NETFLOW: [u16; 4] = [2055, 9995, 9996, 4739];

fn ntp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let (first, bytes) = (*payload.bytes.first()?, payload.bytes);
    let (version, mode) = (first >> 3 & 7, first & 7);
    // Client and server messages have 48 bytes and what authenticates them.
    let is_time = (1..=4).contains(&version) && (1..=5).contains(&mode) && bytes.len() >= 48 && bytes[1] <= 16;
    let is_control = (1..=4).contains(&version) && mode >= 6 && bytes.len() >= 8;
    when(payload.has_port(123) && (is_time || is_control))
}

fn dhcp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A request or a reply, and the cookie of options, which may not have been captured.
    let is_message = matches!(payload.bytes.first(), Some(1 | 2)) && payload.bytes.get(2).is_some_and(|n| *n <= 16);
    let cookie = u32_at(payload.bytes, 236);
    let at_home = payload.has_port(67) || payload.has_port(68);
    when(is_message && (cookie == Some(0x6382_5363) || cookie.is_none() && at_home && payload.bytes.len() >= 44))
}

fn dhcpv6<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let is_message = matches!(payload.bytes.first(), Some(1..=36)) && payload.bytes.len() >= 8;
    when(is_message && (payload.has_port(546) || payload.has_port(547)))
}

fn snmp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A sequence, its length in one to three bytes, and a version of one byte: 1, 2c or 3.
    let bytes = payload.bytes;
    let at = match (bytes.first()?, bytes.get(1)?) {
        (0x30, 0..=0x7f) => 2,
        (0x30, 0x81) => 3,
        (0x30, 0x82) => 4,
        _ => return None,
    };
    when(matches!(bytes.get(at..at + 4), Some([2, 1, 0 | 1, 4] | [2, 1, 3, 0x30])))
}

fn syslog<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // <PRI> with a number up to 191.
    let rest = payload.bytes.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|b| *b == b'>')?;
    let number = std::str::from_utf8(&rest[..end]).ok()?.parse::<u8>().ok()?;
    when(
        number <= 191
            && (payload.has_port(514) || payload.has_port(601) || rest.get(end + 1).is_some_and(u8::is_ascii_graphic)),
    )
}

fn stun<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let (kind, length, cookie) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?, u32_at(bytes, 4)?);
    when(kind & 0xc000 == 0 && length.is_multiple_of(4) && cookie == 0x2112_a442)
}

fn radius<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let ports = [1812, 1813, 1645, 1646, 3799];
    let (code, length) = (*payload.bytes.first()?, u16_at(payload.bytes, 2)?);
    let is_message = matches!(code, 1..=5 | 11..=13 | 40..=45) && (20..=4096).contains(&length);
    when(is_message && ports.iter().any(|port| payload.has_port(*port)))
}

fn tftp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let is_request = matches!(u16_at(bytes, 0)?, 1 | 2) && bytes.get(2).is_some_and(u8::is_ascii_graphic);
    let has_mode = || [&b"\0octet\0"[..], b"\0netascii\0"].iter().any(|m| memchr::memmem::find(bytes, m).is_some());
    when(is_request && (payload.has_port(69) || has_mode()))
}

fn netflow<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let (bytes, at_home) = (payload.bytes, NETFLOW.iter().any(|port| payload.has_port(*port)));
    let (version, count) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?);
    // A set with its length at the end of the header: templates, options, or data.
    let is_set = |at: usize, kinds: [u16; 2]| {
        let (kind, length) = (u16_at(bytes, at)?, usize::from(u16_at(bytes, at + 2)?));
        Some((kinds.contains(&kind) || kind > 255) && length >= 4 && (at_home || at + length <= bytes.len()))
    };
    let is_export = match version {
        5 => (1..=30).contains(&count) && (at_home || bytes.len() == 24 + 48 * usize::from(count)),
        9 => (1..=500).contains(&count) && is_set(20, [0, 1]) == Some(true),
        10 => (at_home || usize::from(count) == bytes.len()) && is_set(16, [2, 3]) == Some(true),
        _ => false,
    };
    when(is_export)
}

fn sflow<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let is_header = u32_at(payload.bytes, 0)? == 5 && matches!(u32_at(payload.bytes, 4)?, 1 | 2);
    when(is_header && payload.has_port(6343))
}

fn bgp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let is_marked = bytes.get(..16)?.iter().all(|b| *b == 0xff);
    when(is_marked && (19..=4096).contains(&u16_at(bytes, 16)?) && matches!(bytes.get(18), Some(1..=5)))
}

fn ike<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // On port 4500 zeros stand before it.
    let bytes = match payload.has_port(4500) {
        true => payload.bytes.strip_prefix(&[0; 4])?,
        false => payload.bytes,
    };
    let (version, kind) = (*bytes.get(17)?, *bytes.get(18)?);
    let is_header = matches!(version, 0x10 | 0x20) && matches!(kind, 1..=7 | 32..=37) && bytes.len() >= 28;
    when(is_header && (payload.has_port(500) || payload.has_port(4500)))
}

fn ptp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let is_message = payload.bytes.get(1).is_some_and(|b| matches!(b & 15, 1 | 2)) && payload.bytes.len() >= 34;
    when(is_message && (payload.has_port(319) || payload.has_port(320)))
}

fn coap<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [first, code, ..] = *payload.bytes.first_chunk::<4>()?;
    let is_message = first >> 6 == 1 && first & 15 <= 8 && matches!(code >> 5, 0 | 2 | 4 | 5);
    when(is_message && payload.has_port(5683))
}
