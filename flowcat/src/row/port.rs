//! Ports, and the type and code of ICMP that tools hide in them.
//!
//! nfdump prints ICMP's destination port as `type * 256 + code`, or as `type.code`, which tells ICMP even where it leaves
//! the protocol out; Zeek has the type as the source port and the code as the destination port, or, where the type is
//! one that is answered, the answer's type. In the record ICMP's ports are 0 and type and code are fields of their own.

use super::count::{count, count_or_hex};
use super::{Cell, Form, Row};
use flow_record::map::Map;
use flow_record::net::service::Services;
use flow_record::record::Flow;
use flow_record::record::field;

/// ICMP and ICMPv6.
#[inline]
pub(super) fn is_icmp(protocol: u64) -> bool {
    matches!(protocol, 1 | 58)
}

/// Sets ports, and type and code. `exact` says that a source port of 0 beside a destination port means a type and code
/// even where that is 0.
///
/// # Errors
/// The cell that cannot be read.
#[inline]
pub(super) fn set_ports(row: &Row, flow: &mut Flow, exact: bool, services: &mut Names) -> Result<(), Cell> {
    match flow.integer(field::PROTOCOL) {
        Some(protocol) if is_icmp(protocol) => icmp(row, flow, exact),
        None if exact && has_type_dot_code(row) => icmp(row, flow, exact),
        _ => {
            port(row, flow, Cell::SrcPort, field::SRC_PORT, services)?;
            port(row, flow, Cell::DstPort, field::DST_PORT, services)
        }
    }
}

/// A port, which may be the name of its service.
#[inline]
fn port(row: &Row, flow: &mut Flow, cell: Cell, id: field::FieldId, services: &mut Names) -> Result<(), Cell> {
    match row.text(cell) {
        Some((text, _)) if !text[0].is_ascii_digit() => {
            let port = services.port(flow.protocol(), text).ok_or(cell)?;
            flow.set_integer(id, port);
            Ok(())
        }
        _ => set(row, flow, cell, id),
    }
}

/// The ports of services by their names, from IANA's registry; made when the first name is met.
#[derive(Debug, Default)]
pub(super) struct Names {
    ports: Map<(&'static str, u8), u16>,
}

/// Protocols that have ports with names.
const NAMED: [u8; 4] = [6, 17, 132, 33];

impl Names {
    /// The port of a service, of TCP or UDP where the protocol has none of this name.
    #[cold]
    fn port(&mut self, protocol: Option<u8>, name: &[u8]) -> Option<u64> {
        let name = std::str::from_utf8(name).ok()?;
        if self.ports.is_empty() {
            let services = Services::registered();
            let all = NAMED.into_iter().flat_map(|p| (0..=u16::MAX).map(move |port| (p, port)));
            for (protocol, port) in all {
                if let Some(name) = services.name(protocol, port) {
                    self.ports.entry((name, protocol)).or_insert(port);
                }
            }
        }
        let found = protocol.into_iter().chain([6, 17]).find_map(|p| self.ports.get(&(name, p)));
        found.map(|port| u64::from(*port))
    }
}

#[inline]
fn set(row: &Row, flow: &mut Flow, cell: Cell, id: field::FieldId) -> Result<(), Cell> {
    match row.text(cell) {
        None => Ok(()),
        Some((text, _)) => match count_or_hex(text) {
            Some(port) if flow.set_integer(id, port) => Ok(()),
            _ => Err(cell),
        },
    }
}

fn icmp(row: &Row, flow: &mut Flow, exact: bool) -> Result<(), Cell> {
    let explicit = row.has(Cell::IcmpType) || row.has(Cell::IcmpCode);
    if explicit {
        set(row, flow, Cell::IcmpType, field::ICMP_TYPE)?;
        set(row, flow, Cell::IcmpCode, field::ICMP_CODE)?;
    } else if let Some((kind, code)) = hidden(row, flow, exact)? {
        flow.set_integer(field::ICMP_TYPE, kind);
        if let Some(code) = code {
            flow.set_integer(field::ICMP_CODE, code);
        }
    }
    let is_whole = flow.has(field::PROTOCOL);
    for (cell, id) in [(Cell::SrcPort, field::SRC_PORT), (Cell::DstPort, field::DST_PORT)] {
        if row.has(cell) || is_whole && (explicit || row.has(Cell::SrcPort) || row.has(Cell::DstPort)) {
            flow.set_integer(id, 0);
        }
    }
    Ok(())
}

/// Type and code from the texts of the ports.
fn hidden(row: &Row, flow: &Flow, exact: bool) -> Result<Option<(u64, Option<u64>)>, Cell> {
    if let Some((src, Form::CodeAndType)) = row.text(Cell::SrcPort) {
        let src = count_or_hex(src).filter(|v| *v <= 65_535).ok_or(Cell::SrcPort)?;
        if flow.protocol() != Some(58) {
            return Ok(Some((src & 255, Some(src >> 8))));
        }
        let code = row.text(Cell::DstPort).and_then(|(dst, _)| count_or_hex(dst)).filter(|code| *code < 256);
        return Ok(Some((src & 255, code)));
    }
    let Some((dst, form)) = row.text(Cell::DstPort) else { return Ok(None) };
    let src = row.text(Cell::SrcPort).map_or(&b""[..], |(text, _)| text);
    if !src.contains(&b'.')
        && let Some(pair) = type_dot_code(dst)
    {
        return Ok(Some((pair.0, Some(pair.1))));
    }
    let dst = count_or_hex(dst).filter(|v| *v <= 65_535).ok_or(Cell::DstPort)?;
    let src = match src {
        // Without its other half the number may be the identifier of an echo.
        b"" if !exact => return Ok(None),
        b"" => 0,
        text => count_or_hex(text).filter(|v| *v <= 65_535).ok_or(Cell::SrcPort)?,
    };
    Ok(match form {
        Form::TypeAndCode if src < 256 && dst < 256 => {
            let is_answer = answer(flow.protocol() == Some(58), src) == Some(dst);
            Some((src, Some(if is_answer { 0 } else { dst })))
        }
        // From a tool that is not known, a small number beside 0 may be anything.
        _ if src == 0 && (exact || dst >= 256) => Some((dst >> 8, Some(dst & 255))),
        _ => None,
    })
}

/// Whether the destination port is no port, but a type and a code.
fn has_type_dot_code(row: &Row) -> bool {
    row.text(Cell::DstPort).is_some_and(|(text, _)| type_dot_code(text).is_some())
}

/// The type that answers a type, which Zeek gives in place of the code; all of these have code 0 alone (RFC 792, 950,
/// 1256, 4443, 4861, 2710).
fn answer(is_v6: bool, kind: u64) -> Option<u64> {
    const V4: [(u64, u64); 5] = [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
    const V6: [(u64, u64); 6] = [(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)];
    let pairs: &[(u64, u64)] = if is_v6 { &V6 } else { &V4 };
    pairs.iter().find_map(|(a, b)| match kind {
        _ if kind == *a => Some(*b),
        _ if kind == *b => Some(*a),
        _ => None,
    })
}

fn type_dot_code(text: &[u8]) -> Option<(u64, u64)> {
    let point = text.iter().position(|b| *b == b'.')?;
    let (kind, code) = (count(&text[..point])?, count(&text[point + 1..])?);
    (kind < 256 && code < 256).then_some((kind, code))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(
        protocol: impl Into<Option<u64>>,
        src: &str,
        dst: &str,
        form: Form,
        exact: bool,
    ) -> Result<[Option<u64>; 4], Cell> {
        let mut row = Row::default();
        row.put(Cell::SrcPort, form, src.as_bytes(), 0);
        row.put(Cell::DstPort, form, dst.as_bytes(), 0);
        let mut flow = Flow::new();
        if let Some(protocol) = protocol.into() {
            flow.set_integer(field::PROTOCOL, protocol);
        }
        set_ports(&row, &mut flow, exact, &mut Names::default())?;
        Ok([field::SRC_PORT, field::DST_PORT, field::ICMP_TYPE, field::ICMP_CODE].map(|id| flow.integer(id)))
    }

    #[test]
    fn every_encoding_of_type_and_code_becomes_the_same() {
        let echo = Ok([Some(0), Some(0), Some(8), Some(0)]);
        assert_eq!(read(1, "0", "2048", Form::Plain, true), echo);
        assert_eq!(read(1, "0", "8.0", Form::Plain, true), echo);
        assert_eq!(read(1, "0", "2048.0", Form::Plain, true), echo);
        assert_eq!(read(1, "0.0", "2048.0", Form::Plain, false), echo);
        assert_eq!(read(1, "8", "0", Form::TypeAndCode, false), echo);
        assert_eq!(read(None, "", "8.0", Form::Plain, true), Ok([None, Some(0), Some(8), Some(0)]));
        assert_eq!(read(None, "", "8.0", Form::Plain, false), Ok([None, Some(8), None, None]));
        assert_eq!(read(None, "", "443.0", Form::Plain, true), Ok([None, Some(443), None, None]));
        assert_eq!(read(58, "", "32768", Form::Plain, true), Ok([Some(0), Some(0), Some(128), Some(0)]));
    }

    #[test]
    fn a_zero_is_an_echo_reply_only_where_the_tool_is_known() {
        assert_eq!(read(1, "0", "0", Form::Plain, true), Ok([Some(0), Some(0), Some(0), Some(0)]));
        assert_eq!(read(1, "0", "0", Form::Plain, false), Ok([Some(0), Some(0), None, None]));
        assert_eq!(read(1, "51", "7", Form::Plain, false), Ok([Some(0), Some(0), None, None]));
        assert_eq!(read(1, "", "0x4b7a", Form::Plain, false), Ok([Some(0), Some(0), None, None]));
        assert_eq!(read(58, "", "129", Form::TypeAndCode, false), Ok([Some(0), Some(0), None, None]));
    }

    #[test]
    fn ports_of_other_protocols_are_numbers() {
        assert_eq!(read(6, "443.0", "0x01bb", Form::Plain, true), Ok([Some(443), Some(443), None, None]));
        assert_eq!(read(17, "", "53", Form::Plain, false), Ok([None, Some(53), None, None]));
        assert_eq!(read(6, "65536", "53", Form::Plain, false), Err(Cell::SrcPort));
        assert_eq!(read(6, "1", "http", Form::Plain, false), Ok([Some(1), Some(80), None, None]));
        assert_eq!(read(17, "domain", "ntp", Form::Plain, false), Ok([Some(53), Some(123), None, None]));
        assert_eq!(read(6, "1", "no-such-service", Form::Plain, false), Err(Cell::DstPort));
        assert_eq!(read(1, "0", "70000", Form::Plain, true), Err(Cell::DstPort));
    }
}
