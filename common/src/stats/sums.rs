//! Counts and times of one key: flows, bytes, packets, both ways, first and last start.
//!
//! A record counts as the number of flows that it says it stands for, else as one. Absent counts add nothing; the
//! reverse sums are known only once a flow had them. Invariant: sums are exact up to 2^128. Bound: 96 bytes.

use crate::record::{Flow, field};
use crate::value::Time;
use crate::value::time::{DateCache, rfc3339};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

/// What a key's flows add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    bytes: u128,
    packets: u128,
    rev_bytes: u128,
    rev_packets: u128,
    flows: u64,
    /// In nanoseconds; `first` above `last` while no flow had a time.
    first: i64,
    last: i64,
    /// Decimals of the finest time.
    digits: u8,
    known: u8,
}

/// Bits of `known`.
const REV_BYTES: u8 = 1;
const REV_PACKETS: u8 = 2;

impl Default for Sums {
    fn default() -> Self {
        Sums::new()
    }
}

impl Sums {
    /// No flows.
    pub const fn new() -> Sums {
        Sums {
            bytes: 0,
            packets: 0,
            rev_bytes: 0,
            rev_packets: 0,
            flows: 0,
            first: i64::MAX,
            last: i64::MIN,
            digits: 0,
            known: 0,
        }
    }

    /// Adds a flow as its source sees it.
    #[inline]
    pub fn add(&mut self, flow: &Flow) {
        self.add_start(flow);
        self.add_counts(flow.bytes(), flow.packets(), flow.rev_bytes(), flow.rev_packets());
    }

    /// Adds a flow as its destination sees it: what it sent are the reverse counts.
    #[inline]
    pub fn add_reversed(&mut self, flow: &Flow) {
        self.add_start(flow);
        self.add_counts(flow.rev_bytes(), flow.rev_packets(), flow.bytes(), flow.packets());
    }

    #[inline]
    fn add_start(&mut self, flow: &Flow) {
        self.flows = self.flows.saturating_add(flow.integer(field::FLOWS).unwrap_or(1));
        if let Some(time) = flow.time() {
            self.first = self.first.min(time.nanos());
            self.last = self.last.max(time.nanos());
            self.digits = self.digits.max(flow.time_digits());
        }
    }

    #[inline]
    fn add_counts(
        &mut self,
        bytes: Option<u64>,
        packets: Option<u64>,
        rev_bytes: Option<u64>,
        rev_packets: Option<u64>,
    ) {
        // Counts are below 2^53: 2^75 flows would be needed for an overflow.
        self.bytes += u128::from(bytes.unwrap_or(0));
        self.packets += u128::from(packets.unwrap_or(0));
        if let Some(v) = rev_bytes {
            self.rev_bytes += u128::from(v);
            self.known |= REV_BYTES;
        }
        if let Some(v) = rev_packets {
            self.rev_packets += u128::from(v);
            self.known |= REV_PACKETS;
        }
    }

    /// Adds all flows of another state.
    #[inline]
    pub fn merge(&mut self, other: &Sums) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
        self.rev_bytes = self.rev_bytes.saturating_add(other.rev_bytes);
        self.rev_packets = self.rev_packets.saturating_add(other.rev_packets);
        self.flows = self.flows.saturating_add(other.flows);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.digits = self.digits.max(other.digits);
        self.known |= other.known;
    }

    /// Whether there were no flows.
    pub fn is_empty(&self) -> bool {
        *self == Sums::new()
    }

    /// Number of flows.
    #[inline]
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Bytes sent.
    #[inline]
    pub fn bytes(&self) -> u128 {
        self.bytes
    }

    /// Packets sent.
    #[inline]
    pub fn packets(&self) -> u128 {
        self.packets
    }

    /// Bytes received, if a flow had them.
    pub fn rev_bytes(&self) -> Option<u128> {
        (self.known & REV_BYTES != 0).then_some(self.rev_bytes)
    }

    /// Packets received, if a flow had them.
    pub fn rev_packets(&self) -> Option<u128> {
        (self.known & REV_PACKETS != 0).then_some(self.rev_packets)
    }

    /// Bytes sent and received.
    pub fn total_bytes(&self) -> u128 {
        self.bytes.saturating_add(self.rev_bytes)
    }

    /// The earliest start, if a flow had one.
    pub fn first(&self) -> Option<Time> {
        (self.first <= self.last).then_some(Time(self.first))
    }

    /// The latest start, if a flow had one.
    pub fn last(&self) -> Option<Time> {
        (self.first <= self.last).then_some(Time(self.last))
    }

    /// Decimals of the finest start: 3, 6 or 9; 0 where no flow had one.
    pub fn time_digits(&self) -> u8 {
        self.digits
    }
}

/// The canonical form: decimal sums, times as texts with the decimals of the finest one; what is not known is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canonical<'t> {
    flows: u64,
    bytes: u128,
    packets: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_bytes: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev_packets: Option<u128>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    first: Option<Cow<'t, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    last: Option<Cow<'t, str>>,
}

impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = |time: Time| Cow::Owned(time.to_text(self.digits));
        Canonical {
            flows: self.flows,
            bytes: self.bytes,
            packets: self.packets,
            rev_bytes: self.rev_bytes(),
            rev_packets: self.rev_packets(),
            first: self.first().map(time),
            last: self.last().map(time),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sums {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sums, D::Error> {
        let state = Canonical::deserialize(deserializer)?;
        let read = || {
            let mut sums = Sums { flows: state.flows, bytes: state.bytes, packets: state.packets, ..Sums::new() };
            if let Some(sum) = state.rev_bytes {
                (sums.rev_bytes, sums.known) = (sum, sums.known | REV_BYTES);
            }
            if let Some(sum) = state.rev_packets {
                (sums.rev_packets, sums.known) = (sum, sums.known | REV_PACKETS);
            }
            match (&state.first, &state.last) {
                (None, None) => {}
                (Some(first), Some(last)) => {
                    let mut dates = DateCache::default();
                    let (first, first_digits) = time(&mut dates, first)?;
                    let (last, last_digits) = time(&mut dates, last)?;
                    if first > last || first_digits != last_digits {
                        return None;
                    }
                    (sums.first, sums.last, sums.digits) = (first.nanos(), last.nanos(), first_digits);
                }
                _ => return None,
            }
            Some(sums)
        };
        read().ok_or_else(|| de::Error::custom("no sums, or times that contradict each other"))
    }
}

/// The time of a canonical text, and its decimals.
fn time(dates: &mut DateCache, text: &str) -> Option<(Time, u8)> {
    let (time, digits, used) = rfc3339(dates, text.as_bytes())?;
    // Nothing but the date, the time, a point, as many decimals, and Z.
    (used == text.len() && text.len() == 21 + usize::from(digits) && text.ends_with('Z')).then_some((time, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(bytes: u64, rev: Option<u64>, time: i64) -> Flow {
        let mut flow = Flow::new();
        assert!(flow.set_integer(field::BYTES, bytes));
        assert!(rev.is_none_or(|v| flow.set_integer(field::REV_BYTES, v)));
        flow.set_time(Time(time), if time % 1000 == 0 { 6 } else { 9 });
        flow
    }

    #[test]
    fn adds_what_is_there_and_knows_what_is_not() {
        let mut sums = Sums::new();
        assert_eq!((sums.first(), sums.rev_bytes(), sums.time_digits()), (None, None, 0));
        sums.add(&flow(10, None, 5000));
        assert_eq!((sums.bytes(), sums.packets(), sums.rev_bytes()), (10, 0, None));
        sums.add(&flow(1, Some(0), -7));
        assert_eq!((sums.flows(), sums.bytes(), sums.rev_bytes(), sums.rev_packets()), (2, 11, Some(0), None));
        assert_eq!((sums.first(), sums.last(), sums.time_digits()), (Some(Time(-7)), Some(Time(5000)), 9));
    }

    #[test]
    fn the_destination_sees_the_counts_the_other_way_round() {
        let mut sums = Sums::new();
        sums.add_reversed(&flow(10, None, 0));
        sums.add_reversed(&flow(10, Some(3), 0));
        assert_eq!((sums.bytes(), sums.rev_bytes(), sums.total_bytes()), (3, Some(20), 23));
    }

    #[test]
    fn a_record_of_several_flows_counts_as_so_many() {
        let mut one = flow(10, None, 0);
        assert!(one.set_integer(field::FLOWS, 5));
        let mut sums = Sums::new();
        sums.add(&one);
        sums.add(&flow(1, None, 0));
        assert_eq!(sums.flows(), 6);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let flows = [flow(1, None, 9), flow(2, Some(5), 3), flow(3, None, 12)];
        let sum = |flows: &[Flow]| {
            let mut sums = Sums::new();
            flows.iter().for_each(|f| sums.add(f));
            sums
        };
        for cut in 0..=3 {
            let (mut a, b) = (sum(&flows[..cut]), sum(&flows[cut..]));
            a.merge(&b);
            assert_eq!(a, sum(&flows));
        }
    }
}
