//! The first packets of a flow: directions, sizes and gaps, as lists (`--splt N`).
//!
//! Invariant: each list has N places; -1 stands where there was no packet, as in nfstream. Bound: [`MOST`] packets a flow.

use flow_record::value::number::write_integer;

/// Packets of a flow that can be asked for.
pub(super) const MOST: u64 = 1000;

/// One of the first packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) direction: u8,
    pub(super) size: u32,
    /// Milliseconds since the one before it.
    pub(super) gap: u64,
}

/// Appends the lists behind their `keys`, each with `places`.
pub(super) fn write(samples: &[Sample], places: usize, keys: &[Box<[u8]>], out: &mut Vec<u8>) {
    let values: [fn(&Sample) -> u64; 3] = [|s| s.direction.into(), |s| s.size.into(), |s| s.gap];
    for (value, key) in values.iter().zip(keys) {
        out.extend_from_slice(key);
        for place in 0..places {
            out.push(if place == 0 { b'[' } else { b',' });
            match samples.get(place) {
                Some(sample) => write_integer(value(sample), out),
                None => out.extend_from_slice(b"-1"),
            }
        }
        out.push(b']');
    }
}
