//! Addresses in any text: IPv4 with points or hyphens, its octets in decimal, however many zeros stand before them, or in
//! hex (0xcb); IPv6 (RFC 4291 section 2.2); MAC addresses with colons or hyphens, or in three groups with points, as
//! Cisco prints them; and networks as ADDRESS/LENGTH.
//!
//! What may be an address counts as one, whatever letters stand beside it: a version of four numbers is changed, rather
//! than an address kept. Invariant: each text that reads as an address is found as a whole. Bound: a place is looked at
//! for at most as many bytes as an address has, so the cost grows with the length alone.

/// Something that reads as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// First byte.
    pub(super) start: usize,
    /// After the last byte, the prefix length included.
    pub(super) end: usize,
    pub(super) what: What,
    /// The prefix length behind a slash.
    pub(super) length: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `point` stands between the octets.
    V4 {
        bits: u32,
        point: u8,
    },
    V6(u128),
    /// `point` stands between the octets, whose digits may be capitals; `.` between pairs of them.
    Mac {
        bits: u64,
        point: u8,
        capitals: bool,
    },
}

/// The first one that begins at `from` or later.
pub(super) fn next(text: &[u8], from: usize) -> Option<Found> {
    let rest = text.get(from..)?;
    // Every address has one of these bytes behind its first group, an IPv6 address perhaps as its first two.
    rest.iter().enumerate().filter(|(_, b)| matches!(b, b'.' | b':' | b'-')).find_map(|(at, b)| match b {
        b':' => colon(text, from, from + at),
        point => dotted(text, from, from + at, *point),
    })
}

/// What has its first colon at `at`.
fn colon(text: &[u8], from: usize, at: usize) -> Option<Found> {
    let start = at - digits_before(text, from, at, u8::is_ascii_hexdigit);
    // Most colons stand behind the key of a member.
    if start == at && text.get(at + 1) != Some(&b':') || at - start > 4 {
        return None;
    }
    match ipv6(&text[start..]) {
        Some((bits, len)) if is_apart(text, start, start + len) => {
            Some(with_length(text, start, start + len, What::V6(bits)))
        }
        _ => mac(text, start, at, b':'),
    }
}

/// What has its first point or hyphen at `at`.
fn dotted(text: &[u8], from: usize, at: usize, point: u8) -> Option<Found> {
    let start = at - digits_before(text, from, at, u8::is_ascii_hexdigit);
    if point == b'-'
        && let Some(found) = mac(text, start, at, point)
    {
        return Some(found);
    }
    if point == b'.'
        && let Some(found) = groups_of_four(text, start, at)
    {
        return Some(found);
    }
    let start = octet_start(text, from, at)?;
    if text[at + 1..].iter().take(OCTET + 3).any(|b| *b == point)
        && let Some((bits, len)) = quad(&text[start..], point)
        && (point == b'.' || is_four_only(text, from, start, start + len))
    {
        let what = What::V4 { bits, point };
        return Some(with_length(text, start, start + len, what));
    }
    None
}

/// Digits of an octet at most, zeros before it included; so many bytes are looked at.
const OCTET: usize = 8;

/// Where the octet begins whose last digit stands before `at`: decimal digits, or `0x` and hexadecimal ones.
fn octet_start(text: &[u8], from: usize, at: usize) -> Option<usize> {
    let digits =
        |is_digit: fn(&u8) -> bool| text[from..at].iter().rev().take(OCTET + 1).take_while(|b| is_digit(b)).count();
    let start = at - digits(u8::is_ascii_hexdigit);
    if start >= from + 2 && matches!(&text[start - 2..start], b"0x" | b"0X") {
        return Some(start - 2);
    }
    let count = digits(u8::is_ascii_digit);
    (1..=OCTET).contains(&count).then(|| at - count)
}

/// How many bytes before `at`, and not before `from`, are digits; at most five, which is too many for any group.
#[inline]
fn digits_before(text: &[u8], from: usize, at: usize, is_digit: fn(&u8) -> bool) -> usize {
    text[from..at].iter().rev().take(5).take_while(|b| is_digit(b)).count()
}

/// Whether no number with a hyphen stands on either side: a time or a serial number is no address.
fn is_four_only(text: &[u8], from: usize, start: usize, end: usize) -> bool {
    let before = text[from..start].iter().rev();
    let more_before = before.clone().next() == Some(&b'-') && before.clone().nth(1).is_some_and(u8::is_ascii_digit);
    let more_after = text.get(end) == Some(&b'-') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    !more_before && !more_after
}

/// Whether hexadecimal letters and colons are an address rather than a part of `std::fs`: they have a digit, or no letter
/// beside them.
fn is_apart(text: &[u8], start: usize, end: usize) -> bool {
    let is_letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let before = start.checked_sub(1).and_then(|i| text.get(i));
    text[start..end].iter().any(u8::is_ascii_digit) || !is_letter(before) && !is_letter(text.get(end))
}

fn with_length(text: &[u8], start: usize, end: usize, what: What) -> Found {
    let most = if matches!(what, What::V4 { .. }) { 32 } else { 128 };
    let digits = text.get(end + 1..).unwrap_or_default();
    let count = digits.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let number = digits[..count].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    if text.get(end) == Some(&b'/') && (1..=3).contains(&count) && number <= most {
        return Found { start, end: end + 1 + count, what, length: Some(number as u8) };
    }
    Found { start, end, what, length: None }
}

/// Four numbers up to 255 at the start, in decimal, zeros before them or not, or in hex, and their length.
fn quad(text: &[u8], point: u8) -> Option<(u32, usize)> {
    let (mut bits, mut at) = (0, 0);
    for n in 0..4 {
        if n > 0 {
            if text.get(at) != Some(&point) {
                return None;
            }
            at += 1;
        }
        let (octet, length) = octet(&text[at..])?;
        bits = bits << 8 | octet;
        at += length;
    }
    Some((bits, at))
}

/// A number up to 255 at the start, and its length.
fn octet(text: &[u8]) -> Option<(u32, usize)> {
    let (mark, base, is_digit): (usize, u32, fn(&u8) -> bool) = match text {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (2, 16, u8::is_ascii_hexdigit),
        _ => (0, 10, u8::is_ascii_digit),
    };
    let count = text[mark..].iter().take(OCTET + 1).take_while(|b| is_digit(b)).count();
    let digits = text[mark..mark + count].iter();
    let value = digits.fold(0u32, |v, b| v.saturating_mul(base).saturating_add(u32::from(value(*b))));
    ((1..=OCTET).contains(&count) && value <= 255).then_some((value, mark + count))
}

/// Three groups of four hexadecimal digits that begin at `start`, the first point at `at`: a MAC address.
fn groups_of_four(text: &[u8], start: usize, at: usize) -> Option<Found> {
    let groups = text.get(start..start + 14).filter(|_| at - start == 4)?;
    let mut bits = 0;
    for (n, b) in groups.iter().enumerate() {
        match n % 5 {
            4 if *b == b'.' => {}
            0..=3 if b.is_ascii_hexdigit() => bits = bits << 4 | u64::from(value(*b)),
            _ => return None,
        }
    }
    let goes_on = text.get(start + 14).is_some_and(u8::is_ascii_hexdigit);
    let capitals = groups.iter().any(u8::is_ascii_uppercase);
    (!goes_on).then_some(Found {
        start,
        end: start + 14,
        what: What::Mac { bits, point: b'.', capitals },
        length: None,
    })
}

/// The longest IPv6 address at the start, and its length.
fn ipv6(text: &[u8]) -> Option<(u128, usize)> {
    let mut groups = [0u16; 8];
    // Groups that were read, how many of them stand before `::`, and what is used of the text.
    let (mut count, mut gap, mut at) = (0, None, 0);
    if text.starts_with(b"::") {
        (gap, at) = (Some(0), 2);
    }
    while count < 8 {
        let most = if gap.is_some() { 7 } else { 8 };
        if count + 2 <= most
            && (count == 6 || gap.is_some())
            && text[at..].iter().take(OCTET + 3).any(|b| *b == b'.')
            && let Some((bits, len)) = quad(&text[at..], b'.')
        {
            (groups[count], groups[count + 1]) = ((bits >> 16) as u16, bits as u16);
            (count, at) = (count + 2, at + len);
            break;
        }
        let digits = text[at..].iter().take(5).take_while(|b| b.is_ascii_hexdigit()).count();
        if !(1..=4).contains(&digits) || count == most {
            // A colon that nothing follows is no part of it.
            at -= usize::from(text[..at].ends_with(b":") && !text[..at].ends_with(b"::"));
            break;
        }
        groups[count] = text[at..at + digits].iter().fold(0, |v, b| v << 4 | value(*b));
        (count, at) = (count + 1, at + digits);
        match (text.get(at), text.get(at + 1)) {
            (Some(b':'), Some(b':')) if gap.is_none() && count < 8 => (gap, at) = (Some(count), at + 2),
            (Some(b':'), Some(_)) if count < 8 => at += 1,
            _ => break,
        }
    }
    let gap = match gap {
        Some(gap) => gap,
        None if count == 8 => 8,
        None => return None,
    };
    let mut whole = [0u16; 8];
    whole[..gap].copy_from_slice(&groups[..gap]);
    whole[8 - (count - gap)..].copy_from_slice(&groups[gap..count]);
    Some((whole.iter().fold(0, |bits, g| bits << 16 | u128::from(*g)), at))
}

/// A hexadecimal digit's value.
fn value(digit: u8) -> u16 {
    u16::from(match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A') + 10,
    })
}

/// Six groups of two digits that begin at `start`, the first `point` at `at`.
fn mac(text: &[u8], start: usize, at: usize, point: u8) -> Option<Found> {
    if at - start != 2 || text.get(at + 3) != Some(&point) {
        return None;
    }
    let octets = text.get(start..start + 17)?;
    let mut bits = 0;
    for (n, b) in octets.iter().enumerate() {
        match n % 3 {
            2 if *b == point => {}
            0 | 1 if b.is_ascii_hexdigit() => bits = bits << 4 | u64::from(value(*b)),
            _ => return None,
        }
    }
    let capitals = octets.iter().any(u8::is_ascii_uppercase);
    Some(Found { start, end: start + 17, what: What::Mac { bits, point, capitals }, length: None })
}
