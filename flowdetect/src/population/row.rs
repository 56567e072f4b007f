//! One number a row: a column of the rows that came in, each kind of row by itself.
//!
//! Rows are few beside flows, and are kept. Bound: about 300 bytes a row and column.

use super::{Judge, Numbers, Of, Rule, constant};
use crate::alert::{Alert, Evidence, Member};
use crate::detect::Found;
use crate::measure::Measure;
use crate::population::host::described;
use flow_record::people::{amount, count};
use flow_record::record::key::Part;
use flow_record::row::Row;
use flow_record::state::{LACKS, Taken};
use flow_record::stats::{Seen, Span};
use flow_record::value::Number;
use std::collections::BTreeMap;

/// Rows by kind, and a column of them.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    column: String,
    kinds: BTreeMap<String, Vec<Kept>>,
}

/// A row.
#[derive(Clone, Debug)]
struct Kept {
    value: Number,
    /// Columns that are copied; the first `keyed` are its key.
    members: Vec<Member>,
    keyed: usize,
    flows: Option<u64>,
    targets: Option<u64>,
    span: Option<Span>,
}

impl Rows {
    /// No rows yet.
    pub(crate) fn new(column: String) -> Rows {
        Rows { column, kinds: BTreeMap::new() }
    }

    /// Takes a row.
    pub(crate) fn add(&mut self, row: &Row<'_>) -> Taken {
        let value = row.value(&self.column).ok_or(LACKS)?;
        let mut all: Vec<(Member, bool)> = row.names().collect();
        all.sort_by_key(|(_, is_key)| !is_key);
        let keyed = all.iter().filter(|(_, is_key)| *is_key).count();
        let members = all.into_iter().map(|(member, _)| member).collect();
        let (flows, targets) = (row.integer("flows"), row.integer("unique_dst_ips"));
        let kept = Kept { value, members, keyed, flows, targets, span: row.span() };
        match self.kinds.get_mut(&row.kind) {
            Some(rows) => rows.push(kept),
            None => {
                self.kinds.insert(row.kind.clone(), vec![kept]);
            }
        }
        Ok(())
    }

    /// The column that is scored.
    pub(crate) fn column(&self) -> &str {
        &self.column
    }

    /// Whether nothing was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The same without anything taken.
    pub(crate) fn empty(&self) -> Rows {
        Rows::new(self.column.clone())
    }

    /// Adds all rows of another state.
    pub(crate) fn merge(&mut self, other: Rows) {
        for (kind, rows) in other.kinds {
            self.kinds.entry(kind).or_default().extend(rows);
        }
    }

    /// Judges every row by all of its kind.
    pub(crate) fn finish<R: Rule>(self, rule: &R, found: &mut Found) {
        for (kind, rows) in &self.kinds {
            let values: Numbers = rows.iter().map(|row| row.value).collect();
            let population = format!("{} of {kind}", count(values.n(), "rows"));
            let Some(bounds) = rule.fit(&values, Of::Rows) else {
                found.notes.extend(constant(rows.len(), &population, &self.column));
                continue;
            };
            found.notes.extend(bounds.is_blind().map(|why| format!("{population}: {why}")));
            for row in rows {
                let Some(verdict) = bounds.judge(row.value) else { continue };
                let says = bounds.says(&verdict, &population, self.unit());
                let evidence = Evidence::new().text("field", &self.column).text("row", kind).integer("n", values.n());
                let evidence = bounds.terms(match row.value {
                    Number::Whole(v) => evidence.integer("total", v),
                    Number::Real(v) => evidence.number("total", v),
                });
                let counts = [("flows", row.flows), ("unique_dst_ips", row.targets)];
                let evidence = counts.into_iter().fold(evidence, |evidence, (name, n)| match n {
                    Some(n) => evidence.integer(name, n),
                    None => evidence,
                });
                let mut key = vec![Part::Text(kind.as_str().into()), Part::Text(self.column.as_str().into())];
                key.extend(row.members.iter().take(row.keyed).map(|(_, part)| part.clone()));
                found.alerts.push(Alert {
                    key,
                    members: row.members.clone(),
                    flows: row.flows,
                    span: row.span,
                    reason: self.reason(kind, row, &says),
                    evidence,
                    ..Alert::of(&Seen::default(), verdict)
                });
            }
        }
    }

    /// The unit of the column, where its name says it.
    fn unit(&self) -> &'static str {
        match Measure::named(&self.column) {
            Some(measure) => measure.unit(),
            None if self.column.starts_with("bytes") || self.column.starts_with("rev_bytes") => "bytes",
            None => "",
        }
    }

    fn reason(&self, kind: &str, row: &Kept, says: &str) -> String {
        let who = described(row.members.iter().take(row.keyed).map(|(name, part)| (&**name, part)));
        let value = amount(row.value.as_f64(), self.unit());
        let subject = if who.is_empty() { format!("a row of {kind}") } else { format!("{who} in {kind}") };
        format!("{subject}: {} {value}, {says}", self.column)
    }
}
