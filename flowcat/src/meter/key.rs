//! What tells that two packets belong to one flow: both ends, protocol and VLAN, the same in both directions.
//!
//! Invariant: the lower end (address, then port) stands first. The hash is that of [`flow_record::map`], whose keys are
//! random: nobody can choose packets that collide.

use crate::packet::Headers;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// Lower and higher address, then ports, VLAN, protocol and whether they are of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u64; 5]);

impl Key {
    /// The key of a packet, and whether the lower end sent it.
    #[inline]
    pub(super) fn of(headers: &Headers<'_>) -> (Key, bool) {
        let ([src, dst], [from, to]) = (headers.addresses, headers.ports);
        let from_low = src < dst || src == dst && from <= to;
        let ([low, high], [low_port, high_port]) =
            if from_low { ([src, dst], [from, to]) } else { ([dst, src], [to, from]) };
        let rest = u64::from(low_port) << 48
            | u64::from(high_port) << 32
            | u64::from(headers.vlan) << 16
            | u64::from(headers.protocol) << 8
            | u64::from(headers.is_wide);
        (Key([(low >> 64) as u64, low as u64, (high >> 64) as u64, high as u64, rest]), from_low)
    }

    /// Address and port of the lower (0) or higher (1) end.
    pub(super) fn end(&self, end: usize) -> (IpAddr, u16) {
        let [low_a, low_b, high_a, high_b, rest] = self.0;
        let (a, b, port) = if end == 0 { (low_a, low_b, rest >> 48) } else { (high_a, high_b, rest >> 32) };
        let address = match rest & 1 {
            0 => IpAddr::V4((b as u32).into()),
            _ => IpAddr::V6((u128::from(a) << 64 | u128::from(b)).into()),
        };
        (address, port as u16)
    }

    pub(super) fn protocol(&self) -> u8 {
        (self.0[4] >> 8) as u8
    }

    /// 0 without one.
    pub(super) fn vlan(&self) -> u16 {
        (self.0[4] >> 16) as u16
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, rest] = self.0;
        state.write_u64(rest);
        if rest & 1 == 0 {
            // Both addresses have 32 bits.
            state.write_u64(b << 32 | d);
        } else {
            [a, b, c, d].into_iter().for_each(|word| state.write_u64(word));
        }
    }
}
