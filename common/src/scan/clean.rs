//! Text without a byte below 0x20 and without invalid UTF-8, checked by block where possible.
//!
//! A block that is clean but for its newlines costs two passes at memory speed; only a block that is not is looked at
//! line by line. A carriage return before a newline is no part of the line.

use super::reject::{Reject, Why};
use crate::value::window;
use memchr::memchr_iter;

/// The longest line, in bytes without the newline.
pub const MAX_LINE: usize = 1 << 20;

/// A line, or several, of clean text; a single line has no newline.
#[derive(Clone, Copy, Debug)]
pub struct Clean<'a> {
    text: &'a str,
    /// The text and what follows it in memory: whoever looks a few bytes ahead need not mind the end of the line.
    ahead: &'a [u8],
}

impl<'a> Clean<'a> {
    /// Checks one line.
    ///
    /// # Errors
    /// Where it has bytes that no line may have, or too many.
    pub fn line(bytes: &'a [u8]) -> Result<Clean<'a>, Reject> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.len() > MAX_LINE {
            return Err(Reject { at: MAX_LINE, why: Why::TooLong });
        }
        let text = std::str::from_utf8(bytes).map_err(|e| Reject { at: e.valid_up_to(), why: Why::Utf8 })?;
        match bytes.iter().position(|b| *b < 0x20) {
            Some(at) => Err(Reject { at, why: Why::Control }),
            None => Ok(Clean { text, ahead: bytes }),
        }
    }

    /// Checks a block of whole lines at once; `None` says that some line in it needs [`Clean::line`].
    pub fn block(bytes: &'a [u8]) -> Option<Clean<'a>> {
        if window::has_controls(bytes) {
            return None;
        }
        std::str::from_utf8(bytes).ok().map(|text| Clean { text, ahead: bytes })
    }

    /// The lines of a block, none longer than [`MAX_LINE`] if the block's reader saw to that.
    pub fn lines(self) -> impl Iterator<Item = Clean<'a>> {
        let mut start = 0;
        memchr_iter(b'\n', self.ahead).map(move |end| {
            let line = Clean { text: &self.text[start..end], ahead: &self.ahead[start..] };
            start = end + 1;
            line
        })
    }

    /// The text.
    #[inline]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The text's bytes and what follows them; a newline, if anything, comes first.
    #[inline]
    pub(super) fn ahead(self) -> &'a [u8] {
        self.ahead
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(Clean::line(b"ab\x01").unwrap_err(), Reject { at: 2, why: Why::Control });
        assert_eq!(Clean::line(b"a\tb").unwrap_err().why, Why::Control);
        assert_eq!(Clean::line(b"ab\xff").unwrap_err(), Reject { at: 2, why: Why::Utf8 });
        assert_eq!(Clean::line(&vec![b'a'; MAX_LINE + 1]).unwrap_err().why, Why::TooLong);
        assert_eq!(Clean::line(b"ab\r\n").unwrap().text(), "ab");
        assert!(Clean::line(&vec![b'a'; MAX_LINE]).is_ok());
    }

    proptest! {
        #[test]
        fn a_clean_block_has_only_clean_lines(lines in proptest::collection::vec(proptest::collection::vec(0u8..0xff, 0..40), 0..20)) {
            let block: Vec<u8> = lines.iter().flat_map(|l| l.iter().copied().chain([b'\n'])).collect();
            let by_line: Result<Vec<_>, _> = block.split_inclusive(|b| *b == b'\n').map(Clean::line).collect();
            match Clean::block(&block) {
                Some(clean) => {
                    let texts: Vec<_> = clean.lines().map(Clean::text).collect();
                    prop_assert_eq!(texts, by_line.unwrap().into_iter().map(Clean::text).collect::<Vec<_>>());
                }
                None => prop_assert!(by_line.is_err() || block.contains(&b'\r')),
            }
        }
    }
}
