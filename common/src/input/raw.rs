//! Bytes as the operating system gives them: interruptions, non-blocking descriptors, a request to stop.
//!
//! An interrupted read is repeated. A read that would block (a pipe whose other end set `O_NONBLOCK`) waits in
//! poll(2), as does every read of what is not a regular file once a stop flag is set, so that a raised flag ends it.
//!
//! Bound: [`WINDOW`] bytes of look-ahead.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::LiveReader;
use super::error::Stopped;

/// Look-ahead of a [`Window`] in bytes.
pub(super) const WINDOW: usize = 64 * 1024;

/// How long a wait lasts before the stop flag is looked at again, in milliseconds.
const STOP_CHECK: u8 = 100;

/// The bytes of an open file, pipe or device, counted.
pub(super) struct Raw {
    reader: Reader,
    /// Bytes read so far; shared with whoever shows progress.
    pub(super) consumed: Arc<AtomicU64>,
    stop: Option<Arc<AtomicBool>>,
}

enum Reader {
    /// `bool`: a regular file, which never blocks for long.
    File(File, bool),
    Other(Box<dyn Read + Send>),
    /// Heeds the stop flag itself.
    Live(Box<dyn LiveReader>),
}

impl Raw {
    pub(super) fn file(file: File, regular: bool) -> Self {
        Raw { reader: Reader::File(file, regular), consumed: Arc::default(), stop: None }
    }

    pub(super) fn other(reader: Box<dyn Read + Send>) -> Self {
        Raw { reader: Reader::Other(reader), consumed: Arc::default(), stop: None }
    }

    pub(super) fn live(reader: Box<dyn LiveReader>) -> Self {
        Raw { reader: Reader::Live(reader), consumed: Arc::default(), stop: None }
    }

    /// Once `flag` is true nothing more is read, but for what a live input has already.
    pub(super) fn stop_when(&mut self, flag: Arc<AtomicBool>) {
        match &mut self.reader {
            Reader::Live(reader) => reader.stop_when(flag),
            _ => self.stop = Some(flag),
        }
    }

    /// The file, where it is a regular one.
    pub(super) fn regular(&self) -> Option<&File> {
        match &self.reader {
            Reader::File(file, true) => Some(file),
            _ => None,
        }
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Waits until the descriptor has something to read, or for a moment if it may be asked to stop.
    fn wait(&self) -> io::Result<bool> {
        let Reader::File(file, _) = &self.reader else { return Ok(true) };
        let timeout = if self.stop.is_some() { PollTimeout::from(STOP_CHECK) } else { PollTimeout::NONE };
        match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stopped() {
                return Err(io::Error::other(Stopped));
            }
            let patient = self.stop.is_some() && matches!(self.reader, Reader::File(_, false));
            if patient && !self.wait()? {
                continue;
            }
            let result = match &mut self.reader {
                Reader::File(file, _) => file.read(out),
                Reader::Other(reader) => reader.read(out),
                Reader::Live(reader) => reader.read(out),
            };
            match result {
                Ok(n) => {
                    self.consumed.fetch_add(n as u64, Ordering::Relaxed);
                    return Ok(n);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && matches!(self.reader, Reader::File(..)) => {
                    self.wait()?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A reader with look-ahead that knows how many bytes were taken from it.
pub(super) struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    starved: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Window { reader, buffer: Vec::new(), start: 0, end: 0, offset: 0, ended: false, starved: false }
    }

    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// What has been read and not yet taken.
    pub(super) fn ready(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn consume(&mut self, n: usize) {
        debug_assert!(n <= self.end - self.start);
        self.start += n;
        self.offset += n as u64;
    }

    /// Bytes taken since the beginning.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the end was seen; bytes may be left to take.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether somebody read past the last byte.
    pub(super) fn starved(&self) -> bool {
        self.starved
    }

    /// Reads once more. False at the end of the input, or when the window is full.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.buffer.is_empty() {
            self.buffer.resize(WINDOW, 0);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.ended || self.end == self.buffer.len() {
            return Ok(false);
        }
        let n = self.reader.read(&mut self.buffer[self.end..])?;
        self.end += n;
        self.ended = n == 0;
        Ok(n > 0)
    }

    /// Reads until `n` bytes are there or the input ends.
    pub(super) fn fill_to(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.end - self.start < n && self.fill()? {}
        Ok(self.ready())
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.ready();
        if ready.is_empty() {
            // A large read goes past the window: plain input is not copied twice.
            let n = if self.ended || out.is_empty() { 0 } else { self.reader.read(out)? };
            self.ended |= n == 0 && !out.is_empty();
            self.starved |= n == 0 && !out.is_empty();
            self.offset += n as u64;
            return Ok(n);
        }
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.consume(n);
        Ok(n)
    }
}
