//! The function of CryptoPAn (Xu, Fan, Ammar, Moon 2002, section 4; AES-128 is FIPS 197): bit i of an address is turned
//! by the first bit of AES over the i bits before it, padded with bits of a secret pad.
//!
//! The first 16 bits come from a table that is made once, the rest from AES, many blocks at a time; what was mapped is
//! remembered in tables of fixed size, in which a new entry takes an old one's place. Bound: 640 KiB.
//! Invariant: every entry of a table is right for the key it holds; none stands for "empty".

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Block};
use std::sync::Arc;

/// Bits of the table of beginnings.
const TOP: u32 = 16;

/// Blocks that are encrypted at a time.
const BLOCKS: usize = 64;

/// Remembered addresses, as bits of their number: IPv4, beginnings of IPv6, IPv6.
const RECENT_V4: u32 = 14;
const RECENT_HIGH: u32 = 10;
const RECENT_V6: u32 = 13;

/// A factor that spreads keys over the places of a table (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone)]
pub(super) struct Cipher {
    cipher: Aes128Enc,
    /// A cipher for texts, under a key of its own.
    texts: Aes128Enc,
    pad: u128,
    /// By the first 16 bits of an address, which of them are turned.
    top: Arc<[u16]>,
    v4: Box<[(u32, u32)]>,
    high: Box<[(u64, u64)]>,
    v6: Box<[(u128, u128)]>,
}

impl Cipher {
    /// Under this key: its first half is that of AES, the second, encrypted, is the pad.
    pub(super) fn new(key: &[u8; 32]) -> Cipher {
        let (first, second) = key.split_at(16);
        let halves = |half: &[u8]| -> Block { Array(std::array::from_fn(|i| half[i])) };
        let cipher = Aes128Enc::new(&halves(first));
        let mut pad = halves(second);
        cipher.encrypt_block(&mut pad);
        let mut texts = Array(*b"keys of texts   ");
        cipher.encrypt_block(&mut texts);
        let mut made = Cipher {
            pad: u128::from_be_bytes(pad.0),
            top: Arc::default(),
            texts: Aes128Enc::new(&texts),
            cipher,
            v4: Box::default(),
            high: Box::default(),
            v6: Box::default(),
        };
        made.top = made.beginnings();
        // Any pair that is right will do in a place that is not used yet.
        made.v4 = vec![(0, made.turned_v4(0)); 1 << RECENT_V4].into();
        made.high = vec![(0, made.turned_high(0)); 1 << RECENT_HIGH].into();
        made.v6 = vec![(0, made.turned_v6(0)); 1 << RECENT_V6].into();
        made
    }

    /// The IPv4 address in place of this one.
    #[inline]
    pub(super) fn v4(&mut self, bits: u32) -> u32 {
        let place = spread(u64::from(bits), RECENT_V4);
        if self.v4[place].0 != bits {
            self.v4[place] = (bits, self.turned_v4(bits));
        }
        bits ^ self.v4[place].1
    }

    /// The IPv6 address in place of this one.
    #[inline]
    pub(super) fn v6(&mut self, bits: u128) -> u128 {
        let place = spread((bits >> 64) as u64 ^ (bits as u64).rotate_left(32), RECENT_V6);
        if self.v6[place].0 != bits {
            self.v6[place] = (bits, self.turned_v6(bits));
        }
        bits ^ self.v6[place].1
    }

    /// The 48 bits in place of these.
    pub(super) fn mac(&self, bits: u64) -> u64 {
        let aligned = u128::from(bits) << 80;
        bits ^ (u64::from(self.top[(bits >> 32) as usize & 0xffff]) << 32 | self.turned(aligned, TOP, 48))
    }

    /// 64 bits that a text leads to, and that lead nowhere without the key: CBC-MAC (FIPS 113) whose first block is the
    /// length.
    pub(super) fn digest(&self, text: &[u8]) -> u64 {
        let mut block: Block = Array((text.len() as u128).to_be_bytes());
        self.texts.encrypt_block(&mut block);
        for chunk in text.chunks(16) {
            block.iter_mut().zip(chunk).for_each(|(b, c)| *b ^= c);
            self.texts.encrypt_block(&mut block);
        }
        (u128::from_be_bytes(block.0) >> 64) as u64
    }

    fn turned_v4(&self, bits: u32) -> u32 {
        let aligned = u128::from(bits) << 96;
        u32::from(self.top[(bits >> 16) as usize]) << 16 | self.turned(aligned, TOP, 32) as u32
    }

    fn turned_high(&self, high: u64) -> u64 {
        let rest = self.turned(u128::from(high) << 64, TOP, 64);
        u64::from(self.top[(high >> 48) as usize]) << 48 | rest
    }

    fn turned_v6(&mut self, bits: u128) -> u128 {
        let high = (bits >> 64) as u64;
        let place = spread(high, RECENT_HIGH);
        if self.high[place].0 != high {
            self.high[place] = (high, self.turned_high(high));
        }
        u128::from(self.high[place].1) << 64 | u128::from(self.turned(bits, 64, 128))
    }

    /// Which bits of an address, aligned to the left, from number `from` to before `to` are turned; at most [`BLOCKS`].
    fn turned(&self, aligned: u128, from: u32, to: u32) -> u64 {
        let mut blocks = [Block::default(); BLOCKS];
        let blocks = &mut blocks[..(to - from) as usize];
        for (block, length) in blocks.iter_mut().zip(from..) {
            block.0 = self.padded(aligned, length);
        }
        self.cipher.encrypt_blocks(blocks);
        blocks.iter().fold(0, |bits, block| bits << 1 | u64::from(block[0] >> 7))
    }

    /// The first `length` bits of an address and the rest of the pad.
    #[inline]
    fn padded(&self, aligned: u128, length: u32) -> [u8; 16] {
        // No length is that of a whole address.
        let rest = u128::MAX >> length;
        (aligned & !rest | self.pad & rest).to_be_bytes()
    }

    /// For all values of the first [`TOP`] bits, which of them are turned: a bit more each time.
    fn beginnings(&self) -> Arc<[u16]> {
        let mut all: Vec<u16> = vec![0];
        let mut blocks = [Block::default(); BLOCKS];
        for length in 0..TOP {
            let mut longer = Vec::with_capacity(all.len() * 2);
            for (n, some) in all.chunks(BLOCKS).enumerate() {
                let blocks = &mut blocks[..some.len()];
                for (block, prefix) in blocks.iter_mut().zip((n * BLOCKS) as u128..) {
                    block.0 = self.padded((prefix << 1) << (127 - length), length);
                }
                self.cipher.encrypt_blocks(blocks);
                for (turned, block) in some.iter().zip(blocks) {
                    longer.extend([turned << 1 | u16::from(block[0] >> 7); 2]);
                }
            }
            all = longer;
        }
        all.into()
    }
}

/// The place of a key in a table of 2^`bits`.
#[inline]
fn spread(key: u64, bits: u32) -> usize {
    (key.wrapping_mul(SPREAD) >> (64 - bits)) as usize
}
