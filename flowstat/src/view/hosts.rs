//! `hosts`: one row a host or network.

use super::params::{self, Measure};
use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::shelf::Shelf;
use super::{ToRows, View, ViewState};
use anyhow::Context;
use flow_record::baseline::{By, End, Frame, Host, Section};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::key::{KeySpec, Part};
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::{Parts, Precision, Profile, SketchKey};
use flow_record::value::Address;
use std::net::IpAddr;
use std::path::Path;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "hosts",
        about: "traffic by host: sums, distinct peers and ports, sizes of flows",
        explain: "One row for each source address; by=dst_ip: for each destination address; by=host: for each address at
either end. A prefix length makes it networks: by=src_ip/24 (and /64 for IPv6), by=host/16/48.

unique_dst_ips and unique_dst_ports are the numbers of distinct dst_ip and dst_port over the flows of the row. The columns
bytes_per_flow_* are mean, sample deviation (divisor n - 1, 0 below two flows), median and 95 % quantile (type 7) of bytes
over its flows; a record that stands for several flows is one value. They are left out where no flow says its bytes.

With by=host a flow counts once for each distinct end (host or network), column host: bytes and packets are what the
host sent, rev_bytes and rev_packets what it received, unique_dst_ips its peers, and the sizes of flows those that it
sent. What the destination of a flow sent is known only from flows that have both directions.

With top=N the N rows of the largest measure come, largest first; else all, by address.

A baseline is read where its by= is the same, or is the addresses of which this one's are networks (not of by=host).",
        params: &[
            Param::new("by", ParamKind::Text, "src_ip", "", "src_ip, dst_ip or host, with a prefix length if so wished"),
            params::TOP,
            params::MEASURE,
            params::QUANTILES,
        ],
        needs: &["src_ip", "dst_ip", "dst_port", "bytes", "packets", "rev_bytes", "rev_packets", "flows", "timestamp"],
        columns: &[
            column("src_ip", Kind::Text, "", "source address or network, unless by says otherwise"),
            column("dst_ip", Kind::Text, "", "destination address or network, with by=dst_ip"),
            column("host", Kind::Text, "", "address or network at either end, with by=host"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("unique_dst_ips", columns::SUM, "", "distinct destination addresses; with by=host, peers"),
            column("unique_dst_ports", columns::SUM, "", "distinct destination ports"),
            column("bytes_per_flow_mean", Kind::Number, "bytes", "mean of bytes over flows"),
            column("bytes_per_flow_std", Kind::Number, "bytes", "sample deviation of bytes over flows"),
            column("bytes_per_flow_median", Kind::Number, "bytes", "median of bytes over flows"),
            column("bytes_per_flow_p95", Kind::Number, "bytes", "95 % quantile of bytes over flows"),
            columns::FIRST,
            columns::LAST,
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "about 300 bytes a host; up to 65 536 destination addresses a host (6 to 20 bytes each), then a sketch of \
                 16 KiB; ports at most 8 KiB; with quantiles up to 1024 sizes of flows (8 KiB), then buckets of 0.1 %",
        source: "arithmetic; quantiles: Hyndman and Fan (1996), type 7; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "",
};

/// What `by` says: the end, and the bits of IPv4 and IPv6 that are kept.
fn key(by: &str) -> anyhow::Result<(End, Option<(u8, u8)>)> {
    let (name, rest) = by.split_at(by.find('/').unwrap_or(by.len()));
    let end = match name {
        "src_ip" => End::Source,
        "dst_ip" => End::Destination,
        "host" => End::Either,
        _ => anyhow::bail!("by={by}: src_ip, dst_ip or host is expected"),
    };
    let key = KeySpec::of(&[format!("src_ip{rest}")]).with_context(|| format!("by={by}"))?;
    Ok((end, key.prefix(0)))
}

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    let (end, prefix) = key(args.text("by").unwrap_or_default())?;
    let quantiles = params::precision(args);
    Ok(Box::new(Hosts {
        end,
        prefix,
        parts: Parts { addresses: true, ports: true, moments: true, quantiles, key: SketchKey::default() },
        top: params::top(args),
        measure: Measure::of(args),
        hosts: Shelf::new(),
        met: Vec::with_capacity(WAITING),
        reading: Reading::new(setup),
    }))
}

/// Ends that wait to be met.
const WAITING: usize = 128;

#[derive(Clone)]
struct Hosts {
    end: End,
    prefix: Option<(u8, u8)>,
    parts: Parts,
    top: Option<usize>,
    measure: Measure,
    /// By address, or by the first address of the network.
    hosts: Shelf<Address, Profile>,
    /// Numbers of hosts and the ends that they met, up to [`WAITING`]. The sets of the hosts lie far apart in memory: many
    /// visits in a row, with nothing between them, wait for it together instead of one after the other.
    met: Vec<(u32, Address)>,
    reading: Reading,
}

impl Hosts {
    /// The key of an address: itself, or the first address of its network.
    #[inline]
    fn cut(&self, address: Address) -> Address {
        match self.prefix.map(|(v4, v6)| Part::network(address, v4, v6)) {
            Some(Part::Network(network, _)) => network,
            _ => address,
        }
    }

    /// Adds a flow to a host by one of [`Profile::add`] and [`Profile::add_reversed`].
    #[inline]
    fn add(&mut self, host: Address, flow: &Flow, how: impl FnOnce(&mut Profile, &Flow, &Parts) -> Option<Address>) {
        let (number, profile) = self.hosts.live.numbered(host, || Profile::new(&self.parts));
        if let Some(other) = how(profile, flow, &self.parts) {
            self.met.push((number, other));
            if self.met.len() == WAITING {
                self.meet();
            }
        }
    }

    /// Adds the ends that wait.
    fn meet(&mut self) {
        for (number, other) in self.met.drain(..) {
            if let Some(profile) = self.hosts.live.numbered_value(number) {
                profile.meet(other, &self.parts);
            }
        }
    }

    /// Takes a host of a baseline.
    fn absorb(&mut self, frame: Frame<'_>) {
        let address = |key: &str| match By::End(End::Source).read_key(key)?.parts() {
            [Part::Address(address) | Part::Network(address, _)] => Some(*address),
            _ => None,
        };
        let (address, host) = (self.reading.key(frame, address), self.reading.state::<Host>(frame));
        if let (Some(address), Some(host)) = (address.map(|a| self.cut(a)), host) {
            let profile = self.hosts.live.entry(address, || Profile::new(&self.parts));
            let (ports, bytes) = (host.ports.set(), host.bytes);
            let met = Profile::of(host.sums, (host.peers, ports), (bytes.moments, bytes.quantiles), &self.parts);
            profile.merge(met, &self.parts);
        }
    }

    /// Why the baseline that was read has other hosts.
    fn misfit(&self) -> Option<String> {
        let theirs = &self.reading.header()?.by;
        let own = match self.prefix {
            None => self.name().to_owned(),
            Some((v4, v6)) => format!("{}/{v4}/{v6}", self.name()),
        };
        let is_within = self.end != End::Either && theirs == self.name();
        if self.parts.quantiles == Precision::Exact {
            return Some("quantiles=exact: a baseline has exact quantiles up to a limit alone".to_owned());
        }
        (*theirs != own && !is_within).then(|| format!("by={own}: the hosts of the baseline are by={theirs}"))
    }

    fn name(&self) -> &'static str {
        match self.end {
            End::Source => "src_ip",
            End::Destination => "dst_ip",
            End::Either => "host",
        }
    }

    /// The value of the key's column.
    fn part(&self, address: Address) -> Part {
        match (self.prefix, address.0) {
            (Some((v4, _)), IpAddr::V4(_)) => Part::Network(address, v4),
            (Some((_, v6)), IpAddr::V6(_)) => Part::Network(address, v6),
            (None, _) => Part::Address(address),
        }
    }
}

impl State for Hosts {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let (src, dst) = match self.end {
            End::Source => (flow.src_ip(), None),
            End::Destination => (flow.dst_ip(), None),
            End::Either => (flow.src_ip(), flow.dst_ip()),
        };
        let (src, dst) = (src.map(|a| self.cut(a)), dst.map(|a| self.cut(a)));
        if let Some(address) = src {
            self.add(address, flow, Profile::add);
        }
        if let Some(address) = dst.filter(|_| dst != src) {
            self.add(address, flow, Profile::add_reversed);
        }
        match (src.or(dst), self.end) {
            (Some(_), _) => Ok(()),
            (None, End::Either) => Err("src_ip and dst_ip"),
            (None, _) => Err(self.name()),
        }
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        if let Some(frame) = self.reading.frame(line)
            && frame.section == Host::NAME
        {
            self.absorb(frame);
        }
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault().or_else(|| self.misfit())
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    fn empty(&self) -> Self {
        let (parts, reading) = (self.parts.clone(), self.reading.empty());
        Hosts { parts, hosts: Shelf::new(), met: Vec::with_capacity(WAITING), reading, ..*self }
    }

    fn merge(&mut self, mut other: Hosts) {
        self.reading.merge(std::mem::replace(&mut other.reading, self.reading.empty()));
        self.meet();
        other.meet();
        self.hosts.merge(other.hosts, |a, b| a.merge(b, &self.parts));
    }

    fn bytes(&self) -> u64 {
        self.hosts.live.bytes(Profile::heap_bytes)
    }

    fn spill(&mut self, folder: &Path) -> Result<bool, String> {
        self.meet();
        let parts = &self.parts;
        self.hosts.spill(folder, |a, b| a.merge(b, parts)).map(|()| true)
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        self.meet();
        let parts = &self.parts;
        let join = |a: &mut Profile, b| a.merge(b, parts);
        let mut reverse = Reverse::default();
        let read = self.hosts.settle(join).and_then(|()| self.hosts.each(join, |_, p| reverse.add(p.sums())));
        let measure = |p: &Profile| self.measure.value(p.sums());
        let put = |address: &Address, profile: &Profile| self.put(*address, profile, reverse, rows);
        if let Err(text) = read.and_then(|()| self.hosts.ranked(self.top, measure, join, put)) {
            rows.fail(text);
        }
    }
}

impl Hosts {
    fn put(&self, address: Address, profile: &Profile, reverse: Reverse, rows: &mut Rows<'_>) {
        let mut row = rows.row();
        row.json(self.name(), |out| self.part(address).write(out));
        row.sums(profile.sums(), reverse);
        row.count("unique_dst_ips", profile.address_count());
        row.integer("unique_dst_ports", profile.ports().count());
        let moments = profile.moments();
        if moments.n() > 0 {
            row.float("bytes_per_flow_mean", moments.mean());
            row.float("bytes_per_flow_std", moments.deviation_sample());
        }
        if self.parts.quantiles != Precision::No {
            let distribution = profile.distribution();
            row.quantile("bytes_per_flow_median", distribution.quantile(0.5), 1.0);
            row.quantile("bytes_per_flow_p95", distribution.quantile(0.95), 1.0);
        }
        row.times(profile.sums());
        row.end();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows, shown};

    const FLOWS: [&str; 5] = [
        r#"{"timestamp":"2026-03-10T08:00:00.5Z","src_ip":"10.0.0.2","dst_ip":"10.0.1.1","dst_port":80,"bytes":10,"packets":1}"#,
        r#"{"timestamp":"2026-03-10T07:00:00.123456Z","src_ip":"10.0.0.2","dst_ip":"10.0.1.2","dst_port":80,"bytes":40,"packets":2,"rev_bytes":5,"rev_packets":1}"#,
        r#"{"timestamp":"2026-03-10T09:00:00Z","src_ip":"10.0.1.1","dst_ip":"10.0.0.2","dst_port":50000,"bytes":7,"packets":1}"#,
        r#"{"src_ip":"2001:db8::1","dst_ip":"2001:db8::1","dst_port":0,"bytes":3}"#,
        r#"{"dst_ip":"9.0.0.1","packets":1}"#,
    ];

    #[test]
    fn a_host_has_its_sums_its_peers_and_the_sizes_of_its_flows() {
        let rows = rows("hosts", &FLOWS);
        assert_eq!(column(&rows, "src_ip"), "\"10.0.0.2\" \"10.0.1.1\" \"2001:db8::1\"");
        assert_eq!((column(&rows, "flows"), column(&rows, "bytes")), ("2 1 1".into(), "50 7 3".into()));
        assert_eq!((column(&rows, "rev_bytes"), column(&rows, "rev_packets")), ("5 0 0".into(), "1 0 0".into()));
        assert_eq!(
            (column(&rows, "unique_dst_ips"), column(&rows, "unique_dst_ports")),
            ("2 1 1".into(), "1 1 1".into())
        );
        assert_eq!(column(&rows, "bytes_per_flow_mean"), "25 7 3");
        assert_eq!(column(&rows, "bytes_per_flow_std"), format!("{} 0 0", shown(450f64.sqrt())));
        assert_eq!(
            (column(&rows, "bytes_per_flow_median"), column(&rows, "bytes_per_flow_p95")),
            ("25 7 3".into(), "38.5 7 3".into())
        );
        assert_eq!(column(&rows[..1], "first"), "\"2026-03-10T07:00:00.123456Z\"");
        assert_eq!(column(&rows[..1], "last"), "\"2026-03-10T08:00:00.500000Z\"");
        assert_eq!(column(&rows[2..], "first"), "-");
    }

    #[test]
    fn with_by_host_a_flow_counts_once_for_each_distinct_end() {
        let rows = rows("hosts:by=host", &FLOWS);
        assert_eq!(column(&rows, "host"), "\"9.0.0.1\" \"10.0.0.2\" \"10.0.1.1\" \"10.0.1.2\" \"2001:db8::1\"");
        assert_eq!(column(&rows, "flows"), "1 3 2 1 1");
        assert_eq!(column(&rows, "bytes"), "0 50 7 5 3");
        assert_eq!(column(&rows, "rev_bytes"), "0 12 10 40 0");
        assert_eq!(column(&rows, "unique_dst_ips"), "0 2 1 1 1");
        assert_eq!(column(&rows, "bytes_per_flow_mean"), "- 25 7 5 3");
    }

    #[test]
    fn a_prefix_makes_networks_of_both_families() {
        assert_eq!(column(&rows("hosts:by=src_ip/16", &FLOWS), "src_ip"), "\"10.0.0.0/16\" \"2001:db8::/64\"");
        assert_eq!(
            column(&rows("hosts:by=dst_ip/23/32", &FLOWS), "dst_ip"),
            "\"9.0.0.0/23\" \"10.0.0.0/23\" \"2001:db8::/32\""
        );
        for bad in ["bytes", "src_ip/33", "src_ip+dst_ip", "host/x", "src_ip/"] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_top_come_by_measure() {
        assert_eq!(column(&rows("hosts:top=2", &FLOWS), "bytes"), "50 7");
        assert_eq!(column(&rows("hosts:top=2,measure=packets,by=dst_ip", &FLOWS), "packets"), "2 1");
    }

    #[test]
    fn quantiles_can_be_left_out() {
        let rows = rows("hosts:quantiles=no", &FLOWS[..1]);
        assert_eq!(
            (column(&rows, "bytes_per_flow_mean"), column(&rows, "bytes_per_flow_median")),
            ("10".into(), "-".into())
        );
    }

    #[test]
    fn quantiles_of_many_flows_are_marked_unless_they_are_to_be_exact() {
        let flows: Vec<String> =
            (0..2000).map(|i| format!(r#"{{"src_ip":"10.0.0.1","bytes":{}}}"#, i * 1001)).collect();
        let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
        let some = rows("hosts", &flows);
        assert_eq!(column(&some, "approx"), r#"["bytes_per_flow_median","bytes_per_flow_p95"]"#);
        let median = some[0]["bytes_per_flow_median"].as_f64().unwrap();
        assert!((median / (999.5 * 1001.0) - 1.0).abs() < 1e-3);
        let exact = rows("hosts:quantiles=exact", &flows);
        assert_eq!(
            (column(&exact, "approx"), column(&exact, "bytes_per_flow_median")),
            ("-".into(), (999.5 * 1001.0).to_string())
        );
    }
}
