//! Rows to flows, seen through the lines that are written.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::row::ANY;
use crate::source::nfdump::NFDUMP;
use flow_record::record::Writer;

fn converted(dialect: &'static Dialect, zone: &str, cells: &[(Cell, Form, &str)]) -> Result<String, String> {
    let mut row = Row::default();
    for (cell, form, text) in cells {
        row.put(*cell, *form, text.as_bytes(), 0);
    }
    let mut flow = Flow::new();
    let mut converter = Converter::new(dialect, Zone::named(zone).unwrap());
    match converter.convert(&row, &mut flow) {
        Ok(()) => {
            let mut out = Vec::new();
            Writer::new().line(&flow, &mut out);
            Ok(String::from_utf8(out).unwrap().trim_end().to_owned())
        }
        Err(trouble) => Err(trouble.message(&row)),
    }
}

fn nfdump(cells: &[(Cell, &str)]) -> String {
    let cells: Vec<_> = cells.iter().map(|(cell, text)| (*cell, Form::Plain, *text)).collect();
    converted(&NFDUMP, "UTC", &cells).unwrap_or_else(|e| e)
}

fn foreign(cells: &[(Cell, &str)]) -> String {
    let cells: Vec<_> = cells.iter().map(|(cell, text)| (*cell, Form::Plain, *text)).collect();
    converted(&ANY, "UTC", &cells).unwrap_or_else(|e| e)
}

#[test]
fn a_last_time_before_the_first_is_flagged_and_its_duration_left_out() {
    let start = (Cell::Start, "2023-01-25 18:35:43");
    let flagged = r#"{"timestamp":"2023-01-25T18:35:43.000Z","bytes":1,"clock":"implausible"}"#;
    for end in [(Cell::End, "2023-01-25 18:35:33"), (Cell::Duration, "18446744073709540.000"), (Cell::Duration, "-1")] {
        assert_eq!(nfdump(&[start, end, (Cell::Bytes, "1")]), flagged);
    }
    assert_eq!(
        nfdump(&[start, (Cell::End, "2023-01-25 18:35:43"), (Cell::Duration, "0.250"), (Cell::Bytes, "1")]),
        r#"{"timestamp":"2023-01-25T18:35:43.000Z","duration":0.25,"bytes":1}"#
    );
}

#[test]
fn a_duration_is_what_two_times_leave_and_a_start_what_end_and_duration_do() {
    let bytes = (Cell::Bytes, "1");
    assert_eq!(
        foreign(&[(Cell::Start, "2023-01-25 18:35:43.5"), (Cell::End, "2023-01-25 18:35:44"), bytes]),
        r#"{"timestamp":"2023-01-25T18:35:43.500Z","duration":0.5,"bytes":1}"#
    );
    assert_eq!(
        foreign(&[(Cell::End, "2023-01-25 18:35:44.000"), (Cell::Duration, "0.5"), bytes]),
        r#"{"timestamp":"2023-01-25T18:35:43.500Z","duration":0.5,"bytes":1}"#
    );
    assert_eq!(foreign(&[(Cell::End, "2023-01-25 18:35:44.000"), bytes]), r#"{"bytes":1}"#);
    // More than a duration can be.
    assert_eq!(
        foreign(&[(Cell::Start, "1700-01-01 00:00:00"), (Cell::End, "2200-01-01 00:00:00"), bytes]),
        r#"{"timestamp":"1700-01-01T00:00:00.000Z","bytes":1,"clock":"implausible"}"#
    );
}

#[test]
fn doubtful_times_say_why() {
    let bytes = (Cell::Bytes, "1");
    for (cells, clock) in [
        (&[(Cell::Start, "1970-01-01 00:00:09"), bytes][..], "implausible"),
        (&[(Cell::Start, "12:30:00.5"), bytes], "no-date"),
        (&[(Cell::Start, "2023-01-25 18:35:43"), (Cell::Received, "2023-01-24 18:35:42.999"), bytes], "implausible"),
    ] {
        assert!(nfdump(cells).ends_with(&format!("\"clock\":\"{clock}\"}}")), "{}", nfdump(cells));
    }
    let plain = [(Cell::Start, "2023-01-25 18:35:43"), (Cell::Received, "2023-01-24 18:35:43"), bytes];
    assert!(!nfdump(&plain).contains("clock"));
    let unset = [(Cell::Start, "2023-01-25 18:35:43"), (Cell::Received, "1970-01-01 00:00:00.000"), bytes];
    assert!(!nfdump(&unset).contains("clock"));
    let fold = [
        (Cell::Start, Form::Plain, "2024-10-27 01:59:00"),
        (Cell::End, Form::Plain, "2024-10-27 01:01:00"),
        (Cell::Duration, Form::Plain, "120"),
        (Cell::Bytes, Form::Plain, "1"),
    ];
    assert_eq!(
        converted(&NFDUMP, "Europe/Lisbon", &fold).unwrap(),
        r#"{"timestamp":"2024-10-27T00:59:00.000Z","duration":120,"bytes":1,"clock":"ambiguous"}"#
    );
}

#[test]
fn what_an_exporter_did_not_know_is_absent() {
    assert_eq!(
        nfdump(&[
            (Cell::SrcIp, "0.0.0.0"),
            (Cell::Protocol, "UDP"),
            (Cell::SrcPort, "0"),
            (Cell::InputIf, "0"),
            (Cell::SrcAs, "0"),
            (Cell::Tos, "0"),
            (Cell::Vlan, "0"),
            (Cell::NextHop, "::"),
            (Cell::Exporter, "0.0.0.0"),
            (Cell::Flows, "1"),
        ]),
        r#"{"src_ip":"0.0.0.0","src_port":0,"protocol":17}"#
    );
}

#[test]
fn what_was_aggregated_is_absent() {
    assert_eq!(
        nfdump(&[
            (Cell::SrcIp, "192.0.2.1"),
            (Cell::DstIp, "0.0.0.0"),
            (Cell::SrcPort, "0"),
            (Cell::DstPort, "443"),
            (Cell::Protocol, "0"),
            (Cell::TcpFlags, "........"),
            (Cell::Bytes, "7"),
        ]),
        r#"{"src_ip":"192.0.2.1","dst_port":443,"bytes":7}"#
    );
}

#[test]
fn flags_are_kept_for_tcp_alone() {
    for (protocol, flags, kept) in
        [("6", "........", Some(0)), ("6", "27", Some(27)), ("17", ".......F", None), ("51", "2", None)]
    {
        let line = nfdump(&[(Cell::Protocol, protocol), (Cell::TcpFlags, flags), (Cell::Bytes, "1")]);
        assert_eq!(line.contains("tcp_flags"), kept.is_some(), "{line}");
        assert!(kept.is_none_or(|k| line.contains(&format!("\"tcp_flags\":{k}"))), "{line}");
    }
}

#[test]
fn counts_of_both_directions_are_taken_apart() {
    assert_eq!(foreign(&[(Cell::AllBytes, "100"), (Cell::Bytes, "60")]), r#"{"bytes":60,"rev_bytes":40}"#);
    assert_eq!(foreign(&[(Cell::AllBytes, "100")]), r#"{"bytes":100}"#);
    assert_eq!(foreign(&[(Cell::Bytes, "60"), (Cell::RevBytes, "0")]), r#"{"bytes":60,"rev_bytes":0}"#);
    let zero = [(Cell::Bytes, Form::Plain, "60"), (Cell::RevBytes, Form::ZeroIsNone, "0")];
    assert_eq!(converted(&NFDUMP, "UTC", &zero).unwrap(), r#"{"bytes":60}"#);
    let payload = [(Cell::Bytes, Form::Payload, "60")];
    assert_eq!(converted(&ANY, "UTC", &payload).unwrap(), r#"{"bytes":60,"byte_layer":"l4"}"#);
}

#[test]
fn labels_take_the_words_of_the_record() {
    for (label, word) in [
        ("BENIGN", "benign"),
        ("0", "benign"),
        ("Malicious", "malicious"),
        ("1", "malicious"),
        ("DoS Hulk", "DoS Hulk"),
    ] {
        assert_eq!(
            foreign(&[(Cell::Bytes, "1"), (Cell::Label, label)]),
            format!("{{\"bytes\":1,\"label\":\"{word}\"}}")
        );
    }
}

#[test]
fn what_cannot_be_read_is_named_with_its_field() {
    for (cells, message) in [
        (&[(Cell::SrcIp, "10.0.0")][..], "bad address \"10.0.0\" for src_ip"),
        (&[(Cell::SrcIp, "010.0.0.1")], "bad address \"010.0.0.1\" for src_ip"),
        (&[(Cell::SrcIp, "fe80::1%eth0")], "bad address \"fe80::1%eth0\" for src_ip"),
        (&[(Cell::Protocol, "unas"), (Cell::Bytes, "1")], "unknown protocol \"unas\" for protocol"),
        (&[(Cell::Bytes, "1.5")], "bad number \"1.5\" for bytes"),
        (&[(Cell::Bytes, "9007199254740992")], "bad number \"9007199254740992\" for bytes"),
        (&[(Cell::DstPort, "70000"), (Cell::Bytes, "1")], "bad port \"70000\" for dst_port"),
        (
            &[(Cell::Start, "yesterday"), (Cell::Bytes, "1")],
            "bad time \"yesterday\" for timestamp; taken are 2015-07-22 08:03 with or without seconds and a zone, 22/07/2015 08:03 once a day above 12 has told day from month, 08:03:34, and numbers since 1970, from 1678 to 2261",
        ),
        (&[(Cell::Duration, "long"), (Cell::Bytes, "1")], "bad duration \"long\" for duration"),
        (&[(Cell::Start, "2024-01-01"), (Cell::Protocol, "6")], "no address, no bytes and no packets"),
    ] {
        assert_eq!(foreign(cells), message);
    }
}

#[test]
fn words_that_mean_nothing_here_are_left_out_and_numbers_that_do_not_fit_reject() {
    let bytes = (Cell::Bytes, Form::Plain, "5");
    let read = |cell, text| {
        let mut row = Row::default();
        for (cell, form, text) in [bytes, (cell, Form::Lenient, text)] {
            row.put(cell, form, text.as_bytes(), 0);
        }
        let (mut flow, mut converter) = (Flow::new(), Converter::new(&ANY, Zone::utc()));
        let outcome = converter.convert(&row, &mut flow).map_err(|trouble| trouble.message(&row));
        outcome.map(|()| converter.left_out().iter().collect::<Vec<_>>())
    };
    for (cell, text) in [
        (Cell::Protocol, "https"),
        (Cell::Tos, "cs0"),
        (Cell::Vlan, "-1"),
        (Cell::Sampling, "0.01"),
        (Cell::InputIf, "eth0"),
        (Cell::Exporter, "core1"),
        (Cell::TcpFlags, "established"),
    ] {
        assert_eq!(read(cell, text), Ok(vec![cell]), "{text}");
    }
    assert_eq!(read(Cell::Tos, "0"), Ok(vec![]));
    for (cell, text) in
        [(Cell::Protocol, "256"), (Cell::Tos, "256"), (Cell::Vlan, "4294967296"), (Cell::TcpFlags, "70000")]
    {
        assert!(read(cell, text).unwrap_err().contains(text), "{text}");
    }
}
