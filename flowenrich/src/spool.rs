//! Lines that wait until more of the input is known: in memory up to a limit, beyond it in a file without a name.
//!
//! First in, first out. A chunk of lines that is full while memory is, goes to the file as a whole and comes back as a
//! whole. Invariant: what comes out is what went in, byte for byte, in its order; each write and read is checked.
//! Bound: `memory` and three chunks, each at most [`CHUNK`] and one line.

use crate::limit::CHUNK;
use flow_record::people::amount;
use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Where lines may wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// Bytes in memory.
    pub(crate) memory: u64,
    /// The folder for the rest.
    pub(crate) spill: Option<PathBuf>,
}

/// Lines that wait, each with a mark.
pub(crate) struct Spool {
    room: Room,
    /// From the first to go; the last one is being filled.
    chunks: VecDeque<Chunk>,
    /// Where the next line begins in the first chunk.
    at: usize,
    /// Bytes of chunks in memory.
    used: u64,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
    /// Chunks in the file.
    away: usize,
    spare: Vec<u8>,
    /// Lines.
    count: u64,
}

enum Chunk {
    Here(Vec<u8>),
    Away { at: u64, length: usize },
}

impl Spool {
    pub(crate) fn new(room: Room) -> Spool {
        Spool {
            room,
            chunks: VecDeque::new(),
            at: 0,
            used: 0,
            file: None,
            end: 0,
            away: 0,
            spare: Vec::new(),
            count: 0,
        }
    }

    /// How many lines wait.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// Adds a line, which ends with its only newline. `more` bytes of memory are taken by what is known about the lines.
    ///
    /// # Errors
    /// There is no room; the message says what to do.
    pub(crate) fn push(&mut self, mark: bool, line: &[u8], more: u64) -> Result<(), String> {
        if self.used + more > self.room.memory {
            self.make_room(more)?;
        }
        if !matches!(self.chunks.back(), Some(Chunk::Here(lines)) if lines.len() < CHUNK) {
            self.chunks.push_back(Chunk::Here(std::mem::take(&mut self.spare)));
        }
        if let Some(Chunk::Here(lines)) = self.chunks.back_mut() {
            lines.push(mark.into());
            lines.extend_from_slice(line);
            self.used += line.len() as u64 + 1;
            self.count += 1;
        }
        Ok(())
    }

    /// The mark of the next line.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn peek(&mut self) -> Result<Option<bool>, String> {
        loop {
            match self.chunks.front_mut() {
                None => return Ok(None),
                Some(Chunk::Away { at, length }) => {
                    let (at, length) = (*at, *length);
                    self.fetch(at, length)?;
                }
                Some(Chunk::Here(lines)) => match lines.get(self.at) {
                    Some(mark) => return Ok(Some(*mark != 0)),
                    None => self.drop_first(),
                },
            }
        }
    }

    /// Puts the next line in place of what is in `line`; [`Spool::peek`] has said that there is one.
    pub(crate) fn pop(&mut self, line: &mut Vec<u8>) {
        line.clear();
        if let Some(Chunk::Here(lines)) = self.chunks.front() {
            let rest = lines.get(self.at + 1..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            line.extend_from_slice(&rest[..end]);
            self.at += end + 1;
            self.count -= 1;
        }
    }

    fn drop_first(&mut self) {
        self.at = 0;
        if let Some(Chunk::Here(mut lines)) = self.chunks.pop_front() {
            self.used -= lines.len() as u64;
            lines.clear();
            // One that a long line has made large is given back.
            if lines.capacity() <= 2 * CHUNK {
                self.spare = lines;
            }
        }
    }

    fn fetch(&mut self, at: u64, length: usize) -> Result<(), String> {
        let mut lines = vec![0; length];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut lines, at).map_err(|e| self.failed(&e))?;
        }
        self.away -= 1;
        if self.away == 0 {
            self.end = 0;
        }
        self.used += length as u64;
        self.chunks[0] = Chunk::Here(lines);
        Ok(())
    }

    /// Moves full chunks to the file, the last first, since the first is wanted next.
    #[cold]
    fn make_room(&mut self, more: u64) -> Result<(), String> {
        let Some(folder) = &self.room.spill else { return Err(self.no_room()) };
        if more > self.room.memory {
            return Err(self.no_room());
        }
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(folder).map_err(|e| self.failed(&e))?);
        }
        for place in (1..self.chunks.len()).rev() {
            let Chunk::Here(lines) = &self.chunks[place] else { continue };
            if lines.len() < CHUNK {
                continue;
            }
            if let Some(file) = &self.file {
                file.write_all_at(lines, self.end).map_err(|e| self.failed(&e))?;
            }
            let length = lines.len();
            self.chunks[place] = Chunk::Away { at: self.end, length };
            self.end += length as u64;
            self.used -= length as u64;
            self.away += 1;
        }
        Ok(())
    }

    fn no_room(&self) -> String {
        let size = amount(self.room.memory as f64, "bytes");
        match self.room.spill {
            None => format!(
                "what waits for the end of input takes more than --memory has ({size}); --spill DIR keeps the rest in a file, a larger --memory in memory"
            ),
            Some(_) => format!("what is known of the flows takes more than --memory has ({size}); give more"),
        }
    }

    fn failed(&self, error: &std::io::Error) -> String {
        let folder = self.room.spill.as_deref().unwrap_or_else(|| std::path::Path::new(""));
        format!("--spill {}: {error}", folder.display())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room(memory: u64, folder: Option<&std::path::Path>) -> Room {
        Room { memory, spill: folder.map(Into::into) }
    }

    fn line(i: usize) -> Vec<u8> {
        format!("{i:0width$}\n", width = i * 37 % 4000).into_bytes()
    }

    #[test]
    fn lines_come_back_as_they_went_in_whether_in_memory_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for memory in [0, 100_000, 3 * CHUNK as u64, 1 << 40] {
            let mut spool = Spool::new(room(memory, Some(folder.path())));
            for i in 0..5000 {
                spool.push(i % 3 == 0, &line(i), 0).unwrap();
            }
            assert_eq!(spool.away > 0, memory < 1 << 40, "{memory}");
            assert!(spool.used <= memory + 3 * CHUNK as u64, "{memory} {}", spool.used);
            let mut out = Vec::new();
            for i in 0..5000 {
                assert_eq!(spool.peek().unwrap(), Some(i % 3 == 0));
                spool.pop(&mut out);
                assert_eq!(out, line(i));
            }
            assert_eq!((spool.peek().unwrap(), spool.used), (None, 0));
        }
    }

    #[test]
    fn without_a_folder_a_full_memory_is_an_error_that_names_both_options() {
        let mut spool = Spool::new(room(1000, None));
        let error = (0..100).find_map(|i| spool.push(true, &line(i), 0).err()).unwrap();
        assert!(error.contains("--memory") && error.contains("--spill"), "{error}");
        let mut spool = Spool::new(room(1000, Some(std::path::Path::new("/none"))));
        let error = (0..100).find_map(|i| spool.push(true, &line(i), 0).err()).unwrap();
        assert!(error.contains("--spill /none: "), "{error}");
    }

    #[test]
    fn what_is_known_of_the_lines_counts_and_cannot_go_to_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(room(1000, Some(folder.path())));
        assert!(spool.push(true, b"{}\n", 900).is_ok());
        assert!(spool.push(true, b"{}\n", 1001).unwrap_err().contains("--memory"));
    }

    proptest! {
        #[test]
        fn it_is_a_queue_however_pushes_and_pops_alternate(steps in proptest::collection::vec(any::<bool>(), 0..400), memory in 0u64..40_000) {
            let folder = tempfile::tempdir().unwrap();
            let mut spool = Spool::new(room(memory, Some(folder.path())));
            let mut queue = VecDeque::new();
            let mut out = Vec::new();
            for (i, push) in steps.into_iter().enumerate() {
                if push {
                    spool.push(true, &line(i), 0).unwrap();
                    queue.push_back(line(i));
                } else {
                    let there = spool.peek().unwrap();
                    prop_assert_eq!(there.is_some(), !queue.is_empty());
                    if there.is_some() {
                        spool.pop(&mut out);
                        prop_assert_eq!(&out, &queue.pop_front().unwrap());
                    }
                }
            }
        }
    }
}
