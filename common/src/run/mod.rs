//! What the four programs share when they run: the loop over lines, the accounts, the messages, the exit code.
//!
//! ```text
//!  reader thread ──► worker threads ──► main thread
//!  blocks of lines   scan, work, write   output in order, rejects, accounts
//! ```
//!
//! A fixed number of batches goes round between them, so memory is bounded and a slow reader downstream slows the input.
//! Invariants: output is in the order of the input, whatever the number of threads; each line that was read has one
//! [`Fate`] or one rejection; output is flushed whenever the next batch is not there yet.

mod account;
mod allowance;
mod batch;
mod clash;
mod ending;
mod messages;
mod patience;
mod place;
mod select;
mod session;
mod signals;
mod stream;
mod worker;

pub use clash::Aid;
pub(crate) use clash::Files;

pub use account::{Account, Fate, Fates};
pub use allowance::Allowance;
pub use ending::Ending;
pub use messages::Messages;
pub use patience::{Patience, Patient};
pub use place::Place;
pub use session::{Conduct, Session};
pub use signals::Signals;
pub use stream::each_line;
pub use worker::{Out, Worker, pass};
