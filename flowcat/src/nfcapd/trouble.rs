//! Why a record is no flow.

use flow_record::record::field::FieldId;
use std::fmt;

/// Why a record is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A time in milliseconds that lies too far ahead.
    Time(u64),
    /// A number that the field cannot be.
    Number(FieldId, u64),
    /// A label that is no text.
    Label,
    /// It is shorter than what every record has, or than what its flags and extensions take.
    Short,
    /// One of its extensions is shorter than it must be, or longer than what is left of the record.
    Extension(u16),
    /// Its extensions end here, and not where the record ends.
    Rest(usize),
    /// It refers to an extension map that did not come before it.
    Map(u16),
    /// An extension map with an extension that is not known.
    Unknown(u16),
    /// An extension map whose sizes contradict each other.
    Sizes,
    /// Nothing that a flow needs is in it.
    Nothing,
    /// No record that is known is of this kind, or like this where it is.
    Kind(u16),
    /// A flow as only nfdump 1.8 writes it.
    Newer,
}

impl Trouble {
    /// A short name, by which messages are counted.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Trouble::Time(_) => "bad time",
            Trouble::Number(..) => "bad number",
            Trouble::Label => "invalid UTF-8",
            Trouble::Nothing => "no flow",
            Trouble::Kind(_) | Trouble::Newer => "unknown records",
            _ => "bad record",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Time(millis) => write!(f, "bad time: {millis} milliseconds since 1970"),
            Trouble::Number(id, value) => write!(f, "bad number: {value} for {}", id.name()),
            Trouble::Label => f.write_str("its label is not UTF-8"),
            Trouble::Short => f.write_str("bad record: too short for what it holds"),
            Trouble::Extension(id) => write!(f, "bad record: bad length of extension {id}"),
            Trouble::Rest(at) => write!(f, "bad record: its extensions end at byte {at} of it"),
            Trouble::Map(id) => write!(f, "bad record: there is no extension map {id} before it"),
            Trouble::Unknown(id) => write!(f, "bad extension map: there is no extension {id}"),
            Trouble::Sizes => f.write_str("bad extension map: its sizes contradict each other"),
            Trouble::Nothing => f.write_str("no address, no bytes and no packets"),
            Trouble::Kind(kind) => write!(f, "no record of kind {kind} is like this"),
            Trouble::Newer => f.write_str("a record of nfdump 1.8, which is not read"),
        }
    }
}
