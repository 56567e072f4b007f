//! The bytes of one input in order, for formats of bytes, however the pieces were cut.
//!
//! Invariant: each byte is seen once, in order, at the offset that it has in the unpacked input. What lies whole in one
//! piece is not copied. Bound: one piece, and as much as is asked for at a time, which the caller limits.

use super::Feed;
use crate::flows::Flows;

/// Reads the current input of a feed.
pub(crate) struct Stream<'f> {
    feed: &'f mut Feed,
    /// What was asked for and lay in more than one piece; it comes before the piece.
    joined: Vec<u8>,
    /// Bytes of `joined` that were taken.
    taken: usize,
    /// Bytes of the current piece that were taken.
    position: usize,
    offset: u64,
}

impl<'f> Stream<'f> {
    /// From where the feed stands.
    pub(crate) fn new(feed: &'f mut Feed) -> Stream<'f> {
        feed.give_back();
        Stream { feed, joined: Vec::new(), taken: 0, position: 0, offset: 0 }
    }

    /// Where in the input the next byte stands, from 0.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the input ended with an error, which was told then.
    pub(crate) fn has_failed(&self) -> bool {
        self.feed.failed
    }

    /// The next `count` bytes, which are not taken: fewer only where the input ends before.
    #[inline]
    pub(crate) fn ahead(&mut self, count: usize, flows: &mut Flows<'_>) -> &[u8] {
        let is_joined = self.taken < self.joined.len();
        match is_joined || self.piece().len() < count {
            true => self.join(count, flows),
            false => &self.piece()[..count],
        }
    }

    /// Takes `count` bytes; gives how many there were, fewer only where the input ends before.
    #[inline]
    pub(crate) fn take(&mut self, count: u64, flows: &mut Flows<'_>) -> u64 {
        let mut left = count;
        while left > 0 {
            let is_joined = self.taken < self.joined.len();
            let here = if is_joined { self.joined.len() - self.taken } else { self.piece().len() };
            if here == 0 {
                if !self.next(flows) {
                    break;
                }
                continue;
            }
            let step = usize::try_from(left).map_or(here, |left| left.min(here));
            *if is_joined { &mut self.taken } else { &mut self.position } += step;
            left -= step as u64;
        }
        self.offset += count - left;
        count - left
    }

    /// What is left of the current piece.
    #[inline]
    fn piece(&self) -> &[u8] {
        self.feed.block.as_ref().and_then(|parcel| parcel.bytes.get(self.position..)).unwrap_or_default()
    }

    /// Goes to the next piece; `false` at the end of the input.
    fn next(&mut self, flows: &mut Flows<'_>) -> bool {
        self.position = 0;
        self.feed.block(flows).is_some()
    }

    /// The next `count` bytes where they do not lie in one piece.
    #[cold]
    fn join(&mut self, count: usize, flows: &mut Flows<'_>) -> &[u8] {
        self.joined.drain(..self.taken);
        self.taken = 0;
        while self.joined.len() < count {
            let missing = count - self.joined.len();
            let piece =
                self.feed.block.as_ref().and_then(|parcel| parcel.bytes.get(self.position..)).unwrap_or_default();
            let step = piece.len().min(missing);
            self.joined.extend_from_slice(&piece[..step]);
            self.position += step;
            if step < missing && !self.next(flows) {
                break;
            }
        }
        &self.joined[..count.min(self.joined.len())]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::output::Sink;
    use flow_record::run::{Conduct, Session};

    /// All bytes of 0 to 99, in pieces of `size`.
    fn pieces(size: usize) -> Feed {
        Feed::of_blocks((0..100).collect::<Vec<u8>>().chunks(size).map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn however_the_pieces_are_cut_the_bytes_are_the_same() {
        let conduct = Conduct { quiet: true, ..Conduct::default() };
        let mut session = Session::begin("flowcat", conduct, Sink::none()).unwrap();
        let flows = &mut Flows::new(&mut session, vec![], true);
        for size in 1..=100 {
            let mut feed = pieces(size);
            let mut stream = Stream::new(&mut feed);
            let mut seen = Vec::new();
            for step in [1, 2, 3, 0, 40, 7, 1] {
                let ahead = stream.ahead(step + 5, flows).to_vec();
                assert_eq!(stream.ahead(step, flows), &ahead[..step]);
                seen.extend_from_slice(&ahead[..step]);
                assert_eq!(stream.take(step as u64, flows), step as u64);
                assert_eq!(stream.offset(), seen.len() as u64);
            }
            assert_eq!(stream.take(10, flows), 10);
            assert_eq!(stream.ahead(1, flows), [64]);
            assert_eq!(seen, (0..54).collect::<Vec<u8>>());
            assert_eq!(stream.ahead(50, flows), (64..100).collect::<Vec<u8>>());
            assert_eq!((stream.take(50, flows), stream.offset()), (36, 100));
            assert!(stream.ahead(1, flows).is_empty());
        }
    }
}
