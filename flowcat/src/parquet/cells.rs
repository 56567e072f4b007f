//! The values of one column of a file, batch by batch, and how each reads as text.

use flow_record::value::Time;
use flow_record::value::number::write_float;
use flow_record::value::time::date_text;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;
use std::io::Write;

/// What the numbers of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// What they are.
    Plain,
    /// A point in time, in parts of a second of so many decimals; of UTC, or of a clock.
    Time { decimals: u8, is_utc: bool },
    /// Days since 1970-01-01.
    Date,
    /// Parts of a second since midnight.
    Clock { decimals: u8 },
    /// A whole number without a sign.
    Unsigned,
    /// A number in parts of ten to the power of so many.
    Decimal(u8),
    /// Nothing that has a text here.
    Other,
}

impl Meaning {
    /// What the schema says of a column.
    pub(crate) fn of(column: &ColumnDescriptor) -> Meaning {
        let decimals = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 3,
            TimeUnit::MICROS => 6,
            TimeUnit::NANOS => 9,
        };
        let is_bytes = matches!(column.physical_type(), Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY);
        match (column.logical_type_ref(), column.converted_type(), column.physical_type()) {
            (Some(LogicalType::Timestamp(t)), ..) => {
                Meaning::Time { decimals: decimals(&t.unit), is_utc: t.is_adjusted_to_u_t_c }
            }
            (None, ConvertedType::TIMESTAMP_MILLIS, _) => Meaning::Time { decimals: 3, is_utc: true },
            (None, ConvertedType::TIMESTAMP_MICROS, _) => Meaning::Time { decimals: 6, is_utc: true },
            (_, _, Physical::INT96) => Meaning::Time { decimals: 9, is_utc: true },
            (Some(LogicalType::Time(t)), ..) => Meaning::Clock { decimals: decimals(&t.unit) },
            (None, ConvertedType::TIME_MILLIS, _) => Meaning::Clock { decimals: 3 },
            (None, ConvertedType::TIME_MICROS, _) => Meaning::Clock { decimals: 6 },
            (Some(LogicalType::Date), ..) | (None, ConvertedType::DATE, _) => Meaning::Date,
            (Some(LogicalType::Decimal(_)), ..) | (None, ConvertedType::DECIMAL, _) if is_bytes => Meaning::Other,
            (Some(LogicalType::Decimal(d)), ..) => u8::try_from(d.scale).map_or(Meaning::Other, Meaning::Decimal),
            (Some(LogicalType::Integer(i)), ..) if !i.is_signed => Meaning::Unsigned,
            (
                None,
                ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64,
                _,
            ) => Meaning::Unsigned,
            (_, _, Physical::FIXED_LEN_BYTE_ARRAY) => Meaning::Other,
            _ => Meaning::Plain,
        }
    }
}

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

/// A column that is read row by row.
pub(crate) struct Cells {
    reader: ColumnReader,
    /// The level of a value that is there.
    full: i16,
    pub(crate) meaning: Meaning,
    levels: Vec<i16>,
    batch: Batch,
    /// The next row of the batch, and the next value.
    row: usize,
    value: usize,
}

impl Cells {
    /// A column without lists.
    pub(crate) fn new(reader: ColumnReader, column: &ColumnDescriptor) -> Cells {
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
        let (full, meaning) = (column.max_def_level(), Meaning::of(column));
        Cells { reader, full, meaning, levels: Vec::new(), batch, row: 0, value: 0 }
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
                v.get(at).map(|v| Value::Integer((*v as u32).into()))
            }
            Batch::Int32(v) => v.get(at).map(|v| Value::Integer((*v).into())),
            Batch::Int64(v) => v.get(at).map(|v| Value::Integer(*v)),
            Batch::Int96(v) => v.get(at).map(|v| Value::Integer(v.to_nanos())),
            Batch::Float(v) => v.get(at).map(|v| Value::Number((*v).into())),
            Batch::Double(v) => v.get(at).map(|v| Value::Number(*v)),
            Batch::Bytes(v) => v.get(at).map(|v| Value::Bytes(v.data())),
            Batch::Fixed(v) => v.get(at).map(|v| Value::Bytes(v.data())),
        }
    }
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
            return Err(ParquetError::General("a column has fewer rows than its row group".into()));
        }
        have += records;
    }
    Ok(())
}

/// Appends a value as text; whether it has one.
pub(crate) fn write_text(value: Value<'_>, meaning: Meaning, out: &mut Vec<u8>) -> bool {
    match (value, meaning) {
        (_, Meaning::Other) => return false,
        (Value::Integer(parts), Meaning::Time { decimals, is_utc }) => {
            let nanos = i128::from(parts) * i128::from(10u32.pow(9 - u32::from(decimals)));
            let Some(time) = Time::from_nanos(nanos) else {
                // So that it is rejected, and not passed over.
                return write!(out, "{parts} parts of {decimals} decimals").is_ok();
            };
            let text = time.to_text(decimals);
            out.extend_from_slice(if is_utc { text.as_bytes() } else { text.trim_end_matches('Z').as_bytes() });
        }
        (Value::Integer(days), Meaning::Date) => {
            out.extend_from_slice(&date_text(days.clamp(-100_000_000, 100_000_000)));
            out.extend_from_slice(b" 00:00:00");
        }
        (Value::Integer(parts), Meaning::Clock { decimals }) => {
            let second = 10i64.pow(u32::from(decimals));
            let (seconds, parts) = (parts.div_euclid(second), parts.rem_euclid(second));
            let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
            let width = usize::from(decimals);
            return write!(out, "{hour:02}:{minute:02}:{:02}.{parts:0width$}", seconds % 60).is_ok();
        }
        (Value::Integer(value), Meaning::Decimal(places)) => {
            write_float(value as f64 / 10f64.powi(places.into()), out);
        }
        (Value::Integer(value), Meaning::Unsigned) => return write!(out, "{}", value as u64).is_ok(),
        (Value::Integer(value), _) => return write!(out, "{value}").is_ok(),
        (Value::Number(value), _) if !value.is_finite() => return false,
        (Value::Number(value), _) => write_float(value, out),
        (Value::Truth(value), _) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        (Value::Bytes(text), _) => out.extend_from_slice(text),
    }
    true
}

/// Appends a value as JSON; whether it has one. Bytes that are no UTF-8 are shown as a lossy text.
pub(crate) fn write_json(value: Value<'_>, meaning: Meaning, out: &mut Vec<u8>) -> bool {
    let is_number = matches!(
        (value, meaning),
        (Value::Integer(_) | Value::Number(_), Meaning::Plain | Meaning::Unsigned | Meaning::Decimal(_))
    );
    if is_number || matches!(value, Value::Truth(_)) {
        return write_text(value, meaning, out);
    }
    if let (Value::Bytes(text), Meaning::Plain) = (value, meaning) {
        flow_record::value::text::write_json(&String::from_utf8_lossy(text), out);
        return true;
    }
    let mut text = Vec::new();
    let has_text = write_text(value, meaning, &mut text);
    if has_text {
        flow_record::value::text::write_json(&String::from_utf8_lossy(&text), out);
    }
    has_text
}
