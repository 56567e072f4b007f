//! `udp://HOST:PORT`: an address, or nothing for all, and a port.

use super::SCHEME;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Reads an argument. Without a host, all addresses of IPv6 and IPv4 are meant: `None`.
///
/// # Errors
/// What is wrong with it. Names are not looked up.
pub(super) fn parse(text: &str) -> Result<(Option<IpAddr>, u16), String> {
    let expected =
        || format!("{text}: udp://HOST:PORT is expected, as udp://:2055, udp://127.0.0.1:2055 or udp://[::1]:2055");
    let rest = text.strip_prefix(SCHEME).ok_or_else(expected)?;
    if let Ok(address) = rest.parse::<SocketAddr>() {
        return Ok((Some(address.ip()), address.port()));
    }
    let (host, port) = rest.rsplit_once(':').ok_or_else(expected)?;
    let port = port.parse().map_err(|_| expected())?;
    match host {
        "" | "*" => Ok((None, port)),
        "localhost" => Ok((Some(Ipv4Addr::LOCALHOST.into()), port)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_nothing() {
        assert_eq!(parse("udp://:2055"), Ok((None, 2055)));
        assert_eq!(parse("udp://*:2055"), Ok((None, 2055)));
        assert_eq!(parse("udp://127.0.0.1:0"), Ok((Some([127, 0, 0, 1].into()), 0)));
        assert_eq!(parse("udp://[::1]:9995"), Ok((Some("::1".parse().unwrap_or([0; 16].into())), 9995)));
        assert_eq!(parse("udp://localhost:1"), Ok((Some([127, 0, 0, 1].into()), 1)));
        for bad in ["udp://", "udp://2055", "udp://:70000", "udp://router:2055", "udp://::1:2055", "udp:2055"] {
            assert!(parse(bad).is_err_and(|text| text.contains("udp://HOST:PORT is expected")), "{bad}");
        }
    }
}
