//! Lists out of files: an entry a line, CSV, or JSON in which entries are found by the names of their members.
//!
//! Bound: the file, at most [`MAX_LIST`].

use super::index::Index;
use crate::limit::MAX_LIST;
use crate::table::Table;
use anyhow::bail;
use flow_record::input::InputError;
use flow_record::output::escape::escape_bytes;
use flow_record::value::Address;
use flow_record::value::text::snippet;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Lines that are no entries.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    pub(super) count: u64,
    /// Line and text of the first.
    pub(super) first: Option<(u64, String)>,
}

impl Garbage {
    fn add(&mut self, line: u64, text: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (line, snippet(text.as_bytes(), 40)));
    }
}

/// Reads a list into the index.
///
/// # Errors
/// It cannot be read, is too large, or has not one entry.
pub(super) fn list(path: &Path, column: Option<&str>, index: &mut Index) -> anyhow::Result<Garbage> {
    let mut garbage = Garbage::default();
    let before = index.len();
    if let Some(column) = column {
        let map = format!("entry={column}");
        let mut table = Table::open(path, &[("entry", &[])], Some(&map))?;
        while let Some(line) = table.next()? {
            let cell = table.cell("entry").unwrap_or_default();
            if !cell.is_empty() && !index.add(cell) {
                garbage.add(line, cell);
            }
            check(index)?;
        }
    } else {
        let bytes = read(path)?;
        match bytes.trim_ascii_start().first() {
            Some(b'{' | b'[') => json(&bytes, index, &mut garbage)?,
            _ => lines(&bytes, index, &mut garbage)?,
        }
    }
    if index.len() == before && garbage.count > 0 {
        let (line, text) = garbage.first.unwrap_or_default();
        bail!("not one address, network, range or name; line {line}: {text:?}");
    }
    index.next_list();
    Ok(garbage)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file =
        File::open(path).map_err(|e| InputError::reading(escape_bytes(path.as_os_str().as_encoded_bytes()), e))?;
    let mut bytes = Vec::new();
    file.take(MAX_LIST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_LIST {
        bail!("larger than {MAX_LIST} bytes");
    }
    Ok(bytes)
}

/// Places of texts are 32 bits.
fn check(index: &Index) -> anyhow::Result<()> {
    match index.size() as u64 > MAX_LIST {
        true => bail!("the lists have more than {MAX_LIST} bytes"),
        false => Ok(()),
    }
}

/// An entry a line.
fn lines(bytes: &[u8], index: &mut Index, garbage: &mut Garbage) -> anyhow::Result<()> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let text = std::str::from_utf8(line).unwrap_or("\u{fffd}").trim();
        if text.is_empty() || text.starts_with(['#', ';']) || text.starts_with("//") {
            continue;
        }
        if !entry(text, index) {
            garbage.add(number as u64 + 1, text);
        }
        check(index)?;
    }
    Ok(())
}

/// The entry at the start of a line; of a hosts file the name.
fn entry(text: &str, index: &mut Index) -> bool {
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '#');
    let first = text.split(is_end).next().unwrap_or_default().trim_matches('"');
    let rest = text.get(first.len()..).unwrap_or_default().trim_start();
    if let Some(last) = rest.strip_prefix('-') {
        // A range with blanks around its hyphen.
        let last = last.trim_start().split(is_end).next().unwrap_or_default();
        return index.add(&format!("{first}-{last}"));
    }
    // The list of exits that the Tor project publishes tells of each in four lines.
    match first {
        "ExitNode" | "Published" | "LastStatus" => return true,
        "ExitAddress" => return index.add(rest.split(is_end).next().unwrap_or_default()),
        _ => {}
    }
    if matches!(first, "0.0.0.0" | "127.0.0.1" | "::" | "::1") && !rest.is_empty() {
        let name = rest.split(is_end).next().unwrap_or_default();
        return matches!(name, "localhost" | "broadcasthost") || index.add(name);
    }
    index.add(first)
}

/// Members whose texts are entries: those of MISP, of STIX, and of the lists that clouds publish.
const MEMBERS: [&str; 19] = [
    "value",
    "indicator",
    "ioc",
    "ioc_value",
    "pattern",
    "ip",
    "ip_address",
    "dst_ip",
    "src_ip",
    "address",
    "cidr",
    "network",
    "domain",
    "hostname",
    "ip_prefix",
    "ipv6_prefix",
    "ipv4Prefix",
    "ipv6Prefix",
    "addressPrefixes",
];

/// JSON texts, one after the other.
fn json(bytes: &[u8], index: &mut Index, garbage: &mut Garbage) -> anyhow::Result<()> {
    for (number, value) in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().enumerate() {
        // A list of plain texts is one of entries.
        visit(&value?, true, index, &mut |text| garbage.add(number as u64 + 1, text));
        check(index)?;
    }
    Ok(())
}

fn visit(value: &Value, is_entry: bool, index: &mut Index, bad: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if is_entry => add(text, index, bad),
        Value::Array(all) => {
            // A list of nothing but addresses and networks is one of entries whatever it is called.
            let is_entry = is_entry || all.iter().all(|v| v.as_str().is_some_and(is_address));
            all.iter().for_each(|value| visit(value, is_entry, index, bad));
        }
        Value::Object(members) => {
            // Of MISP's attributes those that are addresses or names.
            let kind = members.get("type").and_then(Value::as_str);
            let is_other = members.contains_key("value")
                && kind.is_some_and(|k| !["ip", "domain", "hostname"].iter().any(|part| k.starts_with(part)));
            for (key, value) in members {
                let is_entry = MEMBERS.contains(&key.as_str()) && !(is_other && key == "value");
                visit(value, is_entry, index, bad);
            }
        }
        _ => {}
    }
}

/// Whether a text is an address or a network.
fn is_address(text: &str) -> bool {
    Address::parse(text).is_some() || text.parse::<ipnet::IpNet>().is_ok()
}

/// A value, of MISP with a port behind it, or a pattern of STIX.
fn add(text: &str, index: &mut Index, bad: &mut impl FnMut(&str)) {
    if !text.starts_with('[') {
        let mut parts = text.split('|').map(str::trim);
        if !parts.next().is_some_and(|first| index.add(first)) {
            bad(text);
        }
        // What a name led to when it was put on the list.
        for part in parts.filter(|part| is_address(part)) {
            index.add(part);
        }
        return;
    }
    // [ipv4-addr:value = '10.0.0.1' OR domain-name:value = 'x.org']
    let mut parts = text.split('\'');
    let mut any = false;
    while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
        let is_named = ["ipv4-addr:value", "ipv6-addr:value", "domain-name:value"].iter().any(|n| before.contains(n));
        any |= is_named && index.add(value);
    }
    if !any {
        bad(text);
    }
}
