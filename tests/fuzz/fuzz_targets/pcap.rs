//! Captures of pcap: whatever they hold, nothing panics, every line is a flow line, and the pieces in which the bytes come change
//! nothing. With statistics and what tunnels carry, too.
#![no_main]

mod lines;

use flowcat::fuzz::{read, read_richly};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let size = 1 + data.iter().fold(0, |sum, byte| sum + usize::from(*byte)) % 61;
    for read in [read, read_richly] {
        let whole = read("pcap", data, data.len()).expect("the format is there");
        assert_eq!(read("pcap", data, size).expect("the format is there"), whole, "pieces of {size} bytes");
        lines::check(&whole.lines);
    }
});
