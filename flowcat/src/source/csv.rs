//! Any CSV with a header (RFC 4180, and what programs make of it): columns by name, separated by comma, semicolon, tab or
//! bar, quoted or not.
//!
//! The `csv` crate takes blocks of whole lines apart. A record whose quote is not closed at the end of a block waits for
//! the next; where that goes on for [`MAX_LINE`] bytes, or to the end of the input, the quote was no opening one: its
//! line is rejected, and each of the lines that were looked at for its end is a record of its own.
//!
//! Invariants: the records do not depend on how the input is cut; each byte is looked at a fixed number of times.
//! Bound: a record of 1 MiB and one block.

pub(super) mod header;
mod quotes;

use super::nfdump::is_remark;
use super::{Fate, Format, Probe, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{ANY, Dialect, Maker, Mapping, NOWHERE, Plan};
use csv::{ByteRecord, Reader, ReaderBuilder};
use flow_record::item::Spec;
use flow_record::record::field::RECORD;
use flow_record::scan::MAX_LINE;
use memchr::{memchr, memmem};
use quotes::Quotes;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Csv::open(settings, &ANY),
    takes: Takes::Lines,
    told_by: "a first line with commas, semicolons, tabs or bars that is no other format",
    lost: "columns that are no field of the record",
};

const SPEC: Spec = Spec {
    name: "csv",
    about: "any CSV with a header, by the names of its columns or --map",
    explain: "
Columns are taken by name; letter case, blanks and punctuation in names do not matter: src_ip, SrcIP and Src IP are
one. Known are the names of nfdump (ts sa da sp dp pr ibyt ipkt), Zeek (id.orig_h, orig_ip_bytes), Argus, nProbe,
NetFlow and IPFIX, pmacct, nfstream and everyday ones (src_ip bytes timestamp, up_bytes down_bytes proto port).
bytes_out, sent and up are the source's bytes, bytes_in, received and down its rev_bytes; in_bytes and out_bytes are
NetFlow's words for bytes and rev_bytes. --map src_ip=SrcAddr,... says what else a column is: a field of the record, or
date and time (a timestamp in two columns), end, received, all_packets, all_bytes. Times are dates with the year first,
with or without a zone, or with the year last (22/07/2015 08:03, of which a day above 12 must tell day from month
before others can be read, unless --map timestamp=Date:dmy or Date:mdy does), or numbers since the epoch: below 10^11
seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds; --map timestamp=t:ms says the unit: s,
ms, us, ns, cs (hundredths of a second) or min. A time of day alone is one of 1970-01-01, with \"clock\":\"no-date\".
Durations are seconds unless the name says otherwise (duration_ms), or --map duration=d:ms. Protocols are numbers or
names. Empty, -, NaN and null say that there is none; words that mean nothing as a protocol, flags, type of service,
interface, AS or exporter are left out and told. ICMP's type and code come from their own columns, or from the
destination port where the source port is 0. Other columns are dropped, or kept after the known ones with --keep-extra.
A table without an address, bytes or packets is refused.",
    params: &[],
    needs: &[],
    columns: RECORD,
    memory: "one record of at most 1 MiB",
    source: "RFC 4180",
};

/// What may stand between columns.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

fn probe(head: &[u8]) -> Probe {
    let found = header::find(head, &ANY, &Mapping::default(), false);
    let line = first_line(&head[found.unwrap_or(0)..]);
    let is_text = std::str::from_utf8(line).is_ok_and(|text| text.chars().all(|c| c == '\t' || !c.is_control()));
    let has_columns = line.iter().any(|b| DELIMITERS.contains(b));
    let is_known = || ANY.column(&String::from_utf8_lossy(line), &Mapping::default()).is_some();
    match (is_text && !matches!(line.first(), Some(b'{' | b'[')) && (has_columns || is_known()), found) {
        (true, Some(_)) => Probe::Yes,
        (true, None) => Probe::Maybe,
        (false, _) => Probe::No,
    }
}

/// Reads CSV of a tool that is known, or of any.
pub(super) struct Csv {
    settings: Settings,
    dialect: &'static Dialect,
    delimiter: u8,
    plan: Option<Plan>,
    /// The header as it stands, to know it again.
    header: Vec<u8>,
    /// The header is one of nfdump's, which prints remarks after the rows.
    is_nfdump: bool,
    /// Bytes to come whose lines are records of their own, because they were looked at for a closing quote in vain.
    apart: usize,
    record: ByteRecord,
    maker: Maker,
}

fn reader(text: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(32 * 1024)
        .from_reader(text)
}

/// The names in a header.
fn names(header: &[u8], delimiter: u8) -> Vec<String> {
    let mut record = ByteRecord::new();
    // Reading from memory cannot fail.
    let _ = reader(header, delimiter).read_byte_record(&mut record);
    let mut names: Vec<_> = record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    header::unmark(&mut names);
    names
}

/// Length of the blank lines at the beginning of a text of whole lines.
fn blank_lines(text: &[u8]) -> usize {
    let blank = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if blank == text.len() { blank } else { memchr::memrchr(b'\n', &text[..blank]).map_or(0, |i| i + 1) }
}

/// The text of a record without blank lines before it, and how many those are.
fn without_blanks(raw: &[u8]) -> (&[u8], u64) {
    let mut blank = 0;
    let mut rest = raw;
    loop {
        match rest {
            [b'\n', after @ ..] => (rest, blank) = (after, blank + 1),
            [b'\r', after @ ..] => rest = after,
            _ => return (rest, blank),
        }
    }
}

impl Csv {
    /// For one input whose columns mean what `dialect` says.
    pub(super) fn open(settings: &Settings, dialect: &'static Dialect) -> Box<dyn Source> {
        Box::new(Csv {
            settings: settings.clone(),
            dialect,
            delimiter: b',',
            plan: None,
            header: Vec::new(),
            is_nfdump: false,
            apart: 0,
            record: ByteRecord::new(),
            maker: settings.maker(dialect),
        })
    }

    /// Reads the records of a text of whole lines; answers how much of it was used. `last` says that nothing follows.
    fn text(&mut self, text: &[u8], last: bool, flows: &mut Flows<'_>) -> Result<usize, String> {
        let mut start = 0;
        while start < text.len() && !flows.is_over() {
            if self.plan.is_none() {
                let Some(passed) = self.find_header(&text[start..], last, flows) else {
                    return Ok(start);
                };
                self.apart = self.apart.saturating_sub(passed);
                start += passed;
            }
            let rest = &text[start..];
            if self.apart == 0 {
                let (used, waits) = self.records(rest, last, flows)?;
                start += used;
                if waits {
                    return Ok(start);
                }
                continue;
            }
            let closed = quotes::closed_lines(rest, self.apart, self.delimiter);
            let used = match closed {
                0 => self.reject_open(rest, flows),
                _ => self.records(&rest[..closed], true, flows)?.0,
            };
            self.apart = self.apart.saturating_sub(used);
            start += used;
        }
        Ok(text.len())
    }

    /// Rejects the first line of a text, whose quote is not closed; answers its length.
    #[cold]
    fn reject_open(&mut self, text: &[u8], flows: &mut Flows<'_>) -> usize {
        let length = memchr(b'\n', text).map_or(text.len(), |i| i + 1);
        flows.line += 1;
        flows.reject(flows.line, 0, "bad quote", "a quote that is not closed", text[..length].trim_ascii_end());
        length
    }

    /// Reads records up to one that is not closed; answers how much was used, and whether the rest waits for more text.
    fn records(&mut self, text: &[u8], last: bool, flows: &mut Flows<'_>) -> Result<(usize, bool), String> {
        let before = flows.line;
        let mut reader = reader(text, self.delimiter);
        let mut record = std::mem::take(&mut self.record);
        let mut answer = (text.len(), false);
        loop {
            let (at, line) = (reader.position().byte() as usize, reader.position().line());
            if !reader.read_byte_record(&mut record).map_err(|e| e.to_string())? {
                flows.line = before + reader.position().line() - 1;
                break;
            }
            let end = reader.position().byte() as usize;
            let (raw, blank) = without_blanks(&text[at..end]);
            flows.line = before + line + blank;
            let is_open = end == text.len() && !Quotes::default().ends(raw, self.delimiter);
            let lines = raw.trim_ascii_end();
            if !is_open && memchr(b'\n', lines).is_some() && quotes::is_astray(lines, self.delimiter) {
                flows.line = before + line + blank - 1;
                let length = self.reject_open(raw, flows);
                self.apart = raw.len() - length;
                answer = (end - raw.len() + length, false);
                break;
            }
            if raw.len() > MAX_LINE || is_open {
                flows.line -= 1;
                let first = end - raw.len();
                if raw.len() <= MAX_LINE && !last {
                    answer = (first, true);
                } else {
                    let length = self.reject_open(raw, flows);
                    self.apart = MAX_LINE.saturating_sub(length);
                    answer = (first + length, false);
                }
                break;
            }
            self.one(&record, raw.trim_ascii_end(), flows)?;
            if flows.is_over() {
                break;
            }
        }
        self.record = record;
        Ok(answer)
    }

    /// Passes what stands before the header, and chooses the delimiter by it; `None` where more lines must be seen.
    fn find_header(&mut self, text: &[u8], last: bool, flows: &mut Flows<'_>) -> Option<usize> {
        let blank = blank_lines(text);
        let found = match blank == text.len() {
            true => Some(0),
            false => header::find(&text[blank..], self.dialect, &self.settings.mapping, last),
        }?;
        flows.line += text[..blank].iter().filter(|b| **b == b'\n').count() as u64;
        let before = &text[blank..blank + found];
        for line in before.split_inclusive(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
            flows.line += 1;
            if !line.is_empty() && !is_remark(line) && !header::is_preface(line) {
                flows.reject(flows.line, 0, "no header", "no row, and no header: no name of a column is known", line);
            }
        }
        let at = blank + found;
        self.delimiter = header::delimiter(first_line(&text[at..]), self.dialect, &self.settings.mapping);
        Some(at)
    }

    /// One record, which may be the header.
    fn one(&mut self, record: &ByteRecord, raw: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        let Some(plan) = &self.plan else {
            let mut columns: Vec<_> = record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            header::unmark(&mut columns);
            let advice = header::advice(&columns, self.delimiter);
            let plan = self.settings.plan(columns, self.dialect).map_err(|refusal| advice.unwrap_or(refusal))?;
            if let Some(text) = plan.strangers().filter(|_| self.dialect.is_anybodys) {
                flows.warn("tables without addresses", &text);
            }
            plan.doubts().for_each(|doubt| flows.warn("columns that mean the same", &doubt));
            self.plan = Some(plan);
            self.header = raw.to_vec();
            self.is_nfdump = [&b" IP Addr"[..], b" seen"].iter().any(|name| memmem::find(raw, name).is_some());
            return Ok(());
        };
        if raw == self.header {
            return Ok(());
        }
        let surplus = record.iter().skip(plan.len()).any(|field| !field.trim_ascii().is_empty());
        if record.len() < plan.len() || surplus {
            if !self.is_nfdump || !is_remark(raw) {
                flows.reject_width(record.len(), plan.len(), raw);
            }
            return Ok(());
        }
        self.maker.begin();
        let is_plain = memchr(b'"', raw).is_none();
        for &i in plan.wanted() {
            if let (Some(field), Some(range)) = (record.get(i), record.range(i)) {
                // Without quotes a column begins as many bytes further on as there are delimiters before it.
                self.maker.take(plan, i, field, if is_plain { range.start + i } else { NOWHERE });
            }
        }
        self.maker.finish(flows.line, raw, flows);
        Ok(())
    }
}

impl Source for Csv {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut waiting: Vec<u8> = Vec::new();
        // Where in quotes what waits ends.
        let mut quotes = Quotes::default();
        while let Some(block) = feed.block(flows) {
            if waiting.is_empty() {
                let used = self.text(block, false, flows)?;
                waiting.extend_from_slice(&block[used..]);
                quotes = Quotes::default();
                quotes.ends(&waiting, self.delimiter);
            } else {
                let ends = quotes.ends(block, self.delimiter);
                waiting.extend_from_slice(block);
                if ends || self.plan.is_none() || waiting.len() > MAX_LINE {
                    let used = self.text(&waiting, false, flows)?;
                    waiting.drain(..used);
                    quotes = Quotes::default();
                    quotes.ends(&waiting, self.delimiter);
                }
            }
        }
        if !waiting.is_empty() && !flows.is_over() {
            self.text(&waiting, true, flows)?;
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
