//! Argus flows as `ra -c` prints them, and CTU's binetflow: rows with any one character between columns, never quoted.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::{Fate, Format, Probe, Settings, Source, Takes, fields, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::alias::{Alias, formed, normal, plain};
use crate::row::{ANY, Cell, Dialect, Form, Maker, NOWHERE, Plan, Row};
use flow_record::item::Spec;
use flow_record::people::count;
use flow_record::record::field::{self, Field};
use memchr::memchr_iter;

pub(super) const FORMAT: Format =
    Format { spec: &SPEC, probe, open: |settings| Box::new(Argus::new(settings)), takes: Takes::Lines };

/// What Argus can give.
pub(super) const FIELDS: &[Field] = &fields([
    field::TIMESTAMP,
    field::DURATION,
    field::SRC_IP,
    field::DST_IP,
    field::SRC_PORT,
    field::DST_PORT,
    field::PROTOCOL,
    field::PACKETS,
    field::BYTES,
    field::REV_PACKETS,
    field::REV_BYTES,
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::ICMP_TYPE,
    field::ICMP_CODE,
    field::APP,
    field::STATE,
    field::LABEL,
    field::ATTACK,
    field::SRC_AS,
    field::DST_AS,
    field::TOS,
    field::VLAN,
    field::BYTE_LAYER,
    field::CLOCK,
]);

const SPEC: Spec = Spec {
    name: "argus",
    about: "Argus flows: ra -c, with any columns, and CTU's binetflow",
    explain: "
Recognised by a header of Argus' names (SrcAddr, DstAddr and others of them; letter case does not matter) with commas,
tabs, bars or semicolons. Times are local: --tz says where. ra's own default prints the time of day without a date: such
flows begin on 1970-01-01 and say clock: no-date; ra -u prints all of it. Bytes are those of the link layer (byte_layer:
l2). Columns of both directions (TotPkts, TotBytes) give rev_ as what is left of SrcPkts and SrcBytes; where those are not
there, packets and bytes are of both directions. Where Dir points only to the left, the ends and their counts change
places, so that the source is who opened the connection or sent. Ports may be numbers, hex, or names of services in IANA's
registry; an empty one is absent. ICMP's type and code are the low and the high byte of Sport; of ICMPv6 Sport is the type
and Dport the code. A MAC address where an IP address should be is left out, and so are protocols that are not IP's (arp,
llc); rtp, rtcp and udt are UDP, and app. State is state; where it is letters, as FSPA_FSA (ra -Z b), tcp_flags and
rev_tcp_flags too. Labels flow=...Botnet or Malware are malicious, and attack; Normal is benign, Background background.
Management records (man) are no flows and counted as unused.
Lost, unless --keep-extra keeps it: Flgs, dTos, user data, loss and jitter.",
    params: &[],
    needs: &[],
    columns: FIELDS,
    memory: "constant",
    source: "Argus clients 3.0.8 and 5.0, ra; CTU-13",
};

/// What is particular to Argus.
pub(super) const ARGUS: Dialect =
    Dialect { names: &[NAMES], byte_layer: Some("l2"), settle, is_anybodys: false, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["starttime", "stime"]),
    plain(Cell::End, &["lasttime", "ltime"]),
    plain(Cell::Duration, &["dur"]),
    formed(Cell::Protocol, Form::Lenient, &["proto"]),
    plain(Cell::SrcIp, &["srcaddr", "saddr"]),
    plain(Cell::DstIp, &["dstaddr", "daddr"]),
    formed(Cell::SrcPort, Form::CodeAndType, &["sport"]),
    formed(Cell::DstPort, Form::CodeAndType, &["dport"]),
    plain(Cell::Direction, &["dir"]),
    plain(Cell::Packets, &["srcpkts", "spkts"]),
    plain(Cell::Bytes, &["srcbytes", "sbytes"]),
    plain(Cell::RevPackets, &["dstpkts", "dpkts"]),
    plain(Cell::RevBytes, &["dstbytes", "dbytes"]),
    plain(Cell::AllPackets, &["totpkts", "pkts"]),
    plain(Cell::AllBytes, &["totbytes", "bytes"]),
    plain(Cell::State, &["state"]),
    plain(Cell::Label, &["label"]),
    formed(Cell::Tos, Form::Lenient, &["stos"]),
    formed(Cell::Vlan, Form::Lenient, &["svlan", "svid"]),
    formed(Cell::SrcAs, Form::Lenient, &["sas"]),
    formed(Cell::DstAs, Form::Lenient, &["das"]),
    plain(Cell::Event, &["type"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    let is_flow = matches!(row.text(Cell::Event), None | Some((b"flow", _)));
    let protocol = row.text(Cell::Protocol).map_or(&b""[..], |(text, _)| text);
    let is_icmp = matches!(protocol, b"icmp" | b"ipv6-icmp" | b"1" | b"58");
    match protocol {
        _ if !is_flow => return Some("management records"),
        b"man" | b"evt" => return Some("management records"),
        b"rtp" | b"rtcp" | b"udt" => {
            row.part(Cell::Protocol, 0, Cell::App);
            row.put(Cell::Protocol, Form::Plain, b"udp", NOWHERE);
        }
        _ => {}
    }
    let points_left = row.text(Cell::Direction).is_some_and(|(text, _)| text.contains(&b'<') && !text.contains(&b'>'));
    if points_left {
        row.swap(Cell::SrcIp, Cell::DstIp);
        row.swap(Cell::Packets, Cell::RevPackets);
        row.swap(Cell::Bytes, Cell::RevBytes);
        if !is_icmp {
            row.swap(Cell::SrcPort, Cell::DstPort);
        }
    }
    flags(row, points_left);
    label(row);
    None
}

/// Both directions' flags from a state that is letters.
fn flags(row: &mut Row, points_left: bool) {
    let Some((state, _)) = row.text(Cell::State) else { return };
    let Some(middle) = state.iter().position(|b| *b == b'_') else { return };
    let is_letters = |b: &u8| b"FSRPAUEC_".contains(b);
    if !state.iter().all(is_letters) || state[middle + 1..].contains(&b'_') {
        return;
    }
    let (first, second) = match points_left {
        false => (Cell::TcpFlags, Cell::RevTcpFlags),
        true => (Cell::RevTcpFlags, Cell::TcpFlags),
    };
    row.part(Cell::State, middle + 1, second);
    row.cut(Cell::State, middle, first);
}

/// The truth in a label of CTU's: `flow=From-Botnet-V42-TCP-CC`.
fn label(row: &mut Row) {
    let Some((text, _)) = row.text(Cell::Label) else { return };
    let Some(said) = text.strip_prefix(b"flow=") else { return };
    let has = |word: &[u8]| memchr::memmem::find(said, word).is_some();
    let truth: &[u8] = match () {
        () if has(b"Botnet") || has(b"Malware") => b"malicious",
        () if has(b"Normal") => b"benign",
        () if has(b"Background") => b"background",
        () => return,
    };
    if truth == b"malicious" {
        row.part(Cell::Label, b"flow=".len(), Cell::Attack);
    }
    row.put(Cell::Label, Form::Plain, truth, NOWHERE);
}

/// What may stand between columns.
const DELIMITERS: [u8; 4] = [b',', b'\t', b'|', b';'];

/// Names that nobody but Argus gives to columns.
const OWN: [&str; 12] = [
    "sport", "dport", "dir", "flgs", "totpkts", "totbytes", "srcbytes", "dstbytes", "srcpkts", "dstpkts", "stos",
    "dtos",
];

/// The character between the columns of a header of Argus.
fn delimiter(line: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(line).ok()?;
    let is_header = |delimiter: &u8| {
        let names: Vec<_> = text.split(char::from(*delimiter)).map(normal).collect();
        let has = |name: &str| names.iter().any(|n| n == name);
        (has("srcaddr") || has("dstaddr") || has("saddr") || has("daddr"))
            && OWN.iter().filter(|name| has(name)).count() >= 2
    };
    DELIMITERS.into_iter().find(is_header)
}

fn probe(head: &[u8]) -> Probe {
    if delimiter(first_line(head)).is_some() { Probe::Yes } else { Probe::No }
}

struct Argus {
    settings: Settings,
    delimiter: u8,
    header: Vec<u8>,
    plan: Option<Plan>,
    maker: Maker,
}

impl Argus {
    fn new(settings: &Settings) -> Argus {
        Argus {
            settings: settings.clone(),
            delimiter: b',',
            header: Vec::new(),
            plan: None,
            maker: Maker::new(&ARGUS, settings.zone.clone()),
        }
    }

    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.trim_ascii().is_empty() || line == self.header {
            return Ok(());
        }
        let Some(plan) = &self.plan else { return self.head(line, flows) };
        let columns = memchr_iter(self.delimiter, line).count() + 1;
        if columns != plan.len() {
            let message = format!("{} where the header has {}", count(columns as u64, "columns"), plan.len());
            flows.reject(flows.line, 0, "bad row", &message, line);
            return Ok(());
        }
        self.maker.begin();
        let mut start = 0;
        for (i, end) in memchr_iter(self.delimiter, line).chain([line.len()]).enumerate() {
            self.maker.take(plan, i, &line[start..end], start);
            start = end + 1;
        }
        self.maker.finish(flows.line, line, flows);
        Ok(())
    }

    /// The header, or a line before it.
    #[cold]
    fn head(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        let Some(delimiter) = delimiter(line) else {
            flows.reject(flows.line, 0, "no header", "no header of Argus came before", line);
            return Ok(());
        };
        let names = line.split(|b| *b == delimiter);
        let names = names.map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        (self.delimiter, self.header) = (delimiter, line.to_vec());
        self.plan = Some(Plan::new(names, &ARGUS, &self.settings.mapping, self.settings.keep)?);
        Ok(())
    }
}

impl Source for Argus {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
