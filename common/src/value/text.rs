//! Text: as a JSON string (RFC 8259 section 7), and as something safe to show on a terminal.

use memchr::memchr2;
use std::borrow::Cow;
use std::fmt::Write;

/// Appends `text` as a JSON string with its quotes. What a terminal could act on is escaped too: DEL, C1 controls,
/// bidirectional marks.
pub fn write_json(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) && memchr2(b'"', b'\\', text.as_bytes()).is_none() {
        out.extend_from_slice(text.as_bytes());
    } else {
        for c in text.chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if acts_on_a_terminal(c) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.extend_from_slice(b"\\u");
                        out.extend(format!("{unit:04x}").bytes());
                    }
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.push(b'"');
}

/// Controls (C0, DEL, C1: general category Cc), everything that is there to format others and mostly cannot be seen
/// (category Cf of Unicode 17: bidirectional marks, zero-width characters, tags, musical beams), and line and paragraph
/// separators.
pub fn acts_on_a_terminal(c: char) -> bool {
    // What most texts are made of needs no search.
    c.is_control() || c >= '\u{ad}' && FORMATS.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Characters of category Cf, with the separators U+2028 and U+2029 and what is unassigned between them.
const FORMATS: [(char, char); 19] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// The text with everything escaped that a terminal could act on, as `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts_on_a_terminal) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts_on_a_terminal(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// At most `limit` characters of any bytes, printable, for a message; an ellipsis says that there was more.
pub fn snippet(bytes: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(limit * 4)]);
    let short: String = text.chars().take(limit).collect();
    let more = if short.len() < text.len() || bytes.len() > limit * 4 { "..." } else { "" };
    format!("{}{more}", printable(&short))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_never_reach_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}\u{9b}"), "a\\u{1b}[31mb\\u{202e}\\u{9b}");
        assert_eq!(printable("caf\u{e9}"), "caf\u{e9}");
        assert_eq!(printable("a\u{1d173}b\u{600}\u{e0041}"), "a\\u{1d173}b\\u{600}\\u{e0041}");
        assert_eq!(snippet(b"abcdef", 3), "abc...");
        assert_eq!(snippet(b"\xff\x00", 5), "\u{fffd}\\u{0}");
    }

    #[test]
    fn what_can_be_seen_is_shown() {
        // Letters, marks and symbols beside those that are escaped.
        for c in
            ['\u{ac}', '\u{ae}', '\u{606}', '\u{61b}', '\u{6de}', '\u{1d172}', '\u{1d17b}', '\u{fffd}', '\u{1f600}']
        {
            assert!(!acts_on_a_terminal(c), "{c:?}");
        }
        assert!(FORMATS.is_sorted() && FORMATS.iter().all(|(first, last)| first <= last));
    }

    proptest! {
        #[test]
        fn any_text_reads_back_from_its_json(s: String) {
            let mut out = Vec::new();
            write_json(&s, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), s);
            prop_assert!(!std::str::from_utf8(&out).unwrap().chars().any(acts_on_a_terminal));
        }
    }
}
