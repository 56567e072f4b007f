//! Heavy keys in bounded memory: a count-min sketch that finds its own keys, and merges to the byte.
//!
//! The sums are those of a count-min sketch (Cormode and Muthukrishnan 2005) of [`ROWS`] rows and [`WIDTH`] cells: that of a
//! key is never too small, and with a probability of 1 - e^-5 too large by at most e / 16 384 of the sum over all keys. Each
//! cell also keeps the key of the flow with the lowest score, a digest of its line over its measure: a sample of one by
//! weight (Cohen 1997), so that a key that has most of one of its cells is almost surely found. Counts add up and lowest
//! scores stay the lowest, so that the sketch is a function of the multiset of flows. Digests are keyed as those of distinct
//! counts. Bound: 82 000 cells of about 80 bytes and 8 for each sum.

use flow_record::record::key::Key;
use flow_record::stats::SketchKey;

/// Rows, each of which hashes keys its own way.
const ROWS: usize = 5;
/// Cells of a row.
const WIDTH: usize = 1 << 14;

/// How much an estimate may be too large, as a part of the sum over all keys.
pub(super) const ERROR: f64 = std::f64::consts::E / WIDTH as f64;

/// Sums by key, of which the first is the measure.
#[derive(Clone)]
pub(super) struct Heavy {
    /// Sums of a key.
    n: usize,
    sums: Vec<u64>,
    /// The lowest score of each cell, and its key.
    lowest: Vec<Option<(u64, Key)>>,
    /// Over all keys.
    totals: Vec<u128>,
    is_empty: bool,
}

impl Heavy {
    /// No keys; each will have `n` sums.
    pub(super) fn new(n: usize) -> Heavy {
        Heavy {
            n,
            sums: vec![0; ROWS * WIDTH * n],
            lowest: vec![None; ROWS * WIDTH],
            totals: vec![0; n],
            is_empty: true,
        }
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The sums over all keys.
    pub(super) fn totals(&self) -> &[u128] {
        &self.totals
    }

    /// Adds the values of a flow to its key; `line` is its text, `scratch` room for a key.
    pub(super) fn add(&mut self, key: Key, values: &[u64], line: &str, sketch: &SketchKey, scratch: &mut Vec<u8>) {
        self.is_empty = false;
        for (total, value) in self.totals.iter_mut().zip(values) {
            *total = total.saturating_add(u128::from(*value));
        }
        let places = places(&key, sketch, scratch);
        let score = score(sketch.digest(line.as_bytes()) as u64, values.first().copied().unwrap_or(0));
        for at in places {
            for (sum, value) in self.sums[at * self.n..][..self.n].iter_mut().zip(values) {
                *sum = sum.saturating_add(*value);
            }
            if let Some(score) = score {
                lower(&mut self.lowest[at], score, &key);
            }
        }
    }

    /// Adds all of another.
    pub(super) fn merge(&mut self, other: Heavy) {
        self.is_empty &= other.is_empty;
        self.sums.iter_mut().zip(other.sums).for_each(|(a, b)| *a = a.saturating_add(b));
        self.totals.iter_mut().zip(other.totals).for_each(|(a, b)| *a = a.saturating_add(b));
        for (cell, other) in self.lowest.iter_mut().zip(other.lowest) {
            if let Some((score, key)) = other {
                lower(cell, score, &key);
            }
        }
    }

    /// The `n` keys of the largest estimates with these, largest first, of equals the lower key.
    pub(super) fn top(&self, n: usize, sketch: &SketchKey) -> Vec<(&Key, Vec<u64>)> {
        let mut keys: Vec<&Key> = self.lowest.iter().flatten().map(|(_, key)| key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut scratch = Vec::new();
        let mut all: Vec<(&Key, Vec<u64>)> =
            keys.into_iter().map(|key| (key, self.estimate(key, sketch, &mut scratch))).collect();
        // Stable: keys are ascending.
        all.sort_by(|a, b| b.1.first().cmp(&a.1.first()));
        all.truncate(n);
        all
    }

    /// The least of a key's cells, for each sum.
    fn estimate(&self, key: &Key, sketch: &SketchKey, scratch: &mut Vec<u8>) -> Vec<u64> {
        let mut least = vec![u64::MAX; self.n];
        for at in places(key, sketch, scratch) {
            for (least, sum) in least.iter_mut().zip(&self.sums[at * self.n..][..self.n]) {
                *least = (*least).min(*sum);
            }
        }
        least
    }
}

/// The cells of a key, one a row.
fn places(key: &Key, sketch: &SketchKey, scratch: &mut Vec<u8>) -> [usize; ROWS] {
    scratch.clear();
    for part in key.parts() {
        part.write(scratch);
        scratch.push(b',');
    }
    let digest = sketch.digest(scratch);
    // Two halves make as many hashes as are needed (Kirsch and Mitzenmacher 2008); an odd step misses no cell.
    let (start, step) = (digest as u64, (digest >> 64) as u64 | 1);
    std::array::from_fn(|row| row * WIDTH + start.wrapping_add(step.wrapping_mul(row as u64)) as usize % WIDTH)
}

/// The score of a flow: the lower, the larger its measure; none where it has nothing of it.
fn score(digest: u64, measure: u64) -> Option<u64> {
    // A float from 0 on is in the order of its bits.
    (measure > 0).then(|| (((digest >> 11) as f64 + 1.0) / measure as f64).to_bits())
}

fn lower(cell: &mut Option<(u64, Key)>, score: u64, key: &Key) {
    match cell {
        Some((met, own)) if (*met, &*own) <= (score, key) => {}
        _ => *cell = Some((score, key.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_record::record::key::Part;

    fn key(n: u64) -> Key {
        Key::from(vec![Part::Integer(n)])
    }

    fn made(flows: impl Iterator<Item = (u64, u64)>) -> Heavy {
        let (mut heavy, sketch, mut scratch) = (Heavy::new(2), SketchKey::default(), Vec::new());
        for (i, (n, bytes)) in flows.enumerate() {
            heavy.add(key(n), &[bytes, 1], &format!("{n} {bytes} {}", i % 50_000), &sketch, &mut scratch);
        }
        heavy
    }

    #[test]
    fn heavy_keys_are_found_among_many_light_ones() {
        // 100 keys of 20 000 bytes in 20 flows among 300 000 keys of 10 to 60 bytes.
        let flows = (0..302_000u64).map(|i| if i % 151 == 0 { (i / 151 % 100, 1000) } else { (1000 + i, 10 + i % 51) });
        let heavy = made(flows);
        let top = heavy.top(100, &SketchKey::default());
        let mut found: Vec<String> = top.iter().map(|(key, _)| format!("{:?}", key.parts())).collect();
        found.sort();
        let mut expected: Vec<String> = (0..100).map(|n| format!("{:?}", key(n).parts())).collect();
        expected.sort();
        assert_eq!(found, expected);
        let bound = heavy.totals()[0] as f64 * ERROR;
        assert!(
            top.iter().all(|(_, sums)| sums[0] >= 20_000 && (sums[0] - 20_000) as f64 <= bound),
            "{bound} {:?}",
            top[0].1
        );
    }

    #[test]
    fn it_does_not_depend_on_order_or_parts() {
        let flows: Vec<(u64, u64)> = (0..3000u64).map(|i| (i * i % 700, i % 97)).collect();
        let shown = |heavy: &Heavy| format!("{:?} {:?}", heavy.top(50, &SketchKey::default()), heavy.totals());
        let add = |part: &mut dyn Iterator<Item = &(u64, u64)>| {
            let (mut heavy, sketch, mut scratch) = (Heavy::new(1), SketchKey::default(), Vec::new());
            part.for_each(|(n, v)| heavy.add(key(*n), &[*v], &format!("{n} {v}"), &sketch, &mut scratch));
            heavy
        };
        let whole = add(&mut flows.iter());
        let mut parts = add(&mut flows[1700..].iter().rev());
        parts.merge(add(&mut flows[..1700].iter()));
        assert_eq!(shown(&parts), shown(&whole));
        assert!(parts.lowest == whole.lowest && parts.sums == whole.sums);
        assert!(Heavy::new(1).is_empty() && !whole.is_empty());
    }
}
