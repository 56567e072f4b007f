//! Ticks: lines that only say how far the time is, `{"kind":"tick","timestamp":...}`, where flows wait.
//!
//! Invariant: what follows a tick starts no earlier than the tick says, as far as the steps here know.

use super::Next;
use flow_record::scan::LineKind;
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::value::Time;
use flow_record::value::time::{DateCache, rfc3339};
use std::ops::Range;

/// A tick whose time can be read.
pub(super) struct Tick<'t> {
    text: &'t str,
    /// Its time.
    pub(super) nanos: i64,
    digits: u8,
    /// Where that stands, quotes included.
    value: Range<usize>,
}

impl<'t> Tick<'t> {
    /// A line, if it is a tick with a time.
    pub(super) fn of(kind: LineKind<'_>, text: &'t str) -> Option<Tick<'t>> {
        if kind != LineKind::Tick {
            return None;
        }
        let mut walk = Walk::nested(text);
        while let Ok(Some(member)) = walk.member() {
            if unquoted(member.key) == "timestamp" {
                let inner = unquoted(member.value);
                let (time, digits, _) = rfc3339(&mut DateCache::default(), inner.as_bytes())?;
                let value = member.value_at..member.value_at + member.value.len();
                return Some(Tick { text, nanos: time.nanos(), digits, value });
            }
        }
        None
    }

    /// Passes the tick on; with the start of the earliest flow that waits as its time, if that is before.
    pub(super) fn pass(&self, earliest: Option<i64>, next: &mut Next<'_, '_>) {
        match earliest.filter(|earliest| *earliest < self.nanos) {
            None => next.line(LineKind::Tick, self.text),
            Some(earliest) => {
                let (before, after) = (&self.text[..self.value.start], &self.text[self.value.end..]);
                // With all its digits, so that it is not rounded up or down.
                let digits = if earliest % 1_000_000 == 0 { self.digits } else { 9 };
                let time = Time(earliest).to_text(digits);
                next.line(LineKind::Tick, &format!("{before}\"{time}\"{after}"));
            }
        }
    }
}
