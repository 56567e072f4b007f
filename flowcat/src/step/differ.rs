//! In which members flows differed that became one: counted by member, and told once a run.
//!
//! What is met while flows are put together counts only once they are one ([`Differences::settle`]). Bound: [`NAMES`]
//! names of further members; of more, the number is told.

use super::Next;
use flow_record::map::Map;
use flow_record::record::FieldId;
use flow_record::record::field::RECORD;
use flow_record::scan::walk::unquoted;
use flow_record::value::text::snippet;
use std::cmp::Reverse;

/// Names of further members that are told apart.
const NAMES: usize = 256;

/// Members that are named in the message.
const SHOWN: usize = 12;

/// What flows that became one did not agree on.
#[derive(Debug, Default)]
pub(super) struct Differences {
    fields: Vec<u64>,
    named: Map<Box<str>, u64>,
    /// Members beyond [`NAMES`].
    others: u64,
    /// Fields and further members, as they stand, quotes included, of the flows at hand.
    pending: (Vec<FieldId>, Vec<Box<str>>),
}

impl Differences {
    /// A field of the record has another value.
    #[cold]
    pub(super) fn field(&mut self, id: FieldId) {
        self.pending.0.push(id);
    }

    /// A further member has; `key` is as it stands, quotes included.
    #[cold]
    pub(super) fn member(&mut self, key: &str) {
        self.pending.1.push(key.into());
    }

    /// The flows at hand have become one, or have not.
    pub(super) fn settle(&mut self, have_joined: bool) {
        let (fields, members) = &mut self.pending;
        if !have_joined {
            fields.clear();
            members.clear();
        }
        self.fields.resize(RECORD.len(), 0);
        for id in fields.drain(..) {
            self.fields[usize::from(id.0)] += 1;
        }
        for key in members.drain(..) {
            if self.named.len() >= NAMES && !self.named.contains_key(&key) {
                self.others += 1;
                continue;
            }
            *self.named.entry(key).or_default() += 1;
        }
    }

    /// Says what there was, at the end.
    pub(super) fn tell(&mut self, next: &mut Next<'_, '_>) {
        let fields = self.fields.iter().zip(RECORD).map(|(count, field)| (*count, field.name.to_owned()));
        let named = self.named.iter().map(|(key, count)| (*count, snippet(unquoted(key).as_bytes(), 40)));
        let mut all: Vec<_> = fields.chain(named).filter(|(count, _)| *count > 0).collect();
        if all.is_empty() {
            return;
        }
        all.sort_unstable_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
        next.detail("members that differed", all.iter().map(|(count, _)| count).sum::<u64>() + self.others);
        let more = all.len().saturating_sub(SHOWN) as u64 + self.others;
        let mut names: Vec<_> = all.iter().take(SHOWN).map(|(count, name)| format!("{name} ({count})")).collect();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        next.warn("flows that differ", || {
            format!(
                "flows that became one differ in {}: the first one's value stays (--biflow: the client's)",
                names.join(", ")
            )
        });
        *self = Differences::default();
    }
}
