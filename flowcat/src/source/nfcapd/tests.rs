//! Whole files, put together by hand, and broken ones.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::nfcapd::made::{
    Generic, block, block_of, common, element, file, flow, ident, ipv4, map, old_file, record, words,
};
use crate::source::testing::outcome;

/// A flow of so many packets.
fn of_packets(packets: u64) -> Vec<u8> {
    flow(&[Generic { counts: [packets, 700], ..Generic::default() }.element(), ipv4()])
}

/// A file of three blocks of two flows.
fn plain() -> Vec<u8> {
    let blocks = [1, 3, 5].map(|first| block(3, &[of_packets(first), of_packets(first + 1)]));
    file(0, &[&blocks[..], &[ident()]].concat())
}

/// The packets of the flows that a file has, and the exit code.
fn packets(bytes: &[u8]) -> (Vec<u64>, u8) {
    let outcome = outcome(bytes, &[]);
    let packets = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["packets"].as_u64().unwrap();
    (outcome.lines.iter().map(packets).collect(), outcome.code)
}

#[test]
fn a_file_is_told_by_its_first_bytes() {
    for (head, probe_says) in [
        (&b"\x0c\xa5\x01\x00"[..], Probe::Yes),
        (b"\x0c\xa5\x02\x00\x01", Probe::Yes),
        (b"\x0c\xa5\x03\x00", Probe::Yes),
        (b"\x0c\xa5\x04\x00", Probe::No),
        (b"\x0c\xa5", Probe::Maybe),
        (b"\x0c", Probe::Maybe),
        (b"\xa5\x0c\x00\x02", Probe::No),
        (b"\x0c{", Probe::No),
    ] {
        assert_eq!(probe(head), probe_says, "{head:?}");
    }
}

#[test]
fn blocks_of_every_packing_and_both_layouts_give_their_flows() {
    assert_eq!(packets(&plain()), (vec![1, 2, 3, 4, 5, 6], 0));
    let content = [of_packets(1), of_packets(2)].concat();
    let end = record(0x8001, b"none\0\0");
    let lz4 = |content: &[u8]| lz4_flex::block::compress(content);
    let zstd = |content: &[u8]| zstd::bulk::compress(content, 1).unwrap();
    for (packing, packed) in [(3, [lz4(&content), lz4(&end)]), (4, [zstd(&content), zstd(&end)])] {
        let [content, end] = packed;
        let file = file(packing, &[block_of(3, 2, &content), block_of(3, 1, &end)]);
        assert_eq!(packets(&file), (vec![1, 2], 0), "{packing}");
    }
    let records = [map(1, &[4], 4), common(1, &[1, 0, 2, 0]), common(1, &[3, 0, 4, 0])];
    assert_eq!(packets(&old_file(0, &[block(2, &records)])), (vec![5, 5], 0));
    let packed = block_of(2, 3, &lz4(&records.concat()));
    assert_eq!(packets(&old_file(0x10, &[packed])), (vec![5, 5], 0));
}

#[test]
fn maps_are_those_of_all_blocks_before() {
    let blocks = [
        block(2, &[map(1, &[4], 4), map(2, &[13], 4)]),
        block(2, &[common(2, &[9, 0, 0, 0]), map(2, &[4], 4), common(2, &[9, 0, 0, 0])]),
    ];
    let lines = outcome(old_file(0, &blocks), &[]).lines;
    assert!(lines[0].contains("\"vlan\":9") && lines[1].contains("\"input_if\":9"), "{lines:?}");
}

#[test]
fn records_that_describe_something_else_are_no_flows_and_no_errors() {
    let records = [
        record(7, &[0; 28]),
        record(8, &[words(&[2]), vec![0; 48]].concat()),
        record(9, &[0; 12]),
        record(12, &[&[2, 0, 8, 0][..], &[0; 16]].concat()),
        record(13, &[0, 0, 8, 0]),
        record(14, &[0, 0, 8, 0]),
        record(15, &[0; 20]),
        record(256, &[0; 9]),
        record(0x8001, b"none\0\0"),
        record(0x8002, &[0; 136]),
        of_packets(1),
    ];
    assert_eq!(packets(&file(0, &[block(3, &records), ident()])), (vec![1], 0));
}

#[test]
fn bad_records_are_rejected_with_their_place_and_the_rest_is_read() {
    let records = [
        of_packets(1),
        of_packets(1 << 53),
        record(77, b"what"),
        record(7, &[0; 3]),
        record(16, &[0; 8]),
        of_packets(2),
    ];
    let file = file(0, &[block(3, &records), ident()]);
    let outcome = outcome(file, &[]);
    assert_eq!((outcome.lines.len(), outcome.code), (2, 3));
    let at = |i: usize| records[..i].iter().map(Vec::len).sum::<usize>();
    let wanted = [
        (2, format!("bad number: 9007199254740992 for packets (at byte {} of the block at byte 40)", at(1))),
        (3, format!("no record of kind 77 is like this (at byte {} of the block at byte 40)", at(2))),
        (4, format!("no record of kind 7 is like this (at byte {} of the block at byte 40)", at(3))),
        (5, format!("a record of nfdump 1.8, which is not read (at byte {} of the block at byte 40)", at(4))),
    ];
    assert_eq!(outcome.rejects, wanted.map(|(line, why)| format!("{line}:0 {why}")));
}

#[test]
fn what_was_rejected_is_kept_in_hex() {
    let outcome = outcome(file(0, &[block(3, &[record(77, b"what")]), ident()]), &[]);
    assert_eq!(outcome.rejects.len(), 1);
    assert_eq!(outcome.raw, ["4d00080077686174"]);
}

#[test]
fn a_damaged_block_costs_no_other() {
    let good = |first| block(3, &[of_packets(first), of_packets(first + 1)]);
    let content = [of_packets(3), of_packets(4)].concat();
    let mut long = content.clone();
    long[2] = 0xff;
    let mut zero = content.clone();
    zero[2..4].fill(0);
    for damaged in [
        block_of(3, 1, &content),
        block_of(3, 3, &content),
        block_of(3, 2, &long),
        block_of(3, 2, &zero),
        block_of(3, 2, &content[..content.len() - 1]),
        block_of(3, 2, &[&content[..], b"abc"].concat()),
    ] {
        let (packets, code) = packets(&file(0, &[good(1), damaged, good(5), ident()]));
        let rest: Vec<_> = packets.into_iter().filter(|packets| !(3..=4).contains(packets)).collect();
        assert_eq!((rest, code), (vec![1, 2, 5, 6], 2));
    }
    let packed = |content: &[u8]| block_of(3, 2, &lz4_flex::block::compress(content));
    let end = block_of(3, 1, &lz4_flex::block::compress(&record(0x8001, b"none\0\0")));
    let mut damaged = packed(&content);
    damaged[12..20].fill(0xff);
    let file = file(3, &[packed(&[of_packets(1), of_packets(2)].concat()), damaged, end]);
    assert_eq!(packets(&file), (vec![1, 2], 2));
}

#[test]
fn behind_a_header_that_cannot_be_right_nothing_is_read() {
    let whole = plain();
    let second = 40 + 12 + 2 * of_packets(1).len();
    for (at, bytes) in [(4, [0, 0, 0, 0]), (4, [255, 255, 255, 255]), (8, [9, 0, 0, 0]), (0, [0, 0, 0, 0])] {
        let mut broken = whole.clone();
        broken[second + at..second + at + 4].copy_from_slice(&bytes);
        assert_eq!(packets(&broken), (vec![1, 2], 2));
    }
}

#[test]
fn cut_anywhere_a_file_gives_whole_blocks_and_2() {
    let whole = plain();
    let size = 12 + 2 * of_packets(1).len();
    // One byte could be anything. Of one file the tests of the program take every place.
    for end in (2..whole.len()).step_by(7) {
        let blocks = end.saturating_sub(40) / size;
        let wanted: Vec<u64> = (1..=2 * blocks.min(3) as u64).collect();
        assert_eq!(packets(&whole[..end]), (wanted, 2), "{end}");
    }
}

#[test]
fn a_file_that_is_still_written_gives_what_is_there_and_2() {
    let mut open = plain();
    open[18] = 0;
    open[36] = 0;
    assert_eq!(packets(&open), (vec![1, 2, 3, 4, 5, 6], 2));
    assert_eq!(packets(&open[..40]), (vec![], 2));
    let mut old = old_file(0, &[block(2, &[map(1, &[4], 4), common(1, &[0; 4])])]);
    old[8] = 0;
    assert_eq!(packets(&old), (vec![5], 2));
    assert_eq!(packets(&old[..276]), (vec![], 0));
}

#[test]
fn a_header_that_counts_wrong_is_told() {
    for count in [2, 4] {
        let mut file = plain();
        file[36] = count;
        assert_eq!(packets(&file), (vec![1, 2, 3, 4, 5, 6], 2));
    }
}

#[test]
fn files_behind_each_other_are_all_read() {
    let old = old_file(0, &[block(2, &[map(1, &[4], 4), common(1, &[0; 4])])]);
    let all = [plain(), old, plain()].concat();
    assert_eq!(packets(&all), (vec![1, 2, 3, 4, 5, 6, 5, 1, 2, 3, 4, 5, 6], 0));
    assert_eq!(packets(&[&plain()[..], b"\x0c\xa5\x02\x00"].concat()), (vec![1, 2, 3, 4, 5, 6], 2));
    assert_eq!(packets(&[&plain()[..], b"rest"].concat()), (vec![1, 2, 3, 4, 5, 6], 2));
}

#[test]
fn steps_see_the_flows_and_head_ends_the_reading() {
    let lines = outcome(plain(), &["--head", "3", "-w", "packets > 1"]).lines;
    assert_eq!(lines.len(), 3);
    let outcome = outcome([&plain()[..200], b"broken"].concat(), &["--head", "1"]);
    assert_eq!((outcome.lines.len(), outcome.code), (1, 0));
}

#[test]
fn what_is_in_no_field_is_left_out_without_a_word() {
    let more = element(15, &[1; 32]);
    let record = flow(&[Generic::default().element(), ipv4(), more]);
    assert_eq!(packets(&file(0, &[block(3, &[record]), ident()])), (vec![5], 0));
}

#[test]
fn a_flow_that_names_no_exporter_has_that_of_the_list() {
    let mut exporter = vec![9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 192, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0];
    let recent = vec![record(7, &exporter), of_packets(1), record(15, &[0; 20])];
    let lines = outcome(file(0, &[block(3, &recent), ident()]), &[]).lines;
    assert!(lines[0].contains("\"exporter\":\"192.0.2.1\""), "{lines:?}");
    exporter[22] = 2;
    let blocks = [block(2, &[map(1, &[4], 4), record(7, &exporter)]), block(2, &[common(1, &[0; 4])])];
    let lines = outcome(old_file(0, &blocks), &[]).lines;
    assert!(!lines[0].contains("exporter"), "the list has another: {lines:?}");
    exporter[22] = 1;
    let blocks = [block(2, &[map(1, &[4], 4), record(7, &exporter)]), block(2, &[common(1, &[0; 4])])];
    let lines = outcome(old_file(0, &blocks), &[]).lines;
    assert!(lines[0].contains("\"exporter\":\"192.0.2.1\""), "{lines:?}");
}
