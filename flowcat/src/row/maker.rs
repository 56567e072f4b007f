//! From the texts of one record to a flow in the sink, or a reject: the last part of every source of text.

use super::{Cell, Converter, Dialect, Form, Plan, Row};
use crate::flows::{Flows, Loss};
use flow_record::record::{Flow, Writer, field};
use flow_record::scan::walk::Walk;
use flow_record::scan::{MAX_LINE, MAX_MEMBERS};
use flow_record::value::time::Zone;

/// Bytes of texts up to which a record makes a line that every filter takes: it cannot have too many members either.
const LONG: usize = 4096;

/// Members and bytes that are left for what steps and enrichers add to a line.
const RESERVE: (usize, usize) = (64, 4096);

/// Makes flows of texts. Nothing is allocated for a record.
#[derive(Debug)]
pub(crate) struct Maker {
    /// The texts of the record.
    pub(crate) row: Row,
    /// What is kept besides: `,"name":value` and so on.
    pub(crate) extras: Vec<u8>,
    dialect: &'static Dialect,
    converter: Converter,
    flow: Flow,
}

impl Maker {
    /// For a source of these habits; `zone` is that of times without one.
    pub(crate) fn new(dialect: &'static Dialect, zone: Zone) -> Maker {
        let converter = Converter::new(dialect, zone);
        Maker { row: Row::default(), extras: Vec::new(), dialect, converter, flow: Flow::new() }
    }

    /// Begins a record.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.row.clear();
        self.extras.clear();
    }

    /// Takes a text of the record, which stood `at` so many bytes into it; see [`super::NOWHERE`].
    #[inline]
    pub(crate) fn put(&mut self, cell: Cell, form: Form, text: &[u8], at: usize) {
        self.row.put(cell, form, text, at);
    }

    /// The same by the number of its column.
    #[inline]
    pub(crate) fn take(&mut self, plan: &Plan, column: usize, text: &[u8], at: usize) {
        plan.take(column, text, at, &mut self.row, &mut self.extras);
    }

    /// Hands on the flow that the texts say, or rejects the record, which is `raw` and began on this line.
    #[inline]
    pub(crate) fn finish(&mut self, line: u64, raw: &[u8], flows: &mut Flows<'_>) {
        self.finish_with(line, raw, flows, |_| {});
    }

    /// The same, with a last change to the flow.
    #[inline]
    pub(crate) fn finish_with(&mut self, line: u64, raw: &[u8], flows: &mut Flows<'_>, change: impl FnOnce(&mut Flow)) {
        match self.settle() {
            Some(why) => flows.unused(why),
            None => self.make(line, || raw, flows, change),
        }
    }

    /// Puts right what several texts of the record tell together; answers why it is no flow and no error.
    #[inline]
    pub(crate) fn settle(&mut self) -> Option<&'static str> {
        (self.dialect.settle)(&mut self.row)
    }

    /// As [`Maker::finish`], after [`Maker::settle`].
    #[inline]
    pub(crate) fn finish_settled(&mut self, line: u64, raw: &[u8], flows: &mut Flows<'_>) {
        self.make(line, || raw, flows, |_| {});
    }

    /// Hands on the flow that the texts say, or rejects the record number `number`, which `raw` writes down for that.
    #[cfg(feature = "parquet")]
    pub(crate) fn finish_of(&mut self, number: u64, raw: impl FnOnce() -> Vec<u8>, flows: &mut Flows<'_>) {
        self.make(number, raw, flows, |_| {});
    }

    #[inline]
    fn make<R: AsRef<[u8]>>(
        &mut self,
        line: u64,
        raw: impl FnOnce() -> R,
        flows: &mut Flows<'_>,
        change: impl FnOnce(&mut Flow),
    ) {
        match self.converter.convert(&self.row, &mut self.flow) {
            Ok(()) => {
                if !self.converter.left_out().is_empty() || self.flow.has(field::CLOCK) {
                    self.tell(line, flows);
                }
                change(&mut self.flow);
                if self.row.length() + self.extras.len() > LONG
                    && let Err(message) = self.fit(line, flows)
                {
                    return flows.reject(line, 0, "line too long", &message, raw().as_ref());
                }
                flows.flow_with(&self.flow, &self.extras);
            }
            Err(trouble) => {
                let column = trouble.cell.map_or(0, |cell| self.row.column(cell));
                flows.reject(line, column, trouble.kind, &trouble.message(&self.row), raw().as_ref());
            }
        }
        flows.zone_of(&self.converter);
    }

    /// Tells of the texts that the flow is without, and of a time that is not to be believed.
    #[cold]
    fn tell(&self, line: u64, flows: &mut Flows<'_>) {
        if let Some(clock) = self.flow.text(field::CLOCK) {
            flows.lose(line, 0, Loss::Time(clock));
        }
        for cell in self.converter.left_out().iter() {
            let text = self.row.text(cell).map_or(&b""[..], |(text, _)| text);
            flows.lose(line, self.row.column(cell), Loss::Value(cell, text));
        }
    }

    /// Leaves out so many of the last further members that the line is one that filters take.
    ///
    /// # Errors
    /// That it is none without any of them.
    #[cold]
    fn fit(&mut self, line: u64, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut text = Vec::new();
        Writer::new().line(&self.flow, &mut text);
        let Some(room) = (MAX_LINE - RESERVE.1).checked_sub(text.len()) else {
            return Err("its texts, as JSON, are a line of more than 1 MiB".into());
        };
        let most = MAX_MEMBERS - RESERVE.0 - self.flow.present().count();
        let object = [b"{", self.extras.get(1..).unwrap_or_default(), b"}"].concat();
        let (mut members, mut kept, mut end) = (0u64, 0, 0);
        let mut walk = Walk::nested(std::str::from_utf8(&object).unwrap_or_default());
        while let Ok(Some(member)) = walk.member() {
            members += 1;
            let after = member.value_at + member.value.len();
            if members <= most as u64 && after <= room {
                (kept, end) = (members, after);
            }
        }
        if kept < members {
            self.extras.truncate(end);
            flows.lose(line, 0, Loss::Members(members - kept));
        }
        Ok(())
    }
}
