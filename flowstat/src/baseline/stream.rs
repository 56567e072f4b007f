//! Whole baselines merged as a stream: their lines come in the order of section and key, so one line of each is enough.
//!
//! Every file is read twice: first its lines are counted and held against its checksum, so that nothing is written where
//! one is damaged; then the lines of all are taken in order, those of one key are merged, and those that only one file has
//! are passed as they are. Invariant: the bytes are those of one run over all flows. Bound: a line of each file, and the
//! state of a key.

use super::book::keeps;
use flow_record::baseline::{BaselineError, Frame, Header, Ledger, LineWriter, Store, Trailer};
use flow_record::input::{InputError, Source, cause};
use flow_record::run::Session;
use flow_record::scan::{Clean, MAX_LINE, Scanner};
use flow_record::stats::SketchKey;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{BufRead, BufReader, Read};

/// Bytes of the buffer of a file in the first reading, and in the second.
const WHOLE: usize = 256 * 1024;
const EACH: usize = 64 * 1024;

/// Files that are merged at once: each is open, with its buffer.
const MAX_FILES: usize = 512;

/// What is asked of the baselines.
pub(crate) struct Asked {
    /// The parameters that they must have, if some were given.
    pub(crate) header: Option<Header>,
    /// The key of sketches.
    pub(crate) key: SketchKey,
}

/// Merges the sources as a stream if each is a regular file that holds one whole baseline, and they add up. Answers
/// `false` where that is not so: nothing was written then, and the sources are to be read as any others.
pub(crate) fn merge(session: &mut Session, sources: &[Result<Source, InputError>], asked: &Asked) -> bool {
    let files: Option<Vec<&Source>> = sources.iter().map(|s| s.as_ref().ok().filter(|s| is_file(s))).collect();
    let Some(files) = files.filter(|f| (1..=MAX_FILES).contains(&f.len())) else { return false };
    let Some((header, lines)) = look(&files, asked) else { return false };
    session.account.fates.used += lines;
    let mut write = |lines: &[u8]| session.write_made(lines);
    let merged = join(&files, &header, &asked.key, &mut write);
    if let Err(text) = merged {
        session.spoil(&text);
    }
    true
}

/// Whether it is a file that can be read twice.
fn is_file(source: &Source) -> bool {
    source.path().and_then(|path| path.metadata().ok()).is_some_and(|m| m.is_file())
}

/// The header of what all files add up to, and the number of their lines; `None` where one is not one whole baseline.
fn look(files: &[&Source], asked: &Asked) -> Option<(Header, u64)> {
    let mut all: Option<Header> = asked.header.clone();
    let mut lines = 0;
    for file in files {
        let (header, ledger) = look_at(file)?;
        lines += ledger.lines() + 1;
        match &mut all {
            None => all = Some(header),
            Some(met) => {
                met.fits(&header).ok()?;
                met.widen(&header);
            }
        }
    }
    let header = all?;
    (header.sketch_key == format!("{:016x}", asked.key.id())).then_some((header, lines))
}

/// The header of a file that holds one whole baseline and nothing else.
fn look_at(file: &Source) -> Option<(Header, Ledger)> {
    let mut input = BufReader::with_capacity(WHOLE, file.open().ok()?);
    let (mut ledger, mut header, mut is_over) = (Ledger::default(), None, false);
    let mut bytes = Vec::new();
    while read_line(&mut input, &mut bytes).ok()? {
        let line = std::str::from_utf8(&bytes).ok()?;
        if line.starts_with(r#"{"kind":"baseline","section":"#) && header.is_some() && !is_over {
            ledger.line(line, false);
        } else if line.starts_with(r#"{"kind":"baseline","version":"#) && header.is_none() {
            header = Some(Header::read(line).ok()?);
            ledger.line(line, true);
        } else if line.starts_with(r#"{"kind":"baseline","lines":"#) && !is_over {
            let trailer = Trailer::read(line).ok()?;
            ledger.trailer(line, trailer.lines, trailer.checksum());
            is_over = true;
        } else {
            return None;
        }
    }
    ledger.is_one().then_some((header?, ledger))
}

/// Reads a line without its end; says whether there is one.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, String> {
    line.clear();
    // One more than a line may have, with its end, so that a longer one shows.
    let mut rest = input.take(MAX_LINE as u64 + 2);
    let read = rest.read_until(b'\n', line).map_err(|e| cause(&e))?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    match line.len() {
        0..=MAX_LINE => Ok(read > 0),
        _ => Err(format!("a line is longer than {MAX_LINE} bytes")),
    }
}

/// A file while it is merged: its line, as it came, of a section.
struct Open {
    name: String,
    input: BufReader<flow_record::input::Input>,
    scanner: Scanner,
    line: Vec<u8>,
}

impl Open {
    fn new(source: &Source) -> Result<Open, String> {
        let input = source.open().map_err(|e| e.to_string())?;
        let input = BufReader::with_capacity(EACH, input);
        Ok(Open { name: source.name(), input, scanner: Scanner::new(), line: Vec::new() })
    }

    /// Reads on to the next line of a section; answers its place in the order.
    fn next(&mut self) -> Result<Option<(String, String)>, String> {
        loop {
            let bad = |why: String| format!("{}: {why}", self.name);
            if !read_line(&mut self.input, &mut self.line).map_err(bad)? {
                return Ok(None);
            }
            let reject = Clean::line(&self.line).and_then(|line| self.scanner.scan(line).map(|_| ()));
            reject.map_err(|e| bad(e.message(&self.line)))?;
            if let Some(frame) = frame(&self.line) {
                return Ok(Some((frame.section.to_owned(), frame.key.to_owned())));
            }
        }
    }
}

fn text(line: &[u8]) -> &str {
    // It was checked when it was read.
    std::str::from_utf8(line).unwrap_or_default()
}

fn frame(line: &[u8]) -> Option<Frame<'_>> {
    Frame::of(text(line))
}

/// A line's place in the order, and its file.
type Head = Reverse<(String, String, usize)>;

/// Takes the lines of all files in order and writes what they add up to.
fn join(files: &[&Source], header: &Header, key: &SketchKey, write: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let mut open = files.iter().map(|file| Open::new(file)).collect::<Result<Vec<_>, _>>()?;
    let mut heads: BinaryHeap<Head> = BinaryHeap::new();
    for (number, file) in open.iter_mut().enumerate() {
        heads.extend(file.next()?.map(|(section, key)| Reverse((section, key, number))));
    }
    let mut out = LineWriter::new(write);
    out.header(header);
    let mut days = 0;
    let mut group: Vec<Vec<u8>> = Vec::new();
    while let Some(Reverse((section, at, first))) = heads.pop() {
        let mut from = vec![first];
        group.clear();
        let mut number = first;
        loop {
            let file = &mut open[number];
            group.push(std::mem::take(&mut file.line));
            if let Some(next) = file.next()? {
                if next < (section.clone(), at.clone()) {
                    return Err(format!(
                        "{}: lines are not in the order of section and key; cat FILES | flowstat baseline merges them",
                        file.name
                    ));
                }
                heads.push(Reverse((next.0, next.1, number)));
            }
            match heads.peek() {
                Some(Reverse((s, k, n))) if *s == section && *k == at => {
                    number = *n;
                    from.push(number);
                    heads.pop();
                }
                _ => break,
            }
        }
        if !keeps(&section, &at, header) {
            continue;
        }
        days += u64::from(section == "days");
        let is_of_one = from.iter().all(|n| *n == first);
        let lines: Vec<&str> = group.iter().map(|line| text(line)).collect();
        if is_of_one {
            // As it was written: the lines of a key come in their order.
            lines.iter().for_each(|line| out.line(line, false));
            continue;
        }
        let frames: Vec<Frame<'_>> = lines.iter().filter_map(|line| Frame::of(line)).collect();
        Store::join(&frames, &lines, key, &mut out).map_err(|e: BaselineError| e.to_string())?;
    }
    out.trailer(days).map_err(|e| e.to_string())
}
