//! Standard output, and whether what is written to it is lost without anybody's meaning it.
//!
//! Rust's runtime opens `/dev/null` for reading and writing in place of a standard descriptor that is closed when
//! the program starts, and `std::io::Stdout` takes a write to a closed descriptor for a success. So the descriptor is
//! duplicated and written to directly. A parent may hand down the null device opened for both as well, as Python's
//! `DEVNULL` is: nothing tells these two apart, and lost output must not pass for success, so a run that wrote something
//! fails ([`LOST`]), unless stderr leads there too: then a parent meant it so (`daemon(3)`, a harness). A shell's
//! `>/dev/null` opens it for writing only.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// The null device, where an absent standard descriptor leads.
const NULL: &str = "/dev/null";

/// What is said where output may have been lost.
pub const LOST: &str = "what was written is lost: stdout is closed, or /dev/null opened for reading too; \
    >/dev/null opens it for writing only, in Python open(os.devnull, \"w\")";

/// A descriptor of standard output that is not buffered.
pub(super) fn open() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Whether `file` is the null device opened for both ways, and stderr is something else.
pub(super) fn may_be_closed(file: &File) -> bool {
    let stderr = || io::stderr().as_fd().try_clone_to_owned().map(File::from);
    let meant = || stderr().and_then(|f| leads_nowhere(&f)).unwrap_or(false);
    leads_nowhere(file).unwrap_or(false) && !meant()
}

fn leads_nowhere(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.file_type().is_char_device() || metadata.rdev() != std::fs::metadata(NULL)?.rdev() {
        return Ok(false);
    }
    let flags = OFlag::from_bits_truncate(fcntl(file, FcntlArg::F_GETFL)?);
    Ok(flags & OFlag::O_ACCMODE == OFlag::O_RDWR)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn only_the_null_device_opened_for_both_ways_may_be_a_closed_one() {
        let both = OpenOptions::new().read(true).write(true).open(NULL).unwrap();
        let one = OpenOptions::new().write(true).open(NULL).unwrap();
        let zero = OpenOptions::new().read(true).write(true).open("/dev/zero").unwrap();
        assert!(leads_nowhere(&both).unwrap());
        assert!(!leads_nowhere(&one).unwrap());
        assert!(!leads_nowhere(&zero).unwrap());
    }
}
