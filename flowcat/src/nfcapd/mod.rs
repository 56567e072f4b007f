//! nfcapd files, as nfdump 1.6 to 1.8 writes them: what is in them, layer by layer. [`crate::source`] reads them with it.
//!
//! ```text
//! file:  header, block, block, ...                        header, block, pack
//! block: a header of 12 bytes, records packed together    records
//! record of a flow: fixed fields, then extensions         recent (layout 2), common and map (layout 1); basics, extras
//! ```
//!
//! Layout 1 is that of nfdump 1.6, layout 2 that of 1.7 and 1.8. All numbers are little endian, addresses too: an IPv4
//! address is an integer, an IPv6 address two, the upper one first. Source: nfdump's `nffile.h`, `nffileV2.h`, `nfx.h`,
//! `nfxV3.h`, `exporter.h`.
//!
//! Invariants: nothing is read from where a length that was not checked leads; every record of a block is a flow, rejected,
//! or known to be none. Bounds: a block of 4 MiB, packed and unpacked; 65 536 extension maps of 100 bytes,
//! as many addresses of exporters.

mod basics;
mod block;
mod bytes;
mod common;
mod exporter;
mod extras;
mod header;
mod lzo;
#[cfg(test)]
pub(crate) mod made;
mod map;
mod pack;
mod recent;
mod records;
mod trouble;

pub(crate) use block::{BLOCK_HEADER, Block};
pub(crate) use header::{HEADER, Header};
#[cfg(fuzzing)]
pub(crate) use lzo::unpack as lzo;
pub(crate) use pack::Unpacker;
pub(crate) use records::Records;
