//! Where a datagram in a file ends.
//!
//! NetFlow 5 and 7 say how many flows of fixed length they have, IPFIX its length; NetFlow 9 and sFlow end where their
//! last set or sample does. In NetFlow 9 that is where a set would have the number of a version, which none has, or
//! where the file ends. Bound: [`DATAGRAM`] bytes.

use crate::export::limits::{DATAGRAM, SAMPLES};
use crate::feed::stream::Stream;
use crate::flows::Flows;

/// Bytes of the headers of NetFlow 5 and 7, NetFlow 9, IPFIX.
const FIXED: usize = 24;
const V9: usize = 20;
const IPFIX: usize = 16;

/// Bytes before a set, and before a sample of sFlow.
const SET: usize = 4;
const SAMPLE: usize = 8;

/// Where a datagram ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It has so many bytes.
    Whole(usize),
    /// The file ends before it; so many bytes are there, and at least so many are not.
    Cut { there: usize, wanted: usize },
    /// None begins here.
    Other,
}

/// Looks at bytes further on, from the datagram's beginning: as many as asked for, or fewer where the file ends.
trait Ahead {
    fn ahead(&mut self, count: usize) -> &[u8];

    fn word(&mut self, at: usize) -> Option<u16> {
        self.ahead(at + 2).get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn long(&mut self, at: usize) -> Option<u32> {
        self.ahead(at + 4).get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A datagram that ends here, or would if the file did not end before.
    fn until(&mut self, end: usize) -> Extent {
        match self.ahead(end).len() {
            there if there < end => Extent::Cut { there, wanted: end - there },
            _ => Extent::Whole(end),
        }
    }
}

struct InStream<'a, 'f, 'l, 's> {
    stream: &'a mut Stream<'f>,
    flows: &'l mut Flows<'s>,
}

impl Ahead for InStream<'_, '_, '_, '_> {
    fn ahead(&mut self, count: usize) -> &[u8] {
        self.stream.ahead(count, self.flows)
    }
}

impl Ahead for &[u8] {
    fn ahead(&mut self, count: usize) -> &[u8] {
        &self[..count.min(self.len())]
    }
}

/// Where the datagram ends that begins here.
pub(super) fn next(stream: &mut Stream<'_>, flows: &mut Flows<'_>) -> Extent {
    of(&mut InStream { stream, flows })
}

/// The same of bytes that are all there is.
pub(super) fn of_bytes(mut bytes: &[u8]) -> Extent {
    of(&mut bytes)
}

fn of(bytes: &mut impl Ahead) -> Extent {
    let Some(version) = bytes.word(0) else { return bytes.until(2) };
    match version {
        5 | 7 => {
            let record = if version == 5 { 48 } else { 52 };
            match bytes.word(2).map(|count| FIXED + usize::from(count) * record) {
                Some(end) if end <= DATAGRAM => bytes.until(end),
                Some(_) => Extent::Other,
                None => bytes.until(FIXED),
            }
        }
        10 => match bytes.word(2).map(usize::from) {
            Some(end) if end >= IPFIX => bytes.until(end),
            Some(_) => Extent::Other,
            None => bytes.until(IPFIX),
        },
        9 => v9(bytes),
        0 if bytes.word(2) == Some(5) => sflow(bytes),
        0 if bytes.word(2).is_none() => bytes.until(4),
        _ => Extent::Other,
    }
}

fn v9(bytes: &mut impl Ahead) -> Extent {
    let mut at = V9;
    loop {
        if at > DATAGRAM {
            return damaged(bytes);
        }
        if bytes.ahead(at).len() < at {
            return bytes.until(at);
        }
        let Some(id) = bytes.word(at) else {
            return if bytes.ahead(at + 1).len() == at { Extent::Whole(at) } else { bytes.until(at + SET) };
        };
        let Some(length) = bytes.word(at + 2) else { return bytes.until(at + SET) };
        match (id, usize::from(length)) {
            (5 | 7 | 9 | 10, _) | (0, 5) => return Extent::Whole(at),
            (_, length) if length >= SET => at += length,
            _ => return damaged(bytes),
        }
    }
}

/// A datagram whose end is not to be known: all that there is, as far as one can go.
fn damaged(bytes: &mut impl Ahead) -> Extent {
    Extent::Whole(bytes.ahead(DATAGRAM).len())
}

fn sflow(bytes: &mut impl Ahead) -> Extent {
    let header = match bytes.long(4) {
        Some(1) => 28,
        Some(2) => 40,
        Some(_) => return Extent::Other,
        None => return bytes.until(8),
    };
    let Some(samples) = bytes.long(header - 4) else { return bytes.until(header) };
    if samples > SAMPLES {
        return Extent::Other;
    }
    let mut at = header;
    for _ in 0..samples {
        let Some(length) = bytes.long(at + 4) else { return bytes.until(at + SAMPLE) };
        at = at.saturating_add(SAMPLE).saturating_add(length as usize);
        if at > DATAGRAM {
            return damaged(bytes);
        }
        if bytes.ahead(at).len() < at {
            return bytes.until(at);
        }
    }
    Extent::Whole(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram of NetFlow 9 with these sets, as number and length.
    fn v9(sets: &[(u16, u16)]) -> Vec<u8> {
        let mut bytes = vec![0; V9];
        bytes[1] = 9;
        for (id, length) in sets {
            bytes.extend(id.to_be_bytes());
            bytes.extend(length.to_be_bytes());
            bytes.extend(vec![0; usize::from(*length).saturating_sub(SET)]);
        }
        bytes
    }

    #[test]
    fn a_datagram_ends_where_its_header_or_its_sets_say() {
        let v5 = [&[0, 5, 0, 2][..], &[0; 20 + 96 + 7]].concat();
        assert_eq!(of_bytes(&v5), Extent::Whole(24 + 96));
        assert_eq!(of_bytes(&v5[..100]), Extent::Cut { there: 100, wanted: 20 });
        assert_eq!(of_bytes(&[0, 5, 255, 255, 0]), Extent::Other);
        assert_eq!(of_bytes(&[0, 10, 0, 16]), Extent::Cut { there: 4, wanted: 12 });
        assert_eq!(of_bytes(&[0, 10, 0, 15, 0]), Extent::Other);
        assert_eq!(of_bytes(&v9(&[(0, 20), (256, 40)])), Extent::Whole(80));
        assert_eq!(of_bytes(&[v9(&[(256, 8)]), v9(&[])].concat()), Extent::Whole(28));
        assert_eq!(of_bytes(&[v9(&[(256, 8)]), vec![0, 0, 0, 5]].concat()), Extent::Whole(28));
        assert_eq!(of_bytes(&v9(&[(256, 3), (256, 8)])), Extent::Whole(32));
        assert_eq!(of_bytes(&v9(&[(256, 60)])[..70]), Extent::Cut { there: 70, wanted: 10 });
        assert_eq!(of_bytes(&v9(&[(256, 60)])[..22]), Extent::Cut { there: 22, wanted: 2 });
        assert_eq!(of_bytes(&[0]), Extent::Cut { there: 1, wanted: 1 });
        assert_eq!(of_bytes(b"\0\x08"), Extent::Other);
    }

    #[test]
    fn samples_of_sflow_have_lengths() {
        let mut bytes = vec![0; 28];
        (bytes[3], bytes[7], bytes[27]) = (5, 1, 2);
        for length in [4u32, 8] {
            bytes.extend([0, 0, 0, 1]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(vec![0; length as usize]);
        }
        let whole = bytes.len();
        bytes.push(9);
        assert_eq!(of_bytes(&bytes), Extent::Whole(whole));
        assert_eq!(of_bytes(&bytes[..whole - 3]), Extent::Cut { there: whole - 3, wanted: 3 });
        bytes[24..28].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(of_bytes(&bytes), Extent::Other);
        (bytes[27], bytes[7]) = (1, 3);
        assert_eq!(of_bytes(&bytes), Extent::Other);
    }
}
