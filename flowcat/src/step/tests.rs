//! Steps by themselves, and one after the other.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::flows::Flows;
use crate::source::testing::{lines, outcome};
use flow_record::output::Sink;
use flow_record::run::{Conduct, Session};

/// Keeps all flows to the end and hands each on twice.
#[derive(Default)]
struct Twice(Vec<Flow>);

impl Step for Twice {
    fn flow(&mut self, record: Record<'_>, _next: &mut Next<'_, '_>) {
        self.0.push(record.flow.clone());
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        for flow in &self.0 {
            for _ in 0..2 {
                next.flow(Record { flow, form: Form::Fields(b",\"x\":1") });
            }
        }
    }
}

#[test]
fn what_a_step_kept_goes_through_the_steps_after_it() {
    let mut session = Session::begin("flowcat", Conduct::default(), Sink::none()).unwrap();
    let mut flows = Flows::new(&mut session, vec![Box::new(Twice::default()), Box::new(Head::new(3))], true);
    for bytes in [5, 6] {
        let mut flow = Flow::new();
        flow.set_integer(flow_record::record::field::BYTES, bytes);
        flows.flow(&flow);
        assert!(!flows.is_over());
    }
    flows.finish();
    let fates = &session.account.fates;
    assert_eq!((fates.passed, fates.filtered), (3, 1));
}

const ROWS: &str = "src_ip,bytes\n10.0.0.1,5\n10.0.0.2,6\nbad,7\n10.0.0.3,8\n";
const FLOWS: &str = "{\"src_ip\":\"10.0.0.1\",\"bytes\":5 ,\"x\":[]}\n{\"kind\":\"alert\",\"id\":\"0\"}\n{\"src_ip\":\"10.0.0.2\",\"bytes\":6}\nbad\n{\"bytes\":7}\n";

#[test]
fn head_stops_at_the_last_flow_that_it_lets_pass() {
    for (count, rejects) in [("0", 0), ("1", 0), ("2", 0), ("3", 1), ("4", 1)] {
        let rows = outcome(ROWS, &["--head", count]);
        let flows = outcome(FLOWS, &["--head", count]);
        let most = count.parse::<usize>().unwrap().min(3);
        assert_eq!((rows.lines.len(), rows.rejects.len()), (most, rejects), "{count}");
        let alerts = usize::from(most > 1);
        assert_eq!((flows.lines.len(), flows.rejects.len()), (most + alerts, rejects), "{count}");
    }
    assert_eq!(lines(FLOWS, &["--head", "1"]), [FLOWS.lines().next().unwrap()], "byte for byte");
}

#[test]
fn where_keeps_flows_for_which_it_holds_and_all_other_lines() {
    let kept = |text: &str, expression: &str| lines(text, &["-w", expression]);
    assert_eq!(kept(ROWS, "bytes > 5").len(), 2);
    assert_eq!(kept(FLOWS, "bytes < 6"), FLOWS.lines().take(2).collect::<Vec<_>>(), "byte for byte, and the alert");
    assert_eq!(kept(FLOWS, "exists x and not exists y or bytes == 7").len(), 3);
    assert_eq!(lines(ROWS, &["-w", "bytes > 5", "--head", "1"]), kept(ROWS, "bytes == 6"));
    let extras = "src_ip,bytes,mood,site\n10.0.0.1,5,good,4\n10.0.0.2,5,bad,5\n";
    let args = ["--keep-extra", "--map", "state=mood", "-w"];
    assert_eq!(lines(extras, &[&args[..], &["site > 4"]].concat()).len(), 1);
    assert_eq!(lines(extras, &[&args[..], &["state == \"good\" and .site == 4"]].concat()).len(), 1);
    assert!(kept(extras, "site > 4").is_empty(), "what is not kept is not there");
}

#[test]
fn a_sample_is_the_same_however_the_flows_come() {
    let rows: String = (0..3000).map(|i| format!("10.0.{}.{},{i}\n", i / 250, i % 250)).collect();
    let text = format!("src_ip,bytes\n{rows}");
    let all = lines(&text, &[]).join("\n") + "\n";
    let some = lines(&text, &["--sample", "1/10"]);
    assert!((200..400).contains(&some.len()), "{}", some.len());
    assert_eq!(lines(&all, &["--sample", "1/10"]), some);
    let fewer = lines(&text, &["--sample", "1/100"]);
    assert!((10..60).contains(&fewer.len()) && fewer.iter().all(|line| some.contains(line)), "{}", fewer.len());
    assert_eq!(lines(&text, &["--sample", "1/1"]).len(), 3000);
    assert_eq!(lines(&text, &["--head", "7", "--sample", "1/10"]), some[..7]);
}

#[test]
fn a_two_way_flow_is_split_and_counted_as_read_and_made() {
    let flow = r#"{"timestamp":"2026-03-10T00:00:01.000Z","duration":2,"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":5,"dst_port":80,"protocol":6,"packets":3,"bytes":4,"rev_packets":1,"rev_bytes":2,"tcp_flags":2,"rev_tcp_flags":18,"label":"benign","input_if":1,"src_as":7,"tos":4,"x":1,"src_country":"PT","direction":"outbound","pcr":0.3,"dir_reason":"syn"}"#;
    let there = r#"{"timestamp":"2026-03-10T00:00:01.000Z","duration":2,"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":5,"dst_port":80,"protocol":6,"packets":3,"bytes":4,"tcp_flags":2,"label":"benign","input_if":1,"src_as":7,"tos":4,"x":1,"src_country":"PT","direction":"outbound","pcr":0.3}"#;
    let back = r#"{"timestamp":"2026-03-10T00:00:01.000Z","duration":2,"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","src_port":80,"dst_port":5,"protocol":6,"packets":1,"bytes":2,"tcp_flags":18,"label":"benign","output_if":1,"dst_as":7,"x":1,"dst_country":"PT","direction":"inbound"}"#;
    assert_eq!(lines(format!("{flow}\n"), &["--uniflow"]), [there, back]);
    // No answer, no question, neither; a flow of one direction.
    for (text, kept) in [
        (r#"{"src_ip":"10.0.0.1","packets":3,"rev_packets":0}"#, r#"{"src_ip":"10.0.0.1","packets":3}"#),
        (r#"{"src_ip":"10.0.0.1","packets":0,"rev_packets":2}"#, r#"{"dst_ip":"10.0.0.1","packets":2}"#),
        (r#"{"src_ip":"10.0.0.1","packets":0,"rev_packets":0}"#, r#"{"src_ip":"10.0.0.1","packets":0}"#),
        (r#"{"src_ip":"10.0.0.1", "x":1,"packets":3}"#, r#"{"src_ip":"10.0.0.1", "x":1,"packets":3}"#),
        (
            r#"{"src_ip":"10.0.0.1","protocol":1,"bytes":0,"rev_bytes":2,"icmp_type":8,"icmp_code":0}"#,
            r#"{"dst_ip":"10.0.0.1","protocol":1,"bytes":2,"icmp_type":0,"icmp_code":0}"#,
        ),
    ] {
        assert_eq!(lines(format!("{text}\n"), &["--uniflow"]), [kept]);
    }
}

#[test]
fn counts_are_scaled_once_and_marked() {
    let flow = r#"{"src_ip":"10.0.0.1","packets":3,"bytes":40,"rev_bytes":2,"sampling":100,"x":{}}"#;
    let scaled =
        r#"{"src_ip":"10.0.0.1","packets":300,"bytes":4000,"rev_bytes":200,"sampling":100,"x":{},"scaled":true}"#;
    for text in [flow, scaled] {
        assert_eq!(lines(format!("{text}\n"), &["--sampling", "auto"]), [scaled]);
    }
    let by_ten = r#"{"src_ip":"10.0.0.1","packets":30,"bytes":400,"rev_bytes":20,"sampling":10,"x":{},"scaled":true}"#;
    assert_eq!(lines(format!("{flow}\n"), &["--sampling", "10"]), [by_ten]);
    for plain in [r#"{"src_ip":"10.0.0.1", "packets":3}"#, r#"{"bytes":9007199254740991,"packets":1,"sampling":2}"#] {
        assert_eq!(lines(format!("{plain}\n"), &["--sampling", "auto"]), [plain]);
    }
    let rows = "src_ip,bytes,packets\n10.0.0.1,7,1\n";
    assert_eq!(
        lines(rows, &["--sampling", "2"]),
        [r#"{"src_ip":"10.0.0.1","packets":2,"bytes":14,"sampling":2,"scaled":true}"#]
    );
}

/// The key of the reference implementation's sample, in a file.
fn key() -> tempfile::NamedTempFile {
    let key = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key).unwrap();
    file
}

fn anonymized(text: &str, args: &[&str]) -> Vec<String> {
    let key = key();
    lines(text, &[args, &["--anonymize", key.path().to_str().unwrap()]].concat())
}

#[test]
fn every_address_of_a_flow_becomes_another() {
    let table = "src_ip,dst_ip,bytes,app,state,exporter,next_hop,seen,note,mac\n\
                 128.11.68.132,2001:db8::1,5,dns,to 4.3.88.225,127.0.0.1,24.0.250.221,24.5.0.80:53,a \\ 24.5.0.80,-\n";
    let changed = [
        r#"{"src_ip":"135.242.180.132","dst_ip":"4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e","bytes":5,"app":"dns","state":"to 124.60.155.63","exporter":"33.0.243.129","next_hop":"100.15.198.226""#,
        r#","seen":"100.9.15.210:53","note":"a \\ 100.9.15.210","mac":"-"}"#,
    ];
    assert_eq!(anonymized(table, &[]), [format!("{}}}", changed[0])]);
    assert_eq!(anonymized(table, &["--keep-extra"]), [changed.concat()]);
    // The same in lines that pass, whose other bytes stay.
    let line = lines(table, &["--keep-extra"])[0].replace(",\"bytes\":", " , \"bytes\": ");
    assert_eq!(anonymized(&line, &[]), [changed.concat().replace(",\"bytes\":", " , \"bytes\": ")]);
}

#[test]
fn lines_that_are_no_flows_are_anonymised_too_and_baselines_left_out() {
    let text = r#"{"kind":"alert","id":"0011223344556677","src_ip":"128.11.68.132","reason":"128.11.68.132 sent much"}
{"kind":"baseline","section":"hosts","key":"128.11.68.132"}
{"kind":"top","src_ip":"128.11.68.0/24","bytes":1}
{"kind":"tick","timestamp":"2026-03-10T07:07:35.000Z"}
"#;
    let found = anonymized(text, &[]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains(r#""src_ip":"135.242.180.132","reason":"135.242.180.132 sent much"}"#), "{}", found[0]);
    assert!(!found[0].contains("0011223344556677"));
    assert_eq!(found[1], r#"{"kind":"top","src_ip":"135.242.180.0/24","bytes":1}"#);
    assert_eq!(found[2], text.lines().nth(3).unwrap());
}

#[test]
fn what_no_filter_would_accept_any_more_is_left_out() {
    let long = format!(r#"{{"bytes":1,"x":"{}1.1.1.1"}}"#, "x".repeat((1 << 20) - 27));
    let keys = r#"{"bytes":1,"::1":1,"0::1":2}"#;
    let good = r#"{"bytes":1,"::1":1}"#;
    assert_eq!(anonymized(&format!("{long}\n{keys}\n{good}\n"), &[]).len(), 1);
    let table = "bytes,::1,0::1\n1,2,3\n";
    assert_eq!(lines(table, &["--keep-extra"]).len(), 1);
    assert_eq!(anonymized(table, &["--keep-extra"]).len(), 0);
    assert_eq!(
        anonymized("bytes,::1\n1,2\n", &["--keep-extra"]),
        [r#"{"bytes":1,"78ff:f001:9fc0:20df:8380:b1f1:704:ed":2}"#]
    );
}

/// A flow that lasts from a second of a day on, and a tick at one.
fn at(second: u32, length: u32) -> String {
    format!("{{\"timestamp\":\"2026-03-10T{}.000Z\",\"duration\":{length},\"bytes\":{second}}}\n", clock(second))
}

fn tick(second: u32) -> String {
    format!("{{\"kind\":\"tick\", \"timestamp\":\"2026-03-10T{}.000Z\", \"x\":1}}\n", clock(second))
}

fn clock(second: u32) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[test]
fn a_tick_lets_go_what_nothing_can_join_and_says_no_later_time_than_a_flow_that_waits_has() {
    // The first flow can be joined for 10 + 30 s after its end at 25.
    let text = [at(20, 5), tick(30), at(50, 0), tick(60), tick(80), tick(200)].concat();
    let expected = [tick(20), tick(20), at(20, 5), tick(50), at(50, 0), tick(200)].concat();
    for args in [&["--biflow=30s", "--lateness", "10s"][..], &["--rejoin=5s", "--biflow=30s", "--lateness", "10s"]] {
        assert_eq!(lines(&text, args).join("\n") + "\n", expected, "{args:?}");
    }
    // All wait for the end, the ticks do not.
    let expected = [tick(20), tick(20), tick(20), tick(20), at(20, 5), at(50, 0)].concat();
    assert_eq!(lines(&text, &["--biflow=30s"]).join("\n") + "\n", expected);
    // Sorting makes flows wait, too.
    let expected = [tick(20), at(20, 5), tick(50), at(50, 0), tick(80), tick(200)].concat();
    assert_eq!(lines(&text, &["--sort", "--lateness", "15s"]).join("\n") + "\n", expected);
    assert_eq!(lines(&text, &["--sort"]).join("\n") + "\n", [at(20, 5), at(50, 0)].concat());
}

#[test]
fn a_tick_without_a_time_passes_as_it_is() {
    let odd = "{\"kind\":\"tick\"}\n{\"kind\":\"tick\",\"timestamp\":\"2026-03-10T00:00:00Z\",\"a\":\"timestamp\"}\n";
    assert_eq!(lines(odd, &["--biflow"]).join("\n") + "\n", odd);
    let fine = [at(1, 0), tick(9).replace("09.000Z", "09Z").replace("00:00:01", "00:00:01.000000001")].concat();
    let text = fine.replace(":01.000Z", ":01.000000001Z");
    assert!(lines(text, &["--biflow"])[0].contains("\"2026-03-10T00:00:01.000000001Z\""));
}
