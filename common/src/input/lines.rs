//! Whole lines out of a stream of bytes, a block at a time.
//!
//! A block is what one read gave together with the rest of the read before: lines are handed out as soon as they
//! are whole, so a live stream is not delayed, and a file is read in large pieces.
//!
//! Invariants: every line ends with one `\n` (the last line of an input may lack it and gets it); the lines do not
//! depend on how the bytes were split into reads; what came before an error is delivered before the error.
//! Bound: a line above [`MAX_LINE`] is delivered in parts, the first of which is at least that long.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memrchr};

use super::error::is_stopped;
use crate::scan::MAX_LINE;

/// Bytes asked for in one read: at least and at first, and at most. Grows while reads come back full and shrinks
/// while they do not, so that a pipe that gives little at a time does not have the buffer cleared for nothing.
const READ: std::ops::RangeInclusive<usize> = 64 * 1024..=256 * 1024;

/// U+FEFF in UTF-8, which some programs put at the beginning of a file.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// One or more whole lines.
    Lines,
    /// A part of one line that is longer than [`MAX_LINE`], without its newline.
    Long(Part),
    /// The beginning of a line that an error cut off. The next call returns that error.
    Partial,
}

/// Which part of a line it is; one alone is the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The line begins with it.
    pub first: bool,
    /// The line, or what can be read of it, ends with it; it may be empty then.
    pub last: bool,
}

/// Reads blocks of whole lines from `R`.
pub struct Blocks<R> {
    reader: R,
    /// Read but not handed out. Holds whole lines only after a long line.
    carry: Vec<u8>,
    /// Bytes to ask for in the next read.
    want: usize,
    /// The first three bytes have been looked at.
    begun: bool,
    ended: bool,
    /// Within a line that is too long.
    in_long: bool,
    held: Option<io::Error>,
}

/// How a search for the end of a line went.
enum Found {
    /// A newline at this place; it is the first one.
    Newline(usize),
    End,
    TooLong,
    Failed(io::Error),
}

impl<R: Read> Blocks<R> {
    /// Lines of `reader`, from where it stands; that is taken for the beginning of the input.
    pub fn new(reader: R) -> Self {
        Blocks {
            reader,
            carry: Vec::new(),
            want: *READ.start(),
            begun: false,
            ended: false,
            in_long: false,
            held: None,
        }
    }

    /// Puts the next piece into `block`; `None` is the end.
    ///
    /// What `block` held is overwritten. To hand a used block back as it is saves clearing memory. A read that was
    /// asked to stop ([`super::Input::stop_when`]) is the end, and a line that it cut off counts as not read.
    ///
    /// # Errors
    /// Those of the reader, once, after all that came before; then `None`.
    pub fn next(&mut self, block: &mut Vec<u8>) -> io::Result<Option<Piece>> {
        if self.in_long {
            return Ok(Some(self.rest(block)));
        }
        if let Some(error) = self.held.take() {
            self.ended = true;
            block.clear();
            return Err(error);
        }
        if self.ended && self.carry.is_empty() {
            block.clear();
            return Ok(None);
        }
        let mut filled = self.unload(block);
        let found = self.find(block, &mut filled);
        match found {
            Found::Newline(first) if first - usize::from(block[..first].ends_with(b"\r")) > MAX_LINE => {
                self.carry.extend_from_slice(&block[first + 1..filled]);
                block.truncate(first);
                Ok(Some(Piece::Long(Part { first: true, last: true })))
            }
            Found::Newline(first) => {
                let last = memrchr(b'\n', &block[first..filled]).map_or(first, |at| first + at);
                self.carry.extend_from_slice(&block[last + 1..filled]);
                block.truncate(last + 1);
                Ok(Some(Piece::Lines))
            }
            Found::TooLong => {
                self.in_long = true;
                block.truncate(filled);
                Ok(Some(Piece::Long(Part { first: true, last: false })))
            }
            Found::End => {
                self.ended = true;
                block.truncate(filled);
                if filled == 0 {
                    return Ok(None);
                }
                block.push(b'\n');
                Ok(Some(Piece::Lines))
            }
            Found::Failed(error) => self.fail(block, filled, error),
        }
    }

    /// Moves what is left of the last read to the beginning of `block`.
    fn unload(&mut self, block: &mut Vec<u8>) -> usize {
        let filled = self.carry.len();
        if block.len() < filled {
            block.resize(filled, 0);
        }
        block[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        filled
    }

    /// Reads until there is a newline, the line is too long, or nothing more comes.
    fn find(&mut self, block: &mut Vec<u8>, filled: &mut usize) -> Found {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr(b'\n', &block[searched..*filled]) {
                return Found::Newline(searched + at);
            }
            searched = *filled;
            // A carriage return before the newline is no part of the line.
            if searched - usize::from(block[..searched].ends_with(b"\r")) > MAX_LINE {
                return Found::TooLong;
            }
            if self.ended {
                return Found::End;
            }
            if block.len() < *filled + self.want {
                block.resize(*filled + self.want, 0);
            }
            match self.read(&mut block[*filled..*filled + self.want]) {
                Ok(0) => self.ended = true,
                Ok(n) => *filled += n,
                Err(error) => return Found::Failed(error),
            }
            if !self.begun && self.drop_bom(&mut block[..*filled]) {
                *filled -= BOM.len();
                searched = 0;
            }
        }
    }

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(out) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(n) => {
                    if n == self.want {
                        self.want = (self.want * 2).min(*READ.end());
                    } else if n < self.want / 2 {
                        self.want = (self.want / 2).max(*READ.start());
                    }
                    return Ok(n);
                }
                error => return error,
            }
        }
    }

    /// Moves the bytes behind a byte order mark over it. False if there is none, or not yet enough to tell.
    fn drop_bom(&mut self, start: &mut [u8]) -> bool {
        if start.starts_with(BOM) {
            start.copy_within(BOM.len().., 0);
            self.begun = true;
            return true;
        }
        self.begun = !BOM.starts_with(start);
        false
    }

    /// Reads on within a line that is too long.
    fn rest(&mut self, block: &mut Vec<u8>) -> Piece {
        if block.len() < self.want {
            block.resize(self.want, 0);
        }
        let want = self.want;
        let read = if self.ended { Ok(0) } else { self.read(&mut block[..want]) };
        let newline = read.as_ref().ok().and_then(|n| memchr(b'\n', &block[..*n]));
        let last = newline.is_some() || !matches!(read, Ok(1..));
        let end = match (read, newline) {
            (Ok(n), Some(at)) => {
                self.carry.extend_from_slice(&block[at + 1..n]);
                at
            }
            (Ok(0), _) => {
                self.ended = true;
                0
            }
            (Ok(n), None) => n,
            (Err(error), _) => {
                self.ended = true;
                self.held = Some(error).filter(|error| !is_stopped(error));
                0
            }
        };
        block.truncate(end);
        self.in_long = !last;
        Piece::Long(Part { first: false, last })
    }

    fn fail(&mut self, block: &mut Vec<u8>, filled: usize, error: io::Error) -> io::Result<Option<Piece>> {
        self.ended = true;
        block.truncate(filled);
        if is_stopped(&error) {
            block.clear();
            return Ok(None);
        }
        if filled == 0 {
            return Err(error);
        }
        self.held = Some(error);
        Ok(Some(Piece::Partial))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Gives the pieces it was made of, one a read, then perhaps an error.
    struct Pieces {
        pieces: VecDeque<Vec<u8>>,
        error: Option<ErrorKind>,
    }

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some(mut piece) = self.pieces.pop_front() else {
                return self.error.take().map_or(Ok(0), |kind| Err(kind.into()));
            };
            let n = piece.len().min(out.len());
            out[..n].copy_from_slice(&piece[..n]);
            if n < piece.len() {
                self.pieces.push_front(piece.split_off(n));
            }
            Ok(n)
        }
    }

    fn pieces(bytes: &[u8], sizes: &[usize], error: Option<ErrorKind>) -> Pieces {
        let mut pieces = VecDeque::new();
        let mut rest = bytes;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
            pieces.push_back(piece.to_vec());
            rest = after;
        }
        Pieces { pieces, error }
    }

    /// Every line with its piece, lines of one block apart.
    fn read_all(reader: impl Read) -> (Vec<(Piece, Vec<u8>)>, Option<ErrorKind>) {
        let mut blocks = Blocks::new(reader);
        let (mut block, mut lines, mut error) = (Vec::new(), Vec::new(), None);
        loop {
            match blocks.next(&mut block) {
                Ok(None) => break,
                Ok(Some(Piece::Lines)) => {
                    assert_eq!(block.last(), Some(&b'\n'));
                    lines.extend(block.split_inclusive(|b| *b == b'\n').map(|line| (Piece::Lines, line.to_vec())));
                }
                Ok(Some(Piece::Long(part))) if !part.first => {
                    let (piece, line): &mut (Piece, Vec<u8>) = lines.last_mut().unwrap();
                    assert!(matches!(piece, Piece::Long(Part { last: false, .. })) && line.len() > MAX_LINE);
                    line.extend_from_slice(&block);
                    *piece = Piece::Long(Part { first: true, ..part });
                }
                Ok(Some(piece)) => lines.push((piece, block.clone())),
                Err(met) => error = Some(met.kind()),
            }
        }
        assert!(matches!(blocks.next(&mut block), Ok(None)));
        (lines, error)
    }

    /// A long line, put together.
    const LONG: Piece = Piece::Long(Part { first: true, last: true });

    /// The lines of `bytes` found the plain way.
    fn expected(bytes: &[u8]) -> Vec<(Piece, Vec<u8>)> {
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let whole = |line: &[u8]| match line.len() {
            0..=MAX_LINE => (Piece::Lines, [line, b"\n"].concat()),
            _ => (LONG, line.to_vec()),
        };
        let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').map(whole).collect();
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            lines.pop();
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_reads_split_them(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(0xef), Just(0xbb), Just(0xbf)], 0..300),
            bom in any::<bool>(),
            sizes in prop::collection::vec(1usize..40, 1..20),
        ) {
            let bytes = if bom { [BOM, &bytes].concat() } else { bytes };
            let lines = expected(&bytes);
            prop_assert_eq!(&read_all(pieces(&bytes, &sizes, None)), &(lines.clone(), None));
            prop_assert_eq!(&read_all(pieces(&bytes, &[1], None)), &(lines, None));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn long_lines_are_the_same_however_they_are_split(
            lengths in prop::collection::vec(prop_oneof![0usize..9, MAX_LINE - 2..MAX_LINE + 3, MAX_LINE..3 * MAX_LINE], 1..5),
            sizes in prop::collection::vec(1usize..400_000, 1..20),
            newline in any::<bool>(),
        ) {
            let mut bytes = Vec::new();
            for length in &lengths {
                bytes.resize(bytes.len() + length, b'x');
                bytes.push(b'\n');
            }
            if !newline {
                bytes.pop();
            }
            // Not prop_assert: its message would print megabytes.
            prop_assert!(read_all(pieces(&bytes, &sizes, None)) == (expected(&bytes), None));
        }
    }

    #[test]
    fn the_limit_is_exact() {
        for (length, long) in [(MAX_LINE - 1, false), (MAX_LINE, false), (MAX_LINE + 1, true)] {
            for start in [&b""[..], BOM] {
                let bytes = [start, &vec![b'x'; length], b"\nnext\n"].concat();
                let (lines, _) = read_all(&bytes[..]);
                assert_eq!(lines.len(), 2);
                assert_eq!(lines[0].0 == LONG, long, "{length}");
                assert_eq!(lines[1].1, b"next\n");
            }
        }
    }

    #[test]
    fn a_whole_line_is_handed_out_before_the_next_read() {
        let mut blocks = Blocks::new(pieces(b"one\ntw", &[4, 2], Some(ErrorKind::Other)));
        let mut block = Vec::new();
        assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Lines));
        assert_eq!(block, b"one\n");
        assert_eq!(blocks.reader.pieces.len(), 1);
    }

    #[test]
    fn an_error_comes_after_the_lines_and_the_part_before_it() {
        let (lines, error) = read_all(pieces(b"one\ntwo\nthr", &[5], Some(ErrorKind::Other)));
        let texts: Vec<_> = lines.iter().map(|(_, text)| text.as_slice()).collect();
        assert_eq!(texts, [&b"one\n"[..], b"two\n", b"thr"]);
        assert_eq!(lines[2].0, Piece::Partial);
        assert_eq!(error, Some(ErrorKind::Other));
    }

    #[test]
    fn an_error_after_a_whole_line_leaves_no_part() {
        let (lines, error) = read_all(pieces(b"one\n", &[9], Some(ErrorKind::Other)));
        assert_eq!(lines, [(Piece::Lines, b"one\n".to_vec())]);
        assert_eq!(error, Some(ErrorKind::Other));
    }

    #[test]
    fn an_error_inside_a_long_line_comes_after_it() {
        let bytes = vec![b'x'; MAX_LINE + 10];
        let (lines, error) = read_all(pieces(&bytes, &[100_000], Some(ErrorKind::Other)));
        assert_eq!(lines.len(), 1);
        assert!(lines[0] == (LONG, bytes));
        assert_eq!(error, Some(ErrorKind::Other));
    }

    #[test]
    fn interruptions_are_not_seen() {
        let (lines, error) = read_all(pieces(b"one\n", &[9], Some(ErrorKind::Interrupted)));
        assert_eq!(lines.len(), 1);
        assert_eq!(error, None);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut blocks = Blocks::new(io::repeat(b'x').take(64 << 20).chain(&b"\nend"[..]));
        let mut block = Vec::new();
        let mut length = 0;
        loop {
            let piece = blocks.next(&mut block).unwrap();
            length += block.len();
            assert!(block.capacity() < 3 << 20, "{}", block.capacity());
            match piece {
                Some(Piece::Long(part)) if part.last => break,
                piece => assert_eq!(piece, Some(Piece::Long(Part { first: length == block.len(), last: false }))),
            }
        }
        assert_eq!(length, 64 << 20);
        assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Lines));
        assert_eq!(block, b"end\n");
    }
}
