//! HTTP/1 (RFC 9112) and 2 (RFC 9113), and what has its form: SSDP (UPnP), RTSP (RFC 7826), SIP (RFC 3261); WebSocket
//! begins as HTTP.

use super::{App, Payload, Sign, YES};
use memchr::memchr;
use memchr::memmem::find;

pub(super) const APPS: &[App] = &[
    App { name: "http", tcp: &[80, 8080, 8000, 8008, 8888, 3128, 81], udp: &[], look: Some(http) },
    App { name: "ssdp", tcp: &[], udp: &[1900], look: Some(ssdp) },
    App { name: "rtsp", tcp: &[554, 8554], udp: &[], look: Some(rtsp) },
    App { name: "sip", tcp: &[5060], udp: &[5060], look: Some(sip) },
];

const METHODS: [&[u8]; 15] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"REPORT ",
    b"LOCK ",
    b"SEARCH ",
];

const SIP_METHODS: [&[u8]; 13] = [
    b"INVITE ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"REGISTER ",
    b"OPTIONS ",
    b"PRACK ",
    b"SUBSCRIBE ",
    b"NOTIFY ",
    b"PUBLISH ",
    b"INFO ",
    b"REFER ",
    b"MESSAGE ",
];

/// The beginning of a text up to the end of its first line, or all where that is missing.
fn first_line(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr(b'\n', bytes).unwrap_or(bytes.len())]
}

/// The value of a header, without blanks, if its line is whole.
fn header<'p>(bytes: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    let mut rest = bytes;
    while let Some(end) = memchr(b'\n', rest) {
        let line = rest[..end].trim_ascii();
        rest = &rest[end + 1..];
        if line.is_empty() {
            return None;
        }
        if line.len() > name.len() && line[name.len()] == b':' && line[..name.len()].eq_ignore_ascii_case(name) {
            return Some(line[name.len() + 1..].trim_ascii());
        }
    }
    None
}

/// Whether a request's first line has this version, or is not whole.
fn has_version(line: &[u8], version: &[u8], is_whole: bool) -> bool {
    find(line, version).is_some() || !is_whole
}

fn http<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    if bytes.starts_with(b"HTTP/1.") || bytes.starts_with(b"PRI * HTTP/2.0") {
        return YES;
    }
    let method = METHODS.iter().find(|method| bytes.starts_with(method))?;
    let line = first_line(bytes);
    let target = line[method.len()..].first();
    // Paths, whole addresses, hosts to connect to; other protocols name theirs.
    let is_target = target.is_some_and(|b| matches!(b, b'/' | b'*' | b'h' | b'H') || *method == b"CONNECT ");
    if !is_target || !has_version(line, b" HTTP/1.", line.len() < bytes.len()) {
        return None;
    }
    Some(Sign::of(header(bytes, b"host")))
}

fn ssdp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let begins = [&b"M-SEARCH * HTTP/1."[..], b"NOTIFY * HTTP/1.", b"HTTP/1.1 200 OK"];
    super::when(begins.iter().any(|begin| payload.bytes.starts_with(begin)))
}

fn rtsp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let line = first_line(payload.bytes);
    let asks = line.first().is_some_and(u8::is_ascii_uppercase) && find(line, b" RTSP/1.").is_some();
    super::when(asks || line.starts_with(b"RTSP/1."))
}

fn sip<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    if bytes.starts_with(b"SIP/2.0 ") {
        return YES;
    }
    let method = SIP_METHODS.iter().find(|method| bytes.starts_with(method))?;
    let target = &bytes[method.len()..];
    let is_target = [&b"sip:"[..], b"sips:", b"tel:"].iter().any(|scheme| target.starts_with(scheme));
    super::when(is_target)
}
