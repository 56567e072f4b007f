//! Tests of the registry, and what the tests of the detectors share: lines in, alerts out, through scanner and items.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::detectors::Detectors;
use crate::item::{Outcome, Plan};
use crate::worker::Detecting;
use flow_record::record::Field;
use flow_record::run::Worker;
use flow_record::scan::{Clean, Scanner};
use serde_json::Value;

/// A flow line; `start` in seconds after 2024-06-01T12:00:00Z, protocol TCP.
pub(crate) fn flow(source: &str, target: &str, port: u16, start: u64, bytes: u64) -> String {
    let (h, m, s) = (12 + start / 3600 % 12, start / 60 % 60, start % 60);
    let time = format!("2024-06-01T{h:02}:{m:02}:{s:02}.000Z");
    format!(
        r#"{{"timestamp":"{time}","src_ip":"{source}","dst_ip":"{target}","dst_port":{port},"protocol":6,"packets":1,"bytes":{bytes}}}"#
    )
}

/// The plan for an item, or why it is refused.
fn plan(item: &str) -> anyhow::Result<Plan> {
    let args = Args::resolve(item, "detector", specs()).map_err(|e| anyhow::anyhow!(e.0))?;
    Plan::of(&[args], &crate::config::Config::default())
}

/// What one item finds in lines that are dealt to `threads` workers in turn.
fn outcome(item: &str, lines: &[String], threads: usize) -> Outcome {
    let plan = plan(item).unwrap();
    let mut scanner = Scanner::watching(plan.setup.watched());
    let first = Detectors::new(plan.items);
    assert!(first.is_empty() && first.empty().is_empty());
    let mut workers: Vec<Detecting> = (0..threads).map(|_| Detecting::new(first.empty(), false)).collect();
    for (i, line) in lines.iter().enumerate() {
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        workers[i % threads].line(&line, &mut flow_record::run::Out::default());
    }
    let mut all = workers.remove(0);
    workers.into_iter().for_each(|worker| all.merge(worker));
    all.merge(Detecting::new(first, false));
    all.detectors.finish().next().unwrap()
}

fn written(outcome: &Outcome) -> Vec<String> {
    let line = |alert: &Alert| {
        let mut out = Vec::new();
        alert.write(&outcome.naming, &mut out);
        String::from_utf8(out).unwrap()
    };
    outcome.alerts.iter().map(line).collect()
}

/// The alerts of one item, in order; checks that neither threads nor the order of lines show in them.
pub(crate) fn alerts(item: &str, lines: &[String]) -> Vec<Value> {
    let once = written(&outcome(item, lines, 1));
    let mut shuffled: Vec<String> = lines.to_vec();
    let n = shuffled.len();
    (0..n).for_each(|i| shuffled.swap(i, (i * 7919 + 13) % n));
    for threads in [1, 3] {
        assert_eq!(written(&outcome(item, &shuffled, threads)), once, "{item} in {threads} threads");
    }
    once.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is told of one item, without its name.
pub(crate) fn notes(item: &str, lines: &[String]) -> Vec<String> {
    let outcome = outcome(item, lines, 2);
    let name = format!("{}: ", outcome.naming.detector());
    outcome.notes.iter().map(|note| note.strip_prefix(&name).unwrap().to_owned()).collect()
}

/// Why an item is refused.
pub(crate) fn refused(item: &str) -> String {
    match plan(item) {
        Ok(_) => String::from("it is not"),
        Err(e) => format!("{e:#}"),
    }
}

/// Some members of each alert, as a JSON list.
pub(crate) fn values(alerts: &[Value], names: &[&str]) -> Vec<String> {
    alerts.iter().map(|a| Value::from(names.iter().map(|n| a[*n].clone()).collect::<Vec<_>>()).to_string()).collect()
}

#[test]
fn every_detector_has_a_name_of_its_own_and_is_documented() {
    let mut names: Vec<_> = specs().iter().map(|s| s.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DETECTORS.len() + 1 + consumer::SPECS.len());
    for detector in DETECTORS {
        let spec = detector.spec;
        assert!(spec.about.starts_with(|c: char| c.is_lowercase()) && !spec.about.ends_with('.'), "{}", spec.name);
        for text in [spec.explain, spec.memory, spec.source] {
            assert!(!text.trim().is_empty(), "{}", spec.name);
        }
        assert!(spec.explain.contains("everity"), "{} does not say how grave its alerts are", spec.name);
        assert!(spec.needs.iter().all(|n| flow_record::record::FieldId::named(n).is_some()), "{}", spec.name);
        assert!(detector.needs.is_none_or(|n| spec.param(n).is_some()), "{}", spec.name);
    }
}

#[test]
fn a_term_of_evidence_is_of_one_kind_in_all_detectors() {
    let all: Vec<&Field> = DETECTORS.iter().flat_map(|d| d.spec.columns).collect();
    for a in &all {
        assert!(all.iter().filter(|b| b.name == a.name).all(|b| b.kind == a.kind), "{}", a.name);
    }
}

#[test]
fn every_parameter_has_a_default_that_it_would_take_itself() {
    for detector in DETECTORS {
        for param in detector.spec.params.iter().filter(|p| Some(p.name) != detector.needs) {
            let item = format!("{}:{}={}", detector.spec.name, param.name, param.default);
            assert!(Args::resolve(&item, "detector", specs()).is_ok(), "{item}");
            assert!(!param.about.is_empty(), "{item}");
        }
    }
}

#[test]
fn every_detector_builds_from_its_defaults_or_names_what_it_needs() {
    for detector in DETECTORS {
        let built = (detector.build)(&Args::defaults(detector.spec), &mut Setup::default());
        match (built, detector.needs) {
            (Ok(Built::State(state)), None) => assert!(state.takes().flows),
            (Ok(Built::Pairs(rule)), None) => assert!(!rule.needs().is_empty()),
            (Err(e), Some(needs)) => {
                assert!(e.to_string().contains(&format!("{needs}=")) && e.to_string().contains(" is needed"))
            }
            (Ok(_), Some(_)) => unreachable!("{} runs without what it needs", detector.spec.name),
            (Err(e), None) => unreachable!("{}: {e}", detector.spec.name),
        }
    }
}

#[test]
fn flows_without_what_a_detector_needs_are_counted_and_told() {
    let lines: Vec<String> = [
        r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","dst_port":1}"#,
        r#"{"src_ip":"10.0.0.1","bytes":7}"#,
        r#"{"dst_ip":"10.0.0.1","bytes":7}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    for (item, told) in [
        ("zscore", &["1 line without bytes left out", "1 line without its key left out"][..]),
        ("iqr:by=dst_port", &["1 line without bytes left out", "2 lines without its key left out"]),
        (
            "zscore:of=flow",
            &["1 line without bytes left out", "2 flows have the same bytes each, so that none stands out"],
        ),
        ("portscan", &["1 line without dst_port left out", "1 line without src_ip left out"]),
        ("sweep", &["1 line without dst_ip left out", "1 line without src_ip left out"]),
        (
            "exfil",
            &["1 line without bytes left out", "1 line without dst_ip left out", "1 line without src_ip left out"],
        ),
        ("beacon", &["3 lines without timestamp left out"]),
    ] {
        assert_eq!(notes(item, &lines), told, "{item}");
    }
}

#[test]
fn wrong_fields_and_keys_are_refused() {
    for (item, part) in [
        (
            "zscore:field=byts",
            "zscore: field=byts: no number of a flow; did you mean \"bytes\"?; of=rows takes any column",
        ),
        ("zscore:field=src_ip", "no number of a flow"),
        ("iqr:of=flow,field=bytes+bytes", "twice"),
        ("mad:by=src_ip/99", "by=src_ip/99"),
        ("mad:of=flow,by=src_ip", "by= is for of=host"),
        ("zscore:by=src_ip+timestamp", "by=timestamp: an alert has a member of that name"),
        ("zscore:by=value", "by=value: an alert has a member of that name"),
        ("zscore:of=hosts", "did you mean \"host\"?"),
        ("beacon:flows=1", "integer from 2 is expected"),
        ("portscan:ports=0", "integer, 1 to 65536 is expected"),
    ] {
        assert!(refused(item).contains(part), "{item}: {}", refused(item));
    }
    assert_eq!(refused("zscore:of=rows,field=anything"), "it is not");
}

#[test]
fn nothing_at_all_gives_nothing() {
    for detector in DETECTORS.iter().filter(|d| d.needs.is_none()) {
        assert!(alerts(detector.spec.name, &[]).is_empty());
        assert!(notes(detector.spec.name, &[]).is_empty());
        let one = [flow("10.0.0.1", "10.0.0.2", 80, 0, 100)];
        assert!(alerts(detector.spec.name, &one).is_empty());
        assert!(notes(detector.spec.name, &one).is_empty(), "{}", detector.spec.name);
    }
}

/// Files that items need.
struct Files {
    normal: tempfile::NamedTempFile,
    list: tempfile::NamedTempFile,
}

impl Files {
    fn new() -> Files {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "192.0.2.9 watched\n").unwrap();
        Files { normal: tempfile::NamedTempFile::new().unwrap(), list }
    }
}

/// Lines on which the detectors that look at what flows did find something.
fn deeds() -> Vec<String> {
    let with = |line: String, from: &str, to: &str| line.replace(from, to);
    let mut lines = Vec::new();
    for i in 0..60u64 {
        let flags = if i % 3 == 0 { 27 } else { 2 };
        let syn = format!("\"src_port\":40000,\"tcp_flags\":{flags},\"bytes\"");
        lines.push(with(flow("10.1.0.1", &format!("198.51.100.{i}"), 22, i, 44), "\"bytes\"", &syn));
        let syn = "\"src_port\":40000,\"tcp_flags\":2,\"bytes\"";
        lines.push(with(flow("10.1.0.2", &format!("198.51.100.{i}"), 22, i, 44), "\"bytes\"", syn));
        lines.push(with(flow("10.1.0.3", "198.51.100.1", 100 + i as u16, i, 44), "\"bytes\"", syn));
        lines.push(with(flow(&format!("203.0.113.{i}"), "192.0.2.7", 80, i, 44), "\"bytes\"", syn));
        let udp = "\"protocol\":17,\"src_port\":123";
        lines.push(with(flow(&format!("203.0.113.{i}"), "192.0.2.8", 4000, i, 468), "\"protocol\":6", udp));
        let many = |n: u64| format!("\"packets\":{n}");
        lines.push(with(flow("10.1.0.4", "192.0.2.53", 53, i, 720), "\"packets\":1", &many(4)));
        lines.push(with(flow("10.1.0.5", "192.0.2.22", 22, i, 1800 + i), "\"packets\":1", &many(14)));
        let icmp = with(flow("10.1.0.6", "192.0.2.6", 0, i, 2000 + 50 * i), "\"packets\":1", &many(4));
        lines.push(with(icmp, "\"protocol\":6", "\"protocol\":1"));
    }
    for i in 0..30u64 {
        let whole = "\"tcp_flags\":27,\"bytes\"";
        lines.push(with(flow("10.2.0.1", &format!("10.2.1.{i}"), 5985, i, 900), "\"bytes\"", whole));
        lines.push(with(flow(&format!("10.2.2.{i}"), &format!("10.2.2.{}", i + 1), 3389, i, 900), "\"bytes\"", whole));
    }
    lines.push(with(flow("10.1.0.8", "239.0.0.1", 9, 0, 900), "\"packets\":1", "\"packets\":7000"));
    lines.push(with(flow("10.1.0.7", "192.0.2.7", 22, 0, 100), "\"src_ip\"", "\"duration\":20000,\"src_ip\""));
    lines
}

/// Lines of every sort on which every detector finds something, and items that do.
fn everything(files: &Files) -> (Vec<String>, Vec<String>) {
    let normal = files.normal.path();
    let mut lines: Vec<String> = (0..60u64)
        .map(|i| flow("10.0.0.1", &format!("2001:db8::{i:x}"), 7000 + i as u16, 60 * i, 40 + i % 3))
        .chain((0..30).map(|i| flow("10.0.0.2", "192.0.2.1", i as u16, i, 100)))
        .chain((0..30).map(|i| flow("2001:db8::1", "192.0.2.2", 0, 60 * i, 333)))
        .chain((3..20).map(|i| flow(&format!("10.0.0.{i}"), "192.0.2.3", 443, i, 1000)))
        .collect();
    lines.extend(deeds());
    lines.push(flow("10.0.0.99", "192.0.2.9", 443, 5, 900_000_000).replace("\"bytes\"", "\"rev_bytes\":7,\"bytes\""));
    lines.extend((1..=12).map(|i| {
        let bytes = if i == 7 { 100_000 } else { 10 + i };
        format!(r#"{{"kind":"ports","dst_port":{i},"flows":{i},"bytes":{bytes},"bytes_per_flow_mean":{bytes}.5}}"#)
    }));
    let row = |field| {
        format!(
            r#"{{"kind":"describe","field":"{field}","count":9,"mean":1,"std":1,"p25":1,"p75":2,"approx":["p25"]}}"#
        )
    };
    std::fs::write(normal, format!("{}\n{}\n", row("bytes"), row("rev_bytes"))).unwrap();
    let mut items = vec!["zscore", "iqr", "mad", "portscan", "sweep", "exfil", "beacon", "beacon:rule=score,score=0.1"];
    items.extend(["zscore:of=flow", "iqr:of=flow", "mad:of=flow", "zscore:by=src_ip/24+dst_port,threshold=1"]);
    items.extend(["zscore:field=duration+flows+packets,threshold=1", "iqr:by=dst_ip"]);
    items.extend(["scan", "scan:benign=0.21,scanner=0.2", "longconn", "strobe:flows=10", "dnstunnel", "icmptunnel"]);
    items.extend([
        "bruteforce",
        "ddos:syn=1",
        "amplification",
        "lateral",
        "broadcast",
        "policy:where=\"dst port 22\"",
        "exfil:rule=volume",
    ]);
    let mut items: Vec<String> = items.into_iter().map(str::to_owned).collect();
    items.push(format!("intel:list={}", files.list.path().display()));
    items.extend(["sigma", "fence"].map(|name| format!("{name}:normal={}", normal.display())));
    (lines, items)
}

#[test]
fn every_alert_is_as_the_schema_says() {
    let files = Files::new();
    let (lines, items) = everything(&files);
    let schemas = (crate::options::PROGRAM.schemas)(flow_record::record::schema::Form::Closed);
    let schema = flow_record::record::schema::any_of("flowdetect", schemas);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for item in items {
        let found = alerts(&item, &lines);
        assert!(!found.is_empty(), "{item} finds nothing");
        for alert in &found {
            assert!(validator.is_valid(alert), "{item}: {alert}");
            let score = alert["score"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&score), "{item}: {alert}");
            assert!(alert["reason"].as_str().unwrap().len() > 40, "{item}: {alert}");
        }
    }
}

#[test]
fn evidence_has_all_the_documented_terms_and_no_other() {
    let files = Files::new();
    let (lines, items) = everything(&files);
    for detector in DETECTORS {
        let spec = detector.spec;
        let mine = items.iter().filter(|item| item.split(':').next() == Some(spec.name));
        let found: Vec<Value> = mine.flat_map(|item| alerts(item, &lines)).collect();
        let terms: std::collections::BTreeSet<String> =
            found.iter().flat_map(|a| a["evidence"].as_object().unwrap().keys().cloned()).collect();
        let documented: std::collections::BTreeSet<String> = spec.columns.iter().map(|c| c.name.to_owned()).collect();
        assert!(terms.is_subset(&documented), "{}: {:?}", spec.name, terms.difference(&documented));
        // What is rare: an estimate of more than 65 536 destinations, a median deviation of 0.
        let rare = ["approx", "mean_deviation"].map(str::to_owned);
        let missing: Vec<_> = documented.difference(&terms).filter(|t| !rare.contains(t)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", spec.name);
    }
}

#[test]
fn ids_of_all_alerts_differ() {
    let files = Files::new();
    let (lines, items) = everything(&files);
    let ids: Vec<String> = items.iter().flat_map(|item| alerts(item, &lines)).map(|a| a["id"].to_string()).collect();
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}
