//! Sorted runs of flows in files that have no name, merged at the end.
//!
//! A level is one file with up to [`FAN`] runs, one after the other; a full level becomes one run of the level above, so
//! that a flow is written once a level. A record is a header of [`HEADER`] bytes (start, lengths, whether it is a line) and
//! the flow's bytes. Invariants: a run is sorted, and its flows came before those of the runs after it and of the levels
//! below; each write and read is checked. Bound: [`FAN`] runs a level, [`READ`] bytes a run while they are merged, or one
//! record.

use super::{Entry, sort};
use crate::step::packed::Place;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Runs of one level.
const FAN: usize = 64;

/// Bytes that are read of a run at once.
const READ: usize = 64 * 1024;

/// Bytes before each flow.
const HEADER: usize = 17;

/// Runs in files.
pub(crate) struct Spill {
    folder: PathBuf,
    levels: Vec<Level>,
    /// Flows in all.
    count: u64,
}

/// One file.
struct Level {
    file: File,
    end: u64,
    runs: Vec<Range<u64>>,
}

impl Spill {
    /// Files in this folder.
    ///
    /// # Errors
    /// A folder that is none, or in which nothing can be written.
    pub(crate) fn new(folder: PathBuf) -> Result<Spill, String> {
        let mut spill = Spill { folder, levels: Vec::new(), count: 0 };
        let first = spill.level()?;
        spill.levels.push(first);
        Ok(spill)
    }

    /// Whether no flow is in files.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives the room back; answers how many flows were there.
    pub(super) fn clear(&mut self) -> u64 {
        self.levels.clear();
        std::mem::take(&mut self.count)
    }

    /// Sorts flows and moves them into a file.
    ///
    /// # Errors
    /// What could not be written, with the folder; the flows are where they were.
    pub(super) fn add(&mut self, entries: &mut Vec<Entry>, bytes: &mut Vec<u8>) -> Result<(), String> {
        sort(entries);
        let folder = &self.folder;
        let Some(level) = self.levels.first_mut() else { return Err("no file".into()) };
        level
            .write(|out| {
                entries.iter().try_for_each(|e| write(out, e.start, e.place, &bytes[e.place.all()]).map(|_| ()))
            })
            .map_err(|e| format!("--spill {}: {e}", folder.display()))?;
        self.count += entries.len() as u64;
        entries.clear();
        bytes.clear();
        self.raise()
    }

    /// Makes one run of the level above of each level that is full.
    fn raise(&mut self) -> Result<(), String> {
        let mut at = 0;
        while self.levels.get(at).is_some_and(|l| l.runs.len() >= FAN) {
            if self.levels.len() == at + 1 {
                let next = self.level()?;
                self.levels.push(next);
            }
            let folder = &self.folder;
            if let [lower, upper, ..] = &mut self.levels[at..] {
                upper
                    .write(|out| {
                        let mut result = Ok(());
                        merge(&[lower], |start, place, bytes| {
                            result = write(out, start, place, bytes);
                            result.is_ok()
                        })?;
                        result
                    })
                    .and_then(|()| lower.clear())
                    .map_err(|e| format!("--spill {}: {e}", folder.display()))?;
            }
            at += 1;
        }
        Ok(())
    }

    /// Gives all flows in order to `take`, until that says that it is enough.
    ///
    /// # Errors
    /// What could not be read, with the folder.
    pub(super) fn merged(&self, mut take: impl FnMut(Place, &[u8]) -> bool) -> Result<(), String> {
        // What came first is in the highest level.
        let levels: Vec<_> = self.levels.iter().rev().collect();
        merge(&levels, |_, place, bytes| take(place, bytes))
            .map_err(|e| format!("--spill {}: {e}", self.folder.display()))
    }

    fn level(&self) -> Result<Level, String> {
        let file =
            tempfile::tempfile_in(&self.folder).map_err(|e| format!("--spill {}: {e}", self.folder.display()))?;
        Ok(Level { file, end: 0, runs: Vec::new() })
    }
}

impl Level {
    /// Appends a run.
    fn write(&mut self, write: impl FnOnce(&mut BufWriter<Counted<'_>>) -> io::Result<()>) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(READ, Counted { file: &self.file, at: self.end });
        write(&mut out)?;
        out.flush()?;
        let end = out.get_ref().at;
        self.runs.push(self.end..end);
        self.end = end;
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.runs.clear();
        self.end = 0;
        self.file.set_len(0)
    }
}

/// Writes at a place of a file.
struct Counted<'f> {
    file: &'f File,
    at: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(out: &mut impl Write, start: i64, place: Place, bytes: &[u8]) -> io::Result<()> {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&start.to_le_bytes());
    header[8..12].copy_from_slice(&place.packed.to_le_bytes());
    header[12..16].copy_from_slice(&place.length.to_le_bytes());
    header[16] = place.is_line.into();
    out.write_all(&header)?;
    out.write_all(bytes)
}

/// What is left of a run.
struct Run<'f> {
    file: &'f File,
    left: Range<u64>,
    buffer: Vec<u8>,
    used: usize,
}

impl Run<'_> {
    /// Has so many bytes in the buffer, from `used` on; false at the end of the run.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        let there = self.buffer.len() - self.used;
        if there >= wanted {
            return Ok(true);
        }
        if there == 0 && self.left.is_empty() {
            return Ok(false);
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let more =
            (wanted.max(READ) - there).min(usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX));
        self.buffer.resize(there + more, 0);
        self.file.read_exact_at(&mut self.buffer[there..], self.left.start)?;
        self.left.start += more as u64;
        match self.buffer.len() >= wanted {
            true => Ok(true),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The next flow's start and place in the buffer.
    fn next(&mut self) -> io::Result<Option<(i64, Place)>> {
        if !self.fill(HEADER)? {
            return Ok(None);
        }
        let header = &self.buffer[self.used..self.used + HEADER];
        let number = |range: Range<usize>| header[range].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let start = number(0..8) as i64;
        let (packed, length, is_line) = (number(8..12) as u32, number(12..16) as u32, header[16] == 1);
        let mut place = Place { at: 0, packed, length, is_line };
        if !self.fill(HEADER + place.size())? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        place.at = (self.used + HEADER) as u64;
        self.used += HEADER + place.size();
        Ok(Some((start, place)))
    }
}

/// Merges all runs of these files; flows of one start come in the order of the runs.
fn merge(levels: &[&Level], mut take: impl FnMut(i64, Place, &[u8]) -> bool) -> io::Result<()> {
    let mut runs: Vec<Run<'_>> = levels
        .iter()
        .flat_map(|l| l.runs.iter().map(|r| Run { file: &l.file, left: r.clone(), buffer: Vec::new(), used: 0 }))
        .collect();
    let mut heads = BinaryHeap::with_capacity(runs.len());
    let mut places = Vec::with_capacity(runs.len());
    for (number, run) in runs.iter_mut().enumerate() {
        let head = run.next()?;
        heads.extend(head.map(|(start, _)| Reverse((start, number))));
        places.push(head.map(|(_, place)| place));
    }
    while let Some(Reverse((start, number))) = heads.pop() {
        let (run, Some(place)) = (&mut runs[number], places[number]) else { continue };
        if !take(start, place, &run.buffer[place.all()]) {
            return Ok(());
        }
        let head = run.next()?;
        heads.extend(head.map(|(start, _)| Reverse((start, number))));
        places[number] = head.map(|(_, place)| place);
    }
    Ok(())
}
