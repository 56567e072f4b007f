//! What was rejected, kept: one JSON object for each line or record, so that nothing is lost.
//!
//! ```text
//! {"file":"a.csv","line":7,"column":3,"reason":"bad address","raw":"10.0.0,..."}
//! ```
//!
//! `line` and `column` count from 1 and are absent where there are none. Bytes that are not UTF-8, and lines above 1 MiB,
//! which come in parts, come as `raw_base64` (RFC 4648 section 4).
//! The file is written in place and emptied first, never renamed: it must survive a crash.
//!
//! Invariant: each line is valid JSON, holds nothing a terminal acts on, and has the rejected line to the byte. Bound: one
//! line of at most 1 MiB, or one part of a longer one.

use std::io::{self, Write};
use std::path::Path;

use super::Output;
use crate::value::text::write_json;

/// The 64 digits.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A file of rejected lines.
#[must_use = "without finish() the data may be lost"]
pub struct Rejects {
    output: Output,
    line: Vec<u8>,
    /// Of a line that comes in parts, the bytes that are not written yet; fewer than three between parts.
    rest: Option<Vec<u8>>,
}

impl Rejects {
    /// Opens `path` and empties it.
    ///
    /// # Errors
    /// What the operating system refuses, and a symbolic link to a regular file.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Rejects { output: Output::direct(path)?, line: Vec::new(), rest: None })
    }

    /// Keeps `raw`, rejected for `reason` at `line` and `column` of `file`; 0 where there is none.
    ///
    /// # Errors
    /// Those of the write.
    pub fn write(&mut self, file: &str, line: u64, column: u64, reason: &str, raw: &[u8]) -> io::Result<()> {
        self.end()?;
        let out = &mut self.line;
        place(file, line, column, reason, out);
        match std::str::from_utf8(raw) {
            Ok(text) => {
                out.extend_from_slice(b",\"raw\":");
                write_json(text, out);
            }
            Err(_) => {
                out.extend_from_slice(b",\"raw_base64\":\"");
                write_base64(raw, out);
                out.push(b'"');
            }
        }
        out.extend_from_slice(b"}\n");
        self.output.write_all(&self.line)
    }

    /// Keeps the first part of a line that comes in parts, rejected for `reason` at `line` of `file`.
    ///
    /// # Errors
    /// Those of the write.
    pub fn begin(&mut self, file: &str, line: u64, reason: &str, part: &[u8]) -> io::Result<()> {
        self.end()?;
        place(file, line, 0, reason, &mut self.line);
        self.line.extend_from_slice(b",\"raw_base64\":\"");
        self.output.write_all(&self.line)?;
        self.rest = Some(Vec::new());
        self.more(part)
    }

    /// Keeps the next part.
    ///
    /// # Errors
    /// Those of the write.
    pub fn more(&mut self, part: &[u8]) -> io::Result<()> {
        let Some(rest) = &mut self.rest else { return Ok(()) };
        rest.extend_from_slice(part);
        let whole = rest.len() - rest.len() % 3;
        self.line.clear();
        write_base64(&rest[..whole], &mut self.line);
        rest.drain(..whole);
        self.output.write_all(&self.line)
    }

    /// Ends a line that came in parts, if one did.
    ///
    /// # Errors
    /// Those of the write.
    pub fn end(&mut self) -> io::Result<()> {
        let Some(rest) = self.rest.take() else { return Ok(()) };
        self.line.clear();
        write_base64(&rest, &mut self.line);
        self.line.extend_from_slice(b"\"}\n");
        self.output.write_all(&self.line)
    }

    /// Hands on what was kept so far.
    ///
    /// # Errors
    /// Those of the write.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Hands on the rest and closes the file.
    ///
    /// # Errors
    /// Those of the write and of the close.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()?;
        self.output.finish()
    }
}

/// Puts the beginning of an object into `out`: where something stands, and why it is rejected.
fn place(file: &str, line: u64, column: u64, reason: &str, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"{\"file\":");
    write_json(file, out);
    for (name, number) in [("line", line), ("column", column)] {
        if number > 0 {
            member(name, number, out);
        }
    }
    out.extend_from_slice(b",\"reason\":");
    write_json(reason, out);
}

fn member(name: &str, number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= chunk.len() { BASE64[value as usize] } else { b'=' });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn kept(write: impl FnOnce(&mut Rejects)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects");
        std::fs::write(&path, "of an earlier run").unwrap();
        let mut rejects = Rejects::create(&path).unwrap();
        write(&mut rejects);
        rejects.flush().unwrap();
        // What is flushed is there, whatever happens to this program.
        let text = std::fs::read_to_string(&path).unwrap();
        rejects.finish().unwrap();
        text
    }

    #[test]
    fn a_line_is_kept_with_its_place_and_reason() {
        let text = kept(|rejects| rejects.write("a.csv", 7, 3, "bad \"x\"", b"10.0.0\x1b,\t").unwrap());
        assert_eq!(
            text,
            "{\"file\":\"a.csv\",\"line\":7,\"column\":3,\"reason\":\"bad \\\"x\\\"\",\"raw\":\"10.0.0\\u001b,\\t\"}\n"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_kept() {
        let text = kept(|rejects| rejects.write("a", 1, 0, "not UTF-8", b"ab\xff\xfe").unwrap());
        assert_eq!(text, "{\"file\":\"a\",\"line\":1,\"reason\":\"not UTF-8\",\"raw_base64\":\"YWL//g==\"}\n");
    }

    #[test]
    fn a_line_in_parts_is_kept_whole_however_it_is_cut() {
        let whole = kept(|rejects| rejects.begin("a", 1, "too long", b"foobar!").and_then(|()| rejects.end()).unwrap());
        assert_eq!(whole, "{\"file\":\"a\",\"line\":1,\"reason\":\"too long\",\"raw_base64\":\"Zm9vYmFyIQ==\"}\n");
        for size in 1..=7 {
            let text = kept(|rejects| {
                rejects.begin("a", 1, "too long", b"").unwrap();
                b"foobar!".chunks(size).for_each(|part| rejects.more(part).unwrap());
                // What follows ends it.
                rejects.write("b", 2, 0, "r", b"").unwrap();
            });
            assert_eq!(text, whole.clone() + "{\"file\":\"b\",\"line\":2,\"reason\":\"r\",\"raw\":\"\"}\n", "{size}");
        }
    }

    #[test]
    fn base64_gives_the_vectors_of_rfc_4648() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in vectors {
            let mut out = Vec::new();
            write_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text = kept(|rejects| {
            for end in 0..=all.len() {
                rejects.write("a", 0, 0, "r", &all[..end]).unwrap();
            }
        });
        for (end, line) in text.lines().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            match value["raw"].as_str() {
                Some(raw) => assert_eq!(raw.as_bytes(), &all[..end]),
                None => assert_eq!(value["raw_base64"].as_str().unwrap().len(), end.div_ceil(3) * 4),
            }
        }
        assert_eq!(text.lines().count(), 257);
    }
}
