//! Databases of addresses: found, read, checked. In the MaxMind DB format, version 2.0
//! (<https://maxmind.github.io/MaxMind-DB/>), or in the one before it (`legacy`).
//!
//! The whole file is read into memory and its whole tree and data are checked before any input is read, so that a
//! damaged one is refused by name. The check takes time in proportion to the file. Bound: the file's size, at most
//! [`MAX_DATABASE`].

use crate::legacy::Legacy;
use crate::limit::MAX_DATABASE;
use anyhow::{Context, bail};
use flow_record::input::InputError;
use flow_record::output::escape::escape_bytes;
use maxminddb::{MaxMindDbError, Reader};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where databases are looked for when none is named.
pub(crate) const FOLDERS: [&str; 3] = ["/usr/share/GeoIP", "/var/lib/GeoIP", "/usr/local/share/GeoIP"];

/// What a file of a database ends with.
const ENDINGS: [&str; 2] = [".mmdb", ".dat"];

/// An open database.
pub(crate) struct Database {
    /// Its content.
    pub(crate) content: Content,
}

/// The content of a database.
pub(crate) enum Content {
    MaxMind {
        reader: Reader<Vec<u8>>,
        /// Whether all of it was checked; one that nobody described was not.
        is_checked: bool,
    },
    Legacy(Legacy),
}

impl Database {
    /// Reads and checks a database.
    ///
    /// # Errors
    /// A file that cannot be read, is no database, is damaged or too large; the message names it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Database> {
        let name = path.display();
        let shown = || escape_bytes(path.as_os_str().as_encoded_bytes());
        let file = File::open(path).map_err(|e| InputError::reading(shown(), e))?;
        let bytes = read(file).with_context(|| name.to_string())?;
        let content = if has_mark(&bytes) {
            let reader =
                Reader::from_source(bytes).map_err(|e| anyhow::anyhow!("{name}: no usable MaxMind database: {e}"))?;
            match reader.verify() {
                Err(e) if !is_undescribed(&reader, &e) => bail!("{name}: damaged MaxMind database: {e}"),
                checked => Content::MaxMind { reader, is_checked: checked.is_ok() },
            }
        } else {
            Content::Legacy(Legacy::new(bytes).map_err(|e| anyhow::anyhow!("{name}: no usable MaxMind database: {e}"))?)
        };
        Ok(Database { content })
    }
}

/// The files of databases that the usual folders have: of each group of names the first that any has. A name may go on with a
/// version before `.mmdb`, as in `dbip-country-lite-2026-01.mmdb`; the last one counts. With one in the legacy format comes
/// its other half, for IPv6.
///
/// # Errors
/// There is none.
pub(crate) fn find(groups: &[&[&str]]) -> anyhow::Result<Vec<PathBuf>> {
    let first = |names: &&[&str]| FOLDERS.iter().find_map(|folder| newest(Path::new(folder), names));
    let mut found: Vec<_> = groups.iter().filter_map(first).collect();
    for path in found.clone() {
        if let Some(stem) = path.to_str().and_then(|path| path.strip_suffix(".dat")) {
            found.extend(Some(PathBuf::from(format!("{stem}v6.dat"))).filter(|path| path.exists()));
        }
    }
    if found.is_empty() {
        bail!("no database ({}) in {}; name one with db=FILE", groups.concat().join(", "), FOLDERS.join(", "));
    }
    Ok(found)
}

/// Whether the mark of the MaxMind DB format stands where it may, in the last 128 KiB.
fn has_mark(bytes: &[u8]) -> bool {
    let from = bytes.len().saturating_sub(128 << 10);
    memchr::memmem::rfind(&bytes[from..], b"\xab\xcd\xefMaxMind.com").is_some()
}

fn read(file: File) -> anyhow::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        bail!("not a regular file");
    }
    if metadata.len() > MAX_DATABASE {
        bail!("larger than {MAX_DATABASE} bytes");
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MAX_DATABASE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether all that is wrong is that nobody described the database, which some writers leave out. The check stops there,
/// so what the rest is like shows when records are read.
fn is_undescribed(reader: &Reader<Vec<u8>>, error: &MaxMindDbError) -> bool {
    let said = matches!(error, MaxMindDbError::InvalidDatabase { message, .. } if message.starts_with("description"));
    said && reader.metadata().description.is_empty()
}

/// The file in `folder` that has the first of `names` that any has; of several versions the last.
fn newest(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let files: Vec<String> =
        folder.read_dir().ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let of = |name: &str| {
        let stem = |file: &str| ENDINGS.iter().find_map(|end| file.strip_suffix(end).map(str::to_owned));
        let stems = files.iter().filter_map(|file| stem(file).map(|stem| (stem, file)));
        let fitting =
            stems.filter(|(stem, _)| stem.strip_prefix(name).is_some_and(|v| v.is_empty() || v.starts_with('-')));
        fitting.max().map(|(_, file)| folder.join(file))
    };
    names.iter().find_map(|name| of(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
    }

    fn error(path: &Path) -> String {
        match Database::open(path) {
            Ok(_) => panic!("{} was accepted", path.display()),
            Err(e) => format!("{e:#}"),
        }
    }

    #[test]
    fn a_database_that_cannot_be_used_is_refused_by_name() {
        for (path, part) in [
            (file("none.mmdb"), "no such file"),
            (file("."), "not a regular file"),
            (PathBuf::from("/dev/zero"), "not a regular file"),
            (file("../../Cargo.toml"), "neither MaxMind DB nor GeoIP Legacy"),
            (file("broken.mmdb"), "damaged"),
        ] {
            let message = error(&path);
            assert!(message.contains(&path.display().to_string()) && message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_database_cut_anywhere_is_refused() {
        let whole = std::fs::read(file("city.mmdb")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.mmdb");
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(error(&path).contains("database"), "{length}");
        }
    }

    #[test]
    fn a_database_that_nobody_described_is_used() {
        for name in ["undescribed.mmdb", "broken-undescribed.mmdb"] {
            let content = Database::open(&file(name)).unwrap().content;
            assert!(matches!(content, Content::MaxMind { is_checked: false, .. }));
        }
        let content = Database::open(&file("ipv4.mmdb")).unwrap().content;
        assert!(matches!(content, Content::MaxMind { is_checked: true, .. }));
    }

    #[test]
    fn forty_levels_of_two_pointers_are_checked_without_following_every_path() {
        let start = Instant::now();
        assert!(Database::open(&file("wide.mmdb")).is_ok());
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn broken_databases_of_others_are_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/malformed/maxmind-MaxMind-DB/mmdb");
        let Ok(entries) = folder.read_dir() else {
            eprintln!("skipped: no {}", folder.display());
            return;
        };
        let mut count = 0;
        for entry in entries {
            let start = Instant::now();
            let message = error(&entry.unwrap().path());
            assert!(message.contains("database") && start.elapsed() < Duration::from_secs(1), "{message}");
            count += 1;
        }
        assert!(count >= 2);
    }

    #[test]
    fn the_last_version_of_the_first_name_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "d-lite-2.dat",
            "b-lite-2025-12.mmdb",
            "b-lite-2026-01.mmdb",
            "b-litex.mmdb",
            "c.mmdb",
            "a.mmdb.gz",
            "b.csv",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(newest(folder.path(), &["a", "b-lite", "c"]), Some(folder.path().join("b-lite-2026-01.mmdb")));
        assert_eq!(newest(folder.path(), &["c"]), Some(folder.path().join("c.mmdb")));
        assert_eq!(newest(folder.path(), &["d-lite"]), Some(folder.path().join("d-lite-2.dat")));
        assert_eq!(newest(folder.path(), &["a", "d-lit"]), None);
        assert_eq!(newest(&folder.path().join("none"), &["c"]), None);
    }

    proptest! {
        #[test]
        fn a_database_with_changed_bytes_is_refused_or_can_be_looked_up_in(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), ip: u32
        ) {
            let mut bytes = std::fs::read(file("city.mmdb")).unwrap();
            for (at, to) in changes {
                let at = at.index(bytes.len());
                bytes[at] = to;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("changed.mmdb");
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(Content::MaxMind { reader, .. }) = Database::open(&path).map(|database| database.content) {
                for ip in [ip, 0x5102_4501] {
                    if let Ok(found) = reader.lookup(std::net::Ipv4Addr::from(ip).into()) {
                        let _ = found.decode_path::<&str>(&maxminddb::path!["country", "iso_code"]);
                    }
                }
            }
        }
    }
}
