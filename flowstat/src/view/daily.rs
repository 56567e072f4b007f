//! `daily`: one row a date.

use super::calendar::{Calendar, DAY, Hours, Spread, put_over};
use super::params;
use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Day, Frame, Hour, Section, read_day};
use flow_record::item::{Args, Spec};
use flow_record::map::{Map, Set};
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::{Addresses, Precision, SketchKey, Sums};
use flow_record::value::time::date_text;
use std::collections::BTreeMap;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "daily",
        about: "traffic by date",
        explain: "One row for each date (by the clock of tz) on which a flow starts.

flows, bytes and packets are sums; hosts is the number of distinct source addresses. bytes_std and bytes_median are the
sample deviation (divisor n - 1, 0 below two flows) and the median (type 7) of bytes over the flows of the date.

The columns with _hour_ look at the sums of each hour of the date: their mean and sample deviation over 24 hours, an hour
without a flow being 0. The dates of exclude= are left out.

A baseline has the dates of UTC; a date in it with an hour of more than 1024 flows has an approximate median.",
        params: &[params::TZ, params::QUANTILES, params::EXCLUDE],
        needs: &["timestamp", "bytes", "packets", "rev_bytes", "rev_packets", "flows", "src_ip"],
        columns: &[
            column("date", Kind::Text, "", "date, YYYY-MM-DD"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("hosts", columns::SUM, "", "distinct source addresses"),
            column("bytes_std", Kind::Number, "bytes", "sample deviation of bytes over flows"),
            column("bytes_median", Kind::Number, "bytes", "median of bytes over flows"),
            column("bytes_hour_mean", Kind::Number, "bytes", "mean of the hours' bytes"),
            column("bytes_hour_std", Kind::Number, "bytes", "sample deviation of the hours' bytes"),
            column("flows_hour_mean", Kind::Number, "flows", "mean of the hours' flows"),
            column("flows_hour_std", Kind::Number, "flows", "sample deviation of the hours' flows"),
            column("packets_hour_mean", Kind::Number, "packets", "mean of the hours' packets"),
            column("packets_hour_std", Kind::Number, "packets", "sample deviation of the hours' packets"),
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "for each date: up to 65 536 addresses, then a sketch of 16 KiB; up to 65 536 distinct sizes of flows (2 MiB), \
                 then a histogram (450 KiB); about 120 bytes an hour",
        source: "arithmetic; quantiles: Hyndman and Fan (1996), type 7; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "",
};

/// Columns over hours.
const OVER: [[&str; 2]; 3] = [
    ["bytes_hour_mean", "bytes_hour_std"],
    ["flows_hour_mean", "flows_hour_std"],
    ["packets_hour_mean", "packets_hour_std"],
];

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Daily {
        calendar: Calendar::new(args.zone("tz")),
        precision: params::precision(args),
        key: SketchKey::default(),
        is_utc: args.zone("tz").is_utc(),
        excluded: params::excluded(args)?,
        hours: Hours::default(),
        dates: Map::default(),
        reading: Reading::new(setup),
    }))
}

#[derive(Clone)]
struct Daily {
    calendar: Calendar,
    precision: Precision,
    key: SketchKey,
    is_utc: bool,
    /// Dates by their number.
    excluded: Set<i64>,
    hours: Hours,
    dates: Map<i64, Date>,
    reading: Reading,
}

#[derive(Clone)]
struct Date {
    hosts: Addresses,
    spread: Spread,
}

impl Daily {
    fn date(&mut self, day: i64) -> &mut Date {
        let precision = self.precision;
        self.dates.entry(day).or_insert_with(|| Date { hosts: Addresses::new(), spread: Spread::new(precision) })
    }

    /// Takes a line of a baseline.
    fn absorb(&mut self, frame: Frame<'_>) -> Option<()> {
        match frame.section {
            _ if !self.is_utc => self.reading.fail("tz: a baseline has the dates of UTC alone".to_owned()),
            Hour::NAME => {
                let (hour, state) = self.calendar.read(frame, &mut self.reading)?;
                if !self.excluded.contains(&hour.div_euclid(DAY)) {
                    self.hours.add_sums(hour, &state.sums);
                    self.date(hour.div_euclid(DAY)).spread.add_hour(&state);
                }
            }
            Day::NAME => {
                let (day, state) = (self.reading.key(frame, read_day)?, self.reading.state::<Day>(frame)?);
                if !self.excluded.contains(&day) {
                    let key = self.key.clone();
                    self.date(day).hosts.merge(state.hosts, &key);
                }
            }
            _ => {}
        }
        Some(())
    }
}

impl State for Daily {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(time) = line.flow.time() else { return Err("timestamp") };
        let hour = self.calendar.hour(time);
        if self.excluded.contains(&hour.div_euclid(DAY)) {
            return Ok(());
        }
        self.hours.add(hour, line.flow);
        let date = self
            .dates
            .entry(hour.div_euclid(DAY))
            .or_insert_with(|| Date { hosts: Addresses::new(), spread: Spread::new(self.precision) });
        if let Some(address) = line.flow.src_ip() {
            date.hosts.insert(address, &self.key);
        }
        date.spread.add(line.flow);
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        self.reading.frame(line).and_then(|frame| self.absorb(frame));
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    fn empty(&self) -> Self {
        Daily {
            calendar: self.calendar.clone(),
            precision: self.precision,
            key: self.key.clone(),
            is_utc: self.is_utc,
            excluded: self.excluded.clone(),
            hours: Hours::default(),
            dates: Map::default(),
            reading: self.reading.empty(),
        }
    }

    fn merge(&mut self, other: Daily) {
        self.reading.merge(other.reading);
        self.hours.merge(other.hours);
        for (day, date) in other.dates {
            match self.dates.get_mut(&day) {
                Some(met) => {
                    met.hosts.merge(date.hosts, &self.key);
                    met.spread.merge(&date.spread);
                }
                None => drop(self.dates.insert(day, date)),
            }
        }
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let hours = self.hours.finish();
        let reverse = Reverse::of(hours.values());
        let dates: BTreeMap<i64, Date> = self.dates.into_iter().collect();
        self.reading.told(dates.len() as u64).into_iter().for_each(|text| rows.note(text));
        for (day, date) in dates {
            let parts: Vec<&Sums> = hours.range(day * DAY..(day + 1) * DAY).map(|(_, sums)| sums).collect();
            let mut sums = Sums::new();
            parts.iter().for_each(|s| sums.merge(s));
            let mut row = rows.row();
            row.text("date", &String::from_utf8_lossy(&date_text(day)));
            row.sums(&sums, reverse);
            row.count("hosts", date.hosts.count());
            date.spread.put(&mut row);
            put_over(&mut row, &OVER, &parts, DAY as u64);
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, rows, shown};

    const FLOWS: [&str; 4] = [
        r#"{"timestamp":"2026-03-10T08:59:59.999Z","src_ip":"10.0.0.1","bytes":10,"packets":1}"#,
        r#"{"timestamp":"2026-03-10T09:00:00.000Z","src_ip":"10.0.0.1","bytes":38,"packets":2}"#,
        r#"{"timestamp":"2026-03-10T23:30:00.000Z","src_ip":"2001:db8::1","bytes":0,"packets":1}"#,
        r#"{"timestamp":"2026-03-12T00:00:00.000Z","bytes":7,"packets":1}"#,
    ];

    #[test]
    fn each_date_with_a_flow_has_a_row_in_order() {
        let rows = rows("daily", &FLOWS);
        assert_eq!(column(&rows, "date"), "\"2026-03-10\" \"2026-03-12\"");
        assert_eq!(column(&rows, "bytes"), "48 7");
        assert_eq!(column(&rows, "hosts"), "2 0");
        assert_eq!(column(&rows, "bytes_median"), "10 7");
    }

    #[test]
    fn hours_without_a_flow_count_as_silent() {
        let rows = rows("daily", &FLOWS[..3]);
        assert_eq!(column(&rows, "bytes_hour_mean"), "2");
        let spread = 8f64.powi(2) + 36f64.powi(2) + 22.0 * 4.0;
        assert_eq!(column(&rows, "bytes_hour_std"), format!("{}", shown((spread / 23.0).sqrt())));
        assert_eq!(column(&rows, "flows_hour_mean"), "0.125");
    }

    #[test]
    fn dates_are_those_of_the_zone() {
        let rows = rows("daily:tz=+01:00", &FLOWS);
        assert_eq!(column(&rows, "date"), "\"2026-03-10\" \"2026-03-11\" \"2026-03-12\"");
    }
}
