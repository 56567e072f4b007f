//! `hourly`: the day's profile, one row an hour of the day.

use super::calendar::{Calendar, DAY, Hours, Spread, put_over};
use super::params;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Spec};
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};
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
the input has a flow, a date being 0 on which the hour is silent. So bytes_day_mean equals bytes_mean.",
        params: &[params::TZ, params::QUANTILES],
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
};

/// Columns over dates.
const OVER: [[&str; 2]; 3] =
    [["bytes_day_mean", "bytes_day_std"], ["flows_day_mean", "flows_day_std"], ["packets_day_mean", "packets_day_std"]];

fn build(args: &Args, _: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Hourly::new(Calendar::new(args.zone("tz")), params::precision(args))))
}

#[derive(Clone)]
struct Hourly {
    calendar: Calendar,
    precision: Precision,
    hours: Hours,
    /// By hour of the day.
    spreads: Vec<Spread>,
}

impl Hourly {
    fn new(calendar: Calendar, precision: Precision) -> Hourly {
        Hourly { calendar, precision, hours: Hours::default(), spreads: vec![Spread::new(precision); DAY as usize] }
    }
}

impl State for Hourly {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(time) = line.flow.time() else { return Err("timestamp") };
        let hour = self.calendar.hour(time);
        self.hours.add(hour, line.flow);
        self.spreads[hour.rem_euclid(DAY) as usize].add(line.flow);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    fn empty(&self) -> Self {
        Hourly::new(self.calendar.clone(), self.precision)
    }

    fn merge(&mut self, other: Hourly) {
        self.hours.merge(other.hours);
        self.spreads.iter_mut().zip(&other.spreads).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let hours = self.hours.finish();
        let dates = hours.keys().map(|h| h.div_euclid(DAY)).collect::<BTreeSet<_>>().len() as u64;
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
            put_over(&mut row, &OVER, &parts, dates);
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
