//! The options of live input, and of captures of exports.

use super::{Listener, SCHEME, Wishes};
use flow_record::people::read::duration;
use ipnet::IpNet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Options of exports that come live or in captures.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Exports, live and captured")]
pub(crate) struct ExportOptions {
    /// Live: take datagrams of NET alone; may be repeated
    ///
    /// An address or a network, as 192.0.2.1 or 192.0.2.0/24. Datagrams of others are counted.
    #[arg(long, value_name = "NET", value_parser = network, hide_short_help = true)]
    pub(crate) allow: Vec<IpNet>,
    /// Live: while no flow is written, write a tick every TIME
    ///
    /// {"kind":"tick","timestamp":...}, by which the filters that follow know that time goes on.
    #[arg(long, value_name = "TIME", value_parser = interval, hide_short_help = true)]
    pub(crate) tick: Option<Duration>,
    /// Keep templates and samplings in FILE, from one run to the next
    ///
    /// JSON with a checksum, read at the beginning, if it is there, and written at the end, and every 30 seconds of live
    /// input that has brought new ones.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) templates: Option<PathBuf>,
    /// With -o: a file for every TIME of flows, named by when it begins
    ///
    /// As in --rotate 5m -o 'flows.%Y%m%d%H%M.ndjson.zst': %Y %m %d %H %M %S of UTC, packed as the suffix says (gz, zst, xz,
    /// bz2, lz4). A flow goes into the file of its start. A file appears when it is complete: once a flow starts 2 minutes
    /// after its end, or --lateness, or --tick says that it is that late. What comes later is in the next one, is told, and
    /// is counted as "late for their file". A file that is there already is left, and the other gets a number.
    #[arg(long, value_name = "TIME", value_parser = span, hide_short_help = true)]
    pub(crate) rotate: Option<i64>,
    /// Captures: read the exports that were sent to PORT
    ///
    /// Captures are then read as netflow-pcap, whatever else is in them.
    #[arg(long, value_name = "PORT", hide_short_help = true)]
    pub(crate) port: Option<u16>,
}

/// An address or a network.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| "an address or a network is expected, as 192.0.2.0/24".into())
}

/// The least time between two ticks.
const LEAST: u64 = 10_000_000;

fn interval(text: &str) -> Result<Duration, String> {
    let nanos = duration(text).filter(|nanos| *nanos >= LEAST);
    nanos.map(Duration::from_nanos).ok_or_else(|| "10ms or more is expected, as 1s".into())
}

/// The spans of files: whole seconds.
fn span(text: &str) -> Result<i64, String> {
    let nanos = duration(text).filter(|nanos| *nanos > 0 && nanos.is_multiple_of(1_000_000_000));
    let nanos = nanos.and_then(|nanos| i64::try_from(nanos).ok());
    nanos.ok_or_else(|| "whole seconds are expected, as 5m or 1h".into())
}

/// Whether an argument names a live input.
fn is_live(name: &OsString) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(SCHEME))
}

impl ExportOptions {
    /// Takes the live inputs out of these names, and listens on them.
    ///
    /// # Errors
    /// An address that cannot be listened on; an option that needs live input where there is none.
    pub(crate) fn listener(&self, names: &mut Vec<OsString>) -> Result<Option<Listener>, String> {
        let live: Vec<OsString> = names.extract_if(.., |name| is_live(name)).collect();
        let live: Vec<&str> = live.iter().filter_map(|name| name.to_str()).collect();
        if live.is_empty() {
            return match (self.allow.is_empty(), self.tick) {
                (false, _) => Err("--allow goes with live input, as udp://:2055".into()),
                (_, Some(_)) => Err("--tick goes with live input, as udp://:2055".into()),
                _ => Ok(None),
            };
        }
        Listener::bind(&live, Wishes { allow: self.allow.clone(), tick: self.tick }).map(Some)
    }
}
