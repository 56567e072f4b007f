//! Addresses in the texts of JSON, keys included, without a look at what member they stand in.
//!
//! An address never reaches beyond a string, so a line without escapes needs no parser. One with escapes is taken string
//! by string, and so is one that may have a member that was computed from addresses by a function that everybody knows:
//! those become digests under the key. Invariant: what is JSON stays JSON, but for keys that may have become equal.

use super::{Anonymizer, find};
use crate::scan::walk::unquoted;
use crate::value::text::write_json;
use memchr::{memchr, memchr2};
use std::fmt::Write;
use std::ops::Range;

/// Names of members that were computed from addresses. An `id` is one if it looks like an alert's.
const HASHED: [&str; 2] = ["id", "community_id"];

/// What a line with such a member has in it.
pub(super) const MARKS: [&str; 2] = ["\"id\"", "\"community_id\""];

impl Anonymizer {
    /// Hands on what is to be put in which place of a checked JSON text, in order; answers whether a key has changed, so
    /// that two may have become equal.
    pub fn json(&mut self, text: &str, mut put: impl FnMut(Range<usize>, &[u8])) -> bool {
        let bytes = text.as_bytes();
        if memchr(b'\\', bytes).is_some() || self.marks.iter().any(|mark| mark.find(bytes).is_some()) {
            return self.strings(text, put);
        }
        let (mut done, mut has_key) = (0, false);
        while let Some(found) = find::next(bytes, done) {
            self.put(&found);
            put(found.start..found.end, &self.value);
            has_key |= memchr(b'"', &bytes[found.end..]).is_some_and(|quote| is_key(&bytes[found.end + quote + 1..]));
            done = found.end;
        }
        has_key
    }

    /// The same, string by string.
    #[cold]
    fn strings(&mut self, text: &str, mut put: impl FnMut(Range<usize>, &[u8])) -> bool {
        let (mut at, mut hashed, mut has_key) = (0, None, false);
        while let Some(quote) = memchr(b'"', &text.as_bytes()[at..]) {
            let start = at + quote;
            let end = end(text.as_bytes(), start);
            let string = unquoted(&text[start..end]);
            let is_key = is_key(&text.as_bytes()[end..]);
            // A value that is no string comes between a key and the next string as a change of its own.
            let is_next = text.as_bytes()[at..start].iter().all(|b| matches!(b, b':' | b' '));
            if !is_key && is_next && hashed.is_some_and(|name| name != "id" || is_id(&string)) {
                let mut digest = String::with_capacity(18);
                // Writing to a String cannot fail.
                let _ = write!(digest, "\"{:016x}\"", self.cipher.digest(string.as_bytes()));
                put(start..end, digest.as_bytes());
            } else {
                let mut changed = std::mem::take(&mut self.text);
                changed.clear();
                if self.text(&string, &mut changed) {
                    let mut json = Vec::with_capacity(changed.len() + 2);
                    write_json(&String::from_utf8_lossy(&changed), &mut json);
                    put(start..end, &json);
                    has_key |= is_key;
                }
                self.text = changed;
            }
            hashed = HASHED.into_iter().find(|name| is_key && *name == string);
            at = end;
        }
        has_key
    }
}

/// Whether the string before this is a key.
fn is_key(after: &[u8]) -> bool {
    after.iter().find(|b| **b != b' ') == Some(&b':')
}

/// Whether a text is the `id` of an alert.
fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// After the string that begins at `start`.
fn end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += next + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
