//! Fields that are none of the record's, as members of the line (`--keep-extra`).
//!
//! Integers beyond 2^53 are written as text, because many readers would round them; bytes that are no UTF-8, and those
//! of unknown elements, as hex digits. Invariant: what is written is one JSON value.

use super::element::{Form, Type};
use super::time;
use super::values::{float, number, text};
use flow_record::value::Address;
use flow_record::value::number::{MAX_INTEGER, write_float, write_integer};
use flow_record::value::text::write_json;
use flow_record::value::time::{Time, TimeWriter};
use std::net::IpAddr;

/// Appends the value of a field; `false` where it has none.
pub(super) fn write(kind: Type, field: &[u8], out: &mut Vec<u8>) -> bool {
    match kind {
        _ if field.is_empty() => return false,
        Type::Unsigned => match number(field) {
            Some(value) => unsigned(value, out),
            None => hex(field, out),
        },
        Type::Signed => match number(field) {
            Some(value) => {
                let spare = 64 - 8 * field.len() as u32;
                let value = (value << spare) as i64 >> spare;
                if value < 0 {
                    out.push(b'-');
                }
                write_integer(value.unsigned_abs(), out);
            }
            None => hex(field, out),
        },
        Type::Float => match float(field).filter(|value| value.is_finite()) {
            Some(value) => write_float(value, out),
            None => return false,
        },
        // RFC 7011, section 6.1.5: 1 is true, 2 is false.
        Type::Truth => match field {
            [1] => out.extend_from_slice(b"true"),
            [2] => out.extend_from_slice(b"false"),
            _ => hex(field, out),
        },
        Type::V4 => match field.first_chunk::<4>().filter(|_| field.len() == 4) {
            Some(bytes) => address(IpAddr::from(*bytes), out),
            None => hex(field, out),
        },
        Type::V6 => match field.first_chunk::<16>().filter(|_| field.len() == 16) {
            Some(bytes) => address(IpAddr::from(*bytes), out),
            None => hex(field, out),
        },
        Type::Mac if field.len() == 6 => mac(field, out),
        Type::Text => match text(field) {
            Some(text) => write_json(text, out),
            None => hex(field, out),
        },
        Type::Seconds => return moment(Form::Seconds, field, 4, out),
        Type::Millis => return moment(Form::Millis, field, 8, out),
        Type::Micros => return moment(Form::Micros, field, 8, out),
        Type::Nanos => return moment(Form::Nanos, field, 8, out),
        Type::Mac | Type::Octets => hex(field, out),
    }
    true
}

fn unsigned(value: u64, out: &mut Vec<u8>) {
    let quote: &[u8] = if value > MAX_INTEGER { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    write_integer(value, out);
    out.extend_from_slice(quote);
}

fn address(address: IpAddr, out: &mut Vec<u8>) {
    out.push(b'"');
    Address(address).write(out);
    out.push(b'"');
}

fn moment(form: Form, field: &[u8], length: usize, out: &mut Vec<u8>) -> bool {
    let value = number(field).filter(|_| field.len() == length);
    if value == Some(0) {
        return false;
    }
    let time = value.and_then(|value| time::absolute(value, form));
    match time {
        Some(nanos) => {
            out.push(b'"');
            TimeWriter::default().write(Time(nanos), form.digits(), out);
            out.push(b'"');
        }
        None => hex(field, out),
    }
    true
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn pair(byte: u8, out: &mut Vec<u8>) {
    out.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
}

fn mac(field: &[u8], out: &mut Vec<u8>) {
    for (i, byte) in field.iter().enumerate() {
        out.push(if i == 0 { b'"' } else { b':' });
        pair(*byte, out);
    }
    out.push(b'"');
}

fn hex(field: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    field.iter().for_each(|byte| pair(*byte, out));
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(kind: Type, field: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        write(kind, field, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_type_becomes_one_json_value() {
        for (kind, field, expected) in [
            (Type::Unsigned, &[1, 0][..], Some("256")),
            (Type::Unsigned, &[255; 8], Some("\"18446744073709551615\"")),
            (Type::Unsigned, &[0; 9], Some("\"000000000000000000\"")),
            (Type::Signed, &[255, 254], Some("-2")),
            (Type::Signed, &[127], Some("127")),
            (Type::Float, &0.5f64.to_be_bytes(), Some("0.5")),
            (Type::Float, &f64::NAN.to_be_bytes(), None),
            (Type::Truth, &[1], Some("true")),
            (Type::Truth, &[2], Some("false")),
            (Type::Truth, &[3], Some("\"03\"")),
            (Type::V4, &[10, 0, 0, 1], Some("\"10.0.0.1\"")),
            (Type::V4, &[10, 0, 0], Some("\"0a0000\"")),
            (Type::Mac, &[0, 1, 2, 3, 4, 255], Some("\"00:01:02:03:04:ff\"")),
            (Type::Text, b"a\"\0", Some("\"a\\\"\"")),
            (Type::Text, b"\xff", Some("\"ff\"")),
            (Type::Millis, &1_666_350_478_660u64.to_be_bytes(), Some("\"2022-10-21T11:07:58.660Z\"")),
            (Type::Octets, b"", None),
        ] {
            assert_eq!(written(kind, field).as_deref(), expected, "{kind:?} {field:?}");
        }
    }
}
