//! Databases: MySQL, PostgreSQL, Redis (RESP), MongoDB, memcached, Cassandra (CQL), TDS (MS-TDS), Oracle's TNS.

use super::{App, Payload, Sign, u16_at, u32_at, when};
use memchr::memmem::find;

pub(super) const APPS: &[App] = &[
    App { name: "mysql", tcp: &[3306], udp: &[], look: Some(mysql) },
    App { name: "postgresql", tcp: &[5432], udp: &[], look: Some(postgresql) },
    App { name: "redis", tcp: &[6379], udp: &[], look: Some(redis) },
    App { name: "mongodb", tcp: &[27017], udp: &[], look: Some(mongodb) },
    App { name: "memcached", tcp: &[11211], udp: &[11211], look: Some(memcached) },
    App { name: "cassandra", tcp: &[9042], udp: &[], look: Some(cassandra) },
    App { name: "tds", tcp: &[1433], udp: &[], look: Some(tds) },
    App { name: "oracle", tcp: &[1521], udp: &[], look: Some(oracle) },
];

fn mysql<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // The server greets: a length of three bytes, packet 0, protocol 10, its version.
    let bytes = payload.bytes;
    let [a, b, c, 0, 10, digit, ..] = *bytes else { return None };
    let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
    when(
        !payload.is_out
            && digit.is_ascii_digit()
            && length + 4 >= bytes.len()
            && bytes.get(6..).is_some_and(|rest| rest.contains(&0)),
    )
}

fn postgresql<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let (length, code) = (u32_at(payload.bytes, 0)?, u32_at(payload.bytes, 4)?);
    // Version 3.0 with parameters; TLS or GSS is asked for.
    let begins = code == 0x0003_0000 && (8..10_000).contains(&length) && find(payload.bytes, b"user\0").is_some();
    when(begins || length == 8 && matches!(code, 80_877_103 | 80_877_104))
}

fn redis<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A list of texts.
    let bytes = payload.bytes;
    let [b'*', digit, rest @ ..] = bytes else { return None };
    when(
        digit.is_ascii_digit()
            && (rest.starts_with(b"\r\n$") || rest.get(1..).is_some_and(|r| r.starts_with(b"\r\n$"))),
    )
}

fn mongodb<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let number = |at: usize| payload.bytes.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b));
    let (length, kind) = (number(0)?, number(12)?);
    when(
        (16..48_000_000).contains(&length)
            && matches!(kind, 1 | 2004 | 2010..=2013)
            && (payload.has_port(27017) || kind >= 2004),
    )
}

fn memcached<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Over UDP behind eight bytes.
    let bytes = if payload.is_tcp { payload.bytes } else { payload.bytes.get(8..)? };
    let asks = [&b"get "[..], b"gets ", b"set ", b"stats", b"delete ", b"version\r"]
        .iter()
        .any(|word| bytes.starts_with(word));
    when(payload.has_port(11211) && (asks || matches!(bytes, [0x80 | 0x81, _, ..] | [b'V', b'A', b'L', ..])))
}

fn cassandra<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [version, _, _, _, code, ..] = *payload.bytes.first_chunk::<9>()?;
    when(payload.has_port(9042) && matches!(version & 0x7f, 1..=5) && code <= 0x10)
}

fn tds<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [kind, status, ..] = *payload.bytes.first_chunk::<8>()?;
    let length = usize::from(u16_at(payload.bytes, 2)?);
    when(matches!(kind, 1..=4 | 7 | 14..=18) && status <= 31 && length == payload.bytes.len() && payload.has_port(1433))
}

fn oracle<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A connection is asked for by a description.
    when(payload.bytes.get(4) == Some(&1) && find(payload.bytes, b"(DESCRIPTION").is_some())
}
