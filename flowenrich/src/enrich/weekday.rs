//! `weekday`: the day of the week on which a flow starts, by the clock of a zone; 0 is Monday (ISO 8601 begins there).

use super::hour::TZ;
use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use flow_record::item::Spec;
use flow_record::record::Field;
use flow_record::value::number;
use flow_record::value::time::Zone;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "weekday",
        about: "day of the week on which the flow starts, 0 is Monday",
        explain: "\
weekday is that of timestamp by the clock of tz=: 0 is Monday, 6 is Sunday.",
        params: &[TZ, OVERWRITE],
        needs: &["timestamp"],
        columns: &[Field::named("weekday")],
        memory: "constant",
        source: "ISO 8601; the numbers are those of pandas' Series.dt.dayofweek",
    },
    build: |args| Ok(Box::new(Weekday { keys: keys(&ENRICHER.spec), zone: args.zone("tz") })),
};

const DAY: i64 = 86_400;

/// The first day of the epoch was a Thursday.
const THURSDAY: i64 = 3;

#[derive(Clone)]
struct Weekday {
    keys: Vec<Vec<u8>>,
    zone: Zone,
}

impl Enrich for Weekday {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let Some(time) = record.flow().time() else { return Outcome::Lacking };
        let day = (self.zone.clock_seconds(time).div_euclid(DAY) + THURSDAY).rem_euclid(7);
        record.write(0, &self.keys[0], |out| number::write_integer(day as u64, out));
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::value;

    #[test]
    fn days_are_those_of_the_zone() {
        for (item, time, expected) in [
            ("weekday", "2015-01-22T08:03:34.035Z", "3"),
            ("weekday", "1970-01-01T00:00:00.000Z", "3"),
            ("weekday", "1969-12-28T12:00:00.000Z", "6"),
            ("weekday", "2026-03-09T00:00:00.000Z", "0"),
            ("weekday", "2026-03-08T23:59:59.999Z", "6"),
            ("weekday:tz=+01:00", "2026-03-08T23:59:59.999Z", "0"),
            ("weekday:tz=America/New_York", "2026-03-09T03:59:59.000Z", "6"),
        ] {
            assert_eq!(value(item, &format!(r#"{{"timestamp":"{time}","bytes":1}}"#), "weekday"), expected, "{time}");
        }
    }
}
