//! A flow as a line: `{"timestamp":...,"duration":...}` in the order of the table, absent fields left out.

use super::field::{FieldId, Kind, RECORD};
use super::flow::Flow;
use crate::value::{number, text, time::TimeWriter};

/// Longest `,"name":` of a field, and what a key takes up in the line buffer.
const KEY: usize = 24;

/// Room for the longest value, an address in full.
const VALUE: usize = 48;

/// Room for every field but texts: a key and the longest value, an address, of each; and for the last copy's surplus.
const ROOM: usize = (RECORD.len() + 1) * (KEY + VALUE);

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
    keys: Vec<Key>,
    times: TimeWriter,
    buffer: Box<[u8; ROOM]>,
}

/// What the writer knows of a field.
#[derive(Debug)]
struct Key {
    /// `,"name":`, padded.
    text: [u8; KEY],
    len: u8,
    form: Form,
}

/// How a field is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Integer,
    Address,
    Time,
    Seconds,
    Text,
}

impl Form {
    fn of(kind: Kind) -> Form {
        match kind {
            Kind::Integer(_) => Form::Integer,
            Kind::Address => Form::Address,
            Kind::Time => Form::Time,
            Kind::Seconds => Form::Seconds,
            _ => Form::Text,
        }
    }
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
            Key { text: padded, len: text.len() as u8, form: Form::of(id.field().kind) }
        };
        Writer { keys: FieldId::all().map(key).collect(), times: TimeWriter::default(), buffer: Box::new([0; ROOM]) }
    }

    /// Appends `{` and the flow's members, without the closing brace, so that others can follow.
    #[inline]
    pub fn members(&mut self, flow: &Flow, out: &mut Vec<u8>) {
        let start = out.len();
        let mut at = 0;
        for id in flow.present() {
            let key = &self.keys[id.0 as usize];
            let (len, form) = (usize::from(key.len), key.form);
            // There is always room: a line is no longer than all its fields.
            let Some(space) = self.buffer.get_mut(at..).and_then(|b| b.first_chunk_mut::<{ KEY + VALUE }>()) else {
                break;
            };
            space[..KEY].copy_from_slice(&key.text);
            let Some(space) = space.get_mut(len..).and_then(|b| b.first_chunk_mut()) else { break };
            at += len;
            if let Form::Text = form {
                // A text has no bound, so what there is goes first.
                out.extend_from_slice(&self.buffer[..at]);
                at = 0;
                self.value(flow, id, out);
            } else {
                at += plain(&mut self.times, flow, id, form, space);
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

    /// Appends one value as JSON; nothing where the field is absent.
    pub fn value(&mut self, flow: &Flow, id: FieldId, out: &mut Vec<u8>) {
        match id.field().kind {
            Kind::Text | Kind::Word(_) => {
                if let Some(value) = flow.text(id) {
                    text::write_json(value, out);
                }
            }
            _ => {
                let mut space = [0; VALUE];
                let len = plain(&mut self.times, flow, id, Form::of(id.field().kind), &mut space);
                out.extend_from_slice(&space[..if flow.has(id) { len } else { 0 }]);
            }
        }
    }
}

/// Puts the value of a field that is no text at the start of `space`; answers its length.
#[inline]
fn plain(times: &mut TimeWriter, flow: &Flow, id: FieldId, form: Form, space: &mut [u8; VALUE]) -> usize {
    match form {
        Form::Integer => flow.integer(id).map_or(0, |v| number::put_integer(v, space)),
        Form::Time => flow.time().map_or(0, |t| {
            space[0] = b'"';
            let len = times.put(t, flow.time_digits(), space, 1);
            space[1 + len] = b'"';
            len + 2
        }),
        Form::Address => flow.address(id).map_or(0, |a| {
            space[0] = b'"';
            let len = a.put(space, 1);
            space[1 + len] = b'"';
            len + 2
        }),
        Form::Seconds => flow.duration().map_or(0, |nanos| number::put_seconds(nanos, space)),
        Form::Text => 0,
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
