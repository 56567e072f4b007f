//! What a flow says to one test: yes, no, or nothing, where the field is absent.
//!
//! Nothing is allocated but for members whose text has escapes.

use super::tree::{Order, Place, Protocols, Quantity, Test};
use crate::record::field::{self, Kind};
use crate::record::{FieldId, Flow};
use crate::scan::walk::{Walk, unquoted};
use crate::value::number::NANOS;
use crate::value::time::{DateCache, rfc3339};
use crate::value::{Address, Time};
use std::borrow::Cow;

/// A flow and the watched members of its line.
pub(super) trait Flows<'l> {
    /// Its fields.
    fn flow(&self) -> &Flow;

    /// A watched member as JSON text.
    fn member(&self, at: u16) -> Option<&'l str>;

    /// A quantity in 64 bits.
    #[inline]
    fn quantity(&self, quantity: Quantity) -> Option<u64> {
        let flow = self.flow();
        match quantity {
            Quantity::Field(field::DURATION) => flow.duration(),
            Quantity::Field(field::TIMESTAMP) => flow.time().map(ordinal),
            Quantity::Field(id) => flow.integer(id),
            Quantity::DstPort => dst_port(flow),
            Quantity::End => flow.time()?.after(flow.duration()?).map(ordinal),
            Quantity::Bps => a_second(flow.bytes()?, 8, flow.duration()?),
            Quantity::Pps => a_second(flow.packets()?, 1, flow.duration()?),
            Quantity::Bpp => Some(flow.bytes()?.checked_div(flow.packets()?).unwrap_or(0)),
            Quantity::Member(at) => {
                let text = text(self.member(at)?)?;
                let (time, _, used) = rfc3339(&mut DateCache::default(), text.as_bytes())?;
                (used == text.len()).then(|| ordinal(time))
            }
        }
    }

    /// The number that a watched member is.
    fn number(&self, at: u16) -> Option<f64> {
        let token = self.member(at)?;
        token.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| token.parse().ok()).flatten()
    }
}

/// A time as an integer that keeps the order.
pub(super) fn ordinal(time: Time) -> u64 {
    time.nanos() as u64 ^ 1 << 63
}

/// The time of such an integer.
pub(super) fn time(ordinal: u64) -> Time {
    Time((ordinal ^ 1 << 63) as i64)
}

/// The destination port; of ICMP type·256 + code, as NetFlow v5 and nfdump have it.
#[inline]
fn dst_port(flow: &Flow) -> Option<u64> {
    match flow.integer(field::DST_PORT) {
        Some(0) | None if let Some(kind) = flow.integer(field::ICMP_TYPE) => {
            Some(kind << 8 | flow.integer(field::ICMP_CODE).unwrap_or(0))
        }
        port => port,
    }
}

/// A count times `factor` a second, rounded down; 0 for no time at all, as nfdump has it.
fn a_second(count: u64, factor: u64, nanos: u64) -> Option<u64> {
    // A count below 2^53 and eight times 10^9 fit.
    let scaled = u128::from(count) * u128::from(factor * NANOS);
    let rate = scaled.checked_div(u128::from(nanos)).unwrap_or(0);
    Some(u64::try_from(rate).unwrap_or(u64::MAX))
}

/// The text of a JSON string.
fn text(token: &str) -> Option<Cow<'_, str>> {
    token.starts_with('"').then(|| unquoted(token))
}

/// A flow with a way to its watched members.
pub(super) struct Seen<'f, V> {
    pub(super) flow: &'f Flow,
    pub(super) value: V,
}

impl<'l, V: Fn(usize) -> Option<&'l str>> Flows<'l> for Seen<'_, V> {
    #[inline]
    fn flow(&self) -> &Flow {
        self.flow
    }

    #[inline]
    fn member(&self, at: u16) -> Option<&'l str> {
        (self.value)(usize::from(at))
    }
}

impl Test {
    /// Whether the flow says `wanted` to this test; where it says nothing, it does not.
    #[inline]
    pub(super) fn is<'l>(&self, wanted: bool, seen: &impl Flows<'l>) -> bool {
        match self {
            Test::Flags(mask) if !wanted => match of(Protocols::Tcp, seen) {
                Some(false) => true,
                _ => seen.flow().integer(field::TCP_FLAGS).is_some_and(|flags| flags & u64::from(*mask) == 0),
            },
            _ => self.answer(seen) == Some(wanted),
        }
    }

    /// What the flow says.
    pub(super) fn answer<'l>(&self, seen: &impl Flows<'l>) -> Option<bool> {
        match self {
            Test::Within(quantity, set) => seen.quantity(*quantity).map(|v| set.contains(v)),
            Test::Of(protocols, ..) if of(*protocols, seen) == Some(false) => Some(false),
            Test::Of(_, quantity, set) => seen.quantity(*quantity).map(|v| set.contains(v)),
            Test::Flags(_) if of(Protocols::Tcp, seen) == Some(false) => Some(false),
            Test::Flags(mask) => {
                let mask = u64::from(*mask);
                seen.flow().integer(field::TCP_FLAGS).map(|flags| flags & mask == mask)
            }
            Test::Address(place, set) => address(*place, seen).map(|a| set.contains(a)),
            Test::Words(place, set) => each_text(*place, seen, |t| set.contains(t)),
            Test::Matches(place, pattern) => each_text(*place, seen, |t| pattern.0.is_match(t)),
            Test::Truth(member, value) => match seen.member(*member)? {
                "true" => Some(*value),
                "false" => Some(!*value),
                _ => None,
            },
            Test::Exists(Place::Field(id)) => Some(seen.flow().has(*id)),
            Test::Exists(Place::Member(at)) => Some(seen.member(*at).is_some()),
            Test::Compare(left, order, right) => Some(order.holds(left.value(seen)?, right.value(seen)?)),
            Test::Times(left, order, right) => Some(order.holds(seen.quantity(*left)?, seen.quantity(*right)?)),
            Test::Same(left, right) => same(*left, *right, seen),
        }
    }
}

impl Order {
    #[inline]
    fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Order::Equal => left == right,
            Order::Less => left < right,
            Order::LessOrEqual => left <= right,
        }
    }
}

/// Whether the flow is of one of these protocols, if it says of which it is.
#[inline]
fn of<'l>(protocols: Protocols, seen: &impl Flows<'l>) -> Option<bool> {
    seen.flow().integer(field::PROTOCOL).map(|p| protocols.has(p))
}

/// An address.
#[inline]
fn address<'l>(place: Place, seen: &impl Flows<'l>) -> Option<Address> {
    match place {
        Place::Field(id) => seen.flow().address(id),
        Place::Member(at) => Address::parse(&text(seen.member(at)?)?),
    }
}

/// Whether something holds for a text, or for one of the texts of a list.
fn each_text<'l>(place: Place, seen: &impl Flows<'l>, holds: impl Fn(&str) -> bool) -> Option<bool> {
    let token = match place {
        Place::Field(id) => return seen.flow().text(id).map(holds),
        Place::Member(at) => seen.member(at)?,
    };
    if !token.starts_with('[') {
        return text(token).map(|t| holds(&t));
    }
    let mut walk = Walk::nested(token);
    while let Ok(Some(element)) = walk.element() {
        if text(element).is_some_and(|t| holds(&t)) {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether two addresses or texts are equal, a field of the record against a member by the record's kind; two members by
/// what they are.
fn same<'l>(left: Place, right: Place, seen: &impl Flows<'l>) -> Option<bool> {
    let is_address = |place| matches!(place, Place::Field(id) if FieldId::field(id).kind == Kind::Address);
    if is_address(left) || is_address(right) {
        return Some(address(left, seen)? == address(right, seen)?);
    }
    if let (Place::Member(a), Place::Member(b)) = (left, right) {
        let (one, other) = (seen.member(a)?, seen.member(b)?);
        return Some(match (text(one), text(other), seen.number(a), seen.number(b)) {
            (Some(one), Some(other), ..) => one == other,
            (.., Some(one), Some(other)) => one == other,
            _ => one == other,
        });
    }
    let word = |place| match place {
        Place::Field(id) => seen.flow().text(id).map(Cow::Borrowed),
        Place::Member(at) => text(seen.member(at)?),
    };
    Some(word(left)? == word(right)?)
}
