//! Text from a file or the network, made safe for a terminal.
//!
//! What can move the cursor, recolour, retitle or reorder a terminal line is written as its code point
//! (`\u{1b}`): control characters of C0 and C1 (ECMA-48), the bidirectional marks and embeddings of Unicode
//! UAX #9, line and paragraph separators, and characters without width, which make two different texts look alike.
//!
//! Invariant: the result holds no such character, and text that held none comes back as it was, uncopied.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal would act on `c` instead of showing it.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'   // zero width, left and right marks
            | '\u{2028}'..='\u{202e}'   // separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'   // word joiner, isolates, deprecated controls
            | '\u{fff9}'..='\u{fffb}'   // interlinear annotation
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

/// `text` with every character that [`is_unsafe`] written as `\u{..}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    push_escaped(text, &mut safe);
    Cow::Owned(safe)
}

/// As [`escape`] for bytes that need not be UTF-8, such as file names: other bytes are written as `\x..`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_escaped(chunk.valid(), &mut safe);
        for byte in chunk.invalid() {
            // Writing into a String cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

fn push_escaped(text: &str, safe: &mut String) {
    for c in text.chars() {
        if is_unsafe(c) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(escape("10.0.0.1 → Zürich"), Cow::Borrowed(_)));
    }

    #[test]
    fn control_bidi_and_zero_width_characters_become_code_points() {
        assert_eq!(escape("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(escape("x\u{202e}y\u{200b}z\u{9b}\n"), "x\\u{202e}y\\u{200b}z\\u{9b}\\u{a}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_in_hex() {
        assert_eq!(escape_bytes(b"a\xff\xc3\xa9\x07"), "a\\xffé\\u{7}");
    }

    #[test]
    fn no_single_byte_or_character_gets_through_as_control() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            assert!(!escape(&c.to_string()).chars().any(is_unsafe));
        }
        for byte in 0..=255u8 {
            assert!(!escape_bytes(&[byte]).chars().any(is_unsafe));
        }
    }
}
