//! A rule of one's own: flows for which an expression holds that must never hold.
//!
//! Bound: about 150 bytes a pair that has such flows.

use super::{Built, Detector, Found, Mark, Marks, ToAlerts};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use flow_record::filter::Filter;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, merge};
use flow_record::people::{amount, count, duration};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, text};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken};
use flow_record::stats::Seen;
use flow_record::value::time::Zone;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, setup| Built::state(Policy::new(args, setup)?),
    by_default: false,
    needs: Some("where"),
};

static SPEC: Spec = Spec {
    name: "policy",
    about: "flows that must not be: for which an expression holds",
    explain: "\
Alerts where `where`, an expression as --where takes it, holds for a flow. One alert a source and destination; `value` is the \
number of such flows, `threshold` 1. `as=` gives a rule a name:

  flowdetect policy:where=\"src net 10.9.0.0/16 and not dst net 10.0.0.0/8\",as=lab policy:where=\"dst port 23\",as=telnet

Severity: as `severity` says.",
    params: &[
        Param::new("where", ParamKind::Text, "", "", "what must not be, as --where takes it"),
        Param::new("severity", ParamKind::Choice(&Severity::NAMES), "high", "", "how grave its alerts are"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "timestamp", "dst_port", "protocol"],
    columns: &[text("where", "the expression"), integer("bytes", "bytes", "bytes of the flows")],
    memory: "about 200 bytes a source and destination with such flows",
    source: "the network's own rules",
};

#[derive(Clone)]
struct Policy {
    text: String,
    filter: Filter,
    /// Where its names are watched.
    first: usize,
    severity: Severity,
    pairs: Map<Ends, (Seen, u64)>,
}

impl Policy {
    fn new(args: &Args, setup: &mut Setup) -> anyhow::Result<Policy> {
        let Some(text) = args.text("where") else {
            anyhow::bail!("where=EXPR is needed: what must not be, as --where takes it");
        };
        let filter = Filter::parse(text, &Zone::utc()).map_err(|fault| anyhow::anyhow!("where: {fault}"))?;
        let first = setup.watch(filter.watch().iter().map(String::as_str));
        let severity = args.text("severity").and_then(Severity::named).unwrap_or(Severity::High);
        Ok(Policy { text: text.to_owned(), filter, first, severity, pairs: Map::default() })
    }
}

impl Mark for Policy {
    fn marks(&self) -> Marks {
        Marks::Never
    }

    fn rises(&self) -> bool {
        true
    }
}

impl State for Policy {
    type Goal = ToAlerts;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        if self.filter.keeps(line.flow, |at| line.value(self.first + at)) {
            let (seen, bytes) = self.pairs.entry(Ends::of(line.flow)).or_default();
            seen.add(line.flow);
            *bytes = bytes.saturating_add(line.flow.bytes().unwrap_or(0));
        }
        Ok(())
    }

    fn merge(&mut self, other: Policy) {
        merge(&mut self.pairs, other.pairs, |a, b| {
            a.0.merge(&b.0);
            a.1 = a.1.saturating_add(b.1);
        });
    }

    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn empty(&self) -> Policy {
        Policy { pairs: Map::default(), ..self.clone() }
    }

    fn finish(self, found: &mut Found) {
        for (ends, (seen, bytes)) in &self.pairs {
            let shown =
                |end: Option<flow_record::value::Address>| end.map_or("an unknown address".into(), |a| a.to_string());
            let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
            let reason = format!(
                "{} has {} of {} with {}{within} that must not be: {}",
                shown(ends.src),
                count(seen.flows(), "flows"),
                amount(*bytes as f64, "bytes"),
                shown(ends.dst),
                self.text
            );
            let verdict = Verdict { score: 1.0, ..Verdict::above(seen.flows(), 1u64, self.severity) };
            let members = [("src_ip", ends.src), ("dst_ip", ends.dst)];
            let alert = Alert::of(seen, verdict)
                .about(members.into_iter().filter_map(|(name, end)| Some((name, Part::Address(end?)))))
                .shared(None, seen.dst_port(), seen.protocol());
            let evidence = Evidence::new().text("where", &self.text).integer("bytes", *bytes);
            found.alerts.push(Alert { reason, evidence, ..alert });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, refused, values};

    #[test]
    fn flows_for_which_the_expression_holds_are_reported() {
        let lines = [
            flow("10.0.0.1", "192.0.2.1", 23, 1, 100),
            flow("10.0.0.1", "192.0.2.1", 23, 2, 100),
            flow("10.0.0.1", "192.0.2.1", 22, 3, 100),
            flow("10.0.0.2", "192.0.2.1", 80, 4, 100).replace("{", "{\"site\":\"lab\","),
        ];
        let found = alerts("policy:where=\"dst port 23 or site == \\\"lab\\\"\",severity=medium", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "severity"]),
            [r#"["10.0.0.1","192.0.2.1",23,2,"medium"]"#, r#"["10.0.0.2","192.0.2.1",80,1,"medium"]"#]
        );
        assert_eq!(found[0]["evidence"]["bytes"], 200);
        assert!(found[0]["reason"].as_str().unwrap().contains("that must not be: dst port 23"));
        assert!(refused("policy").contains("where=EXPR is needed"));
        assert!(refused("policy:where=\"dst port\"").contains("where:"));
    }
}
