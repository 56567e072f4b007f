//! Summaries that merge: moments, quantiles, distinct counts.
//!
//! Invariant of all of them: the state is a function of the multiset of its inputs, and `merge` is associative and
//! commutative to the byte, so that any split of the input over threads, files or machines gives the answer of one run.
//! What is written with serde is the canonical form: equal states give equal bytes.

pub mod distinct;
mod float;
mod merge;
mod moments;
mod profile;
pub mod quantile;
mod seen;
mod sums;
mod wide;

pub use distinct::{Addresses, Count, Digests, Ports, SketchKey};
pub use float::{FloatMoments, FloatSummary};
pub use merge::Merge;
pub use moments::Moments;
pub use profile::{Parts, Profile};
pub use quantile::{Distribution, Estimate, FlowQuantiles, KeyQuantiles, Precision};
pub use seen::{Same, Seen, Span};
pub use sums::Sums;
