//! Tunnels and what hides others: WireGuard, OpenVPN, GTP (3GPP TS 29.060, 29.281), VXLAN (RFC 7348), Geneve (8926),
//! Teredo (4380), L2TP (2661), SOCKS (1928).

use super::{App, Payload, Sign, u16_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "wireguard", tcp: &[], udp: &[51820], look: Some(wireguard) },
    App { name: "openvpn", tcp: &[1194], udp: &[1194], look: Some(openvpn) },
    App { name: "gtp", tcp: &[], udp: &[2152, 2123], look: Some(gtp) },
    App { name: "vxlan", tcp: &[], udp: &[4789, 8472], look: Some(vxlan) },
    App { name: "geneve", tcp: &[], udp: &[6081], look: None },
    App { name: "teredo", tcp: &[], udp: &[3544], look: Some(teredo) },
    App { name: "l2tp", tcp: &[], udp: &[1701], look: Some(l2tp) },
    App { name: "socks", tcp: &[1080], udp: &[], look: Some(socks) },
];

fn wireguard<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A handshake begins, is answered, or is put off: each kind has its length.
    when(matches!(
        (payload.bytes.get(..4)?, payload.bytes.len()),
        ([1, 0, 0, 0], 148) | ([2, 0, 0, 0], 92) | ([3, 0, 0, 0], 64)
    ))
}

fn openvpn<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A session that is asked for: its code and key, and then an identifier. Over TCP behind its length.
    let bytes = if payload.is_tcp { payload.bytes.get(2..)? } else { payload.bytes };
    let is_reset = matches!(bytes.first()? >> 3, 7 | 8 | 10) && bytes[0] & 7 == 0;
    when(is_reset && payload.has_port(1194) && bytes.len() >= 14)
}

fn gtp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [flags, _, ..] = *payload.bytes.first_chunk::<8>()?;
    when(matches!(flags >> 5, 1 | 2) && (payload.has_port(2152) || payload.has_port(2123)))
}

fn vxlan<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [8, 0, 0, 0, ..] = *payload.bytes.first_chunk::<8>()? else { return None };
    when(payload.bytes.len() >= 22 && (payload.has_port(4789) || payload.has_port(8472)))
}

fn teredo<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // IPv6, or what the sender says before it.
    let is_packet =
        payload.bytes.first()? >> 4 == 6 || payload.bytes.starts_with(&[0, 0]) || payload.bytes.starts_with(&[0, 1]);
    when(payload.has_port(3544) && is_packet)
}

fn l2tp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.has_port(1701) && matches!(u16_at(payload.bytes, 0)? & 15, 2 | 3))
}

fn socks<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // The client offers ways to sign in, as many as it says.
    let [5, count @ 1..=9, ..] = *payload.bytes else { return None };
    when(payload.is_out && payload.bytes.len() == 2 + usize::from(count))
}
