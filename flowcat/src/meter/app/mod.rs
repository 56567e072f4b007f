//! What application a flow is of: from its payload where that is plain, else from its port.
//!
//! ```text
//! payload ─► the signatures of its transport, those of its ports first ─► Sign (application, server's name)
//! ports at the end, where none was found ─► a signature's own port, else IANA's name of it: app_guessed
//! ```
//!
//! To add one: a row in the `APPS` of its group's file, or a file and a line in [`GROUPS`]. Names are those that Zeek and
//! Suricata use, else IANA's.
//!
//! Invariants: a signature looks at nothing but the payload of one packet, of which the end may be missing; the answer
//! depends on the flow's packets in their order. Bound: the first [`MOST_LOOKS`] packets of a flow that carry something,
//! and [`MOST_HOST`] bytes of a name.

mod database;
mod desk;
mod directory;
mod file;
mod hello;
mod mail;
mod message;
mod name;
mod network;
mod quic;
mod tls;
mod tunnel;
mod web;

use crate::packet::Headers;
use crate::packet::fragment::Fragment;
use flow_record::net::service::Services;
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::value::text::write_json;
use hello::{Asked, Carrier, Hello, MOST_OPEN};
use std::sync::{Arc, OnceLock};

/// Packets with payload of a flow that are looked at.
const MOST_LOOKS: u8 = 8;

/// The longest name of a server that is kept.
const MOST_HOST: usize = 255;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Ports from here on are given to clients (the default of Linux; IANA's range is above).
const CLIENTS: u16 = 32_768;

/// Ports below are services' alone (RFC 6335, section 6).
const SYSTEM: u16 = 1024;

/// What a signature sees.
#[derive(Clone, Copy, Debug)]
struct Payload<'p> {
    bytes: &'p [u8],
    is_tcp: bool,
    /// From the flow's source.
    is_out: bool,
    /// Source and destination of the packet.
    ports: [u16; 2],
    /// Of TCP the number of its first byte.
    sequence: u32,
}

impl Payload<'_> {
    fn has_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }
}

/// What a signature found besides the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sign<'p> {
    /// The name that the client asks for.
    host: Option<Host<'p>>,
    /// What is spoken inside, as the client offers it first.
    alpn: Option<&'p [u8]>,
    /// A ClientHello begins here, which is to be put together.
    hello: Option<Carrier>,
}

/// A name as it stands in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host<'p> {
    Text(&'p [u8]),
    /// Parts, each behind its length (RFC 1035).
    Labels(&'p [u8]),
}

impl<'p> Sign<'p> {
    /// With the name that the client asks for, if it is not empty.
    fn of(host: Option<&'p [u8]>) -> Sign<'p> {
        Sign { host: host.filter(|host| !host.is_empty()).map(Host::Text), ..Sign::default() }
    }
}

/// It is the application, and no more is known.
const YES: Option<Sign<'static>> = Some(Sign { host: None, alpn: None, hello: None });

/// An application and how it is known.
struct App {
    name: &'static str,
    tcp: &'static [u16],
    udp: &'static [u16],
    /// `None` where it is known by its ports alone.
    look: Option<for<'p> fn(&Payload<'p>) -> Option<Sign<'p>>>,
}

/// All of them.
const GROUPS: [&[App]; 11] = [
    tls::APPS,
    web::APPS,
    name::APPS,
    network::APPS,
    desk::APPS,
    file::APPS,
    mail::APPS,
    message::APPS,
    directory::APPS,
    database::APPS,
    tunnel::APPS,
];

fn apps() -> impl Iterator<Item = &'static App> {
    GROUPS.iter().copied().flatten()
}

/// What is known of a flow's application.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    app: Option<&'static str>,
    looks: u8,
    more: Option<Box<More>>,
}

/// What a client sends besides.
#[derive(Clone, Debug, Default)]
struct More {
    host: Box<str>,
    alpn: Box<str>,
    /// A ClientHello of which something is missing.
    hello: Option<Hello>,
}

impl Seen {
    /// Looks at what a packet carries, unless enough were looked at. `open` counts the flows that wait for the rest of a
    /// ClientHello.
    #[inline]
    pub(super) fn look(&mut self, headers: &Headers<'_>, is_out: bool, open: &mut usize) {
        let Headers { protocol, payload, ports, fragment, sequence, .. } = *headers;
        // A later fragment begins in the middle of a message.
        let is_beginning = !matches!(fragment, Fragment::Later(_));
        if self.looks < MOST_LOOKS && !payload.is_empty() && matches!(protocol, TCP | UDP) && is_beginning {
            self.examine(&Payload { bytes: payload, is_tcp: protocol == TCP, is_out, ports, sequence }, open);
        }
    }

    fn examine(&mut self, payload: &Payload<'_>, open: &mut usize) {
        self.looks += 1;
        if let Some(hello) = self.more.as_mut().and_then(|more| more.hello.as_mut()) {
            hello.add(payload);
            return self.hear(open);
        }
        let Some((name, sign)) = found(payload) else { return };
        self.app = Some(name);
        let host = sign.host.and_then(Host::written).unwrap_or_default();
        let alpn: Box<str> = sign.alpn.and_then(plain).unwrap_or_default().into();
        let hello = sign.hello.map(|carrier| Hello::begin(carrier, payload));
        let is_open = hello.is_some();
        if is_open || !host.is_empty() || !alpn.is_empty() {
            self.more = Some(Box::new(More { host, alpn, hello }));
        }
        // Without room what this packet has is read, and no other is waited for.
        if !is_open || *open >= MOST_OPEN {
            self.looks = MOST_LOOKS;
        }
        if is_open {
            *open += 1;
            self.hear(open);
        }
    }

    /// Reads what there is of a ClientHello; it is done with when it is whole, or enough packets were looked at.
    fn hear(&mut self, open: &mut usize) {
        let Some(more) = self.more.as_mut() else { return };
        let Some(hello) = more.hello.take() else { return };
        let is_over = hello.read(|Asked { host, alpn }, is_over| {
            more.host = host.and_then(plain).unwrap_or_default().into();
            more.alpn = alpn.and_then(plain).unwrap_or_default().into();
            is_over
        });
        if is_over || self.looks >= MOST_LOOKS {
            self.close(open);
        } else {
            more.hello = Some(hello);
        }
    }

    /// Nothing more is looked at.
    fn close(&mut self, open: &mut usize) {
        self.looks = MOST_LOOKS;
        *open = open.saturating_sub(1);
    }

    /// The flow ends.
    pub(super) fn end(&self, open: &mut usize) {
        if self.more.as_ref().is_some_and(|more| more.hello.is_some()) {
            *open = open.saturating_sub(1);
        }
    }
}

impl Host<'_> {
    /// As it may be written, with dots between its parts.
    fn written(self) -> Option<Box<str>> {
        match self {
            Host::Text(text) => plain(text).map(Into::into),
            Host::Labels(mut rest) => {
                let mut name = Vec::with_capacity(rest.len());
                while let Some((length, tail)) = rest.split_first() {
                    let (label, tail) = tail.split_at_checked((*length).into())?;
                    if !name.is_empty() {
                        name.push(b'.');
                    }
                    // A dot within a part would look like two.
                    name.extend(label.iter().map(|b| if *b == b'.' { b'_' } else { *b }));
                    rest = tail;
                }
                plain(&name).map(Into::into)
            }
        }
    }
}

/// A name as it may be written: of visible ASCII, and not too long.
fn plain(bytes: &[u8]) -> Option<&str> {
    let is_plain = bytes.len() <= MOST_HOST && bytes.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(bytes).ok().filter(|_| is_plain)
}

/// The application of a payload.
fn found<'p>(payload: &Payload<'p>) -> Option<(&'static str, Sign<'p>)> {
    let is_usual = |app: &App| ports(app, payload.is_tcp).iter().any(|port| payload.has_port(*port));
    let is_spoken = |app: &App| !ports(app, payload.is_tcp).is_empty();
    // A signature that is at home at the port goes before those that are not.
    for usual in [true, false] {
        for app in apps().filter(|app| is_spoken(app) && is_usual(app) == usual) {
            if let Some(sign) = app.look.and_then(|look| look(payload)) {
                return Some((app.name, sign));
            }
        }
    }
    None
}

fn ports(app: &App, is_tcp: bool) -> &'static [u16] {
    if is_tcp { app.tcp } else { app.udp }
}

/// Names by ports, which are made once they are needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<OnceLock<Guess>>);

/// Names by ports, for flows whose payload does not tell.
#[derive(Debug)]
struct Guess {
    services: Services,
    own: [Vec<(u16, &'static str)>; 2],
}

impl Default for Guess {
    fn default() -> Guess {
        let own = [true, false].map(|is_tcp| {
            let mut all: Vec<_> =
                apps().flat_map(|app| ports(app, is_tcp).iter().map(|port| (*port, app.name))).collect();
            // The first of two stays.
            all.sort_by_key(|(port, _)| *port);
            all.dedup_by_key(|(port, _)| *port);
            all
        });
        Guess { services: Services::registered(), own }
    }
}

impl Guess {
    fn name(&self, protocol: u8, port: u16) -> Option<&'static str> {
        let own = match protocol {
            TCP => &self.own[0][..],
            UDP => &self.own[1][..],
            _ => &[],
        };
        match own.binary_search_by_key(&port, |(port, _)| *port) {
            Ok(at) => own.get(at).map(|(_, name)| *name),
            Err(_) => self.services.name(protocol, port),
        }
    }

    /// The name of a service of a flow: that of the destination's port, else the source's, if it can be a service's.
    fn of(&self, protocol: u8, [src, dst]: [u16; 2]) -> Option<&'static str> {
        let service = |port: u16, other: u16| {
            let can_be = port < SYSTEM || port < CLIENTS && (other >= SYSTEM || port <= other);
            if can_be { self.name(protocol, port) } else { None }
        };
        // A system's port at the source tells more than any above at the destination.
        match (src < SYSTEM, dst < SYSTEM) {
            (true, false) => service(src, dst).or_else(|| service(dst, src)),
            _ => service(dst, src).or_else(|| service(src, dst)),
        }
    }
}

impl Names {
    /// Puts what is known into the record.
    pub(super) fn fill(&self, seen: &Seen, flow: &mut Flow, extras: &mut Vec<u8>) {
        if let Some(app) = seen.app {
            flow.set_text(field::APP, app);
            for (key, text) in
                seen.more.iter().flat_map(|m| [(&b",\"app_host\":"[..], &m.host), (b",\"app_alpn\":", &m.alpn)])
            {
                if !text.is_empty() {
                    extras.extend_from_slice(key);
                    write_json(text, extras);
                }
            }
        } else if let Some(app) = flow.protocol().and_then(|protocol| {
            self.0
                .get_or_init(Guess::default)
                .of(protocol, [flow.src_port().unwrap_or(0), flow.dst_port().unwrap_or(0)])
        }) {
            flow.set_text(field::APP, app);
            extras.extend_from_slice(b",\"app_guessed\":true");
        }
    }
}

/// A number of two bytes at `at`.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number of four bytes at `at`.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// `Some` where it holds.
fn when(holds: bool) -> Option<Sign<'static>> {
    if holds { YES } else { None }
}

#[cfg(test)]
mod tests;
