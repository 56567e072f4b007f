//! Every limit of this program, each with what happens there.

/// The largest database that is read into memory, in bytes; a larger one is refused.
pub(crate) const MAX_DATABASE: u64 = 2 << 30;

/// Databases that an enricher looks up together, at most; more are refused.
pub(crate) const MAX_DATABASES: usize = 8;

/// Addresses whose record is remembered, a database and thread; a power of two. A new one takes an old one's place.
pub(crate) const RECENT_ADDRESSES: usize = 1 << 16;

/// Records of a database that are kept rendered, a database and thread. When there are more, all are forgotten.
pub(crate) const RENDERED_RECORDS: usize = 1 << 18;

/// Bytes that rendered records may take, a database and thread. When there are more, all are forgotten.
pub(crate) const RENDERED_BYTES: usize = 16 << 20;

/// Networks of a database in which something of use is looked for before it is refused as holding none; as many are read
/// of one that cannot be checked as a whole.
pub(crate) const SAMPLED_NETWORKS: usize = 10_000;

/// Bytes of memory for lines that wait, unless told.
pub(crate) const MEMORY: &str = "4G";

/// The least that may be told: a few chunks.
pub(crate) const LEAST_MEMORY: u64 = 8_000_000;

/// Bytes of waiting lines that go to a file together, at least.
pub(crate) const CHUNK: usize = 1 << 20;

/// Bytes that are written at once when all that waits is let go.
pub(crate) const OUTPUT: usize = 1 << 16;

/// The longest row of a table that is looked things up in, in bytes.
pub(crate) const MAX_ROW: usize = 1 << 20;

/// The largest list of addresses and names, in bytes; a larger one is refused.
pub(crate) const MAX_LIST: u64 = 1 << 30;

/// Questions to name servers that are under way at once; further ones wait.
#[cfg(feature = "dns")]
pub(crate) const IN_FLIGHT: usize = 256;

/// Silences of all servers in a row after which they are taken for gone, and questions go unanswered.
#[cfg(feature = "dns")]
pub(crate) const GIVE_UP: u32 = 8;

/// After this long servers that are gone are asked again, one question at a time; as long holds it that a name could not
/// be learnt.
#[cfg(feature = "dns")]
pub(crate) const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// No answer holds longer than this, whatever its server says.
#[cfg(feature = "dns")]
pub(crate) const MOST_TTL: std::time::Duration = std::time::Duration::from_secs(86_400);

/// Names of addresses that are remembered; beyond, those go that were not asked for lately.
#[cfg(feature = "dns")]
pub(crate) const REMEMBERED_NAMES: usize = 100_000;

/// Names that are looked up once, at most; more are refused.
#[cfg(feature = "dns")]
pub(crate) const MOST_NAMES: usize = 100_000;
