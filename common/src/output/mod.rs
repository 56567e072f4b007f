//! Where data goes: standard output, files that appear whole, pipes and devices; lines, tables, CSV.
//!
//! Lines go through a [`Sink`] to an [`Output`]: as they are, or made into tables, CSV or [`alerts`] of other systems. [`rejects`] keeps what was
//! refused, [`progress`] shows how far the input is.
//!
//! Invariants: every write, sync, rename and close is checked, and its error names the output; nothing is written
//! twice or left out because a descriptor was interrupted or not ready; what reaches a terminal, a table or a CSV
//! cell is escaped ([`escape`]).
//! Bound: [`BUFFER`] bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use memchr::memrchr;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub mod alerts;
mod atomic;
mod cells;
mod columns;
pub mod csv;
mod error;
pub mod escape;
mod packed;
pub mod progress;
pub mod rejects;
mod sink;
mod stdout;
pub mod table;

pub use error::{OutputError, is_closed_pipe};
pub use packed::Packed;
pub use sink::Sink;
pub use stdout::LOST;

use crate::alert;
use crate::input::Identity;
use crate::input::pipe::widen;
use crate::item::slip_of;
use crate::record::field::known;
use atomic::Atomic;
use error::{named, shown};

/// Bytes collected before they are written.
pub const BUFFER: usize = 64 * 1024;

/// Bytes that are written as they are, not collected first.
const DIRECT: usize = BUFFER / 2;

/// Names of standard output in the file system.
const STDOUT_PATHS: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// A buffered output.
///
/// Nothing is certain before [`Output::finish`] returned: dropped without it, what is in the buffer is lost, and a
/// regular file is left as it was.
#[must_use = "without finish() the data may be lost"]
pub struct Output {
    name: String,
    target: Target,
    buffer: Vec<u8>,
    line_buffered: bool,
    /// What is written may be lost; whether something was.
    lossy: Option<bool>,
    /// A write failed; where in the data is unknown, so none may follow.
    broken: Option<ErrorKind>,
}

enum Target {
    Direct(File),
    Atomic(Atomic),
}

impl Output {
    /// Opens `path`; `None` and `-` are standard output.
    ///
    /// A regular file or an absent one is written under a temporary name and gets its name in [`Output::finish`].
    /// A FIFO, device or socket is written directly. Lines are passed on one by one if `line_buffered` says so or
    /// the output is a terminal.
    ///
    /// # Errors
    /// What the operating system refuses, as an [`OutputError`] inside.
    pub fn open(path: Option<&Path>, line_buffered: bool) -> io::Result<Output> {
        let Some(path) = path.filter(|path| *path != Path::new("-") && !STDOUT_PATHS.iter().any(|p| path == p)) else {
            return Output::stdout(line_buffered);
        };
        let name = shown(path);
        let target = open_target(path).map_err(|error| named(&name, error))?;
        Ok(Output::over(name, target, line_buffered))
    }

    /// Opens `path` to be written as the data comes, also if it is a regular file, which is emptied first: for what
    /// must survive a crash of this program.
    ///
    /// # Errors
    /// What the operating system refuses, and a symbolic link to a regular file.
    pub fn direct(path: &Path) -> io::Result<Output> {
        let name = shown(path);
        let file = open_direct(path).map_err(|error| named(&name, error))?;
        Ok(Output::over(name, Target::Direct(file), false))
    }

    fn stdout(line_buffered: bool) -> io::Result<Output> {
        let name = "stdout".to_owned();
        let file = stdout::open().map_err(|error| named(&name, error))?;
        let lossy = stdout::may_be_closed(&file).then_some(false);
        Ok(Output { lossy, ..Output::over(name, Target::Direct(file), line_buffered) })
    }

    fn over(name: String, target: Target, line_buffered: bool) -> Output {
        if let Target::Direct(file) = &target {
            widen(file);
        }
        let terminal = matches!(&target, Target::Direct(file) if file.is_terminal());
        let line_buffered = line_buffered || terminal;
        Output { name, target, buffer: Vec::with_capacity(BUFFER), line_buffered, lossy: None, broken: None }
    }

    /// The name for messages: the path with control characters escaped, or `stdout`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        matches!(&self.target, Target::Direct(file) if file.is_terminal())
    }

    /// Whether it is a regular file that gets its name, or takes the place of an old one, in [`Output::finish`].
    pub fn is_file_to_be(&self) -> bool {
        matches!(self.target, Target::Atomic(_))
    }

    /// Whether something was written to a standard output that may have been closed when the program started ([`LOST`]).
    pub fn is_lost(&self) -> bool {
        self.lossy == Some(true) || self.lossy.is_some() && !self.buffer.is_empty()
    }

    /// Columns of the terminal, if it is one.
    pub fn width(&self) -> Option<usize> {
        let Target::Direct(file) = &self.target else { return None };
        let (columns, _) = terminal_size::terminal_size_of(file)?;
        // A terminal without a size (a serial line, some containers) says 0.
        Some(usize::from(columns.0)).filter(|columns| *columns > 0)
    }

    /// Which regular file is written to in place, if one is (`>file`, `>>file`): an input that is the same file
    /// must be refused. A file that is replaced as a whole is `None`.
    pub fn identity(&self) -> Option<Identity> {
        let Target::Direct(file) = &self.target else { return None };
        let metadata = file.metadata().ok()?;
        metadata.is_file().then(|| Identity::of(&metadata))
    }

    /// Writes what is left, and makes it last: a regular file is synced and gets its name, every other is closed.
    ///
    /// # Errors
    /// Those of the writes and of the close; then a regular file is left as it was.
    pub fn finish(mut self) -> io::Result<()> {
        self.drain()?;
        let result = match self.target {
            Target::Atomic(atomic) => atomic.finish(),
            Target::Direct(file) => close(file),
        };
        result.map_err(|error| named(&self.name, error))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Lines that come whole leave whole: a write does not cut through them if it can be helped.
        if self.buffer.len() + bytes.len() > BUFFER {
            self.drain()?;
        }
        if bytes.len() >= DIRECT && self.buffer.is_empty() {
            return self.pass(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        if self.line_buffered && memrchr(b'\n', bytes).is_some() {
            return self.drain();
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let result = self.pass(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        result
    }

    /// Hands `bytes` to the operating system.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.lossy = self.lossy.map(|_| true);
        let result = match (self.broken, &mut self.target) {
            (Some(kind), _) => Err(kind.into()),
            (None, Target::Direct(file)) => write_fully(file, bytes),
            (None, Target::Atomic(atomic)) => write_fully(atomic.file(), bytes),
        };
        result.map_err(|error| {
            self.broken = Some(error.kind());
            named(&self.name, error)
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    /// Writes what is in the buffer.
    fn flush(&mut self) -> io::Result<()> {
        self.drain()
    }
}

/// Writes a small file at once: as a whole if it is regular, else directly.
///
/// # Errors
/// Those of [`Output`].
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::open(Some(path), false)?;
    output.write_all(bytes)?;
    output.finish()
}

/// What is said of a column that was asked for and that no line had, with what may have been meant.
fn never(name: &str) -> String {
    let names: Vec<&str> = known().map(|f| f.name).chain(alert::FIELDS.iter().map(|f| f.name)).collect();
    let near = slip_of(name, names.iter().copied()).filter(|near| *near != name);
    let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    format!("--fields: no line has {name:?}{near}")
}

/// Writes all of `bytes`, through interruptions and waits.
fn write_fully(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(file)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until a descriptor that does not block takes data again.
fn wait(file: &File) -> io::Result<()> {
    match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Closes a file and says if that failed: network file systems report late writes here.
fn close(file: File) -> io::Result<()> {
    match nix::unistd::close(OwnedFd::from(file)) {
        // The descriptor is closed all the same.
        Ok(()) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn open_target(path: &Path) -> io::Result<Target> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Atomic::create(path).map(Target::Atomic),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        Err(ErrorKind::IsADirectory.into())
    } else if metadata.is_file() && !is_system(path) {
        Atomic::create(path).map(Target::Atomic)
    } else {
        open_direct(path).map(Target::Direct)
    }
}

/// Links such as `/dev/fd/3` lead to what is open already; to replace them would break them.
fn is_system(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

fn open_direct(path: &Path) -> io::Result<File> {
    let found = fs::metadata(path);
    if let Ok(metadata) = &found
        && metadata.file_type().is_socket()
    {
        return Ok(File::from(OwnedFd::from(UnixStream::connect(path)?)));
    }
    let mut options = OpenOptions::new();
    let mut flags = OFlag::O_NOCTTY;
    match found {
        Ok(metadata) if is_system(path) => {
            options.append(metadata.is_file()).write(true);
        }
        Ok(metadata) if !metadata.is_file() => {
            options.write(true);
        }
        _ => {
            // What a link planted here points to is not emptied.
            flags |= OFlag::O_NOFOLLOW;
            options.write(true).create(true).truncate(true);
        }
    }
    options.custom_flags(flags.bits()).open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::ELOOP as i32 => io::Error::other("it is a symbolic link"),
        _ => error,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
