//! `matrix`: who talks to whom between networks, one row a pair of them.

use super::params::{self, Measure};
use super::rows::{Reverse, Rows};
use super::shelf::Shelf;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::record::key::{Key, KeySpec};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{LACKS, Setup, State, Taken};
use flow_record::stats::{Addresses, SketchKey, Sums};
use serde::{Deserialize, Serialize};
use std::path::Path;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "matrix",
        about: "who talks to whom between networks, countries or zones",
        explain: "One row for each pair of what by= names of the two ends of a flow, in that direction: networks (the default), or
anything that lines carry of both ends, such as by=src_country+dst_country, by=src_scope+dst_scope or by=src_as+dst_as.

share is the pair's part of all bytes, 0 to 1; unique_src_ips and unique_dst_ips are the distinct addresses at each end. With
top=N the N pairs of the largest measure come, largest first; else all, in the order of their keys.",
        params: &[
            Param::new("by", ParamKind::Key, "src_ip/24+dst_ip/24", "", "the two ends"),
            params::TOP,
            params::MEASURE,
        ],
        needs: &["src_ip", "dst_ip", "bytes", "packets", "rev_bytes", "rev_packets", "flows", "timestamp"],
        columns: &[
            column("src_ip", Kind::Any, "", "the source's network, or what by says first"),
            column("dst_ip", Kind::Any, "", "the destination's network, or what by says second"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("share", Kind::Number, "", "part of all bytes, 0 to 1"),
            column("unique_src_ips", columns::SUM, "", "distinct source addresses"),
            column("unique_dst_ips", columns::SUM, "", "distinct destination addresses"),
            columns::FIRST,
            columns::LAST,
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "about 300 bytes a pair, and the addresses at both ends (65 536 of 8 bytes, then a sketch of 16 KiB)",
        source: "arithmetic; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "a baseline keeps internal pairs alone; flows are needed",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let by = args.key("by")?;
    anyhow::ensure!(by.names().count() == 2, "by={by}: two fields are expected, as src_ip/24+dst_ip/24");
    let own = VIEW.spec.columns.iter().skip(2).map(|c| c.name);
    params::is_free(&by, &own.collect::<Vec<_>>())?;
    let watch = setup.watch(by.watched_names());
    let (top, measure) = (params::top(args), Measure::of(args));
    Ok(Box::new(Matrix { by, watch, top, measure, key: SketchKey::default(), cells: Shelf::new() }))
}

#[derive(Clone)]
struct Matrix {
    by: KeySpec,
    watch: usize,
    top: Option<usize>,
    measure: Measure,
    key: SketchKey,
    cells: Shelf<Key, Cell>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Cell {
    sums: Sums,
    sources: Addresses,
    destinations: Addresses,
}

impl Cell {
    fn merge(&mut self, other: Cell, key: &SketchKey) {
        self.sums.merge(&other.sums);
        self.sources.merge(other.sources, key);
        self.destinations.merge(other.destinations, key);
    }
}

impl State for Matrix {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(key) = self.by.key(line, self.watch) else { return Err(LACKS) };
        let cell = self.cells.live.entry(key, Cell::default);
        cell.sums.add(line.flow);
        line.flow.src_ip().into_iter().for_each(|a| cell.sources.insert(a, &self.key));
        line.flow.dst_ip().into_iter().for_each(|a| cell.destinations.insert(a, &self.key));
        Ok(())
    }

    fn lacks(&self) -> String {
        self.by.names().collect::<Vec<_>>().join(" and ")
    }

    fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn empty(&self) -> Self {
        Matrix { by: self.by.clone(), key: self.key.clone(), cells: Shelf::new(), ..*self }
    }

    fn merge(&mut self, other: Matrix) {
        self.cells.merge(other.cells, |a, b| a.merge(b, &self.key));
    }

    fn bytes(&self) -> u64 {
        self.cells.live.bytes(|cell| cell.sources.heap_bytes() + cell.destinations.heap_bytes())
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        let key = &self.key;
        self.cells.spill(folder, |a, b| a.merge(b, key)).map(|()| true)
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        let key = &self.key;
        let join = |a: &mut Cell, b| a.merge(b, key);
        let (mut reverse, mut total) = (Reverse::default(), 0u128);
        let read = self.cells.settle(join).and_then(|()| {
            self.cells.each(join, |_, cell| {
                reverse.add(&cell.sums);
                total = total.saturating_add(cell.sums.bytes());
            })
        });
        let put = |key: &Key, cell: &Cell| {
            let mut row = rows.row();
            row.members(|out| self.by.write_members(key, out));
            row.sums(&cell.sums, reverse);
            row.float("share", cell.sums.bytes() as f64 / total.max(1) as f64);
            row.count("unique_src_ips", cell.sources.count());
            row.count("unique_dst_ips", cell.destinations.count());
            row.times(&cell.sums);
            row.end();
        };
        let measure = |cell: &Cell| self.measure.value(&cell.sums);
        if let Err(text) = read.and_then(|()| self.cells.ranked(self.top, measure, join, put)) {
            rows.fail(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::testing::{column, refusal, rows};

    const FLOWS: [&str; 4] = [
        r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.1.1","bytes":10,"src_country":"PT","dst_country":"ES"}"#,
        r#"{"src_ip":"10.0.0.2","dst_ip":"10.0.1.1","bytes":20,"src_country":"PT","dst_country":"ES"}"#,
        r#"{"src_ip":"10.0.1.1","dst_ip":"10.0.0.2","bytes":70,"src_country":"ES","dst_country":"PT"}"#,
        r#"{"src_ip":"2001:db8::1","dst_ip":"2001:db8:1::1"}"#,
    ];

    #[test]
    fn a_cell_is_a_pair_of_networks_in_one_direction() {
        let rows = rows("matrix", &FLOWS);
        assert_eq!(column(&rows, "src_ip"), "\"10.0.0.0/24\" \"10.0.1.0/24\" \"2001:db8::/64\"");
        assert_eq!((column(&rows, "bytes"), column(&rows, "share")), ("30 70 0".into(), "0.3 0.7 0".into()));
        assert_eq!(
            (column(&rows, "unique_src_ips"), column(&rows, "unique_dst_ips")),
            ("2 1 1".into(), "1 1 1".into())
        );
    }

    #[test]
    fn anything_of_both_ends_will_do_and_the_top_come_first() {
        let rows = rows("matrix:by=src_country+dst_country,top=1", &FLOWS);
        assert_eq!((column(&rows, "src_country"), column(&rows, "bytes")), ("\"ES\"".into(), "70".into()));
        assert!(refusal("matrix:by=src_ip").contains("two fields"));
        assert!(refusal("matrix:by=src_ip+share").contains("share is a column"));
    }
}
