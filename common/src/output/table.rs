//! NDJSON lines as tables for people: one table for each item and kind of line, in the order in which they appear.
//!
//! Columns stand two blanks apart under a row of dashes, without drawn borders, so that a screen reader and `awk`
//! can follow. Counts have their thousands set apart by commas, fractions have at most three decimals; numbers that
//! are names (ports, systems, flags) are left alone. Nothing is wrapped, and nothing below [`MAX_CELL`] abbreviated but
//! what a terminal has no room for (`columns`).
//!
//! Bounds: [`MAX_ROWS`] rows a table, [`MAX_COLUMNS`] columns a table, [`MAX_TABLES`] tables and [`MAX_TEXT`] bytes
//! of text in all; what is beyond is counted and told.

use std::borrow::Cow;
use std::collections::HashMap;

use comfy_table::{Cell as Shown, CellAlignment, ColumnConstraint, Table as Layout, Width, presets::NOTHING};

use super::cells::{Cell, Members};
use super::columns::{Column, GAP, Plan, is_shown};
use super::never;
use crate::people::count;
use crate::value::text::printable;

/// Rows that one table keeps.
pub const MAX_ROWS: usize = 100_000;

/// Columns that one table keeps.
pub const MAX_COLUMNS: usize = 1_024;

/// Kinds of line that get a table.
pub const MAX_TABLES: usize = 256;

/// Bytes of text kept for all tables together.
pub const MAX_TEXT: usize = 64 << 20;

/// Characters of a cell that are shown.
pub const MAX_CELL: usize = 256;

/// Cells laid out at a time: the layout takes many times the memory of the text.
const CHUNK: usize = 20_000;

/// Stands between the cells of a kept row. Cells cannot hold it: it is a control character.
const SEPARATOR: char = '\t';

/// Endings of names whose integers are identifiers, not amounts.
const IDENTIFIERS: [&str; 11] =
    ["port", "_as", "asn", "_if", "vlan", "protocol", "flags", "icmp_type", "icmp_code", "tos", "year"];

/// Collects lines and lays them out at the end.
pub struct Tables {
    /// The columns that were asked for; those that people look at if empty.
    fields: Vec<String>,
    /// Columns of the terminal, if it is one.
    width: Option<usize>,
    /// Columns that are left out after others.
    added: Vec<&'static str>,
    tables: Vec<Table>,
    by_kind: HashMap<String, usize>,
    text: usize,
    /// Lines of kinds beyond [`MAX_TABLES`], or that are no objects.
    without_table: u64,
}

struct Table {
    kind: String,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    /// Cells with [`SEPARATOR`] between them. A row may be shorter than the columns found later.
    rows: Vec<Box<str>>,
    /// Rows that were not kept.
    more: u64,
    /// Cells of columns that were not kept.
    dropped: u64,
}

impl Tables {
    /// Tables with these columns; if there are none, with those that appear and that people look at, as many as fit
    /// `width`, those of `added` rather than others.
    pub fn new(fields: Vec<String>, width: Option<usize>, added: Vec<&'static str>) -> Self {
        Tables { fields, width, added, tables: Vec::new(), by_kind: HashMap::new(), text: 0, without_table: 0 }
    }

    /// What follows goes into tables of its own, also where there is one for its kind.
    pub fn begin_item(&mut self) {
        self.by_kind.clear();
    }

    /// Takes a line, with or without its newline; answers whether a table holds it.
    pub fn line(&mut self, line: &[u8]) -> bool {
        let Some(members) = Members::of(line) else {
            self.without_table += u64::from(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err());
            return false;
        };
        let kind = members.kind();
        let index = match self.by_kind.get(&*kind) {
            Some(index) => *index,
            None if self.tables.len() == MAX_TABLES => {
                self.without_table += 1;
                return false;
            }
            None => {
                self.by_kind.insert(kind.clone().into_owned(), self.tables.len());
                self.tables.push(Table::new(kind.into_owned(), &self.fields));
                self.tables.len() - 1
            }
        };
        let full = self.text > MAX_TEXT;
        let size = self.tables[index].add(&members, self.fields.is_empty(), full);
        self.text += size.unwrap_or(0);
        size.is_some()
    }

    /// Appends all tables to `out`.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        for (index, table) in std::mem::take(&mut self.tables).into_iter().enumerate() {
            if index > 0 {
                out.push(b'\n');
            }
            let plan = self.plan(&table);
            table.write(&plan, out);
        }
    }

    /// What is shown of a table.
    fn plan(&self, table: &Table) -> Plan {
        if self.fields.is_empty() {
            Plan::of(&table.kind, &table.columns, self.width, &self.added)
        } else {
            Plan::all(&table.columns)
        }
    }

    /// What the tables do not show, a sentence each.
    pub fn left_out(&self) -> Vec<String> {
        let mut told = Vec::new();
        for table in &self.tables {
            let Table { kind, columns, more, dropped, rows, .. } = table;
            let plan = self.plan(table);
            if !plan.left_out.is_empty() {
                let names: Vec<_> = plan.left_out.iter().map(|at| columns[*at].name.as_str()).collect();
                let columns = count(names.len() as u64, "columns");
                let do_not = if names.len() == 1 { "does" } else { "do" };
                let names = names.join(", ");
                told.push(format!("table {kind}: {columns} {do_not} not fit: {names}; --fields says which to show"));
            }
            if *more > 0 {
                told.push(format!("table {kind}: {} after the first {}", count(*more, "more rows"), rows.len()));
            }
            if *dropped > 0 {
                let values = count(*dropped, "values");
                told.push(format!("table {kind}: {values} in columns after the first {MAX_COLUMNS}"));
            }
        }
        if self.without_table > 0 {
            let lines = count(self.without_table, "lines");
            told.push(format!("{lines} in no table: at most {MAX_TABLES} kinds are shown"));
        }
        if !self.tables.is_empty() {
            let met = |i: usize| self.tables.iter().any(|table| table.columns.get(i).is_some_and(|c| c.met));
            told.extend(self.fields.iter().enumerate().filter(|(i, _)| !met(*i)).map(|(_, name)| never(name)));
        }
        told
    }
}

impl Table {
    fn new(kind: String, fields: &[String]) -> Self {
        let mut table =
            Table { kind, columns: Vec::new(), by_name: HashMap::new(), rows: Vec::new(), more: 0, dropped: 0 };
        for field in fields {
            table.add_column(field);
        }
        table
    }

    fn add_column(&mut self, name: &str) -> usize {
        self.by_name.insert(name.to_owned(), self.columns.len());
        let width = cut(printable(name)).chars().count();
        self.columns.push(Column { name: name.to_owned(), numeric: true, met: false, width });
        self.columns.len() - 1
    }

    /// Keeps a row and gives the bytes it takes; `None` where there is no room. `open` says that columns may be added.
    fn add(&mut self, members: &Members<'_>, open: bool, full: bool) -> Option<usize> {
        if full || self.rows.len() == MAX_ROWS {
            self.more += 1;
            return None;
        }
        let mut cells: Vec<Cow<'_, str>> = vec![Cow::Borrowed(""); self.columns.len()];
        // A line of nothing but hidden members is shown whole.
        let hides = open && members.cells(false).any(|(name, _)| is_shown(&self.kind, name));
        for (name, cell) in members.cells(!open) {
            if hides && !is_shown(&self.kind, name) {
                continue;
            }
            let at = match self.by_name.get(name) {
                Some(at) => *at,
                None if !open => continue,
                None if self.columns.len() == MAX_COLUMNS => {
                    self.dropped += 1;
                    continue;
                }
                None => {
                    cells.push(Cow::Borrowed(""));
                    self.add_column(name)
                }
            };
            let column = &mut self.columns[at];
            column.met = true;
            column.numeric &= matches!(cell, Cell::Number(_) | Cell::Empty);
            cells[at] = shown(name, cell);
            column.width = column.width.max(cells[at].chars().count());
        }
        let row = cells.join(&SEPARATOR.to_string()).into_boxed_str();
        let size = row.len();
        self.rows.push(row);
        Some(size)
    }

    fn write(self, plan: &Plan, out: &mut Vec<u8>) {
        out.extend_from_slice(printable(&self.kind).as_bytes());
        out.push(b'\n');
        let names: Vec<String> =
            plan.shown.iter().map(|at| cut(printable(&self.columns[*at].name)).into_owned()).collect();
        let mut widths = vec![0u16; names.len()];
        let mut widen = |layout: Layout| {
            for (width, content) in widths.iter_mut().zip(layout.column_max_content_widths()) {
                *width = content.max(*width);
            }
        };
        let borrowed = |row: &[String]| row.iter().map(|cell| Cow::Owned(cell.clone())).collect();
        widen(self.layout(plan, std::iter::once(borrowed(&names))));
        let chunk = (CHUNK / names.len().max(1)).max(1);
        for rows in self.rows.chunks(chunk) {
            widen(self.layout(plan, rows.iter().map(|row| shown_cells(row, plan))));
        }
        let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(usize::from(*width))).collect();
        let head = [borrowed(&names), borrowed(&dashes)];
        write_layout(self.layout(plan, head.into_iter()), &widths, out);
        for rows in self.rows.chunks(chunk) {
            write_layout(self.layout(plan, rows.iter().map(|row| shown_cells(row, plan))), &widths, out);
        }
    }

    fn layout<'a>(&self, plan: &Plan, rows: impl Iterator<Item = Vec<Cow<'a, str>>>) -> Layout {
        let mut layout = Layout::new();
        layout.load_style(NOTHING);
        for row in rows {
            let aligned = row.into_iter().zip(&plan.shown).map(|(cell, at)| {
                let right = self.columns[*at].numeric;
                let alignment = if right { CellAlignment::Right } else { CellAlignment::Left };
                Shown::new(cell).set_alignment(alignment)
            });
            layout.add_row(aligned);
        }
        layout
    }
}

/// The cells of a kept row that are shown.
fn shown_cells<'a>(row: &'a str, plan: &Plan) -> Vec<Cow<'a, str>> {
    let cells: Vec<&str> = row.split(SEPARATOR).collect();
    let cell = |at: &usize| {
        let text = Cow::Borrowed(cells.get(*at).copied().unwrap_or(""));
        match plan.cut {
            Some((cut, width)) if cut == *at => cut_to(text, width),
            _ => text,
        }
    };
    plan.shown.iter().map(cell).collect()
}

fn write_layout(mut layout: Layout, widths: &[u16], out: &mut Vec<u8>) {
    // The width of a column has its padding in it.
    for (column, width) in layout.column_iter_mut().zip(widths) {
        column.set_padding((0, GAP as u16));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width.saturating_add(GAP as u16))));
    }
    for line in layout.lines() {
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
    }
}

/// A cell as text.
fn shown<'a>(name: &str, cell: Cell<'a>) -> Cow<'a, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Number(digits) if IDENTIFIERS.iter().any(|ending| name.ends_with(ending)) => Cow::Borrowed(digits),
        Cell::Number(digits) => number(digits),
        Cell::Text(text) | Cell::Nested(text) => cut(text),
    }
}

/// At most [`MAX_CELL`] characters of `text`.
fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_CELL) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => text,
    }
}

/// At most `width` characters of `text`, of which the last are dots where there are more.
fn cut_to(text: Cow<'_, str>, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return text;
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    Cow::Owned(format!("{}...", kept.trim_end()))
}

/// A JSON number with commas and at most three decimals; very small and very large ones with an exponent.
fn number(digits: &str) -> Cow<'_, str> {
    if digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return cut(grouped(digits));
    }
    let Ok(value) = digits.parse::<f64>() else { return cut(Cow::Borrowed(digits)) };
    if value != 0.0 && !(0.0005..1e15).contains(&value.abs()) {
        return Cow::Owned(format!("{value:.2e}"));
    }
    let rounded = format!("{value:.3}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    let (whole, decimals) = short.split_at(short.find('.').unwrap_or(short.len()));
    Cow::Owned(format!("{}{decimals}", grouped(whole)))
}

/// Digits with a comma before every third from the right.
fn grouped(digits: &str) -> Cow<'_, str> {
    let (sign, digits_only) = digits.split_at(usize::from(digits.starts_with('-')));
    if digits_only.len() <= 3 {
        return Cow::Borrowed(digits);
    }
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    text.push_str(sign);
    for (at, digit) in digits_only.chars().enumerate() {
        if at > 0 && (digits_only.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    Cow::Owned(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
