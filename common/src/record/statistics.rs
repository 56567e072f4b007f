//! What the statistics of a metered flow are called (`flowcat --stats`): nfstream's names, so that whoever works on its
//! columns finds them here.
//!
//! Invariant: three groups, of both directions together and of each, have the same [`EACH`] members in the same order.
//! A member is 0 where there are too few packets for it.

use super::field::{Field, Kind, MAX_INTEGER};

const COUNT: Kind = Kind::Integer(MAX_INTEGER);

/// Members of each group.
pub const EACH: usize = 21;

/// The groups, as their members' names begin.
pub const GROUPS: [&str; 3] = ["bidirectional_", "src2dst_", "dst2src_"];

const fn field(name: &'static str, kind: Kind, unit: &'static str, about: &'static str) -> Field {
    Field { name, kind, unit, about }
}

/// The members of one group. Those that flowenrich scales in place are numbers of any kind.
macro_rules! group {
    ($prefix:literal, $whose:literal) => {
        [
            field(concat!($prefix, "packets"), Kind::Number, "packets", concat!("packets ", $whose)),
            field(
                concat!($prefix, "bytes"),
                Kind::Number,
                "bytes",
                concat!("bytes ", $whose, ", of the layer of --count-bytes"),
            ),
            field(concat!($prefix, "first_seen_ms"), COUNT, "ms", concat!("first packet ", $whose, ", since 1970")),
            field(concat!($prefix, "last_seen_ms"), COUNT, "ms", concat!("last packet ", $whose, ", since 1970")),
            field(
                concat!($prefix, "duration_ms"),
                Kind::Number,
                "ms",
                concat!("time from first to last packet ", $whose),
            ),
            field(concat!($prefix, "min_ps"), COUNT, "bytes", concat!("size of the smallest packet ", $whose)),
            field(concat!($prefix, "mean_ps"), Kind::Number, "bytes", concat!("mean size of packets ", $whose)),
            field(
                concat!($prefix, "stddev_ps"),
                Kind::Number,
                "bytes",
                concat!("sample deviation of the sizes of packets ", $whose),
            ),
            field(concat!($prefix, "max_ps"), COUNT, "bytes", concat!("size of the largest packet ", $whose)),
            field(concat!($prefix, "min_piat_ms"), COUNT, "ms", concat!("shortest gap between packets ", $whose)),
            field(concat!($prefix, "mean_piat_ms"), Kind::Number, "ms", concat!("mean gap between packets ", $whose)),
            field(
                concat!($prefix, "stddev_piat_ms"),
                Kind::Number,
                "ms",
                concat!("sample deviation of the gaps between packets ", $whose),
            ),
            field(concat!($prefix, "max_piat_ms"), COUNT, "ms", concat!("longest gap between packets ", $whose)),
            field(concat!($prefix, "syn_packets"), COUNT, "packets", concat!("packets with SYN ", $whose)),
            field(concat!($prefix, "cwr_packets"), COUNT, "packets", concat!("packets with CWR ", $whose)),
            field(concat!($prefix, "ece_packets"), COUNT, "packets", concat!("packets with ECE ", $whose)),
            field(concat!($prefix, "urg_packets"), COUNT, "packets", concat!("packets with URG ", $whose)),
            field(concat!($prefix, "ack_packets"), COUNT, "packets", concat!("packets with ACK ", $whose)),
            field(concat!($prefix, "psh_packets"), COUNT, "packets", concat!("packets with PSH ", $whose)),
            field(concat!($prefix, "rst_packets"), COUNT, "packets", concat!("packets with RST ", $whose)),
            field(concat!($prefix, "fin_packets"), COUNT, "packets", concat!("packets with FIN ", $whose)),
        ]
    };
}

/// All members of all groups, then those of `--splt`.
pub const STATISTICS: &[Field] = &joined();

const BOTH: [Field; EACH] = group!("bidirectional_", "of both directions");
const OUT: [Field; EACH] = group!("src2dst_", "from source to destination");
const BACK: [Field; EACH] = group!("dst2src_", "from destination to source");

/// The first packets, as lists.
pub const FIRST_PACKETS: [Field; 3] = [
    field(
        "splt_direction",
        Kind::Numbers,
        "",
        "directions of the first packets: 0 from the source, 1 to it, -1 for none",
    ),
    field("splt_ps", Kind::Numbers, "bytes", "sizes of the first packets, -1 for none"),
    field("splt_piat_ms", Kind::Numbers, "ms", "gaps before the first packets, -1 for none"),
];

const fn joined() -> [Field; 3 * EACH + FIRST_PACKETS.len()] {
    let mut all = [BOTH[0]; 3 * EACH + FIRST_PACKETS.len()];
    let mut i = 0;
    while i < EACH {
        all[i] = BOTH[i];
        all[EACH + i] = OUT[i];
        all[2 * EACH + i] = BACK[i];
        i += 1;
    }
    i = 0;
    while i < FIRST_PACKETS.len() {
        all[3 * EACH + i] = FIRST_PACKETS[i];
        i += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_the_same_members() {
        for (group, prefix) in GROUPS.iter().enumerate() {
            for (i, both) in BOTH.iter().enumerate() {
                let field = &STATISTICS[group * EACH + i];
                let name = both.name.strip_prefix("bidirectional_").map(|name| format!("{prefix}{name}"));
                assert_eq!(Some(field.name.to_owned()), name);
                assert_eq!((field.kind, field.unit), (both.kind, both.unit));
            }
        }
        assert_eq!(STATISTICS.len(), 66);
    }
}
