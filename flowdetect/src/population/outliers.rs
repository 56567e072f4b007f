//! A detector made of a rule: scores keys, flows or rows, each field by itself.
//!
//! What is scored: `of=host`, `of=flow` or `of=rows`; where none is named, keys from flows and rows from elsewhere, each
//! as they come.

use super::flow::Flows;
use super::host::Hosts;
use super::row::Rows;
use super::{Judge, Rule};
use crate::detect::{Found, Mark, Marks, ToAlerts};
use crate::measure::Measure;
use flow_record::alert;
use flow_record::item::Args;
use flow_record::record::Flow;
use flow_record::row::Row;
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};

/// The state of a rule over populations.
#[derive(Clone)]
pub(crate) struct Outliers<R: Rule> {
    rule: R,
    hosts: Vec<Hosts>,
    flows: Vec<Flows>,
    rows: Vec<Rows>,
    /// What was learnt of the flows, for marking.
    settled: Vec<Option<R::Bounds>>,
}

impl<R: Rule> Outliers<R> {
    /// What the parameters `of`, `field` and `by` ask for; `column` is what is scored of rows where no field is named.
    ///
    /// # Errors
    /// A field that is no number of a flow, or a key that cannot be read.
    pub(crate) fn new(rule: R, args: &Args, column: &str, setup: &mut Setup) -> anyhow::Result<Outliers<R>> {
        let named = args.is_given("of").then(|| args.text("of").unwrap_or_default());
        let fields = args.list("field");
        let mut made = Outliers { rule, hosts: Vec::new(), flows: Vec::new(), rows: Vec::new(), settled: Vec::new() };
        if named != Some("host") && named.is_some() {
            anyhow::ensure!(!args.is_given("by"), "by= is for of=host");
        }
        if named.is_none_or(|of| of == "host") {
            let by = args.key("by")?;
            if let Some(name) = by.names().find(|name| alert::FIELDS.iter().any(|f| f.name == *name)) {
                anyhow::bail!("by={name}: an alert has a member of that name");
            }
            let base = setup.watch(by.watched_names());
            made.hosts = Measure::all(&fields)?.into_iter().map(|m| Hosts::new(m, by.clone(), base)).collect();
        }
        if named == Some("flow") {
            made.flows = Measure::all(&fields)?.into_iter().map(Flows::new).collect();
        }
        if named.is_none_or(|of| of == "rows") {
            let columns = if args.is_given("field") { fields } else { vec![column.to_owned()] };
            made.rows = columns.into_iter().map(Rows::new).collect();
        }
        Ok(made)
    }
}

/// Whether any of several uses worked; if not, what the first lacked.
fn any(taken: impl Iterator<Item = Taken>) -> Taken {
    let mut lacking = None;
    let mut worked = false;
    for one in taken {
        match one {
            Ok(()) => worked = true,
            Err(what) => lacking = lacking.or(Some(what)),
        }
    }
    match lacking {
        Some(what) if !worked => Err(what),
        _ => Ok(()),
    }
}

impl<R: Rule> State for Outliers<R> {
    type Goal = ToAlerts;

    fn takes(&self) -> Takes {
        let flows = !(self.hosts.is_empty() && self.flows.is_empty());
        Takes { flows, rows: !self.rows.is_empty(), ..Takes::default() }
    }

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let hosts = self.hosts.iter_mut().map(|hosts| hosts.add(line));
        any(hosts.chain(self.flows.iter_mut().map(|flows| flows.add(line.flow))))
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        let row = Row::of(line).ok_or("a kind")?;
        any(self.rows.iter_mut().map(|rows| rows.add(&row)))
    }

    fn lacks(&self) -> String {
        let columns: Vec<_> = self.rows.iter().map(Rows::column).collect();
        format!("{} (field=NAME scores another column)", columns.join(" or "))
    }

    fn is_empty(&self) -> bool {
        let flows = self.hosts.iter().all(Hosts::is_empty) && self.flows.iter().all(Flows::is_empty);
        flows && self.rows.iter().all(Rows::is_empty)
    }

    fn empty(&self) -> Self {
        Outliers {
            rule: self.rule.clone(),
            hosts: self.hosts.iter().map(Hosts::empty).collect(),
            flows: self.flows.iter().map(Flows::empty).collect(),
            rows: self.rows.iter().map(Rows::empty).collect(),
            settled: Vec::new(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.hosts.iter_mut().zip(other.hosts).for_each(|(a, b)| a.merge(b));
        self.flows.iter_mut().zip(other.flows).for_each(|(a, b)| a.merge(b));
        self.rows.iter_mut().zip(other.rows).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self, found: &mut Found) {
        self.hosts.into_iter().for_each(|hosts| hosts.finish(&self.rule, found));
        self.flows.into_iter().for_each(|flows| flows.finish(&self.rule, found));
        self.rows.into_iter().for_each(|rows| rows.finish(&self.rule, found));
    }
}

impl<R: Rule> Mark for Outliers<R> {
    fn marks(&self) -> Marks {
        if self.flows.is_empty() { Marks::Never } else { Marks::Afterwards }
    }

    fn rules(&self) -> Vec<&'static str> {
        self.flows.iter().map(|flows| flows.measure().name()).collect()
    }

    fn settle(&mut self, found: &mut Found) {
        self.settled = self.flows.iter().map(|flows| flows.fit(&self.rule, found)).collect();
    }

    fn mark(&self, flow: &Flow) -> u64 {
        let holds = |(flows, bounds): (&Flows, &Option<R::Bounds>)| {
            let value = flows.measure().of(flow)?;
            bounds.as_ref()?.judge(flows.measure().value(value))
        };
        let each = self.flows.iter().zip(&self.settled).enumerate();
        each.map(|(i, one)| u64::from(holds(one).is_some()) << i).sum()
    }
}
