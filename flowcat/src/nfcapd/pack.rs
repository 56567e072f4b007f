//! Unpacks blocks. Bound: the output is a buffer of [`MAX_BLOCK`] bytes, made when the first packed block comes; what is
//! more is refused.

use super::block::MAX_BLOCK;
use super::header::Packing;
use super::lzo;
use zstd::bulk::Decompressor;

/// Unpacks one block after the other.
#[derive(Default)]
pub(crate) struct Unpacker {
    out: Vec<u8>,
    zstd: Option<Decompressor<'static>>,
}

impl Unpacker {
    /// The content of a block that is packed like this.
    ///
    /// # Errors
    /// That it is corrupt, or larger than a block can be.
    #[inline]
    pub(crate) fn unpack<'b>(&'b mut self, packing: Packing, packed: &'b [u8]) -> Result<&'b [u8], String> {
        if packing == Packing::None {
            return Ok(packed);
        }
        if self.out.is_empty() {
            self.out = vec![0; MAX_BLOCK];
        }
        match self.length(packing, packed) {
            Some(length @ 1..) => Ok(&self.out[..length]),
            _ => Err(format!("its {} data are corrupt", packing.name())),
        }
    }

    /// Fills the buffer; answers how far.
    fn length(&mut self, packing: Packing, packed: &[u8]) -> Option<usize> {
        match packing {
            Packing::None => None,
            Packing::Lzo => lzo::unpack(packed, &mut self.out),
            Packing::Lz4 => lz4_flex::block::decompress_into(packed, &mut self.out).ok(),
            Packing::Bzip2 => {
                let mut decoder = bzip2::Decompress::new(false);
                let status = decoder.decompress(packed, &mut self.out).ok()?;
                let is_whole = status == bzip2::Status::StreamEnd && decoder.total_in() == packed.len() as u64;
                is_whole.then(|| decoder.total_out() as usize)
            }
            Packing::Zstd => {
                if self.zstd.is_none() {
                    self.zstd = Some(Decompressor::new().ok()?);
                }
                self.zstd.as_mut()?.decompress_to_buffer(packed, &mut self.out[..]).ok()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A text packed by each packing that something here can pack with.
    fn packed(text: &[u8]) -> Vec<(Packing, Vec<u8>)> {
        let mut bz2 = Vec::new();
        bzip2::read::BzEncoder::new(text, bzip2::Compression::best()).read_to_end(&mut bz2).unwrap();
        vec![
            (Packing::None, text.to_vec()),
            (Packing::Bzip2, bz2),
            (Packing::Lz4, lz4_flex::block::compress(text)),
            (Packing::Zstd, zstd::bulk::compress(text, 3).unwrap()),
        ]
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_largest_block() {
        let mut unpacker = Unpacker::default();
        for length in [1, 1000, MAX_BLOCK - 1, MAX_BLOCK] {
            let text: Vec<u8> = (0..length).map(|i| (i / 7) as u8).collect();
            for (packing, bytes) in packed(&text) {
                assert!(unpacker.unpack(packing, &bytes) == Ok(&text), "{packing:?} {length}");
            }
        }
        let bomb = vec![0; MAX_BLOCK + 1];
        for (packing, bytes) in packed(&bomb).into_iter().skip(1) {
            let told = unpacker.unpack(packing, &bytes).unwrap_err();
            assert_eq!(told, format!("its {} data are corrupt", packing.name()));
        }
    }

    #[test]
    fn a_block_that_is_cut_or_has_more_behind_it_is_corrupt() {
        let mut unpacker = Unpacker::default();
        let text: Vec<u8> = (0..=255).cycle().take(5000).collect();
        for (packing, bytes) in packed(&text).into_iter().skip(1) {
            for end in 0..bytes.len() {
                let unpacked = unpacker.unpack(packing, &bytes[..end]);
                // A raw block of LZ4 has no end mark: it is shorter then.
                assert!(unpacked.is_err() || packing == Packing::Lz4 && unpacked.is_ok_and(|u| u.len() < text.len()));
            }
            if packing != Packing::Lz4 {
                assert!(unpacker.unpack(packing, &[&bytes[..], b"x"].concat()).is_err(), "{packing:?}");
            }
        }
    }
}
