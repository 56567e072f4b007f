//! Mail: SMTP (RFC 5321), POP3 (1939), IMAP (9051).

use super::{App, Payload, Sign, when};
use memchr::memmem::find;

pub(super) const APPS: &[App] = &[
    App { name: "smtp", tcp: &[25, 587, 2525], udp: &[], look: Some(smtp) },
    App { name: "pop3", tcp: &[110], udp: &[], look: Some(pop3) },
    App { name: "imap", tcp: &[143], udp: &[], look: Some(imap) },
];

fn smtp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let greets = bytes.starts_with(b"220") && matches!(bytes.get(3), Some(b' ' | b'-'));
    let at_home = [25, 587, 2525].iter().any(|port| payload.has_port(*port));
    let says_so = greets && (find(bytes, b"SMTP").is_some() || at_home);
    let asks = [&b"EHLO "[..], b"HELO ", b"LHLO "].iter().any(|word| bytes.starts_with(word));
    when(says_so || asks || bytes.starts_with(b"MAIL FROM:"))
}

fn pop3<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let asks = [&b"USER "[..], b"CAPA\r", b"APOP ", b"AUTH\r", b"STLS\r"].iter().any(|word| bytes.starts_with(word));
    when(bytes.starts_with(b"+OK") && !payload.is_out || asks && payload.has_port(110))
}

fn imap<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    let bytes = payload.bytes;
    let greets = bytes.starts_with(b"* OK") || bytes.starts_with(b"* PREAUTH") || bytes.starts_with(b"* BYE");
    // A tag, then a command.
    let command = bytes.iter().take(12).position(|b| *b == b' ').map(|at| &bytes[at + 1..]);
    let words = [&b"CAPABILITY"[..], b"LOGIN ", b"AUTHENTICATE ", b"STARTTLS", b"SELECT ", b"NOOP"];
    let asks = command.is_some_and(|command| {
        words.iter().any(|word| command.len() >= word.len() && command[..word.len()].eq_ignore_ascii_case(word))
    });
    when(greets && !payload.is_out || asks && payload.has_port(143))
}
