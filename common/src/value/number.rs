//! Numbers: integers below 2^53, and seconds as decimals kept in nanoseconds.
//!
//! `integer` and `seconds` take the plain forms; `exact_integer` and `exact_seconds` take any JSON number (RFC 8259
//! section 6) and answer exactly or not at all: `4.43e2` is 443, `0.5` is no integer.

use crate::record::field::MAX_INTEGER;

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

/// A JSON number as digits times a power of ten: the digits without leading zeros, and the exponent.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// Takes a text that is known to be a JSON number apart.
fn decimal(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        // An exponent beyond i64 stands for 0 or for something above every limit; clamping keeps which.
        Some((m, e)) => (m, e.parse::<i64>().unwrap_or(if e.starts_with('-') { -1_000_000 } else { 1_000_000 })),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0').collect();
    let mut exponent = exponent.clamp(-1_000_000, 1_000_000).checked_sub(fraction.len() as i64)?;
    while digits.last() == Some(&b'0') {
        digits.pop();
        exponent += 1;
    }
    if digits.iter().any(|b| !b.is_ascii_digit()) {
        return None;
    }
    Some(Decimal { negative, digits, exponent })
}

/// The value of a JSON number that is an integer from 0 to 2^53 - 1, however it is written.
pub fn exact_integer(text: &str) -> Option<u64> {
    let d = decimal(text)?;
    if d.digits.is_empty() {
        return Some(0);
    }
    if d.negative || d.exponent < 0 || d.digits.len() as i64 + d.exponent > 16 {
        return None;
    }
    let mut value = d.digits.iter().fold(0u64, |v, b| v * 10 + u64::from(b - b'0'));
    value *= 10u64.pow(d.exponent as u32);
    (value <= MAX_INTEGER).then_some(value)
}

/// The value of a JSON number of seconds in nanoseconds, digits below a nanosecond rounded half up.
pub fn exact_seconds(text: &str) -> Option<u64> {
    let d = decimal(text)?;
    if d.digits.is_empty() {
        return Some(0);
    }
    let places = d.exponent + 9;
    if d.negative || d.digits.len() as i64 + places > 19 {
        return None;
    }
    let (kept, round) = if places >= 0 {
        (d.digits.len(), false)
    } else {
        let kept = d.digits.len() as i64 + places;
        let round = kept >= 0 && d.digits.get(kept as usize).is_some_and(|b| *b >= b'5');
        (kept.max(0) as usize, round)
    };
    let value = d.digits[..kept].iter().try_fold(0u64, |v, b| v.checked_mul(10)?.checked_add(u64::from(b - b'0')))?;
    let value = value.checked_mul(10u64.checked_pow(places.max(0) as u32)?)?.checked_add(u64::from(round))?;
    (value <= MAX_NANOS).then_some(value)
}

/// Appends an integer.
#[inline]
pub fn write_integer(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Puts an integer at the start of `space`; answers its length. What follows it there is overwritten with anything.
#[inline]
pub fn put_integer(value: u64, space: &mut [u8; 48]) -> usize {
    if value < 10 {
        space[0] = b'0' + value as u8;
        return 1;
    }
    if value >= 100_000_000 {
        return put_long(value, space);
    }
    let digits = spread(value as u32);
    // The first of the bytes that is no leading zero; the value is not 0.
    let zeros = digits.trailing_zeros() & !7;
    let text = (digits | 0x3030_3030_3030_3030) >> zeros;
    space[..8].copy_from_slice(&text.to_le_bytes());
    8 - zeros as usize / 8
}

/// The eight digits of a number below 10^8, a byte each, the first one lowest: it is cut into fours, twos and ones, all
/// parts at once.
#[inline]
fn spread(value: u32) -> u64 {
    let fours = u64::from(value / 10_000) | u64::from(value % 10_000) << 32;
    // A hundredth and a tenth by multiplication, exact for the numbers that occur.
    let hundreds = fours.wrapping_mul(10_486) >> 20 & 0x0000_007f_0000_007f;
    let twos = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = twos.wrapping_mul(103) >> 10 & 0x000f_000f_000f_000f;
    tens | twos.wrapping_sub(tens.wrapping_mul(10)) << 8
}

/// Puts an integer of nine digits or more.
#[cold]
fn put_long(value: u64, space: &mut [u8; 48]) -> usize {
    let mut text = itoa::Buffer::new();
    let text = text.format(value).as_bytes();
    space[..text.len()].copy_from_slice(text);
    text.len()
}

/// The two digits of each number below 100.
pub(crate) const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Puts nanoseconds at the start of `space` as the shortest decimal number of seconds, without an exponent; answers the
/// length.
#[inline]
pub fn put_seconds(nanos: u64, space: &mut [u8; 48]) -> usize {
    let whole = put_integer(nanos / NANOS, space);
    let mut rest = nanos % NANOS;
    if rest == 0 {
        return whole;
    }
    if rest.is_multiple_of(1_000_000) {
        let millis = rest / 1_000_000;
        let ([tenth, hundredth], thousandth) = (PAIRS[(millis / 10 % 100) as usize], b'0' + (millis % 10) as u8);
        space[whole..whole + 4].copy_from_slice(&[b'.', tenth, hundredth, thousandth]);
        let zeros = usize::from(thousandth == b'0') + usize::from(millis.is_multiple_of(100));
        return whole + 4 - zeros;
    }
    let mut places = 9;
    while rest.is_multiple_of(10) {
        rest /= 10;
        places -= 1;
    }
    space[whole] = b'.';
    for at in (whole + 1..=whole + places).rev() {
        space[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    whole + 1 + places
}

/// Appends nanoseconds as the shortest decimal number of seconds, without an exponent.
pub fn write_seconds(nanos: u64, out: &mut Vec<u8>) {
    let mut space = [0; 48];
    let len = put_seconds(nanos, &mut space);
    out.extend_from_slice(&space[..len]);
}

/// Appends a finite number in its shortest form that reads back the same, without an exponent where that is short;
/// `null` stands for what JSON cannot say.
pub fn write_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
    } else if value == value.trunc() && value.abs() < MAX_INTEGER as f64 {
        if value < 0.0 {
            out.push(b'-');
        }
        write_integer(value.abs() as u64, out);
    } else {
        out.extend_from_slice(zmij::Buffer::new().format(value).as_bytes());
    }
}

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
