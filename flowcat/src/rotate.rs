//! `--rotate`: flows into files by the time at which they start, one for each span of it.
//!
//! ```text
//! flow ─► its span ─► the span's file, open ─► packed by its suffix ─► its name, once the span lies behind
//! ```
//!
//! A span lies behind once a flow starts [`LATE`] after its end. What comes later than that goes into the earliest file
//! that is still open, is told, and is counted. Flows without a time, and those whose clock is not to be believed, go
//! with the latest. Invariants: each flow is in one file; a file appears when it is complete, and never takes the place of
//! another. Bound: [`MOST`] open files; of more, the earliest is completed.

mod name;

use crate::step::{Form, Record, Store};
use flow_record::output::Packed;
use flow_record::record::{Writer, field};
use flow_record::run::Session;
use flow_record::value::Time;
pub(crate) use name::Pattern;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How long a span's file is kept open behind its end, in nanoseconds.
const LATE: i64 = 120_000_000_000;

/// Files that are open at once.
const MOST: usize = 16;

/// Bytes of lines that are collected before they are packed.
const FULL: usize = 64 * 1024;

/// The file of a span.
struct Open {
    packed: Packed,
    lines: Vec<u8>,
}

impl Open {
    fn pack(&mut self) -> io::Result<()> {
        self.packed.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }
}

/// Files by span.
pub(crate) struct Rotate {
    pattern: Pattern,
    /// Nanoseconds of a span.
    width: i64,
    writer: Writer,
    /// By the beginning of the span.
    open: BTreeMap<i64, Open>,
    /// The latest start that is to be believed.
    newest: Option<i64>,
    /// Spans before this one are complete.
    complete: i64,
    late: u64,
}

impl Rotate {
    /// Files named by `pattern`, for spans of `width` nanoseconds.
    pub(crate) fn new(pattern: Pattern, width: i64) -> Rotate {
        Rotate {
            pattern,
            width,
            writer: Writer::new(),
            open: BTreeMap::new(),
            newest: None,
            complete: i64::MIN,
            late: 0,
        }
    }

    fn take(&mut self, record: Record<'_>) -> io::Result<()> {
        let believed = record.flow.time().filter(|_| !record.flow.has(field::CLOCK)).map(Time::nanos);
        self.newest = self.newest.max(believed);
        let start = believed.or(self.newest).unwrap_or(0);
        let mut span = start - start.rem_euclid(self.width);
        if span < self.complete {
            self.late += 1;
            span = self.open.keys().next().copied().unwrap_or(self.complete);
        }
        if !self.open.contains_key(&span) {
            let packed = Packed::open(&self.pattern.free(Time(span)))?;
            self.open.insert(span, Open { packed, lines: Vec::new() });
        }
        if let Some(open) = self.open.get_mut(&span) {
            match record.form {
                Form::Fields(extras) => {
                    self.writer.members(record.flow, &mut open.lines);
                    open.lines.extend_from_slice(extras);
                    open.lines.extend_from_slice(b"}\n");
                }
                Form::Line(line) => {
                    open.lines.extend_from_slice(line.as_bytes());
                    open.lines.push(b'\n');
                }
            }
            if open.lines.len() >= FULL {
                open.pack()?;
            }
        }
        if self.open.len() > 1 { self.close() } else { Ok(()) }
    }

    /// Completes the files of spans that lie behind, and the earliest of too many.
    fn close(&mut self) -> io::Result<()> {
        let behind = self.newest.map_or(i64::MIN, |newest| newest.saturating_sub(LATE).saturating_sub(self.width));
        while let Some(entry) = self.open.first_entry() {
            let span = *entry.key();
            if span > behind && self.open.len() <= MOST {
                break;
            }
            if let Some((_, open)) = self.open.pop_first() {
                self.complete = self.complete.max(span.saturating_add(self.width));
                finish(open)?;
            }
        }
        Ok(())
    }
}

fn finish(mut open: Open) -> io::Result<()> {
    open.pack()?;
    open.packed.finish()
}

impl Store for Rotate {
    fn flow(&mut self, record: Record<'_>, session: &mut Session) {
        if let Err(e) = self.take(record) {
            session.break_off(&e.to_string());
        }
    }

    fn finish(&mut self, session: &mut Session) {
        while let Some((_, open)) = self.open.pop_first() {
            if session.is_over() {
                return;
            }
            if let Err(e) = finish(open) {
                session.break_off(&e.to_string());
            }
        }
        if self.late > 0 {
            session.account.details.push(("late for their file".into(), self.late));
            let late = flow_record::people::count(self.late, "flows");
            session.messages.warn("late for their file", || {
                format!(
                    "{late} came after the file of their time was complete, and are in the one after it; --sort sorts"
                )
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::output::Sink;
    use flow_record::record::Flow;
    use flow_record::run::Conduct;
    use std::path::Path;

    const MINUTE: i64 = 60_000_000_000;

    /// What is in each file after flows that start at these minutes; `None` is a clock that is not to be believed.
    fn files(minutes: &[Option<i64>], folder: &Path) -> Vec<(String, Vec<u64>)> {
        let pattern = Pattern::parse(&folder.join("f.%Y%m%d%H%M.ndjson"), MINUTE as u64 * 5).unwrap();
        let mut rotate = Rotate::new(pattern, 5 * MINUTE);
        let conduct = Conduct { quiet: true, ..Conduct::default() };
        let mut session = Session::begin("flowcat", conduct, Sink::none()).unwrap();
        for (number, minute) in minutes.iter().enumerate() {
            let mut flow = Flow::new();
            flow.set_integer(field::BYTES, number as u64);
            match minute {
                Some(minute) => flow.set_time(Time(1_700_000_000_000_000_000 + minute * MINUTE), 3),
                None => _ = flow.set_text(field::CLOCK, "implausible"),
            }
            Store::flow(&mut rotate, Record { flow: &flow, form: Form::Fields(b"") }, &mut session);
            assert!(rotate.open.len() <= MOST);
        }
        Store::finish(&mut rotate, &mut session);
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let bytes =
            |line: &str| line.split_once("\"bytes\":").unwrap().1.split([',', '}']).next().unwrap().parse().unwrap();
        let of = |path: &Path| std::fs::read_to_string(path).unwrap().lines().map(bytes).collect();
        names.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), of(path))).collect()
    }

    fn file(time: &str, flows: &[u64]) -> (String, Vec<u64>) {
        (format!("f.{time}.ndjson"), flows.to_vec())
    }

    #[test]
    fn flows_are_in_the_file_of_their_start() {
        let folder = tempfile::tempdir().unwrap();
        // From 22:13:20 on; the second is late for nothing yet, the last is.
        let seen = files(&[Some(0), Some(3), Some(1), None, Some(6), Some(2), Some(20), Some(0)], folder.path());
        let expected =
            [file("202311142210", &[0, 2]), file("202311142215", &[1, 3, 4, 5]), file("202311142230", &[6, 7])];
        assert_eq!(seen, expected);
        // Another run leaves what is there.
        let again = files(&[Some(0)], folder.path());
        assert_eq!(again[0], file("202311142210-2", &[0]));
        assert_eq!(again[1..], expected);
    }

    #[test]
    fn only_so_many_files_are_open() {
        let folder = tempfile::tempdir().unwrap();
        let back: Vec<_> = (0..100).map(|i| Some(-5 * i)).collect();
        assert_eq!(files(&back, folder.path()).iter().map(|(_, flows)| flows.len()).sum::<usize>(), 100);
    }
}
