//! Flow logs of Azure: of network security groups (versions 1 and 2) and of virtual networks, records of JSON in which the
//! flows of a rule are texts of values with commas between them.
//!
//! Invariant: every text is a flow, unused or rejected. Bound: that of [`super::messages`].

use super::fields::{Set, TWO_WAY};
use super::messages::{Messages, Unfold};
use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Takes};
use crate::flows::Flows;
use crate::row::alias::{Alias, plain};
use crate::row::{ANY, Cell, Dialect, Form, Maker, NOWHERE, Plan, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::scan::Reject;
use flow_record::scan::walk::{Walk, unquoted};
use memchr::memmem;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Messages::open(Azure::new(settings), Some("records")),
    takes: Takes::Objects,
    told_by: "JSON with flowTuples, or of category NetworkSecurityGroupFlowEvent or FlowLogFlowEvent",
    lost: "rule, direction, MAC address, encryption, whether a flow begins, goes on or ends; resources",
};

const FIELDS: Set = TWO_WAY.and(&[field::STATE]);

const SPEC: Spec = Spec {
    name: "azure",
    about: "flow logs of Azure: security groups (1, 2), virtual networks",
    explain: "
Each of flowTuples is a flow. Its time is that of the entry: of a flow that goes on or ends (C, E) not that of its start;
there is no duration. Counts are those since the last entry of the same flow, in both directions; version 1 has none.
Entries that say that a flow begins (B) have no counts yet: they are no flows and counted as unused, because an entry with
counts follows. state is allowed or denied. Protocols are T and U, or numbers. Records may be one a line, in an array, or
in the member records of an object, as storage accounts and event hubs have them. Records without flowTuples are unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one record of at most 16 MiB",
    source: "Azure Network Watcher, NSG flow logs and virtual network flow logs",
    ..SPEC_OF_ROWS
};

const AZURE: Dialect = Dialect { names: &[NAMES], settle, is_anybodys: false, is_utc: true, ..ANY };

/// The parts of an entry, those around it last.
const COLUMNS: [&str; 16] = [
    "time",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "direction",
    "decision",
    "flow_state",
    "encryption",
    "packets_sent",
    "bytes_sent",
    "packets_received",
    "bytes_received",
    "rule",
    "mac",
];

/// The numbers of the parts of a security group's entry; version 1 has the first eight.
const OF_GROUP: [usize; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13];

/// The same of a virtual network's.
const OF_NETWORK: [usize; 13] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13];

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["time"]),
    plain(Cell::SrcIp, &["srcip"]),
    plain(Cell::DstIp, &["dstip"]),
    plain(Cell::SrcPort, &["srcport"]),
    plain(Cell::DstPort, &["dstport"]),
    plain(Cell::Protocol, &["protocol"]),
    plain(Cell::State, &["decision"]),
    plain(Cell::Event, &["flowstate"]),
    plain(Cell::Packets, &["packetssent"]),
    plain(Cell::Bytes, &["bytessent"]),
    plain(Cell::RevPackets, &["packetsreceived"]),
    plain(Cell::RevBytes, &["bytesreceived"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    let counts = [Cell::Packets, Cell::Bytes, Cell::RevPackets, Cell::RevBytes];
    let is_empty = counts.into_iter().all(|cell| row.number(cell).unwrap_or(0) == 0);
    let is_denied =
        matches!(row.text(Cell::State), Some((b"D", _))) || matches!(row.text(Cell::Event), Some((b"D", _)));
    if matches!(row.text(Cell::Event), Some((b"B", _))) && is_empty && !is_denied {
        return Some("beginnings of flows, without counts");
    }
    row.put(Cell::State, Form::Plain, if is_denied { b"denied" } else { b"allowed" }, NOWHERE);
    match row.text(Cell::Protocol) {
        Some((b"T", _)) => row.put(Cell::Protocol, Form::Plain, b"tcp", NOWHERE),
        Some((b"U", _)) => row.put(Cell::Protocol, Form::Plain, b"udp", NOWHERE),
        _ => {}
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    let marks = [&b"\"flowTuples\""[..], b"\"NetworkSecurityGroupFlowEvent\"", b"\"FlowLogFlowEvent\""];
    let is_json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    if is_json && marks.iter().any(|mark| memmem::find(head, mark).is_some()) { Probe::Yes } else { Probe::No }
}

struct Azure {
    plan: Result<Plan, String>,
    maker: Maker,
}

/// What stands around entries.
#[derive(Clone, Copy, Default)]
struct Around<'t> {
    rule: &'t str,
    mac: &'t str,
}

impl Azure {
    fn new(settings: &Settings) -> Azure {
        let plan = settings.plan(COLUMNS.map(str::to_owned).to_vec(), &AZURE);
        Azure { plan, maker: settings.maker(&AZURE) }
    }

    /// Looks for entries in an object; answers how many there are.
    fn walk<'t>(
        &mut self,
        text: &'t str,
        mut around: Around<'t>,
        line: u64,
        flows: &mut Flows<'_>,
    ) -> Result<u64, Reject> {
        let mut members = Walk::nested(text);
        while let Some(member) = members.member()? {
            match member.key {
                "\"rule\"" => around.rule = member.value,
                "\"mac\"" | "\"macAddress\"" => around.mac = member.value,
                _ => {}
            }
        }
        let mut found = 0;
        let mut members = Walk::nested(text);
        while let Some(member) = members.member()? {
            match member.key {
                "\"flowTuples\"" if member.value.starts_with('[') => {
                    let mut entries = Walk::nested(member.value);
                    while let Some(entry) = entries.element()? {
                        self.entry(&unquoted(entry), around, line, flows);
                        found += 1;
                    }
                }
                "\"properties\"" | "\"flowRecords\"" if member.value.starts_with('{') => {
                    found += self.walk(member.value, around, line, flows)?;
                }
                "\"records\"" | "\"flows\"" | "\"flowGroups\"" if member.value.starts_with('[') => {
                    let mut elements = Walk::nested(member.value);
                    while let Some(element) = elements.element()?.filter(|element| element.starts_with('{')) {
                        found += self.walk(element, around, line, flows)?;
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn entry(&mut self, entry: &str, around: Around<'_>, line: u64, flows: &mut Flows<'_>) {
        let Ok(plan) = &self.plan else { return };
        let parts = entry.split(',').count();
        let is_group = entry.split(',').nth(5).is_some_and(|protocol| matches!(protocol.trim(), "T" | "U"));
        let numbers = match parts {
            8 => &OF_GROUP[..8],
            13 if is_group => &OF_GROUP[..],
            13 => &OF_NETWORK[..],
            _ => {
                return flows.reject(line, 0, "bad row", "an entry of flowTuples has 8 or 13 values", entry.as_bytes());
            }
        };
        self.maker.begin();
        for (number, text) in numbers.iter().zip(entry.split(',')) {
            self.maker.take(plan, *number, text.as_bytes(), NOWHERE);
        }
        for (number, text) in [(14, around.rule), (15, around.mac)] {
            self.maker.take(plan, number, unquoted_or_none(text).as_bytes(), NOWHERE);
        }
        self.maker.finish(line, entry.as_bytes(), flows);
    }
}

/// The text of a string; nothing for anything else.
fn unquoted_or_none(token: &str) -> std::borrow::Cow<'_, str> {
    if token.starts_with('"') { unquoted(token) } else { "".into() }
}

impl Unfold for Azure {
    fn object(&mut self, text: &str, line: u64, flows: &mut Flows<'_>) -> Result<(), Reject> {
        if let Err(refusal) = &self.plan {
            flows.reject(line, 0, "bad mapping", refusal, text.as_bytes());
            return Ok(());
        }
        if self.walk(text, Around::default(), line, flows)? == 0 {
            flows.unused("records without flowTuples");
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const GROUP: &str = r#"{"time":"2018-11-13T12:00:35.3899262Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,"flows":[{"rule":"DefaultRule_AllowInternetOutBound","flows":[{"mac":"000D3AF87856","flowTuples":["1542110377,10.0.0.4,13.67.143.118,59831,443,T,O,A,B,,,,","1542110379,10.0.0.4,13.67.143.118,59831,443,T,O,A,C,25,1024,30,2048","1542110402,10.0.0.4,13.67.143.118,59831,443,T,O,A,E,1,66,0,0"]}]},{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"000D3AF87856","flowTuples":["1542110437,125.64.94.197,10.5.16.4,59752,18264,U,I,D,B,,,,"]}]}]}}"#;
    const FLOWS: [&str; 3] = [
        r#"{"timestamp":"2018-11-13T11:59:39.000Z","src_ip":"10.0.0.4","dst_ip":"13.67.143.118","src_port":59831,"dst_port":443,"protocol":6,"packets":25,"bytes":1024,"rev_packets":30,"rev_bytes":2048,"state":"allowed"}"#,
        r#"{"timestamp":"2018-11-13T12:00:02.000Z","src_ip":"10.0.0.4","dst_ip":"13.67.143.118","src_port":59831,"dst_port":443,"protocol":6,"packets":1,"bytes":66,"rev_packets":0,"rev_bytes":0,"state":"allowed"}"#,
        r#"{"timestamp":"2018-11-13T12:00:37.000Z","src_ip":"125.64.94.197","dst_ip":"10.5.16.4","src_port":59752,"dst_port":18264,"protocol":17,"state":"denied"}"#,
    ];

    #[test]
    fn each_text_is_a_flow_however_its_records_come() {
        let value: serde_json::Value = serde_json::from_str(GROUP).unwrap();
        let pretty = serde_json::to_string_pretty(&serde_json::json!({ "records": [value] })).unwrap();
        for text in [
            format!("{GROUP}\n"),
            format!("[{GROUP}]\n"),
            format!("{{\"records\":[{GROUP}]}}"),
            format!("{{\"records\":[\n{GROUP}\n]}}\n"),
            pretty,
        ] {
            let outcome = outcome(&text, &[]);
            assert_eq!(
                (outcome.lines, outcome.rejects, outcome.code),
                (FLOWS.map(str::to_owned).to_vec(), vec![], 0),
                "{text}"
            );
        }
        let kept = &lines(format!("{GROUP}\n"), &["--keep-extra"])[2];
        assert!(
            kept.contains(r#""x_direction":"I","rule":"DefaultRule_DenyAllInBound","mac":"000D3AF87856""#),
            "{kept}"
        );
    }

    #[test]
    fn version_1_has_no_counts_and_networks_have_numbers_and_milliseconds() {
        let one = r#"{"records":[{"category":"NetworkSecurityGroupFlowEvent","properties":{"Version":1,"flows":[{"rule":"r","flows":[{"mac":"m","flowTuples":["1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D"]}]}]}}]}"#;
        let flow = r#"{"timestamp":"2017-02-16T22:00:21.000Z","src_ip":"42.119.146.95","dst_ip":"10.1.0.4","src_port":51529,"dst_port":5358,"protocol":6,"state":"denied"}"#;
        assert_eq!(lines(one, &[]), [flow]);
        let network = r#"{"records":[{"time":"2022-09-14T09:00:52.5625085Z","flowLogVersion":4,"macAddress":"112233445566","category":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"DefaultRule","flowTuples":["1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0","1663146003606,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX,3,767,2,1580","1663145998065,101.33.218.153,10.0.0.6,55188,22,6,I,D,NX,0,0,0,0"]}]}]}}]}"#;
        assert_eq!(
            lines(network, &[]),
            [
                r#"{"timestamp":"2022-09-14T09:00:03.606Z","src_ip":"10.0.0.6","dst_ip":"192.0.2.180","src_port":23956,"dst_port":443,"protocol":6,"packets":3,"bytes":767,"rev_packets":2,"rev_bytes":1580,"state":"allowed"}"#,
                r#"{"timestamp":"2022-09-14T08:59:58.065Z","src_ip":"101.33.218.153","dst_ip":"10.0.0.6","src_port":55188,"dst_port":22,"protocol":6,"packets":0,"bytes":0,"rev_packets":0,"rev_bytes":0,"state":"denied"}"#,
            ]
        );
    }

    #[test]
    fn a_bad_text_costs_no_other_and_what_is_cut_off_is_told() {
        let bad = GROUP.replace("1542110379,10.0.0.4", "1542110379,10.0.0").replace(",C,25", ",C,25,7");
        let outcome = outcome(format!("{bad}\n{{\"category\":\"other\"}}\n{}\n", &GROUP[..300]), &[]);
        assert_eq!((outcome.lines.len(), outcome.rejects.len(), outcome.code), (2, 2, 3));
        assert!(outcome.rejects[0].contains("8 or 13 values"), "{}", outcome.rejects[0]);
    }
}
