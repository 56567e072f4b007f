//! From the fields of a record as they were exported to a flow: the same meaning for all protocols.
//!
//! 0 in a type of service, an interface, an autonomous system or a VLAN, and 0.0.0.0 or :: as next hop, say that the
//! exporter did not know. TCP flags belong to TCP. ICMP's type and code come from their elements, or stand in the
//! destination port as type * 256 + code, where Cisco's exporters put them; its ports are 0. A record of which the last
//! time is before the first, that began before 1990, or more than a day after its own export, has a doubtful clock.

use super::element::Slot;
use super::sampling::Sampling;
use super::values::Values;
use super::{Take, time};
use crate::row::{DAY, FIRST_YEAR};
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use flow_record::value::number::MAX_NANOS;
use flow_record::value::{Address, Time};
use std::net::IpAddr;

const SECOND: i64 = 1_000_000_000;

/// Of what IANA's registry calls firewallEvent, what the firewall did.
const EVENTS: [&str; 5] = ["created", "deleted", "denied", "alert", "update"];

/// What is known of a record from its datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    /// When it was exported, in nanoseconds since 1970.
    pub(super) exported: Option<i64>,
    /// Milliseconds for which the exporter was up then.
    pub(super) uptime: Option<u32>,
    /// When the exporter started, in milliseconds since 1970.
    pub(super) booted: Option<u64>,
    /// Who sent it.
    pub(super) exporter: Option<Address>,
    /// N of 1-in-N sampling, as the datagram itself says; 0 where it does not.
    pub(super) sampling: u64,
}

/// Makes the flow that the values are; `false` where they are none.
pub(super) fn settle(
    values: &Values,
    context: &Context,
    sampling: Option<&Sampling>,
    flow: &mut Flow,
    take: &mut dyn Take,
) -> bool {
    flow.clear();
    times(values, context, flow);
    address(values, Slot::Src4, Slot::Src6, field::SRC_IP, flow);
    address(values, Slot::Dst4, Slot::Dst6, field::DST_IP, flow);
    if let Some(protocol) = values.get(Slot::Protocol) {
        set(field::PROTOCOL, protocol, flow, take);
    }
    ports(values, flow, take);
    counts(values, flow, take);
    flags(values, flow, take);
    for (slot, id) in [
        (Slot::InputIf, field::INPUT_IF),
        (Slot::OutputIf, field::OUTPUT_IF),
        (Slot::SrcAs, field::SRC_AS),
        (Slot::DstAs, field::DST_AS),
        (Slot::Tos, field::TOS),
    ] {
        if let Some(value) = values.some(slot) {
            set(id, value, flow, take);
        }
    }
    if let Some(vlan) = values.some(Slot::Vlan).or_else(|| values.some(Slot::Dot1qVlan)) {
        set(field::VLAN, vlan, flow, take);
    }
    if values.has_some(&[Slot::Next4, Slot::Next6]) {
        address(values, Slot::Next4, Slot::Next6, field::NEXT_HOP, flow);
        if flow.address(field::NEXT_HOP).is_some_and(Address::is_unspecified) {
            flow.remove(field::NEXT_HOP);
        }
    }
    exporter(values, context, flow);
    if let Some(rate) = sampling.and_then(|s| s.of(values)).or(Some(context.sampling).filter(|rate| *rate != 0)) {
        set(field::SAMPLING, rate, flow, take);
    }
    if let Some(event) = values.some(Slot::Event).and_then(|event| EVENTS.get(event as usize - 1)) {
        flow.set_text(field::STATE, event);
    }
    if !values.app.is_empty() {
        flow.set_text(field::APP, &values.app);
    }
    flow.is_flow()
}

/// Sets an integer, or tells that it is beyond what the field can be.
#[inline]
fn set(id: FieldId, value: u64, flow: &mut Flow, take: &mut dyn Take) {
    if !flow.set_integer(id, value) {
        take.lost(id, value);
    }
}

/// Sets an address that may be of either version; where both are exported, the one that is not 0.
#[inline]
fn address(values: &Values, v4: Slot, v6: Slot, id: FieldId, flow: &mut Flow) {
    match (values.get(v4), values.wide(v6)) {
        (Some(0) | None, Some(wide)) if wide != 0 || !values.has(v4) => {
            flow.set_address(id, Address(IpAddr::V6(wide.into())));
        }
        (Some(value), _) => flow.set_ipv4(id, value as u32),
        (None, _) => {}
    }
}

/// Who sent it; where that is not known, who a record says that exported it.
#[inline]
fn exporter(values: &Values, context: &Context, flow: &mut Flow) {
    match context.exporter {
        Some(exporter) => flow.set_address(field::EXPORTER, exporter),
        None if values.has_some(&[Slot::Exporter4, Slot::Exporter6]) => {
            address(values, Slot::Exporter4, Slot::Exporter6, field::EXPORTER, flow);
            if flow.address(field::EXPORTER).is_some_and(Address::is_unspecified) {
                flow.remove(field::EXPORTER);
            }
        }
        None => {}
    }
}

/// Ports, and what of ICMP stands in them.
#[inline]
fn ports(values: &Values, flow: &mut Flow, take: &mut dyn Take) {
    let (src, dst) = (values.get(Slot::SrcPort), values.get(Slot::DstPort));
    if matches!(flow.protocol(), Some(1 | 58)) {
        return icmp(values, src, dst, flow, take);
    }
    if let Some(port) = src {
        set(field::SRC_PORT, port, flow, take);
    }
    if let Some(port) = dst {
        set(field::DST_PORT, port, flow, take);
    }
}

fn icmp(values: &Values, src: Option<u64>, dst: Option<u64>, flow: &mut Flow, take: &mut dyn Take) {
    let hidden = dst.filter(|dst| src.unwrap_or(0) == 0 && *dst <= 65_535);
    let own = if flow.protocol() == Some(1) { Slot::Icmp4 } else { Slot::Icmp6 };
    let other = if own == Slot::Icmp4 { Slot::Icmp6 } else { Slot::Icmp4 };
    // An element that is 0 may be one that the exporter does not fill.
    let both = values.some(own).or_else(|| values.some(other)).or(hidden.filter(|h| *h != 0));
    let both = both.or_else(|| values.get(own)).or(hidden);
    let (kind, code) = match (values.get(Slot::IcmpType), both) {
        (Some(kind), _) => (Some(kind), values.get(Slot::IcmpCode)),
        (None, Some(both)) => (Some(both >> 8), Some(both & 255)),
        (None, None) => (None, None),
    };
    if let Some(kind) = kind {
        set(field::ICMP_TYPE, kind, flow, take);
    }
    if let Some(code) = code {
        set(field::ICMP_CODE, code, flow, take);
    }
    if kind.is_some() || src.is_some() || dst.is_some() {
        flow.set_integer(field::SRC_PORT, 0);
        flow.set_integer(field::DST_PORT, 0);
    }
}

#[inline]
fn counts(values: &Values, flow: &mut Flow, take: &mut dyn Take) {
    let is_layer_3 = values.has_some(&[Slot::Bytes, Slot::TotalBytes]);
    if let Some(bytes) = values.get(Slot::Bytes).or_else(|| values.get(Slot::TotalBytes)) {
        set(field::BYTES, bytes, flow, take);
    } else if let Some(bytes) = values.get(Slot::FrameBytes) {
        set(field::BYTES, bytes, flow, take);
        flow.set_text(field::BYTE_LAYER, "l2");
    }
    if let Some(packets) = values.get(Slot::Packets).or_else(|| values.get(Slot::TotalPackets)) {
        set(field::PACKETS, packets, flow, take);
    }
    // Those of the reverse direction say that a flow has two; those of NetFlow 9 are 0 in flows of one.
    if let Some(bytes) = values.get(Slot::RevBytes).or_else(|| values.some(Slot::OutBytes).filter(|_| is_layer_3)) {
        set(field::REV_BYTES, bytes, flow, take);
    }
    if let Some(packets) = values.get(Slot::RevPackets).or_else(|| values.some(Slot::OutPackets)) {
        set(field::REV_PACKETS, packets, flow, take);
    }
    for (count, id) in [(field::REV_BYTES, field::REV_PACKETS), (field::REV_PACKETS, field::REV_BYTES)] {
        if flow.integer(count) == Some(0) && flow.integer(id).unwrap_or(0) == 0 {
            flow.remove(count);
        }
    }
    if let Some(flows) = values.get(Slot::Flows).filter(|flows| *flows > 1) {
        set(field::FLOWS, flows, flow, take);
    }
}

#[inline]
fn flags(values: &Values, flow: &mut Flow, take: &mut dyn Take) {
    for (slot, id) in [(Slot::TcpFlags, field::TCP_FLAGS), (Slot::RevTcpFlags, field::REV_TCP_FLAGS)] {
        let Some(bits) = values.get(slot) else { continue };
        match flow.protocol() {
            Some(6) if slot == Slot::TcpFlags || bits != 0 || flow.has(field::REV_PACKETS) => set(id, bits, flow, take),
            None if bits != 0 => set(id, bits, flow, take),
            _ => {}
        }
    }
}

/// Start and duration, and whether to believe them.
#[inline]
fn times(values: &Values, context: &Context, flow: &mut Flow) {
    let (mut start, mut end) = (moment(values, context, Slot::Start), moment(values, context, Slot::End));
    // A flow of two directions lasts from the first packet of either to the last of either.
    if let Some(reverse) = values.nanos(Slot::RevStart) {
        start = start.map(|start| start.min(reverse));
    }
    if let Some(reverse) = values.nanos(Slot::RevEnd) {
        end = end.map(|end| end.max(reverse));
    }
    let length = values.get(Slot::Duration);
    if let (None, Some(end), Some(length)) = (start, end, length) {
        start = i64::try_from(length).ok().and_then(|length| end.checked_sub(length));
    }
    let start = start.or(end.filter(|_| length.is_none())).or_else(|| values.nanos(Slot::Observed));
    let mut is_doubtful = false;
    let duration = match (length, start, end) {
        (Some(length), ..) => Some(length),
        (None, Some(start), Some(end)) => {
            is_doubtful = end < start;
            u64::try_from(i128::from(end) - i128::from(start)).ok()
        }
        _ => None,
    };
    is_doubtful |= duration.is_some_and(|nanos| nanos > MAX_NANOS);
    if let Some(nanos) = duration.filter(|_| !is_doubtful) {
        flow.set_duration(nanos);
    }
    let Some(start) = start else { return };
    flow.set_time(Time(start), values.digits);
    let exported = context.exported.unwrap_or(0) / SECOND;
    let is_early = exported >= FIRST_YEAR && start / SECOND > exported.saturating_add(DAY);
    if is_doubtful || is_early || start < FIRST_YEAR * SECOND {
        flow.set_text(field::CLOCK, "implausible");
    }
}

/// The start or the end, in whatever way it is exported.
#[inline]
fn moment(values: &Values, context: &Context, slot: Slot) -> Option<i64> {
    if let Some(nanos) = values.nanos(slot) {
        return Some(nanos);
    }
    let (uptime, before) = match slot {
        Slot::Start => (Slot::StartUptime, Slot::StartBefore),
        _ => (Slot::EndUptime, Slot::EndBefore),
    };
    if let Some(then) = values.get(uptime) {
        let then = u32::try_from(then).ok()?;
        if let (Some(exported), Some(now)) = (context.exported, context.uptime) {
            return Some(time::of_uptime(exported, now, then));
        }
        let booted = values.some(Slot::Booted).or(context.booted)?;
        return time::since_boot(booted, then, context.exported);
    }
    time::before(context.exported?, values.get(before)?)
}

#[cfg(test)]
mod tests;
