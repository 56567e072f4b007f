//! The key, and the file that holds it.
//!
//! The forms are those that other tools take, so that the same file leads to the same addresses: 32 bytes as they are,
//! 32 characters on a line, or 64 hexadecimal digits, with or without 0x.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file that are looked at; no key needs as many.
const MOST: u64 = 256;

/// A key of 256 bits.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
    is_exposed: bool,
}

/// Why there is no key.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read.
    Io(io::Error),
    /// The file holds something else.
    Form,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Io(e) => e.fmt(f),
            KeyError::Form => f.write_str("a key is 32 bytes, 32 characters on a line, or 64 hexadecimal digits"),
        }
    }
}

impl std::error::Error for KeyError {}

impl Key {
    /// Of these bytes.
    pub fn new(bytes: [u8; 32]) -> Key {
        Key { bytes, is_exposed: false }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or holds no key.
    pub fn read(path: &Path) -> Result<Key, KeyError> {
        let file = File::open(path).map_err(KeyError::Io)?;
        let is_exposed = file.metadata().is_ok_and(|m| m.is_file() && is_readable_by_all(&m));
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(KeyError::Io)?;
        let bytes = parse(&bytes).ok_or(KeyError::Form)?;
        Ok(Key { bytes, is_exposed })
    }

    /// What a user should be told of the file, if anything.
    pub fn warning(&self, path: &Path) -> Option<String> {
        self.is_exposed.then(|| format!("{}: everybody on this machine can read this key", path.display()))
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// A key is shown to nobody.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(unix)]
fn is_readable_by_all(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_readable_by_all(_metadata: &std::fs::Metadata) -> bool {
    false
}

/// The key in a file's bytes.
fn parse(bytes: &[u8]) -> Option<[u8; 32]> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Ok(key) = bytes.try_into().or_else(|_| line.try_into()) {
        return Some(key);
    }
    let text = bytes.trim_ascii();
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text);
    let digit = |at: usize| char::from(digits[at]).to_digit(16);
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = (digit(2 * at)? << 4 | digit(2 * at + 1)?) as u8;
    }
    Some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEX: &str = "1522178d33a4cf80130A5b1649907d10d8988f837979652762574c2d2a842202";

    #[test]
    fn bytes_characters_and_digits_are_keys() {
        let characters = b"32-char-str-for-AES-key-and-pad.";
        for line in [&characters[..], b"32-char-str-for-AES-key-and-pad.\n", b"32-char-str-for-AES-key-and-pad.\r\n"] {
            assert_eq!(parse(line).unwrap(), *characters);
        }
        let mut ending = *characters;
        ending[31] = b'\n';
        assert_eq!(parse(&ending).unwrap(), ending, "32 bytes are taken as they are");
        let key = parse(HEX.as_bytes()).unwrap();
        assert_eq!((key[0], key[8], key[10], key[31]), (21, 19, 91, 2));
        for text in [format!("0x{HEX}"), format!("0X{HEX}\n"), format!(" {HEX} \r\n")] {
            assert_eq!(parse(text.as_bytes()).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn all_else_is_no_key() {
        let long = "f".repeat(300);
        for bad in ["", "\n", "secret", &HEX[1..], &HEX[..62], &HEX.replace('5', "g"), &format!("{HEX}0"), &long] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert_eq!(parse(&[7; 31]), None);
        assert_eq!(parse(&[7; 33]), None);
    }

    #[test]
    fn a_file_that_all_can_read_is_told_of() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, HEX).unwrap();
        for (mode, is_told) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let key = Key::read(&path).unwrap();
            assert_eq!(key.warning(&path).is_some(), is_told, "{mode:o}");
            assert_eq!(format!("{key:?}"), "Key");
        }
        assert!(matches!(Key::read(&folder.path().join("none")), Err(KeyError::Io(_))));
        assert!(matches!(Key::read(folder.path()), Err(KeyError::Io(_))));
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(Key::read(&path), Err(KeyError::Form)));
    }
}
