//! The regular files in a folder and its subfolders, as inputs.
//!
//! Names come in byte order, the files of a subfolder in its place, so the order of records does not depend on the
//! file system. Hidden names, sockets, devices and FIFOs are skipped. A symbolic link counts for what it leads to
//! unless that is in the list already: a link `latest` next to the file it means does not double its records, and a
//! link to a folder above does not loop.
//!
//! Bound: the list of names; no recursion.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Identity, InputError, Source, shown};

/// What was met on the way, in order.
enum Entry {
    File { path: PathBuf, identity: Identity, linked: bool },
    Failed(InputError),
}

/// Appends the files in `folder` to `found`.
pub(super) fn expand(folder: &Path, found: &mut Vec<Result<Source, InputError>>) {
    let entries = walk(folder);
    let mut seen: HashSet<Identity> = HashSet::new();
    for entry in &entries {
        if let Entry::File { identity, linked: false, .. } = entry {
            seen.insert(*identity);
        }
    }
    for entry in entries {
        match entry {
            Entry::File { identity, linked: true, .. } if !seen.insert(identity) => {}
            Entry::File { path, .. } => found.push(Ok(Source::file(path))),
            Entry::Failed(error) => found.push(Err(error)),
        }
    }
}

fn walk(folder: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut visited = HashSet::new();
    // The next path to look at is the last; `true` where a symbolic link led here.
    let mut open = vec![(folder.to_path_buf(), false)];
    while let Some((path, mut linked)) = open.pop() {
        let looked = fs::symlink_metadata(&path).and_then(|metadata| {
            if metadata.is_symlink() {
                linked = true;
                fs::metadata(&path)
            } else {
                Ok(metadata)
            }
        });
        match looked {
            Ok(metadata) if metadata.is_file() => {
                entries.push(Entry::File { identity: Identity::of(&metadata), path, linked });
            }
            Ok(metadata) if metadata.is_dir() && visited.insert(Identity::of(&metadata)) => match names(&path) {
                Ok(names) => open.extend(names.into_iter().rev().map(|path| (path, linked))),
                Err(error) => entries.push(failed(&path, error)),
            },
            Ok(_) => {}
            Err(error) => entries.push(failed(&path, error)),
        }
    }
    entries
}

fn failed(path: &Path, error: io::Error) -> Entry {
    Entry::Failed(InputError::reading(shown(path.as_os_str()), error))
}

/// The paths in `folder` that are not hidden, in byte order of their names.
fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn listed(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        expand(folder, &mut found);
        let shorten =
            |source: Source| source.path().unwrap().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        found.into_iter().map(|entry| entry.map_or_else(|error| error.to_string(), shorten)).collect()
    }

    #[test]
    fn files_come_in_byte_order_with_subfolders_in_their_place() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/2", "b/10", "B", "a", "c"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(folder.path().join(".hidden"), "x").unwrap();
        assert_eq!(listed(folder.path()), ["B", "a", "b/10", "b/2", "c"]);
    }

    #[test]
    fn links_neither_loop_nor_double_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("far"), "x").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/day1"), "x").unwrap();
        symlink(folder.path(), folder.path().join("sub/up")).unwrap();
        symlink("sub/day1", folder.path().join("latest")).unwrap();
        symlink(elsewhere.path().join("far"), folder.path().join("other")).unwrap();
        symlink(elsewhere.path().join("far"), folder.path().join("other2")).unwrap();
        assert_eq!(listed(folder.path()), ["other", "sub/day1"]);
    }

    #[test]
    fn a_dangling_link_is_told_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        symlink("nowhere", folder.path().join("b")).unwrap();
        fs::write(folder.path().join("c"), "x").unwrap();
        let names = listed(folder.path());
        assert_eq!(names.len(), 3);
        assert!(names[1].starts_with("no such file"), "{names:?}");
    }
}
