use super::*;
use crate::nfcapd::made::{NEW_YEAR, common, long_words, map, record, words};
use flow_record::record::Writer;

/// The line that a record becomes with these maps.
fn line(maps: &Maps, record: &[u8]) -> Result<String, Trouble> {
    let mut flow = Flow::new();
    read(record, maps, &mut flow)?;
    let mut out = Vec::new();
    Writer::new().line(&flow, &mut out);
    Ok(String::from_utf8(out).unwrap().trim_end().to_owned())
}

fn maps(ids: &[u16], size: u16) -> Maps {
    let mut maps = Maps::default();
    maps.put(&map(7, ids, size)).unwrap();
    maps
}

const PLAIN: &str = r#"{"timestamp":"2024-01-01T00:00:00.001Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"192.0.2.7","src_port":40000,"dst_port":443,"protocol":6,"packets":5,"bytes":700,"tcp_flags":27"#;

#[test]
fn every_extension_becomes_the_field_that_nfdump_prints_of_it() {
    for (ids, extensions, members) in [
        (&[4][..], vec![7, 0, 9, 0], r#","input_if":7,"output_if":9"#),
        (&[5], words(&[7, 70_000]), r#","input_if":7,"output_if":70000"#),
        (&[6], vec![1, 0, 2, 0], r#","src_as":1,"dst_as":2"#),
        (&[7], words(&[64_500, 4_200_000_000]), r#","src_as":64500,"dst_as":4200000000"#),
        (&[8], vec![1; 4], ""),
        (&[9], words(&[0x0a00_00fe]), r#","next_hop":"10.0.0.254""#),
        (&[10], long_words(&[0x2001_0db8_0000_0000, 9]), r#","next_hop":"2001:db8::9""#),
        (&[11], words(&[1]), ""),
        (&[12], long_words(&[1, 2]), ""),
        (&[13], vec![100, 0, 200, 0], r#","vlan":100"#),
        (&[20, 21, 22], vec![1; 72], ""),
        (&[23], words(&[0xc633_6401]), r#","exporter":"198.51.100.1""#),
        (&[24], long_words(&[0x2001_0db8_0000_0000, 1]), r#","exporter":"2001:db8::1""#),
        (&[25, 26, 45], vec![1; 36], ""),
        (&[27], long_words(&[NEW_YEAR]), ""),
        (&[27], long_words(&[NEW_YEAR - 87_000_000]), r#","clock":"implausible""#),
        (&[38, 39, 40, 41, 42, 43, 46, 47, 48], vec![1; 192], ""),
        (
            &[5, 13, 23, 9, 27],
            [words(&[1, 2]), vec![5, 0, 0, 0], words(&[0x0a00_0009, 0x0a00_00fe]), long_words(&[NEW_YEAR])].concat(),
            r#","exporter":"10.0.0.9","input_if":1,"output_if":2,"next_hop":"10.0.0.254","vlan":5"#,
        ),
    ] {
        let maps = maps(ids, extensions.len() as u16);
        assert_eq!(line(&maps, &common(7, &extensions)).unwrap(), format!("{PLAIN}{members}}}"), "{ids:?}");
        let none = line(&maps, &common(7, &vec![0; extensions.len()])).unwrap();
        assert_eq!(none, format!("{PLAIN}}}"), "{ids:?}");
    }
}

#[test]
fn counts_of_the_other_direction_come_in_both_widths() {
    for (ids, extensions) in [([14, 16, 18], words(&[10, 2000, 3])), ([15, 17, 19], long_words(&[10, 2000, 3]))] {
        let line = line(&maps(&ids, extensions.len() as u16), &common(7, &extensions)).unwrap();
        assert!(line.contains(r#""bytes":700,"rev_packets":10,"rev_bytes":2000,"flows":3,"#), "{line}");
    }
}

#[test]
fn flags_say_how_wide_addresses_and_counts_are() {
    let plain = common(7, &words(&[1, 2]));
    let maps = maps(&[5], 8);
    let fixed = &plain[4..32];
    for flags in 0..8 {
        let mut content = fixed.to_vec();
        content[0] = flags;
        content.extend(if flags & 1 == 0 { words(&[1, 2]) } else { long_words(&[0, 1, 0, 2]) });
        for (bit, value) in [(2, 11), (4, 12)] {
            content.extend(if flags & bit == 0 { words(&[value]) } else { long_words(&[value.into()]) });
        }
        content.extend(words(&[3, 4]));
        let line = line(&maps, &record(10, &content)).unwrap();
        let [src, dst] = if flags & 1 == 0 { ["0.0.0.1", "0.0.0.2"] } else { ["::1", "::2"] };
        assert!(line.contains(&format!(r#""src_ip":"{src}","dst_ip":"{dst}""#)), "{line}");
        assert!(
            line.contains(r#""packets":11,"bytes":12"#) && line.contains(r#""input_if":3,"output_if":4"#),
            "{line}"
        );
        assert_eq!(self::line(&maps, &record(10, &content[..content.len() - 1])), Err(Trouble::Short));
        // The older kind lacks four bytes.
        let older = [&content[..24], &content[28..]].concat();
        assert_eq!(self::line(&maps, &record(1, &older)).unwrap(), line);
    }
}

#[test]
fn an_event_of_a_firewall_has_the_time_and_the_type_of_icmp() {
    let maps = maps(&[37], 20);
    let mut event = long_words(&[NEW_YEAR + 1, 0]);
    event.extend(words(&[0]));
    let mut record = common(7, &event);
    record[8..20].fill(0);
    let plain = line(&maps, &record).unwrap();
    assert!(plain.contains(r#""timestamp":"2024-01-01T00:00:00.001Z","duration":0,"#), "{plain}");
    assert!(plain.contains(r#""dst_port":443"#), "{plain}");
    record[22] = 1;
    let at = record.len() - 8;
    record[at..at + 2].copy_from_slice(&[3, 1]);
    let icmp = line(&maps, &record).unwrap();
    assert!(icmp.contains(r#""icmp_type":1,"icmp_code":3"#), "{icmp}");
}

#[test]
fn a_record_needs_the_map_that_it_names_and_all_that_this_says() {
    let maps = maps(&[5], 8);
    assert_eq!(line(&maps, &common(8, &[0; 8])), Err(Trouble::Map(8)));
    let record = common(7, &[0; 8]);
    for end in 4..record.len() {
        assert!(line(&maps, &record[..end]).is_err(), "{end}");
    }
}
