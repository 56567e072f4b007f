//! JSON values (RFC 8259), checked and skipped: numbers, strings, literals, nests of at most 64 levels.
//!
//! All take the bytes of clean text and a position, and answer the position after the value. Nesting is a counter and
//! one bit a level, never recursion.

use super::reject::{Reject, Why};
use std::borrow::Cow;

/// The deepest nesting, the line's own object included.
pub(super) const MAX_DEPTH: u32 = 64;

fn reject<T>(at: usize, why: Why) -> Result<T, Reject> {
    Err(Reject { at, why })
}

/// The position of the first byte from `at` on that is no blank.
#[inline]
pub(super) fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// After the string whose opening quote is at `at`, escapes checked.
#[inline]
pub(super) fn string(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    let mut i = at + 1;
    loop {
        match bytes.get(i) {
            Some(b'"') => return Ok(i + 1),
            Some(b'\\') => i = escape(bytes, i)?,
            Some(_) => i += 1,
            None => return reject(bytes.len(), Why::Unfinished),
        }
    }
}

/// After the escape whose backslash is at `at`; a surrogate must have its other half.
#[cold]
fn escape(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match unit(bytes, at) {
            Some(0xd800..=0xdbff) => match unit(bytes, at + 6) {
                Some(0xdc00..=0xdfff) => Ok(at + 12),
                _ => reject(at, Why::Escape),
            },
            Some(0xdc00..=0xdfff) | None => reject(at, Why::Escape),
            Some(_) => Ok(at + 6),
        },
        Some(_) => reject(at, Why::Escape),
        None => reject(bytes.len(), Why::Unfinished),
    }
}

/// The UTF-16 unit of `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let hex = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    hex.iter().try_fold(0u16, |v, b| Some(v << 4 | char::from(*b).to_digit(16)? as u16))
}

/// The text of a checked string token, quotes included.
pub(super) fn unescaped(token: &str) -> Cow<'_, str> {
    let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // A checked token is one that serde_json takes.
    Cow::Owned(serde_json::from_str(token).unwrap_or_default())
}

/// After the number at `at`.
#[inline]
pub(super) fn number(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    let digits = |mut i: usize| {
        let start = i;
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        (i > start).then_some(i)
    };
    let bad = Reject { at, why: Why::Number };
    let start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut i = digits(start).ok_or(bad)?;
    if bytes[start] == b'0' && i > start + 1 {
        return Err(bad);
    }
    if bytes.get(i) == Some(&b'.') {
        i = digits(i + 1).ok_or(bad)?;
    }
    if matches!(bytes.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(i + 1), Some(b'+' | b'-')));
        i = digits(i + 1 + sign).ok_or(bad)?;
    }
    Ok(i)
}

/// After the literal at `at`.
fn literal(bytes: &[u8], at: usize, word: &'static [u8]) -> Result<usize, Reject> {
    match bytes[at..].starts_with(word) {
        true => Ok(at + word.len()),
        false => reject(at, Why::Expected("a value")),
    }
}

/// After the value at `at`, whatever it is.
#[inline]
pub(super) fn any(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    match bytes.get(at) {
        Some(b'"') => string(bytes, at),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(b't') => literal(bytes, at, b"true"),
        Some(b'f') => literal(bytes, at, b"false"),
        Some(b'n') => literal(bytes, at, b"null"),
        Some(b'{' | b'[') => nest(bytes, at),
        Some(_) => reject(at, Why::Expected("a value")),
        None => reject(at, Why::Unfinished),
    }
}

/// After the object or array at `at`.
fn nest(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    let mut i = at;
    let mut depth = 1; // the line's object
    let mut objects = 0u64; // bit d: level d is an object
    loop {
        // Here a value begins at i.
        match bytes.get(i) {
            Some(open @ (b'{' | b'[')) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return reject(i, Why::TooDeep);
                }
                let is_object = *open == b'{';
                objects = objects & !(1 << (depth - 1)) | u64::from(is_object) << (depth - 1);
                i = blanks(bytes, i + 1);
                let close = if is_object { b'}' } else { b']' };
                if bytes.get(i) != Some(&close) {
                    if is_object {
                        i = key(bytes, i)?;
                    }
                    continue;
                }
            }
            _ => {
                i = any(bytes, i)?;
                if depth == 1 {
                    return Ok(i);
                }
            }
        }
        // Here a value ended at i, or an empty nest has its closing bracket at i.
        loop {
            i = blanks(bytes, i);
            let is_object = objects >> (depth - 1) & 1 == 1;
            match bytes.get(i) {
                Some(b',') => {
                    i = blanks(bytes, i + 1);
                    if is_object {
                        i = key(bytes, i)?;
                    }
                    break;
                }
                Some(b) if *b == if is_object { b'}' } else { b']' } => {
                    depth -= 1;
                    i += 1;
                    if depth == 1 {
                        return Ok(i);
                    }
                }
                Some(_) => return reject(i, Why::Expected(if is_object { "a comma or }" } else { "a comma or ]" })),
                None => return reject(i, Why::Unfinished),
            }
        }
    }
}

/// After `"key" :` and blanks, at a value.
pub(super) fn key(bytes: &[u8], at: usize) -> Result<usize, Reject> {
    match bytes.get(at) {
        Some(b'"') => {}
        Some(_) => return reject(at, Why::Expected("a key in quotes")),
        None => return reject(at, Why::Unfinished),
    }
    let i = blanks(bytes, string(bytes, at)?);
    match bytes.get(i) {
        Some(b':') => Ok(blanks(bytes, i + 1)),
        Some(_) => reject(i, Why::Expected("a colon")),
        None => reject(i, Why::Unfinished),
    }
}
