//! Captures of exports: the datagrams that the UDP packets of a pcap or pcapng file carry.
//!
//! Invariant: a capture is taken for one of exports only if the first datagrams in it all are whole ones of an export,
//! and nothing but UDP carries IP there; all others are metered. Bound: one packet.

use super::extent::{Extent, of_bytes};
use super::probe::tells;
use super::{FIELDS, Fate, Settings, Source};
use crate::capture::{Capture, Packet, Whole, probe_pcap, probe_pcapng};
use crate::export::Origin;
use crate::feed::Feed;
use crate::feed::stream::Stream;
use crate::flows::Flows;
use crate::packet::{Missing, Unfit, datagram, decode};
use crate::source::{Format, HEAD, Probe, SPEC_OF_ROWS, Takes};
use flow_record::item::Spec;
use flow_record::value::Time;

pub(in crate::source) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(Captured { settings: settings.clone() }),
    takes: Takes::Bytes,
    told_by: "a capture whose first three UDP packets all carry whole datagrams of an export, and no other IP before them",
    lost: "as of netflow; packets that carry no export",
};

const SPEC: Spec = Spec {
    name: "netflow-pcap",
    about: "captures (pcap, pcapng) of datagrams of NetFlow, IPFIX and sFlow",
    explain: "
The datagrams of UDP packets on any port, or on that of --port, are read as netflow reads them; exporter is who sent
them, for sFlow the agent that they name. sFlow has no times: those of its packets count. Other packets are counted as
unused. A capture that begins with other traffic is metered; --from netflow-pcap, or --port, has its exports read.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "that of netflow, and one packet",
    source: "draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; see netflow",
    ..SPEC_OF_ROWS
};

/// Datagrams that are looked at.
const LOOKS: usize = 3;

fn probe(head: &[u8]) -> Probe {
    match (probe_pcap(head), probe_pcapng(head)) {
        (Probe::No, Probe::No) => return Probe::No,
        (Probe::Yes, _) | (_, Probe::Yes) => {}
        _ => return Probe::Maybe,
    }
    let mut bytes = Whole::new(head);
    let Ok(mut capture) = Capture::open(&mut bytes, &mut ()) else { return unless_full(head, 0) };
    let mut looked = 0;
    while looked < LOOKS {
        let Ok(Some(packet)) = capture.next(&mut bytes, &mut ()) else { return unless_full(head, looked) };
        match datagram(&packet) {
            Some(found) if found.missing == Missing::Nothing && is_whole(found.payload) => looked += 1,
            Some(_) => return Probe::No,
            // What carries no IP says nothing of a capture.
            None if matches!(decode(&packet, false), Err(Unfit::NoIp)) => {}
            None => return Probe::No,
        }
    }
    Probe::Yes
}

/// What is to be said when no more can be seen yet: the beginning of a capture with so many datagrams of exports.
fn unless_full(head: &[u8], looked: usize) -> Probe {
    match (looked, head.len() >= HEAD) {
        (0, true) => Probe::No,
        (0, false) => Probe::Maybe,
        (_, true) => Probe::Yes,
        (_, false) => Probe::Likely,
    }
}

/// Whether a packet carries a whole datagram of an export.
pub(in crate::source) fn is_export(packet: &Packet<'_>) -> bool {
    datagram(packet).is_some_and(|found| found.missing == Missing::Nothing && is_whole(found.payload))
}

/// Whether a datagram is a whole one of an export.
fn is_whole(payload: &[u8]) -> bool {
    tells(payload) && matches!(of_bytes(payload), Extent::Whole(_))
}

struct Captured {
    settings: Settings,
}

impl Source for Captured {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut stream = Stream::new(feed);
        if let Err(damage) = self.read(&mut stream, flows) {
            flows.fail_input(&damage.to_string());
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        super::fates(&self.settings)
    }
}

impl Captured {
    fn read(&self, stream: &mut Stream<'_>, flows: &mut Flows<'_>) -> Result<(), crate::capture::Damage> {
        let mut capture = Capture::open(stream, flows)?;
        while !flows.is_over() {
            let Some(packet) = capture.next(stream, flows)? else { break };
            flows.line += 1;
            let wanted = |port: u16| self.settings.port.is_none_or(|wanted| wanted == port);
            let Some(found) = datagram(&packet).filter(|found| wanted(found.dst.port())) else {
                flows.unused("packets that carry no export");
                continue;
            };
            // On any port there may be anything.
            if self.settings.port.is_none() && !tells(found.payload) {
                flows.unused("packets that carry no export");
                continue;
            }
            let number = flows.line;
            let origin = Origin { exporter: Some(found.src.ip()), received: found.time.map(Time) };
            self.settings.exporters.datagram(found.payload, &origin, number, flows);
            if found.missing == Missing::Fragments {
                let message = "the rest of this datagram is in other packets";
                flows.reject(number, found.payload.len() + 1, "fragmented datagram", message, found.payload);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pcap file of raw IP with these payloads of UDP, or with TCP where there is none.
    fn capture(payloads: &[Option<&[u8]>]) -> Vec<u8> {
        let mut file = [0xa1b2_c3d4u32, 0x0002_0004, 0, 0, 65_535, 101].map(u32::to_be_bytes).concat();
        for payload in payloads {
            let (protocol, bytes) = payload.map_or((6, &[0; 20][..]), |payload| (17, payload));
            let udp = [&[0x9c, 0x40, 8, 7][..], &(8 + bytes.len() as u16).to_be_bytes(), &[0, 0], bytes].concat();
            let length = (20 + udp.len() as u16).to_be_bytes();
            let ip = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
            let packet = [&ip[..], &udp].concat();
            let size = packet.len() as u32;
            file.extend([1_700_000_000, 0, size, size].map(u32::to_be_bytes).concat());
            file.extend(packet);
        }
        file
    }

    #[test]
    fn a_capture_is_one_of_exports_if_its_first_datagrams_are() {
        let v5 = crate::export::testing::v5(2, 48);
        let (export, dns) = (Some(&v5[..]), Some(&b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0"[..]));
        assert_eq!(probe(&capture(&[export, export, export])), Probe::Yes);
        assert_eq!(probe(&capture(&[export, export, export, dns])), Probe::Yes);
        assert_eq!(probe(&capture(&[export, export])), Probe::Likely);
        assert_eq!(probe(&capture(&[export, dns, export])), Probe::No);
        assert_eq!(probe(&capture(&[None, export, export, export])), Probe::No);
        assert_eq!(probe(&capture(&[])), Probe::Maybe);
        assert_eq!(probe(b"PAR1"), Probe::No);
        let whole = capture(&[export, export, export]);
        for cut in 4..whole.len() {
            assert!(matches!(probe(&whole[..cut]), Probe::Maybe | Probe::Likely), "{cut}");
        }
    }
}
