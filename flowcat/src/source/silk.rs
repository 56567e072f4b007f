//! SiLK flows as rwcut prints them: padded columns with bars (the default), or with any one character between them.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::{Fate, Format, Probe, Settings, Source, Takes, fields, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Maker, Plan};
use flow_record::item::Spec;
use flow_record::people::count;
use flow_record::record::field::{self, Field};
use memchr::memchr_iter;

pub(super) const FORMAT: Format =
    Format { spec: &SPEC, probe, open: |settings| Box::new(Silk::new(settings)), takes: Takes::Lines };

const FIELDS: &[Field] = &fields([
    field::TIMESTAMP,
    field::DURATION,
    field::SRC_IP,
    field::DST_IP,
    field::SRC_PORT,
    field::DST_PORT,
    field::PROTOCOL,
    field::PACKETS,
    field::BYTES,
    field::TCP_FLAGS,
    field::ICMP_TYPE,
    field::ICMP_CODE,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::NEXT_HOP,
    field::CLOCK,
]);

const SPEC: Spec = Spec {
    name: "silk",
    about: "SiLK flows: rwcut, padded or delimited",
    explain: "
Recognised by a header of rwcut's own names (sIP, dIP, sPort, pro, sTime and others, spelled as it spells them) with bars
or another character between them; --from silk takes rows of its default 12 columns without one (--no-title). Times are
UTC, as rwcut prints them, unless --tz says otherwise; with --timestamp-format=epoch they are seconds. Flags are letters
or numbers. ICMP's type and code come from iType and iCode, or from dPort (type * 256 + code). Flows are one-way and count
bytes of IP.
Lost, unless --keep-extra keeps it: sensor, class, type, initialFlags, sessionFlags, attributes, application, countries.
Addresses as numbers (--ip-format=decimal) are rejected.",
    params: &[],
    needs: &[],
    columns: FIELDS,
    memory: "constant",
    source: "SiLK 3, rwcut",
};

const SILK: Dialect = Dialect { names: &[NAMES], icmp_in_port: true, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["stime", "stime+msec"]),
    plain(Cell::End, &["etime", "etime+msec"]),
    plain(Cell::Duration, &["duration", "dur", "dur+msec"]),
    plain(Cell::SrcIp, &["sip"]),
    plain(Cell::DstIp, &["dip"]),
    plain(Cell::SrcPort, &["sport"]),
    plain(Cell::DstPort, &["dport"]),
    plain(Cell::Protocol, &["pro", "protocol"]),
    plain(Cell::Packets, &["packets", "pkts"]),
    plain(Cell::Bytes, &["bytes"]),
    plain(Cell::TcpFlags, &["flags"]),
    plain(Cell::IcmpType, &["itype", "icmptype"]),
    plain(Cell::IcmpCode, &["icode", "icmpcode"]),
    formed(Cell::InputIf, Form::Lenient, &["in"]),
    formed(Cell::OutputIf, Form::Lenient, &["out"]),
    formed(Cell::NextHop, Form::Lenient, &["nhip"]),
];

/// The columns that rwcut prints unless it is told otherwise.
const DEFAULT: &str = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sensor";

/// Names that nobody but SiLK gives to columns, in this spelling.
const OWN: [&str; 10] =
    ["sIP", "dIP", "sPort", "dPort", "pro", "sTime", "eTime", "nhIP", "initialFlags", "sessionFlags"];

/// The names in a header of rwcut, and what is between them.
fn header(line: &[u8]) -> Option<(u8, Vec<String>)> {
    let text = std::str::from_utf8(line).ok()?;
    [b'|', b',', b'\t', b';', b' '].into_iter().find_map(|delimiter| {
        let names = text.trim_end_matches('|').split(char::from(delimiter)).map(|name| name.trim().to_owned());
        let names: Vec<String> = names.collect();
        let own = names.iter().filter(|name| OWN.contains(&name.as_str())).count();
        (own >= 2 && names.iter().any(|n| matches!(n.as_str(), "sIP" | "dIP"))).then_some((delimiter, names))
    })
}

fn probe(head: &[u8]) -> Probe {
    if header(first_line(head)).is_some() { Probe::Yes } else { Probe::No }
}

struct Silk {
    settings: Settings,
    delimiter: u8,
    plan: Option<Plan>,
    maker: Maker,
}

impl Silk {
    fn new(settings: &Settings) -> Silk {
        let maker = Maker::new(&SILK, settings.zone.clone());
        Silk { settings: settings.clone(), delimiter: b'|', plan: None, maker }
    }

    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if let Some(plan) = &self.plan
            && !line.trim_ascii_start().starts_with(b"sIP")
        {
            row(line, self.delimiter, plan, &mut self.maker, flows);
            return Ok(());
        }
        self.first(line, flows)
    }

    /// A header, or the first row without one.
    #[cold]
    fn first(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        let found = header(line);
        let is_row = found.is_none();
        let names = match found {
            Some((delimiter, names)) => {
                self.delimiter = delimiter;
                names
            }
            None => DEFAULT.split('|').map(str::to_owned).collect(),
        };
        if self.plan.is_none() || !is_row {
            self.plan = Some(Plan::new(names, &SILK, &self.settings.mapping, self.settings.keep)?);
        }
        if let Some(plan) = self.plan.as_ref().filter(|_| is_row) {
            row(line, self.delimiter, plan, &mut self.maker, flows);
        }
        Ok(())
    }
}

/// A row, which may end with the character that is between columns.
fn row(line: &[u8], delimiter: u8, plan: &Plan, maker: &mut Maker, flows: &mut Flows<'_>) {
    let inner = line.trim_ascii_end();
    let inner = inner.strip_suffix(&[delimiter]).filter(|_| delimiter == b'|').unwrap_or(inner);
    let columns = memchr_iter(delimiter, inner).count() + 1;
    if columns != plan.len() {
        let message = format!("{} where the header has {}", count(columns as u64, "columns"), plan.len());
        return flows.reject(flows.line, 0, "bad row", &message, line);
    }
    maker.begin();
    let mut start = 0;
    for (i, end) in memchr_iter(delimiter, inner).chain([inner.len()]).enumerate() {
        maker.take(plan, i, &inner[start..end], start);
        start = end + 1;
    }
    maker.finish(flows.line, line, flows);
}

impl Source for Silk {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const TEXT: &str = "\
            sIP|            dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| duration|                  eTime|sen|
       10.0.0.5|  93.184.216.34|51000|  443|  6|        12|      1258|FS PA   |2023/11/14T22:13:20.123|    1.130|2023/11/14T22:13:21.253| S0|
       10.0.0.5|        8.8.8.8|    0| 2048|  1|         1|        84|        |2023/11/14T22:13:23.123|    0.000|2023/11/14T22:13:23.123| S0|
";
    const FLOWS: [&str; 2] = [
        r#"{"timestamp":"2023-11-14T22:13:20.123Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1258,"tcp_flags":27}"#,
        r#"{"timestamp":"2023-11-14T22:13:23.123Z","duration":0,"src_ip":"10.0.0.5","dst_ip":"8.8.8.8","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"icmp_type":8,"icmp_code":0}"#,
    ];

    /// The text without its padding and last bars.
    fn delimited(delimiter: &str) -> String {
        let line = |line: &str| {
            let cells = line.trim_end_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(delimiter) + "\n"
        };
        TEXT.lines().map(line).collect()
    }

    #[test]
    fn padded_and_delimited_rows_are_the_same() {
        assert_eq!(lines(TEXT, &[]), FLOWS);
        for delimiter in ["|", ",", "\t"] {
            assert_eq!(lines(delimited(delimiter), &[]), FLOWS, "{delimiter:?}");
        }
        assert_eq!(lines(format!("{TEXT}{TEXT}"), &[]).len(), 4);
    }

    #[test]
    fn rows_without_a_title_need_to_be_named() {
        let (_, rows) = TEXT.split_once('\n').unwrap();
        assert_eq!(lines(rows, &["--from", "silk"]), FLOWS);
    }

    #[test]
    fn times_are_utc_unless_the_user_says_otherwise() {
        let moved = lines(TEXT, &["--tz", "+02:00"]);
        assert!(moved[0].contains("2023-11-14T20:13:20.123Z"), "{}", moved[0]);
        let epoch = TEXT.replace("2023/11/14T22:13:20.123", "         1700000000.123");
        assert_eq!(lines(epoch, &[])[0], FLOWS[0]);
    }

    #[test]
    fn other_columns_are_taken_by_name_and_bad_rows_rejected() {
        let text = "sIP,dIP,pro,iType,iCode,flags,in,out,nhIP,bytes\n10.0.0.1,10.0.0.2,1,3,1,,5,0,0.0.0.0,84\n10.0.0.1,10.0.0,1,3,1,,5,0,0.0.0.0,84\n10.0.0.1\n";
        let flow = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":0,"dst_port":0,"protocol":1,"bytes":84,"icmp_type":3,"icmp_code":1,"input_if":5}"#;
        assert_eq!(lines(text, &[]), [flow]);
        assert_eq!(
            rejects(text, &[]),
            ["3:10 bad address \"10.0.0\" for dst_ip", "4:0 1 column where the header has 10"]
        );
    }
}
