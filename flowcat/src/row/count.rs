//! Counts and numbers of foreign sources: integers, also as floating point or exponent makes them, exact or refused.

use flow_record::value::number;

/// An integer from 0 to 2^53 - 1: `443`, `443.0`, `4.43e2`.
#[inline]
pub(super) fn count(text: &[u8]) -> Option<u64> {
    match number::integer(text) {
        Some((value, used)) if used == text.len() && value <= flow_record::record::field::MAX_INTEGER => Some(value),
        _ => careful(text),
    }
}

#[cold]
fn careful(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    // `exact_integer` wants the shape of a number to have been checked.
    let mut shape = text.bytes();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || !shape.all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    text.parse::<f64>().ok()?;
    if is_grouped(text.as_bytes()) { None } else { number::exact_integer(text) }
}

/// Whether a text may be of thousands as well as of decimals: `12.000` is twelve here and twelve thousand there.
#[cold]
pub(super) fn is_grouped(text: &[u8]) -> bool {
    let mut groups = text.split(|b| *b == b'.');
    let is_digits = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && is_digits(first)
        && text.len() > first.len()
        && groups.all(|group| group.len() == 3 && is_digits(group))
}

/// An integer that may also be written in hex, as `0x01bb`.
#[inline]
pub(super) fn count_or_hex(text: &[u8]) -> Option<u64> {
    match text {
        [b'0', b'x' | b'X', hex @ ..] => {
            let hex =
                std::str::from_utf8(hex).ok().filter(|h| h.len() <= 13 && h.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u64::from_str_radix(hex, 16).ok()
        }
        _ => count(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_or_refused() {
        for (text, value) in [
            ("0", Some(0)),
            ("443", Some(443)),
            ("443.0", Some(443)),
            ("0443", Some(443)),
            ("4.43e2", Some(443)),
            ("9007199254740991", Some((1 << 53) - 1)),
            ("9007199254740992", None),
            ("443.5", None),
            ("-1", None),
            ("+", None),
            ("1.2.3", None),
            ("e5", None),
            ("1e", None),
            ("1 000", None),
            ("0x10", None),
            ("inf", None),
            ("12k", None),
            ("12.000", None),
            ("1.200.000", None),
            ("0.000e3", Some(0)),
            ("1234.000", Some(1234)),
            ("12.0000", Some(12)),
            ("", None),
        ] {
            assert_eq!(count(text.as_bytes()), value, "{text:?}");
        }
        assert_eq!(count_or_hex(b"0x01bb"), Some(443));
        assert_eq!(count_or_hex(b"0x"), None);
        assert_eq!(count_or_hex(b"0x+1"), None);
        assert_eq!(count_or_hex(b"80"), Some(80));
    }
}
