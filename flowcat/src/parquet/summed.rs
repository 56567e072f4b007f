//! Writes pages with the CRC-32 of their bytes in their headers, which the `parquet` crate leaves out: a byte that is
//! changed later is told by every reader that looks at it.

use super::header::{Body, Header, Second};
use flate2::Crc;
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::errors::{ParquetError, Result};

/// Appends the pages of a column.
pub(super) struct Summed<'o>(pub(super) &'o mut Vec<u8>);

/// A size as headers have it.
fn size(bytes: usize) -> Result<i32> {
    i32::try_from(bytes).map_err(|_| ParquetError::General(format!("a page of {bytes} bytes")))
}

impl PageWriter for Summed<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let mut sum = Crc::new();
        sum.update(page.data());
        let (unpacked, packed) = (size(page.uncompressed_size())?, size(page.compressed_size())?);
        let header = Header { unpacked, packed, sum: Some(sum.sum()), body: body(page.compressed_page())? }.written();
        let offset = self.0.len() as u64;
        self.0.extend_from_slice(&header);
        self.0.extend_from_slice(page.data());
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size() + header.len(),
            compressed_size: page.compressed_size() + header.len(),
            num_values: page.num_values(),
            offset,
            bytes_written: self.0.len() as u64 - offset,
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What the header says of a page, without statistics, which the footer has.
fn body(page: &Page) -> Result<Body> {
    let number = |number: u32| size(number as usize);
    Ok(match page {
        Page::DataPage { num_values, encoding, def_level_encoding, rep_level_encoding, .. } => Body::Data {
            values: number(*num_values)?,
            encoding: *encoding as i32,
            definition: *def_level_encoding as i32,
            repetition: *rep_level_encoding as i32,
        },
        Page::DictionaryPage { num_values, encoding, is_sorted, .. } => {
            Body::Dictionary { values: number(*num_values)?, encoding: *encoding as i32, is_sorted: *is_sorted }
        }
        Page::DataPageV2 {
            num_values,
            num_nulls,
            num_rows,
            encoding,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            ..
        } => Body::Second(Second {
            values: number(*num_values)?,
            nulls: number(*num_nulls)?,
            rows: number(*num_rows)?,
            encoding: *encoding as i32,
            definition: number(*def_levels_byte_len)?,
            repetition: number(*rep_levels_byte_len)?,
            is_packed: *is_compressed,
        }),
    })
}
