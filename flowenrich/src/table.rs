//! A CSV file of foreign columns (RFC 4180) that an enricher looks things up in: columns by any of their names, cells
//! without blanks around them.
//!
//! Separators are commas, semicolons or tabs, whichever the header has most. Bound: one row.

use crate::limit::MAX_ROW;
use anyhow::{Context, bail};
use flow_record::input::InputError;
use flow_record::output::escape::escape_bytes;
use flow_record::value::civil::civil;
use flow_record::value::text::snippet;
use flow_record::value::time::DateCache;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The file, and the row that was read last.
pub(crate) struct Table {
    reader: csv::Reader<Box<dyn Read>>,
    row: csv::StringRecord,
    header: Vec<String>,
    /// Lines end with CR and LF, of which the reader leaves the second to the next row.
    is_crlf: bool,
    /// The column of each name that is known.
    columns: Vec<(String, usize)>,
}

impl Table {
    /// Opens a file whose columns are known by some of these names, in lower case, or by those of `map`
    /// (`name=Column+name=Column`), which come first.
    ///
    /// # Errors
    /// It cannot be read, has no header, or has not the columns of `map`.
    pub(crate) fn open(path: &Path, known: &[(&str, &[&str])], map: Option<&str>) -> anyhow::Result<Table> {
        let file =
            File::open(path).map_err(|e| InputError::reading(escape_bytes(path.as_os_str().as_encoded_bytes()), e))?;
        if file.metadata()?.is_dir() {
            bail!("this is a folder");
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        let separator = separator(reader.fill_buf()?);
        let is_crlf = first_line(reader.fill_buf()?).ends_with(b"\r");
        let reader: Box<dyn Read> = Box::new(reader);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(reader);
        let header: Vec<String> = reader.headers().context("no header")?.iter().map(str::to_owned).collect();
        let mut table = Table { reader, row: csv::StringRecord::new(), header, is_crlf, columns: Vec::new() };
        for pair in map.into_iter().flat_map(|map| map.split('+')) {
            table.map(pair, known)?;
        }
        for (name, names) in known {
            let place = names.iter().find_map(|n| table.header.iter().position(|h| h.eq_ignore_ascii_case(n)));
            if let Some(place) = place.filter(|_| !table.has(name)) {
                table.columns.push(((*name).to_owned(), place));
            }
        }
        Ok(table)
    }

    fn map(&mut self, pair: &str, known: &[(&str, &[&str])]) -> anyhow::Result<()> {
        let (name, column) = pair.split_once('=').with_context(|| format!("map: {pair:?} is no NAME=COLUMN"))?;
        if !known.iter().any(|(n, _)| *n == name) {
            let names: Vec<_> = known.iter().map(|(n, _)| *n).collect();
            bail!("map: {name:?} is none of {}", names.join(", "));
        }
        match self.header.iter().position(|h| h == column) {
            Some(place) => self.columns.push((name.to_owned(), place)),
            None => bail!("map: no column {column:?}. Its columns: {}", self.names()),
        }
        Ok(())
    }

    /// Whether a column is known by this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|(n, _)| n == name)
    }

    /// The names of all columns, as they stand there.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The cell of a column of the row that was read last; empty where the row is shorter.
    pub(crate) fn at(&self, column: usize) -> &str {
        self.row.get(column).unwrap_or_default()
    }

    /// The names of all columns, for messages.
    pub(crate) fn names(&self) -> String {
        snippet(self.header.join(", ").as_bytes(), 200)
    }

    /// Reads the next row; answers the line on which it begins.
    ///
    /// # Errors
    /// Reading fails, a cell is no UTF-8, or a row is longer than [`MAX_ROW`].
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<u64>> {
        if !self.reader.read_record(&mut self.row)? {
            return Ok(None);
        }
        let line = self.row.position().map_or(0, csv::Position::line) + u64::from(self.is_crlf);
        if self.row.as_slice().len() > MAX_ROW {
            bail!("line {line}: a row of more than {MAX_ROW} bytes");
        }
        Ok(Some(line))
    }

    /// A cell of the row that was read last; `None` where the file has no such column.
    pub(crate) fn cell(&self, name: &str) -> Option<&str> {
        let (_, place) = self.columns.iter().find(|(n, _)| n == name)?;
        Some(self.row.get(*place).unwrap_or_default())
    }
}

fn first_line(start: &[u8]) -> &[u8] {
    &start[..memchr::memchr(b'\n', start).unwrap_or(start.len())]
}

/// The separator that the first line has most.
fn separator(start: &[u8]) -> u8 {
    let line = first_line(start);
    let count = |b: &u8| memchr::memchr_iter(*b, line).count();
    // Of equal counts the last counts, so the comma comes last.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// A time in nanoseconds since 1970: seconds, milliseconds, microseconds or nanoseconds by its size, or a date, in UTC
/// where it has no zone.
pub(crate) fn moment(text: &str, dates: &mut DateCache) -> Option<i64> {
    if let Ok(number) = text.parse::<f64>() {
        let unit = match number.abs() {
            n if n < 1e11 => 1_000_000_000,
            n if n < 1e14 => 1_000_000,
            n if n < 1e17 => 1000,
            n if n < 9.2e18 => 1,
            _ => return None,
        };
        // Whole numbers stay exact.
        return match text.parse::<i64>() {
            Ok(whole) => whole.checked_mul(unit),
            Err(_) => Some((number * unit as f64) as i64),
        };
    }
    let civil = civil(dates, text.as_bytes())?;
    (civil.seconds - civil.offset.unwrap_or(0)).checked_mul(1_000_000_000)?.checked_add(civil.nanos)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn open(text: &str, map: Option<&str>) -> anyhow::Result<Table> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Table::open(file.path(), &[("src_ip", &["src_ip", "source ip"]), ("port", &["port"])], map)
    }

    #[test]
    fn columns_are_found_by_any_of_their_names_and_cells_come_without_blanks() {
        for text in
            ["\u{feff}x,Source IP\n1, 10.0.0.1 \n", "x;SRC_IP\n1;10.0.0.1\n", "x\tsource ip\r\n1\t\"10.0.0.1\"\r\n"]
        {
            let mut table = open(text, None).unwrap();
            assert!(table.has("src_ip") && !table.has("port"));
            assert_eq!(table.next().unwrap(), Some(2));
            assert_eq!((table.cell("src_ip"), table.cell("port")), (Some("10.0.0.1"), None));
            assert_eq!(table.next().unwrap(), None);
        }
    }

    #[test]
    fn a_map_names_columns_first_and_its_mistakes_are_told() {
        let mut table = open("a b,port,src_ip\n7,8,9\n", Some("port=a b")).unwrap();
        table.next().unwrap();
        assert_eq!((table.cell("port"), table.cell("src_ip")), (Some("7"), Some("9")));
        for (map, part) in [
            ("port=x", "no column \"x\". Its columns: a b, port"),
            ("prt=a b", "none of src_ip, port"),
            ("a", "no NAME=COLUMN"),
        ] {
            let error = open("a b,port\n", Some(map)).err().unwrap().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn times_are_read_by_their_size_or_as_dates() {
        let mut dates = DateCache::default();
        for (text, nanos) in [
            ("1421927414", Some(1_421_927_414_000_000_000)),
            ("1421927414.5", Some(1_421_927_414_500_000_000)),
            ("1421927414035", Some(1_421_927_414_035_000_000)),
            ("1421927414035001", Some(1_421_927_414_035_001_000)),
            ("1421927414035001002", Some(1_421_927_414_035_001_002)),
            ("2015-01-22 11:50:14", Some(1_421_927_414_000_000_000)),
            ("2015-01-22T12:50:14.035+01:00", Some(1_421_927_414_035_000_000)),
            ("22.01.2015", None),
            ("nan", None),
            ("", None),
        ] {
            assert_eq!(moment(text, &mut dates), nanos, "{text}");
        }
    }
}
