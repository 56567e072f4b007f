//! An alert: what was found about whom, by which numbers, and why; and the line that it is written as.
//!
//! Members in this order: `kind id`, `update` of a re-alert, `detector severity score timestamp end`, whom it is about,
//! `value threshold flows reason evidence technique`. Those of the flow record keep their meaning, so that an alert can be
//! enriched like a flow. The `id` is a keyed hash of detector, parameters and key: the same finding has the same name in every run, on every
//! machine, whatever its numbers. Order within a detector: value descending (as it is: a signed score below 0 comes
//! last), then key.

mod evidence;
mod id;

pub(crate) use evidence::Evidence;
pub(crate) use id::Naming;

pub(crate) use flow_record::alert::{Member, Severity};

use flow_record::alert::order;
use flow_record::record::field;
use flow_record::record::key::Part;
use flow_record::stats::{Seen, Span};
use flow_record::value::time::TimeWriter;
use flow_record::value::{Address, Number, number, text};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The number that was compared, with what, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The number that was compared, unrounded.
    pub(crate) value: Number,
    /// What it was compared with.
    pub(crate) threshold: Number,
    /// 0 to 1.
    pub(crate) score: f64,
    /// How grave it is.
    pub(crate) severity: Severity,
}

impl Verdict {
    /// A verdict on how far `value` is above `threshold`; the score is value / (value + threshold), by absolute value.
    pub(crate) fn above(value: impl Into<Number>, threshold: impl Into<Number>, severity: Severity) -> Verdict {
        let (value, threshold) = (value.into(), threshold.into());
        Verdict { value, threshold, score: share(value.as_f64().abs(), threshold.as_f64()), severity }
    }
}

/// `a / (a + b)`: 0.5 where both are the same, 0 where `a` is 0.
pub(crate) fn share(a: f64, b: f64) -> f64 {
    if a > 0.0 { a / (a + b) } else { 0.0 }
}

/// What an alert is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Its name: see [`Naming::id`].
    pub(crate) id: u64,
    /// Which re-alert of the incident it is; 0 is the first alert.
    pub(crate) update: u64,
}

/// A finding.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    /// The numbers.
    pub(crate) verdict: Verdict,
    /// Whom it is about: sorts alerts and goes into their name.
    pub(crate) key: Vec<Part>,
    /// Whom it is about, as members.
    pub(crate) members: Vec<Member>,
    /// Number of flows behind it.
    pub(crate) flows: Option<u64>,
    /// First and last of them.
    pub(crate) span: Option<Span>,
    /// One sentence for a person.
    pub(crate) reason: String,
    /// The formula's terms, and samples.
    pub(crate) evidence: Evidence,
    /// MITRE ATT&CK technique.
    pub(crate) technique: Option<&'static str>,
}

impl Alert {
    /// An alert about the flows that were seen.
    pub(crate) fn of(seen: &Seen, verdict: Verdict) -> Alert {
        Alert {
            verdict,
            key: Vec::new(),
            members: Vec::new(),
            flows: Some(seen.flows()),
            span: seen.span(),
            reason: String::new(),
            evidence: Evidence::new(),
            technique: None,
        }
    }

    /// Says whom it is about, as key and as members, in this order.
    pub(crate) fn about(mut self, members: impl IntoIterator<Item = (&'static str, Part)>) -> Alert {
        let members = members.into_iter().map(|(name, part)| (Cow::from(name), part));
        self.members = members.collect();
        self.key = self.members.iter().map(|(_, part)| part.clone()).collect();
        self
    }

    /// Says what all its flows share, which is not its key.
    pub(crate) fn shared(mut self, dst_ip: Option<Address>, dst_port: Option<u16>, protocol: Option<u8>) -> Alert {
        let shared = [
            (field::DST_IP, dst_ip.map(Part::Address)),
            (field::DST_PORT, dst_port.map(|p| Part::Integer(p.into()))),
            (field::PROTOCOL, protocol.map(|p| Part::Integer(p.into()))),
        ];
        for (id, part) in shared {
            if let Some(part) = part
                && !self.members.iter().any(|(name, _)| name == id.name())
            {
                self.members.push((id.name().into(), part));
            }
        }
        self
    }

    /// The order of alerts of one detector.
    pub(crate) fn order(&self, other: &Alert) -> Ordering {
        order(Some(self.verdict.value), Some(other.verdict.value)).then_with(|| self.key.cmp(&other.key))
    }

    /// Appends the alert on the whole input as a line.
    #[cfg(test)]
    pub(crate) fn write(&self, naming: &Naming, out: &mut Vec<u8>) {
        self.write_as(naming.detector(), naming.label(&self.key), out);
    }

    /// Appends the alert as a line under this label.
    pub(crate) fn write_as(&self, detector: &str, label: Label, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"kind\":\"alert\",\"id\":\"");
        out.extend_from_slice(format!("{:016x}\"", label.id).as_bytes());
        if label.update > 0 {
            member("update", out);
            number::write_integer(label.update, out);
        }
        out.extend_from_slice(b",\"detector\":");
        text::write_json(detector, out);
        out.extend_from_slice(b",\"severity\":\"");
        out.extend_from_slice(self.verdict.severity.name().as_bytes());
        out.extend_from_slice(b"\",\"score\":");
        number::write_float(self.verdict.score, out);
        if let Some(span) = self.span {
            let mut times = TimeWriter::default();
            for (name, time) in [("timestamp", span.first), ("end", span.last)] {
                out.extend_from_slice(format!(",\"{name}\":\"").as_bytes());
                times.write(time, span.digits, out);
                out.push(b'"');
            }
        }
        for (name, part) in &self.members {
            member(name, out);
            part.write(out);
        }
        member("value", out);
        self.verdict.value.write(out);
        member("threshold", out);
        self.verdict.threshold.write(out);
        if let Some(flows) = self.flows {
            member("flows", out);
            number::write_integer(flows, out);
        }
        member("reason", out);
        text::write_json(&self.reason, out);
        member("evidence", out);
        self.evidence.write(out);
        if let Some(technique) = self.technique {
            member("technique", out);
            text::write_json(technique, out);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// Appends `,"name":`.
fn member(name: &str, out: &mut Vec<u8>) {
    out.push(b',');
    text::write_json(name, out);
    out.push(b':');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::record::Flow;
    use flow_record::value::Time;

    fn alert(value: f64, last: u8) -> Alert {
        let mut flow = Flow::from(([10, 0, 0, last].into(), [10, 0, 1, 1].into()));
        flow.set_time(Time(1_421_913_814_035_000_000), 3);
        assert!(flow.set_integer(field::PROTOCOL, 6) && flow.set_integer(field::DST_PORT, 443));
        let mut seen = Seen::default();
        seen.add(&flow);
        Alert::of(&seen, Verdict::above(value, 3.0, Severity::High))
            .about([("src_ip", Part::Address(flow.src_ip().unwrap()))])
            .shared(flow.dst_ip(), seen.dst_port(), seen.protocol())
    }

    #[test]
    fn a_line_has_its_members_in_the_documented_order() {
        let mut out = Vec::new();
        alert(-4.5, 7).write(&Naming::new("zscore", ""), &mut out);
        let text = String::from_utf8(out).unwrap();
        let (before, rest) = text.split_once(",\"detector\"").unwrap();
        assert_eq!(before.len(), r#"{"kind":"alert","id":"0123456789abcdef""#.len());
        let expected = concat!(
            r#":"zscore","severity":"high","score":0.6,"timestamp":"2015-01-22T08:03:34.035Z","end":"2015-01-22T08:03:34.035Z","#,
            r#""src_ip":"10.0.0.7","dst_ip":"10.0.1.1","dst_port":443,"protocol":6,"value":-4.5,"threshold":3,"flows":1,"#,
            r#""reason":"","evidence":{}}"#
        );
        assert_eq!(rest.trim_end(), expected);
    }

    #[test]
    fn the_largest_value_comes_first_and_ties_go_by_key() {
        let mut all = [alert(-9.0, 1), alert(4.0, 10), alert(4.0, 9), alert(5.0, 3)];
        all.sort_by(Alert::order);
        let values: Vec<_> = all.iter().map(|a| (a.verdict.value, a.key.clone())).collect();
        assert_eq!(values.iter().map(|v| v.0.as_f64()).collect::<Vec<_>>(), [5.0, 4.0, 4.0, -9.0]);
        assert!(values[1].1 < values[2].1);
    }

    #[test]
    fn a_score_is_a_half_at_the_threshold() {
        assert_eq!(Verdict::above(3.0, 3.0, Severity::Low).score, 0.5);
        assert_eq!(share(0.0, 0.0), 0.0);
        assert!(Severity::Low < Severity::Medium && Severity::High < Severity::Critical);
    }
}
