//! Any JSON number (RFC 8259 section 6), exactly or not at all: `4.43e2` is 443, `0.5` is no integer.
//!
//! The slow path of what [`integer`](super::integer) and [`seconds`](super::seconds) leave. Bound: the text.

use super::{MAX_INTEGER, MAX_NANOS};

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
    exact_sum(text).and_then(|value| u64::try_from(value).ok()).filter(|value| *value <= MAX_INTEGER)
}

/// The value of a JSON number that is an integer from 0 to 2^128 - 1, however it is written.
pub fn exact_sum(text: &str) -> Option<u128> {
    let d = decimal(text)?;
    if d.digits.is_empty() {
        return Some(0);
    }
    if d.negative || d.exponent < 0 || d.digits.len() as i64 + d.exponent > MAX_DIGITS {
        return None;
    }
    let append = |value: u128, digit: &u8| value.checked_mul(10)?.checked_add(u128::from(digit - b'0'));
    d.digits.iter().try_fold(0, append)?.checked_mul(10u128.checked_pow(d.exponent as u32)?)
}

/// Digits of 2^128 - 1.
const MAX_DIGITS: i64 = 39;

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
