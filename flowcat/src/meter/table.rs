//! Open flows, by their key and in the order of their last packets.
//!
//! Invariants: what the map names is in the list, once; the list is in the order of last packets, because each packet moves
//! its flow to the end. Nothing is ever scanned. Bound: that of who inserts; a place that is free is used again.

use super::entry::Entry;
use super::key::Key;
use flow_record::map::Map;

/// No place.
const NONE: u32 = u32::MAX;

/// The places before and after one in the list.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

/// Open flows.
#[derive(Debug)]
pub(super) struct Table {
    places: Map<Key, u32>,
    entries: Vec<Entry>,
    links: Vec<Link>,
    free: Vec<u32>,
    first: u32,
    last: u32,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            places: Map::default(),
            entries: Vec::new(),
            links: Vec::new(),
            free: Vec::new(),
            first: NONE,
            last: NONE,
        }
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The flow with the oldest last packet.
    #[inline]
    pub(super) fn oldest(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    #[inline]
    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    #[inline]
    pub(super) fn entry_mut(&mut self, index: u32) -> Option<&mut Entry> {
        self.entries.get_mut(index as usize)
    }

    /// The flow with this key.
    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        // Packets of one flow come in a row.
        match self.entries.get(self.last as usize) {
            Some(entry) if entry.key == *key => Some(self.last),
            _ => self.places.get(key).copied(),
        }
    }

    /// Puts a flow at the end of the list.
    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        let index = self.free.pop().unwrap_or(self.entries.len() as u32);
        self.places.insert(entry.key, index);
        let link = Link { before: NONE, after: NONE };
        match self.entries.get_mut(index as usize) {
            Some(place) => *place = entry,
            None => {
                self.entries.push(entry);
                self.links.push(link);
            }
        }
        self.append(index);
        index
    }

    /// Takes a flow out; its entry stays until its place is used again.
    pub(super) fn remove(&mut self, index: u32) {
        if let Some(entry) = self.entries.get(index as usize)
            && self.places.remove(&entry.key).is_some()
        {
            self.unlink(index);
            self.free.push(index);
        }
    }

    /// Moves a flow to the end of the list.
    #[inline]
    pub(super) fn touch(&mut self, index: u32) {
        if index != self.last {
            self.unlink(index);
            self.append(index);
        }
    }

    #[inline]
    fn append(&mut self, index: u32) {
        let before = std::mem::replace(&mut self.last, index);
        if let Some(link) = self.links.get_mut(index as usize) {
            *link = Link { before, after: NONE };
        }
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = index,
            None => self.first = index,
        }
    }

    #[inline]
    fn unlink(&mut self, index: u32) {
        let Some(Link { before, after }) = self.links.get(index as usize).copied() else { return };
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = after,
            None => self.first = after,
        }
        match self.links.get_mut(after as usize) {
            Some(link) => link.before = before,
            None => self.last = before,
        }
    }
}
