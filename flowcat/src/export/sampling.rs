//! The sampling of an exporter: what its options say, and which of it a record means.
//!
//! Sources: RFC 5476 and 5477 (selectors and their parameters), RFC 3954, section 8 (SAMPLING_INTERVAL,
//! FLOW_SAMPLER_ID, FLOW_SAMPLER_RANDOM_INTERVAL). Invariant: N of 1-in-N is at least 1. Bound: [`SAMPLERS`] of each
//! kind; of more, the first count.

use super::element::Slot;
use super::limits::SAMPLERS;
use super::saved::Rates;
use super::values::Values;
use flow_record::map::Map;

/// What one observation domain samples.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    /// By the number of the sampler.
    samplers: Map<u64, u64>,
    /// By interface.
    interfaces: Map<u64, u64>,
    /// Of all that names neither.
    rest: Option<u64>,
}

impl Sampling {
    /// Bytes that it takes up.
    pub(super) fn weight(&self) -> usize {
        (self.samplers.capacity() + self.interfaces.capacity()) * size_of::<(u64, u64, u64)>()
    }

    /// What is known, sorted.
    pub(super) fn rates(&self) -> Rates {
        let sorted = |map: &Map<u64, u64>| {
            let mut all: Vec<_> = map.iter().map(|(key, rate)| (*key, *rate)).collect();
            all.sort_unstable();
            all
        };
        Rates { samplers: sorted(&self.samplers), interfaces: sorted(&self.interfaces), rest: self.rest }
    }

    /// The same again.
    pub(super) fn of_rates(rates: Rates) -> Sampling {
        let map = |all: Vec<(u64, u64)>| all.into_iter().filter(|(_, rate)| *rate > 0).take(SAMPLERS).collect();
        Sampling {
            samplers: map(rates.samplers),
            interfaces: map(rates.interfaces),
            rest: rates.rest.filter(|r| *r > 0),
        }
    }

    /// Learns from a record of options.
    pub(super) fn learn(&mut self, options: &Values) {
        let Some(rate) = rate(options) else { return };
        let put = |map: &mut Map<u64, u64>, key| {
            if map.len() < SAMPLERS || map.contains_key(&key) {
                map.insert(key, rate);
            }
        };
        match (options.get(Slot::Sampler), options.some(Slot::InputIf)) {
            (Some(sampler), _) => put(&mut self.samplers, sampler),
            (None, Some(interface)) => put(&mut self.interfaces, interface),
            (None, None) => self.rest = Some(rate),
        }
    }

    /// N of the record's 1-in-N.
    #[inline]
    pub(super) fn of(&self, values: &Values) -> Option<u64> {
        if let Some(rate) = rate(values) {
            return Some(rate);
        }
        if self.rest.is_none() && self.samplers.is_empty() && self.interfaces.is_empty() {
            return None;
        }
        match values.get(Slot::Sampler) {
            // Cisco's samplers count from 1: 0 is a flow that was not sampled.
            Some(0) if !self.samplers.contains_key(&0) => None,
            Some(sampler) => self.samplers.get(&sampler).copied().or(self.rest),
            None => {
                let interface = values.get(Slot::InputIf).and_then(|i| self.interfaces.get(&i)).copied();
                interface.or(self.rest).or_else(|| self.only())
            }
        }
    }

    /// The one sampler that there is, for records that do not say which is theirs.
    fn only(&self) -> Option<u64> {
        let mut rates = self.samplers.values().copied();
        rates.next().filter(|_| self.samplers.len() == 1)
    }
}

/// N of 1-in-N, in any of the ways in which it is said.
#[inline]
fn rate(values: &Values) -> Option<u64> {
    const WAYS: [Slot; 5] =
        [Slot::SampledPackets, Slot::Interval, Slot::RandomInterval, Slot::Population, Slot::Probability];
    if !values.has_some(&WAYS) {
        return None;
    }
    if let Some(sampled) = values.some(Slot::SampledPackets) {
        return Some(nearest(sampled.saturating_add(values.get(Slot::SkippedPackets).unwrap_or(0)), sampled));
    }
    if let Some(interval) = values.some(Slot::Interval).or_else(|| values.some(Slot::RandomInterval)) {
        return Some(interval);
    }
    if let (Some(population), Some(size)) = (values.some(Slot::Population), values.some(Slot::SampleSize)) {
        return Some(nearest(population, size));
    }
    let probability = values.get(Slot::Probability).map(f64::from_bits).filter(|p| *p > 0.0 && *p <= 1.0)?;
    Some((1.0 / probability).round() as u64)
}

/// The nearest whole number of a ratio that is at least 1.
fn nearest(of: u64, per: u64) -> u64 {
    (of.saturating_add(per / 2) / per).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[(Slot, u64)]) -> Values {
        let mut values = Values::default();
        numbers.iter().for_each(|(slot, value)| values.put(*slot, *value));
        values
    }

    #[test]
    fn a_rate_is_said_in_five_ways() {
        for (numbers, expected) in [
            (&[(Slot::SampledPackets, 1), (Slot::SkippedPackets, 999)][..], Some(1000)),
            (&[(Slot::SampledPackets, 2), (Slot::SkippedPackets, 198)], Some(100)),
            (&[(Slot::SampledPackets, 0), (Slot::SkippedPackets, 9), (Slot::Interval, 5)], Some(5)),
            (&[(Slot::Interval, 512)], Some(512)),
            (&[(Slot::Interval, 0), (Slot::RandomInterval, 64)], Some(64)),
            (&[(Slot::SampleSize, 1), (Slot::Population, 50)], Some(50)),
            (&[(Slot::Probability, 0.001f64.to_bits())], Some(1000)),
            (&[(Slot::Probability, 0f64.to_bits())], None),
            (&[(Slot::Probability, f64::NAN.to_bits())], None),
            (&[(Slot::Interval, 0)], None),
            (&[(Slot::SampledPackets, u64::MAX), (Slot::SkippedPackets, 1)], Some(1)),
            (&[], None),
        ] {
            assert_eq!(rate(&values(numbers)), expected, "{numbers:?}");
        }
    }

    #[test]
    fn a_record_means_its_sampler_its_interface_or_the_one_there_is() {
        let mut sampling = Sampling::default();
        let record = |numbers: &[(Slot, u64)]| values(numbers);
        assert_eq!(sampling.of(&record(&[])), None);
        sampling.learn(&values(&[(Slot::Sampler, 1), (Slot::RandomInterval, 100)]));
        assert_eq!(sampling.of(&record(&[])), Some(100));
        sampling.learn(&values(&[(Slot::Sampler, 2), (Slot::RandomInterval, 200)]));
        assert_eq!(sampling.of(&record(&[])), None);
        assert_eq!(sampling.of(&record(&[(Slot::Sampler, 2)])), Some(200));
        assert_eq!(sampling.of(&record(&[(Slot::Sampler, 3)])), None);
        assert_eq!(sampling.of(&record(&[(Slot::Sampler, 0)])), None);
        sampling.learn(&values(&[(Slot::InputIf, 7), (Slot::Interval, 300)]));
        assert_eq!(sampling.of(&record(&[(Slot::InputIf, 7)])), Some(300));
        sampling.learn(&values(&[(Slot::Interval, 400)]));
        assert_eq!(sampling.of(&record(&[(Slot::InputIf, 8)])), Some(400));
        assert_eq!(sampling.of(&record(&[(Slot::Interval, 5), (Slot::Sampler, 2)])), Some(5));
    }

    #[test]
    fn beyond_the_limit_the_first_samplers_count() {
        let mut sampling = Sampling::default();
        for number in 0..2 * SAMPLERS as u64 {
            sampling.learn(&values(&[(Slot::Sampler, number), (Slot::Interval, 9)]));
        }
        assert_eq!(sampling.samplers.len(), SAMPLERS);
        sampling.learn(&values(&[(Slot::Sampler, 5), (Slot::Interval, 10)]));
        assert_eq!(sampling.of(&values(&[(Slot::Sampler, 5)])), Some(10));
    }
}
