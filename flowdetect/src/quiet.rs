//! Alerts that are not told: those that a file suppresses, of hosts that a file knows, or below a severity.
//!
//! Both files are TOML and read before any input. A rule of `--suppress` is a `[[suppress]]` with a `reason` and at least
//! one of the members that say which alerts; an alert must meet all of them. `until` ends it: alerts whose last flow began
//! then or later are told, by the time in the flows, never by the clock. A `[[known]]` of `--known` says what hosts do, so
//! that the detectors that mistake it are quiet about them. Suppressed alerts are counted.

use crate::alert::{Alert, Label, Naming, Severity};
use anyhow::{Context, anyhow, ensure};
use flow_record::filter::Filter;
use flow_record::net::Ranges;
use flow_record::record::key::Part;
use flow_record::record::{FieldId, Flow, Kind, field};
use flow_record::value::time::{DateCache, Zone, rfc3339};
use flow_record::value::{Address, Time};
use ipnet::IpNet;
use serde::Deserialize;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

/// Bytes of such a file that are read at most.
const MOST: u64 = 16 << 20;

/// What hosts do, and which detectors are quiet about them: as source, as destination.
const ROLES: &[(&str, &[&str], &[&str])] = &[
    ("scanner", &["scan", "portscan", "sweep", "bruteforce", "icmptunnel"], &[]),
    ("monitor", &["scan", "portscan", "sweep", "bruteforce", "beacon", "strobe", "icmptunnel"], &[]),
    (
        "resolver",
        &["scan", "portscan", "sweep", "dnstunnel", "beacon", "strobe", "amplification"],
        &["amplification", "beacon", "strobe"],
    ),
    ("mail", &["scan", "sweep"], &[]),
    ("backup", &["exfil", "longconn", "ddos"], &["exfil", "longconn", "ddos"]),
    ("clock", &[], &["beacon", "amplification"]),
];

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    reason: String,
    id: Option<String>,
    detector: Option<String>,
    /// Either end.
    net: Option<String>,
    src: Option<String>,
    dst: Option<String>,
    r#where: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppressions {
    #[serde(default)]
    suppress: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    role: String,
    net: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    #[serde(default)]
    known: Vec<Role>,
}

/// A rule.
#[derive(Debug)]
struct Rule {
    id: Option<u64>,
    detectors: Option<Vec<String>>,
    either: Option<Ranges<bool>>,
    src: Option<Ranges<bool>>,
    dst: Option<Ranges<bool>>,
    filter: Option<Filter>,
    until: Option<Time>,
}

/// What is not told.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    rules: Vec<Rule>,
    least: Option<Severity>,
    /// Alerts that rules suppressed.
    pub(crate) suppressed: u64,
}

/// The text of a file of at most so many bytes.
///
/// # Errors
/// A file that cannot be read, or is larger.
pub(crate) fn text(path: &Path, most: u64) -> anyhow::Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut text = String::new();
    file.take(most + 1).read_to_string(&mut text).with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(text.len() as u64 <= most, "{} has more than {} MiB", path.display(), most >> 20);
    Ok(text)
}

/// Networks with `+` or blanks between them; an address alone is a network of one.
fn networks(text: &str) -> anyhow::Result<Ranges<bool>> {
    let parse = |member: &str| {
        let network = member.parse::<IpNet>().ok().or_else(|| member.parse::<IpAddr>().ok().map(IpNet::from));
        network.ok_or_else(|| anyhow!("{member:?} is no network"))
    };
    let members = text.split(['+', ' ', ',']).filter(|member| !member.is_empty());
    let networks = members.map(parse).collect::<anyhow::Result<Vec<IpNet>>>()?;
    ensure!(!networks.is_empty(), "a network is expected, as in 10.0.0.0/8");
    Ok(Ranges::new(networks.into_iter().map(|network| (network, true)), false))
}

impl Rule {
    fn of(written: &Written) -> anyhow::Result<Rule> {
        let Written { reason, id, detector, net, src, dst, r#where, until } = written;
        ensure!(!reason.trim().is_empty(), "a reason is needed");
        let is_any = id.is_none() && detector.is_none() && net.is_none() && src.is_none() && dst.is_none();
        ensure!(!is_any || r#where.is_some(), "one of id, detector, net, src, dst and where is needed");
        let nets = |text: &Option<String>| text.as_deref().map(networks).transpose();
        let time = |text: &str| {
            let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
            let time = rfc3339(&mut DateCache::default(), whole.as_bytes()).map(|(time, ..)| time);
            time.ok_or_else(|| anyhow!("until={text:?}: a date or RFC 3339 time is expected, as in \"2026-04-01\""))
        };
        let id = id
            .as_deref()
            .map(|text| u64::from_str_radix(text, 16).map_err(|_| anyhow!("id={text:?} is no alert's id")));
        let filter =
            r#where.as_deref().map(|text| Filter::parse(text, &Zone::utc()).map_err(|e| anyhow!("where: {e}")));
        let filter = filter.transpose()?;
        ensure!(
            filter.as_ref().is_none_or(|f| f.watch().is_empty()),
            "where: an alert has addresses, ports and protocol only"
        );
        Ok(Rule {
            id: id.transpose()?,
            detectors: detector.as_ref().map(|name| vec![name.clone()]),
            either: nets(net)?,
            src: nets(src)?,
            dst: nets(dst)?,
            filter,
            until: until.as_deref().map(time).transpose()?,
        })
    }

    /// The rules of a role.
    fn known(role: &Role) -> anyhow::Result<Vec<Rule>> {
        let known = ROLES.iter().find(|(name, ..)| *name == role.role);
        let names: Vec<&str> = ROLES.iter().map(|(name, ..)| *name).collect();
        let (_, as_source, as_target) =
            known.ok_or_else(|| anyhow!("role={:?}: one of {} is expected", role.role, names.join(", ")))?;
        let net = networks(&role.net)?;
        let rule = |detectors: &[&str]| Rule {
            id: None,
            detectors: Some(detectors.iter().map(|name| (*name).to_owned()).collect()),
            either: None,
            src: None,
            dst: None,
            filter: None,
            until: None,
        };
        Ok(vec![Rule { src: Some(net.clone()), ..rule(as_source) }, Rule { dst: Some(net), ..rule(as_target) }])
    }

    fn meets(&self, naming: &Naming, alert: &Alert, label: Label) -> bool {
        let flow = as_flow(alert);
        let lies = |nets: &Option<Ranges<bool>>, ends: &[Option<Address>]| {
            nets.as_ref().is_none_or(|nets| ends.iter().flatten().any(|end| nets.at(*end)))
        };
        let last = alert.span.map(|span| span.last);
        self.id.is_none_or(|id| id == label.id)
            && self.detectors.as_ref().is_none_or(|names| names.iter().any(|name| name == naming.detector()))
            && lies(&self.either, &[flow.src_ip(), flow.dst_ip()])
            && lies(&self.src, &[flow.src_ip()])
            && lies(&self.dst, &[flow.dst_ip()])
            && self.filter.as_ref().is_none_or(|filter| filter.keeps(&flow, |_| None))
            && self.until.is_none_or(|until| last.is_some_and(|last| last < until))
    }
}

/// Whom an alert is about, as a flow.
fn as_flow(alert: &Alert) -> Flow {
    let mut flow = Flow::new();
    for (name, part) in &alert.members {
        match (FieldId::named(name), part) {
            (Some(id), Part::Address(address)) if id.field().kind == Kind::Address => flow.set_address(id, *address),
            (Some(id @ (field::SRC_PORT | field::DST_PORT | field::PROTOCOL)), Part::Integer(value)) => {
                flow.set_integer(id, *value);
            }
            _ => {}
        }
    }
    flow
}

impl Quiet {
    /// What the files say, and the least severity that is told.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong with it.
    pub(crate) fn new(suppress: Option<&Path>, known: Option<&Path>, least: Option<Severity>) -> anyhow::Result<Quiet> {
        let mut rules = Vec::new();
        if let Some(path) = suppress {
            let all: Suppressions = toml::from_str(&text(path, MOST)?).with_context(|| path.display().to_string())?;
            for (i, written) in all.suppress.iter().enumerate() {
                rules.push(Rule::of(written).with_context(|| format!("{}: suppress {}", path.display(), i + 1))?);
            }
        }
        if let Some(path) = known {
            let all: Roles = toml::from_str(&text(path, MOST)?).with_context(|| path.display().to_string())?;
            for (i, role) in all.known.iter().enumerate() {
                rules.extend(Rule::known(role).with_context(|| format!("{}: known {}", path.display(), i + 1))?);
            }
        }
        Ok(Quiet { rules, least, suppressed: 0 })
    }

    /// Whether an alert is told.
    pub(crate) fn tells(&mut self, naming: &Naming, alert: &Alert, label: Label) -> bool {
        if self.least.is_some_and(|least| alert.verdict.severity < least) {
            return false;
        }
        let is_suppressed = self.rules.iter().any(|rule| rule.meets(naming, alert, label));
        self.suppressed += u64::from(is_suppressed);
        !is_suppressed
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::alert::Verdict;
    use flow_record::stats::{Same, Seen, Span};
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    /// An alert from 10.0.0.7 to 192.0.2.1 port 22, whose last flow began on 2026-03-10.
    fn tells(quiet: &mut Quiet, detector: &str) -> bool {
        let time = Time(1_773_100_800_000_000_000);
        let seen = Seen::of(3, Span { first: time, last: time, digits: 3 }, Same::One(6), Same::One(22));
        let address = |text| Part::Address(Address::parse(text).unwrap());
        let alert = Alert::of(&seen, Verdict::above(9u64, 3u64, Severity::Medium))
            .about([("src_ip", address("10.0.0.7")), ("dst_ip", address("192.0.2.1"))])
            .shared(None, Some(22), Some(6));
        quiet.tells(&Naming::new(detector, ""), &alert, Label { id: 0xab, update: 0 })
    }

    fn suppressed(rule: &str) -> bool {
        let file = file(&format!("[[suppress]]\nreason = \"known\"\n{rule}\n"));
        let mut quiet = Quiet::new(Some(file.path()), None, None).unwrap();
        let told = tells(&mut quiet, "beacon");
        assert_eq!(quiet.suppressed, u64::from(!told));
        !told
    }

    #[test]
    fn an_alert_that_meets_all_of_a_rule_is_suppressed() {
        for rule in [
            "id = \"00000000000000ab\"",
            "detector = \"beacon\"",
            "net = \"192.0.2.0/24\"",
            "src = \"10.0.0.0/8\"\ndst = \"192.0.2.1\"",
            "where = \"dst port 22 and proto tcp\"",
            "detector = \"beacon\"\nuntil = \"2026-03-11\"",
        ] {
            assert!(suppressed(rule), "{rule}");
        }
        for rule in [
            "id = \"ac\"",
            "detector = \"scan\"",
            "src = \"192.0.2.0/24\"",
            "src = \"10.0.0.0/8\"\ndst = \"192.0.2.2\"",
            "where = \"dst port 23\"",
            "detector = \"beacon\"\nuntil = \"2026-03-10T00:00:00Z\"",
        ] {
            assert!(!suppressed(rule), "{rule}");
        }
    }

    #[test]
    fn hosts_that_are_known_are_not_told_of_by_the_detectors_that_mistake_them() {
        let file = file("[[known]]\nrole = \"monitor\"\nnet = \"10.0.0.7\"\n");
        let mut quiet = Quiet::new(None, Some(file.path()), None).unwrap();
        assert!(!tells(&mut quiet, "beacon") && !tells(&mut quiet, "scan") && tells(&mut quiet, "exfil"));
    }

    #[test]
    fn alerts_below_a_severity_are_not_told_and_not_counted() {
        let quiet = |least| Quiet::new(None, None, Some(least)).unwrap();
        assert!(tells(&mut quiet(Severity::Medium), "beacon"));
        let mut high = quiet(Severity::High);
        assert!(!tells(&mut high, "beacon") && high.suppressed == 0);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let error = |text: &str| {
            let file = file(text);
            format!("{:#}", Quiet::new(Some(file.path()), None, None).unwrap_err())
        };
        assert!(error("[[suppress]]\nreason=\"x\"\n").contains("suppress 1: one of id"));
        assert!(error("[[suppress]]\nid=\"1\"\n").contains("reason"));
        assert!(error("[[suppress]]\nreason=\"x\"\nnets=\"1\"\n").contains("nets"));
        assert!(error("[[suppress]]\nreason=\"x\"\nnet=\"10.0.0\"\n").contains("\"10.0.0\" is no network"));
        assert!(error("[[suppress]]\nreason=\"x\"\nnet=\"::1\"\nuntil=\"soon\"\n").contains("until=\"soon\""));
        let roles = file("[[known]]\nrole=\"spy\"\nnet=\"::1\"\n");
        let error = format!("{:#}", Quiet::new(None, Some(roles.path()), None).unwrap_err());
        assert!(error.contains("one of scanner, monitor, resolver, mail, backup, clock"), "{error}");
    }
}
