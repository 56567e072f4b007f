//! NDJSON lines as CSV (RFC 4180, lines end with `\n`) of one kind of line: that of the first.
//!
//! Columns are those asked for, or the members of the first [`LOOK_AHEAD`] lines in order of first appearance; those
//! lines are held back until the columns are known. Where lines are to go on at once, the columns are all that the record
//! (of alerts: all alerts) has, then what else the first line has. Numbers keep their digits; lists and objects are JSON.
//! A text cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-` or `@`, or with a full-width
//! form of one; a JSON number is none) gets a `'` in front (OWASP ASVS 5.0, 1.2.10). Control characters are escaped.
//!
//! Bounds: [`LOOK_AHEAD`] lines or [`LOOK_AHEAD_BYTES`], whichever is reached first; [`MAX_COLUMNS`].

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use csv::{Terminator, WriterBuilder};

use super::cells::{Cell, FLOWS, Members};
use super::never;
use crate::alert;
use crate::people::count;
use crate::record::field::{Field, RECORD};
use crate::value::text::printable;

/// Lines whose members become columns.
pub const LOOK_AHEAD: usize = 10_000;

/// Bytes of lines held back.
pub const LOOK_AHEAD_BYTES: usize = 64 << 20;

/// Columns that are found in the lines; as many as are asked for are written.
pub const MAX_COLUMNS: usize = 1_024;

/// Names of late members that are remembered to be told.
const NAMES_TOLD: usize = 8;

/// What begins a formula. Tab, CR and LF do too, but are escaped by then.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Turns lines into CSV.
pub struct CsvLines {
    columns: Vec<String>,
    by_name: HashMap<String, usize>,
    /// Columns were asked for: other members are left out on purpose.
    chosen: bool,
    /// The first line decides.
    at_once: bool,
    /// The header is written, the columns are fixed.
    begun: bool,
    kind: Option<String>,
    /// Whether a line had the column.
    met: Vec<bool>,
    held: Vec<Box<[u8]>>,
    held_bytes: usize,
    other_kinds: u64,
    unreadable: u64,
    late_values: u64,
    late_names: BTreeSet<String>,
}

impl CsvLines {
    /// CSV with these columns, or with those that the first lines have if there are none; `at_once` says that no line
    /// waits for others.
    pub fn new(fields: Vec<String>, at_once: bool) -> Self {
        let mut lines = CsvLines {
            columns: Vec::new(),
            by_name: HashMap::new(),
            chosen: !fields.is_empty(),
            at_once,
            begun: false,
            kind: None,
            met: Vec::new(),
            held: Vec::new(),
            held_bytes: 0,
            other_kinds: 0,
            unreadable: 0,
            late_values: 0,
            late_names: BTreeSet::new(),
        };
        for field in &fields {
            lines.add_column(field);
        }
        lines
    }

    fn add_column(&mut self, name: &str) {
        self.by_name.insert(name.to_owned(), self.columns.len());
        self.columns.push(name.to_owned());
        self.met.push(false);
    }

    /// Takes a line, with or without its newline, appends what can be written to `out`; answers whether the CSV holds it.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(members) = Members::of(line) else {
            self.unreadable += u64::from(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err());
            return false;
        };
        let kind = members.kind();
        if *self.kind.get_or_insert_with(|| kind.clone().into_owned()) != *kind {
            self.other_kinds += 1;
            return false;
        }
        if self.chosen {
            self.begin(out);
        }
        if self.begun {
            self.row(&members, out);
            return true;
        }
        let known: &[Field] = match &*kind {
            FLOWS if self.at_once => RECORD,
            "alert" if self.at_once => alert::FIELDS,
            _ => &[],
        };
        let known = known.iter().map(|field| field.name).filter(|name| *name != "kind");
        for name in known.chain(members.cells(false).map(|(name, _)| name)) {
            if self.columns.len() < MAX_COLUMNS && !self.by_name.contains_key(name) {
                self.add_column(name);
            }
        }
        if self.at_once {
            self.begin(out);
            self.row(&members, out);
            return true;
        }
        self.held.push(line.into());
        self.held_bytes += line.len();
        if self.held.len() == LOOK_AHEAD || self.held_bytes > LOOK_AHEAD_BYTES {
            self.release(out);
        }
        true
    }

    /// Appends what was held back. With chosen columns there is a header even if there were no lines.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.chosen {
            self.begin(out);
        } else if !self.columns.is_empty() {
            self.release(out);
        }
    }

    /// What the CSV does not hold, a sentence each.
    pub fn left_out(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.other_kinds > 0 {
            let kind = self.kind.as_deref().unwrap_or_default();
            let lines = count(self.other_kinds, "lines");
            told.push(format!("{lines} of other kinds than {kind}: CSV holds one kind"));
        }
        if self.late_values > 0 {
            let names: Vec<&str> = self.late_names.iter().map(String::as_str).collect();
            let more = if names.len() == NAMES_TOLD { ", ..." } else { "" };
            let of = match self.at_once {
                true => "all that are known and those of the first line".into(),
                false => format!("the first {MAX_COLUMNS} members of the first {LOOK_AHEAD} lines"),
            };
            let values = count(self.late_values, "values");
            told.push(format!(
                "{values} without a column ({}{more}): columns are {of}, or those of --fields",
                names.join(", ")
            ));
        }
        if self.chosen && self.kind.is_some() {
            told.extend(self.columns.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(name, _)| never(name)));
        }
        if self.unreadable > 0 {
            let are = if self.unreadable == 1 { "that is" } else { "that are" };
            told.push(format!("{} {are} no JSON", count(self.unreadable, "lines")));
        }
        told
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        for line in std::mem::take(&mut self.held) {
            if let Some(members) = Members::of(&line) {
                self.row(&members, out);
            }
        }
    }

    /// Writes the header, once.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            let names: Vec<_> = self.columns.iter().map(|name| guarded(printable(name))).collect();
            write_record(&names, out);
        }
    }

    fn row(&mut self, members: &Members<'_>, out: &mut Vec<u8>) {
        let mut cells: Vec<Cow<'_, str>> = vec![Cow::Borrowed(""); self.columns.len()];
        let mut next = 0;
        for (name, cell) in members.cells(self.chosen) {
            // Most lines have the order of the columns.
            let column = match self.columns.get(next) {
                Some(column) if column == name => Some(&next),
                _ => self.by_name.get(name),
            };
            match column.copied() {
                Some(at) => {
                    cells[at] = text(cell);
                    self.met[at] = true;
                    next = at + 1;
                }
                None if self.chosen => {}
                None => {
                    self.late_values += 1;
                    if self.late_names.len() < NAMES_TOLD {
                        self.late_names.insert(printable(name).into_owned());
                    }
                }
            }
        }
        write_record(&cells, out);
    }
}

fn write_record(cells: &[Cow<'_, str>], out: &mut Vec<u8>) {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).buffer_capacity(1024).from_writer(out);
    // Writing into memory cannot fail, and every record stands alone, so none has a wrong length.
    let _ = writer.write_record(cells.iter().map(|cell| cell.as_bytes()));
    let _ = writer.flush();
}

fn text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Number(digits) => Cow::Borrowed(digits),
        Cell::Text(text) => guarded(text),
        Cell::Nested(json) => json,
    }
}

/// `text`, with a `'` in front if a spreadsheet would calculate it.
fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(fields: &[&str], lines: &[&str]) -> (String, Vec<String>) {
        let mut csv = CsvLines::new(fields.iter().map(|field| (*field).to_owned()).collect(), false);
        let mut out = Vec::new();
        for line in lines {
            csv.line(line.as_bytes(), &mut out);
        }
        csv.finish(&mut out);
        (String::from_utf8(out).unwrap(), csv.left_out())
    }

    #[test]
    fn columns_are_the_union_and_cells_keep_their_digits() {
        let lines = [r#"{"a":1.50,"b":"x,\"y\""}"#, r#"{"c":[1, {"d":2}],"a":18446744073709551616}"#];
        assert_eq!(made(&[], &lines).0, "a,b,c\n1.50,\"x,\"\"y\"\"\",\n18446744073709551616,,\"[1,{\"\"d\"\":2}]\"\n");
    }

    #[test]
    fn chosen_columns_come_at_once_and_have_a_header_without_lines() {
        assert_eq!(made(&["b", "kind"], &[]).0, "b,kind\n");
        let mut csv = CsvLines::new(vec!["b".into(), "kind".into()], false);
        let mut out = Vec::new();
        csv.line(br#"{"kind":"k","a":1,"b":2}"#, &mut out);
        assert_eq!(out, b"b,kind\n2,k\n");
        assert!(csv.left_out().is_empty());
        assert_eq!(
            made(&["b", "byts"], &[r#"{"b":1}"#, r#"{"b":2}"#]).1,
            ["--fields: no line has \"byts\"; did you mean \"bytes\"?"]
        );
        assert!(made(&["b"], &[]).1.is_empty());
    }

    #[test]
    fn no_lines_and_no_columns_are_no_bytes() {
        assert_eq!(made(&[], &[]), (String::new(), vec![]));
        assert_eq!(made(&[], &["{\"kind\":\"tick\"}"]), (String::new(), vec![]));
    }

    #[test]
    fn other_kinds_are_counted() {
        let (csv, left_out) = made(&[], &[r#"{"a":1}"#, r#"{"kind":"alert","b":1}"#, r#"{"a":2}"#]);
        assert_eq!(csv, "a\n1\n2\n");
        assert_eq!(left_out, ["1 line of other kinds than flows: CSV holds one kind"]);
    }

    #[test]
    fn members_that_come_late_are_counted_and_named() {
        let mut csv = CsvLines::new(vec![], false);
        let mut out = Vec::new();
        for _ in 0..LOOK_AHEAD {
            assert!(out.is_empty());
            csv.line(b"{\"a\":1}", &mut out);
        }
        csv.line(b"{\"a\":1,\"late\":2}", &mut out);
        csv.finish(&mut out);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), LOOK_AHEAD + 2);
        assert_eq!(csv.left_out().len(), 1);
        assert!(csv.left_out()[0].starts_with("1 value without a column") && csv.left_out()[0].contains("(late)"));
    }

    #[test]
    fn where_no_line_may_wait_the_first_one_and_the_record_say_the_columns() {
        let mut csv = CsvLines::new(vec![], true);
        let mut out = Vec::new();
        csv.line(br#"{"mood":"good","bytes":5}"#, &mut out);
        csv.line(br#"{"src_ip":"::1","late":1}"#, &mut out);
        let text = String::from_utf8(out.clone()).unwrap();
        let (head, rows) = text.split_once('\n').unwrap();
        assert!(head.starts_with("timestamp,duration,src_ip,") && head.ends_with(",clock,mood"), "{head}");
        assert_eq!(head.split(',').count(), RECORD.len() + 1);
        assert!(rows.contains(",good\n,,::1,"), "{rows}");
        assert!(csv.left_out()[0].starts_with("1 value without a column (late): columns are all that are known"));
        let mut alerts = CsvLines::new(vec![], true);
        out.clear();
        alerts.line(br#"{"kind":"alert","reason":"r","src_ip":"::1"}"#, &mut out);
        let text = String::from_utf8(out.clone()).unwrap();
        let names: Vec<&str> = alert::FIELDS.iter().map(|f| f.name).filter(|name| *name != "kind").collect();
        let cells = names.iter().map(|name| if *name == "reason" { "r" } else { "" });
        assert_eq!(text, format!("{},src_ip\n{},::1\n", names.join(","), cells.collect::<Vec<_>>().join(",")));
        let mut rows = CsvLines::new(vec![], true);
        out.clear();
        rows.line(br#"{"kind":"hosts","a":1}"#, &mut out);
        assert_eq!(out, b"a\n1\n");
    }

    #[test]
    fn columns_beyond_the_bound_are_counted() {
        let members: Vec<String> = (0..MAX_COLUMNS + 2).map(|at| format!("\"c{at}\":1")).collect();
        let (csv, left_out) = made(&[], &[&format!("{{{}}}", members.join(","))]);
        assert_eq!(csv.lines().last().unwrap().split(',').count(), MAX_COLUMNS);
        assert!(left_out[0].starts_with("2 values without a column (c1024, c1025)"), "{left_out:?}");
    }

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("+cmd", "'+cmd"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("－1", "'－1"),
            ("-inf", "'-inf"),
            ("-5", "'-5"),
            ("+1", "'+1"),
            ("a=b", "a=b"),
            ("\\t=1", "\\u{9}=1"),
            ("\\r=1", "\\u{d}=1"),
            ("\\u0000=1", "\\u{0}=1"),
        ];
        for (value, cell) in cases {
            assert_eq!(made(&[], &[&format!("{{\"a\":\"{value}\"}}")]).0, format!("a\n{cell}\n"));
        }
        for number in ["-5", "-1.5e3", "0"] {
            assert_eq!(made(&[], &[&format!("{{\"=x\":{number}}}")]).0, format!("'=x\n{number}\n"));
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_through_a_csv_reader(texts in prop::collection::vec("[ -~é]{0,12}", 1..5)) {
            let names: Vec<String> = (0..texts.len()).map(|at| format!("c{at}")).collect();
            let line: serde_json::Map<String, serde_json::Value> =
                names.iter().cloned().zip(texts.iter().cloned().map(Into::into)).collect();
            let (csv, _) = made(&[], &[&serde_json::to_string(&line).unwrap()]);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            for (cell, text) in row.iter().zip(&texts) {
                prop_assert_eq!(cell, &*guarded(text.into()));
            }
        }
    }
}
