//! How much of what exporters say is kept at once. What goes beyond is counted and told; `--explain netflow` lists it.
//!
//! Invariant: whoever sends much loses of its own: no limit makes room for one exporter by taking from another that is
//! heard of more often.

/// Bytes of a datagram: what UDP carries.
pub const DATAGRAM: usize = 65_535;

/// Fields of a template.
pub const FIELDS: usize = 1024;

/// Templates of one observation domain of one exporter.
pub const TEMPLATES: usize = 1024;

/// Observation domains, engines and sub-agents of one exporter.
pub const DOMAINS: usize = 64;

/// Exporters that are known at once. Another takes the place of the one that least was decoded of.
pub const EXPORTERS: usize = 4096;

/// Bytes of templates that every exporter has room for.
pub const RESERVED: usize = 4 << 10;

/// Bytes of templates beyond those, of all exporters; half of them for those whose data was decoded.
pub const SHARED: usize = 12 << 20;

/// Bytes of templates of one exporter.
pub const OF_ONE: usize = 4 << 20;

/// Bytes of data of one exporter that wait for their template.
pub const WAITING: usize = 64 << 10;

/// The same of all exporters.
pub const WAITING_OF_ALL: usize = 16 << 20;

/// Data waits so long for its template, by the exporter's own time, in nanoseconds.
pub const PATIENCE: i64 = 300_000_000_000;

/// Samplers, and interfaces with a sampling of their own, of one domain.
pub const SAMPLERS: usize = 1024;

/// Samples of one sFlow datagram, and records of one sample.
pub const SAMPLES: u32 = 1000;
