//! Why data could not be written.
//!
//! All of [`super::Output`] gives `io::Error`s, so that it serves as any `io::Write`; inside is an [`OutputError`]
//! with the name of the output.

use std::fmt;
use std::io;
use std::path::Path;

use super::escape::escape_bytes;
use crate::input::cause;

/// A failed opening, write, flush, sync, rename or close of an output.
#[derive(Debug)]
pub struct OutputError {
    /// The output as shown to a person: the escaped path, or `stdout`.
    pub name: String,
    /// What the operating system said.
    pub error: io::Error,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write \"{}\": {}", self.name, cause(&self.error))
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// `error` together with the name it concerns.
pub(super) fn named(name: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), OutputError { name: name.to_owned(), error })
}

/// A path as shown to a person.
pub(super) fn shown(path: &Path) -> String {
    escape_bytes(path.as_os_str().as_encoded_bytes())
}

/// Whether the reader of an output went away, as `head` does when it has enough: no error of this program.
pub fn is_closed_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
