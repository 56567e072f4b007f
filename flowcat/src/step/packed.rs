//! Flows in a piece of memory or a file, packed, each with its line or further members behind it.
//!
//! Bound: a flow takes some 70 bytes, and its line as long as it is.

use super::{Form, Record};
use flow_record::record::Flow;
use std::ops::Range;

/// Where the bytes of a flow are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: u64,
    /// Those of its fields.
    pub(crate) packed: u32,
    /// Those of its line, or of its further members, after them.
    pub(crate) length: u32,
    pub(crate) is_line: bool,
}

impl Place {
    /// All its bytes.
    pub(crate) fn all(self) -> Range<usize> {
        let at = self.at as usize;
        at..at + self.size()
    }

    /// How many they are.
    pub(crate) fn size(self) -> usize {
        self.packed as usize + self.length as usize
    }
}

/// Appends a flow.
pub(crate) fn pack(record: Record<'_>, bytes: &mut Vec<u8>) -> Place {
    let at = bytes.len();
    record.flow.pack(bytes);
    let packed = bytes.len() - at;
    let (text, is_line) = match record.form {
        Form::Fields(extras) => (extras, false),
        Form::Line(line) => (line.as_bytes(), true),
    };
    bytes.extend_from_slice(text);
    Place { at: at as u64, packed: packed as u32, length: text.len() as u32, is_line }
}

/// Puts the fields of the flow whose bytes these are into `flow`; answers how it came.
pub(crate) fn unpack<'b>(all: &'b [u8], place: Place, flow: &mut Flow) -> Form<'b> {
    flow.unpack(all);
    let text = all.get(place.packed as usize..).unwrap_or_default();
    if !place.is_line {
        return Form::Fields(text);
    }
    std::str::from_utf8(text).map_or(Form::Fields(b""), Form::Line)
}
