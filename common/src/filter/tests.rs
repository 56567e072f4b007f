//! The language as a whole.
#![allow(clippy::unwrap_used, clippy::panic)]

mod faults;
mod laws;
mod meaning;
