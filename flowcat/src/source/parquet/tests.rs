//! Files written and read again, and broken ones.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::parquet::{GROUP_ROWS, Writer};
use crate::source::testing::{Outcome, outcome};
use flow_record::scan::{Clean, Scanner};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

/// The file that is made of these lines.
fn file(lines: &[String], chosen: &[&str], keep: bool) -> Vec<u8> {
    let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
    let (mut writer, mut scanner) = (Writer::new(&chosen, keep), Scanner::new());
    let mut bytes = Vec::new();
    for line in lines {
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        writer.line(line.flow, line.text).unwrap();
        bytes.extend(writer.bytes());
    }
    bytes.extend(writer.finish().unwrap());
    bytes
}

fn read(bytes: &[u8], args: &[&str]) -> Outcome {
    outcome(bytes, args)
}

#[test]
fn lines_come_back_as_they_were_with_all_their_members() {
    let lines = [
        r#"{"timestamp":"2024-01-01T00:00:00.123456Z","duration":0.000001,"src_ip":"10.0.0.1","dst_ip":"2001:db8::1","src_port":0,"dst_port":65535,"protocol":255,"packets":9007199254740991,"bytes":0,"app":"a\"b\u0000","clock":"ambiguous","src_country":"PT","src_latitude":-8.5,"scaled":true}"#,
        r#"{"bytes":5,"flagged":["zscore.bytes"],"other":{"a":[1,2]},"x_id":7}"#,
        r#"{"src_ip":"::ffff:10.0.0.1","exporter":"10.0.0.9","src_as":4294967295,"x_id":null}"#,
    ]
    .map(str::to_owned);
    for keep in [false, true] {
        let outcome = read(&file(&lines, &[], keep), &[]);
        assert_eq!((outcome.lines, outcome.code), (lines.to_vec(), 0), "{keep}");
    }
    let empty = read(&file(&[], &[], false), &[]);
    assert_eq!((empty.lines.len(), empty.code), (0, 0));
}

#[test]
fn what_comes_after_the_first_row_group_loses_nothing() {
    let mut lines = vec![r#"{"bytes":1,"src_org":"x","late":1}"#.to_owned(); GROUP_ROWS];
    lines.push(r#"{"bytes":2,"src_org":"y","late":"text"}"#.into());
    lines.push(r#"{"bytes":3,"later":true,"dst_org":"z"}"#.into());
    let outcome = read(&file(&lines, &[], true), &[]);
    let tail = &outcome.lines[outcome.lines.len() - 2..];
    assert_eq!(outcome.lines.len(), lines.len());
    assert_eq!(tail, &lines[lines.len() - 2..]);
}

#[test]
fn chosen_columns_come_in_their_order_and_alone() {
    let lines = [r#"{"src_ip":"10.0.0.1","bytes":5,"note":"a","other":1}"#.to_owned()];
    let bytes = file(&lines, &["note", "bytes"], false);
    let outcome = read(&bytes, &[]);
    assert_eq!(outcome.lines, [r#"{"bytes":5,"note":"a"}"#]);
    let names: Vec<_> =
        ["note", "bytes", "src_ip"].map(|name| bytes.windows(name.len()).any(|w| w == name.as_bytes())).into();
    assert_eq!(names, [true, true, false]);
}

/// A file with a column of bytes and one of other members, as somebody else would forge it.
fn forged(rows: &[(i64, &str)]) -> Vec<u8> {
    forged_with("extra", rows)
}

fn forged_with(name: &str, rows: &[(i64, &str)]) -> Vec<u8> {
    let schema = format!("message flow {{ optional int64 bytes; optional binary {name} (UTF8); }}");
    let schema = parse_message_type(&schema).unwrap();
    let mut file = SerializedFileWriter::new(Vec::new(), schema.into(), WriterProperties::new().into()).unwrap();
    let mut group = file.next_row_group().unwrap();
    let levels = vec![1; rows.len()];
    let mut column = group.next_column().unwrap().unwrap();
    let bytes: Vec<i64> = rows.iter().map(|(bytes, _)| *bytes).collect();
    column.typed::<Int64Type>().write_batch(&bytes, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let extra: Vec<ByteArray> = rows.iter().map(|(_, extra)| ByteArray::from(*extra)).collect();
    column.typed::<ByteArrayType>().write_batch(&extra, Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap()
}

#[test]
fn members_that_no_line_could_have_are_rejected_as_on_a_line() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let rows = [
        (1, "{\"a\":1}"),
        (2, "{\"bytes\":7}"),
        (3, "{\"a\":}"),
        (4, &*deep),
        (-5, "{}"),
        (6, "{\"a\":1}\n{}"),
        (7, "x"),
    ];
    let outcome = read(&forged(&rows), &[]);
    assert_eq!(outcome.lines, ["{\"bytes\":1,\"a\":1}", "{\"bytes\":7}"]);
    assert_eq!((outcome.rejects.len(), outcome.code), (5, 3), "{:?}", outcome.rejects);
    for (reject, part) in outcome.rejects.iter().zip(["2:", "3:", "4:", "5:0 bad bytes -5", "6:"]) {
        assert!(reject.starts_with(part), "{reject}");
    }
}

#[test]
fn members_of_the_suites_names_are_of_their_types() {
    let outcome = read(&forged_with("dup_of", &[(1, "10.0.0.1"), (2, "x")]), &[]);
    assert_eq!(outcome.lines, ["{\"bytes\":1,\"dup_of\":\"10.0.0.1\"}"]);
    assert_eq!((outcome.rejects.len(), outcome.code), (1, 3), "{:?}", outcome.rejects);
}

#[test]
fn a_file_that_is_cut_or_changed_is_told_and_does_no_harm() {
    let lines: Vec<String> =
        (0..300).map(|i| format!(r#"{{"src_ip":"10.0.0.{}","bytes":{i},"note":"n{i}"}}"#, i % 200)).collect();
    let whole = file(&lines, &[], true);
    for end in (0..whole.len()).step_by(97) {
        let outcome = read(&whole[..end], &[]);
        assert!(outcome.code == 2 || end == 0, "{end}: {}", outcome.code);
    }
    let mut state = 7u64;
    for _ in 0..1000 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] ^= 1 << (state >> 29 & 7);
        }
        let outcome = read(&bytes, &[]);
        assert!(outcome.lines.len() <= lines.len(), "{} lines", outcome.lines.len());
    }
}

#[test]
fn no_flipped_bit_gives_other_lines_in_silence() {
    let line = |i: usize| {
        let (app, bytes) = (["dns", "web", "ntp"][i % 3], i * i);
        format!(
            r#"{{"timestamp":"2024-01-01T00:00:{i:02}.123456Z","src_ip":"10.0.0.{i}","bytes":{bytes},"app":"{app}","list":[{i}]}}"#
        )
    };
    let lines: Vec<String> = (0..40).map(line).collect();
    // Few columns, for a small file.
    let whole = file(&lines, &["timestamp", "src_ip", "bytes", "app", "list"], false);
    assert_eq!(read(&whole, &[]).lines, lines);
    // Every byte, and each of its bits in turn.
    let mut told = 0;
    for at in 4..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at * 5 % 8);
        let outcome = read(&bytes, &["--keep-extra"]);
        assert!(outcome.code != 0 || outcome.lines == lines, "byte {at} of {}", whole.len());
        told += usize::from(outcome.code != 0);
    }
    assert!(told > whole.len() / 3, "{told} of {}", whole.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_flow_comes_back(
        rows in prop::collection::vec((any::<[u8; 4]>(), 0u64..1 << 53, 0u64..1 << 45, "[ -~é\u{1}]{0,8}", any::<Option<i64>>()), 1..40)
    ) {
        let lines: Vec<String> = rows
            .iter()
            .map(|(ip, bytes, nanos, text, id)| {
                let text = serde_json::to_string(text).unwrap();
                let mut duration = Vec::new();
                flow_record::value::number::write_seconds(*nanos, &mut duration);
                let duration = String::from_utf8(duration).unwrap();
                let [a, b, c, d] = ip;
                let id = id.map_or(String::new(), |id| format!(",\"id\":{id}"));
                format!("{{\"duration\":{duration},\"src_ip\":\"{a}.{b}.{c}.{d}\",\"bytes\":{bytes},\"app\":{text}{id}}}")
            })
            .collect();
        prop_assert_eq!(read(&file(&lines, &[], true), &[]).lines, lines);
    }
}
