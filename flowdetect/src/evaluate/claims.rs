//! What alerts claim: that flows between these addresses, to this port, within this time, are an attack.
//!
//! Claims are looked up by an address that they name, so that most flows meet none. A claim that names no address covers
//! nothing.

use super::Case;
use crate::alert::{Alert, Severity};
use crate::ends::Ends;
use flow_record::map::Map;
use flow_record::record::field;
use flow_record::record::key::Part;
use flow_record::value::{Address, Time};

/// What one alert claims.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) detector: String,
    pub(super) severity: Severity,
    /// The addresses that it names.
    pub(super) ends: Ends,
    /// The destination port that it names.
    pub(super) port: Option<u16>,
    /// From first to last start, in nanoseconds.
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Claim {
    /// That of an alert of this run.
    pub(super) fn of(detector: &str, alert: &Alert) -> Claim {
        let member = |id: flow_record::record::FieldId| {
            alert.members.iter().find(|(name, _)| name == id.name()).map(|(_, part)| part)
        };
        let address = |id| match member(id) {
            Some(Part::Address(address)) => Some(*address),
            _ => None,
        };
        Claim {
            detector: detector.to_owned(),
            severity: alert.verdict.severity,
            ends: Ends { src: address(field::SRC_IP), dst: address(field::DST_IP) },
            port: match member(field::DST_PORT) {
                Some(Part::Integer(port)) => u16::try_from(*port).ok(),
                _ => None,
            },
            first: alert.span.map_or(i64::MIN, |span| span.first.nanos()),
            last: alert.span.map_or(i64::MAX, |span| span.last.nanos()),
        }
    }

    /// Whether it covers a flow between `ends`.
    fn covers(&self, ends: Ends, case: &Case) -> bool {
        let [src_port, dst_port] = case.ports;
        let is = |named: Option<Address>, end: Option<Address>| named.is_none() || named == end;
        let one_way = |src, dst, port: Option<u16>| {
            is(self.ends.src, src) && is(self.ends.dst, dst) && (self.port.is_none() || self.port == port)
        };
        let in_time = case.start == i64::MIN || (self.first..=self.last).contains(&case.start);
        in_time && (one_way(ends.src, ends.dst, dst_port) || one_way(ends.dst, ends.src, src_port))
    }
}

/// Claims by an address that they name.
pub(super) struct Claims<'c> {
    all: &'c [Claim],
    by_address: Map<Address, Vec<u32>>,
}

impl<'c> Claims<'c> {
    pub(super) fn new(all: &'c [Claim]) -> Claims<'c> {
        let mut by_address: Map<Address, Vec<u32>> = Map::default();
        for (i, claim) in all.iter().enumerate() {
            if let Some(address) = claim.ends.src.or(claim.ends.dst) {
                by_address.entry(address).or_default().push(i as u32);
            }
        }
        Claims { all, by_address }
    }

    /// All of them.
    pub(super) fn all(&self) -> &'c [Claim] {
        self.all
    }

    /// Those that cover a flow between `ends`, each once, by number.
    pub(super) fn covering<'s>(&'s self, ends: Ends, case: &'s Case) -> impl Iterator<Item = usize> + 's {
        let of = |end: Option<Address>| end.and_then(|a| self.by_address.get(&a)).map_or(&[][..], Vec::as_slice);
        let other = if ends.src == ends.dst { &[][..] } else { of(ends.dst) };
        let all = of(ends.src).iter().chain(other).map(|i| *i as usize);
        all.filter(move |i| self.all.get(*i).is_some_and(|claim| claim.covers(ends, case)))
    }
}

/// The time at which a claim's evidence is complete.
pub(super) fn end(claim: &Claim) -> Option<Time> {
    (claim.last < i64::MAX).then_some(Time(claim.last))
}
