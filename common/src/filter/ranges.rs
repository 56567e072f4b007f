//! Sets of integers as ranges that neither overlap nor touch, in ascending order.
//!
//! A look-up is a comparison where there is one range, a bit of a table where all lie below 65 536, else a binary search.

const PORTS: usize = 1 << 16;

/// A set of integers.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    all: Vec<(u64, u64)>,
    /// A bit for each port, where that is quicker.
    bits: Option<Box<[u64]>>,
}

impl PartialEq for Ranges {
    fn eq(&self, other: &Ranges) -> bool {
        self.all == other.all
    }
}

/// Ranges, first and last, in ascending order without overlap; those that touch are one.
pub(super) fn joined<T: Copy + Ord>(mut all: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Vec<(T, T)> {
    all.retain(|(first, last)| first <= last);
    all.sort_unstable();
    let mut joined: Vec<(T, T)> = Vec::with_capacity(all.len());
    for (first, last) in all {
        match joined.last_mut() {
            Some(open) if next(open.1).is_none_or(|after| first <= after) => open.1 = open.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

impl Ranges {
    /// The set of what lies in one of these ranges, first and last included.
    pub(super) fn new(all: Vec<(u64, u64)>) -> Ranges {
        let all = joined(all, |v| v.checked_add(1));
        let is_small = all.last().is_some_and(|(_, last)| *last < PORTS as u64);
        let bits = (all.len() > 2 && is_small).then(|| {
            let mut bits = vec![0u64; PORTS / 64].into_boxed_slice();
            for value in all.iter().flat_map(|(first, last)| *first..=*last) {
                bits[value as usize / 64] |= 1 << (value % 64);
            }
            bits
        });
        Ranges { all, bits }
    }

    /// The integers from `first` to `last`; none if they are in the wrong order.
    pub(super) fn one(first: u64, last: u64) -> Ranges {
        Ranges::new(vec![(first, last)])
    }

    /// All ranges.
    pub(super) fn all(&self) -> &[(u64, u64)] {
        &self.all
    }

    /// Whether a value is in the set.
    #[inline]
    pub(super) fn contains(&self, value: u64) -> bool {
        match &self.bits {
            Some(bits) => bits.get((value / 64) as usize).is_some_and(|word| word >> (value % 64) & 1 == 1),
            None => is_within(&self.all, value),
        }
    }
}

/// Whether a value lies in one of these ascending ranges.
#[inline]
pub(super) fn is_within<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= value);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| value <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let set = Ranges::new(vec![(5, 7), (1, 2), (3, 4), (10, 9), (u64::MAX, u64::MAX), (6, 20)]);
        assert_eq!(set.all(), [(1, 20), (u64::MAX, u64::MAX)]);
    }

    proptest! {
        #[test]
        fn holds_what_one_of_its_ranges_holds(
            ranges in proptest::collection::vec((0..100u64, 0..100u64), 0..8), high in any::<bool>(), value in 0..100u64,
        ) {
            let shift = if high { u64::MAX - 99 } else { 0 };
            let moved = ranges.iter().map(|(a, b)| (a + shift, b + shift)).collect();
            let expected = ranges.iter().any(|(a, b)| (a..=b).contains(&&value));
            prop_assert_eq!(Ranges::new(moved).contains(value + shift), expected);
        }
    }
}
