//! What a Parquet file may ask for, so that none of its numbers is an allocation. Each is told where it is met.

/// Bytes of a footer.
pub(crate) const MOST_FOOTER: u64 = 64 << 20;

/// Columns of a file.
pub(crate) const MOST_COLUMNS: usize = 4096;

/// Columns and the structures around them.
pub(crate) const MOST_ELEMENTS: usize = 4 * MOST_COLUMNS;

/// Structures in each other.
pub(crate) const MOST_DEPTH: usize = 64;

/// Bytes of the names of all columns, each with those of the structures around it.
pub(crate) const MOST_NAMES: usize = 16 << 20;

/// Bytes of the header of a page.
pub(crate) const MOST_HEADER: usize = 1 << 20;

/// Bytes of a page, packed or not.
pub(crate) const MOST_PAGE: usize = 64 << 20;

/// Values of a dictionary.
pub(crate) const MOST_ENTRIES: usize = 4 << 20;

/// Bytes of the pages and dictionaries of all columns that are read side by side.
pub(crate) const MOST_PAGES: usize = 1 << 30;

/// Bytes of a file that cannot be sought in.
pub(crate) const MOST_HELD: u64 = 1 << 30;
