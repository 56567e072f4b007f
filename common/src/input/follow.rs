//! The files that nfcapd leaves in a folder, as it finishes them: `nfcapd.202603101205` and so on, in the order of their
//! names, which is that of time; those that are there first, then each that appears.
//!
//! nfcapd writes into `nfcapd.current.PID` and renames that when it begins the next, so a file with a final name is
//! complete. Subfolders are looked into, for `nfcapd -S`. The folder is read once a second, no file is opened here.
//! Invariant: each file is given once; of those that are there, the first by name, then by path. Bound: the paths of the
//! files in the folder.

use super::{InputError, Source, shown};
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the folder is read.
const EVERY: Duration = Duration::from_secs(1);

/// How often whoever waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Folders below the one that is followed, at most: year, month, day, hour, and what a person puts above.
const DEPTH: usize = 8;

/// Follows a folder; ends when it is told to stop, or when the folder cannot be read.
pub struct Follow {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    /// What was given, and what could not be looked into, as far as it is still there.
    given: HashSet<PathBuf>,
    /// What is to be given, by name and then by path.
    next: BTreeSet<(Vec<u8>, PathBuf)>,
    failed: bool,
}

impl Follow {
    /// Follows this folder until `stop` is true.
    pub fn new(folder: impl Into<PathBuf>, stop: Arc<AtomicBool>) -> Follow {
        Follow { folder: folder.into(), stop, given: HashSet::new(), next: BTreeSet::new(), failed: false }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Looks what is there; answers what cannot be looked into.
    fn look(&mut self) -> Option<InputError> {
        let (mut there, mut trouble) = (HashSet::new(), None);
        let mut open = vec![(self.folder.clone(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.failed |= depth == 0;
                    if self.given.insert(folder.clone()) || depth == 0 {
                        trouble = Some(InputError::reading(shown(folder.as_os_str()), error));
                    }
                    there.insert(folder);
                    continue;
                }
            };
            for entry in entries.flatten() {
                let path = entry.path();
                // A link counts for what it leads to.
                let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink());
                let kind = kind.or_else(|| fs::metadata(&path).ok().map(|metadata| metadata.file_type()));
                match kind {
                    Some(kind) if kind.is_dir() && depth < DEPTH && !is_hidden(&path) => open.push((path, depth + 1)),
                    Some(kind) if kind.is_file() && is_final(&entry.file_name()) => _ = there.insert(path),
                    _ => {}
                }
            }
        }
        self.given.retain(|path| there.contains(path));
        let new = there.into_iter().filter(|path| !self.given.contains(path));
        self.next = new.map(|path| (name(&path).to_vec(), path)).collect();
        trouble
    }
}

impl Iterator for Follow {
    type Item = Result<Source, InputError>;

    /// The next file, as soon as there is one.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((_, path)) = self.next.pop_first() {
                self.given.insert(path.clone());
                return Some(Ok(Source::file(path)));
            }
            if self.failed || self.is_stopped() {
                return None;
            }
            if let Some(trouble) = self.look() {
                return Some(Err(trouble));
            }
            if self.next.is_empty() {
                for _ in 0..EVERY.as_millis() / LOOK.as_millis() {
                    if self.is_stopped() {
                        return None;
                    }
                    std::thread::sleep(LOOK);
                }
            }
        }
    }
}

fn name(path: &Path) -> &[u8] {
    path.file_name().map_or(&[], |name| name.as_bytes())
}

fn is_hidden(path: &Path) -> bool {
    name(path).starts_with(b".")
}

/// Whether a file of this name is complete.
fn is_final(name: &OsStr) -> bool {
    let digits = name.as_bytes().strip_prefix(b"nfcapd.");
    digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn follow(folder: &Path) -> Follow {
        Follow::new(folder, Arc::default())
    }

    /// The next file, below the folder.
    fn next(follow: &mut Follow) -> String {
        let source = follow.next().unwrap().unwrap();
        source.path().unwrap().strip_prefix(&follow.folder).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn complete_files_come_once_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("2026/03/10")).unwrap();
        fs::create_dir(path(".hidden")).unwrap();
        for name in [
            "2026/03/10/nfcapd.202603100005",
            "nfcapd.202603100010",
            "nfcapd.202603100000",
            "nfcapd.current.77",
            "nfcapd.",
            "nfcapd.2026x",
            ".hidden/nfcapd.202603100001",
            "other.202603100001",
        ] {
            fs::write(path(name), "").unwrap();
        }
        let mut follow = follow(folder.path());
        assert_eq!(next(&mut follow), "nfcapd.202603100000");
        assert_eq!(next(&mut follow), "2026/03/10/nfcapd.202603100005");
        assert_eq!(next(&mut follow), "nfcapd.202603100010");
        fs::rename(path("nfcapd.current.77"), path("nfcapd.202603100015")).unwrap();
        // Late, but not lost.
        fs::write(path("nfcapd.202603100007"), "").unwrap();
        fs::remove_file(path("nfcapd.202603100000")).unwrap();
        assert_eq!(next(&mut follow), "nfcapd.202603100007");
        assert_eq!(next(&mut follow), "nfcapd.202603100015");
        follow.stop.store(true, Ordering::Relaxed);
        assert!(follow.next().is_none());
        assert_eq!(follow.given.len(), 4, "what is gone is forgotten");
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_told_and_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut follow = follow(&folder.path().join("nowhere"));
        assert!(follow.next().unwrap().is_err());
        assert!(follow.next().is_none());
    }
}
