//! NDJSON lines to fields.
//!
//! [`Clean`] is text that passed the checks that are cheap by block: valid UTF-8, no byte below 0x20. [`Scanner`] takes
//! one clean line apart, remembering the key orders it has met (`order`); `value` reads and checks the values. What
//! it accepts is what RFC 8259 accepts, less what [`Why`] lists; a property test holds it against `serde_json`. [`fits`]
//! says the same of lines that a program makes.

mod clean;
mod fit;
mod order;
mod reject;
mod scanner;
mod value;
pub mod walk;

pub use clean::{Clean, MAX_LINE};
pub(crate) use fit::sift;
pub use fit::{Checker, SHORT, UNFIT, fits};
pub use reject::{Reject, Why};
pub use scanner::{Line, LineKind, MAX_MEMBERS, Scanner, Span, is_of_kind};
