//! The header of a block: how many records, how many bytes, and of what kind.

use super::bytes::{u16_at, u32_at};

/// Bytes of the header.
pub(crate) const BLOCK_HEADER: usize = 12;

/// The largest block that is read, packed and unpacked. nfdump begins a new one after 1 or 2 MiB.
pub(crate) const MAX_BLOCK: usize = 4 << 20;

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Records in it.
    pub(crate) records: u32,
    /// Bytes after the header, as they are stored.
    pub(crate) size: usize,
}

impl Block {
    /// Reads a header.
    ///
    /// # Errors
    /// Why none that nfdump writes is like it.
    pub(crate) fn read(bytes: &[u8; BLOCK_HEADER]) -> Result<Block, String> {
        let (records, size, kind) = (u32_at(bytes, 0), u32_at(bytes, 4), u16_at(bytes, 8));
        if !(1..=MAX_BLOCK as u64).contains(&u64::from(size)) {
            return Err(format!("its size is {size}"));
        }
        match kind {
            2 | 3 if records > 0 => Ok(Block { records, size: size as usize }),
            2 | 3 => Err("it has no records".into()),
            1 => Err("it is of nfdump 1.5, which is not read".into()),
            4 => Err("it is a table of nfdump's own, as those of places and of Tor".into()),
            other => Err(format!("no kind of blocks is {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(records: u32, size: u32, kind: u16) -> [u8; BLOCK_HEADER] {
        let mut bytes = [0; BLOCK_HEADER];
        bytes[..4].copy_from_slice(&records.to_le_bytes());
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        bytes[8..10].copy_from_slice(&kind.to_le_bytes());
        bytes
    }

    #[test]
    fn a_block_is_taken_up_to_the_largest_and_no_further() {
        let most = MAX_BLOCK as u32;
        for (size, is_taken) in [(0, false), (1, true), (most - 1, true), (most, true), (most + 1, false)] {
            assert_eq!(Block::read(&header(1, size, 3)).is_ok(), is_taken, "{size}");
        }
        assert_eq!(Block::read(&header(5, 100, 2)), Ok(Block { records: 5, size: 100 }));
        for (records, kind) in [(1, 0), (1, 1), (1, 4), (1, 5), (0, 2), (0, 3)] {
            assert!(Block::read(&header(records, 100, kind)).is_err(), "{records} {kind}");
        }
    }
}
