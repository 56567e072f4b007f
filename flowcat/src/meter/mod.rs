//! Packets to two-way flows.
//!
//! ```text
//! Packet ─► packet::decode ─► Meter ─► Table: by key, and by last packet ─► Sink (flows, as they end)
//!                               ├─► Fragments: the flow of later fragments
//!                               └─► Statistics, Samples, app: what else is kept of a flow
//! ```
//!
//! A flow is what has the same addresses, ports, protocol and (innermost) VLAN, in either direction; the source is that of
//! its first packet. A packet that finds its flow silent for the idle timeout, or open for the active timeout, begins
//! another; FIN and RST end none. Packets are the clock: it never goes back, so that a packet with an earlier time than
//! the one before counts as of that time. Timeouts and gaps are counted in whole milliseconds, as nfstream does.
//!
//! Invariants: each packet belongs to one flow or is counted as unused; flows come out in an order that depends on the
//! packets alone: those that fall silent by their last packet, one that the active timeout ends when it is met, and the
//! rest at the end by their last packet. Bound: [`Plan::most`] flows, beyond which the one that was silent longest leaves.

mod app;
mod entry;
mod key;
pub(crate) mod options;
mod samples;
mod statistics;
mod table;

use crate::capture::Packet;
use crate::packet::fragment::{Fragment, Fragments, Head};
use crate::packet::{self, Headers, Lengths};
pub(crate) use app::Names;
use entry::Entry;
use flow_record::record::Flow;
use flow_record::record::statistics::EACH;
use key::Key;
use samples::Sample;
use statistics::Statistics;
use table::Table;

/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;

/// What is counted of a later fragment whose first did not come before it.
const HEADLESS: &str = "fragment without a head";

/// How packets are metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Milliseconds of silence that end a flow.
    pub(crate) idle: i64,
    /// Milliseconds after which a flow ends though it goes on.
    pub(crate) active: i64,
    /// Flows that are open at a time.
    pub(crate) most: usize,
    /// Looks into tunnels.
    pub(crate) inner: bool,
    /// What is open at the end of a capture goes on in the next.
    pub(crate) goes_on: bool,
    /// Statistics are kept of each flow.
    pub(crate) statistics: bool,
    /// Packets of each flow that are listed.
    pub(crate) samples: usize,
    /// What is a packet's size in statistics and lists.
    pub(crate) layer: Layer,
}

/// What is counted of a packet where statistics count bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Layer {
    /// The whole frame
    #[default]
    L2,
    /// IP header and what it carries
    L3,
    /// What IP carries
    L4,
    /// What TCP, UDP or ICMP carries
    Payload,
}

impl Layer {
    #[inline]
    fn of(self, lengths: &Lengths) -> u32 {
        match self {
            Layer::L2 => lengths.l2,
            Layer::L3 => lengths.l3,
            Layer::L4 => lengths.l4,
            Layer::Payload => lengths.payload,
        }
    }
}

/// Where flows go.
pub(crate) trait Sink {
    /// Takes a flow of so many packets, with further members, each as `,"name":value`.
    fn flow(&mut self, flow: &Flow, extras: &[u8], packets: u64);

    /// Counts a packet that belongs to no flow.
    fn unused(&mut self, why: &'static str);

    /// Whether no more flows are wanted.
    fn is_over(&self) -> bool;
}

/// Open flows, and the clock.
#[derive(Debug)]
pub(crate) struct Meter {
    plan: Plan,
    table: Table,
    fragments: Fragments,
    /// The latest time of a packet: nanoseconds since 1970, and whole milliseconds of them.
    now: i64,
    now_ms: i64,
    counts: Counts,
    /// Of each place of the table, where they are asked for.
    statistics: Vec<Statistics>,
    samples: Vec<Vec<Sample>>,
    /// `,"name":` of what these become.
    keys: Vec<Box<[u8]>>,
    guess: Names,
    /// Flows whose ClientHello is not whole.
    hellos: usize,
    flow: Flow,
    extras: Vec<u8>,
}

/// What is told of a run besides its flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets whose time is before that of the one before them.
    pub(crate) backwards: u64,
    /// Flows that left because there were too many.
    pub(crate) early: u64,
}

impl Meter {
    /// Without flows.
    pub(crate) fn new(plan: Plan) -> Meter {
        Meter {
            plan,
            table: Table::default(),
            fragments: Fragments::default(),
            now: i64::MIN,
            now_ms: i64::MIN,
            counts: Counts::default(),
            statistics: Vec::new(),
            samples: Vec::new(),
            keys: statistics::keys(),
            guess: Names::default(),
            hellos: 0,
            flow: Flow::new(),
            extras: Vec::new(),
        }
    }

    /// With these names of ports, which others have, too.
    pub(crate) fn with_names(self, guess: Names) -> Meter {
        Meter { guess, ..self }
    }

    /// What was counted since this was asked last.
    pub(crate) fn counted(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Takes the next packet of a capture.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) {
        match packet::decode(packet, self.plan.inner) {
            Ok(mut headers) => {
                if headers.fragment != Fragment::None && !self.settle(&mut headers, packet.time) {
                    return sink.unused(HEADLESS);
                }
                self.tick(packet.time, sink);
                self.take(&headers, packet.digits, sink);
            }
            Err(unfit) => sink.unused(unfit.name()),
        }
    }

    /// Ends all flows.
    pub(crate) fn finish(&mut self, sink: &mut impl Sink) {
        while let Some(oldest) = self.table.oldest().filter(|_| !sink.is_over()) {
            self.end(oldest, sink);
        }
        (self.now, self.now_ms) = (i64::MIN, i64::MIN);
        self.fragments = Fragments::default();
    }

    /// Keeps what a first fragment has, and gives it to a later one; false where that did not come.
    #[cold]
    fn settle(&mut self, headers: &mut Headers<'_>, time: Option<i64>) -> bool {
        let now = self.now_ms.max(time.map_or(i64::MIN, millis));
        match headers.fragment {
            Fragment::None => true,
            Fragment::First(id) => {
                self.fragments.keep(id, Head { ports: headers.ports, protocol: headers.protocol }, now);
                true
            }
            Fragment::Later(id) => match self.fragments.head(&id, now) {
                Some(head) => {
                    (headers.ports, headers.protocol) = (head.ports, head.protocol);
                    true
                }
                None => false,
            },
        }
    }

    /// Sets the clock by a packet, and ends the flows that are silent too long by then. A packet without a time comes at
    /// the time of the one before, and the first at that of 1970.
    #[inline]
    fn tick(&mut self, time: Option<i64>, sink: &mut impl Sink) {
        // The least stands for a clock that was not set yet.
        let time = time.unwrap_or(self.now.max(0)).max(i64::MIN + 1);
        if time <= self.now {
            self.counts.backwards += u64::from(time < self.now);
            return;
        }
        self.now = time;
        let now_ms = millis(time);
        if now_ms > self.now_ms {
            self.now_ms = now_ms;
            while let Some(oldest) = self.table.oldest()
                && self.is_silent(oldest)
            {
                self.end(oldest, sink);
            }
        }
    }

    #[inline]
    fn is_silent(&self, index: u32) -> bool {
        self.table.entry(index).is_some_and(|entry| self.now_ms - entry.last_ms >= self.plan.idle)
    }

    /// Adds a packet to its flow.
    #[inline]
    fn take(&mut self, headers: &Headers<'_>, digits: u8, sink: &mut impl Sink) {
        let (key, from_low) = Key::of(headers);
        let mut found = self.table.find(&key);
        if let Some(index) = found
            && let Some(entry) = self.table.entry(index)
            // Silent flows are gone, unless no silence is needed at all.
            && (self.now_ms - entry.first_ms >= self.plan.active || self.now_ms - entry.last_ms >= self.plan.idle)
        {
            self.end(index, sink);
            found = None;
        }
        let index = match found {
            Some(index) => {
                self.table.touch(index);
                index
            }
            None => {
                if self.table.len() >= self.plan.most {
                    self.make_room(sink);
                }
                let index = self.table.insert(Entry::new(key, from_low, digits, headers, self.now, self.now_ms));
                self.begin(index as usize);
                index
            }
        };
        let Some(entry) = self.table.entry_mut(index) else { return };
        let gap = (entry.packets() > 0).then(|| self.now_ms.abs_diff(entry.last_ms));
        let direction = entry.add(headers, from_low, self.now, self.now_ms);
        entry.seen.look(headers, direction == 0, &mut self.hellos);
        let size = self.plan.layer.of(&headers.lengths);
        if let Some(statistics) = self.statistics.get_mut(index as usize) {
            statistics.add(direction, size, headers.flags, self.now_ms, gap);
        }
        if let Some(samples) = self.samples.get_mut(index as usize).filter(|s| s.len() < self.plan.samples) {
            samples.push(Sample { direction: direction as u8, size, gap: gap.unwrap_or(0) });
        }
    }

    /// Makes room for what is kept of a flow besides.
    #[inline]
    fn begin(&mut self, place: usize) {
        if self.plan.statistics {
            match self.statistics.get_mut(place) {
                Some(statistics) => *statistics = Statistics::default(),
                None => self.statistics.resize_with(place + 1, Statistics::default),
            }
        }
        if self.plan.samples > 0 {
            match self.samples.get_mut(place) {
                Some(samples) => samples.clear(),
                None => self.samples.resize_with(place + 1, Vec::new),
            }
        }
    }

    /// Ends the flow that was silent longest.
    #[cold]
    fn make_room(&mut self, sink: &mut impl Sink) {
        if let Some(oldest) = self.table.oldest() {
            self.counts.early += 1;
            self.end(oldest, sink);
        }
    }

    /// Ends a flow.
    fn end(&mut self, index: u32, sink: &mut impl Sink) {
        let Some(entry) = self.table.entry(index) else { return };
        self.extras.clear();
        entry.fill(&mut self.flow);
        entry.seen.end(&mut self.hellos);
        self.guess.fill(&entry.seen, &mut self.flow, &mut self.extras);
        if let Some(statistics) = self.statistics.get(index as usize) {
            statistics.write(entry, &self.keys, &mut self.extras);
        }
        if let Some(samples) = self.samples.get(index as usize) {
            let keys = self.keys.get(3 * EACH..).unwrap_or_default();
            samples::write(samples, self.plan.samples, keys, &mut self.extras);
        }
        sink.flow(&self.flow, &self.extras, entry.packets());
        self.table.remove(index);
    }
}

/// Whole milliseconds of a time in nanoseconds.
#[inline]
fn millis(nanos: i64) -> i64 {
    nanos.div_euclid(MILLI)
}

#[cfg(test)]
mod tests;
