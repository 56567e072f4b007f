//! Flows into Parquet files, one after the other.
//!
//! Invariant: where there are several, each has its number in its name, and files of an earlier run with higher numbers
//! are told of: whoever reads the folder would read them, too.

use super::Writer;
use crate::step::{Form, Record, Store};
use flow_record::run::Session;
use flow_record::value::text::printable;
use parquet::errors::Result;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The file that is written, and those that follow.
pub(crate) struct Files {
    writer: Writer,
    /// How they are named, and how many flows each holds, where there may be several.
    many: Option<(PathBuf, u64)>,
    /// Files that are complete.
    complete: u64,
    /// Flows in the open one.
    rows: u64,
}

impl Files {
    /// What `writer` makes goes into the output of the session; if `many` says so, further files of so many flows each
    /// follow, named as [`numbered`] says.
    pub(crate) fn new(writer: Writer, many: Option<(PathBuf, u64)>) -> Files {
        Files { writer, many, complete: 0, rows: 0 }
    }

    /// Completes the open file and begins the next.
    #[cold]
    fn next(&mut self, session: &mut Session) {
        self.end(session);
        let Some((path, _)) = &self.many else { return };
        (self.complete, self.rows) = (self.complete + 1, 0);
        session.next_output(&numbered(path, self.complete + 1));
    }

    fn end(&mut self, session: &mut Session) {
        if let Some(bytes) = check(self.writer.finish(), session) {
            session.write(&bytes);
        }
    }
}

impl Store for Files {
    fn flow(&mut self, record: Record<'_>, session: &mut Session) -> bool {
        if self.many.as_ref().is_some_and(|(_, most)| self.rows == *most) {
            self.next(session);
        }
        let taken = match record.form {
            Form::Fields(members) => self.writer.fields(record.flow, members),
            Form::Line(line) => self.writer.line(record.flow, line),
        };
        self.rows += 1;
        check(taken, session);
        if self.writer.has_bytes() {
            session.write(&self.writer.bytes());
        }
        true
    }

    fn finish(&mut self, session: &mut Session) {
        self.end(session);
        for text in self.writer.left_out() {
            session.messages.note(&text);
        }
        if let Some((path, _)) = &self.many {
            for name in left_over(path, self.complete + 1) {
                let text = || format!("{name} is of an earlier run and not part of this one");
                session.messages.warn("files of an earlier run", text);
            }
        }
    }
}

/// Tells of an error of the writer, which ends the run.
fn check<T>(result: Result<T>, session: &mut Session) -> Option<T> {
    result.map_err(|e| session.break_off(&format!("writing Parquet: {e}"))).ok()
}

/// Whether files can be numbered after an output of this name.
///
/// # Errors
/// It is standard output, a device, a pipe or a folder; it has no name.
pub(crate) fn check_numbered(path: &Path) -> std::result::Result<(), String> {
    let is_stream =
        path == Path::new("-") || ["/dev/std", "/dev/fd/", "/proc/"].iter().any(|p| shown(path).starts_with(p));
    let is_other = path.metadata().is_ok_and(|metadata| !metadata.is_file());
    if is_stream || is_other || path.file_name().is_none() {
        return Err(format!(
            "--rows-per-file: {:?} is no regular file, after which others could be numbered",
            shown(path)
        ));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The files beside `path` that are numbered after it, with a number above `last`, in order.
fn left_over(path: &Path, last: u64) -> Vec<String> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    let number = |name: &OsStr| -> Option<u64> {
        let digits = Path::new(name).file_stem()?.as_encoded_bytes().strip_prefix(stem)?.strip_prefix(b"-")?;
        let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
        (numbered(path, number).file_name() == Some(name)).then_some(number)
    };
    let mut found: Vec<_> = entries.filter_map(|entry| Some((number(&entry.file_name())?, entry.path()))).collect();
    found.retain(|(number, _)| *number > last);
    found.sort_unstable();
    found.into_iter().map(|(_, path)| printable(&shown(&path)).into_owned()).collect()
}

/// The name of file number `number`, from 1: `flows.parquet` is `flows-00001.parquet`.
pub(crate) fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number:05}"));
    if let Some(suffix) = path.extension() {
        name.push(".");
        name.push(suffix);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_before_the_suffix() {
        for (path, name) in
            [("a/flows.parquet", "a/flows-00007.parquet"), ("flows", "flows-00007"), ("a.b.c", "a.b-00007.c")]
        {
            assert_eq!(numbered(Path::new(path), 7), Path::new(name));
        }
    }
}
