//! IPv4 and IPv6 addresses: plain dotted quads and RFC 4291 text in, RFC 5952 text out.
//!
//! Leading zeros (`010.0.0.1`) and zone identifiers are refused. An IPv4-mapped IPv6 address stays IPv6.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as a key: IPv4 sorts before IPv6, each by value; hashing is one integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub IpAddr);

impl Address {
    /// `0.0.0.0`, the value of an empty cell.
    pub const NONE: Address = Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// The longest text of an address: an IPv4-mapped one in full.
    pub const MAX_TEXT: usize = 45;

    /// Reads the whole of `text`.
    pub fn parse(text: &str) -> Option<Address> {
        match ipv4(text.as_bytes()) {
            Some((address, used)) if used == text.len() => Some(address),
            _ => text.parse::<Ipv6Addr>().ok().map(|a| Address(IpAddr::V6(a))),
        }
    }

    /// Whether this is `0.0.0.0` or `::`, which exporters write for "none".
    pub fn is_unspecified(self) -> bool {
        self.0.is_unspecified()
    }

    /// Appends the canonical text.
    pub fn write(self, out: &mut Vec<u8>) {
        let mut space = [0; 48];
        let len = self.put(&mut space, 0);
        out.extend_from_slice(&space[..len]);
    }

    /// Puts the canonical text at `at` (0 or 1) of `space`; answers its length. What follows it there is overwritten
    /// with anything.
    #[inline]
    pub fn put(self, space: &mut [u8; 48], at: usize) -> usize {
        match self.0 {
            IpAddr::V4(a) => {
                let mut end = at;
                for octet in a.octets() {
                    let (digits, len) = OCTETS[octet as usize];
                    space[end..end + 4].copy_from_slice(&digits);
                    end += usize::from(len);
                }
                // The last octet's point is no part of it.
                end - 1 - at
            }
            IpAddr::V6(a) => {
                use std::io::Write;
                let mut rest = &mut space[at..];
                let before = rest.len();
                // The longest text fits.
                let _ = write!(rest, "{a}");
                before - rest.len()
            }
        }
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            IpAddr::V4(a) => state.write_u64(u64::from(u32::from(a))),
            IpAddr::V6(a) => state.write_u128(u128::from(a)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Address {
        Address(ip)
    }
}

/// Decimal text of every octet and a point, left-aligned, with its length.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut table = [([0; 4], 0); 256];
    let mut i = 0;
    while i < 256 {
        let (h, t, o) = (b'0' + (i / 100) as u8, b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8);
        table[i] = if i >= 100 {
            ([h, t, o, b'.'], 4)
        } else if i >= 10 {
            ([t, o, b'.', 0], 3)
        } else {
            ([o, b'.', 0, 0], 2)
        };
        i += 1;
    }
    table
};

/// A dotted quad at the start of `bytes`, and its length. A longer run of digits or a fifth part is refused.
#[inline]
pub fn ipv4(bytes: &[u8]) -> Option<(Address, usize)> {
    // With a byte to spare after the longest quad, no position needs a check of its own.
    match bytes.first_chunk::<16>() {
        Some(window) => quad(window),
        None => {
            let mut window = [0; 16];
            window[..bytes.len()].copy_from_slice(bytes);
            quad(&window)
        }
    }
}

/// A dotted quad in quotes at the start of `bytes`, and its length with the quotes.
#[inline]
pub fn quoted_ipv4(bytes: &[u8]) -> Option<(Address, usize)> {
    let (quote, rest) = bytes.split_first()?;
    let window = rest.first_chunk::<16>()?;
    let (address, used) = quad(window)?;
    (*quote == b'"' && window[used & 15] == b'"').then_some((address, used + 2))
}

/// A dotted quad at the start of the window, and its length.
///
/// Each octet is read as four bytes at once: where the first is that is no digit says how long it is, and moving the
/// digits to the top puts each at its place value.
#[inline]
fn quad(window: &[u8; 16]) -> Option<(Address, usize)> {
    let mut value = 0u32;
    let mut at = 0;
    let mut wrong = 0;
    for part in 0..4 {
        let digits = u32::from_le_bytes(*window.get(at..)?.first_chunk()?) ^ 0x3030_3030;
        // Digits are 0 to 9 now. A carry of the addition can only reach bytes beyond the first that is none.
        let other = (digits.wrapping_add(0x7676_7676) | digits) & 0x8080_8080;
        let len = other.trailing_zeros() / 8;
        if len == 0 || len > 3 {
            return None;
        }
        let placed = digits << (32 - 8 * len);
        let octet = (placed >> 24) + (placed >> 16 & 0xff) * 10 + (placed >> 8 & 0xff) * 100;
        let leading_zero = len > 1 && digits & 0xff == 0;
        let after = (digits >> (8 * len)) & 0xff;
        let is_point = after == u32::from(b'.' ^ b'0');
        wrong |= u32::from(octet > 255) | u32::from(leading_zero) | u32::from(is_point == (part == 3));
        value = value << 8 | octet & 0xff;
        at += len as usize + 1;
    }
    (wrong == 0).then(|| (Address(IpAddr::V4(Ipv4Addr::from(value))), at - 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(a: Address) -> String {
        let mut out = Vec::new();
        a.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn refuses_what_is_no_plain_address() {
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "010.1.1.1",
            "1.2.3.256",
            "1.2.3.4 ",
            "fe80::1%eth0",
            "1..2.3",
            "::1::",
            "0x1.2.3.4",
            "1.2.3.0004",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn writes_ipv6_as_rfc_5952_and_keeps_mapped_addresses_ipv6() {
        assert_eq!(text(Address::parse("2001:0DB8:0:0:1:0:0:1").unwrap()), "2001:db8::1:0:0:1");
        assert_eq!(text(Address::parse("::ffff:1.2.3.4").unwrap()), "::ffff:1.2.3.4");
        assert_ne!(Address::parse("::ffff:1.2.3.4"), Address::parse("1.2.3.4"));
    }

    #[test]
    fn ipv4_sorts_before_ipv6_by_value() {
        let mut all: Vec<_> =
            ["::1", "10.0.0.2", "9.0.0.1", "2001:db8::"].iter().map(|t| Address::parse(t).unwrap()).collect();
        all.sort();
        assert_eq!(all.iter().map(|a| a.to_string()).collect::<Vec<_>>(), ["9.0.0.1", "10.0.0.2", "::1", "2001:db8::"]);
    }

    proptest! {
        #[test]
        fn reads_and_writes_what_std_does(v4: u32, v6: u128) {
            for ip in [IpAddr::V4(v4.into()), IpAddr::V6(v6.into())] {
                prop_assert_eq!(text(Address(ip)), ip.to_string());
                prop_assert_eq!(Address::parse(&ip.to_string()), Some(Address(ip)));
            }
        }

        #[test]
        fn agrees_with_std_on_any_short_text(s in "[0-9.]{0,16}") {
            prop_assert_eq!(Address::parse(&s).map(|a| a.0), s.parse::<IpAddr>().ok());
        }
    }
}
