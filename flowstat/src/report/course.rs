//! The course of traffic for a chart: bytes by kind of protocol over time, in bins as wide as the span needs; and over the
//! hours of the week.
//!
//! The width is the least of [`WIDTHS`] (then doubled) at which first and last bin lie at most [`MOST`] apart, and a part
//! of a flow's bytes in a wide bin is the sum of its parts in the narrow ones, so that the bins are a function of the
//! multiset of flows, in whatever order they come. Bound: [`MOST`] bins of 100 bytes, and 168 hours.

use flow_record::record::{Flow, field};
use flow_record::value::Time;
use std::collections::BTreeMap;

/// Bins from the first to the last at most.
const MOST: i64 = 160;

/// Widths in seconds, each a multiple of the one before.
const WIDTHS: [i64; 10] = [1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400, 604_800];

const SECOND: i128 = 1_000_000_000;

/// Kinds of protocols that are told apart.
pub(super) const KINDS: [&str; 4] = ["TCP", "UDP", "ICMP", "other"];

/// The kind of a protocol.
fn kind(protocol: Option<u8>) -> usize {
    match protocol {
        Some(6) => 0,
        Some(17) => 1,
        Some(1 | 58) => 2,
        _ => 3,
    }
}

/// What went on in a bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bin {
    /// Flows that start in it.
    pub(super) flows: u64,
    /// Bytes of both directions by kind, spread over the time of each flow.
    pub(super) bytes: [u128; 4],
}

impl Bin {
    fn merge(&mut self, other: &Bin) {
        self.flows = self.flows.saturating_add(other.flows);
        self.bytes.iter_mut().zip(other.bytes).for_each(|(a, b)| *a = a.saturating_add(b));
    }

    /// Bytes of all kinds.
    pub(super) fn total(&self) -> u128 {
        self.bytes.iter().sum()
    }
}

/// Bins over time, and the hours of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Course {
    /// The number of the width; beyond [`WIDTHS`] each is twice the one before.
    level: u32,
    pub(super) bins: BTreeMap<i64, Bin>,
    /// Bytes of both directions and flows of those that start in an hour of the week (UTC); 0 is Monday 00:00.
    pub(super) week: Vec<(u128, u64)>,
}

impl Course {
    /// No traffic.
    pub(super) fn new() -> Course {
        Course { level: 0, bins: BTreeMap::new(), week: vec![(0, 0); 168] }
    }

    /// Seconds of a bin.
    pub(super) fn width(&self) -> i64 {
        width(self.level)
    }

    /// The start of a bin.
    pub(super) fn start(&self, bin: i64) -> Option<Time> {
        Time::from_seconds(bin.checked_mul(self.width())?, 0)
    }

    /// Adds a flow; one without a time is nowhere.
    pub(super) fn add(&mut self, flow: &Flow) {
        let Some(time) = flow.time() else { return };
        let flows = flow.integer(field::FLOWS).unwrap_or(1);
        let bytes = flow.bytes().unwrap_or(0).saturating_add(flow.rev_bytes().unwrap_or(0));
        let hour = (time.seconds().div_euclid(3600) + 72).rem_euclid(168) as usize;
        let (sum, n) = &mut self.week[hour];
        (*sum, *n) = (sum.saturating_add(u128::from(bytes)), n.saturating_add(flows));
        let (start, duration) = (i128::from(time.nanos()), i128::from(flow.duration().unwrap_or(0)));
        let end = start + (duration - 1).max(0);
        let place = |level: u32, at: i128| at.div_euclid(i128::from(width(level)) * SECOND) as i64;
        while place(self.level, end) - place(self.level, start) >= MOST {
            self.widen();
        }
        let (first, last) = (place(self.level, start), place(self.level, end));
        let bin_width = i128::from(self.width()) * SECOND;
        let upto = |bin: i64| {
            let inside = (i128::from(bin) * bin_width - start).clamp(0, duration);
            if duration == 0 { u128::from(bytes) } else { u128::from(bytes) * inside as u128 / duration as u128 }
        };
        let mut before = 0;
        for number in first..=last {
            let bin = self.bins.entry(number).or_default();
            let so_far = upto(number + 1);
            bin.bytes[kind(flow.protocol())] += so_far - before;
            bin.flows += if number == first { flows } else { 0 };
            before = so_far;
        }
        self.narrow();
    }

    /// Widens until all bins are few enough.
    fn narrow(&mut self) {
        while let (Some((first, _)), Some((last, _))) = (self.bins.first_key_value(), self.bins.last_key_value())
            && last - first >= MOST
        {
            self.widen();
        }
    }

    fn widen(&mut self) {
        let from = self.width();
        self.level += 1;
        let to = self.width();
        for (number, bin) in std::mem::take(&mut self.bins) {
            self.bins.entry((number * from).div_euclid(to)).or_default().merge(&bin);
        }
    }

    /// Adds all of another.
    pub(super) fn merge(&mut self, mut other: Course) {
        while self.level < other.level {
            self.widen();
        }
        while other.level < self.level {
            other.widen();
        }
        other.bins.iter().for_each(|(number, bin)| self.bins.entry(*number).or_default().merge(bin));
        for (a, b) in self.week.iter_mut().zip(other.week) {
            *a = (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
        }
        self.narrow();
    }
}

/// Seconds of a bin of this level.
fn width(level: u32) -> i64 {
    match WIDTHS.get(level as usize) {
        Some(width) => *width,
        // 2^63 ns are 15 000 weeks, so that few levels are ever reached.
        None => WIDTHS[WIDTHS.len() - 1] << (level + 1 - WIDTHS.len() as u32).min(20),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flow(seconds: i64, duration: u64, bytes: u64) -> Flow {
        let mut flow = Flow::new();
        flow.set_time(Time::from_seconds(seconds, 0).unwrap(), 3);
        flow.set_duration(duration * 1_000_000_000);
        assert!(flow.set_integer(field::BYTES, bytes) && flow.set_integer(field::PROTOCOL, 17));
        flow
    }

    #[test]
    fn widths_are_multiples_and_as_wide_as_the_span_needs() {
        assert!((0..14).all(|l| width(l + 1) % width(l) == 0 && width(l + 1) > width(l)));
        let mut course = Course::new();
        course.add(&flow(1000, 2, 30));
        assert_eq!((course.width(), course.bins.len(), course.bins[&1000].bytes), (1, 2, [0, 15, 0, 0]));
        course.add(&flow(1000 + 86_400, 0, 1));
        assert_eq!((course.width(), course.bins.len()), (900, 2));
        course.add(&flow(1000, u64::MAX / 2_000_000_000, 1));
        assert!(course.bins.len() <= MOST as usize && course.start(0).is_some());
        let total: u128 = course.bins.values().map(Bin::total).sum();
        assert_eq!((total, course.bins.values().map(|b| b.flows).sum::<u64>()), (32, 3));
        // 1000 s after the epoch is a Thursday, 00:16.
        assert_eq!(course.week[72], (31, 2));
    }

    proptest! {
        #[test]
        fn it_does_not_depend_on_order_or_parts(flows in prop::collection::vec((0i64..1 << 26, 0u64..1 << 22, 0u64..1 << 30, 0u32..20), 0..40), cut in 0usize..40) {
            let made: Vec<Flow> = flows.iter().map(|(at, d, b, shift)| flow(at >> shift, d >> shift, *b)).collect();
            let of = |flows: &mut dyn Iterator<Item = &Flow>| {
                let mut course = Course::new();
                flows.for_each(|f| course.add(f));
                course
            };
            let whole = of(&mut made.iter());
            prop_assert_eq!(&of(&mut made.iter().rev()), &whole);
            let cut = cut.min(made.len());
            let mut parts = of(&mut made[cut..].iter());
            parts.merge(of(&mut made[..cut].iter()));
            prop_assert_eq!(&parts, &whole);
            let bytes: u64 = flows.iter().map(|f| f.2).sum();
            prop_assert_eq!(whole.bins.values().map(Bin::total).sum::<u128>(), u128::from(bytes));
        }
    }
}
