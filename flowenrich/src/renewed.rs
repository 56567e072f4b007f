//! What was made of files, made again when they change while a stream goes on.
//!
//! Threads share it; each asks for the version, takes what is there, and keeps that until the version is another. Whoever
//! looks first after a change reads the files, while the others go on with what they have. Invariant: what is there was
//! made of files that could be used; one that has changed into something else is told of, and read again when it changes
//! once more.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Makes something of files.
type Make<T> = Box<dyn Fn(&[PathBuf]) -> anyhow::Result<T> + Send + Sync>;

/// What shows that a file is another one, or has been written to: device, inode, size, and time of the last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp(Option<(u64, u64, u64, i64, i64)>);

impl Stamp {
    /// Of the file that has this name now.
    fn of(path: &Path) -> Stamp {
        Stamp(path.metadata().ok().map(|m| (m.dev(), m.ino(), m.size(), m.mtime(), m.mtime_nsec())))
    }
}

/// What was made of files.
pub(crate) struct Renewed<T> {
    paths: Vec<PathBuf>,
    make: Make<T>,
    version: AtomicU64,
    now: Mutex<Arc<T>>,
    watch: Mutex<Watch>,
}

/// What is known of the files.
#[derive(Default)]
struct Watch {
    /// How they were when they were last read, or when that was last tried.
    stamps: Vec<Stamp>,
    renewed: u64,
    /// Why they cannot be used as they are.
    failed: Option<String>,
}

impl<T> Renewed<T> {
    /// Makes it of these files.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn new(paths: Vec<PathBuf>, make: Make<T>) -> anyhow::Result<Renewed<T>> {
        // Before they are read, so that a change meanwhile is seen.
        let stamps = paths.iter().map(|path| Stamp::of(path)).collect();
        let now = Mutex::new(Arc::new(make(&paths)?));
        let watch = Mutex::new(Watch { stamps, ..Watch::default() });
        Ok(Renewed { paths, make, version: AtomicU64::new(0), now, watch })
    }

    /// Which one it is.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What is there, and which one that is.
    pub(crate) fn now(&self) -> (u64, Arc<T>) {
        let version = self.version();
        (version, Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Reads the files if they have changed, unless another thread is at it.
    pub(crate) fn look(&self) {
        let Ok(mut watch) = self.watch.try_lock() else { return };
        let stamps: Vec<_> = self.paths.iter().map(|path| Stamp::of(path)).collect();
        // A file that is gone is about to come back: the name is all that changes when one is replaced.
        if stamps == watch.stamps || stamps.contains(&Stamp::default()) {
            return;
        }
        watch.stamps = stamps;
        match (self.make)(&self.paths) {
            Ok(made) => {
                *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
                self.version.fetch_add(1, Ordering::Release);
                watch.renewed += 1;
                watch.failed = None;
            }
            Err(e) => watch.failed = Some(format!("{e:#}")),
        }
    }

    /// What the user should be told.
    pub(crate) fn notes(&self) -> Vec<String> {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = Vec::new();
        if watch.renewed > 0 {
            notes.push(format!("files that had changed were read again: {}", watch.renewed));
        }
        if let Some(why) = &watch.failed {
            notes.push(format!("what was read before was used to the end, because the files have changed and: {why}"));
        }
        notes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(path: &std::path::Path, text: &str) {
        let new = path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    #[test]
    fn a_file_that_changes_is_read_again_and_one_that_is_broken_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        written(&path, "1");
        let read = |paths: &[PathBuf]| {
            let text = std::fs::read_to_string(&paths[0])?;
            text.parse::<u32>().map_err(|e| anyhow::anyhow!("{text}: {e}"))
        };
        let renewed = Renewed::new(vec![path.clone()], Box::new(read)).unwrap();
        let now = || (renewed.look(), *renewed.now().1, renewed.version());
        assert_eq!((now().1, now().2), (1, 0));
        written(&path, "22");
        assert_eq!((now().1, now().2), (22, 1));
        written(&path, "x");
        assert_eq!((now().1, now().2), (22, 1));
        assert!(renewed.notes()[1].contains("x: invalid digit"), "{:?}", renewed.notes());
        std::fs::remove_file(&path).unwrap();
        assert_eq!((now().1, now().2), (22, 1));
        written(&path, "333");
        assert_eq!((now().1, now().2), (333, 2));
        assert_eq!(renewed.notes(), ["files that had changed were read again: 2"]);
        assert!(Renewed::new(vec![folder.path().join("none")], Box::new(read)).is_err());
    }
}
