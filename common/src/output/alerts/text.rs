//! Alerts as one line of text: syslog and CEF.
//!
//! RFC 5424 section 6: header, structured data, message; values escape `"`, `\` and `]` (6.3.3). The private enterprise
//! number is the one for documentation (RFC 5612), as there is none of ours. CEF escapes `|` and `\` in its header, `=` and
//! `\` in its extension.

use super::Alert;
use crate::net::protocol;
use serde_json::Value;
use std::fmt::Write;

/// Security messages; RFC 5424 section 6.2.1.
const FACILITY: usize = 4;

/// Informational, warning, error, critical: by severity.
const LEVELS: [usize; 4] = [6, 4, 3, 2];

/// Characters of a MSGID at most.
const MSGID: usize = 32;

/// CEF's severities, of 0 to 10.
const CEF: [u8; 4] = [3, 5, 8, 10];

/// Members that have a place of their own.
const PLACED: [&str; 3] = ["kind", "detector", "reason"];

/// The alert as RFC 5424 has it.
pub(super) fn syslog(alert: &Alert<'_>) -> String {
    let priority = FACILITY * 8 + LEVELS[alert.grade()];
    let time = alert.text("end").or_else(|| alert.text("timestamp")).map_or_else(|| "-".to_owned(), micros);
    let word = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    let detector: String = alert.detector().chars().map(word).take(MSGID).collect();
    let mut out = format!("<{priority}>1 {time} - flowdetect - {detector} [alert@32473");
    for (name, value) in alert.0.as_object().into_iter().flatten().filter(|(name, _)| !PLACED.contains(&name.as_str()))
    {
        // A name of structured data: no blank, =, ] and ", at most 32 characters.
        let is_name = name.len() <= MSGID && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name {
            let _ = write!(out, " {name}=\"{}\"", escaped(&plain(value), &['"', '\\', ']']));
        }
    }
    let reason = alert.reason();
    let mark = if reason.is_ascii() { "" } else { "\u{feff}" };
    out + "] " + mark + &reason
}

/// A time with at most six decimals, as RFC 5424 has them.
fn micros(time: &str) -> String {
    match (time.find('.'), time.strip_suffix('Z')) {
        (Some(point), Some(rest)) if rest.len() > point + 7 => format!("{}Z", &rest[..point + 7]),
        _ => time.to_owned(),
    }
}

/// A value as text: texts without quotes, all else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => crate::value::text::printable(text).into_owned(),
        other => other.to_string(),
    }
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The alert as CEF has it.
pub(super) fn cef(alert: &Alert<'_>) -> String {
    let reason = alert.reason();
    let [detector, name] =
        [alert.detector(), &reason].map(|text| escaped(&crate::value::text::printable(text), &['|', '\\']));
    let version = env!("CARGO_PKG_VERSION");
    let mut members: Vec<(&str, String)> = Vec::new();
    let mut add = |name: &'static str, value: Option<String>| members.extend(value.map(|value| (name, value)));
    let text = |name| alert.text(name).map(str::to_owned);
    let millis = |name| alert.millis(name).map(|ms| ms.to_string());
    add("externalId", text("id"));
    add("rt", millis("end"));
    add("start", millis("timestamp"));
    add("end", millis("end"));
    for (member, four, six, label, about) in [
        ("src_ip", "src", "c6a2", "c6a2Label", "Source IPv6 Address"),
        ("dst_ip", "dst", "c6a3", "c6a3Label", "Destination IPv6 Address"),
    ] {
        match text(member) {
            Some(address) if address.contains(':') => {
                add(label, Some(about.to_owned()));
                add(six, Some(address));
            }
            address => add(four, address),
        }
    }
    let integer = |name| alert.integer(name).map(|n| n.to_string());
    add("spt", integer("src_port"));
    add("dpt", integer("dst_port"));
    let protocol = alert.integer("protocol").and_then(|n| u8::try_from(n).ok());
    add("proto", protocol.map(|n| protocol::short(n).into_owned()));
    add("cnt", integer("flows"));
    add("msg", Some(reason));
    for (label, place, name) in [
        ("cs1Label", "cs1", "technique"),
        ("cfp1Label", "cfp1", "score"),
        ("cfp2Label", "cfp2", "value"),
        ("cfp3Label", "cfp3", "threshold"),
        ("cs2Label", "cs2", "evidence"),
    ] {
        if let Some(value) = alert.0.get(name) {
            add(label, Some(name.to_owned()));
            add(place, Some(plain(value)));
        }
    }
    let extension: Vec<String> =
        members.iter().map(|(name, value)| format!("{name}={}", escaped(value, &['=', '\\']))).collect();
    format!("CEF:0|flow filters|flowdetect|{version}|{detector}|{name}|{}|{}", CEF[alert.grade()], extension.join(" "))
}
