//! `--head N`: the first N flows, and nothing is read after them. Constant memory.

use super::{Next, Record, Step};

/// Lets so many flows pass.
pub(crate) struct Head {
    left: u64,
}

impl Head {
    /// The first `count` flows.
    pub(crate) fn new(count: u64) -> Head {
        Head { left: count }
    }
}

pub(super) fn step(count: u64) -> Box<dyn Step> {
    Box::new(Head::new(count))
}

impl Step for Head {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if self.left == 0 {
            // Steps before this one may have kept more than there is room for.
            next.filtered();
            return next.stop();
        }
        self.left -= 1;
        next.flow(record);
        if self.left == 0 {
            next.stop();
        }
    }

    fn is_full(&self) -> bool {
        self.left == 0
    }

    fn begin(&mut self, next: &mut Next<'_, '_>) {
        if self.left == 0 {
            next.stop();
        }
    }
}
