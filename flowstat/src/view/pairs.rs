//! `pairs`: one row a source and destination.

use super::params::{self, Measure};
use super::rows::{Reverse, Rows};
use super::shelf::Shelf;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::record::key::{Key, KeySpec};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};
use flow_record::stats::{Ports, Sums};
use serde::{Deserialize, Serialize};
use std::path::Path;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "pairs",
        about: "traffic by source and destination",
        explain:
            "One row for each pair of source and destination address, in that direction. A prefix length makes it pairs
of networks: by=src_ip/24+dst_ip/24 (and /64 for IPv6).

flows, packets, bytes, rev_bytes and rev_packets are sums; unique_dst_ports is the number of distinct destination ports.
With top=N the N rows of the largest measure come, largest first; else all, by addresses.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip+dst_ip", "", "the two ends, with prefix lengths if so wished"),
            params::TOP,
            params::MEASURE,
        ],
        needs: &["src_ip", "dst_ip", "dst_port", "bytes", "packets", "rev_bytes", "rev_packets", "flows", "timestamp"],
        columns: &[
            column("src_ip", Kind::Text, "", "source address or network"),
            column("dst_ip", Kind::Text, "", "destination address or network"),
            columns::FLOWS,
            columns::PACKETS,
            columns::BYTES,
            column("rev_bytes", columns::SUM, "bytes", "bytes from destination to source"),
            columns::REV_PACKETS,
            column("unique_dst_ports", columns::SUM, "", "distinct destination ports"),
            columns::FIRST,
            columns::LAST,
        ],
        memory: "about 250 bytes a pair; ports at most 8 KiB a pair",
        source: "arithmetic",
    },
    build,
    flows_only: "a baseline keeps internal pairs alone; flows are needed",
};

fn build(args: &Args, _: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    let names: Vec<&str> = by.names().collect();
    anyhow::ensure!(
        names == ["src_ip", "dst_ip"],
        "by={by}: src_ip+dst_ip is expected, with prefix lengths if so wished"
    );
    Ok(Box::new(Pairs { by, top: params::top(args), measure: Measure::of(args), pairs: Shelf::new() }))
}

#[derive(Clone)]
struct Pairs {
    by: KeySpec,
    top: Option<usize>,
    measure: Measure,
    pairs: Shelf<Key, Pair>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Pair {
    sums: Sums,
    ports: Ports,
}

impl Pair {
    fn merge(&mut self, other: Pair) {
        self.sums.merge(&other.sums);
        self.ports.merge(other.ports);
    }
}

impl State for Pairs {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(key) = self.by.key(line, 0) else { return Err("src_ip and dst_ip") };
        let pair = self.pairs.live.entry(key, Pair::default);
        pair.sums.add(line.flow);
        if let Some(port) = line.flow.dst_port() {
            pair.ports.insert(port);
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn empty(&self) -> Self {
        Pairs { by: self.by.clone(), pairs: Shelf::new(), ..*self }
    }

    fn merge(&mut self, other: Pairs) {
        self.pairs.merge(other.pairs, Pair::merge);
    }

    fn bytes(&self) -> u64 {
        self.pairs.live.bytes(|pair| pair.ports.heap_bytes())
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        self.pairs.spill(folder, Pair::merge).map(|()| true)
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        let mut reverse = Reverse::default();
        let read = self.pairs.settle(Pair::merge);
        let read = read.and_then(|()| self.pairs.each(Pair::merge, |_, pair| reverse.add(&pair.sums)));
        let put = |key: &Key, Pair { sums, ports }: &Pair| {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            row.integer("flows", sums.flows());
            row.integer("packets", sums.packets());
            row.integer("bytes", sums.bytes());
            row.integer("rev_bytes", sums.rev_bytes().unwrap_or(0));
            row.rev_packets(sums, reverse);
            row.integer("unique_dst_ports", ports.count());
            row.times(sums);
            row.end();
        };
        let measure = |pair: &Pair| self.measure.value(&pair.sums);
        if let Err(text) = read.and_then(|()| self.pairs.ranked(self.top, measure, Pair::merge, put)) {
            rows.fail(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, refusal, rows};

    const FLOWS: [&str; 5] = [
        r#"{"timestamp":"2026-03-10T08:00:00Z","src_ip":"10.0.0.2","dst_ip":"10.0.1.1","dst_port":80,"bytes":10,"packets":1}"#,
        r#"{"timestamp":"2026-03-10T07:00:00Z","src_ip":"10.0.0.2","dst_ip":"10.0.1.1","dst_port":443,"bytes":1,"packets":2}"#,
        r#"{"src_ip":"10.0.1.1","dst_ip":"10.0.0.2","dst_port":80,"bytes":7,"packets":1,"rev_packets":3}"#,
        r#"{"src_ip":"9.0.0.2","dst_ip":"2001:db8::1","bytes":7}"#,
        r#"{"src_ip":"9.0.0.2","bytes":7}"#,
    ];

    #[test]
    fn a_pair_is_one_direction() {
        let rows = rows("pairs", &FLOWS);
        assert_eq!(column(&rows, "src_ip"), "\"9.0.0.2\" \"10.0.0.2\" \"10.0.1.1\"");
        assert_eq!(column(&rows, "dst_ip"), "\"2001:db8::1\" \"10.0.1.1\" \"10.0.0.2\"");
        assert_eq!((column(&rows, "flows"), column(&rows, "bytes")), ("1 2 1".into(), "7 11 7".into()));
        assert_eq!((column(&rows, "rev_bytes"), column(&rows, "rev_packets")), ("0 0 0".into(), "0 0 3".into()));
        assert_eq!(column(&rows, "unique_dst_ports"), "0 2 1");
        assert_eq!(column(&rows[1..2], "first"), "\"2026-03-10T07:00:00.000Z\"");
    }

    #[test]
    fn prefixes_make_networks_and_anything_else_is_refused() {
        let rows = rows("pairs:by=src_ip/8+dst_ip/23", &FLOWS[..3]);
        assert_eq!(
            (column(&rows, "src_ip"), column(&rows, "dst_ip")),
            ("\"10.0.0.0/8\"".into(), "\"10.0.0.0/23\"".into())
        );
        assert!(refusal("pairs:by=src_ip").contains("src_ip+dst_ip is expected"));
        assert!(refusal("pairs:by=src_ip/40+dst_ip").contains("prefix"));
    }

    #[test]
    fn the_top_come_by_measure() {
        assert_eq!(column(&rows("pairs:top=2,measure=flows", &FLOWS), "flows"), "2 1");
    }
}
