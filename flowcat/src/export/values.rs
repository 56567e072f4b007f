//! The fields of one record as they were exported: numbers, times, addresses, before they are put together.
//!
//! Invariant: filling it allocates nothing but the text of an application. What was not exported is absent.

use super::element::{Form, Load, Slot};
use super::time;

/// Slots: as many as there are bits.
const SLOTS: usize = 64;
const _: () = assert!((Slot::Probability as usize) < SLOTS, "a slot has a bit");

/// The fields of one record.
#[derive(Debug)]
pub(super) struct Values {
    present: u64,
    numbers: [u64; SLOTS],
    wide: [u128; 4],
    /// Decimals of the start's resolution.
    pub(super) digits: u8,
    /// The name of the application, if one is.
    pub(super) app: String,
}

impl Default for Values {
    fn default() -> Values {
        Values { present: 0, numbers: [0; SLOTS], wide: [0; 4], digits: 3, app: String::new() }
    }
}

/// Where an IPv6 address is.
fn place(slot: Slot) -> usize {
    match slot {
        Slot::Src6 => 0,
        Slot::Dst6 => 1,
        Slot::Next6 => 2,
        _ => 3,
    }
}

/// An unsigned number of at most eight bytes.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    Some(match bytes {
        [a] => u64::from(*a),
        [a, b] => u64::from(u16::from_be_bytes([*a, *b])),
        [a, b, c, d] => u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
        [a, b, c, d, e, f, g, h] => u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        [] => return None,
        _ if bytes.len() > 8 => return None,
        _ => bytes.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)),
    })
}

/// A float of four or eight bytes.
pub(super) fn float(bytes: &[u8]) -> Option<f64> {
    match number(bytes)? {
        bits if bytes.len() == 8 => Some(f64::from_bits(bits)),
        bits if bytes.len() == 4 => Some(f64::from(f32::from_bits(bits as u32))),
        _ => None,
    }
}

/// The text of bytes that may be filled up with zeros; `None` where they are no UTF-8.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&bytes[..end]).ok()
}

impl Values {
    /// Makes all fields absent.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.present = 0;
        self.digits = 3;
        self.app.clear();
    }

    /// Whether a field is there.
    #[inline]
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.present >> slot as u32 & 1 == 1
    }

    /// Whether one of the fields is there that a flow needs.
    pub(super) fn has_some(&self, slots: &[Slot]) -> bool {
        slots.iter().any(|slot| self.has(*slot))
    }

    /// A number.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<u64> {
        if self.has(slot) { Some(self.numbers[slot as usize]) } else { None }
    }

    /// A number that is not 0.
    #[inline]
    pub(super) fn some(&self, slot: Slot) -> Option<u64> {
        self.get(slot).filter(|n| *n != 0)
    }

    /// A time, in nanoseconds.
    #[inline]
    pub(super) fn nanos(&self, slot: Slot) -> Option<i64> {
        self.get(slot).map(|n| n as i64)
    }

    /// An IPv6 address.
    #[inline]
    pub(super) fn wide(&self, slot: Slot) -> Option<u128> {
        if self.has(slot) { Some(self.wide[place(slot)]) } else { None }
    }

    /// Sets a number.
    #[inline]
    pub(super) fn put(&mut self, slot: Slot, value: u64) {
        self.present |= 1 << slot as u32;
        self.numbers[slot as usize] = value;
    }

    /// Sets an IPv6 address.
    #[inline]
    pub(super) fn put_wide(&mut self, slot: Slot, address: u128) {
        self.present |= 1 << slot as u32;
        self.wide[place(slot)] = address;
    }

    /// Takes the bytes of a field.
    #[inline]
    pub(super) fn load(&mut self, load: Load, field: &[u8]) {
        match load {
            Load::Number(slot) => {
                if let Some(value) = number(field) {
                    self.put(slot, value);
                }
            }
            Load::Wide(slot) => {
                if let Some(bytes) = field.first_chunk() {
                    self.put_wide(slot, u128::from_be_bytes(*bytes));
                }
            }
            Load::Time(slot, form) => self.time(slot, form, field),
            other => self.rare(other, field),
        }
    }

    #[inline]
    fn time(&mut self, slot: Slot, form: Form, field: &[u8]) {
        let Some(nanos) = number(field).and_then(|value| time::absolute(value, form)) else { return };
        if matches!(slot, Slot::Start | Slot::Observed) {
            self.digits = form.digits();
        }
        self.put(slot, nanos as u64);
    }

    fn rare(&mut self, load: Load, field: &[u8]) {
        match load {
            Load::Flags(slot) => {
                if let Some(value) = number(field) {
                    self.put(slot, value | self.get(slot).unwrap_or(0));
                }
            }
            Load::Millis(slot) | Load::Micros(slot) => {
                let unit = if matches!(load, Load::Millis(_)) { 1_000_000 } else { 1000 };
                if let Some(value) = number(field) {
                    self.put(slot, value.saturating_mul(unit));
                }
            }
            Load::Float(slot) => {
                if let Some(value) = float(field) {
                    self.put(slot, value.to_bits());
                }
            }
            Load::App => {
                self.app.clear();
                self.app.push_str(text(field).unwrap_or_default());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_eight_bytes() {
        assert_eq!(number(&[]), None);
        assert_eq!(number(&[1, 0, 0]), Some(65_536));
        assert_eq!(number(&[255; 8]), Some(u64::MAX));
        assert_eq!(number(&[0; 9]), None);
        assert_eq!(float(&0.25f32.to_be_bytes()), Some(0.25));
        assert_eq!(float(&0.1f64.to_be_bytes()), Some(0.1));
        assert_eq!(float(&[0; 3]), None);
    }

    #[test]
    fn a_text_ends_before_the_zeros_that_fill_it_up() {
        assert_eq!((text(b"dns\0\0"), text(b"\0"), text(b"a\0b")), (Some("dns"), Some(""), Some("a\0b")));
        assert_eq!(text(b"\xff"), None);
    }
}
