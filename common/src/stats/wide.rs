//! Unsigned integers of 256 bits: as much arithmetic as exact sums of squares need.
//!
//! Sums and products saturate, and a difference below zero is zero: no state that was read from a file can make a
//! program panic, and saturating addition of unsigned numbers stays associative and commutative.

use std::fmt;

/// An unsigned integer of 256 bits: `high * 2^128 + low`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct U256 {
    high: u128,
    low: u128,
}

const HALF: u128 = u64::MAX as u128;

impl U256 {
    const MAX: U256 = U256 { high: u128::MAX, low: u128::MAX };

    /// The exact product of two factors.
    pub(crate) fn product(a: u128, b: u128) -> U256 {
        let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
        let low = a0 * b0;
        // A product of halves is at most (2^64 - 1)^2, so that half a word can be added to it.
        let middle = a1 * b0 + (low >> 64);
        let other = a0 * b1 + (middle & HALF);
        U256 { high: a1 * b1 + (middle >> 64) + (other >> 64), low: other << 64 | low & HALF }
    }

    #[inline]
    pub(crate) fn add_small(&mut self, v: u128) {
        *self = self.plus(U256 { high: 0, low: v });
    }

    #[inline]
    pub(crate) fn plus(self, other: U256) -> U256 {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high).and_then(|h| h.checked_add(u128::from(carry)));
        high.map_or(U256::MAX, |high| U256 { high, low })
    }

    /// The difference, or 0 where it is negative.
    pub(crate) fn minus(self, other: U256) -> U256 {
        if self <= other {
            return U256::default();
        }
        let (low, borrow) = self.low.overflowing_sub(other.low);
        U256 { high: self.high - other.high - u128::from(borrow), low }
    }

    pub(crate) fn times(self, factor: u64) -> U256 {
        let low = U256::product(self.low, u128::from(factor));
        let high = U256::product(self.high, u128::from(factor));
        match high.high {
            0 => low.plus(U256 { high: high.low, low: 0 }),
            _ => U256::MAX,
        }
    }

    /// The nearest float, to within two units in the last place.
    pub(crate) fn to_f64(self) -> f64 {
        self.high as f64 * 2f64.powi(128) + self.low as f64
    }

    /// Reads what `LowerHex` writes, and nothing else.
    pub(crate) fn from_hex(text: &str) -> Option<U256> {
        let (high, low) = match text.len() {
            0..=32 => ("0", text),
            len => (text.get(..len - 32)?, text.get(len - 32..)?),
        };
        let read = |t: &str| u128::from_str_radix(t, 16).ok();
        let value = U256 { high: read(high)?, low: read(low)? };
        (format!("{value:x}") == text).then_some(value)
    }
}

/// Without leading zeros.
impl fmt::LowerHex for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            0 => write!(f, "{:x}", self.low),
            high => write!(f, "{high:x}{:032x}", self.low),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(high: u128, low: u128) -> U256 {
        U256 { high, low }
    }

    /// Schoolbook arithmetic in base 2^16, lowest digit first.
    fn digits(v: U256) -> Vec<u64> {
        let half = |v: u128| (0..8).map(move |i| (v >> (16 * i)) as u64 & 0xffff);
        half(v.low).chain(half(v.high)).collect()
    }

    fn schoolbook(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0u64; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            let mut carry = 0;
            for (j, y) in b.iter().enumerate() {
                let v = out[i + j] + x * y + carry;
                (out[i + j], carry) = (v & 0xffff, v >> 16);
            }
            out[i + b.len()] = carry;
        }
        out
    }

    #[test]
    fn saturates_instead_of_wrapping() {
        let max = wide(u128::MAX, u128::MAX);
        assert_eq!((max.plus(wide(0, 1)), max.times(2)), (max, max));
        assert_eq!(wide(1, 0).minus(wide(2, 0)), wide(0, 0));
        assert_eq!(wide(1, 0).minus(wide(0, 1)), wide(0, u128::MAX));
    }

    #[test]
    fn the_largest_count_of_the_largest_values_fits() {
        let (n, x) = (u64::MAX, u64::MAX);
        let squares = U256::product(u128::from(x) * u128::from(x), u128::from(n));
        let sum = u128::from(n) * u128::from(x);
        assert_eq!(squares.times(n), U256::product(sum, sum));
        assert!(squares.times(n) < U256::MAX);
    }

    proptest! {
        #[test]
        fn products_are_those_of_schoolbook_arithmetic(a: u128, b: u128) {
            let expected = schoolbook(&digits(wide(0, a))[..8], &digits(wide(0, b))[..8]);
            prop_assert_eq!(digits(U256::product(a, b)), expected);
        }

        #[test]
        fn a_multiple_that_fits_is_exact(a: u128, b: u64, n: u64) {
            let product = U256::product(a, u128::from(b));
            let by_schoolbook = schoolbook(&digits(product), &digits(wide(0, u128::from(n)))[..4]);
            prop_assert_eq!(digits(product.times(n)), by_schoolbook[..16].to_vec());
        }

        #[test]
        fn a_difference_undoes_a_sum(a: (u128, u128), b: (u128, u128)) {
            let (a, b) = (wide(a.0 >> 1, a.1), wide(b.0 >> 1, b.1));
            prop_assert_eq!(a.plus(b).minus(b), a);
            prop_assert_eq!(a.plus(b), b.plus(a));
        }

        #[test]
        fn floats_are_near(high: u128, low: u128, shift in 0u32..128) {
            let v = wide(high >> shift, low);
            // Top 53 bits, by shifting alone.
            let naive = digits(v).iter().rev().fold(0f64, |f, d| f * 65536.0 + *d as f64);
            prop_assert!((v.to_f64() / naive - 1.0).abs() < 1e-14);
        }

        #[test]
        fn hex_reads_back(high: u128, low: u128, shift in 0u32..128) {
            let v = wide(high >> shift, low >> shift);
            prop_assert_eq!(U256::from_hex(&format!("{v:x}")), Some(v));
            prop_assert_eq!(U256::from_hex(&format!("0{v:x}")), None);
        }
    }
}
