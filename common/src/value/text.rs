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

/// Controls (C0, DEL, C1), bidirectional marks and overrides, zero-width characters, line and paragraph separators.
pub fn acts_on_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

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
        assert_eq!(snippet(b"abcdef", 3), "abc...");
        assert_eq!(snippet(b"\xff\x00", 5), "\u{fffd}\\u{0}");
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
