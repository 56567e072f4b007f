//! The sketch of addresses: HyperLogLog (Flajolet et al. 2007) with 2^14 registers, by the composite estimator of
//! Apache DataSketches, behind a keyed hash. The registers are kept here, so that adding and merging cannot fail.
//!
//! The addresses go through SipHash-1-3 (Aumasson and Bernstein 2012) with a key of 128 bits first. Who knows the key
//! can choose addresses that do not count, or count for many; the default key is public, so a network whose users are
//! hostile needs a key of its own. Invariant: the estimate and the bytes are a function of the set of addresses and
//! the key. Bound: 16 KiB. Relative standard error: 1.03896 / sqrt(2^14) = 0.8 %.

use super::Count;
use crate::value::Address;
use datasketches::hll::HllSketch;
use siphasher::sip::SipHasher13;
use std::net::IpAddr;

/// Binary logarithm of the number of registers.
const LG_K: u8 = 14;
const REGISTERS: usize = 1 << LG_K;
/// Relative standard error of the composite estimate.
const ERROR: f64 = 1.03896 / 128.0;

/// The key of the hash in front of sketches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SketchKey([u8; 16]);

impl Default for SketchKey {
    /// The public key: the ASCII text `flow-record hll1`.
    fn default() -> Self {
        SketchKey(*b"flow-record hll1")
    }
}

impl SketchKey {
    /// A key of 16 bytes.
    pub const fn new(key: [u8; 16]) -> SketchKey {
        SketchKey(key)
    }

    /// A name of the key that does not give it away: states can merge where their keys' names are the same.
    pub fn id(&self) -> u64 {
        SipHasher13::new_with_key(&self.0).hash(b"name of the key")
    }

    /// A digest of any bytes: SipHash-1-3 of 128 bits.
    #[inline]
    pub fn digest(&self, bytes: &[u8]) -> u128 {
        siphasher::sip128::SipHasher13::new_with_key(&self.0).hash(bytes).as_u128()
    }

    /// Hashes 4 bytes of an IPv4 address or 16 of an IPv6 address; the length is part of the hash.
    #[inline]
    fn hash(&self, address: Address) -> u64 {
        let hasher = SipHasher13::new_with_key(&self.0);
        match address.0 {
            IpAddr::V4(a) => hasher.hash(&a.octets()),
            IpAddr::V6(a) => hasher.hash(&a.octets()),
        }
    }
}

/// The registers: of the hashes that fall to each, the longest run of zeros, and one more; 0 where there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sketch(Box<[u8]>);

impl Sketch {
    /// An empty sketch.
    pub(super) fn new() -> Sketch {
        Sketch(vec![0; REGISTERS].into())
    }

    /// Adds an address, and says whether that changed a register.
    #[inline]
    pub(super) fn insert(&mut self, address: Address, key: &SketchKey) -> bool {
        let hash = key.hash(address);
        let register = &mut self.0[hash as usize % REGISTERS];
        // The bit above the hash ends a run of zeros alone.
        let run = ((hash >> LG_K) | 1 << (64 - LG_K)).trailing_zeros() as u8 + 1;
        let is_longer = run > *register;
        *register = (*register).max(run);
        is_longer
    }

    pub(super) fn merge(&mut self, other: &Sketch) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a = (*a).max(*b));
    }

    /// The composite estimate, by the registers alone; the plain one of the paper if the crate refused them.
    pub(super) fn estimate(&self) -> f64 {
        self.composite().unwrap_or_else(|| {
            let m = REGISTERS as f64;
            let sum: f64 = self.0.iter().map(|r| (-f64::from(*r)).exp2()).sum();
            0.7213 / (1.0 + 1.079 / m) * m * m / sum
        })
    }

    /// The estimate as a number; a sketch stands for more than `above` addresses.
    pub(super) fn count(&self, above: u64) -> Count {
        let value = (self.estimate().round() as u64).max(above + 1);
        Count { value, approx: true, error: ERROR }
    }

    /// The registers.
    pub(super) fn registers(&self) -> &[u8] {
        &self.0
    }

    /// A sketch with these registers.
    pub(super) fn from_registers(registers: &[u8]) -> Option<Sketch> {
        let is_one =
            registers.len() == REGISTERS && registers.iter().all(|r| *r < 64) && registers.iter().any(|r| *r > 0);
        is_one.then(|| Sketch(registers.into()))
    }

    /// What DataSketches estimates from these registers.
    fn composite(&self) -> Option<f64> {
        let sum = |range: std::ops::Range<u8>| -> f64 {
            self.0.iter().filter(|r| range.contains(r)).map(|r| (-f64::from(*r)).exp2()).sum()
        };
        let zeros = self.0.iter().filter(|r| **r == 0).count() as u32;
        // The layout of DataSketches' HLL mode: preamble of 10 words, version 1, family 7, registers of 8 bits; the flag
        // says that the accumulator, which depends on order, is void.
        const OUT_OF_ORDER: u8 = 16;
        let mut bytes = vec![10, 1, 7, LG_K, 0, OUT_OF_ORDER, 0, 2 | 2 << 2];
        bytes.extend_from_slice(&0f64.to_le_bytes());
        bytes.extend_from_slice(&sum(0..32).to_le_bytes());
        bytes.extend_from_slice(&sum(32..64).to_le_bytes());
        bytes.extend_from_slice(&zeros.to_le_bytes());
        bytes.extend_from_slice(&0u32.to_le_bytes());
        bytes.extend_from_slice(&self.0);
        Some(HllSketch::deserialize(&bytes).ok()?.composite_estimate())
    }

    pub(super) fn heap_bytes(&self) -> usize {
        REGISTERS
    }
}
