//! `group`: aggregates of any fields by any key.
//!
//! `aggregate`: what is asked for; `slot`: what is kept of a key for it. Several aggregates of a field share a slot.

mod aggregate;
mod slot;

use super::groups::Groups;
use super::heavy::{ERROR, Heavy};
use super::params;
use super::rows::Rows;
use super::shelf::Runs;
use super::{ToRows, View, ViewState};
use aggregate::{Aggregate, Plan, Value};
use anyhow::Context;
use flow_record::item::{Args, Param, ParamKind, Spec, nearest};
use flow_record::record::Kind;
use flow_record::record::key::{Key, KeySpec};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken};
use flow_record::stats::SketchKey;
use slot::Slot;
use std::cmp::Ordering;
use std::path::Path;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "group",
        about: "count, sum, quantiles, distinct values of any fields by any key",
        explain: "One row for each key, ascending: group:by=src_ip/24+dst_port,agg=count+sum(bytes)+distinct(dst_ip). by names the
fields of the key, joined by +; any member of a line will do, and addresses take a prefix length.

agg is a list of: count (flows; a record that stands for several counts as so many), first and last (earliest and latest start),
and of a field: sum, mean, std (sample deviation, divisor n - 1), min, max, median, pNN (a quantile as p95 or p99.9, type 7),
distinct (number of distinct values; of any field), and rate (the sum over the seconds from the first start to the latest end of
the key's flows). The column of sum(bytes) is bytes_sum, that of p95(bytes) bytes_p95. A flow that lacks a field is no value of
it; an aggregate without a value is left out. Durations are in seconds.

Fields of the record that are numbers are summed exactly; quantiles are exact up to 1024 values of a key, distinct values up to
65 536 (ports always). Of other members the numbers are taken, and all are kept.

With top=N the N rows of the largest measure come, largest first: measure names one of the columns, the first unless told.

approx=true keeps a sketch instead of all keys, whatever their number, for count and sum of fields of the record: the top=
(10 unless told) keys, with sums that are never too small and with a probability of 99 % too large by at most 0.017 % of the
sum over all keys, which error says of the measure.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip", "", "fields of the key"),
            Param::new("agg", ParamKind::Text, "count+sum(bytes)+sum(packets)", "", "what is computed, joined by +"),
            params::TOP,
            Param::new("measure", ParamKind::Text, "", "", "the column that rows are ranked by if top is given"),
            Param::new("approx", ParamKind::Truth, "false", "", "whether a sketch is kept instead of all keys"),
        ],
        needs: &["timestamp", "duration", "src_ip", "dst_ip", "dst_port", "bytes", "packets", "flows"],
        columns: &[
            column("src_ip", Kind::Any, "", "the key: whatever by says"),
            column("count", columns::SUM, "flows", "flows"),
            column("bytes_sum", Kind::Number, "", "sum of a field, here bytes"),
            column("packets_sum", Kind::Number, "", "the same of packets"),
            column("bytes_mean", Kind::Number, "", "mean over the flows that have it"),
            column("bytes_std", Kind::Number, "", "sample deviation"),
            column("bytes_min", Kind::Number, "", "smallest"),
            column("bytes_max", Kind::Number, "", "largest"),
            column("bytes_median", Kind::Number, "", "median"),
            column("bytes_p95", Kind::Number, "", "quantile, here of 95 %"),
            column("dst_ip_distinct", columns::SUM, "", "distinct values of a field, here dst_ip"),
            column("bytes_rate", Kind::Number, "1/s", "sum a second"),
            columns::FIRST,
            columns::LAST,
            column("error", Kind::Number, "", "of a sketch: how much the measure may be too large"),
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "about 80 bytes a key and 80 for each field; quantiles up to 8 KiB, distinct values up to 65 536 (8 bytes each) or \
                 16 KiB; with approx=true 7 MB and 0.7 MB a sum",
        source: "arithmetic; quantiles: Hyndman and Fan (1996), type 7; sketches: HyperLogLog, Flajolet et al. (2007); \
                 count-min, Cormode and Muthukrishnan (2005)",
    },
    build,
    flows_only: "a baseline does not keep every key; flows are needed (hosts reads one)",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    let aggregates = args.list("agg").iter().map(|text| Aggregate::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<&str> = aggregates.iter().map(|a| &*a.column).collect();
    if let Some((_, twice)) = columns.iter().enumerate().find(|(i, name)| columns[..*i].contains(name)) {
        anyhow::bail!("agg: {twice} is there twice");
    }
    params::is_free(&by, &columns)?;
    let measure = match args.text("measure") {
        None => 0,
        Some(name) => columns.iter().position(|c| *c == name).with_context(|| {
            let near = nearest(name, columns.iter().copied()).map(|n| format!("; did you mean {n:?}?"));
            format!("measure={name}: no column of agg{}", near.unwrap_or_else(|| format!(": {}", columns.join(", "))))
        })?,
    };
    let watch = setup.watch(by.watched_names());
    let plan = Plan::of(&aggregates, setup)?;
    let heavy = args.truth("approx");
    if let Some(other) = aggregates.iter().find(|a| heavy && !a.is_sketched()) {
        anyhow::bail!("approx=true: {} is none of count and sum of a field of the record", other.column);
    }
    Ok(Box::new(Group {
        by,
        watch,
        heavy: heavy.then(|| Box::new(Heavy::new(aggregates.len()))),
        aggregates,
        plan,
        top: params::top(args),
        measure,
        key: SketchKey::default(),
        keys: Groups::new(),
        slots: Vec::new(),
        runs: Runs::default(),
        scratch: Vec::new(),
        sums: Vec::new(),
    }))
}

#[derive(Clone)]
struct Group {
    by: KeySpec,
    watch: usize,
    aggregates: Vec<Aggregate>,
    plan: Plan,
    top: Option<usize>,
    /// The number of the aggregate that rows are ranked by.
    measure: usize,
    key: SketchKey,
    keys: Groups<Key, ()>,
    /// As many for each key as the plan has, in the order of the keys' numbers.
    slots: Vec<Slot>,
    /// Keys and their slots that are in files.
    runs: Runs<Key, Vec<Slot>>,
    /// Takes the place of keys and slots: the measure, and the other aggregates in their order.
    heavy: Option<Box<Heavy>>,
    /// Room for a value, and for the sums of a flow.
    scratch: Vec<u8>,
    sums: Vec<u64>,
}

/// Rows of a sketch unless top says how many.
const HEAVY_ROWS: usize = 10;

impl Group {
    fn of(&self, number: usize) -> &[Slot] {
        &self.slots[number * self.plan.len()..][..self.plan.len()]
    }

    /// The slots of a key, which are new where it is.
    #[inline]
    fn slots(&mut self, key: Key) -> &mut [Slot] {
        let n = self.plan.len();
        let at = self.keys.numbered(key, || ()).0 as usize * n;
        if at == self.slots.len() {
            self.slots.extend(self.plan.slots());
        }
        &mut self.slots[at..at + n]
    }

    /// The place of an aggregate among the sums of a sketch, whose first is the measure.
    fn place(&self, aggregate: usize) -> usize {
        match aggregate.cmp(&self.measure) {
            Ordering::Equal => 0,
            Ordering::Less => aggregate + 1,
            Ordering::Greater => aggregate,
        }
    }

    /// Writes the rows of a sketch.
    fn put_heavy(&self, heavy: &Heavy, rows: &mut Rows<'_>) {
        let bound = ERROR * heavy.totals().first().map_or(0.0, |total| *total as f64);
        for (key, sums) in heavy.top(self.top.unwrap_or(HEAVY_ROWS), &self.key) {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            for (i, aggregate) in self.aggregates.iter().enumerate() {
                aggregate.put_estimate(sums[self.place(i)], &self.plan, &mut row);
            }
            row.float("error", bound / self.aggregates[self.measure].scale(&self.plan));
            row.end();
        }
    }

    fn value(&self, slots: &[Slot], aggregate: usize) -> Value {
        self.aggregates[aggregate].value(&self.plan, slots)
    }

    /// Keys and the numbers of their slots, keys ascending.
    fn sorted(&self) -> Vec<(&Key, usize)> {
        let mut all: Vec<(&Key, usize)> = self.keys.numbers().map(|(key, number)| (key, number as usize)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }

    /// Writes a row.
    fn put(&self, key: &Key, slots: &[Slot], rows: &mut Rows<'_>) {
        let mut row = rows.row();
        row.members(|out| self.by.write_members(key, out));
        for (i, aggregate) in self.aggregates.iter().enumerate() {
            self.value(slots, i).put(&mut row, &aggregate.column);
        }
        row.end();
    }

    /// Writes the rows of what is in files.
    fn put_runs(&self, rows: &mut Rows<'_>) -> Result<(), String> {
        let join = |a: &mut Vec<Slot>, b| join(a, b, &self.key);
        let Some(n) = self.top else { return self.runs.each(join, |key, slots| self.put(&key, &slots, rows)) };
        let mut best: Vec<(Value, Key, Vec<Slot>)> = Vec::new();
        // Stable: keys are ascending.
        let cut = |best: &mut Vec<(Value, Key, Vec<Slot>)>| {
            best.sort_by(|a, b| b.0.order(&a.0));
            best.truncate(n);
        };
        self.runs.each(join, |key, slots| {
            best.push((self.value(&slots, self.measure), key, slots));
            if best.len() > 2 * n.min(usize::MAX / 4) + SPARE {
                cut(&mut best);
            }
        })?;
        cut(&mut best);
        best.iter().for_each(|(_, key, slots)| self.put(key, slots, rows));
        Ok(())
    }
}

/// Adds the slots of a key to others of it.
fn join(all: &mut [Slot], more: Vec<Slot>, key: &SketchKey) {
    all.iter_mut().zip(more).for_each(|(a, b)| a.merge(b, key));
}

/// Keys beyond those asked for that are kept before the lowest are dropped.
const SPARE: usize = 4096;

impl State for Group {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(found) = self.by.key(line, self.watch) else { return Err(LACKS) };
        if self.heavy.is_some() {
            self.sums.clear();
            self.sums.resize(self.aggregates.len(), 0);
            for (i, aggregate) in self.aggregates.iter().enumerate() {
                let at = self.place(i);
                self.sums[at] = aggregate.of_flow(&self.plan, line.flow);
            }
            if let Some(heavy) = &mut self.heavy {
                heavy.add(found, &self.sums, line.text, &self.key, &mut self.scratch);
            }
            return Ok(());
        }
        let n = self.plan.len();
        let at = self.keys.numbered(found, || ()).0 as usize * n;
        if at == self.slots.len() {
            self.slots.extend(self.plan.slots());
        }
        self.plan.add(line, &mut self.slots[at..at + n], &self.key, &mut self.scratch);
        Ok(())
    }

    fn lacks(&self) -> String {
        self.by.names().collect::<Vec<_>>().join(" and ")
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.runs.is_empty() && self.heavy.as_ref().is_none_or(|heavy| heavy.is_empty())
    }

    fn empty(&self) -> Self {
        Group {
            by: self.by.clone(),
            aggregates: self.aggregates.clone(),
            plan: self.plan.clone(),
            key: self.key.clone(),
            keys: Groups::new(),
            slots: Vec::new(),
            runs: Runs::default(),
            heavy: self.heavy.as_ref().map(|_| Box::new(Heavy::new(self.aggregates.len()))),
            scratch: Vec::new(),
            sums: Vec::new(),
            ..*self
        }
    }

    fn merge(&mut self, mut other: Group) {
        if let (Some(a), Some(b)) = (&mut self.heavy, other.heavy.take()) {
            a.merge(*b);
            return;
        }
        self.runs.merge(std::mem::take(&mut other.runs));
        if other.keys.len() > self.keys.len() {
            std::mem::swap(&mut self.keys, &mut other.keys);
            std::mem::swap(&mut self.slots, &mut other.slots);
        }
        let mut theirs = std::mem::take(&mut other.slots).into_iter();
        let (n, sketch) = (self.plan.len(), self.key.clone());
        for (key, ()) in other.keys.take() {
            let own = self.slots(key);
            for (a, b) in own.iter_mut().zip(theirs.by_ref().take(n)) {
                a.merge(b, &sketch);
            }
        }
    }

    fn bytes(&self) -> u64 {
        let slots = self.slots.capacity() * size_of::<Slot>() + self.slots.iter().map(Slot::heap_bytes).sum::<usize>();
        self.keys.bytes(|()| 0) + slots as u64
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        let (n, key) = (self.plan.len(), &self.key);
        let mut all: Vec<(&Key, u32)> = self.keys.numbers().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let slots = |(key, number)| -> (&Key, Vec<Slot>) { (key, self.slots[number as usize * n..][..n].to_vec()) };
        if !all.is_empty() {
            self.runs.add(folder, all.into_iter().map(slots), |a, b| join(a, b, key))?;
        }
        (self.keys, self.slots) = (Groups::new(), Vec::new());
        Ok(self.heavy.is_none())
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        if let Some(heavy) = &self.heavy {
            return self.put_heavy(heavy, rows);
        }
        if !self.runs.is_empty() {
            let folder = self.runs.folder().to_owned();
            let read = self.spill(&folder).and_then(|_| self.put_runs(rows));
            read.unwrap_or_else(|text| rows.fail(text));
            return;
        }
        let mut all = self.sorted();
        if let Some(n) = self.top {
            let mut ranked: Vec<(Value, (&Key, usize))> =
                all.into_iter().map(|entry| (self.value(self.of(entry.1), self.measure), entry)).collect();
            // Stable: keys are ascending.
            ranked.sort_by(|a, b| b.0.order(&a.0));
            ranked.truncate(n);
            all = ranked.into_iter().map(|(_, entry)| entry).collect();
        }
        all.into_iter().for_each(|(key, number)| self.put(key, self.of(number), rows));
    }
}

#[cfg(test)]
mod tests;
