//! What a report says to people, in words and figures: the one source of its pages, tables and bars.
//!
//! All text that lines brought is made printable here; how it is escaped beyond that is the form's own. Bound: what the
//! report shows, which is a number of rows of each kind.

use super::alerts::Alerts;
use super::course::{Course, KINDS};
use super::usual::Usual;
use flow_record::alert::Severity;
use flow_record::people::{amount, count, duration, figures};
use flow_record::value::Time;
use flow_record::value::text::printable;
use serde_json::{Value, json};

/// What a report is made of, once all was read.
pub(super) struct Facts {
    /// The time that counts as now.
    pub(super) now: Option<Time>,
    /// The row of `summary`.
    pub(super) summary: Value,
    pub(super) hourly: Vec<Value>,
    pub(super) protocols: Vec<Value>,
    pub(super) talkers: Vec<Value>,
    pub(super) ports: Vec<Value>,
    pub(super) hosts: Vec<Value>,
    /// What changed since the baseline.
    pub(super) changes: Vec<Value>,
    pub(super) course: Course,
    pub(super) alerts: Alerts,
    pub(super) usual: Option<Usual>,
}

/// Members of an alert that say more of whom it is about.
const MORE: [&str; 8] = ["src_name", "src_country", "src_org", "dst_name", "dst_country", "dst_org", "service", "app"];

/// Terms of evidence that are shown, and characters of each.
const TERMS: usize = 12;
const LONGEST: usize = 160;

/// Changes that are shown.
const CHANGES: usize = 25;

fn number(row: &Value, name: &str) -> f64 {
    row.get(name).and_then(Value::as_f64).unwrap_or(0.0)
}

/// A member as text that is fit to be seen.
fn text(row: &Value, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => printable(text).into_owned(),
        Some(other) => printable(&other.to_string()).into_owned(),
    }
}

/// A time as people write it, to the second.
fn moment(text: &str) -> String {
    match text.split_at_checked(19) {
        Some((whole, rest)) if rest.ends_with('Z') => format!("{} UTC", whole.replace('T', " ")),
        _ => printable(text).into_owned(),
    }
}

fn bytes(value: f64) -> String {
    amount(value, "bytes")
}

fn percent(part: f64) -> String {
    format!("{}%", figures((part * 1000.0).round() / 10.0))
}

/// Cut to so many characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The whole document.
pub(super) fn document(facts: &Facts) -> Value {
    let alerts = alerts(&facts.alerts);
    let summary = &facts.summary;
    let now = facts.now.map(|now| moment(&now.to_text(3))).unwrap_or_default();
    let now = if now.is_empty() { moment(&text(summary, "last")) } else { now };
    json!({
        "range": range(summary),
        "now": now,
        "has_flows": number(summary, "flows") > 0.0,
        "tiles": tiles(summary, &facts.alerts, alerts.first()),
        "worst": alerts.first(),
        "alerts": alerts,
        "detectors": facts.alerts.detectors.iter().map(|(name, d)| json!({
            "name": printable(name), "count": figures(d.count as f64), "shown": d.largest.len(),
            "is_cut": d.count > d.largest.len() as u64,
        })).collect::<Vec<_>>(),
        "timeline": timeline(facts),
        "week": week(&facts.course),
        "day": day(facts),
        "talkers": shares(&facts.talkers, "src_ip", "bytes", |row| number(row, "share")),
        "ports": ports(&facts.ports, number(summary, "flows")),
        "protocols": protocols(facts),
        "hosts": hosts(facts),
        "usual": facts.usual.as_ref().map(|usual| json!({
            "days": count(usual.days(), "days"), "is_short": usual.is_short(),
            "changes": changes(&facts.changes), "changed": count(facts.changes.len() as u64, "changes"),
            "is_cut": facts.changes.len() > CHANGES,
        })),
    })
}

fn range(summary: &Value) -> String {
    match (text(summary, "first"), text(summary, "last")) {
        (first, _) if first.is_empty() => String::new(),
        (first, last) => format!("{} to {}", moment(&first), moment(&last)),
    }
}

/// The figures at the top: a name, a value, and what it is in detail.
fn tiles(summary: &Value, alerts: &Alerts, worst: Option<&Value>) -> Vec<Value> {
    let of = |name| number(summary, name);
    let both = of("bytes") + of("rev_bytes");
    let tile = |name: &str, value: String, more: String| json!({"name": name, "value": value, "more": more});
    let severity = worst.map_or("none", |w| w["severity"].as_str().unwrap_or_default());
    vec![
        tile("alerts", figures(alerts.total as f64), format!("worst: {severity}")),
        tile("flows", figures(of("flows")), count(of("days") as u64, "days")),
        tile("bytes", bytes(both), format!("{} sent, {} received", bytes(of("bytes")), bytes(of("rev_bytes")))),
        tile("packets", figures(of("packets") + of("rev_packets")), "both directions".into()),
        tile(
            "hosts",
            figures(of("hosts")),
            format!("{} sources, {} destinations", figures(of("src_ips")), figures(of("dst_ips"))),
        ),
        tile("rate", amount(of("bps"), "bit/s"), amount(of("pps"), "packets/s")),
    ]
}

/// The place of a severity in the order of alerts; the gravest first.
fn gravity(word: &str) -> usize {
    Severity::named(word).map_or(4, |s| {
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].iter().position(|x| *x == s).unwrap_or(4)
    })
}

/// The alerts that are kept, the gravest first, of equals the larger score.
fn alerts(alerts: &Alerts) -> Vec<Value> {
    let mut all: Vec<(usize, f64, &str, Value)> = Vec::new();
    for (detector, known) in &alerts.detectors {
        for alert in &known.largest {
            // A line that came through the scanner is an object.
            let Ok(line) = serde_json::from_str::<Value>(&alert.line) else { continue };
            let severity = line.get("severity").and_then(Value::as_str).unwrap_or_default();
            all.push((gravity(severity), -number(&line, "score"), detector, card(&line)));
        }
    }
    // Stable: of one detector the larger value comes first.
    all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(b.2)));
    all.into_iter().map(|(.., card)| card).collect()
}

/// An alert as it is shown.
fn card(line: &Value) -> Value {
    let word = text(line, "severity");
    let severity = if gravity(&word) < 4 { word.as_str() } else { "unrated" };
    let target: Vec<String> = [("dst_ip", ""), ("dst_port", "port "), ("protocol", "protocol ")]
        .iter()
        .map(|(name, before)| (text(line, name), before))
        .filter(|(value, _)| !value.is_empty())
        .map(|(value, before)| format!("{before}{value}"))
        .collect();
    let more: Vec<Value> = MORE
        .iter()
        .map(|name| (name, text(line, name)))
        .filter(|(_, v)| !v.is_empty())
        .map(|(n, v)| json!([n, cut(&v)]))
        .collect();
    let host = [text(line, "src_ip"), text(line, "dst_ip")]
        .into_iter()
        .find(|h| !h.is_empty())
        .unwrap_or_else(|| "no host".into());
    let times = match (text(line, "timestamp"), text(line, "end")) {
        (from, _) if from.is_empty() => String::new(),
        (from, to) if to.is_empty() || to == from => moment(&from),
        (from, to) => format!("{} to {}", moment(&from), moment(&to)),
    };
    json!({
        "severity": severity, "detector": text(line, "detector"), "host": host, "target": target.join(", "),
        "reason": text(line, "reason"), "times": times, "at": text(line, "timestamp"), "score": text(line, "score"),
        "value": figures_of(line, "value"), "threshold": figures_of(line, "threshold"), "flows": figures_of(line, "flows"),
        "technique": text(line, "technique"), "more": more, "evidence": evidence(line),
    })
}

fn figures_of(line: &Value, name: &str) -> String {
    line.get(name).and_then(Value::as_f64).map(figures).unwrap_or_else(|| cut(&text(line, name)))
}

/// The terms of an alert's evidence, as name and value.
fn evidence(line: &Value) -> Vec<Value> {
    let Some(Value::Object(terms)) = line.get("evidence") else { return Vec::new() };
    let shown = |value: &Value| match value {
        Value::Number(n) => n.as_f64().map(figures).unwrap_or_default(),
        Value::String(text) => printable(text).into_owned(),
        Value::Array(all) => all
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .map(|v| printable(&v).into_owned())
            .collect::<Vec<_>>()
            .join(", "),
        other => printable(&other.to_string()).into_owned(),
    };
    // The alert itself says how many flows.
    terms
        .iter()
        .filter(|(name, _)| *name != "flows")
        .take(TERMS)
        .map(|(name, value)| json!([cut(&printable(name)), cut(&shown(value))]))
        .collect()
}

/// Seconds since 1970 of a text that is a time.
fn seconds(text: &str) -> Option<f64> {
    let (time, _, _) = flow_record::value::time::rfc3339(&mut Default::default(), text.as_bytes())?;
    Some(time.nanos() as f64 / 1e9)
}

/// Bars over time, in parts of 1000 of width and height, and where alerts are.
fn timeline(facts: &Facts) -> Value {
    let course = &facts.course;
    let (Some((first, _)), Some((last, _))) = (course.bins.first_key_value(), course.bins.last_key_value()) else {
        return Value::Null;
    };
    let (n, width) = ((last - first + 1) as f64, course.width() as f64);
    let most = course.bins.values().map(|b| b.total()).max().unwrap_or(0).max(1) as f64;
    let step = 1000.0 / n;
    let mut bars = Vec::new();
    for (number, bin) in &course.bins {
        let left = (number - first) as f64 * step;
        let mut parts = Vec::new();
        let mut below = 0.0;
        for (kind, sum) in bin.bytes.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            let height = *sum as f64 / most * 1000.0;
            below += height;
            parts.push(json!({"kind": kind, "y": rounded(1000.0 - below), "height": rounded(height)}));
        }
        let at = course.start(*number).map(|t| moment(&t.to_text(3))).unwrap_or_default();
        let said = format!("{at}: {} in {}", bytes(bin.total() as f64), count(bin.flows, "flows"));
        bars.push(json!({"x": rounded(left), "width": rounded(step * 0.86), "parts": parts, "said": said,
            "bytes": bin.total() as f64, "at": at}));
    }
    let begin = *first as f64 * width;
    let mut marks = Vec::new();
    for (number, alert) in alerts(&facts.alerts).iter().enumerate() {
        let Some(at) = seconds(alert["at"].as_str().unwrap_or_default()) else { continue };
        let place = (at - begin) / (n * width) * 100.0;
        if (0.0..=100.0).contains(&place) {
            let said = format!("{}: {} {}", text(alert, "severity"), text(alert, "detector"), text(alert, "host"));
            marks.push(json!({"left": rounded(place), "severity": alert["severity"], "said": said, "number": number}));
        }
    }
    let label = |bin: i64| course.start(bin).map(|t| moment(&t.to_text(3)).replace(" UTC", "")).unwrap_or_default();
    let kinds: Vec<Value> = KINDS
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let sum: u128 = course.bins.values().map(|b| b.bytes[i]).sum();
            json!({"kind": i, "name": name, "bytes": bytes(sum as f64), "is_there": sum > 0})
        })
        .collect();
    json!({
        "bars": bars, "marks": marks, "kinds": kinds, "most": bytes(most), "bin": duration(width),
        "from": label(*first), "middle": label(first + (last - first + 1) / 2), "to": label(last + 1),
    })
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The hours of the week: rows of days, each cell with its part of the largest.
fn week(course: &Course) -> Value {
    let most = course.week.iter().map(|w| w.0).max().unwrap_or(0);
    if most == 0 {
        return Value::Null;
    }
    let days: Vec<Value> = DAYS
        .iter()
        .enumerate()
        .map(|(day, name)| {
            let cells: Vec<Value> = course.week[day * 24..][..24]
                .iter()
                .enumerate()
                .map(|(hour, (sum, flows))| {
                    // The root lets small hours be seen beside large ones.
                    let part = (*sum as f64 / most as f64).sqrt();
                    let said = format!("{name} {hour:02}:00 UTC: {} in {}", bytes(*sum as f64), count(*flows, "flows"));
                    json!({"part": rounded(part), "said": said, "is_silent": *flows == 0})
                })
                .collect();
            json!({"name": name, "cells": cells})
        })
        .collect();
    json!({"days": days, "most": bytes(most as f64)})
}

/// The hours of the day: bytes on average, and what is usual.
fn day(facts: &Facts) -> Value {
    if facts.hourly.is_empty() {
        return Value::Null;
    }
    let actual = |hour: i64| {
        facts.hourly.iter().find(|r| number(r, "hour") == hour as f64).map_or(0.0, |r| number(r, "bytes_mean"))
    };
    let usual = |hour: i64| facts.usual.as_ref().map(|u| u.hour(hour));
    let most = (0..24).flat_map(|h| [Some(actual(h)), usual(h)]).flatten().fold(1.0, f64::max);
    let hours: Vec<Value> = (0..24).map(|hour| {
        let (is, was) = (actual(hour), usual(hour));
        let beside = was.map(|w| format!(", usually {}", bytes(w))).unwrap_or_default();
        json!({"hour": format!("{hour:02}"), "part": rounded(is / most * 100.0), "usual": was.map(|w| rounded(w / most * 100.0)),
            "bytes": bytes(is), "was": was.map(bytes), "said": format!("{hour:02}:00 UTC: {} a day{beside}", bytes(is))})
    }).collect();
    json!({"hours": hours, "most": bytes(most)})
}

/// Rows with a bar each.
fn shares(rows: &[Value], key: &str, measure: &str, share: impl Fn(&Value) -> f64) -> Vec<Value> {
    let most = rows.iter().map(|r| number(r, measure)).fold(1.0, f64::max);
    rows.iter().map(|row| json!({
        "name": text(row, key), "value": amount(number(row, measure), measure), "share": percent(share(row)),
        "part": rounded(number(row, measure) / most * 100.0), "flows": count(number(row, "flows") as u64, "flows"),
    })).collect()
}

fn ports(rows: &[Value], flows: f64) -> Vec<Value> {
    let mut all = shares(rows, "dst_port", "flows", |row| number(row, "flows") / flows.max(1.0));
    for (made, row) in all.iter_mut().zip(rows) {
        made["bytes"] = bytes(number(row, "bytes")).into();
    }
    all
}

fn protocols(facts: &Facts) -> Vec<Value> {
    let mut all = shares(&facts.protocols, "name", "flows", |row| number(row, "percentage") / 100.0);
    for (made, row) in all.iter_mut().zip(&facts.protocols) {
        let usual = facts.usual.as_ref().map(|u| percent(u.protocol_share(number(row, "protocol") as u8)));
        made["usual"] = usual.into();
        made["bytes"] = bytes(number(row, "bytes")).into();
    }
    // The largest first.
    let mut order: Vec<(f64, Value)> = facts.protocols.iter().map(|r| number(r, "flows")).zip(all).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.into_iter().map(|(_, row)| row).collect()
}

/// The table of hosts: cells as they are shown, and as they are sorted.
fn hosts(facts: &Facts) -> Vec<Value> {
    let days = number(&facts.summary, "days").max(1.0);
    let alerts = alerts(&facts.alerts);
    facts
        .hosts
        .iter()
        .map(|row| {
            let host = text(row, "src_ip");
            let number_of_alerts = alerts.iter().filter(|a| a["host"] == host.as_str()).count();
            let usual = facts.usual.as_ref().and_then(|u| u.host(&host));
            json!({
                "host": host, "alerts": number_of_alerts,
                "flows": figures(number(row, "flows")), "flows_n": number(row, "flows"),
                "bytes": bytes(number(row, "bytes")), "bytes_n": number(row, "bytes"),
                "received": bytes(number(row, "rev_bytes")), "received_n": number(row, "rev_bytes"),
                "peers": figures(number(row, "unique_dst_ips")), "peers_n": number(row, "unique_dst_ips"),
                "ports": figures(number(row, "unique_dst_ports")), "ports_n": number(row, "unique_dst_ports"),
                "median": bytes(number(row, "bytes_per_flow_median")), "median_n": number(row, "bytes_per_flow_median"),
                "last": moment(&text(row, "last")),
                "daily": bytes(number(row, "bytes") / days), "daily_n": number(row, "bytes") / days,
                "usual": usual.map(bytes), "usual_n": usual,
            })
        })
        .collect()
}

fn changes(rows: &[Value]) -> Vec<Value> {
    let key = |row: &Value| match row.get("key") {
        Some(Value::Array(two)) => two
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), |t| printable(t).into_owned()))
            .collect::<Vec<_>>()
            .join(" to "),
        _ => text(row, "key"),
    };
    rows.iter().take(CHANGES).map(|row| json!({
        "what": text(row, "change"), "section": text(row, "section"), "key": key(row),
        "flows": figures(number(row, "flows").round()), "flows_before": figures(number(row, "flows_before").round()),
        "bytes": bytes(number(row, "bytes").round()), "bytes_before": bytes(number(row, "bytes_before").round()),
    })).collect()
}
