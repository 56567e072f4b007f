//! Numbers that an exporter counts its datagrams or records with: what was lost on the way, what came late.
//!
//! Sources: RFC 3954, section 5.1 (datagrams); Cisco's NetFlow 5 and 7 (flows); RFC 7011, section 3.1 (data records sent
//! before); sFlow 5 (datagrams). Some exporters of NetFlow 9 count records, some of IPFIX datagrams, and softflowd the
//! flows up to and with this message: who fits another way of counting [`STEADY`] times in a row is taken to count so.
//! Numbers are of 32 bits and wrap.
//!
//! Invariant: what came and what is counted as lost add up to what was sent, as long as nothing comes twice. Bound:
//! [`GAPS`] gaps are remembered, for what comes late.

/// Gaps that are remembered.
const GAPS: usize = 8;

/// A number this much behind the one that was expected is late or repeated; more, and the exporter has begun again.
const LATE: u32 = 1 << 16;

/// How often another way of counting must fit before it is believed.
const STEADY: u8 = 3;

/// What an exporter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Datagrams, before this one.
    Datagrams,
    /// Records of data, before this datagram.
    Records,
    /// Flows, up to the last of this datagram.
    FlowsToo,
}

/// What a datagram has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) flows: u32,
    /// Records of options.
    pub(super) options: u32,
    /// Whether these are all: without a template records cannot be counted.
    pub(super) is_known: bool,
}

impl Way {
    /// The first number of what a datagram counts, and the one behind its last; `None` where that is not known.
    fn span(self, number: u32, content: Content) -> (Option<u32>, Option<u32>) {
        let known = |number: u32| content.is_known.then_some(number);
        match self {
            Way::Datagrams => (Some(number), Some(number.wrapping_add(1))),
            Way::Records => (Some(number), known(number.wrapping_add(content.flows).wrapping_add(content.options))),
            Way::FlowsToo => (known(number.wrapping_sub(content.flows)), Some(number)),
        }
    }
}

/// Ways in which exporters of a protocol count, the right one first.
pub(super) const FIXED_FLOWS: &[Way] = &[Way::Records];
pub(super) const V9: &[Way] = &[Way::Datagrams, Way::Records, Way::FlowsToo];
pub(super) const IPFIX: &[Way] = &[Way::Records, Way::Datagrams, Way::FlowsToo];
pub(super) const SFLOW: &[Way] = &[Way::Datagrams];

/// One sequence of numbers.
#[derive(Debug)]
pub(super) struct Sequence {
    ways: &'static [Way],
    /// Which of them holds.
    way: usize,
    /// In each way, the number that comes next, where it is known.
    next: [Option<u32>; 3],
    /// The other way that fitted last, how often in a row, and what is lost if it does not hold.
    other: usize,
    strikes: u8,
    doubtful: u32,
    /// What is missing: first number and how many.
    gaps: [(u32, u32); GAPS],
    /// The gap that is forgotten next.
    oldest: usize,
}

/// What a number tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is the one that was expected, or the first, or it is not known yet what.
    Nothing,
    /// So many are missing before it.
    Lost(u32),
    /// It fills so much of a gap.
    Found(u32),
    /// It came before, or is too late to be of a gap that is known.
    Repeated,
    /// The exporter has begun again.
    Restarted,
}

impl Sequence {
    pub(super) fn of(ways: &'static [Way]) -> Sequence {
        let gaps = [(0, 0); GAPS];
        Sequence { ways, way: 0, next: [None; 3], other: 0, strikes: 0, doubtful: 0, gaps, oldest: 0 }
    }

    /// Forgets all numbers, but not how they count.
    pub(super) fn begin_again(&mut self) {
        *self = Sequence { way: self.way, ..Sequence::of(self.ways) };
    }

    /// Whether records or flows are counted, not datagrams.
    pub(super) fn is_of_records(&self) -> bool {
        self.ways.get(self.way) != Some(&Way::Datagrams)
    }

    /// A datagram with this number came; `is_new` says that the exporter was just started.
    pub(super) fn came(&mut self, number: u32, content: Content, is_new: bool) -> Told {
        let before = self.next;
        let mut ahead = [None; 3];
        let mut counted = 0;
        for (i, way) in self.ways.iter().enumerate() {
            let (first, behind) = way.span(number, content);
            ahead[i] = first.zip(before[i]).map(|(first, next)| first.wrapping_sub(next) as i32);
            if i == self.way {
                counted = first.zip(behind).map_or(0, |(first, behind)| behind.wrapping_sub(first));
                // What comes late does not go back.
                self.next[i] = if ahead[i].is_some_and(|ahead| ahead < 0) { before[i] } else { behind };
            } else {
                self.next[i] = behind;
            }
        }
        let Some(missing) = ahead[self.way] else { return Told::Nothing };
        // An uptime that wrapped looks like a start, too.
        if is_new && missing != 0 {
            return self.restart(number, content);
        }
        if missing == 0 && self.doubtful == 0 {
            self.strikes = 0;
            return Told::Nothing;
        }
        // Two ways may fit at a time, where datagrams have equally many records.
        if let Some(other) = (0..self.ways.len()).find(|i| *i != self.way && ahead[*i] == Some(0)) {
            return self.doubt(other, missing, number, content);
        }
        self.strikes = 0;
        let doubtful = std::mem::take(&mut self.doubtful);
        match missing {
            0.. => self.lose(number, counted, missing as u32 + doubtful),
            _ => self.late(number, content, counted, missing.unsigned_abs()),
        }
    }

    /// The number is not the one that was expected, but fits another way of counting.
    fn doubt(&mut self, other: usize, missing: i32, number: u32, content: Content) -> Told {
        self.strikes = if other == self.other { self.strikes + 1 } else { 1 };
        self.other = other;
        self.doubtful += missing.max(0) as u32;
        if self.strikes == STEADY {
            (self.way, self.strikes, self.doubtful) = (other, 0, 0);
        } else if let Some(way) = self.ways.get(self.way) {
            self.next[self.way] = way.span(number, content).1;
        }
        Told::Nothing
    }

    fn lose(&mut self, number: u32, counted: u32, missing: u32) -> Told {
        if missing == 0 {
            return Told::Nothing;
        }
        let end = match self.ways.get(self.way) {
            Some(Way::FlowsToo) => number.wrapping_sub(counted),
            _ => number,
        };
        self.gaps[self.oldest] = (end.wrapping_sub(missing), missing);
        self.oldest = (self.oldest + 1) % GAPS;
        Told::Lost(missing)
    }

    /// A number behind the one that was expected.
    fn late(&mut self, number: u32, content: Content, counted: u32, behind: u32) -> Told {
        let start = match self.ways.get(self.way) {
            Some(Way::FlowsToo) => number.wrapping_sub(counted),
            _ => number,
        };
        let holds = |(first, missing): &(u32, u32)| {
            let at = start.wrapping_sub(*first);
            at < *missing && counted <= missing - at && counted > 0
        };
        let Some(place) = self.gaps.iter().position(holds) else {
            return if behind < LATE { Told::Repeated } else { self.restart(number, content) };
        };
        let (first, missing) = self.gaps[place];
        let before = start.wrapping_sub(first);
        let after = (start.wrapping_add(counted), missing - before - counted);
        self.gaps[place] = (first, before);
        if after.1 > 0 {
            let free = self.gaps.iter().position(|gap| gap.1 == 0).unwrap_or(self.oldest);
            self.gaps[free] = after;
        }
        Told::Found(counted)
    }

    fn restart(&mut self, number: u32, content: Content) -> Told {
        self.begin_again();
        for (i, way) in self.ways.iter().enumerate() {
            self.next[i] = way.span(number, content).1;
        }
        Told::Restarted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(flows: u32) -> Content {
        Content { flows, options: 0, is_known: true }
    }

    fn told(ways: &'static [Way], datagrams: &[(u32, u32)]) -> Vec<Told> {
        let mut sequence = Sequence::of(ways);
        datagrams.iter().map(|(number, flows)| sequence.came(*number, content(*flows), false)).collect()
    }

    #[test]
    fn a_gap_is_lost_and_what_comes_late_fills_it() {
        use Told::{Found, Lost, Nothing, Repeated};
        let seen = told(FIXED_FLOWS, &[(0, 30), (30, 30), (120, 30), (90, 30), (60, 30), (60, 30), (150, 5)]);
        assert_eq!(seen, [Nothing, Nothing, Lost(60), Found(30), Found(30), Repeated, Nothing]);
        // From the middle of a gap.
        let seen = told(SFLOW, &[(1, 9), (5, 9), (3, 9), (4, 9), (2, 9), (3, 9)]);
        assert_eq!(seen, [Nothing, Lost(3), Found(1), Found(1), Found(1), Repeated]);
    }

    #[test]
    fn numbers_wrap() {
        let seen = told(IPFIX, &[(u32::MAX - 9, 10), (0, 10), (20, 10), (10, 10)]);
        assert_eq!(seen, [Told::Nothing, Told::Nothing, Told::Lost(10), Told::Found(10)]);
    }

    #[test]
    fn who_begins_again_has_lost_nothing() {
        assert_eq!(told(V9, &[(900_000, 1), (0, 1), (1, 1)])[1..], [Told::Restarted, Told::Nothing]);
        let mut sequence = Sequence::of(IPFIX);
        sequence.came(500, content(1), false);
        assert_eq!(sequence.came(0, content(2), true), Told::Restarted);
        assert_eq!(sequence.came(2, content(2), false), Told::Nothing);
    }

    #[test]
    fn the_way_of_counting_that_fits_is_believed() {
        for (ways, way, first, step) in
            [(V9, Way::Records, 0, 20), (IPFIX, Way::Datagrams, 0, 1), (IPFIX, Way::FlowsToo, 24, 0)]
        {
            let mut sequence = Sequence::of(ways);
            let (mut number, mut flows) = (first, 24);
            for round in 0..8 {
                let told = sequence.came(number, content(flows), false);
                assert_eq!(told, Told::Nothing, "{way:?} {round}");
                flows = 30 + round;
                number += match step {
                    0 => flows,
                    20 => {
                        flows = 20;
                        if round == 0 { 24 } else { 20 }
                    }
                    step => step,
                };
            }
            assert_eq!(sequence.ways[sequence.way], way);
            assert_eq!(sequence.came(number + 5, content(flows), false), Told::Lost(5), "{way:?}");
        }
    }

    #[test]
    fn what_fits_another_way_once_is_lost_all_the_same() {
        // Twenty datagrams of NetFlow 9 are lost, and then one more.
        let seen = told(V9, &[(0, 20), (20, 7), (22, 7), (23, 7)]);
        assert_eq!(seen, [Told::Nothing, Told::Nothing, Told::Lost(20), Told::Nothing]);
    }

    #[test]
    fn what_could_not_be_counted_is_not_taken_for_lost() {
        let mut sequence = Sequence::of(IPFIX);
        assert_eq!(sequence.came(0, Content::default(), false), Told::Nothing);
        assert_eq!(sequence.came(77, content(3), false), Told::Nothing);
        assert_eq!(sequence.came(85, content(3), false), Told::Lost(5));
        let options = Content { options: 2, ..content(0) };
        assert_eq!(sequence.came(88, options, false), Told::Nothing);
        assert_eq!(sequence.came(90, content(1), false), Told::Nothing);
    }
}
