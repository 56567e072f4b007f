//! Other machines' screens and shells: SSH (RFC 4253), Telnet (854), RDP (MS-RDPBCGR over T.123), VNC (RFC 6143), X11.

use super::{App, Payload, Sign, u16_at, when};

pub(super) const APPS: &[App] = &[
    App { name: "ssh", tcp: &[22, 2222], udp: &[], look: Some(ssh) },
    App { name: "telnet", tcp: &[23, 2323], udp: &[], look: Some(telnet) },
    App { name: "rdp", tcp: &[3389], udp: &[3389], look: Some(rdp) },
    App { name: "vnc", tcp: &[5900, 5901], udp: &[], look: Some(vnc) },
    App { name: "x11", tcp: &[6000], udp: &[], look: Some(x11) },
];

fn ssh<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(b"SSH-"))
}

fn telnet<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    // Options that are offered or asked for.
    let [255, 251..=254, _, ..] = *payload.bytes else { return None };
    when(payload.bytes.get(3).is_none_or(|b| *b == 255 || payload.has_port(23)))
}

fn rdp<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    if !payload.is_tcp {
        return None;
    }
    // A packet of T.123 with a connection's request or confirmation of X.224.
    let [3, 0, _, _, _, kind, ..] = *payload.bytes else { return None };
    let length = usize::from(u16_at(payload.bytes, 2)?);
    when(
        matches!(kind, 0xe0 | 0xd0)
            && length == payload.bytes.len()
            && (payload.has_port(3389) || length > 11 && payload.bytes[11] <= 8),
    )
}

fn vnc<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(payload.bytes.starts_with(b"RFB 00") && payload.bytes.len() == 12)
}

fn x11<'p>(payload: &Payload<'p>) -> Option<Sign<'p>> {
    when(matches!(payload.bytes, [b'l', 0, 11, 0, ..] | [b'B', 0, 0, 11, ..]) && payload.is_out)
}
