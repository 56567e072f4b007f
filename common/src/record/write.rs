//! A flow as a line: `{"timestamp":...,"duration":...}` in the order of the table, absent fields left out.

use super::field::{FieldId, Kind, RECORD};
use super::flow::Flow;
use crate::value::{number, text, time::TimeWriter};

/// Longest `,"name":` of a field, and what a key takes up in the line buffer.
const KEY: usize = 24;

/// Room for every field but texts: a key and the longest value, an address, of each; and for the last copy's surplus.
const ROOM: usize = (RECORD.len() + 1) * (KEY + 48);

/// What the buffer and the flow's bits count on is checked when this is compiled.
const _: () = {
    assert!(RECORD.len() <= 64, "a flow has a bit for each field");
    let mut i = 0;
    while i < RECORD.len() {
        assert!(RECORD[i].name.len() + 4 <= KEY, "a key fits its room");
        i += 1;
    }
};

/// Writes flows; keeps the text of the keys and the last date.
///
/// A line is put together in a buffer of fixed size, by copies of fixed size whose surplus the next one overwrites:
/// that spares the many short copies of unknown length that appending would cost.
#[derive(Debug)]
pub struct Writer {
    /// `,"name":` of each field, padded, and its length.
    keys: Vec<([u8; KEY], usize)>,
    times: TimeWriter,
    buffer: Box<[u8; ROOM]>,
}

impl Default for Writer {
    fn default() -> Self {
        Writer::new()
    }
}

impl Writer {
    /// A writer for the fields of the record.
    pub fn new() -> Writer {
        let key = |id: FieldId| {
            let text = format!(",\"{}\":", id.name());
            let mut padded = [0; KEY];
            padded[..text.len()].copy_from_slice(text.as_bytes());
            (padded, text.len())
        };
        Writer { keys: FieldId::all().map(key).collect(), times: TimeWriter::default(), buffer: Box::new([0; ROOM]) }
    }

    /// Appends `{` and the flow's members, without the closing brace, so that others can follow.
    #[inline]
    pub fn members(&mut self, flow: &Flow, out: &mut Vec<u8>) {
        let start = out.len();
        let mut at = 0;
        for id in flow.present() {
            let (key, len) = &self.keys[id.0 as usize];
            self.buffer[at..at + KEY].copy_from_slice(key);
            at += len;
            if matches!(id.field().kind, Kind::Text | Kind::Word(_)) {
                // A text has no bound, so what there is goes first.
                out.extend_from_slice(&self.buffer[..at]);
                at = 0;
                self.value(flow, id, out);
            } else {
                at += self.plain(flow, id, at);
            }
        }
        out.extend_from_slice(&self.buffer[..at]);
        match out.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
    }

    /// Appends the flow as a whole line.
    #[inline]
    pub fn line(&mut self, flow: &Flow, out: &mut Vec<u8>) {
        self.members(flow, out);
        out.extend_from_slice(b"}\n");
    }

    /// Puts the value of a field that is no text at `at` of the buffer; answers its length.
    #[inline]
    fn plain(&mut self, flow: &Flow, id: FieldId, at: usize) -> usize {
        let Some(space) = self.buffer[at..].first_chunk_mut::<48>() else { return 0 };
        match id.field().kind {
            Kind::Integer(_) => flow.integer(id).map_or(0, |v| number::put_integer(v, space)),
            Kind::Time => flow.time().map_or(0, |t| {
                space[0] = b'"';
                let len = self.times.put(t, flow.time_digits(), space, 1);
                space[1 + len] = b'"';
                len + 2
            }),
            Kind::Address => flow.address(id).map_or(0, |a| {
                space[0] = b'"';
                let len = a.put(space, 1);
                space[1 + len] = b'"';
                len + 2
            }),
            Kind::Seconds => flow.duration().map_or(0, |nanos| number::put_seconds(nanos, space)),
            _ => 0,
        }
    }

    /// Appends one value as JSON; nothing where the field is absent.
    pub fn value(&mut self, flow: &Flow, id: FieldId, out: &mut Vec<u8>) {
        match id.field().kind {
            Kind::Text | Kind::Word(_) => {
                if let Some(value) = flow.text(id) {
                    text::write_json(value, out);
                }
            }
            _ => {
                let len = self.plain(flow, id, 0);
                out.extend_from_slice(&self.buffer[..if flow.has(id) { len } else { 0 }]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::field;
    use crate::value::{Address, Time};

    #[test]
    fn writes_present_fields_in_the_order_of_the_table() {
        let mut flow = Flow::new();
        flow.set_integer(field::BYTES, 10_752);
        flow.set_address(field::SRC_IP, Address([10, 0, 0, 200].into()));
        flow.set_time(Time(1_421_913_814_035_000_000), 3);
        flow.set_duration(500_000_000);
        flow.set_text(field::APP, "a\"b");
        let mut out = Vec::new();
        Writer::new().line(&flow, &mut out);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "{\"timestamp\":\"2015-01-22T08:03:34.035Z\",\"duration\":0.5,\"src_ip\":\"10.0.0.200\",\"bytes\":10752,\"app\":\"a\\\"b\"}\n"
        );
    }
}
