//! Which flows belong to one conversation, and joining them field by field.
//!
//! A conversation is told by protocol and both ends (address and port), whichever of them is the source. ICMP has no
//! ports: a request and its answer (RFC 792, 950, 4443, 4861) are one conversation of the host that asked; a message that
//! nobody answers is the sender's own. Where the type is not known, the addresses alone tell.
//!
//! Invariant: [`absorb`] adds counts, ORs flags and spans times; the sums over both directions are those of its parts, and
//! what it does not keep of a part is told.

use super::differ::Differences;
use super::sample::end;
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId, Kind, MAX_INTEGER};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

const ICMP: u8 = 1;
const ICMP6: u8 = 58;

/// Types of requests and of their answers.
const ASKED: [(u8, u8, u8); 9] = [
    (ICMP, 8, 0),
    (ICMP, 13, 14),
    (ICMP, 15, 16),
    (ICMP, 17, 18),
    (ICMP6, 128, 129),
    (ICMP6, 133, 134),
    (ICMP6, 135, 136),
    (ICMP6, 139, 140),
    (ICMP6, 144, 145),
];

/// What a type of ICMP is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Asks, and is answered by this type.
    Asks(u8),
    /// Answers this type.
    Answers(u8),
    /// Neither.
    Alone(u8),
}

/// The role of an ICMP flow whose type is known.
pub(super) fn role(flow: &Flow) -> Option<Role> {
    let protocol = flow.protocol().filter(|p| matches!(*p, ICMP | ICMP6))?;
    let kind = flow.integer(field::ICMP_TYPE)? as u8;
    let found = ASKED.iter().find(|(p, asks, answers)| *p == protocol && (*asks == kind || *answers == kind));
    Some(match found {
        Some((_, asks, answers)) if *asks == kind => Role::Asks(*answers),
        Some((_, asks, _)) => Role::Answers(*asks),
        None => Role::Alone(kind),
    })
}

/// Protocol, both ends with the lower first, and for ICMP the kind of talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    ends: [[u8; 20]; 2],
    protocol: Option<u8>,
    /// The type that asks or stands alone, and whether the lower end sent it.
    talk: Option<(u8, bool)>,
    /// Whether the source is the lower end.
    pub(super) from_low: bool,
}

impl Key {
    /// The key of a flow.
    pub(super) fn of(flow: &Flow) -> Key {
        let is_icmp = matches!(flow.protocol(), Some(ICMP | ICMP6));
        let place = |address: FieldId, port: FieldId| {
            let mut place = end(flow, address, port);
            if is_icmp {
                place[17..].fill(0);
            }
            place
        };
        let (src, dst) = (place(field::SRC_IP, field::SRC_PORT), place(field::DST_IP, field::DST_PORT));
        let from_low = src <= dst;
        let talk = role(flow).map(|role| match role {
            Role::Asks(_) => (flow.integer(field::ICMP_TYPE).unwrap_or_default() as u8, from_low),
            Role::Answers(asks) => (asks, !from_low),
            Role::Alone(kind) => (kind, from_low),
        });
        let ends = if from_low { [src, dst] } else { [dst, src] };
        Key { ends, protocol: flow.protocol(), talk, from_low }
    }

    /// Whether two flows belong to one conversation.
    pub(super) fn is_same(&self, other: &Key) -> bool {
        (self.ends, self.protocol, self.talk) == (other.ends, other.protocol, other.talk)
    }

    /// SipHash-1-3 under a fixed key: the same in every run.
    pub(super) fn hash(&self) -> u64 {
        let mut hasher = SipHasher13::new();
        hasher.write(&self.ends[0]);
        hasher.write(&self.ends[1]);
        let talk = self.talk.map_or([0; 3], |(kind, low)| [1, kind, u8::from(low)]);
        let protocol = self.protocol.map_or([0; 2], |p| [1, p]);
        hasher.write(&[protocol[0], protocol[1], talk[0], talk[1], talk[2]]);
        hasher.finish()
    }
}

/// Whether a flow counts both directions.
pub(super) fn is_two_way(flow: &Flow) -> bool {
    flow.has(field::REV_PACKETS) || flow.has(field::REV_BYTES)
}

/// First and last moment, in nanoseconds; a flow without a time has the earliest.
pub(super) fn span(flow: &Flow) -> (i64, i64) {
    let start = flow.time().map_or(i64::MIN, |t| t.nanos());
    let length = flow.duration().and_then(|d| i64::try_from(d).ok()).unwrap_or(0);
    (start, if start == i64::MIN { start } else { start.saturating_add(length) })
}

/// What of one direction stands where in the other.
const MIRRORED: [(FieldId, FieldId); 6] = [
    (field::PACKETS, field::REV_PACKETS),
    (field::BYTES, field::REV_BYTES),
    (field::TCP_FLAGS, field::REV_TCP_FLAGS),
    (field::SRC_PORT, field::DST_PORT),
    (field::INPUT_IF, field::OUTPUT_IF),
    (field::SRC_AS, field::DST_AS),
];

/// Where a field of the opposite direction belongs.
fn mirrored(id: FieldId) -> FieldId {
    MIRRORED.iter().find_map(|(a, b)| if *a == id { Some(*b) } else { (*b == id).then_some(*a) }).unwrap_or(id)
}

/// Adds a part to a flow of the same conversation; `same` says that both have the same source. False, and nothing is
/// changed, if a sum would be beyond what a count may be.
///
/// Counts are added, flags ORed, the times span both; a duration is known only where both are. All else is the flow's own,
/// or the part's where the flow has none and it says the same of either direction; where both have other values, that is
/// told. A category of attack goes with its label.
pub(super) fn absorb(flow: &mut Flow, part: &Flow, same: bool, differences: &mut Differences) -> bool {
    let place = |id| if same { id } else { mirrored(id) };
    let sum = |flow: &Flow, id| flow.integer(place(id)).unwrap_or(0).saturating_add(part.integer(id).unwrap_or(0));
    if COUNTS.iter().any(|id| sum(flow, *id) > MAX_INTEGER) {
        return false;
    }
    times(flow, part);
    COUNTS.iter().filter(|id| same && flow.has(**id) && !part.has(**id)).for_each(|id| differences.field(*id));
    for id in part.present() {
        let to = place(id);
        match id {
            field::PACKETS | field::BYTES | field::REV_PACKETS | field::REV_BYTES => {
                let sum = sum(flow, id);
                // What one piece counts and another does not is not counted in full.
                if same && !flow.has(to) {
                    differences.field(to);
                }
                flow.set_integer(to, sum);
            }
            field::TCP_FLAGS | field::REV_TCP_FLAGS => {
                let flags = flow.integer(to).unwrap_or(0) | part.integer(id).unwrap_or(0);
                flow.set_integer(to, flags);
            }
            field::FLOWS => {
                let flows = flow.integer(id).max(part.integer(id)).unwrap_or(0);
                flow.set_integer(id, flows);
            }
            // The conversation's own, and the times.
            field::TIMESTAMP | field::DURATION | field::PROTOCOL => {}
            field::SRC_IP | field::DST_IP | field::SRC_PORT | field::DST_PORT => {}
            field::TOS | field::NEXT_HOP | field::ICMP_TYPE | field::ICMP_CODE if !same => {}
            field::ATTACK if part.text(field::LABEL).is_some_and(|label| flow.text(field::LABEL) != Some(label)) => {}
            _ if flow.has(to) => {
                if !has_value_of(flow, to, part, id) {
                    differences.field(to);
                }
            }
            _ => take_over(flow, to, part, id),
        }
    }
    true
}

/// Fields that are added up.
const COUNTS: [FieldId; 4] = [field::PACKETS, field::BYTES, field::REV_PACKETS, field::REV_BYTES];

/// Whether a field of a flow has the value that one of the same kind has in another.
fn has_value_of(flow: &Flow, to: FieldId, part: &Flow, id: FieldId) -> bool {
    match id.field().kind {
        Kind::Integer(_) => flow.integer(to) == part.integer(id),
        Kind::Address => flow.address(to) == part.address(id),
        Kind::Text | Kind::Word(_) => flow.text(to) == part.text(id),
        _ => true,
    }
}

/// Gives a field of a flow the value that one of the same kind has in another.
fn take_over(flow: &mut Flow, to: FieldId, part: &Flow, id: FieldId) {
    match id.field().kind {
        Kind::Integer(_) => _ = flow.set_integer(to, part.integer(id).unwrap_or(0)),
        Kind::Address => part.address(id).into_iter().for_each(|address| flow.set_address(to, address)),
        Kind::Text | Kind::Word(_) => _ = flow.set_text(to, part.text(id).unwrap_or_default()),
        _ => {}
    }
}

/// The time from the first to the last packet of both.
fn times(flow: &mut Flow, part: &Flow) {
    let (start, end) = span(flow);
    let (part_start, part_end) = span(part);
    let known = flow.duration().is_some() && part.duration().is_some();
    if let (Some(time), Some(part_time)) = (flow.time(), part.time()) {
        flow.set_time(time.min(part_time), flow.time_digits().max(part.time_digits()));
        flow.set_duration(end.max(part_end).saturating_sub(start.min(part_start)).max(0) as u64);
    } else if let (None, Some(part_time)) = (flow.time(), part.time()) {
        flow.set_time(part_time, part.time_digits());
    }
    if !known {
        flow.remove(field::DURATION);
    }
}

/// The flow as seen from its destination; fields that say something of one direction only are left out.
pub(super) fn reverse(flow: &Flow) -> Flow {
    let mut back = flow.clone();
    for (a, b) in MIRRORED {
        for id in [a, b] {
            match flow.integer(id) {
                Some(value) => _ = back.set_integer(mirrored(id), value),
                None => back.remove(mirrored(id)),
            }
        }
    }
    for (id, to) in [(field::SRC_IP, field::DST_IP), (field::DST_IP, field::SRC_IP)] {
        match flow.address(id) {
            Some(address) => back.set_address(to, address),
            None => back.remove(to),
        }
    }
    match role(flow) {
        Some(Role::Asks(kind) | Role::Answers(kind)) => _ = back.set_integer(field::ICMP_TYPE, kind.into()),
        _ => {
            back.remove(field::ICMP_TYPE);
            back.remove(field::ICMP_CODE);
        }
    }
    back.remove(field::TOS);
    back.remove(field::NEXT_HOP);
    back
}
