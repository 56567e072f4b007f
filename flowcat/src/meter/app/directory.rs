//! Who is who: LDAP (RFC 4511), Kerberos (4120), whois (3912), finger.

use super::{App, Payload, Sign, u32_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "ldap", tcp: &[389, 3268], udp: &[389], look: Some(ldap) },
    App { name: "kerberos", tcp: &[88, 464], udp: &[88, 464], look: Some(kerberos) },
    App { name: "whois", tcp: &[43], udp: &[], look: None },
    App { name: "dcerpc", tcp: &[135], udp: &[], look: Some(dcerpc) },
];

/// Goes into a value of ASN.1 with this tag: what its length in bytes is followed by.
fn inside(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let more = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
    if *first == tag && more <= 4 { rest.get(more..) } else { None }
}

fn ldap<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A sequence of a number and an operation.
    let message = inside(payload.bytes, 0x30)?;
    let [2, width @ 1..=4, ..] = *message else { return None };
    let operation = *message.get(2 + usize::from(width))?;
    let is_operation = matches!(operation, 0x60 | 0x61 | 0x42 | 0x63..=0x6f | 0x4a | 0x73 | 0x77 | 0x78 | 0x79);
    when(is_operation && [389, 3268].iter().any(|port| payload.has_port(*port)))
}

fn kerberos<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Over TCP the length stands before it.
    let bytes = if payload.is_tcp {
        payload.bytes.get(4..).filter(|_| u32_at(payload.bytes, 0).is_some_and(|n| n < 1 << 20))?
    } else {
        payload.bytes
    };
    let kind = *bytes.first()?;
    // Requests and replies for tickets, and errors: a sequence with version 5.
    let is_message =
        matches!(kind, 0x6a..=0x6f | 0x7e) && inside(bytes, kind).is_some_and(|rest| rest.first() == Some(&0x30));
    when(is_message && (payload.has_port(88) || payload.has_port(464)))
}

fn dcerpc<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Version 5, of which 0 and 1 are in use, a bind or its answer, and little-endian or not.
    let [5, 0 | 1, kind, _, order, ..] = *payload.bytes else { return None };
    when(matches!(kind, 0 | 2 | 3 | 11..=16) && matches!(order, 0 | 0x10) && payload.bytes.len() >= 16)
}
