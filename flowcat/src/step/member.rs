//! Further members of a flow, each as `,"name":value`: what is no field of the record; and how many fit into a line.

use super::Form;
use super::differ::Differences;
use flow_record::record::field::{self, ADDED, FieldId};
use flow_record::record::{Flow, Writer};
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::scan::{Clean, MAX_LINE, SHORT, fits};
use flow_record::value::text;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// Puts the further members of a flow into `out`, but for those of these names.
pub(super) fn extras_but(form: Form<'_>, but: &[&str], out: &mut Vec<u8>) {
    out.clear();
    match form {
        Form::Fields(b"") => {}
        Form::Fields(extras) if but.iter().all(|name| memmem::find(extras, name.as_bytes()).is_none()) => {
            out.extend_from_slice(extras);
        }
        Form::Fields(extras) => {
            let mut object = Vec::with_capacity(extras.len() + 1);
            object.push(b'{');
            object.extend_from_slice(extras.get(1..).unwrap_or_default());
            object.push(b'}');
            if let Ok(clean) = Clean::line(&object) {
                walk(clean, but, out);
            }
        }
        Form::Line(line) => {
            if let Ok(clean) = Clean::line(line.as_bytes()) {
                walk(clean, but, out);
            }
        }
    }
}

fn walk(object: Clean<'_>, but: &[&str], out: &mut Vec<u8>) {
    let mut walk = Walk::new(object);
    // The line was accepted before.
    while let Ok(Some(member)) = walk.member() {
        let name = unquoted(member.key);
        if FieldId::named(&name).is_none() && !but.contains(&&*name) {
            out.push(b',');
            out.extend_from_slice(member.key.as_bytes());
            out.push(b':');
            out.extend_from_slice(member.value.as_bytes());
        }
    }
}

/// Puts those of `extras` into `out` that hold of the other direction too, seen from there: `src_x` is then `dst_x`. What
/// enrichers made of both directions or of the order of the ends, as ratios and fans, does not.
pub(super) fn turned(extras: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let text = std::str::from_utf8(extras).unwrap_or_default();
    let object = format!("{{{}}}", text.get(1..).unwrap_or_default());
    let mut walk = Walk::nested(&object);
    while let Ok(Some(member)) = walk.member() {
        let name = unquoted(member.key);
        let key = turned_key(member.key, false);
        let is_of_both =
            matches!(key, Cow::Owned(_)) || OF_BOTH.contains(&&*name) || name.starts_with("bidirectional_");
        if is_of_both || !ADDED.iter().any(|field| field.name == name) {
            out.push(b',');
            out.extend_from_slice(key.as_bytes());
            out.push(b':');
            out.extend_from_slice(turned_value(member.key, member.value, false).as_bytes());
        }
    }
}

/// Added fields that are the same for both directions of a conversation, or turn with them.
const OF_BOTH: [&str; 12] = [
    "app_guessed",
    "app_host",
    "community_id",
    "direction",
    "dup_of",
    "flagged",
    "hour",
    "label_numeric",
    "protocol_name",
    "scaled",
    "service",
    "weekday",
];

/// Whether a flow has this member with a value that begins so, as JSON.
pub(super) fn has_member(form: Form<'_>, name: &str, value: &str) -> bool {
    let text = match form {
        Form::Fields(extras) => extras,
        Form::Line(line) => line.as_bytes(),
    };
    if memmem::find(text, name.as_bytes()).is_none() {
        return false;
    }
    let mut rest = Vec::new();
    extras_but(form, &[], &mut rest);
    memmem::find(&rest, format!(",\"{name}\":{value}").as_bytes()).is_some()
}

/// Appends a member whose value is a string.
pub(super) fn write_word(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    text::write_json(value, out);
}

/// Further members of a flow that others are joined with.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Each as `,"name":value`.
    pub(super) text: Vec<u8>,
    /// Where the names, quotes included, and the values are in the text.
    places: Vec<(Range<usize>, Range<usize>)>,
    /// The same text as an object, to be walked.
    object: String,
}

impl Members {
    /// Becomes those of a flow, but for those of these names.
    pub(super) fn load(&mut self, form: Form<'_>, but: &[&str]) {
        extras_but(form, but, &mut self.text);
        self.places.clear();
    }

    /// The place of each, which is looked for once they are needed.
    fn index(&mut self) {
        if !self.places.is_empty() || self.text.is_empty() {
            return;
        }
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        self.object.clear();
        self.object.push('{');
        self.object.push_str(text.get(1..).unwrap_or_default());
        self.object.push('}');
        let mut walk = Walk::nested(&self.object);
        while let Ok(Some(m)) = walk.member() {
            let place = |at: usize, text: &str| at..at + text.len();
            self.places.push((place(m.key_at, m.key), place(m.value_at, m.value)));
        }
    }

    fn part(&self, place: &Range<usize>) -> &str {
        self.text.get(place.clone()).and_then(|part| std::str::from_utf8(part).ok()).unwrap_or_default()
    }

    /// Takes over the members of a flow that is joined to this one which this one lacks; tells of those of another value.
    /// `same` says that both have the same source: else `src_x` of one is `dst_x` of the other.
    pub(super) fn adopt(&mut self, part: &mut Members, same: bool, differences: &mut Differences) {
        if part.text.is_empty() {
            return;
        }
        self.index();
        part.index();
        for (at, (key, value)) in part.places.iter().enumerate() {
            let (key, value) = (turned_key(part.part(key), same), turned_value(part.part(key), part.part(value), same));
            match self.find(&key, at) {
                Some(place) if is_equal(self.part(&place), value) => {}
                Some(_) => differences.member(&key),
                // Beyond that the flows are not joined anyway.
                None if self.text.len() > MAX_LINE => {}
                None => self.push(&key, value),
            }
        }
    }

    /// Where the value of this name is, which may well be that of the member number `at`.
    fn find(&self, key: &str, at: usize) -> Option<Range<usize>> {
        let is_it = |(name, _): &&(Range<usize>, Range<usize>)| is_equal(self.part(name), key);
        let found = self.places.get(at).filter(is_it).or_else(|| self.places.iter().find(is_it));
        found.map(|(_, value)| value.clone())
    }

    fn push(&mut self, key: &str, value: &str) {
        let mut place = |before: u8, part: &str| {
            self.text.push(before);
            let start = self.text.len();
            self.text.extend_from_slice(part.as_bytes());
            start..self.text.len()
        };
        let places = (place(b',', key), place(b':', value));
        self.places.push(places);
    }
}

/// Whether two JSON values say the same, texts by what they stand for.
fn is_equal(a: &str, b: &str) -> bool {
    a == b
        || a.starts_with('"')
            && b.starts_with('"')
            && (a.contains('\\') || b.contains('\\'))
            && unquoted(a) == unquoted(b)
}

/// The name that a member has, seen from the other end.
fn turned_key(key: &str, same: bool) -> Cow<'_, str> {
    const ENDS: [(&str, &str); 4] =
        [("\"src_", "\"dst_"), ("\"dst_", "\"src_"), ("\"src2dst_", "\"dst2src_"), ("\"dst2src_", "\"src2dst_")];
    let turned = ENDS.iter().filter(|_| !same).find_map(|(one, other)| key.strip_prefix(one).map(|rest| (other, rest)));
    turned.map_or(Cow::Borrowed(key), |(other, rest)| Cow::Owned(format!("{other}{rest}")))
}

/// The value that a member has, seen from the other end.
fn turned_value<'v>(key: &str, value: &'v str, same: bool) -> &'v str {
    match (same, key, value) {
        (false, "\"direction\"", "\"inbound\"") => "\"outbound\"",
        (false, "\"direction\"", "\"outbound\"") => "\"inbound\"",
        _ => value,
    }
}

/// Tells whether a flow makes a line that every filter takes.
#[derive(Debug, Default)]
pub(super) struct Room {
    writer: Writer,
    line: Vec<u8>,
}

/// Fields of any length.
const TEXTS: [FieldId; 4] = [field::APP, field::STATE, field::LABEL, field::ATTACK];

impl Room {
    /// Whether a flow with these further members does. Cheap where they are few.
    pub(super) fn has(&mut self, flow: &Flow, extras: &[u8]) -> bool {
        let texts = TEXTS.iter().filter_map(|id| flow.text(*id)).map(str::len).sum::<usize>();
        // A character takes six bytes at most, as \u001b; all other fields together take half of a short line.
        extras.len() + 6 * texts < SHORT / 4 || self.has_after_all(flow, extras)
    }

    #[cold]
    fn has_after_all(&mut self, flow: &Flow, extras: &[u8]) -> bool {
        self.line.clear();
        self.writer.members(flow, &mut self.line);
        self.line.extend_from_slice(extras);
        self.line.push(b'}');
        fits(&self.line)
    }
}
