//! Fragments of IP packets (RFC 791, 8200 section 4.5): later ones have no ports, and find those of the first by its
//! identification.
//!
//! Nothing is put together: a fragment is a packet of the flow of the first. Bound: [`MOST`] packets whose fragments are
//! awaited, the oldest forgotten first; each for [`PATIENCE`].

use flow_record::map::Map;
use std::collections::VecDeque;

/// Packets whose fragments are awaited.
const MOST: usize = 8192;

/// Milliseconds after the first fragment in which others belong to it (RFC 8200: 60 seconds).
const PATIENCE: i64 = 60_000;

/// What tells that fragments are of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    /// Source and destination.
    pub(crate) addresses: [u128; 2],
    /// Of IPv4 the packet's protocol.
    pub(crate) protocol: u8,
    pub(crate) id: u32,
}

/// Whether a packet is a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fragment {
    /// It is whole.
    None,
    /// The first, with the transport's header.
    First(Id),
    /// One without.
    Later(Id),
}

impl Fragment {
    /// By its place in the packet, and whether more follow.
    #[inline]
    pub(super) fn new(offset: u16, more: bool, id: Id) -> Fragment {
        match (offset, more) {
            (0, false) => Fragment::None,
            (0, true) => Fragment::First(id),
            _ => Fragment::Later(id),
        }
    }
}

/// What is kept of a first fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) ports: [u16; 2],
    pub(crate) protocol: u8,
}

/// The packets whose fragments are awaited.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    heads: Map<Id, (Head, i64)>,
    /// In the order in which they came, with the time.
    queue: VecDeque<(Id, i64)>,
}

impl Fragments {
    /// Keeps what the first fragment has, which came at `now`, in milliseconds.
    pub(crate) fn keep(&mut self, id: Id, head: Head, now: i64) {
        while let Some((oldest, at)) = self.queue.front()
            && (self.queue.len() >= MOST || now.saturating_sub(*at) > PATIENCE)
        {
            // A later one with the same identification stays.
            if self.heads.get(oldest).is_some_and(|(_, kept)| kept == at) {
                self.heads.remove(oldest);
            }
            self.queue.pop_front();
        }
        self.heads.insert(id, (head, now));
        self.queue.push_back((id, now));
    }

    /// What the first fragment of this one had; `None` where it did not come, or too long ago.
    pub(crate) fn head(&self, id: &Id, now: i64) -> Option<Head> {
        let (head, at) = self.heads.get(id)?;
        (now.saturating_sub(*at) <= PATIENCE).then_some(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: u32) -> Id {
        Id { addresses: [1, 2], protocol: 17, id }
    }

    const HEAD: Head = Head { ports: [53, 1024], protocol: 17 };

    #[test]
    fn a_head_is_known_for_a_minute() {
        let mut fragments = Fragments::default();
        fragments.keep(id(7), HEAD, 1000);
        assert_eq!(fragments.head(&id(7), 1000 + PATIENCE), Some(HEAD));
        assert_eq!(fragments.head(&id(7), 1001 + PATIENCE), None);
        assert_eq!(fragments.head(&id(8), 1000), None);
    }

    #[test]
    fn the_oldest_is_forgotten_and_one_that_came_again_is_not() {
        let mut fragments = Fragments::default();
        fragments.keep(id(0), HEAD, 0);
        fragments.keep(id(1), HEAD, 0);
        fragments.keep(id(0), Head { protocol: 6, ..HEAD }, 1);
        for n in 2..=MOST as u32 {
            fragments.keep(id(n), HEAD, 2);
        }
        assert_eq!(fragments.head(&id(1), 2), None);
        assert_eq!(fragments.head(&id(0), 2).map(|h| h.protocol), Some(6));
        assert!(fragments.heads.len() <= MOST && fragments.queue.len() <= MOST);
    }
}
