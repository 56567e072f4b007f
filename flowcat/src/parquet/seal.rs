//! What flowcat's files say of their own footers: a CRC-32 of all in them that is used. The format has none, and one bit in
//! a footer can make other columns of the same values.
//!
//! It counts where the file says by the name of its row ([`super::schema::ROW`]) that flowcat wrote it, and names no other
//! writer: programs that read a file and write it again may keep the key, and then it is not true of theirs. A bit that
//! takes the key away takes the writer away, too, and never the row, which stands at the other end.

use super::meaning::Meaning;
use flate2::Crc;
use parquet::basic::LogicalType;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;

/// The key under which it stands.
pub(super) const SEAL: &str = "flow-record.seal";

/// Takes in what a footer says, in its order.
#[derive(Default)]
pub(super) struct Seal(Crc);

impl Seal {
    /// A text that flowcat reads back.
    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    /// A column: its name, the number of its type, its levels, what its values stand for.
    pub(super) fn column(&mut self, name: &str, physical: i32, levels: u16, meaning: Meaning) {
        self.text(name);
        let meaning = match meaning {
            Meaning::Plain => 0,
            Meaning::Time { decimals, is_utc } => 16 + 2 * u64::from(decimals) + u64::from(is_utc),
            // flowcat writes no other.
            _ => 1,
        };
        self.number(meaning << 32 | u64::from(levels) << 8 | u64::from(physical.cast_unsigned()));
    }

    /// Rows of a row group, or places, bytes and values of a part of it.
    pub(super) fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    /// What stands under the key; a single bit can make it the name of the writer, so it begins as that does.
    pub(super) fn value(&self) -> String {
        format!("flow {:08x}", self.0.sum())
    }
}

/// The seal of a file whose row groups are all written, and whose times have so many decimals; `texts` are what it says
/// under other keys.
///
/// # Errors
/// The writer of Parquet counts backwards.
pub(super) fn of_written(file: &SerializedFileWriter<Vec<u8>>, decimals: u8, texts: [&str; 2]) -> Result<String> {
    let number = |number: i64| u64::try_from(number).map_err(|e| ParquetError::General(e.to_string()));
    let mut seal = Seal::default();
    for column in file.schema_descr().columns() {
        let meaning = match column.logical_type_ref() {
            Some(LogicalType::Timestamp(_)) => Meaning::Time { decimals, is_utc: true },
            _ => Meaning::Plain,
        };
        let levels = column.max_def_level().cast_unsigned();
        seal.column(column.name(), column.physical_type() as i32, levels, meaning);
    }
    for group in file.flushed_row_groups() {
        seal.number(number(group.num_rows())?);
        for part in group.columns() {
            let start = part.dictionary_page_offset().unwrap_or_else(|| part.data_page_offset());
            for value in [start, part.compressed_size(), part.num_values()] {
                seal.number(number(value)?);
            }
        }
    }
    texts.iter().for_each(|text| seal.text(text));
    Ok(seal.value())
}
