//! `ports`: one row a destination port.

use super::groups::Groups;
use super::params::{self, Measure};
use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Port, Section};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::SketchKey;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "ports",
        about: "the most used destination ports",
        explain:
            "One row for each destination port, the top ones by measure, largest first and of equals the lower port
first. top=65536 gives all. Protocols are not told apart; ICMP and others without ports have port 0.

flows, bytes and packets are sums; unique_src_ips and unique_dst_ips are the numbers of distinct addresses.",
        params: &[
            Param::new("top", ParamKind::Integer(1, 65_536), "20", "rows", "number of rows"),
            Param::new(
                "measure",
                ParamKind::Choice(&["flows", "bytes", "packets"]),
                "flows",
                "",
                "what rows are ranked by",
            ),
        ],
        needs: &["dst_port", "src_ip", "dst_ip", "bytes", "packets", "rev_bytes", "rev_packets", "flows"],
        columns: &[
            column("dst_port", Kind::Integer(65_535), "", "destination port"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("unique_src_ips", columns::SUM, "", "distinct source addresses"),
            column("unique_dst_ips", columns::SUM, "", "distinct destination addresses"),
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "about 200 bytes a port; up to 65 536 addresses of each side a port, then a sketch of 16 KiB",
        source: "arithmetic; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Ports {
        top: params::top(args).unwrap_or(usize::MAX),
        measure: Measure::of(args),
        key: SketchKey::default(),
        ports: Groups::new(),
        reading: Reading::new(setup),
    }))
}

#[derive(Clone)]
struct Ports {
    top: usize,
    measure: Measure,
    key: SketchKey,
    ports: Groups<u16, Port>,
    reading: Reading,
}

impl State for Ports {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(port) = line.flow.dst_port() else { return Err("dst_port") };
        self.ports.entry(port, Port::default).add(line.flow, &self.key);
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        let Some(frame) = self.reading.frame(line).filter(|f| f.section == Port::NAME) else { return Ok(()) };
        let number = self.reading.key(frame, |key| key.parse::<u16>().ok());
        if let (Some(number), Some(port)) = (number, self.reading.state::<Port>(frame)) {
            self.ports.entry(number, Port::default).merge(port, &self.key);
        }
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    fn empty(&self) -> Self {
        Ports { key: self.key.clone(), ports: Groups::new(), reading: self.reading.empty(), ..*self }
    }

    fn merge(&mut self, other: Ports) {
        self.reading.merge(other.reading);
        self.ports.merge(other.ports, |a, b| a.merge(b, &self.key));
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let reverse = Reverse::of(self.ports.values().map(|p| &p.sums));
        for (number, port) in self.ports.top(self.top, |p| self.measure.value(&p.sums)) {
            let mut row = rows.row();
            row.integer("dst_port", *number);
            row.sums(&port.sums, reverse);
            row.count("unique_src_ips", port.sources.count());
            row.count("unique_dst_ips", port.destinations.count());
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, rows};

    const FLOWS: [&str; 6] = [
        r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.1.1","dst_port":443,"bytes":10,"packets":1}"#,
        r#"{"src_ip":"10.0.0.2","dst_ip":"10.0.1.1","dst_port":443,"bytes":10,"packets":1}"#,
        r#"{"src_ip":"10.0.0.2","dst_ip":"10.0.1.1","dst_port":80,"bytes":500,"packets":1}"#,
        r#"{"src_ip":"10.0.0.2","dst_port":53,"bytes":1,"packets":1}"#,
        r#"{"dst_port":0,"bytes":1,"packets":1,"rev_bytes":9}"#,
        r#"{"src_ip":"10.0.0.2"}"#,
    ];

    #[test]
    fn ports_come_by_flows_and_of_equals_the_lower_first() {
        let rows = rows("ports", &FLOWS);
        assert_eq!((column(&rows, "dst_port"), column(&rows, "flows")), ("443 0 53 80".into(), "2 1 1 1".into()));
        assert_eq!(
            (column(&rows, "unique_src_ips"), column(&rows, "unique_dst_ips")),
            ("2 0 1 1".into(), "1 0 0 1".into())
        );
        assert_eq!(column(&rows, "rev_bytes"), "0 9 0 0");
    }

    #[test]
    fn the_number_of_rows_and_the_measure_can_be_told() {
        assert_eq!(column(&rows("ports:top=2,measure=bytes", &FLOWS), "dst_port"), "80 443");
        let many: Vec<String> = (0..40).map(|p| format!(r#"{{"bytes":1,"dst_port":{p}}}"#)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!((rows("ports", &many).len(), rows("ports:top=65536", &many).len()), (20, 40));
    }
}
