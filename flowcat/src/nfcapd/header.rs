//! The header of a file, of layout 1 (`nffile.h` of nfdump 1.6: a header of 140 bytes and a summary of 136) or layout 2
//! (`nffileV2.h`: 40 bytes, the summary in blocks of its own at the end).

use super::bytes::{u8_at, u16_at, u32_at};

/// The longest header; a shorter one may be a whole file of its layout.
pub(crate) const HEADER: usize = HEADER_1;

const HEADER_1: usize = 140 + 136;
const HEADER_2: usize = 40;

/// The first two bytes.
const MAGIC: u16 = 0xa50c;

/// How the blocks of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    /// LZO1X.
    Lzo,
    Bzip2,
    /// Raw blocks of LZ4.
    Lz4,
    Zstd,
}

impl Packing {
    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Packing::None => "no",
            Packing::Lzo => "LZO",
            Packing::Bzip2 => "bzip2",
            Packing::Lz4 => "LZ4",
            Packing::Zstd => "zstd",
        }
    }
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the header, before the first block.
    pub(crate) length: usize,
    pub(crate) packing: Packing,
    /// Blocks that follow, those at the end with the summary among them; `None` where its writer has not closed the file.
    pub(crate) blocks: Option<u64>,
    /// A closed file has at least one block.
    pub(crate) is_never_empty: bool,
}

impl Header {
    /// Whether these bytes begin a header.
    pub(crate) fn begins(bytes: &[u8]) -> bool {
        bytes.len() >= 4 && u16_at(bytes, 0) == MAGIC && matches!(u16_at(bytes, 2), 1..=3)
    }

    /// Reads the header at the start of `bytes`, of which there are [`HEADER`] unless the file is shorter.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub(crate) fn read(bytes: &[u8]) -> Result<Header, String> {
        if bytes.len() < 4 || u16_at(bytes, 0) != MAGIC {
            return Err("no nfcapd file: it does not begin with 0C A5".into());
        }
        let truncated = || format!("truncated at byte {}, in its header", bytes.len());
        match u16_at(bytes, 2) {
            1 => layout_1(bytes.get(..HEADER_1).ok_or_else(truncated)?),
            2 => layout_2(bytes.get(..HEADER_2).ok_or_else(truncated)?),
            3 => Err("layout 3, of nfdump 1.8, is not read; nfdump -r FILE -o csv-fast | flowcat is".into()),
            other => Err(format!("no layout of nfcapd files is {other}")),
        }
    }
}

fn layout_1(bytes: &[u8]) -> Result<Header, String> {
    let flags = u32_at(bytes, 4);
    let packing = match flags & 0x19 {
        0 => Packing::None,
        0x01 => Packing::Lzo,
        0x08 => Packing::Bzip2,
        0x10 => Packing::Lz4,
        _ => return Err(format!("corrupt header: flags {flags:#x} name more than one compression")),
    };
    let blocks = Some(u64::from(u32_at(bytes, 8))).filter(|blocks| *blocks > 0);
    Ok(Header { length: HEADER_1, packing, blocks, is_never_empty: false })
}

fn layout_2(bytes: &[u8]) -> Result<Header, String> {
    let packing = match u8_at(bytes, 16) {
        0 => Packing::None,
        1 => Packing::Lzo,
        2 => Packing::Bzip2,
        3 => Packing::Lz4,
        4 => Packing::Zstd,
        other => return Err(format!("its compression is {other}, which is not known")),
    };
    if u8_at(bytes, 17) != 0 {
        return Err("it is encrypted".into());
    }
    let (blocks, appendix) = (u64::from(u32_at(bytes, 36)), u64::from(u16_at(bytes, 18)));
    let blocks = Some(blocks + appendix).filter(|_| appendix > 0);
    Ok(Header { length: HEADER_2, packing, blocks, is_never_empty: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(packing: u8, encryption: u8, appendix: u8, blocks: u8) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_2];
        bytes[..4].copy_from_slice(b"\x0c\xa5\x02\x00");
        (bytes[16], bytes[17], bytes[18], bytes[36]) = (packing, encryption, appendix, blocks);
        bytes
    }

    #[test]
    fn a_header_says_how_its_blocks_are_packed_and_how_many_there_are() {
        let mut first = vec![0; HEADER_1];
        first[..4].copy_from_slice(b"\x0c\xa5\x01\x00");
        let open = Header { length: HEADER_1, packing: Packing::None, blocks: None, is_never_empty: false };
        assert_eq!(Header::read(&first), Ok(open));
        for (flags, packing) in [(2, Packing::None), (1, Packing::Lzo), (0x0a, Packing::Bzip2), (0x10, Packing::Lz4)] {
            (first[4], first[8]) = (flags, 7);
            assert_eq!(Header::read(&first), Ok(Header { packing, blocks: Some(7), ..open }));
        }
        let packings = [Packing::None, Packing::Lzo, Packing::Bzip2, Packing::Lz4, Packing::Zstd];
        for (number, packing) in packings.into_iter().enumerate() {
            let header = Header { length: HEADER_2, packing, blocks: Some(8), is_never_empty: true };
            assert_eq!(Header::read(&second(number as u8, 0, 1, 7)), Ok(header));
        }
        assert_eq!(Header::read(&second(0, 0, 0, 0)).map(|header| header.blocks), Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut both = vec![0; HEADER_1];
        both[..5].copy_from_slice(b"\x0c\xa5\x01\x00\x09");
        for (bytes, why) in [
            (second(5, 0, 1, 1), "its compression is 5"),
            (second(0, 1, 1, 1), "encrypted"),
            (second(0, 0, 1, 1)[..39].to_vec(), "truncated at byte 39"),
            (b"\x0c\xa5\x01\x00".to_vec(), "truncated at byte 4"),
            (b"\x0c\xa5\x03\x00".to_vec(), "layout 3"),
            (b"\x0c\xa5\x04\x00".to_vec(), "no layout of nfcapd files is 4"),
            (b"\x0c\xa5".to_vec(), "no nfcapd file"),
            (both, "more than one compression"),
        ] {
            assert!(Header::read(&bytes).is_err_and(|told| told.contains(why)), "{why}");
        }
    }
}
