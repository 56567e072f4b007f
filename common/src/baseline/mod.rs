//! Baselines: what normal looks like, as lines that merge. `flowstat baseline` makes them; views and detectors read them.
//!
//! ```text
//! {"kind":"baseline","version":1,"by":"src_ip",...}                        the header: version, parameters, span
//! {"kind":"baseline","section":"hosts","key":"10.0.0.1","data":{...}}      one line a section and key, in order
//! {"kind":"baseline","lines":2,"days":7,"checksum":"..."}                  the trailer
//! ```
//!
//! - Lines of the same section and key add up, within a baseline and over several: that is all that merging is. A state
//!   that is too long for a line is written as several that add up to it.
//! - Lines come in the order of section and key, both as bytes, so that sorted baselines merge as a stream.
//! - The checksum does not depend on the order of lines, so that threads can share the lines of one baseline ([`Ledger`]).
//! - A section of another version is kept as it is. A member that is unknown within a known section is refused: whoever
//!   has more to say says it in a section of its own. A higher version is refused by its number.
//!
//! Invariant: what is written is a function of the multiset of flows, byte for byte.
//! `header`, `line`, `ledger`, `keys`: the format; `section`, `host`, `field`: the states, of `tally`, `ports`, `names`;
//! `store`: all states of a baseline by key; `read`: a baseline for look-ups.

mod by;
mod error;
mod field;
mod header;
mod host;
mod keys;
mod ledger;
mod line;
mod names;
mod ports;
mod read;
mod section;
mod store;
mod tally;

pub use by::{By, End};
pub use error::BaselineError;
pub use field::{FIELDS, Field, UNIT};
pub use header::{Header, VERSION};
pub use host::Host;
pub use keys::{day_key, hour_key, read_day, read_hour};
pub use ledger::Ledger;
pub use line::{Entry, Frame, LineWriter, Lines, Trailer};
pub use names::Names;
pub use ports::PortTally;
pub use read::Baseline;
pub use section::{Day, Hour, Pair, Port, Protocol, Section, Totals, Values};
pub use store::{Entries, Store};
pub use tally::Tally;

/// Days below which a baseline's history is said to be insufficient.
pub const ENOUGH_DAYS: u64 = 7;
