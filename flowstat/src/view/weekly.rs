//! `weekly`: the week's profile, one row an hour of the week.

use super::calendar::{Calendar, DAY, Hours, WEEK, put_over, put_weighted, weight};
use super::params;
use super::reading::Reading;
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Hour, Section};
use flow_record::item::{Args, Spec};
use flow_record::map::Set;
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::Sums;
use std::collections::BTreeSet;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "weekly",
        about: "traffic by hour of the week",
        explain: "One row for each hour of the week (0 is Monday 00:00, 167 is Sunday 23:00, by the clock of tz) of which the
input holds at least one whole hour.

Bytes, flows and packets are summed for each hour of the calendar. An hour of the week has one sample for each of its hours
between the first and the last flow, 0 where that hour is silent; the mean and the sample deviation (divisor n - 1, 0 below
two samples) are over these, and weeks says how many they are. The hours in which the first and the last flow start are
left out, since the input holds only a part of them; the first is kept if its flow starts on the stroke of the hour.

With forget=30d a sample weighs half as much as one that is 30 days later; the deviation is then the one of reliability
weights. The dates of exclude= are no samples. A baseline is read where the clock of tz is whole hours away from UTC.",
        params: &[params::TZ, params::FORGET, params::EXCLUDE],
        needs: &["timestamp", "bytes", "packets", "flows"],
        columns: &[
            column("hour_of_week", Kind::Integer(167), "", "hour of the week, 0 is Monday 00:00"),
            column("bytes_mean", Kind::Number, "bytes", "mean of the hours' bytes"),
            column("bytes_std", Kind::Number, "bytes", "sample deviation of the hours' bytes"),
            column("flows_mean", Kind::Number, "flows", "mean of the hours' flows"),
            column("flows_std", Kind::Number, "flows", "sample deviation of the hours' flows"),
            column("packets_mean", Kind::Number, "packets", "mean of the hours' packets"),
            column("packets_std", Kind::Number, "packets", "sample deviation of the hours' packets"),
            column("weeks", columns::SUM, "", "number of samples"),
        ],
        memory: "about 120 bytes for each hour that has a flow",
        source: "arithmetic",
    },
    build,
    flows_only: "",
};

const OVER: [[&str; 2]; 3] =
    [["bytes_mean", "bytes_std"], ["flows_mean", "flows_std"], ["packets_mean", "packets_std"]];

/// 1970-01-01 was a Thursday: its first hour has this number in its week.
const EPOCH: i64 = 72;

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Weekly {
        calendar: Calendar::new(args.zone("tz")),
        half_life: params::half_life(args),
        excluded: params::excluded(args)?,
        hours: Hours::default(),
        reading: Reading::new(setup),
    }))
}

#[derive(Clone)]
struct Weekly {
    calendar: Calendar,
    /// In hours.
    half_life: Option<f64>,
    /// Dates by their number.
    excluded: Set<i64>,
    hours: Hours,
    reading: Reading,
}

impl State for Weekly {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(time) = line.flow.time() else { return Err("timestamp") };
        let hour = self.calendar.hour(time);
        self.hours.add(hour, line.flow);
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        if let Some(frame) = self.reading.frame(line).filter(|f| f.section == Hour::NAME)
            && let Some((hour, state)) = self.calendar.read(frame, &mut self.reading)
        {
            self.hours.add_sums(hour, &state.sums);
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
        let (calendar, excluded) = (self.calendar.clone(), self.excluded.clone());
        Weekly { calendar, excluded, hours: Hours::default(), reading: self.reading.empty(), ..*self }
    }

    fn merge(&mut self, other: Weekly) {
        self.reading.merge(other.reading);
        self.hours.merge(other.hours);
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        let hours = self.hours.finish();
        let Some((&first, sums)) = hours.first_key_value() else { return };
        let Some((&last, _)) = hours.last_key_value() else { return };
        let is_whole =
            sums.first().is_some_and(|t| t.nanos() % 1_000_000_000 == 0 && self.calendar.seconds(t) % 3600 == 0);
        let whole = first + i64::from(!is_whole)..last;
        let counts = |hour: &i64| !self.excluded.contains(&hour.div_euclid(DAY));
        let days = hours.keys().map(|h| h.div_euclid(DAY)).collect::<BTreeSet<i64>>().len() as u64;
        self.reading.told(days).into_iter().for_each(|text| rows.note(text));
        for number in 0..WEEK {
            let all: Vec<i64> = samples(number, whole.start, whole.end).filter(counts).collect();
            if all.is_empty() {
                continue;
            }
            let mut row = rows.row();
            row.integer("hour_of_week", number as u64);
            match self.half_life {
                Some(half_life) => {
                    let period = |hour: &i64| (hours.get(hour), weight(half_life, last - hour));
                    put_weighted(&mut row, &OVER, &all.iter().map(period).collect::<Vec<_>>());
                }
                None => {
                    let sums: Vec<&Sums> = all.iter().filter_map(|hour| hours.get(hour)).collect();
                    put_over(&mut row, &OVER, &sums, all.len() as u64);
                }
            }
            row.integer("weeks", all.len() as u64);
            row.end();
        }
    }
}

/// The hours from `start` to before `end` that have this number in their week.
fn samples(hour_of_week: i64, start: i64, end: i64) -> impl Iterator<Item = i64> {
    let first = start + (hour_of_week - start - EPOCH).rem_euclid(WEEK);
    (first..end).step_by(WEEK as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows, shown};

    fn flow(time: &str, bytes: u32) -> String {
        format!(r#"{{"timestamp":"{time}","bytes":{bytes},"packets":1}}"#)
    }

    #[test]
    fn an_hour_of_the_week_has_a_sample_for_each_week_between_first_and_last() {
        // 2026-03-09 is a Monday.
        let flows = [
            flow("2026-03-09T00:30:00Z", 99),
            flow("2026-03-09T01:30:00Z", 10),
            flow("2026-03-16T01:00:00Z", 30),
            flow("2026-03-16T01:10:00Z", 2),
            flow("2026-03-16T03:10:00Z", 77),
        ];
        let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
        let rows = rows("weekly", &flows);
        assert_eq!(rows.len(), 168);
        assert_eq!(column(&rows[..4], "hour_of_week"), "0 1 2 3");
        // Monday 00 is whole in the second week only, Monday 03 in the first only.
        assert_eq!(column(&rows[..4], "weeks"), "1 2 2 1");
        assert_eq!(column(&rows[..4], "bytes_mean"), "0 21 0 0");
        assert_eq!(column(&rows[..4], "bytes_std"), format!("0 {} 0 0", shown(242f64.sqrt())));
        assert_eq!(column(&rows[..4], "flows_mean"), "0 1.5 0 0");
    }

    #[test]
    fn a_first_flow_on_the_stroke_of_the_hour_makes_it_whole() {
        let (a, b) = (flow("2026-03-09T05:00:00Z", 8), flow("2026-03-09T07:59:59.999Z", 8));
        let rows = rows("weekly", &[&a, &b]);
        assert_eq!((column(&rows, "hour_of_week"), column(&rows, "bytes_mean")), ("5 6".into(), "8 0".into()));
    }

    #[test]
    fn an_input_within_an_hour_has_no_whole_hour() {
        let (a, b) = (flow("2026-03-09T05:00:00Z", 8), flow("2026-03-09T05:59:59.999Z", 8));
        assert!(rows("weekly", &[&a, &b]).is_empty());
        assert!(rows("weekly", &[]).is_empty());
    }

    #[test]
    fn samples_are_those_of_counting() {
        for (start, end) in [(-400, 333), (0, 0), (5, 4), (7, 175), (1000, 1001)] {
            for hour in 0..WEEK {
                let counted = (start..end).filter(|h| (h + EPOCH).rem_euclid(WEEK) == hour).count() as u64;
                assert_eq!(samples(hour, start, end).count() as u64, counted, "{hour} in {start}..{end}");
            }
        }
    }
}
