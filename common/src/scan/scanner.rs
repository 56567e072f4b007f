//! One line of NDJSON to a flow, by the key orders met before, else key by key.
//!
//! Invariant: what is accepted does not depend on what was met before; only the speed does.

use super::clean::Clean;
use super::order::{Order, ROOT};
use super::reject::{Reject, Why};
use super::value;
use crate::record::Flow;
use crate::record::field::{self, ADDED, FieldId, Kind, MAX_INTEGER};
use crate::value::address::{self, Address};
use crate::value::number;
use crate::value::time::{self, DateCache};
use std::collections::HashSet;

/// A range of bytes in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// After the last byte.
    pub end: u32,
}

/// What the value of a key is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    what: What,
    /// Place among the watched names, or `NOT_WATCHED`.
    watch: u16,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// An integer field and the bits of its maximum.
    Integer(FieldId, u8),
    Address(FieldId),
    Time,
    Seconds,
    Text(FieldId),
    /// A field of the table of added ones, by its place.
    Added(u8),
    Kind,
    Unknown,
}

impl Slot {
    const UNKNOWN: Slot = Slot { what: What::Unknown, watch: NOT_WATCHED };
}

const NOT_WATCHED: u16 = u16::MAX;
/// Members that a line may have.
pub const MAX_MEMBERS: usize = 1024;

/// Bytes behind a line that may be looked at: as many as the longest look ahead.
const MARGIN: usize = 64;

/// What a line is, by its `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind<'a> {
    /// A flow: no `kind`.
    Flow,
    /// An alert of a detector.
    Alert,
    /// A line of a baseline.
    Baseline,
    /// A time without an event, from a live source.
    Tick,
    /// A row of the view with this name, as it stands between the quotes.
    Row(&'a str),
}

/// A line that was taken apart.
#[derive(Debug)]
pub struct Line<'a> {
    /// The line as it came, without its newline.
    pub text: &'a str,
    /// The fields of the record that it has, whatever its kind.
    pub flow: &'a Flow,
    /// What it is.
    pub kind: LineKind<'a>,
    /// Place of the last `}`.
    pub close: usize,
    /// Whether the object has no members.
    pub is_empty: bool,
    spans: &'a [Span],
    places: &'a [u16],
}

impl<'a> Line<'a> {
    /// Where the value of the watched name number `watch` stands, if the line has it.
    #[inline]
    pub fn span(&self, watch: usize) -> Option<Span> {
        let place = *self.places.get(watch)?;
        self.spans.get(usize::from(place)).copied().filter(|s| s.end > 0)
    }

    /// The value of the watched name number `watch` as JSON text.
    #[inline]
    pub fn value(&self, watch: usize) -> Option<&'a str> {
        let span = self.span(watch)?;
        self.text.get(span.start as usize..span.end as usize)
    }
}

/// Takes lines apart; one a thread.
#[derive(Debug)]
pub struct Scanner {
    order: Order,
    dates: DateCache,
    flow: Flow,
    /// Names whose values are watched, each once.
    watched: Vec<Box<str>>,
    /// For each name that was asked for, its place in `watched`.
    places: Vec<u16>,
    spans: Vec<Span>,
    kind: Option<Span>,
    /// The first value that a field of a row may have and that of a flow may not: a network where rows count by prefix, a
    /// sum of more than one flow can hold.
    summed: Option<(usize, FieldId)>,
    /// A copy of a line that has nothing behind it in memory.
    spare: Vec<u8>,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner::new()
    }
}

impl Scanner {
    /// A scanner for the fields of the record alone.
    pub fn new() -> Scanner {
        Scanner::watching::<&str>(&[])
    }

    /// A scanner that also keeps where the values of these names stand, numbered in this order. A name may be asked for
    /// more than once.
    pub fn watching<S: AsRef<str>>(names: &[S]) -> Scanner {
        let mut watched: Vec<Box<str>> = Vec::new();
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            let met = watched.iter().position(|w| **w == *name.as_ref());
            places.push(met.unwrap_or(watched.len()) as u16);
            if met.is_none() {
                watched.push(name.as_ref().into());
            }
        }
        Scanner {
            order: Order::new(Slot::UNKNOWN),
            dates: DateCache::default(),
            flow: Flow::new(),
            spans: vec![Span::default(); watched.len()],
            watched,
            places,
            kind: None,
            summed: None,
            spare: Vec::new(),
        }
    }

    /// Takes one line apart.
    ///
    /// # Errors
    /// The first thing in the line that no filter accepts.
    #[inline]
    pub fn scan<'s>(&'s mut self, line: Clean<'s>) -> Result<Line<'s>, Reject> {
        self.flow.clear();
        self.kind = None;
        self.summed = None;
        if !self.spans.is_empty() {
            self.spans.fill(Span::default());
        }
        let text = line.text();
        let (close, is_empty) = if line.ahead().len() >= text.len() + MARGIN {
            self.members(text, line.ahead())?
        } else {
            self.members_copied(text)?
        };
        let kind = match self.kind {
            None if let Some((at, id)) = self.summed => return Err(Reject { at, why: Why::BadField(id.field()) }),
            None if !self.flow.is_flow() => return Err(Reject { at: 0, why: Why::NotAFlow }),
            None => LineKind::Flow,
            Some(span) => match text.get(span.start as usize + 1..span.end as usize - 1).unwrap_or_default() {
                "alert" => LineKind::Alert,
                "baseline" => LineKind::Baseline,
                "tick" => LineKind::Tick,
                row => LineKind::Row(row),
            },
        };
        Ok(Line { text, flow: &self.flow, kind, close, is_empty, spans: &self.spans, places: &self.places })
    }

    /// Reads all members of a line that ends where memory does.
    #[cold]
    fn members_copied(&mut self, text: &str) -> Result<(usize, bool), Reject> {
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        spare.extend_from_slice(text.as_bytes());
        spare.resize(text.len() + MARGIN, 0);
        let result = self.members(text, &spare);
        self.spare = spare;
        result
    }

    /// Reads all members; answers the place of the closing brace, and whether there were none. `ahead` is the text and
    /// at least [`MARGIN`] bytes more, of which the first is none that a value or a key can have.
    #[inline]
    fn members(&mut self, text: &str, ahead: &[u8]) -> Result<(usize, bool), Reject> {
        let mut edge = ROOT;
        let mut first = self.order.first(ROOT);
        let mut at = 0;
        loop {
            if let Some(window) = ahead.get(at..).and_then(|rest| rest.first_chunk::<MARGIN>()) {
                if let Some((next, met)) = self.order.follow(first, &ahead[at..], window) {
                    let (len, slot) = (usize::from(met.len), met.slot);
                    (edge, first) = (next, met.first);
                    let behind = window.get(len..).and_then(|w| w.first_chunk());
                    at = match behind.and_then(|w| self.plain(w, slot)) {
                        Some(used) => {
                            self.watch(slot, at + len, at + len + used);
                            at + len + used
                        }
                        None => self.value(text, at + len, slot)?,
                    };
                    continue;
                }
                if window[0] == b'}' && at + 1 == text.len() && edge != ROOT {
                    return Ok((at, false));
                }
            }
            match self.next_key(text, at, edge == ROOT)? {
                Next::End(close) => return Ok((close, edge == ROOT)),
                Next::Key { name, name_at, value_at } => {
                    if self.order.holds(edge, &name) {
                        return Err(Reject { at: name_at, why: Why::DuplicateKey });
                    }
                    let slot = self.slot(&name);
                    match self.order.learn(edge, &text.as_bytes()[at..value_at], &name, slot) {
                        Some(next) => {
                            (edge, first) = (next, self.order.first(next));
                            at = self.value(text, value_at, slot)?;
                        }
                        None => return self.members_unlearned(text, at, edge),
                    }
                }
            }
        }
    }

    /// Reads the members from `at` on without the tree, which has no room for them.
    #[cold]
    fn members_unlearned(&mut self, text: &str, mut at: usize, edge: u16) -> Result<(usize, bool), Reject> {
        let mut met: HashSet<String, ahash::RandomState> = self.order.keys(edge).map(str::to_owned).collect();
        loop {
            match self.next_key(text, at, at == 0)? {
                Next::End(close) => {
                    if self.order.is_worn() {
                        self.order = Order::new(Slot::UNKNOWN);
                    }
                    return Ok((close, met.is_empty()));
                }
                Next::Key { name, name_at, value_at } => {
                    let slot = self.slot(&name);
                    if !met.insert(name.into_owned()) {
                        return Err(Reject { at: name_at, why: Why::DuplicateKey });
                    }
                    if met.len() > MAX_MEMBERS {
                        return Err(Reject { at: name_at, why: Why::TooManyMembers });
                    }
                    at = self.value(text, value_at, slot)?;
                }
            }
        }
    }

    /// Reads what stands before the next value, or the end of the line.
    #[cold]
    fn next_key<'t>(&self, text: &'t str, at: usize, first: bool) -> Result<Next<'t>, Reject> {
        let bytes = text.as_bytes();
        let mut i = value::blanks(bytes, at);
        let opener = if first { b'{' } else { b',' };
        match bytes.get(i) {
            Some(b) if *b == opener => i = value::blanks(bytes, i + 1),
            Some(b'}') if !first => return end(bytes, i),
            Some(_) if first => return Err(Reject { at: i, why: Why::NotAnObject }),
            Some(_) => return Err(Reject { at: i, why: Why::Expected("a comma or }") }),
            None => return Err(Reject { at: i, why: Why::Unfinished }),
        }
        if first && bytes.get(i) == Some(&b'}') {
            return end(bytes, i);
        }
        let value_at = value::key(bytes, i)?;
        let name_end = value::string(bytes, i)?;
        Ok(Next::Key { name: value::unescaped(&text[i..name_end]), name_at: i, value_at })
    }

    fn slot(&self, name: &str) -> Slot {
        let watch = self.watched.iter().position(|w| **w == *name).map_or(NOT_WATCHED, |i| i as u16);
        let what = match FieldId::named(name) {
            Some(id) => match id.field().kind {
                Kind::Integer(max) => What::Integer(id, (u64::BITS - max.leading_zeros()) as u8),
                Kind::Address => What::Address(id),
                Kind::Time => What::Time,
                Kind::Seconds => What::Seconds,
                _ => What::Text(id),
            },
            None if name == "kind" => What::Kind,
            None => {
                let place = ADDED.iter().position(|f| f.name == name).and_then(|i| u8::try_from(i).ok());
                place.map_or(What::Unknown, What::Added)
            }
        };
        Slot { what, watch }
    }

    /// Reads a value in its usual form at the start of the window; answers its length.
    #[inline(always)]
    fn plain(&mut self, window: &[u8; 32], slot: Slot) -> Option<usize> {
        match slot.what {
            What::Integer(id, bits) => {
                let (value, used) = number::short_integer(window)?;
                self.flow.set_within(id, value, bits).then_some(used)
            }
            What::Address(id) => {
                let (address, used) = address::quoted_ipv4(window)?;
                self.flow.set_ipv4(id, address);
                Some(used)
            }
            What::Time => {
                let (time, digits, used) = time::quoted_utc(&mut self.dates, window)?;
                self.flow.set_time(time, digits);
                Some(used)
            }
            What::Seconds => {
                let (nanos, used) = number::short_seconds(window)?;
                self.flow.set_duration(nanos);
                Some(used)
            }
            _ => None,
        }
    }

    /// Keeps where a value stands, if somebody wants to know.
    #[inline]
    fn watch(&mut self, slot: Slot, at: usize, end: usize) {
        if slot.watch != NOT_WATCHED {
            self.spans[slot.watch as usize] = Span { start: at as u32, end: end as u32 };
        }
    }

    /// Reads the value at `at` in any form; answers where it ends.
    fn value(&mut self, text: &str, at: usize, slot: Slot) -> Result<usize, Reject> {
        let bytes = text.as_bytes();
        // What was learnt without blanks before the value begins texts with blanks, too.
        let at = value::blanks(bytes, at);
        let end = match slot.what {
            What::Integer(id, _) | What::Address(id) | What::Text(id) => self.careful(text, at, id)?,
            What::Time => self.careful(text, at, field::TIMESTAMP)?,
            What::Seconds => self.careful(text, at, field::DURATION)?,
            What::Unknown => value::any(bytes, at)?,
            What::Added(place) => {
                let field = &ADDED[usize::from(place)];
                let end = value::any(bytes, at)?;
                if !is_of_kind(&text[at..end], field.kind) {
                    return Err(Reject { at, why: Why::BadField(field) });
                }
                end
            }
            What::Kind => {
                let end = value::any(bytes, at)?;
                if bytes[at] != b'"' {
                    return Err(Reject { at, why: Why::BadKind });
                }
                self.kind = Some(Span { start: at as u32, end: end as u32 });
                end
            }
        };
        self.watch(slot, at, end);
        Ok(end)
    }

    /// Keeps that a flow may not have the value of this field at `at`, though rows may.
    fn summed(&mut self, at: usize, id: FieldId) -> bool {
        self.summed.get_or_insert((at, id));
        true
    }

    /// Any form of a field's value, or why it is none.
    fn careful(&mut self, text: &str, at: usize, id: FieldId) -> Result<usize, Reject> {
        let end = value::any(text.as_bytes(), at)?;
        let token = &text[at..end];
        let fits = match id.field().kind {
            Kind::Integer(_) | Kind::Seconds if !is_number(token) => false,
            Kind::Integer(max) => match number::exact_sum(token) {
                Some(sum) if sum > max.into() => max == MAX_INTEGER && self.summed(at, id),
                Some(value) => self.flow.set_integer(id, value as u64),
                None => false,
            },
            Kind::Seconds => match number::exact_seconds(token) {
                Some(nanos) => {
                    self.flow.set_duration(nanos);
                    true
                }
                None => is_sum_of_seconds(token) && self.summed(at, id),
            },
            _ if !token.starts_with('"') => false,
            Kind::Address => {
                let inner = value::unescaped(token);
                match Address::parse(&inner) {
                    Some(address) => {
                        self.flow.set_address(id, address);
                        true
                    }
                    None => inner.parse::<ipnet::IpNet>().is_ok() && self.summed(at, id),
                }
            }
            Kind::Time => {
                let inner = value::unescaped(token);
                time::rfc3339(&mut self.dates, inner.as_bytes()).is_some_and(|(time, digits, used)| {
                    self.flow.set_time(time, digits);
                    used == inner.len()
                })
            }
            _ => self.flow.set_text(id, &value::unescaped(token)),
        };
        match fits {
            true => Ok(end),
            false => Err(Reject { at, why: Why::BadField(id.field()) }),
        }
    }
}

/// Whether a number is what durations may add up to: not negative, and finite as a float.
fn is_sum_of_seconds(token: &str) -> bool {
    token.parse().is_ok_and(|seconds: f64| (0.0..f64::INFINITY).contains(&seconds))
}

/// What comes before a value.
enum Next<'t> {
    Key { name: std::borrow::Cow<'t, str>, name_at: usize, value_at: usize },
    End(usize),
}

/// The closing brace at `at`, if nothing but blanks follows.
fn end<'t>(bytes: &[u8], at: usize) -> Result<Next<'t>, Reject> {
    match value::blanks(bytes, at + 1) {
        after if after == bytes.len() => Ok(Next::End(at)),
        after => Err(Reject { at: after, why: Why::Expected("the end of the line") }),
    }
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// Whether a checked JSON value is of the kind of an added field.
pub fn is_of_kind(token: &str, kind: Kind) -> bool {
    match kind {
        Kind::Integer(max) => is_number(token) && number::exact_integer(token).is_some_and(|v| v <= max),
        Kind::Sum => is_number(token) && number::exact_sum(token).is_some(),
        Kind::Number | Kind::Seconds => is_number(token),
        Kind::Truth => matches!(token, "true" | "false"),
        Kind::Words => serde_json::from_str::<Vec<String>>(token).is_ok(),
        Kind::Numbers => serde_json::from_str::<Vec<f64>>(token).is_ok(),
        Kind::Object => token.starts_with('{'),
        Kind::Any => true,
        Kind::Word(words) => token.starts_with('"') && words.contains(&&*value::unescaped(token)),
        Kind::Address => token.starts_with('"') && Address::parse(&value::unescaped(token)).is_some(),
        Kind::Text | Kind::Time => token.starts_with('"'),
    }
}

#[cfg(test)]
mod tests;
