//! Captures of packets, pcap and pcapng: metered into two-way flows ([`crate::meter`]).
//!
//! Invariant: what was whole before damage is metered. Bound: that of the meter.

use super::datagrams::is_export;
use super::fields::{Set, TWO_WAY};
use super::{Fate, Format, Probe, SPEC_OF_ROWS, Source, Takes};
use crate::capture::{self, Capture, Damage};
use crate::feed::Feed;
use crate::feed::stream::Stream;
use crate::flows::{Flows, Loss};
use crate::meter::{Meter, Names, Plan, Sink};
use crate::packet;
use flow_record::item::Spec;
use flow_record::record::{Flow, field};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(Pcap { metering: settings.metering.clone(), links: Vec::new(), has_exports: false }),
    takes: Takes::Bytes,
    told_by: "the first four bytes of pcap, or twelve of pcapng",
    lost: "packets: they become flows; MAC addresses, MPLS labels, tunnels",
};

const FIELDS: Set = TWO_WAY.and(&[field::TCP_FLAGS, field::REV_TCP_FLAGS, field::TOS, field::VLAN, field::APP]);

const SPEC: Spec = Spec {
    name: "pcap",
    about: "captures of packets, metered into two-way flows: pcap and pcapng",
    explain: "
A flow is what has the same addresses, ports, protocol and innermost VLAN, in both directions; its source sent the first
packet. It ends when it was silent for --idle-timeout or open for --active-timeout, or with its capture (--continue joins
captures). Times of packets never go back: an earlier one counts as of the time before it. Bytes are those of the IP header,
whatever was captured of the packet. Type, code and tos are those of the first packet. Link types: Ethernet, Linux cooked 1
and 2, raw IP, BSD loopback, PPP, HDLC, PPPoE, NFLOG; VLAN tags, MPLS and PPPoE are looked through, tunnels with --decapsulate.
Fragments belong to the flow of the first, if that came before. Flows come out as they end: in the order of their last
packets, but for those that the active timeout ends. What is in no flow is counted by why: no IP, fragment without a head,
snapped header and others.
app is what the first 8 packets with payload show (TLS, QUIC, HTTP, DNS, SSH, SMB, MQTT and 70 others), whatever the ports;
where they show nothing it is what the service's port is for, with app_guessed. app_host is the name that a client of TLS,
QUIC, HTTP or DNS asked for, app_alpn what it offered first to speak inside of TLS or QUIC; a ClientHello is put together
from its packets, for 2048 flows at a time.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "250 bytes an open flow, at most --max-flows of them",
    source: "draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; flows as nfstream 6 defines them",
    ..SPEC_OF_ROWS
};

fn probe(head: &[u8]) -> Probe {
    match (capture::probe_pcap(head), capture::probe_pcapng(head)) {
        (Probe::Yes, _) | (_, Probe::Yes) => Probe::Yes,
        (Probe::Maybe, _) | (_, Probe::Maybe) => Probe::Maybe,
        _ => Probe::No,
    }
}

/// How captures are metered, and what one leaves to the next.
#[derive(Clone, Debug)]
pub(crate) struct Metering {
    plan: Plan,
    open: Arc<Mutex<Option<Box<Meter>>>>,
    names: Names,
}

impl Metering {
    pub(crate) fn new(plan: Plan) -> Metering {
        Metering { plan, open: Arc::default(), names: Names::default() }
    }

    /// The meter with what is open, or one without flows.
    fn take(&self) -> Box<Meter> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        open.unwrap_or_else(|| Box::new(Meter::new(self.plan).with_names(self.names.clone())))
    }

    /// Ends a capture.
    fn end(&self, mut meter: Box<Meter>, flows: &mut Flows<'_>) {
        if !self.plan.goes_on {
            meter.finish(flows);
        }
        let counts = meter.counted();
        if counts.backwards > 0 {
            flows.lose(0, 0, Loss::Backwards(counts.backwards));
        }
        if counts.early > 0 {
            flows.lose(0, 0, Loss::Early(counts.early));
        }
        if self.plan.goes_on {
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(meter);
        }
    }

    /// Ends the flows that the last capture left open.
    pub(crate) fn finish(&self, flows: &mut Flows<'_>) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut meter) = open {
            meter.finish(flows);
        }
    }
}

struct Pcap {
    metering: Metering,
    /// Link types that were met.
    links: Vec<u16>,
    /// A datagram of an export was met.
    has_exports: bool,
}

/// Packets among which exports are looked for.
const LOOKED: u64 = 10_000;

/// What is said of a capture that holds some.
const EXPORTS: &str = "here begins a datagram of NetFlow, IPFIX or sFlow, and all packets are metered; --from netflow-pcap reads such \
     datagrams, or --port PORT";

/// Link types that are told of.
const MOST_LINKS: usize = 8;

impl Sink for Flows<'_> {
    #[inline]
    fn flow(&mut self, flow: &Flow, extras: &[u8], packets: u64) {
        self.merged(packets - 1);
        if let Some(clock) = flow.text(field::CLOCK) {
            self.lose(self.line, 0, Loss::Time(clock));
        }
        self.flow_with(flow, extras);
    }

    fn unused(&mut self, why: &'static str) {
        Flows::unused(self, why);
    }

    fn is_over(&self) -> bool {
        Flows::is_over(self)
    }
}

impl Pcap {
    /// Meters all packets; answers why there are no more, if that is no end.
    fn packets(
        &mut self,
        capture: &mut Capture,
        stream: &mut Stream<'_>,
        meter: &mut Meter,
        flows: &mut Flows<'_>,
    ) -> Option<Damage> {
        loop {
            match capture.next(stream, flows) {
                Ok(Some(packet)) => {
                    flows.line += 1;
                    self.meet(packet.link);
                    if !self.has_exports && flows.line <= LOOKED && is_export(&packet) {
                        self.has_exports = true;
                        flows.warn("exports that are metered", EXPORTS);
                    }
                    meter.packet(&packet, flows);
                }
                Ok(None) => return None,
                Err(damage) => return Some(damage),
            }
            if flows.is_over() {
                return None;
            }
        }
    }

    /// Notes the link type of a packet.
    #[inline]
    fn meet(&mut self, link: u16) {
        if self.links.last() != Some(&link) && !self.links.contains(&link) && self.links.len() < MOST_LINKS {
            self.links.push(link);
        }
    }
}

impl Source for Pcap {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut stream = Stream::new(feed);
        let mut capture = Capture::open(&mut stream, flows).map_err(|damage| damage.to_string())?;
        let mut meter = self.metering.take();
        let damage = self.packets(&mut capture, &mut stream, &mut meter, flows);
        self.metering.end(meter, flows);
        if let Some(damage) = damage
            && !flows.is_stopped()
            && !flows.is_over()
        {
            flows.fail_input(&damage.to_string());
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        let fate = |link: &u16| {
            let known = packet::is_known(*link);
            (format!("packets of link type {link}"), known.then(|| "two-way flows".into()))
        };
        self.links.iter().map(fate).collect()
    }
}
