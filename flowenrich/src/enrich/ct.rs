//! `ct`: how many of the last flows share a flow's ends, ports or service: the counts of data set UNSW-NB15.
//!
//! The last flows are those that ended last before or with this one, itself among them, in the order of their end and then
//! of their line. Invariant: for input that ends the counts do not depend on the order of lines. Cost: one look at each of
//! the last flows. Bound: those and the flows of the lateness; for input that ends 112 bytes a flow beside its line,
//! counted against `--memory`.

use super::{Ahead, ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::record::field::APP;
use flow_record::scan::walk::unquoted;
use flow_record::value::{Address, Time, number};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "ct",
        about: "how many of the last 100 flows share ends, ports, service",
        explain: "\
Of the last 100 flows (last=), this one among them, those that have the same

ct_srv_src: service and src_ip; ct_srv_dst: service and dst_ip; ct_dst_ltm: dst_ip; ct_src_ltm: src_ip;
ct_src_dport_ltm: src_ip and dst_port; ct_dst_sport_ltm: dst_ip and src_port; ct_dst_src_ltm: src_ip and dst_ip.

The last flows are those that ended before it or with it, by timestamp and duration, then by the order of lines. The
service is app, else service; flows without either have the same. Only flows with a start and both addresses count; a port
that is absent is 0. Rows and alerts pass.

These are the definitions that the authors of UNSW-NB15 give. The columns that they published are other: on their first
file, which is in the order of whole seconds, ct_srv_src and ct_srv_dst are nearest to 50 flows to either side.

Input that ends is kept until then, whatever its order: in memory up to --memory, beyond it in --spill. A stream needs
--lateness D, or ticks (flowcat --tick), with which it is 120 s; what ends earlier than that counts from when it comes.",
        params: &[Param::new("last", ParamKind::Integer(1, 10_000), "100", "flows", "how many flows"), OVERWRITE],
        needs: &ENDS,
        columns: &[
            Field::named("ct_srv_src"),
            Field::named("ct_srv_dst"),
            Field::named("ct_dst_ltm"),
            Field::named("ct_src_ltm"),
            Field::named("ct_src_dport_ltm"),
            Field::named("ct_dst_sport_ltm"),
            Field::named("ct_dst_src_ltm"),
        ],
        memory: "the last flows with --lateness, else all lines and 112 bytes a flow",
        source: "N. Moustafa, J. Slay, UNSW-NB15: a comprehensive data set for network intrusion detection systems, MilCIS 2015",
    },
    build: |args| {
        Ok(Box::new(Ct {
            keys: keys(&ENRICHER.spec),
            hash: ahash::RandomState::new(),
            most: args.integer("last") as usize,
            lateness: None,
            last: VecDeque::new(),
            kept: Vec::new(),
            waiting: BinaryHeap::new(),
            newest: i64::MIN,
            slots: VecDeque::new(),
            first: 0,
            settled: 0,
        }))
    },
};

/// How late a stream's flows may be, in nanoseconds, where a tick says that it is one and nobody said how late.
const STREAM: u64 = 120_000_000_000;

/// Counts by column.
type Counts = [u16; 7];

/// What flows are compared by.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    src: Address,
    dst: Address,
    /// The service's hash under a key that nobody knows; two services that share one are not met.
    service: u64,
    src_port: u16,
    dst_port: u16,
}

/// A flow that waits for its turn.
#[derive(Clone, Copy)]
struct Entry {
    /// Nanoseconds.
    end: i64,
    line: u64,
    ends: Ends,
}

impl Entry {
    fn turn(&self) -> (i64, u64) {
        (self.end, self.line)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.turn() == other.turn()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.turn().cmp(&other.turn())
    }
}

/// What is known of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Waiting,
    /// It is no flow, or lacks what is compared.
    Nothing,
    Counts(Counts),
}

#[derive(Clone)]
struct Ct {
    keys: Vec<Vec<u8>>,
    hash: ahash::RandomState,
    most: usize,
    lateness: Option<u64>,
    /// The flows that were counted last.
    last: VecDeque<Ends>,
    /// Flows of input that ends, until it does.
    kept: Vec<Entry>,
    /// Flows of a stream that others may still precede.
    waiting: BinaryHeap<Reverse<Entry>>,
    newest: i64,
    /// Of the lines that have not been enriched yet.
    slots: VecDeque<Slot>,
    /// The number of the line of the first slot.
    first: u64,
    settled: u64,
}

impl Ct {
    /// The next flow in order.
    fn count(&mut self, entry: &Entry) {
        if self.last.len() == self.most {
            self.last.pop_front();
        }
        self.last.push_back(entry.ends);
        let mut counts = [0; 7];
        let this = entry.ends;
        for other in &self.last {
            let (src, dst) = (other.src == this.src, other.dst == this.dst);
            let service = other.service == this.service;
            let shared = [
                service && src,
                service && dst,
                dst,
                src,
                src && other.dst_port == this.dst_port,
                dst && other.src_port == this.src_port,
                src && dst,
            ];
            for (count, is_shared) in counts.iter_mut().zip(shared) {
                *count += u16::from(is_shared);
            }
        }
        if let Some(slot) = self.slots.get_mut((entry.line - self.first) as usize) {
            *slot = Slot::Counts(counts);
        }
    }

    /// Nothing that ends before `end` is still expected.
    fn advance(&mut self, end: i64) {
        while let Some(Reverse(entry)) = self.waiting.peek().copied().filter(|Reverse(entry)| entry.end <= end) {
            self.waiting.pop();
            self.count(&entry);
        }
    }

    fn hear(&mut self, end: i64) {
        self.newest = self.newest.max(end);
        if let Some(lateness) = self.lateness {
            self.advance(self.newest.saturating_sub_unsigned(lateness));
        }
    }

    fn service(&self, record: &Record<'_, '_>) -> u64 {
        match (record.flow().text(APP), record.value(0)) {
            (Some(app), _) => self.hash.hash_one(app),
            (None, Some(service)) => self.hash.hash_one(&*unquoted(service)),
            (None, None) => 0,
        }
    }
}

impl Ahead for Ct {
    fn begin(&mut self, lateness: Option<u64>) {
        self.lateness = lateness;
    }

    fn learn(&mut self, record: &Record<'_, '_>) {
        let flow = record.flow();
        let line = self.first + self.slots.len() as u64;
        let (Some(time), Some(src), Some(dst), true) = (flow.time(), flow.src_ip(), flow.dst_ip(), record.is_flow())
        else {
            return self.slots.push_back(Slot::Nothing);
        };
        self.slots.push_back(Slot::Waiting);
        let end = time.nanos().saturating_add_unsigned(flow.duration().unwrap_or(0));
        let (src_port, dst_port) = (flow.src_port().unwrap_or(0), flow.dst_port().unwrap_or(0));
        let ends = Ends { src, dst, service: self.service(record), src_port, dst_port };
        let entry = Entry { end, line, ends };
        match self.lateness {
            None => self.kept.push(entry),
            Some(_) => {
                self.waiting.push(Reverse(entry));
                self.hear(end);
            }
        }
    }

    fn tick(&mut self, time: Time) {
        if self.lateness.is_none() {
            self.lateness = Some(STREAM);
            self.waiting = std::mem::take(&mut self.kept).into_iter().map(Reverse).collect();
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
            self.count(&entry);
        }
        self.advance(i64::MAX);
        Ok(())
    }

    fn memory(&self) -> u64 {
        (self.kept.len() * size_of::<Entry>() + self.slots.len() * size_of::<Slot>()) as u64
    }
}

impl Enrich for Ct {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        self.first += 1;
        let Some(Slot::Counts(counts)) = self.slots.pop_front() else { return Outcome::of(!record.is_flow()) };
        for (column, count) in counts.into_iter().enumerate() {
            record.write(column, &self.keys[column], |out| number::write_integer(count.into(), out));
        }
        Outcome::Done
    }

    fn reads(&self) -> Vec<String> {
        vec!["service".to_owned()]
    }

    // Where lines are learnt from there is one worker.
    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }

    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        Some(self)
    }
}
