//! Files that ask for more than there is: each is told, at the cost of what it is, never of what it says.

use super::forge::{File, Page, Thrift, finish, plain};
use crate::support::{Outcome, folder, run};
use std::io::Write;
use std::process::{Command, Stdio};

const HUGE: i64 = i32::MAX as i64;

/// Reads a file in little memory and time; it must fail as an input fails, and say so.
fn refused(bytes: &[u8], says: &str) -> Outcome {
    let folder = folder();
    let path = folder.path().join("f.parquet");
    std::fs::write(&path, bytes).unwrap();
    let outcome = run(&format!("ulimit -v 400000; timeout 20 flowcat {}", path.display())).code(2).says(says);
    assert!(outcome.stderr.len() < 2000, "{}", outcome.stderr);
    outcome
}

/// The same through a program that packs.
fn packed(program: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let (mut stdin, bytes) = (child.stdin.take()?, bytes.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    Some(output.stdout)
}

#[test]
fn footers_that_ask_for_anything_cost_nothing() {
    let footer = |write: &dyn Fn(&mut Thrift)| {
        let mut thrift = Thrift::default();
        thrift.element(write);
        finish(b"PAR1".to_vec(), &thrift.bytes)
    };
    let schema = |t: &mut Thrift, children: i64| {
        t.list(2, 1);
        t.element(|t| {
            t.text(4, b"schema");
            t.integer(5, children, false);
        });
    };
    for field in [2, 4, 5] {
        refused(&footer(&|t| t.list(field, HUGE as u64)), "no whole Parquet file: ");
    }
    for children in [HUGE, i64::from(i32::MIN), -1, 1] {
        refused(&footer(&|t| schema(t, children)), "schema in its footer is broken");
    }
    refused(&footer(&|t| t.list(2, 100_000)), "its footer is broken");
    let deep = footer(&|t| {
        t.list(2, 10_000);
        for _ in 0..10_000 {
            t.element(|t| {
                t.text(4, b"a");
                t.integer(5, 1, false);
            });
        }
    });
    refused(&deep, "structures in each other; at most 64");
    let wide = footer(&|t| {
        t.list(2, 16_001);
        schema_of(t, 16_000);
    });
    refused(&wide, "more columns than 4096");
    let groups = footer(&|t| {
        schema(t, 0);
        t.list(4, 1 << 20);
        (0..1 << 20).for_each(|_| t.element(|_| {}));
    });
    refused(&groups, "its footer is broken");
    let skipped = footer(&|t| {
        t.bytes.push(0x1c);
        t.bytes.extend(std::iter::repeat_n(0x1c, 1_000_000));
    });
    refused(&skipped, "its footer is broken");
    for (length, says) in
        [(HUGE, "a footer of 2147483647 bytes, where there are"), (-1, "a footer of 4294967295 bytes")]
    {
        let mut bytes = finish(b"PAR1".to_vec(), &[0; 100]);
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&(length as i32).to_le_bytes());
        refused(&bytes, says);
    }
}

/// A structure with so many children that are texts.
fn schema_of(t: &mut Thrift, children: i64) {
    t.element(|t| {
        t.text(4, b"schema");
        t.integer(5, children, false);
    });
    for _ in 0..children {
        t.element(|t| {
            t.integer(1, 6, false);
            t.text(4, b"c");
        });
    }
}

#[test]
fn a_schema_of_two_thousand_million_children_is_no_reason_to_end() {
    let folder = folder();
    let path = folder.path().join("f.parquet");
    run(&format!("flowcat -q --tz UTC tests/data/sample.csv --to parquet -o {}", path.display())).code(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let length = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let at = bytes.len() - 8 - length + 14;
    bytes[at..at + 5].copy_from_slice(b"\xfc\xff\xff\xff\x0f");
    refused(&bytes, "no whole Parquet file: ");
}

#[test]
fn a_footer_beyond_the_limit_is_not_read() {
    let folder = folder();
    let path = folder.path().join("f.parquet");
    let file = std::fs::File::create(&path).unwrap();
    // A hole, which takes no room on the disk.
    let length: u32 = 65 << 20;
    file.set_len(u64::from(length) + 100).unwrap();
    use std::os::unix::fs::FileExt;
    file.write_all_at(b"PAR1", 0).unwrap();
    let tail = [&length.to_le_bytes()[..], b"PAR1"].concat();
    file.write_all_at(&tail, u64::from(length) + 92).unwrap();
    run(&format!("ulimit -v 400000; flowcat {}", path.display()))
        .code(2)
        .says("a footer of 68157440 bytes; at most 64 MiB");
}

#[test]
fn pages_that_say_what_they_are_not_cost_nothing() {
    let text = plain(&["10.0.0.1"]);
    let one = Page::plain(1, text.clone());
    let cases = [
        (Page { unpacked: HUGE, ..one.clone() }, "page of 2147483647 bytes; at most 64 MiB"),
        (Page { packed: HUGE, ..one.clone() }, "page of 2147483647 bytes; at most 64 MiB"),
        (Page { packed: 1 << 20, ..one.clone() }, "page of 1048576 bytes, where 12 are left of its column"),
        (Page { unpacked: 1 << 20, ..one.clone() }, "a page of 12 bytes, where its header says 1048576"),
        (Page { unpacked: -1, ..one.clone() }, "negative"),
        (Page { packed: -1, ..one.clone() }, "negative"),
        (Page { values: HUGE, ..one.clone() }, "page of 2147483647 values, where 1 are left of its row group"),
        (Page { values: -1, ..one.clone() }, "negative"),
        (Page { values: 0, ..one.clone() }, "fewer rows than its row group"),
        (Page { encoding: 77, ..one.clone() }, "encoding 77, which is not known"),
        (Page { encoding: 8, ..one.clone() }, "a dictionary that is not there"),
        (Page { kind: 2, values: HUGE, ..one.clone() }, "dictionary of 2147483647 values; at most 4194304"),
        (Page { kind: 2, values: 4, ..one.clone() }, "dictionary of 4 values in 12 bytes"),
        (Page { kind: 3, values: HUGE, ..one.clone() }, "page of 2147483647 values"),
        (Page::plain(1, plain(&["10.0.0.1"])[..11].to_vec()), "row group 1, column src_ip: "),
    ];
    for packing in [0, 2, 6] {
        for (page, says) in &cases {
            let is_packed = packing != 0;
            let said = if is_packed && page.unpacked == 1 << 20 { "row group 1, column src_ip: " } else { says };
            // What is packed wrongly may be told before what is wrong inside.
            let said = if is_packed && page.packed == page.body.len() as i64 && page.unpacked <= 12 {
                "src_ip: "
            } else {
                said
            };
            refused(&File { packing, ..File::texts(1, vec![page.clone()]) }.bytes(), said);
        }
    }
    refused(
        &File { groups: vec![(HUGE, vec![one.clone()])], ..File::texts(1, vec![]) }.bytes(),
        "fewer rows than its row group",
    );
    refused(&File::texts(-1, vec![one.clone()]).bytes(), "its footer is broken");
    let two = Page { kind: 2, ..one.clone() };
    refused(&File::texts(1, vec![two.clone(), two]).bytes(), "a second dictionary");
    refused(&File { packing: 3, ..File::texts(1, vec![one]) }.bytes(), "packed in a way that is not known");
}

#[test]
fn bombs_are_stopped_where_they_grow() {
    let zeros = vec![0; 600 << 20];
    for (packing, program) in [(2, "gzip"), (6, "zstd")] {
        let Some(bomb) = packed(program, &zeros) else { continue };
        let file = |unpacked: i64| {
            let page = Page { unpacked, ..Page::plain(1000, bomb.clone()) };
            File { packing, ..File::texts(1000, vec![page]) }.bytes()
        };
        refused(&file(600 << 20), "page of 629145600 bytes; at most 64 MiB");
        refused(&file(1 << 20), "row group 1, column src_ip: ");
        refused(&file(64 << 20), "row group 1, column src_ip: ");
    }
}

/// Lengths as differences: one block, all as the first.
fn lengths(count: u64, first: i64) -> Vec<u8> {
    let mut thrift = Thrift::default();
    for number in [128, 4, count, (first << 1) as u64] {
        thrift.number(number);
    }
    for _ in 0..(count.min(100_000) / 128) + 1 {
        thrift.bytes.extend_from_slice(&[0; 5]);
    }
    thrift.bytes
}

#[test]
fn texts_that_stand_for_longer_ones_are_bounded() {
    let page = |encoding, values, body| Page { encoding, ..Page::plain(values, body) };
    // Each of 4000 texts is a megabyte that the first one has.
    let mut shared = Thrift::default();
    [128, 4, 4000, 0, 2 << 20].into_iter().for_each(|n| shared.number(n));
    shared.bytes.extend_from_slice(&[0; 4]);
    (0..40).for_each(|_| shared.bytes.extend_from_slice(&[0; 5]));
    let mut own = Thrift::default();
    [128, 4, 4000, 2 << 20, (2 << 20) - 1].into_iter().for_each(|n| own.number(n));
    own.bytes.extend_from_slice(&[0; 4]);
    (0..40).for_each(|_| own.bytes.extend_from_slice(&[0; 5]));
    let body = [shared.bytes, own.bytes, vec![b'1'; 1 << 20]].concat();
    refused(&File::texts(4000, vec![page(7, 4000, body)]).bytes(), "row group 1, column src_ip: ");
    for encoding in [6, 7] {
        let body = lengths(HUGE as u64, 1);
        refused(&File::texts(5, vec![page(encoding, 5, body.clone())]).bytes(), "contradict themselves");
        refused(&File::texts(HUGE, vec![page(encoding, HUGE, body)]).bytes(), "row group 1, column src_ip: ");
    }
}

#[test]
fn what_stands_before_the_fault_is_kept() {
    let good = Page::plain(2, plain(&["10.0.0.1", "10.0.0.2"]));
    let bad = Page { unpacked: HUGE, ..good.clone() };
    let groups = vec![(2, vec![good.clone()]), (2, vec![bad]), (2, vec![good])];
    let outcome = refused(
        &File { groups, ..File::texts(0, vec![]) }.bytes(),
        "corrupt after row 2: row group 2, column src_ip: page of 2147483647 bytes; at most 64 MiB",
    );
    assert_eq!(outcome.text(), "{\"src_ip\":\"10.0.0.1\"}\n{\"src_ip\":\"10.0.0.2\"}\n");
}

#[test]
fn a_width_that_cannot_be_is_not_read() {
    let folder = folder();
    let path = folder.path().join("f.parquet");
    let page = Page { encoding: 9, ..Page::plain(1, vec![0; 16]) };
    for length in [HUGE, -1, 0, 5] {
        let file = File { physical: 7, length, ..File::texts(1, vec![page.clone()]) };
        std::fs::write(&path, file.bytes()).unwrap();
        run(&format!("ulimit -v 400000; flowcat {}", path.display())).code(2).says("no column is an address");
    }
}
