//! Flows into row groups, and those into files.

use super::column::{Column, Texts, Values};
use super::digits::Digits;
use super::member::Members;
use super::schema::ROW;
use super::seal::{self, SEAL};
use super::summed::Summed;
use super::{GROUP_BYTES, GROUP_ROWS, JSON_COLUMNS, VERSION, unit};
use bytes::Bytes;
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId, Kind};
use flow_record::scan::Clean;
use flow_record::scan::walk::Walk;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, ZstdLevel};
use parquet::column::writer::get_column_writer;
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};

/// Level of zstd: the next ones are slower by half and save a twentieth.
const LEVEL: i32 = 1;

/// Columns whose values seldom come again: a dictionary of them would be thrown away.
const SELDOM_TWICE: [FieldId; 2] = [field::TIMESTAMP, field::DURATION];

/// Writes flows as Parquet into memory, from where the bytes are taken.
pub(crate) struct Writer {
    /// Columns of the record, by field; those that were not asked for are empty.
    record: Vec<Option<Column>>,
    members: Members,
    /// Rows of the open row group.
    rows: usize,
    file: Option<SerializedFileWriter<Vec<u8>>>,
    schema: Option<TypePtr>,
    /// Names of the columns whose texts are JSON, as a JSON array.
    json: String,
    /// The order of the columns that were asked for: those of the record by field, others by number.
    order: Option<Vec<Slot>>,
    digits: Digits,
    /// Members of a flow that was not a line before.
    line: String,
}

/// A column by where it is kept.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Record(usize),
    Member(usize),
}

impl Writer {
    /// For files with these columns, or all. `keep` gives members that are nobody's columns of their own.
    pub(crate) fn new(chosen: &[String], keep: bool) -> Writer {
        let chosen = (!chosen.is_empty()).then_some(chosen);
        let is_wanted = |id: FieldId| chosen.is_none_or(|names| names.iter().any(|name| name == id.name()));
        let record = FieldId::all().map(|id| is_wanted(id).then(|| Column::new(values(id)))).collect();
        let mut others = 0;
        let order = chosen.map(|names| {
            let slot = |name: &String| match FieldId::named(name) {
                Some(id) => Slot::Record(id.0.into()),
                None => {
                    others += 1;
                    Slot::Member(others - 1)
                }
            };
            names.iter().map(slot).collect()
        });
        Writer {
            record,
            members: Members::new(chosen, keep),
            rows: 0,
            file: None,
            schema: None,
            json: String::new(),
            order,
            digits: Digits::default(),
            line: String::new(),
        }
    }

    /// Takes a flow and the line that it stands in.
    ///
    /// # Errors
    /// Those of the writer of Parquet.
    pub(crate) fn line(&mut self, flow: &Flow, line: &str) -> Result<()> {
        self.flow(flow);
        // Where there is a comma less than fields, there is nothing else, and no need to walk.
        if memchr::memchr_iter(b',', line.as_bytes()).count() >= flow.present().count() {
            self.others(line);
        }
        self.end_row()
    }

    /// Takes a flow and further members, each as `,"name":value`.
    ///
    /// # Errors
    /// Those of the writer of Parquet.
    pub(crate) fn fields(&mut self, flow: &Flow, members: &[u8]) -> Result<()> {
        self.flow(flow);
        if let Some(members) = members.get(1..).and_then(|m| std::str::from_utf8(m).ok()) {
            let mut line = std::mem::take(&mut self.line);
            line.clear();
            line.extend(["{", members, "}"]);
            self.others(&line);
            self.line = line;
        }
        self.end_row()
    }

    #[inline]
    fn flow(&mut self, flow: &Flow) {
        let row = self.rows;
        for id in flow.present() {
            let Some(Some(column)) = self.record.get_mut(usize::from(id.0)) else { continue };
            match id.field().kind {
                Kind::Time => {
                    let Some(time) = flow.time() else { continue };
                    self.digits.take(flow.time_digits(), self.schema.is_some());
                    column.integer(row, time.nanos());
                }
                Kind::Seconds => column.number(row, flow.duration().unwrap_or_default() as f64 / 1e9),
                Kind::Address => column.text(row, |out| flow.address(id).into_iter().for_each(|a| a.write(out))),
                Kind::Integer(_) => column.integer(row, flow.integer(id).unwrap_or_default() as i64),
                _ => column.text(row, |out| out.extend_from_slice(flow.text(id).unwrap_or_default().as_bytes())),
            }
        }
    }

    /// Takes what is no field of the record out of a line.
    fn others(&mut self, line: &str) {
        let Ok(clean) = Clean::line(line.as_bytes()) else { return };
        let mut walk = Walk::new(clean);
        while let Ok(Some(member)) = walk.member() {
            let name = member.key.trim_matches('"');
            if FieldId::named(name).is_none() {
                self.members.take(self.rows, member.key, member.value);
            }
        }
        self.members.end_row(self.rows);
    }

    fn end_row(&mut self) -> Result<()> {
        self.rows += 1;
        let is_full = || {
            let texts = self.record.iter().flatten().map(Column::text_bytes).sum::<usize>();
            self.members.is_full() || texts >= GROUP_BYTES
        };
        // To add up is not worth it each time.
        if self.rows == GROUP_ROWS || self.rows.is_multiple_of(1024) && is_full() {
            self.end_group()?;
        }
        Ok(())
    }

    /// Writes the row group.
    fn end_group(&mut self) -> Result<()> {
        let schema = match &self.schema {
            Some(schema) => schema.clone(),
            None => self.fix()?,
        };
        let (_, nanos) = unit(self.digits.most);
        if let Some(Some(times)) = self.record.first_mut() {
            times.each_integer(|time| {
                self.digits.cut += u64::from(time.rem_euclid(nanos) != 0);
                *time = time.div_euclid(nanos);
            });
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(SerializedFileWriter::new(Vec::new(), schema, properties(&self.json)?.into())?),
        };
        if self.rows == 0 {
            return Ok(());
        }
        let (schema, properties) = (file.schema_descr().columns().to_vec(), file.properties().clone());
        let mut schema = schema.into_iter();
        let mut group = file.next_row_group()?;
        let mut members: Vec<_> = self.members.columns().collect();
        let mut write = |column: &mut Column| {
            let Some(described) = schema.next() else { return Ok(()) };
            let mut bytes = Vec::new();
            let mut out = get_column_writer(described, properties.clone(), Box::new(Summed(&mut bytes)));
            column.write(self.rows, &mut out)?;
            let done = out.close()?;
            group.append_column(&Bytes::from(bytes), done)
        };
        match &self.order {
            None => self.record.iter_mut().flatten().chain(members).try_for_each(write)?,
            Some(order) => {
                for slot in order {
                    let column = match *slot {
                        Slot::Record(at) => self.record.get_mut(at).and_then(Option::as_mut),
                        Slot::Member(at) => members.get_mut(at).map(|column| &mut **column),
                    };
                    column.map_or(Ok(()), &mut write)?;
                }
            }
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Fixes the columns of all files.
    fn fix(&mut self) -> Result<TypePtr> {
        let (unit, _) = unit(self.digits.most);
        let time = |id: FieldId| (id == field::TIMESTAMP).then(|| LogicalType::timestamp(true, unit));
        let record: Vec<_> = FieldId::all()
            .zip(&self.record)
            .map(|(id, column)| column.as_ref().map(|c| c.schema(id.name(), time(id))).transpose())
            .collect::<Result<_>>()?;
        let (mut members, mut json) = (Vec::new(), Vec::new());
        for (name, column, is_json) in self.members.fix() {
            members.push(column.schema(&name, None)?);
            if is_json {
                json.push(if json.is_empty() { b'[' } else { b',' });
                flow_record::value::text::write_json(&name, &mut json);
            }
        }
        json.extend_from_slice(if json.is_empty() { b"[]" } else { b"]" });
        self.json = String::from_utf8_lossy(&json).into_owned();
        let columns = match &self.order {
            None => record.into_iter().flatten().chain(members).collect(),
            Some(order) => order
                .iter()
                .filter_map(|slot| match *slot {
                    Slot::Record(at) => record.get(at).cloned().flatten(),
                    Slot::Member(at) => members.get(at).cloned(),
                })
                .collect(),
        };
        let group = Type::group_type_builder(ROW).with_repetition(Repetition::REQUIRED).with_fields(columns);
        let schema = TypePtr::new(group.build()?);
        self.schema = Some(schema.clone());
        Ok(schema)
    }

    /// The bytes that were made since this was last asked.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.file.as_mut().map(|file| std::mem::take(file.inner_mut())).unwrap_or_default()
    }

    /// Whether there are bytes to take.
    #[inline]
    pub(crate) fn has_bytes(&self) -> bool {
        self.file.as_ref().is_some_and(|file| !file.inner().is_empty())
    }

    /// Completes the file; answers its last bytes. The next flow begins another.
    ///
    /// # Errors
    /// Those of the writer of Parquet.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>> {
        if self.rows > 0 || self.file.is_none() {
            self.end_group()?;
        }
        match self.file.take() {
            Some(mut file) => {
                let texts = [env!("CARGO_PKG_VERSION"), &self.json];
                let seal = seal::of_written(&file, self.digits.most.max(3), texts)?;
                file.append_key_value_metadata(KeyValue::new(SEAL.to_owned(), seal));
                file.into_inner()
            }
            None => Ok(Vec::new()),
        }
    }

    /// What the files do not hold, a sentence each.
    pub(crate) fn left_out(&self) -> Vec<String> {
        self.digits.left_out()
    }
}

/// An empty column for a field.
fn values(id: FieldId) -> Values {
    match id.field().kind {
        Kind::Time => Values::Int64(Vec::new()),
        Kind::Seconds => Values::Double(Vec::new()),
        Kind::Integer(most) if most <= i32::MAX as u64 => Values::Int32(Vec::new()),
        Kind::Integer(_) => Values::Int64(Vec::new()),
        _ => Values::Text(Texts::default()),
    }
}

fn properties(json: &str) -> Result<WriterProperties> {
    let version = env!("CARGO_PKG_VERSION");
    let known = [(VERSION, version), (JSON_COLUMNS, json)];
    let known = known.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned()));
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("flowcat {version}"))
        .set_key_value_metadata(Some(known.into()))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?));
    for id in SELDOM_TWICE {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(id.name()), false);
    }
    let times = ColumnPath::from(field::TIMESTAMP.name());
    Ok(builder.set_column_encoding(times, Encoding::DELTA_BINARY_PACKED).build())
}
