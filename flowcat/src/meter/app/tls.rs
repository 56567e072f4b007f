//! TLS (RFC 8446, 5246), DTLS (RFC 9147) and QUIC (RFC 9000, 9369): records and long headers. What a ClientHello asks for
//! is read elsewhere ([`super::hello`]), but for DTLS, whose first is within a packet.

use super::hello::{Carrier, asked};
use super::{App, Payload, Sign, YES, u16_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "tls", tcp: &[443, 8443, 853, 465, 993, 995, 636, 989, 990, 5061], udp: &[], look: Some(tls) },
    App { name: "quic", tcp: &[], udp: &[443, 8443, 853], look: Some(quic) },
    App { name: "dtls", tcp: &[], udp: &[4433, 5684, 5349, 2221], look: Some(dtls) },
];

/// Kinds of records.
const HANDSHAKE: u8 = 22;
const KINDS: std::ops::RangeInclusive<u8> = 20..=24;

/// Bytes of a record at most, with what encryption adds (RFC 5246, section 6.2.3).
const LONGEST: u16 = 16_384 + 2048;

const CLIENT_HELLO: u8 = 1;

fn tls<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let (kind, length) = (*bytes.first()?, u16_at(bytes, 3)?);
    let is_record = KINDS.contains(&kind) && bytes[1] == 3 && bytes[2] <= 4 && (1..=LONGEST).contains(&length);
    if !is_record {
        return None;
    }
    // A record in the middle of a connection is followed by another, or by nothing.
    let end = 5 + usize::from(length);
    let is_followed = bytes.get(end..).is_none_or(|next| next.is_empty() || KINDS.contains(&next[0]));
    match (kind, bytes.get(5)) {
        (HANDSHAKE, Some(&CLIENT_HELLO)) => Some(Sign { hello: Some(Carrier::Tls), ..Sign::default() }),
        (HANDSHAKE, Some(0 | 2 | 4 | 8 | 11..=16 | 20)) => when(is_followed),
        (HANDSHAKE, _) => None,
        _ => when(is_followed),
    }
}

fn dtls<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let length = usize::from(u16_at(bytes, 11)?);
    let is_record = KINDS.contains(bytes.first()?) && bytes[1] == 0xfe && matches!(bytes[2], 0xff | 0xfd | 0xfc);
    if !is_record || length == 0 || 13 + length > bytes.len().max(1200) {
        return None;
    }
    match (bytes[0], bytes.get(13)) {
        // A handshake has its number and place before it.
        (HANDSHAKE, Some(&CLIENT_HELLO)) => {
            let asked = asked(bytes.get(25..)?).unwrap_or_default();
            Some(Sign { alpn: asked.alpn, ..Sign::of(asked.host) })
        }
        _ => YES,
    }
}

/// Takes the next bytes, as many as a length of `width` bytes before them says; what of them is there.
pub(super) fn vector<'p>(rest: &mut &'p [u8], width: usize) -> Option<&'p [u8]> {
    let (head, tail) = rest.split_at_checked(width)?;
    let length = head.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (value, left) = tail.split_at_checked(length).unwrap_or((tail, &[]));
    *rest = left;
    Some(value)
}

/// Versions of QUIC: 1, 2, drafts, Google's (Q and T), and 0 where versions are negotiated.
fn is_version(version: u32) -> bool {
    let [first, digits @ ..] = version.to_be_bytes();
    let is_googles = matches!(first, b'Q' | b'T') && digits.iter().all(u8::is_ascii_digit);
    matches!(version, 1 | 0x6b33_43cf | 0) || version >> 8 == 0x00ff_0000 || is_googles
}

fn quic<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    // A long header with the fixed bit; of a negotiation the other bits are any.
    let (first, version) = (*bytes.first()?, super::u32_at(bytes, 1)?);
    let is_long = first & 0x80 != 0 && (first & 0x40 != 0 || version == 0);
    if !is_long || !is_version(version) {
        return None;
    }
    let mut rest = bytes.get(5..)?;
    let (to, from) = (vector(&mut rest, 1)?.len(), vector(&mut rest, 1)?.len());
    // A first packet is filled up; what has neither identifier is something else.
    let is_quic = to <= 20 && from <= 20 && to + from > 0 && (version != 0 || rest.len().is_multiple_of(4));
    is_quic.then_some(Sign { hello: Some(Carrier::Quic), ..Sign::default() })
}
