//! `rates`: bits and packets a second: mean, 95 % quantile and peak over bins of time.

use super::bins::{Bins, LOAD, NARROWEST, Volumes};
use super::params;
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Kind;
use flow_record::record::key::Key;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};
use flow_record::value::Time;
use std::collections::BTreeMap;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "rates",
        about: "bits and packets a second: mean, 95 % quantile, peak",
        explain: "One row, or with by= one for each key, ascending. Bytes and packets are spread over the bins of time that a flow
spans (as in timeline); a bin's rate is its sum over its seconds. bins is the number of bins from the first to the last in
which any flow is on, silent ones included, and the same for all keys: mean and 95 % quantile (type 7) are over these, so that
a silent bin is a rate of 0. max is the largest rate, and at the start of the first bin that has it.

With bin=5m, bps_p95 is the 95 % rate that transit is billed by. direction says which way is counted: sent (source to
destination), received, or both.",
        params: &[
            Param::new("bin", ParamKind::Duration(NARROWEST), "1m", "", "width of a bin"),
            Param::new("by", ParamKind::Key, "", "", "fields that tell flows apart"),
            Param::new("direction", ParamKind::Choice(&["sent", "received", "both"]), "sent", "", "which way is counted"),
            LOAD,
        ],
        needs: &["timestamp", "duration", "bytes", "packets", "rev_bytes", "rev_packets", "flows"],
        columns: &[
            column("src_ip", Kind::Any, "", "the key: whatever by says"),
            column("bins", columns::SUM, "", "bins from the first to the last with a flow of any key"),
            column("flows", columns::SUM, "flows", "flows"),
            column("bytes", columns::SUM, "bytes", "bytes in the direction"),
            column("packets", columns::SUM, "packets", "packets in the direction"),
            column("bps_mean", Kind::Number, "bit/s", "mean of the bins' bits a second"),
            column("bps_p95", Kind::Number, "bit/s", "their 95 % quantile"),
            column("bps_max", Kind::Number, "bit/s", "their largest"),
            column("bps_max_at", Kind::Time, "", "start of the first bin of that rate"),
            column("pps_mean", Kind::Number, "packets/s", "mean of the bins' packets a second"),
            column("pps_p95", Kind::Number, "packets/s", "their 95 % quantile"),
            column("pps_max", Kind::Number, "packets/s", "their largest"),
            column("pps_max_at", Kind::Time, "", "start of the first bin of that rate"),
        ],
        memory: "about 200 bytes for each bin and key",
        source: "arithmetic; quantiles: Hyndman and Fan (1996), type 7",
    },
    build,
    flows_only: "a baseline has hours alone; flows are needed",
};

/// The columns of a count: mean, quantile, largest, when.
const NAMES: [[&str; 4]; 2] =
    [["bps_mean", "bps_p95", "bps_max", "bps_max_at"], ["pps_mean", "pps_p95", "pps_max", "pps_max_at"]];

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let own: Vec<&str> = VIEW.spec.columns.iter().skip(1).map(|c| c.name).collect();
    let by = params::optional_key(args, "by", &own)?;
    let watch = setup.watch(by.iter().flat_map(|by| by.watched_names()));
    let bins = Bins::new(args.duration("bin"), args.text("load").unwrap_or_default());
    let ways = match args.text("direction") {
        Some("received") => [false, true],
        Some("both") => [true, true],
        _ => [true, false],
    };
    Ok(Box::new(Rates { volumes: Volumes::new(bins, by, watch), ways }))
}

#[derive(Clone)]
struct Rates {
    volumes: Volumes,
    /// Whether what was sent counts, and what was received.
    ways: [bool; 2],
}

/// What a key has: flows, and of bytes and packets the sums of its bins, ascending by bin.
#[derive(Default)]
struct Known {
    flows: u64,
    sums: [Vec<(i64, u128)>; 2],
}

impl State for Rates {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.volumes.flow(line)
    }

    fn lacks(&self) -> String {
        self.volumes.lacks()
    }

    fn is_empty(&self) -> bool {
        self.volumes.cells.is_empty()
    }

    fn empty(&self) -> Self {
        Rates { volumes: self.volumes.empty(), ..*self }
    }

    fn merge(&mut self, other: Rates) {
        self.volumes.merge(other.volumes);
    }

    fn bytes(&self) -> u64 {
        self.volumes.cells.bytes(|_| 0)
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let Volumes { bins, by, cells, .. } = &self.volumes;
        self.volumes.tell(rows);
        let all = cells.sorted();
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return };
        let n = (last.0.0 - first.0.0 + 1) as u64;
        let mut keys: BTreeMap<&Key, Known> = BTreeMap::new();
        for ((bin, key), volume) in all {
            let known = keys.entry(key).or_default();
            known.flows = known.flows.saturating_add(volume.flows);
            for (i, sums) in known.sums.iter_mut().enumerate() {
                let ways = [volume.counts[i], volume.counts[i + 2]].into_iter().zip(self.ways);
                sums.push((*bin, ways.filter(|(_, counts)| *counts).map(|(sum, _)| sum).sum()));
            }
        }
        for (key, Known { flows, sums }) in keys {
            let mut row = rows.row();
            if let Some(by) = by {
                row.members(|out| by.write_members(key, out));
            }
            row.integer("bins", n);
            row.integer("flows", flows);
            for (name, sums) in ["bytes", "packets"].into_iter().zip(&sums) {
                row.integer(name, sums.iter().map(|s| s.1).sum::<u128>());
            }
            for ((names, sums), scale) in NAMES.iter().zip(&sums).zip([8.0, 1.0]) {
                let of = Spread::of(sums, n, scale / bins.seconds());
                row.float(names[0], of.mean);
                row.float(names[1], of.p95);
                row.float(names[2], of.max);
                row.time(names[3], of.at.and_then(|bin| bins.start(bin)) as Option<Time>, 3);
            }
            row.end();
        }
    }
}

/// The rates of `n` bins, of which those that are not among the sums are silent.
struct Spread {
    mean: f64,
    p95: f64,
    max: f64,
    /// The first bin of the largest.
    at: Option<i64>,
}

impl Spread {
    fn of(sums: &[(i64, u128)], n: u64, scale: f64) -> Spread {
        let mut sorted: Vec<u128> = sums.iter().map(|s| s.1).collect();
        sorted.sort_unstable();
        let zeros = n - sorted.len() as u64;
        // The sum of a rank, ranks from 0 on, the silent bins first.
        let at = |rank: u64| rank.checked_sub(zeros).and_then(|i| sorted.get(i as usize)).copied().unwrap_or(0) as f64;
        let place = (n - 1) as f64 * 0.95;
        let lower = place.floor() as u64;
        let (a, b) = (at(lower), at((lower + 1).min(n - 1)));
        let max = sorted.last().copied().unwrap_or(0);
        Spread {
            mean: sorted.iter().sum::<u128>() as f64 / n as f64 * scale,
            p95: (a + (b - a) * (place - lower as f64)) * scale,
            max: max as f64 * scale,
            at: sums.iter().find(|s| s.1 == max).map(|s| s.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows, shown};

    const FLOWS: [&str; 3] = [
        r#"{"timestamp":"2026-03-10T08:00:00Z","duration":120,"src_ip":"10.0.0.1","bytes":3000,"packets":10,"rev_bytes":60}"#,
        r#"{"timestamp":"2026-03-10T08:01:30Z","src_ip":"10.0.0.2","bytes":600,"packets":60}"#,
        r#"{"timestamp":"2026-03-10T08:03:59Z","src_ip":"10.0.0.1","bytes":60,"packets":1}"#,
    ];

    #[test]
    fn rates_are_over_all_bins_of_the_input() {
        let rows = rows("rates:by=src_ip", &FLOWS);
        assert_eq!((column(&rows, "bins"), column(&rows, "bytes")), ("4 4".into(), "3060 600".into()));
        assert_eq!(
            column(&rows, "bps_mean"),
            format!("{} {}", shown(3060.0 * 8.0 / 240.0), shown(600.0 * 8.0 / 240.0))
        );
        assert_eq!(column(&rows, "bps_max"), format!("{} {}", shown(200.0), shown(80.0)));
        assert_eq!(column(&rows, "bps_max_at"), "\"2026-03-10T08:00:00.000Z\" \"2026-03-10T08:01:00.000Z\"");
        assert_eq!(column(&rows, "pps_max"), format!("{} 1", shown(5.0 / 60.0)));
        // Of 0, 60, 1500, 1500 bytes, at rank 2.85; of 0, 0, 0, 600 at the same.
        assert_eq!(column(&rows, "bps_p95"), format!("{} {}", shown(200.0), shown(600.0 * 0.85 * 8.0 / 60.0)));
    }

    #[test]
    fn either_direction_counts_where_it_is_asked_for() {
        let bytes = |item: &str| column(&rows(item, &FLOWS), "bytes");
        assert_eq!((bytes("rates:direction=received"), bytes("rates:direction=both")), ("60".into(), "3720".into()));
    }

    #[test]
    fn a_quantile_is_that_of_all_bins() {
        let sums: Vec<(i64, u128)> = (0..20).map(|i| (i, (i as u128 * 7919) % 101)).collect();
        let mut all: Vec<u64> = sums.iter().map(|s| s.1 as u64).chain([0; 13]).collect();
        all.sort_unstable();
        let expected = flow_record::stats::quantile::quantile_sorted(&all, 0.95);
        assert!((Spread::of(&sums, 33, 1.0).p95 - expected).abs() < 1e-9);
    }
}
