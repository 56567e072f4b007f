//! The values of one column of one row group, and in which rows they stand.

use bytes::Bytes;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::{Type, TypePtr};

/// Texts one after the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Puts the text that `write` appends after the others.
    #[inline]
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// The texts in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }

    /// Bytes of all texts.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The texts as the writer of Parquet takes them: parts of one piece of memory.
    fn take(&mut self) -> Vec<ByteArray> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        let part = |end: usize| ByteArray::from(bytes.slice(std::mem::replace(&mut start, end)..end));
        self.ends.drain(..).map(part).collect()
    }
}

/// Values of one type, without those that are absent.
#[derive(Debug)]
pub(super) enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Truth(Vec<bool>),
    Text(Texts),
}

/// Values, and the rows that have one.
#[derive(Debug)]
pub(super) struct Column {
    /// 1 for each row with a value, up to the last of those.
    levels: Vec<i16>,
    values: Values,
}

impl Column {
    pub(super) fn new(values: Values) -> Column {
        Column { levels: Vec::new(), values }
    }

    /// Says that this row has a value; rows come in order.
    #[inline]
    pub(super) fn mark(&mut self, row: usize) {
        self.levels.resize(row, 0);
        self.levels.push(1);
    }

    /// Puts an integer into this row. That it fits its type the field's kind says.
    #[inline]
    pub(super) fn integer(&mut self, row: usize, value: i64) {
        self.mark(row);
        match &mut self.values {
            Values::Int32(values) => values.push(value as i32),
            Values::Int64(values) => values.push(value),
            Values::Double(values) => values.push(value as f64),
            Values::Truth(values) => values.push(value != 0),
            Values::Text(texts) => texts.push(|out| flow_record::value::number::write_float(value as f64, out)),
        }
    }

    /// Puts a number into this row of a column of numbers.
    #[inline]
    pub(super) fn number(&mut self, row: usize, value: f64) {
        if let Values::Double(values) = &mut self.values {
            values.push(value);
            self.mark(row);
        }
    }

    /// Puts the text that `write` appends into this row of a column of texts.
    #[inline]
    pub(super) fn text(&mut self, row: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if let Values::Text(texts) = &mut self.values {
            texts.push(write);
            self.mark(row);
        }
    }

    /// Replaces each of the integers.
    pub(super) fn each_integer(&mut self, change: impl FnMut(&mut i64)) {
        if let Values::Int64(values) = &mut self.values {
            values.iter_mut().for_each(change);
        }
    }

    /// Bytes of its texts.
    pub(super) fn text_bytes(&self) -> usize {
        if let Values::Text(texts) = &self.values { texts.len() } else { 0 }
    }

    /// Its type in the schema.
    pub(super) fn schema(&self, name: &str, logical: Option<LogicalType>) -> Result<TypePtr> {
        let (physical, own) = match &self.values {
            Values::Int32(_) => (Physical::INT32, None),
            Values::Int64(_) => (Physical::INT64, None),
            Values::Double(_) => (Physical::DOUBLE, None),
            Values::Truth(_) => (Physical::BOOLEAN, None),
            Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let builder = Type::primitive_type_builder(name, physical);
        let builder = builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical.or(own));
        builder.build().map(TypePtr::new)
    }

    /// Writes the values of so many rows, and forgets them.
    pub(super) fn write(&mut self, rows: usize, out: &mut ColumnWriter<'_>) -> Result<()> {
        self.levels.resize(rows, 0);
        let levels = Some(self.levels.as_slice());
        match (&mut self.values, out) {
            (Values::Int32(values), ColumnWriter::Int32ColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Int64(values), ColumnWriter::Int64ColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Double(values), ColumnWriter::DoubleColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Truth(values), ColumnWriter::BoolColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Text(texts), ColumnWriter::ByteArrayColumnWriter(out)) => {
                out.write_batch(&texts.take(), levels, None)?;
            }
            _ => return Err(ParquetError::General("a column of another type than its schema".into())),
        }
        self.levels.clear();
        Ok(())
    }
}
