//! TCP flags as text: read as tools print them (letters with dots for those that are not set, a number, or a number in
//! hex), and written as nfdump writes them from 1.6.20 on.
//!
//! Letters stand for themselves wherever they are, so the eight of nfdump from 1.6.20 (`CEUAPRSF`), its older six
//! (`UAPRSF`) and SiLK's (`FSRPAUEC`) read alike.

/// The flags of a text, in the bit order of RFC 9293.
#[inline]
pub fn parse(text: &[u8]) -> Option<u16> {
    let mut bits = 0;
    for letter in text {
        bits |= match letter {
            b'.' | b' ' => 0,
            b'F' => 1,
            b'S' => 2,
            b'R' => 4,
            b'P' => 8,
            b'A' => 16,
            b'U' => 32,
            b'E' => 64,
            b'C' => 128,
            _ => return number(text),
        };
    }
    Some(bits)
}

/// The letters of the flags, from the highest bit (CWR) to the lowest (FIN).
const LETTERS: &[u8; 8] = b"CEUAPRSF";

/// Appends the flags as eight letters, a dot for each that is not set: `...AP.SF`. Bits above CWR have no letter.
pub fn write(flags: u16, out: &mut Vec<u8>) {
    out.extend(LETTERS.iter().enumerate().map(|(i, letter)| if flags >> (7 - i) & 1 == 1 { *letter } else { b'.' }));
}

#[cold]
fn number(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok()?.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u16::from_str_radix(hex.trim(), 16).ok(),
        None => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_letters_in_any_order_and_numbers() {
        for (text, bits) in [
            ("........", Some(0)),
            (".......F", Some(1)),
            ("...AP.SF", Some(27)),
            ("..UAPRSF", Some(63)),
            ("CE......", Some(192)),
            (".AP.SF", Some(27)),
            ("FSPA", Some(27)),
            ("  0xc2", Some(194)),
            ("0x 2", Some(2)),
            ("27", Some(27)),
            ("27.0", Some(27)),
            ("SYN", None),
            ("65536", None),
            ("0xzz", None),
            ("-1", None),
        ] {
            assert_eq!(parse(text.as_bytes()), bits, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for flags in 0..=255 {
            let mut text = Vec::new();
            write(flags, &mut text);
            assert_eq!((text.len(), parse(&text)), (8, Some(flags)));
        }
        let mut text = Vec::new();
        write(0x1b, &mut text);
        assert_eq!(text, b"...AP.SF");
    }
}
