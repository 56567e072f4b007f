//! Where the bytes of a capture come from: an input, or a slice.

use crate::feed::stream::Stream;
use crate::flows::Flows;

/// Bytes in order.
pub(crate) trait Bytes {
    /// What reading needs besides.
    type With<'w>;

    /// Where the next byte stands, from 0.
    fn offset(&self) -> u64;

    /// The next `count` bytes, which are not taken: fewer only at the end.
    fn ahead<'b>(&'b mut self, count: usize, with: &mut Self::With<'_>) -> &'b [u8];

    /// Takes `count` bytes; gives how many there were, fewer only at the end.
    fn take(&mut self, count: u64, with: &mut Self::With<'_>) -> u64;
}

impl Bytes for Stream<'_> {
    type With<'w> = Flows<'w>;

    #[inline]
    fn offset(&self) -> u64 {
        Stream::offset(self)
    }

    #[inline]
    fn ahead<'b>(&'b mut self, count: usize, flows: &mut Flows<'_>) -> &'b [u8] {
        Stream::ahead(self, count, flows)
    }

    #[inline]
    fn take(&mut self, count: u64, flows: &mut Flows<'_>) -> u64 {
        Stream::take(self, count, flows)
    }
}

/// Bytes that are all there.
#[allow(dead_code, reason = "read by tests and by who looks ahead")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'b> {
    all: &'b [u8],
    taken: usize,
}

impl<'b> Whole<'b> {
    /// From the first on.
    #[allow(dead_code, reason = "read by tests and by who looks ahead")]
    pub(crate) fn new(all: &'b [u8]) -> Whole<'b> {
        Whole { all, taken: 0 }
    }
}

impl Bytes for Whole<'_> {
    type With<'w> = ();

    fn offset(&self) -> u64 {
        self.taken as u64
    }

    fn ahead<'b>(&'b mut self, count: usize, (): &mut ()) -> &'b [u8] {
        let rest = self.all.get(self.taken..).unwrap_or_default();
        &rest[..count.min(rest.len())]
    }

    fn take(&mut self, count: u64, (): &mut ()) -> u64 {
        let left = self.all.len() - self.taken;
        let step = usize::try_from(count).map_or(left, |count| count.min(left));
        self.taken += step;
        step as u64
    }
}
