//! The rows: for each detector and class what was found, and what for nothing.

use super::claims::{Claims, end};
use super::{Evaluate, SPEC};
use crate::alert::Severity;
use flow_record::map::Set;
use flow_record::value::{Address, Time};
use serde_json::{Map, Value};

/// Stands for all detectors, and for all classes.
const ALL: &str = "all";

/// What a detector found of one class.
#[derive(Clone, Default)]
struct Found {
    flows: u64,
    hosts: Set<Address>,
    alerts: Set<u32>,
    /// The end of the first alert that covers a flow.
    first_end: Option<Time>,
}

/// A class of attack.
#[derive(Clone, Default)]
struct Class {
    flows: u64,
    hosts: Set<Address>,
    first: Option<i64>,
}

/// The rows of these detectors, as lines.
pub(super) fn rows(state: &Evaluate, claims: &Claims<'_>, names: &[String]) -> Vec<u8> {
    let n = state.classes.len() + 1;
    let mut classes = vec![Class::default(); n];
    // By detector, the last for all, and by class.
    let mut found = vec![vec![Found::default(); n]; names.len() + 1];
    let whose: Vec<usize> =
        claims.all().iter().map(|c| names.iter().position(|name| *name == c.detector).unwrap_or(names.len())).collect();
    for case in &state.cases {
        let Some(ends) = state.ends.get(case.ends as usize).copied() else { continue };
        let class = usize::from(case.class);
        let known = &mut classes[class];
        known.flows += 1;
        known.hosts.extend(ends.src);
        if case.start > i64::MIN {
            known.first = Some(known.first.map_or(case.start, |first| first.min(case.start)));
        }
        let mut counted: Vec<usize> = Vec::new();
        for claim in claims.covering(ends, case) {
            for detector in [whose[claim], names.len()] {
                let found = &mut found[detector][class];
                found.alerts.insert(claim as u32);
                let end = end(&claims.all()[claim]);
                found.first_end = match (found.first_end, end) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                if !counted.contains(&detector) {
                    counted.push(detector);
                    found.flows += 1;
                    found.hosts.extend(ends.src);
                }
            }
        }
    }
    let mut out = Vec::new();
    for (detector, found) in found.iter().enumerate() {
        let name = names.get(detector).map_or(ALL, String::as_str);
        let mut order: Vec<usize> = (1..n).collect();
        order.sort_by_key(|class| &state.classes[*class - 1]);
        for class in order {
            let row = of_class(name, &state.classes[class - 1], &classes[class], &found[class]);
            write(row, &mut out);
        }
        let alerts: Vec<u32> = (0..claims.all().len())
            .filter(|i| detector == names.len() || whose[*i] == detector)
            .map(|i| i as u32)
            .collect();
        write(of_all(name, &classes, found, &alerts, claims), &mut out);
    }
    out
}

/// A number as JSON: a whole one without a point.
fn real(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { (value as i64).into() } else { value.into() }
}

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

/// The row of one class.
fn of_class(detector: &str, attack: &str, class: &Class, found: &Found) -> Map<String, Value> {
    let mut row = begin(detector, attack, class.flows, found.flows, class.hosts.len(), found.hosts.len());
    if let (Some(first), Some(end)) = (class.first, found.first_end) {
        row.insert("delay".into(), real(end.nanos().saturating_sub(first) as f64 / 1e9));
    }
    row.insert("alerts".into(), found.alerts.len().into());
    row
}

/// The row of all classes.
fn of_all(
    detector: &str,
    classes: &[Class],
    found: &[Found],
    alerts: &[u32],
    claims: &Claims<'_>,
) -> Map<String, Value> {
    let sum = |of: &dyn Fn(usize) -> u64| (1..classes.len()).map(of).sum::<u64>();
    let (attack, hit) = (sum(&|c| classes[c].flows), sum(&|c| found[c].flows));
    let (mut hosts, mut found_hosts, mut right) = (Set::default(), Set::default(), Set::default());
    for class in 1..classes.len() {
        hosts.extend(classes[class].hosts.iter().copied());
        found_hosts.extend(found[class].hosts.iter().copied());
        right.extend(found[class].alerts.iter().copied());
    }
    let wrong: Vec<u32> = alerts.iter().copied().filter(|i| !right.contains(i)).collect();
    let high = wrong.iter().filter(|i| claims.all()[**i as usize].severity >= Severity::High).count();
    let (benign, for_nothing) = (classes[0].flows, found[0].flows);
    let mut row = begin(detector, ALL, attack, hit, hosts.len(), found_hosts.len());
    let (precision, recall) = (ratio(hit, hit + for_nothing), ratio(hit, attack));
    let f1 = match (precision, recall) {
        (Some(p), Some(r)) if p + r > 0.0 => Some(2.0 * p * r / (p + r)),
        _ => None,
    };
    row.insert("alerts".into(), alerts.len().into());
    row.insert("false_alerts".into(), wrong.len().into());
    row.insert("false_high".into(), high.into());
    row.insert("false_flows".into(), for_nothing.into());
    let million = ratio(1_000_000 * alerts.len() as u64, attack + benign);
    for (name, value) in [
        ("precision", precision),
        ("f1", f1),
        ("false_rate", ratio(for_nothing, benign)),
        ("alerts_per_million", million),
    ] {
        if let Some(value) = value {
            row.insert(name.into(), real(value));
        }
    }
    row
}

fn begin(detector: &str, attack: &str, flows: u64, found: u64, hosts: usize, found_hosts: usize) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("kind".into(), SPEC.name.into());
    row.insert("detector".into(), detector.into());
    row.insert("attack".into(), attack.into());
    row.insert("attack_flows".into(), flows.into());
    row.insert("found_flows".into(), found.into());
    if let Some(recall) = ratio(found, flows) {
        row.insert("recall".into(), real(recall));
    }
    row.insert("attack_hosts".into(), hosts.into());
    row.insert("found_hosts".into(), found_hosts.into());
    row
}

fn write(row: Map<String, Value>, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::Object(row).to_string().as_bytes());
    out.push(b'\n');
}
