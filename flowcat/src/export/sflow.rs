//! sFlow 5: samples of packets, each a flow of one packet, and samples of counters, which are none.
//!
//! Source: sflow.org, "sFlow Version 5" (P. Phaal, M. Lavine, July 2004), sections 4 and 5; numbers are big-endian and of
//! 32 bits (XDR, RFC 4506). Bytes are the length of the frame that was sampled, of layer 2 where that is what was
//! sampled. A sample has no time: that at which its datagram came counts. Invariant: a sample or record is passed over by
//! the length that it says, whatever is in it. Bound: [`SAMPLES`] samples, and records of one.

use super::data::{Work, told};
use super::element::{Field, Slot, name};
use super::limits::SAMPLES;
use super::record::{Context, settle};
use super::sequence::{Content, SFLOW};
use super::values::Values;
use super::{Decoder, Next, Origin, Take, damage, extra};
use crate::capture::Packet;
use crate::packet::decode as headers;
use flow_record::value::Address;
use flow_record::value::text::write_json;
use std::net::IpAddr;

/// The version as the key of a domain, whose number is that of the sub-agent.
const VERSION: u8 = 0;

/// Kinds of samples and of their records, all of enterprise 0.
const FLOW: u32 = 1;
const COUNTERS: u32 = 2;
const EXPANDED_FLOW: u32 = 3;
const EXPANDED_COUNTERS: u32 = 4;
const RAW_HEADER: u32 = 1;
const ETHERNET: u32 = 2;
const IPV4: u32 = 3;
const IPV6: u32 = 4;
const SWITCH: u32 = 1001;
const ROUTER: u32 = 1002;
const GATEWAY: u32 = 1003;

/// Protocols of a sampled header, and the link types that they are in captures.
const LINKS: [(u32, u16); 4] = [(1, 1), (7, 9), (11, 228), (12, 229)];

/// Of those, the ones whose length is that of the IP packet.
const LAYER_3: [u32; 2] = [11, 12];

/// An interface that is inside of the agent.
const INTERNAL: u32 = 0x3fff_ffff;

/// What is left of a structure.
#[derive(Clone, Copy)]
struct Xdr<'x> {
    bytes: &'x [u8],
}

impl<'x> Xdr<'x> {
    fn number(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    fn take(&mut self, count: usize) -> Option<&'x [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A structure that begins with its kind and its length.
    fn part(&mut self) -> Option<(u32, Xdr<'x>)> {
        let mut rest = *self;
        let (kind, length) = (rest.number()?, rest.number()?);
        let bytes = rest.take(usize::try_from(length).ok()?)?;
        *self = rest;
        Some((kind, Xdr { bytes }))
    }

    fn address(&mut self) -> Option<Option<IpAddr>> {
        match self.number()? {
            0 => Some(None),
            1 => self.take(4)?.first_chunk::<4>().map(|bytes| Some(IpAddr::from(*bytes))),
            2 => self.take(16)?.first_chunk::<16>().map(|bytes| Some(IpAddr::from(*bytes))),
            _ => None,
        }
    }
}

/// Reads one datagram; `at` is where it begins.
pub(super) fn decode(decoder: &mut Decoder, bytes: &[u8], at: usize, origin: &Origin, take: &mut dyn Take) -> Next {
    let mut rest = Xdr { bytes };
    let Some((agent, [sub_agent, number, uptime, samples])) = header(&mut rest) else {
        damage(take, at, "bad datagram", "its header is cut off, or has no address that there is".into(), bytes);
        return Next::Broken;
    };
    let who = agent.filter(|agent| !agent.is_unspecified()).or(origin.exporter);
    let context = Context {
        exported: origin.received.map(|time| time.nanos()),
        exporter: who.map(Address),
        ..Context::default()
    };
    let (exporter, budget) = decoder.exporters.open(who);
    if let Some(domain) = exporter.domain((VERSION, sub_agent), SFLOW, budget) {
        let is_new = domain.is_new(uptime);
        let said = domain.sequence.came(number, Content::default(), is_new);
        told(said, domain.sequence.is_of_records(), &context, budget, take);
    }
    if samples > SAMPLES {
        damage(take, at, "bad datagram", format!("it announces {samples} samples"), rest.bytes);
        return Next::Broken;
    }
    if samples == 0 {
        take.unused("datagrams without records", 1);
    }
    for _ in 0..samples {
        let here = at + bytes.len() - rest.bytes.len();
        let Some((kind, sample)) = rest.part() else {
            damage(take, here, "bad sample", "a sample goes beyond its datagram".into(), rest.bytes);
            return Next::Broken;
        };
        match kind {
            FLOW | EXPANDED_FLOW => {
                if flow(&mut decoder.work, sample, kind, decoder.keeps, &context, take).is_none() {
                    damage(take, here, "bad sample", "a record goes beyond its sample".into(), sample.bytes);
                }
            }
            COUNTERS | EXPANDED_COUNTERS => take.unused("counter samples", 1),
            _ => take.unused("samples of other kinds", 1),
        }
    }
    Next::Done(bytes.len() - rest.bytes.len())
}

/// The agent, and the numbers that follow it: of the sub-agent, of the datagram, uptime, count of samples.
fn header(rest: &mut Xdr<'_>) -> Option<(Option<IpAddr>, [u32; 4])> {
    rest.number()?;
    let agent = rest.address()?;
    Some((agent, [rest.number()?, rest.number()?, rest.number()?, rest.number()?]))
}

/// Hands on the flow of a sample; `None` where it is damaged.
fn flow(
    work: &mut Work,
    mut sample: Xdr<'_>,
    kind: u32,
    keeps: bool,
    context: &Context,
    take: &mut dyn Take,
) -> Option<()> {
    let Work { values, flow, extras } = work;
    values.clear();
    extras.clear();
    let is_expanded = kind == EXPANDED_FLOW;
    sample.take(if is_expanded { 12 } else { 8 })?;
    let context = &Context { sampling: sample.number()?.into(), ..*context };
    sample.take(8)?;
    for slot in [Slot::InputIf, Slot::OutputIf] {
        let interface = match is_expanded {
            true => {
                Some((sample.number()?, sample.number()?)).filter(|(format, _)| *format == 0).map(|(_, value)| value)
            }
            // Two bits say what the others are; 0 is an interface.
            false => Some(sample.number()?).filter(|value| value >> 30 == 0),
        };
        if let Some(value) = interface.filter(|value| *value != INTERNAL) {
            values.put(slot, value.into());
        }
    }
    let count = sample.number()?.min(SAMPLES);
    values.put(Slot::Packets, 1);
    if let Some(nanos) = context.exported {
        values.put(Slot::Start, nanos as u64);
        values.put(Slot::Duration, 0);
        values.digits = 6;
    }
    for _ in 0..count {
        let (kind, record) = sample.part()?;
        read(kind, record, keeps, values, extras)?;
    }
    match settle(values, context, None, flow, take) {
        true => take.flow(flow, extras),
        false => take.unused("records without addresses and counts", 1),
    }
    Some(())
}

/// Reads one record of a sample; `None` where it is damaged.
fn read(kind: u32, mut record: Xdr<'_>, keeps: bool, values: &mut Values, extras: &mut Vec<u8>) -> Option<()> {
    match kind {
        RAW_HEADER => raw(record, keeps, values, extras),
        ETHERNET => {
            let length = record.number()?;
            if !values.has_some(&[Slot::Bytes, Slot::FrameBytes]) {
                values.put(Slot::FrameBytes, length.into());
            }
            Some(())
        }
        IPV4 | IPV6 => ip(record, kind == IPV6, values),
        SWITCH => {
            let vlan = record.number()?;
            if !values.has(Slot::Vlan) {
                values.put(Slot::Vlan, vlan.into());
            }
            Some(())
        }
        ROUTER => {
            next_hop(record.address()?, values);
            if keeps {
                for id in [9, 13] {
                    let length = record.take(4)?;
                    keep(id, length, extras);
                }
            }
            Some(())
        }
        GATEWAY => gateway(record, values),
        _ => Some(()),
    }
}

/// The header of the packet that was sampled.
fn raw(mut record: Xdr<'_>, keeps: bool, values: &mut Values, extras: &mut Vec<u8>) -> Option<()> {
    let (protocol, frame, _stripped, length) = (record.number()?, record.number()?, record.number()?, record.number()?);
    let bytes = record.take(usize::try_from(length).ok()?)?;
    let slot = if LAYER_3.contains(&protocol) { Slot::Bytes } else { Slot::FrameBytes };
    values.put(slot, frame.into());
    let Some((_, link)) = LINKS.iter().find(|(number, _)| *number == protocol) else { return Some(()) };
    if keeps && *link == 1 {
        for (id, address) in [(80, bytes.get(..6)), (56, bytes.get(6..12))] {
            keep(id, address.unwrap_or_default(), extras);
        }
    }
    let packet = Packet { time: None, digits: 6, link: *link, bytes, length: frame, is_big: true };
    let Ok(found) = headers(&packet, false) else { return Some(()) };
    for (end, v4, v6) in [(0, Slot::Src4, Slot::Src6), (1, Slot::Dst4, Slot::Dst6)] {
        match found.address(end) {
            IpAddr::V4(address) => values.put(v4, address.to_bits().into()),
            IpAddr::V6(address) => values.put_wide(v6, address.to_bits()),
        }
    }
    values.put(Slot::Protocol, found.protocol.into());
    values.put(Slot::SrcPort, found.ports[0].into());
    values.put(Slot::DstPort, found.ports[1].into());
    values.put(Slot::Tos, found.tos.into());
    if found.vlan != 0 {
        values.put(Slot::Vlan, found.vlan.into());
    }
    if found.protocol == 6 {
        values.put(Slot::TcpFlags, found.flags.into());
    }
    if let Some([kind, code]) = found.icmp {
        values.put(Slot::IcmpType, kind.into());
        values.put(Slot::IcmpCode, code.into());
    }
    Some(())
}

/// What an agent says of the IP packet that it sampled, without its header.
fn ip(mut record: Xdr<'_>, is_wide: bool, values: &mut Values) -> Option<()> {
    let (length, protocol) = (record.number()?, record.number()?);
    if values.has(Slot::Protocol) {
        return Some(());
    }
    values.put(Slot::Bytes, length.into());
    values.put(Slot::Protocol, protocol.into());
    for (v4, v6) in [(Slot::Src4, Slot::Src6), (Slot::Dst4, Slot::Dst6)] {
        match is_wide {
            false => values.put(v4, record.number()?.into()),
            true => values.put_wide(v6, u128::from_be_bytes(*record.take(16)?.first_chunk()?)),
        }
    }
    for slot in [Slot::SrcPort, Slot::DstPort, Slot::TcpFlags, Slot::Tos] {
        values.put(slot, record.number()?.into());
    }
    Some(())
}

/// The autonomous systems of source and destination: the last of the path to it.
fn gateway(mut record: Xdr<'_>, values: &mut Values) -> Option<()> {
    next_hop(record.address()?, values);
    let (_own, source, _peer) = (record.number()?, record.number()?, record.number()?);
    values.put(Slot::SrcAs, source.into());
    for _ in 0..record.number()?.min(SAMPLES) {
        let (_kind, count) = (record.number()?, usize::try_from(record.number()?).ok()?);
        let path = record.take(count.checked_mul(4)?)?;
        if let Some(last) = path.last_chunk::<4>() {
            values.put(Slot::DstAs, u32::from_be_bytes(*last).into());
        }
    }
    Some(())
}

fn next_hop(address: Option<IpAddr>, values: &mut Values) {
    match address {
        Some(IpAddr::V4(address)) => values.put(Slot::Next4, address.to_bits().into()),
        Some(IpAddr::V6(address)) => values.put_wide(Slot::Next6, address.to_bits()),
        None => {}
    }
}

/// Keeps a field as the member that IANA's element of this number is.
fn keep(id: u16, bytes: &[u8], extras: &mut Vec<u8>) {
    let (name, kind) = name(&Field { id, length: bytes.len() as u16, enterprise: 0 });
    let before = extras.len();
    extras.push(b',');
    write_json(&name, extras);
    extras.push(b':');
    if !extra::write(kind, bytes, extras) {
        extras.truncate(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::Taken;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn part(kind: u32, bytes: &[u8]) -> Vec<u8> {
        [&words(&[kind, bytes.len() as u32]), bytes].concat()
    }

    fn datagram(number: u32, samples: &[Vec<u8>]) -> Vec<u8> {
        let header = words(&[5, 1, 0xc000_0201, 0, number, 1000, samples.len() as u32]);
        [header, samples.concat()].concat()
    }

    /// A frame of 64 bytes, of which 54 are there: Ethernet with a VLAN tag, IPv4, TCP.
    fn frame() -> Vec<u8> {
        let ethernet = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &[0x81, 0, 0, 7, 8, 0]].concat();
        let ip = [0x45, 8, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        let tcp = [1, 187, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 18, 0, 0];
        [&ethernet[..], &ip, &tcp].concat()
    }

    fn raw_header() -> Vec<u8> {
        part(RAW_HEADER, &[words(&[1, 64, 4, frame().len() as u32]), frame()].concat())
    }

    fn sample(kind: u32, records: &[Vec<u8>]) -> Vec<u8> {
        let numbers: &[u32] = match kind {
            FLOW => &[1, 3, 512, 99, 0, 3, 0x4000_0005],
            _ => &[1, 0, 3, 512, 99, 0, 0, 3, 0, 5],
        };
        part(kind, &[words(numbers), words(&[records.len() as u32]), records.concat()].concat())
    }

    fn taken(bytes: &[u8]) -> Taken {
        let (mut decoder, mut taken) = (Decoder::new(true), Taken::default());
        let received = Some(flow_record::value::Time(1_700_000_000_000_000_000));
        decoder.datagram(bytes, &Origin { exporter: None, received }, &mut taken);
        taken
    }

    const BEGIN: &str =
        "{\"timestamp\":\"2023-11-14T22:13:20.000000Z\",\"duration\":0,\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.2\"";

    #[test]
    fn a_sample_is_a_flow_of_one_packet() {
        let counters = part(COUNTERS, &[0; 12]);
        let other = part(5 << 12 | 1, &[0; 4]);
        let taken = taken(&datagram(1, &[sample(FLOW, &[raw_header()]), counters, other]));
        let ports = ",\"src_port\":443,\"dst_port\":80,\"protocol\":6,\"packets\":1,\"bytes\":64,\"tcp_flags\":18";
        let rest =
            ",\"exporter\":\"192.0.2.1\",\"input_if\":3,\"tos\":8,\"vlan\":7,\"sampling\":512,\"byte_layer\":\"l2\"";
        let kept = ",\"destinationMacAddress\":\"02:00:00:00:00:01\",\"sourceMacAddress\":\"02:00:00:00:00:02\"}";
        assert_eq!(taken.lines, [[BEGIN, ports, rest, kept].concat()]);
        assert_eq!((taken.unused["counter samples"], taken.unused["samples of other kinds"]), (1, 1));
    }

    #[test]
    fn an_expanded_sample_says_more_of_interfaces_and_routes() {
        let ip = part(IPV4, &words(&[40, 17, 0x0a00_0001, 0x0a00_0002, 53, 5353, 0, 0]));
        let router = part(ROUTER, &words(&[1, 0xc000_0209, 24, 16]));
        let gateway = part(GATEWAY, &words(&[1, 0xc000_0209, 64_500, 64_501, 64_502, 1, 2, 2, 64_503, 64_504, 0, 0]));
        let switch = part(SWITCH, &words(&[9, 0, 9, 0]));
        let taken = taken(&datagram(1, &[sample(EXPANDED_FLOW, &[ip, router, gateway, switch])]));
        let line = &taken.lines[0];
        for part in [
            BEGIN,
            "\"protocol\":17,\"packets\":1,\"bytes\":40,\"exporter\"",
            "\"input_if\":3,\"output_if\":5,\"src_as\":64501,\"dst_as\":64504,\"next_hop\":\"192.0.2.9\",\"vlan\":9,\"sampling\":512",
            "\"sourceIPv4PrefixLength\":24,\"destinationIPv4PrefixLength\":16}",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn a_damaged_sample_costs_no_other() {
        let good = sample(FLOW, &[raw_header()]);
        let mut bad = good.clone();
        // The length of its record.
        bad[44..48].copy_from_slice(&900u32.to_be_bytes());
        let taken = taken(&datagram(1, &[bad, good.clone()]));
        assert_eq!((taken.lines.len(), taken.damage.len(), taken.damage[0].offset), (1, 1, 28));
        let whole = datagram(1, &[good.clone(), good]);
        for cut in 1..whole.len() {
            let cut_off = self::taken(&whole[..cut]);
            assert!(!cut_off.damage.is_empty() && cut_off.lines.len() < 2, "{cut}");
        }
        for at in 0..whole.len() - 4 {
            for value in [0u32, 1, 0xff, 0xffff, 0x7fff_ffff, u32::MAX] {
                let mut changed = whole.clone();
                changed[at..at + 4].copy_from_slice(&value.to_be_bytes());
                assert!(self::taken(&changed).lines.len() <= 2);
            }
        }
    }

    #[test]
    fn datagrams_are_counted_for_each_agent() {
        let mut decoder = Decoder::new(false);
        let mut taken = Taken::default();
        for number in [1, 2, 5] {
            decoder.datagram(&datagram(number, &[]), &Origin::default(), &mut taken);
        }
        assert_eq!(taken.warnings, ["by their numbers, 2 datagrams from 192.0.2.1 did not come here"]);
        assert_eq!(decoder.counts().collect::<Vec<_>>(), [("lost datagrams", 2)]);
    }
}
