//! Values as text and as JSON, by what they stand for.
//!
//! Invariant: what is out of range becomes a text that no field takes, so that it is rejected and told, and never another
//! value.

use super::cells::Value;
use super::meaning::Meaning;
use flow_record::value::number::{write_float, write_integer, write_sum};
use flow_record::value::time::{TimeWriter, date_text};
use flow_record::value::{Address, Time};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Days from 1970 in either direction that a time can be in.
const MOST_DAYS: i64 = 106_751;

/// Writes values; remembers the day of the last time.
#[derive(Debug, Default)]
pub(crate) struct Scribe {
    times: TimeWriter,
    text: Vec<u8>,
}

/// The time at so many parts of a second of so many decimals, if it is one that can be written down.
pub(crate) fn time(parts: i64, decimals: u8) -> Option<Time> {
    let second = 10i64.pow(decimals.into());
    let nanos = parts.rem_euclid(second) * 10i64.pow(9 - u32::from(decimals));
    Time::from_seconds(parts.div_euclid(second), nanos)
}

impl Scribe {
    /// Appends a value as text; whether it has one.
    pub(crate) fn write_text(&mut self, value: Value<'_>, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        match (value, meaning) {
            (_, Meaning::Other) => return false,
            (Value::Integer(parts), Meaning::Time { decimals, is_utc }) => match time(parts, decimals) {
                Some(time) => {
                    self.times.write(time, decimals, out);
                    // Without it the time is one of a clock.
                    let zone = usize::from(!is_utc);
                    out.truncate(out.len() - zone);
                }
                None => {
                    let unit = [" ms", " us", " ns"].get(usize::from(decimals / 3).saturating_sub(1)).unwrap_or(&"");
                    return write!(out, "{parts}{unit} since 1970").is_ok();
                }
            },
            (Value::Integer(days), Meaning::Date) => {
                if days.abs() > MOST_DAYS {
                    return write!(out, "{days} days since 1970").is_ok();
                }
                out.extend_from_slice(&date_text(days));
                out.extend_from_slice(b" 00:00:00");
            }
            (Value::Integer(parts), Meaning::Clock { decimals }) => {
                let second = 10i64.pow(u32::from(decimals));
                let (seconds, parts) = (parts.div_euclid(second), parts.rem_euclid(second));
                let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
                let width = usize::from(decimals);
                return write!(out, "{hour:02}:{minute:02}:{:02}.{parts:0width$}", seconds % 60).is_ok();
            }
            (Value::Integer(value), Meaning::Decimal(places)) => write_decimal(value.into(), places, out),
            (Value::Bytes(bytes), Meaning::Decimal(places)) => match wide(bytes) {
                Some(value) => write_decimal(value, places, out),
                None => return write!(out, "a number of {} bytes", bytes.len()).is_ok(),
            },
            (Value::Integer(value), Meaning::Unsigned) => write_integer(value.cast_unsigned(), out),
            (Value::Integer(value), _) => write_decimal(value.into(), 0, out),
            (Value::Bytes(&[low, high]), Meaning::Half) => {
                let value = half(u16::from_le_bytes([low, high]));
                return self.write_text(Value::Number(value), Meaning::Plain, out);
            }
            (Value::Number(value), _) if !value.is_finite() => return false,
            (Value::Number(value), _) => write_float(value, out),
            (Value::Truth(value), _) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            (Value::Bytes(bytes), Meaning::Address) => match address(bytes) {
                Some(address) => address.write(out),
                None => return false,
            },
            (Value::Bytes(text), _) => out.extend_from_slice(text),
        }
        true
    }

    /// Appends a value as JSON; whether it has one. Bytes that are no UTF-8 are shown as a lossy text.
    pub(crate) fn write_json(&mut self, value: Value<'_>, meaning: Meaning, out: &mut Vec<u8>) -> bool {
        let is_number = match value {
            Value::Truth(_) => true,
            Value::Integer(_) | Value::Number(_) => {
                matches!(meaning, Meaning::Plain | Meaning::Unsigned | Meaning::Decimal(_))
            }
            Value::Bytes(bytes) => match meaning {
                Meaning::Half => true,
                Meaning::Decimal(_) => wide(bytes).is_some(),
                _ => false,
            },
        };
        if is_number {
            return self.write_text(value, meaning, out);
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let has_text = self.write_text(value, meaning, &mut text);
        if has_text {
            flow_record::value::text::write_json(&String::from_utf8_lossy(&text), out);
        }
        self.text = text;
        has_text
    }
}

/// Appends a number in parts of ten to the power of `places`, exactly, without zeros at its end.
fn write_decimal(value: i128, places: u8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let start = out.len();
    write_sum(value.unsigned_abs(), out);
    let places = usize::from(places);
    if places == 0 {
        return;
    }
    let zeros = (places + 1).saturating_sub(out.len() - start);
    out.splice(start..start, std::iter::repeat_n(b'0', zeros));
    let point = out.len() - places;
    out.insert(point, b'.');
    while out.last() == Some(&b'0') {
        out.pop();
    }
    out.pop_if(|last| *last == b'.');
}

/// A number in two's complement, the highest byte first, if it has at most 128 bits.
fn wide(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { 0xff };
    let (above, low) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut all = [sign; 16];
    all[16 - low.len()..].copy_from_slice(low);
    let value = i128::from_be_bytes(all);
    let is_same = (value < 0) == (sign == 0xff) && above.iter().all(|byte| *byte == sign);
    is_same.then_some(value)
}

/// A floating point number of two bytes (IEEE 754, binary16).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { value } else { -value }
}

/// The address that bytes are, the highest first.
fn address(bytes: &[u8]) -> Option<Address> {
    let address = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    Some(Address(address))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(value: Value<'_>, meaning: Meaning) -> Option<String> {
        let mut out = Vec::new();
        Scribe::default().write_text(value, meaning, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn decimals_are_exact() {
        for (value, places, wanted) in [
            (0, 3, "0"),
            (1, 3, "0.001"),
            (-1, 3, "-0.001"),
            (1500, 3, "1.5"),
            (-12_000, 3, "-12"),
            (100, 0, "100"),
            (9_007_199_254_740_993, 1, "900719925474099.3"),
            (i64::MIN.into(), 18, "-9.223372036854775808"),
        ] {
            let mut out = b"x".to_vec();
            write_decimal(value, places, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{wanted}"));
            for bytes in [&value.to_be_bytes()[..], &[&[(value >> 127) as u8; 16][..], &value.to_be_bytes()].concat()] {
                assert_eq!(text(Value::Bytes(bytes), Meaning::Decimal(places)).unwrap(), wanted);
            }
        }
        for (bytes, wanted) in [(&[0xff][..], "-1"), (&[0, 0x80], "128"), (&[0x80], "-128"), (&[1, 0, 0], "65536")] {
            assert_eq!(text(Value::Bytes(bytes), Meaning::Decimal(0)).unwrap(), wanted);
        }
        for bytes in [&[][..], &[1; 17], &[&[0; 1][..], &[0x80; 16]].concat(), &[&[0xff; 1][..], &[0x7f; 16]].concat()]
        {
            let said = text(Value::Bytes(bytes), Meaning::Decimal(0)).unwrap();
            assert_eq!(said, format!("a number of {} bytes", bytes.len()));
        }
    }

    #[test]
    fn halves_are_what_they_are() {
        for (bits, value) in [
            (0x0000u16, Some("0")),
            (0x0001, Some("0.000000059604644775390625")),
            (0x03ff, Some("0.00006097555160522461")),
            (0x0400, Some("0.00006103515625")),
            (0x3c00, Some("1")),
            (0x3555, Some("0.333251953125")),
            (0xc100, Some("-2.5")),
            (0x7bff, Some("65504")),
            (0x7c00, None),
            (0x7e00, None),
        ] {
            let bytes = bits.to_le_bytes();
            let said = text(Value::Bytes(&bytes), Meaning::Half).map(|t| t.parse::<f64>().unwrap());
            assert_eq!(said, value.map(|v| v.parse().unwrap()), "{bits:x}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_no_other_time() {
        let utc = |decimals| Meaning::Time { decimals, is_utc: true };
        for (value, meaning, wanted) in [
            (0, utc(9), "1970-01-01T00:00:00.000000000Z"),
            (-1, utc(6), "1969-12-31T23:59:59.999999Z"),
            (-1, Meaning::Time { decimals: 3, is_utc: false }, "1969-12-31T23:59:59.999"),
            (i64::MAX, utc(9), "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, utc(9), "-9223372036854775808 ns since 1970"),
            (i64::MIN, utc(3), "-9223372036854775808 ms since 1970"),
            (i64::MAX, utc(6), "9223372036854775807 us since 1970"),
            (19_000, Meaning::Date, "2022-01-08 00:00:00"),
            (106_751, Meaning::Date, "2262-04-11 00:00:00"),
            (106_752, Meaning::Date, "106752 days since 1970"),
            (i32::MIN.into(), Meaning::Date, "-2147483648 days since 1970"),
            (i32::MAX.into(), Meaning::Date, "2147483647 days since 1970"),
        ] {
            assert_eq!(text(Value::Integer(value), meaning).unwrap(), wanted);
        }
    }

    #[test]
    fn bytes_that_are_addresses_are_written_as_these() {
        let mapped = [&[0; 10][..], &[0xff, 0xff, 10, 0, 0, 1]].concat();
        for (bytes, wanted) in [
            (&[10, 0, 0, 1][..], Some("10.0.0.1")),
            (&[0; 16], Some("::")),
            (&mapped, Some("::ffff:10.0.0.1")),
            (&[1; 5], None),
        ] {
            assert_eq!(text(Value::Bytes(bytes), Meaning::Address).as_deref(), wanted);
        }
    }
}
