//! `--rotate`: flows into files by the time at which they start, one for each span of it.
//!
//! ```text
//! flow ─► its span ─► the span's file, open ─► packed by its suffix ─► its name, once the span lies behind
//! ```
//!
//! A span lies behind once a flow starts [`LATE`] after its end, or a tick comes then. What comes later than that goes into the earliest file
//! that is still open, is told, and is counted. Flows without a time, and those whose clock is not to be believed, go
//! with the latest. A flow that starts more than [`FAR`] before or after the others, as of an exporter whose clock is
//! wrong or of a forger, gets the file of its time and moves nothing, unless [`MOST_STRANGE`] in a row do. Invariants:
//! each flow is in one file; a file appears when it is complete, and never takes the place of another. Bound: [`MOST`] open
//! files; of more, the one that was written to longest ago is completed.

mod name;

use crate::step::{Form, Record, Store};
use flow_record::output::Packed;
use flow_record::record::{Writer, field};
use flow_record::run::Session;
use flow_record::scan::{SHORT, fits};
use flow_record::value::Time;
pub(crate) use name::Pattern;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

/// How long a span's file is kept open behind its end, in nanoseconds, unless `--lateness` says.
pub(crate) const LATE: i64 = 120_000_000_000;

/// How far from the others a flow may start, in nanoseconds, to be taken for one of them.
const FAR: i64 = 3_600_000_000_000;

/// Flows in a row that are far from those before, after which these are left.
const MOST_STRANGE: u32 = 100;

/// Flows of others after which a file that is far behind is complete.
const REST: u64 = 1000;

/// Files that are open at once.
const MOST: usize = 16;

/// Bytes of lines that are collected before they are packed.
const FULL: usize = 64 * 1024;

/// The file of a span.
struct Open {
    packed: Packed,
    lines: Vec<u8>,
    /// The number of the flow that was written last.
    last: u64,
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
    /// The folder that was there from the beginning.
    folder: Option<PathBuf>,
    pattern: Pattern,
    /// Nanoseconds of a span, and those that its file is kept open behind it.
    width: i64,
    lateness: i64,
    writer: Writer,
    /// By the beginning of the span.
    open: BTreeMap<i64, Open>,
    /// The latest start that is to be believed.
    newest: Option<i64>,
    /// Spans before this one are complete.
    complete: i64,
    late: u64,
    /// Flows in a row that are far from `newest`.
    strange: u32,
    /// Flows that came.
    count: u64,
}

impl Rotate {
    /// Files named by `pattern`, for spans of `width` nanoseconds, open for `lateness` behind that.
    pub(crate) fn new(pattern: Pattern, width: i64, lateness: i64) -> Rotate {
        Rotate {
            folder: pattern.folder(),
            pattern,
            width,
            lateness,
            writer: Writer::new(),
            open: BTreeMap::new(),
            newest: None,
            complete: i64::MIN,
            late: 0,
            strange: 0,
            count: 0,
        }
    }

    /// Takes a start; answers whether it is near those of others.
    fn is_near(&mut self, start: i64) -> bool {
        match self.newest {
            Some(newest) if newest.abs_diff(start) > FAR.unsigned_abs() => {
                self.strange += 1;
                if self.strange < MOST_STRANGE {
                    return false;
                }
                // Time is another from here on, also where it lies behind.
                (self.newest, self.complete) = (Some(start), i64::MIN);
            }
            newest => self.newest = newest.max(Some(start)),
        }
        self.strange = 0;
        true
    }

    fn take(&mut self, record: Record<'_>) -> io::Result<bool> {
        self.count += 1;
        let believed = record.flow.time().filter(|_| !record.flow.has(field::CLOCK)).map(Time::nanos);
        let is_near = believed.is_none_or(|start| self.is_near(start));
        let start = believed.or(self.newest).unwrap_or(0);
        let mut span = start - start.rem_euclid(self.width);
        if is_near && span < self.complete {
            self.late += 1;
            span = self.open.range(span..).next().map_or(self.complete, |(later, _)| *later);
        }
        if !self.open.contains_key(&span) {
            let path = self.pattern.free(Time(span));
            // Of folders those with a time in their names may not be there yet.
            if let Some(folder) = path.parent().filter(|folder| Some(*folder) != self.folder.as_deref()) {
                fs::create_dir_all(folder)?;
            }
            let packed = Packed::open(&path)?;
            self.open.insert(span, Open { packed, lines: Vec::new(), last: 0 });
        }
        if let Some(open) = self.open.get_mut(&span) {
            open.last = self.count;
            let start = open.lines.len();
            match record.form {
                Form::Fields(extras) => {
                    self.writer.members(record.flow, &mut open.lines);
                    open.lines.extend_from_slice(extras);
                    open.lines.extend_from_slice(b"}\n");
                    if open.lines.len() - start > SHORT && !fits(&open.lines[start..]) {
                        open.lines.truncate(start);
                        return Ok(false);
                    }
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
        if self.open.len() > 1 {
            self.close()?;
        }
        Ok(true)
    }

    /// Completes the files of spans that lie behind, and of too many the one that rests longest.
    fn close(&mut self) -> io::Result<()> {
        let newest = self.newest.unwrap_or(i64::MIN);
        let (behind, near) = (newest.saturating_sub(self.lateness), newest.saturating_sub(FAR));
        let end = |span: &i64| span.saturating_add(self.width);
        // What is far behind may be forged, and more of it may come.
        let is_over =
            |(span, open): &(&i64, &Open)| end(span) <= behind && (end(span) >= near || self.count - open.last >= REST);
        let over: Vec<i64> = self.open.iter().filter(is_over).map(|(span, _)| *span).collect();
        let complete = over.iter().map(end).filter(|end| *end >= near).max();
        self.complete = self.complete.max(complete.unwrap_or(i64::MIN));
        for span in over {
            self.finish_span(span)?;
        }
        while self.open.len() > MOST {
            let Some(span) = self.open.iter().min_by_key(|(_, open)| open.last).map(|(span, _)| *span) else { break };
            self.finish_span(span)?;
        }
        Ok(())
    }

    fn finish_span(&mut self, span: i64) -> io::Result<()> {
        self.open.remove(&span).map_or(Ok(()), finish)
    }
}

fn finish(mut open: Open) -> io::Result<()> {
    open.pack()?;
    open.packed.finish()
}

impl Store for Rotate {
    fn flow(&mut self, record: Record<'_>, session: &mut Session) -> bool {
        self.take(record).unwrap_or_else(|e| {
            session.break_off(&e.to_string());
            true
        })
    }

    fn tick(&mut self, time: Time, session: &mut Session) {
        // Of what was captured long ago the clock says nothing.
        let is_near = self.newest.is_some_and(|newest| newest.abs_diff(time.nanos()) <= FAR.unsigned_abs());
        if is_near {
            self.newest = self.newest.max(Some(time.nanos()));
            if let Err(e) = self.close() {
                session.break_off(&e.to_string());
            }
        }
    }

    fn holds(&self) -> &'static str {
        "--rotate writes flows"
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
        let mut rotate = Rotate::new(pattern, 5 * MINUTE, LATE);
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
    fn a_forged_time_moves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // Far ahead and far behind, among flows that go on in order.
        let forged = [Some(0), Some(50_000), Some(1), Some(-50_000), Some(2), Some(50_000), Some(7), Some(3), Some(8)];
        let seen = files(&forged, folder.path());
        let expected = [
            file("202310110450", &[3]),
            file("202311142210", &[0, 2]),
            file("202311142215", &[4, 7]),
            file("202311142220", &[6, 8]),
            file("202312191530", &[1, 5]),
        ];
        assert_eq!(seen, expected);
        // From a first that is forged one comes back.
        let folder = tempfile::tempdir().unwrap();
        let minutes: Vec<_> = [Some(50_000)].into_iter().chain((0..400).map(|i| Some(i / 20))).collect();
        let seen = files(&minutes, folder.path());
        assert_eq!(
            seen.iter().map(|(name, flows)| (name.as_str(), flows.len())).collect::<Vec<_>>(),
            [
                ("f.202311142210.ndjson", 40),
                ("f.202311142215.ndjson", 100),
                ("f.202311142220.ndjson", 100),
                ("f.202311142225.ndjson", 100),
                ("f.202311142230.ndjson", 60),
                ("f.202312191530.ndjson", 1),
            ]
        );
    }

    #[test]
    fn a_tick_completes_what_lies_behind() {
        let folder = tempfile::tempdir().unwrap();
        let pattern = Pattern::parse(&folder.path().join("f.%Y%m%d%H%M"), 5 * MINUTE as u64).unwrap();
        let mut rotate = Rotate::new(pattern, 5 * MINUTE, MINUTE);
        let mut session =
            Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).unwrap();
        let mut flow = Flow::new();
        let start = 1_700_000_000_000_000_000;
        flow.set_time(Time(start), 3);
        Store::flow(&mut rotate, Record { flow: &flow, form: Form::Fields(b"") }, &mut session);
        // The span ends 100 seconds after the flow, and a minute is waited for more.
        for (tick, is_complete) in [(159, false), (8000, false), (-100, false), (160, true)] {
            Store::tick(&mut rotate, Time(start + tick * 1_000_000_000), &mut session);
            assert_eq!(folder.path().join("f.202311142210").exists(), is_complete, "{tick}");
        }
        Store::finish(&mut rotate, &mut session);
    }

    #[test]
    fn only_so_many_files_are_open() {
        let folder = tempfile::tempdir().unwrap();
        let back: Vec<_> = (0..100).map(|i| Some(-5 * i)).collect();
        assert_eq!(files(&back, folder.path()).iter().map(|(_, flows)| flows.len()).sum::<usize>(), 100);
    }
}
