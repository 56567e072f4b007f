//! Sixteen bytes looked at at once, in the registers that every processor has for that.

use wide::u8x16;

/// Sixteen bytes. What asks for a class of them answers a bit for each, the first byte's lowest.
#[derive(Clone, Copy)]
pub(crate) struct Window(u8x16);

impl Window {
    /// These bytes.
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8; 16]) -> Window {
        Window(u8x16::new(*bytes))
    }

    /// Which are this byte.
    #[inline(always)]
    pub(crate) fn equal(self, byte: u8) -> u32 {
        self.0.simd_eq(u8x16::splat(byte)).to_bitmask()
    }

    /// Which are the same as in `other`.
    #[inline(always)]
    pub(crate) fn same(self, other: &[u8; 16]) -> u32 {
        self.0.simd_eq(u8x16::new(*other)).to_bitmask()
    }

    /// Which are decimal digits.
    #[inline(always)]
    pub(crate) fn digits(self) -> u32 {
        (self.0 - u8x16::splat(b'0')).simd_le(u8x16::splat(9)).to_bitmask()
    }
}

/// Whether any byte is below 0x20 and no newline.
pub(crate) fn has_controls(bytes: &[u8]) -> bool {
    let stray = |w: &[u8; 16]| {
        let w = u8x16::new(*w);
        w.simd_lt(u8x16::splat(0x20)) & w.simd_ne(u8x16::splat(b'\n'))
    };
    let (windows, rest) = bytes.as_chunks::<16>();
    let mut last = [b'\n'; 16];
    last[..rest.len()].copy_from_slice(rest);
    // By runs without a branch inside.
    windows.chunks(64).any(|run| run.iter().fold(u8x16::ZERO, |found, w| found | stray(w)).to_bitmask() != 0)
        || stray(&last).to_bitmask() != 0
}
