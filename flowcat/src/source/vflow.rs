//! JSON of vflow: a message of an exporter an object, with its flows as pairs of element number and value (NetFlow 9,
//! IPFIX) or as objects (NetFlow 5).
//!
//! Invariant: elements are taken by IANA's numbers. Bound: that of [`super::messages`].

use super::fields::{Set, TWO_WAY};
use super::json::probe_own;
use super::messages::{Messages, Unfold};
use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Takes};
use crate::flows::Flows;
use crate::row::{ANY, Cell, Dialect, Form, Maker, NOWHERE, described};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::scan::Reject;
use flow_record::scan::walk::{Walk, unquoted};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Messages::open(Vflow::new(settings), None),
    takes: Takes::Objects,
    told_by: "an object with AgentID, and DataSets or Flows",
    lost: "elements without a field; --keep-extra keeps none of them",
};

const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::NEXT_HOP,
    field::TOS,
    field::VLAN,
    field::SAMPLING,
]);

const SPEC: Spec = Spec {
    name: "vflow",
    about: "JSON of vflow: NetFlow 5 and 9, IPFIX",
    explain: "
Each of a message's DataSets or Flows is a flow; AgentID is its exporter. Elements are known by IANA's numbers, those of
the reverse direction (enterprise 29305) are rev_. Times that count from the exporter's start are made absolute by the
header (SysUpTime, UNIXSecs) or by systemInitTimeMilliseconds; without either the flow has none. octetTotalCount stands
in for octetDeltaCount, postOctetDeltaCount (OUT_BYTES) is the other direction. Flags may be numbers or hex. ICMP's type
and code come from their elements, or from the destination port. Options and messages of sFlow are no flows and counted
as unused. --map has nothing to name.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one message of at most 16 MiB",
    source: "vflow, README; IANA IPFIX information elements; RFC 7011, RFC 5103",
    ..SPEC_OF_ROWS
};

const VFLOW: Dialect = Dialect { icmp_in_port: true, is_anybodys: false, is_utc: true, ..ANY };

/// IANA's elements and what they mean.
const ELEMENTS: [(u64, Cell, Form); 42] = [
    (1, Cell::Bytes, Form::Plain),
    (2, Cell::Packets, Form::Plain),
    (4, Cell::Protocol, Form::Plain),
    (5, Cell::Tos, Form::Plain),
    (6, Cell::TcpFlags, Form::Plain),
    (7, Cell::SrcPort, Form::Plain),
    (8, Cell::SrcIp, Form::Plain),
    (10, Cell::InputIf, Form::Plain),
    (11, Cell::DstPort, Form::Plain),
    (12, Cell::DstIp, Form::Plain),
    (14, Cell::OutputIf, Form::Plain),
    (15, Cell::NextHop, Form::Lenient),
    (16, Cell::SrcAs, Form::Plain),
    (17, Cell::DstAs, Form::Plain),
    (23, Cell::RevBytes, Form::ZeroIsNone),
    (24, Cell::RevPackets, Form::ZeroIsNone),
    (27, Cell::SrcIp, Form::Plain),
    (28, Cell::DstIp, Form::Plain),
    (32, Cell::IcmpType, Form::TypeAndCode),
    (34, Cell::Sampling, Form::Lenient),
    (58, Cell::Vlan, Form::Plain),
    (62, Cell::NextHop, Form::Lenient),
    (85, Cell::Bytes, Form::Plain),
    (86, Cell::Packets, Form::Plain),
    (139, Cell::IcmpType, Form::TypeAndCode),
    (150, Cell::Start, Form::Seconds),
    (151, Cell::End, Form::Seconds),
    (152, Cell::Start, Form::Millis),
    (153, Cell::End, Form::Millis),
    (154, Cell::Start, Form::Nanos),
    (155, Cell::End, Form::Nanos),
    (156, Cell::Start, Form::Nanos),
    (157, Cell::End, Form::Nanos),
    (161, Cell::Duration, Form::Millis),
    (162, Cell::Duration, Form::Micros),
    (176, Cell::IcmpType, Form::Plain),
    (177, Cell::IcmpCode, Form::Plain),
    (178, Cell::IcmpType, Form::Plain),
    (179, Cell::IcmpCode, Form::Plain),
    (243, Cell::Vlan, Form::Plain),
    (21, Cell::End, Form::Millis),
    (22, Cell::Start, Form::Millis),
];

/// Elements whose values are times of 64 bits as NTP counts them.
const NTP: std::ops::RangeInclusive<u64> = 154..=157;

/// From 1900 to 1970, in seconds.
const NTP_EPOCH: u64 = 2_208_988_800;

/// The element of a last time that counts from the exporter's start.
const LAST_UPTIME: u64 = 21;

/// The same of a first time.
const FIRST_UPTIME: u64 = 22;

/// The element of the exporter's start.
const INIT_TIME: u64 = 160;

/// The enterprise of RFC 5103.
const REVERSE: u64 = 29_305;

/// Members of a flow of NetFlow 5.
const OF_V5: [(&str, Cell); 14] = [
    ("SrcAddr", Cell::SrcIp),
    ("DstAddr", Cell::DstIp),
    ("NextHop", Cell::NextHop),
    ("Input", Cell::InputIf),
    ("Output", Cell::OutputIf),
    ("PktCount", Cell::Packets),
    ("L3Octets", Cell::Bytes),
    ("SrcPort", Cell::SrcPort),
    ("DstPort", Cell::DstPort),
    ("TCPFlags", Cell::TcpFlags),
    ("ProtType", Cell::Protocol),
    ("Tos", Cell::Tos),
    ("SrcAsNum", Cell::SrcAs),
    ("DstAsNum", Cell::DstAs),
];

fn probe(head: &[u8]) -> Probe {
    probe_own(head, |text| {
        let (mut has_agent, mut has_flows) = (false, false);
        let mut walk = Walk::new(text);
        while let Ok(Some(member)) = walk.member() {
            has_agent |= member.key == "\"AgentID\"";
            has_flows |= matches!(member.key, "\"DataSets\"" | "\"Flows\"");
        }
        has_agent && has_flows
    })
}

/// What a message says of all its flows.
#[derive(Clone, Copy, Default)]
struct Header<'t> {
    agent: &'t str,
    /// Milliseconds since 1970 at which the exporter started.
    started: Option<u64>,
    exported: Option<u64>,
    sampling: u64,
}

impl<'t> Header<'t> {
    /// Reads a member of the message.
    fn read(text: &'t str) -> Result<Header<'t>, Reject> {
        let (mut uptime, mut seconds, mut nanos) = (None, None, 0);
        let mut header = Header::default();
        let mut walk = Walk::nested(text);
        while let Some(member) = walk.member()? {
            let value = number(member.value);
            match member.key {
                "\"SysUpTime\"" | "\"SysUpTimeMSecs\"" => uptime = value,
                "\"UNIXSecs\"" | "\"ExportTime\"" => seconds = value,
                "\"UNIXNSecs\"" => nanos = value.unwrap_or(0),
                "\"SmpInt\"" => header.sampling = value.unwrap_or(0) & 0x3fff,
                _ => {}
            }
        }
        header.exported = seconds;
        header.started = seconds
            .zip(uptime)
            .and_then(|(seconds, uptime)| (seconds.checked_mul(1000)? + nanos / 1_000_000).checked_sub(uptime));
        Ok(header)
    }
}

/// An integer of JSON.
fn number(token: &str) -> Option<u64> {
    token.parse().ok()
}

struct Vflow {
    maker: Maker,
}

impl Vflow {
    fn new(settings: &Settings) -> Vflow {
        Vflow { maker: settings.maker(&VFLOW) }
    }

    fn begin(&mut self, header: &Header<'_>) {
        self.maker.begin();
        let row = &mut self.maker.row;
        row.put(Cell::Exporter, Form::Lenient, header.agent.as_bytes(), NOWHERE);
        if let Some(exported) = header.exported {
            row.put_number(Cell::Received, Form::Seconds, exported);
        }
        row.put_number(Cell::Sampling, Form::Lenient, header.sampling);
    }

    /// A flow of numbered elements.
    fn elements(&mut self, flow: &str, header: &Header<'_>, line: u64, flows: &mut Flows<'_>) -> Result<(), Reject> {
        self.begin(header);
        let (mut started, mut uptimes) = (header.started, [None; 2]);
        let mut walk = Walk::nested(flow);
        while let Some(element) = walk.element()?.filter(|element| element.starts_with('{')) {
            let (id, enterprise, value) = pair(element)?;
            match (id, enterprise) {
                (LAST_UPTIME, 0) => uptimes[1] = number(value),
                (FIRST_UPTIME, 0) => uptimes[0] = number(value),
                (INIT_TIME, 0) => started = number(value).or(started),
                _ => self.element(id, enterprise, value),
            }
        }
        for (cell, uptime) in [Cell::Start, Cell::End].into_iter().zip(uptimes) {
            if let Some(time) = started.zip(uptime).and_then(|(started, uptime)| started.checked_add(uptime)) {
                self.maker.row.put_number(cell, Form::Millis, time);
            }
        }
        let row = &mut self.maker.row;
        if let (Some((_, Form::TypeAndCode)), Some(both)) = (row.text(Cell::IcmpType), row.number(Cell::IcmpType)) {
            row.put_number(Cell::IcmpType, Form::Plain, both >> 8);
            row.put_number(Cell::IcmpCode, Form::Plain, both & 255);
        }
        let makes_a_flow = |cell| row.has(cell);
        if [Cell::SrcIp, Cell::DstIp, Cell::Bytes, Cell::Packets].into_iter().any(makes_a_flow) {
            self.maker.finish(line, flow.as_bytes(), flows);
        } else {
            flows.unused("options");
        }
        Ok(())
    }

    fn element(&mut self, id: u64, enterprise: u64, value: &str) {
        let row = &mut self.maker.row;
        let Some((_, cell, form)) = ELEMENTS.iter().find(|(number, ..)| *number == id) else { return };
        let cell = match (enterprise, cell) {
            (0, cell) => *cell,
            (REVERSE, Cell::Bytes) => Cell::RevBytes,
            (REVERSE, Cell::Packets) => Cell::RevPackets,
            (REVERSE, Cell::TcpFlags) => Cell::RevTcpFlags,
            _ => return,
        };
        if matches!(id, 85 | 86) && row.has(cell) || matches!(value.as_bytes().first(), Some(b'{' | b'[')) {
            return;
        }
        match number(value).filter(|_| NTP.contains(&id)) {
            Some(time) => {
                let nanos = ((time & 0xffff_ffff) * 1_000_000_000) >> 32;
                if let Some(seconds) = (time >> 32).checked_sub(NTP_EPOCH) {
                    row.put_number(cell, *form, seconds * 1_000_000_000 + nanos);
                }
            }
            None => row.put(cell, *form, unquoted_value(value).as_bytes(), NOWHERE),
        }
    }

    /// A flow of NetFlow 5.
    fn members(&mut self, flow: &str, header: &Header<'_>, line: u64, flows: &mut Flows<'_>) -> Result<(), Reject> {
        self.begin(header);
        let mut walk = Walk::nested(flow);
        while let Some(member) = walk.member()? {
            let name = member.key.trim_matches('"');
            let time = match name {
                "StartTime" => Some(Cell::Start),
                "EndTime" => Some(Cell::End),
                _ => None,
            };
            if let Some(cell) = time {
                let time = header.started.zip(number(member.value)).and_then(|(a, b)| a.checked_add(b));
                time.into_iter().for_each(|time| self.maker.row.put_number(cell, Form::Millis, time));
            } else if let Some((_, cell)) = OF_V5.iter().find(|(known, _)| *known == name)
                && !member.value.starts_with(['{', '['])
            {
                let form = if *cell == Cell::NextHop { Form::Lenient } else { Form::Plain };
                self.maker.put(*cell, form, unquoted_value(member.value).as_bytes(), NOWHERE);
            }
        }
        self.maker.finish(line, flow.as_bytes(), flows);
        Ok(())
    }
}

/// Number, enterprise and value of an element.
fn pair(element: &str) -> Result<(u64, u64, &str), Reject> {
    let (mut id, mut enterprise, mut value) = (u64::MAX, 0, "");
    let mut walk = Walk::nested(element);
    while let Some(member) = walk.member()? {
        match member.key {
            "\"I\"" => id = number(member.value).unwrap_or(u64::MAX),
            "\"E\"" => enterprise = number(member.value).unwrap_or(u64::MAX),
            "\"V\"" => value = member.value,
            _ => {}
        }
    }
    Ok((id, enterprise, value))
}

/// The text of a value.
fn unquoted_value(token: &str) -> std::borrow::Cow<'_, str> {
    if token.starts_with('"') { unquoted(token) } else { token.into() }
}

impl Unfold for Vflow {
    fn object(&mut self, text: &str, line: u64, flows: &mut Flows<'_>) -> Result<(), Reject> {
        let (mut header, mut agent) = (Header::default(), "".into());
        let (mut sets, mut objects) = ("[]", "[]");
        let mut walk = Walk::nested(text);
        while let Some(member) = walk.member()? {
            match member.key {
                "\"AgentID\"" => agent = unquoted_value(member.value),
                "\"Header\"" if member.value.starts_with('{') => header = Header::read(member.value)?,
                "\"DataSets\"" if member.value.starts_with('[') => sets = member.value,
                "\"Flows\"" if member.value.starts_with('[') => objects = member.value,
                _ => {}
            }
        }
        let header = Header { agent: &agent, ..header };
        let mut found = false;
        let mut walk = Walk::nested(sets);
        while let Some(flow) = walk.element()?.filter(|flow| flow.starts_with('[')) {
            self.elements(flow, &header, line, flows)?;
            found = true;
        }
        let mut walk = Walk::nested(objects);
        while let Some(flow) = walk.element()?.filter(|flow| flow.starts_with('{')) {
            self.members(flow, &header, line, flows)?;
            found = true;
        }
        if !found {
            flows.unused("messages without flows");
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        ELEMENTS.iter().map(|(id, cell, form)| (format!("element {id}"), Some(described(*cell, *form)))).collect()
    }
}

#[cfg(test)]
mod tests;
