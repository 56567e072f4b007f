//! Messages between programs and people: MQTT (OASIS 3.1.1, 5), AMQP (0-9-1, 1.0), XMPP (RFC 6120), IRC (1459), NATS,
//! and of industry Modbus, DNP3 (IEEE 1815), IEC 60870-5-104, BACnet.

use super::{App, Payload, Sign, u16_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "mqtt", tcp: &[1883], udp: &[], look: Some(mqtt) },
    App { name: "amqp", tcp: &[5672], udp: &[], look: Some(amqp) },
    App { name: "xmpp", tcp: &[5222, 5269], udp: &[], look: Some(xmpp) },
    App { name: "irc", tcp: &[6667, 6666, 6668, 6669], udp: &[], look: Some(irc) },
    App { name: "nats", tcp: &[4222], udp: &[], look: Some(nats) },
    App { name: "modbus", tcp: &[502], udp: &[], look: Some(modbus) },
    App { name: "dnp3", tcp: &[20000], udp: &[20000], look: Some(dnp3) },
    App { name: "iec104", tcp: &[2404], udp: &[], look: Some(iec104) },
    App { name: "bacnet", tcp: &[], udp: &[47808], look: Some(bacnet) },
];

fn mqtt<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    // CONNECT, its length in one or two bytes, and the protocol's name.
    let name = if bytes.get(1)? & 0x80 == 0 { bytes.get(2..8) } else { bytes.get(3..9) };
    let connects = bytes[0] == 0x10 && matches!(name, Some(b"\0\x04MQTT" | b"\0\x06MQIs"));
    // An answer to it, or any other message with its whole length.
    let is_message =
        payload.has_port(1883) && (0x20..0xf8).contains(&bytes[0]) && usize::from(bytes[1]) + 2 == bytes.len();
    when(connects || is_message)
}

fn amqp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(b"AMQP") && payload.bytes.len() == 8)
}

fn xmpp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let begins = [&b"<stream:stream"[..], b"<?xml"].iter().any(|begin| payload.bytes.starts_with(begin));
    let names = [&b"jabber:client"[..], b"jabber:server"];
    when(begins && names.iter().any(|name| memchr::memmem::find(payload.bytes, name).is_some()))
}

fn irc<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let asks = [&b"NICK "[..], b"CAP LS", b"JOIN #", b"PRIVMSG "].iter().any(|word| bytes.starts_with(word));
    let answers = bytes.first() == Some(&b':') && memchr::memmem::find(bytes, b" NOTICE ").is_some();
    when(asks || answers)
}

fn nats<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(b"INFO {\"server_id\"") || payload.bytes.starts_with(b"CONNECT {"))
}

fn modbus<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Protocol 0 and a length that is right.
    let bytes = payload.bytes;
    let length = usize::from(u16_at(bytes, 4)?);
    when(payload.has_port(502) && u16_at(bytes, 2)? == 0 && (2..=254).contains(&length) && bytes.len() >= 8)
}

fn dnp3<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(&[0x05, 0x64]) && payload.bytes.len() >= 10)
}

fn iec104<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [0x68, length, ..] = *payload.bytes else { return None };
    when(payload.has_port(2404) && (4..=253).contains(&length))
}

fn bacnet<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [0x81, function, ..] = *payload.bytes else { return None };
    when(
        function <= 12
            && payload.has_port(47808)
            && usize::from(u16_at(payload.bytes, 2)?) >= payload.bytes.len().min(4),
    )
}
