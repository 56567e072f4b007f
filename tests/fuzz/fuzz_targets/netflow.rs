//! Files of datagrams: whatever they hold, nothing panics, every line is a flow line, and the pieces in which the bytes come
//! change nothing.
#![no_main]

mod lines;

use flowcat::fuzz::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let whole = read("netflow", data, data.len()).expect("the format is there");
    let size = 1 + data.iter().fold(0, |sum, byte| sum + usize::from(*byte)) % 61;
    assert_eq!(read("netflow", data, size).expect("the format is there"), whole, "pieces of {size} bytes");
    lines::check(&whole.lines);
    assert!(whole.refusal.is_none() || whole.lines.is_empty());
});
