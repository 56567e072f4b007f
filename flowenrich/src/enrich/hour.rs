//! `hour`: the hour of the day at which a flow starts, by the clock of a zone.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::value::number;
use flow_record::value::time::Zone;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "hour",
        about: "hour of the day at which the flow starts, 0 to 23",
        explain: "\
hour is that of timestamp by the clock of tz=, summer time included: 0 is from midnight to before one o'clock.",
        params: &[TZ, OVERWRITE],
        needs: &["timestamp"],
        columns: &[Field::named("hour")],
        memory: "constant",
        source: "the hour of pandas' Series.dt.hour",
    },
    build: |args| Ok(Box::new(Hour { keys: keys(&ENRICHER.spec), zone: args.zone("tz") })),
};

/// The zone of hours and days.
pub(super) const TZ: Param = Param::new("tz", ParamKind::Zone, "UTC", "", "the zone whose clock counts");

const HOUR: i64 = 3600;

#[derive(Clone)]
struct Hour {
    keys: Vec<Vec<u8>>,
    zone: Zone,
}

impl Enrich for Hour {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let Some(time) = record.flow().time() else { return Outcome::Lacking };
        let hour = self.zone.clock_seconds(time).div_euclid(HOUR).rem_euclid(24);
        record.write(0, &self.keys[0], |out| number::write_integer(hour as u64, out));
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::value;

    fn hour(item: &str, time: &str) -> String {
        value(item, &format!(r#"{{"timestamp":"{time}","bytes":1}}"#), "hour")
    }

    #[test]
    fn hours_are_those_of_the_zone_summer_time_included() {
        for (item, time, expected) in [
            ("hour", "2015-01-22T08:03:34.035Z", "8"),
            ("hour", "2015-01-22T23:59:59.999999999Z", "23"),
            ("hour", "1969-12-31T23:00:00.000Z", "23"),
            ("hour", "1969-12-31T22:59:59.999Z", "22"),
            ("hour:tz=Europe/Lisbon", "2015-01-22T08:03:34.035Z", "8"),
            ("hour:tz=Europe/Lisbon", "2015-07-22T08:03:34.035Z", "9"),
            ("hour:tz=Asia/Kolkata", "2015-07-22T18:30:00.000Z", "0"),
            ("hour:tz=-02:30", "2015-07-22T02:29:59.000Z", "23"),
        ] {
            assert_eq!(hour(item, time), expected, "{item} {time}");
        }
    }
}
