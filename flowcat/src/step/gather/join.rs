//! Records made of the flows that wait: streams and pairs, joined field by field and member by member.
//!
//! Invariant: nothing is lost. Flows whose sum would be beyond what a count may be end one record and begin another; flows
//! whose joined line no filter would take stay apart, which is told. Where two say different things of the same, the
//! first one's value stays, of two directions the client's, which is told once at the end.

use super::group::{Made, NONE, Out};
use super::store::Store;
use crate::step::biflow::Judge;
use crate::step::conversation::{Key, absorb};
use crate::step::differ::Differences;
use crate::step::member::{Members, Room, write_word};
use crate::step::{Form, Next, Record};
use flow_record::people::count;
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::scan::UNFIT;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The flows that wait, and how they are chained.
#[derive(Clone, Copy)]
pub(super) struct Chains<'k> {
    pub(super) store: &'k Store,
    /// The next flow of the same stream.
    pub(super) links: &'k [u32],
    /// Duplicates are left out, not marked.
    pub(super) drops: bool,
}

impl Chains<'_> {
    /// The next flow of the stream that a flow is of, or [`NONE`].
    fn next(&self, flow: u32) -> u32 {
        self.links.get(flow as usize).copied().unwrap_or(NONE)
    }
}

/// A flow and its further members.
#[derive(Debug, Default)]
struct Whole {
    flow: Flow,
    members: Members,
}

impl Whole {
    fn record(&self) -> Record<'_> {
        Record { flow: &self.flow, form: Form::Fields(&self.members.text) }
    }
}

/// What flows of a stream became one.
#[derive(Clone, Copy, Debug)]
struct Stream {
    /// The one with which another record begins, or [`NONE`].
    rest: u32,
    /// Those that became part of the first.
    merged: u64,
}

/// Where in the order a record stands whose first flow is not that of a stream.
type Rest = Reverse<(i64, u64, u32)>;

/// Makes records.
pub(super) struct Joiner {
    judge: Judge,
    /// The stream at hand and that of the other direction.
    wholes: [Whole; 2],
    part: Whole,
    room: Room,
    differences: Differences,
    rests: BinaryHeap<Rest>,
    duplicates: u64,
    /// Records that stayed apart, or duplicates without a mark, because of the length of a line.
    overgrown: u64,
}

impl Joiner {
    /// `pairs` says that directions are to be joined.
    pub(super) fn new(pairs: bool) -> Joiner {
        Joiner {
            judge: Judge::new(pairs),
            wholes: Default::default(),
            part: Whole::default(),
            room: Room::default(),
            differences: Differences::default(),
            rests: BinaryHeap::new(),
            duplicates: 0,
            overgrown: 0,
        }
    }

    /// Makes records, which are sorted by start, and hands them on.
    pub(super) fn all(&mut self, outs: &[Out], chains: Chains<'_>, next: &mut Next<'_, '_>) {
        for out in outs {
            self.rests_before(Some((out.start, out.hash, out.first)), chains, next);
            self.one(out, chains, next);
        }
        self.rests_before(None, chains, next);
    }

    /// Hands on the records that begin before this place in the order, of those that begin where a sum was full.
    fn rests_before(&mut self, place: Option<(i64, u64, u32)>, chains: Chains<'_>, next: &mut Next<'_, '_>) {
        while let Some(Reverse((start, hash, first))) = self.rests.pop() {
            if place.is_some_and(|place| place < (start, hash, first)) {
                return self.rests.push(Reverse((start, hash, first)));
            }
            self.stream(first, chains, next);
        }
    }

    fn one(&mut self, out: &Out, chains: Chains<'_>, next: &mut Next<'_, '_>) {
        match out.made {
            Made::Alone => {
                let form = chains.store.load_from(out.place, &mut self.part.flow);
                next.flow(Record { flow: &self.part.flow, form });
            }
            Made::Stream => self.stream(out.first, chains, next),
            Made::Pair(other) => self.pair([out.first, other], chains, next),
            Made::Duplicate(of) => self.duplicate(out.first, of, chains, next),
        }
    }

    /// Hands on the record of one stream.
    fn stream(&mut self, first: u32, chains: Chains<'_>, next: &mut Next<'_, '_>) {
        let stream = self.join(0, first, chains);
        self.begin_anew(stream, chains);
        let whole = &self.wholes[0];
        let fits = stream.merged == 0 || self.room.has(&whole.flow, &whole.members.text);
        self.differences.settle(fits);
        if fits && stream.merged > 0 {
            next.merged(stream.merged);
            return next.flow(whole.record());
        }
        self.overgrown += u64::from(!fits);
        let mut at = first;
        while at != stream.rest {
            let form = chains.store.load(at, &mut self.part.flow);
            next.flow(Record { flow: &self.part.flow, form });
            at = chains.next(at);
        }
    }

    /// Hands on the record of two streams of opposite directions.
    fn pair(&mut self, firsts: [u32; 2], chains: Chains<'_>, next: &mut Next<'_, '_>) {
        let streams = [self.join(0, firsts[0], chains), self.join(1, firsts[1], chains)];
        let [one, two] = &mut self.wholes;
        let (is_client, reason) = self.judge.judge(&one.flow, &two.flow);
        let (client, server) = if is_client { (one, two) } else { (two, one) };
        let is_pair = Key::of(&client.flow).is_same(&Key::of(&server.flow))
            && absorb(&mut client.flow, &server.flow, false, &mut self.differences);
        if is_pair {
            client.members.adopt(&mut server.members, false, &mut self.differences);
            write_word("dir_reason", reason, &mut client.members.text);
        }
        let fits = self.room.has(&client.flow, &client.members.text);
        self.differences.settle(is_pair && fits);
        if is_pair && fits {
            next.merged(1 + streams[0].merged + streams[1].merged);
            next.flow(client.record());
            return streams.into_iter().for_each(|stream| self.begin_anew(stream, chains));
        }
        self.overgrown += u64::from(is_pair);
        for first in firsts {
            self.stream(first, chains, next);
        }
    }

    /// Joins the flows of a stream, as far as they make one record, into the whole of this number.
    fn join(&mut self, number: usize, first: u32, chains: Chains<'_>) -> Stream {
        let Whole { flow, members } = &mut self.wholes[number];
        let part = &mut self.part;
        members.load(chains.store.load(first, flow), &["dir_reason"]);
        let key = Key::of(flow);
        let mut stream = Stream { rest: chains.next(first), merged: 0 };
        while stream.rest != NONE {
            let form = chains.store.load(stream.rest, &mut part.flow);
            let of_part = Key::of(&part.flow);
            let same = key.from_low == of_part.from_low;
            // Another conversation may have the same hash.
            if !key.is_same(&of_part) || !absorb(flow, &part.flow, same, &mut self.differences) {
                break;
            }
            part.members.load(form, &["dir_reason"]);
            members.adopt(&mut part.members, same, &mut self.differences);
            stream.merged += 1;
            stream.rest = chains.next(stream.rest);
        }
        stream
    }

    /// Keeps in mind that another record begins where this one ends.
    fn begin_anew(&mut self, stream: Stream, chains: Chains<'_>) {
        if let Some(flow) = chains.store.held.get(stream.rest as usize) {
            self.rests.push(Reverse((flow.start, flow.hash, stream.rest)));
        }
    }

    fn duplicate(&mut self, flow: u32, of: u32, chains: Chains<'_>, next: &mut Next<'_, '_>) {
        self.duplicates += 1;
        if chains.drops {
            return next.filtered();
        }
        chains.store.load(of, &mut self.part.flow);
        let exporter = self.part.flow.address(field::EXPORTER);
        let Whole { flow: marked, members } = &mut self.wholes[0];
        let form = chains.store.load(flow, marked);
        members.load(form, &["dup_of"]);
        if let Some(exporter) = exporter {
            write_word("dup_of", &exporter.to_string(), &mut members.text);
        }
        if self.room.has(marked, &members.text) {
            return next.flow(self.wholes[0].record());
        }
        self.overgrown += 1;
        next.flow(Record { flow: marked, form });
    }

    /// Says at the end what there is to say of all records.
    pub(super) fn tell(&mut self, next: &mut Next<'_, '_>) {
        next.detail("duplicates", std::mem::take(&mut self.duplicates));
        self.differences.tell(next);
        let overgrown = std::mem::take(&mut self.overgrown);
        next.detail("left apart", overgrown);
        if overgrown > 0 {
            next.warn("flows that stay as they came", || {
                let flows = count(overgrown, "flows");
                format!("{flows} stay apart or unmarked: joined or marked, their line would be {UNFIT}")
            });
        }
    }
}

#[cfg(test)]
mod tests;
