//! What addresses, ports, protocols and flags mean: IANA's registries, and look-up by network.
//!
//! - [`Ranges`]: a value for every address out of networks. [`special`]: the special-purpose addresses, and which
//!   networks are one's own. [`anonymize`]: other addresses in place of these, under a key.
//! - [`protocol`], [`service`]: names of protocols and ports. [`flags`]: TCP flags as text.
//!
//! Invariant: what is not in a registry has no name here; nothing is looked up outside the program.

pub mod anonymize;
pub mod flags;
pub mod protocol;
mod ranges;
pub mod service;
pub mod special;

pub use ranges::Ranges;
