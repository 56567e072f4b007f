//! IPv4 and IPv6 addresses: plain dotted quads and RFC 4291 text in, RFC 5952 text out.
//!
//! Leading zeros (`010.0.0.1`) and zone identifiers are refused. An IPv4-mapped IPv6 address stays IPv6.

use super::window::Window;
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

    /// The IPv4 address of an integer.
    #[inline]
    pub fn v4(value: u32) -> Address {
        Address(IpAddr::V4(Ipv4Addr::from_bits(value)))
    }

    /// Reads the whole of `text`.
    pub fn parse(text: &str) -> Option<Address> {
        match ipv4(text.as_bytes()) {
            Some((address, used)) if used == text.len() => Some(Address::v4(address)),
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
                    // Three octets take twelve bytes at most: no place needs a check.
                    let place = end & 15;
                    space[place..place + 4].copy_from_slice(&digits);
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

/// A dotted quad at the start of `bytes` as an integer, and its length. A longer run of digits or a fifth part is refused.
#[inline]
pub fn ipv4(bytes: &[u8]) -> Option<(u32, usize)> {
    match bytes.first_chunk::<32>() {
        Some(window) => quad::<0>(window),
        None => {
            let mut window = [0; 32];
            window[..bytes.len()].copy_from_slice(bytes);
            quad::<0>(&window)
        }
    }
}

/// A dotted quad in quotes at the start of the window as an integer, and its length with the quotes.
#[inline(always)]
pub fn quoted_ipv4(window: &[u8; 32]) -> Option<(u32, usize)> {
    let (address, len) = quad::<1>(window)?;
    (window[0] == b'"' && window[(len + 1) & 31] == b'"').then_some((address, len + 2))
}

/// A dotted quad at `AT` (0 or 1) of the window, and its length.
///
/// Sixteen bytes are looked at at once, for points and digits, which tells the length and whether the form is right;
/// then each octet is read as four bytes, its digits moved to the top and put together by a multiplication.
#[inline]
fn quad<const AT: usize>(window: &[u8; 32]) -> Option<(u32, usize)> {
    let bytes = Window::of(window[AT..].first_chunk()?);
    let (points, digits) = (bytes.equal(b'.'), bytes.digits());
    let len = (points | digits).trailing_ones();
    let inside = !(u32::MAX << (len & 31));
    let (points, digits) = (points & inside, digits & inside);
    // Octets begin at the start and behind points, and have one to three digits, no 0 before others.
    let starts = points << 1 | 1;
    let long = digits & digits >> 1 & digits >> 2 & digits >> 3;
    let leading_zeros = bytes.equal(b'0') & starts & digits >> 1;
    let wrong = long | leading_zeros | starts & !digits;
    let first = points.trailing_zeros();
    let points = points & points.wrapping_sub(1);
    let second = points.trailing_zeros();
    let points = points & points.wrapping_sub(1);
    let third = points.trailing_zeros();
    let fourth = points & points.wrapping_sub(1);
    // An octet begins within the window, so that a point as its last byte is wrong, too.
    if wrong | fourth != 0 || points == 0 {
        return None;
    }
    let octet = |before: u32, end: u32| {
        let start = before.wrapping_add(1);
        let four: [u8; 4] = std::array::from_fn(|i| window[(start as usize & 15) + AT + i]);
        let digits = u32::from_le_bytes(four) ^ 0x3030_3030;
        let placed = digits.wrapping_shl(start.wrapping_sub(end).wrapping_mul(8));
        (placed.wrapping_mul(10 << 8 | 1) >> 24) + (placed >> 8 & 0xff) * 100
    };
    let (a, b) = (octet(u32::MAX, first), octet(first, second));
    let (c, d) = (octet(second, third), octet(third, len));
    let value = a << 24 | b << 16 | c << 8 | d;
    ((a | b | c | d) < 256).then_some((value, len as usize))
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
