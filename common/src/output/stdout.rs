//! Standard output, and whether there is one.
//!
//! Rust's runtime opens `/dev/null` for reading and writing in place of a standard descriptor that is closed when
//! the program starts, and `std::io::Stdout` takes a write to a closed descriptor for a success. Both would turn
//! `>&-` into lost data and exit 0. So the descriptor is duplicated and written to directly, and `/dev/null` opened
//! for both reading and writing counts as closed. A shell's `>/dev/null` opens it for writing only. Where stderr leads
//! there too, a parent meant it so (`daemon(3)`, a harness). A parent that hands down the null device opened for both as
//! standard output alone, as Python's `DEVNULL` is, cannot be told from the runtime: it gets the error, which says what
//! to do, and only where there was something to write.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// The null device, where an absent standard descriptor leads.
const NULL: &str = "/dev/null";

/// A descriptor of standard output that is not buffered.
pub(super) fn open() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Whether standard output was closed when the program started. Then all that is written to it is lost.
pub fn stdout_is_closed() -> bool {
    let stderr = || io::stderr().as_fd().try_clone_to_owned().map(File::from);
    match open() {
        Ok(file) => {
            let meant = || stderr().and_then(|f| leads_nowhere(&f)).unwrap_or(false);
            leads_nowhere(&file).unwrap_or(false) && !meant()
        }
        Err(_) => true,
    }
}

fn leads_nowhere(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.file_type().is_char_device() || metadata.rdev() != std::fs::metadata(NULL)?.rdev() {
        return Ok(false);
    }
    let flags = OFlag::from_bits_truncate(fcntl(file, FcntlArg::F_GETFL)?);
    Ok(flags & OFlag::O_ACCMODE == OFlag::O_RDWR)
}

/// The error of a write to a standard output that is closed.
pub(super) fn closed() -> io::Error {
    io::Error::other("it is closed, or the null device opened for reading too; open that for writing only")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn only_the_null_device_opened_for_both_ways_counts_as_closed() {
        let both = OpenOptions::new().read(true).write(true).open(NULL).unwrap();
        let one = OpenOptions::new().write(true).open(NULL).unwrap();
        let zero = OpenOptions::new().read(true).write(true).open("/dev/zero").unwrap();
        assert!(leads_nowhere(&both).unwrap());
        assert!(!leads_nowhere(&one).unwrap());
        assert!(!leads_nowhere(&zero).unwrap());
    }
}
