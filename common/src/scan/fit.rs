//! Whether a line that a program has put together is one that every filter takes: the one place that knows.
//!
//! Whoever puts members into a line, or makes a line of texts whose length it does not know, asks here before it is
//! written. What is then done is the caller's: a line is written as it came, a member is left out, a row is given up;
//! each is counted and told. Bound: a walk over a line of more than [`SHORT`] bytes.

use super::clean::{Clean, MAX_LINE};
use super::scanner::{MAX_MEMBERS, Scanner};
use super::walk::Walk;

/// A line up to this length, in bytes, cannot have more than [`MAX_MEMBERS`] members: each takes a key of its own in
/// quotes, a colon, a value and a comma, which is five bytes for one of them, and for nearly all others seven.
pub const SHORT: usize = 4 * MAX_MEMBERS;

/// What lines are that [`fits`] refuses, for a message: they would be ...
pub const UNFIT: &str = "longer than 1 MiB or of more than 1024 members";

/// Whether a line of valid members, each with a key of its own, is one that every filter takes. A newline may end it.
#[inline]
pub fn fits(line: &[u8]) -> bool {
    line.len() <= SHORT || is_within_bounds(line)
}

#[cold]
fn is_within_bounds(line: &[u8]) -> bool {
    let Ok(line) = Clean::line(line) else { return false };
    let (mut walk, mut members) = (Walk::new(line), 0);
    while let Ok(Some(_)) = walk.member() {
        members += 1;
        if members > MAX_MEMBERS {
            return false;
        }
    }
    line.text().len() <= MAX_LINE
}

/// Takes whole lines apart into runs that fit, as `Ok`, and single lines that do not, as `Err` without their newline;
/// answers how many lines there are.
pub(crate) fn sift(lines: &[u8], mut take: impl FnMut(Result<&[u8], &[u8]>)) -> u64 {
    let (mut count, mut begun, mut start) = (0, 0, 0);
    for end in memchr::memchr_iter(b'\n', lines) {
        count += 1;
        if !fits(&lines[start..end]) {
            take(Ok(&lines[begun..start]));
            take(Err(&lines[start..end]));
            begun = end + 1;
        }
        start = end + 1;
    }
    take(Ok(&lines[begun..]));
    count
}

/// Checks lines whose keys or values may no longer be what they were.
#[derive(Debug, Default)]
pub struct Checker(Scanner);

impl Checker {
    /// Whether every filter takes this line; `is_doubtful` says that more than its length may be wrong.
    #[inline]
    pub fn accepts(&mut self, line: &[u8], is_doubtful: bool) -> bool {
        match is_doubtful {
            false => fits(line),
            true => Clean::line(line).and_then(|line| self.0.scan(line).map(|_| ())).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_members(count: usize) -> String {
        let members: Vec<_> = (0..count).map(|i| format!("\"{i}\":1")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn a_line_fits_up_to_a_length_and_a_number_of_members() {
        for (count, is_fit) in [(0, true), (MAX_MEMBERS, true), (MAX_MEMBERS + 1, false), (5000, false)] {
            assert_eq!(fits(with_members(count).as_bytes()), is_fit, "{count}");
        }
        for (length, is_fit) in [(MAX_LINE, true), (MAX_LINE + 1, false)] {
            let line = format!("{{\"x\":\"{}\"}}", "x".repeat(length - 8));
            assert_eq!((line.len(), fits(line.as_bytes())), (length, is_fit));
            assert_eq!(fits(format!("{line}\n").as_bytes()), is_fit);
        }
    }

    #[test]
    fn no_short_line_has_too_many_members() {
        // The shortest keys that there are, one-byte ones and then those of two bytes.
        let (one, two) =
            (" !#$%&'()*+-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~", 0x80);
        let keys = std::iter::once(String::new()).chain(one.chars().map(String::from));
        let keys = keys.chain((two..).filter_map(char::from_u32).map(String::from));
        let members: Vec<_> = keys.take(MAX_MEMBERS + 1).map(|key| format!("\"{key}\":0")).collect();
        let line = format!("{{{}}}", members.join(","));
        assert!(line.len() > SHORT && !fits(line.as_bytes()), "{}", line.len());
    }

    #[test]
    fn lines_that_do_not_fit_are_sifted_out() {
        let long = "x".repeat(MAX_LINE + 1);
        let lines = format!("{{}}\n{long}\n{long}\n[1]\n{{}}\n");
        let (mut kept, mut left) = (Vec::new(), 0);
        let count = sift(lines.as_bytes(), |part| match part {
            Ok(run) => kept.extend_from_slice(run),
            Err(line) => left += line.len(),
        });
        assert_eq!((count, kept.as_slice(), left), (5, &b"{}\n[1]\n{}\n"[..], 2 * long.len()));
    }

    #[test]
    fn a_doubtful_line_is_read_as_filters_do() {
        let mut checker = Checker::default();
        assert!(checker.accepts(br#"{"bytes":1,"a":2}"#, true));
        assert!(!checker.accepts(br#"{"bytes":1,"a":2,"a":3}"#, true));
        assert!(checker.accepts(br#"{"bytes":1,"a":2,"a":3}"#, false));
    }
}
