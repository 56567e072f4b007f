//! `summary`: one row over everything.

use super::calendar::{Calendar, DAY};
use super::params;
use super::protocols;
use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Frame, Protocol, Section, Totals};
use flow_record::item::{Args, Spec};
use flow_record::map::Set;
use flow_record::net::protocol;
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::{Addresses, SketchKey, Sums};
use flow_record::value::{number, text};

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "summary",
        about: "totals, time span, distinct hosts, rates, protocols",
        explain: "One row over all flows; of no flows, a row of zeros.

first and last are the earliest and the latest start; days is the number of distinct dates (by the clock of tz) on which a
flow starts. hosts is the number of distinct addresses at either end, src_ips and dst_ips those at each. duration_total is
the sum of durations.

bps and pps are bits and packets a second, from source to destination, over the time from the first start to the latest end
(start and duration); they are left out where that is no time. protocols gives each protocol's share of the flows that say
theirs, 0 to 1, by number ascending.

Read from a baseline, days are those that it keeps, and insufficient_history is true where they are fewer than 7.",
        params: &[params::TZ],
        needs: &[
            "timestamp", "duration", "src_ip", "dst_ip", "protocol", "bytes", "packets", "rev_bytes", "rev_packets", "flows",
        ],
        columns: &[
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            columns::FIRST,
            columns::LAST,
            column("days", columns::SUM, "", "distinct dates"),
            column("insufficient_history", Kind::Truth, "", "true where a baseline has less than 7 days"),
            column("hosts", columns::SUM, "", "distinct addresses"),
            column("src_ips", columns::SUM, "", "distinct source addresses"),
            column("dst_ips", columns::SUM, "", "distinct destination addresses"),
            column("duration_total", Kind::Number, "s", "sum of durations"),
            column("bps", Kind::Number, "bit/s", "bits a second over the time span"),
            column("pps", Kind::Number, "packets/s", "packets a second over the time span"),
            column("protocols", Kind::Object, "", "share of each protocol, 0 to 1"),
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "up to 65 536 addresses of each side and together, then sketches of 16 KiB",
        source: "arithmetic; rates as in nfdump's summary; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let reading = Reading::new(setup);
    Ok(Box::new(Summary::new(Calendar::new(args.zone("tz")), SketchKey::default(), reading)))
}

#[derive(Clone)]
struct Summary {
    calendar: Calendar,
    key: SketchKey,
    sums: Sums,
    /// The day that was met last.
    day: i64,
    days: Set<i64>,
    hosts: Addresses,
    sources: Addresses,
    destinations: Addresses,
    /// Sum of durations in nanoseconds.
    duration: u128,
    /// Latest end, in nanoseconds since the epoch.
    end: i128,
    protocols: Vec<Sums>,
    reading: Reading,
}

impl Summary {
    fn new(calendar: Calendar, key: SketchKey, reading: Reading) -> Summary {
        Summary {
            calendar,
            key,
            sums: Sums::new(),
            day: i64::MIN,
            days: Set::default(),
            hosts: Addresses::new(),
            sources: Addresses::new(),
            destinations: Addresses::new(),
            duration: 0,
            end: i128::MIN,
            protocols: protocols::table(),
            reading,
        }
    }

    /// Takes a line of a baseline.
    fn absorb(&mut self, frame: Frame<'_>) -> Option<()> {
        match frame.section {
            Totals::NAME => {
                let totals: Totals = self.reading.state(frame)?;
                self.sums.merge(&totals.sums);
                self.duration = self.duration.saturating_add(totals.duration_ns);
                self.end = totals.end_ns.map_or(self.end, |end| self.end.max(end));
            }
            <Addresses as Section>::NAME => {
                let more: Addresses = self.reading.state(frame)?;
                match frame.key {
                    "\"hosts\"" => self.hosts.merge(more, &self.key),
                    "\"src_ips\"" => self.sources.merge(more, &self.key),
                    _ => self.destinations.merge(more, &self.key),
                }
            }
            flow_record::baseline::Hour::NAME => {
                let (hour, _) = self.calendar.read(frame, &mut self.reading)?;
                self.days.insert(hour.div_euclid(DAY));
            }
            Protocol::NAME => {
                let number: u8 = self.reading.key(frame, |key| key.parse().ok())?;
                let protocol: Protocol = self.reading.state(frame)?;
                self.protocols[usize::from(number)].merge(&protocol.sums);
            }
            _ => {}
        }
        Some(())
    }

    fn add_times(&mut self, flow: &Flow) {
        let duration = flow.duration().unwrap_or(0);
        self.duration += u128::from(duration);
        if let Some(time) = flow.time() {
            self.end = self.end.max(i128::from(time.nanos()) + i128::from(duration));
            let day = self.calendar.hour(time).div_euclid(DAY);
            if day != self.day {
                self.day = day;
                self.days.insert(day);
            }
        }
    }

    /// Seconds from the first start to the latest end, if that is some time.
    fn span(&self) -> Option<f64> {
        let nanos = self.end - i128::from(self.sums.first()?.nanos());
        (nanos > 0).then_some(nanos as f64 / 1e9)
    }

    /// Appends `{"TCP":0.9,...}`.
    fn write_protocols(&self, out: &mut Vec<u8>) {
        let total: f64 = self.protocols.iter().map(|s| u128::from(s.flows())).sum::<u128>() as f64;
        out.push(b'{');
        let met = (0..=u8::MAX).zip(&self.protocols).filter(|(_, s)| s.flows() > 0);
        for (i, (number, sums)) in met.enumerate() {
            if i > 0 {
                out.push(b',');
            }
            text::write_json(&protocol::short(number), out);
            out.push(b':');
            number::write_float(sums.flows() as f64 / total, out);
        }
        out.push(b'}');
    }
}

impl State for Summary {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        self.sums.add(flow);
        self.add_times(flow);
        if let Some(address) = flow.src_ip() {
            self.hosts.insert(address, &self.key);
            self.sources.insert(address, &self.key);
        }
        if let Some(address) = flow.dst_ip() {
            self.hosts.insert(address, &self.key);
            self.destinations.insert(address, &self.key);
        }
        if let Some(protocol) = flow.protocol() {
            self.protocols[usize::from(protocol)].add(flow);
        }
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        self.reading.frame(line).and_then(|frame| self.absorb(frame));
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.sums == Sums::new()
    }

    fn empty(&self) -> Self {
        Summary::new(self.calendar.clone(), self.key.clone(), self.reading.empty())
    }

    fn merge(&mut self, other: Summary) {
        self.reading.merge(other.reading);
        self.sums.merge(&other.sums);
        self.days.extend(other.days);
        self.hosts.merge(other.hosts, &self.key);
        self.sources.merge(other.sources, &self.key);
        self.destinations.merge(other.destinations, &self.key);
        self.duration += other.duration;
        self.end = self.end.max(other.end);
        self.protocols.iter_mut().zip(&other.protocols).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let mut row = rows.row();
        row.sums(&self.sums, Reverse::of([&self.sums]));
        row.times(&self.sums);
        row.integer("days", self.days.len() as u64);
        if self.reading.is_short(self.days.len() as u64) {
            row.json("insufficient_history", |out| out.extend_from_slice(b"true"));
        }
        row.count("hosts", self.hosts.count());
        row.count("src_ips", self.sources.count());
        row.count("dst_ips", self.destinations.count());
        row.seconds("duration_total", self.duration);
        if let Some(span) = self.span() {
            row.float("bps", self.sums.bytes() as f64 * 8.0 / span);
            row.float("pps", self.sums.packets() as f64 / span);
        }
        row.json("protocols", |out| self.write_protocols(out));
        row.end();
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, rows};

    #[test]
    fn everything_is_in_one_row() {
        let rows = rows(
            "summary",
            &[
                r#"{"timestamp":"2026-03-10T23:59:58Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","protocol":6,"bytes":100,"packets":2}"#,
                r#"{"timestamp":"2026-03-11T00:00:00.500Z","duration":7.5,"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","protocol":17,"bytes":25,"packets":3,"rev_bytes":4}"#,
                r#"{"src_ip":"::1","protocol":6}"#,
            ],
        );
        assert_eq!(
            (column(&rows, "flows"), column(&rows, "bytes"), column(&rows, "rev_bytes")),
            ("3".into(), "125".into(), "4".into())
        );
        assert_eq!(
            (column(&rows, "first"), column(&rows, "days")),
            ("\"2026-03-10T23:59:58.000Z\"".into(), "2".into())
        );
        assert_eq!(
            (column(&rows, "hosts"), column(&rows, "src_ips"), column(&rows, "dst_ips")),
            ("3".into(), "3".into(), "2".into())
        );
        // From 23:59:58 to 00:00:08.
        assert_eq!(
            (column(&rows, "duration_total"), column(&rows, "bps"), column(&rows, "pps")),
            ("9".into(), "100".into(), "0.5".into())
        );
        assert_eq!(column(&rows, "protocols"), format!("{{\"TCP\":{},\"UDP\":{}}}", 2.0 / 3.0, 1.0 / 3.0));
    }

    #[test]
    fn of_no_flows_there_is_a_row_of_zeros() {
        let rows = rows("summary", &[]);
        let zeros = ["flows", "bytes", "packets", "days", "hosts", "src_ips", "dst_ips", "duration_total"];
        assert!(zeros.iter().all(|name| column(&rows, name) == "0"));
        assert_eq!(
            (column(&rows, "first"), column(&rows, "bps"), column(&rows, "protocols")),
            ("-".into(), "-".into(), "{}".into())
        );
    }
}
