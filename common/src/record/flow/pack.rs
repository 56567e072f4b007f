//! A flow in as few bytes as serve, for those who keep many: some 70 for the usual fields, a ninth of a [`Flow`].
//!
//! First the bits that say which fields are present, then a byte with those that say which addresses are IPv6 and with
//! the digits of the time, then each field in order, in as many bytes as its kind needs; texts by length. Invariant:
//! equal flows have equal bytes, so bytes can stand for the flow where only sameness and some fixed order matter. For
//! memory, not for files.

use super::{Flow, slot};
use crate::record::field::{self, FieldId, Kind, RECORD};

/// Bytes of a field's cell; of a text those of its length.
const WIDTHS: [u8; RECORD.len()] = {
    let mut widths = [0; RECORD.len()];
    let mut i = 0;
    while i < RECORD.len() {
        widths[i] = match RECORD[i].kind {
            Kind::Integer(max) => (u64::BITS - max.leading_zeros()).div_ceil(8) as u8,
            Kind::Address | Kind::Text | Kind::Word(_) => 4,
            _ => 8,
        };
        i += 1;
    }
    widths
};

const fn is_text(id: usize) -> bool {
    matches!(RECORD[id].kind, Kind::Text | Kind::Word(_))
}

impl Flow {
    /// Appends the flow's bytes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.present.to_le_bytes());
        let start = out.len();
        out.push(if self.has(field::TIMESTAMP) { self.digits << 4 } else { 0 });
        for id in self.present() {
            let (at, width) = (usize::from(id.0), usize::from(WIDTHS[id.0 as usize]));
            if is_text(at) {
                let text = self.text(id).unwrap_or_default();
                out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            } else if self.wide >> id.0 & 1 == 1 {
                out[start] |= 1 << slot(id);
                out.extend_from_slice(&self.addresses[slot(id)].to_le_bytes());
            } else {
                // Eight bytes at once, of which the surplus is taken back.
                let end = out.len() + width;
                out.extend_from_slice(&self.cells[at].to_le_bytes());
                out.truncate(end);
            }
        }
    }

    /// Becomes the flow whose bytes these are, and says whether they are a flow's. Bytes may follow them.
    pub fn unpack(&mut self, bytes: &[u8]) -> bool {
        self.clear();
        self.read(bytes).is_some()
    }

    fn read(&mut self, bytes: &[u8]) -> Option<()> {
        let (present, bytes) = bytes.split_first_chunk::<8>()?;
        let (more, mut bytes) = bytes.split_first()?;
        self.digits = more >> 4;
        let mut left = u64::from_le_bytes(*present);
        while left != 0 {
            let id = FieldId(left.trailing_zeros() as u8);
            left &= left - 1;
            let at = usize::from(id.0);
            let width = usize::from(*WIDTHS.get(at)?);
            let is_address = matches!(RECORD[at].kind, Kind::Address);
            if is_address && more >> slot(id) & 1 == 1 {
                let (address, rest) = bytes.split_first_chunk::<16>()?;
                self.put(id, 0);
                self.wide |= 1 << id.0;
                self.addresses[slot(id)] = u128::from_le_bytes(*address);
                bytes = rest;
                continue;
            }
            let value = match bytes.first_chunk::<8>() {
                Some(eight) => u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * width)),
                None => {
                    let mut eight = [0; 8];
                    eight[..width].copy_from_slice(bytes.get(..width)?);
                    u64::from_le_bytes(eight)
                }
            };
            bytes = &bytes[width..];
            if is_text(at) {
                let (text, rest) = bytes.split_at_checked(usize::try_from(value).ok()?)?;
                self.set_text(id, std::str::from_utf8(text).ok()?);
                bytes = rest;
            } else {
                self.put(id, value);
            }
        }
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scan::{Clean, Scanner};

    const LINES: [&str; 3] = [
        r#"{"timestamp":"2015-01-22T08:03:34.035000Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"2001:db8::1","src_port":5,"dst_port":443,"protocol":6,"packets":9007199254740991,"bytes":0,"app":"a\"b","label":"benign","exporter":"::1","next_hop":"::2","clock":"ambiguous"}"#,
        r#"{"timestamp":"1969-12-31T23:59:59.999Z","dst_ip":"::","app":""}"#,
        r#"{"bytes":7}"#,
    ];

    #[test]
    fn a_flow_is_what_it_was() {
        let mut scanner = Scanner::new();
        let mut back = Flow::new();
        for line in LINES {
            let flow = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap().flow;
            let mut bytes = Vec::new();
            flow.pack(&mut bytes);
            assert!(back.unpack(&bytes) && &back == flow, "{line}");
            for end in 0..bytes.len() {
                assert!(!back.unpack(&bytes[..end]), "{line} {end}");
            }
        }
    }

    #[test]
    fn what_was_removed_leaves_nothing_behind() {
        let mut scanner = Scanner::new();
        let mut flow = scanner.scan(Clean::line(LINES[0].as_bytes()).unwrap()).unwrap().flow.clone();
        for id in crate::record::field::FieldId::all().filter(|id| *id != field::BYTES) {
            flow.remove(id);
        }
        flow.set_integer(field::BYTES, 7);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        flow.pack(&mut one);
        scanner.scan(Clean::line(LINES[2].as_bytes()).unwrap()).unwrap().flow.pack(&mut other);
        assert_eq!(one, other);
    }
}
