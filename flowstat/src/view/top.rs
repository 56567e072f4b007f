//! `top`: the keys of the largest measure, whatever the key.

use super::groups::Groups;
use super::rows::{Reverse, Rows};
use super::totals::Totals;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec, nearest};
use flow_record::record::field::{self, FieldId, MAX_INTEGER};
use flow_record::record::key::{Key, KeySpec};
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken};
use flow_record::stats::Sums;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "top",
        about: "the keys with the most traffic, their share and z-score",
        explain: "One row for each of the n keys with the largest measure, largest first and of equals the lower key first.
by names the fields of the key, joined by +; any member of a flow will do, and addresses take a prefix length
(by=src_ip/24+dst_port). The sums of the row cannot be part of its key.

measure is a field that can be summed: bytes, packets, flows, rev_bytes, rev_packets or duration. share is the key's part of
the sum over all keys, 0 to 1. z is the key's distance from the mean of all keys, in sample deviations (divisor n - 1); it is
left out where that deviation is 0. Flows that lack a field of the key, or the measure, are left out of all sums of their row,
so that its flows and packets are those of the flows that have the measure; hosts counts every flow of a host.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip", "", "fields of the key"),
            Param::new("measure", ParamKind::Text, "bytes", "", "the field that is summed"),
            Param::new("n", ParamKind::Integer(1, u64::MAX), "10", "rows", "number of rows"),
        ],
        needs: &["bytes", "packets", "rev_bytes", "rev_packets", "flows", "duration"],
        columns: &[
            column("src_ip", Kind::Text, "", "the key: source address, unless by says otherwise"),
            column("duration", Kind::Number, "s", "sum of durations, if that is the measure"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("share", Kind::Number, "", "part of the measure's sum over all keys"),
            column("z", Kind::Number, "deviations", "distance from the mean of all keys"),
        ],
        memory: "about 200 bytes a key, all keys",
        source: "arithmetic",
    },
    build,
    flows_only: "a baseline does not keep every key; flows are needed (hosts:top=10 reads one)",
};

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Flows,
    Field(FieldId),
}

/// The fields that can be summed.
fn summed() -> impl Iterator<Item = &'static str> {
    let is_sum = |kind| matches!(kind, Kind::Integer(MAX_INTEGER) | Kind::Seconds);
    field::RECORD.iter().filter(move |f| is_sum(f.kind)).map(|f| f.name)
}

impl Measure {
    fn named(name: &str) -> anyhow::Result<Measure> {
        match FieldId::named(name) {
            Some(field::FLOWS) => Ok(Measure::Flows),
            Some(id) if summed().any(|s| s == name) => Ok(Measure::Field(id)),
            _ => match nearest(name, summed()) {
                Some(near) => anyhow::bail!("measure={name}: no field that can be summed; did you mean {near:?}?"),
                None => anyhow::bail!("measure={name}: one of {} is expected", summed().collect::<Vec<_>>().join(", ")),
            },
        }
    }

    /// The measure of one flow; of durations in nanoseconds.
    #[inline]
    fn of(self, flow: &Flow) -> Option<u64> {
        match self {
            Measure::Flows => Some(flow.integer(field::FLOWS).unwrap_or(1)),
            Measure::Field(field::DURATION) => flow.duration(),
            Measure::Field(id) => flow.integer(id),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Measure::Flows => "flows",
            Measure::Field(id) => id.name(),
        }
    }
}

/// Whether a row has a column of this name besides its key.
fn is_taken(name: &str) -> bool {
    // The first column stands for the key.
    name == "kind" || VIEW.spec.columns.iter().skip(1).any(|c| c.name == name)
}

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    if let Some(name) = by.names().find(|name| is_taken(name)) {
        anyhow::bail!("by={by}: {name} is a column of the rows, so it cannot be a key");
    }
    Ok(Box::new(Top {
        watch: setup.watch(by.watched_names()),
        by,
        measure: Measure::named(args.text("measure").unwrap_or_default())?,
        n: args.integer("n") as usize,
        keys: Groups::new(),
    }))
}

#[derive(Clone)]
struct Top {
    by: KeySpec,
    watch: usize,
    measure: Measure,
    n: usize,
    keys: Groups<Key, (Sums, u128)>,
}

impl State for Top {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(measure) = self.measure.of(line.flow) else { return Err(LACKS) };
        let Some(key) = self.by.key(line, self.watch) else { return Err(LACKS) };
        let (sums, sum) = self.keys.entry(key, Default::default);
        sums.add(line.flow);
        *sum += u128::from(measure);
        Ok(())
    }

    fn lacks(&self) -> String {
        let mut names: Vec<&str> = self.by.names().collect();
        if self.measure != Measure::Flows && !names.contains(&self.measure.name()) {
            names.push(self.measure.name());
        }
        names.join(" and ")
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn empty(&self) -> Self {
        Top { by: self.by.clone(), keys: Groups::new(), ..*self }
    }

    fn merge(&mut self, other: Top) {
        self.keys.merge(other.keys, |a, b| {
            a.0.merge(&b.0);
            a.1 += b.1;
        });
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let reverse = Reverse::of(self.keys.values().map(|(sums, _)| sums));
        let total: u128 = self.keys.values().map(|(_, sum)| sum).sum();
        let all = Totals::of(self.keys.values().map(|(_, sum)| *sum), 0);
        for (key, (sums, sum)) in self.keys.top(self.n, |(_, sum)| *sum) {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            if self.measure == Measure::Field(field::DURATION) {
                row.seconds("duration", *sum);
            }
            row.sums(sums, reverse);
            row.float("share", if total == 0 { 0.0 } else { *sum as f64 / total as f64 });
            if let Some(z) = all.z(*sum) {
                row.float("z", z);
            }
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, refusal, rows, shown};

    const FLOWS: [&str; 5] = [
        r#"{"src_ip":"10.0.0.1","dst_port":80,"bytes":10,"packets":1,"duration":1.5,"src_country":"PT"}"#,
        r#"{"src_ip":"10.0.0.1","dst_port":443,"bytes":20,"packets":1,"duration":0.25,"src_country":"PT"}"#,
        r#"{"src_ip":"10.0.0.3","dst_port":80,"bytes":6,"packets":9,"src_country":"\u0046R"}"#,
        r#"{"src_ip":"10.0.0.2","dst_port":80,"bytes":6,"packets":1,"src_country":"FR"}"#,
        r#"{"src_ip":"10.0.0.9","dst_port":80,"packets":5}"#,
    ];

    #[test]
    fn the_largest_come_first_with_share_and_z() {
        let rows = rows("top:n=2", &FLOWS);
        assert_eq!(
            (column(&rows, "src_ip"), column(&rows, "bytes")),
            ("\"10.0.0.1\" \"10.0.0.2\"".into(), "30 6".into())
        );
        assert_eq!(column(&rows, "share"), format!("{} {}", shown(30.0 / 42.0), shown(6.0 / 42.0)));
        // 30, 6, 6: mean 14, sample deviation sqrt(192).
        assert_eq!(column(&rows, "z"), format!("{} {}", shown(16.0 / 192f64.sqrt()), shown(-8.0 / 192f64.sqrt())));
    }

    #[test]
    fn any_member_is_a_key() {
        let rows = rows("top:by=src_country+dst_port,measure=flows", &FLOWS);
        assert_eq!(column(&rows, "src_country"), "\"FR\" \"PT\" \"PT\"");
        assert_eq!((column(&rows, "dst_port"), column(&rows, "flows")), ("80 80 443".into(), "2 1 1".into()));
    }

    #[test]
    fn durations_are_summed_as_seconds_and_flows_without_one_left_out() {
        let rows = rows("top:by=src_ip/24,measure=duration", &FLOWS);
        assert_eq!((column(&rows, "src_ip"), column(&rows, "duration")), ("\"10.0.0.0/24\"".into(), "1.75".into()));
        // One key alone has no deviation.
        assert_eq!(
            (column(&rows, "flows"), column(&rows, "share"), column(&rows, "z")),
            ("2".into(), "1".into(), "-".into())
        );
    }

    #[test]
    fn what_cannot_be_summed_is_refused_with_the_nearest_that_can() {
        assert!(refusal("top:measure=byts").contains("did you mean \"bytes\"?"));
        assert!(refusal("top:measure=src_ip").contains("measure=src_ip"));
        assert!(refusal("top:by=src_port/8").contains("by"));
        assert!(refusal("top:by=src_ip+packets").contains("packets is a column"));
        assert_eq!(summed().collect::<Vec<_>>(), ["duration", "packets", "bytes", "rev_packets", "rev_bytes", "flows"]);
    }
}
