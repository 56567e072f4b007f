//! Where the bytes of a file are.

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A file that is read in any order.
#[derive(Debug)]
pub(crate) struct Storage {
    place: Place,
    length: u64,
}

#[derive(Debug)]
enum Place {
    File(File),
    Memory(Bytes),
}

impl Storage {
    /// A file to seek in.
    ///
    /// # Errors
    /// The system does not say how long it is.
    pub(crate) fn file(file: File) -> io::Result<Storage> {
        let length = file.metadata()?.len();
        Ok(Storage { place: Place::File(file), length })
    }

    /// A file that is held in memory.
    pub(crate) fn held(bytes: Vec<u8>) -> Storage {
        let length = bytes.len() as u64;
        Storage { place: Place::Memory(bytes.into()), length }
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// So many bytes from there. The caller bounds their number; they need not be there.
    ///
    /// # Errors
    /// They are beyond the end; the system's.
    pub(super) fn read(&self, at: u64, length: usize) -> io::Result<Bytes> {
        let end = at.checked_add(length as u64).filter(|end| *end <= self.length);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        match &self.place {
            Place::File(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, at)?;
                Ok(bytes.into())
            }
            // It is in memory, so both fit.
            Place::Memory(bytes) => Ok(bytes.slice(at as usize..end as usize)),
        }
    }
}
