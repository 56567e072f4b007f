//! `incidents`: alerts of one host, and of hosts that belong together, as one row.
//!
//! An alert is of its source; where it names none, as a flood with many, of its destination. Hosts belong together where an
//! alert of one, of severity medium or graver, names the other as its target and the other has such an alert of its own, or
//! where such alerts of both name the same destination outside: a worm and those that it reached, a botnet and its
//! controller. Invariant: a function of the multiset of alerts. Bound: [`MOST`] alerts; later ones are counted and told.

use crate::alert::Severity;
use crate::item::Outcome;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::net::Ranges;
use flow_record::net::special::{self, INTERNAL};
use flow_record::people::count;
use flow_record::record::Kind;
use flow_record::row::columns::{column, integer, number, text, words};
use flow_record::value::Address;
use flow_record::value::time::{DateCache, rfc3339};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Alerts that are kept.
const MOST: usize = 1 << 20;

/// Hosts, targets and names that a row lists.
const LISTED: usize = 20;

/// What the item is.
pub(crate) static SPEC: Spec = Spec {
    name: "incidents",
    about: "alerts of one host or campaign together, as one row",
    explain: "\
Takes alerts that come in, and those of the detectors that are named beside it, or of the default set, and writes rows of \
kind `incidents` and no alerts, the gravest first, then by score, then by host:

  flowdetect < flows.ndjson | flowdetect -t incidents

An alert is of its source; one without a source is of its destination. Hosts belong together where an alert of one names \
the other as its destination and both have alerts of at least `severity`, or where such alerts of both name the same \
destination outside of `internal`. Alerts of less than `severity` go to the incident of their host.",
    params: &[
        Param::new("severity", ParamKind::Choice(&Severity::NAMES), "medium", "", "least severity of alerts that join hosts"),
        Param::new("internal", ParamKind::Networks, INTERNAL, "", "one's own networks"),
    ],
    needs: &["src_ip", "dst_ip", "timestamp"],
    columns: &[
        text("host", "the host of the gravest alert"),
        text("severity", "that of the gravest alert"),
        number("score", "", "the highest score among alerts of that severity"),
        column("first", Kind::Time, "", "first flow behind any of the alerts"),
        column("last", Kind::Time, "", "last flow behind any of the alerts"),
        integer("alerts", "alerts", "alerts; those that were told again count once"),
        integer("hosts", "hosts", "hosts that the alerts are of"),
        words("members", "the lowest 20 of them, ascending"),
        words("targets", "the lowest 20 destinations that the alerts name, ascending"),
        words("detectors", "detectors, by name"),
        words("techniques", "MITRE ATT&CK techniques, by id"),
        words("ids", "ids of the alerts, the lowest 20, ascending"),
        text("reason", "what the gravest alert says"),
    ],
    memory: "about 500 bytes an alert, at most 1 048 576 of them",
    source: "",
};

/// Alerts as they came.
#[derive(Clone, Debug)]
pub(crate) struct Incidents {
    least: Severity,
    internal: Ranges<bool>,
    /// Alerts by their line, so that one that came twice counts once.
    alerts: BTreeSet<String>,
    /// Alerts for which there was no room.
    over: u64,
}

/// An alert.
#[derive(Debug)]
struct Note {
    host: Address,
    target: Option<Address>,
    severity: Severity,
    score: f64,
    /// As texts, and in nanoseconds.
    first: Option<(i64, String)>,
    last: Option<(i64, String)>,
    id: String,
    update: u64,
    detector: String,
    technique: Option<String>,
    reason: String,
}

impl Note {
    /// What a line says; `None` where it names no address.
    fn of(line: &str) -> Option<Note> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let address = |name: &str| text(name).and_then(|text| Address::parse(&text));
        let time = |name: &str| {
            let text = text(name)?;
            let (time, ..) = rfc3339(&mut DateCache::default(), text.as_bytes())?;
            Some((time.nanos(), text))
        };
        let (source, target) = (address("src_ip"), address("dst_ip"));
        let first = time("timestamp");
        Some(Note {
            host: source.or(target)?,
            target: source.and(target),
            severity: text("severity").and_then(|word| Severity::named(&word)).unwrap_or(Severity::Low),
            score: value.get("score").and_then(Value::as_f64).unwrap_or(0.0),
            last: time("end").or_else(|| first.clone()),
            first,
            id: text("id").unwrap_or_default(),
            update: value.get("update").and_then(Value::as_u64).unwrap_or(0),
            detector: text("detector").unwrap_or_default(),
            technique: text("technique"),
            reason: text("reason").unwrap_or_default(),
        })
    }
}

impl Incidents {
    /// As the item asks.
    pub(crate) fn new(args: &Args) -> Incidents {
        let least = args.text("severity").and_then(Severity::named).unwrap_or(Severity::Medium);
        let internal = special::internal(args.networks("internal"));
        Incidents { least, internal, alerts: BTreeSet::new(), over: 0 }
    }

    /// The same, given nothing.
    pub(crate) fn empty(&self) -> Incidents {
        Incidents { alerts: BTreeSet::new(), over: 0, ..self.clone() }
    }

    /// Takes the line of an alert.
    pub(crate) fn take(&mut self, line: &str) {
        if self.alerts.len() < MOST {
            self.alerts.insert(line.to_owned());
        } else {
            self.over += 1;
        }
    }

    /// Takes what a detector of this run found.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        let naming = &outcome.naming;
        for alert in &outcome.alerts {
            let mut line = Vec::new();
            alert.write_as(naming.detector(), naming.label(&alert.key), &mut line);
            self.take(String::from_utf8_lossy(&line).trim_end());
        }
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Incidents) {
        other.alerts.iter().for_each(|line| self.take(line));
        self.over += other.over;
    }

    /// The rows, as lines, and what the user should know.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<String>) {
        let all: Vec<Note> = self.alerts.iter().filter_map(|line| Note::of(line)).collect();
        let nameless = self.alerts.len() - all.len();
        let mut notes = Vec::new();
        if nameless > 0 {
            notes.push(format!("incidents: {} without an address left out", count(nameless as u64, "alerts")));
        }
        if self.over > 0 {
            notes.push(format!("incidents: {} left out for want of room", count(self.over, "alerts")));
        }
        let mut rows: Vec<(std::cmp::Reverse<Severity>, std::cmp::Reverse<u64>, Address, Value)> =
            self.groups(&all).iter().filter_map(|group| row(group)).collect();
        rows.sort_by_key(|row| (row.0, row.1, row.2));
        let mut out = Vec::new();
        for (.., row) in rows {
            out.extend_from_slice(row.to_string().as_bytes());
            out.push(b'\n');
        }
        (out, notes)
    }

    /// The alerts of each incident, in no order.
    fn groups<'n>(&self, all: &'n [Note]) -> Vec<Vec<&'n Note>> {
        let mut sets = Sets::default();
        let grave: Vec<&Note> = all.iter().filter(|note| note.severity >= self.least).collect();
        for note in all {
            sets.place(Node::Host(note.host));
        }
        let hosts: BTreeSet<Address> = grave.iter().map(|note| note.host).collect();
        for note in grave {
            let Some(target) = note.target else { continue };
            match self.internal.at(target) {
                true if hosts.contains(&target) => sets.join(Node::Host(note.host), Node::Host(target)),
                true => {}
                false => sets.join(Node::Host(note.host), Node::Outside(target)),
            }
        }
        let mut groups: Map<usize, Vec<&Note>> = Map::default();
        for note in all {
            let place = sets.place(Node::Host(note.host));
            groups.entry(sets.root(place)).or_default().push(note);
        }
        groups.into_values().collect()
    }
}

/// What joins hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// A host with alerts.
    Host(Address),
    /// A destination outside.
    Outside(Address),
}

/// Sets that are joined (Tarjan 1975).
#[derive(Default)]
struct Sets {
    places: Map<Node, usize>,
    parents: Vec<usize>,
}

impl Sets {
    fn place(&mut self, node: Node) -> usize {
        let next = self.parents.len();
        let place = *self.places.entry(node).or_insert(next);
        if place == next {
            self.parents.push(next);
        }
        place
    }

    fn root(&mut self, mut place: usize) -> usize {
        while self.parents[place] != place {
            self.parents[place] = self.parents[self.parents[place]];
            place = self.parents[place];
        }
        place
    }

    fn join(&mut self, a: Node, b: Node) {
        let (a, b) = (self.place(a), self.place(b));
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

/// The row of an incident, and what it is sorted by.
fn row(group: &[&Note]) -> Option<(std::cmp::Reverse<Severity>, std::cmp::Reverse<u64>, Address, Value)> {
    let rank = |note: &&&Note| (note.severity, note.score.to_bits(), std::cmp::Reverse(note.host), note.update);
    let gravest = group.iter().max_by_key(rank)?;
    let texts =
        |of: &dyn Fn(&Note) -> Option<String>| -> BTreeSet<String> { group.iter().filter_map(|n| of(n)).collect() };
    let addresses =
        |of: &dyn Fn(&Note) -> Option<Address>| -> BTreeSet<Address> { group.iter().filter_map(|n| of(n)).collect() };
    let hosts = addresses(&|note| Some(note.host));
    let targets = addresses(&|note| note.target);
    let ids = texts(&|note| Some(format!("{} {}", note.id, note.detector)));
    let lowest = |all: &BTreeSet<Address>| all.iter().take(LISTED).map(ToString::to_string).collect::<Vec<_>>();
    let mut row = json!({
        "kind": SPEC.name, "host": gravest.host.to_string(), "severity": gravest.severity.name(), "score": gravest.score,
    });
    let first = group.iter().filter_map(|note| note.first.as_ref()).min();
    let last = group.iter().filter_map(|note| note.last.as_ref()).max();
    for (name, time) in [("first", first), ("last", last)] {
        if let Some((_, text)) = time {
            row[name] = text.as_str().into();
        }
    }
    row["alerts"] = ids.len().into();
    row["hosts"] = hosts.len().into();
    row["members"] = lowest(&hosts).into();
    row["targets"] = lowest(&targets).into();
    row["detectors"] = texts(&|note| Some(note.detector.clone())).into_iter().collect::<Vec<_>>().into();
    row["techniques"] = texts(&|note| note.technique.clone()).into_iter().collect::<Vec<_>>().into();
    let ids = texts(&|note| Some(note.id.clone()));
    row["ids"] = ids.into_iter().take(LISTED).collect::<Vec<_>>().into();
    row["reason"] = gravest.reason.as_str().into();
    Some((std::cmp::Reverse(gravest.severity), std::cmp::Reverse(gravest.score.to_bits()), gravest.host, row))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn alert(id: u64, detector: &str, severity: &str, source: &str, target: &str) -> String {
        let named = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(",\"{name}\":\"{value}\""),
        };
        format!(
            "{{\"kind\":\"alert\",\"id\":\"{id:016x}\",\"detector\":\"{detector}\",\"severity\":\"{severity}\",\"score\":0.{id},\
             \"timestamp\":\"2026-03-10T00:00:0{id}.000Z\",\"end\":\"2026-03-10T01:00:0{id}.000Z\"{}{},\"reason\":\"{detector} {id}\",\
             \"technique\":\"T{id}\"}}",
            named("src_ip", source),
            named("dst_ip", target)
        )
    }

    fn rows(alerts: &[String]) -> Vec<Value> {
        let mut incidents = Incidents::new(&Args::defaults(&SPEC));
        alerts.iter().for_each(|line| incidents.take(line));
        let text = String::from_utf8(incidents.finish().0).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn alerts_of_a_host_and_of_hosts_that_it_reached_are_one_incident() {
        let found = rows(&[
            alert(1, "scan", "high", "10.0.0.1", "10.0.0.2"),
            alert(2, "beacon", "low", "10.0.0.1", "192.0.2.9"),
            alert(3, "scan", "critical", "10.0.0.2", ""),
            alert(4, "beacon", "high", "10.0.0.7", "198.51.100.1"),
            alert(5, "beacon", "high", "10.0.0.8", "198.51.100.1"),
            // Below medium: both call there, as all do.
            alert(6, "beacon", "low", "10.0.0.9", "198.51.100.1"),
            alert(7, "ddos", "medium", "", "10.0.0.5"),
        ]);
        let brief: Vec<String> = found
            .iter()
            .map(|r| {
                format!("{} {} {} {} {}", r["host"], r["severity"], r["alerts"], r["members"], r["detectors"])
                    .replace('"', "")
            })
            .collect();
        assert_eq!(
            brief,
            [
                "10.0.0.2 critical 3 [10.0.0.1,10.0.0.2] [beacon,scan]",
                "10.0.0.8 high 2 [10.0.0.7,10.0.0.8] [beacon]",
                "10.0.0.5 medium 1 [10.0.0.5] [ddos]",
                "10.0.0.9 low 1 [10.0.0.9] [beacon]"
            ]
        );
        assert_eq!(
            (&found[0]["first"], &found[0]["last"]),
            (&json!("2026-03-10T00:00:01.000Z"), &json!("2026-03-10T01:00:03.000Z"))
        );
        assert_eq!((&found[0]["reason"], &found[0]["targets"]), (&json!("scan 3"), &json!(["10.0.0.2", "192.0.2.9"])));
        assert_eq!(found[0]["techniques"], json!(["T1", "T2", "T3"]));
    }

    #[test]
    fn the_order_of_alerts_does_not_show_and_twice_the_same_is_once() {
        let mut alerts: Vec<String> =
            (1..9).map(|i| alert(i, "scan", "high", &format!("10.0.0.{i}"), &format!("10.0.0.{}", i % 3))).collect();
        let before = rows(&alerts);
        alerts.reverse();
        alerts.push(alerts[0].clone());
        assert_eq!(rows(&alerts), before);
    }

    #[test]
    fn the_severity_that_joins_hosts_may_be_any() {
        let alerts =
            [alert(1, "beacon", "low", "10.0.0.1", "192.0.2.9"), alert(2, "beacon", "low", "10.0.0.2", "192.0.2.9")];
        assert_eq!(rows(&alerts).len(), 2);
        let args = Args::resolve("incidents:severity=low", "detector", [&SPEC]).unwrap();
        let mut incidents = Incidents::new(&args);
        alerts.iter().for_each(|line| incidents.take(line));
        assert_eq!(String::from_utf8(incidents.finish().0).unwrap().lines().count(), 1);
    }
}
