//! Parquet files: what flowcat wrote, field by field, and tables of other programs, by the names of their columns.
//!
//! Invariant: a file of flowcat gives the lines again that it was made of. Bound: the batches of one row group's columns,
//! [`BATCH`] rows of each, and the pages that hold them; a file that cannot be sought in is held as a whole, at most
//! [`MOST_HELD`] bytes of it.

use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Source, Takes};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::parquet::cells::Cells;
use crate::parquet::footer::Footer;
use crate::parquet::guard::guarded;
use crate::parquet::limit::MOST_HELD;
use crate::parquet::meaning::Meaning;
use crate::parquet::own::{Own, is_readable};
use crate::parquet::pages::Held;
use crate::parquet::schema::Column;
use crate::parquet::scribe::Scribe;
use crate::parquet::storage::Storage;
use crate::row::{ANY, Cell, Form, Maker, NOWHERE, Plan};
use flow_record::input::Input;
use flow_record::item::Spec;
use flow_record::record::field::RECORD;
use flow_record::value::text::snippet;
use parquet::basic::Type as Physical;
use std::io::Read;
use std::sync::Arc;

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
dates, times of day, numbers of any width and decimals are read as what the schema says they are, and 4 or 16 bytes in a
column of addresses as an address; lists, other bytes of fixed length and intervals are not, which is told of columns with a known name.
Members of a structure are columns named outer.inner. Names of columns, not their order, count. A page whose checksum is wrong is
told of, and so is what is beyond a limit: 4096 columns, a footer of 64 MiB, a page of 64 MiB.",
    columns: RECORD,
    memory: "a page of each column that is used, at most 64 MiB each and 1 GiB together; a file that comes through a pipe or packed \
             as a whole, at most 1 GiB",
    source: "Apache Parquet format 2",
    ..SPEC_OF_ROWS
};

/// Rows that are read of each column at a time.
const BATCH: usize = 4096;

/// What 4 or 16 bytes are an address for.
const ADDRESSES: [Cell; 4] = [Cell::SrcIp, Cell::DstIp, Cell::Exporter, Cell::NextHop];

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
    scribe: Scribe,
    text: Vec<u8>,
}

/// An open file.
struct Table {
    storage: Arc<Storage>,
    footer: Footer,
    /// The columns that are read.
    read: Vec<usize>,
    /// The row that was read last, from 1.
    number: u64,
}

impl Source for Parquet {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let Some(input) = feed.whole() else { return Ok(()) };
        let storage = Arc::new(open(input)?);
        let footer = Footer::read(&storage).map_err(|e| format!("no whole Parquet file: {e}"))?;
        // Where columns are mapped, names no longer say it all.
        let own = if self.settings.mapping.is_empty() { Own::of(&footer) } else { None };
        let (mut lane, read) = match own {
            Some(own) => {
                let read = (0..footer.columns.len()).filter(|i| is_readable(footer.columns[*i].meaning)).collect();
                (Lane::Own(Box::new(own)), read)
            }
            None => self.foreign(&footer, flows)?,
        };
        let mut table = Table { storage, footer, read, number: 0 };
        for column in table.footer.columns.iter().filter(|column| !self.is_read(column, &lane)) {
            self.tell_of_unread(column, &lane, flows);
        }
        for group in 0..table.footer.groups.len() {
            if let Err(why) = table.rows(group, &mut lane, flows) {
                flows.fail_input(&format!("corrupt after row {}: row group {}, {why}", table.number, group + 1));
                break;
            }
            if flows.is_over() || flows.is_stopped() {
                break;
            }
        }
        self.fates = match &lane {
            Lane::Own(_) => vec![("every column".into(), Some("itself".into()))],
            Lane::Foreign(foreign) => {
                let unread = table.footer.columns.iter().filter(|column| !self.is_read(column, &lane));
                foreign.plan.explained().into_iter().chain(unread.map(|column| (column.path.clone(), None))).collect()
            }
        };
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        self.fates.clone()
    }
}

impl Parquet {
    /// What makes flows of the columns of another program's file, and which of them it reads.
    fn foreign(&self, footer: &Footer, flows: &mut Flows<'_>) -> Result<(Lane, Vec<usize>), String> {
        let columns = &footer.columns;
        let flat: Vec<usize> = (0..columns.len()).filter(|i| self.is_flat(&columns[*i])).collect();
        let plan = self.settings.plan(flat.iter().map(|i| columns[*i].path.clone()).collect(), &ANY)?;
        plan.doubts().for_each(|doubt| flows.warn("columns that mean the same", &doubt));
        if let Some(column) = columns.iter().find(|column| self.is_bare_duration(column)) {
            let name = snippet(column.name().as_bytes(), 40);
            let text = "is of whole numbers without a unit and taken as seconds; if it is a timedelta:";
            flows.warn("durations without a unit", &format!("{name} {text} --map duration={name}:ns, or :us"));
        }
        let wanted = plan.wanted().to_vec();
        let read = wanted.iter().map(|i| flat[*i]).collect();
        let (maker, scribe) = (self.settings.maker(&ANY), Scribe::default());
        Ok((Lane::Foreign(Box::new(Foreign { plan, wanted, maker, scribe, text: Vec::new() })), read))
    }

    /// Whether a column has at most one value a row that can be read.
    fn is_flat(&self, column: &Column) -> bool {
        let is_readable = match column.meaning {
            Meaning::Other => false,
            Meaning::Address => {
                let used = ANY.column(&column.path, &self.settings.mapping);
                used.is_some_and(|used| ADDRESSES.contains(&used.cell))
            }
            _ => true,
        };
        is_readable && !column.is_list
    }

    fn is_read(&self, column: &Column, lane: &Lane) -> bool {
        match lane {
            Lane::Own(_) => is_readable(column.meaning),
            Lane::Foreign(_) => self.is_flat(column),
        }
    }

    /// Tells of a column that would be used if it could be read.
    fn tell_of_unread(&self, column: &Column, lane: &Lane, flows: &mut Flows<'_>) {
        let name = snippet(column.path.as_bytes(), 40);
        let text = match (lane, ANY.column(column.name(), &self.settings.mapping)) {
            (Lane::Own(_), _) => format!("{name} is of a type that is not read, so there is no member of it"),
            (_, Some(used)) => {
                format!("{name} is of a type that is not read, so there is no {} of it", used.cell.name())
            }
            (_, None) => return,
        };
        flows.warn("columns that cannot be read", &text);
    }

    /// Whether a column is of durations whose unit the schema does not say: that of a timedelta stands in a schema of
    /// Arrow's own, which is not read.
    fn is_bare_duration(&self, column: &Column) -> bool {
        let used = ANY.column(column.name(), &self.settings.mapping);
        used.is_some_and(|used| used.cell == Cell::Duration && used.form == Form::Plain)
            && column.physical == Physical::INT64
            && column.meaning == Meaning::Plain
    }
}

/// Opens a file, to seek in it or held as a whole.
fn open(mut input: Input) -> Result<Storage, String> {
    if let Some(file) = input.seekable() {
        return Storage::file(file).map_err(|e| e.to_string());
    }
    let mut bytes = Vec::new();
    input.by_ref().take(MOST_HELD + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MOST_HELD {
        return Err("a Parquet file of more than 1 GiB is read from a file that is not packed, not from a pipe".into());
    }
    Ok(Storage::held(bytes))
}

impl Table {
    /// Reads one row group.
    fn rows(&mut self, group: usize, lane: &mut Lane, flows: &mut Flows<'_>) -> Result<(), String> {
        let held = Held::default();
        let columns = &self.footer.columns;
        let within =
            |column: usize, why: String| format!("column {}: {why}", snippet(columns[column].path.as_bytes(), 40));
        let cells = |column: &usize| {
            let cells = guarded(|| Cells::new(&self.storage, &self.footer, group, *column, &held));
            cells.map_err(|why| within(*column, why))
        };
        let mut cells: Vec<Cells> = self.read.iter().map(cells).collect::<Result<_, _>>()?;
        let mut left = self.footer.groups[group].rows;
        while left > 0 && !flows.is_over() && !flows.is_stopped() {
            flows.pause();
            let count = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
            for cells in &mut cells {
                guarded(|| cells.fill(count)).map_err(|why| within(cells.column, why))?;
            }
            for _ in 0..count {
                self.number += 1;
                flows.line = self.number;
                match lane {
                    Lane::Own(own) => own.row(self.number, &mut cells, flows),
                    Lane::Foreign(foreign) => foreign.row(self.number, &mut cells, flows),
                }
                if flows.is_over() {
                    return Ok(());
                }
            }
            left -= count as u64;
        }
        Ok(())
    }
}

impl Foreign {
    fn row(&mut self, number: u64, cells: &mut [Cells], flows: &mut Flows<'_>) {
        self.maker.begin();
        for (column, cells) in self.wanted.iter().zip(&mut *cells) {
            self.text.clear();
            let meaning = cells.meaning;
            if cells.next().is_some_and(|value| self.scribe.write_text(value, meaning, &mut self.text)) {
                self.maker.take(&self.plan, *column, &self.text, NOWHERE);
            }
        }
        let (plan, wanted, scribe) = (&self.plan, &self.wanted, &mut self.scribe);
        self.maker.finish_of(number, || as_json(plan, wanted, cells, scribe), flows);
    }
}

/// The row that was read last as JSON, of the columns that are read.
#[cold]
fn as_json(plan: &Plan, wanted: &[usize], cells: &[Cells], scribe: &mut Scribe) -> Vec<u8> {
    let mut out = Vec::new();
    for (column, cells) in wanted.iter().zip(cells) {
        let Some(value) = cells.last() else { continue };
        out.push(if out.is_empty() { b'{' } else { b',' });
        flow_record::value::text::write_json(&plan.columns[*column], &mut out);
        out.push(b':');
        if !scribe.write_json(value, cells.meaning, &mut out) {
            out.extend_from_slice(b"null");
        }
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests;
