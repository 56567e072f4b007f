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

/// Bytes that are compared without a look at their number.
pub(super) const WINDOW: usize = 24;

/// What comes between two values: what is looked at for every line.
#[derive(Debug)]
pub(super) struct Edge {
    /// First eight bytes of the text, with zeros beyond its end, and the mask of those that count.
    head: u64,
    mask: u64,
    /// Eight bytes of the text at `tail_at`: the last of the first [`WINDOW`]. 0 where the text is shorter than eight.
    tail: u64,
    tail_at: u8,
    /// Length of the text.
    pub(super) len: u16,
    /// What the value is.
    pub(super) slot: Slot,
    /// The first of the edges that may follow.
    first: u32,
    /// The next edge that may stand in this one's place.
    sibling: u32,
}

/// The rest of an edge, for learning.
#[derive(Debug)]
struct Key {
    text: Box<[u8]>,
    /// The key, unescaped.
    name: Box<str>,
    /// The edge before.
    parent: u32,
    /// Members of a line up to here.
    members: u32,
}

/// The tree, as its edges; the same place in both is the same edge.
#[derive(Debug)]
pub(super) struct Order {
    edges: Vec<Edge>,
    keys: Vec<Key>,
    refused: u32,
}

/// The eight bytes at `at`, which must be at most `WINDOW - 8`.
#[inline]
fn word(window: &[u8; WINDOW], at: usize) -> u64 {
    window.get(at..).and_then(|w| w.first_chunk::<8>()).map_or(0, |b| u64::from_le_bytes(*b))
}

impl Edge {
    fn new(text: &[u8], slot: Slot) -> Edge {
        let mut window = [0; WINDOW];
        let len = text.len().min(WINDOW);
        window[..len].copy_from_slice(&text[..len]);
        let head = text.len().min(8);
        let mask = if head == 8 { u64::MAX } else { (1 << (8 * head)) - 1 };
        let tail_at = len.saturating_sub(8);
        let tail = if len < 8 { 0 } else { word(&window, tail_at) };
        let (head, tail_at) = (word(&window, 0), tail_at as u8);
        Edge { head, mask, tail, tail_at, len: text.len() as u16, slot, first: NONE, sibling: NONE }
    }

    /// Whether `window` begins with the text, as far as two overlapping words tell: exact for texts of up to 16 bytes.
    #[inline]
    fn may_match(&self, window: &[u8; WINDOW]) -> bool {
        let head = word(window, 0) & self.mask ^ self.head;
        let tail = if self.len < 8 { 0 } else { word(window, usize::from(self.tail_at)) ^ self.tail };
        head | tail == 0
    }
}

impl Order {
    pub(super) fn new(root: Slot) -> Order {
        let key = Key { text: Box::default(), name: Box::default(), parent: ROOT, members: 0 };
        Order { edges: vec![Edge::new(b"", root)], keys: vec![key], refused: 0 }
    }

    /// The edge after `edge` whose text `ahead` begins with; `window` is the start of `ahead`.
    #[inline(always)]
    pub(super) fn follow(&self, edge: u32, ahead: &[u8], window: &[u8; WINDOW]) -> Option<(u32, &Edge)> {
        let mut at = self.edges[edge as usize].first;
        while at != NONE {
            let next = &self.edges[at as usize];
            if next.may_match(window) && (next.len <= 16 || ahead.starts_with(&self.keys[at as usize].text)) {
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
                let key = &self.keys[edge as usize];
                edge = key.parent;
                &*key.name
            })
        })
    }

    /// Learns what follows `edge`: a text whose key is not [held](Self::holds) yet; `None` when there is no room.
    pub(super) fn learn(&mut self, edge: u32, text: &[u8], name: &str, slot: Slot) -> Option<u32> {
        let new = self.edges.len();
        let members = self.keys[edge as usize].members + 1;
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
        self.edges.push(Edge::new(text, slot));
        self.keys.push(Key { text: text.into(), name: name.into(), parent: edge, members });
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
