//! Numbers for people: as they write them on a command line ([`read`]), and as they read them in a
//! sentence.

pub mod read;
mod write;

pub use write::{amount, count, duration, figures};
