//! Files of datagrams: whatever they hold, nothing panics, every line is a flow line, and the pieces in which the bytes come
//! change nothing.
#![no_main]

use flow_record::scan::{Clean, LineKind, Scanner};
use flowcat::fuzz::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let whole = read("netflow", data, data.len()).expect("the format is there");
    let size = 1 + data.iter().fold(0, |sum, byte| sum + usize::from(*byte)) % 61;
    assert_eq!(read("netflow", data, size).expect("the format is there"), whole, "pieces of {size} bytes");
    let mut scanner = Scanner::new();
    for line in whole.lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").expect("a whole line");
        let line = scanner.scan(Clean::line(line).expect("clean")).expect("a line of the pipe");
        assert!(line.kind == LineKind::Flow && line.flow.is_flow());
    }
    assert!(whole.refusal.is_none() || whole.lines.is_empty());
});
