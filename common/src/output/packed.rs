//! A file that is packed on its way, as its suffix says: `.gz`, `.zst`, `.xz`, `.bz2`, `.lz4`; any other is plain.
//!
//! Invariant: nothing is certain before [`Packed::finish`]; dropped without it, the file does not appear. Bound: what the
//! encoder needs: zstd 4 MiB, xz 100 MiB, the others less than 8 MiB.

use super::Output;
use std::io::{self, Write};
use std::path::Path;

/// An output that is packed.
#[must_use = "without finish() the data is lost"]
pub struct Packed(Encoder);

enum Encoder {
    Plain(Output),
    Gzip(flate2::write::GzEncoder<Output>),
    Zstd(zstd::Encoder<'static, Output>),
    Xz(liblzma::write::XzEncoder<Output>),
    Bzip2(bzip2::write::BzEncoder<Output>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<Output>>),
}

/// How hard xz works: its own default.
const XZ_LEVEL: u32 = 6;

impl Packed {
    /// Opens `path`, as [`Output::open`] does.
    ///
    /// # Errors
    /// Those of the output.
    pub fn open(path: &Path) -> io::Result<Packed> {
        let output = Output::open(Some(path), false)?;
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
        Ok(Packed(match suffix {
            "gz" => Encoder::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::default())),
            "zst" => {
                let mut encoder = zstd::Encoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            "xz" => Encoder::Xz(liblzma::write::XzEncoder::new(output, XZ_LEVEL)),
            "bz2" => Encoder::Bzip2(bzip2::write::BzEncoder::new(output, bzip2::Compression::default())),
            "lz4" => Encoder::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(output))),
            _ => Encoder::Plain(output),
        }))
    }

    /// Writes what is left, and makes it last.
    ///
    /// # Errors
    /// Those of the output; then the file does not appear.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Encoder::Plain(output) => output,
            Encoder::Gzip(encoder) => encoder.finish()?,
            Encoder::Zstd(encoder) => encoder.finish()?,
            Encoder::Xz(encoder) => encoder.finish()?,
            Encoder::Bzip2(encoder) => encoder.finish()?,
            Encoder::Lz4(encoder) => encoder.finish().map_err(io::Error::other)?,
        }
        .finish()
    }

    fn writer(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Encoder::Plain(output) => output,
            Encoder::Gzip(encoder) => encoder,
            Encoder::Zstd(encoder) => encoder,
            Encoder::Xz(encoder) => encoder,
            Encoder::Bzip2(encoder) => encoder,
            Encoder::Lz4(encoder) => encoder,
        }
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::input::Source;
    use std::io::Read;

    #[test]
    fn what_was_packed_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"bytes\":1}\n".repeat(20_000);
        for suffix in ["ndjson", "gz", "zst", "xz", "bz2", "lz4"] {
            let path = folder.path().join(format!("flows.{suffix}"));
            let mut packed = Packed::open(&path).unwrap();
            lines.as_bytes().chunks(1000).for_each(|part| packed.write_all(part).unwrap());
            assert!(!path.exists(), "{suffix}");
            packed.finish().unwrap();
            let mut text = String::new();
            Source::file(&path).open().unwrap().read_to_string(&mut text).unwrap();
            assert!(text == lines, "{suffix}");
            assert!(suffix == "ndjson" || std::fs::metadata(&path).unwrap().len() < 20_000, "{suffix}");
        }
    }

    #[test]
    fn a_file_that_is_not_finished_does_not_appear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.gz");
        let mut packed = Packed::open(&path).unwrap();
        packed.write_all(b"{}\n").unwrap();
        drop(packed);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
