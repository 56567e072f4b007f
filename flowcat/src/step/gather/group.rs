//! The flows of one conversation, in order of time: which are reported twice, which are pieces of one, which are the two
//! directions of one.
//!
//! A [`Stream`] is what becomes one record of one direction (or of both, where the source counts both). Its members are
//! chained by `links`, so that nothing is allocated for each. Invariant: each flow is in one stream, or marked as a
//! duplicate; each stream is in one [`Out`]. Nothing depends on the order in which the flows came.

use super::store::{Held, Place};
use super::{Dedup, Plan};

/// No flow.
pub(super) const NONE: u32 = u32::MAX;

/// A record that comes out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    pub(super) start: i64,
    pub(super) hash: u64,
    /// Last moment of all its flows.
    pub(super) end: i64,
    /// Its first flow.
    pub(super) first: u32,
    pub(super) place: Place,
    pub(super) made: Made,
}

impl Out {
    fn of(flow: &Held, first: u32, made: Made) -> Out {
        Out { start: flow.start, hash: flow.hash, end: flow.end, first, place: flow.place, made }
    }
}

/// How a record is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Of one flow.
    Alone,
    /// Of one stream.
    Stream,
    /// Of this stream and that with this first flow, the other direction.
    Pair(u32),
    /// A duplicate of this flow.
    Duplicate(u32),
}

/// Flows that become one record.
#[derive(Clone, Copy, Debug)]
struct Stream {
    first: u32,
    last: u32,
    /// First and last moment, and the marks of all.
    whole: Held,
    /// It is part of another stream, or has its place in a record.
    is_taken: bool,
}

/// An exporter, and its last stream of one direction, of the other, and of both.
type Open = (u64, [Option<usize>; 3]);

/// Exporters whose pieces of one conversation are joined at a time.
const EXPORTERS: usize = 8;

/// What is kept from one conversation to the next, so that nothing is allocated for each.
#[derive(Debug, Default)]
pub(super) struct Groups {
    streams: Vec<Stream>,
    /// How many free streams of each direction stand before each.
    before: Vec<[u32; 2]>,
    /// The streams of each exporter that may go on.
    open: Vec<Open>,
    /// The next flow of the same stream.
    pub(super) links: Vec<u32>,
    pub(super) outs: Vec<Out>,
}

impl Groups {
    /// Works on all flows, sorted by conversation and time.
    pub(super) fn all(&mut self, held: &[Held], plan: &Plan) {
        self.outs.clear();
        self.links.clear();
        self.links.resize(held.len(), NONE);
        let mut at = 0;
        while let Some(first) = held.get(at) {
            let count = held[at..].iter().take_while(|h| h.hash == first.hash).count();
            match count {
                1 => self.outs.push(Out::of(first, at as u32, Made::Alone)),
                _ => self.one(held, at..at + count, plan),
            }
            at += count;
        }
    }

    /// Makes what begins in a conversation after a record that is not done wait for that one, with whose flows it may yet be
    /// joined otherwise.
    pub(super) fn hold_back(&mut self, is_done: impl Fn(&Out) -> bool) {
        for outs in self.outs.chunk_by_mut(|a, b| a.hash == b.hash) {
            let undone =
                outs.iter().filter(|out| !is_done(out)).min_by_key(|out| out.start).map(|out| (out.start, out.end));
            if let Some((start, end)) = undone {
                outs.iter_mut().filter(|out| out.start >= start).for_each(|out| out.end = out.end.max(end));
            }
        }
    }

    fn one(&mut self, held: &[Held], places: std::ops::Range<usize>, plan: &Plan) {
        self.streams.clear();
        self.open.clear();
        let mut known = [None; 2];
        for place in places {
            let flow = &held[place];
            // What counts elsewhere is not counted twice.
            if flow.marks.is_duplicate {
                self.outs.push(Out::of(flow, place as u32, Made::Alone));
                continue;
            }
            if let Some(dedup) = plan.dedup
                && let Some(of) = primary(held, &mut known, place as u32, dedup)
            {
                self.outs.push(Out::of(flow, place as u32, Made::Duplicate(of)));
                continue;
            }
            let gap = plan.rejoin.unwrap_or(0);
            let open = self.opened(flow.exporter);
            match plan.rejoin.and_then(|_| self.home(flow, open, gap)) {
                Some(home) => self.append(home, flow, place as u32),
                None => {
                    self.open[open].1[side(flow)] = Some(self.streams.len());
                    let (first, last) = (place as u32, place as u32);
                    self.streams.push(Stream { first, last, whole: *flow, is_taken: false });
                    if flow.marks.is_two_way && plan.rejoin.is_some() {
                        self.gather_one_way(open, gap);
                    }
                }
            }
        }
        if let Some(timeout) = plan.pair {
            self.pair(held, timeout);
        }
        for stream in self.streams.iter().filter(|s| !s.is_taken) {
            self.outs.push(stream.out(if stream.first == stream.last { Made::Alone } else { Made::Stream }));
        }
    }

    /// The place in `open` of an exporter: pieces of one connection come from one.
    fn opened(&mut self, exporter: u64) -> usize {
        if let Some(at) = self.open.iter().position(|(known, _)| *known == exporter) {
            return at;
        }
        if self.open.len() == EXPORTERS {
            self.open.remove(0);
        }
        self.open.push((exporter, [None; 3]));
        self.open.len() - 1
    }

    /// The stream that a flow is the next piece of.
    fn home(&self, flow: &Held, open: usize, timeout: i64) -> Option<usize> {
        let fits = |at: &usize| self.streams[*at].continues(flow, timeout);
        let open = self.open[open].1;
        open[2].filter(fits).or_else(|| open[side(flow)].filter(fits))
    }

    fn append(&mut self, home: usize, flow: &Held, place: u32) {
        let stream = &mut self.streams[home];
        self.links[stream.last as usize] = place;
        stream.last = place;
        stream.widen(flow);
    }

    /// The newest stream counts both directions: open ones of one direction that it continues are its pieces.
    fn gather_one_way(&mut self, open: usize, timeout: i64) {
        let newest = self.streams.len() - 1;
        for place in [0, 1] {
            let Some(at) =
                self.open[open].1[place].filter(|at| self.streams[*at].continues(&self.streams[newest].whole, timeout))
            else {
                continue;
            };
            let (first, last, whole) = (self.streams[at].first, self.streams[at].last, self.streams[at].whole);
            self.streams[at].is_taken = true;
            self.open[open].1[place] = None;
            // The two-way flow stays the first: its direction is the stream's.
            let stream = &mut self.streams[newest];
            self.links[stream.last as usize] = first;
            stream.last = last;
            stream.widen(&whole);
        }
    }

    /// Joins streams of opposite directions, one to one in order of time. What becomes of a stream is told by those that
    /// begin before its timeout, and by what became of earlier ones: no later flow changes it.
    fn pair(&mut self, held: &[Held], timeout: i64) {
        self.before.clear();
        let mut count = [0, 0];
        for stream in &self.streams {
            self.before.push(count);
            if stream.is_free() {
                count[side(&stream.whole)] += 1;
            }
        }
        self.before.push(count);
        // The first stream of each direction that may be free; both only go forward.
        let mut next = [0, 0];
        for at in 0..self.streams.len() {
            let one = self.streams[at];
            if !one.is_free() {
                continue;
            }
            let (own, other) = (side(&one.whole), 1 - side(&one.whole));
            let fits = |s: &Stream| s.is_free() && side(&s.whole) == other;
            let from = next[other].max(at + 1);
            let found = self.streams[from..].iter().position(fits).map_or(self.streams.len(), |n| from + n);
            next[other] = found;
            let Some(partner) = self.streams.get(found).filter(|s| one.whole.reaches(&s.whole, timeout)) else {
                continue;
            };
            // Where one direction has more streams, some of them stay alone: not the one that fits best.
            let begins = |s: &Stream| held[s.first as usize].start;
            let until = self.streams.partition_point(|s| begins(s) < one.whole.end.saturating_add(timeout)).max(found);
            let count = |side: usize, from: usize| self.before[until][side] - self.before[from][side];
            let is_spare = count(own, at) > count(other, found);
            if partner.whole.unit != one.whole.unit || is_spare && self.is_better_served(at, &partner.whole) {
                continue;
            }
            let mut out = one.out(Made::Pair(partner.first));
            out.end = out.end.max(partner.whole.end);
            self.outs.push(out);
            (self.streams[at].is_taken, self.streams[found].is_taken) = (true, true);
        }
    }

    /// Whether the next stream of this direction begins nearer to the partner than this one, and before it.
    fn is_better_served(&self, at: usize, partner: &Held) -> bool {
        let one = &self.streams[at].whole;
        let next = self.streams[at + 1..].iter().find(|s| s.is_free() && side(&s.whole) == side(one));
        next.is_some_and(|s| {
            s.whole.unit == partner.unit && s.whole.start <= partner.start && s.whole.start > one.start
        })
    }
}

impl Stream {
    fn out(&self, made: Made) -> Out {
        Out::of(&self.whole, self.first, made)
    }

    fn is_free(&self) -> bool {
        !self.is_taken && !self.whole.marks.is_two_way
    }

    /// Whether a later flow goes on with this stream: soon enough, and not by a new connection.
    fn continues(&self, flow: &Held, timeout: i64) -> bool {
        let whole = &self.whole;
        let is_new = whole.marks.ends && flow.marks.begins && flow.start >= whole.end;
        whole.unit == flow.unit && whole.reaches(flow, timeout) && !is_new
    }

    fn widen(&mut self, flow: &Held) {
        let whole = &mut self.whole;
        (whole.start, whole.end) = (whole.start.min(flow.start), whole.end.max(flow.end));
        whole.marks.ends |= flow.marks.ends;
        whole.marks.begins |= flow.marks.begins;
    }
}

/// One direction, the other, or both.
fn side(flow: &Held) -> usize {
    match (flow.marks.is_two_way, flow.marks.from_low) {
        (true, _) => 2,
        (false, low) => usize::from(low),
    }
}

/// What one exporter has told of a direction so far: its last flow's place and start, and the last moment of all.
type Known = Option<(u32, i64, i64)>;

/// The flow that a flow repeats: one of another exporter that goes on while this one starts, or starts at that time.
fn primary(held: &[Held], known: &mut [Known; 2], place: u32, dedup: Dedup) -> Option<u32> {
    let flow = &held[place as usize];
    if flow.exporter == 0 {
        return None;
    }
    let known = &mut known[usize::from(flow.marks.from_low)];
    match *known {
        Some((of, start, end)) if held[of as usize].exporter != flow.exporter => {
            if flow.start < end || flow.start.saturating_sub(start) < dedup.window {
                return Some(of);
            }
            *known = Some((place, flow.start, flow.end));
        }
        Some((_, _, end)) => *known = Some((place, flow.start, flow.end.max(end))),
        None => *known = Some((place, flow.start, flow.end)),
    }
    None
}
