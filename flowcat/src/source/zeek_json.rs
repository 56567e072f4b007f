//! Zeek's conn.log as JSON, one object a line (LogAscii::use_json, JSON streaming).
//!
//! The reading is that of [`super::json`]; names and habits are Zeek's, as in [`super::zeek`].

use super::json::{Json, probe_own};
use super::zeek::{FIELDS, MARKS, ZEEK};
use super::{Format, Probe, SPEC_OF_OBJECTS, Takes};
use crate::row::{Cell, Dialect, Row};
use flow_record::item::Spec;
use flow_record::scan::Clean;
use flow_record::scan::walk::{Walk, unquoted};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &ZEEK_JSON)),
    takes: Takes::Objects,
    told_by: "an object with id.orig_h, id_orig_h or orig_h inside of id, and uid or one of conn_state, orig_bytes, orig_pkts",
    lost: "uid, missed_bytes, tunnel_parents, local_orig, the order in history",
};

const SPEC: Spec = Spec {
    name: "zeek-json",
    about: "Zeek's conn.log as JSON, with times in any of its styles",
    explain: "
Times are seconds (TS_EPOCH) or milliseconds (TS_MILLIS)
since 1970, or ISO 8601 (TS_ISO8601); they have microseconds, unless they are milliseconds, also where a number leaves off
zeros. All else is as in zeek: payload only where orig_ip_bytes is not there, flags from history, ICMP in the ports, where
the type of an answer is code 0. Objects of other logs in the same stream are counted as unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Zeek 2.2 to 8, scripts/base/frameworks/logging/writers/ascii.zeek",
    ..SPEC_OF_OBJECTS
};

const ZEEK_JSON: Dialect = Dialect { settle, nested: &["id"], ..ZEEK };

/// Connections have a state or counts; other logs do not.
fn settle(row: &mut Row) -> Option<&'static str> {
    let marks = [Cell::State, Cell::Packets, Cell::Bytes, Cell::RevPackets, Cell::RevBytes];
    if !marks.into_iter().any(|cell| row.has(cell)) {
        return Some("objects of other Zeek logs");
    }
    (ZEEK.settle)(row)
}

fn probe(head: &[u8]) -> Probe {
    probe_own(head, is_zeek)
}

fn is_zeek(text: Clean<'_>) -> bool {
    let (mut has_ends, mut has_mark) = (false, false);
    let mut walk = Walk::new(text);
    while let Ok(Some(member)) = walk.member() {
        let key = unquoted(member.key);
        let is_id = || key == "id" && member.value.contains("\"orig_h\"");
        has_ends |= matches!(&*key, "id.orig_h" | "id_orig_h") || is_id();
        has_mark |= key == "uid" || MARKS.contains(&&*key);
    }
    has_ends && has_mark
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const OBJECT: &str = r#"{"ts":1575413101.2,"uid":"CH53301MTU21BMj2Bj","id.orig_h":"10.18.20.97","id.orig_p":49187,"id.resp_h":"10.18.20.8","id.resp_p":88,"proto":"tcp","service":"krb_tcp","duration":0.0012309551239013672,"orig_bytes":242,"resp_bytes":283,"conn_state":"RSTR","missed_bytes":0,"history":"ShADdFar","orig_pkts":4,"orig_ip_bytes":414,"resp_pkts":4,"resp_ip_bytes":455}"#;
    const FLOW: &str = r#"{"timestamp":"2019-12-03T22:45:01.200000Z","duration":0.001230955,"src_ip":"10.18.20.97","dst_ip":"10.18.20.8","src_port":49187,"dst_port":88,"protocol":6,"packets":4,"bytes":414,"rev_packets":4,"rev_bytes":455,"tcp_flags":19,"rev_tcp_flags":22,"app":"krb_tcp","state":"RSTR"}"#;

    #[test]
    fn an_object_becomes_a_two_way_flow() {
        assert_eq!(lines(format!("{OBJECT}\n{OBJECT}\n"), &[]), [FLOW, FLOW]);
        assert_eq!(lines(format!("[{OBJECT},\n{OBJECT}]\n"), &[]), [FLOW, FLOW]);
        let renamed = OBJECT.replace("id.", "id_");
        assert_eq!(lines(format!("{renamed}\n"), &[]), [FLOW]);
        let (before, rest) = OBJECT.split_once("\"id.").unwrap();
        let (ends, after) = rest.split_once(",\"proto\"").unwrap();
        let nested = format!("{before}\"id\":{{\"{}}},\"proto\"{after}", ends.replace("id.", ""));
        assert_eq!(lines(format!("{nested}\n"), &[]), [FLOW]);
    }

    #[test]
    fn times_of_every_style_are_the_same() {
        for (style, digits) in [
            ("1575413101.200000", "200000"),
            ("\"2019-12-03T22:45:01.200000Z\"", "200000"),
            ("1575413101200", "200"),
            ("1575413101200.0", "200000"),
        ] {
            let text = OBJECT.replace("1575413101.2", style);
            assert_eq!(lines(format!("{text}\n"), &[]), [FLOW.replace("200000", digits)], "{style}");
        }
    }

    #[test]
    fn an_unset_field_is_absent_and_payload_says_so() {
        let text = r#"{"ts":1.5e9,"id.orig_h":"10.0.0.1","id.orig_p":3,"id.resp_h":"10.0.0.2","id.resp_p":1,"proto":"icmp","conn_state":"OTH","orig_bytes":5}"#;
        let flow = r#"{"timestamp":"2017-07-14T02:40:00.000000Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":0,"dst_port":0,"protocol":1,"bytes":5,"icmp_type":3,"icmp_code":1,"state":"OTH","byte_layer":"l4"}"#;
        assert_eq!(lines(format!("{text}\n"), &[]), [flow]);
    }

    #[test]
    fn objects_of_other_logs_are_unused_and_broken_ones_rejected() {
        let dns = r#"{"ts":1575413101.2,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.2","id.resp_p":53,"proto":"udp","query":"a.example"}"#;
        let bad = OBJECT.replace("10.18.20.97", "10.18.20");
        let outcome = outcome(format!("{dns}\n{OBJECT}\n{bad}\n{{\"ts\":\n{OBJECT}\n"), &[]);
        assert_eq!(
            (outcome.lines, outcome.rejects.len(), outcome.code),
            (vec![FLOW.to_owned(), FLOW.to_owned()], 2, 3)
        );
    }
}
