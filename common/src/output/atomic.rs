//! A regular file that appears whole or not at all.
//!
//! Written under a temporary name in the folder of its target, synced, renamed over the target, and the folder
//! synced: whoever reads the target sees the old file or the new one, also after a crash. The temporary name is
//! random and must not exist (`O_EXCL`), so nothing planted there is followed. A symbolic link at the target is
//! replaced, what it points to is not touched. An existing file keeps its mode; a new one gets that of the umask.
//!
//! Invariant: dropped without [`Atomic::finish`], the target is as before and the temporary file is gone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use tempfile::{Builder, NamedTempFile};

/// Permission bits that a replaced file hands on; not set-user-id and its like.
const MODE_BITS: u32 = 0o777;

/// A file on its way to its name.
pub(super) struct Atomic {
    temporary: NamedTempFile,
    target: PathBuf,
    /// The mode of the file that will be replaced.
    mode: Option<u32>,
}

impl Atomic {
    /// Begins a file that will be called `target`.
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        if target.file_name().is_none() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let mode = match fs::symlink_metadata(target) {
            Ok(metadata) if metadata.is_file() => {
                // A file that may not be written may not be replaced either.
                OpenOptions::new().write(true).open(target)?;
                Some(metadata.permissions().mode() & MODE_BITS)
            }
            _ => None,
        };
        // Until it has the mode of the file it replaces, nobody else may look into it.
        let begin = if mode.is_some() { 0o600 } else { 0o666 };
        let temporary = Builder::new()
            .prefix(".flow-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(begin))
            .tempfile_in(folder(target))
            .map_err(plain)?;
        Ok(Atomic { temporary, target: target.to_path_buf(), mode })
    }

    pub(super) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> io::Result<()> {
        let Atomic { temporary, target, mode } = self;
        if let Some(mode) = mode {
            temporary.as_file().set_permissions(Permissions::from_mode(mode))?;
        }
        temporary.as_file().sync_all()?;
        let file = temporary.persist(&target).map_err(|refused| refused.error)?;
        super::close(file)?;
        sync_folder(folder(&target))
    }
}

/// What the operating system said, without the temporary name, which nobody asked for: `tempfile` keeps of the error
/// only its kind apart from that name.
fn plain(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NotFound => Errno::ENOENT.into(),
        ErrorKind::NotADirectory => Errno::ENOTDIR.into(),
        ErrorKind::PermissionDenied => Errno::EACCES.into(),
        ErrorKind::ReadOnlyFilesystem => Errno::EROFS.into(),
        ErrorKind::StorageFull => Errno::ENOSPC.into(),
        _ => error,
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the rename last. A folder that cannot be opened or synced (some network file systems) is not an error:
/// the file has its name.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        result => result,
    }
}
