//! One number a key: what its flows add up to.
//!
//! Keys are hosts (`by=src_ip`) unless told otherwise. Bound: about 400 bytes a key and what its set of destination
//! addresses holds, which is 16 KiB at most once it has met more than 65 536 of them.

use super::{Judge, Numbers, Of, Rule, Sum, constant};
use crate::alert::{Alert, Evidence, Member};
use crate::detect::Found;
use crate::measure::Measure;
use flow_record::map::{Map, merge};
use flow_record::people::{amount, count};
use flow_record::record::key::{Key, KeySpec, Part};
use flow_record::scan::Line;
use flow_record::state::Taken;
use flow_record::stats::Seen;
use flow_record::stats::{Addresses, Moments, SketchKey};
use flow_record::value::Number;

/// Keys and what their flows add up to.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    measure: Measure,
    by: KeySpec,
    /// Where the members that the key reads by name are watched.
    watch: usize,
    keys: Map<Key, Host>,
    /// The key of the line at hand.
    parts: Vec<Part>,
    sketch: SketchKey,
}

#[derive(Clone, Debug, Default)]
struct Host {
    seen: Seen,
    values: Moments,
    targets: Addresses,
}

impl Hosts {
    /// No flows yet.
    pub(crate) fn new(measure: Measure, by: KeySpec, watch: usize) -> Hosts {
        Hosts { measure, by, watch, keys: Map::default(), parts: Vec::new(), sketch: SketchKey::default() }
    }

    /// Takes a flow.
    #[inline]
    pub(crate) fn add(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let value = self.measure.of(flow).ok_or(self.measure.name())?;
        if !self.by.parts(line, self.watch, &mut self.parts) {
            return Err("its key");
        }
        let host = match self.keys.get_mut(&self.parts[..]) {
            Some(host) => host,
            None => self.keys.entry(Key::from(&self.parts[..])).or_default(),
        };
        host.seen.add(flow);
        host.values.add(value);
        if let Some(target) = flow.dst_ip() {
            host.targets.insert(target, &self.sketch);
        }
        Ok(())
    }

    /// Whether nothing was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The same without anything taken.
    pub(crate) fn empty(&self) -> Hosts {
        Hosts::new(self.measure, self.by.clone(), self.watch)
    }

    /// Adds all flows of another state.
    pub(crate) fn merge(&mut self, other: Hosts) {
        let sketch = &self.sketch;
        merge(&mut self.keys, other.keys, |a, b| {
            a.seen.merge(&b.seen);
            a.values.merge(&b.values);
            a.targets.merge(b.targets, sketch);
        });
    }

    /// Judges every key by all.
    pub(crate) fn finish<R: Rule>(self, rule: &R, found: &mut Found) {
        if self.keys.is_empty() {
            return;
        }
        let value = |host: &Host| match R::SUM {
            Sum::Total => self.measure.value(host.values.sum()),
            Sum::PerFlow => Number::Real(self.measure.shown(host.values.mean())),
        };
        let values: Numbers = self.keys.values().map(value).collect();
        let population = self.population();
        let Some(bounds) = rule.fit(&values, Of::Host) else {
            found.notes.extend(constant(self.keys.len(), &population, self.measure.name()));
            return;
        };
        if let Some(why) = bounds.is_blind() {
            found.notes.push(format!("{population}: {why}"));
        }
        for (key, host) in &self.keys {
            let Some(verdict) = bounds.judge(value(host)) else { continue };
            let says = bounds.says(&verdict, &population, self.measure.unit());
            let evidence = bounds.terms(self.terms(host, R::SUM, values.n()));
            let alert = Alert::of(&host.seen, verdict);
            found.alerts.push(self.alert(alert, key, host, evidence, R::SUM, &says));
        }
    }

    /// `25 hosts`, or of other keys `25 keys of dst_port`.
    fn population(&self) -> String {
        let n = self.keys.len() as u64;
        match self.is_by_source() {
            true => count(n, "hosts"),
            false => format!("{} of {}", count(n, "keys"), self.by),
        }
    }

    fn is_by_source(&self) -> bool {
        self.by.names().eq(["src_ip"])
    }

    /// Field, size of the population, and what the key is scored by.
    fn terms(&self, host: &Host, sum: Sum, n: u64) -> Evidence {
        let evidence = Evidence::new().text("field", self.measure.name()).integer("n", n);
        let evidence = self.measure.term(evidence, "total", host.values.sum());
        match sum {
            Sum::Total => evidence,
            Sum::PerFlow => evidence.number("per_flow", self.measure.shown(host.values.mean())),
        }
    }

    fn alert(&self, alert: Alert, key: &Key, host: &Host, evidence: Evidence, sum: Sum, says: &str) -> Alert {
        let targets = host.targets.count();
        let only = host.targets.exact().filter(|all| all.len() == 1).and_then(|all| all.first().copied());
        let members: Vec<Member> =
            self.by.names().zip(key.parts()).map(|(name, part)| (name.to_owned().into(), part.clone())).collect();
        let evidence = evidence.integer("flows", host.seen.flows()).integer("unique_dst_ips", targets.value);
        let evidence = if targets.approx { evidence.json("approx", "[\"unique_dst_ips\"]") } else { evidence };
        let mut keyed = vec![Part::Text(self.measure.name().into())];
        keyed.extend_from_slice(key.parts());
        Alert { key: keyed, members, reason: self.reason(key, host, sum, says), evidence, ..alert }.shared(
            only,
            host.seen.dst_port(),
            host.seen.protocol(),
        )
    }

    fn reason(&self, key: &Key, host: &Host, sum: Sum, says: &str) -> String {
        let unit = self.measure.unit();
        let who = described(self.by.names().zip(key.parts()));
        let verb = match (self.is_by_source(), self.measure.name()) {
            (true, "bytes" | "packets") => " sent".to_owned(),
            (true, "rev_bytes" | "rev_packets") => " received".to_owned(),
            (_, name) => format!(": {name}"),
        };
        let (scored, per_flow) = match sum {
            Sum::Total => (self.measure.value(host.values.sum()).as_f64(), ""),
            Sum::PerFlow => (self.measure.shown(host.values.mean()), " per flow"),
        };
        let flows = count(host.seen.flows(), "flows");
        format!("{who}{verb} {}{per_flow} in {flows}, {says}", amount(scored, unit))
    }
}

/// Names and values as a person reads them; addresses of hosts stand alone.
pub(crate) fn described<'a>(members: impl Iterator<Item = (&'a str, &'a Part)>) -> String {
    let one = |(name, part): (&str, &Part)| {
        let mut out = Vec::new();
        part.write(&mut out);
        let text = String::from_utf8_lossy(&out).trim_matches('"').to_owned();
        match name {
            "src_ip" | "dst_ip" => text,
            name => format!("{name} {text}"),
        }
    };
    members.map(one).collect::<Vec<_>>().join(" ")
}
