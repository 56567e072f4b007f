//! Entries of lists, found by address or name.
//!
//! Invariant: the most specific entry is found, of equal ones the one that came first. Bound: the entries.

use crate::places::{Added, Places};
use flow_record::map::Map;
use flow_record::value::Address;
use std::collections::hash_map::Entry as Place;

/// Entries by what they stand for.
#[derive(Default)]
pub(super) struct Index {
    addresses: Places,
    names: Map<Box<str>, u32>,
    /// The texts of all entries, one after the other.
    texts: String,
    /// Where each entry's text ends, and its list.
    entries: Vec<(u32, u16)>,
    /// The list that is being read.
    list: u16,
}

/// An entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'i> {
    /// The place of its list.
    pub(super) list: usize,
    /// The entry as it stands there.
    pub(super) text: &'i str,
}

impl Index {
    /// Adds an entry of the list that is being read; false where the text is none.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let number = self.entries.len() as u32;
        match self.addresses.add(text, number) {
            Added::New => {
                self.keep(text);
                return true;
            }
            Added::Known => return true,
            Added::Nothing => {}
        }
        let Some(name) = name(text) else { return false };
        if let Place::Vacant(free) = self.names.entry(name.to_ascii_lowercase().into()) {
            free.insert(number);
            self.keep(text);
        }
        true
    }

    fn keep(&mut self, text: &str) {
        self.texts.push_str(text);
        self.entries.push((self.texts.len() as u32, self.list));
    }

    /// How many bytes of texts there are.
    pub(super) fn size(&self) -> usize {
        self.texts.len()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What comes now is of the next list.
    pub(super) fn next_list(&mut self) {
        self.list = self.list.saturating_add(1);
    }

    /// All lists have been read.
    pub(super) fn close(&mut self) {
        self.addresses.close();
    }

    /// The entry of an address.
    #[inline]
    pub(super) fn address(&self, address: Address) -> Option<Found<'_>> {
        self.entry(self.addresses.at(address)?)
    }

    /// The entry of a name in lower case, or of one above it.
    pub(super) fn name(&self, name: &str) -> Option<Found<'_>> {
        let mut rest = name.trim_end_matches('.');
        loop {
            if let Some(number) = self.names.get(rest) {
                return self.entry(*number);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// Whether there are names.
    pub(super) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    fn entry(&self, number: u32) -> Option<Found<'_>> {
        let (end, list) = *self.entries.get(number as usize)?;
        let start = number.checked_sub(1).map_or(0, |before| self.entries[before as usize].0);
        Some(Found { list: list.into(), text: &self.texts[start as usize..end as usize] })
    }
}

/// A name of two labels or more (RFC 1123), without what stands for the names below it.
fn name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text).trim_end_matches('.');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let last = name.rsplit('.').next()?;
    // The last label is no number, or an address with a slip would be a name.
    let is_name = name.len() < 254 && name.contains('.') && !last.bytes().all(|b| b.is_ascii_digit());
    (is_name && name.split('.').all(is_label)).then_some(name)
}
