//! Numbers: integers below 2^53, and seconds as decimals kept in nanoseconds.
//!
//! `integer` and `seconds` take the plain forms; what stands in `exact` takes any JSON number, `write` writes them.
//! [`Number`] is one of any size: a sum over flows, or what a formula made of them.

mod any;
mod exact;
mod write;

pub use any::Number;
pub use exact::{exact_integer, exact_seconds, exact_sum};
pub(crate) use write::PAIRS;
pub use write::{put_integer, put_seconds, write_float, write_integer, write_seconds, write_sum};

/// The largest integer that every JSON reader keeps exactly, 2^53 - 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Nanoseconds in a second.
pub const NANOS: u64 = 1_000_000_000;

/// The longest duration that is kept, in nanoseconds: 292 years.
pub const MAX_NANOS: u64 = i64::MAX as u64;

/// A plain integer at the start of `bytes`, and its length. A sign, a fraction, an exponent, a leading zero or more than
/// 16 digits are left to the slow path.
#[inline]
pub fn integer(bytes: &[u8]) -> Option<(u64, usize)> {
    let (value, at) = match bytes.first_chunk::<8>() {
        Some(word) => match eight(u64::from_le_bytes(*word)) {
            (high, 8) => {
                let (low, more) = digits(&bytes[8..], 9)?;
                (high.wrapping_mul(TENS[more]).wrapping_add(low), 8 + more)
            }
            short => short,
        },
        None => digits(bytes, 8)?,
    };
    let leading_zero = at > 1 && bytes[0] == b'0';
    let goes_on = matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
    (at > 0 && !leading_zero && !goes_on).then_some((value, at))
}

/// A plain integer at the start of the window that a comma or brace follows, and its length. Other forms are left to
/// [`exact_integer`].
#[inline(always)]
pub fn short_integer(window: &[u8; 32]) -> Option<(u64, usize)> {
    let [a, b, c, d, e, f, g, h, ..] = *window;
    if matches!(b, b',' | b'}') {
        let digit = a.wrapping_sub(b'0');
        return if digit < 10 { Some((u64::from(digit), 1)) } else { None };
    }
    let (value, len) = eight(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    let is_plain = a != b'0' && matches!(window[len & 15], b',' | b'}') && len > 0;
    if is_plain { Some((value, len)) } else { longer(window) }
}

/// An integer of nine digits or more.
#[cold]
fn longer(window: &[u8; 32]) -> Option<(u64, usize)> {
    integer(window)
}

/// Seconds of at most eight digits and eight decimals at the start of the window that a comma or brace follows, in
/// nanoseconds, and the length. Other forms are left to [`exact_seconds`].
#[inline(always)]
pub fn short_seconds(window: &[u8; 32]) -> Option<(u64, usize)> {
    let (whole, len) = eight(u64::from_le_bytes(*window.first_chunk()?));
    if len == 0 || len > 1 && window[0] == b'0' {
        return None;
    }
    let (nanos, end) = match window[len & 15] {
        b'.' => {
            let (fraction, decimals) = eight(u64::from_le_bytes(*window.get(len + 1..)?.first_chunk()?));
            (fraction.wrapping_mul(POWERS[9 - (decimals & 15).min(8)]), len + 1 + decimals)
        }
        _ => (0, len),
    };
    let is_plain = matches!(window[end & 31], b',' | b'}') && window[end.wrapping_sub(1) & 31] != b'.';
    is_plain.then_some((whole.wrapping_mul(NANOS).wrapping_add(nanos), end))
}

/// The value and the number of the digits at the start of eight bytes, all at once: the digits are moved to the top, so
/// that zeros stand before them, and neighbours are put together to twos, fours and the eight.
#[inline]
fn eight(word: u64) -> (u64, usize) {
    let d = word ^ 0x3030_3030_3030_3030;
    let other = (d | d.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
    // A carry of the addition can only reach bytes beyond the first that is no digit.
    let len = other.trailing_zeros() / 8;
    if len == 0 {
        return (0, 0);
    }
    let d = d << (64 - 8 * len);
    let twos = d.wrapping_mul(10).wrapping_add(d >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = twos.wrapping_mul(100).wrapping_add(twos >> 16) & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    (all, len as usize)
}

/// The value and the number of the digits at the start of `bytes`; `None` where there are `limit` or more.
#[inline]
fn digits(bytes: &[u8], limit: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut at = 0;
    while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
        if at == limit {
            return None;
        }
    }
    Some((value, at))
}

/// Powers of ten below 10^9.
const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Seconds with at most nine decimals at the start of `bytes`, in nanoseconds, and the length.
#[inline]
pub fn seconds(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut whole = 0u64;
    let mut at = 0;
    while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
        whole = whole * 10 + u64::from(digit);
        at += 1;
        if at > 9 {
            return None;
        }
    }
    if at == 0 || (at > 1 && bytes[0] == b'0') {
        return None;
    }
    let mut nanos = 0u64;
    if bytes.get(at) == Some(&b'.') {
        let start = at + 1;
        at = start;
        while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
            nanos = nanos * 10 + u64::from(digit);
            at += 1;
            if at - start > 9 {
                return None;
            }
        }
        if at == start {
            return None;
        }
        nanos *= POWERS[9 - (at - start)];
    }
    (!matches!(bytes.get(at), Some(b'e' | b'E'))).then_some((whole * NANOS + nanos, at))
}

const POWERS: [u64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, NANOS];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_exact_or_refused() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("443.0", Some(443)),
            ("4.43e2", Some(443)),
            ("1e15", Some(1_000_000_000_000_000)),
            ("9007199254740991", Some(MAX_INTEGER)),
            ("9007199254740992", None),
            ("18446744073709551615", None),
            ("1e400", None),
            ("1e99999999999999999999", None),
            ("1e-400", None),
            ("0e400", Some(0)),
            ("0.5", None),
            ("-1", None),
        ] {
            assert_eq!(exact_integer(text), value, "{text}");
        }
    }

    #[test]
    fn plain_integers_leave_the_rest_to_the_slow_path() {
        assert_eq!(integer(b"123,"), Some((123, 3)));
        for text in ["", "-1", "01", "1.0", "1e3", "12345678901234567", "x"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_kept_in_nanoseconds() {
        assert_eq!(seconds(b"1.5,"), Some((1_500_000_000, 3)));
        assert_eq!(seconds(b"0.000000001}"), Some((1, 11)));
        assert_eq!(seconds(b"1.1234567891"), None);
        assert_eq!(exact_seconds("0.30000000000000004"), Some(300_000_000));
        assert_eq!(exact_seconds("1e-9"), Some(1));
        assert_eq!(exact_seconds("5e-10"), Some(1));
        assert_eq!(exact_seconds("4e-10"), Some(0));
        assert_eq!(exact_seconds("18446744073709540.000"), None);
        assert_eq!(exact_seconds("-1"), None);
    }

    #[test]
    fn floats_are_written_plainly() {
        let text = |v| {
            let mut out = Vec::new();
            write_float(v, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0.1), "0.1");
        assert_eq!(text(-3.0), "-3");
        assert_eq!(text(-0.0), "0");
        assert_eq!(text(f64::NAN), "null");
    }

    proptest! {
        #[test]
        fn seconds_read_back_what_was_written(nanos in 0..MAX_NANOS / 10) {
            let mut out = Vec::new();
            write_seconds(nanos, &mut out);
            prop_assert_eq!(exact_seconds(std::str::from_utf8(&out).unwrap()), Some(nanos));
            if let Some((value, used)) = seconds(&out) {
                prop_assert_eq!((value, used), (nanos, out.len()));
            }
        }

        #[test]
        fn floats_read_back_what_was_written(value: f64) {
            prop_assume!(value.is_finite());
            let mut out = Vec::new();
            write_float(value, &mut out);
            let back: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert_eq!(back, value + 0.0);
        }

        #[test]
        fn integers_read_back_what_was_written(value in 0..=MAX_INTEGER) {
            let mut out = Vec::new();
            write_integer(value, &mut out);
            let mut space = [0; 48];
            let len = put_integer(value, &mut space);
            prop_assert_eq!(&space[..len], &out[..]);
            prop_assert_eq!(integer(&out), Some((value, out.len())));
            prop_assert_eq!(exact_integer(std::str::from_utf8(&out).unwrap()), Some(value));
        }
    }
}
