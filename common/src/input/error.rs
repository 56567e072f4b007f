//! Why an input could not be opened or read.
//!
//! Opening gives an [`InputError`] that names the input. Reading goes through `std::io::Read` and gives
//! `io::Error`s; the one for damaged compressed data carries a [`Damage`] that says what and after how many bytes.
//! [`InputError::reading`] puts the name back.

use std::fmt;
use std::io;

/// An input that could not be opened or read to its end.
#[derive(Debug)]
pub struct InputError {
    /// The input as shown to a person: escaped, never empty.
    pub name: String,
    /// What went wrong.
    pub kind: InputErrorKind,
}

/// What went wrong with an input.
#[derive(Debug)]
#[non_exhaustive]
pub enum InputErrorKind {
    /// Nothing has this name.
    Missing,
    /// It is a folder where a file was needed.
    Folder,
    /// The operating system does not permit reading it.
    Denied,
    /// Compressed data ended early, is corrupt, or is followed by something else.
    Damaged(Damage),
    /// Any other error of the operating system.
    Failed(io::Error),
}

impl InputError {
    /// An error met while opening or reading the input called `name` (already escaped).
    pub fn reading(name: impl Into<String>, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => InputErrorKind::Missing,
            io::ErrorKind::IsADirectory => InputErrorKind::Folder,
            io::ErrorKind::PermissionDenied => InputErrorKind::Denied,
            _ => match error.downcast::<Damage>() {
                Ok(damage) => InputErrorKind::Damaged(damage),
                Err(other) => InputErrorKind::Failed(other),
            },
        };
        InputError { name: name.into(), kind }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.kind {
            InputErrorKind::Missing => write!(f, "no such file: \"{name}\""),
            InputErrorKind::Folder => write!(f, "is a folder: \"{name}\""),
            InputErrorKind::Denied => write!(f, "no permission to read \"{name}\""),
            InputErrorKind::Damaged(damage) => write!(f, "cannot read \"{name}\": {damage}"),
            InputErrorKind::Failed(error) => write!(f, "cannot read \"{name}\": {}", cause(error)),
        }
    }
}

impl std::error::Error for InputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            InputErrorKind::Damaged(damage) => Some(damage),
            InputErrorKind::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Compressed data that cannot be read on. All that came before it has been delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The compression, as in `gzip`.
    pub format: &'static str,
    /// Compressed bytes read before the fault.
    pub offset: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with compressed data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The data ends in the middle of a member, frame or stream.
    Truncated,
    /// The data is not what the format allows, or a checksum differs; in the words of the decoder.
    Corrupt(String),
    /// After a whole member comes something else.
    Trailing,
    /// Decoding would need more memory than the limit of 128 MiB.
    Memory,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { format, offset, fault } = self;
        match fault {
            Fault::Truncated => write!(f, "truncated {format} data after {offset} bytes"),
            Fault::Corrupt(what) => write!(f, "corrupt {format} data after {offset} bytes: {what}"),
            Fault::Trailing => write!(f, "something else follows the {format} data after {offset} bytes"),
            Fault::Memory if *format == "zstd" => {
                write!(f, "zstd data with a window above 128 MiB: unpack it with zstd -dc --long=31 and pipe it in")
            }
            Fault::Memory => write!(f, "{format} data that needs more than 128 MiB to unpack: pipe it in unpacked"),
        }
    }
}

impl std::error::Error for Damage {}

impl From<Damage> for io::Error {
    fn from(damage: Damage) -> Self {
        let kind = match damage.fault {
            Fault::Truncated => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, damage)
    }
}

/// The flag given to [`super::Input::stop_when`] was raised: the rest of the input is left unread on purpose.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped by request")
    }
}

impl std::error::Error for Stopped {}

/// Whether a read ended because it was asked to, not because anything is wrong.
pub fn is_stopped(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Stopped>())
}

/// An error of the operating system in this project's style: lower case, without the number.
pub fn cause(error: &io::Error) -> String {
    let mut text = error.to_string();
    if error.raw_os_error().is_some() {
        if let Some(at) = text.rfind(" (os error") {
            text.truncate(at);
        }
        if text.chars().nth(1).is_some_and(char::is_lowercase) {
            text[..1].make_ascii_lowercase();
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_short_lower_case_sentences() {
        let missing = InputError::reading("x.csv", io::Error::from_raw_os_error(2));
        assert_eq!(missing.to_string(), "no such file: \"x.csv\"");
        let failed = InputError::reading("x", io::Error::from_raw_os_error(5));
        assert_eq!(failed.to_string(), "cannot read \"x\": input/output error");
    }

    #[test]
    fn damage_survives_the_way_through_io_error() {
        let damage = Damage { format: "gzip", offset: 17, fault: Fault::Truncated };
        let error = InputError::reading("a.gz", damage.clone().into());
        assert!(matches!(&error.kind, InputErrorKind::Damaged(d) if *d == damage));
        assert_eq!(error.to_string(), "cannot read \"a.gz\": truncated gzip data after 17 bytes");
    }
}
