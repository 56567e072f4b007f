//! File names, made safe for a terminal: they are bytes, and need not be UTF-8.
//!
//! Invariant: the result holds nothing that [`acts_on_a_terminal`](crate::value::text::acts_on_a_terminal).

use std::fmt::Write as _;

use crate::value::text::printable;

/// `bytes` as text: what a terminal could act on is written as `\u{1b}`, what is not UTF-8 as `\xff`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        safe.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::text::acts_on_a_terminal;

    #[test]
    fn bytes_that_are_not_utf8_are_shown_in_hex() {
        assert_eq!(escape_bytes(b"a\xff\xc3\xa9\x07"), "a\\xff\u{e9}\\u{7}");
    }

    #[test]
    fn no_single_byte_gets_through_as_control() {
        for byte in 0..=255u8 {
            assert!(!escape_bytes(&[byte]).chars().any(acts_on_a_terminal));
        }
    }
}
