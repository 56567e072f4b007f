//! What was rejected, kept: one JSON object for each line or record, so that nothing is lost.
//!
//! ```text
//! {"file":"a.csv","line":7,"column":3,"reason":"bad address","raw":"10.0.0,..."}
//! ```
//!
//! `line` and `column` count from 1 and are absent where there are none. Bytes that are not UTF-8 come as
//! `raw_base64` (RFC 4648 section 4). Where `raw` is only the beginning, `length` is that of the whole.
//! The file is written in place and emptied first, never renamed: it must survive a crash.
//!
//! Invariant: each line is valid JSON and holds nothing a terminal acts on.

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
}

impl Rejects {
    /// Opens `path` and empties it.
    ///
    /// # Errors
    /// What the operating system refuses, and a symbolic link to a regular file.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Rejects { output: Output::direct(path)?, line: Vec::new() })
    }

    /// Keeps `raw`, rejected for `reason` at `line` and `column` of `file`; 0 where there is none. `length` is that
    /// of the whole in bytes, where `raw` is only its beginning.
    ///
    /// # Errors
    /// Those of the write.
    pub fn write(
        &mut self,
        file: &str,
        line: u64,
        column: u64,
        reason: &str,
        raw: &[u8],
        length: Option<u64>,
    ) -> io::Result<()> {
        let out = &mut self.line;
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
        if let Some(length) = length {
            member("length", length, out);
        }
        out.extend_from_slice(b"}\n");
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
    pub fn finish(self) -> io::Result<()> {
        self.output.finish()
    }
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
        let text = kept(|rejects| rejects.write("a.csv", 7, 3, "bad \"x\"", b"10.0.0\x1b,\t", None).unwrap());
        assert_eq!(
            text,
            "{\"file\":\"a.csv\",\"line\":7,\"column\":3,\"reason\":\"bad \\\"x\\\"\",\"raw\":\"10.0.0\\u001b,\\t\"}\n"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_and_the_length_of_a_cut_line_are_kept() {
        let text = kept(|rejects| rejects.write("a", 1, 0, "too long", b"ab\xff\xfe", Some(2_000_000)).unwrap());
        assert_eq!(
            text,
            "{\"file\":\"a\",\"line\":1,\"reason\":\"too long\",\"raw_base64\":\"YWL//g==\",\"length\":2000000}\n"
        );
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
                rejects.write("a", 0, 0, "r", &all[..end], None).unwrap();
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
