//! `diff`: what changed since a baseline: new and gone hosts, pairs and ports, shifts of volume and of protocols.
//!
//! Both sides are compared by the date on which they have flows, so that a day can be held against a week.

use super::baseline::settings_of;
use super::reading::Reading;
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use crate::baseline::Book;
use anyhow::{Context, anyhow};
use flow_record::baseline::{Baseline, By, Entries, Section, Totals};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, Set};
use flow_record::people::count;
use flow_record::record::Kind;
use flow_record::record::key::Part;
use flow_record::row::columns::column;
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::{SketchKey, Sums};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "diff",
        about: "what changed since a baseline: new, gone, more, less",
        explain: "One row for each change between the baseline in the file before= and the input, which is flows or a baseline
of the same parameters: `flowstat diff:before=week.json < today.json`.

change is new (not in the baseline), gone (in it, and not in the input), more or less (the volume shifted), or share (a
protocol's part of all flows or bytes shifted). Flows and bytes are those of a date, on average over the dates on which each
side has flows; bytes are those of both directions.

A host or an internal pair is new from its first flow on, a port or a protocol from flows= on, since answers to clients
have a port each. Gone is what would have had at least flows= flows by its average. The volume of a host, a port, or all
(total) has shifted where it is factor= times as large or as small, and by bytes= a date. The part of a protocol has shifted by
share= or more. Rows come by section, then change, then the larger of both volumes descending, then key.",
        params: &[
            Param::new("before", ParamKind::File, "", "", "the baseline (needed)"),
            Param::new("factor", ParamKind::Number(1.0, f64::INFINITY), "5", "", "how many times as large or as small a volume must be"),
            Param::new("bytes", ParamKind::Size(0), "10M", "bytes", "by how much a volume must differ, a date"),
            Param::new("flows", ParamKind::Integer(1, u64::MAX), "10", "flows", "flows that a port needs to be new, and anything to be gone"),
            Param::new("share", ParamKind::Number(0.0, 1.0), "0.1", "", "by how much the part of a protocol must differ"),
        ],
        needs: &[
            "timestamp", "src_ip", "dst_ip", "dst_port", "protocol", "bytes", "packets", "rev_bytes", "rev_packets", "flows",
        ],
        columns: &[
            column("section", Kind::Word(&["hosts", "pairs", "ports", "protocols", "total"]), "", "what the key is one of"),
            column("change", Kind::Word(&["gone", "less", "more", "new", "share"]), "", "what happened to it"),
            column("key", Kind::Any, "", "the key as in the baseline; a pair is an array of two"),
            column("flows", Kind::Number, "flows", "flows a date"),
            column("flows_before", Kind::Number, "flows", "flows a date in the baseline"),
            column("bytes", Kind::Number, "bytes", "bytes a date, both directions"),
            column("bytes_before", Kind::Number, "bytes", "bytes a date in the baseline"),
            column("share", Kind::Number, "", "of a protocol: the part of all flows or bytes, whichever shifted more"),
            column("share_before", Kind::Number, "", "the same in the baseline"),
        ],
        memory: "both baselines",
        source: "arithmetic",
    },
    build,
    flows_only: "",
};

/// What decides on a change.
#[derive(Clone, Copy)]
struct Limits {
    factor: f64,
    bytes: f64,
    flows: f64,
    share: f64,
}

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let limits = Limits {
        factor: args.number("factor"),
        bytes: args.integer("bytes") as f64,
        flows: args.integer("flows") as f64,
        share: args.number("share"),
    };
    let path = args.file("before").context("before=FILE is needed: a baseline, as flowstat baseline makes it")?;
    let before = Baseline::open(&path).map_err(|e| anyhow!("before: {e}"))?;
    let mut header = before.header().clone();
    (header.first, header.last) = (None, None);
    let settings = settings_of(header, false, Set::default(), setup).context("before")?;
    let book = Book::new(Arc::new(settings), Reading::new(setup));
    Ok(Box::new(Diff { limits, before: Arc::new(before), book: Box::new(book) }))
}

#[derive(Clone)]
struct Diff {
    limits: Limits,
    before: Arc<Baseline>,
    book: Box<Book>,
}

impl State for Diff {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.book.flow(line);
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        self.book.line(line);
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.book.fault()
    }

    fn is_empty(&self) -> bool {
        self.book.is_empty()
    }

    fn empty(&self) -> Self {
        Diff { book: Box::new(self.book.empty()), before: Arc::clone(&self.before), ..*self }
    }

    fn merge(&mut self, other: Diff) {
        self.book.merge(*other.book);
    }

    fn bytes(&self) -> u64 {
        self.book.bytes()
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let before = self.before;
        let (_, mut after, days) = self.book.states();
        if before.has_insufficient_history() {
            rows.note(format!("insufficient history: the baseline has {}, a week has 7", count(before.days(), "days")));
        }
        let sides = Sides { limits: self.limits, days: [before.days().max(1) as f64, days.max(1) as f64] };
        let mut write = |section, changes: Vec<Change>| changes.into_iter().for_each(|c| c.write(section, rows));
        let old = before.hosts().map(|(key, host)| (text(key.parts()), &host.sums));
        write("hosts", sides.changes(old, &sums(&mut after.hosts, |host| host.sums), 1.0, true));
        let old = before.pairs().map(|((a, b), pair)| (text(&[Part::Address(*a), Part::Address(*b)]), &pair.sums));
        write("pairs", sides.changes(old, &sums(&mut after.pairs, |pair| pair.sums), 1.0, false));
        let old = before.ports().map(|(port, known)| (port.to_string(), &known.sums));
        write("ports", sides.changes(old, &sums(&mut after.ports, |port| port.sums), sides.limits.flows, true));
        let new = sums(&mut after.protocols, |protocol| protocol.sums);
        let old: Vec<(String, &Sums)> =
            (0..=u8::MAX).filter_map(|p| Some((p.to_string(), &before.protocol(p)?.sums))).collect();
        let mut changes = sides.changes(old.iter().cloned(), &new, sides.limits.flows, false);
        changes.extend(sides.shares(&old, &new));
        changes.sort_by(Change::order);
        write("protocols", changes);
        let old = [(Totals::KEY.to_owned(), &before.totals().sums)];
        let new = sums(&mut after.totals, |totals| totals.sums);
        write("total", sides.changes(old.into_iter(), &new, f64::INFINITY, true));
    }
}

/// The sums of all keys of a section.
fn sums<S: Section>(section: &mut Entries<S>, of: fn(S) -> Sums) -> Map<Box<str>, Sums> {
    let mut all: Map<Box<str>, Sums> = Map::default();
    section.take(&SketchKey::default(), |key, state| {
        all.insert(key.into(), of(state));
    });
    all
}

/// A key as JSON.
fn text(parts: &[Part]) -> String {
    let mut json = Vec::new();
    By::write_key(&parts.into(), &mut json);
    String::from_utf8_lossy(&json).into_owned()
}

/// Both sides: what decides, and the dates of each.
struct Sides {
    limits: Limits,
    /// Before, after.
    days: [f64; 2],
}

/// One change. Numbers are those of a date: before, after.
struct Change {
    what: &'static str,
    key: String,
    flows: [f64; 2],
    bytes: [f64; 2],
    share: Option<[f64; 2]>,
}

impl Change {
    fn order(&self, other: &Change) -> std::cmp::Ordering {
        let volume = |c: &Change| c.bytes[0].max(c.bytes[1]);
        let by_volume = volume(other).total_cmp(&volume(self));
        self.what.cmp(other.what).then(by_volume).then_with(|| self.key.cmp(&other.key))
    }

    fn write(&self, section: &str, rows: &mut Rows<'_>) {
        let mut row = rows.row();
        row.text("section", section);
        row.text("change", self.what);
        row.json("key", |out| out.extend_from_slice(self.key.as_bytes()));
        for (names, [before, after]) in
            [(["flows", "flows_before"], self.flows), (["bytes", "bytes_before"], self.bytes)]
        {
            row.float(names[0], after);
            row.float(names[1], before);
        }
        if let Some([before, after]) = self.share {
            row.float("share", after);
            row.float("share_before", before);
        }
        row.end();
    }
}

impl Sides {
    /// A key whose sums are these, with the change still to be named.
    fn change(&self, key: String, before: Option<&Sums>, after: Option<&Sums>) -> Change {
        let of = |value: fn(&Sums) -> f64| {
            [(before, self.days[0]), (after, self.days[1])].map(|(s, days)| s.map_or(0.0, value) / days)
        };
        Change { what: "", key, flows: of(|s| s.flows() as f64), bytes: of(|s| s.total_bytes() as f64), share: None }
    }

    /// New, gone and, if volumes count, shifted keys. What has so many flows in the input is new.
    fn changes<'s>(
        &self,
        before: impl Iterator<Item = (String, &'s Sums)>,
        after: &Map<Box<str>, Sums>,
        least: f64,
        volumes: bool,
    ) -> Vec<Change> {
        let before: BTreeMap<String, &Sums> = before.collect();
        let mut found = Vec::new();
        for (key, sums) in after.iter().filter(|(key, _)| !before.contains_key(&***key)) {
            if sums.flows() as f64 >= least {
                found.push(Change { what: "new", ..self.change(key.to_string(), None, Some(sums)) });
            }
        }
        for (key, old) in before {
            let new = after.get(&*key);
            let change = self.change(key, Some(old), new);
            let what = match new {
                None if change.flows[0] * self.days[1] >= self.limits.flows => "gone",
                Some(_) if volumes => self.shift(change.bytes),
                _ => continue,
            };
            if !what.is_empty() {
                found.push(Change { what, ..change });
            }
        }
        found.sort_by(Change::order);
        found
    }

    /// Whether a volume has shifted.
    fn shift(&self, [before, after]: [f64; 2]) -> &'static str {
        let Limits { factor, bytes, .. } = self.limits;
        if (after - before).abs() < bytes {
            ""
        } else if after >= before * factor && after > before {
            "more"
        } else if before >= after * factor && before > after {
            "less"
        } else {
            ""
        }
    }

    /// Protocols that both sides have and whose part of all flows or bytes has shifted.
    fn shares(&self, before: &[(String, &Sums)], after: &Map<Box<str>, Sums>) -> Vec<Change> {
        let total = |value: fn(&Sums) -> f64| {
            [before.iter().map(|(_, s)| value(s)).sum::<f64>(), ascending(after).map(value).sum::<f64>()]
                .map(|t| t.max(1.0))
        };
        let values: [fn(&Sums) -> f64; 2] = [|s| s.flows() as f64, |s| s.total_bytes() as f64];
        let totals = values.map(total);
        let of = |(key, old): &(String, &Sums)| {
            let new = after.get(&**key)?;
            let shares = [0, 1].map(|i| [values[i](old) / totals[i][0], values[i](new) / totals[i][1]]);
            let shift = |s: &[f64; 2]| (s[1] - s[0]).abs();
            let most = if shift(&shares[1]) > shift(&shares[0]) { shares[1] } else { shares[0] };
            let change = Change { what: "share", share: Some(most), ..self.change(key.clone(), Some(old), Some(new)) };
            (shift(&most) >= self.limits.share).then_some(change)
        };
        before.iter().filter_map(of).collect()
    }
}

/// The sums of all keys, in the order of these: floats are added in one order.
fn ascending(sums: &Map<Box<str>, Sums>) -> impl Iterator<Item = &Sums> {
    let mut all: Vec<_> = sums.iter().collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    all.into_iter().map(|(_, sums)| sums)
}

#[cfg(test)]
mod tests;
