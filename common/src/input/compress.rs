//! Compressed input: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2 and LZ4 frames, told apart by their first bytes.
//!
//! Any number of members, frames or streams may follow each other, as `cat a.gz b.gz` makes them; zero padding
//! after gzip and xz is skipped. One layer is unpacked, never two. What the decoders give is passed on at once,
//! so a live compressed stream is not delayed.
//!
//! Invariant: all that can be decoded before damage is delivered, then comes an error with a [`Damage`].
//! Bound: a zstd window or xz dictionary of 128 MiB; all else stays below 16 MiB.

use std::io::{self, Read};

use flate2::{FlushDecompress, Status as GzipStatus};
use liblzma::stream::{Action, Status as XzStatus};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

use super::error::{Damage, Fault};
use super::raw::Window;

/// log2 of the largest zstd window that is accepted, as `zstd -d` does by default.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Memory for unpacking xz in bytes: a dictionary of 128 MiB and the decoder itself.
const XZ_MEMORY: u64 = (128 + 1) << 20;

/// A kind of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz format.
    Xz,
    /// bzip2.
    Bzip2,
    /// The LZ4 frame format.
    Lz4,
}

/// How the beginning of an input looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Packed(Compression),
    /// Too short to tell.
    Open,
}

/// First bytes of each compression. A skippable frame of class 0 may open zstd (pzstd writes it so).
const MAGIC: &[(&[u8], Compression)] = &[
    (b"\x1f\x8b\x08", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    (b"\x50\x2a\x4d\x18", Compression::Zstd),
    (b"\xfd7zXZ\x00", Compression::Xz),
    (b"\x04\x22\x4d\x18", Compression::Lz4),
];

/// After `BZh` and a digit bzip2 has one of these: the first block, or the end of an empty stream.
const BZIP2_BLOCKS: [&[u8]; 2] = [b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"];

impl Compression {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Xz => "xz",
            Compression::Bzip2 => "bzip2",
            Compression::Lz4 => "lz4",
        }
    }

    pub(super) fn of(head: &[u8]) -> Look {
        let mut open = false;
        for (magic, compression) in MAGIC {
            if head.starts_with(magic) {
                return Look::Packed(*compression);
            }
            open |= magic.starts_with(head);
        }
        let text = head.len().min(3);
        if head[..text] == b"BZh"[..text] && head.get(3).is_none_or(|level| matches!(level, b'1'..=b'9')) {
            let block = head.get(4..).unwrap_or_default();
            if BZIP2_BLOCKS.iter().any(|magic| block.starts_with(magic)) {
                return Look::Packed(Compression::Bzip2);
            }
            open |= BZIP2_BLOCKS.iter().any(|magic| magic.starts_with(block));
        }
        if open { Look::Open } else { Look::Plain }
    }

    /// What every further member begins with.
    fn member(self) -> &'static [u8] {
        match self {
            Compression::Gzip => b"\x1f\x8b",
            Compression::Zstd => b"\x28\xb5\x2f\xfd",
            Compression::Xz => b"\xfd7zXZ\x00",
            Compression::Bzip2 => b"BZh",
            Compression::Lz4 => b"\x04\x22\x4d\x18",
        }
    }

    pub(super) fn damage(self, offset: u64, fault: Fault) -> io::Error {
        Damage { format: self.name(), offset, fault }.into()
    }
}

/// What follows a whole member.
pub(super) enum Next {
    End,
    Member,
    /// A frame of zstd or LZ4 without data; its header is 8 bytes.
    Skippable,
}

/// Looks at what follows a whole member, past zero padding.
pub(super) fn next_member<R: Read>(window: &mut Window<R>, compression: Compression) -> io::Result<Next> {
    if matches!(compression, Compression::Gzip | Compression::Xz) {
        loop {
            let zeros = window.fill_to(1)?.iter().take_while(|byte| **byte == 0).count();
            if zeros == 0 {
                break;
            }
            window.consume(zeros);
        }
    }
    let magic = compression.member();
    let head = window.fill_to(magic.len())?;
    let frames = matches!(compression, Compression::Zstd | Compression::Lz4);
    let skippable = frames && head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == *b"\x2a\x4d\x18";
    if head.is_empty() {
        Ok(Next::End)
    } else if skippable {
        Ok(Next::Skippable)
    } else if head.starts_with(magic) {
        Ok(Next::Member)
    } else {
        let fault = if magic.starts_with(head) { Fault::Truncated } else { Fault::Trailing };
        Err(compression.damage(window.offset(), fault))
    }
}

/// A reader of the unpacked bytes of `window`, which begins with the magic of `compression`.
pub(super) fn unpack<R>(compression: Compression, window: Window<R>) -> io::Result<Box<dyn Read + Send>>
where
    R: Read + Send + 'static,
{
    match compression {
        Compression::Lz4 => Ok(Box::new(super::lz4::Lz4::new(window))),
        _ => Ok(Box::new(Unpack::new(compression, window)?)),
    }
}

/// One call of a decoder: bytes read, bytes written, and whether the member ended.
struct Step {
    read: usize,
    written: usize,
    outcome: Result<bool, Fault>,
}

/// The decoders, which all work from slice to slice.
enum Decoder {
    Gzip(flate2::Decompress),
    /// The number is how many bytes the decoder wants next: one block, so that a fault costs no block before it.
    Zstd(zstd::stream::raw::Decoder<'static>, usize),
    Xz(liblzma::stream::Stream),
    Bzip2(bzip2::Decompress),
}

/// A zstd frame header begins with this many bytes.
const ZSTD_FIRST: usize = 5;

impl Decoder {
    fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Decoder::Gzip(flate2::Decompress::new_gzip(15)),
            Compression::Zstd => {
                let mut decoder = zstd::stream::raw::Decoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
                Decoder::Zstd(decoder, ZSTD_FIRST)
            }
            Compression::Xz => Decoder::Xz(liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)?),
            Compression::Bzip2 => Decoder::Bzip2(bzip2::Decompress::new(false)),
            Compression::Lz4 => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        match self {
            Decoder::Gzip(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let outcome = match decoder.decompress(input, out, FlushDecompress::None) {
                    Ok(status) => Ok(status == GzipStatus::StreamEnd),
                    Err(error) => Err(Fault::Corrupt(error.message().unwrap_or("bad block").into())),
                };
                let read = (decoder.total_in() - read) as usize;
                Step { read, written: (decoder.total_out() - written) as usize, outcome }
            }
            Decoder::Zstd(decoder, wanted) => {
                let mut input = InBuffer::around(&input[..input.len().min(*wanted)]);
                let mut out = OutBuffer::around(out);
                let outcome = match decoder.run(&mut input, &mut out) {
                    Ok(hint) => {
                        *wanted = if hint == 0 { ZSTD_FIRST } else { hint };
                        Ok(hint == 0)
                    }
                    Err(error) if error.to_string().contains("too much memory") => Err(Fault::Memory),
                    Err(error) => Err(Fault::Corrupt(error.to_string())),
                };
                Step { read: input.pos(), written: out.pos(), outcome }
            }
            Decoder::Xz(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let outcome = match decoder.process(input, out, Action::Run) {
                    Ok(status) => Ok(status == XzStatus::StreamEnd),
                    Err(liblzma::stream::Error::MemLimit) => Err(Fault::Memory),
                    Err(error) => Err(Fault::Corrupt(error.to_string())),
                };
                let read = (decoder.total_in() - read) as usize;
                Step { read, written: (decoder.total_out() - written) as usize, outcome }
            }
            Decoder::Bzip2(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let outcome = match decoder.decompress(input, out) {
                    Ok(status) => Ok(status == bzip2::Status::StreamEnd),
                    Err(error) => Err(Fault::Corrupt(error.to_string())),
                };
                let read = (decoder.total_in() - read) as usize;
                Step { read, written: (decoder.total_out() - written) as usize, outcome }
            }
        }
    }
}

/// Unpacks what [`Decoder`] can.
struct Unpack<R> {
    compression: Compression,
    window: Window<R>,
    decoder: Decoder,
    /// A member has ended and the next has not begun.
    between: bool,
    /// The last call filled its output, so the decoder may hold more.
    pending: bool,
    ended: bool,
    held: Option<io::Error>,
}

impl<R: Read> Unpack<R> {
    fn new(compression: Compression, window: Window<R>) -> io::Result<Self> {
        let decoder = Decoder::new(compression)?;
        Ok(Unpack { compression, window, decoder, between: false, pending: false, ended: false, held: None })
    }

    /// Begins the next member. False at the end.
    fn begin(&mut self) -> io::Result<bool> {
        // zstd skips skippable frames by itself.
        let more = !matches!(next_member(&mut self.window, self.compression)?, Next::End);
        if more && !matches!(self.decoder, Decoder::Zstd(..)) {
            self.decoder = Decoder::new(self.compression)?;
        }
        self.between = false;
        Ok(more)
    }

    /// Decodes until there is at least one byte; 0 is the end.
    fn unpack(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.between && !self.begin()? {
                return Ok(0);
            }
            if self.window.ready().is_empty() && !self.pending && !self.window.fill()? {
                return Err(self.damage(Fault::Truncated));
            }
            let step = self.decoder.step(self.window.ready(), out);
            self.window.consume(step.read);
            self.pending = step.written == out.len();
            match step.outcome {
                Ok(ended) => self.between = ended,
                Err(fault) => self.held = Some(self.damage(fault)),
            }
            if step.written > 0 {
                return Ok(step.written);
            }
            if let Some(error) = self.held.take() {
                return Err(error);
            }
            if step.read == 0 && !self.between && !self.window.fill()? {
                let fault = if self.window.ended() { Fault::Truncated } else { Fault::Corrupt("no progress".into()) };
                return Err(self.damage(fault));
            }
        }
    }

    fn damage(&self, fault: Fault) -> io::Error {
        self.compression.damage(self.window.offset(), fault)
    }
}

impl<R: Read> Read for Unpack<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.ended {
            return Ok(0);
        }
        let result = match self.held.take() {
            Some(error) => Err(error),
            None => self.unpack(out),
        };
        self.ended = !matches!(result, Ok(1..));
        result
    }
}
