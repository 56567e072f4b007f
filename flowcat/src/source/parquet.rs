//! Parquet files: what flowcat wrote, field by field, and tables of other programs, by the names of their columns.
//!
//! Invariant: a file of flowcat gives the lines again that it was made of. Bound: the batches of one row group's columns,
//! [`BATCH`] rows of each, and the pages that hold them; a file that cannot be sought in is held as a whole, at most
//! [`MOST_HELD`] bytes of it.

use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Source, Takes};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::parquet::cells::{Cells, Meaning, write_json, write_text};
use crate::parquet::guard::guarded;
use crate::parquet::own::Own;
use crate::row::{ANY, Cell, Form, Maker, NOWHERE, Plan};
use bytes::Bytes;
use flow_record::input::Input;
use flow_record::item::Spec;
use flow_record::record::field::RECORD;
use flow_record::value::text::snippet;
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use std::io::Read;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(Parquet { settings: settings.clone(), fates: Vec::new() }),
    takes: Takes::Whole,
    told_by: "its first bytes, PAR1",
    lost: "columns that are no field of the record and lists; of files that flowcat wrote, nothing",
};

const SPEC: Spec = Spec {
    name: "parquet",
    about: "Apache Parquet: what flowcat writes, and tables of other programs",
    explain: "
A file that flowcat wrote gives its lines again, added members included. Columns of other files are taken by name, as in
csv, by the table of aliases or by --map. Times that the schema calls UTC are, others are of the zone that --tz names;
dates, times of day, numbers of any width and decimals of up to 18 digits in integers are read as what the schema says
they are; lists, bytes of fixed length and wider decimals are not, which is told of columns with a known name. Members of a structure
are columns named outer.inner. Names of columns, not their order, count.",
    columns: RECORD,
    memory: "one page of each column that is used; a file that comes through a pipe or packed as a whole, at most 1 GiB",
    source: "Apache Parquet format 2",
    ..SPEC_OF_ROWS
};

/// Rows that are read of each column at a time.
const BATCH: usize = 4096;

/// The most that is held of a file that cannot be sought in.
const MOST_HELD: u64 = 1 << 30;

fn probe(head: &[u8]) -> Probe {
    match head {
        [b'P', b'A', b'R', b'1', ..] => Probe::Yes,
        _ if b"PAR1".starts_with(head) => Probe::Maybe,
        _ => Probe::No,
    }
}

struct Parquet {
    settings: Settings,
    fates: Vec<Fate>,
}

/// What makes flows of rows.
enum Lane {
    Own(Box<Own>),
    Foreign(Box<Foreign>),
}

/// The columns of another program's file.
struct Foreign {
    plan: Plan,
    /// Numbers of the plan's columns that are read, in the order of the cells.
    wanted: Vec<usize>,
    maker: Maker,
    text: Vec<u8>,
}

impl Source for Parquet {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let Some(input) = feed.whole() else { return Ok(()) };
        let file = open(input)?;
        let metadata = file.metadata().file_metadata();
        let columns = metadata.schema_descr().columns();
        let (mut lane, read) = match Own::of(metadata) {
            Some(own) => (Lane::Own(Box::new(own)), (0..columns.len()).collect()),
            None => {
                let flat: Vec<usize> = (0..columns.len()).filter(|i| is_flat(&columns[*i])).collect();
                let names = flat.iter().map(|i| columns[*i].path().parts().join(".")).collect();
                let plan = self.settings.plan(names, &ANY)?;
                plan.doubts().for_each(|doubt| flows.warn("columns that mean the same", &doubt));
                for column in columns.iter().filter(|column| !is_flat(column)) {
                    if let Some(used) = ANY.column(column.name(), &self.settings.mapping) {
                        let name = snippet(column.path().string().as_bytes(), 40);
                        let text =
                            format!("{name} is of a type that is not read, so there is no {} of it", used.cell.name());
                        flows.warn("columns that cannot be read", &text);
                    }
                }
                let is_bare = |column: &&ColumnDescPtr| self.is_bare_duration(column);
                if let Some(column) = columns.iter().find(is_bare) {
                    let name = snippet(column.name().as_bytes(), 40);
                    let text = "is of whole numbers without a unit and taken as seconds; if it is a timedelta:";
                    flows.warn("durations without a unit", &format!("{name} {text} --map duration={name}:ns, or :us"));
                }
                let wanted = plan.wanted().to_vec();
                let read: Vec<usize> = wanted.iter().map(|i| flat[*i]).collect();
                let maker = self.settings.maker(&ANY);
                (Lane::Foreign(Box::new(Foreign { plan, wanted, maker, text: Vec::new() })), read)
            }
        };
        let mut number = 0;
        for group in 0..file.num_row_groups() {
            let done = guarded(|| file.get_row_group(group));
            let done = done.and_then(|group| rows(&*group, &read, &mut lane, &mut number, flows));
            if let Err(why) = done {
                flows.fail_input(&format!("corrupt after row {number}: {why}"));
                break;
            }
            if flows.is_over() || flows.is_stopped() {
                break;
            }
        }
        self.fates = match lane {
            Lane::Own(_) => vec![("every column".into(), Some("itself".into()))],
            Lane::Foreign(foreign) => {
                let lists = columns.iter().filter(|column| !is_flat(column));
                let lists = lists.map(|column| (column.path().parts().join("."), None));
                foreign.plan.explained().into_iter().chain(lists).collect()
            }
        };
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        self.fates.clone()
    }
}

impl Parquet {
    /// Whether a column is of durations whose unit the schema does not say: that of a timedelta stands in a schema of
    /// Arrow's own, which is not read.
    fn is_bare_duration(&self, column: &ColumnDescriptor) -> bool {
        let used = ANY.column(column.name(), &self.settings.mapping);
        used.is_some_and(|used| used.cell == Cell::Duration && used.form == Form::Plain)
            && column.physical_type() == Physical::INT64
            && Meaning::of(column) == Meaning::Plain
    }
}

/// Opens a file, to seek in it or held as a whole.
fn open(mut input: Input) -> Result<Box<dyn FileReader>, String> {
    // Says that there is no end of it to find the columns by, too.
    let broken = |e: String| format!("no whole Parquet file: {}", e.trim_start_matches("Parquet error: "));
    if let Some(file) = input.seekable() {
        return Ok(Box::new(guarded(|| SerializedFileReader::new(file)).map_err(broken)?));
    }
    let mut bytes = Vec::new();
    input.by_ref().take(MOST_HELD + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MOST_HELD {
        return Err("a Parquet file of more than 1 GiB is read from a file that is not packed, not from a pipe".into());
    }
    Ok(Box::new(guarded(|| SerializedFileReader::new(Bytes::from(bytes))).map_err(broken)?))
}

/// Whether a column has at most one value a row that can be read.
fn is_flat(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() == 0 && Meaning::of(column) != Meaning::Other
}

/// Reads one row group; `number` counts the rows of the file.
fn rows(
    group: &dyn RowGroupReader,
    read: &[usize],
    lane: &mut Lane,
    number: &mut u64,
    flows: &mut Flows<'_>,
) -> Result<(), String> {
    let schema = group.metadata().schema_descr();
    let cells = |i: &usize| group.get_column_reader(*i).map(|reader| Cells::new(reader, &schema.column(*i)));
    let mut cells: Vec<Cells> = guarded(|| read.iter().map(cells).collect::<Result<_, _>>())?;
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    while left > 0 && !flows.is_over() && !flows.is_stopped() {
        flows.pause();
        let count = left.min(BATCH);
        guarded(|| cells.iter_mut().try_for_each(|c| c.fill(count)))?;
        for _ in 0..count {
            *number += 1;
            flows.line = *number;
            match lane {
                Lane::Own(own) => own.row(*number, &mut cells, flows),
                Lane::Foreign(foreign) => foreign.row(*number, &mut cells, flows),
            }
            if flows.is_over() {
                return Ok(());
            }
        }
        left -= count;
    }
    Ok(())
}

impl Foreign {
    fn row(&mut self, number: u64, cells: &mut [Cells], flows: &mut Flows<'_>) {
        self.maker.begin();
        for (column, cells) in self.wanted.iter().zip(&mut *cells) {
            self.text.clear();
            let meaning = cells.meaning;
            if cells.next().is_some_and(|value| write_text(value, meaning, &mut self.text)) {
                self.maker.take(&self.plan, *column, &self.text, NOWHERE);
            }
        }
        let (plan, wanted) = (&self.plan, &self.wanted);
        self.maker.finish_of(number, || as_json(plan, wanted, cells), flows);
    }
}

/// The row that was read last as JSON, of the columns that are read.
#[cold]
fn as_json(plan: &Plan, wanted: &[usize], cells: &[Cells]) -> Vec<u8> {
    let mut out = Vec::new();
    for (column, cells) in wanted.iter().zip(cells) {
        let Some(value) = cells.last() else { continue };
        out.push(if out.is_empty() { b'{' } else { b',' });
        flow_record::value::text::write_json(&plan.columns[*column], &mut out);
        out.push(b':');
        if !write_json(value, cells.meaning, &mut out) {
            out.extend_from_slice(b"null");
        }
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests;
