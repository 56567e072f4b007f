//! One record of a foreign source, as texts by meaning, on its way to a flow.
//!
//! ```text
//! a source's columns ──► Plan (names to cells, once) ──► Row (texts, each record) ──► Converter ──► Flow
//!                        by its Dialect                  └──────────── Maker ────────────┘
//! ```
//!
//! Every format fills a [`Row`] and one [`Converter`] reads it, both held by a [`Maker`], so that the same flow becomes the same record whatever
//! tool and version printed it. A row is cleared and filled anew for each record; nothing is allocated.

pub(crate) mod alias;
mod cells;
mod convert;
mod count;
mod dialect;
mod kept;
mod maker;
mod moment;
mod plan;
mod port;
mod year_last;

pub(crate) use cells::Cells;
pub(crate) use convert::{Converter, DAY, FIRST_YEAR};
pub(crate) use dialect::{ANY, Dialect};
pub(crate) use flow_record::net::flags::parse as flags;
pub(crate) use flow_record::net::protocol::number as protocol;
pub(crate) use kept::{extra_key, is_own};
pub(crate) use maker::Maker;
pub(crate) use plan::{Mapping, Plan, Use, described, doubt};

/// What a text of a record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cell {
    Start,
    /// The date of the start, or all of it.
    Date,
    /// The time of day of the start, or all of it.
    Clock,
    End,
    Received,
    Duration,
    SrcIp,
    DstIp,
    SrcPort,
    DstPort,
    Protocol,
    Packets,
    Bytes,
    RevPackets,
    RevBytes,
    /// Packets of both directions.
    AllPackets,
    /// Bytes of both directions.
    AllBytes,
    Flows,
    TcpFlags,
    RevTcpFlags,
    IcmpType,
    IcmpCode,
    App,
    State,
    Label,
    Attack,
    Exporter,
    InputIf,
    OutputIf,
    SrcAs,
    DstAs,
    NextHop,
    Tos,
    Vlan,
    Sampling,
    /// The layer of bytes, in a table that has the record's own names.
    ByteLayer,
    /// Why the time is doubtful, in such a table.
    Doubt,
    /// What kind of record the source says it is.
    Event,
    /// Which way an arrow between the ends points.
    Direction,
}

/// Where a text stood of which that is not known.
pub(crate) const NOWHERE: usize = u32::MAX as usize;

/// Number of cells.
pub(crate) const CELLS: usize = Cell::Direction as usize + 1;

/// Every cell with its name, which is the record's field where there is one.
pub(crate) const NAMES: [(Cell, &str); CELLS] = [
    (Cell::Start, "timestamp"),
    (Cell::Date, "date"),
    (Cell::Clock, "time"),
    (Cell::End, "end"),
    (Cell::Received, "received"),
    (Cell::Duration, "duration"),
    (Cell::SrcIp, "src_ip"),
    (Cell::DstIp, "dst_ip"),
    (Cell::SrcPort, "src_port"),
    (Cell::DstPort, "dst_port"),
    (Cell::Protocol, "protocol"),
    (Cell::Packets, "packets"),
    (Cell::Bytes, "bytes"),
    (Cell::RevPackets, "rev_packets"),
    (Cell::RevBytes, "rev_bytes"),
    (Cell::AllPackets, "all_packets"),
    (Cell::AllBytes, "all_bytes"),
    (Cell::Flows, "flows"),
    (Cell::TcpFlags, "tcp_flags"),
    (Cell::RevTcpFlags, "rev_tcp_flags"),
    (Cell::IcmpType, "icmp_type"),
    (Cell::IcmpCode, "icmp_code"),
    (Cell::App, "app"),
    (Cell::State, "state"),
    (Cell::Label, "label"),
    (Cell::Attack, "attack"),
    (Cell::Exporter, "exporter"),
    (Cell::InputIf, "input_if"),
    (Cell::OutputIf, "output_if"),
    (Cell::SrcAs, "src_as"),
    (Cell::DstAs, "dst_as"),
    (Cell::NextHop, "next_hop"),
    (Cell::Tos, "tos"),
    (Cell::Vlan, "vlan"),
    (Cell::Sampling, "sampling"),
    (Cell::ByteLayer, "byte_layer"),
    (Cell::Doubt, "clock"),
    (Cell::Event, "event"),
    (Cell::Direction, "direction"),
];

impl Cell {
    /// The name that `--map` and messages use.
    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The cell of the field that this one is read into.
    pub(crate) fn field(self) -> Cell {
        match self {
            Cell::Date | Cell::Clock => Cell::Start,
            Cell::End => Cell::Duration,
            Cell::AllPackets => Cell::RevPackets,
            Cell::AllBytes => Cell::RevBytes,
            other => other,
        }
    }

    /// Whether a record with it alone is a flow.
    pub(crate) fn makes_a_flow(self) -> bool {
        matches!(self, Cell::SrcIp | Cell::DstIp | Cell::Bytes | Cell::Packets | Cell::AllBytes | Cell::AllPackets)
    }

    /// Whether it can be asked for: a format alone knows what it says of events and directions, the suite of its marks.
    fn is_mapped(self) -> bool {
        !matches!(self, Cell::Event | Cell::Direction | Cell::ByteLayer | Cell::Doubt)
    }

    /// The cell with this name that `--map` may fill.
    pub(crate) fn named(name: &str) -> Option<Cell> {
        NAMES.iter().find(|(_, n)| *n == name).map(|(cell, _)| *cell).filter(|cell| cell.is_mapped())
    }
}

/// How a text is to be read, where its cell alone does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As its cell says; times and durations in seconds, times since the epoch by their magnitude.
    #[default]
    Plain,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
    /// Hundredths of a second.
    Centis,
    /// Minutes.
    Minutes,
    /// A time; where its year is last, the day is first.
    DayFirst,
    /// A time; where its year is last, the month is first.
    MonthFirst,
    /// A time whose milliseconds lack their leading zeros.
    UnpaddedMillis,
    /// A count that is 0 where the source has none.
    ZeroIsNone,
    /// Bytes of the payload, without headers.
    Payload,
    /// Bytes of whole frames, with the link header.
    Frames,
    /// A port that for ICMP is its type (source) or its code (destination).
    TypeAndCode,
    /// A port that for ICMP is its type in the low and its code in the high byte; for ICMPv6 the type, with the code in
    /// the destination port.
    CodeAndType,
    /// A number in hex, without 0x.
    Hex,
    /// Letters of Zeek's history of a connection, both directions in one.
    History,
    /// A text that is left out where it cannot be read.
    Lenient,
}

/// A text in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: u32,
    end: u32,
    /// Where it stood in the source's line or object.
    at: u32,
    form: Form,
}

/// The texts of one record.
#[derive(Debug)]
pub(crate) struct Row {
    present: u64,
    places: [Place; CELLS],
    text: Vec<u8>,
    /// What is wrong with a text that was to be kept besides.
    invalid: Option<&'static str>,
}

impl Default for Row {
    fn default() -> Row {
        Row { present: 0, places: [Place::default(); CELLS], text: Vec::new(), invalid: None }
    }
}

impl Row {
    /// Makes all cells absent.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.present = 0;
        self.text.clear();
        self.invalid = None;
    }

    /// Says what is wrong with a text that was to be kept besides.
    #[cold]
    fn invalidate(&mut self, why: &'static str) {
        self.invalid.get_or_insert(why);
    }

    /// What is wrong with one.
    #[inline]
    pub(crate) fn invalid(&self) -> Option<&'static str> {
        self.invalid
    }

    /// Keeps a text without the blanks around it; what says that there is none is left out.
    #[inline]
    pub(crate) fn put(&mut self, cell: Cell, form: Form, text: &[u8], at: usize) {
        let text = text.trim_ascii();
        if is_none(text) {
            return;
        }
        let start = self.text.len() as u32;
        self.text.extend_from_slice(text);
        self.present |= 1 << cell as u8;
        self.places[cell as usize] = Place { start, end: self.text.len() as u32, at: at as u32, form };
    }

    /// Says how a text is to be read.
    pub(crate) fn reform(&mut self, cell: Cell, form: Form) {
        self.places[cell as usize].form = form;
    }

    /// Keeps a number.
    pub(crate) fn put_number(&mut self, cell: Cell, form: Form, number: u64) {
        let mut digits = [b'0'; 20];
        let (mut at, mut rest) = (digits.len() - 1, number);
        digits[at] += (rest % 10) as u8;
        while rest >= 10 {
            rest /= 10;
            at -= 1;
            digits[at] += (rest % 10) as u8;
        }
        self.put(cell, form, &digits[at..], NOWHERE);
    }

    /// A text that is an integer.
    pub(crate) fn number(&self, cell: Cell) -> Option<u64> {
        self.text(cell).and_then(|(text, _)| count::count(text))
    }

    /// Makes a cell absent.
    #[inline]
    pub(crate) fn remove(&mut self, cell: Cell) {
        self.present &= !(1 << cell as u8);
    }

    /// Gives a cell what another's text has from `start` on.
    pub(crate) fn part(&mut self, from: Cell, start: usize, to: Cell) {
        let place = self.places[from as usize];
        self.share(from, Place { start: (place.start + start as u32).min(place.end), ..place }, to);
    }

    /// Gives a cell what another's text has in its first bytes.
    pub(crate) fn cut(&mut self, from: Cell, length: usize, to: Cell) {
        let place = self.places[from as usize];
        self.share(from, Place { end: (place.start + length as u32).min(place.end), ..place }, to);
    }

    /// Gives a cell a part of another's text, if there is any.
    fn share(&mut self, from: Cell, place: Place, to: Cell) {
        if self.has(from) && place.start < place.end {
            self.places[to as usize] = Place { form: Form::Plain, ..place };
            self.present |= 1 << to as u8;
        }
    }

    /// Exchanges two cells.
    pub(crate) fn swap(&mut self, a: Cell, b: Cell) {
        self.places.swap(a as usize, b as usize);
        let bits = (self.present >> a as u8 ^ self.present >> b as u8) & 1;
        self.present ^= bits << a as u8 | bits << b as u8;
    }

    /// Whether there is a text.
    #[inline]
    pub(crate) fn has(&self, cell: Cell) -> bool {
        self.present >> cell as u8 & 1 == 1
    }

    /// Bytes of all texts.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    /// A text and how it is to be read.
    #[inline]
    pub(crate) fn text(&self, cell: Cell) -> Option<(&[u8], Form)> {
        if !self.has(cell) {
            return None;
        }
        let place = self.places[cell as usize];
        self.text.get(place.start as usize..place.end as usize).map(|t| (t, place.form))
    }

    /// The column in bytes, from 1, at which a text stood in the source; 0 where that is unknown.
    pub(crate) fn column(&self, cell: Cell) -> usize {
        self.places[cell as usize].at.wrapping_add(1) as usize
    }
}

/// Whether a text stands for no value.
#[inline]
fn is_none(text: &[u8]) -> bool {
    match text.len() {
        0 => true,
        1 => text[0] == b'-',
        2 => matches!(text, b"NA" | b"\\N" | b"--"),
        3 => matches!(text, b"NaN" | b"nan" | b"NAN" | b"N/A" | b"n/a" | b"NaT"),
        4 => matches!(text, b"null" | b"NULL" | b"None" | b"none" | b"<NA>"),
        6 => text == b"<none>",
        7 => text == b"(empty)",
        _ => false,
    }
}

/// A label in the record's words; `None` where the text stands for no value.
pub(crate) fn label(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    (!is_none(text.as_bytes())).then(|| convert::truth(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_stands_in_its_place_of_the_table_of_names() {
        for (i, (cell, name)) in NAMES.iter().enumerate() {
            assert_eq!(*cell as usize, i);
            assert_eq!(Cell::named(name), Some(*cell).filter(|cell| cell.is_mapped()));
        }
    }

    #[test]
    fn texts_that_say_there_is_none_are_absent() {
        let mut row = Row::default();
        for text in ["", " ", "-", "NaN", "null", "<none>", "(empty)"] {
            row.put(Cell::App, Form::Plain, text.as_bytes(), 0);
            assert!(!row.has(Cell::App), "{text:?}");
        }
        row.put(Cell::App, Form::Plain, b" dns ", 7);
        row.put(Cell::Bytes, Form::Payload, b"0", 12);
        assert_eq!(row.text(Cell::App), Some((&b"dns"[..], Form::Plain)));
        assert_eq!(row.text(Cell::Bytes), Some((&b"0"[..], Form::Payload)));
        assert_eq!(row.column(Cell::Bytes), 13);
        row.put(Cell::Bytes, Form::Plain, b"1", NOWHERE);
        assert_eq!(row.column(Cell::Bytes), 0);
        for number in [0, 7, 10, 443, u64::MAX] {
            row.put_number(Cell::Packets, Form::Plain, number);
            assert_eq!(row.text(Cell::Packets).unwrap().0, number.to_string().as_bytes());
        }
        assert_eq!((row.number(Cell::Bytes), row.number(Cell::App)), (Some(1), None));
        row.clear();
        assert_eq!(row.text(Cell::App), None);
    }
}
