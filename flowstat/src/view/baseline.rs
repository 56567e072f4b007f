//! `baseline`: what normal looks like, as lines that merge.

use super::params;
use super::reading::{Reading, is_open};
use super::rows::Rows;
use super::{ToRows, View, ViewState};
use crate::baseline::{Book, Settings, stream};
use anyhow::Context;
use flow_record::baseline::{By, FIELDS, Header};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Set;
use flow_record::net::special;
use flow_record::people::count;
use flow_record::record::Kind;
use flow_record::row::columns::{SUM, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::SketchKey;
use std::sync::Arc;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "baseline",
        about: "what normal looks like, as lines that merge",
        explain: "Takes flows and lines of baselines alike, and writes one baseline: a header, a line for each section and
key in the order of their bytes, and a trailer with the number of lines and their checksum. `cat jan.json feb.json | flowstat
baseline` merges, `cat old.json - | flowstat baseline` updates; parts of the flows in any split give the bytes of one run.
Whole baselines that are given by -i are merged as a stream, which keeps one key of each in memory.

The sections: totals; addresses (distinct ones: hosts, src_ips, dst_ips); days and hours (UTC; sums, sizes of flows, sources);
hosts, by src_ip or what by= says (sums both ways, sizes, peers, destination ports, protocols, hours of the week, countries and
organisations of the other end where lines carry dst_country and dst_org); pairs, where both ends are internal; ports and
protocols; fields (the distribution of bytes, packets, rev_bytes, rev_packets, duration and, where lines carry them, of what
flowcat --stats adds of sizes and gaps, in billionths).

Sums are exact. Sizes of a host or an hour are exact up to 1024 flows, then in buckets of 0.1 %; those of fields up to 65 536
distinct values; sets of addresses up to 65 536, then sketches (HyperLogLog, 16 384 registers). Of a host with more than 512
destination ports the flows are told by port below 1024 and by groups of 64 above; the set of ports is always exact. Of more
than 256 countries or organisations only the number is kept. Hours and days that lie keep= before the last start are dropped.

Unknown sections of later versions are kept. A baseline that is cut, changed or of a later version is refused (exit code 2).
summary, hourly, daily, weekly, hosts, protocols, ports and describe read a baseline as they read flows; less than 7 days are
said to be insufficient_history.",
        params: &[
            Param::new("by", ParamKind::Text, "src_ip", "", "what hosts are: src_ip, dst_ip, host (either end), or a key as src_ip/24+dst_port"),
            Param::new("internal", ParamKind::Networks, special::INTERNAL, "", "the networks whose pairs are kept"),
            Param::new("keep", ParamKind::Duration(86_400_000_000_000), "400d", "", "how long before the last start hours and days are kept"),
            Param::new("exclude", ParamKind::Text, "", "dates", "dates (UTC) that do not count, as 2026-12-24+2026-12-25"),
        ],
        needs: &[
            "timestamp", "duration", "src_ip", "dst_ip", "dst_port", "protocol", "bytes", "packets", "rev_bytes", "rev_packets",
            "flows",
        ],
        columns: &[
            column("version", SUM, "", "of the header: version of the format"),
            column("by", Kind::Text, "", "of the header: what hosts are"),
            column("internal", Kind::Text, "", "of the header: networks whose pairs are kept"),
            column("keep", SUM, "s", "of the header: how long hours and days are kept"),
            column("sketch_key", Kind::Text, "", "of the header: name of the key of the hash in front of sketches"),
            column("first", Kind::Time, "", "of the header: earliest start of a flow"),
            column("last", Kind::Time, "", "of the header: latest start of a flow"),
            column("section", Kind::Text, "", "the section"),
            column("key", Kind::Any, "", "the key in the section"),
            column("data", Kind::Any, "", "what is known of the key"),
            column("lines", SUM, "lines", "of the trailer: number of lines before it"),
            column("days", SUM, "", "of the trailer: dates on which a flow starts"),
            column("insufficient_history", Kind::Truth, "", "of the trailer: true where these are fewer than 7"),
            column("checksum", Kind::Text, "", "of the trailer: checksum of all lines, whatever their order"),
        ],
        memory: "about 700 bytes a host, up to 8 KiB of sizes of flows, 65 536 peers (8 bytes each) or 16 KiB; 250 bytes a pair; \
                 of whole baselines given by -i a line of each",
        source: "exact sums; sketch: HyperLogLog, Flajolet et al. (2007); checksum: sum of CRC-32 (IEEE 802.3)",
    },
    build,
    flows_only: "",
};

fn build(args: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    anyhow::ensure!(!args.is_given("as"), "as={}: lines of a baseline are told by their kind, baseline", args.kind);
    let settings = settings(args, setup)?;
    Ok(Box::new(Baseline { book: Box::new(Book::new(Arc::new(settings), Reading::new(setup))) }))
}

/// What the parameters say.
fn settings(args: &Args, setup: &mut Setup) -> anyhow::Result<Settings> {
    let by = By::of(&args.list("by"))?;
    let mut internal = args.networks("internal");
    internal.sort_unstable();
    internal.dedup();
    let networks: Vec<String> = internal.iter().map(ToString::to_string).collect();
    let keep = args.duration("keep") / 1_000_000_000;
    let header = Header::new(by.to_string(), networks.join("+"), keep, SketchKey::default().id());
    let open = ["by", "internal", "keep"].iter().all(|name| is_open(args, name));
    settings_of(header, open, params::excluded(args)?, setup)
}

/// What is needed to add flows to a baseline with this header; `open` where one that is read may have another.
///
/// # Errors
/// A header whose key or networks are none.
pub(super) fn settings_of(
    header: Header,
    open: bool,
    excluded: Set<i64>,
    setup: &mut Setup,
) -> anyhow::Result<Settings> {
    let by = By::parse(&header.by)?;
    let networks = header.networks().context("internal: networks are expected")?;
    let watched: Vec<String> = match &by {
        By::Key(spec) => spec.watched_names().map(str::to_owned).collect(),
        By::End(_) => Vec::new(),
    };
    Ok(Settings {
        header,
        internal: special::internal(networks),
        open,
        excluded,
        watched_key: setup.watch(watched.iter().map(String::as_str)),
        watched_fields: setup.watch(FIELDS[5..].iter().copied()),
        watched_names: setup.watch(crate::baseline::NAMES),
        by,
        key: SketchKey::default(),
    })
}

/// The header that whole baselines must have to be merged as a stream: any, where no parameter was given.
///
/// # Errors
/// What is wrong with a parameter.
pub(crate) fn asked(args: &Args) -> anyhow::Result<stream::Asked> {
    let settings = settings(args, &mut Setup::default())?;
    Ok(stream::Asked { header: (!settings.open).then_some(settings.header), key: settings.key })
}

#[derive(Clone)]
struct Baseline {
    book: Box<Book>,
}

impl State for Baseline {
    type Goal = ToRows;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.book.flow(line);
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        self.book.line(line);
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.book.fault()
    }

    fn is_empty(&self) -> bool {
        self.book.is_empty()
    }

    fn empty(&self) -> Self {
        Baseline { book: Box::new(self.book.empty()) }
    }

    fn merge(&mut self, other: Baseline) {
        self.book.merge(*other.book);
    }

    fn bytes(&self) -> u64 {
        self.book.bytes()
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let left_out = self.book.left_out();
        if left_out > 0 {
            rows.note(format!("{} of excluded dates left out", count(left_out, "flows")));
        }
        let mut write = |lines: &[u8]| rows.lines(lines);
        if let Err(text) = self.book.write(&mut write) {
            rows.fail(text);
        }
    }
}

#[cfg(test)]
mod tests;
