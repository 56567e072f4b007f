//! Texts whose lengths are packed as differences (DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY in Encodings.md of Apache
//! Parquet format 2), unpacked into plain ones.
//!
//! Why here: each value of DELTA_BYTE_ARRAY takes its beginning from the one before, so a page of a few bytes can stand
//! for any number of long texts, and the count of lengths stands in the page. Invariant: no more values are made than the
//! page has, and no more than `most` bytes of them.

/// Values of a block of differences.
const MOST_BLOCK: usize = 1 << 16;

const SHORT: &str = "the lengths of its texts are not all there";
const WRONG: &str = "the lengths of its texts contradict themselves";

/// How the texts of a page come out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    /// Values that the page has at most.
    pub(super) values: usize,
    /// The length of each, where they have one; else it stands before each.
    pub(super) width: Option<usize>,
    /// Bytes that are made at most.
    pub(super) most: usize,
}

impl Plain {
    /// Appends the texts of DELTA_LENGTH_BYTE_ARRAY, or with `shares` those of DELTA_BYTE_ARRAY.
    ///
    /// # Errors
    /// The bytes are none; more would be made.
    pub(super) fn write(self, bytes: &[u8], shares: bool, out: &mut Vec<u8>) -> Result<(), String> {
        // Each value takes at least what stands before it, or its width.
        let most = self.values.min(self.most / self.width.unwrap_or(4).max(1));
        let (shared, used) = if shares { lengths(bytes, most)? } else { (Vec::new(), 0) };
        let bytes = bytes.get(used..).ok_or(SHORT)?;
        let (own, used) = lengths(bytes, most)?;
        let mut rest = bytes.get(used..).ok_or(SHORT)?;
        if shares && shared.len() != own.len() {
            return Err(WRONG.into());
        }
        let (start, mut before) = (out.len(), 0..0);
        for (at, own) in own.iter().enumerate() {
            let own = usize::try_from(*own).map_err(|_| WRONG)?;
            let shared = shared.get(at).map_or(Ok(0), |shared| usize::try_from(*shared)).map_err(|_| WRONG)?;
            if shared > before.len() || own > rest.len() {
                return Err(WRONG.into());
            }
            let length = shared + own;
            match self.width {
                Some(width) if width != length => return Err(WRONG.into()),
                Some(_) => {}
                None => out.extend_from_slice(&u32::try_from(length).map_err(|_| WRONG)?.to_le_bytes()),
            }
            if out.len() - start + length > self.most {
                return Err(format!("a page of more than {} MiB of texts", self.most >> 20));
            }
            let begin = out.len();
            out.extend_from_within(before.start..before.start + shared);
            out.extend_from_slice(&rest[..own]);
            rest = &rest[own..];
            before = begin..out.len();
        }
        Ok(())
    }
}

/// Lengths packed as differences (DELTA_BINARY_PACKED), at most `most`; answers how many bytes they took, too.
fn lengths(bytes: &[u8], most: usize) -> Result<(Vec<i32>, usize), String> {
    let mut at = 0;
    let mut number = || number(bytes, &mut at);
    let (block, parts, total, first) = (number()?, number()?, number()?, number()?);
    let small = |number: u64| usize::try_from(number).map_err(|_| WRONG);
    let (block, parts, total) = (small(block)?, small(parts)?, small(total)?);
    let is_block = (1..=MOST_BLOCK).contains(&block) && block.is_multiple_of(128);
    if !is_block || parts == 0 || !block.is_multiple_of(parts) || !(block / parts).is_multiple_of(32) || total > most {
        return Err(WRONG.into());
    }
    let each = block / parts;
    let mut value = zigzag(first);
    let mut values = Vec::new();
    if total > 0 {
        values.push(value as i32);
    }
    while values.len() < total {
        let least = zigzag(self::number(bytes, &mut at)?);
        let widths = bytes.get(at..at + parts).ok_or(SHORT)?;
        at += parts;
        for width in widths {
            // Parts after the last value have any width, and no bytes.
            let count = each.min(total - values.len());
            if count == 0 {
                break;
            }
            let packed = bytes.get(at..at + each / 8 * usize::from(*width)).ok_or(SHORT)?;
            if *width > 32 {
                return Err(WRONG.into());
            }
            for n in 0..count {
                value = value.wrapping_add(least).wrapping_add(bits(packed, n * usize::from(*width), *width));
                values.push(value as i32);
            }
            at += packed.len();
        }
    }
    Ok((values, at))
}

/// An unsigned number, the lowest seven bits first.
fn number(bytes: &[u8], at: &mut usize) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.get(*at).ok_or(SHORT)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(WRONG.into())
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// The number of `width` bits that begins at this one, the lowest first; `width` is at most 32.
fn bits(bytes: &[u8], from: usize, width: u8) -> i64 {
    let part = &bytes[(from / 8).min(bytes.len())..];
    let mut word = [0; 8];
    let length = part.len().min(8);
    word[..length].copy_from_slice(&part[..length]);
    ((u64::from_le_bytes(word) >> (from % 8)) & ((1 << width) - 1)).cast_signed()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Lengths as one block with parts of 32 and the widest differences.
    fn packed(lengths: &[i32]) -> Vec<u8> {
        let mut out = Vec::new();
        let number = |mut value: u64, out: &mut Vec<u8>| {
            while value >= 0x80 {
                out.push(value as u8 | 0x80);
                value >>= 7;
            }
            out.push(value as u8);
        };
        let zig = |value: i64| ((value << 1) ^ (value >> 63)).cast_unsigned();
        for value in [128, 4, lengths.len() as u64, zig(lengths.first().copied().unwrap_or(0).into())] {
            number(value, &mut out);
        }
        let deltas: Vec<i64> = lengths.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0])).collect();
        for block in deltas.chunks(128) {
            let least = *block.iter().min().unwrap();
            number(zig(least), &mut out);
            let parts = block.chunks(32);
            out.extend(parts.clone().map(|_| 32).chain(std::iter::repeat(77)).take(4));
            for part in parts {
                for n in 0..32 {
                    let value = part.get(n).map_or(0, |delta| (delta - least) as u32);
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
        out
    }

    const ANY: Plain = Plain { values: 1000, width: None, most: 1 << 20 };

    fn plain(texts: &[&str]) -> Vec<u8> {
        texts.iter().flat_map(|t| [&(t.len() as u32).to_le_bytes()[..], t.as_bytes()].concat()).collect()
    }

    #[test]
    fn texts_come_out_plain() {
        let many: Vec<String> = (0..300).map(|n| "x".repeat(n * 7 % 50)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for texts in [&[][..], &["one"], &["", "a", "", "bcd"], &many] {
            let lengths: Vec<i32> = texts.iter().map(|text| text.len() as i32).collect();
            let bytes = [packed(&lengths), texts.concat().into_bytes()].concat();
            let mut out = Vec::new();
            ANY.write(&bytes, false, &mut out).unwrap();
            assert!(out == plain(texts), "{texts:?}");
            assert!(ANY.write(&bytes[..bytes.len().saturating_sub(1)], false, &mut out).is_err() || texts.is_empty());
        }
        let bytes = [packed(&[0, 2, 3]), packed(&[3, 1, 0]), b"abcd".to_vec()].concat();
        let mut out = Vec::new();
        ANY.write(&bytes, true, &mut out).unwrap();
        assert_eq!(out, plain(&["abc", "abd", "abd"]));
        out.clear();
        Plain { width: Some(3), ..ANY }.write(&bytes, true, &mut out).unwrap();
        assert_eq!(out, b"abcabdabd");
        assert!(Plain { width: Some(2), ..ANY }.write(&bytes, true, &mut out).is_err());
    }

    #[test]
    fn no_more_is_made_than_may_be() {
        // 999 texts that take all of the first, which is long.
        let long = "y".repeat(100_000);
        let mut shared = vec![long.len() as i32; 1000];
        let mut own = vec![0; 1000];
        (shared[0], own[0]) = (0, long.len() as i32);
        let bytes = [packed(&shared), packed(&own), long.into_bytes()].concat();
        let mut out = Vec::new();
        assert!(ANY.write(&bytes, true, &mut out).unwrap_err().contains("more than 1 MiB"));
        assert!(out.len() <= ANY.most && out.capacity() <= 2 * ANY.most);
        for (shared, own) in
            [([1, 0], [1, 1]), ([0, 2], [1, 1]), ([0, -1], [1, 1]), ([0, 0], [1, -1]), ([0, 0], [1, 9])]
        {
            let bytes = [packed(&shared), packed(&own), b"ab".to_vec()].concat();
            assert!(ANY.write(&bytes, true, &mut Vec::new()).is_err(), "{shared:?} {own:?}");
        }
        let bytes = [packed(&[0; 1000]), Vec::new()].concat();
        assert!(Plain { values: 999, ..ANY }.write(&bytes, false, &mut Vec::new()).is_err());
        for huge in [
            &b"\x80\x01\x04\xff\xff\xff\xff\x0f\x00"[..],
            b"\x80\x80\x80\x80\x08\x04\x01\x00",
            b"\x80\x01\x00\x01\x00",
            b"",
        ] {
            assert!(ANY.write(huge, false, &mut Vec::new()).is_err(), "{huge:?}");
        }
    }
}
