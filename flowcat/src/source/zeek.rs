//! Zeek's conn.log as text: columns by `#fields` (scripts/base/frameworks/logging/writers/ascii.zeek).
//!
//! Every header block counts for the lines after it, also in the middle of a stream of several files. Lines that begin
//! with `#` are no records.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::fields::{Set, TWO_WAY};
use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::alias::{Alias, FOREIGN, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Maker, Plan, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use memchr::{memchr_iter, memmem};
use std::ops::Range;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(Zeek::new(settings)),
    takes: Takes::Lines,
    told_by: "#separator, #fields or #path, or a line of column names that begins with ts and has id.orig_h",
    lost: "uid, missed_bytes, tunnel_parents, local_orig, the order in history",
};

/// What Zeek's connections give.
pub(super) const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::APP,
    field::STATE,
    field::LABEL,
    field::ATTACK,
    field::VLAN,
    field::BYTE_LAYER,
]);

const SPEC: Spec = Spec {
    name: "zeek",
    about: "Zeek's conn.log with tabs, also labelled as in IoT-23",
    explain: "
Without a header, as after grep, --from zeek takes 20 to 24 columns for those that Zeek has had. Header blocks may come
again. Separator, unset and empty values are those of the header; times are UTC. orig_ is the source, resp_ the other
direction (rev_). Bytes are orig_ip_bytes and resp_ip_bytes; where a log lacks those, orig_bytes and resp_bytes, which
are payload (byte_layer: l4). tcp_flags and rev_tcp_flags come from history: S, H, A, F and R, never PSH or URG. ICMP's type
is id.orig_p and its code id.resp_p; where that is the type of the answer, the code is 0. ip_proto comes before proto;
unknown_transport is no protocol; icmp between IPv6 addresses is ICMPv6. conn_state is state, service is app. label and
detailed-label become label and attack, with tabs or blanks before them. Other logs than conn.log are refused; among
connections their lines are counted as unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Zeek 2.2 to 8, scripts/base/protocols/conn/main.zeek; IoT-23",
    ..SPEC_OF_ROWS
};

/// What is particular to Zeek.
pub(super) const ZEEK: Dialect =
    Dialect { names: &[NAMES, FOREIGN], digits: Some(6), settle, is_anybodys: false, ..ANY };

const NAMES: &[Alias] = &[
    plain(Cell::Start, &["ts"]),
    plain(Cell::Protocol, &["ipproto"]),
    plain(Cell::Protocol, &["proto"]),
    formed(Cell::TcpFlags, Form::History, &["history"]),
];

/// A transport that Zeek does not know has no number.
fn settle(row: &mut Row) -> Option<&'static str> {
    if matches!(row.text(Cell::Protocol), Some((b"unknown_transport", _))) {
        row.remove(Cell::Protocol);
    }
    None
}

/// The columns that Zeek has had from 2.3 on.
const COLUMNS: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes \
    conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents";

/// The columns of a log without header, by their number.
fn columns(number: usize) -> Option<Vec<String>> {
    let mut names: Vec<&str> = COLUMNS.split_ascii_whitespace().collect();
    match number {
        // Before 2.3.
        20 => names.retain(|n| *n != "local_resp"),
        21 => {}
        22 => names.push("ip_proto"),
        23 => names.extend(["label", "detailed-label"]),
        24 => names.extend(["ip_proto", "label", "detailed-label"]),
        _ => return None,
    }
    Some(names.into_iter().map(str::to_owned).collect())
}

/// Columns of which connections have one, and other logs none.
pub(super) const MARKS: [&str; 6] =
    ["conn_state", "orig_bytes", "orig_pkts", "orig_ip_bytes", "resp_ip_bytes", "resp_pkts"];

fn probe(head: &[u8]) -> Probe {
    let line = first_line(head);
    let is_directive = [&b"#separator"[..], b"#fields\t", b"#path\t"].iter().any(|d| line.starts_with(d));
    if is_directive || is_bare_header(line) { Probe::Yes } else { Probe::No }
}

/// Whether a line is a header without `#`.
fn is_bare_header(line: &[u8]) -> bool {
    line.starts_with(b"ts\t") && memmem::find(line, b"\tid.orig_h\t").is_some()
}

/// What the lines after a header are.
#[derive(Debug)]
enum Lines {
    /// No header was seen.
    Unknown,
    Connections(Plan),
    /// Of another log.
    Others,
}

struct Zeek {
    settings: Settings,
    separator: u8,
    unset: Vec<u8>,
    empty: Vec<u8>,
    path: String,
    lines: Lines,
    maker: Maker,
    /// Where the columns of the current line are.
    pieces: Vec<Range<usize>>,
}

impl Zeek {
    fn new(settings: &Settings) -> Zeek {
        Zeek {
            settings: settings.clone(),
            separator: b'\t',
            unset: b"-".to_vec(),
            empty: b"(empty)".to_vec(),
            path: String::new(),
            lines: Lines::Unknown,
            maker: settings.maker(&ZEEK),
            pieces: Vec::new(),
        }
    }

    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.first() == Some(&b'#') {
            return self.directive(line, flows);
        }
        if line.is_empty() {
            return Ok(());
        }
        if is_bare_header(line) {
            return self.header(line, flows);
        }
        if matches!(self.lines, Lines::Unknown) {
            cut(line, self.separator, usize::MAX, &mut self.pieces);
            let Some(names) = columns(self.pieces.len()) else {
                let message = "no header, and not 20 to 24 columns";
                flows.reject(flows.line, 0, "no header", message, line);
                return Ok(());
            };
            self.plan(names, flows)?;
        }
        match &self.lines {
            Lines::Connections(_) => self.record(line, flows),
            _ => flows.unused("lines of other Zeek logs"),
        }
        Ok(())
    }

    /// A line that begins with `#`.
    #[cold]
    fn directive(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        let end = line.iter().position(|b| *b == b' ' || *b == self.separator).unwrap_or(line.len());
        let (name, value) = (&line[..end], line.get(end + 1..).unwrap_or_default());
        match name {
            b"#separator" => self.separator = separator(value.trim_ascii()).unwrap_or(b'\t'),
            b"#unset_field" => self.unset = value.to_vec(),
            b"#empty_field" => self.empty = value.to_vec(),
            b"#path" => self.path = String::from_utf8_lossy(value).trim().to_owned(),
            b"#fields" => return self.header(value, flows),
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, names: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        cut(names, self.separator, usize::MAX, &mut self.pieces);
        let name = |piece: &Range<usize>| String::from_utf8_lossy(names[piece.clone()].trim_ascii()).into_owned();
        let names = self.pieces.iter().map(name).collect();
        self.plan(names, flows)
    }

    /// Takes lines by these columns from now on.
    fn plan(&mut self, names: Vec<String>, flows: &mut Flows<'_>) -> Result<(), String> {
        let is_first = matches!(self.lines, Lines::Unknown);
        let is_connections = self.path.starts_with("conn")
            || names.iter().any(|n| MARKS.contains(&n.as_str()))
            || !self.settings.mapping.is_empty();
        let plan = match is_connections {
            true => self.settings.plan(names, &ZEEK),
            false => Err(format!("this is Zeek's {}.log; its flows are in conn.log", self.path)),
        };
        self.lines = match plan {
            Ok(plan) => Lines::Connections(plan),
            Err(why) if is_first => return Err(why),
            Err(why) => {
                flows.warn("other Zeek logs", &why);
                Lines::Others
            }
        };
        Ok(())
    }

    fn record(&mut self, line: &[u8], flows: &mut Flows<'_>) {
        let Lines::Connections(plan) = &self.lines else { return };
        cut(line, self.separator, plan.len(), &mut self.pieces);
        if self.pieces.len() != plan.len() {
            return flows.reject_width(self.pieces.len(), plan.len(), line);
        }
        self.maker.begin();
        for (i, piece) in self.pieces.iter().enumerate() {
            let text = &line[piece.clone()];
            if text != self.unset && text != self.empty {
                self.maker.take(plan, i, text, piece.start);
            }
        }
        self.maker.finish(flows.line, line, flows);
    }
}

/// The byte that `\x09` or a plain character says.
fn separator(value: &[u8]) -> Option<u8> {
    match value {
        [byte] => Some(*byte),
        [b'\\', b'x', hex @ ..] => u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok(),
        _ => None,
    }
}

/// Cuts a line into columns. Where there are fewer than `wanted`, labels may stand behind blanks in the last one; empty
/// columns above that at the end are none.
fn cut(line: &[u8], separator: u8, wanted: usize, pieces: &mut Vec<Range<usize>>) {
    pieces.clear();
    let mut start = 0;
    for end in memchr_iter(separator, line).chain([line.len()]) {
        pieces.push(start..end);
        start = end + 1;
    }
    let fewest = if wanted == usize::MAX { 0 } else { wanted };
    while pieces.len() > fewest && pieces.last().is_some_and(Range::is_empty) {
        pieces.pop();
    }
    if pieces.len() >= wanted {
        return;
    }
    let Some(last) = pieces.pop() else { return };
    let mut at = last.start;
    while let Some(gap) = memmem::find(&line[at..last.end], b"  ") {
        pieces.push(at..at + gap);
        let blanks = line[at + gap..last.end].iter().take_while(|b| **b == b' ').count();
        at += gap + blanks;
    }
    pieces.push(at..last.end);
}

impl Source for Zeek {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        match &self.lines {
            Lines::Connections(plan) => plan.explained(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
