//! A number of a flow that is scored or summed: a count of the record, or its duration.
//!
//! Counts are exact integers; durations are kept in nanoseconds and shown in seconds. A flow that lacks the field has no
//! value, never 0; only `flows` is 1 where it is absent, for a record stands for one flow unless it says otherwise.

use crate::alert::Evidence;
use flow_record::item::nearest;
use flow_record::record::{FieldId, Flow, Kind, field};
use flow_record::value::Number;
use flow_record::value::number::NANOS;

/// A field to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure(FieldId);

impl Measure {
    /// The measure of this name, if it is a number of the flow record.
    pub(crate) fn named(name: &str) -> Option<Measure> {
        let id = FieldId::named(name)?;
        matches!(id.field().kind, Kind::Integer(_) | Kind::Seconds).then_some(Measure(id))
    }

    /// The measures of these names, in order.
    ///
    /// # Errors
    /// A name that is no number of the flow record, or is there twice.
    pub(crate) fn all(names: &[String]) -> anyhow::Result<Vec<Measure>> {
        let mut measures = Vec::with_capacity(names.len());
        for name in names {
            let Some(measure) = Measure::named(name) else {
                let numbers = FieldId::all().filter(|id| Measure::named(id.name()).is_some()).map(FieldId::name);
                let near = nearest(name, numbers).map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
                anyhow::bail!("field={name}: no number of a flow{near}; of=rows takes any column");
            };
            anyhow::ensure!(!measures.contains(&measure), "field={name} is there twice");
            measures.push(measure);
        }
        Ok(measures)
    }

    /// The value of a flow, as it is kept: a duration in nanoseconds.
    #[inline]
    pub(crate) fn of(self, flow: &Flow) -> Option<u64> {
        match self.0 {
            field::DURATION => flow.duration(),
            field::FLOWS => Some(flow.integer(field::FLOWS).unwrap_or(1)),
            id => flow.integer(id),
        }
    }

    /// A value or a sum of values as it is scored: durations in seconds.
    pub(crate) fn value(self, kept: impl Into<u128>) -> Number {
        let kept = kept.into();
        match self.0 {
            field::DURATION => Number::Real(self.shown(kept as f64)),
            _ => Number::Whole(kept),
        }
    }

    /// A kept number in the unit that it is shown in.
    pub(crate) fn shown(self, value: f64) -> f64 {
        // Dividing gives the float nearest to the decimal; multiplying by the step would not.
        if self.0 == field::DURATION { value / NANOS as f64 } else { value }
    }

    /// Adds a value or a sum of values to evidence: counts exactly, durations in seconds.
    pub(crate) fn term(self, evidence: Evidence, name: &str, kept: u128) -> Evidence {
        match self.0 {
            field::DURATION => evidence.number(name, self.shown(kept as f64)),
            _ => evidence.integer(name, kept),
        }
    }

    /// The field's name.
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// The unit in which it is shown.
    pub(crate) fn unit(self) -> &'static str {
        self.0.field().unit
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_without_the_field_has_no_value_but_stands_for_one_flow() {
        let mut flow = Flow::new();
        flow.set_duration(1_500_000_000);
        let measure = |name| Measure::named(name).unwrap();
        assert_eq!((measure("bytes").of(&flow), measure("flows").of(&flow)), (None, Some(1)));
        let duration = measure("duration");
        assert_eq!((duration.of(&flow), duration.shown(1.5e9)), (Some(1_500_000_000), 1.5));
        assert_eq!(duration.value(1_500_000_000u64), Number::Real(1.5));
        assert_eq!(measure("bytes").value(u128::MAX), Number::Whole(u128::MAX));
    }

    #[test]
    fn a_wrong_field_is_refused_with_the_nearest_right_one() {
        let error = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            Measure::all(&names).unwrap_err().to_string()
        };
        assert!(error(&["byte"]).contains("did you mean \"bytes\"?"));
        assert!(error(&["src_ip"]).contains("no number of a flow"));
        assert!(error(&["bytes", "bytes"]).contains("twice"));
    }
}
