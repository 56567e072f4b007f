//! `top`: the keys of the largest measure, whatever the key.

use super::heavy::{ERROR, Heavy};
use super::params;
use super::rows::{Reverse, Rows};
use super::shelf::Shelf;
use super::totals::Totals;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec, nearest};
use flow_record::record::field::{self, FieldId, MAX_INTEGER};
use flow_record::record::key::{Key, KeySpec};
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken};
use flow_record::stats::{SketchKey, Sums};
use std::path::Path;

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
so that its flows and packets are those of the flows that have the measure; hosts counts every flow of a host.

approx=true keeps a sketch of 11 MB instead of all keys, whatever their number: sums are never too small, and with a
probability of 99 % too large by at most error, 0.017 % of the measure over all keys, of which the keys that are well above it
are surely found. There is no z then. The same flows give the same rows, in whatever order and parts they come.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip", "", "fields of the key"),
            Param::new("measure", ParamKind::Text, "bytes", "", "the field that is summed"),
            Param::new("n", ParamKind::Integer(1, u64::MAX), "10", "rows", "number of rows"),
            Param::new("approx", ParamKind::Truth, "false", "", "whether a sketch is kept instead of all keys"),
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
            column("error", Kind::Number, "", "of a sketch: how much the measure may be too large"),
            columns::APPROX,
        ],
        memory: "about 200 bytes a key, all keys (with --spill 16 bytes); 11 MB with approx=true",
        source: "arithmetic; sketch: count-min, Cormode and Muthukrishnan (2005)",
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

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    // The first column stands for the key.
    let own: Vec<&str> = VIEW.spec.columns.iter().skip(1).map(|c| c.name).collect();
    params::is_free(&by, &own)?;
    Ok(Box::new(Top {
        watch: setup.watch(by.watched_names()),
        by,
        measure: Measure::named(args.text("measure").unwrap_or_default())?,
        n: args.integer("n") as usize,
        keys: Shelf::new(),
        heavy: args.truth("approx").then(|| Box::new(Heavy::new(SUMS))),
        sketch: SketchKey::default(),
        scratch: Vec::new(),
    }))
}

#[derive(Clone)]
struct Top {
    by: KeySpec,
    watch: usize,
    measure: Measure,
    n: usize,
    keys: Shelf<Key, (Sums, u128)>,
    /// Takes the place of the keys.
    heavy: Option<Box<Heavy>>,
    sketch: SketchKey,
    scratch: Vec<u8>,
}

/// Sums of a key in a sketch: the measure, flows, and what [`COUNTS`] names.
const SUMS: usize = 6;
const COUNTS: [(&str, FieldId); 4] = [
    ("bytes", field::BYTES),
    ("packets", field::PACKETS),
    ("rev_bytes", field::REV_BYTES),
    ("rev_packets", field::REV_PACKETS),
];

impl Top {
    /// Writes the rows of a sketch.
    fn put_heavy(&self, heavy: &Heavy, rows: &mut Rows<'_>) {
        let totals = heavy.totals();
        let total = totals.first().copied().unwrap_or(0);
        let bound = ERROR * total as f64;
        for (key, sums) in heavy.top(self.n, &self.sketch) {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            let is_time = self.measure == Measure::Field(field::DURATION);
            if is_time {
                row.seconds("duration", sums[0].into());
                row.approximate("duration");
            }
            row.estimate("flows", sums[1]);
            for (i, (name, _)) in COUNTS.iter().enumerate() {
                // Of the way back only where a flow had it.
                if i < 2 || totals[i + 2] > 0 {
                    row.estimate(name, sums[i + 2]);
                }
            }
            row.float("share", sums[0] as f64 / total.max(1) as f64);
            row.approximate("share");
            row.float("error", if is_time { bound / 1e9 } else { bound });
            row.end();
        }
    }
}

impl State for Top {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(measure) = self.measure.of(line.flow) else { return Err(LACKS) };
        let Some(key) = self.by.key(line, self.watch) else { return Err(LACKS) };
        if let Some(heavy) = &mut self.heavy {
            let mut values = [measure, Measure::Flows.of(line.flow).unwrap_or(1), 0, 0, 0, 0];
            values[2..].iter_mut().zip(COUNTS).for_each(|(v, (_, id))| *v = line.flow.integer(id).unwrap_or(0));
            heavy.add(key, &values, line.text, &self.sketch, &mut self.scratch);
            return Ok(());
        }
        let (sums, sum) = self.keys.live.entry(key, Default::default);
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
        self.keys.is_empty() && self.heavy.as_ref().is_none_or(|heavy| heavy.is_empty())
    }

    fn empty(&self) -> Self {
        let heavy = self.heavy.as_ref().map(|_| Box::new(Heavy::new(SUMS)));
        let (by, sketch) = (self.by.clone(), self.sketch.clone());
        Top { by, keys: Shelf::new(), heavy, sketch, scratch: Vec::new(), ..*self }
    }

    fn merge(&mut self, other: Top) {
        if let (Some(a), Some(b)) = (&mut self.heavy, other.heavy) {
            a.merge(*b);
        }
        self.keys.merge(other.keys, join);
    }

    fn bytes(&self) -> u64 {
        self.keys.live.bytes(|_| 0)
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        self.keys.spill(folder, join).map(|()| self.heavy.is_none())
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        if let Some(heavy) = &self.heavy {
            return self.put_heavy(heavy, rows);
        }
        let (mut reverse, mut sums) = (Reverse::default(), Vec::new());
        let read = self.keys.settle(join).and_then(|()| {
            self.keys.each(join, |_, (known, sum)| {
                reverse.add(known);
                sums.push(*sum);
            })
        });
        let total: u128 = sums.iter().sum();
        let all = Totals::of(sums.iter().copied(), 0);
        let put = |key: &Key, (known, sum): &(Sums, u128)| {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            if self.measure == Measure::Field(field::DURATION) {
                row.seconds("duration", *sum);
            }
            row.sums(known, reverse);
            row.float("share", if total == 0 { 0.0 } else { *sum as f64 / total as f64 });
            if let Some(z) = all.z(*sum) {
                row.float("z", z);
            }
            row.end();
        };
        if let Err(text) = read.and_then(|()| self.keys.top(self.n, |(_, sum)| *sum, join, put)) {
            rows.fail(text);
        }
    }
}

fn join(a: &mut (Sums, u128), b: (Sums, u128)) {
    a.0.merge(&b.0);
    a.1 += b.1;
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
    fn a_sketch_has_the_same_rows_where_keys_are_few_and_says_what_it_is() {
        let exact = rows("top:n=2", &FLOWS);
        let found = rows("top:n=2,approx=true", &FLOWS);
        for name in ["src_ip", "flows", "bytes", "packets", "share"] {
            assert_eq!(column(&found, name), column(&exact, name), "{name}");
        }
        assert_eq!(found[0]["approx"], serde_json::json!(["flows", "bytes", "packets", "share"]));
        assert_eq!((column(&found[..1], "z"), column(&found[..1], "error")), ("-".into(), shown(42.0 * ERROR)));
        let longest = rows("top:by=src_ip/24,measure=duration,approx=true", &FLOWS);
        assert_eq!(column(&longest, "duration"), "1.75");
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
