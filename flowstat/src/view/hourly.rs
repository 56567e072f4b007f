//! `hourly`: the day's profile, one row an hour of the day.

use super::calendar::{Calendar, DAY, Hours, Spread, put_over, put_weighted, weight};
use super::params;
use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Hour, Section};
use flow_record::item::{Args, Spec};
use flow_record::map::Set;
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::{Precision, Sums};
use std::collections::BTreeSet;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "hourly",
        about: "traffic by hour of the day",
        explain: "One row for each hour of the day (0 to 23, by the clock of tz) in which a flow starts.

flows, bytes and packets are sums over all dates. bytes_mean is bytes divided by the number of distinct dates on which
the input has a flow. bytes_std and bytes_median are the sample deviation (divisor n - 1, 0 below two flows) and the
median (type 7) of bytes over the flows of the hour.

The columns with _day_ look at the sums of the hour on each date: their mean and sample deviation over all dates on which
the input has a flow, a date being 0 on which the hour is silent. So bytes_day_mean equals bytes_mean. With forget=30d a
date weighs half as much as one that is 30 days later; that is for these columns alone, whose deviation is then the one of
reliability weights. The dates of exclude= are left out of everything.

A baseline is read where the clock of tz is whole hours away from UTC; an hour in it that has more than 1024 flows has an
approximate median.",
        params: &[params::TZ, params::QUANTILES, params::FORGET, params::EXCLUDE],
        needs: &["timestamp", "bytes", "packets", "rev_bytes", "rev_packets", "flows"],
        columns: &[
            column("hour", Kind::Integer(23), "", "hour of the day"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("bytes_mean", Kind::Number, "bytes", "bytes of the hour on a date, on average: bytes / dates in the input; no mean over flows"),
            column("bytes_std", Kind::Number, "bytes", "sample deviation of bytes over flows"),
            column("bytes_median", Kind::Number, "bytes", "median of bytes over flows"),
            column("bytes_day_mean", Kind::Number, "bytes", "mean of the dates' bytes"),
            column("bytes_day_std", Kind::Number, "bytes", "sample deviation of the dates' bytes"),
            column("flows_day_mean", Kind::Number, "flows", "mean of the dates' flows"),
            column("flows_day_std", Kind::Number, "flows", "sample deviation of the dates' flows"),
            column("packets_day_mean", Kind::Number, "packets", "mean of the dates' packets"),
            column("packets_day_std", Kind::Number, "packets", "sample deviation of the dates' packets"),
            columns::APPROX,
        ],
        memory: "about 120 bytes for each hour of each date; for each hour of the day up to 65 536 distinct sizes of flows \
                 (2 MiB), then a histogram (450 KiB)",
        source: "arithmetic; quantiles: Hyndman and Fan (1996), type 7",
    },
    build,
    flows_only: "",
};

/// Columns over dates.
const OVER: [[&str; 2]; 3] =
    [["bytes_day_mean", "bytes_day_std"], ["flows_day_mean", "flows_day_std"], ["packets_day_mean", "packets_day_std"]];

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let precision = params::precision(args);
    Ok(Box::new(Hourly {
        calendar: Calendar::new(args.zone("tz")),
        precision,
        half_life: params::half_life(args),
        excluded: params::excluded(args)?,
        hours: Hours::default(),
        spreads: vec![Spread::new(precision); DAY as usize],
        reading: Reading::new(setup),
    }))
}

#[derive(Clone)]
struct Hourly {
    calendar: Calendar,
    precision: Precision,
    /// In hours.
    half_life: Option<f64>,
    /// Dates by their number.
    excluded: Set<i64>,
    hours: Hours,
    /// By hour of the day.
    spreads: Vec<Spread>,
    reading: Reading,
}

impl State for Hourly {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(time) = line.flow.time() else { return Err("timestamp") };
        let hour = self.calendar.hour(time);
        if !self.excluded.contains(&hour.div_euclid(DAY)) {
            self.hours.add(hour, line.flow);
            self.spreads[hour.rem_euclid(DAY) as usize].add(line.flow);
        }
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        if let Some(frame) = self.reading.frame(line).filter(|f| f.section == Hour::NAME)
            && let Some((hour, state)) = self.calendar.read(frame, &mut self.reading)
            && !self.excluded.contains(&hour.div_euclid(DAY))
        {
            self.hours.add_sums(hour, &state.sums);
            self.spreads[hour.rem_euclid(DAY) as usize].add_hour(&state);
        }
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    fn empty(&self) -> Self {
        Hourly {
            calendar: self.calendar.clone(),
            excluded: self.excluded.clone(),
            hours: Hours::default(),
            spreads: vec![Spread::new(self.precision); DAY as usize],
            reading: self.reading.empty(),
            ..*self
        }
    }

    fn merge(&mut self, other: Hourly) {
        self.reading.merge(other.reading);
        self.hours.merge(other.hours);
        self.spreads.iter_mut().zip(&other.spreads).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let hours = self.hours.finish();
        let days: BTreeSet<i64> = hours.keys().map(|h| h.div_euclid(DAY)).collect();
        let dates = days.len() as u64;
        self.reading.told(dates).into_iter().for_each(|text| rows.note(text));
        let reverse = Reverse::of(hours.values());
        for (hour, spread) in (0..DAY).zip(&self.spreads) {
            let parts: Vec<&Sums> =
                hours.iter().filter(|(h, _)| h.rem_euclid(DAY) == hour).map(|(_, sums)| sums).collect();
            if parts.is_empty() {
                continue;
            }
            let mut sums = Sums::new();
            parts.iter().for_each(|s| sums.merge(s));
            let mut row = rows.row();
            row.integer("hour", hour as u64);
            row.sums(&sums, reverse);
            row.float("bytes_mean", sums.bytes() as f64 / dates as f64);
            spread.put(&mut row);
            match (self.half_life, days.last()) {
                (Some(half_life), Some(last)) => {
                    let period = |day: &i64| (hours.get(&(day * DAY + hour)), weight(half_life, (last - day) * DAY));
                    put_weighted(&mut row, &OVER, &days.iter().map(period).collect::<Vec<_>>());
                }
                _ => put_over(&mut row, &OVER, &parts, dates),
            }
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, rows, shown};

    const FLOWS: [&str; 4] = [
        r#"{"timestamp":"2026-03-10T08:59:59.999Z","bytes":10,"packets":1}"#,
        r#"{"timestamp":"2026-03-10T08:00:00.000Z","bytes":30,"packets":2}"#,
        r#"{"timestamp":"2026-03-11T08:10:00.000Z","bytes":5,"packets":1}"#,
        r#"{"timestamp":"2026-03-12T23:00:00.000Z","bytes":7,"packets":1}"#,
    ];

    #[test]
    fn means_are_over_all_dates_of_the_input() {
        let rows = rows("hourly", &FLOWS);
        assert_eq!(column(&rows, "hour"), "8 23");
        assert_eq!(column(&rows, "flows"), "3 1");
        assert_eq!(column(&rows, "bytes_mean"), format!("15 {}", shown(7.0 / 3.0)));
        // Over dates: 40, 5, 0 and 0, 0, 7.
        assert_eq!(column(&rows, "bytes_day_mean"), format!("15 {}", shown(7.0 / 3.0)));
        assert_eq!(column(&rows, "bytes_day_std"), format!("{} {}", shown(475f64.sqrt()), shown((49f64 / 3.0).sqrt())));
        assert_eq!(column(&rows, "flows_day_mean"), format!("1 {}", shown(1.0 / 3.0)));
    }

    #[test]
    fn spread_is_over_the_flows_of_the_hour() {
        let rows = rows("hourly", &FLOWS);
        assert_eq!(column(&rows, "bytes_median"), "10 7");
        assert_eq!(column(&rows, "bytes_std"), format!("{} 0", shown(175f64.sqrt())));
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        assert_eq!(column(&rows("hourly:tz=+01:00", &FLOWS), "hour"), "0 9");
    }

    #[test]
    fn quantiles_can_be_left_out_and_flows_without_a_time_are() {
        let rows = rows("hourly:quantiles=no", &[FLOWS[0], r#"{"bytes":1}"#]);
        assert_eq!((column(&rows, "flows"), column(&rows, "bytes_median")), ("1".into(), "-".into()));
    }
}
