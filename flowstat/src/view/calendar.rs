//! Hours and dates of a time zone's clock, and what flows sum up to in each hour.
//!
//! Hours are numbered from 1970-01-01T00 of the zone's own clock. Where the clock is set back, one number holds two
//! hours; where it is set forward, one holds none. Bound of [`Hours`]: about 120 bytes an hour that has a flow.

use super::reading::Reading;
use super::rows::Row;
use super::totals::Totals;
use flow_record::baseline::{Frame, Hour, read_hour};
use flow_record::map::Map;
use flow_record::record::Flow;
use flow_record::stats::{FlowQuantiles, Moments, Precision, Sums};
use flow_record::value::Time;
use flow_record::value::time::Zone;
use std::collections::BTreeMap;

/// Hours of a day.
pub(crate) const DAY: i64 = 24;

/// Hours of a week.
pub(crate) const WEEK: i64 = 168;

/// Seconds of a quarter of an hour: zones change their offset at its bounds only.
const QUARTER: i64 = 900;

/// Reads a zone's clock.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    zone: Zone,
    /// The quarter that was asked for last, and the clock's seconds ahead of UTC in it.
    quarter: i64,
    offset: i64,
}

impl Calendar {
    /// The clock of a zone.
    pub(crate) fn new(zone: Zone) -> Calendar {
        Calendar { zone, quarter: i64::MIN, offset: 0 }
    }

    /// Seconds that the clock shows at a time.
    #[inline]
    pub(crate) fn seconds(&mut self, time: Time) -> i64 {
        let seconds = time.seconds();
        let quarter = seconds.div_euclid(QUARTER);
        if quarter != self.quarter {
            self.quarter = quarter;
            self.offset = self.zone.clock_seconds(time) - seconds;
        }
        seconds + self.offset
    }

    /// The hour of the clock that is an hour of UTC; `None` where the clock is not whole hours away from UTC.
    fn whole_hour(&mut self, hour: i64) -> Option<i64> {
        let seconds = self.seconds(Time::from_seconds(hour.checked_mul(3600)?, 0)?);
        (seconds.rem_euclid(3600) == 0).then_some(seconds.div_euclid(3600))
    }

    /// The hour of the clock and the state that a line of the hours of a baseline has.
    pub(crate) fn read(&mut self, frame: Frame<'_>, reading: &mut Reading) -> Option<(i64, Hour)> {
        let hour = reading.key(frame, read_hour)?;
        let clock = self.whole_hour(hour);
        if clock.is_none() {
            reading.fail("tz: a baseline has whole hours of UTC, and this clock is not whole hours away".to_owned());
        }
        Some((clock?, reading.state(frame)?))
    }

    /// The hour that the clock shows at a time.
    #[inline]
    pub(crate) fn hour(&mut self, time: Time) -> i64 {
        self.seconds(time).div_euclid(3600)
    }
}

/// Sums per hour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hours {
    closed: Map<i64, Sums>,
    /// The hour that was added to last: neighbouring flows share theirs.
    open: (i64, Sums),
}

impl Hours {
    /// Adds a flow to its hour.
    #[inline]
    pub(crate) fn add(&mut self, hour: i64, flow: &Flow) {
        if hour != self.open.0 {
            self.close();
            self.open.0 = hour;
        }
        self.open.1.add(flow);
    }

    /// Adds what an hour of a baseline has.
    pub(crate) fn add_sums(&mut self, hour: i64, sums: &Sums) {
        self.closed.entry(hour).or_default().merge(sums);
    }

    /// Whether no hour has a flow.
    pub(crate) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.open.1 == Sums::new()
    }

    fn close(&mut self) {
        let (hour, sums) = std::mem::take(&mut self.open);
        if sums != Sums::new() {
            self.closed.entry(hour).or_default().merge(&sums);
        }
    }

    /// Adds all of another state.
    pub(crate) fn merge(&mut self, mut other: Hours) {
        other.close();
        for (hour, sums) in other.closed {
            self.closed.entry(hour).or_default().merge(&sums);
        }
    }

    /// The hours that have a flow, ascending.
    pub(crate) fn finish(mut self) -> BTreeMap<i64, Sums> {
        self.close();
        self.closed.into_iter().collect()
    }
}

/// How bytes spread over the flows of an hour or a date.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    moments: Moments,
    quantiles: FlowQuantiles,
}

impl Spread {
    /// No flows.
    pub(crate) fn new(precision: Precision) -> Spread {
        Spread { moments: Moments::new(), quantiles: FlowQuantiles::new(precision) }
    }

    /// Adds a flow that says its bytes.
    #[inline]
    pub(crate) fn add(&mut self, flow: &Flow) {
        if let Some(bytes) = flow.bytes() {
            self.moments.add(bytes);
            self.quantiles.add(bytes);
        }
    }

    /// Adds what an hour of a baseline has.
    pub(crate) fn add_hour(&mut self, hour: &Hour) {
        self.moments.merge(&hour.bytes.moments);
        self.quantiles.merge_key(&hour.bytes.quantiles);
    }

    /// Adds all of another state.
    pub(crate) fn merge(&mut self, other: &Spread) {
        self.moments.merge(&other.moments);
        self.quantiles.merge(&other.quantiles);
    }

    /// Puts `bytes_std` and `bytes_median`.
    pub(crate) fn put(&self, row: &mut Row<'_, '_>) {
        row.float("bytes_std", self.moments.deviation_sample());
        row.quantile("bytes_median", self.quantiles.distribution().quantile(0.5), 1.0);
    }
}

/// Puts mean and sample deviation of bytes, flows and packets over `n` periods, of which those that are not among `sums`
/// are silent: `bytes_day_mean`, `bytes_day_std`, ...
pub(crate) fn put_over(row: &mut Row<'_, '_>, names: &[[&str; 2]; 3], sums: &[&Sums], n: u64) {
    let columns: [fn(&Sums) -> u128; 3] = [Sums::bytes, |s| u128::from(s.flows()), Sums::packets];
    for ([mean, std], of) in names.iter().zip(columns) {
        let totals = Totals::of(sums.iter().map(|s| of(s)), n.saturating_sub(sums.len() as u64));
        row.float(mean, totals.mean());
        row.float(std, totals.deviation());
    }
}

/// Puts the same columns over periods of different weights; a silent one has no sums. The deviation is that of
/// reliability weights: Σw(x - mean)² / (Σw - Σw²/Σw), which is the sample deviation where all weigh the same.
pub(crate) fn put_weighted(row: &mut Row<'_, '_>, names: &[[&str; 2]; 3], periods: &[(Option<&Sums>, f64)]) {
    let columns: [fn(&Sums) -> u128; 3] = [Sums::bytes, |s| u128::from(s.flows()), Sums::packets];
    let (all, squares) = periods.iter().fold((0.0, 0.0), |(all, squares), (_, w)| (all + w, squares + w * w));
    for ([mean_name, std], of) in names.iter().zip(columns) {
        let values = || periods.iter().map(|(sums, w)| (sums.map_or(0.0, |s| of(s) as f64), *w));
        let mean = values().map(|(x, w)| x * w).sum::<f64>() / all;
        let spread = values().map(|(x, w)| w * (x - mean).powi(2)).sum::<f64>();
        let free = all - squares / all;
        row.float(mean_name, mean);
        // Of one period the difference of two equal numbers may be a little off 0.
        row.float(std, if free > all * 1e-9 { (spread / free).sqrt() } else { 0.0 });
    }
}

/// The weight of what lies so many hours before the last.
pub(crate) fn weight(half_life: f64, age: i64) -> f64 {
    (-(age as f64) / half_life).exp2()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::record::field;
    use flow_record::value::time::{DateCache, rfc3339};

    fn time(text: &str) -> Time {
        rfc3339(&mut DateCache::default(), text.as_bytes()).unwrap().0
    }

    #[test]
    fn hours_are_those_that_the_clock_of_the_zone_shows() {
        let mut utc = Calendar::new(Zone::utc());
        assert_eq!(utc.hour(time("1970-01-01T00:59:59.999Z")), 0);
        assert_eq!(utc.hour(time("1969-12-31T23:00:00Z")), -1);
        let mut lisbon = Calendar::new(Zone::named("Europe/Lisbon").unwrap());
        for at in ["2024-10-27T00:30:00Z", "2024-10-27T00:59:59Z", "2024-10-27T01:00:00Z", "2024-10-27T01:59:59Z"] {
            // Summer time ends at 01:00 UTC: from then on the clock shows 01 again.
            assert_eq!(lisbon.hour(time(at)), utc.hour(time("2024-10-27T01:00:00Z")), "{at}");
        }
    }

    #[test]
    fn sums_lie_in_their_hour_in_whatever_order_flows_come() {
        let mut flow = Flow::new();
        assert!(flow.set_integer(field::BYTES, 10));
        let add = |hours: &[i64]| {
            let mut made = Hours::default();
            hours.iter().for_each(|h| made.add(*h, &flow));
            made
        };
        let mut made = add(&[0, 5, 5, -1]);
        made.merge(add(&[0, 7]));
        let bytes: Vec<_> = made.finish().into_iter().map(|(h, s)| (h, s.bytes())).collect();
        assert_eq!(bytes, [(-1, 10), (0, 20), (5, 20), (7, 10)]);
        assert!(Hours::default().finish().is_empty());
    }
}
