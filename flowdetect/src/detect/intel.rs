//! Addresses and networks from lists: who talks to one that is on a list.
//!
//! The most specific entry counts. Bound: 50 bytes an entry, and about 150 a pair that met one.

use super::{Built, Detector, Found};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::keyed::{Keyed, Sort, Tally};
use anyhow::{Context, bail, ensure};
use flow_record::input::Source;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::Ranges;
use flow_record::people::{amount, count, duration};
use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, text};
use flow_record::stats::Seen;
use flow_record::value::Address;
use flow_record::value::text::printable;
use ipnet::IpNet;
use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;
use std::sync::Arc;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::state(Keyed::new(Intel::new(args)?)),
    by_default: false,
    needs: Some("list"),
};

static SPEC: Spec = Spec {
    name: "intel",
    about: "flows with addresses of a list: blocked, bad, under watch",
    explain: "\
Reads a list of addresses and networks (CIDR), one a line: what stands behind the first blank, comma, tab, semicolon or # is \
the entry's note; lines that begin with # or ; are left out. A flow whose source or destination is in an entry is reported, \
the most specific entry counts, the destination's before the source's. One alert a pair of hosts; `value` is the number of \
flows, `threshold` 1. Severity: as `severity` says.

  flowdetect intel:list=drop.txt

Known to be misled: addresses that many share (hosting, NAT), old lists.",
    params: &[
        Param::new("list", ParamKind::File, "", "", "the list"),
        Param::new("severity", ParamKind::Choice(&Severity::NAMES), "high", "", "how grave its alerts are"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "rev_bytes", "timestamp", "dst_port", "protocol"],
    columns: &[
        text("entry", "the entry of the list"),
        text("note", "its note"),
        text("list", "the list's name"),
        text("end", "which end of the flows it is: src or dst"),
        integer("bytes", "bytes", "bytes from source to destination"),
        integer("rev_bytes", "bytes", "bytes from destination to source"),
    ],
    memory: "about 50 bytes an entry, 16 777 216 at most, and 200 a source and destination with such flows, at most 4 194 304 of them",
    source: "the list; ATT&CK T1071, Application Layer Protocol",
};

/// Application Layer Protocol.
const TECHNIQUE: &str = "T1071";

/// Most entries of a list.
const MOST: usize = 1 << 24;

/// Longest line of a list; of a note as much as is shown.
const MAX_LINE: u64 = 1 << 16;
const MAX_NOTE: usize = 100;

/// The list.
#[derive(Clone)]
struct Intel {
    name: String,
    severity: Severity,
    /// The place of an entry, counted from 1; 0 is none.
    ranges: Arc<Ranges<u32>>,
    entries: Arc<Vec<(IpNet, String)>>,
}

/// Flows with an entry.
#[derive(Clone, Debug, Default)]
struct Met {
    seen: Seen,
    bytes: u64,
    rev_bytes: u64,
}

impl Tally for Met {
    fn merge(&mut self, other: Met) {
        self.seen.merge(&other.seen);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.rev_bytes = self.rev_bytes.saturating_add(other.rev_bytes);
    }

    fn last(&self) -> i64 {
        self.seen.span().map_or(i64::MIN, |span| span.last.nanos())
    }
}

/// The entry of a line, if it has one.
fn entry(line: &str) -> Result<Option<(IpNet, String)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return Ok(None);
    }
    let (what, note) = line.split_once([' ', ',', '\t', ';', '#']).unwrap_or((line, ""));
    let what = what.trim_matches('"');
    let network = what.parse::<IpNet>().ok().or_else(|| what.parse::<IpAddr>().ok().map(IpNet::from));
    let note: String = note.trim_matches([' ', ',', '\t', ';', '#', '"']).chars().take(MAX_NOTE).collect();
    match network {
        Some(network) => Ok(Some((network.trunc(), printable(&note).into_owned()))),
        None => Err(format!("{:?} is no address or network", what.chars().take(MAX_NOTE).collect::<String>())),
    }
}

impl Intel {
    fn new(args: &Args) -> anyhow::Result<Intel> {
        let path = args.file("list").context("list=FILE is needed: addresses and networks, one a line")?;
        let shown = path.display().to_string();
        let mut input = BufReader::new(Source::file(&path).open().with_context(|| format!("list={shown}"))?);
        let (mut entries, mut line) = (Vec::new(), String::new());
        for number in 1u64.. {
            line.clear();
            let read =
                (&mut input).take(MAX_LINE).read_line(&mut line).with_context(|| format!("list={shown}:{number}"))?;
            if read == 0 {
                break;
            }
            ensure!((read as u64) < MAX_LINE, "list={shown}:{number}: the line is longer than {MAX_LINE} bytes");
            match entry(&line) {
                Ok(found) => entries.extend(found),
                Err(why) => bail!("list={shown}:{number}: {why}"),
            }
            ensure!(entries.len() <= MOST, "list={shown}: more than {MOST} entries");
        }
        ensure!(!entries.is_empty(), "list={shown}: it has no entry");
        let ranges = Ranges::new(entries.iter().enumerate().map(|(i, (network, _))| (*network, i as u32 + 1)), 0);
        let name = path.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
        let severity = args.text("severity").and_then(Severity::named).unwrap_or(Severity::High);
        Ok(Intel { name, severity, ranges: Arc::new(ranges), entries: Arc::new(entries) })
    }

    /// The place of the entry that an end of these is in, and whether it is the destination.
    #[inline]
    fn place(&self, src: Option<Address>, dst: Option<Address>) -> Option<(u32, bool)> {
        let at = |end: Option<Address>| end.map(|a| self.ranges.at(a)).filter(|place| *place > 0);
        at(dst).map(|place| (place, true)).or_else(|| at(src).map(|place| (place, false)))
    }
}

impl Sort for Intel {
    type Key = (Option<Address>, Option<Address>);
    type Tally = Met;

    const RISES: bool = true;

    #[inline]
    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str> {
        let (src, dst) = (flow.src_ip(), flow.dst_ip());
        Ok(self.place(src, dst).map(|_| (src, dst)))
    }

    fn tally(&self) -> Met {
        Met::default()
    }

    fn add(&self, _: &Self::Key, tally: &mut Met, flow: &Flow) {
        tally.seen.add(flow);
        tally.bytes = tally.bytes.saturating_add(flow.bytes().unwrap_or(0));
        tally.rev_bytes = tally.rev_bytes.saturating_add(flow.rev_bytes().unwrap_or(0));
    }

    fn judge(&self, (src, dst): &Self::Key, tally: &Met, found: &mut Found) {
        let Some((place, is_dst)) = self.place(*src, *dst) else { return };
        let Some((network, note)) = self.entries.get(place as usize - 1) else { return };
        let shown = |end: &Option<Address>| end.map_or_else(|| String::from("an unknown address"), |a| a.to_string());
        let entry = if network.prefix_len() == network.max_prefix_len() {
            network.addr().to_string()
        } else {
            network.to_string()
        };
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let listed = if is_dst { shown(dst) } else { shown(src) };
        let why = if note.is_empty() { String::new() } else { format!(" ({note})") };
        let by = if listed == entry { String::new() } else { format!(" by {entry}") };
        let reason = format!(
            "{} sent {} to {} in {}{within}; {listed} is on the list {}{by}{why}",
            shown(src),
            amount(tally.bytes as f64, "bytes"),
            shown(dst),
            count(tally.seen.flows(), "flows"),
            self.name
        );
        let evidence = Evidence::new().text("entry", &entry);
        let evidence = if note.is_empty() { evidence } else { evidence.text("note", note) };
        let evidence = evidence
            .text("list", &self.name)
            .text("end", if is_dst { "dst" } else { "src" })
            .integer("bytes", tally.bytes)
            .integer("rev_bytes", tally.rev_bytes);
        let verdict = Verdict { score: 1.0, ..Verdict::above(tally.seen.flows(), 1u64, self.severity) };
        let ends = [("src_ip", src), ("dst_ip", dst)];
        let alert = Alert::of(&tally.seen, verdict)
            .about(ends.into_iter().filter_map(|(name, end)| Some((name, Part::Address((*end)?)))))
            .shared(None, tally.seen.dst_port(), tally.seen.protocol());
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, refused, values};
    use std::io::Write;

    fn list(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn both_ends_are_looked_up_and_the_most_specific_entry_counts() {
        let file = list("# watched\n192.0.2.0/24,whole network\n192.0.2.7 ; its worst\n\n2001:db8::/32\n");
        let item = format!("intel:list={}", file.path().display());
        let lines = [
            flow("10.0.0.1", "192.0.2.7", 443, 1, 100),
            flow("10.0.0.1", "192.0.2.7", 443, 2, 100),
            flow("192.0.2.9", "10.0.0.1", 443, 3, 100),
            flow("10.0.0.1", "198.51.100.1", 443, 4, 100),
            flow("2001:db8::9", "192.0.2.1", 443, 5, 100),
        ];
        let found = alerts(&item, &lines);
        let terms =
            |i: usize| ["entry", "end", "note"].map(|t| found[i]["evidence"][t].as_str().unwrap_or("-").to_owned());
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "value", "severity", "score"])[0],
            r#"["10.0.0.1","192.0.2.7",2,"high",1]"#
        );
        assert_eq!(terms(0), ["192.0.2.7", "dst", "its worst"]);
        assert_eq!(terms(1), ["192.0.2.0/24", "src", "whole network"]);
        assert_eq!((found.len(), terms(2)), (3, ["192.0.2.0/24", "dst", "whole network"].map(String::from)));
        assert_eq!(values(&alerts(&format!("{item},severity=low"), &lines), &["severity"])[0], r#"["low"]"#);
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        assert!(refused("intel").contains("list=FILE is needed"));
        assert!(refused("intel:list=/nonexistent/x").contains("/nonexistent/x"));
        let file = list("10.0.0.1\nhost.example\n");
        assert!(
            refused(&format!("intel:list={}", file.path().display()))
                .ends_with(":2: \"host.example\" is no address or network")
        );
        let empty = list("# nothing\n");
        assert!(refused(&format!("intel:list={}", empty.path().display())).contains("no entry"));
    }
}
