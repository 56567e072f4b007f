//! The key orders that were met, as a tree: an edge is the text between one value and the next.
//!
//! Such a text holds the comma, the key, the colon and the blanks, so one comparison of it replaces reading a key. A
//! path from the root never holds a key twice, because that is checked when an edge is made: lines of a known order
//! need no such check. Orders that would make the tree too large are read without it; when that happens too often the
//! tree is begun anew. Bound: [`MAX_NODES`] nodes of at most [`MAX_EDGES`] edges with texts of at most [`MAX_TEXT`]
//! bytes.

use super::scanner::Slot;

const MAX_NODES: usize = 4096;
const MAX_EDGES: usize = 8;
const MAX_TEXT: usize = 256;
/// The longest path; a line of more members is read without the tree from there on.
const MAX_PATH: u32 = 256;
/// Lines read without the tree before it is begun anew.
const PATIENCE: u32 = 4096;

/// What comes between two values, and where it leads.
#[derive(Debug)]
pub(super) struct Edge {
    text: Box<[u8]>,
    /// First eight bytes of the text, with zeros beyond its end, and the mask of those that count.
    head: u64,
    mask: u64,
    /// Last eight bytes, where the text is that long.
    tail: u64,
    /// What the value is.
    pub(super) slot: Slot,
    /// The node that follows.
    pub(super) next: u32,
}

#[derive(Debug, Default)]
struct Node {
    /// The unescaped key that led here, and the node before.
    key: Box<str>,
    parent: u32,
    /// Members of a line up to here.
    members: u32,
    edges: Vec<Edge>,
}

/// The tree; node 0 is the root.
#[derive(Debug)]
pub(super) struct Order {
    nodes: Vec<Node>,
    refused: u32,
}

fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b))
}

impl Edge {
    fn new(text: &[u8], slot: Slot, next: u32) -> Edge {
        let mut first = [0; 8];
        let len = text.len().min(8);
        first[..len].copy_from_slice(&text[..len]);
        let mask = if len == 8 { u64::MAX } else { (1 << (8 * len)) - 1 };
        let tail = text.last_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
        Edge { text: text.into(), head: u64::from_le_bytes(first), mask, tail, slot, next }
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
    pub(super) fn new() -> Order {
        Order { nodes: vec![Node::default()], refused: 0 }
    }

    /// The edge from `node` whose text `rest` begins with.
    #[inline]
    pub(super) fn follow(&self, node: u32, rest: &[u8]) -> Option<&Edge> {
        self.nodes[node as usize].edges.iter().find(|e| e.matches(rest))
    }

    /// Whether `key` led to `node` or to one before it.
    pub(super) fn holds(&self, mut node: u32, key: &str) -> bool {
        while node != 0 {
            let n = &self.nodes[node as usize];
            if *n.key == *key {
                return true;
            }
            node = n.parent;
        }
        false
    }

    /// The keys that led to `node`.
    pub(super) fn keys(&self, mut node: u32) -> impl Iterator<Item = &str> {
        std::iter::from_fn(move || {
            (node != 0).then(|| {
                let n = &self.nodes[node as usize];
                node = n.parent;
                &*n.key
            })
        })
    }

    /// Learns an edge for a key that is not [held](Self::holds) yet, and answers its node, or `None` when full.
    pub(super) fn learn(&mut self, node: u32, text: &[u8], key: &str, slot: Slot) -> Option<u32> {
        let next = self.nodes.len();
        let from = &self.nodes[node as usize];
        if next == MAX_NODES || from.edges.len() == MAX_EDGES || from.members == MAX_PATH || text.len() > MAX_TEXT {
            return None;
        }
        let members = from.members + 1;
        self.nodes.push(Node { key: key.into(), parent: node, members, edges: Vec::new() });
        self.nodes[node as usize].edges.push(Edge::new(text, slot, next as u32));
        Some(next as u32)
    }

    /// Counts a line that was read without the tree, and begins it anew when there were many.
    pub(super) fn refused(&mut self) {
        self.refused += 1;
        if self.refused == PATIENCE {
            *self = Order::new();
        }
    }
}
