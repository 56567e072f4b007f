//! NDJSON lines on their way out: as they are, as tables for people, as CSV, or as alerts of other systems.
//!
//! Invariant: lines that go out as they are cost no look at them. The others leave out what they cannot show, count it, and say so ([`Sink::left_out`]).

use std::io::{self, Write};

use memchr::memchr;

use super::Output;
use super::alerts::{AlertForm, AlertLines};
use super::csv::CsvLines;
use super::table::Tables;

/// A destination for whole NDJSON lines.
#[must_use = "without finish() the data may be lost"]
pub struct Sink {
    output: Option<Output>,
    shape: Shape,
    /// What tables and CSV made and is not yet written.
    text: Vec<u8>,
}

enum Shape {
    Lines,
    Tables(Box<Tables>),
    Csv(Box<CsvLines>),
    Alerts(AlertLines),
}

impl Sink {
    /// Lines as they are.
    pub fn lines(output: Output) -> Self {
        Sink::over(Some(output), Shape::Lines)
    }

    /// Tables for people, with these columns, or if there are none with those that people look at and that a terminal has
    /// room for.
    /// `added` are columns that are left out after others.
    pub fn tables(output: Output, fields: Vec<String>, added: Vec<&'static str>) -> Self {
        let width = output.width();
        Sink::over(Some(output), Shape::Tables(Box::new(Tables::new(fields, width, added))))
    }

    /// CSV of one kind of line, with these columns, or with all if there are none; `at_once` says that no line waits until
    /// others have shown what columns there are.
    pub fn csv(output: Output, fields: Vec<String>, at_once: bool) -> Self {
        Sink::over(Some(output), Shape::Csv(Box::new(CsvLines::new(fields, at_once))))
    }

    /// Alerts in a form of another system.
    pub fn alerts(output: Output, form: AlertForm) -> Self {
        Sink::over(Some(output), Shape::Alerts(AlertLines::new(form)))
    }

    /// Nowhere: all that is written is dropped.
    pub fn none() -> Self {
        Sink::over(None, Shape::Lines)
    }

    fn over(output: Option<Output>, shape: Shape) -> Self {
        Sink { output, shape, text: Vec::new() }
    }

    /// Where it goes; `None` for [`Sink::none`].
    pub fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// Writes whole lines, each with its newline; answers how many of them tables or CSV cannot hold.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<u64> {
        let Some(output) = &mut self.output else { return Ok(0) };
        if matches!(self.shape, Shape::Lines) {
            return output.write_all(lines).map(|()| 0);
        }
        let mut rest = lines;
        let mut unheld = 0;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            let is_held = match &mut self.shape {
                Shape::Lines => true,
                Shape::Tables(tables) => tables.line(line),
                Shape::Csv(csv) => csv.line(line, &mut self.text),
                Shape::Alerts(alerts) => alerts.line(line, &mut self.text),
            };
            unheld += u64::from(!is_held);
        }
        let result = output.write_all(&self.text);
        self.text.clear();
        result.map(|()| unheld)
    }

    /// Why a line may be left out, in a few words; `None` where none ever is.
    pub fn why_left_out(&self) -> Option<&'static str> {
        match &self.shape {
            Shape::Lines => None,
            Shape::Tables(_) => Some("not in the tables"),
            Shape::Csv(_) => Some("CSV holds one kind"),
            Shape::Alerts(_) => Some("no alert"),
        }
    }

    /// What follows comes from another item: tables of it stand by themselves.
    pub fn begin_item(&mut self) {
        if let Shape::Tables(tables) = &mut self.shape {
            tables.begin_item();
        }
    }

    /// Hands on what was written so far. Tables come only at the end.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.as_mut().map_or(Ok(()), Output::flush)
    }

    /// What tables or CSV could not show, one sentence each; complete once all lines were written.
    pub fn left_out(&self) -> Vec<String> {
        match &self.shape {
            Shape::Lines => Vec::new(),
            Shape::Tables(tables) => tables.left_out(),
            Shape::Csv(csv) => csv.left_out(),
            Shape::Alerts(alerts) => alerts.left_out(),
        }
    }

    /// Writes what is left and completes the output.
    ///
    /// # Errors
    /// Those of the output; see [`Output::finish`].
    pub fn finish(mut self) -> io::Result<()> {
        let Some(mut output) = self.output.take() else { return Ok(()) };
        match &mut self.shape {
            Shape::Lines | Shape::Alerts(_) => {}
            Shape::Tables(tables) => tables.finish(&mut self.text),
            Shape::Csv(csv) => csv.finish(&mut self.text),
        }
        output.write_all(&self.text)?;
        output.finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const LINES: &str = "{\"kind\":\"hosts\",\"bytes\":1234}\n{\"kind\":\"ports\",\"port\":80}\n";

    /// What was written, how many lines were not held, and what is said of them.
    fn written(make: impl FnOnce(Output) -> Sink) -> (String, u64, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut sink = make(Output::open(Some(&path), false).unwrap());
        let unheld = LINES.split_inclusive('\n').map(|line| sink.write(line.as_bytes()).unwrap()).sum();
        let left_out = sink.left_out();
        sink.finish().unwrap();
        (std::fs::read_to_string(&path).unwrap(), unheld, left_out)
    }

    #[test]
    fn lines_go_out_as_they_are() {
        assert_eq!(written(Sink::lines), (LINES.to_owned(), 0, vec![]));
    }

    #[test]
    fn tables_hold_every_kind_and_csv_one() {
        let (table, unheld, left_out) = written(|output| Sink::tables(output, vec![], vec![]));
        assert_eq!(table, "hosts\nbytes\n-----\n1,234\n\nports\nport\n----\n  80\n");
        assert!(unheld == 0 && left_out.is_empty());
        let (csv, unheld, left_out) = written(|output| Sink::csv(output, vec![], false));
        assert_eq!(csv, "bytes\n1234\n");
        assert_eq!((unheld, left_out.len()), (1, 1));
    }

    #[test]
    fn nowhere_takes_all() {
        let mut sink = Sink::none();
        sink.write(LINES.as_bytes()).unwrap();
        sink.finish().unwrap();
    }
}
