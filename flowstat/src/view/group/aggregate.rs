//! What is asked for: aggregates, what of a flow they need, and their values.

use super::slot::{Slot, Times};
use crate::view::rows::Row;
use anyhow::Context;
use flow_record::record::field::{self, FieldId};
use flow_record::record::key::KeySpec;
use flow_record::record::{Flow, Kind};
use flow_record::scan::Line;
use flow_record::state::Setup;
use flow_record::stats::{Count, Estimate, SketchKey};
use flow_record::value::Time;
use std::cmp::Ordering;

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Count,
    First,
    Last,
    Sum,
    Mean,
    Deviation,
    Min,
    Max,
    /// A quantile, 0 to 1.
    Quantile(f64),
    Distinct,
    Rate,
}

/// One aggregate.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    function: Function,
    /// Of `count`, `first` and `last` there is none.
    field: Option<Box<str>>,
    /// The name of its column.
    pub(super) column: Box<str>,
}

const FUNCTIONS: &str =
    "count, first, last, or sum, mean, std, min, max, median, pNN, distinct, rate of a field, as sum(bytes)";

impl Aggregate {
    /// Reads `count` or `sum(bytes)`.
    ///
    /// # Errors
    /// What is expected.
    pub(super) fn parse(text: &str) -> anyhow::Result<Aggregate> {
        let text = text.trim();
        let plain = |function| Ok(Aggregate { function, field: None, column: text.into() });
        match text {
            "count" => return plain(Function::Count),
            "first" => return plain(Function::First),
            "last" => return plain(Function::Last),
            _ => {}
        }
        let parts = text.strip_suffix(')').and_then(|t| t.split_once('('));
        let (name, field) = parts.with_context(|| format!("agg={text}: {FUNCTIONS} are expected"))?;
        let function = match name {
            "sum" => Function::Sum,
            "mean" => Function::Mean,
            "std" => Function::Deviation,
            "min" => Function::Min,
            "max" => Function::Max,
            "median" => Function::Quantile(0.5),
            "distinct" => Function::Distinct,
            "rate" => Function::Rate,
            _ => quantile(name).with_context(|| format!("agg={text}: {FUNCTIONS} are expected"))?,
        };
        anyhow::ensure!(!field.is_empty(), "agg={text}: a field is expected, as {name}(bytes)");
        let column = format!("{field}_{name}").into();
        Ok(Aggregate { function, field: Some(field.into()), column })
    }

    /// What it needs of a flow, beside the field: the kind of slot.
    fn need(&self) -> Need {
        match self.function {
            Function::Count => Need::Count,
            Function::First | Function::Last => Need::Times,
            Function::Sum | Function::Mean | Function::Min | Function::Max | Function::Rate => Need::Sum,
            Function::Deviation => Need::Moments,
            Function::Quantile(_) => Need::Quantiles,
            Function::Distinct => Need::Distinct,
        }
    }

    /// Whether a sketch has it.
    pub(super) fn is_sketched(&self) -> bool {
        let is_of_record = || self.field.as_deref().and_then(FieldId::named).is_some();
        self.function == Function::Count || self.function == Function::Sum && is_of_record()
    }

    /// What a flow adds to it, of those that a sketch has.
    pub(super) fn of_flow(&self, plan: &Plan, flow: &Flow) -> u64 {
        match self.function {
            Function::Count => flow.integer(field::FLOWS).unwrap_or(1),
            _ => plan.source(Need::Sum, self.field.as_deref()).and_then(|source| source.number(flow)).unwrap_or(0),
        }
    }

    /// What its numbers are divided by.
    pub(super) fn scale(&self, plan: &Plan) -> f64 {
        plan.find(Need::Sum, self.field.as_deref()).map_or(1.0, |at| plan.unit(at).scale())
    }

    /// Puts an estimate of it.
    pub(super) fn put_estimate(&self, value: u64, plan: &Plan, row: &mut Row<'_, '_>) {
        let unit = plan.find(Need::Sum, self.field.as_deref()).map_or(Unit::One, |at| plan.unit(at));
        unit.whole(value.into()).put(row, &self.column);
        row.approximate(&self.column);
    }

    /// Its value.
    pub(super) fn value(&self, plan: &Plan, slots: &[Slot]) -> Value {
        let at = |need| plan.find(need, self.field.as_deref()).and_then(|at| Some((slots.get(at)?, plan.unit(at))));
        let times = || match at(Need::Times) {
            Some((Slot::Times(times), _)) => *times,
            _ => Times::default(),
        };
        let (sums, moments) = (|| at(Need::Sum).or_else(|| at(Need::Moments)), || at(Need::Moments));
        let value = match self.function {
            Function::Count => match at(Need::Count) {
                Some((Slot::Count(n), _)) => Some(Value::Whole(u128::from(*n))),
                _ => None,
            },
            Function::First => times().first().map(|(time, digits)| Value::Time(time, digits)),
            Function::Last => times().last().map(|(time, digits)| Value::Time(time, digits)),
            Function::Sum => sums().and_then(|(slot, unit)| slot.sum(unit)),
            Function::Min => sums().and_then(|(slot, unit)| slot.min(unit)),
            Function::Max => sums().and_then(|(slot, unit)| slot.max(unit)),
            Function::Mean => sums().and_then(|(slot, unit)| Some(Value::Float(slot.mean()? / unit.scale()))),
            Function::Rate => {
                let seconds = times().seconds();
                let sum = sums().and_then(|(slot, unit)| Some(slot.sum(unit)?.as_f64()));
                sum.zip(seconds).map(|(sum, seconds)| Value::Float(sum / seconds))
            }
            Function::Deviation => {
                moments().and_then(|(slot, unit)| Some(Value::Float(slot.deviation()? / unit.scale())))
            }
            Function::Quantile(q) => {
                at(Need::Quantiles).and_then(|(slot, unit)| Some(Value::Quantile(slot.quantile(q)?, unit.scale())))
            }
            Function::Distinct => at(Need::Distinct).and_then(|(slot, _)| slot.distinct()).map(Value::Distinct),
        };
        value.unwrap_or(Value::None)
    }
}

/// `p95` or `p99.9`.
fn quantile(name: &str) -> Option<Function> {
    let digits = name.strip_prefix('p').filter(|d| d.starts_with(|c: char| c.is_ascii_digit()))?;
    let percent: f64 = digits.parse().ok().filter(|p| (0.0..=100.0).contains(p))?;
    Some(Function::Quantile(percent / 100.0))
}

/// The kind of slot that an aggregate needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Count,
    Times,
    Sum,
    Moments,
    Quantiles,
    Distinct,
}

/// What a field's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    One,
    /// Nanoseconds, told as seconds.
    Nanos,
}

impl Unit {
    pub(super) fn scale(self) -> f64 {
        if self == Unit::Nanos { 1e9 } else { 1.0 }
    }

    /// An exact sum.
    pub(super) fn whole(self, value: u128) -> Value {
        if self == Unit::Nanos { Value::Seconds(value) } else { Value::Whole(value) }
    }
}

/// Where a slot's values come from.
#[derive(Clone, Debug)]
enum Source {
    /// Flows themselves.
    Flows,
    /// A field of the record that is an integer.
    Integer(FieldId),
    Duration,
    Address(FieldId),
    Port(FieldId),
    /// The numbers of the watched member with this number.
    Numbers(usize),
    /// Any value, by a key of it alone and the number of its watched member.
    Any(Box<KeySpec>, usize),
}

/// One slot: what it is for.
#[derive(Clone, Debug)]
struct Planned {
    need: Need,
    field: Option<Box<str>>,
    source: Source,
}

/// The slots of a key.
#[derive(Clone, Debug)]
pub(super) struct Plan(Vec<Planned>);

impl Plan {
    /// What these aggregates need, each once.
    ///
    /// # Errors
    /// A field that has no numbers.
    pub(super) fn of(aggregates: &[Aggregate], setup: &mut Setup) -> anyhow::Result<Plan> {
        let mut plan = Plan(Vec::new());
        // Deviations come first: what they keep has the sums, too.
        let (hard, easy): (Vec<_>, Vec<_>) = aggregates.iter().partition(|a| a.need() == Need::Moments);
        for aggregate in hard.into_iter().chain(easy) {
            let field = aggregate.field.as_deref();
            plan.require(aggregate.need(), field, setup)?;
            if aggregate.function == Function::Rate {
                plan.require(Need::Times, None, setup)?;
            }
        }
        Ok(plan)
    }

    fn require(&mut self, need: Need, field: Option<&str>, setup: &mut Setup) -> anyhow::Result<()> {
        let has_sums = need == Need::Sum && self.find(Need::Moments, field).is_some();
        if !has_sums && self.find(need, field).is_none() {
            let source = match field {
                None => Source::Flows,
                Some(name) if need == Need::Distinct => distinct(name, setup)?,
                Some(name) => numbers(name, setup)?,
            };
            self.0.push(Planned { need, field: field.map(Into::into), source });
        }
        Ok(())
    }

    /// The number of a slot.
    fn find(&self, need: Need, field: Option<&str>) -> Option<usize> {
        let is_it =
            |p: &Planned| p.need == need && (matches!(need, Need::Count | Need::Times) || p.field.as_deref() == field);
        self.0.iter().position(is_it)
    }

    fn source(&self, need: Need, field: Option<&str>) -> Option<&Source> {
        self.find(need, field).and_then(|at| self.0.get(at)).map(|planned| &planned.source)
    }

    fn unit(&self, at: usize) -> Unit {
        match self.0.get(at).map(|p| &p.source) {
            Some(Source::Duration) => Unit::Nanos,
            _ => Unit::One,
        }
    }

    /// Number of slots of a key.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Empty slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().map(|p| match (p.need, &p.source) {
            (Need::Count, _) => Slot::Count(0),
            (Need::Times, _) => Slot::Times(Times::default()),
            (Need::Distinct, Source::Address(_)) => Slot::Addresses(Default::default()),
            (Need::Distinct, Source::Port(_)) => Slot::Ports(Default::default()),
            (Need::Distinct, _) => Slot::Values(Default::default()),
            (_, Source::Numbers(_)) => Slot::Floats(Default::default()),
            (Need::Moments, _) => Slot::Moments(Default::default()),
            (Need::Quantiles, _) => Slot::Quantiles(Default::default()),
            (Need::Sum, _) => Slot::Sum(Default::default()),
        })
    }

    /// Adds a flow to the slots of its key; `scratch` is room for a value.
    #[inline]
    pub(super) fn add(&self, line: &Line<'_>, slots: &mut [Slot], key: &SketchKey, scratch: &mut Vec<u8>) {
        let flow = line.flow;
        for (planned, slot) in self.0.iter().zip(slots) {
            match (&planned.source, slot) {
                (Source::Flows, Slot::Count(n)) => *n = n.saturating_add(flow.integer(field::FLOWS).unwrap_or(1)),
                (Source::Flows, Slot::Times(times)) => times.add(flow),
                (Source::Address(id), Slot::Addresses(set)) => {
                    flow.address(*id).into_iter().for_each(|a| set.insert(a, key));
                }
                (Source::Port(id), Slot::Ports(set)) => {
                    if let Some(port) = flow.integer(*id).and_then(|p| u16::try_from(p).ok()) {
                        set.insert(port);
                    }
                }
                (Source::Any(spec, watch), Slot::Values(set)) => {
                    if let Some(found) = spec.key(line, *watch) {
                        scratch.clear();
                        found.parts().iter().for_each(|part| part.write(scratch));
                        set.insert(scratch, key);
                    }
                }
                (Source::Numbers(watch), Slot::Floats(values)) => {
                    let token = line.value(*watch).filter(|t| t.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
                    if let Some(value) = token.and_then(|t| t.parse().ok()) {
                        values.add(value);
                    }
                }
                (source, slot) => {
                    if let Some(value) = source.number(flow) {
                        slot.number(value);
                    }
                }
            }
        }
    }
}

impl Source {
    #[inline]
    fn number(&self, flow: &Flow) -> Option<u64> {
        match self {
            Source::Integer(field::FLOWS) => Some(flow.integer(field::FLOWS).unwrap_or(1)),
            Source::Integer(id) => flow.integer(*id),
            Source::Duration => flow.duration(),
            _ => None,
        }
    }
}

/// Where the numbers of a field come from.
fn numbers(name: &str, setup: &mut Setup) -> anyhow::Result<Source> {
    Ok(match FieldId::named(name).map(|id| (id, id.field().kind)) {
        Some((id, Kind::Integer(_))) => Source::Integer(id),
        Some((_, Kind::Seconds)) => Source::Duration,
        Some(_) => {
            anyhow::bail!("agg: {name}: a field whose values are numbers is expected; distinct({name}) is there")
        }
        None => Source::Numbers(setup.watch([name])),
    })
}

/// Where the values of a field come from.
fn distinct(name: &str, setup: &mut Setup) -> anyhow::Result<Source> {
    Ok(match FieldId::named(name).map(|id| (id, id.field().kind)) {
        Some((id, Kind::Address)) => Source::Address(id),
        Some((id @ (field::SRC_PORT | field::DST_PORT), _)) => Source::Port(id),
        _ => {
            let spec = KeySpec::of(&[name]).with_context(|| format!("agg=distinct({name})"))?;
            let watch = setup.watch(spec.watched_names());
            Source::Any(Box::new(spec), watch)
        }
    })
}

/// The value of an aggregate.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Whole(u128),
    /// Nanoseconds.
    Seconds(u128),
    Float(f64),
    /// With what it is divided by.
    Quantile(Estimate, f64),
    Distinct(Count),
    Time(Time, u8),
}

impl Value {
    pub(super) fn as_f64(&self) -> f64 {
        match self {
            Value::None => f64::NEG_INFINITY,
            Value::Whole(v) => *v as f64,
            Value::Seconds(v) => *v as f64 / 1e9,
            Value::Float(v) => *v,
            Value::Quantile(estimate, unit) => estimate.value / unit,
            Value::Distinct(count) => count.value as f64,
            Value::Time(time, _) => time.nanos() as f64,
        }
    }

    /// The order of two values of one aggregate; what has none comes first.
    pub(super) fn order(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Whole(a), Value::Whole(b)) | (Value::Seconds(a), Value::Seconds(b)) => a.cmp(b),
            (Value::Time(a, _), Value::Time(b, _)) => a.cmp(b),
            (a, b) => a.as_f64().total_cmp(&b.as_f64()),
        }
    }

    /// Puts it into a row.
    pub(super) fn put(self, row: &mut Row<'_, '_>, column: &str) {
        match self {
            Value::None => {}
            Value::Whole(v) => row.integer(column, v),
            Value::Seconds(v) => row.seconds(column, v),
            Value::Float(v) => row.float(column, v),
            Value::Quantile(estimate, unit) => row.quantile(column, Some(estimate), unit),
            Value::Distinct(count) => row.count(column, count),
            Value::Time(time, digits) => row.time(column, Some(time), digits),
        }
    }
}
