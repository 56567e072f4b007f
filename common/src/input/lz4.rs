//! LZ4 frames in a row, as `lz4` writes them (LZ4 frame format 1.6), skippable frames included.
//!
//! The decoder underneath takes the end of the input for the end of a frame. Here an end that was seen while a
//! frame was open is told as truncation.
//!
//! Bound: three blocks of at most 4 MiB.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;

use super::compress::{Compression, Next, next_member};
use super::error::{Fault, is_stopped};
use super::raw::Window;

/// A skippable frame opens with a magic number and the length of the rest, four bytes each.
const SKIPPABLE_HEADER: usize = 8;

/// Unpacks frame after frame.
pub(super) struct Lz4<R: Read> {
    state: State<R>,
}

enum State<R: Read> {
    Between(Window<R>),
    // A new decoder for each frame: one sizes its buffers for the first frame it sees.
    Frame(Box<FrameDecoder<Window<R>>>),
    Ended,
}

impl<R: Read> Lz4<R> {
    pub(super) fn new(window: Window<R>) -> Self {
        Lz4 { state: State::Between(window) }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(mut window) => {
                    if next_frame(&mut window)? {
                        self.state = State::Frame(Box::new(FrameDecoder::new(window)));
                    }
                }
                State::Frame(mut decoder) => {
                    let n = decoder.read(out).map_err(|error| explain(decoder.get_ref(), error))?;
                    if n > 0 {
                        self.state = State::Frame(decoder);
                        return Ok(n);
                    }
                    let window = decoder.into_inner();
                    if window.starved() {
                        return Err(Compression::Lz4.damage(window.offset(), Fault::Truncated));
                    }
                    self.state = State::Between(window);
                }
            }
        }
    }
}

/// Moves to the next frame with data. False at the end.
fn next_frame<R: Read>(window: &mut Window<R>) -> io::Result<bool> {
    loop {
        match next_member(window, Compression::Lz4)? {
            Next::End => return Ok(false),
            Next::Member => return Ok(true),
            Next::Skippable => skip_frame(window)?,
        }
    }
}

fn skip_frame<R: Read>(window: &mut Window<R>) -> io::Result<()> {
    let size = window.fill_to(SKIPPABLE_HEADER)?.get(4..SKIPPABLE_HEADER).and_then(|size| size.try_into().ok());
    let mut whole = false;
    if let Some(size) = size {
        let length = u64::from(u32::from_le_bytes(size));
        window.consume(SKIPPABLE_HEADER);
        whole = io::copy(&mut Read::take(&mut *window, length), &mut io::sink())? == length;
    }
    if whole { Ok(()) } else { Err(Compression::Lz4.damage(window.offset(), Fault::Truncated)) }
}

/// An error of the decoder, with the place; one of the system or of the caller as it is.
fn explain<R: Read>(window: &Window<R>, error: io::Error) -> io::Error {
    if is_stopped(&error) || error.raw_os_error().is_some() {
        return error;
    }
    let fault = match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::Truncated,
        _ => Fault::Corrupt(error.to_string()),
    };
    Compression::Lz4.damage(window.offset(), fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    fn frame(text: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn skippable_frames_between_frames_are_passed_over() {
        let mut packed = frame(b"one\n");
        packed.extend_from_slice(b"\x5a\x2a\x4d\x18\x03\x00\x00\x00abc");
        packed.extend_from_slice(&frame(b"two\n"));
        let mut text = Vec::new();
        Lz4::new(Window::new(&packed[..])).read_to_end(&mut text).unwrap();
        assert_eq!(text, b"one\ntwo\n");
    }

    #[test]
    fn a_skippable_frame_cut_short_is_truncation() {
        let mut packed = frame(b"one\n");
        packed.extend_from_slice(b"\x5a\x2a\x4d\x18\x09\x00\x00\x00abc");
        let mut text = Vec::new();
        let error = Lz4::new(Window::new(&packed[..])).read_to_end(&mut text).unwrap_err();
        assert_eq!(text, b"one\n");
        assert!(error.to_string().starts_with("truncated lz4 data"), "{error}");
    }
}
