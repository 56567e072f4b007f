//! `fan`: how many hosts each end of a flow talks to, and is talked to by, around its start.
//!
//! Definition: the flows whose start lies in [start - window/2, start + window/2], both ends included, in whole
//! milliseconds. Invariant: for input that ends the counts do not depend on the order of lines. Cost: a constant number of
//! look-ups a flow (`window`). Bound: for a stream the flows of one window and of the lateness; for input that ends 52
//! bytes a flow beside its line, counted against `--memory`.

mod hosts;
mod window;

use super::{Ahead, Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record, keys};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::record::field::CLOCK;
use flow_record::value::{Time, number};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use window::{Entry, Window};

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "fan",
        about: "to and from how many hosts each end has flows around this one",
        explain: "\
Of the flows that start within window/2 before or after this one, both ends included, itself among them:

fan_out_src = distinct dst_ip of those with this src_ip as source
fan_in_src = distinct src_ip of those with this src_ip as destination
fan_in_dst = distinct src_ip of those with this dst_ip as destination
fan_out_dst = distinct dst_ip of those with this dst_ip as source

Starts count in whole milliseconds. Only flows with a start and both addresses count; rows and alerts pass.

Input that ends is kept until then, whatever its order: in memory up to --memory, beyond it in --spill. A stream needs
--lateness D, or ticks (flowcat --tick), with which it is 120 s: a flow leaves window/2 and D after its start, by the
starts that have come. One that comes later gets fan_late and the counts of the flows that are still there, and
does not count for others; one whose clock is implausible gets none. --lateness 0 is for files sorted by start: one pass,
memory of one window.",
        params: &[
            Param::new("window", ParamKind::Duration(1), "10s", "", "the time around the start, half of it before"),
            OVERWRITE,
        ],
        needs: &["timestamp", "src_ip", "dst_ip"],
        columns: &[
            Field::named("fan_out_src"),
            Field::named("fan_in_src"),
            Field::named("fan_in_dst"),
            Field::named("fan_out_dst"),
            Field::named("fan_late"),
        ],
        memory: "the flows of one window with --lateness, else all lines and 52 bytes a flow",
        source: "the window of a pandas loop over flows, as notebooks on DDoS traffic have it",
    },
    build: |args| {
        Ok(Box::new(Fan {
            keys: keys(&ENRICHER.spec),
            late_member: Member::truth("fan_late", true),
            lateness: None,
            window: Window::new((args.duration("window") / 2).min(FARTHEST) as i64),
            kept: Vec::new(),
            waiting: BinaryHeap::new(),
            newest: i64::MIN,
            horizon: i64::MIN,
            slots: VecDeque::new(),
            first: 0,
            settled: 0,
            late: 0,
        }))
    },
};

const LATE: usize = 4;

/// Half a window beyond which more makes no difference.
const FARTHEST: u64 = 1 << 62;

/// How late a stream's flows may be, in nanoseconds, where a tick says that it is one and nobody said how late.
const STREAM: u64 = 120_000_000_000;

const MILLISECOND: i64 = 1_000_000;

/// What is known of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Waiting,
    /// It has no start or no addresses, or is no flow.
    Nothing,
    /// It has, but is out of all time.
    Odd,
    Counts([u32; 4], bool),
}

struct Fan {
    keys: Vec<Vec<u8>>,
    late_member: Member,
    lateness: Option<i64>,
    window: Window,
    /// Flows of input that ends, until it does.
    kept: Vec<Entry>,
    /// Flows of a stream that others may still precede.
    waiting: BinaryHeap<Reverse<Entry>>,
    newest: i64,
    /// What starts before comes too late.
    horizon: i64,
    /// Of the lines that have not been enriched yet.
    slots: VecDeque<Slot>,
    /// The number of the line of the first slot.
    first: u64,
    settled: u64,
    late: u64,
}

impl Fan {
    /// Keeps what is known of a line by now.
    fn set(slots: &mut VecDeque<Slot>, first: u64, line: u64, slot: Slot) {
        if let Some(place) = slots.get_mut((line - first) as usize) {
            *place = slot;
        }
    }

    fn put(&mut self, entry: Entry) {
        let Fan { window, slots, first, .. } = self;
        window.put(entry, |line, counts, late| Fan::set(slots, *first, line, Slot::Counts(counts, late)));
    }

    /// Whatever starts before this has come, or is late.
    fn advance(&mut self, horizon: i64) {
        if horizon <= self.horizon {
            return;
        }
        self.horizon = horizon;
        while let Some(Reverse(entry)) = self.waiting.peek().copied().filter(|Reverse(entry)| entry.start <= horizon) {
            self.waiting.pop();
            self.put(entry);
        }
        let Fan { window, slots, first, .. } = self;
        window.settle(horizon, |line, counts, late| Fan::set(slots, *first, line, Slot::Counts(counts, late)));
    }

    fn hear(&mut self, start: i64) {
        self.newest = self.newest.max(start);
        if let Some(lateness) = self.lateness {
            self.advance(self.newest.saturating_sub(lateness));
        }
    }
}

impl Ahead for Fan {
    fn begin(&mut self, lateness: Option<u64>) {
        self.lateness = lateness.map(|nanos| nanos.min(FARTHEST) as i64);
    }

    fn learn(&mut self, record: &Record<'_, '_>) {
        let flow = record.flow();
        let line = self.first + self.slots.len() as u64;
        let (Some(time), Some(src), Some(dst), true) = (flow.time(), flow.src_ip(), flow.dst_ip(), record.is_flow())
        else {
            return self.slots.push_back(Slot::Nothing);
        };
        let start = time.nanos().div_euclid(MILLISECOND).saturating_mul(MILLISECOND);
        if self.lateness.is_some() && flow.text(CLOCK) == Some("implausible") {
            return self.slots.push_back(Slot::Odd);
        }
        self.slots.push_back(Slot::Waiting);
        let [src, dst] = self.window.hosts.meet(src, dst);
        let late = start < self.horizon;
        let entry = Entry { start: start.max(self.horizon), line, src, dst, late };
        match self.lateness {
            None => self.kept.push(entry),
            Some(_) if late => {
                self.late += 1;
                self.put(entry);
            }
            Some(_) => {
                self.waiting.push(Reverse(entry));
                self.hear(start);
            }
        }
    }

    fn tick(&mut self, time: Time) {
        if self.lateness.is_none() {
            self.lateness = Some(STREAM as i64);
            let kept = std::mem::take(&mut self.kept);
            self.newest = kept.iter().map(|entry| entry.start).max().unwrap_or(i64::MIN);
            self.waiting = kept.into_iter().map(Reverse).collect();
        }
        self.hear(time.nanos());
    }

    fn settled(&mut self) -> u64 {
        let mut at = self.settled;
        while matches!(self.slots.get((at - self.first) as usize), Some(slot) if *slot != Slot::Waiting) {
            at += 1;
        }
        self.settled = at;
        at
    }

    fn finish(&mut self) -> Result<(), String> {
        let mut kept = std::mem::take(&mut self.kept);
        if !kept.is_sorted() {
            kept.sort_unstable();
        }
        for entry in kept {
            self.put(entry);
        }
        self.advance(i64::MAX);
        let Fan { window, slots, first, .. } = self;
        window.close(|line, counts, late| Fan::set(slots, *first, line, Slot::Counts(counts, late)));
        Ok(())
    }

    fn memory(&self) -> u64 {
        (self.kept.len() * size_of::<Entry>() + self.slots.len() * size_of::<Slot>()) as u64
    }
}

impl Enrich for Fan {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        self.first += 1;
        let slot = self.slots.pop_front();
        let Some(Slot::Counts(counts, late)) = slot else {
            return Outcome::of(slot == Some(Slot::Odd) || !record.is_flow());
        };
        for (column, count) in counts.into_iter().enumerate() {
            record.write(column, &self.keys[column], |out| number::write_integer(count.into(), out));
        }
        if late {
            record.put(LATE, &self.late_member);
        }
        Outcome::Done
    }

    // Where lines are learnt from there is one worker.
    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Fan {
            keys: self.keys.clone(),
            late_member: self.late_member.clone(),
            window: Window::new(self.window.half()),
            kept: Vec::new(),
            waiting: BinaryHeap::new(),
            slots: VecDeque::new(),
            ..*self
        })
    }

    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        let text = "came after their window had closed, so that they count for no other";
        if self.late > 0 { vec![format!("flows that {text} (fan_late): {}", self.late)] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
