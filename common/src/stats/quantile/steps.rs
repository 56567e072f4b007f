//! Log-linear buckets and how they are written: values that agree in their first eleven binary digits share one.
//!
//! A value below 2048 is its own bucket; above, each doubling has 1024 buckets, so one is at most 1/1024 of its value wide.
//! These are the buckets of `hdrhistogram` with three digits, too. They are written as `[bucket,count,step,count,...]`,
//! each bucket but the first as its distance from the one before: at most 56 320 buckets fit into a line.

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The bucket of a value; ascends with it.
pub(super) fn bucket(value: u64) -> u16 {
    let shift = 53u32.saturating_sub(value.leading_zeros());
    (shift * 1024 + (value >> shift) as u32) as u16
}

/// Lowest and highest value of a bucket.
pub(super) fn bounds(bucket: u16) -> (u64, u64) {
    let shift = (u32::from(bucket) / 1024).saturating_sub(1);
    let low = (u64::from(bucket) - u64::from(shift) * 1024) << shift;
    (low, low + ((1 << shift) - 1))
}

/// The last bucket, that of `u64::MAX`.
pub(super) const LAST: u16 = 53 * 1024 + 2047;

/// Buckets and counts, ascending, no count 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps(pub(super) Vec<(u16, u64)>);

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(2 * self.0.len()))?;
        let mut before = 0;
        for (bucket, count) in &self.0 {
            list.serialize_element(&(bucket - before))?;
            list.serialize_element(count)?;
            before = *bucket;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Steps, D::Error> {
        struct Flat;

        impl<'de> Visitor<'de> for Flat {
            type Value = Steps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("buckets and counts in turn")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Steps, A::Error> {
                let mut all: Vec<(u16, u64)> = Vec::new();
                while let Some(step) = list.next_element::<u16>()? {
                    let count = list.next_element::<u64>()?.filter(|n| *n > 0);
                    let bucket = match all.last() {
                        None => Some(step),
                        Some(_) if step == 0 => None,
                        Some((before, _)) => before.checked_add(step),
                    };
                    match (bucket.filter(|b| *b <= LAST), count) {
                        (Some(bucket), Some(count)) => all.push((bucket, count)),
                        _ => return Err(de::Error::custom("buckets out of order, or empty")),
                    }
                }
                Ok(Steps(all))
            }
        }

        deserializer.deserialize_seq(Flat)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        assert_eq!((bounds(0), bounds(LAST).1), ((0, 0), u64::MAX));
        for b in 0..LAST {
            assert_eq!(bounds(b).1 + 1, bounds(b + 1).0, "{b}");
        }
    }

    #[test]
    fn all_buckets_fit_into_a_line() {
        let all = Steps((0..=LAST).map(|b| (b, 9_999_999_999)).collect());
        let text = serde_json::to_string(&all).unwrap();
        assert!(text.len() < crate::scan::MAX_LINE * 9 / 10, "{}", text.len());
        assert_eq!(serde_json::from_str::<Steps>(&text).unwrap(), all);
        for bad in ["[1]", "[1,0]", "[1,2,0,1]", "[1,2,65535,1]", "[56320,1]", "[-1,1]", "[1.5,1]"] {
            assert!(serde_json::from_str::<Steps>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value_and_is_at_most_a_thousandth_wide(value: u64, shift in 0..64) {
            let value = value >> shift;
            let (low, high) = bounds(bucket(value));
            prop_assert!(low <= value && value <= high);
            prop_assert!((high - low) <= value / 1024);
            prop_assert!(value > 2047 || low == high);
        }

        #[test]
        fn buckets_are_those_of_hdrhistogram(value: u64, shift in 1..64) {
            let histogram = Histogram::<u64>::new_with_bounds(1, i64::MAX as u64, 3).unwrap();
            let value = value >> shift;
            let same = (histogram.lowest_equivalent(value), histogram.highest_equivalent(value));
            prop_assert_eq!(bounds(bucket(value)), same);
        }
    }
}
