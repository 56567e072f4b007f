//! The flow record: its table of fields, the flow in memory, and the lines it is written as.

pub mod field;
mod flow;
pub mod key;
pub mod schema;
mod serde;
pub mod splice;
pub mod statistics;
mod write;

pub use field::{Field, FieldId, Kind};
pub use flow::Flow;
pub use write::Writer;
