//! `--sort`: flows in the order of their start; those of the same start in the order in which they came.
//!
//! ```text
//! flow ─► packed, in memory ─┬► sorted ─────────────────────────► on, at the end or once --lateness has passed
//!                            └► --memory is full: a sorted run in a file (Spill) ─► merged ─► on, at the end
//! ```
//!
//! Flows without a time have the last start there is. With `--lateness` a flow leaves once the latest start lies that far
//! behind, and what comes after others that start later have left goes on at once and is counted. Invariant: each flow
//! leaves once, none changed. Bound: `--memory`; beyond it, files, or the run ends with 2 and none leaves.

mod spill;

pub(super) use spill::Spill;

use super::packed::{Place, pack, unpack};
use super::tick::Tick;
use super::{Next, Record, Step};
use flow_record::people::amount;
use flow_record::people::read::integer;
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::scan::LineKind;
use std::str::FromStr;

/// Bytes of flows that wait in memory, unless told.
pub(super) const MEMORY: u64 = 4_000_000_000;

/// The least that `--memory` may be: two of the longest lines, and what it takes to read runs of them.
const LEAST: u64 = 8_000_000;

/// How much is sorted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What may still be late; without `--lateness` all.
    Auto,
    /// All, whatever `--lateness` says.
    All,
}

impl FromStr for Extent {
    type Err = String;

    fn from_str(text: &str) -> Result<Extent, String> {
        match text {
            "auto" => Ok(Extent::Auto),
            "all" => Ok(Extent::All),
            _ => Err("nothing or all is expected, as --sort or --sort=all; flows are sorted by their start".into()),
        }
    }
}

/// A size of memory.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    integer(text).filter(|n| (LEAST..1 << 50).contains(n)).ok_or_else(|| "8M or more is expected, as 512M or 4G".into())
}

/// How flows are sorted.
pub(super) struct Plan {
    /// How late flows may come, in nanoseconds, if they are to go on before the end.
    pub(super) lateness: Option<i64>,
    /// Bytes in memory.
    pub(super) memory: u64,
    /// Where the rest waits.
    pub(super) spill: Option<Spill>,
}

/// One flow that waits.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Nanoseconds; the last where the flow has no time.
    start: i64,
    place: Place,
}

struct Sort {
    plan: Plan,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// The bytes of those that stay, while others leave.
    spare: Vec<u8>,
    /// The latest start of a flow whose clock is to be believed.
    newest: i64,
    /// What that was when flows last left.
    looked: i64,
    /// The start of the last flow that left.
    left: i64,
    late: u64,
    /// There was no room: nothing leaves any more.
    is_broken: bool,
    flow: Flow,
}

pub(super) fn step(plan: Plan) -> Box<dyn Step> {
    Box::new(Sort {
        plan,
        entries: Vec::new(),
        bytes: Vec::new(),
        spare: Vec::new(),
        newest: i64::MIN,
        looked: i64::MIN,
        left: i64::MIN,
        late: 0,
        is_broken: false,
        flow: Flow::new(),
    })
}

impl Step for Sort {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if self.is_broken {
            return next.unused(NO_ROOM);
        }
        let start = record.flow.time().map_or(i64::MAX, |t| t.nanos());
        if let Some(lateness) = self.plan.lateness {
            if start < self.left || start == i64::MAX {
                return self.hand_on_at_once(record, next);
            }
            if record.flow.text(field::CLOCK) != Some("implausible") {
                self.newest = self.newest.max(start);
            }
            self.keep(start, record, next);
            self.leave_by_time(lateness, next);
        } else {
            self.keep(start, record, next);
        }
    }

    fn line(&mut self, kind: LineKind<'_>, text: &str, next: &mut Next<'_, '_>) {
        match (Tick::of(kind, text), self.plan.lateness) {
            (Some(tick), Some(lateness)) => {
                self.newest = self.newest.max(tick.nanos);
                self.leave_by_time(lateness, next);
                tick.pass(self.entries.iter().map(|e| e.start).min(), next);
            }
            // What it says of the time is no longer true: earlier flows follow.
            _ if kind == LineKind::Tick => next.unused("tick"),
            _ => next.line(kind, text),
        }
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        next.detail("out of order", std::mem::take(&mut self.late));
        let Some(spill) = self.plan.spill.as_mut().filter(|s| !s.is_empty()) else {
            return self.leave(i64::MAX, next);
        };
        let (flow, mut handed_on) = (&mut self.flow, 0);
        let result = spill.add(&mut self.entries, &mut self.bytes).and_then(|()| {
            spill.merged(|place, bytes| {
                let form = unpack(bytes, place, flow);
                next.flow(Record { flow, form });
                handed_on += 1;
                !next.is_closed() && !next.wants_no_more()
            })
        });
        let left = (spill.clear() + self.entries.len() as u64).saturating_sub(handed_on);
        if left > 0 && result.is_ok() && next.wants_no_more() {
            next.filtered_all(left);
        } else if left > 0 {
            next.unused_all(NO_ROOM, left);
        }
        if let Err(error) = result {
            next.break_off(&error);
        }
    }
}

/// Why flows are not written.
const NO_ROOM: &str = "sorted in vain";

impl Sort {
    fn keep(&mut self, start: i64, record: Record<'_>, next: &mut Next<'_, '_>) {
        let place = pack(record, &mut self.bytes);
        self.entries.push(Entry { start, place });
        if (self.bytes.len() + self.entries.len() * size_of::<Entry>()) as u64 >= self.plan.memory {
            self.make_room(next);
        }
    }

    #[cold]
    fn make_room(&mut self, next: &mut Next<'_, '_>) {
        let size = amount(self.plan.memory as f64, "bytes");
        let result = match (self.plan.lateness, &mut self.plan.spill) {
            (None, Some(spill)) => spill.add(&mut self.entries, &mut self.bytes),
            (None, None) => Err(format!(
                "--sort: the flows take more than --memory has ({size}); --spill DIR sorts the rest in files, a larger --memory in memory"
            )),
            (Some(_), _) => Err(format!(
                "--sort: the flows of --lateness take more than --memory has ({size}); give more, or --sort=all and --spill DIR"
            )),
        };
        if let Err(text) = result {
            self.is_broken = true;
            let in_files = self.plan.spill.as_mut().map_or(0, Spill::clear);
            next.unused_all(NO_ROOM, in_files + self.entries.len() as u64);
            (self.entries, self.bytes) = (Vec::new(), Vec::new());
            next.break_off(&text);
        }
    }

    /// A flow that has no place in the order.
    #[cold]
    fn hand_on_at_once(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if let Some(time) = record.flow.time() {
            self.late += 1;
            let (digits, left) = (record.flow.time_digits(), flow_record::value::time::Time(self.left));
            next.warn("flows out of order", || {
                format!(
                    "a flow of {} comes after one of {} has gone on; --lateness is too small for this input, --sort=all sorts it whole",
                    time.to_text(digits),
                    left.to_text(digits)
                )
            });
        }
        next.flow(record);
    }

    /// Lets all leave that are as old as flows may be late, if the time has gone on enough.
    fn leave_by_time(&mut self, lateness: i64, next: &mut Next<'_, '_>) {
        if self.newest.saturating_sub(self.looked) > lateness / 4 {
            self.looked = self.newest;
            self.leave(self.newest.saturating_sub(lateness), next);
        }
    }

    /// Lets all leave that start at `until` or before.
    fn leave(&mut self, until: i64, next: &mut Next<'_, '_>) {
        sort(&mut self.entries);
        let count = self.entries.partition_point(|e| e.start <= until);
        for entry in &self.entries[..count] {
            let form = unpack(&self.bytes[entry.place.all()], entry.place, &mut self.flow);
            next.flow(Record { flow: &self.flow, form });
        }
        if let Some(last) = count.checked_sub(1).and_then(|at| self.entries.get(at)) {
            self.left = last.start;
        }
        self.entries.drain(..count);
        self.spare.clear();
        // In order, as they then came: where they are is what keeps flows of one start in order.
        for entry in &mut self.entries {
            let all = entry.place.all();
            entry.place.at = self.spare.len() as u64;
            self.spare.extend_from_slice(&self.bytes[all]);
        }
        std::mem::swap(&mut self.bytes, &mut self.spare);
    }
}

/// By start; flows of one start as they came, which is how their bytes lie.
fn sort(entries: &mut [Entry]) {
    entries.sort_unstable_by_key(|e| (e.start, e.place.at));
}

#[cfg(test)]
mod tests;
