//! A ground truth out of a CSV file: its columns by their names, its rows one by one.
//!
//! Invariant: a row is taken whole or passed over and counted with its line; a file without the columns that the key
//! needs is refused with the names that it has.

use super::truth::{Key, Row, Shape, Truth, Verdict};
use crate::table::{Table, moment};
use anyhow::bail;
use flow_record::item::Args;
use flow_record::map::Map;
use flow_record::net::protocol;
use flow_record::value::Address;
use flow_record::value::time::DateCache;
use std::path::Path;

/// What a column may hold, and the names by which it is known, in lower case.
const KNOWN: [(&str, &[&str]); 9] = [
    ("start", &["start", "start time", "first_timestamp_ms", "timestamp", "stime", "first_seen", "first seen", "ts"]),
    ("end", &["end", "last time", "last_timestamp_ms", "end time", "ltime", "last_seen", "last seen", "te"]),
    ("src_ip", &["src_ip", "source ip", "srcip", "saddr", "source_ip", "src"]),
    ("dst_ip", &["dst_ip", "destination ip", "dstip", "daddr", "destination_ip", "dst"]),
    ("src_port", &["src_port", "source port", "sport", "source_port"]),
    ("dst_port", &["dst_port", "destination port", "dsport", "dport", "destination_port"]),
    ("protocol", &["protocol", "proto"]),
    ("attack", &["attack", "attack category", "attack_cat", "attack_category"]),
    ("label", &["label"]),
];

/// Values of a column `label`, or `attack`, of rows that are no attacks, in lower case.
const BENIGN: [&str; 7] = ["0", "false", "benign", "normal", "background", "0.0", "legitimate"];

/// Reads the truth that an item names.
///
/// # Errors
/// A file that cannot be read, or has not the columns that the key needs.
pub(super) fn read(args: &Args, path: &Path) -> anyhow::Result<Truth> {
    let mut table = Table::open(path, &KNOWN, args.text("map"))?;
    let mut truth = Truth::empty(shape(args, &table)?);
    truth.either = args.text("direction") != Some("forward");
    truth.slack = args.duration("slack").min(1 << 62) as i64;
    truth.is_timed = table.has("start");
    let mut rows = Vec::new();
    let mut verdicts: Map<Verdict, u32> = Map::default();
    let mut dates = DateCache::default();
    while let Some(line) = table.next()? {
        match row(&table, truth.shape, &mut dates) {
            Ok((mut row, verdict)) => {
                row.verdict = *verdicts.entry(verdict.clone()).or_insert_with(|| {
                    truth.verdicts.push(verdict);
                    truth.verdicts.len() as u32 - 1
                });
                rows.push(row);
            }
            Err(why) => {
                truth.unreadable.count += 1;
                truth.unreadable.first.get_or_insert((line, why));
            }
        }
    }
    if rows.is_empty() {
        let why = truth.unreadable.first.map_or_else(String::new, |(line, why)| format!("; line {line}: {why}"));
        bail!("not one row can be read{why}");
    }
    truth.fill(rows);
    Ok(truth)
}

/// The fields of the key, each of which the file must have.
fn shape(args: &Args, table: &Table) -> anyhow::Result<Shape> {
    let mut shape = Shape::default();
    for name in args.list("key") {
        let place = match name.as_str() {
            "src_ip" => &mut shape.src_ip,
            "dst_ip" => &mut shape.dst_ip,
            "src_port" => &mut shape.src_port,
            "dst_port" => &mut shape.dst_port,
            "protocol" => &mut shape.protocol,
            _ => bail!("key: {name:?} is none of src_ip, dst_ip, src_port, dst_port, protocol"),
        };
        *place = true;
        if !table.has(&name) {
            bail!(
                "no column for {name}; map={name}=COLUMN names it, key= leaves it out. Its columns: {}",
                table.names()
            );
        }
    }
    Ok(shape)
}

/// The row that was read last, without the place of its verdict.
fn row(table: &Table, shape: Shape, dates: &mut DateCache) -> Result<(Row, Verdict), String> {
    let cell = |name: &str| table.cell(name).unwrap_or_default();
    let bad = |what: &str, name: &str| {
        format!("bad {what} {:?}", flow_record::value::text::snippet(cell(name).as_bytes(), 40))
    };
    let address = |name, is_wanted| match is_wanted {
        true => Address::parse(cell(name)).map(Some).ok_or_else(|| bad("address", name)),
        false => Ok(None),
    };
    let port_of = |name, is_wanted| match is_wanted {
        true => port(cell(name)).ok_or_else(|| bad("port", name)),
        false => Ok(0),
    };
    let key = Key {
        addresses: [address("src_ip", shape.src_ip)?, address("dst_ip", shape.dst_ip)?],
        ports: [port_of("src_port", shape.src_port)?, port_of("dst_port", shape.dst_port)?],
        protocol: match shape.protocol {
            true => protocol::number(cell("protocol").as_bytes()).ok_or_else(|| bad("protocol", "protocol"))?,
            false => 0,
        },
    };
    let mut time = |name: &str| moment(cell(name), dates).ok_or_else(|| bad("time", name));
    let (start, end) = match (table.has("start"), table.has("end")) {
        (false, _) => (i64::MIN, i64::MAX),
        (true, false) => {
            let start = time("start")?;
            (start, start)
        }
        (true, true) => (time("start")?, time("end")?),
    };
    if end < start {
        return Err("it ends before it begins".into());
    }
    let is_benign = |text: &str| BENIGN.contains(&text.to_ascii_lowercase().as_str());
    let (label, attack) = (table.cell("label"), cell("attack"));
    let is_malicious = match label {
        Some(label) => !label.is_empty() && !is_benign(label),
        None => !is_benign(attack),
    };
    let attack = if is_malicious { attack.to_owned() } else { String::new() };
    Ok((Row { key, start, end, verdict: 0 }, Verdict { is_malicious, attack }))
}

/// A port: a number, also in hexadecimal; a hyphen or nothing is 0, as with protocols that have none.
fn port(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None if matches!(text, "" | "-") => Some(0),
        None => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
    }
}
