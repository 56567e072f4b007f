//! nfdump's JSON: an array of objects over many lines (1.6.17 to 1.8), without its brackets where `-q` was given, and
//! ndjson (from 1.7.5).
//!
//! The reading is that of [`super::json`]; names, units and encodings are nfdump's.

use super::json::{Json, probe_nfdump};
use super::nfdump::NFDUMP;
use super::{Format, Takes};
use flow_record::item::Spec;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe: probe_nfdump,
    open: |s| Box::new(Json::new(s, &NFDUMP)),
    takes: Takes::Objects,
    told_by: "an object of type FLOW or EVENT with names of nfdump's",
    lost: "masks, MAC addresses, MPLS labels, latencies, forwarding status, engine",
};

const SPEC: Spec = Spec {
    name: "nfdump-json",
    about: "JSON of nfdump: -o json and -o ndjson",
    explain: "
Brackets may be missing and commas left over (-q); No matching
flows and messages between objects are no records. Times have no zone: --tz says which; 1.6 wrote milliseconds without
leading zeros (.10 is 10 ms), which is undone. The duration is last less first; where that is negative it is left out and
the flow is marked clock: implausible. An array that is not closed is told as truncated. nfdump 1.7.1 leaves out the
counts of the other direction with -b: print CSV there.",
    params: &[],
    needs: &[],
    columns: &super::NFDUMP_FIELDS.rows::<{ super::NFDUMP_FIELDS.len() }>(),
    memory: "one object of at most 1 MiB",
    source: "nfdump 1.6.17 to 1.7.8, output_json.c and output_ndjson.c",
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{ending, lines, rejects};

    const NEW: &str = r#"{
	"type" : "FLOW",
	"sampled" : 0,
	"export_sysid" : 1,
	"first" : "2004-07-11T08:30:00.010",
	"last" : "2004-07-11T08:30:10.020",
	"received" : "1970-01-01T00:00:00.000",
	"in_packets" : 202,
	"in_bytes" : 303,
	"proto" : 6,
	"tcp_flags" : ".......F",
	"src_port" : 1024,
	"dst_port" : 25,
	"src_tos" : 2,
	"src4_addr" : "172.16.1.66",
	"dst4_addr" : "192.168.170.100",
	"out_packets" : 212,
	"out_bytes" : 0,
	"aggr_flows" : 3,
	"label" : "<none>"
}"#;

    const FLOW: &str = r#"{"timestamp":"2004-07-11T08:30:00.010Z","duration":10.01,"src_ip":"172.16.1.66","dst_ip":"192.168.170.100","src_port":1024,"dst_port":25,"protocol":6,"packets":202,"bytes":303,"rev_packets":212,"flows":3,"tcp_flags":1,"tos":2}"#;

    #[test]
    fn arrays_lines_and_what_q_leaves_of_them_give_the_same_flows() {
        let compact = NEW.replace(['\n', '\t'], "").replace(" : ", ":");
        for text in [
            format!("[\n{NEW},\n{NEW}\n]\n"),
            format!("[\n {NEW},\n {NEW}\n]"),
            format!("{NEW},\n{NEW}"),
            format!("[\n{NEW}\n,\n{NEW}\n]\n"),
            format!("{compact}\n{compact}\n"),
            format!("Number of workers should not be greater\n[\n{NEW},\nSkip unknown record type 9\n{NEW}\n]\n"),
        ] {
            assert_eq!(lines(&text, &[]), [FLOW, FLOW], "{text}");
        }
    }

    #[test]
    fn the_keys_and_unpadded_milliseconds_of_1_6_mean_the_same() {
        let old = NEW.replace("\"first\" : \"2004-07-11T08:30:00.010", "\"t_first\" : \"2004-07-11T08:30:00.10");
        let old = old.replace("\"last\" : \"2004-07-11T08:30:10.020", "\"t_last\" : \"2004-07-11T08:30:10.20");
        assert_eq!(lines(format!("[\n{old}\n]\n"), &[]), [FLOW]);
    }

    #[test]
    fn a_last_time_before_the_first_is_flagged() {
        let text = NEW.replace("08:30:10.020", "08:29:59.020");
        let line = &lines(format!("[\n{text}\n]\n"), &[])[0];
        assert!(!line.contains("duration") && line.contains("\"clock\":\"implausible\""), "{line}");
    }

    #[test]
    fn an_object_that_is_no_json_costs_no_other() {
        let broken = NEW.replace("<none>", "a\"b");
        let text = format!("[\n{NEW},\n{broken},\n{NEW}\n]\n");
        assert_eq!((lines(&text, &[]).len(), rejects(&text, &[]).len()), (2, 1));
    }

    #[test]
    fn keys_that_nobody_uses_may_come_twice() {
        let text = NEW.replace("\"sampled\" : 0", "\"inServiceID\" : 0,\n\"inServiceID\" : 0");
        assert_eq!(lines(format!("[\n{text}\n]\n"), &[]), [FLOW]);
        let text = NEW.replace("\"sampled\" : 0", "\"proto\" : 6");
        assert_eq!(rejects(format!("[\n{NEW},\n{text}\n]\n"), &[]).len(), 1);
    }

    #[test]
    fn an_array_that_is_not_closed_is_truncated() {
        assert_eq!(ending(format!("[\n{NEW},\n"), &[]), 2);
        assert_eq!(ending(format!("[\n{NEW}\n]\n"), &[]), 0);
        assert_eq!(ending(format!("{NEW},\n"), &[]), 0);
        assert_eq!(ending("[\nNo matching flows\n]\n", &[]), 0);
    }
}
