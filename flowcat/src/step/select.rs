//! `--where EXPR`: flows for which an expression holds. Constant memory, but for its lists.
//!
//! Fields of the record are looked at as they are; the text of a flow is searched only for other members that the
//! expression names. Of those that no flow had it is said so at the end.

use super::{Form, Next, Record, Step};
use flow_record::filter::{Filter, Met};
use flow_record::scan::walk::{Walk, unquoted};
use std::ops::Range;

struct Where {
    filter: Filter,
    /// The text of further members as an object.
    object: String,
    /// Where the values of the filter's members are in a text; empty where it has none.
    values: Vec<Range<usize>>,
    met: Met,
    /// Other columns of foreign tables are kept.
    keeps_extra: bool,
    /// Some flows came out of foreign tables.
    has_foreign: bool,
}

/// `keeps_extra` says that columns of foreign tables become members.
pub(super) fn step(filter: Filter, keeps_extra: bool) -> Box<dyn Step> {
    let values = vec![0..0; filter.watch().len()];
    let met = filter.met();
    Box::new(Where { filter, object: String::new(), values, met, keeps_extra, has_foreign: false })
}

impl Step for Where {
    #[inline]
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        let keeps = match self.values.is_empty() {
            true => self.filter.keeps(record.flow, |_| None),
            false => self.keeps_member(record),
        };
        if keeps { next.flow(record) } else { next.filtered() }
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        let more =
            if self.has_foreign && !self.keeps_extra { "; --keep-extra keeps columns of other names" } else { "" };
        self.filter.unmet(&std::mem::take(&mut self.met), more).iter().for_each(|text| next.note(text));
    }
}

impl Where {
    /// Looks at the text of a flow, too.
    fn keeps_member(&mut self, record: Record<'_>) -> bool {
        let text = match record.form {
            Form::Line(text) => text,
            Form::Fields(extras) => {
                self.has_foreign = true;
                self.object.clear();
                self.object.push('{');
                self.object.push_str(std::str::from_utf8(extras.get(1..).unwrap_or_default()).unwrap_or_default());
                self.object.push('}');
                &self.object
            }
        };
        self.values.fill(0..0);
        // What is written is valid, so that the walk comes to its end.
        let mut walk = Walk::nested(text);
        while let Ok(Some(member)) = walk.member() {
            let name = unquoted(member.key);
            if let Some(at) = self.filter.watch().iter().position(|w| *w == *name) {
                self.values[at] = member.value_at..member.value_at + member.value.len();
            }
        }
        self.met.look(|at| self.values.get(at).is_some_and(|value| !value.is_empty()));
        let value = |at: usize| self.values.get(at).filter(|v| !v.is_empty()).and_then(|v| text.get(v.clone()));
        self.filter.keeps(record.flow, value)
    }
}
