//! The lane for rows of nfdump's 48 columns: one pass from left to right, no look at names, nothing copied.
//!
//! What is behind the MAC addresses (MPLS labels, latencies, exporter) hardly differs from row to row, so the last few
//! of these stretches are remembered and compared as bytes. A row with anything unusual in it is left to the plan of
//! columns, which also says what is wrong with it. Invariant: both give the same flow.

use crate::row::{flags, protocol};
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::value::address::{Address, ipv4};
use flow_record::value::number::{integer, seconds};
use flow_record::value::time::{DateCache, Zone, clock};
use memchr::{memchr, memchr_iter};

/// Number of columns.
pub(super) const COLUMNS: usize = 48;

/// 1990-01-01T00:00:00Z.
const FIRST_YEAR: i64 = 631_152_000;

/// Stretches that are remembered: about as many as there are exporters in one file.
const STRETCHES: usize = 4;

/// What follows the counts where the exporter knows no routing: masks, type of service back, direction, next hops, VLANs.
const NO_ROUTING: &[u8; 28] = b"0,0,0,0,0.0.0.0,0.0.0.0,0,0,";

/// Length of the last column, `YYYY-MM-DD HH:MM:SS.mmm`.
const RECEIVED: usize = 23;

/// A stretch from the MPLS labels to the exporter's number, and the exporter in it.
#[derive(Clone, Debug)]
struct Stretch {
    text: Vec<u8>,
    exporter: Option<Address>,
}

/// Reads rows of 48 columns.
#[derive(Debug)]
pub(super) struct Wide {
    zone: Zone,
    dates: DateCache,
    stretches: Vec<Stretch>,
    last: usize,
    /// The MAC addresses of the last row that were looked at.
    macs: [u8; 72],
    /// Whether a row was read: its times have no zone.
    pub(super) has_read: bool,
}

/// What is left of a row.
struct Rest<'r>(&'r [u8]);

impl<'r> Rest<'r> {
    /// The next `N` bytes, before a comma.
    #[inline]
    fn fixed<const N: usize>(&mut self) -> Option<&'r [u8; N]> {
        let (text, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest.strip_prefix(b",")?;
        Some(text)
    }

    /// Passes over `used` bytes and a comma.
    #[inline]
    fn pass(&mut self, used: usize) -> Option<()> {
        if self.0.get(used) != Some(&b',') {
            return None;
        }
        self.0 = &self.0[used + 1..];
        Some(())
    }

    #[inline]
    fn integer(&mut self) -> Option<u64> {
        // Most are a single digit, and that mostly 0.
        if let [digit @ b'0'..=b'9', b',', rest @ ..] = self.0 {
            self.0 = rest;
            return Some(u64::from(digit - b'0'));
        }
        let (value, used) = integer(self.0)?;
        self.pass(used)?;
        Some(value)
    }

    /// The text before the next comma.
    #[inline]
    fn text(&mut self) -> Option<&'r [u8]> {
        let end = memchr(b',', self.0)?;
        let text = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(text)
    }

    #[inline]
    fn address(&mut self) -> Option<Address> {
        match ipv4(self.0) {
            Some((address, used)) => {
                self.pass(used)?;
                Some(Address::v4(address))
            }
            None => Address::parse(std::str::from_utf8(self.text()?).ok()?),
        }
    }
}

impl Wide {
    /// `zone` is that of the times.
    pub(super) fn new(zone: Zone) -> Wide {
        Wide { zone, dates: DateCache::default(), stretches: Vec::new(), last: 0, macs: [0; 72], has_read: false }
    }

    /// Reads a row; `None` leaves it to the plan of columns.
    #[inline]
    pub(super) fn read(&mut self, line: &[u8], flow: &mut Flow) -> Option<()> {
        let mut rest = Rest(line);
        flow.clear();
        let first = rest.fixed::<19>()?;
        let last = rest.fixed::<19>()?;
        self.start(first, last, flow)?;
        let (nanos, used) = seconds(rest.0)?;
        rest.pass(used)?;
        flow.set_duration(nanos);
        flow.set_address(field::SRC_IP, rest.address()?);
        flow.set_address(field::DST_IP, rest.address()?);
        let (src, dst) = (rest.integer()?, rest.integer()?);
        let protocol = protocol(rest.text()?)?;
        match protocol {
            // Aggregated: some of the zeros are none.
            0 => return None,
            1 | 58 if src == 0 && dst < 65_536 => {
                flow.set_integer(field::SRC_PORT, 0);
                flow.set_integer(field::DST_PORT, 0);
                flow.set_integer(field::ICMP_TYPE, dst >> 8);
                flow.set_integer(field::ICMP_CODE, dst & 255);
            }
            1 | 58 => return None,
            _ => set(flow, field::SRC_PORT, src).and(set(flow, field::DST_PORT, dst))?,
        }
        flow.set_integer(field::PROTOCOL, protocol.into());
        let bits = flags(rest.fixed::<8>()?)?;
        if protocol == 6 {
            flow.set_integer(field::TCP_FLAGS, bits.into());
        }
        rest.integer()?;
        let tos = rest.integer()?;
        set(flow, field::PACKETS, rest.integer()?)?;
        set(flow, field::BYTES, rest.integer()?)?;
        for id in
            [field::REV_PACKETS, field::REV_BYTES, field::INPUT_IF, field::OUTPUT_IF, field::SRC_AS, field::DST_AS]
        {
            unless_zero(flow, id, rest.integer()?)?;
        }
        unless_zero(flow, field::TOS, tos)?;
        match rest.0.strip_prefix(NO_ROUTING) {
            Some(after) => rest.0 = after,
            None => routing(&mut rest, flow)?,
        }
        self.tail(rest.0, first, flow)?;
        self.has_read = true;
        Some(())
    }

    /// The start of the flow; nothing doubtful.
    #[inline]
    fn start(&mut self, first: &[u8; 19], last: &[u8; 19], flow: &mut Flow) -> Option<()> {
        let start = self.seconds(first)?;
        let end = self.seconds(last)?;
        if end < start || start < FIRST_YEAR {
            return None;
        }
        let local = self.zone.local(start, 0)?;
        if local.ambiguous {
            return None;
        }
        flow.set_time(local.time, 3);
        Some(())
    }

    #[inline]
    fn seconds(&mut self, text: &[u8; 19]) -> Option<i64> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let hms = rest.strip_prefix(b" ")?.first_chunk::<8>()?;
        Some(self.dates.midnight(date)? + clock(hms)?)
    }

    /// MAC addresses, labels, latencies, the exporter, and when the flow was received.
    #[inline]
    fn tail(&mut self, rest: &[u8], first: &[u8; 19], flow: &mut Flow) -> Option<()> {
        let (macs, rest) = rest.split_first_chunk::<72>()?;
        if [17, 35, 53, 71].iter().any(|at| macs[*at] != b',') {
            return None;
        }
        if *macs != self.macs {
            // Four addresses and no further column.
            if memchr_iter(b',', macs).count() != 4 {
                return None;
            }
            self.macs = *macs;
        }
        let (stretch, received) = rest.split_at(rest.len().checked_sub(RECEIVED)?);
        if memchr(b',', received).is_some() {
            return None;
        }
        // Received on an earlier day than it began: the plan looks whether that can be.
        if received[..10] < first[..10] && &received[..10] != b"1970-01-01" {
            return None;
        }
        let exporter = match self.stretches.get(self.last) {
            Some(known) if known.text == stretch => known.exporter,
            _ => self.stretch(stretch)?,
        };
        if let Some(exporter) = exporter {
            flow.set_address(field::EXPORTER, exporter);
        }
        Some(())
    }

    /// The exporter of a stretch that is not the last one.
    #[cold]
    fn stretch(&mut self, text: &[u8]) -> Option<Option<Address>> {
        let at = match self.stretches.iter().position(|s| s.text == text) {
            Some(at) => at,
            None => {
                let mut rest = Rest(text);
                for _ in 0..13 {
                    rest.text()?;
                }
                let exporter = Some(rest.address()?).filter(|a| !a.is_unspecified());
                rest.text()?;
                rest.text()?;
                if !rest.0.is_empty() {
                    return None;
                }
                if self.stretches.len() == STRETCHES {
                    self.stretches.remove(0);
                }
                self.stretches.push(Stretch { text: text.to_vec(), exporter });
                self.stretches.len() - 1
            }
        };
        self.last = at;
        Some(self.stretches[at].exporter)
    }
}

#[inline]
fn set(flow: &mut Flow, id: field::FieldId, value: u64) -> Option<()> {
    flow.set_integer(id, value).then_some(())
}

#[inline]
fn unless_zero(flow: &mut Flow, id: field::FieldId, value: u64) -> Option<()> {
    if value == 0 { Some(()) } else { set(flow, id, value) }
}

/// Masks, next hops and VLANs where there are any.
fn routing(rest: &mut Rest<'_>, flow: &mut Flow) -> Option<()> {
    for _ in 0..4 {
        rest.integer()?;
    }
    let next_hop = rest.address()?;
    rest.address()?;
    if !next_hop.is_unspecified() {
        flow.set_address(field::NEXT_HOP, next_hop);
    }
    unless_zero(flow, field::VLAN, rest.integer()?)?;
    rest.integer()?;
    Some(())
}
