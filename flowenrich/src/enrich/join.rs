//! `join`: columns of a table, as that of an inventory, found by address, network or any other value.
//!
//! The table is read once and each cell rendered once; a line costs one look-up a field. Invariant: the most specific row
//! counts, of equal ones the first. Bound: the table, at most [`MAX_LIST`] bytes of cells.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::limit::MAX_LIST;
use crate::places::{Added, Places};
use crate::record::{Record, key_text};
use crate::table::Table;
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::record::FieldId;
use flow_record::record::field::{Kind, known};
use flow_record::scan::walk::unquoted;
use flow_record::value::text::{snippet, write_json};
use std::path::Path;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "join",
        about: "columns of a table by address, network or any value: an inventory",
        explain: "\
Each line gets the cells of the table's row for its address: a row's key is an address, a network (10.0.0.0/8) or a range
(10.0.0.1-10.0.0.9); the most specific counts, of equal ones the first. on= names the fields that are looked up, each for
itself; what is found for src_ip is called src_COLUMN, for dst_ip dst_COLUMN, for other fields COLUMN. Fields that are no
addresses are compared with the key as text. Empty cells add nothing; a column of nothing but numbers becomes numbers.

The key's column is key=, else the one called as the field, or ip, address, network, cidr, subnet, prefix, range or key.
take= says which columns, else all others. A name that the record or another enricher has gets x_ before it. Rows whose
key is no address, where one is needed, and rows with a key that was there before are counted and told.",
        params: &[
            Param::new("file", ParamKind::File, "", "", "the table, CSV with a header; must be given"),
            Param::new("on", ParamKind::Fields, "src_ip+dst_ip", "", "the fields that are looked up"),
            Param::new("key", ParamKind::Text, "", "", "the column with the keys"),
            Param::new("take", ParamKind::Fields, "", "", "the columns that are added"),
            Param::new("prefix", ParamKind::Text, "", "", "what stands before their names, behind src_ and dst_"),
            OVERWRITE,
        ],
        needs: &[],
        columns: &[],
        memory: "the table",
        source: "RFC 4180, RFC 4632",
    },
    build,
};

/// Names of columns with keys, in lower case.
const KEYS: [&str; 11] =
    ["ip", "address", "ip_address", "ip address", "network", "cidr", "subnet", "prefix", "range", "ip_range", "key"];

/// Names of members that say what a line is.
const RESERVED: [&str; 9] = ["kind", "id", "detector", "severity", "score", "value", "threshold", "reason", "evidence"];

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let path = args.file("file").context("join: file=FILE is missing")?;
    join(args, &path).with_context(|| format!("join: {}", path.display()))
}

fn join(args: &Args, path: &Path) -> anyhow::Result<Box<dyn Enrich>> {
    let on = args.list("on");
    let addresses: Vec<_> =
        on.iter().map(|name| FieldId::named(name).filter(|id| id.field().kind == Kind::Address)).collect();
    let mut table = Table::open(path, &[], None)?;
    let key = key_column(args, &table, &on)?;
    let taken = taken(args, &table, key)?;
    let mut rows = Rows::new(taken.len(), addresses.iter().all(Option::is_some));
    while let Some(line) = table.next()? {
        rows.add(line, table.at(key), taken.iter().map(|column| table.at(*column)))?;
    }
    if rows.count == 0 {
        let (line, text) = rows.bad.1.unwrap_or_default();
        match rows.bad.0 {
            0 => bail!("the table has no rows"),
            _ => bail!("not one key is an address, network or range; line {line}: {text:?}"),
        }
    }
    let mut columns = Vec::new();
    let mut renamed = Vec::new();
    for field in &on {
        for column in &taken {
            let plain =
                format!("{}{}{}", side(field), args.text("prefix").unwrap_or_default(), table.header()[*column].trim());
            let clashes = RESERVED.contains(&plain.as_str()) || known().any(|f| f.name == plain);
            let name = if clashes { format!("x_{plain}") } else { plain };
            if columns.contains(&name) {
                bail!("two columns would be {name:?}; take= chooses among them");
            }
            renamed.extend(clashes.then(|| name.clone()));
            columns.push(name);
        }
    }
    let warning = rows.warning(path, &renamed);
    Ok(Box::new(Join {
        keys: columns.iter().map(|column| key_text(column)).collect(),
        columns,
        on,
        addresses,
        taken: taken.len(),
        shared: Arc::new(rows.close()),
        warning,
    }))
}

/// What stands before the names of the columns that a field leads to.
fn side(field: &str) -> &'static str {
    match field.split_once('_') {
        Some(("src", _)) => "src_",
        Some(("dst", _)) => "dst_",
        _ => "",
    }
}

fn key_column(args: &Args, table: &Table, on: &[String]) -> anyhow::Result<usize> {
    let find = |name: &str| table.header().iter().position(|h| h.trim().eq_ignore_ascii_case(name));
    if let Some(name) = args.text("key") {
        return find(name).with_context(|| format!("no column {name:?}. Its columns: {}", table.names()));
    }
    let place = on.iter().map(String::as_str).chain(KEYS).find_map(find);
    place.with_context(|| format!("which column has the keys? key=COLUMN names it. Its columns: {}", table.names()))
}

fn taken(args: &Args, table: &Table, key: usize) -> anyhow::Result<Vec<usize>> {
    let names = args.list("take");
    if names.is_empty() {
        let has_name = |place: &usize| !table.header()[*place].trim().is_empty();
        return Ok((0..table.header().len()).filter(|place| *place != key).filter(has_name).collect());
    }
    let find = |name: &String| {
        let place = table.header().iter().position(|h| h.trim().eq_ignore_ascii_case(name));
        place.with_context(|| format!("no column {name:?}. Its columns: {}", table.names()))
    };
    names.iter().map(find).collect()
}

/// The rows while they are read.
struct Rows {
    places: Places,
    texts: Map<Box<str>, u32>,
    /// Only addresses are looked up.
    needs_addresses: bool,
    /// All cells, one after the other, and where each ends.
    cells: String,
    ends: Vec<u32>,
    /// Of each column whether all its cells are numbers.
    numeric: Vec<bool>,
    count: u32,
    /// Rows with a key that is none, and line and text of the first.
    bad: (u64, Option<(u64, String)>),
    /// Rows with a key that was there before.
    repeated: u64,
}

impl Rows {
    fn new(columns: usize, needs_addresses: bool) -> Rows {
        Rows {
            places: Places::default(),
            texts: Map::default(),
            needs_addresses,
            cells: String::new(),
            ends: Vec::new(),
            numeric: vec![true; columns],
            count: 0,
            bad: (0, None),
            repeated: 0,
        }
    }

    fn add<'c>(&mut self, line: u64, key: &str, cells: impl Iterator<Item = &'c str>) -> anyhow::Result<()> {
        let found = match (key, self.places.add(key, self.count)) {
            ("", _) => Added::Nothing,
            (_, Added::Nothing) if !self.needs_addresses => match self.texts.contains_key(key) {
                true => Added::Known,
                false => {
                    self.texts.insert(key.into(), self.count);
                    Added::New
                }
            },
            (_, added) => added,
        };
        match found {
            Added::Nothing => {
                self.bad.0 += 1;
                self.bad.1.get_or_insert_with(|| (line, snippet(key.as_bytes(), 40)));
                return Ok(());
            }
            Added::Known => {
                self.repeated += 1;
                return Ok(());
            }
            Added::New => {}
        }
        for (cell, is_numeric) in cells.zip(&mut self.numeric) {
            *is_numeric &= cell.is_empty() || is_number(cell);
            self.cells.push_str(cell);
            self.ends.push(self.cells.len() as u32);
        }
        self.count += 1;
        if self.cells.len() as u64 > MAX_LIST {
            bail!("its cells have more than {MAX_LIST} bytes");
        }
        Ok(())
    }

    fn warning(&self, path: &Path, renamed: &[String]) -> Option<String> {
        let mut said = Vec::new();
        if let (count, Some((line, text))) = &self.bad {
            said.push(format!("rows whose key cannot be looked up: {count}, the first is line {line}: {text:?}"));
        }
        if self.repeated > 0 {
            said.push(format!("rows with a key that was there before: {}", self.repeated));
        }
        if !renamed.is_empty() {
            said.push(format!("names that have a meaning already are written as {}", renamed.join(", ")));
        }
        (!said.is_empty()).then(|| format!("join: {}: {}", path.display(), said.join("; ")))
    }

    /// Renders all cells.
    fn close(mut self) -> Shared {
        self.places.close();
        let mut values = Vec::with_capacity(self.cells.len() + 2 * self.ends.len());
        let mut start = 0;
        let columns = self.numeric.len().max(1);
        for (at, end) in self.ends.iter_mut().enumerate() {
            let cell = &self.cells[start..*end as usize];
            start = *end as usize;
            match cell {
                "" => {}
                _ if self.numeric[at % columns] => values.extend_from_slice(cell.as_bytes()),
                _ => write_json(cell, &mut values),
            }
            *end = values.len() as u32;
        }
        Shared { places: self.places, texts: self.texts, values, ends: self.ends }
    }
}

/// Whether a text is a number of JSON.
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// What all threads read.
struct Shared {
    places: Places,
    texts: Map<Box<str>, u32>,
    /// The cells as JSON, one after the other; an empty one is nothing.
    values: Vec<u8>,
    /// Where each cell ends, row by row.
    ends: Vec<u32>,
}

#[derive(Clone)]
struct Join {
    on: Vec<String>,
    /// Those of `on` that are addresses of the record.
    addresses: Vec<Option<FieldId>>,
    columns: Vec<String>,
    keys: Vec<Vec<u8>>,
    /// Columns that are taken.
    taken: usize,
    shared: Arc<Shared>,
    warning: Option<String>,
}

impl Join {
    /// The row for a field; `None` where the line lacks the field, `Some(None)` where the table lacks the value.
    fn row(&self, at: usize, record: &Record<'_, '_>) -> Option<Option<u32>> {
        if let Some(id) = self.addresses[at] {
            return Some(self.shared.places.at(record.flow().address(id)?));
        }
        let text = unquoted_or_plain(record.value(at)?);
        let by_text = self.shared.texts.get(&*text).copied();
        let by_address = || flow_record::value::Address::parse(&text).and_then(|a| self.shared.places.at(a));
        Some(by_text.or_else(by_address))
    }
}

fn unquoted_or_plain(value: &str) -> std::borrow::Cow<'_, str> {
    if value.starts_with('"') { unquoted(value) } else { value.into() }
}

impl Enrich for Join {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let mut any = false;
        for at in 0..self.on.len() {
            let Some(row) = self.row(at, record) else { continue };
            any = true;
            let Some(row) = row else { continue };
            for taken in 0..self.taken {
                let (cell, column) = (row as usize * self.taken + taken, at * self.taken + taken);
                let start = cell.checked_sub(1).map_or(0, |before| self.shared.ends[before]);
                let value = &self.shared.values[start as usize..self.shared.ends[cell] as usize];
                if !value.is_empty() {
                    record.put_keyed(column, &self.keys[column], value);
                }
            }
        }
        Outcome::of(any)
    }

    fn columns(&self) -> Option<Vec<String>> {
        Some(self.columns.clone())
    }

    fn reads(&self) -> Vec<String> {
        self.on.clone()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Join { warning: None, ..self.clone() })
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }
}

#[cfg(test)]
mod tests;
