//! Argus flows as ra of Argus 5 prints them with -M json: an object with one array, `ArgusData`, of all records.
//!
//! The reading is that of [`super::json`]; names and habits are Argus', as in [`super::argus`].

use super::argus::{ARGUS, FIELDS};
use super::json::{Json, probe_own};
use super::{Format, Probe, SPEC_OF_OBJECTS, Takes};
use crate::row::Dialect;
use flow_record::item::Spec;
use flow_record::scan::Clean;
use flow_record::scan::walk::{Walk, unquoted};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &ARGUS_JSON)),
    takes: Takes::Objects,
    told_by: "an object whose first member is ArgusData, or one with type, stime, saddr and spkts",
    lost: "flgs, loss and jitter",
};

const SPEC: Spec = Spec {
    name: "argus-json",
    about: "Argus flows as JSON: ra -M json of Argus 5",
    explain: "
Its default time is month, day and time of day: such flows begin
in 1970 and say clock: no-date; ra -u prints all of it. All else is as in argus: bytes of the link layer, arrows, ICMP in
the ports, names of services, MAC addresses, labels. Records of other types (event, management) are no flows and counted
as unused. An array that is not closed is told as truncated.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Argus clients 5.0, ra",
    ..SPEC_OF_OBJECTS
};

const ARGUS_JSON: Dialect = Dialect { wrapper: Some("ArgusData"), is_remark: |line| line == b"}", ..ARGUS };

fn probe(head: &[u8]) -> Probe {
    let begins = |rest: &[u8]| rest.trim_ascii_start().starts_with(b"\"ArgusData\"");
    if head.strip_prefix(b"{").is_some_and(begins) { Probe::Yes } else { probe_own(head, is_argus) }
}

/// Whether an object is a record that was taken out of its array.
fn is_argus(text: Clean<'_>) -> bool {
    const MARKS: [&str; 4] = ["type", "stime", "saddr", "spkts"];
    let (mut walk, mut met) = (Walk::new(text), 0);
    while let Ok(Some(member)) = walk.member() {
        met += usize::from(MARKS.contains(&&*unquoted(member.key)));
    }
    met == MARKS.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const UDP: &str = r#"{ "type":"flow","stime":"02/02.10:38:20.425982","dur":4.105902,"flgs":" e        ","proto":"udp","saddr":"192.168.1.237","sport":49477,"dir":" ->","daddr":"224.0.0.251","dport":5353,"spkts":2,"dpkts":0,"sbytes":507,"dbytes":0,"state":"REQ"}"#;
    const ICMP: &str = r#"{ "type":"flow","stime":"02/02.10:38:20.907300","dur":0.000000,"flgs":" e        ","proto":"ipv6-icmp","saddr":"2001:db8::73","sport":135,"dir":" ->","daddr":"2001:db8::70","spkts":1,"dpkts":0,"sbytes":86,"dbytes":0,"state":"EER"}"#;
    const EVENT: &str =
        r#"{ "type":"event","stime":"02/02.10:38:28.368679","dur":0.024429,"flgs":"          ","proto":"evt"}"#;
    const FLOWS: [&str; 2] = [
        r#"{"timestamp":"1970-02-02T10:38:20.425982Z","duration":4.105902,"src_ip":"192.168.1.237","dst_ip":"224.0.0.251","src_port":49477,"dst_port":5353,"protocol":17,"packets":2,"bytes":507,"rev_packets":0,"rev_bytes":0,"state":"REQ","byte_layer":"l2","clock":"no-date"}"#,
        r#"{"timestamp":"1970-02-02T10:38:20.907300Z","duration":0,"src_ip":"2001:db8::73","dst_ip":"2001:db8::70","src_port":0,"dst_port":0,"protocol":58,"packets":1,"bytes":86,"rev_packets":0,"rev_bytes":0,"icmp_type":135,"state":"EER","byte_layer":"l2","clock":"no-date"}"#,
    ];

    #[test]
    fn the_objects_of_the_array_become_flows() {
        for text in [
            format!("{{\"ArgusData\":[{UDP},\n{EVENT},\n{ICMP}]}}\n"),
            format!("{{\"ArgusData\":[{UDP},{EVENT},{ICMP}]}}"),
            format!("{UDP}\n{EVENT}\n{ICMP}\n"),
            format!("{{ \"ArgusData\" : [\n{UDP},\n{EVENT},\n{ICMP}\n]\n}}\n"),
            format!("{{\"ArgusData\":[{UDP}]}}\n{{\"ArgusData\":[{EVENT},\n{ICMP}]}}\n"),
        ] {
            let outcome = outcome(&text, &[]);
            assert_eq!(
                (outcome.lines, outcome.rejects, outcome.code),
                (FLOWS.map(str::to_owned).to_vec(), vec![], 0),
                "{text}"
            );
        }
    }

    #[test]
    fn an_array_that_is_not_closed_is_truncated_and_what_is_broken_costs_no_other() {
        let cut = outcome(format!("{{\"ArgusData\":[{UDP},\n{ICMP},\n"), &[]);
        assert_eq!((cut.lines.len(), cut.code), (2, 2));
        let broken = UDP.replace("\"dur\":4.105902", "\"dur\":");
        let text = format!("{{\"ArgusData\":[{UDP},\n{broken},\n{ICMP}]}}\n");
        assert_eq!((lines(&text, &[]), outcome(&text, &[]).rejects.len()), (FLOWS.map(str::to_owned).to_vec(), 1));
    }
}
