//! What flows between two ends did, beside how many they were: attempts and answers, sizes, protocols.
//!
//! Kept where a rule wants it. An attempt is a flow that asks and, by its own record, gets nothing: TCP's SYN without any
//! ACK of either side but a reset and without data, or UDP and ICMP that nobody answered. In flows of one direction the answer is a flow of
//! its own, so what is [`quiet`](Deeds::quiet) is an attempt only if the pair's other direction has no answer, which the
//! rules look up. A reset, a lone SYN-ACK or ICMP's "unreachable" is no attempt: who sends it was asked. Counts saturate.
//! Bound: 88 bytes a cell.

use flow_record::record::{Flow, field};

/// TCP flags, RFC 9293 section 3.1.
const FIN: u64 = 1;
const SYN: u64 = 2;
const RST: u64 = 4;
const PSH: u64 = 8;
const ACK: u64 = 16;

/// IANA protocol numbers.
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

/// Packets of a flow from which on it is no attempt, where flags are not known: SYN is sent three times or so.
const FEW: u64 = 4;

/// Bytes of a SYN at most: two headers with all their options. Some exporters tell the first packet's flags alone.
const LARGEST_SYN: u64 = 120;

/// Ports below this are those of services.
const SERVICES: u16 = 1024;

/// What flows from one end to another did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deeds {
    /// Packets from source to destination.
    pub(crate) packets: u64,
    /// The longest flow, in nanoseconds.
    pub(crate) longest: u64,
    /// The sum of all durations, in nanoseconds.
    pub(crate) busy: u64,
    /// Source ports, each one bit of its hash.
    pub(crate) sports: u64,
    /// Flows of TCP.
    pub(crate) tcp: u32,
    /// Flows of UDP.
    pub(crate) udp: u32,
    /// Flows of ICMP, either version.
    pub(crate) icmp: u32,
    /// Attempts that nobody answered.
    pub(crate) tries: u32,
    /// Flows that ask, and whose record says nothing of an answer.
    pub(crate) quiet: u32,
    /// Flows that were answered.
    pub(crate) answered: u32,
    /// Flows that only say no: resets, ICMP's errors.
    pub(crate) refusals: u32,
    /// TCP with SYN and without ACK.
    pub(crate) syn: u32,
    /// TCP without ACK.
    pub(crate) noack: u32,
    /// TCP and UDP of less than 3 packets.
    pub(crate) small: u32,
    /// TCP and UDP of more than 60 bytes a packet.
    pub(crate) payload: u32,
    /// TCP of RST, SYN-ACK or RST-ACK alone.
    pub(crate) backscatter: u32,
    /// Echo requests.
    pub(crate) echo: u32,
}

/// What a flow says of its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It asked, and nobody answered.
    Try,
    /// It asked, and another flow may have the answer.
    Quiet,
    /// It was answered.
    Answered,
    /// It only says no.
    Refusal,
    /// It is an answer, or nothing can be said.
    Other,
}

/// The outcome of a flow.
#[inline]
pub(crate) fn outcome(flow: &Flow) -> Outcome {
    let back = flow.rev_packets().or(flow.rev_bytes()).unwrap_or(0) > 0;
    match flow.protocol() {
        Some(TCP) => tcp(flow, back),
        Some(ICMP | ICMP6) => match (flow.integer(field::ICMP_TYPE), flow.protocol()) {
            (_, _) if back => Outcome::Answered,
            (Some(8), Some(ICMP)) | (Some(128), Some(ICMP6)) | (None, _) => Outcome::Quiet,
            (Some(3 | 11), Some(ICMP)) | (Some(1 | 3), Some(ICMP6)) => Outcome::Refusal,
            _ => Outcome::Other,
        },
        _ if back => Outcome::Answered,
        Some(UDP) if is_reply(flow) => Outcome::Other,
        Some(UDP) => Outcome::Quiet,
        _ => Outcome::Other,
    }
}

/// Whether ports say that a service answers: its port is the source's.
#[inline]
pub(crate) fn is_reply(flow: &Flow) -> bool {
    match (flow.src_port(), flow.dst_port()) {
        (Some(src), Some(dst)) => src < SERVICES && src > 0 && dst >= SERVICES,
        _ => false,
    }
}

fn tcp(flow: &Flow, back: bool) -> Outcome {
    // Zeek's words for an attempt that came to nothing.
    if let Some("S0" | "REJ" | "RSTOS0" | "SH") = flow.text(field::STATE) {
        return Outcome::Try;
    }
    let rev = flow.integer(field::REV_TCP_FLAGS).unwrap_or(0);
    match flow.integer(field::TCP_FLAGS).filter(|flags| *flags != 0) {
        Some(flags) if flags & (SYN | ACK) == SYN => {
            let carries = flow.bytes().unwrap_or(0) > LARGEST_SYN.saturating_mul(flow.packets().unwrap_or(u64::MAX));
            match carries || back && (rev & (SYN | ACK) == SYN | ACK) {
                true => Outcome::Answered,
                false => Outcome::Try,
            }
        }
        Some(flags) if flags & RST != 0 && flags & (SYN | PSH | FIN) == 0 => Outcome::Refusal,
        Some(flags) if flags == SYN | ACK => {
            if back {
                Outcome::Answered
            } else {
                Outcome::Other
            }
        }
        Some(flags) if flags & ACK != 0 => Outcome::Answered,
        _ if back => Outcome::Answered,
        _ if is_reply(flow) || flow.packets().is_some_and(|packets| packets >= FEW) => Outcome::Other,
        _ => Outcome::Quiet,
    }
}

/// Adds 1, up to the largest count.
fn up(count: &mut u32, holds: bool) {
    *count = count.saturating_add(holds.into());
}

impl Deeds {
    /// Adds a flow.
    #[inline]
    pub(crate) fn add(&mut self, flow: &Flow) {
        let (packets, bytes) = (flow.packets().unwrap_or(0), flow.bytes().unwrap_or(0));
        let duration = flow.duration().unwrap_or(0);
        self.packets = self.packets.saturating_add(packets);
        self.longest = self.longest.max(duration);
        self.busy = self.busy.saturating_add(duration);
        if let Some(port) = flow.src_port() {
            self.sports |= 1 << (u64::from(port).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        }
        match outcome(flow) {
            Outcome::Try => up(&mut self.tries, true),
            Outcome::Quiet => up(&mut self.quiet, true),
            Outcome::Answered => up(&mut self.answered, true),
            Outcome::Refusal => up(&mut self.refusals, true),
            Outcome::Other => {}
        }
        let is_tcp = match flow.protocol() {
            Some(TCP) => {
                up(&mut self.tcp, true);
                true
            }
            Some(UDP) => {
                up(&mut self.udp, true);
                false
            }
            Some(protocol @ (ICMP | ICMP6)) => {
                up(&mut self.icmp, true);
                up(&mut self.echo, flow.integer(field::ICMP_TYPE) == Some(if protocol == ICMP { 8 } else { 128 }));
                return;
            }
            _ => return,
        };
        up(&mut self.small, (1..3).contains(&packets));
        up(&mut self.payload, packets > 0 && bytes > 60 * packets);
        if let Some(flags) = flow.integer(field::TCP_FLAGS).filter(|_| is_tcp) {
            let core = flags & (FIN | SYN | RST | PSH | ACK);
            up(&mut self.syn, core & (SYN | ACK) == SYN);
            up(&mut self.noack, core & ACK == 0);
            up(&mut self.backscatter, core == RST || core == SYN | ACK || core == RST | ACK);
        }
    }

    /// Adds all flows of another state.
    pub(crate) fn merge(&mut self, other: &Deeds) {
        self.packets = self.packets.saturating_add(other.packets);
        self.longest = self.longest.max(other.longest);
        self.busy = self.busy.saturating_add(other.busy);
        self.sports |= other.sports;
        for (a, b) in self.counts_mut().into_iter().zip(other.counts()) {
            *a = a.saturating_add(b);
        }
    }

    fn counts(&self) -> [u32; 13] {
        [
            self.tcp,
            self.udp,
            self.icmp,
            self.tries,
            self.quiet,
            self.answered,
            self.refusals,
            self.syn,
            self.noack,
            self.small,
            self.payload,
            self.backscatter,
            self.echo,
        ]
    }

    fn counts_mut(&mut self) -> [&mut u32; 13] {
        [
            &mut self.tcp,
            &mut self.udp,
            &mut self.icmp,
            &mut self.tries,
            &mut self.quiet,
            &mut self.answered,
            &mut self.refusals,
            &mut self.syn,
            &mut self.noack,
            &mut self.small,
            &mut self.payload,
            &mut self.backscatter,
            &mut self.echo,
        ]
    }

    /// About how many source ports there were: by how many of 64 bits they have set (linear counting).
    pub(crate) fn source_ports(&self) -> f64 {
        match self.sports.count_zeros() {
            0 => 64.0 * 64f64.ln(),
            zeros => 64.0 * (64.0 / f64::from(zeros)).ln(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn flow(protocol: u64, fields: &[(flow_record::record::FieldId, u64)]) -> Flow {
        let mut flow = Flow::new();
        assert!(flow.set_integer(field::PROTOCOL, protocol));
        fields.iter().for_each(|(id, value)| assert!(flow.set_integer(*id, *value)));
        flow
    }

    #[test]
    fn outcomes_of_tcp_follow_its_flags() {
        let tcp = |flags: u64, rev: Option<u64>| {
            let mut flow = flow(6, &[(field::TCP_FLAGS, flags)]);
            if let Some(rev) = rev {
                assert!(flow.set_integer(field::REV_TCP_FLAGS, rev) && flow.set_integer(field::REV_PACKETS, 1));
            }
            outcome(&flow)
        };
        for (flags, rev, expected) in [
            (SYN, None, Outcome::Try),
            (SYN | RST, None, Outcome::Try),
            // A closed port says no.
            (SYN, Some(RST | ACK), Outcome::Try),
            // A half-open scan of an open one.
            (SYN | RST, Some(SYN | ACK), Outcome::Answered),
            (SYN | ACK | FIN | PSH, None, Outcome::Answered),
            (RST | ACK, None, Outcome::Refusal),
            (RST, None, Outcome::Refusal),
            (SYN | ACK, None, Outcome::Other),
        ] {
            assert_eq!(tcp(flags, rev), expected, "{flags} {rev:?}");
        }
        let with = |packets, bytes| {
            outcome(&flow(6, &[(field::TCP_FLAGS, SYN), (field::PACKETS, packets), (field::BYTES, bytes)]))
        };
        assert_eq!([with(3, 180), with(9, 9000)], [Outcome::Try, Outcome::Answered]);
        let mut zeek = flow(6, &[]);
        assert!(zeek.set_text(field::STATE, "REJ"));
        assert_eq!(outcome(&zeek), Outcome::Try);
    }

    #[test]
    fn without_flags_packets_ports_and_answers_say_it() {
        let with = |protocol, fields: &[_]| outcome(&flow(protocol, fields));
        assert_eq!(with(6, &[(field::PACKETS, 2)]), Outcome::Quiet);
        assert_eq!(with(6, &[(field::PACKETS, 9)]), Outcome::Other);
        assert_eq!(with(6, &[(field::PACKETS, 2), (field::REV_PACKETS, 1)]), Outcome::Answered);
        assert_eq!(with(17, &[(field::SRC_PORT, 53), (field::DST_PORT, 40_000)]), Outcome::Other);
        assert_eq!(with(17, &[(field::SRC_PORT, 40_000), (field::DST_PORT, 53)]), Outcome::Quiet);
        assert_eq!(with(1, &[(field::ICMP_TYPE, 8)]), Outcome::Quiet);
        assert_eq!(with(1, &[(field::ICMP_TYPE, 3)]), Outcome::Refusal);
        assert_eq!(with(1, &[(field::ICMP_TYPE, 0)]), Outcome::Other);
        assert_eq!(with(58, &[(field::ICMP_TYPE, 128)]), Outcome::Quiet);
        assert_eq!(with(47, &[]), Outcome::Other);
    }

    #[test]
    fn parts_add_up_and_every_count_is_one_of_them() {
        let all = [
            flow(6, &[(field::TCP_FLAGS, SYN), (field::PACKETS, 1), (field::BYTES, 40), (field::SRC_PORT, 7)]),
            flow(6, &[(field::TCP_FLAGS, RST | ACK), (field::PACKETS, 2), (field::BYTES, 900)]),
            flow(17, &[(field::SRC_PORT, 9), (field::PACKETS, 3)]),
            flow(1, &[(field::ICMP_TYPE, 8), (field::REV_PACKETS, 3)]),
        ];
        let of = |flows: &[Flow]| {
            let mut deeds = Deeds::default();
            flows.iter().for_each(|f| deeds.add(f));
            deeds
        };
        let mut sum = of(&all[..2]);
        sum.merge(&of(&all[2..]));
        assert_eq!(sum, of(&all));
        assert!(sum.counts().iter().all(|n| *n > 0), "{sum:?}");
        assert!((sum.source_ports() - 2.0).abs() < 0.1);
    }

    #[test]
    fn deeds_take_88_bytes() {
        assert_eq!(size_of::<Deeds>(), 88);
    }
}
