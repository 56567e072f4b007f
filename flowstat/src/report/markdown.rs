//! The report as Markdown (CommonMark with tables of GitHub Flavored Markdown).
//!
//! Characters that Markdown acts on are escaped, so that no text of a line becomes a link, a tag or a column.

use super::document::{Facts, document};
use serde_json::Value;
use std::fmt::Write;

/// The document.
pub(super) fn text(facts: &Facts) -> String {
    let made = document(facts);
    let mut out = String::from("# Network traffic\n\n");
    let of = |value: &Value, name: &str| escaped(value[name].as_str().unwrap_or_default());
    let mut line = |text: String| {
        out += &text;
        out.push('\n');
    };
    if !made["range"].as_str().unwrap_or_default().is_empty() {
        line(format!("{}\n", of(&made, "range")));
    }
    if !made["worst"].is_null() {
        let worst = &made["worst"];
        line(format!(
            "**{}: {}** ({}): {}\n",
            of(worst, "severity"),
            of(worst, "host"),
            of(worst, "detector"),
            of(worst, "reason")
        ));
    }
    line(table(&made["tiles"], &[("", "name"), ("value", "value"), ("in detail", "more")]));
    if !list(&made["alerts"]).is_empty() {
        line("## Alerts\n".into());
        line(table(
            &made["alerts"],
            &[
                ("severity", "severity"),
                ("host", "host"),
                ("detector", "detector"),
                ("reason", "reason"),
                ("time", "times"),
                ("evidence", "evidence"),
            ],
        ));
    }
    for (title, section, columns) in [
        ("Top talkers", "talkers", &[("source", "name"), ("bytes", "value"), ("share", "share")][..]),
        ("Top ports", "ports", &[("port", "name"), ("flows", "value"), ("share", "share"), ("bytes", "bytes")]),
        (
            "Protocols",
            "protocols",
            &[("protocol", "name"), ("flows", "value"), ("share", "share"), ("usual", "usual"), ("bytes", "bytes")],
        ),
        (
            "Hosts",
            "hosts",
            &[
                ("host", "host"),
                ("alerts", "alerts"),
                ("sent", "bytes"),
                ("received", "received"),
                ("flows", "flows"),
                ("peers", "peers"),
                ("ports", "ports"),
                ("sent a day", "daily"),
                ("usual", "usual"),
            ],
        ),
    ] {
        if !list(&made[section]).is_empty() {
            line(format!("## {title}\n"));
            line(table(&made[section], columns));
        }
    }
    let changes = &made["usual"]["changes"];
    if !list(changes).is_empty() {
        line("## Changes since the baseline\n".into());
        line(table(
            changes,
            &[
                ("section", "section"),
                ("change", "what"),
                ("key", "key"),
                ("bytes before", "bytes_before"),
                ("bytes now", "bytes"),
            ],
        ));
    }
    if !made["now"].as_str().unwrap_or_default().is_empty() {
        line(format!("As of {}.", of(&made, "now")));
    }
    out
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A table of these columns, each a heading and the name of a member; a column that no row has is left out.
fn table(rows: &Value, columns: &[(&str, &str)]) -> String {
    let rows = list(rows);
    let columns: Vec<_> = columns.iter().filter(|(_, name)| rows.iter().any(|r| !r[*name].is_null())).collect();
    let mut out = String::new();
    let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|(_, name)| cell(&row[*name])).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escaped(text),
        // Evidence: names and values.
        Value::Array(pairs) => {
            let pair = |p: &Value| {
                format!("{} {}", escaped(p[0].as_str().unwrap_or_default()), escaped(p[1].as_str().unwrap_or_default()))
            };
            pairs.iter().map(pair).collect::<Vec<_>>().join("; ")
        }
        other => escaped(&other.to_string()),
    }
}

/// A text of which Markdown and the HTML in it take nothing for their own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' => out.extend(['\\', c]),
            // An address would become a link of its own.
            ':' => out += "&#58;",
            '@' => out += "&#64;",
            c => out.push(c),
        }
    }
    out
}
