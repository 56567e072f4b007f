//! The options of metering.

use super::{Layer, MILLI, Plan, samples};
use crate::step;
use flow_record::people::read::integer;

/// Timeouts of nfstream, and of Linux' connection tracking.
const IDLE: i64 = 120_000;
const ACTIVE: i64 = 1_800_000;

/// Options for packets.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct MeterOptions {
    /// A flow ends when it was silent for TIME [default: 120s]
    ///
    /// The packet that comes after that begins another flow. FIN and RST end none. Counted in whole milliseconds, by the
    /// times of the packets.
    #[arg(long, value_name = "TIME", value_parser = millis, help_heading = "Packets", hide_short_help = true)]
    idle_timeout: Option<i64>,
    /// A flow ends after TIME though it goes on [default: 1800s]
    #[arg(long, value_name = "TIME", value_parser = millis, help_heading = "Packets", hide_short_help = true)]
    active_timeout: Option<i64>,
    /// Add statistics: bidirectional_mean_ps and 62 others
    ///
    /// Counts, times in ms, and of the sizes (ps) and gaps (piat_ms) of packets the smallest, mean, sample deviation and
    /// largest, and how many packets have each TCP flag; of both directions, src2dst and dst2src. Names and values are
    /// those of nfstream: gaps are of times in whole ms, and what has too few packets is 0.
    #[arg(long, help_heading = "Packets", hide_short_help = true)]
    stats: bool,
    /// Add lists of the first N packets: splt_ps, splt_direction, splt_piat_ms
    ///
    /// Sizes, directions (0 from the source, 1 to it), and gaps before them in ms; -1 where a flow has fewer. 1000 at most.
    #[arg(long, value_name = "N", value_parser = samples, help_heading = "Packets", hide_short_help = true)]
    splt: Option<usize>,
    /// With --stats, --splt: what of a packet is its size [default: l2]
    ///
    /// Of the whole frame, from the IP header on, behind it, or what TCP, UDP or ICMP carries. The field bytes is always that
    /// of the IP header.
    #[arg(
        long,
        value_name = "l2|l3|l4|payload",
        value_enum,
        hide_possible_values = true,
        help_heading = "Packets",
        hide_short_help = true
    )]
    count_bytes: Option<Layer>,
    /// Meter what tunnels carry, not the tunnel
    ///
    /// GRE, IP in IP, 6in4, EtherIP, VXLAN, Geneve, GTP-U and Teredo, one in the other. VLAN tags, MPLS, PPPoE and PPP are
    /// no tunnels: what they carry is metered anyway. Packets in fragments are not looked into.
    #[arg(long, help_heading = "Packets", hide_short_help = true)]
    decapsulate: bool,
    /// Meter all captures as one, whose parts follow one another
    ///
    /// Flows that are open at the end of a capture go on in the next. Otherwise each is metered by itself.
    #[arg(long = "continue", conflicts_with = "merge", help_heading = "Packets", hide_short_help = true)]
    goes_on: bool,
}

/// A duration in milliseconds.
fn millis(text: &str) -> Result<i64, String> {
    step::time(text).map(|nanos| nanos / MILLI + i64::from(nanos % MILLI > 0))
}

/// A number of packets.
fn samples(text: &str) -> Result<usize, String> {
    let count = integer(text).filter(|n| (1..=samples::MOST).contains(n));
    count.map(|n| n as usize).ok_or_else(|| format!("1 to {} packets are expected", samples::MOST))
}

impl MeterOptions {
    /// What is asked for; at most so many flows are open.
    ///
    /// # Errors
    /// An option that needs another.
    pub(crate) fn plan(&self, most: usize) -> Result<Plan, String> {
        if self.count_bytes.is_some() && !self.stats && self.splt.is_none() {
            return Err("--count-bytes goes with --stats or --splt".into());
        }
        Ok(Plan {
            idle: self.idle_timeout.unwrap_or(IDLE),
            active: self.active_timeout.unwrap_or(ACTIVE),
            most,
            inner: self.decapsulate,
            goes_on: self.goes_on,
            statistics: self.stats,
            samples: self.splt.unwrap_or(0),
            layer: self.count_bytes.unwrap_or_default(),
        })
    }
}
