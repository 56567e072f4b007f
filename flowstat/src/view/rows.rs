//! Rows as NDJSON: `{"kind":"hosts",...}`, one member a column, in the order in which they are put.
//!
//! A column that has no value is left out. Columns that come from a sketch or a histogram are named in `approx`, and
//! `approx_error` is the relative standard error of the counts among them. Rows are handed on by [`CHUNK`].

use flow_record::scan::MAX_LINE;
use flow_record::stats::{Count, Estimate, Sums};
use flow_record::value::time::TimeWriter;
use flow_record::value::{Time, number, text};
use std::io::Write;

/// Bytes that are collected before they are handed on.
const CHUNK: usize = 64 * 1024;

/// Bytes of a line that are left for the members after a text of any length.
const RESERVE: usize = 1024;

/// Where rows go.
pub(crate) struct Rows<'w> {
    /// What each row begins with: `{"kind":"hosts"`, or `{`.
    head: Vec<u8>,
    out: Vec<u8>,
    times: TimeWriter,
    /// What the user should know of how they came about.
    notes: Vec<String>,
    /// Why they are not what they are to be.
    faults: Vec<String>,
    write: &'w mut dyn FnMut(&[u8]),
}

impl<'w> Rows<'w> {
    /// Rows of a kind, handed to `write` as whole lines.
    pub(crate) fn of_kind(kind: &str, write: &'w mut dyn FnMut(&[u8])) -> Rows<'w> {
        let mut head = b"{\"kind\":".to_vec();
        text::write_json(kind, &mut head);
        Rows { head, out: Vec::new(), times: TimeWriter::default(), notes: Vec::new(), faults: Vec::new(), write }
    }

    /// Rows without a kind, to be put into something else.
    pub(crate) fn plain(write: &'w mut dyn FnMut(&[u8])) -> Rows<'w> {
        Rows {
            head: b"{".to_vec(),
            out: Vec::new(),
            times: TimeWriter::default(),
            notes: Vec::new(),
            faults: Vec::new(),
            write,
        }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self) -> Row<'_, 'w> {
        let start = self.out.len();
        self.out.extend_from_slice(&self.head);
        let is_empty = self.head.len() == 1;
        Row { rows: self, start, is_empty, approx: Vec::new(), error: 0.0 }
    }

    /// Tells the user something of how the rows came about, in a sentence.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// What there is to tell.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Tells of what makes the run fail, in a sentence.
    pub(crate) fn fail(&mut self, text: String) {
        self.faults.push(text);
    }

    /// What makes the run fail.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    /// Whole lines that are no rows of this kind.
    pub(crate) fn lines(&mut self, lines: &[u8]) {
        self.hand_on();
        (self.write)(lines);
    }

    fn hand_on(&mut self) {
        if !self.out.is_empty() {
            (self.write)(&self.out);
            self.out.clear();
        }
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.hand_on();
    }
}

/// One row; complete after [`Row::end`].
#[must_use = "a row needs its end"]
pub(crate) struct Row<'r, 'w> {
    rows: &'r mut Rows<'w>,
    /// Where it begins among the bytes that wait.
    start: usize,
    is_empty: bool,
    approx: Vec<String>,
    error: f64,
}

impl Row<'_, '_> {
    fn comma(&mut self) -> &mut Vec<u8> {
        if !self.is_empty {
            self.rows.out.push(b',');
        }
        self.is_empty = false;
        &mut self.rows.out
    }

    /// Puts a member whose value `write` appends as JSON.
    pub(crate) fn json(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let out = self.comma();
        text::write_json(name, out);
        out.push(b':');
        write(out);
    }

    /// The same, unless that makes the line longer than filters take; says whether it was put.
    pub(crate) fn json_if_room(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let (before, was_empty) = (self.rows.out.len(), self.is_empty);
        self.json(name, write);
        let has_room = self.rows.out.len() - self.start <= MAX_LINE - RESERVE;
        if !has_room {
            self.rows.out.truncate(before);
            self.is_empty = was_empty;
        }
        has_room
    }

    /// Puts members that `write` appends as `"name":value,...`.
    pub(crate) fn members(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.comma());
    }

    /// Puts an integer.
    pub(crate) fn integer(&mut self, name: &str, value: impl Into<u128>) {
        let value = value.into();
        self.json(name, |out| write_wide(value, out));
    }

    /// Puts a number; what is not finite is left out.
    pub(crate) fn float(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.json(name, |out| number::write_float(value, out));
        }
    }

    /// Puts nanoseconds as seconds.
    pub(crate) fn seconds(&mut self, name: &str, nanos: u128) {
        self.json(name, |out| write_seconds(nanos, out));
    }

    /// Puts a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.json(name, |out| text::write_json(value, out));
    }

    /// Puts a time with so many decimals, if there is one.
    pub(crate) fn time(&mut self, name: &str, time: Option<Time>, digits: u8) {
        if let Some(time) = time {
            self.comma();
            let Rows { out, times, .. } = &mut *self.rows;
            text::write_json(name, out);
            out.extend_from_slice(b":\"");
            times.write(time, digits, out);
            out.push(b'"');
        }
    }

    /// Puts a number of distinct things.
    pub(crate) fn count(&mut self, name: &str, count: Count) {
        self.integer(name, count.value);
        if count.approx {
            self.approx.push(name.to_owned());
            self.error = self.error.max(count.error);
        }
    }

    /// Puts a sum that may be too large.
    pub(crate) fn estimate(&mut self, name: &str, value: u64) {
        self.integer(name, value);
        self.approximate(name);
    }

    /// Says that a column is no exact number.
    pub(crate) fn approximate(&mut self, name: &str) {
        self.approx.push(name.to_owned());
    }

    /// Puts a quantile divided by `unit`, if there is one.
    pub(crate) fn quantile(&mut self, name: &str, estimate: Option<Estimate>, unit: f64) {
        if let Some(estimate) = estimate {
            self.float(name, estimate.value / unit);
            if estimate.approx {
                self.approx.push(name.to_owned());
            }
        }
    }

    /// Puts `flows bytes packets` and the reverse sums that the view shows.
    pub(crate) fn sums(&mut self, sums: &Sums, reverse: Reverse) {
        self.integer("flows", sums.flows());
        self.integer("bytes", sums.bytes());
        self.integer("packets", sums.packets());
        if reverse.bytes {
            self.integer("rev_bytes", sums.rev_bytes().unwrap_or(0));
        }
        self.rev_packets(sums, reverse);
    }

    /// Puts `rev_packets` if the view shows it.
    pub(crate) fn rev_packets(&mut self, sums: &Sums, reverse: Reverse) {
        if reverse.packets {
            self.integer("rev_packets", sums.rev_packets().unwrap_or(0));
        }
    }

    /// Puts `first` and `last`.
    pub(crate) fn times(&mut self, sums: &Sums) {
        self.time("first", sums.first(), sums.time_digits());
        self.time("last", sums.last(), sums.time_digits());
    }

    /// Completes the row.
    pub(crate) fn end(mut self) {
        if !self.approx.is_empty() {
            let names = std::mem::take(&mut self.approx);
            self.json("approx", |out| {
                for (i, name) in names.iter().enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    text::write_json(name, out);
                }
                out.push(b']');
            });
        }
        if self.error > 0.0 {
            self.float("approx_error", self.error);
        }
        self.rows.out.extend_from_slice(b"}\n");
        if self.rows.out.len() >= CHUNK {
            self.rows.hand_on();
        }
    }
}

/// Which of the reverse sums a view shows: those that one of its flows had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reverse {
    /// `rev_bytes`.
    pub(crate) bytes: bool,
    /// `rev_packets`.
    pub(crate) packets: bool,
}

impl Reverse {
    /// What any of the sums knows.
    pub(crate) fn of<'s>(all: impl IntoIterator<Item = &'s Sums>) -> Reverse {
        let mut reverse = Reverse::default();
        all.into_iter().for_each(|sums| reverse.add(sums));
        reverse
    }

    /// Adds what these sums know.
    pub(crate) fn add(&mut self, sums: &Sums) {
        self.bytes |= sums.rev_bytes().is_some();
        self.packets |= sums.rev_packets().is_some();
    }
}

/// Appends an integer of any size.
pub(crate) fn write_wide(value: u128, out: &mut Vec<u8>) {
    match u64::try_from(value) {
        Ok(value) => number::write_integer(value, out),
        // Writing to a Vec cannot fail.
        Err(_) => drop(write!(out, "{value}")),
    }
}

/// Appends nanoseconds as the shortest decimal number of seconds.
pub(crate) fn write_seconds(nanos: u128, out: &mut Vec<u8>) {
    let second = u128::from(number::NANOS);
    write_wide(nanos / second, out);
    let start = out.len();
    number::write_seconds((nanos % second) as u64, out);
    // The 0 before the point.
    out.remove(start);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Rows<'_>)) -> String {
        let mut lines = Vec::new();
        let mut write = |chunk: &[u8]| lines.extend_from_slice(chunk);
        let mut rows = Rows::of_kind("x", &mut write);
        put(&mut rows);
        drop(rows);
        String::from_utf8_lossy(&lines).into_owned()
    }

    #[test]
    fn a_row_has_its_kind_first_and_no_column_without_a_value() {
        let text = written(|rows| {
            let mut row = rows.row();
            row.integer("n", u128::from(u64::MAX) + 1);
            row.float("nothing", f64::NAN);
            row.time("never", None, 3);
            row.time("t", Some(Time(0)), 6);
            row.seconds("s", 1_500_000_000);
            row.seconds("long", 90_000_000_000_000_000_000);
            row.end();
        });
        assert_eq!(
            text,
            "{\"kind\":\"x\",\"n\":18446744073709551616,\"t\":\"1970-01-01T00:00:00.000000Z\",\"s\":1.5,\"long\":90000000000}\n"
        );
    }

    #[test]
    fn what_is_no_exact_number_is_named_with_its_error() {
        let text = written(|rows| {
            let mut row = rows.row();
            row.count("exact", Count { value: 1, approx: false, error: 0.0 });
            row.count("ends", Count { value: 70_000, approx: true, error: 0.25 });
            row.quantile("p50", Some(Estimate { value: 3.0, approx: true }), 2.0);
            row.end();
        });
        assert_eq!(
            text,
            "{\"kind\":\"x\",\"exact\":1,\"ends\":70000,\"p50\":1.5,\"approx\":[\"ends\",\"p50\"],\"approx_error\":0.25}\n"
        );
    }

    #[test]
    fn a_plain_row_has_no_kind() {
        let mut lines = Vec::new();
        let mut write = |chunk: &[u8]| lines.extend_from_slice(chunk);
        let mut rows = Rows::plain(&mut write);
        let mut row = rows.row();
        row.text("a", "b\"");
        row.end();
        drop(rows);
        assert_eq!(lines, b"{\"a\":\"b\\\"\"}\n");
    }
}
