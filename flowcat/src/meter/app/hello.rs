//! The ClientHello of TLS and QUIC, put together from the packets that carry it: the server's name (RFC 6066, section 3) and
//! the protocol that is offered first (RFC 7301).
//!
//! One of today has more bytes than a packet, in any order, and QUIC's pieces are mixed on purpose. Invariant: a name is
//! whole. Bound: [`MOST_BYTES`] of a flow, as many in [`MOST_PIECES`] that wait, and [`MOST_OPEN`] flows whose ClientHello
//! is not whole: 32 MiB. What is beyond has no name.

use super::tls::vector;
use super::{Payload, quic, u16_at};

/// Bytes that are kept of a ClientHello.
const MOST_BYTES: usize = 8192;

/// Pieces of it that wait for those before them.
const MOST_PIECES: usize = 32;

/// Flows whose ClientHello is awaited at a time.
pub(super) const MOST_OPEN: usize = 2048;

/// A handshake in a record, and the header of one.
const HANDSHAKE: u8 = 22;
const RECORD_HEADER: usize = 5;

/// A message's type and length.
const MESSAGE_HEADER: usize = 4;
const CLIENT_HELLO: u8 = 1;

/// Extensions.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

/// What carries a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// TLS over TCP.
    Tls,
    /// The first packets of QUIC.
    Quic,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked<'h> {
    pub(super) host: Option<&'h [u8]>,
    /// What is spoken inside, as the client offers it first.
    pub(super) alpn: Option<&'h [u8]>,
}

/// A ClientHello of which something is missing.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    carrier: Carrier,
    /// Of TCP the number of the first byte.
    first: u32,
    /// The side that sends it.
    is_out: bool,
    /// From the beginning on without a gap: of TLS with the headers of its records.
    begun: Vec<u8>,
    /// What came too early, with its place.
    ahead: Vec<(u64, Vec<u8>)>,
}

impl Hello {
    /// Begins with this packet.
    pub(super) fn begin(carrier: Carrier, payload: &Payload<'_>) -> Hello {
        let mut hello =
            Hello { carrier, first: payload.sequence, is_out: payload.is_out, begun: Vec::new(), ahead: Vec::new() };
        hello.add(payload);
        hello
    }

    /// Adds a packet of the flow.
    pub(super) fn add(&mut self, payload: &Payload<'_>) {
        if payload.is_out != self.is_out {
            return;
        }
        match self.carrier {
            Carrier::Tls => self.put(payload.sequence.wrapping_sub(self.first).into(), payload.bytes),
            Carrier::Quic => {
                let Some(deciphered) = quic::deciphered(payload.bytes) else { return };
                for (place, bytes) in quic::pieces(&deciphered).into_iter().flatten() {
                    self.put(place, bytes);
                }
            }
        }
    }

    /// Puts a piece into its place.
    fn put(&mut self, place: u64, bytes: &[u8]) {
        let room = (MOST_BYTES as u64).saturating_sub(place) as usize;
        let bytes = &bytes[..bytes.len().min(room)];
        if place.saturating_add(bytes.len() as u64) <= self.begun.len() as u64 {
            return;
        }
        match (self.begun.len() as u64).checked_sub(place) {
            Some(known) => self.begun.extend(bytes.iter().skip(known as usize)),
            None => {
                let waiting = self.ahead.iter().map(|(_, piece)| piece.len()).sum::<usize>();
                if self.ahead.len() < MOST_PIECES && waiting + bytes.len() <= MOST_BYTES {
                    self.ahead.push((place, bytes.to_vec()));
                }
                return;
            }
        }
        // One that fits now may let another fit.
        while let Some(next) = self.ahead.iter().position(|(place, _)| *place <= self.begun.len() as u64) {
            let (place, bytes) = self.ahead.swap_remove(next);
            self.begun.extend(bytes.iter().skip(self.begun.len() - place as usize));
        }
    }

    /// The message as far as it is there, without what carries it.
    fn message(&self) -> Vec<u8> {
        match self.carrier {
            Carrier::Quic => self.begun.clone(),
            Carrier::Tls => {
                let (mut message, mut rest) = (Vec::with_capacity(self.begun.len()), &self.begun[..]);
                while let [HANDSHAKE, _, _, high, low, ..] = *rest {
                    let end = RECORD_HEADER + usize::from(u16::from_be_bytes([high, low]));
                    message.extend_from_slice(&rest[RECORD_HEADER..end.min(rest.len())]);
                    rest = rest.get(end..).unwrap_or_default();
                }
                message
            }
        }
    }

    /// Gives what the client asks for, and whether nothing more is to come: the message is whole, or is none.
    pub(super) fn read<R>(&self, take: impl FnOnce(Asked<'_>, bool) -> R) -> R {
        let message = self.message();
        let length = match *message {
            [CLIENT_HELLO, a, b, c, ..] => MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize,
            [] | [CLIENT_HELLO, ..] => MESSAGE_HEADER,
            _ => 0,
        };
        if length == 0 {
            return take(Asked::default(), true);
        }
        let asked = message.get(MESSAGE_HEADER..length.min(message.len())).and_then(asked).unwrap_or_default();
        let has_all = asked.host.is_some() && asked.alpn.is_some();
        let is_whole = message.len() >= length && length > MESSAGE_HEADER;
        take(asked, is_whole || has_all || length > MOST_BYTES && message.len() + MESSAGE_HEADER >= MOST_BYTES)
    }
}

/// A value behind its length of `width` bytes, if it is whole.
fn whole(rest: &[u8], width: usize) -> Option<&[u8]> {
    let (head, tail) = rest.split_at_checked(width)?;
    let length = head.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    tail.get(..length)
}

/// What a ClientHello asks for, from its version on, as far as it is there.
pub(super) fn asked(bytes: &[u8]) -> Option<Asked<'_>> {
    // Version and random.
    let mut rest = bytes.get(34..)?;
    vector(&mut rest, 1)?;
    if bytes.first() == Some(&0xfe) {
        // The cookie of DTLS.
        vector(&mut rest, 1)?;
    }
    vector(&mut rest, 2)?;
    vector(&mut rest, 1)?;
    let mut extensions = vector(&mut rest, 2)?;
    let mut found = Asked::default();
    while let Some(kind) = u16_at(extensions, 0) {
        extensions = &extensions[2..];
        let Some(mut value) = vector(&mut extensions, 2) else { break };
        match kind {
            SERVER_NAME => {
                let Some(mut list) = vector(&mut value, 2) else { continue };
                if list.first() == Some(&0) {
                    list = &list[1..];
                    found.host = whole(list, 2).filter(|name| !name.is_empty());
                }
            }
            ALPN => {
                let Some(list) = vector(&mut value, 2) else { continue };
                found.alpn = whole(list, 1).filter(|name| !name.is_empty());
            }
            _ => {}
        }
    }
    Some(found)
}
