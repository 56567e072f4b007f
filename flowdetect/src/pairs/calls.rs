//! Every flow of a pair by itself: when it began, how much it sent, to which port.
//!
//! Flows are written down one after the other, which costs no look-up, and put together by pair and port at the end; most
//! pairs have too few to be looked at. Bound: 24 bytes a flow, and at the end as much again for those of the pairs that
//! are looked at.

use crate::ends::Ends;
use flow_record::map::Map;
use flow_record::stats::Same;

/// Flows in a chunk.
const CHUNK: usize = 8192;

/// Stands for the bytes of a flow that has none.
const NO_BYTES: u64 = u64::MAX;

/// A flow that has a time, both ends and a port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// In nanoseconds.
    start: i64,
    bytes: u64,
    /// Place of the pair.
    pair: u32,
    port: u16,
    protocol: u8,
    has_protocol: bool,
}

impl Call {
    #[inline]
    pub(super) fn new(pair: u32, port: u16, start: i64, bytes: Option<u64>, protocol: Option<u8>) -> Call {
        let (bytes, has_protocol) = (bytes.unwrap_or(NO_BYTES), protocol.is_some());
        Call { start, bytes, pair, port, protocol: protocol.unwrap_or(0), has_protocol }
    }
}

/// Flows, in no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Vec<Vec<Call>>);

/// The calls from one end to a port of another.
#[derive(Debug)]
pub(crate) struct Service<'c> {
    /// Who calls whom.
    pub(crate) ends: Ends,
    /// The destination port.
    pub(crate) port: u16,
    /// By start, ascending.
    calls: &'c [Call],
}

impl Service<'_> {
    /// Their starts in nanoseconds, ascending.
    pub(crate) fn starts(&self) -> impl Iterator<Item = i64> {
        self.calls.iter().map(|call| call.start)
    }

    /// The bytes of those that have any, in no order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u64> {
        self.calls.iter().map(|call| call.bytes).filter(|bytes| *bytes != NO_BYTES)
    }

    /// The protocol of all.
    pub(crate) fn protocol(&self) -> Option<u8> {
        let mut protocol = Same::default();
        self.calls.iter().for_each(|call| protocol.add(call.has_protocol.then_some(call.protocol)));
        protocol.one()
    }
}

impl Calls {
    #[inline]
    pub(super) fn push(&mut self, call: Call) {
        match self.0.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(call),
            first => {
                let mut chunk = Vec::with_capacity(if first.is_none() { 4 } else { CHUNK });
                chunk.push(call);
                self.0.push(chunk);
            }
        }
    }

    /// Adds the flows of another state, whose pairs are now where `place` says; those of pairs that are gone are left out.
    pub(super) fn merge(&mut self, other: Calls, place: impl Fn(u32) -> Option<u32>) {
        for call in other.0.into_iter().flatten() {
            if let Some(pair) = place(call.pair) {
                self.push(Call { pair, ..call });
            }
        }
    }

    /// Gives every pair and port with at least `flows` flows to `take`, in no order.
    pub(super) fn services(&self, flows: u64, ends: impl Fn(u32) -> Ends, mut take: impl FnMut(Service<'_>)) {
        let mut calls = self.of_busy_pairs(flows);
        calls.sort_unstable_by_key(|call| (call.pair, call.port, call.start));
        for service in calls.chunk_by(|a, b| (a.pair, a.port) == (b.pair, b.port)) {
            if let Some(first) = service.first().filter(|_| service.len() as u64 >= flows) {
                take(Service { ends: ends(first.pair), port: first.port, calls: service });
            }
        }
    }

    /// The flows of the pairs with at least so many.
    fn of_busy_pairs(&self, flows: u64) -> Vec<Call> {
        let mut counts: Map<u32, u64> = Map::default();
        let all = || self.0.iter().flatten();
        // Places are dense: a list by place, with the few of the other half beyond its end in a map.
        let mut dense = vec![0u32; all().map(|c| c.pair).filter(|p| *p < 1 << 31).max().map_or(0, |p| p as usize + 1)];
        for call in all() {
            match dense.get_mut(call.pair as usize) {
                Some(count) => *count = count.saturating_add(1),
                None => *counts.entry(call.pair).or_default() += 1,
            }
        }
        let count = |pair: u32| match dense.get(pair as usize) {
            Some(count) => u64::from(*count),
            None => counts.get(&pair).copied().unwrap_or(0),
        };
        let n = all().filter(|call| count(call.pair) >= flows).count();
        let mut busy = Vec::with_capacity(n);
        busy.extend(all().filter(|call| count(call.pair) >= flows));
        busy
    }
}
