//! `entropy`: how evenly addresses and ports are used, one row a bin of time.

use super::bins::{Bins, NARROWEST};
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{self, Map};
use flow_record::record::{Flow, Kind, field};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};
use flow_record::value::Address;
use std::hash::Hash;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "entropy",
        about: "how evenly addresses and ports are used, by time",
        explain: "One row for each bin of time (of UTC, from 1970 on) in which a flow starts. Of each of src_ip, dst_ip, src_port and
dst_port: the number of distinct values, the entropy in bits, H = -sum of p·log2(p), where p is a value's part of the flows
(or, as weight= says, of packets or bytes) that have the field, and that entropy over log2 of the number of distinct values:
0 where all have one value, 1 where all values are as frequent.

A port scan raises that of dst_port and lowers that of dst_ip, a sweep raises that of dst_ip, a flood from many sources raises
that of src_ip and lowers that of dst_ip, a large transfer (by bytes) lowers all. Bins with few flows say little.",
        params: &[
            Param::new("bin", ParamKind::Duration(NARROWEST), "5m", "", "width of a bin"),
            Param::new("weight", ParamKind::Choice(&["flows", "packets", "bytes"]), "flows", "", "what a value's part is of"),
        ],
        needs: &["timestamp", "src_ip", "dst_ip", "src_port", "dst_port", "flows", "packets", "bytes"],
        columns: &[
            column("timestamp", Kind::Time, "", "start of the bin"),
            columns::FLOWS,
            column("src_ips", columns::SUM, "", "distinct source addresses"),
            column("src_ip_entropy", Kind::Number, "bits", "entropy of source addresses"),
            column("src_ip_evenness", Kind::Number, "", "that over its largest possible, 0 to 1"),
            column("dst_ips", columns::SUM, "", "distinct destination addresses"),
            column("dst_ip_entropy", Kind::Number, "bits", "entropy of destination addresses"),
            column("dst_ip_evenness", Kind::Number, "", "that over its largest possible, 0 to 1"),
            column("src_ports", columns::SUM, "", "distinct source ports"),
            column("src_port_entropy", Kind::Number, "bits", "entropy of source ports"),
            column("src_port_evenness", Kind::Number, "", "that over its largest possible, 0 to 1"),
            column("dst_ports", columns::SUM, "", "distinct destination ports"),
            column("dst_port_entropy", Kind::Number, "bits", "entropy of destination ports"),
            column("dst_port_evenness", Kind::Number, "", "that over its largest possible, 0 to 1"),
        ],
        memory: "about 30 bytes for each distinct value of each field and bin",
        source: "Shannon (1948); Lakhina, Crovella and Diot (2005); normalised as Bereziński et al. (2015)",
    },
    build,
    flows_only: "a baseline does not keep how often each address occurred in a bin; flows are needed",
};

/// The columns of a field: distinct values, entropy, evenness.
const NAMES: [[&str; 3]; 4] = [
    ["src_ips", "src_ip_entropy", "src_ip_evenness"],
    ["dst_ips", "dst_ip_entropy", "dst_ip_evenness"],
    ["src_ports", "src_port_entropy", "src_port_evenness"],
    ["dst_ports", "dst_port_entropy", "dst_port_evenness"],
];

#[derive(Clone, Copy)]
enum Weight {
    Flows,
    Packets,
    Bytes,
}

impl Weight {
    fn name(self) -> &'static str {
        match self {
            Weight::Flows => "flows",
            Weight::Packets => "packets",
            Weight::Bytes => "bytes",
        }
    }

    #[inline]
    fn of(self, flow: &Flow) -> Option<u64> {
        match self {
            Weight::Flows => Some(flow.integer(field::FLOWS).unwrap_or(1)),
            Weight::Packets => flow.packets(),
            Weight::Bytes => flow.bytes(),
        }
    }
}

fn build(args: &Args, _: &mut Setup) -> anyhow::Result<ViewState> {
    let weight = match args.text("weight") {
        Some("packets") => Weight::Packets,
        Some("bytes") => Weight::Bytes,
        _ => Weight::Flows,
    };
    Ok(Box::new(Entropy { bins: Bins::new(args.duration("bin"), ""), weight, met: Map::default() }))
}

#[derive(Clone)]
struct Entropy {
    bins: Bins,
    weight: Weight,
    met: Map<i64, Bin>,
}

/// How much each value had in a bin.
#[derive(Clone, Default)]
struct Bin {
    flows: u64,
    addresses: [Map<Address, u128>; 2],
    ports: [Map<u16, u128>; 2],
}

impl State for Entropy {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let Some(time) = flow.time() else { return Err("timestamp") };
        let Some(weight) = self.weight.of(flow) else { return Err(self.weight.name()) };
        let bin = self.met.entry(self.bins.of(time)).or_default();
        bin.flows = bin.flows.saturating_add(flow.integer(field::FLOWS).unwrap_or(1));
        for (address, met) in [flow.src_ip(), flow.dst_ip()].into_iter().zip(&mut bin.addresses) {
            add(met, address, weight);
        }
        for (port, met) in [flow.src_port(), flow.dst_port()].into_iter().zip(&mut bin.ports) {
            add(met, port, weight);
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    fn empty(&self) -> Self {
        Entropy { met: Map::default(), ..*self }
    }

    fn merge(&mut self, other: Entropy) {
        map::merge(&mut self.met, other.met, |a, b| {
            a.flows = a.flows.saturating_add(b.flows);
            for (a, b) in a.addresses.iter_mut().zip(b.addresses) {
                map::merge(a, b, |x, y| *x += y);
            }
            for (a, b) in a.ports.iter_mut().zip(b.ports) {
                map::merge(a, b, |x, y| *x += y);
            }
        });
    }

    fn bytes(&self) -> u64 {
        let of = |bin: &Bin| {
            let addresses: usize = bin.addresses.iter().map(|met| met.capacity() * 48).sum();
            addresses + bin.ports.iter().map(|met| met.capacity() * 40).sum::<usize>()
        };
        self.met.values().map(of).sum::<usize>() as u64
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let mut all: Vec<(i64, Bin)> = self.met.into_iter().collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        for (number, bin) in all {
            let Bin { flows, addresses: [src, dst], ports: [from, to] } = &bin;
            let evenness = [shares(src), shares(dst), shares(from), shares(to)];
            let mut row = rows.row();
            row.time("timestamp", self.bins.start(number), 3);
            row.integer("flows", *flows);
            for (names, counts) in NAMES.iter().zip(evenness) {
                if counts.is_empty() {
                    continue;
                }
                let (bits, n) = (entropy(&counts), counts.len() as f64);
                row.integer(names[0], counts.len() as u64);
                row.float(names[1], bits);
                row.float(names[2], if counts.len() > 1 { bits / n.log2() } else { 0.0 });
            }
            row.end();
        }
    }
}

#[inline]
fn add<K: Eq + Hash>(met: &mut Map<K, u128>, value: Option<K>, weight: u64) {
    if let Some(value) = value {
        *met.entry(value).or_default() += u128::from(weight);
    }
}

/// What each value had, ascending: floats are then added in one order.
fn shares<K>(met: &Map<K, u128>) -> Vec<u128> {
    let mut all: Vec<u128> = met.values().copied().collect();
    all.sort_unstable();
    all
}

/// The entropy of counts in bits; 0 where they are all 0.
fn entropy(counts: &[u128]) -> f64 {
    let all = counts.iter().sum::<u128>() as f64;
    let bits = |n: &u128| {
        let p = *n as f64 / all;
        p * -p.log2()
    };
    // Of one value it is -0.
    counts.iter().filter(|n| **n > 0).map(bits).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows, shown};

    #[test]
    fn entropy_is_that_of_the_definition() {
        assert_eq!(entropy(&[5]), 0.0);
        assert!((entropy(&[1, 1, 2]) - 1.5).abs() < 1e-12);
        assert!((entropy(&[3; 1024]) - 10.0).abs() < 1e-9);
        assert_eq!(entropy(&[0, 0]), 0.0);
    }

    #[test]
    fn each_field_is_over_the_flows_that_have_it() {
        let flows = [
            r#"{"timestamp":"2026-03-10T08:00:00Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.9","dst_port":80,"bytes":3}"#,
            r#"{"timestamp":"2026-03-10T08:04:59Z","src_ip":"10.0.0.2","dst_ip":"10.0.0.9","dst_port":81,"bytes":1}"#,
            r#"{"timestamp":"2026-03-10T08:05:00Z","src_ip":"10.0.0.2","bytes":1}"#,
        ];
        let rows = rows("entropy", &flows);
        assert_eq!(column(&rows, "timestamp"), "\"2026-03-10T08:00:00.000Z\" \"2026-03-10T08:05:00.000Z\"");
        assert_eq!((column(&rows, "src_ips"), column(&rows, "dst_ips")), ("2 1".into(), "1 -".into()));
        assert_eq!((column(&rows, "src_ip_entropy"), column(&rows, "src_ip_evenness")), ("1 0".into(), "1 0".into()));
        assert_eq!((column(&rows, "dst_ip_entropy"), column(&rows, "dst_port_evenness")), ("0 -".into(), "1 -".into()));
        let bits = 0.75 * (4f64 / 3.0).log2() + 0.25 * 2.0;
        let rows = crate::view::testing::rows("entropy:weight=bytes", &flows);
        assert_eq!(column(&rows, "src_ip_entropy"), format!("{} 0", shown(bits)));
    }
}
