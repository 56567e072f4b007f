//! The ClientHello inside a first packet of QUIC (RFC 9001, section 5; of version 2 RFC 9369): its keys follow from an
//! identifier that the packet names, so that everyone on the way may read it.
//!
//! Invariants: what is not the client's first packet is not deciphered into anything that passes for frames; the tag
//! behind it is not checked, because frames and ClientHello have a form that noise has not. Bound: the bytes of one packet.

use super::u32_at;
use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

/// What keys are made of, by version: the salt, and what labels begin with.
struct Version {
    numbers: [u32; 5],
    salt: [u8; 20],
    label: &'static [u8],
    /// The bits of the first byte that say that it is a first packet.
    kind: u8,
}

const VERSIONS: [Version; 3] = [
    Version {
        numbers: [1; 5],
        salt: *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
        label: b"quic",
        kind: 0,
    },
    Version {
        numbers: [0x6b33_43cf; 5],
        salt: *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
        label: b"quicv2",
        kind: 1,
    },
    // The drafts that were in use.
    Version {
        numbers: [0xff00_001d, 0xff00_001e, 0xff00_001f, 0xff00_0020, 0xff00_001d],
        salt: *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
        label: b"quic",
        kind: 0,
    },
];

/// Bytes of the packet's number at most; the sample that masks it begins behind so many.
const NUMBER: usize = 4;
const BLOCK: usize = 16;

/// What authenticates a packet stands at its end.
const TAG: usize = 16;

/// The frames of a first packet.
const PADDING: u64 = 0;
const PING: u64 = 1;
const ACK: u64 = 2;
const ACK_WITH_MARKS: u64 = 3;
const CRYPTO: u64 = 6;

/// The keys of a client's first packets.
struct Keys {
    payload: Aes128,
    nonce: [u8; 12],
    header: Aes128,
}

impl Keys {
    fn new(version: &Version, destination: &[u8]) -> Option<Keys> {
        let initial = Hkdf::<Sha256>::new(Some(&version.salt), destination);
        let mut secret = [0; 32];
        expand(&initial, &[b"client in"], &mut secret)?;
        let client = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let (mut payload, mut nonce, mut header) = ([0; BLOCK], [0; 12], [0; BLOCK]);
        expand(&client, &[version.label, b" key"], &mut payload)?;
        expand(&client, &[version.label, b" iv"], &mut nonce)?;
        expand(&client, &[version.label, b" hp"], &mut header)?;
        Some(Keys { payload: Aes128::new(&payload.into()), nonce, header: Aes128::new(&header.into()) })
    }

    /// Deciphers a payload in place: AES-GCM without its tag, whose first block has number 2.
    fn decipher(&self, number: u32, bytes: &mut [u8]) {
        let mut nonce = self.nonce;
        for (byte, with) in nonce[8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= with;
        }
        for (count, chunk) in (2_u32..).zip(bytes.chunks_mut(BLOCK)) {
            let mut block = [0; BLOCK];
            block[..12].copy_from_slice(&nonce);
            block[12..].copy_from_slice(&count.to_be_bytes());
            let mut block = block.into();
            self.payload.encrypt_block(&mut block);
            chunk.iter_mut().zip(block).for_each(|(byte, with)| *byte ^= with);
        }
    }
}

/// TLS' way to make a key (RFC 8446, section 7.1).
fn expand(from: &Hkdf<Sha256>, label: &[&[u8]], key: &mut [u8]) -> Option<()> {
    let length = u16::try_from(key.len()).ok()?.to_be_bytes();
    let named = 6 + label.iter().map(|part| part.len()).sum::<usize>();
    let named = [u8::try_from(named).ok()?];
    let mut parts: Vec<&[u8]> = vec![&length, &named, b"tls13 "];
    parts.extend(label);
    parts.push(&[0]);
    from.expand_multi_info(&parts, key).ok()
}

/// A number of one to eight bytes, whose first bits say how many (RFC 9000, section 16); what follows it stays.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let first = *rest.first()?;
    let (bytes, after) = rest.split_at_checked(1 << (first >> 6))?;
    *rest = after;
    Some(bytes[1..].iter().fold(u64::from(first & 0x3f), |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Takes an identifier behind its length.
fn whole<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first()?;
    *rest = after;
    take(rest, (*length).into())
}

/// Takes so many bytes.
fn take<'b>(rest: &mut &'b [u8], count: u64) -> Option<&'b [u8]> {
    let (bytes, after) = rest.split_at_checked(usize::try_from(count).ok()?)?;
    *rest = after;
    Some(bytes)
}

/// The frames of a client's first packet; `None` where it is another packet, or cut.
pub(super) fn deciphered(packet: &[u8]) -> Option<Vec<u8>> {
    let (first, version) = (*packet.first()?, u32_at(packet, 1)?);
    let version = VERSIONS.iter().find(|known| known.numbers.contains(&version))?;
    if first >> 4 & 3 != version.kind {
        return None;
    }
    let mut rest = packet.get(5..)?;
    let destination = whole(&mut rest)?;
    whole(&mut rest)?;
    let token = number(&mut rest)?;
    take(&mut rest, token)?;
    let length = number(&mut rest)?;
    let sealed = take(&mut rest, length)?;
    let keys = Keys::new(version, destination)?;
    let mut mask: [u8; BLOCK] = *sealed.get(NUMBER..)?.first_chunk()?;
    {
        let mut block = mask.into();
        keys.header.encrypt_block(&mut block);
        mask = block.into();
    }
    let width = usize::from((first ^ mask[0]) & 3) + 1;
    let shown = sealed[..width].iter().zip(&mask[1..]);
    let count = shown.fold(0, |sum, (byte, with)| sum << 8 | u32::from(byte ^ with));
    let mut payload = sealed.get(width..sealed.len().checked_sub(TAG)?)?.to_vec();
    keys.decipher(count, &mut payload);
    Some(payload)
}

/// The pieces of what is said in TLS in these frames, each with its place; `None` where they are no frames.
pub(super) fn pieces(mut rest: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        match number(&mut rest)? {
            PADDING | PING => {}
            kind @ (ACK | ACK_WITH_MARKS) => {
                // The latest, the delay, how many ranges, and the first of them.
                let (_, _, ranges, _) =
                    (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
                let marks = if kind == ACK_WITH_MARKS { 3 } else { 0 };
                for _ in 0..ranges.saturating_mul(2).saturating_add(marks) {
                    number(&mut rest)?;
                }
            }
            CRYPTO => {
                let (place, length) = (number(&mut rest)?, number(&mut rest)?);
                pieces.push((place, take(&mut rest, length)?));
            }
            _ => return None,
        }
    }
    Some(pieces)
}
