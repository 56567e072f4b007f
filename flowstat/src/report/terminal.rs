//! The report for a terminal: figures, bars and a line of blocks for the course of traffic.
//!
//! Text is printable by the document; every line fits 100 columns but those that a reason makes longer.

use super::document::{Facts, document};
use serde_json::Value;

/// Eighths of a block, the empty one first.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];

/// Characters of a bar, and of the course of traffic.
const BAR: usize = 24;
const COURSE: usize = 80;

/// Alerts and hosts that are shown.
const ALERTS: usize = 12;
const HOSTS: usize = 12;

/// The text.
pub(super) fn text(facts: &Facts) -> String {
    let made = document(facts);
    let mut out = String::new();
    let mut line = |text: String| {
        out += text.trim_end();
        out.push('\n');
    };
    line("Network traffic".into());
    line(word(&made, "range"));
    let worst = &made["worst"];
    if !worst.is_null() {
        line(format!(
            "\nWORST  {}  {}  {}: {}",
            word(worst, "severity").to_uppercase(),
            word(worst, "host"),
            word(worst, "detector"),
            word(worst, "reason")
        ));
    }
    line(String::new());
    for tile in list(&made["tiles"]) {
        line(format!("{:<8} {:>16}  {}", word(tile, "name"), word(tile, "value"), word(tile, "more")));
    }
    let timeline = &made["timeline"];
    if !timeline.is_null() {
        line(format!("\nTraffic over time, highest {} in {}", word(timeline, "most"), word(timeline, "bin")));
        line(sparkline(facts));
        line(format!("{:<40}{:>40}", word(timeline, "from"), word(timeline, "to")));
    }
    let week = &made["week"];
    if !week.is_null() {
        line("\nHours of the week (UTC)\n     0     6     12    18".into());
        for day in list(&week["days"]) {
            let cells: String = list(&day["cells"]).iter().map(shade).collect();
            line(format!("{}  {cells}", word(day, "name")));
        }
    }
    for (title, section, columns) in [
        ("Top talkers", "talkers", ["value", "share"]),
        ("Top ports", "ports", ["value", "share"]),
        ("Protocols", "protocols", ["value", "share"]),
    ] {
        if !list(&made[section]).is_empty() {
            line(format!("\n{title}"));
            bars(&made[section], columns).into_iter().for_each(&mut line);
        }
    }
    let alerts = list(&made["alerts"]);
    if !alerts.is_empty() {
        line("\nAlerts".into());
        for alert in alerts.iter().take(ALERTS) {
            line(format!(
                "{:<9} {:<15} {:<11} {}",
                word(alert, "severity"),
                word(alert, "host"),
                word(alert, "detector"),
                word(alert, "reason")
            ));
        }
        if alerts.len() > ALERTS {
            line(format!("and {} more", alerts.len() - ALERTS));
        }
    }
    let hosts = list(&made["hosts"]);
    if !hosts.is_empty() {
        line(format!(
            "\n{:<39} {:>6} {:>10} {:>10} {:>9} {:>7}",
            "Hosts", "alerts", "sent", "received", "flows", "peers"
        ));
        for host in hosts.iter().take(HOSTS) {
            line(format!(
                "{:<39} {:>6} {:>10} {:>10} {:>9} {:>7}",
                word(host, "host"),
                host["alerts"],
                word(host, "bytes"),
                word(host, "received"),
                word(host, "flows"),
                word(host, "peers")
            ));
        }
    }
    let changes = list(&made["usual"]["changes"]);
    if !changes.is_empty() {
        line("\nChanges since the baseline".into());
        for change in changes.iter().take(HOSTS) {
            line(format!(
                "{:<6} {:<9} {:<42} {:>10} before {:>10} now",
                word(change, "what"),
                word(change, "section"),
                word(change, "key"),
                word(change, "bytes_before"),
                word(change, "bytes")
            ));
        }
    }
    out
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// One block for each part of the time.
fn sparkline(facts: &Facts) -> String {
    let bins = &facts.course.bins;
    let (Some((first, _)), Some((last, _))) = (bins.first_key_value(), bins.last_key_value()) else {
        return String::new();
    };
    let n = (last - first + 1) as usize;
    let width = n.min(COURSE);
    let mut sums = vec![0u128; width];
    bins.iter().for_each(|(number, bin)| sums[(number - first) as usize * width / n] += bin.total());
    let most = sums.iter().max().copied().unwrap_or(0).max(1);
    sums.iter().map(|sum| BLOCKS[((*sum * 8).div_ceil(most) as usize).min(8)]).collect()
}

fn shade(cell: &Value) -> char {
    let part = cell["part"].as_f64().unwrap_or(0.0);
    match cell["is_silent"].as_bool() {
        Some(true) => SHADES[0],
        _ => SHADES[1 + ((part * 4.0) as usize).min(3)],
    }
}

fn bars(rows: &Value, columns: [&str; 2]) -> Vec<String> {
    let rows = list(rows);
    let widest = rows.iter().map(|r| word(r, "name").chars().count()).max().unwrap_or(0);
    rows.iter()
        .map(|row| {
            let eighths = (row["part"].as_f64().unwrap_or(0.0) / 100.0 * (BAR * 8) as f64).round() as usize;
            let mut bar: String = std::iter::repeat_n('█', eighths / 8).collect();
            if !eighths.is_multiple_of(8) {
                // Left eighths: U+258F is one, U+2589 seven.
                bar.extend(char::from_u32(0x2590 - (eighths % 8) as u32));
            }
            format!(
                "{:<widest$}  {:<BAR$}  {:>12}  {:>6}",
                word(row, "name"),
                bar,
                word(row, columns[0]),
                word(row, columns[1])
            )
        })
        .collect()
}
