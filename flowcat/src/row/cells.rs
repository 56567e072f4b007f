//! Sets of cells.

use super::{Cell, NAMES};

/// A set of cells, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells(u64);

impl Cells {
    /// Puts a cell in; the answer is whether it is new.
    pub(crate) fn insert(&mut self, cell: Cell) -> bool {
        let before = self.0;
        self.0 |= 1 << cell as u8;
        self.0 != before
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The cells in it.
    pub(crate) fn iter(self) -> impl Iterator<Item = Cell> {
        NAMES.iter().map(|(cell, _)| *cell).filter(move |cell| self.0 >> *cell as u8 & 1 == 1)
    }
}
