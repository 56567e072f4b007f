//! Names of files by time: `f.%Y%m%d%H%M.ndjson.zst`.
//!
//! Taken are `%Y %m %d %H %M %S`, of the beginning of a span in UTC, and `%%`; in the names of folders, too. Invariant: two
//! spans have two names.

use flow_record::value::Time;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Names of files by time.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: Vec<u8>,
}

/// Letters that a pattern must have: where spans are shorter than so many nanoseconds, and where each stands in
/// `YYYY-MM-DDTHH:MM:SS`.
const LETTERS: [(u8, u64, std::ops::Range<usize>); 6] = [
    (b'Y', u64::MAX, 0..4),
    (b'm', u64::MAX, 5..7),
    (b'd', u64::MAX, 8..10),
    (b'H', 86_400_000_000_000, 11..13),
    (b'M', 3_600_000_000_000, 14..16),
    (b'S', 60_000_000_000, 17..19),
];

impl Pattern {
    /// A pattern for spans of so many nanoseconds.
    ///
    /// # Errors
    /// A letter that means nothing, or one that is missing, so that two spans would have one name.
    pub(crate) fn parse(path: &Path, width: u64) -> Result<Pattern, String> {
        let text = path.as_os_str().as_bytes().to_vec();
        let mut seen = Vec::new();
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            if *byte == b'%' {
                match bytes.next() {
                    Some(b'%') => {}
                    Some(letter) if LETTERS.iter().any(|(known, ..)| known == letter) => seen.push(*letter),
                    _ => return Err("--rotate: -o takes %Y %m %d %H %M %S and %%".into()),
                }
            }
        }
        match LETTERS.iter().find(|(letter, below, _)| width < *below && !seen.contains(letter)) {
            Some((letter, ..)) => {
                let letter = char::from(*letter);
                Err(format!(
                    "--rotate: without %{letter} in -o two files would have one name; as -o flows.%Y%m%d%H%M.ndjson.zst"
                ))
            }
            None => Ok(Pattern { text }),
        }
    }

    /// The folder that is to be there, because no time is in its name.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let end = self.text.iter().position(|b| *b == b'%').unwrap_or(self.text.len());
        let end = self.text[..end].iter().rposition(|b| *b == b'/')?;
        Some(PathBuf::from(OsString::from_vec(self.text[..end.max(1)].to_vec())))
    }

    /// The name for a span that begins then.
    fn name(&self, time: Time) -> Vec<u8> {
        let moment = time.to_text(3);
        let mut name = Vec::with_capacity(self.text.len() + 8);
        let mut bytes = self.text.iter();
        while let Some(byte) = bytes.next() {
            if *byte != b'%' {
                name.push(*byte);
                continue;
            }
            let letter = bytes.next().copied().unwrap_or(b'%');
            match LETTERS.iter().find(|(known, ..)| *known == letter) {
                Some((_, _, place)) => name.extend_from_slice(moment.as_bytes().get(place.clone()).unwrap_or_default()),
                None => name.push(letter),
            }
        }
        name
    }

    /// The same, or with `-2` and so on before its suffixes where a file has that name.
    pub(crate) fn free(&self, time: Time) -> PathBuf {
        let name = self.name(time);
        let folder = name.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        let mut path = PathBuf::from(OsString::from_vec(name.clone()));
        let mut number = 2;
        while path.exists() {
            // The suffix of the form, and that of the packing.
            let points = name.iter().enumerate().skip(folder + 1).filter(|(_, b)| **b == b'.').map(|(at, _)| at);
            let points: Vec<usize> = points.collect();
            let at = points.iter().rev().nth(1).or(points.last()).copied().unwrap_or(name.len());
            let plain = points.len() > 1 && !is_packing(&name[points[points.len() - 1]..]);
            let at = if plain { points[points.len() - 1] } else { at };
            let numbered = [&name[..at], format!("-{number}").as_bytes(), &name[at..]].concat();
            path = PathBuf::from(OsString::from_vec(numbered));
            number += 1;
        }
        path
    }
}

fn is_packing(suffix: &[u8]) -> bool {
    matches!(suffix, b".gz" | b".zst" | b".xz" | b".bz2" | b".lz4")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    #[test]
    fn a_pattern_has_what_tells_spans_apart() {
        let is_taken = |text: &str, width| Pattern::parse(Path::new(text), width).is_ok();
        assert!(is_taken("f.%Y%m%d%H%M.ndjson", 5 * MINUTE) && is_taken("%Y/%m/%d", 1440 * MINUTE));
        assert!(!is_taken("f.%Y%m%d%H.ndjson", 5 * MINUTE) && !is_taken("f.%H%M", 5 * MINUTE));
        assert!(!is_taken("f.%Y%m%d%H%M", MINUTE / 2) && is_taken("f.%Y%m%d%H%M%S%%", MINUTE / 2));
        assert!(!is_taken("f.%Y%m%d%H%M%s", MINUTE) && !is_taken("f.%Y%m%d%H%M%", MINUTE) && !is_taken("f", MINUTE));
    }

    #[test]
    fn folders_without_a_time_are_there_before() {
        let folder = |text: &str| Pattern::parse(Path::new(text), 1440 * MINUTE).unwrap().folder();
        assert_eq!(folder("%Y%m%d"), None);
        assert_eq!(folder("/%Y%m%d"), Some("/".into()));
        assert_eq!(folder("a/b/c%Y/%m/%d"), Some("a/b".into()));
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_suffixes() {
        let folder = tempfile::tempdir().unwrap();
        for (pattern, first, second) in [
            ("f.%Y%m%d.ndjson.zst", "f.20231114.ndjson.zst", "f.20231114-2.ndjson.zst"),
            ("f.%Y%m%d.ndjson", "f.20231114.ndjson", "f.20231114-2.ndjson"),
            ("%Y%m%d.gz", "20231114.gz", "20231114-2.gz"),
            ("%Y%m%d-100%%", "20231114-100%", "20231114-100%-2"),
        ] {
            let pattern = Pattern::parse(&folder.path().join(pattern), 1440 * MINUTE).unwrap();
            let name = || pattern.free(Time(1_700_000_000_000_000_000));
            assert_eq!(name(), folder.path().join(first));
            std::fs::write(name(), "").unwrap();
            assert_eq!(name(), folder.path().join(second));
        }
    }
}
