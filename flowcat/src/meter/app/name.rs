//! Names: DNS (RFC 1035, 7766), multicast DNS (6762), LLMNR (4795), NetBIOS (1002).
//!
//! Invariant: the first question is read to its end, and a name is its labels in visible ASCII with dots between them, as
//! they stand in the packet. Bound: 255 bytes of a name.

use super::{App, Host, Payload, Sign, YES, u16_at};

pub(super) const APPS: &[App] = &[
    App { name: "dns", tcp: &[53], udp: &[53], look: Some(dns) },
    App { name: "mdns", tcp: &[], udp: &[5353], look: Some(mdns) },
    App { name: "llmnr", tcp: &[5355], udp: &[5355], look: Some(llmnr) },
    App { name: "netbios-ns", tcp: &[], udp: &[137], look: Some(netbios) },
    App { name: "netbios-dgm", tcp: &[], udp: &[138], look: Some(datagram) },
];

/// Identifier, flags, and how many questions and records there are.
const HEADER: usize = 12;

/// The longest name (RFC 1035, section 2.3.4).
const LONGEST: usize = 255;

/// More records than a message of one question has.
const MANY: u16 = 256;

/// The end of the first question of a message, and of its name.
struct Question {
    name_end: usize,
    kind: u16,
    class: u16,
}

/// The first question, if a message has the form of one.
fn question(message: &[u8]) -> Option<Option<Question>> {
    let (flags, questions) = (u16_at(message, 2)?, u16_at(message, 4)?);
    let records = [6, 8, 10].map(|at| u16_at(message, at));
    let is_response = flags & 0x8000 != 0;
    // Queries, status, notify, update; the reserved bit is 0.
    let is_header = matches!(flags >> 11 & 15, 0 | 2 | 4 | 5) && flags & 0x0040 == 0;
    let are_few = records.iter().all(|count| count.is_some_and(|count| count < MANY));
    if !is_header || !are_few || questions == 0 && !is_response || questions > 32 {
        return None;
    }
    if questions == 0 {
        let is_answer = records[0].is_some_and(|count| count > 0);
        return is_answer.then_some(None);
    }
    let mut at = HEADER;
    loop {
        match *message.get(at)? {
            0 => break,
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
        if at - HEADER > LONGEST {
            return None;
        }
    }
    Some(Some(Question { name_end: at, kind: u16_at(message, at + 1)?, class: u16_at(message, at + 3)? }))
}

/// A message of DNS in a packet: over TCP its length stands before it.
fn message<'p>(payload: &Payload<'p>) -> Option<&'p [u8]> {
    if !payload.is_tcp {
        return Some(payload.bytes);
    }
    let (length, message) = (u16_at(payload.bytes, 0)?, payload.bytes.get(2..)?);
    (usize::from(length) >= HEADER && usize::from(length) + 2 >= payload.bytes.len().min(1000)).then_some(message)
}

fn dns<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let message = message(payload)?;
    let Some(question) = question(message)? else {
        return if payload.has_port(53) { YES } else { None };
    };
    // Internet, chaos, none and any.
    if !matches!(question.class, 1 | 3 | 254 | 255)
        || question.kind == 0
        || question.kind > 260 && question.kind < 32_768
    {
        return None;
    }
    Some(Sign { host: message.get(HEADER..question.name_end).map(Host::Labels), ..Sign::default() })
}

fn mdns<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    if !payload.has_port(5353) {
        return None;
    }
    question(payload.bytes).and(YES)
}

fn llmnr<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    if !payload.has_port(5355) {
        return None;
    }
    let message = message(payload)?;
    let question = question(message)??;
    Some(Sign { host: message.get(HEADER..question.name_end).map(Host::Labels), ..Sign::default() })
}

fn netbios<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // A name is 32 letters from A to P.
    let name = payload.bytes.get(HEADER..HEADER + 33)?;
    let is_name = name[0] == 32 && name[1..].iter().all(|b| (b'A'..=b'P').contains(b));
    super::when(is_name && payload.has_port(137))
}

fn datagram<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let [kind, flags, ..] = *payload.bytes.first_chunk::<14>()?;
    super::when((0x10..=0x16).contains(&kind) && flags < 16 && payload.has_port(138))
}
