//! Lines of baselines, read and written.

use super::ledger::{Ledger, TAIL};
use super::{BaselineError, Header, Section};
use crate::scan::{Line, MAX_LINE};
use crate::value::{number, text};
use serde::Deserialize;

/// Members of a line that a scanner must watch.
const NAMES: [&str; 5] = ["version", "section", "key", "data", "lines"];

/// Reads lines that a scanner has taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The number of the first watched name.
    watch: usize,
}

/// What a line of a baseline is.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry<'l> {
    /// The first line.
    Header(Header),
    /// The state of a key.
    State(Frame<'l>),
    /// The last line.
    Trailer(Trailer),
}

/// A line of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'l> {
    /// The section, without quotes.
    pub section: &'l str,
    /// The key as JSON.
    pub key: &'l str,
    /// The state as JSON.
    pub data: &'l str,
}

/// The last line of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    #[serde(rename = "kind")]
    _kind: String,
    /// Number of lines before it.
    pub lines: u64,
    /// Dates on which a flow starts.
    pub days: u64,
    /// Whether these are too few.
    #[serde(default)]
    pub insufficient_history: bool,
    checksum: String,
}

impl Trailer {
    /// Reads a line that has `lines`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(line: &str) -> Result<Trailer, BaselineError> {
        let bad = |why: String| BaselineError::Line(format!("the last one: {why}"));
        let trailer: Trailer = serde_json::from_str(line).map_err(|e| bad(e.to_string()))?;
        let is_hex = trailer.checksum.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_canonical =
            is_hex && trailer.checksum.len() == 16 && line.len() > TAIL && line.ends_with(&trailer.tail());
        if is_canonical { Ok(trailer) } else { Err(bad("the checksum is none".into())) }
    }

    fn tail(&self) -> String {
        format!(r#","checksum":"{}"}}"#, self.checksum)
    }

    /// The checksum.
    pub fn checksum(&self) -> u64 {
        u64::from_str_radix(&self.checksum, 16).unwrap_or(0)
    }
}

impl Lines {
    /// The members that a scanner must watch, in this order.
    pub const NAMES: [&'static str; 5] = NAMES;

    /// Reads lines whose scanner watches [`Lines::NAMES`] from this number on.
    pub fn new(watch: usize) -> Lines {
        Lines { watch }
    }

    /// Reads a line of the kind `baseline`.
    ///
    /// # Errors
    /// A line that is none of a baseline, or of a later version.
    #[inline]
    pub fn read<'l>(&self, line: &Line<'l>) -> Result<Entry<'l>, BaselineError> {
        let value = |at| line.value(self.watch + at);
        match (value(1), value(2), value(3)) {
            (Some(section), Some(key), Some(data)) => {
                let section = section.strip_prefix('"').and_then(|s| s.strip_suffix('"'));
                match section.filter(|s| is_name(s)) {
                    Some(section) => Ok(Entry::State(Frame { section, key, data })),
                    None => Err(BaselineError::Line("a section is named in small letters and _".into())),
                }
            }
            _ if value(0).is_some() => Header::read(line.text).map(Entry::Header),
            _ if value(4).is_some() => Trailer::read(line.text).map(Entry::Trailer),
            _ => Err(BaselineError::Line("it has neither version, nor section, key and data, nor lines".into())),
        }
    }

    /// Enters a line of the kind `baseline` into the ledger of its input.
    #[inline]
    pub fn enter(&self, line: &Line<'_>, ledger: &mut Ledger) {
        if line.value(self.watch + 1).is_none() && line.value(self.watch + 4).is_some() {
            // One that cannot be read leaves its baseline without a last line.
            if let Ok(trailer) = Trailer::read(line.text) {
                ledger.trailer(line.text, trailer.lines, trailer.checksum());
            }
            return;
        }
        ledger.line(line.text, line.value(self.watch).is_some());
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

const BEGIN: &str = r#"{"kind":"baseline","section":""#;
const KEY: &str = r#"","key":"#;
const DATA: &str = r#","data":"#;

impl<'l> Frame<'l> {
    /// The state of the line.
    ///
    /// # Errors
    /// Why it is none of this section.
    pub fn state<S: Section>(&self) -> Result<S, BaselineError> {
        serde_json::from_str(self.data).map_err(|e| self.fault(e.to_string()))
    }

    /// What is wrong with the line.
    pub fn fault(&self, why: String) -> BaselineError {
        BaselineError::State { section: self.section.to_owned(), key: self.key.to_owned(), why }
    }

    /// Takes a line apart that is written as [`LineWriter`] writes, without a scanner.
    pub fn of(line: &'l str) -> Option<Frame<'l>> {
        let rest = line.strip_prefix(BEGIN)?;
        let (section, rest) = rest.split_once(KEY)?;
        // A quote within a text is written with a backslash, so this is found in no key.
        let (key, rest) = rest.split_at_checked(memchr::memmem::find(rest.as_bytes(), DATA.as_bytes())?)?;
        let data = rest.strip_prefix(DATA)?.strip_suffix('}')?;
        is_name(section).then_some(Frame { section, key, data })
    }
}

/// Bytes that are collected before they are handed on.
const CHUNK: usize = 64 * 1024;

/// Writes a baseline: the header, states in the order of section and key, the trailer.
pub struct LineWriter<'w> {
    out: Vec<u8>,
    ledger: Ledger,
    /// A state that was too long.
    fault: Option<BaselineError>,
    write: &'w mut dyn FnMut(&[u8]),
}

impl<'w> LineWriter<'w> {
    /// Writes to `write`, which is given whole lines.
    pub fn new(write: &'w mut dyn FnMut(&[u8])) -> LineWriter<'w> {
        LineWriter { out: Vec::with_capacity(2 * CHUNK), ledger: Ledger::default(), fault: None, write }
    }

    /// Writes the header.
    pub fn header(&mut self, header: &Header) {
        // A struct of texts and numbers is always written.
        let text = serde_json::to_string(header).unwrap_or_default();
        self.line(&text, true);
    }

    /// Writes a line as it is.
    pub fn line(&mut self, text: &str, is_header: bool) {
        self.ledger.line(text, is_header);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
        self.hand_on(CHUNK);
    }

    /// Writes the state of a key, in as many lines as it needs. `key` is JSON.
    pub fn state<S: Section>(&mut self, key: &str, mut state: S) {
        let more = state.split();
        self.one(key, &state);
        more.iter().for_each(|part| self.one(key, part));
    }

    fn one<S: Section>(&mut self, key: &str, state: &S) {
        let start = self.out.len();
        self.out.extend_from_slice(BEGIN.as_bytes());
        self.out.extend_from_slice(S::NAME.as_bytes());
        self.out.extend_from_slice(KEY.as_bytes());
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(DATA.as_bytes());
        // Writing to a Vec cannot fail, and no state has a map whose keys are no texts or numbers.
        let written = serde_json::to_writer(&mut self.out, state).is_ok();
        self.out.push(b'}');
        let line = std::str::from_utf8(&self.out[start..]).unwrap_or_default();
        if !written || line.len() > MAX_LINE {
            self.fault.get_or_insert_with(|| BaselineError::TooLong(S::NAME.to_owned(), key.to_owned()));
        }
        self.ledger.line(line, false);
        self.out.push(b'\n');
        self.hand_on(CHUNK);
    }

    /// Writes the trailer.
    ///
    /// # Errors
    /// A state that was too long for a line: what was written is no baseline.
    pub fn trailer(mut self, days: u64) -> Result<(), BaselineError> {
        let start = self.out.len();
        self.out.extend_from_slice(br#"{"kind":"baseline","lines":"#);
        number::write_integer(self.ledger.lines(), &mut self.out);
        self.out.extend_from_slice(br#","days":"#);
        number::write_integer(days, &mut self.out);
        if days < super::ENOUGH_DAYS {
            self.out.extend_from_slice(br#","insufficient_history":true"#);
        }
        let checksum = self.ledger.close(&self.out[start..]);
        self.out.extend_from_slice(br#","checksum":"#);
        text::write_json(&format!("{checksum:016x}"), &mut self.out);
        self.out.extend_from_slice(b"}\n");
        self.hand_on(0);
        self.fault.map_or(Ok(()), Err)
    }

    fn hand_on(&mut self, above: usize) {
        if self.out.len() > above {
            (self.write)(&self.out);
            self.out.clear();
        }
    }
}
