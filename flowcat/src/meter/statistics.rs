//! Statistics of a flow's packets: sizes, gaps, flags, of both directions and of each (`--stats`).
//!
//! Sums and squares are exact; mean and deviation are each one division of them. Deviations are those of samples: sizes
//! over n packets, gaps over the n-1 between them, 0 where there are fewer than two. Names: [`flow_record::record::statistics`].
//! Bound: 256 bytes a flow.

use super::entry::Entry;
use flow_record::record::statistics::{EACH, STATISTICS};
use flow_record::value::number::{write_float, write_integer};

/// Bits of TCP's flags in the order of their columns: SYN, CWR, ECE, URG, ACK, PSH, RST, FIN.
const FLAGS: [usize; 8] = [1, 7, 6, 5, 4, 3, 2, 0];

/// Squares and extremes of whole numbers.
#[derive(Clone, Copy, Debug)]
struct Spread {
    squares: u128,
    least: u64,
    most: u64,
}

const NONE: Spread = Spread { squares: 0, least: u64::MAX, most: 0 };

impl Spread {
    #[inline]
    fn add(&mut self, value: u64) {
        self.squares = self.squares.saturating_add(u128::from(value) * u128::from(value));
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    fn and(self, other: Spread) -> Spread {
        Spread {
            squares: self.squares.saturating_add(other.squares),
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// Smallest, mean, sample deviation and largest of `n` numbers with this sum, each a member.
    fn write(self, n: u64, sum: u64, keys: &mut Keys<'_>) {
        keys.integer(if n == 0 { 0 } else { self.least });
        keys.number(if n == 0 { 0.0 } else { sum as f64 / n as f64 });
        keys.number(deviation(n, sum, self.squares));
        keys.integer(self.most);
    }
}

/// The sample deviation of `n` numbers.
fn deviation(n: u64, sum: u64, squares: u128) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let exact = squares.checked_mul(n.into()).and_then(|s| s.checked_sub(u128::from(sum) * u128::from(sum)));
    let spread = exact.map_or_else(|| (squares as f64 * n as f64 - sum as f64 * sum as f64).max(0.0), |s| s as f64);
    (spread / (n as f64 * (n - 1) as f64)).sqrt()
}

/// What is kept of one direction.
#[derive(Clone, Copy, Debug)]
struct Direction {
    first_ms: i64,
    last_ms: i64,
    packets: u64,
    bytes: u64,
    sizes: Spread,
    gaps: Spread,
    /// Packets with each flag, by its bit.
    flags: [u32; 8],
}

const SILENT: Direction =
    Direction { first_ms: 0, last_ms: 0, packets: 0, bytes: 0, sizes: NONE, gaps: NONE, flags: [0; 8] };

/// What is kept of a flow.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    directions: [Direction; 2],
    gaps: Spread,
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics { directions: [SILENT; 2], gaps: NONE }
    }
}

impl Statistics {
    /// Adds a packet of this direction and size, `gap` milliseconds after the one before it, if there is one.
    #[inline]
    pub(super) fn add(&mut self, direction: usize, size: u32, flags: u8, now_ms: i64, gap: Option<u64>) {
        if let Some(gap) = gap {
            self.gaps.add(gap);
        }
        let one = &mut self.directions[direction & 1];
        if one.packets == 0 {
            one.first_ms = now_ms;
        } else {
            one.gaps.add(now_ms.abs_diff(one.last_ms));
        }
        one.last_ms = now_ms;
        one.packets += 1;
        one.bytes = one.bytes.saturating_add(size.into());
        one.sizes.add(size.into());
        let mut left = flags;
        while left != 0 {
            let count = &mut one.flags[left.trailing_zeros() as usize & 7];
            *count = count.saturating_add(1);
            left &= left - 1;
        }
    }

    /// Appends all members.
    pub(super) fn write(&self, entry: &Entry, keys: &[Box<[u8]>], out: &mut Vec<u8>) {
        let [there, back] = self.directions;
        let both = Direction {
            first_ms: entry.first_ms,
            last_ms: entry.last_ms,
            packets: there.packets + back.packets,
            bytes: there.bytes.saturating_add(back.bytes),
            sizes: there.sizes.and(back.sizes),
            gaps: self.gaps,
            flags: std::array::from_fn(|i| there.flags[i].saturating_add(back.flags[i])),
        };
        for (direction, keys) in [both, there, back].iter().zip(keys.chunks(EACH)) {
            direction.write(&mut Keys { keys: keys.iter(), out });
        }
    }
}

impl Direction {
    fn write(&self, keys: &mut Keys<'_>) {
        let length = self.last_ms.abs_diff(self.first_ms);
        keys.integer(self.packets);
        keys.integer(self.bytes);
        keys.integer(u64::try_from(self.first_ms).unwrap_or_default());
        keys.integer(u64::try_from(self.last_ms).unwrap_or_default());
        keys.integer(length);
        self.sizes.write(self.packets, self.bytes, keys);
        self.gaps.write(self.packets.saturating_sub(1), length, keys);
        for bit in FLAGS {
            keys.integer(self.flags[bit].into());
        }
    }
}

/// Appends values, each behind the next key.
struct Keys<'k> {
    keys: std::slice::Iter<'k, Box<[u8]>>,
    out: &'k mut Vec<u8>,
}

impl Keys<'_> {
    #[inline]
    fn next(&mut self) {
        if let Some(key) = self.keys.next() {
            self.out.extend_from_slice(key);
        }
    }

    fn integer(&mut self, value: u64) {
        self.next();
        write_integer(value, self.out);
    }

    fn number(&mut self, value: f64) {
        self.next();
        write_float(value, self.out);
    }
}

/// `,"name":` of each member, in order.
pub(super) fn keys() -> Vec<Box<[u8]>> {
    STATISTICS.iter().map(|field| format!(",\"{}\":", field.name).into_bytes().into()).collect()
}
