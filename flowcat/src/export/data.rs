//! Sets of data: records one after the other, each as its template says.
//!
//! Source: RFC 7011, section 3.3; RFC 3954, section 5.3. A set may end with padding that is shorter than a record.
//! Invariant: each step goes on by a record's length, which is never 0.

use super::element::Slot;
use super::exporter::{Budget, Exporter, Key};
use super::record::{Context, settle};
use super::sequence::{Content, Told};
use super::template::{Length, Template};
use super::values::Values;
use super::{Take, damage};
use flow_record::people::count;
use flow_record::record::Flow;

/// What a record is made into; kept, so that one allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) values: Values,
    pub(super) flow: Flow,
    pub(super) extras: Vec<u8>,
}

/// Bytes that a set may be longer than its records, whatever is in them.
const PADDING: usize = 3;

/// Of a set that is read.
pub(super) struct Set<'s> {
    /// Its records and padding.
    pub(super) bytes: &'s [u8],
    /// Where in the datagram they begin.
    pub(super) at: usize,
    pub(super) key: Key,
    pub(super) context: Context,
}

impl Work {
    /// Reads a set; answers what it has.
    pub(super) fn records(
        &mut self,
        set: &Set<'_>,
        template: &Template,
        exporter: &mut Exporter,
        budget: &mut Budget,
        take: &mut dyn Take,
    ) -> Content {
        let (mut rest, mut content) = (set.bytes, Content { is_known: true, ..Content::default() });
        if template.scopes.is_some() {
            while self.next(template, &mut rest) {
                content.options += 1;
                self.options(set.key, exporter, budget);
            }
            take.unused("options data", content.options.into());
        } else {
            let sampling = exporter.sampling(set.key);
            while self.next(template, &mut rest) {
                content.flows += 1;
                match settle(&self.values, &set.context, sampling, &mut self.flow, take) {
                    true => take.flow(&self.flow, &self.extras),
                    false => take.unused("records without addresses and counts", 1),
                }
            }
        }
        exporter.prove();
        if rest.len() > PADDING && rest.iter().any(|b| *b != 0) {
            let message = format!("{} that are no record", count(rest.len() as u64, "bytes"));
            damage(take, set.at + set.bytes.len() - rest.len(), "bad record", message, rest);
        }
        content
    }

    /// Reads the next record, if there is one.
    #[inline]
    fn next(&mut self, template: &Template, rest: &mut &[u8]) -> bool {
        let (Length::Fixed(least) | Length::AtLeast(least)) = template.length;
        if rest.len() < least {
            return false;
        }
        let used = template.read(rest, &mut self.values, &mut self.extras);
        *rest = used.and_then(|used| rest.get(used..)).unwrap_or(rest);
        used.is_some()
    }

    fn options(&self, key: Key, exporter: &mut Exporter, budget: &mut Budget) {
        let values = &self.values;
        exporter.learn(key, budget, |domain| {
            domain.sampling.learn(values);
            domain.booted = values.some(Slot::Booted).or(domain.booted);
        });
    }
}

/// Counts and tells what the number of a datagram says.
pub(super) fn told(told: Told, of_records: bool, who: &Context, budget: &mut Budget, take: &mut dyn Take) {
    let counts = &mut budget.counts;
    let lost = if of_records { &mut counts.lost_records } else { &mut counts.lost_datagrams };
    match told {
        Told::Nothing => {}
        Told::Lost(number) => {
            *lost += u64::from(number);
            let what = count(number.into(), if of_records { "records" } else { "datagrams" });
            let who = who.exporter.map_or_else(String::new, |address| format!(" from {}", address.0));
            take.warn("losses before flowcat", &format!("by their numbers, {what}{who} did not come here"));
        }
        Told::Found(number) => *lost = lost.saturating_sub(number.into()),
        Told::Repeated => counts.repeated += 1,
        Told::Restarted => counts.restarts += 1,
    }
}
