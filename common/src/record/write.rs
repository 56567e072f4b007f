//! A flow as a line: `{"timestamp":...,"duration":...}` in the order of the table, absent fields left out.

use super::field::{FieldId, Kind};
use super::flow::Flow;
use crate::value::{number, text, time::TimeWriter};

/// Writes flows; keeps the text of the keys and the last date.
#[derive(Debug)]
pub struct Writer {
    /// `"name":` of each field.
    keys: Vec<Box<[u8]>>,
    times: TimeWriter,
}

impl Default for Writer {
    fn default() -> Self {
        Writer::new()
    }
}

impl Writer {
    /// A writer for the fields of the record.
    pub fn new() -> Writer {
        let key = |id: FieldId| format!("\"{}\":", id.name()).into_bytes().into();
        Writer { keys: FieldId::all().map(key).collect(), times: TimeWriter::default() }
    }

    /// Appends `{` and the flow's members, without the closing brace, so that others can follow.
    #[inline]
    pub fn members(&mut self, flow: &Flow, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        for id in flow.present() {
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(&self.keys[id.0 as usize]);
            self.value(flow, id, out);
        }
    }

    /// Appends the flow as a whole line.
    #[inline]
    pub fn line(&mut self, flow: &Flow, out: &mut Vec<u8>) {
        self.members(flow, out);
        out.extend_from_slice(b"}\n");
    }

    /// Appends one value as JSON; nothing where the field is absent.
    #[inline]
    pub fn value(&mut self, flow: &Flow, id: FieldId, out: &mut Vec<u8>) {
        match id.field().kind {
            Kind::Time => {
                if let Some(time) = flow.time() {
                    out.push(b'"');
                    self.times.write(time, flow.time_digits(), out);
                    out.push(b'"');
                }
            }
            Kind::Seconds => {
                if let Some(nanos) = flow.duration() {
                    number::write_seconds(nanos, out);
                }
            }
            Kind::Address => {
                if let Some(address) = flow.address(id) {
                    out.push(b'"');
                    address.write(out);
                    out.push(b'"');
                }
            }
            Kind::Integer(_) => {
                if let Some(value) = flow.integer(id) {
                    number::write_integer(value, out);
                }
            }
            Kind::Text | Kind::Word(_) => {
                if let Some(value) = flow.text(id) {
                    text::write_json(value, out);
                }
            }
            Kind::Truth | Kind::Number | Kind::Words => {}
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
