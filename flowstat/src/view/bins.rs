//! Bins of time, and how the counts of a flow spread over those that it spans: what `timeline` and `rates` keep.
//!
//! The schemes are those of SiLK's rwcount (`--load-scheme`). A part of a count is floor(count·to/of) less
//! floor(count·from/of), so the parts of a flow add up to what it had, and every part is an integer: the sums of a bin are
//! a function of the multiset of flows. Bins are aligned to 1970-01-01T00:00:00Z. Bound: a cell of 120 bytes for each bin
//! and key that has a flow; a flow that spans more than [`MAX_SPAN`] bins is counted where it starts.

use super::groups::Groups;
use super::rows::Rows;
use flow_record::item::{Param, ParamKind};
use flow_record::people::count;
use flow_record::record::key::{Key, KeySpec};
use flow_record::record::{Flow, field};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Taken};
use flow_record::value::Time;

/// Bins that a flow is spread over at most.
pub(super) const MAX_SPAN: i64 = 100_000;

/// A millisecond: bins are no narrower, so that their starts have three decimals.
pub(super) const NARROWEST: u64 = 1_000_000;

/// The names of the schemes.
const SCHEMES: &[&str] = &[
    "time-proportional",
    "bin-uniform",
    "start-spike",
    "middle-spike",
    "end-spike",
    "maximum-volume",
    "minimum-volume",
];

pub(super) const LOAD: Param = Param::new(
    "load",
    ParamKind::Choice(SCHEMES),
    "time-proportional",
    "",
    "how the counts of a flow go to the bins that it spans",
);

/// How the counts of a flow go to the bins that it spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// As the time that it is in each.
    Proportional,
    /// As much to each.
    Uniform,
    /// All to the one in which it starts, is half over, ends.
    Start,
    Middle,
    End,
    /// All to each.
    Most,
    /// All to its bin if it has one alone, else nothing.
    Least,
}

/// A bin of a flow, and the part of its counts that goes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    bin: i64,
    from: u64,
    to: u64,
    of: u64,
}

impl Piece {
    fn all(bin: i64) -> Piece {
        Piece { bin, from: 0, to: 1, of: 1 }
    }

    /// The part of a count. Both products are below 2^128.
    fn part(self, value: u64) -> u64 {
        let upto = |at: u64| (u128::from(value) * u128::from(at) / u128::from(self.of)) as u64;
        upto(self.to) - upto(self.from)
    }
}

/// Bins of one width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins {
    /// Nanoseconds.
    width: i64,
    load: Load,
}

impl Bins {
    /// Bins of so many nanoseconds, and the scheme of this name.
    pub(super) fn new(width: u64, load: &str) -> Bins {
        let load = match load {
            "bin-uniform" => Load::Uniform,
            "start-spike" => Load::Start,
            "middle-spike" => Load::Middle,
            "end-spike" => Load::End,
            "maximum-volume" => Load::Most,
            "minimum-volume" => Load::Least,
            _ => Load::Proportional,
        };
        Bins { width: i64::try_from(width).unwrap_or(i64::MAX).max(1), load }
    }

    /// Seconds of a bin.
    pub(super) fn seconds(self) -> f64 {
        self.width as f64 / 1e9
    }

    /// The bin in which a time lies.
    #[inline]
    pub(super) fn of(self, time: Time) -> i64 {
        time.nanos().div_euclid(self.width)
    }

    /// Where a bin starts; `None` before the earliest time that there is.
    pub(super) fn start(self, bin: i64) -> Option<Time> {
        bin.checked_mul(self.width).map(Time)
    }

    /// Hands over the bins of a flow, ascending; says whether these are too many, so that its first has all.
    #[inline]
    fn pieces(self, start: Time, duration: u64, mut each: impl FnMut(Piece)) -> bool {
        let first = self.of(start);
        let (width, begin) = (i128::from(self.width), i128::from(start.nanos()));
        // What ends on the stroke of a bin is not in that bin.
        let bin_at = |after: u64| (begin + i128::from(after)).div_euclid(width) as i64;
        let last = bin_at(duration.saturating_sub(1)).max(first);
        if last - first >= MAX_SPAN {
            each(Piece::all(first));
            return true;
        }
        match self.load {
            Load::Start => each(Piece::all(first)),
            Load::Middle => each(Piece::all(bin_at(duration / 2).min(last))),
            Load::End => each(Piece::all(last)),
            _ if first == last => each(Piece::all(first)),
            Load::Least => {}
            Load::Most => (first..=last).for_each(|bin| each(Piece::all(bin))),
            Load::Uniform => {
                let of = (last - first + 1) as u64;
                (0..of).for_each(|i| each(Piece { bin: first + i as i64, from: i, to: i + 1, of }));
            }
            Load::Proportional => {
                // Nanoseconds of the flow before a bin.
                let before = |bin: i64| (i128::from(bin) * width - begin).clamp(0, i128::from(duration)) as u64;
                (first..=last)
                    .for_each(|bin| each(Piece { bin, from: before(bin), to: before(bin + 1), of: duration }));
            }
        }
        false
    }
}

/// The counts that spread, in this order.
const COUNTS: [field::FieldId; 4] = [field::BYTES, field::PACKETS, field::REV_BYTES, field::REV_PACKETS];

/// What went on in a bin.
#[derive(Clone, Debug, Default)]
pub(super) struct Volume {
    /// Flows that start in it.
    pub(super) flows: u64,
    /// Flows of which a part is in it.
    pub(super) active: u64,
    /// Bytes, packets, and those of the way back.
    pub(super) counts: [u128; 4],
    /// Which of these a flow had, a bit each.
    pub(super) known: u8,
}

impl Volume {
    /// Adds all of another.
    pub(super) fn merge(&mut self, other: &Volume) {
        self.flows = self.flows.saturating_add(other.flows);
        self.active = self.active.saturating_add(other.active);
        self.known |= other.known;
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a = a.saturating_add(b));
    }

    #[inline]
    fn add(&mut self, flow: &Flow, piece: Piece, starts: bool, flows: u64) {
        self.active = self.active.saturating_add(flows);
        if starts {
            self.flows = self.flows.saturating_add(flows);
        }
        for (i, id) in COUNTS.into_iter().enumerate() {
            if let Some(value) = flow.integer(id) {
                self.counts[i] = self.counts[i].saturating_add(u128::from(piece.part(value)));
                self.known |= 1 << i;
            }
        }
    }
}

/// Volumes by bin and key.
#[derive(Clone)]
pub(super) struct Volumes {
    pub(super) bins: Bins,
    /// What flows are told apart by, and the number of its first watched member.
    pub(super) by: Option<KeySpec>,
    pub(super) watch: usize,
    pub(super) cells: Groups<(i64, Key), Volume>,
    /// Flows that spanned too many bins.
    long: u64,
}

impl Volumes {
    /// Nothing yet.
    pub(super) fn new(bins: Bins, by: Option<KeySpec>, watch: usize) -> Volumes {
        Volumes { bins, by, watch, cells: Groups::new(), long: 0 }
    }

    /// The same without flows.
    pub(super) fn empty(&self) -> Volumes {
        Volumes::new(self.bins, self.by.clone(), self.watch)
    }

    /// Adds a flow.
    #[inline]
    pub(super) fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(start) = line.flow.time() else { return Err(LACKS) };
        let key = match &self.by {
            None => Key::from(Vec::new()),
            Some(by) => by.key(line, self.watch).ok_or(LACKS)?,
        };
        let (bins, cells, first) = (self.bins, &mut self.cells, self.bins.of(start));
        let flows = line.flow.integer(field::FLOWS).unwrap_or(1);
        let mut has_start = false;
        let is_long = bins.pieces(start, line.flow.duration().unwrap_or(0), |piece| {
            has_start |= piece.bin == first;
            let cell = cells.entry((piece.bin, key.clone()), Volume::default);
            cell.add(line.flow, piece, piece.bin == first, flows);
        });
        if !has_start {
            // Its counts are elsewhere, or nowhere; it starts here all the same.
            let cell = cells.entry((first, key), Volume::default);
            cell.flows = cell.flows.saturating_add(flows);
        }
        self.long += u64::from(is_long);
        Ok(())
    }

    /// What flows lack that cannot be used.
    pub(super) fn lacks(&self) -> String {
        let names = self.by.iter().flat_map(KeySpec::names).filter(|name| *name != "timestamp");
        ["timestamp"].into_iter().chain(names).collect::<Vec<_>>().join(" and ")
    }

    /// Adds all of another.
    pub(super) fn merge(&mut self, other: Volumes) {
        self.long += other.long;
        self.cells.merge(other.cells, |a, b| a.merge(&b));
    }

    /// Which counts any flow had, a bit each.
    pub(super) fn known(&self) -> u8 {
        self.cells.values().fold(0, |known, volume| known | volume.known)
    }

    /// Tells of flows that spanned too many bins.
    pub(super) fn tell(&self, rows: &mut Rows<'_>) {
        if self.long > 0 {
            let flows = count(self.long, "flows");
            rows.note(format!(
                "{flows} longer than {MAX_SPAN} bins counted in the bin of the start; bin= may be wider"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    fn parts(load: &str, start: i64, duration: u64, value: u64) -> Vec<(i64, u64)> {
        let mut all = Vec::new();
        Bins::new(10 * SECOND, load).pieces(Time(start), duration, |p| all.push((p.bin, p.part(value))));
        all
    }

    #[test]
    fn each_scheme_does_what_its_name_says() {
        // From 5 s to 25 s: a quarter, a half, a quarter.
        let of = |load| parts(load, 5 * SECOND as i64, 20 * SECOND, 101);
        assert_eq!(of("time-proportional"), [(0, 25), (1, 50), (2, 26)]);
        assert_eq!(of("bin-uniform"), [(0, 33), (1, 34), (2, 34)]);
        assert_eq!((of("start-spike"), of("end-spike")), (vec![(0, 101)], vec![(2, 101)]));
        assert_eq!(of("middle-spike"), [(1, 101)]);
        assert_eq!(of("maximum-volume"), [(0, 101), (1, 101), (2, 101)]);
        assert_eq!(of("minimum-volume"), []);
        assert_eq!(parts("minimum-volume", 0, 10 * SECOND, 7), [(0, 7)]);
        for load in SCHEMES {
            assert_eq!(parts(load, -1, 0, 7), [(-1, 7)], "{load}");
            // What ends on the stroke of a bin is not in it.
            assert_eq!(parts(load, 0, 10 * SECOND, 7), [(0, 7)], "{load}");
        }
    }

    #[test]
    fn a_flow_that_never_ends_takes_one_bin() {
        let mut all = Vec::new();
        assert!(Bins::new(SECOND, "bin-uniform").pieces(Time(0), u64::MAX, |p| all.push(p)));
        assert_eq!(all, [Piece::all(0)]);
        let mut n = 0;
        let edge = MAX_SPAN as u64 * SECOND;
        assert!(!Bins::new(SECOND, "bin-uniform").pieces(Time(0), edge, |_| n += 1));
        assert_eq!(n, MAX_SPAN);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_as_the_time_in_the_bin(start in -1i64 << 40..1 << 40, duration in 1u64..1 << 40, value in 0u64..1 << 53) {
            let all = parts("time-proportional", start, duration, value);
            prop_assert_eq!(all.iter().map(|p| p.1).sum::<u64>(), value);
            for (bin, part) in all {
                let (from, to) = (bin * 10_000_000_000, (bin + 1) * 10_000_000_000);
                let inside = (to.min(start + duration as i64) - from.max(start)) as f64;
                prop_assert!((part as f64 - value as f64 * inside / duration as f64).abs() <= 1.0 + value as f64 * 1e-12);
            }
            let uniform = parts("bin-uniform", start, duration, value);
            let n = uniform.len() as u64;
            prop_assert_eq!(uniform.iter().map(|p| p.1).sum::<u64>(), value);
            prop_assert!(uniform.iter().all(|p| p.1.abs_diff(value / n) <= 1));
        }
    }
}
