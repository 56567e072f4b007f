//! Sequences of datagrams of several exporters, each as exporter, length of two bytes, and payload: what [`datagrams`] says
//! holds for all.
#![no_main]

mod datagrams;

use libfuzzer_sys::fuzz_target;

/// Datagrams of a sequence.
const MOST: usize = 64;

/// The next of a sequence.
fn next<'d>(rest: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let [exporter, high, low, bytes @ ..] = *rest else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(bytes.len());
    let (datagram, after) = bytes.split_at(length);
    *rest = after;
    Some((*exporter % 4, datagram))
}

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let all: Vec<(u8, &[u8])> = std::iter::from_fn(|| next(&mut rest)).take(MOST).collect();
    datagrams::check(all.into_iter());
});
