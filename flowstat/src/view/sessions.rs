//! `sessions`: the longest connections, with the flows into which timeouts cut them joined again.
//!
//! Invariant: the sessions of a key are the connected parts of its flows' times, where gaps up to `gap` connect; so they
//! are a function of the multiset of flows. Bound: a session of 200 bytes for each part.

use super::params;
use super::rows::{Reverse, Rows};
use super::shelf::Shelf;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::record::key::{Key, KeySpec};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken};
use flow_record::stats::Sums;
use flow_record::value::Time;
use serde::{Deserialize, Serialize};
use std::path::Path;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "sessions",
        about: "the longest connections, flows that timeouts cut joined again",
        explain: "One row for each of the n longest sessions, longest first, of equals the lower key and the earlier. A session is made
of flows of one key, from the start of the first to the latest end, of which none starts more than gap= after all before it
have ended: an exporter's timeouts cut a long connection into many flows, and this joins them. The default key is the
connection in one direction; by=src_ip+dst_ip+dst_port+protocol joins those of one client to one service.

measure= ranks by bytes or packets (both directions) or by flows instead.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip+src_port+dst_ip+dst_port+protocol", "", "what flows of a session share"),
            Param::new("gap", ParamKind::Duration(0), "1m", "", "longest silence within a session"),
            Param::new("measure", ParamKind::Choice(&["duration", "bytes", "packets", "flows"]), "duration", "", "what sessions are ranked by"),
            Param::new("n", ParamKind::Integer(1, u64::MAX), "10", "rows", "number of rows"),
        ],
        needs: &[
            "timestamp", "duration", "src_ip", "src_port", "dst_ip", "dst_port", "protocol", "bytes", "packets", "rev_bytes",
            "rev_packets", "flows",
        ],
        columns: &[
            column("src_ip", Kind::Any, "", "the key: whatever by says"),
            column("src_port", Kind::Any, "", "the key"),
            column("dst_ip", Kind::Any, "", "the key"),
            column("dst_port", Kind::Any, "", "the key"),
            column("protocol", Kind::Any, "", "the key"),
            column("timestamp", Kind::Time, "", "start of its first flow"),
            column("end", Kind::Time, "", "latest end of a flow"),
            column("duration", Kind::Number, "s", "from that start to that end"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
        ],
        memory: "about 350 bytes for each session of each key",
        source: "interval union",
    },
    build,
    flows_only: "a baseline does not keep single connections; flows are needed",
};

#[derive(Clone, Copy)]
enum Rank {
    Duration,
    Bytes,
    Packets,
    Flows,
}

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    let own: Vec<&str> = VIEW.spec.columns.iter().skip(5).map(|c| c.name).collect();
    params::is_free(&by, &own)?;
    let rank = match args.text("measure") {
        Some("bytes") => Rank::Bytes,
        Some("packets") => Rank::Packets,
        Some("flows") => Rank::Flows,
        _ => Rank::Duration,
    };
    Ok(Box::new(Sessions {
        watch: setup.watch(by.watched_names()),
        by,
        gap: i64::try_from(args.duration("gap")).unwrap_or(i64::MAX),
        rank,
        n: args.integer("n") as usize,
        keys: Shelf::new(),
    }))
}

#[derive(Clone)]
struct Sessions {
    by: KeySpec,
    watch: usize,
    /// Nanoseconds.
    gap: i64,
    rank: Rank,
    n: usize,
    /// The sessions of each key, ascending, with more than the gap between two.
    keys: Shelf<Key, Vec<Session>>,
}

/// From the start of the first flow to the latest end, in nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    start: i64,
    end: i64,
    sums: Sums,
}

impl Session {
    fn length(&self) -> u64 {
        self.end.abs_diff(self.start)
    }
}

/// Adds a session to those of a key, and joins what it connects.
fn insert(all: &mut Vec<Session>, mut new: Session, gap: i64) {
    // Those before `from` end too early, those from `to` on start too late.
    let from = all.partition_point(|s| s.end.saturating_add(gap) < new.start);
    let to = from + all[from..].partition_point(|s| s.start <= new.end.saturating_add(gap));
    for met in &all[from..to] {
        new.start = new.start.min(met.start);
        new.end = new.end.max(met.end);
        new.sums.merge(&met.sums);
    }
    if to == from + 1 {
        all[from] = new;
    } else {
        all.splice(from..to, [new]);
    }
}

/// Adds sessions of a key to others of it.
fn join(all: &mut Vec<Session>, more: Vec<Session>, gap: i64) {
    more.into_iter().for_each(|session| insert(all, session, gap));
}

/// Sessions beyond those asked for that are kept before the shortest are dropped.
const SPARE: usize = 4096;

impl State for Sessions {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(time) = line.flow.time() else { return Err(LACKS) };
        let Some(key) = self.by.key(line, self.watch) else { return Err(LACKS) };
        let duration = i64::try_from(line.flow.duration().unwrap_or(0)).unwrap_or(i64::MAX);
        let (start, mut sums) = (time.nanos(), Sums::new());
        sums.add(line.flow);
        let new = Session { start, end: start.saturating_add(duration), sums };
        insert(self.keys.live.entry(key, Vec::new), new, self.gap);
        Ok(())
    }

    fn lacks(&self) -> String {
        ["timestamp"].into_iter().chain(self.by.names()).collect::<Vec<_>>().join(" and ")
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn empty(&self) -> Self {
        Sessions { by: self.by.clone(), keys: Shelf::new(), ..*self }
    }

    fn merge(&mut self, other: Sessions) {
        let gap = self.gap;
        self.keys.merge(other.keys, |a, b| join(a, b, gap));
    }

    fn bytes(&self) -> u64 {
        self.keys.live.bytes(|sessions| sessions.capacity() * size_of::<Session>())
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        let gap = self.gap;
        self.keys.spill(folder, |a, b| join(a, b, gap)).map(|()| true)
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        let gap = self.gap;
        let unite = |a: &mut Vec<Session>, b| join(a, b, gap);
        let rank = |s: &Session| match self.rank {
            Rank::Duration => u128::from(s.length()),
            Rank::Bytes => s.sums.total_bytes(),
            Rank::Packets => s.sums.packets() + s.sums.rev_packets().unwrap_or(0),
            Rank::Flows => s.sums.flows().into(),
        };
        let (mut reverse, mut all) = (Reverse::default(), Vec::<(Key, Session)>::new());
        // Stable: keys and starts are ascending.
        let cut = |all: &mut Vec<(Key, Session)>| {
            all.sort_by_key(|(_, session)| std::cmp::Reverse(rank(session)));
            all.truncate(self.n);
        };
        let read = self.keys.settle(unite).and_then(|()| {
            self.keys.each(unite, |key, sessions| {
                sessions.iter().for_each(|session| reverse.add(&session.sums));
                all.extend(sessions.iter().map(|session| (key.clone(), session.clone())));
                if all.len() > 2 * self.n.min(usize::MAX / 4) + SPARE {
                    cut(&mut all);
                }
            })
        });
        cut(&mut all);
        if let Err(text) = read {
            rows.fail(text);
            return;
        }
        for (key, session) in &all {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            let digits = session.sums.time_digits();
            row.time("timestamp", Some(Time(session.start)), digits);
            row.time("end", Some(Time(session.end)), digits);
            row.seconds("duration", session.length().into());
            row.sums(&session.sums, reverse);
            row.end();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::view::testing::{column, refusal, rows};
    use proptest::prelude::*;

    fn flow(at: u32, duration: u32, port: u32) -> String {
        format!(
            r#"{{"timestamp":"2026-03-10T08:{:02}:{:02}Z","duration":{duration},"src_ip":"10.0.0.1","src_port":{port},"dst_ip":"10.0.0.2","dst_port":22,"protocol":6,"bytes":10,"packets":1}}"#,
            at / 60,
            at % 60
        )
    }

    #[test]
    fn what_a_timeout_cut_is_one_session_and_a_long_silence_begins_another() {
        // Two ports: 0 to 600 in three parts and 700 to 701; 100 to 400.
        let flows = [flow(310, 290, 1), flow(0, 300, 1), flow(5, 20, 1), flow(700, 1, 1), flow(100, 300, 2)];
        let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
        let sessions = rows("sessions", &flows);
        assert_eq!(
            (column(&sessions, "src_port"), column(&sessions, "duration")),
            ("1 2 1".into(), "600 300 1".into())
        );
        assert_eq!((column(&sessions, "flows"), column(&sessions, "bytes")), ("3 1 1".into(), "30 10 10".into()));
        assert_eq!(column(&sessions[..1], "end"), "\"2026-03-10T08:10:00.000Z\"");
        let one = rows("sessions:by=src_ip+dst_ip,gap=99s,n=1", &flows);
        assert_eq!((column(&one, "duration"), column(&one, "flows")), ("600".into(), "4".into()));
        assert_eq!(column(&rows("sessions:by=src_ip+dst_ip,gap=100s", &flows), "duration"), "701");
        assert_eq!(column(&rows("sessions:measure=flows,n=2", &flows), "flows"), "3 1");
        assert!(refusal("sessions:by=duration").contains("duration is a column"));
    }

    proptest! {
        #[test]
        fn sessions_do_not_depend_on_the_order_of_flows(mut spans in prop::collection::vec((0i64..200, 0i64..20), 1..40), gap in 0i64..10) {
            let of = |spans: &[(i64, i64)]| {
                let mut all = Vec::new();
                spans.iter().for_each(|(start, len)| insert(&mut all, Session { start: *start, end: start + len, sums: Sums::new() }, gap));
                all
            };
            let made = of(&spans);
            prop_assert!(made.windows(2).all(|w| w[0].end + gap < w[1].start));
            // The definition: sorted by start, one begins where all before are over for longer than the gap.
            spans.sort_unstable();
            let mut expected: Vec<(i64, i64)> = Vec::new();
            for (start, len) in &spans {
                match expected.last_mut() {
                    Some(last) if *start <= last.1 + gap => last.1 = last.1.max(start + len),
                    _ => expected.push((*start, start + len)),
                }
            }
            prop_assert_eq!(made.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), expected);
        }
    }
}
