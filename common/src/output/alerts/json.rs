//! Alerts as JSON of another schema: ECS and OCSF.

use super::Alert;
use crate::net::protocol;
use serde_json::{Map, Value, json};

/// Members that say whom an alert is about and have a place in the schemas.
const PLACED: [&str; 16] = [
    "kind",
    "id",
    "update",
    "detector",
    "severity",
    "score",
    "timestamp",
    "end",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "flows",
    "reason",
    "technique",
];

/// What the schemas have no place for.
fn rest(alert: &Alert<'_>) -> Map<String, Value> {
    let all = alert.0.as_object().into_iter().flatten();
    all.filter(|(name, _)| !PLACED.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// An address with its port, under these names.
fn end(alert: &Alert<'_>, address: &str, port: &str) -> Option<Value> {
    let mut end = Map::new();
    end.extend(alert.text(address).map(|a| ("ip".to_owned(), a.into())));
    end.extend(alert.integer(port).map(|p| ("port".to_owned(), p.into())));
    (!end.is_empty()).then_some(Value::Object(end))
}

/// The technique and, where the alert names one, its part.
fn technique<'a>(alert: &'a Alert<'_>) -> Option<(&'a str, Option<&'a str>)> {
    let id = alert.text("technique")?;
    Some(id.split_once('.').map_or((id, None), |(whole, _)| (whole, Some(id))))
}

/// The alert in the Elastic Common Schema.
pub(super) fn ecs(alert: &Alert<'_>) -> Value {
    let mut event = json!({
        "kind": "alert", "category": ["intrusion_detection", "network"], "type": ["info"], "module": "flowdetect",
        "dataset": format!("flowdetect.{}", alert.detector()), "severity": alert.grade() + 1,
        "risk_score": alert.percent(), "reason": alert.reason(),
    });
    for (name, member) in [("id", "id"), ("start", "timestamp"), ("end", "end")] {
        if let Some(text) = alert.text(member) {
            event[name] = text.into();
        }
    }
    let mut out = json!({
        "ecs": {"version": "8.11.0"}, "event": event, "rule": {"name": alert.detector()}, "message": alert.reason(),
        "log": {"level": alert.text("severity")},
    });
    let ips: Vec<&str> = ["src_ip", "dst_ip"].iter().filter_map(|name| alert.text(name)).collect();
    if !ips.is_empty() {
        out["related"] = json!({"ip": ips});
    }
    for (name, value) in [
        ("@timestamp", alert.text("end").or_else(|| alert.text("timestamp")).map(Value::from)),
        ("source", end(alert, "src_ip", "src_port")),
        ("destination", end(alert, "dst_ip", "dst_port")),
        ("network", alert.integer("protocol").map(network)),
        ("threat", technique(alert).map(|(id, part)| threat(id, part))),
    ] {
        if let Some(value) = value {
            out[name] = value;
        }
    }
    let mut ours = rest(alert);
    ours.extend(["update", "flows"].iter().filter_map(|n| Some(((*n).to_owned(), alert.0.get(n)?.clone()))));
    out["flowdetect"] = Value::Object(ours);
    out
}

fn network(number: u64) -> Value {
    let mut network = json!({"iana_number": number.to_string()});
    if let Some(name) = u8::try_from(number).ok().and_then(protocol::keyword) {
        network["transport"] = name.to_ascii_lowercase().into();
    }
    network
}

fn threat(id: &str, part: Option<&str>) -> Value {
    let mut threat = json!({"framework": "MITRE ATT&CK", "technique": {"id": [id]}});
    if let Some(part) = part {
        threat["technique"]["subtechnique"] = json!({"id": [part]});
    }
    threat
}

/// The alert as OCSF's Detection Finding.
pub(super) fn ocsf(alert: &Alert<'_>) -> Value {
    let activity = if alert.integer("update").is_some() { 2 } else { 1 };
    let names = ["Low", "Medium", "High", "Critical"];
    let mut info = json!({
        "title": alert.reason(), "types": [alert.detector()],
        "analytic": {"name": alert.detector(), "type": "Rule", "type_id": 1},
    });
    let mut out = json!({
        "category_uid": 2, "class_uid": 2004, "activity_id": activity, "type_uid": 200_400 + activity,
        "severity_id": alert.grade() + 2, "severity": names[alert.grade()], "status_id": 1, "message": alert.reason(),
        "confidence_score": alert.percent(),
        "metadata": {"version": "1.3.0", "product": {
            "name": "flowdetect", "vendor_name": "flow filters", "version": env!("CARGO_PKG_VERSION"),
        }},
        "unmapped": rest(alert),
    });
    info["uid"] = alert.text("id").unwrap_or_default().into();
    for (name, seen, member) in [("start_time", "first_seen_time", "timestamp"), ("end_time", "last_seen_time", "end")]
    {
        if let Some(ms) = alert.millis(member) {
            out[name] = ms.into();
            info[seen] = ms.into();
        }
    }
    out["time"] = alert.millis("end").or_else(|| alert.millis("timestamp")).unwrap_or(0).into();
    if let Some((id, part)) = technique(alert) {
        let mut attack = json!({"version": "16", "technique": {"uid": id}});
        if let Some(part) = part {
            attack["sub_technique"] = json!({"uid": part});
        }
        info["attacks"] = json!([attack]);
    }
    if let Some(flows) = alert.integer("flows") {
        out["count"] = flows.into();
    }
    let mut evidence = Map::new();
    for (name, value) in [
        ("src_endpoint", end(alert, "src_ip", "src_port")),
        ("dst_endpoint", end(alert, "dst_ip", "dst_port")),
        ("connection_info", alert.integer("protocol").map(|n| json!({"protocol_num": n, "direction_id": 0}))),
    ] {
        evidence.extend(value.map(|value| (name.to_owned(), value)));
    }
    if !evidence.is_empty() {
        out["evidences"] = json!([evidence]);
    }
    out["finding_info"] = info;
    out
}
