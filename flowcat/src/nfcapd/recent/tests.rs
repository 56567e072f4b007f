use super::*;
use crate::nfcapd::made::{Generic, NEW_YEAR, element, flow, ipv4, long_words, words};
use flow_record::record::Writer;

/// The line that a record of these elements becomes, or why it becomes none.
fn line(elements: &[Vec<u8>]) -> Result<String, Trouble> {
    of_record(&flow(elements))
}

fn of_record(record: &[u8]) -> Result<String, Trouble> {
    let mut flow = Flow::new();
    Elements::default().read(record, &mut flow)?;
    let mut out = Vec::new();
    Writer::new().line(&flow, &mut out);
    Ok(String::from_utf8(out).unwrap().trim_end().to_owned())
}

/// The first elements of a flow, and what they become.
fn plain() -> Vec<Vec<u8>> {
    vec![Generic::default().element(), ipv4()]
}

const PLAIN: &str = r#"{"timestamp":"2024-01-01T00:00:00.001Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"192.0.2.7","src_port":40000,"dst_port":443,"protocol":6,"packets":5,"bytes":700,"tcp_flags":27"#;

/// What more elements add to the line.
fn added(more: &[Vec<u8>]) -> String {
    let line = line(&[plain(), more.to_vec()].concat()).unwrap();
    line.strip_prefix(PLAIN).unwrap().trim_end_matches('}').to_owned()
}

/// The line of changed basics without its beginning, and its end from here on.
fn changed(generic: &Generic) -> String {
    line(&[generic.element(), ipv4()]).unwrap()
}

#[test]
fn every_element_becomes_the_field_that_nfdump_prints_of_it() {
    assert_eq!(line(&plain()).unwrap(), format!("{PLAIN}}}"));
    for (element, members) in [
        (
            element(4, &[words(&[7, 70_000]), vec![24, 16, 1, 8, 0, 0, 0, 0]].concat()),
            r#""input_if":7,"output_if":70000"#,
        ),
        (element(5, &long_words(&[3, 10, 2000])), r#""rev_packets":10,"rev_bytes":2000,"flows":3"#),
        (element(5, &long_words(&[1, 0, 0])), ""),
        (element(6, &words(&[100, 200])), r#""vlan":100"#),
        (element(7, &words(&[64_500, 4_200_000_000])), r#""src_as":64500,"dst_as":4200000000"#),
        (element(8, &words(&[0x0a00_00fe])), ""),
        (element(10, &words(&[0x0a00_00fe])), r#""next_hop":"10.0.0.254""#),
        (element(11, &long_words(&[0x2001_0db8_0000_0000, 9])), r#""next_hop":"2001:db8::9""#),
        (element(12, &words(&[0xc633_6401])), r#""exporter":"198.51.100.1""#),
        (element(13, &long_words(&[0x2001_0db8_0000_0000, 1])), r#""exporter":"2001:db8::1""#),
        (element(28, b"botnet \0\0\0"), r#""label":"botnet""#),
        (element(28, b"Normal\0"), r#""label":"benign""#),
        (element(28, b"<none>\0"), ""),
        (element(38, &[&[9, 0][..], &[0; 30]].concat()), r#""vlan":9"#),
        (element(43, b"not known yet"), ""),
        (element(60_000, &[]), ""),
    ] {
        let mut wanted = members.to_owned();
        if members.contains("rev_packets") {
            // Those stand before the flags.
            let line = line(&[plain(), vec![element]].concat()).unwrap();
            assert!(line.contains(&format!(",{wanted},\"tcp_flags\"")), "{line}");
            continue;
        }
        if !wanted.is_empty() {
            wanted.insert(0, ',');
        }
        assert_eq!(added(&[element]), wanted);
    }
}

#[test]
fn zero_says_that_there_is_none() {
    let more = [
        element(4, &[0; 16]),
        element(5, &[0; 24]),
        element(6, &[0; 8]),
        element(7, &[0; 8]),
        element(10, &[0; 4]),
        element(11, &[0; 16]),
        element(12, &[0; 4]),
        element(13, &[0; 16]),
    ];
    assert_eq!(added(&more), "");
}

#[test]
fn icmp_has_its_type_and_code_in_the_port() {
    for (protocol, port) in [(1, 771), (58, 33_536)] {
        let line = changed(&Generic { protocol, ports: [9, port], ..Generic::default() });
        let wanted = format!(
            r#""src_port":0,"dst_port":0,"protocol":{protocol},"packets":5,"bytes":700,"icmp_type":{},"icmp_code":{}}}"#,
            port / 256,
            port % 256
        );
        assert!(line.ends_with(&wanted), "{line}");
    }
}

#[test]
fn flags_are_those_of_tcp_alone() {
    let line = changed(&Generic { protocol: 17, ..Generic::default() });
    assert!(line.ends_with("\"protocol\":17,\"packets\":5,\"bytes\":700}"), "{line}");
}

#[test]
fn times_that_are_not_to_be_believed_are_flagged() {
    let now = NEW_YEAR;
    let day = 86_400_000;
    for (times, duration, is_doubtful) in [
        ([now, now, 0], Some("0"), false),
        ([now, now - 1, 0], None, true),
        ([0, 0, 0], Some("0"), true),
        ([631_151_999_999, 631_151_999_999, 0], Some("0"), true),
        ([631_152_000_000, 631_152_000_000, 0], Some("0"), false),
        ([now, now + 5, now - day], Some("0.005"), false),
        ([now, now + 5, now - day - 1000], Some("0.005"), true),
        ([now, now + 5, 1000], Some("0.005"), false),
        ([now, now + 5, u64::MAX], Some("0.005"), false),
        ([0, 9_223_372_036_854, 0], Some("9223372036.854"), true),
    ] {
        let line = changed(&Generic { times, ..Generic::default() });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value.get("duration").map(ToString::to_string).as_deref(), duration, "{times:?}: {line}");
        assert_eq!(value.get("clock").is_some(), is_doubtful, "{times:?}: {line}");
    }
}

#[test]
fn an_event_gives_its_time_to_a_flow_without_one() {
    let generic = Generic { times: [0, 0, 0], ..Generic::default() };
    for id in [19, 25] {
        let event = element(id, &[long_words(&[NEW_YEAR + 1]), vec![0; 8]].concat());
        let line = line(&[generic.element(), ipv4(), event]).unwrap();
        assert!(line.starts_with(r#"{"timestamp":"2024-01-01T00:00:00.001Z","duration":0,"src_ip""#), "{line}");
        assert!(!line.contains("clock"));
    }
}

#[test]
fn of_both_kinds_of_addresses_those_are_taken_that_are_meant() {
    let wide = element(3, &long_words(&[0x2001_0db8_0000_0000, 1, 0, 0xffff_0a00_0001]));
    let layer = |version| element(38, &[&[0; 26][..], &[version], &[0; 5]].concat());
    let none = element(2, &[0; 8]);
    let v6 = r#""src_ip":"2001:db8::1","dst_ip":"::ffff:10.0.0.1""#;
    let v4 = r#""src_ip":"10.0.0.1","dst_ip":"192.0.2.7""#;
    for (elements, wanted) in [
        (vec![wide.clone()], v6),
        (vec![wide.clone(), ipv4()], v4),
        (vec![none, wide.clone()], v6),
        (vec![ipv4(), wide.clone(), layer(6)], v6),
        (vec![ipv4(), wide.clone(), layer(4)], v4),
    ] {
        let line = line(&[vec![Generic::default().element()], elements].concat()).unwrap();
        assert!(line.contains(wanted), "{line}");
    }
}

#[test]
fn what_was_aggregated_lacks_what_is_0() {
    let generic = Generic { protocol: 0, ports: [0, 443], flags: 2, ..Generic::default() };
    let half = element(2, &[1, 0, 0, 10, 0, 0, 0, 0]);
    let line = line(&[generic.element(), half]).unwrap();
    let wanted = r#","src_ip":"10.0.0.1","dst_port":443,"packets":5,"bytes":700,"tcp_flags":2}"#;
    assert!(line.ends_with(wanted), "{line}");
}

#[test]
fn without_the_first_element_addresses_are_a_flow_and_without_those_nothing_is() {
    assert_eq!(line(&[ipv4()]).unwrap(), r#"{"src_ip":"10.0.0.1","dst_ip":"192.0.2.7"}"#);
    assert_eq!(line(&[]), Err(Trouble::Nothing));
    assert_eq!(line(&[element(7, &words(&[1, 2]))]), Err(Trouble::Nothing));
}

#[test]
fn numbers_that_no_field_can_be_reject_the_record() {
    let most = flow_record::record::field::MAX_INTEGER;
    let of = |counts: [u64; 2]| line(&[Generic { counts, ..Generic::default() }.element(), ipv4()]);
    assert!(of([most, most]).is_ok());
    assert_eq!(of([most + 1, 1]), Err(Trouble::Number(field::PACKETS, most + 1)));
    assert_eq!(of([1, u64::MAX]), Err(Trouble::Number(field::BYTES, u64::MAX)));
    let more = |element| line(&[plain(), vec![element]].concat());
    assert_eq!(more(element(6, &words(&[65_536, 0]))), Err(Trouble::Number(field::VLAN, 65_536)));
    assert_eq!(more(element(28, b"\xff\0")), Err(Trouble::Label));
    let late = Generic { times: [NEW_YEAR, 9_223_372_036_855, 0], ..Generic::default() };
    assert_eq!(line(&[late.element(), ipv4()]), Err(Trouble::Time(9_223_372_036_855)));
}

#[test]
fn lengths_that_contradict_each_other_reject_the_record() {
    for id in (0..ELEMENTS).filter(|id| NEEDED[*id] > 0) {
        let needed = usize::from(NEEDED[id]);
        assert!(line(&[plain(), vec![element(id as u16, &vec![0; needed])]].concat()).is_ok(), "{id}");
        let short = element(id as u16, &vec![0; needed - 1]);
        assert_eq!(line(&[plain(), vec![short]].concat()), Err(Trouble::Extension(id as u16)));
    }
    let mut record = flow(&plain());
    let size = record.len();
    record[4] = 1;
    assert_eq!(of_record(&record), Err(Trouble::Rest(12 + 52)));
    record[4] = 3;
    assert_eq!(of_record(&record), Err(Trouble::Rest(size)));
    record[4] = 2;
    for cut in 0..size {
        assert!(of_record(&record[..cut]).is_err(), "{cut}");
    }
    record[14] = 3;
    assert_eq!(of_record(&record), Err(Trouble::Extension(1)));
}
