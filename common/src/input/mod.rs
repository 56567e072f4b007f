//! Where lines and records come from: files, folders, standard input; packed or plain.
//!
//! ```text
//! arguments ──► sources ──► Source::open ──► Input (io::Read, unpacked) ──► Blocks (whole lines)
//! ```
//!
//! Nothing seeks, so all of it works on pipes. What an input is packed with shows in its first bytes, which are
//! looked at with the first read, not on opening: opening a silent pipe does not wait for data.
//!
//! Invariant: what can be read before an error is delivered before the error.
//! Bound: 64 KiB of look-ahead for each open input, and what its decoder needs.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

mod compress;
mod error;
pub mod feed;
mod folder;
mod follow;
mod known;
mod lines;
mod lz4;
pub(crate) mod pipe;
mod raw;

pub use compress::Compression;
pub use error::{Damage, Fault, InputError, InputErrorKind, cause, is_stopped};
pub use follow::Follow;
pub use known::{Kind, Known};
pub use lines::{Blocks, Part, Piece};

use crate::output::escape::escape_bytes;
use compress::Look;
use raw::{Raw, Window};

/// A file of any kind, standard input, or what comes live.
#[derive(Debug, Clone)]
pub struct Source {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Stdin,
    File(PathBuf),
    Live(Arc<dyn Live>),
}

/// An input that goes on as long as nobody stops it, such as a socket.
pub trait Live: std::fmt::Debug + Send + Sync {
    /// Its name for messages: printable, never empty.
    fn name(&self) -> String;

    /// Opens it, once.
    ///
    /// # Errors
    /// When the operating system refuses.
    fn open(&self) -> io::Result<Box<dyn LiveReader>>;
}

/// An open live input. Its bytes are not packed.
pub trait LiveReader: Read + Send {
    /// Once `flag` is true, what is there already is still to be read, and then the input ends.
    fn stop_when(&mut self, flag: Arc<AtomicBool>);
}

/// Device and inode: the same for two names of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// The regular file at `path`; `None` if there is none, or something else.
    pub fn of_path(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|metadata| Identity::of(&metadata))
    }

    pub(crate) fn of(metadata: &std::fs::Metadata) -> Self {
        Identity { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What the arguments name, in order: `-` is standard input, a folder stands for the regular files in it.
///
/// Names in a folder come in byte order, subfolders in their place; hidden ones are skipped, and what a symbolic
/// link leads to is taken once. What is missing or cannot be looked into is an error in its place, so that the
/// others can still be read. Without arguments nothing is returned, nor for a folder without files.
pub fn sources(args: &[OsString]) -> Vec<Result<Source, InputError>> {
    let mut found = Vec::with_capacity(args.len());
    for arg in args {
        if arg == "-" {
            found.push(Ok(Source::stdin()));
            continue;
        }
        match std::fs::metadata(arg) {
            Ok(metadata) if metadata.is_dir() => folder::expand(Path::new(arg), &mut found),
            Ok(_) => found.push(Ok(Source::file(arg))),
            Err(error) => found.push(Err(InputError::reading(shown(arg), error))),
        }
    }
    found
}

/// A path as shown to a person.
fn shown(path: &OsStr) -> String {
    escape_bytes(path.as_bytes())
}

impl Source {
    /// Standard input.
    pub fn stdin() -> Self {
        Source { place: Place::Stdin }
    }

    /// The file at `path`, of whatever kind.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Source { place: Place::File(path.into()) }
    }

    /// What comes live.
    pub fn live(live: Arc<dyn Live>) -> Self {
        Source { place: Place::Live(live) }
    }

    /// The path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Stdin | Place::Live(_) => None,
        }
    }

    /// The name for messages: the path with control characters escaped, or `stdin`.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Stdin => "stdin".into(),
            Place::File(path) => shown(path.as_os_str()),
            Place::Live(live) => live.name(),
        }
    }

    /// Whether it is live: what was sent already is read even after a request to stop.
    pub fn is_live(&self) -> bool {
        matches!(self.place, Place::Live(_))
    }

    /// Whether it is a pipe, named or not, or live.
    pub fn is_pipe(&self) -> bool {
        let metadata = match &self.place {
            Place::File(path) => std::fs::metadata(path),
            Place::Stdin => io::stdin().as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata()),
            Place::Live(_) => return true,
        };
        metadata.is_ok_and(|metadata| metadata.file_type().is_fifo())
    }

    /// Opens it. A FIFO without a writer waits for one.
    ///
    /// # Errors
    /// When the operating system refuses, and for a folder.
    pub fn open(&self) -> Result<Input, InputError> {
        self.open_file().map_err(|error| InputError::reading(self.name(), error))
    }

    fn open_file(&self) -> io::Result<Input> {
        let mut file = match &self.place {
            Place::File(path) => File::open(path)?,
            Place::Stdin => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            Place::Live(live) => return Ok(Input::over(Raw::live(live.open()?))),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut total = None;
        // Files of /proc say that they are empty, and are not.
        if metadata.is_file() && metadata.len() > 0 {
            total = Some(metadata.len().saturating_sub(file.stream_position()?));
        }
        pipe::widen(&file);
        let mut input = Input::over(Raw::file(file, metadata.is_file()));
        input.total = total;
        input.identity = metadata.is_file().then(|| Identity::of(&metadata));
        Ok(input)
    }
}

/// An open input: a reader of its bytes, unpacked if they were packed.
///
/// Read errors that damage explains carry a [`Damage`] as their inner error.
pub struct Input {
    layer: Layer,
    /// Bytes that [`Input::look_ahead`] read; the first `taken` of them have been read since.
    front: Vec<u8>,
    taken: usize,
    /// An error that [`Input::look_ahead`] met.
    held: Option<io::Error>,
    consumed: Arc<AtomicU64>,
    total: Option<u64>,
    identity: Option<Identity>,
    compression: Option<Compression>,
}

/// Bytes that are read ahead at a time.
const AHEAD: usize = 4096;

/// How a look ahead went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// There is more than before.
    More,
    /// The input is at its end.
    Ended,
    /// The input cannot be read on, or is to stop.
    Failed,
}

enum Layer {
    /// Not looked at yet. `None` only while it is replaced, and when that failed.
    Fresh(Option<Window<Raw>>),
    Plain(Window<Raw>),
    Packed(Box<dyn Read + Send>),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("total", &self.total)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl Input {
    /// An input over any reader: a socket, or bytes in memory.
    pub fn from_reader(reader: impl Read + Send + 'static) -> Self {
        Input::over(Raw::other(Box::new(reader)))
    }

    fn over(raw: Raw) -> Self {
        let consumed = Arc::clone(&raw.consumed);
        Input {
            layer: Layer::Fresh(Some(Window::new(raw))),
            front: Vec::new(),
            taken: 0,
            held: None,
            consumed,
            total: None,
            identity: None,
            compression: None,
        }
    }

    /// Size in bytes as stored, of a regular file.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Bytes read so far as stored; goes on counting while the input is read elsewhere.
    pub fn consumed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.consumed)
    }

    /// Which regular file this is, to tell that an output is the same.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// How it is packed; known after the first read or [`Input::look_ahead`].
    pub fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Once `flag` is true, reads fail with an error for which [`is_stopped`] holds; of live input, what is there already
    /// is read first, and then its end. A read that waits for a pipe ends within 0.1 s. To be called before the first read.
    pub fn stop_when(&mut self, flag: Arc<AtomicBool>) {
        if let Layer::Fresh(Some(window)) = &mut self.layer {
            window.reader_mut().stop_when(flag);
        }
    }

    /// Reads once ahead, and leaves what came to be read again: see [`Input::ahead`]. To be called before the first
    /// read. An error is kept for the read that reaches it.
    pub fn look_ahead(&mut self) -> Ahead {
        if self.held.is_some() {
            return Ahead::Failed;
        }
        let have = self.front.len();
        let mut front = std::mem::take(&mut self.front);
        front.resize(have + AHEAD, 0);
        let result = self.read_layer(&mut front[have..]);
        front.truncate(have + result.as_ref().map_or(0, |n| *n));
        self.front = front;
        match result {
            Ok(0) => Ahead::Ended,
            Ok(_) => Ahead::More,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ahead::More,
            Err(error) => {
                self.held = Some(error);
                Ahead::Failed
            }
        }
    }

    /// What [`Input::look_ahead`] has read: the first bytes, unpacked, nothing taken away.
    pub fn ahead(&self) -> &[u8] {
        &self.front
    }

    /// The file itself, from its beginning, to seek in: where it is a regular one that is not packed. Both share one
    /// position, so the input is not to be read any more. To be called after a look ahead.
    pub fn seekable(&self) -> Option<File> {
        let Layer::Plain(window) = &self.layer else { return None };
        let mut file = window.reader().regular()?.try_clone().ok()?;
        file.rewind().ok()?;
        Some(file)
    }

    /// Looks at the first bytes to see what the input is packed with.
    fn look(&mut self) -> io::Result<()> {
        let Layer::Fresh(window) = &mut self.layer else { return Ok(()) };
        let Some(fresh) = window else { return Ok(()) };
        let look = loop {
            match Compression::of(fresh.ready()) {
                Look::Open if fresh.fill()? => {}
                look => break look,
            }
        };
        let Some(fresh) = window.take() else { return Ok(()) };
        self.layer = match look {
            Look::Packed(compression) => {
                self.compression = Some(compression);
                Layer::Packed(compress::unpack(compression, fresh)?)
            }
            Look::Plain | Look::Open => Layer::Plain(fresh),
        };
        Ok(())
    }

    fn read_layer(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.look()?;
        match &mut self.layer {
            Layer::Plain(window) => window.read(out),
            Layer::Packed(reader) => reader.read(out),
            Layer::Fresh(_) => Ok(0),
        }
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ahead = &self.front[self.taken..];
        if !ahead.is_empty() {
            let n = ahead.len().min(out.len());
            out[..n].copy_from_slice(&ahead[..n]);
            self.taken += n;
            if self.taken == self.front.len() {
                self.front = Vec::new();
                self.taken = 0;
            }
            return Ok(n);
        }
        match self.held.take() {
            Some(error) => Err(error),
            None => self.read_layer(out),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
