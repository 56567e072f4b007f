//! nfdump's `-o pipe`: numbers between bars, 22 from 1.7.0 to 1.7.4, 24 in 1.6 where milliseconds stand apart.
//!
//! Addresses are four numbers of 32 bits each, of which IPv4 uses the last. There is no header; times are since the epoch
//! and need no zone.

use super::nfdump::{NFDUMP, is_message, is_remark, message};
use super::{Fate, Format, Probe, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{Cell, Form, Maker};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::value::Address;
use flow_record::value::number::integer;
use memchr::memchr_iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(NfdumpPipe::new(settings)),
    takes: Takes::Lines,
    told_by: "a line of 22 or 24 numbers between bars that begins with the address family, 2 or 10",
    lost: "nothing",
};

const SPEC: Spec = Spec {
    name: "nfdump-pipe",
    about: "numbers between bars: nfdump -o pipe",
    explain: "
Times are
milliseconds since the epoch, so no zone is needed. The duration is last less first; where that is negative it is left
out and the flow is marked clock: implausible. ICMP as in nfdump-csv.",
    params: &[],
    needs: &[],
    columns: &super::NFDUMP_PIPE_FIELDS.rows::<{ super::NFDUMP_PIPE_FIELDS.len() }>(),
    memory: "constant",
    source: "nfdump 1.6.17 to 1.7.4, nf_common.c and output_pipe.c",
};

/// Most numbers in a line.
const MOST: usize = 24;

/// The address families of IPv4 and IPv6.
const FAMILIES: [u64; 2] = [2, 10];

/// What follows the protocol, addresses left out: places from there and cells.
const CELLS: [(usize, Cell); 10] = [
    (5, Cell::SrcPort),
    (10, Cell::DstPort),
    (11, Cell::SrcAs),
    (12, Cell::DstAs),
    (13, Cell::InputIf),
    (14, Cell::OutputIf),
    (15, Cell::TcpFlags),
    (16, Cell::Tos),
    (17, Cell::Packets),
    (18, Cell::Bytes),
];

/// The texts between the bars, and where each begins.
type Texts<'l> = [(usize, &'l [u8]); MOST];

/// The texts of a line and how many there are; `None` if they are not 22 or 24.
fn split(line: &[u8]) -> Option<(Texts<'_>, usize)> {
    let mut texts = [(0, &b""[..]); MOST];
    let mut count = 0;
    let mut at = 0;
    for end in memchr_iter(b'|', line).chain([line.len()]) {
        *texts.get_mut(count)? = (at, &line[at..end]);
        count += 1;
        at = end + 1;
    }
    matches!(count, 22 | 24).then_some((texts, count))
}

fn whole(text: &[u8]) -> Option<u64> {
    integer(text).filter(|(_, used)| *used == text.len()).map(|(value, _)| value)
}

fn probe(head: &[u8]) -> Probe {
    let Some((texts, count)) = split(first_line(head)) else { return Probe::No };
    let is_ours = texts[..count].iter().all(|(_, t)| whole(t).is_some())
        && whole(texts[0].1).is_some_and(|f| FAMILIES.contains(&f));
    if is_ours { Probe::Yes } else { Probe::No }
}

struct NfdumpPipe {
    maker: Maker,
    time: Vec<u8>,
    columns: usize,
}

impl NfdumpPipe {
    fn new(settings: &Settings) -> NfdumpPipe {
        NfdumpPipe { maker: settings.maker(&NFDUMP), time: Vec::new(), columns: 0 }
    }

    fn record(&mut self, line: &[u8], flows: &mut Flows<'_>) {
        let Some((texts, count)) = split(line) else {
            if is_message(line) {
                return flows.warn("messages among the records", &message(line));
            }
            return flows.reject(flows.line, 0, "bad row", "neither 22 nor 24 numbers between bars", line);
        };
        self.columns = count;
        self.maker.begin();
        let protocol = if count == 24 {
            for (cell, seconds) in [(Cell::Start, 1), (Cell::End, 3)] {
                let (at, millis) = texts[seconds + 1];
                self.time.clear();
                self.time.extend_from_slice(texts[seconds].1);
                self.time.extend_from_slice(b".000");
                let end = self.time.len();
                let digits = millis.len().min(3);
                self.time[end - digits..].copy_from_slice(&millis[..digits]);
                self.maker.put(cell, Form::Seconds, &self.time, at);
            }
            5
        } else {
            self.maker.put(Cell::Start, Form::Millis, texts[1].1, texts[1].0);
            self.maker.put(Cell::End, Form::Millis, texts[2].1, texts[2].0);
            3
        };
        self.maker.put(Cell::Protocol, Form::Plain, texts[protocol].1, texts[protocol].0);
        for (place, cell) in CELLS {
            let (at, text) = texts[protocol + place];
            self.maker.put(cell, Form::Plain, text, at);
        }
        let family = whole(texts[0].1);
        let ends =
            [protocol + 1, protocol + 6].map(|at| address(family, texts[at..at + 4].iter().map(|(_, t)| whole(t))));
        let [Some(src), Some(dst)] = ends else {
            return flows.reject(flows.line, 0, "bad address", "an address that is not four numbers of 32 bits", line);
        };
        self.maker.finish_with(flows.line, line, flows, |flow| {
            let is_aggregated = !flow.has(field::PROTOCOL);
            for (id, address) in [(field::SRC_IP, src), (field::DST_IP, dst)] {
                if !(is_aggregated && address.is_unspecified()) {
                    flow.set_address(id, address);
                }
            }
        });
    }
}

/// The address of a family from its four numbers.
fn address(family: Option<u64>, parts: impl Iterator<Item = Option<u64>>) -> Option<Address> {
    let mut value = 0u128;
    for part in parts {
        value = value << 32 | u128::from(u32::try_from(part?).ok()?);
    }
    match family {
        Some(2) => Some(Address(IpAddr::V4(Ipv4Addr::from(u32::try_from(value).ok()?)))),
        Some(10) => Some(Address(IpAddr::V6(Ipv6Addr::from(value)))),
        _ => None,
    }
}

impl Source for NfdumpPipe {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| {
            if !line.is_empty() && !is_remark(line) {
                self.record(line, flows);
            }
            Ok(())
        })
    }

    fn fates(&self) -> Vec<Fate> {
        let parted = self.columns == 24;
        let first = if parted { 5 } else { 3 };
        let mut fates: Vec<Fate> = vec![("1".into(), Some("address family".into()))];
        let times = if parted { ["2, 3", "4, 5"] } else { ["2", "3"] };
        fates.push((times[0].into(), Some("timestamp".into())));
        fates.push((times[1].into(), Some("end, for the duration".into())));
        fates.push(((first + 1).to_string(), Some("protocol".into())));
        fates.push((format!("{} to {}", first + 2, first + 5), Some("src_ip".into())));
        fates.push((format!("{} to {}", first + 7, first + 10), Some("dst_ip".into())));
        fates.extend(CELLS.map(|(at, cell)| ((first + at + 1).to_string(), Some(cell.name().to_owned()))));
        fates
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, rejects};

    #[test]
    fn both_layouts_give_the_same_flow() {
        let new =
            "2|1089534600010|1089534610020|6|0|0|0|2886730050|1024|0|0|0|3232279140|25|775|8404|12|14|1|2|202|303\n";
        let old =
            "2|1089534600|10|1089534610|20|6|0|0|0|2886730050|1024|0|0|0|3232279140|25|775|8404|12|14|1|2|202|303\n";
        let flow = r#"{"timestamp":"2004-07-11T08:30:00.010Z","duration":10.01,"src_ip":"172.16.1.66","dst_ip":"192.168.170.100","src_port":1024,"dst_port":25,"protocol":6,"packets":202,"bytes":303,"tcp_flags":1,"input_if":12,"output_if":14,"src_as":775,"dst_as":8404,"tos":2}"#;
        assert_eq!(lines(new, &[]), [flow]);
        assert_eq!(lines(old, &[]), [flow]);
    }

    #[test]
    fn ipv6_is_four_numbers_and_icmp_has_its_type_in_the_port() {
        let text = "10|1089534750510|1089534910520|58|4269801472|0|554740685|305397760|0|4269801472|0|554740685|305480481|32769|0|0|0|0|0|0|10|15100\n";
        let line = &lines(text, &[])[0];
        for part in [
            r#""src_ip":"fe80::2110:abcd:1234:0""#,
            r#""src_port":0,"dst_port":0,"protocol":58"#,
            r#""icmp_type":128,"icmp_code":1"#,
        ] {
            assert!(line.contains(part), "{line}");
        }
    }

    #[test]
    fn what_is_no_row_is_rejected_and_what_is_no_record_is_not() {
        let row = "2|1089534600010|1089534610020|6|0|0|0|2886730050|1024|0|0|0|3232279140|25|0|0|0|0|0|0|1|2\n";
        let text = format!(
            "No matching flows\n{row}Summary: total flows: 1\nTime window: 2004\nSkip unknown record type 9\n\n{row}"
        );
        assert_eq!((lines(&text, &[]).len(), rejects(&text, &[]).len()), (2, 0));
        let text = format!("{row}2|3|4\n{}{}", row.replace("2886730050", "4294967296"), row.replace("|25|", "|65536|"));
        assert_eq!(
            rejects(&text, &[]),
            [
                "2:0 neither 22 nor 24 numbers between bars",
                "3:0 an address that is not four numbers of 32 bits",
                "4:72 bad port \"65536\" for dst_port"
            ]
        );
    }
}
