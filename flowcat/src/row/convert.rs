//! A row to a flow: units, encodings and what stands for "none", in one place for all formats.
//!
//! Rules, beside those of times ([`times`]), flags ([`tcp_flags`]) and ports ([`super::port`]):
//! - 0 in `input_if output_if src_as dst_as tos vlan sampling`, and `0.0.0.0` or `::` in `exporter` and `next_hop`, say
//!   that the exporter did not know; `flows` is kept where it is more than 1.
//! - A MAC address where an IP address should be is left out; ICMP by its name between IPv6 addresses is ICMPv6.
//! - What a flow can be without (a type of service, an interface, flags) and is given in words that mean nothing here is
//!   left out, and the row kept ([`Converter::left_out`]); a number that no such field can be rejects the row.
//! - In forms of tools that aggregate (nfdump) protocol 0 says that addresses or ports were aggregated: what is then 0 is left out.

mod tcp_flags;
mod times;

pub(crate) use times::{DAY, FIRST_YEAR};

use super::count::{count, count_or_hex, is_grouped};
use super::moment::Clock;
use super::port::{Names, set_ports};
use super::year_last::YearLast;
use super::{Cell, Cells, Dialect, Form, Row, protocol};
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId, Kind};
use flow_record::value::time::Zone;
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
            Cell::Start | Cell::Date | Cell::Clock | Cell::End | Cell::Received => "bad time",
            Cell::SrcIp | Cell::DstIp | Cell::Exporter | Cell::NextHop => "bad address",
            Cell::Protocol => "unknown protocol",
            Cell::SrcPort | Cell::DstPort => "bad port",
            Cell::TcpFlags | Cell::RevTcpFlags => "bad flags",
            Cell::App | Cell::State | Cell::Label | Cell::Attack => "invalid UTF-8",
            Cell::Duration => "bad duration",
            Cell::ByteLayer | Cell::Doubt => "unknown word",
            _ => "bad number",
        };
        Trouble { cell: Some(cell), kind }
    }

    /// The message for a person.
    pub(crate) fn message(&self, row: &Row) -> String {
        let Some(cell) = self.cell else {
            let why = match row.invalid() {
                Some("invalid UTF-8") => "bytes that are not UTF-8",
                Some(_) => "a value that its column, which is one of the suite's own, cannot have",
                None => "no address, no bytes and no packets",
            };
            return why.into();
        };
        let (text, form) = row.text(cell).unwrap_or_default();
        let taken = match (self.kind, form) {
            ("bad time", Form::DayFirst) => "; --map says that the day comes first".into(),
            ("bad time", Form::MonthFirst) => "; --map says that the month comes first".into(),
            ("bad time", _) if YearLast::parse(text).is_some_and(|date| date.shown().is_none()) => {
                let name = cell.name();
                format!(
                    "; --map {name}=COLUMN:dmy says that the day comes first, {name}=COLUMN:mdy that the month does"
                )
            }
            ("bad time", _) => FORMS_OF_TIME.into(),
            ("bad number", _) if is_grouped(text) => {
                "; the point may be of thousands or of decimals: write the number without it".into()
            }
            _ => String::new(),
        };
        format!("{} \"{}\" for {}{taken}", self.kind, flow_record::value::text::snippet(text, 40), cell.name())
    }
}

/// What is taken for a time, for messages.
const FORMS_OF_TIME: &str = "; taken are 2015-07-22 08:03 with or without seconds and a zone, 22/07/2015 08:03 once a day above 12 has told day \
     from month, 08:03:34, and numbers since 1970, from 1678 to 2261";

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
    /// The cells of the last row that were left out.
    left_out: Cells,
}

impl Converter {
    /// `zone` is that of times without one.
    pub(crate) fn new(dialect: &'static Dialect, zone: Zone) -> Converter {
        Converter { dialect, clock: Clock::new(zone, dialect), services: Names::default(), left_out: Cells::default() }
    }

    /// Whether a time without a zone was met.
    pub(crate) fn is_zoneless(&self) -> bool {
        self.clock.zoneless && !self.dialect.is_utc
    }

    /// The cells of the last row whose texts were left out of its flow, because they mean nothing here. Tools whose habits
    /// are known have none: what they print there is known to say nothing.
    #[inline]
    pub(crate) fn left_out(&self) -> Cells {
        self.left_out
    }

    /// Makes the flow that a row says.
    ///
    /// # Errors
    /// The first text that cannot be read, or that there is no flow in it.
    pub(crate) fn convert(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        flow.clear();
        self.left_out = Cells::default();
        if let Some(kind) = row.invalid() {
            return Err(Trouble { cell: None, kind });
        }
        self.times(row, flow)?;
        addresses(row, flow)?;
        if let Some((text, form)) = row.text(Cell::Protocol) {
            match protocol(text) {
                Some(0) if self.dialect.aggregates => {}
                Some(1) if !text[0].is_ascii_digit() && is_v6(flow) => _ = flow.set_integer(field::PROTOCOL, 58),
                Some(number) => _ = flow.set_integer(field::PROTOCOL, number.into()),
                None if form == Form::Lenient && count(text).is_none() => self.leave_out(Cell::Protocol),
                None => return Err(Trouble::of(Cell::Protocol)),
            }
        }
        set_ports(row, flow, self.dialect.icmp_in_port, &mut self.services).map_err(Trouble::of)?;
        counts(row, flow, self.dialect.byte_layer)?;
        self.tcp_flags(row, flow)?;
        self.further(row, flow)?;
        if self.dialect.aggregates && !flow.has(field::PROTOCOL) {
            aggregated(row, flow);
        }
        if flow.is_flow() { Ok(()) } else { Err(Trouble { cell: None, kind: "no flow" }) }
    }

    #[cold]
    fn leave_out(&mut self, cell: Cell) {
        if self.dialect.is_anybodys {
            self.left_out.insert(cell);
        }
    }

    /// What a flow may have besides.
    fn further(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        for (cell, id) in UNLESS_ZERO {
            let Some((text, form)) = row.text(cell) else { continue };
            match count_or_hex(text) {
                Some(0) => {}
                Some(value) if flow.set_integer(id, value) => {}
                None if form == Form::Lenient => self.leave_out(cell),
                _ => return Err(Trouble::of(cell)),
            }
        }
        for (cell, id) in [(Cell::Exporter, field::EXPORTER), (Cell::NextHop, field::NEXT_HOP)] {
            let Some((text, form)) = row.text(cell) else { continue };
            match ip(text) {
                Some(address) if address.is_unspecified() => {}
                Some(address) => flow.set_address(id, address),
                None if form == Form::Lenient => self.leave_out(cell),
                None => return Err(Trouble::of(cell)),
            }
        }
        for (cell, id) in [(Cell::ByteLayer, field::BYTE_LAYER), (Cell::Doubt, field::CLOCK)] {
            let Some((text, _)) = row.text(cell) else { continue };
            let is_word = |words: &[&str]| words.iter().any(|word| word.as_bytes() == text);
            match (id.field().kind, std::str::from_utf8(text)) {
                (Kind::Word(words), Ok(word)) if is_word(words) => _ = flow.set_text(id, word),
                _ => return Err(Trouble::of(cell)),
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
    let layer = match row.text(Cell::Bytes) {
        Some((_, Form::Payload)) => Some("l4"),
        Some((_, Form::Frames)) => Some("l2"),
        _ => layer,
    };
    if let Some(layer) = layer.filter(|_| flow.has(field::BYTES) || flow.has(field::REV_BYTES)) {
        flow.set_text(field::BYTE_LAYER, layer);
    }
    match number(row, Cell::Flows)? {
        Some(flows) if flows > 1 => _ = flow.set_integer(field::FLOWS, flows),
        _ => {}
    }
    Ok(())
}

/// A label in the record's words, where it is one of the usual ones; else as it stands.
pub(super) fn truth(label: &str) -> &str {
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
