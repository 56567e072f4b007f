//! A flow in as few bytes as serve, for those who keep many: some 50 for the usual fields, a seventh of a [`Flow`].
//!
//! First the bits that say which fields are present and which are IPv6, then the digits of the time, then each field in
//! order: integers as LEB128, IPv6 addresses as 16 bytes, texts by length. Invariant: equal flows have equal bytes, so
//! bytes can stand for the flow where only sameness and some fixed order matter. For memory, not for files.

use super::{Flow, slot};
use crate::record::field::{self, FieldId, Kind, RECORD};
use crate::value::Time;

/// Appends an integer, seven bits a byte, the lowest first.
#[inline]
fn put(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes an integer off the front.
#[inline]
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if *byte < 0x80 {
            *bytes = &bytes[i + 1..];
            return Some(value);
        }
    }
    None
}

impl Flow {
    /// Appends the flow's bytes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        put(self.present, out);
        put(self.wide & self.present, out);
        out.push(if self.has(field::TIMESTAMP) { self.digits } else { 0 });
        for id in self.present() {
            let cell = self.cells[id.0 as usize];
            match id.field().kind {
                Kind::Text | Kind::Word(_) => {
                    let text = self.text(id).unwrap_or_default();
                    put(text.len() as u64, out);
                    out.extend_from_slice(text.as_bytes());
                }
                Kind::Address if self.wide >> id.0 & 1 == 1 => {
                    out.extend_from_slice(&self.addresses[slot(id)].to_be_bytes());
                }
                _ => put(cell, out),
            }
        }
    }

    /// Becomes the flow whose bytes these are, and says whether they are a flow's.
    pub fn unpack(&mut self, bytes: &[u8]) -> bool {
        self.clear();
        self.read(bytes).is_some()
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let (present, wide) = (take(&mut bytes)?, take(&mut bytes)?);
        let (digits, mut bytes) = bytes.split_first()?;
        let mut left = present;
        while left != 0 {
            let id = FieldId(left.trailing_zeros() as u8);
            left &= left - 1;
            match RECORD.get(usize::from(id.0))?.kind {
                Kind::Text | Kind::Word(_) => {
                    let length = usize::try_from(take(&mut bytes)?).ok()?;
                    let (text, rest) = bytes.split_at_checked(length)?;
                    self.set_text(id, std::str::from_utf8(text).ok()?);
                    bytes = rest;
                }
                Kind::Address if wide >> id.0 & 1 == 1 => {
                    let (address, rest) = bytes.split_first_chunk::<16>()?;
                    self.put(id, 0);
                    self.wide |= 1 << id.0;
                    self.addresses[slot(id)] = u128::from_be_bytes(*address);
                    bytes = rest;
                }
                Kind::Time => self.set_time(Time(take(&mut bytes)? as i64), *digits),
                _ => {
                    let value = take(&mut bytes)?;
                    self.put(id, value);
                }
            }
        }
        bytes.is_empty().then_some(())
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
