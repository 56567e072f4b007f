//! Objects out of a stream of JSON, wherever its newlines are.
//!
//! Between objects may be brackets, commas and blanks, as in arrays, in arrays whose brackets were left out, and between
//! lines; a line of anything else is handed over as text. An object that is whole on its line is tried as it stands;
//! else its text is collected with newlines and tabs made blanks. A string does not run over a newline, and a line that
//! begins with `{` begins an object, so that what is broken costs no more than itself.
//!
//! Invariant: the objects do not depend on how the stream is cut. Bound: the text of one object up to the limit, and one
//! block; what is longer is handed over in parts.

use flow_record::input::Part as Cut;
use memchr::{memchr, memchr3};

/// What was found, with the number of the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) enum Part<'p> {
    /// The text of an object on one line, as it stands; it may be that it does not end there.
    Line(&'p [u8]),
    /// The text of an object; the newlines in it are blanks.
    Object(&'p [u8]),
    /// The beginning of an object that breaks off.
    CutOff(&'p [u8]),
    /// A part of an object or line that is longer than the limit.
    TooLong(&'p [u8], Cut),
    /// A line between objects that is none.
    Text(&'p [u8]),
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Taken {
    /// It is done with.
    Yes,
    /// Not an object by itself.
    No,
    /// It is done with, and nothing more is wanted.
    Last,
}

/// The state between two blocks.
#[derive(Debug)]
pub(in crate::source) struct Split {
    /// The object or text so far.
    buffer: Vec<u8>,
    /// Open braces of the object.
    depth: u32,
    in_string: bool,
    escaped: bool,
    in_text: bool,
    /// That text is a value in an array that is no object, and ends where the next value begins.
    in_scalar: bool,
    /// The object or text is longer than the limit.
    too_long: bool,
    /// Parts of it were handed over.
    in_parts: bool,
    /// Nothing of the current line was seen.
    fresh: bool,
    /// Newlines seen.
    line: u64,
    /// Line on which the object or text begins.
    began: u64,
    /// Arrays that are open around the objects.
    pub(super) arrays: u64,
    /// The member of an object that is no record, but an array around the records.
    pub(in crate::source) wrapper: Option<&'static str>,
    /// Such objects that are open.
    wraps: u64,
    /// Longest object, in bytes.
    limit: usize,
    /// The same for a first object that is a table by columns.
    table_limit: usize,
}

impl Split {
    /// Objects of at most `limit` bytes; of `table_limit`, if the first is a table by columns.
    pub(in crate::source) fn new(limit: usize, table_limit: usize) -> Split {
        Split {
            buffer: Vec::new(),
            depth: 0,
            in_string: false,
            escaped: false,
            in_text: false,
            in_scalar: false,
            too_long: false,
            in_parts: false,
            fresh: true,
            line: 0,
            began: 0,
            arrays: 0,
            wrapper: None,
            wraps: 0,
            limit,
            table_limit,
        }
    }

    /// Lines seen so far, also one that is not at its end.
    pub(in crate::source) fn lines(&self) -> u64 {
        self.line + u64::from(!self.fresh)
    }

    /// Gives each part of the next block to `take`; false when nothing more is wanted.
    pub(in crate::source) fn block(&mut self, block: &[u8], mut take: impl FnMut(Part<'_>, u64) -> Taken) -> bool {
        let mut at = 0;
        while at < block.len() {
            if self.depth > 0 && self.fresh && block[at] == b'{' && !self.give_up(&mut take) {
                return false;
            }
            let next = match (self.depth > 0, self.in_text) {
                (true, _) => self.inside(block, at, &mut take),
                (_, true) => self.text(block, at, &mut take),
                _ => self.between(block, at, &mut take),
            };
            match next {
                Some(next) => at = next,
                None => return false,
            }
            let is_open = self.depth > 0 || self.in_text;
            if is_open && self.too_long && self.buffer.len() >= self.limit && !self.hand_over(&mut take) {
                return false;
            }
        }
        true
    }

    /// At the end of the input: gives what is open, and says whether that was in the middle of something.
    pub(in crate::source) fn end(&mut self, mut take: impl FnMut(Part<'_>, u64) -> Taken) -> bool {
        let mut was_text = false;
        let inside = self.depth > 0 && self.began < self.lines();
        if std::mem::take(&mut self.in_text) {
            if !self.in_parts {
                self.close_arrays();
            }
            was_text = true;
        }
        let whole = self.arrays == 0 && self.wraps == 0 && !inside;
        if self.depth > 0 {
            self.give_up(&mut take);
        } else if was_text {
            take(self.part(Part::Text(&self.buffer)), self.began);
        }
        whole
    }

    /// What is complete, or where it is too long its last part.
    fn part<'p>(&self, complete: Part<'p>) -> Part<'p> {
        match complete {
            Part::Object(text) | Part::CutOff(text) | Part::Text(text) if self.too_long => {
                Part::TooLong(text, Cut { first: !self.in_parts, last: true })
            }
            complete => complete,
        }
    }

    /// Hands over a part of what is too long; says whether to go on.
    fn hand_over(&mut self, take: &mut impl FnMut(Part<'_>, u64) -> Taken) -> bool {
        if !self.in_parts && self.in_text {
            self.close_arrays();
        }
        let first = !std::mem::replace(&mut self.in_parts, true);
        let taken = take(Part::TooLong(&self.buffer, Cut { first, last: false }), self.began);
        self.buffer.clear();
        taken != Taken::Last
    }

    /// One byte, or one object on a line, between objects.
    fn between(&mut self, block: &[u8], at: usize, take: &mut impl FnMut(Part<'_>, u64) -> Taken) -> Option<usize> {
        match block[at] {
            b'\n' => {
                (self.line, self.fresh) = (self.line + 1, true);
                return Some(at + 1);
            }
            b' ' | b'\t' | b'\r' | b',' => {}
            b'[' => self.arrays += 1,
            b']' if self.arrays > 0 => self.arrays -= 1,
            b'}' if self.wraps > 0 => self.wraps -= 1,
            b'{' if let Some(length) = self.wrapper.and_then(|name| wrapped(&block[at..], name)) => {
                (self.wraps, self.fresh) = (self.wraps + 1, false);
                return Some(at + length);
            }
            b'{' => {
                self.began = self.line + 1;
                if let Some(text) = whole(&block[at..]) {
                    match take(Part::Line(text), self.began) {
                        Taken::No => {}
                        Taken::Yes => {
                            self.fresh = false;
                            self.table_limit = self.limit;
                            return Some(at + text.len());
                        }
                        Taken::Last => return None,
                    }
                }
                self.buffer.clear();
                self.buffer.push(b'{');
                (self.depth, self.in_string, self.escaped) = (1, false, false);
                (self.too_long, self.in_parts) = (false, false);
            }
            0xef if block[at..].starts_with(b"\xef\xbb\xbf") => return Some(at + 3),
            byte => {
                self.buffer.clear();
                self.in_scalar = self.arrays > 0 && matches!(byte, b'n' | b't' | b'f' | b'"' | b'-' | b'0'..=b'9');
                (self.in_string, self.escaped) = (false, false);
                (self.in_text, self.began) = (true, self.line + 1);
                (self.too_long, self.in_parts) = (false, false);
                return Some(at);
            }
        }
        self.fresh = false;
        Some(at + 1)
    }

    /// Bytes of an object, up to its end, the end of a line, or a string.
    fn inside(&mut self, block: &[u8], from: usize, take: &mut impl FnMut(Part<'_>, u64) -> Taken) -> Option<usize> {
        self.fresh = false;
        let mut at = from;
        while let Some(&byte) = block.get(at) {
            at += 1;
            if byte == b'\n' {
                // Inside a string a newline stays, so that the object is found to be no JSON.
                self.push(if self.in_string { byte } else { b' ' });
                (self.in_string, self.escaped) = (false, false);
                (self.line, self.fresh) = (self.line + 1, true);
                return Some(at);
            }
            if self.in_string {
                self.push(byte);
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => at = self.string(block, at),
                }
                continue;
            }
            self.push(if matches!(byte, b'\t' | b'\r') { b' ' } else { byte });
            match byte {
                b'"' => self.in_string = true,
                b'{' => self.depth += 1,
                b'}' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.table_limit = self.limit;
                        return (take(self.part(Part::Object(&self.buffer)), self.began) != Taken::Last).then_some(at);
                    }
                }
                _ => {}
            }
        }
        Some(at)
    }

    /// The plain bytes of a string.
    fn string(&mut self, block: &[u8], from: usize) -> usize {
        let end = memchr3(b'"', b'\\', b'\n', &block[from..]).map_or(block.len(), |i| from + i);
        for part in block[from..end].chunks(64) {
            part.iter().for_each(|b| self.push(*b));
        }
        end
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        if self.buffer.len() < self.limit {
            self.buffer.push(byte);
        } else {
            self.longer(byte);
        }
    }

    /// A byte beyond the limit.
    #[cold]
    fn longer(&mut self, byte: u8) {
        if !self.too_long && self.limit < self.table_limit && is_table(&self.buffer) {
            self.limit = self.table_limit;
        } else {
            self.too_long = true;
        }
        self.buffer.push(byte);
    }

    /// A line that is no object.
    fn text(&mut self, block: &[u8], at: usize, take: &mut impl FnMut(Part<'_>, u64) -> Taken) -> Option<usize> {
        let line = memchr(b'\n', &block[at..]).map_or(block.len(), |i| at + i);
        let end = if self.in_scalar { at + self.scalar(&block[at..line]) } else { line };
        self.buffer.extend_from_slice(&block[at..end]);
        self.too_long |= self.buffer.len() > self.limit;
        self.fresh = false;
        if end < block.len() {
            self.in_text = false;
            if !self.in_parts && !self.in_scalar {
                self.close_arrays();
            }
            let text = if self.too_long { &self.buffer } else { self.buffer.trim_ascii_end() };
            if take(self.part(Part::Text(text)), self.began) == Taken::Last {
                return None;
            }
        }
        Some(end)
    }

    /// Length of what belongs to a value in an array that is no object.
    fn scalar(&mut self, text: &[u8]) -> usize {
        for (at, byte) in text.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b',' | b']' if !self.in_string => return at,
                _ => {}
            }
        }
        text.len()
    }

    /// Takes the brackets into account with which a line that is no object closes arrays.
    fn close_arrays(&mut self) {
        let (mut open, mut in_string, mut escaped) = (0u64, false, false);
        for byte in &self.buffer[..self.buffer.len().min(self.limit)] {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'[' if !in_string => open += 1,
                b']' if !in_string && open > 0 => open -= 1,
                b']' if !in_string => self.arrays = self.arrays.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Gives up an object that is open where it cannot be.
    fn give_up(&mut self, take: &mut impl FnMut(Part<'_>, u64) -> Taken) -> bool {
        self.depth = 0;
        let text = if self.too_long { &self.buffer } else { self.buffer.trim_ascii_end() };
        take(self.part(Part::CutOff(text)), self.began) != Taken::Last
    }
}

/// The text of a line that begins with `{` and ends with `}`, perhaps with a comma behind it.
fn whole(rest: &[u8]) -> Option<&[u8]> {
    let line = rest[..memchr(b'\n', rest)?].trim_ascii_end();
    let line = line.strip_suffix(b",").unwrap_or(line).trim_ascii_end();
    line.ends_with(b"}").then_some(line)
}

/// Length of `{"name":` before an array, on one line.
fn wrapped(text: &[u8], name: &str) -> Option<usize> {
    let blanks = |text: &[u8]| text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let key = 1 + blanks(&text[1..]);
    let rest = text[key..].strip_prefix(b"\"")?.strip_prefix(name.as_bytes())?.strip_prefix(b"\"")?;
    let colon = key + name.len() + 2 + blanks(rest);
    let array = rest[blanks(rest)..].strip_prefix(b":")?;
    array[blanks(array)..].starts_with(b"[").then_some(colon + 1)
}

/// Whether an object begins like a table by columns: `{"name":{` or `{"name":[`.
pub(in crate::source) fn is_table(text: &[u8]) -> bool {
    let key = text[1..].trim_ascii_start();
    let Some(close) = key.strip_prefix(b"\"").and_then(|k| memchr(b'"', k)) else { return false };
    let value = key[close + 2..].trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    matches!(value, Some([b'{' | b'[', ..]))
}

#[cfg(test)]
mod tests;
