//! The values of one column of a file, batch by batch.

use super::footer::Footer;
use super::meaning::Meaning;
use super::pages::{Held, Pages};
use super::storage::Storage;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use std::sync::Arc;

/// Values of one type.
#[derive(Debug)]
enum Batch {
    Truth(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'v> {
    Truth(bool),
    Integer(i64),
    Number(f64),
    Bytes(&'v [u8]),
}

/// A column of a row group that is read row by row.
pub(crate) struct Cells {
    reader: ColumnReader,
    /// The level of a value that is there.
    full: i16,
    pub(crate) meaning: Meaning,
    /// Its number in the file.
    pub(crate) column: usize,
    levels: Vec<i16>,
    batch: Batch,
    /// The next row of the batch, and the next value.
    row: usize,
    value: usize,
}

impl Cells {
    /// A column without lists, whose values have a meaning.
    ///
    /// # Errors
    /// The file has not what its footer says.
    pub(crate) fn new(
        storage: &Arc<Storage>,
        footer: &Footer,
        group: usize,
        column: usize,
        held: &Held,
    ) -> Result<Cells, String> {
        let (chunk, packing) = footer.chunk(group, column, storage)?;
        let number = column;
        let column = footer.columns.get(column).ok_or("no such column")?;
        let described = column.described().map_err(|e| e.to_string())?;
        let (full, meaning) = (described.max_def_level(), column.meaning);
        let pages = Pages::new(storage.clone(), column, &chunk, packing, held.clone());
        let reader = get_column_reader(described, Box::new(pages));
        let batch = match &reader {
            ColumnReader::BoolColumnReader(_) => Batch::Truth(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Batch::Int32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Batch::Int64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Batch::Int96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Batch::Float(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Batch::Double(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) => Batch::Bytes(Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => Batch::Fixed(Vec::new()),
        };
        Ok(Cells { reader, full, meaning, column: number, levels: Vec::new(), batch, row: 0, value: 0 })
    }

    /// Reads the next so many rows.
    ///
    /// # Errors
    /// What is wrong with the file; fewer rows than that.
    pub(crate) fn fill(&mut self, rows: usize) -> Result<()> {
        (self.row, self.value) = (0, 0);
        let levels = &mut self.levels;
        levels.clear();
        match (&mut self.reader, &mut self.batch) {
            (ColumnReader::BoolColumnReader(r), Batch::Truth(v)) => read(r, rows, levels, v),
            (ColumnReader::Int32ColumnReader(r), Batch::Int32(v)) => read(r, rows, levels, v),
            (ColumnReader::Int64ColumnReader(r), Batch::Int64(v)) => read(r, rows, levels, v),
            (ColumnReader::Int96ColumnReader(r), Batch::Int96(v)) => read(r, rows, levels, v),
            (ColumnReader::FloatColumnReader(r), Batch::Float(v)) => read(r, rows, levels, v),
            (ColumnReader::DoubleColumnReader(r), Batch::Double(v)) => read(r, rows, levels, v),
            (ColumnReader::ByteArrayColumnReader(r), Batch::Bytes(v)) => read(r, rows, levels, v),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Batch::Fixed(v)) => read(r, rows, levels, v),
            _ => Ok(()),
        }
    }

    /// The value of the next row, if it has one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Value<'_>> {
        let is_there = self.has(self.row);
        self.row += 1;
        self.value += usize::from(is_there);
        if is_there { self.at(self.value - 1) } else { None }
    }

    /// The value that [`Cells::next`] gave last.
    pub(crate) fn last(&self) -> Option<Value<'_>> {
        let (row, value) = (self.row.checked_sub(1)?, self.value.checked_sub(1)?);
        if self.has(row) { self.at(value) } else { None }
    }

    #[inline]
    fn has(&self, row: usize) -> bool {
        self.full == 0 || self.levels.get(row) == Some(&self.full)
    }

    #[inline]
    fn at(&self, at: usize) -> Option<Value<'_>> {
        match &self.batch {
            Batch::Truth(v) => v.get(at).map(|v| Value::Truth(*v)),
            Batch::Int32(v) if self.meaning == Meaning::Unsigned => {
                v.get(at).map(|v| Value::Integer(v.cast_unsigned().into()))
            }
            Batch::Int32(v) => v.get(at).map(|v| Value::Integer((*v).into())),
            Batch::Int64(v) => v.get(at).map(|v| Value::Integer(*v)),
            Batch::Int96(v) => v.get(at).map(|v| Value::Integer(nanos(v))),
            Batch::Float(v) => v.get(at).map(|v| Value::Number((*v).into())),
            Batch::Double(v) => v.get(at).map(|v| Value::Number(*v)),
            Batch::Bytes(v) => v.get(at).map(|v| Value::Bytes(v.data())),
            Batch::Fixed(v) => v.get(at).map(|v| Value::Bytes(v.data())),
        }
    }
}

/// 1970-01-01 as a Julian day, from noon to noon, as those times have it.
const EPOCH: i128 = 2_440_588;

/// Nanoseconds since 1970 of a time of twelve bytes: those of the day, then the day. One that is out of range is one that
/// no time can have.
fn nanos(time: &Int96) -> i64 {
    let [low, high, day] = <[u32; 3]>::try_from(time.data()).unwrap_or_default();
    let of_day = (u64::from(high) << 32 | u64::from(low)).cast_signed();
    let nanos = (i128::from(day) - EPOCH) * 86_400_000_000_000 + i128::from(of_day);
    i64::try_from(nanos).unwrap_or(i64::MIN)
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    levels: &mut Vec<i16>,
    values: &mut Vec<T::T>,
) -> Result<()> {
    values.clear();
    let mut have = 0;
    while have < rows {
        let (records, ..) = reader.read_records(rows - have, Some(levels), None, values)?;
        if records == 0 {
            return Err(ParquetError::General("fewer rows than its row group".into()));
        }
        have += records;
    }
    Ok(())
}
