//! Counts of distinct things: ports always exactly, addresses exactly up to a limit and then by a sketch.

mod addresses;
mod digests;
mod ports;
mod quads;
mod sketch;

pub use addresses::{Addresses, MAX_EXACT};
pub use digests::Digests;
pub use ports::Ports;
pub use sketch::SketchKey;

/// A number of distinct things.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// The number, or its estimate.
    pub value: u64,
    /// Whether it is an estimate.
    pub approx: bool,
    /// Relative standard error of an estimate, else 0: 99.7 % of estimates lie within three of them.
    pub error: f64,
}

#[cfg(test)]
mod tests;
