//! `report`: everything about flows and alerts in one document.
//!
//! The document is made of the views' own rows, so its numbers are theirs. A form of it is one file here; JSON is the
//! form that the others are to be drawn from.

mod alerts;
mod json;

use crate::view::rows::Rows;
use crate::view::{ToRows, View, ViewState, build_item};
use alerts::Alerts;
use flow_record::alert::Reader;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::row::columns::{SUM, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::Sums;
use flow_record::value::Time;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "report",
        about: "totals, profiles, top hosts, ports and alerts in one document",
        explain: "One line over all flows and alerts, for programs that draw; it is the only item of its run. Alerts are
consumed: `flowdetect --tee all | flowstat report` makes it in one pass.

analysis_time is what --now says, else the start of the last flow. date_range has the first and the last start. baselines
has the rows of views: hourly_profile (hourly), daily_profile (daily), protocol_distribution (protocols), top_talkers
(top, 10 sources by bytes, with z), top_ports (ports, 20) and hosts (hosts, 100 by bytes). anomalies has the alerts by
detector, of each at most alerts=N, largest value first; summary counts all of them by detector, total_anomalies in all.
What does not fit into a line of 1 MiB is left out, and told: the last rows of the longest view, the smallest alerts.",
        params: &[
            Param::new("format", ParamKind::Choice(&["json"]), "json", "", "form of the document"),
            Param::new("alerts", ParamKind::Integer(0, 1_000_000), "20", "alerts", "alerts shown of each detector"),
        ],
        needs: &[
            "timestamp", "src_ip", "dst_ip", "dst_port", "protocol", "bytes", "packets", "rev_bytes", "rev_packets", "flows",
        ],
        columns: &[
            column("analysis_time", Kind::Time, "", "the time that counts as now"),
            column("total_flows", SUM, "flows", "flows"),
            column("total_bytes", SUM, "bytes", "bytes from source to destination"),
            column("total_packets", SUM, "packets", "packets from source to destination"),
            column("date_range", Kind::Object, "", "start and end: earliest and latest start of a flow"),
            column("baselines", Kind::Object, "", "rows of views"),
            column("anomalies", Kind::Object, "", "alerts by detector"),
            column("summary", Kind::Object, "", "number of alerts by detector"),
            column("total_anomalies", SUM, "alerts", "number of alerts"),
        ],
        memory: "that of the views it is made of; the alerts that are shown",
        source: "arithmetic",
    },
    build,
    flows_only: "a report is made of flows and alerts; flows are needed",
};

/// The sections of `baselines` and the items whose rows they hold.
const SECTIONS: [(&str, &str); 6] = [
    ("hourly_profile", "hourly"),
    ("daily_profile", "daily"),
    ("protocol_distribution", "protocols"),
    ("top_talkers", "top:by=src_ip,measure=bytes,n=10"),
    ("top_ports", "ports:top=20"),
    ("hosts", "hosts:top=100"),
];

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let alerts = Alerts::new(Reader::new(setup.watch(Reader::NAMES)), args.integer("alerts") as usize);
    let sections = SECTIONS.iter().map(|(_, item)| build_item(item, setup)).collect::<anyhow::Result<_>>()?;
    Ok(Box::new(Report { now: setup.now, sums: Sums::new(), sections, alerts }))
}

/// What a report is made of.
#[derive(Clone)]
struct Report {
    now: Option<Time>,
    sums: Sums,
    /// In the order of [`SECTIONS`].
    sections: Vec<ViewState>,
    alerts: Alerts,
}

impl State for Report {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.sums.add(line.flow);
        for section in &mut self.sections {
            // A section may lack what others have.
            let _ = section.flow(line);
        }
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { alerts: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        self.alerts.add(line);
        Ok(())
    }

    fn merge(&mut self, other: Report) {
        self.sums.merge(&other.sums);
        self.sections.iter_mut().zip(other.sections).for_each(|(a, b)| a.merge(b));
        self.alerts.merge(other.alerts);
    }

    fn is_empty(&self) -> bool {
        self.sums == Sums::new() && self.alerts.total == 0
    }

    fn empty(&self) -> Self {
        let sections = self.sections.iter().map(|section| (**section).empty()).collect();
        Report { now: self.now, sums: Sums::new(), sections, alerts: self.alerts.empty() }
    }

    fn finish(self, rows: &mut Rows<'_>) {
        json::write(self, rows);
    }
}
