//! The key orders that were met, as a tree: an edge is the text between one value and the next.
//!
//! Such a text holds the comma, the key, the colon and the blanks, so one comparison of it replaces reading a key. A
//! path from the root never holds a key twice, because that is checked when an edge is made: lines of a known order
//! need no such check. Orders that would make the tree too large are read without it; when that happens too often the
//! tree is begun anew. Bound: [`MAX_EDGES`] edges, [`MAX_SIBLINGS`] at one place, texts of at most [`MAX_TEXT`] bytes.

use super::scanner::Slot;
use crate::value::window::Window;

const MAX_EDGES: usize = 4096;
/// The bit of a mask that no comparison gives.
const NEVER: u32 = 1 << WINDOW;
const MAX_SIBLINGS: usize = 8;
const MAX_TEXT: usize = 256;
/// The longest path; a line of more members is read without the tree from there on.
const MAX_PATH: u32 = 256;
/// Lines read without the tree before it is begun anew.
const PATIENCE: u32 = 4096;

/// The place before the first key, which is an edge of its own without a text.
pub(super) const ROOT: u16 = 0;

/// No edge.
const NONE: u16 = ROOT;

/// Bytes that are compared at once; a longer text is compared in full behind them.
pub(super) const WINDOW: usize = 16;

/// What comes between two values: what is looked at for every line.
#[derive(Debug)]
pub(super) struct Edge {
    /// The first bytes of the text, with zeros beyond its end.
    head: [u8; WINDOW],
    /// A bit for each byte of `head` that counts. One more, which never matches, where the text is longer.
    mask: u32,
    /// Length of the text.
    pub(super) len: u16,
    /// What the value is.
    pub(super) slot: Slot,
    /// The first of the edges that may follow.
    pub(super) first: u16,
    /// The next edge that may stand in this one's place.
    sibling: u16,
}

/// The rest of an edge, for learning.
#[derive(Debug)]
struct Key {
    text: Box<[u8]>,
    /// The key, unescaped.
    name: Box<str>,
    /// The edge before.
    parent: u16,
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

impl Edge {
    fn new(text: &[u8], slot: Slot) -> Edge {
        let mut head = [0; WINDOW];
        let len = text.len().min(WINDOW);
        head[..len].copy_from_slice(&text[..len]);
        let mask = if (1..=WINDOW).contains(&text.len()) { (1 << len) - 1 } else { NEVER };
        Edge { head, mask, len: text.len() as u16, slot, first: NONE, sibling: NONE }
    }
}

impl Order {
    pub(super) fn new(root: Slot) -> Order {
        let key = Key { text: Box::default(), name: Box::default(), parent: ROOT, members: 0 };
        Order { edges: vec![Edge::new(b"", root)], keys: vec![key], refused: 0 }
    }

    /// The edges that may follow `edge`, by the first of them.
    #[inline]
    pub(super) fn first(&self, edge: u16) -> u16 {
        self.edges[usize::from(edge)].first
    }

    /// The edge whose text `ahead` begins with, out of `first` and its siblings; `window` is the start of `ahead`.
    #[inline(always)]
    pub(super) fn follow<const N: usize>(&self, first: u16, ahead: &[u8], window: &[u8; N]) -> Option<(u16, &Edge)> {
        let next = &self.edges[usize::from(first)];
        let is_equal = Window::of(window.first_chunk()?).same(&next.head) & next.mask == next.mask;
        if is_equal { Some((first, next)) } else { self.follow_other(first, ahead) }
    }

    /// The same, one text after the other.
    #[inline(never)]
    fn follow_other(&self, first: u16, ahead: &[u8]) -> Option<(u16, &Edge)> {
        let mut at = first;
        while at != NONE {
            if ahead.starts_with(&self.keys[usize::from(at)].text) {
                return Some((at, &self.edges[usize::from(at)]));
            }
            at = self.edges[usize::from(at)].sibling;
        }
        None
    }

    /// Whether `key` is the key of `edge` or of one before it.
    pub(super) fn holds(&self, edge: u16, key: &str) -> bool {
        self.keys(edge).any(|k| k == key)
    }

    /// The keys from `edge` back to the root.
    pub(super) fn keys(&self, mut edge: u16) -> impl Iterator<Item = &str> {
        std::iter::from_fn(move || {
            (edge != ROOT).then(|| {
                let key = &self.keys[usize::from(edge)];
                edge = key.parent;
                &*key.name
            })
        })
    }

    /// Learns what follows `edge`: a text whose key is not [held](Self::holds) yet; `None` when there is no room.
    pub(super) fn learn(&mut self, edge: u16, text: &[u8], name: &str, slot: Slot) -> Option<u16> {
        let new = self.edges.len();
        let members = self.keys[usize::from(edge)].members + 1;
        if new == MAX_EDGES || members > MAX_PATH || text.len() > MAX_TEXT {
            return None;
        }
        let mut last = NONE;
        let mut at = self.edges[usize::from(edge)].first;
        let mut siblings = 0;
        while at != NONE {
            last = at;
            at = self.edges[usize::from(at)].sibling;
            siblings += 1;
        }
        if siblings == MAX_SIBLINGS {
            return None;
        }
        self.edges.push(Edge::new(text, slot));
        self.keys.push(Key { text: text.into(), name: name.into(), parent: edge, members });
        match last {
            NONE => self.edges[usize::from(edge)].first = new as u16,
            last => self.edges[usize::from(last)].sibling = new as u16,
        }
        Some(new as u16)
    }

    /// Counts a line that was read without the tree; says when there were so many that it should be begun anew.
    pub(super) fn is_worn(&mut self) -> bool {
        self.refused += 1;
        self.refused == PATIENCE
    }
}
