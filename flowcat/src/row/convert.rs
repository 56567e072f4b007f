//! A row to a flow: units, encodings and what stands for "none", in one place for all formats.
//!
//! Rules, beside those of times ([`super::moment`]) and ports ([`super::port`]):
//! - A duration that is negative or absurd, a last time before the first, a time before 1990 or more than a day after its
//!   own export are flagged (`clock`), and such a duration is left out, never believed.
//! - 0 in `input_if output_if src_as dst_as tos vlan sampling`, and `0.0.0.0` or `::` in `exporter` and `next_hop`, say
//!   that the exporter did not know; `flows` is kept where it is more than 1.
//! - A MAC address where an IP address should be is left out; ICMP by its name between IPv6 addresses is ICMPv6.
//! - TCP flags belong to TCP: some versions of nfdump print those of any protocol, others not.
//! - In forms of tools that aggregate (nfdump) protocol 0 says that addresses or ports were aggregated: what is then 0 is left out.

use super::count::{count, count_or_hex};
use super::moment::{Clock, Length, Moment, Said, length};
use super::port::{Names, set_ports};
use super::{Cell, Dialect, Form, Row, flags, protocol};
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use flow_record::value::time::{Time, Zone};
use flow_record::value::{Address, address};

/// Why a row is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The text that cannot be read; `None` where the row lacks all that a flow needs.
    pub(crate) cell: Option<Cell>,
    /// What is wrong with it, as a short name.
    pub(crate) kind: &'static str,
}

impl Trouble {
    fn of(cell: Cell) -> Trouble {
        let kind = match cell {
            Cell::Start | Cell::End | Cell::Received => "bad time",
            Cell::SrcIp | Cell::DstIp | Cell::Exporter | Cell::NextHop => "bad address",
            Cell::Protocol => "unknown protocol",
            Cell::SrcPort | Cell::DstPort => "bad port",
            Cell::TcpFlags | Cell::RevTcpFlags => "bad flags",
            Cell::App | Cell::State | Cell::Label | Cell::Attack => "invalid UTF-8",
            Cell::Duration => "bad duration",
            _ => "bad number",
        };
        Trouble { cell: Some(cell), kind }
    }

    /// The message for a person.
    pub(crate) fn message(&self, row: &Row) -> String {
        let Some(cell) = self.cell else {
            return if row.invalid { "bytes that are not UTF-8" } else { "no address, no bytes and no packets" }.into();
        };
        let text = row.text(cell).map_or(&b""[..], |(text, _)| text);
        let taken = if self.kind == "bad time" { FORMS_OF_TIME } else { "" };
        format!("{} \"{}\" for {}{taken}", self.kind, flow_record::value::text::snippet(text, 40), cell.name())
    }
}

/// What is taken for a time, for messages.
const FORMS_OF_TIME: &str =
    "; taken are 2015-07-22 08:03 with or without seconds and a zone, 08:03:34, and numbers since 1970";

/// 1990-01-01T00:00:00Z: no flow was exported before.
const FIRST_YEAR: i64 = 631_152_000;

/// A flow cannot be exported this much before it starts, in seconds.
const DAY: i64 = 86_400;

/// Integers that are set as they are.
const COUNTS: [(Cell, FieldId); 4] = [
    (Cell::Packets, field::PACKETS),
    (Cell::Bytes, field::BYTES),
    (Cell::RevPackets, field::REV_PACKETS),
    (Cell::RevBytes, field::REV_BYTES),
];

/// Integers of which 0 says that there is none.
const UNLESS_ZERO: [(Cell, FieldId); 7] = [
    (Cell::InputIf, field::INPUT_IF),
    (Cell::OutputIf, field::OUTPUT_IF),
    (Cell::SrcAs, field::SRC_AS),
    (Cell::DstAs, field::DST_AS),
    (Cell::Tos, field::TOS),
    (Cell::Vlan, field::VLAN),
    (Cell::Sampling, field::SAMPLING),
];

const TEXTS: [(Cell, FieldId); 3] =
    [(Cell::App, field::APP), (Cell::State, field::STATE), (Cell::Attack, field::ATTACK)];

/// Makes flows of rows.
#[derive(Debug)]
pub(crate) struct Converter {
    dialect: &'static Dialect,
    clock: Clock,
    services: Names,
}

impl Converter {
    /// `zone` is that of times without one.
    pub(crate) fn new(dialect: &'static Dialect, zone: Zone) -> Converter {
        Converter { dialect, clock: Clock::new(zone), services: Names::default() }
    }

    /// Whether a time without a zone was met.
    pub(crate) fn is_zoneless(&self) -> bool {
        self.clock.zoneless && !self.dialect.is_utc
    }

    /// Makes the flow that a row says.
    ///
    /// # Errors
    /// The first text that cannot be read, or that there is no flow in it.
    pub(crate) fn convert(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        flow.clear();
        if row.invalid {
            return Err(Trouble { cell: None, kind: "invalid UTF-8" });
        }
        self.times(row, flow)?;
        addresses(row, flow)?;
        if let Some((text, form)) = row.text(Cell::Protocol) {
            match protocol(text) {
                Some(0) if self.dialect.aggregates => {}
                Some(1) if !text[0].is_ascii_digit() && is_v6(flow) => _ = flow.set_integer(field::PROTOCOL, 58),
                Some(number) => _ = flow.set_integer(field::PROTOCOL, number.into()),
                None if form == Form::Lenient => {}
                None => return Err(Trouble::of(Cell::Protocol)),
            }
        }
        set_ports(row, flow, self.dialect.icmp_in_port, &mut self.services).map_err(Trouble::of)?;
        counts(row, flow, self.dialect.byte_layer)?;
        tcp_flags(row, flow)?;
        further(row, flow)?;
        if self.dialect.aggregates && !flow.has(field::PROTOCOL) {
            aggregated(row, flow);
        }
        if flow.is_flow() { Ok(()) } else { Err(Trouble { cell: None, kind: "no flow" }) }
    }

    /// Start, duration, and whether to believe them.
    fn times(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        let mut start = self.moment(row, Cell::Start)?;
        let end = self.moment(row, Cell::End)?;
        let given = match row.text(Cell::Duration) {
            None => None,
            Some((text, form)) => match length(text, form) {
                Length::Bad => return Err(Trouble::of(Cell::Duration)),
                said => Some(said),
            },
        };
        let mut doubt = match (start, end) {
            (Some(s), Some(e)) if e.time < s.time && !s.ambiguous && !e.ambiguous => Some("implausible"),
            _ => None,
        };
        let duration = match (given, start, end) {
            (Some(Length::Nanos(nanos)), ..) => Some(nanos),
            (Some(_), ..) => {
                doubt = Some("implausible");
                None
            }
            (None, Some(s), Some(e)) => u64::try_from(i128::from(e.time.nanos()) - i128::from(s.time.nanos())).ok(),
            _ => None,
        };
        if let (None, Some(e), Some(nanos)) = (start, end, duration) {
            let before = e.time.nanos().checked_sub(nanos as i64).map(|nanos| Moment { time: Time(nanos), ..e });
            start = before;
        }
        if let Some(nanos) = duration.filter(|_| doubt.is_none()) {
            flow.set_duration(nanos);
        }
        if let Some(moment) = start {
            flow.set_time(moment.time, moment.digits);
            if moment.dateless {
                doubt = Some("no-date");
            } else if doubt.is_none() {
                doubt = self.doubt(row, moment);
            }
        }
        if let Some(doubt) = doubt {
            flow.set_text(field::CLOCK, doubt);
        }
        Ok(())
    }

    /// Why a start is doubtful by itself.
    fn doubt(&mut self, row: &Row, start: Moment) -> Option<&'static str> {
        let seconds = start.time.seconds();
        let received = self.moment(row, Cell::Received).ok().flatten().map_or(0, |m| m.time.seconds());
        let is_early = received >= FIRST_YEAR && seconds > received.saturating_add(DAY);
        match (seconds < FIRST_YEAR || is_early, start.ambiguous) {
            (true, _) => Some("implausible"),
            (false, true) => Some("ambiguous"),
            (false, false) => None,
        }
    }

    #[inline]
    fn moment(&mut self, row: &Row, cell: Cell) -> Result<Option<Moment>, Trouble> {
        match row.text(cell).map(|(text, form)| self.clock.read(text, form)) {
            None | Some(Said::None) => Ok(None),
            Some(Said::At(moment)) => {
                let is_whole = || row.text(cell).is_none_or(|(text, _)| !text.contains(&b'.'));
                let digits = self.dialect.digits.filter(|_| !is_whole()).unwrap_or(moment.digits);
                Ok(Some(Moment { digits, ..moment }))
            }
            Some(Said::Bad) => Err(Trouble::of(cell)),
        }
    }
}

/// Reads an address.
#[inline]
pub(crate) fn ip(text: &[u8]) -> Option<Address> {
    match address::ipv4(text) {
        Some((address, used)) if used == text.len() => Some(Address::v4(address)),
        _ => Address::parse(std::str::from_utf8(text).ok()?),
    }
}

#[inline]
fn addresses(row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
    for (cell, id) in [(Cell::SrcIp, field::SRC_IP), (Cell::DstIp, field::DST_IP)] {
        if let Some((text, _)) = row.text(cell) {
            match ip(text) {
                Some(address) => flow.set_address(id, address),
                None if is_mac(text) => {}
                None => return Err(Trouble::of(cell)),
            }
        }
    }
    Ok(())
}

/// Whether a flow is between IPv6 addresses; one is enough to tell.
fn is_v6(flow: &Flow) -> bool {
    flow.address(field::SRC_IP).or(flow.address(field::DST_IP)).is_some_and(|a| a.0.is_ipv6())
}

/// Whether a text is a MAC address: six pairs of hex digits with `:` or `-` between them.
#[cold]
fn is_mac(text: &[u8]) -> bool {
    text.len() == 17
        && text.iter().enumerate().all(|(i, b)| match i % 3 {
            2 => matches!(b, b':' | b'-') && *b == text[2],
            _ => b.is_ascii_hexdigit(),
        })
}

#[inline]
fn number(row: &Row, cell: Cell) -> Result<Option<u64>, Trouble> {
    match row.text(cell) {
        None => Ok(None),
        Some((text, form)) => match count(text) {
            Some(0) if form == Form::ZeroIsNone => Ok(None),
            Some(value) => Ok(Some(value)),
            None => Err(Trouble::of(cell)),
        },
    }
}

#[inline]
fn counts(row: &Row, flow: &mut Flow, layer: Option<&'static str>) -> Result<(), Trouble> {
    for (cell, id) in COUNTS {
        if let Some(value) = number(row, cell)? {
            flow.set_integer(id, value);
        }
    }
    for (cell, forward, back) in
        [(Cell::AllPackets, field::PACKETS, field::REV_PACKETS), (Cell::AllBytes, field::BYTES, field::REV_BYTES)]
    {
        let Some(all) = number(row, cell)? else { continue };
        match flow.integer(forward) {
            None if flow.integer(back).is_some_and(|one| all >= one) => {
                let one = flow.integer(back).unwrap_or_default();
                flow.set_integer(forward, all - one);
            }
            None => _ = flow.set_integer(forward, all),
            Some(one) if !flow.has(back) && all >= one => _ = flow.set_integer(back, all - one),
            Some(_) => {}
        }
    }
    let layer = if matches!(row.text(Cell::Bytes), Some((_, Form::Payload))) { Some("l4") } else { layer };
    if let Some(layer) = layer.filter(|_| flow.has(field::BYTES) || flow.has(field::REV_BYTES)) {
        flow.set_text(field::BYTE_LAYER, layer);
    }
    match number(row, Cell::Flows)? {
        Some(flows) if flows > 1 => _ = flow.set_integer(field::FLOWS, flows),
        _ => {}
    }
    Ok(())
}

#[inline]
fn tcp_flags(row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
    for (cell, id) in [(Cell::TcpFlags, field::TCP_FLAGS), (Cell::RevTcpFlags, field::REV_TCP_FLAGS)] {
        let Some((text, form)) = row.text(cell) else { continue };
        if form == Form::History {
            history(text, flow);
            continue;
        }
        let bits = match if form == Form::Hex { hex(text) } else { flags(text) } {
            Some(bits) => bits,
            None if form == Form::Lenient => continue,
            None => return Err(Trouble::of(cell)),
        };
        match flow.protocol() {
            Some(6) => _ = flow.set_integer(id, bits.into()),
            None if bits != 0 => _ = flow.set_integer(id, bits.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Flags as Suricata prints them: `1b`.
fn hex(text: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(text).ok().filter(|t| !t.starts_with('+'))?, 16).ok()
}

/// Sets the flags that Zeek's history of a connection tells of, upper case the source's, lower case the other's: S is a
/// SYN, H a SYN with ACK, A an ACK alone, F a FIN, R an RST. Other letters tell of none.
fn history(text: &[u8], flow: &mut Flow) {
    if flow.protocol() != Some(6) || !text.iter().all(|b| b.is_ascii_alphabetic() || *b == b'^') {
        return;
    }
    let (mut sent, mut back) = (0, 0);
    for letter in text {
        let bits = match letter.to_ascii_uppercase() {
            b'S' => 2,
            b'H' => 18,
            b'A' => 16,
            b'F' => 1,
            b'R' => 4,
            _ => 0,
        };
        *(if letter.is_ascii_uppercase() { &mut sent } else { &mut back }) |= bits;
    }
    for (id, bits) in [(field::TCP_FLAGS, sent), (field::REV_TCP_FLAGS, back)] {
        if bits != 0 {
            flow.set_integer(id, bits);
        }
    }
}

/// What a flow may have besides.
fn further(row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
    for (cell, id) in UNLESS_ZERO {
        let Some((text, form)) = row.text(cell) else { continue };
        match count_or_hex(text) {
            Some(0) => {}
            Some(value) if flow.set_integer(id, value) => {}
            _ if form == Form::Lenient => {}
            _ => return Err(Trouble::of(cell)),
        }
    }
    for (cell, id) in [(Cell::Exporter, field::EXPORTER), (Cell::NextHop, field::NEXT_HOP)] {
        let Some((text, form)) = row.text(cell) else { continue };
        match ip(text) {
            Some(address) if address.is_unspecified() => {}
            Some(address) => flow.set_address(id, address),
            None if form == Form::Lenient => {}
            None => return Err(Trouble::of(cell)),
        }
    }
    for (cell, id) in TEXTS {
        if let Some((text, _)) = row.text(cell) {
            flow.set_text(id, std::str::from_utf8(text).map_err(|_| Trouble::of(cell))?);
        }
    }
    if let Some((text, _)) = row.text(Cell::Label) {
        flow.set_text(field::LABEL, truth(std::str::from_utf8(text).map_err(|_| Trouble::of(Cell::Label))?));
    }
    Ok(())
}

/// A label in the record's words, where it is one of the usual ones; else as it stands.
fn truth(label: &str) -> &str {
    const BENIGN: [&str; 7] = ["benign", "normal", "legitimate", "0", "0.0", "false", "good"];
    const MALICIOUS: [&str; 10] =
        ["malicious", "attack", "anomaly", "anomalous", "malware", "1", "1.0", "true", "bad", "evil"];
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(label));
    match label {
        _ if is(&BENIGN) => "benign",
        _ if is(&MALICIOUS) => "malicious",
        other => other,
    }
}

/// Takes what is 0 out of a record that nfdump made of several.
#[cold]
fn aggregated(row: &Row, flow: &mut Flow) {
    if !row.has(Cell::Protocol) {
        return;
    }
    for id in [field::SRC_PORT, field::DST_PORT] {
        if flow.integer(id) == Some(0) {
            flow.remove(id);
        }
    }
    for id in [field::SRC_IP, field::DST_IP] {
        if flow.address(id).is_some_and(Address::is_unspecified) {
            flow.remove(id);
        }
    }
}

#[cfg(test)]
mod tests;
