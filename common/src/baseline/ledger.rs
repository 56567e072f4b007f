//! Whether the lines of baselines are all there, as they were written.
//!
//! A line's mark is its CRC-32 (IEEE 802.3) and, above it, its length; the checksum is the sum of the marks modulo 2^64,
//! so it does not depend on the order of lines: any number of threads may share the lines of one input, and baselines one
//! after another are held to the sum of their trailers. One changed, lost or repeated line changes the sum for sure,
//! several by chance in all but one case of 2^32. Bound: 48 bytes.

use super::BaselineError;

/// What was met of lines, and what trailers said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    headers: u64,
    trailers: u64,
    lines: u64,
    sum: u64,
    said_lines: u64,
    said_sum: u64,
}

/// The mark of a line.
fn mark(text: &[u8]) -> u64 {
    u64::from(crc32fast::hash(text)) | (text.len() as u64) << 32
}

/// What a trailer ends with: its checksum, which cannot be a part of itself.
pub(super) const TAIL: usize = r#","checksum":"0123456789abcdef"}"#.len();

impl Ledger {
    /// Takes a header, or a line of a section.
    pub fn line(&mut self, text: &str, is_header: bool) {
        self.headers += u64::from(is_header);
        self.lines += 1;
        self.sum = self.sum.wrapping_add(mark(text.as_bytes()));
    }

    /// Takes a trailer and what it says: the number of lines before it, and their checksum.
    pub fn trailer(&mut self, text: &str, lines: u64, checksum: u64) {
        self.trailers += 1;
        self.said_lines = self.said_lines.saturating_add(lines);
        self.said_sum = self.said_sum.wrapping_add(checksum);
        self.sum = self.sum.wrapping_add(self.own(text));
    }

    /// The mark of a trailer without its checksum.
    fn own(self, text: &str) -> u64 {
        mark(&text.as_bytes()[..text.len().saturating_sub(TAIL)])
    }

    /// Number of lines so far, and the checksum of a trailer that begins with `text` and follows them.
    pub(super) fn close(self, text: &[u8]) -> u64 {
        self.sum.wrapping_add(mark(text))
    }

    /// Number of lines so far.
    pub fn lines(self) -> u64 {
        self.lines
    }

    /// Adds what another has met of the same inputs.
    pub fn merge(&mut self, other: &Ledger) {
        self.headers += other.headers;
        self.trailers += other.trailers;
        self.lines += other.lines;
        self.sum = self.sum.wrapping_add(other.sum);
        self.said_lines = self.said_lines.saturating_add(other.said_lines);
        self.said_sum = self.said_sum.wrapping_add(other.said_sum);
    }

    /// Whether nothing of a baseline was met.
    pub fn is_empty(&self) -> bool {
        *self == Ledger::default()
    }

    /// Whether each baseline is whole.
    ///
    /// # Errors
    /// What is missing or changed.
    pub fn check(&self) -> Result<(), BaselineError> {
        let count = |n, unit| crate::people::count(n, unit);
        let why = if self.headers > self.trailers {
            format!("{} without the last line", count(self.headers - self.trailers, "baselines"))
        } else if self.headers < self.trailers {
            format!("{} without the first line", count(self.trailers - self.headers, "baselines"))
        } else if self.lines != self.said_lines {
            format!("{} of {}", count(self.lines, "lines"), self.said_lines)
        } else if self.sum != self.said_sum {
            "its lines are not those that were written".to_owned()
        } else {
            return Ok(());
        };
        Err(BaselineError::Damaged(why))
    }

    /// Whether exactly one whole baseline was met.
    pub fn is_one(&self) -> bool {
        self.headers == 1 && self.check().is_ok()
    }
}
