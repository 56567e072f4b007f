//! One line while it is enriched: its fields, and the members put into it.
//!
//! Invariant: a member that the line has is kept, or its value is replaced in place if the enricher overwrites; nothing
//! else of the line changes, unless the enricher is one that rewrites.

use flow_record::item::Spec;
use flow_record::record::Flow;
use flow_record::record::splice::Splice;
use flow_record::scan::{Line, LineKind, Span};
use flow_record::value::text;
use std::ops::Range;

/// A member ready to be put into a line, rendered once and used many times.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// `,"key":value`.
    text: Box<[u8]>,
    /// Where the value begins.
    value: usize,
}

impl Member {
    /// A member whose value is written as JSON by `write`.
    pub(crate) fn new(key: &str, write: impl FnOnce(&mut Vec<u8>)) -> Member {
        let mut text = key_text(key);
        let value = text.len();
        write(&mut text);
        Member { text: text.into(), value }
    }

    /// A member whose value is a text.
    pub(crate) fn text(key: &str, value: &str) -> Member {
        Member::new(key, |out| text::write_json(value, out))
    }

    /// A member that is true or false.
    pub(crate) fn truth(key: &str, value: bool) -> Member {
        Member::new(key, |out| out.extend_from_slice(if value { b"true" } else { b"false" }))
    }
}

/// `,"key":`
pub(crate) fn key_text(key: &str) -> Vec<u8> {
    let mut out = vec![b','];
    text::write_json(key, &mut out);
    out.push(b':');
    out
}

/// The rendered key of each column of an item, in their order.
pub(crate) fn keys(spec: &Spec) -> Vec<Vec<u8>> {
    spec.columns.iter().map(|column| key_text(column.name)).collect()
}

/// The line that an enricher is given.
pub(crate) struct Record<'r, 'l> {
    line: &'r Line<'l>,
    splice: &'r mut Splice,
    /// The watched name that is the enricher's first column.
    base: usize,
    /// The watched name that is the first of what it reads.
    reads: usize,
    overwrite: bool,
}

impl<'r, 'l> Record<'r, 'l> {
    /// A line for an enricher whose columns are watched from `base` on.
    #[inline]
    pub(crate) fn new(line: &'r Line<'l>, splice: &'r mut Splice, base: usize, overwrite: bool) -> Record<'r, 'l> {
        Record { line, splice, base, reads: usize::MAX, overwrite }
    }

    /// The same where what the enricher reads is watched from `reads` on.
    #[inline]
    pub(crate) fn reading(self, reads: usize) -> Record<'r, 'l> {
        Record { reads, ..self }
    }

    /// The member of this number among those that the enricher reads, as JSON text.
    #[inline]
    pub(crate) fn value(&self, read: usize) -> Option<&'l str> {
        self.line.value(self.reads.wrapping_add(read))
    }

    /// Whether the line is a flow, and not a row or an alert.
    #[inline]
    pub(crate) fn is_flow(&self) -> bool {
        self.line.kind == LineKind::Flow
    }

    /// The fields of the record that the line has.
    #[inline]
    pub(crate) fn flow(&self) -> &'l Flow {
        self.line.flow
    }

    /// The whole line.
    #[inline]
    pub(crate) fn text(&self) -> &'l str {
        self.line.text
    }

    /// Puts this in place of a part of the line.
    #[inline]
    pub(crate) fn replace(&mut self, part: Range<usize>, value: &[u8]) {
        let span = Span { start: part.start as u32, end: part.end as u32 };
        self.splice.replace(span, |out| out.extend_from_slice(value));
    }

    /// Puts a member in as the enricher's column of this number.
    #[inline]
    pub(crate) fn put(&mut self, column: usize, member: &Member) {
        match self.line.span(self.base + column) {
            None => self.splice.add_rendered(&member.text),
            Some(span) if self.overwrite => {
                self.splice.replace(span, |out| out.extend_from_slice(&member.text[member.value..]));
            }
            Some(_) => {}
        }
    }

    /// Puts a member in whose key is rendered as [`key_text`] does, and whose value is JSON.
    #[inline]
    pub(crate) fn put_keyed(&mut self, column: usize, key: &[u8], value: &[u8]) {
        match self.line.span(self.base + column) {
            None => self.splice.add_keyed(key, value),
            Some(span) if self.overwrite => self.splice.replace(span, |out| out.extend_from_slice(value)),
            Some(_) => {}
        }
    }
    /// Puts a member in whose key is rendered as [`key_text`] does, and whose value `write` appends as JSON.
    #[inline]
    pub(crate) fn write(&mut self, column: usize, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        match self.line.span(self.base + column) {
            None => self.splice.add_written(key, write),
            Some(span) if self.overwrite => self.splice.replace(span, write),
            Some(_) => {}
        }
    }
    /// Puts a member in, or a value in place of the one that is there, whatever `overwrite` says.
    #[inline]
    pub(crate) fn set(&mut self, column: usize, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        match self.line.span(self.base + column) {
            None => self.splice.add_written(key, write),
            Some(span) => self.splice.replace(span, write),
        }
    }
}
