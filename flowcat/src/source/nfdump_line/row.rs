//! One row of a table of nfdump to the cells of its columns.

use super::header::{Column, Kind};
use crate::row::{Cell, Form, Row};
use flow_record::value::number::write_integer;
use std::ops::Range;

/// Where a row does not fit its columns, and what is expected there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// Reads rows.
#[derive(Debug, Default)]
pub(super) struct Reader {
    scratch: Vec<u8>,
    /// Where addresses stand that were cut short.
    condensed: [Range<usize>; 2],
    /// Numbers of the row that have lost digits.
    scaled: u64,
}

/// The words of a row, arrows left out.
struct Words<'l> {
    line: &'l [u8],
    at: usize,
    /// The arrow points from right to left.
    turned: bool,
}

impl<'l> Words<'l> {
    /// The next word and its place, left unread.
    fn peek(&mut self) -> Option<(usize, &'l [u8])> {
        loop {
            let start = self.at + self.line[self.at..].iter().position(|b| *b != b' ')?;
            let end = self.line[start..].iter().position(|b| *b == b' ').map_or(self.line.len(), |i| start + i);
            match &self.line[start..end] {
                b"->" | b"<->" => self.at = end,
                b"<-" => (self.at, self.turned) = (end, true),
                word => return Some((start, word)),
            }
        }
    }

    fn take(&mut self, what: &'static str) -> Result<(usize, &'l [u8]), Bad> {
        let (at, word) = self.peek().ok_or(Bad { at: self.line.len(), what })?;
        self.at = at + word.len();
        Ok((at, word))
    }

    /// The next word and the one after it, with the blanks between them.
    fn take_two(&mut self, what: &'static str) -> Result<(usize, &'l [u8]), Bad> {
        let (at, _) = self.take(what)?;
        let (second, word) = self.take(what)?;
        Ok((at, &self.line[at..second + word.len()]))
    }
}

impl Reader {
    /// Fills the row.
    pub(super) fn read(&mut self, line: &[u8], columns: &[Column], row: &mut Row) -> Result<(), Bad> {
        row.clear();
        self.condensed = [0..0, 0..0];
        self.scaled = 0;
        let mut words = Words { line, at: 0, turned: false };
        let mut is_icmp6 = false;
        let first_end = columns.iter().position(|c| matches!(c.kind, Kind::End(..)));
        for (i, column) in columns.iter().enumerate() {
            match column.kind {
                Kind::Time(cell) => {
                    let (at, text) = words.take_two("a date and a time")?;
                    if text.len() < 19 || text[4] != b'-' {
                        return Err(Bad { at, what: "a date and a time" });
                    }
                    row.put(cell, Form::Plain, text, at);
                }
                Kind::Utc(cell) => {
                    let (at, text) = words.take_two("a date and a time")?;
                    self.scratch.clear();
                    self.scratch.extend_from_slice(text);
                    self.scratch.push(b'Z');
                    row.put(cell, Form::Plain, &self.scratch, at);
                }
                Kind::Duration => {
                    let (at, text) = match words.peek() {
                        Some((_, [.., b'd'])) => words.take_two("a duration")?,
                        _ => words.take("a duration")?,
                    };
                    row.put(Cell::Duration, Form::Plain, text, at);
                }
                Kind::Word(cell) => {
                    let (at, text) = words.take("a word")?;
                    let text = without_country(text);
                    is_icmp6 |= cell == Cell::Protocol && matches!(text, b"ICMP6" | b"58");
                    if matches!(cell, Cell::SrcIp | Cell::DstIp) && is_condensed(text) {
                        self.condensed[usize::from(cell == Cell::DstIp)] = at..at + text.len();
                    } else {
                        row.put(cell, Form::Plain, text, at);
                    }
                }
                Kind::Number(cell, form) => {
                    let (at, text, scaled) = number(&mut words)?;
                    match scaled {
                        None => row.put(cell, form, text, at),
                        Some(value) => {
                            self.scaled += 1;
                            self.scratch.clear();
                            write_integer(value, &mut self.scratch);
                            row.put(cell, form, &self.scratch, at);
                        }
                    }
                }
                Kind::End(ip, port) => {
                    let (at, text) = words.take("an address and a port")?;
                    let (address, number) = parts(text, is_icmp6 && first_end != Some(i));
                    if address.is_empty() {
                        return Err(Bad { at, what: "an address and a port" });
                    }
                    // What follows an arrow that points left is known only now.
                    let (ip, port) = if words.turned { (other(ip), other(port)) } else { (ip, port) };
                    if words.turned {
                        row.swap(Cell::SrcIp, Cell::DstIp);
                        row.swap(Cell::SrcPort, Cell::DstPort);
                        self.condensed.swap(0, 1);
                    }
                    if is_condensed(address) {
                        self.condensed[usize::from(ip == Cell::DstIp)] = at..at + address.len();
                    } else {
                        row.put(ip, Form::Plain, without_country(address), at);
                    }
                    row.put(port, Form::Plain, number, at + address.len() + 1);
                }
                Kind::Dropped(count) => {
                    for _ in 0..count {
                        words.take("a word")?;
                    }
                }
                Kind::DroppedNumber => _ = number(&mut words)?,
            }
        }
        match words.peek() {
            Some((at, _)) => Err(Bad { at, what: "the end of the row" }),
            None if columns.is_empty() => Err(Bad { at: 0, what: "a header" }),
            None => Ok(()),
        }
    }

    /// How many numbers have lost digits, as `1.2 M` has.
    pub(super) fn scaled(&self) -> u64 {
        self.scaled
    }

    /// Where addresses stand that were cut short.
    pub(super) fn condensed(&self) -> impl Iterator<Item = Range<usize>> {
        self.condensed.clone().into_iter().filter(|r| !r.is_empty())
    }
}

/// A number as it stands, and its value if it is scaled.
fn number<'l>(words: &mut Words<'l>) -> Result<(usize, &'l [u8], Option<u64>), Bad> {
    let (at, text) = words.take("a number")?;
    if !text[0].is_ascii_digit() {
        return Err(Bad { at, what: "a number" });
    }
    let factor = match words.peek() {
        Some((_, b"k" | b"K")) => 1_000,
        Some((_, b"M")) => 1_000_000,
        Some((_, b"G")) => 1_000_000_000,
        Some((_, b"T")) => 1_000_000_000_000,
        _ => return Ok((at, text, None)),
    };
    words.take("a unit")?;
    let value = scaled(text, factor).ok_or(Bad { at, what: "a number" })?;
    Ok((at, text, Some(value)))
}

/// The other end's cell.
fn other(cell: Cell) -> Cell {
    match cell {
        Cell::SrcIp => Cell::DstIp,
        Cell::DstIp => Cell::SrcIp,
        Cell::SrcPort => Cell::DstPort,
        _ => Cell::SrcPort,
    }
}

/// `4.5` times a factor, exactly.
fn scaled(text: &[u8], factor: u64) -> Option<u64> {
    let point = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    let digits =
        |part: &[u8]| part.iter().try_fold(0u64, |v, b| b.is_ascii_digit().then(|| v * 10 + u64::from(b - b'0')));
    let fraction = text.get(point + 1..).unwrap_or_default();
    if point > 6 || fraction.len() > 3 {
        return None;
    }
    Some(digits(&text[..point])? * factor + digits(fraction)? * (factor / 10u64.pow(fraction.len() as u32)))
}

/// Whether an address was cut short in its middle: `2001:db..3:4:5`.
fn is_condensed(address: &[u8]) -> bool {
    address.windows(2).any(|w| w == b"..")
}

/// `8.8.8.8(US)` without what is in brackets.
fn without_country(text: &[u8]) -> &[u8] {
    text.iter().position(|b| *b == b'(').map_or(text, |at| &text[..at])
}

/// Address and port of `10.0.0.5:443` or `2001:db8::1.443`; for ICMPv6 the type and code are after two points, which the
/// number of points behind the last colon tells where the protocol is not known: an IPv4 address may end the IPv6 one.
fn parts(text: &[u8], type_and_code: bool) -> (&[u8], &[u8]) {
    let colons = text.iter().filter(|b| **b == b':').count();
    let point = |end: usize| text[..end].iter().rposition(|b| *b == b'.');
    let at = match colons {
        0 => None,
        1 => text.iter().position(|b| *b == b':'),
        _ => {
            let points = text.iter().rev().take_while(|b| **b != b':').filter(|b| **b == b'.').count();
            let is_pair = type_and_code || matches!(points, 2 | 5);
            point(text.len()).and_then(|at| if is_pair { point(at) } else { Some(at) })
        }
    };
    at.map_or((b"", b""), |at| (&text[..at], &text[at + 1..]))
}
