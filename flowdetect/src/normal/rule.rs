//! Rules over single flows whose bounds were learnt elsewhere: they judge each flow as it comes.
//!
//! Bound: what the flows that they hold for take; see [`Flagged`].

use crate::detect::{Found, Mark, Marks, ToAlerts};
use crate::ends::Ends;
use crate::measure::Measure;
use crate::population::Judge;
use crate::single::Flagged;
use flow_record::record::Flow;
use flow_record::scan::Line;
use flow_record::state::{State, Taken};

/// One rule a field.
#[derive(Clone, Debug)]
pub(crate) struct Learnt<J> {
    rules: Vec<(Measure, J, Flagged)>,
    notes: Vec<String>,
}

impl<J: Judge> Learnt<J> {
    /// Rules with these bounds; the notes are told at the end.
    pub(crate) fn new(bounds: impl Iterator<Item = (Measure, J)>, notes: Vec<String>) -> Learnt<J> {
        Learnt { rules: bounds.map(|(measure, judge)| (measure, judge, Flagged::new(measure))).collect(), notes }
    }
}

impl<J: Judge> State for Learnt<J> {
    type Goal = ToAlerts;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let mut lacks = None;
        let mut judged = false;
        for (measure, judge, flagged) in &mut self.rules {
            let Some(value) = measure.of(flow) else {
                lacks = lacks.or(Some(measure.name()));
                continue;
            };
            judged = true;
            if judge.judge(measure.value(value)).is_some() {
                flagged.add(Ends::of(flow), value, |seen| {
                    seen.add_parts(1, flow.time(), flow.time_digits(), flow.protocol(), flow.dst_port());
                });
            }
        }
        match lacks {
            Some(name) if !judged => Err(name),
            _ => Ok(()),
        }
    }

    fn merge(&mut self, other: Self) {
        self.rules.iter_mut().zip(other.rules).for_each(|((_, _, a), (_, _, b))| a.merge(b));
    }

    fn is_empty(&self) -> bool {
        self.rules.iter().all(|(_, _, flagged)| flagged.is_empty())
    }

    fn empty(&self) -> Self {
        let fresh = |(measure, judge, _): &(Measure, J, Flagged)| (*measure, judge.clone(), Flagged::new(*measure));
        Learnt { rules: self.rules.iter().map(fresh).collect(), notes: self.notes.clone() }
    }

    fn finish(self, found: &mut Found) {
        found.notes.extend(self.notes);
        for (_, judge, flagged) in self.rules {
            flagged.finish(&judge, "normal flows", None, found);
        }
    }
}

impl<J: Judge> Mark for Learnt<J> {
    fn marks(&self) -> Marks {
        Marks::AtOnce
    }

    fn rules(&self) -> Vec<&'static str> {
        self.rules.iter().map(|(measure, ..)| measure.name()).collect()
    }

    fn settle(&mut self, found: &mut Found) {
        found.notes.append(&mut self.notes);
    }

    #[inline]
    fn mark(&self, flow: &Flow) -> u64 {
        let mut holds = 0;
        for (i, (measure, judge, _)) in self.rules.iter().enumerate() {
            let value = measure.of(flow).map(|value| measure.value(value));
            holds |= u64::from(value.and_then(|value| judge.judge(value)).is_some()) << i;
        }
        holds
    }
}
