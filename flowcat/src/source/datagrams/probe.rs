//! Whether bytes begin with a datagram of an export: strict, because any two bytes may be a version.
//!
//! The header must be whole and its time one after 1990; the datagram must end where its own lengths say, within what
//! is there or at a place where another begins.

use super::extent::{Extent, of_bytes};
use crate::listen::frame::MAGIC;
use crate::row::FIRST_YEAR;
use crate::source::{HEAD, Probe};

/// Most flows of a datagram of NetFlow 5 or 7.
const MOST_FLOWS: u16 = 100;

pub(super) fn probe(head: &[u8]) -> Probe {
    if head.starts_with(MAGIC) {
        return Probe::Yes;
    }
    if !tells(head) {
        return Probe::No;
    }
    match of_bytes(head) {
        Extent::Other => Probe::No,
        Extent::Cut { .. } if head.len() >= HEAD => Probe::No,
        Extent::Cut { .. } => Probe::Maybe,
        Extent::Whole(end) => match tiles(head, end) {
            true => Probe::Yes,
            false => Probe::No,
        },
    }
}

/// Whether bytes may begin with the header of a datagram, as far as it is there.
pub(super) fn tells(head: &[u8]) -> bool {
    let word = |at: usize| head.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    let long = |at: usize| Some(u32::from(word(at)?) << 16 | u32::from(word(at + 2)?));
    let is_time = |at| long(at).is_none_or(|seconds| i64::from(seconds) >= FIRST_YEAR);
    let Some(version) = word(0) else { return matches!(head, [] | [0]) };
    match version {
        5 | 7 => word(2).is_none_or(|count| (1..=MOST_FLOWS).contains(&count)) && is_time(8),
        9 => word(2).is_none_or(|count| count > 0) && is_time(8) && is_set(word(20), word(22), &[0, 1]),
        10 => word(2).is_none_or(|length| length >= 20) && is_time(4) && is_set(word(16), word(18), &[2, 3]),
        0 => word(2).is_none_or(|version| version == 5) && long(4).is_none_or(|kind| matches!(kind, 1 | 2)),
        _ => false,
    }
}

/// Whether a first set is one that there is: of templates or of data.
fn is_set(id: Option<u16>, length: Option<u16>, templates: &[u16]) -> bool {
    id.is_none_or(|id| templates.contains(&id) || id >= 256) && length.is_none_or(|length| length >= 4)
}

/// Whether the sets of the datagram end where it does, and something follows that may be another.
fn tiles(head: &[u8], end: usize) -> bool {
    let header = match head {
        [0, 9, ..] => 20,
        [0, 10, ..] => 16,
        _ => end,
    };
    let mut at = header;
    while let Some([a, b, high, low]) = head.get(at..end).and_then(|rest| rest.first_chunk::<4>()) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length < 4 {
            // Padding.
            return [*a, *b, *high, *low] == [0; 4];
        }
        at += length;
    }
    let follows = matches!(head.get(end..), None | Some([] | [0] | [0, 5 | 7 | 9 | 10, ..] | [0, 0, ..]));
    at <= end && follows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_datagram_is_known_and_what_only_begins_like_one_is_not() {
        let mut v5 = [0; 24 + 48];
        (v5[1], v5[3], v5[8]) = (5, 1, 0x65);
        assert_eq!(probe(&v5), Probe::Yes);
        assert_eq!(probe(&[&v5[..], &v5].concat()), Probe::Yes);
        assert_eq!(probe(&[&v5[..], b"text"].concat()), Probe::No);
        for cut in 0..v5.len() {
            assert_eq!(probe(&v5[..cut]), Probe::Maybe, "{cut}");
        }
        v5[8] = 0;
        assert_eq!(probe(&v5), Probe::No);
        for text in [&b"{}"[..], b"ts,te", b"\0\0\0\0", b"\0\x0b", b"\x0c\xa5\x01\0", b"\xd4\xc3\xb2\xa1"] {
            assert_eq!(probe(text), Probe::No, "{text:?}");
        }
    }

    #[test]
    fn random_bytes_are_no_datagram() {
        // xorshift (Marsaglia 2003), so that it is the same in every run.
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut byte = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        };
        for version in [[0, 5], [0, 7], [0, 9], [0, 10], [0, 0]] {
            for _ in 0..20_000 {
                let mut bytes: Vec<u8> = version.to_vec();
                bytes.extend((0..300).map(|_| byte()));
                assert_ne!(probe(&bytes), Probe::Yes, "{bytes:?}");
            }
        }
    }
}
