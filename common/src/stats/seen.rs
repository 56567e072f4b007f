//! What flows have in common: how many there were, when, and the port and protocol if there is one.
//!
//! Invariant: a function of the multiset of flows. Bound: 40 bytes.

use crate::record::{Flow, field};
use crate::value::Time;
use serde::{Deserialize, Serialize};

/// The one value that all had, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Same<T> {
    /// None was added yet.
    #[default]
    Nothing,
    /// All had this one.
    One(T),
    /// They differed, or one had none.
    Mixed,
}

impl<T: Copy + PartialEq> Same<T> {
    /// Adds one; `None` is a flow without it.
    #[inline]
    pub fn add(&mut self, value: Option<T>) {
        *self = match (*self, value) {
            (Same::Nothing, Some(v)) => Same::One(v),
            (Same::One(a), Some(v)) if a == v => Same::One(a),
            _ => Same::Mixed,
        };
    }

    /// Adds all of another state.
    pub fn merge(&mut self, other: Same<T>) {
        match other {
            Same::Nothing => {}
            Same::One(v) => self.add(Some(v)),
            Same::Mixed => *self = Same::Mixed,
        }
    }

    /// The one value.
    pub fn one(self) -> Option<T> {
        match self {
            Same::One(v) => Some(v),
            _ => None,
        }
    }
}

/// Flows in sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    flows: u64,
    /// In nanoseconds; `first` above `last` while no flow had a time.
    first: i64,
    last: i64,
    /// Decimals of the finest time.
    digits: u8,
    protocol: Same<u8>,
    dst_port: Same<u16>,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { flows: 0, first: i64::MAX, last: i64::MIN, digits: 3, protocol: Same::Nothing, dst_port: Same::Nothing }
    }
}

impl Seen {
    /// So many flows, with what they have in common; a span whose first time is above its last is none.
    pub fn of(flows: u64, span: Span, protocol: Same<u8>, dst_port: Same<u16>) -> Seen {
        let (first, last) = (span.first.nanos(), span.last.nanos());
        Seen { flows, first, last, digits: span.digits, protocol, dst_port }
    }

    /// Adds a flow. A record that stands for several counts as so many.
    #[inline]
    pub fn add(&mut self, flow: &Flow) {
        let flows = flow.integer(field::FLOWS).unwrap_or(1);
        self.add_parts(flows, flow.time(), flow.time_digits(), flow.protocol(), flow.dst_port());
    }

    /// Adds flows by their parts.
    #[inline]
    pub fn add_parts(
        &mut self,
        flows: u64,
        time: Option<Time>,
        digits: u8,
        protocol: Option<u8>,
        dst_port: Option<u16>,
    ) {
        self.flows = self.flows.saturating_add(flows);
        if let Some(Time(nanos)) = time {
            self.first = self.first.min(nanos);
            self.last = self.last.max(nanos);
            self.digits = self.digits.max(digits);
        }
        self.protocol.add(protocol);
        self.dst_port.add(dst_port);
    }

    /// Adds a number of flows whose parts were added already.
    pub fn add_flows(&mut self, flows: u64) {
        self.flows = self.flows.saturating_add(flows);
    }

    /// Adds all flows of another state.
    pub fn merge(&mut self, other: &Seen) {
        self.flows = self.flows.saturating_add(other.flows);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.digits = self.digits.max(other.digits);
        self.protocol.merge(other.protocol);
        self.dst_port.merge(other.dst_port);
    }

    /// Number of flows.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// The first and the last start, if a flow had one, and the decimals to write them with.
    pub fn span(&self) -> Option<Span> {
        let span = Span { first: Time(self.first), last: Time(self.last), digits: self.digits };
        (self.first <= self.last).then_some(span)
    }

    /// The protocol of all flows.
    pub fn protocol(&self) -> Option<u8> {
        self.protocol.one()
    }

    /// The destination port of all flows.
    pub fn dst_port(&self) -> Option<u16> {
        self.dst_port.one()
    }
}

/// From the first to the last start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first start.
    pub first: Time,
    /// The last start.
    pub last: Time,
    /// Decimals to write them with: 3, 6 or 9.
    pub digits: u8,
}

impl Span {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.last.nanos().saturating_sub(self.first.nanos()) as f64 / 1e9
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn flow(port: Option<u64>, time: Option<i64>) -> Flow {
        let mut flow = Flow::from(([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
        assert!(port.is_none_or(|p| flow.set_integer(field::DST_PORT, p)));
        if let Some(nanos) = time {
            flow.set_time(Time(nanos), 6);
        }
        flow
    }

    fn seen(flows: &[Flow]) -> Seen {
        let mut seen = Seen::default();
        flows.iter().for_each(|f| seen.add(f));
        seen
    }

    #[test]
    fn one_port_is_told_and_several_or_none_are_not() {
        assert_eq!(seen(&[flow(Some(53), None), flow(Some(53), None)]).dst_port(), Some(53));
        assert_eq!(seen(&[flow(Some(53), None), flow(Some(0), None)]).dst_port(), None);
        assert_eq!(seen(&[flow(Some(53), None), flow(None, None)]).dst_port(), None);
        assert_eq!((seen(&[]).dst_port(), seen(&[]).span()), (None, None));
    }

    #[test]
    fn the_span_is_that_of_the_flows_that_have_a_time() {
        let span = seen(&[flow(None, Some(7)), flow(None, None), flow(None, Some(-3))]).span().unwrap();
        assert_eq!((span.first, span.last, span.digits), (Time(-3), Time(7), 6));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let flows = [flow(Some(1), Some(5)), flow(Some(1), None), flow(None, Some(9)), flow(Some(2), Some(1))];
        for cut in 0..=flows.len() {
            let mut a = seen(&flows[..cut]);
            a.merge(&seen(&flows[cut..]));
            assert_eq!(a, seen(&flows));
        }
    }
}
