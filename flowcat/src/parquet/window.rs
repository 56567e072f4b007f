//! The bytes of one column of one row group, in order.
//!
//! Bound: [`WINDOW`] bytes, or the header or page that is asked for.

use super::header::Header;
use super::limit::MOST_HEADER;
use super::storage::Storage;
use super::thrift::Fault;
use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use std::sync::Arc;

/// Bytes that are read at least at a time.
const WINDOW: usize = 64 * 1024;

/// What is left of a column.
pub(super) struct Window {
    storage: Arc<Storage>,
    /// Where the next byte is, and how many are left.
    at: u64,
    left: u64,
    /// What was read of them.
    bytes: Bytes,
}

fn broken(why: impl Into<String>) -> ParquetError {
    ParquetError::General(why.into())
}

impl Window {
    /// So many bytes of the file from there.
    pub(super) fn new(storage: Arc<Storage>, at: u64, left: u64) -> Window {
        Window { storage, at, left, bytes: Bytes::new() }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Reads on, so that at least so many bytes are there, or all that are left.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if self.bytes.len() < wanted.min(left) {
            let read = self.storage.read(self.at, wanted.max(WINDOW).min(left));
            self.bytes = read.map_err(|e| broken(e.to_string()))?;
        }
        Ok(())
    }

    /// Takes bytes off the beginning of what is left; the caller bounds their number.
    ///
    /// # Errors
    /// They are not there; the system's.
    pub(super) fn take(&mut self, length: usize) -> Result<Bytes> {
        self.fill(length)?;
        if length > self.bytes.len() {
            return Err(broken("fewer bytes than its pages need"));
        }
        self.at += length as u64;
        self.left -= length as u64;
        Ok(self.bytes.split_to(length))
    }

    /// Takes the header of a page.
    ///
    /// # Errors
    /// There is none, or none that ends.
    pub(super) fn header(&mut self) -> Result<Header> {
        let mut wanted = 64;
        loop {
            self.fill(wanted)?;
            let there = self.bytes.len();
            match Header::read(&self.bytes) {
                Ok((header, length)) => {
                    self.take(length)?;
                    return Ok(header);
                }
                Err(Fault::Short) if (there as u64) < self.left && there < MOST_HEADER => {
                    wanted = (there * 4).min(MOST_HEADER);
                }
                Err(Fault::Short) => return Err(broken("the header of a page that does not end")),
                Err(Fault::Broken) => return Err(broken("no header where a page begins")),
            }
        }
    }
}
