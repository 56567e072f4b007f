//! The key orders that were met, as a tree: an edge is the text between one value and the next.
//!
//! Such a text holds the comma, the key, the colon and the blanks, so one comparison of it replaces reading a key. A
//! path from the root never holds a key twice, because that is checked when an edge is made: lines of a known order
//! need no such check. Orders that would make the tree too large are read without it; when that happens too often the
//! tree is begun anew. Bound: [`MAX_EDGES`] edges, [`MAX_SIBLINGS`] at one place, texts of at most [`MAX_TEXT`] bytes.

use super::scanner::Slot;

const MAX_EDGES: usize = 4096;
const MAX_SIBLINGS: usize = 8;
const MAX_TEXT: usize = 256;
/// The longest path; a line of more members is read without the tree from there on.
const MAX_PATH: u32 = 256;
/// Lines read without the tree before it is begun anew.
const PATIENCE: u32 = 4096;

/// The place before the first key, which is an edge of its own without a text.
pub(super) const ROOT: u32 = 0;

/// No edge.
const NONE: u32 = ROOT;

/// What comes between two values.
#[derive(Debug)]
pub(super) struct Edge {
    /// First eight bytes of the text, with zeros beyond its end, and the mask of those that count.
    head: u64,
    mask: u64,
    /// Last eight bytes, where the text is that long.
    tail: u64,
    text: Box<[u8]>,
    /// What the value is.
    pub(super) slot: Slot,
    /// The first of the edges that may follow.
    first: u32,
    /// The next edge that may stand in this one's place.
    sibling: u32,
    /// The edge before.
    parent: u32,
    /// Members of a line up to here.
    members: u32,
    /// The key, unescaped.
    key: Box<str>,
}

/// The tree, as its edges.
#[derive(Debug)]
pub(super) struct Order {
    edges: Vec<Edge>,
    refused: u32,
}

#[inline]
fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b))
}

impl Edge {
    fn new(text: &[u8], key: &str, slot: Slot, parent: u32, members: u32) -> Edge {
        let mut first = [0; 8];
        let len = text.len().min(8);
        first[..len].copy_from_slice(&text[..len]);
        let mask = if len == 8 { u64::MAX } else { (1 << (8 * len)) - 1 };
        let tail = text.last_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
        Edge {
            head: u64::from_le_bytes(first),
            mask,
            tail,
            text: text.into(),
            slot,
            first: NONE,
            sibling: NONE,
            parent,
            members,
            key: key.into(),
        }
    }

    /// Whether `rest` begins with the text: two overlapping words where it is 8 to 16 bytes long.
    #[inline]
    fn matches(&self, rest: &[u8]) -> bool {
        let len = self.text.len();
        let Some(head) = word(rest) else { return rest.starts_with(&self.text) };
        if head & self.mask != self.head {
            return false;
        }
        if len <= 8 {
            return true;
        }
        match rest.get(len - 8..).and_then(word) {
            Some(tail) => tail == self.tail && (len <= 16 || rest[8..len - 8] == self.text[8..len - 8]),
            None => rest.starts_with(&self.text),
        }
    }

    /// Length of the text.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

impl Order {
    pub(super) fn new(root: Slot) -> Order {
        Order { edges: vec![Edge::new(b"", "", root, ROOT, 0)], refused: 0 }
    }

    /// The edge after `edge` whose text `rest` begins with.
    #[inline]
    pub(super) fn follow(&self, edge: u32, rest: &[u8]) -> Option<(u32, &Edge)> {
        let mut at = self.edges[edge as usize].first;
        while at != NONE {
            let next = &self.edges[at as usize];
            if next.matches(rest) {
                return Some((at, next));
            }
            at = next.sibling;
        }
        None
    }

    /// Whether `key` is the key of `edge` or of one before it.
    pub(super) fn holds(&self, edge: u32, key: &str) -> bool {
        self.keys(edge).any(|k| k == key)
    }

    /// The keys from `edge` back to the root.
    pub(super) fn keys(&self, mut edge: u32) -> impl Iterator<Item = &str> {
        std::iter::from_fn(move || {
            (edge != ROOT).then(|| {
                let e = &self.edges[edge as usize];
                edge = e.parent;
                &*e.key
            })
        })
    }

    /// Learns what follows `edge`: a text whose key is not [held](Self::holds) yet; `None` when there is no room.
    pub(super) fn learn(&mut self, edge: u32, text: &[u8], key: &str, slot: Slot) -> Option<u32> {
        let new = self.edges.len();
        let members = self.edges[edge as usize].members + 1;
        if new == MAX_EDGES || members > MAX_PATH || text.len() > MAX_TEXT {
            return None;
        }
        let mut last = NONE;
        let mut at = self.edges[edge as usize].first;
        let mut siblings = 0;
        while at != NONE {
            last = at;
            at = self.edges[at as usize].sibling;
            siblings += 1;
        }
        if siblings == MAX_SIBLINGS {
            return None;
        }
        self.edges.push(Edge::new(text, key, slot, edge, members));
        match last {
            NONE => self.edges[edge as usize].first = new as u32,
            last => self.edges[last as usize].sibling = new as u32,
        }
        Some(new as u32)
    }

    /// Counts a line that was read without the tree; says when there were so many that it should be begun anew.
    pub(super) fn is_worn(&mut self) -> bool {
        self.refused += 1;
        self.refused == PATIENCE
    }
}
