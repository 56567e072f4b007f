//! Little-endian integers at fixed places. What lies behind the end is 0: every caller has checked the length before, and
//! where it is a constant the compiler leaves the check out.

#[inline(always)]
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

#[inline(always)]
pub(super) fn u8_at(bytes: &[u8], at: usize) -> u8 {
    part::<1>(bytes, at)[0]
}

#[inline(always)]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(part(bytes, at))
}

#[inline(always)]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(part(bytes, at))
}

#[inline(always)]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(part(bytes, at))
}

/// An IPv6 address: two integers, the upper one first.
#[inline(always)]
pub(super) fn u128_at(bytes: &[u8], at: usize) -> u128 {
    u128::from(u64_at(bytes, at)) << 64 | u128::from(u64_at(bytes, at + 8))
}
