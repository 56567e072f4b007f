//! One batch: a parcel of lines on its way from the reader to a worker, to the writer and back.

use super::worker::{Out, Worker};
use crate::input::Part;
use crate::input::feed::{Load, Parcel};
use crate::scan::{Clean, LineKind, Reject, Scanner};
use std::ops::Range;

/// A parcel with what became of it.
pub(super) type Batch = Parcel<(), Work>;

/// What became of the lines of a batch.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What is to be written, and the accounts.
    pub(super) out: Out,
    /// Lines that were looked at.
    pub(super) lines: u64,
    /// Line in the batch from 0, where its bytes are, and why.
    pub(super) rejects: Vec<(u64, Range<usize>, Reject)>,
}

impl Batch {
    /// Whether the batch has something in it that is rejected, after which nothing that matters follows: where a line
    /// breaks off, the reason does.
    pub(super) fn is_rejected(&self) -> bool {
        !self.more.rejects.is_empty() || matches!(self.load, Load::Long(Part { last: true, .. }))
    }

    /// Has the worker do its work on all lines; `strict` ends that after the first that is rejected.
    pub(super) fn work<W: Worker>(&mut self, scanner: &mut Scanner, worker: &mut W, strict: bool) {
        self.more.out.renew();
        self.more.rejects.clear();
        self.more.lines = 0;
        match self.load {
            Load::Lines => {
                self.lines(scanner, worker, strict);
                worker.end_of_batch(&mut self.more.out);
            }
            Load::End => worker.end_of_input(&mut self.more.out),
            _ => {}
        }
    }

    fn lines<W: Worker>(&mut self, scanner: &mut Scanner, worker: &mut W, strict: bool) {
        let Work { out, lines, rejects } = &mut self.more;
        let mut one = |line: Clean<'_>| -> Result<(), Reject> {
            if !line.text().trim_ascii_start().is_empty() {
                let line = scanner.scan(line)?;
                let fate = match line.kind {
                    LineKind::Tick => worker.tick(&line, out),
                    _ => worker.line(&line, out),
                };
                out.fates.count(fate);
            }
            Ok(())
        };
        let bytes = &self.bytes;
        let mut at = 0;
        // Counts the line that ends before `end`; says whether to go on.
        let mut take = |end: usize, result: Result<(), Reject>| {
            if let Err(reject) = result {
                rejects.push((*lines, at..end, reject));
            }
            at = end;
            *lines += 1;
            result.is_ok() || !strict
        };
        match Clean::block(bytes) {
            Some(block) => {
                let mut end = 0;
                for line in block.lines() {
                    end += line.text().len() + 1;
                    if !take(end, one(line)) {
                        return;
                    }
                }
            }
            None => {
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', bytes) {
                    let result = Clean::line(&bytes[start..end]).and_then(&mut one);
                    start = end + 1;
                    if !take(start, result) {
                        return;
                    }
                }
            }
        }
    }
}
