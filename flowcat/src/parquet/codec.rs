//! Unpacking of pages: each packing that the format has, but LZO (Compression.md of Apache Parquet format 2).
//!
//! Invariant: a page has the size that its header says, or is an error; no more than that is made of it.

use brotli::Decompressor;
use flate2::read::MultiGzDecoder;
use lz4_flex::block::decompress_into;
use lz4_flex::frame::FrameDecoder;
use std::fmt::Display;
use std::io::{Cursor, Read};

/// How the pages of a column are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Snappy,
    Gzip,
    Brotli,
    /// LZ4 in frames of Hadoop, or whatever else was written under this number.
    Lz4,
    Zstd,
    Lz4Raw,
}

impl Packing {
    /// By its number in the format.
    pub(super) fn of(number: i64) -> Option<Packing> {
        Some(match number {
            0 => Packing::None,
            1 => Packing::Snappy,
            2 => Packing::Gzip,
            4 => Packing::Brotli,
            5 => Packing::Lz4,
            6 => Packing::Zstd,
            7 => Packing::Lz4Raw,
            _ => return None,
        })
    }
}

/// Bytes that brotli reads at a time.
const PIECE: usize = 4096;

/// Unpacks the pages of one column.
pub(super) struct Unpacker {
    packing: Packing,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl Unpacker {
    pub(super) fn new(packing: Packing) -> Unpacker {
        Unpacker { packing, zstd: None }
    }

    /// Whether there is nothing to unpack.
    pub(super) fn is_none(&self) -> bool {
        self.packing == Packing::None
    }

    /// Appends what `packed` holds, which is to be `size` bytes.
    ///
    /// # Errors
    /// It is something else; of another size.
    pub(super) fn unpack(&mut self, packed: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let start = out.len();
        if size == 0 {
            return Ok(());
        }
        match self.packing {
            Packing::None => out.extend_from_slice(packed.get(..=size).unwrap_or(packed)),
            Packing::Zstd => self.zstd(packed, size, out)?,
            Packing::Gzip => read(MultiGzDecoder::new(packed), size, out)?,
            Packing::Brotli => read(Decompressor::new(packed, PIECE), size, out)?,
            Packing::Snappy => block(size, out, |room| snap::raw::Decoder::new().decompress(packed, room))?,
            Packing::Lz4Raw => block(size, out, |room| decompress_into(packed, room))?,
            Packing::Lz4 => lz4(packed, size, out)?,
        }
        let made = out.len() - start;
        if made == size { Ok(()) } else { Err(format!("a page unpacks to {made} bytes where its header says {size}")) }
    }

    fn zstd(&mut self, packed: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let start = out.len() as u64;
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
        };
        // Not a byte more is written than there is room for.
        out.reserve_exact(size);
        let mut room = Cursor::new(out);
        room.set_position(start);
        zstd.decompress_to_buffer(packed, &mut room).map(|_| ()).map_err(|e| e.to_string())
    }
}

/// Appends what a reader gives, at most a byte more than `size`.
fn read(reader: impl Read, size: usize, out: &mut Vec<u8>) -> Result<(), String> {
    out.reserve_exact(size + 1);
    reader.take(size as u64 + 1).read_to_end(out).map(|_| ()).map_err(|e| e.to_string())
}

/// Appends what `unpack` puts into so many bytes.
fn block<E: Display>(
    size: usize,
    out: &mut Vec<u8>,
    unpack: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<(), String> {
    let start = out.len();
    out.resize(start + size, 0);
    let made = unpack(&mut out[start..]).map_err(|e| e.to_string());
    out.truncate(start + made.as_ref().unwrap_or(&0));
    made.map(|_| ())
}

/// LZ4 in one of the three ways that this number stood for: frames of Hadoop, LZ4's own frames, none.
fn lz4(packed: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    let not_one = "no frames of Hadoop";
    if block(size, out, |room| hadoop(packed, room).ok_or(not_one)).is_ok() {
        return Ok(());
    }
    if read(FrameDecoder::new(packed), size, out).is_ok() {
        return Ok(());
    }
    out.truncate(start);
    block(size, out, |room| decompress_into(packed, room))
}

/// Frames of Hadoop: the sizes of what is unpacked and packed, highest byte first, and that.
fn hadoop(mut packed: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut made = 0usize;
    while !packed.is_empty() {
        let (sizes, rest) = packed.split_first_chunk::<8>()?;
        let [a, b, c, d, e, f, g, h] = *sizes;
        let (large, small) = (u32::from_be_bytes([a, b, c, d]) as usize, u32::from_be_bytes([e, f, g, h]) as usize);
        let room = out.get_mut(made..made.checked_add(large)?)?;
        if decompress_into(rest.get(..small)?, room).ok()? != large {
            return None;
        }
        made += large;
        packed = &rest[small..];
    }
    Some(made)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    fn page() -> Vec<u8> {
        (0..20_000u32).flat_map(|n| (n / 3 % 251).to_le_bytes()).collect()
    }

    /// The page packed in each way.
    fn packed(page: &[u8]) -> Vec<(Packing, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(page).unwrap();
        let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
        frame.write_all(page).unwrap();
        let mut brotli = Vec::new();
        brotli::CompressorReader::new(page, PIECE, 1, 20).read_to_end(&mut brotli).unwrap();
        let block = lz4_flex::block::compress(page);
        let half = page.len() / 2;
        let framed = |part: &[u8]| {
            let block = lz4_flex::block::compress(part);
            [&(part.len() as u32).to_be_bytes()[..], &(block.len() as u32).to_be_bytes(), &block].concat()
        };
        vec![
            (Packing::None, page.to_vec()),
            (Packing::Snappy, snap::raw::Encoder::new().compress_vec(page).unwrap()),
            (Packing::Gzip, gzip.finish().unwrap()),
            (Packing::Brotli, brotli),
            (Packing::Lz4, [framed(&page[..half]), framed(&page[half..])].concat()),
            (Packing::Lz4, frame.finish().unwrap()),
            (Packing::Lz4, block.clone()),
            (Packing::Zstd, zstd::bulk::compress(page, 1).unwrap()),
            (Packing::Lz4Raw, block),
        ]
    }

    #[test]
    fn each_packing_gives_the_page_of_its_size_or_an_error() {
        let page = page();
        for (packing, bytes) in packed(&page) {
            let mut unpacker = Unpacker::new(packing);
            let mut out = b"levels".to_vec();
            unpacker.unpack(&bytes, page.len(), &mut out).unwrap();
            assert!(out == [b"levels", &page[..]].concat(), "{packing:?}");
            for size in [page.len() - 1, page.len() + 1, 1] {
                let mut out = Vec::new();
                assert!(unpacker.unpack(&bytes, size, &mut out).is_err(), "{packing:?} {size}");
                assert!(out.capacity() <= 2 * size.max(64), "{packing:?} {size}: {}", out.capacity());
            }
            assert!(unpacker.unpack(&bytes[..bytes.len() / 2], page.len(), &mut Vec::new()).is_err(), "{packing:?}");
        }
        assert_eq!((Packing::of(3), Packing::of(8), Packing::of(-1)), (None, None, None));
    }
}
