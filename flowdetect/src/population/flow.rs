//! One number a flow.
//!
//! Which flows lie far out is known only at the end, so every flow is kept: its value, time, port and protocol, and its
//! two ends as a number. Bound: 24 bytes a flow, twice that while the list grows, 8 more while all are judged, and about
//! 100 bytes a pair of ends.

use super::{Judge, Numbers, Of, Rule, constant};
use crate::detect::Found;
use crate::ends::Ends;
use crate::measure::Measure;
use crate::single::Flagged;
use flow_record::map::Map;
use flow_record::people::count;
use flow_record::record::Flow;
use flow_record::state::Taken;
use flow_record::value::Time;

/// Flows and their values.
#[derive(Clone, Debug)]
pub(crate) struct Flows {
    measure: Measure,
    flows: Vec<Kept>,
    /// Places in `pairs`.
    places: Map<Ends, u32>,
    pairs: Vec<Ends>,
    /// Decimals of the finest time.
    digits: u8,
}

/// A flow.
#[derive(Clone, Copy, Debug)]
struct Kept {
    value: u64,
    /// Nanoseconds.
    time: i64,
    pair: u32,
    dst_port: u16,
    protocol: u8,
    has: u8,
}

/// Bits of `has`.
const TIME: u8 = 1;
const PORT: u8 = 2;
const PROTOCOL: u8 = 4;

impl Flows {
    /// No flows yet.
    pub(crate) fn new(measure: Measure) -> Flows {
        Flows { measure, flows: Vec::new(), places: Map::default(), pairs: Vec::new(), digits: 3 }
    }

    /// The number that is taken of a flow.
    pub(crate) fn measure(&self) -> Measure {
        self.measure
    }

    /// Takes a flow.
    #[inline]
    pub(crate) fn add(&mut self, flow: &Flow) -> Taken {
        let value = self.measure.of(flow).ok_or(self.measure.name())?;
        let pair = self.place(Ends::of(flow));
        let bit = |is_there: bool, bit: u8| if is_there { bit } else { 0 };
        let has = bit(flow.time().is_some(), TIME)
            | bit(flow.dst_port().is_some(), PORT)
            | bit(flow.protocol().is_some(), PROTOCOL);
        if has & TIME != 0 {
            self.digits = self.digits.max(flow.time_digits());
        }
        self.flows.push(Kept {
            value,
            time: flow.time().map_or(0, Time::nanos),
            pair,
            dst_port: flow.dst_port().unwrap_or(0),
            protocol: flow.protocol().unwrap_or(0),
            has,
        });
        Ok(())
    }

    #[inline]
    fn place(&mut self, ends: Ends) -> u32 {
        *self.places.entry(ends).or_insert_with(|| {
            self.pairs.push(ends);
            // More than 2^32 pairs would take a quarter of a terabyte.
            (self.pairs.len() - 1) as u32
        })
    }

    /// Whether nothing was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// The same without anything taken.
    pub(crate) fn empty(&self) -> Flows {
        Flows::new(self.measure)
    }

    /// Adds all flows of another state.
    pub(crate) fn merge(&mut self, other: Flows) {
        let places: Vec<u32> = other.pairs.iter().map(|ends| self.place(*ends)).collect();
        self.digits = self.digits.max(other.digits);
        self.flows.extend(other.flows.into_iter().map(|kept| Kept { pair: places[kept.pair as usize], ..kept }));
    }

    /// What is usual among the flows; `None` where they are all the same.
    pub(crate) fn fit<R: Rule>(&self, rule: &R, found: &mut Found) -> Option<R::Bounds> {
        if self.flows.is_empty() {
            return None;
        }
        let values: Numbers = self.flows.iter().map(|kept| self.measure.value(kept.value)).collect();
        let bounds = rule.fit(&values, Of::Flow);
        let population = self.population();
        match &bounds {
            None => found.notes.extend(constant(self.flows.len(), &population, self.measure.name())),
            Some(bounds) => found.notes.extend(bounds.is_blind().map(|why| format!("{population}: {why}"))),
        }
        bounds
    }

    /// Judges every flow by all.
    pub(crate) fn finish<R: Rule>(self, rule: &R, found: &mut Found) {
        let Some(bounds) = self.fit(rule, found) else { return };
        let mut flagged = Flagged::new(self.measure);
        for kept in &self.flows {
            if bounds.judge(self.measure.value(kept.value)).is_none() {
                continue;
            }
            let part = |bit| kept.has & bit != 0;
            flagged.add(self.pairs[kept.pair as usize], kept.value, |seen| {
                let time = part(TIME).then_some(Time(kept.time));
                let (protocol, port) = (part(PROTOCOL).then_some(kept.protocol), part(PORT).then_some(kept.dst_port));
                seen.add_parts(1, time, self.digits, protocol, port);
            });
        }
        flagged.finish(&bounds, &self.population(), Some(self.flows.len() as u64), found);
    }

    fn population(&self) -> String {
        count(self.flows.len() as u64, "flows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_takes_24_bytes() {
        assert_eq!(size_of::<Kept>(), 24);
    }
}
