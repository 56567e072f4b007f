//! `--alerts FILE`: the flows behind alerts.
//!
//! An alert covers a flow whose source, destination and destination port are those that it names, as far as it names them
//! (an address may be a network), and that starts from its `timestamp` to its `end`. The file is read whole before any
//! input. Bound: [`MOST`] alerts; 100 bytes each.

use super::{Next, Record, Step};
use flow_record::input::Source;
use flow_record::map::Map;
use flow_record::record::{Flow, field};
use flow_record::value::Address;
use flow_record::value::time::{DateCache, rfc3339};
use ipnet::IpNet;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Alerts at most.
const MOST: usize = 1 << 20;

/// Bytes of a line at most.
const LONGEST: u64 = 1 << 20;

/// What one alert covers.
#[derive(Debug)]
struct Cover {
    src: Option<IpNet>,
    dst: Option<IpNet>,
    port: Option<u16>,
    /// In nanoseconds.
    first: i64,
    last: i64,
}

impl Cover {
    /// What the line of an alert says; `None` where it is no alert.
    fn of(line: &str) -> Result<Option<Cover>, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("no JSON: {e}"))?;
        if value.get("kind").and_then(Value::as_str) != Some("alert") {
            return Ok(None);
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let network = |name: &str| match text(name) {
            None => Ok(None),
            Some(text) => {
                let address = Address::parse(text).map(|address| IpNet::from(address.0));
                let network = address.or_else(|| text.parse().ok());
                network.map(Some).ok_or_else(|| format!("{name} {text:?} is no address"))
            }
        };
        let time = |name: &str| match text(name) {
            None => Ok(None),
            Some(text) => {
                let time = rfc3339(&mut DateCache::default(), text.as_bytes()).map(|(time, ..)| time.nanos());
                time.map(Some).ok_or_else(|| format!("{name} {text:?} is no time"))
            }
        };
        let port = value.get("dst_port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        let (first, last) = (time("timestamp")?, time("end")?);
        Ok(Some(Cover {
            src: network("src_ip")?,
            dst: network("dst_ip")?,
            port,
            first: first.unwrap_or(i64::MIN),
            last: last.or(first).unwrap_or(i64::MAX),
        }))
    }

    fn covers(&self, flow: &Flow) -> bool {
        let lies = |network: Option<IpNet>, id| {
            network.is_none_or(|network| flow.address(id).is_some_and(|a| network.contains(&a.0)))
        };
        let in_time = match flow.time() {
            Some(time) => (self.first..=self.last).contains(&time.nanos()),
            None => self.first == i64::MIN && self.last == i64::MAX,
        };
        in_time
            && self.port.is_none_or(|port| flow.dst_port() == Some(port))
            && lies(self.src, field::SRC_IP)
            && lies(self.dst, field::DST_IP)
    }

    /// The one address by which it is looked up.
    fn address(&self) -> Option<Address> {
        let single = |network: Option<IpNet>| network.filter(|n| n.prefix_len() == n.max_prefix_len());
        single(self.src).or_else(|| single(self.dst)).map(|network| Address(network.addr()))
    }
}

#[derive(Debug, Default)]
struct Alerts {
    by_address: Map<Address, Vec<Cover>>,
    /// Those that name no single address.
    others: Vec<Cover>,
}

impl Alerts {
    fn read(path: &Path) -> Result<Alerts, String> {
        let (source, mut alerts, mut n) = (Source::file(path), Alerts::default(), 0);
        let about = |e: String| format!("--alerts: {}: {e}", path.display());
        let mut input = BufReader::new(source.open().map_err(|e| about(e.to_string()))?);
        for number in 1u64.. {
            let mut line = String::new();
            let read = (&mut input).take(LONGEST).read_line(&mut line).map_err(|e| about(e.to_string()))?;
            if read == 0 {
                break;
            }
            if line.trim().is_empty() {
                continue;
            }
            let Some(cover) = Cover::of(&line).map_err(|e| about(format!("line {number}: {e}")))? else { continue };
            n += 1;
            if n > MOST {
                return Err(about(format!("more than {MOST} alerts")));
            }
            match cover.address() {
                Some(address) => alerts.by_address.entry(address).or_default().push(cover),
                None => alerts.others.push(cover),
            }
        }
        Ok(alerts)
    }

    fn covers(&self, flow: &Flow) -> bool {
        let of = |address: Option<Address>| address.and_then(|a| self.by_address.get(&a)).into_iter().flatten();
        let named = of(flow.src_ip()).chain(of(flow.dst_ip()));
        named.chain(&self.others).any(|cover| cover.covers(flow))
    }
}

/// The step.
///
/// # Errors
/// A file that cannot be read, or an alert in it that makes no sense.
pub(super) fn step(path: &Path) -> Result<Box<dyn Step>, String> {
    Ok(Box::new(Alerts::read(path)?))
}

impl Step for Alerts {
    #[inline]
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        if self.covers(record.flow) { next.flow(record) } else { next.filtered() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    fn flow(src: &str, dst: &str, port: u64, second: i64) -> Flow {
        let mut flow = Flow::new();
        flow.set_address(field::SRC_IP, Address::parse(src).unwrap());
        flow.set_address(field::DST_IP, Address::parse(dst).unwrap());
        assert!(flow.set_integer(field::DST_PORT, port));
        flow.set_time(flow_record::value::Time(second * 1_000_000_000), 3);
        flow
    }

    fn read(text: &str) -> Result<Alerts, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Alerts::read(file.path())
    }

    #[test]
    fn flows_with_the_ends_the_port_and_the_time_of_an_alert_are_behind_it() {
        let alert = r#"{"kind":"alert","src_ip":"10.0.0.1","dst_ip":"192.0.2.1","dst_port":22,"timestamp":"1970-01-01T00:00:10Z","end":"1970-01-01T00:00:20.000Z"}"#;
        let alerts = read(&format!("{{\"src_ip\":\"10.0.0.9\"}}\n\n{alert}\n")).unwrap();
        assert!(alerts.covers(&flow("10.0.0.1", "192.0.2.1", 22, 10)));
        assert!(alerts.covers(&flow("10.0.0.1", "192.0.2.1", 22, 20)));
        for (src, dst, port, second) in [
            ("10.0.0.2", "192.0.2.1", 22, 10),
            ("10.0.0.1", "192.0.2.2", 22, 10),
            ("10.0.0.1", "192.0.2.1", 23, 10),
            ("10.0.0.1", "192.0.2.1", 22, 9),
            ("10.0.0.1", "192.0.2.1", 22, 21),
            ("10.0.0.9", "192.0.2.1", 22, 10),
        ] {
            assert!(!alerts.covers(&flow(src, dst, port, second)), "{src} {dst} {port} {second}");
        }
    }

    #[test]
    fn what_an_alert_does_not_name_may_be_any() {
        let alerts =
            read("{\"kind\":\"alert\",\"src_ip\":\"10.0.3.0/24\"}\n{\"kind\":\"alert\",\"dst_ip\":\"2001:db8::1\"}")
                .unwrap();
        assert!(alerts.covers(&flow("10.0.3.7", "192.0.2.1", 1, 5)));
        assert!(alerts.covers(&flow("10.0.4.7", "2001:db8::1", 1, 5)));
        assert!(!alerts.covers(&flow("10.0.4.7", "2001:db8::2", 1, 5)));
        assert!(!read("").unwrap().covers(&flow("10.0.4.7", "2001:db8::2", 1, 5)));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said_with_its_line() {
        assert!(read("{\"kind\":\"alert\"}\nx\n").unwrap_err().contains("line 2: no JSON"));
        assert!(
            read("{\"kind\":\"alert\",\"src_ip\":\"10.0\"}").unwrap_err().contains("src_ip \"10.0\" is no address")
        );
        assert!(read("{\"kind\":\"alert\",\"end\":\"now\"}").unwrap_err().contains("no time"));
        assert!(Alerts::read(Path::new("/nonexistent/a")).unwrap_err().starts_with("--alerts: /nonexistent/a"));
    }
}
