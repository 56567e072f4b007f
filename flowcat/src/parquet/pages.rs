//! The pages of one column of one row group, each checked before anything is made of it.
//!
//! Invariant: what a header says of sizes and numbers is held against what is left of the column and against the limits
//! ([`super::limit`]) before memory is taken by it; a page with a checksum has that checksum. Bound: the page that is
//! used and, until its values are, the one before it.

use super::codec::{Packing, Unpacker};
use super::delta::Plain;
use super::footer::Chunk;
use super::header::{Body, Header, Second};
use super::limit::{MOST_ENTRIES, MOST_PAGE, MOST_PAGES};
use super::schema::Column;
use super::storage::Storage;
use super::window::Window;
use bytes::Bytes;
use flate2::Crc;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of an entry of a dictionary beside the page that it stands in.
const ENTRY: usize = 32;

/// Bytes of the pages that the columns of a row group have open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<AtomicUsize>);

/// Reads pages.
pub(crate) struct Pages {
    window: Window,
    /// Values that are left.
    values: u64,
    unpacker: Unpacker,
    /// Bytes of a value, or of what stands before one of no fixed width; 0 for truths, which have no dictionary.
    width: usize,
    /// Bytes of each value, where that is fixed for texts.
    fixed: Option<usize>,
    /// Bits of a level; 0 where every row has a value.
    level_bits: usize,
    has_dictionary: bool,
    held: Held,
    /// What of these is this column's: its dictionary and its page.
    own: (usize, usize),
}

fn broken(why: impl Into<String>) -> ParquetError {
    ParquetError::General(why.into())
}

/// A size or number that is no negative one.
fn natural(value: i32) -> Result<usize> {
    usize::try_from(value).map_err(|_| broken("a page of a negative size or number"))
}

impl Pages {
    /// The pages of `column` in a row group, where it is `chunk`.
    pub(super) fn new(storage: Arc<Storage>, column: &Column, chunk: &Chunk, packing: Packing, held: Held) -> Pages {
        Pages {
            window: Window::new(storage, chunk.start, chunk.length),
            values: chunk.values,
            unpacker: Unpacker::new(packing),
            width: column.width(),
            fixed: column.length,
            level_bits: (u16::BITS - column.levels.leading_zeros()) as usize,
            has_dictionary: false,
            held,
            own: (0, 0),
        }
    }

    /// The bytes of the next page, as they are in the file, with its header.
    fn next_packed(&mut self) -> Result<(Header, Bytes)> {
        let header = self.window.header()?;
        let (unpacked, packed) = (natural(header.unpacked)?, natural(header.packed)?);
        let most = unpacked.max(packed);
        if most > MOST_PAGE {
            return Err(broken(format!("page of {most} bytes; at most {} MiB", MOST_PAGE >> 20)));
        }
        let left = self.window.left();
        if packed as u64 > left {
            return Err(broken(format!("page of {packed} bytes, where {left} are left of its column")));
        }
        let page = self.window.take(packed)?;
        if let Some(sum) = header.sum {
            let mut own = Crc::new();
            own.update(&page);
            if own.sum() != sum {
                return Err(broken("a page whose checksum is not that of its bytes"));
            }
        }
        Ok((header, page))
    }

    /// Takes note of the bytes that a dictionary or a page needs, before they are made.
    fn hold(&mut self, bytes: usize, is_dictionary: bool) -> Result<()> {
        let own = if is_dictionary { &mut self.own.0 } else { &mut self.own.1 };
        let before = std::mem::replace(own, bytes);
        self.held.0.fetch_sub(before, Ordering::Relaxed);
        let all = self.held.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all > MOST_PAGES {
            return Err(broken(format!("pages of {} MiB side by side; at most {} MiB", all >> 20, MOST_PAGES >> 20)));
        }
        Ok(())
    }

    /// What a page holds; the first `levels` bytes are not packed.
    fn unpack(&mut self, page: Bytes, header: &Header, levels: usize, is_packed: bool) -> Result<Bytes> {
        let size = natural(header.unpacked)?;
        if self.unpacker.is_none() || !is_packed {
            return if page.len() == size {
                Ok(page)
            } else {
                Err(broken(format!("a page of {} bytes, where its header says {size}", page.len())))
            };
        }
        if levels > size || levels > page.len() {
            return Err(broken("levels that are longer than their page"));
        }
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(&page[..levels]);
        self.unpacker.unpack(&page[levels..], size - levels, &mut out).map_err(broken)?;
        Ok(out.into())
    }

    /// Counts the values of a data page; whether it has any.
    fn count(&mut self, values: i32) -> Result<bool> {
        let values = natural(values)? as u64;
        self.values = self.values.checked_sub(values).ok_or_else(|| {
            broken(format!("page of {values} values, where {} are left of its row group", self.values))
        })?;
        Ok(values > 0)
    }

    fn dictionary(
        &mut self,
        header: &Header,
        page: Bytes,
        values: i32,
        encoding: i32,
        is_sorted: bool,
    ) -> Result<Page> {
        let (size, entries) = (natural(header.unpacked)?, natural(values)?);
        if self.has_dictionary {
            return Err(broken("a second dictionary"));
        }
        if entries > MOST_ENTRIES {
            return Err(broken(format!("dictionary of {entries} values; at most {MOST_ENTRIES}")));
        }
        if self.width == 0 || entries.saturating_mul(self.width) > size {
            return Err(broken(format!("dictionary of {entries} values in {size} bytes")));
        }
        self.hold(size + entries * ENTRY, true)?;
        let buf = self.unpack(page, header, 0, true)?;
        self.has_dictionary = true;
        let encoding = encoding_of(encoding)?;
        Ok(Page::DictionaryPage { buf, num_values: entries as u32, encoding, is_sorted })
    }

    /// The encoding of a data page's values, and the page in it: texts whose lengths are packed become plain ones.
    fn values(&mut self, page: Bytes, encoding: i32, values: i32, levels: usize) -> Result<(Bytes, Encoding)> {
        let encoding = encoding_of(encoding)?;
        let shares = encoding == Encoding::DELTA_BYTE_ARRAY;
        match encoding {
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if !self.has_dictionary => {
                Err(broken("a page of a dictionary that is not there"))
            }
            Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                let packed = page.get(levels..).ok_or_else(|| broken("levels that are longer than their page"))?;
                let mut out = page[..levels].to_vec();
                self.hold(MOST_PAGE, false)?;
                let plain = Plain { values: natural(values)?, width: self.fixed, most: MOST_PAGE };
                plain.write(packed, shares, &mut out).map_err(broken)?;
                self.hold(out.len(), false)?;
                Ok((out.into(), Encoding::PLAIN))
            }
            other => Ok((page, other)),
        }
    }

    /// Bytes of the levels at the start of a page of the first version.
    fn levels(&self, page: &[u8], encoding: Encoding, values: i32) -> Result<usize> {
        if self.level_bits == 0 {
            return Ok(0);
        }
        if encoding == Encoding::RLE {
            let length = page.first_chunk().map(|length| u32::from_le_bytes(*length) as usize + 4);
            return length.filter(|l| *l <= page.len()).ok_or_else(|| broken("levels that are longer than their page"));
        }
        Ok((natural(values)? * self.level_bits).div_ceil(8))
    }

    fn second(&mut self, header: &Header, page: Bytes, s: Second) -> Result<Page> {
        let levels = natural(s.definition)? + natural(s.repetition)?;
        if natural(s.nulls)? > natural(s.values)? || levels > natural(header.unpacked)? {
            return Err(broken("a page with more levels or nulls than it has room for"));
        }
        let page = self.unpack(page, header, levels, s.is_packed)?;
        let (buf, encoding) = self.values(page, s.encoding, s.values, levels)?;
        Ok(Page::DataPageV2 {
            buf,
            num_values: natural(s.values)? as u32,
            encoding,
            num_nulls: natural(s.nulls)? as u32,
            num_rows: natural(s.rows)? as u32,
            def_levels_byte_len: natural(s.definition)? as u32,
            rep_levels_byte_len: natural(s.repetition)? as u32,
            is_compressed: false,
            statistics: None,
        })
    }

    /// Reads on to the next page that has values.
    fn page(&mut self) -> Result<Option<Page>> {
        while self.window.left() > 0 {
            let (header, page) = self.next_packed()?;
            if !matches!(header.body, Body::Dictionary { .. }) {
                self.hold(natural(header.unpacked)?, false)?;
            }
            match header.body {
                Body::Index => {}
                Body::Dictionary { values, encoding, is_sorted } => {
                    return self.dictionary(&header, page, values, encoding, is_sorted).map(Some);
                }
                Body::Second(second) => {
                    if self.count(second.values)? {
                        return self.second(&header, page, second).map(Some);
                    }
                }
                Body::Data { values, encoding, definition, repetition } => {
                    if !self.count(values)? {
                        continue;
                    }
                    let (definition, repetition) = (encoding_of(definition)?, encoding_of(repetition)?);
                    let page = self.unpack(page, &header, 0, true)?;
                    let levels = self.levels(&page, definition, values)?;
                    let (buf, encoding) = self.values(page, encoding, values, levels)?;
                    return Ok(Some(Page::DataPage {
                        buf,
                        num_values: natural(values)? as u32,
                        encoding,
                        def_level_encoding: definition,
                        rep_level_encoding: repetition,
                        statistics: None,
                    }));
                }
            }
        }
        Ok(None)
    }
}

/// An encoding by its number in the format.
fn encoding_of(number: i32) -> Result<Encoding> {
    Ok(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        #[expect(deprecated)]
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        10 => Encoding::ALP,
        other => return Err(broken(format!("encoding {other}, which is not known"))),
    })
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.page()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Err(broken("pages are read, not looked at"))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Err(broken("pages are read, not skipped"))
    }
}

#[cfg(test)]
mod tests;
