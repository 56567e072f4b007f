//! CSV of any tool.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::source::testing::{ending, lines, outcome, rejects};
use proptest::prelude::*;

#[test]
fn headers_of_many_makers_mean_the_same() {
    let flow = r#"{"timestamp":"2015-01-22T08:03:34.000Z","src_ip":"10.0.0.200","dst_ip":"10.0.0.1","src_port":4443,"dst_port":443,"protocol":6,"packets":12,"bytes":10752}"#;
    for text in [
        "ts,sa,da,sp,dp,pr,ibyt,ipkt\n\"2015-01-22 08:03:34\",10.0.0.200,10.0.0.1,4443,443,TCP,10752,12\n",
        "src_ip,dst_ip,src_port,dst_port,protocol,bytes,packets,timestamp\n10.0.0.200,10.0.0.1,4443,443,6,10752,12,1421913814\n",
        "Unnamed: 0;Source IP ; Destination IP;Src Port;Dst Port;Proto;Octets;Pkts;Start Time\n0;10.0.0.200;10.0.0.1;4443.0;443.0;6.0;10752.0;12.0;2015-01-22T08:03:34Z\n",
        "srcip\tdstip\tsport\tdport\tproto\tsbytes\tspkts\tstime\n10.0.0.200\t10.0.0.1\t4443\t0x01bb\ttcp\t10752\t12\t1421913814\n",
        "\u{feff}\"IPV4_SRC_ADDR\",\"IPV4_DST_ADDR\",\"L4_SRC_PORT\",\"L4_DST_PORT\",\"PROTOCOL\",\"IN_BYTES\",\"IN_PKTS\",\"FLOW_START_MILLISECONDS\"\r\n\"10.0.0.200\",\"10.0.0.1\",\"4443\",\"443\",\"6\",\"10752\",\"12\",\"1421913814000\"\r\n",
        "Date first seen|Src IP Addr|Dst IP Addr|Src Pt|Dst Pt|Proto|In Byte|In Pkt\n2015-01-22 08:03:34.000|10.0.0.200|10.0.0.1|4443|443|TCP|10752|12\n",
    ] {
        let outcome = outcome(text, &[]);
        assert_eq!(outcome.lines, [flow], "{text}");
        assert_eq!(outcome.code, 0);
    }
}

#[test]
fn up_and_down_are_seen_from_the_source() {
    let text =
        "timestamp,src_ip,dst_ip,port,proto,up_bytes,down_bytes\n2024-01-01T00:00:00Z,10.0.0.1,8.8.8.8,53,udp,60,0\n";
    assert_eq!(
        lines(text, &[]),
        [
            r#"{"timestamp":"2024-01-01T00:00:00.000Z","src_ip":"10.0.0.1","dst_ip":"8.8.8.8","dst_port":53,"protocol":17,"bytes":60,"rev_bytes":0}"#
        ]
    );
    let text = "src_ip,bytes_in,bytes_out\n10.0.0.1,1,2\n";
    assert_eq!(lines(text, &[]), [r#"{"src_ip":"10.0.0.1","bytes":2,"rev_bytes":1}"#]);
}

#[test]
fn labels_come_along() {
    let text = "id.orig_h,orig_ip_bytes,orig_bytes,label,detailed-label\n10.0.0.1,84,56,Malicious,C&C\n10.0.0.2,84,56,benign,-\n";
    assert_eq!(
        lines(text, &[]),
        [
            r#"{"src_ip":"10.0.0.1","bytes":84,"label":"malicious","attack":"C&C"}"#,
            r#"{"src_ip":"10.0.0.2","bytes":84,"label":"benign"}"#
        ]
    );
}

#[test]
fn a_day_and_a_time_of_day_are_one_timestamp() {
    let at = |text: &str, args: &[&str]| {
        let line = lines(text, &[&["--tz", "Europe/Lisbon"], args].concat()).concat();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        (value["timestamp"].as_str().unwrap_or_default().to_owned(), value["clock"].as_str().map(str::to_owned))
    };
    let summer = ("2024-07-01T09:03:04.500Z".to_owned(), None);
    assert_eq!(at("Date,Time,src_ip\n2024-07-01,10:03:04.5,10.0.0.1\n", &[]), summer);
    assert_eq!(at("time;src_ip;date\n10:03:04.5;10.0.0.1;2024-07-01\n", &[]), summer);
    assert_eq!(at("{\"date\":\"2024-07-01\",\"time\":\"10:03:04.5\",\"srcip\":\"10.0.0.1\"}\n", &[]), summer);
    let mapped = ["--map", "date=Tag:dmy,time=Uhr"];
    assert_eq!(at("Tag,Uhr,src_ip\n01.07.2024,10:03:04.5,10.0.0.1\n", &mapped), summer);
    assert_eq!(at("Tag,Uhr,src_ip\n1.7.2024,10:03:04.5 am,10.0.0.1\n", &mapped), summer);
    assert_eq!(at("date,time,src_ip\n2024-07-01,9:05,10.0.0.1\n", &[]).0, "2024-07-01T08:05:00.000Z");
    for (clock, utc) in [("08:03:34 PM", "19:03:34"), ("12:00:00 am", "23:00:00"), ("12:30:00PM", "11:30:00")] {
        let found = at(&format!("date,time,src_ip\n2024-07-01,{clock},10.0.0.1\n"), &[]).0;
        assert_eq!(found.split(['T', '.']).nth(1), Some(utc), "{clock}");
    }
    // What is a time by itself, and what is only one of the two.
    assert_eq!(at("date,time,src_ip\n2024-07-01 10:03:04.5,23:59:59,10.0.0.1\n", &[]), summer);
    assert_eq!(at("date,time,src_ip\n2024-01-01,1719824584.5,10.0.0.1\n", &[]), summer);
    assert_eq!(at("date,timestamp,time,src_ip\n2024-01-01,2024-07-01 10:03:04.5,1,10.0.0.1\n", &[]), summer);
    assert_eq!(at("date,time,src_ip\n2024-07-01,,10.0.0.1\n", &[]).0, "2024-06-30T23:00:00.000Z");
    assert_eq!(at("date,time,src_ip\n,10:00:00,10.0.0.1\n", &[]).1.as_deref(), Some("no-date"));
    let rejects = rejects("date,time,src_ip\nsoon,10:00:00,10.0.0.1\n", &[]);
    assert!(rejects.len() == 1 && rejects[0].starts_with("2:1 bad time \"soon\" for date"), "{rejects:?}");
    let rejects = self::rejects("date,time,src_ip\n2024-07-01,13:00:00 PM,10.0.0.1\n", &[]);
    assert!(rejects.len() == 1 && rejects[0].starts_with("2:12 bad time \"13:00:00 PM\" for time"), "{rejects:?}");
}

#[test]
fn remarks_and_a_delimiter_before_the_header_are_no_rows() {
    let flow = r#"{"src_ip":"10.0.0.1","bytes":5}"#;
    for text in [
        "# made by x, of bytes, and more\nsrc_ip,bytes\n10.0.0.1,5\n",
        "sep=;\nsrc_ip;bytes\n10.0.0.1;5\n",
        "SEP=,\r\n\r\n# a\n#b\nsrc_ip,bytes\r\n10.0.0.1,5\r\n",
        "#src_ip,bytes\n10.0.0.1,5\n",
    ] {
        let outcome = outcome(text, &[]);
        assert_eq!((outcome.lines, outcome.rejects, outcome.code), (vec![flow.to_owned()], vec![], 0), "{text}");
    }
    let many = format!("{}src_ip,bytes\n10.0.0.1,5\n", "# one, two\n".repeat(50));
    assert_eq!(lines(many, &[]), [flow]);
    // Among rows, and where nothing says so, they are none.
    assert_eq!(rejects("src_ip,bytes\n10.0.0.1,5\n# end\n", &[]).len(), 1);
    assert_eq!(rejects("title\nsrc_ip,bytes\n10.0.0.1,5\n", &[]).len(), 1);
}

#[test]
fn lines_of_names_and_values_are_answered_with_what_makes_json_of_them() {
    let pairs = |line: &str, delimiter: char| {
        header::pairs(line.split(delimiter).map(str::as_bytes), delimiter as u8).unwrap_or_default()
    };
    assert!(
        pairs("<189>date=2024-07-01 time=10:00:00 srcip=10.0.0.1 dstip=10.0.0.2", ' ').contains("--ifs space --repifs")
    );
    assert!(pairs("a=1,b=2,c=3", ',').contains("--ifs comma --ojsonl"));
    assert_eq!(pairs("a=1 b=2 c d", ' '), "");
    assert_eq!(pairs("src_ip,dst_ip,x=y", ','), "");
    assert_eq!(ending("date=2024-07-01 srcip=10.0.0.1 dstip=10.0.0.2\n", &[]), 2);
}

#[test]
fn columns_with_names_of_their_own_are_mapped() {
    let text = "Quelle,Menge,Rest\n10.0.0.1,5,x\n";
    assert_eq!(lines(text, &["--map", "src_ip=Quelle,bytes=menge"]), [r#"{"src_ip":"10.0.0.1","bytes":5}"#]);
    assert_eq!(
        lines(text, &["--map", "src_ip=Quelle", "--map", "bytes=Menge", "--keep-extra"]),
        [r#"{"src_ip":"10.0.0.1","bytes":5,"Rest":"x"}"#]
    );
    assert_eq!(ending(text, &[]), 2);
    assert_eq!(ending(text, &["--map", "src_ip=Queele"]), 2);
}

#[test]
fn rows_without_a_header_are_refused_with_one_that_works() {
    let rows = "1773126618.961|0.393|6    |  10.20.1.24| 40941|  198.51.100.44|   443\n";
    let columns: Vec<String> = rows.trim().split('|').map(str::to_owned).collect();
    let advice = header::advice(&columns, b'|').unwrap();
    assert!(advice.contains("such as \"10.20.1.24\""), "{advice}");
    let header = advice.split('\'').nth(1).unwrap();
    assert_eq!(header, "c1|c2|c3|src_ip|c5|dst_ip|c7");
    assert_eq!(lines(format!("{header}\n{rows}"), &[]), [r#"{"src_ip":"10.20.1.24","dst_ip":"198.51.100.44"}"#]);
    assert_eq!(header::advice(&["alpha".into(), "beta".into()], b','), None);
    assert_eq!(ending(rows, &[]), 2);
}

#[test]
fn a_mapping_that_cannot_be_is_refused() {
    use crate::options::Options;
    use clap::Parser;
    for (map, part) in [
        ("src_ip=a,dst_ip=a", "mapped already, to src_ip"),
        ("clock=b", "cannot be mapped"),
        ("src_pi=b", "did you mean"),
    ] {
        let options = Options::try_parse_from(["flowcat", "--map", map]).unwrap();
        let refusal = options.settings().unwrap_err();
        assert!(refusal.contains(part), "{refusal}");
    }
    let options = Options::try_parse_from(["flowcat", "--tz", "-03:30"]).unwrap();
    assert!(options.settings().unwrap().zone_given);
}

#[test]
fn a_row_with_bytes_that_are_no_text_is_rejected_where_they_would_be_kept() {
    let text = [&b"src_ip,note\n10.0.0.1,a\xffb\n10.0.0.1,c\n"[..]].concat();
    assert_eq!(rejects(&text, &["--keep-extra"]), ["2:0 bytes that are not UTF-8"]);
    assert_eq!(lines(&text, &["--keep-extra"]), [r#"{"src_ip":"10.0.0.1","note":"c"}"#]);
    assert_eq!(lines(&text, &[]).len(), 2);
}

#[test]
fn a_bad_time_says_which_are_taken() {
    let text = "timestamp,src_ip\n03.07.2015 08:03,10.0.0.1\n2015-07-22 08:03,10.0.0.1\n";
    let reject = rejects(text, &[]).remove(0);
    assert!(
        reject.starts_with("2:1 bad time \"03.07.2015 08:03\" for timestamp; --map timestamp=COLUMN:dmy says"),
        "{reject}"
    );
    let whole = r#"{"timestamp":"2015-07-22T08:03:00.000Z","src_ip":"10.0.0.1"}"#;
    assert_eq!(lines(text, &[]), [whole]);
    assert_eq!(lines(text, &["--map", "timestamp=timestamp:dmy"]), [&whole.replace("22", "03"), whole]);
    assert_eq!(lines(text, &["--map", "timestamp=timestamp:mdy"]), [&whole.replace("07-22", "03-07"), whole]);
    assert!(
        rejects("ts,bytes\nnoon,1\n", &[])[0].starts_with("2:1 bad time \"noon\" for timestamp; taken are 2015-07-22")
    );
}

#[test]
fn a_unit_of_the_user_is_that_of_its_column() {
    let text = "t,d,src_ip\n3000012,1500,10.0.0.1\n142191381403,0.5,10.0.0.2\n08:20:00,2,10.0.0.3\n";
    let expected = [
        r#"{"timestamp":"1970-01-01T08:20:00.120Z","duration":1.5,"src_ip":"10.0.0.1","clock":"no-date"}"#,
        r#"{"timestamp":"2015-01-22T08:03:34.030Z","duration":0.0005,"src_ip":"10.0.0.2"}"#,
        r#"{"timestamp":"1970-01-01T08:20:00.000Z","duration":0.002,"src_ip":"10.0.0.3","clock":"no-date"}"#,
    ];
    assert_eq!(lines(text, &["--map", "timestamp=t:cs,duration=d:ms"]), expected);
    // The unit of the user comes before what the name says.
    let micros = "src_ip,duration_ms\n10.0.0.1,1500\n";
    assert_eq!(lines(micros, &["--map", "duration=duration_ms:us"]), [r#"{"duration":0.0015,"src_ip":"10.0.0.1"}"#]);
    let json = "[{\"src\":\"10.0.0.1\",\"t\":\"03/07/2017 1:59:00 PM\"}]";
    assert_eq!(
        lines(json, &["--map", "timestamp=t:dmy"]),
        [r#"{"timestamp":"2017-07-03T13:59:00.000Z","src_ip":"10.0.0.1"}"#]
    );
}

#[test]
fn quoted_fields_may_hold_delimiters_quotes_and_newlines() {
    let text = "src_ip,app,bytes\n10.0.0.1,\"a,\"\"b\"\"\n c\",5\n10.0.0.2,\"\",6\n";
    assert_eq!(
        lines(text, &[]),
        [r#"{"src_ip":"10.0.0.1","bytes":5,"app":"a,\"b\"\n c"}"#, r#"{"src_ip":"10.0.0.2","bytes":6}"#]
    );
}

#[test]
fn a_quote_that_is_not_closed_costs_one_line() {
    let many = "10.0.0.2,x,6\n".repeat(100_000);
    let text = format!("src_ip,app,bytes\n10.0.0.1,\"a,5\n{many}");
    let outcome = outcome(&text, &[]);
    assert_eq!(outcome.rejects, ["2:0 a quote that is not closed"]);
    assert_eq!(outcome.lines.len(), 100_000);
    assert_eq!(rejects("src_ip,app\n10.0.0.1,x\n10.0.0.2,\"a\n", &[]), ["3:0 a quote that is not closed"]);
}

#[test]
fn two_stray_quotes_cost_their_lines_and_none_between() {
    let text = "src_ip,app\n10.0.0.1,\"x\n10.0.0.2,b\n10.0.0.3,c\n10.0.0.4,\"y\n10.0.0.5,\"z\n10.0.0.6,d\n";
    let outcome = outcome(text, &[]);
    assert_eq!(outcome.lines.len(), 3, "{:?}", outcome.lines);
    let told = [2, 5, 6].map(|line| format!("{line}:0 a quote that is not closed"));
    assert_eq!(outcome.rejects, told);
}

#[test]
fn lines_that_all_open_a_quote_cost_no_more_than_others() {
    let text = format!("src_ip,bytes\n{}10.0.0.1,5\n", "\"a,x\"y,\"\n".repeat(200_000));
    let outcome = outcome(&text, &[]);
    assert_eq!((outcome.rejects.len(), outcome.lines.len()), (200_000, 1));
    assert_eq!(outcome.rejects[199_999], "200001:0 a quote that is not closed");
}

#[test]
fn rows_that_are_no_flows_are_rejected_with_their_place() {
    let text = "src_ip,bytes,app\n\n10.0.0,5,x\n10.0.0.1,five,x\n10.0.0.1,5\n,,\n10.0.0.1,5,x,,\nsrc_ip,bytes,app\n10.0.0.1,5,x,y\n";
    assert_eq!(lines(text, &[]), [r#"{"src_ip":"10.0.0.1","bytes":5,"app":"x"}"#]);
    assert_eq!(
        rejects(text, &[]),
        [
            "3:1 bad address \"10.0.0\" for src_ip",
            "4:10 bad number \"five\" for bytes",
            "5:0 2 columns where the header has 3",
            "6:0 no address, no bytes and no packets",
            "9:0 4 columns where the header has 3",
        ]
    );
    let text = [&b"src_ip,app\n10.0.0.1,"[..], b"\xff\n"].concat();
    assert_eq!(rejects(text, &[]), ["2:10 invalid UTF-8 \"\u{fffd}\" for app"]);
}

#[test]
fn a_zone_is_taken_for_times_without_one() {
    let text = "start,src_ip\n2024-07-01 12:00:00,10.0.0.1\n2024-07-01 12:00:00+02:00,10.0.0.1\n2024-10-27 01:30:00,10.0.0.1\n";
    assert_eq!(
        lines(text, &["--tz", "Europe/Lisbon"]),
        [
            r#"{"timestamp":"2024-07-01T11:00:00.000Z","src_ip":"10.0.0.1"}"#,
            r#"{"timestamp":"2024-07-01T10:00:00.000Z","src_ip":"10.0.0.1"}"#,
            r#"{"timestamp":"2024-10-27T00:30:00.000Z","src_ip":"10.0.0.1","clock":"ambiguous"}"#,
        ]
    );
}

/// The records of a text that comes in pieces of whole lines, cut where `sizes` say.
fn in_pieces(text: &str, sizes: &[usize]) -> (Vec<String>, Vec<String>) {
    // The blocks of the feed are as large as reads are, so the pieces are made by a slow pipe.
    use crate::feed::Feed;
    use crate::flows::Flows;
    use crate::options::Options;
    use clap::Parser;
    use flow_record::run::{Conduct, Session};
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("rejects");
    let conduct = Conduct { quiet: true, rejects: Some(kept.clone()), ..Conduct::default() };
    let mut session = Session::begin("flowcat", conduct, flow_record::output::Sink::none()).unwrap();
    let settings = Settings {
        mapping: Mapping::default(),
        zone: flow_record::value::time::Zone::utc(),
        zone_given: true,
        keep: true,
        ..Options::parse_from(["flowcat"]).settings().unwrap()
    };
    let mut flows = Flows::look(&mut session, vec![]);
    let mut csv = Csv::open(&settings, &ANY);
    let mut feed = Feed::of_blocks(cut(text, sizes));
    csv.run(&mut feed, &mut flows).unwrap();
    let lines = String::from_utf8_lossy(flows.lines()).lines().map(str::to_owned).collect();
    flows.finish();
    session.end();
    (lines, std::fs::read_to_string(kept).unwrap().lines().map(str::to_owned).collect())
}

/// Whole lines, so many at a time.
fn cut(text: &str, sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    for size in sizes.iter().cycle() {
        if lines.peek().is_none() {
            break;
        }
        blocks.push(lines.by_ref().take(*size).collect::<String>().into_bytes());
    }
    blocks
}

proptest! {
    #[test]
    fn records_do_not_depend_on_the_cuts(
        parts in prop::collection::vec(
            prop::sample::select(vec!["10.0.0.1,x,5\n", "10.0.0.1,\"a\nb\",5\n", "10.0.0.1,\"a\n", "\"", "\n", ",", "x", "10.0.0.1,\"\"\"\n\n\",5\r\n", "Summary\n"]),
            0..20,
        ),
        before in prop::sample::select(vec!["", "# note\n", "\n \nx,y\nSummary\n"]),
        sizes in prop::collection::vec(1usize..6, 1..5),
    ) {
        let text = format!("{before}src_ip,app,bytes\n{}\n", parts.concat());
        let whole = in_pieces(&text, &[1000]);
        prop_assert_eq!(&in_pieces(&text, &sizes), &whole);
        prop_assert_eq!(&in_pieces(&text, &[1]), &whole);
    }
}
