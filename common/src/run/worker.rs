//! What a filter does with lines, and what it says of them to the accounts.

use super::account::{Fate, Fates};
use crate::scan::{Line, sift};
use std::ops::{Deref, DerefMut};

/// The work of a filter; one worker a thread.
///
/// With several workers each sees a part of the lines, in their order; all are told of the end of each input.
pub trait Worker: Send + 'static {
    /// Takes a line that every filter accepts. What is appended to `out` (whole lines) keeps the order of the input.
    fn line(&mut self, line: &Line<'_>, out: &mut Out) -> Fate;

    /// Takes a line that only tells the time, [`LineKind::Tick`](crate::scan::LineKind::Tick); it is to be passed on.
    fn tick(&mut self, line: &Line<'_>, out: &mut Out) -> Fate {
        pass(line, out)
    }

    /// Nothing more has come so far: what waits to be done for many lines at once is to be done now.
    fn end_of_batch(&mut self, _out: &mut Out) {}

    /// An input is at its end.
    fn end_of_input(&mut self, _out: &mut Out) {}
}

/// Passes a line on as it is.
#[inline]
pub fn pass(line: &Line<'_>, out: &mut Vec<u8>) -> Fate {
    out.extend_from_slice(line.text.as_bytes());
    out.push(b'\n');
    Fate::Passed
}

/// Lines to be written, and the counts of those that no line of the input became. A `Vec` of whole lines otherwise:
/// what is appended without further ado are lines of the input, whose fate is [`Fate::Passed`].
#[derive(Debug, Default)]
pub struct Out {
    lines: Vec<u8>,
    /// Lines that were made.
    pub(super) made: u64,
    /// Lines that were made and given up.
    pub(super) evicted: u64,
    /// What became of the lines.
    pub(super) fates: Fates,
}

impl Out {
    /// Appends lines that the worker made: rows, alerts, marks of windows. One that no filter would take is given up.
    pub fn make(&mut self, lines: &[u8]) {
        self.made += sift(lines, |part| match part {
            Ok(run) => self.lines.extend_from_slice(run),
            Err(_) => self.evicted += 1,
        });
    }

    /// Counts so many rows or alerts that would have been made, had there been room to keep what they need.
    pub fn give_up(&mut self, rows: u64) {
        self.made += rows;
        self.evicted += rows;
    }

    /// Begins anew, with room kept.
    pub(super) fn renew(&mut self) {
        self.lines.clear();
        (self.made, self.evicted, self.fates) = (0, 0, Fates::default());
    }
}

impl Deref for Out {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.lines
    }
}

impl DerefMut for Out {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.lines
    }
}
