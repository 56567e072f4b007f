//! Addresses under a key: each becomes another one, the same wherever it stands, and two addresses have as many leading
//! bits in common after as before (CryptoPAn: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization", 2002).
//!
//! [`Key`]: the key and its file. [`Anonymizer::address`]: one address. [`Anonymizer::json`]: every address in the texts
//! of a line, whatever its member: `find` recognises them. All addresses are mapped, special ones too. Who has the key
//! can undo it, and who knows some pairs of addresses knows the beginnings of others: this is a pseudonym, no more.

mod cipher;
mod find;
mod json;
mod key;

pub use key::{Key, KeyError};

use crate::value::Address;
use cipher::Cipher;
use find::{Found, What};
use memchr::memmem::Finder;
use std::net::IpAddr;

/// Maps addresses under one key; one a thread. Memory: half a megabyte.
#[derive(Clone)]
pub struct Anonymizer {
    cipher: Cipher,
    /// What the names in `json::HASHED` have in common.
    marks: [Finder<'static>; 2],
    /// The text that takes a found address's place.
    value: Vec<u8>,
    /// A text whose escapes were undone, as it becomes.
    text: Vec<u8>,
}

impl Anonymizer {
    /// Under this key.
    pub fn new(key: &Key) -> Anonymizer {
        let marks = json::MARKS.map(Finder::new);
        Anonymizer { cipher: Cipher::new(key.bytes()), marks, value: Vec::new(), text: Vec::new() }
    }

    /// The address that takes this one's place.
    #[inline]
    pub fn address(&mut self, address: Address) -> Address {
        match address.0 {
            IpAddr::V4(a) => Address::v4(self.cipher.v4(a.to_bits())),
            IpAddr::V6(a) => Address(IpAddr::V6(self.cipher.v6(a.to_bits()).into())),
        }
    }

    /// Appends `text` with other addresses for those in it; answers whether there was one, and appends nothing if not.
    pub fn text(&mut self, text: &str, out: &mut Vec<u8>) -> bool {
        let mut done = 0;
        while let Some(found) = find::next(text.as_bytes(), done) {
            out.extend_from_slice(&text.as_bytes()[done..found.start]);
            self.put(&found);
            out.extend_from_slice(&self.value);
            done = found.end;
        }
        if done > 0 {
            out.extend_from_slice(&text.as_bytes()[done..]);
        }
        done > 0
    }

    /// Makes `value` the text that takes the place of what was found.
    fn put(&mut self, found: &Found) {
        self.value.clear();
        match found.what {
            What::V4 { bits, point } => {
                let mapped = within(u128::from(self.cipher.v4(bits)) << 96, u128::from(bits) << 96, 32, found.length);
                Address::v4((mapped >> 96) as u32).write(&mut self.value);
                if point != b'.' {
                    self.value.iter_mut().filter(|b| **b == b'.').for_each(|b| *b = point);
                }
            }
            What::V6(bits) => {
                let mapped = within(self.cipher.v6(bits), bits, 128, found.length);
                Address(IpAddr::V6(mapped.into())).write(&mut self.value);
            }
            What::Mac { bits, point, capitals } => {
                let digits = if capitals { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
                for (n, octet) in self.cipher.mac(bits).to_be_bytes().into_iter().skip(2).enumerate() {
                    if n > 0 && (point != b'.' || n % 2 == 0) {
                        self.value.push(point);
                    }
                    self.value.extend([digits[usize::from(octet >> 4)], digits[usize::from(octet & 15)]]);
                }
            }
        }
        if let Some(length) = found.length {
            self.value.push(b'/');
            self.value.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        }
    }
}

/// The mapped address with zeros behind the network's prefix, if it has one and was written so.
fn within(mapped: u128, bits: u128, width: u8, length: Option<u8>) -> u128 {
    match length {
        Some(length) if length < width => {
            let host = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
            if bits & host == 0 { mapped & !host } else { mapped }
        }
        _ => mapped,
    }
}

#[cfg(test)]
mod tests;
