//! Which of two directions is the client's, by what evidence: the rules of `--biflow`.
//!
//! | reason | the client |
//! |---|---|
//! | `request` | sent the ICMP request |
//! | `syn` | is the only one that sent SYN without ACK |
//! | `service` | is not at the port of a service, the other is |
//! | `first` | was seen first |
//! | `port` | has the higher port |
//! | `none` | has the lower address: nothing tells |
//!
//! Flags are those of all packets of a direction, so that only an attempt that came to nothing shows a SYN without an
//! ACK. A port below 1024 is a service's; else one that IANA names and that lies below the ports which systems give to
//! clients.

use super::conversation::{Role, role};
use flow_record::net::service::Services;
use flow_record::record::Flow;
use flow_record::record::field;

const SYN: u64 = 2;
const ACK: u64 = 16;

/// Ports below are given out by the system's administrator (RFC 6335, section 6).
const SYSTEM: u16 = 1024;

/// Ports from here on are given to clients by common systems.
const EPHEMERAL: u16 = 32_768;

/// Tells clients from servers.
pub(super) struct Judge {
    services: Option<Services>,
}

impl Judge {
    /// With the table of services, if there is something to judge.
    pub(super) fn new(is_needed: bool) -> Judge {
        Judge { services: is_needed.then(Services::registered) }
    }

    /// Whether the source of `one` is the client, and why; the source of `two` is the other end.
    pub(super) fn judge(&self, one: &Flow, two: &Flow) -> (bool, &'static str) {
        if let Some(role) = role(one)
            && !matches!(role, Role::Alone(_))
        {
            return (matches!(role, Role::Asks(_)), "request");
        }
        match (is_attempt(one), is_attempt(two)) {
            (true, false) => return (true, "syn"),
            (false, true) => return (false, "syn"),
            _ => {}
        }
        let ports = (one.src_port().unwrap_or(0), one.dst_port().unwrap_or(0));
        let ranks = (self.rank(one, ports.0), self.rank(one, ports.1));
        if ranks.0 != ranks.1 {
            return (ranks.0 < ranks.1, "service");
        }
        if one.time() != two.time() && one.time().is_some() && two.time().is_some() {
            return (one.time() < two.time(), "first");
        }
        if ports.0 != ports.1 {
            return (ports.0 > ports.1, "port");
        }
        (one.src_ip() < one.dst_ip(), "none")
    }

    /// How much a port is a service's.
    fn rank(&self, flow: &Flow, port: u16) -> u8 {
        let Some(protocol) = flow.protocol().filter(|p| port > 0 && Services::has_ports(*p)) else { return 0 };
        let is_named = |services: &Services| services.place(protocol, port).is_some();
        match port {
            ..SYSTEM => 2,
            SYSTEM..EPHEMERAL if self.services.as_ref().is_some_and(is_named) => 1,
            _ => 0,
        }
    }
}

fn is_attempt(flow: &Flow) -> bool {
    flow.integer(field::TCP_FLAGS).is_some_and(|flags| flags & (SYN | ACK) == SYN)
}
