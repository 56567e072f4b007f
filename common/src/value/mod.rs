//! Values of the record, to and from bytes: times, addresses, numbers, text.
//!
//! The parsers here take a prefix of a slice and say how many bytes they used, so that the scanner needs no second
//! pass to find a value's end. They accept plain forms only; whatever they refuse is read again by the slow path.

pub mod address;
pub mod civil;
pub mod number;
pub mod text;
pub mod time;
pub(crate) mod window;

pub use address::Address;
pub use number::Number;
pub use time::Time;
