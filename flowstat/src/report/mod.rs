//! `report`: everything about flows and alerts in one document.
//!
//! The document is made of the views' own rows, so its numbers are theirs. A form of it is one file here: `json`, and
//! `html`, `markdown` and `terminal`, which are for people and say what `document` says. `course` is what charts are drawn
//! of, `usual` asks a baseline.

mod alerts;
mod course;
mod document;
mod html;
mod json;
mod markdown;
mod terminal;
mod usual;

use crate::view::rows::Rows;
use crate::view::{ToRows, View, ViewState, build_item};
use alerts::Alerts;
use course::Course;
use document::Facts;
use flow_record::alert::Reader;
use flow_record::cli::{self, Common};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::row::columns::{SUM, column};
use flow_record::scan::{Line, LineKind};
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::Sums;
use flow_record::value::Time;
use serde_json::Value;
use usual::Usual;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "report",
        about: "totals, profiles, top hosts, ports and alerts in one document",
        explain: "One document over all flows and alerts; it is the only item of its run. Alerts are consumed: `flowdetect --tee
all | flowstat report:format=html > report.html` makes it in one pass.

format=html is one file for a browser, without network: the worst alert with its host and reason, the course of traffic with
alerts marked, every alert with its evidence, the hours of the week and of the day, top talkers, ports and protocols, and a
table of hosts that sorts and searches. md is the same as Markdown, table (or -t) for a terminal with bars. They take rows of
other items and leave them out. Times are UTC. With baseline=FILE they show what is usual beside what is, and what changed
(as diff). json is one line for programs:

analysis_time is what --now says, else the start of the last flow. date_range has the first and the last start. baselines
has the rows of views: hourly_profile (hourly), daily_profile (daily), protocol_distribution (protocols), top_talkers
(top, 10 sources by bytes, with z), top_ports (ports, 20) and hosts (hosts, 100 by bytes). anomalies has the alerts by
detector, of each at most alerts=N, largest value first; summary counts all of them by detector, total_anomalies in all.
totals is the row of the view summary, timeline has bytes of both directions by kind of protocol in at most 160 bins of time,
week the bytes of the 168 hours of the week (UTC, 0 is Monday 00:00), changes the rows of diff if there is a baseline.
What does not fit into a line of 1 MiB is left out, and told: the last rows of the longest view, the smallest alerts.",
        params: &[
            Param::new("format", ParamKind::Choice(&["json", "html", "md", "table"]), "json", "", "form of the document"),
            Param::new("alerts", ParamKind::Integer(0, 1_000_000), "20", "alerts", "alerts shown of each detector"),
            Param::new("baseline", ParamKind::File, "", "", "what is usual, as flowstat baseline makes it"),
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
            column("totals", Kind::Object, "", "the row of summary"),
            column("timeline", Kind::Object, "", "width of a bin in seconds, and the bins: start, flows, bytes by kind of protocol"),
            column("week", Kind::Any, "bytes", "bytes of the 168 hours of the week"),
            column("changes", Kind::Any, "", "the rows of diff, if there is a baseline"),
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

/// The form of the document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Markdown,
    Terminal,
}

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let alerts = Alerts::new(Reader::new(setup.watch(Reader::NAMES)), args.integer("alerts") as usize);
    let sections = SECTIONS.iter().map(|(_, item)| build_item(item, setup)).collect::<anyhow::Result<_>>()?;
    let form = match args.text("format") {
        Some("html") => Form::Html,
        Some("md") => Form::Markdown,
        Some("table") => Form::Terminal,
        _ => Form::Json,
    };
    let (mut usual, mut changes) = (None, None);
    if let Some(path) = args.file("baseline") {
        usual = Some(Usual::open(&path)?);
        let quoted = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
        changes = Some(build_item(&format!("diff:before=\"{quoted}\""), setup)?);
    }
    let totals = build_item("summary", setup)?;
    Ok(Box::new(Report {
        form,
        now: setup.now,
        sums: Sums::new(),
        sections,
        totals,
        changes,
        course: Course::new(),
        alerts,
        usual,
    }))
}

/// Takes `-t` of a report for its form: the terminal's is drawn here, not of rows.
pub(crate) fn as_table(items: &mut [String], common: &mut Common) {
    if let [item] = items
        && common.form() == cli::Form::Table
        && item.split(':').next() == Some(VIEW.spec.name)
        && !item.contains("format=")
    {
        item.push_str(if item.contains(':') { ",format=table" } else { ":format=table" });
        (common.to, common.table) = (cli::Form::Ndjson, false);
    }
}

/// What a report is made of.
#[derive(Clone)]
struct Report {
    form: Form,
    now: Option<Time>,
    sums: Sums,
    /// In the order of [`SECTIONS`].
    sections: Vec<ViewState>,
    totals: ViewState,
    /// What changed since the baseline.
    changes: Option<ViewState>,
    course: Course,
    alerts: Alerts,
    usual: Option<Usual>,
}

/// The rows of a state without their kind.
fn rows_of(state: ViewState) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut collect = |chunk: &[u8]| lines.extend_from_slice(chunk);
    state.finish(&mut Rows::plain(&mut collect));
    lines
}

/// These as values.
fn values(lines: &[u8]) -> Vec<Value> {
    // What views write is JSON.
    lines.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

impl Report {
    /// What the forms for people are made of.
    fn facts(mut self) -> Facts {
        self.alerts.finish();
        let mut sections = self.sections.into_iter().map(|section| values(&rows_of(section)));
        let mut next = || sections.next().unwrap_or_default();
        let (hourly, _daily, protocols, talkers, ports, hosts) = (next(), next(), next(), next(), next(), next());
        Facts {
            now: self.now,
            summary: values(&rows_of(self.totals)).pop().unwrap_or_default(),
            hourly,
            protocols,
            talkers,
            ports,
            hosts,
            changes: self.changes.map(|changes| values(&rows_of(changes))).unwrap_or_default(),
            course: self.course,
            alerts: self.alerts,
            usual: self.usual,
        }
    }
}

impl State for Report {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.sums.add(line.flow);
        self.course.add(line.flow);
        for section in self.sections.iter_mut().chain([&mut self.totals]).chain(&mut self.changes) {
            // A section may lack what others have.
            let _ = section.flow(line);
        }
        Ok(())
    }

    fn takes(&self) -> Takes {
        // Lines that pass would stand in the middle of a page.
        let is_document = self.form != Form::Json;
        Takes { alerts: true, rows: is_document, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        match line.kind {
            LineKind::Alert => {
                self.alerts.add(line);
                Ok(())
            }
            _ => Err("what a report is made of"),
        }
    }

    fn fault(&self) -> Option<String> {
        self.changes.as_ref().and_then(|changes| changes.fault())
    }

    fn merge(&mut self, other: Report) {
        self.sums.merge(&other.sums);
        self.course.merge(other.course);
        self.totals.merge(other.totals);
        self.sections.iter_mut().zip(other.sections).for_each(|(a, b)| a.merge(b));
        self.changes.iter_mut().zip(other.changes).for_each(|(a, b)| a.merge(b));
        self.alerts.merge(other.alerts);
    }

    fn is_empty(&self) -> bool {
        self.sums == Sums::new() && self.alerts.total == 0
    }

    fn empty(&self) -> Self {
        let sections = self.sections.iter().map(|section| (**section).empty()).collect();
        Report {
            form: self.form,
            now: self.now,
            sums: Sums::new(),
            sections,
            totals: (*self.totals).empty(),
            changes: self.changes.as_ref().map(|changes| (**changes).empty()),
            course: Course::new(),
            alerts: self.alerts.empty(),
            usual: self.usual.clone(),
        }
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let form = self.form;
        if form == Form::Json {
            return json::write(self, rows);
        }
        self.alerts.told().into_iter().for_each(|text| rows.note(text));
        let facts = self.facts();
        let made = match form {
            Form::Html => html::page(&facts),
            Form::Markdown => Ok(markdown::text(&facts)),
            Form::Json | Form::Terminal => Ok(terminal::text(&facts)),
        };
        match made {
            Ok(text) => rows.lines(text.as_bytes()),
            Err(e) => rows.fail(e),
        }
    }
}

#[cfg(test)]
mod tests;
