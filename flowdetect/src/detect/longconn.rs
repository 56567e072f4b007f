//! Long connections: one flow, or flows without a gap, that last for hours.
//!
//! Exporters cut a connection into pieces (active timeout), so that flows of a pair that fill their span count as one.
//! Bound: that of the table of pairs with deeds.

use super::{Built, Detector, Found, is_group, ports};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::{Has, PairRule, Pairs};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::people::{count, duration};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(LongConn::new(args)?), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "longconn",
    about: "connections that last for hours",
    explain: "\
Alerts where a source and a destination have a flow that lasts at least `duration`; or flows that, from the start of the \
first to the start of the last, are at least that far apart, and whose durations sum up to at least `fill` of it: pieces of \
one connection that the exporter has cut. Groups (multicast, broadcast, IPv4 addresses that end in .255) are left out. \
`value` is that time in seconds. Severity: low; medium from three times `duration` on, unless all flows go to one of \
`services`, where connections are kept for days.

Known to be misled: remote desktops, VPNs, chats, databases, backups.",
    params: &[
        Param::new("duration", ParamKind::Duration(1_000_000_000), "4h", "", "how long a connection lasts to be reported"),
        Param::new("fill", ParamKind::Number(0.01, 1.0), "0.95", "", "share of the time that pieces fill together"),
        Param::new("services", ParamKind::Text, SERVICES, "", "ports whose connections are never above low, with + between them"),
    ],
    needs: &["src_ip", "dst_ip", "timestamp", "duration", "dst_port", "protocol"],
    columns: &[number("longest", "s", "the longest flow"), number("busy", "s", "sum of all durations"), integer("bytes", "bytes", "sum from source to destination"), integer("rev_bytes", "bytes", "sum from destination to source")],
    memory: super::PAIRS_MEMORY,
    source: "activecm/rita v5, long connections; ATT&CK T1571, Non-Standard Port, and T1071",
};

/// SSH, VPNs, HTTPS, mail, chats and messages to devices, which keep a connection open.
const SERVICES: &str = "22+443+500+993+1194+4500+5222+5223+5228+8883+51820";

/// Application Layer Protocol.
const TECHNIQUE: &str = "T1071";

#[derive(Clone, Debug)]
struct LongConn {
    /// In nanoseconds.
    duration: u64,
    fill: f64,
    services: Vec<u16>,
}

impl LongConn {
    fn new(args: &Args) -> anyhow::Result<LongConn> {
        let services = ports(&args.list("services"))?;
        Ok(LongConn { duration: args.duration("duration"), fill: args.number("fill"), services })
    }
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST];

impl PairRule for LongConn {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn wants_deeds(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        for pair in pairs.having(NEEDS) {
            let Ends { src: Some(source), dst: Some(target) } = pair.ends else { continue };
            if is_group(target) {
                continue;
            }
            let (deeds, seen) = (pair.deeds(), pair.seen());
            let span = seen.span().map_or(0, |s| s.last.nanos().abs_diff(s.first.nanos()));
            let is_filled = deeds.busy as f64 >= self.fill * span as f64;
            let lasts = if is_filled { deeds.longest.max(span) } else { deeds.longest };
            if lasts < self.duration {
                continue;
            }
            let seconds = |nanos: u64| nanos as f64 / 1e9;
            let is_kept = seen.dst_port().is_some_and(|port| self.services.binary_search(&port).is_ok());
            let severity = if lasts / 3 >= self.duration && !is_kept { Severity::Medium } else { Severity::Low };
            let reason = format!(
                "{source} was connected to {target} for {} in {} (threshold {})",
                duration(seconds(lasts)),
                count(seen.flows(), "flows"),
                duration(seconds(self.duration))
            );
            let (bytes, rev_bytes) = pair.bytes();
            let evidence =
                Evidence::new().number("longest", seconds(deeds.longest)).number("busy", seconds(deeds.busy));
            let evidence = evidence.integer("bytes", bytes).integer("rev_bytes", rev_bytes);
            let verdict = Verdict::above(seconds(lasts), seconds(self.duration), severity);
            let alert = Alert::of(&seen, verdict)
                .about([("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))])
                .shared(None, seen.dst_port(), seen.protocol());
            found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn lasting(source: &str, start: u64, seconds: u64) -> String {
        flow(source, "192.0.2.1", 8022, start, 100).replace("\"src_ip\"", &format!("\"duration\":{seconds},\"src_ip\""))
    }

    #[test]
    fn one_long_flow_and_pieces_that_fill_the_time_are_reported() {
        let mut lines = vec![lasting("10.0.0.1", 0, 14_400), lasting("10.0.0.2", 0, 14_399)];
        // Pieces of half an hour: eight gaps make four hours. The other source is there every other half hour.
        lines.extend((0..9).map(|i| lasting("10.0.0.3", 1800 * i, 1800)));
        lines.extend((0..9).map(|i| lasting("10.0.0.4", 1800 * i, 900)));
        let found = alerts("longconn", &lines);
        assert_eq!(
            values(&found, &["src_ip", "value", "threshold", "flows", "severity"]),
            [r#"["10.0.0.1",14400,14400,1,"low"]"#, r#"["10.0.0.3",14400,14400,9,"low"]"#]
        );
        assert_eq!(values(&alerts("longconn:fill=0.5", &lines), &["src_ip"]).len(), 3);
        assert_eq!(values(&alerts("longconn:duration=80m", &lines[..1]), &["severity"]), [r#"["medium"]"#]);
        let kept = alerts("longconn:duration=80m,services=8022", &lines[..1]);
        assert_eq!(values(&kept, &["severity"]), [r#"["low"]"#]);
        let group = lasting("10.0.0.1", 0, 14_400).replace("192.0.2.1", "239.255.255.250");
        assert!(alerts("longconn", &[group]).is_empty());
    }
}
