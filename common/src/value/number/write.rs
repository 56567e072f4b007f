//! Numbers as JSON: integers as their digits, seconds and floats as the shortest decimals.

use super::{MAX_INTEGER, NANOS};

/// Appends an integer.
#[inline]
pub fn write_integer(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an integer of any size.
#[inline]
pub fn write_sum(value: u128, out: &mut Vec<u8>) {
    match u64::try_from(value) {
        Ok(value) => write_integer(value, out),
        Err(_) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
    }
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
