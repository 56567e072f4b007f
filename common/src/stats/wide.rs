//! Unsigned integers of 256 bits: as much arithmetic as exact sums of squares need.
//!
//! Sums and products saturate, and a difference below zero is zero: no state that was read from a file can make a
//! program panic, and saturating addition of unsigned numbers stays associative and commutative.

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
        // Each term is below 2^128 - 2^65 + 2, so adding two halves to it does not overflow.
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

    /// The four digits of base 2^64, lowest first.
    pub(crate) fn words(self) -> [u64; 4] {
        [self.low as u64, (self.low >> 64) as u64, self.high as u64, (self.high >> 64) as u64]
    }

    pub(crate) fn from_words(w: [u64; 4]) -> U256 {
        let join = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
        U256 { high: join(w[2], w[3]), low: join(w[0], w[1]) }
    }
}
