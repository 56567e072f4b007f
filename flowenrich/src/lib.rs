//! `flowenrich`: more fields for flow lines.
//!
//! ```text
//! lines ──► chain ──► the same lines with more members
//!           enrichers in the order given,
//!           each adds members of its own
//! ```
//!
//! - `relay`: all enrichers of a run: chains, and the places where lines wait for those that look ahead (`spool`).
//! - `chain`: enrichers in stages, on one line; `stage`: those that do not depend on each other.
//! - `record`: a line while it is enriched, and members ready to be put in.
//! - `enrich`: the enrichers, one file each, and their registry.
//! - `database`, `legacy`, `lookup`, `values`: databases of addresses, and what was looked up in them; `renewed`: files
//!   that are read again when they change.
//! - `dns`: questions to name servers.
//! - `members`: members taken out of lines.
//! - `numbers`: numbers of a line by name, and what is learnt of them.
//! - `table`: CSV files that enrichers look things up in; `places`: numbers by address, network or range.
//! - `limit`: every limit.
//! - `schema`: the lines that are written.
//!
//! Invariants: lines come out in their order, each once; what is not added or asked to be overwritten stays byte for
//! byte; running the same enrichers twice gives the same bytes (but for `anonymize`); nothing is allocated for a line, only for a record of a
//! database met for the first time. A line waits for others only where an enricher looks ahead, and says so. Everything that is named on the command line is opened and checked before any
//! input is read.
//!
//! A new enricher is a file in `enrich` and a row in `ENRICHERS`; its columns are rows in `flow_record`'s table.

mod chain;
mod database;
#[cfg(feature = "dns")]
mod dns;
mod enrich;
mod legacy;
mod limit;
mod lookup;
mod members;
mod numbers;
mod places;
mod record;
mod relay;
mod renewed;
mod schema;
mod spool;
mod stage;
mod table;
mod values;

use clap::Parser;
use flow_record::cli::{self, Common, Inputs, Program, Threads};
use flow_record::people::read;
use flow_record::run::{Ending, Messages, Session, each_line};
use relay::{Relay, Setup};
use spool::Room;
use std::path::PathBuf;
use std::process::ExitCode;

const PROGRAM: Program = Program {
    name: "flowenrich",
    what: "enricher",
    about: "Add fields to flow lines, rows and alerts: scopes, services, countries, systems",
    specs: || enrich::ENRICHERS.iter().map(|e| &e.spec).collect(),
    facts: |_| Vec::new(),
    examples: &[
        ("flowcat trace.csv | flowenrich scope service portclass", "what kind of addresses, services and ports"),
        ("flowcat trace.csv | flowenrich scope:internal=193.136.0.0/15", "direction as seen from one's own network"),
        ("flowcat trace.csv | flowdetect | flowenrich geo:db=country.mmdb asn", "countries and operators on alerts"),
        ("echo '{\"dst_ip\":\"193.136.73.21\"}' | flowenrich scope", "one address is enough"),
    ],
    files: &[
        ("/usr/share/GeoIP, /var/lib/GeoIP, /usr/local/share/GeoIP", "databases of geo and asn without db="),
        ("/usr/share/ieee-data, /var/lib/ieee-data", "registries of vendor without db="),
        ("/etc/resolv.conf", "servers of rdns and resolve without server="),
    ],
    schemas: schema::schemas,
};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    waiting: Waiting,
    /// As NAME:key=value,..., applied in the order given
    #[arg(value_name = "ENRICHER")]
    items: Vec<String>,
}

/// Options for enrichers that look ahead.
#[derive(Clone, Debug, clap::Args)]
struct Waiting {
    /// Let flows of a stream wait no longer than DURATION for others, as 10s
    ///
    /// For enrichers that look ahead, as fan. Without it the whole input is kept until its end, in whatever order it comes;
    /// once a tick has come (flowcat --tick) it is 120 s.
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    lateness: Option<u64>,
    /// Memory for lines that wait
    #[arg(long, value_name = "SIZE", default_value = limit::MEMORY, value_parser = memory, hide_short_help = true)]
    memory: u64,
    /// Keep lines that wait and have no room in memory in a file in DIR
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    spill: Option<PathBuf>,
}

fn duration(text: &str) -> Result<u64, String> {
    read::duration(text).ok_or_else(|| "a duration is expected, as 90s or 5m".into())
}

fn memory(text: &str) -> Result<u64, String> {
    let fits = |n: &u64| (limit::LEAST_MEMORY..1 << 50).contains(n);
    read::integer(text).filter(fits).ok_or_else(|| "8M or more is expected, as 512M or 4G".into())
}

/// Runs the program; answers its exit code.
pub fn main() -> ExitCode {
    run().unwrap_or_else(|code| code)
}

fn run() -> Result<ExitCode, ExitCode> {
    let options: Options = cli::parse::<Options>(&PROGRAM)?;
    if let Some(code) = options.common.answered::<Options>(&PROGRAM) {
        return Ok(code);
    }
    if options.items.is_empty() {
        return Err(cli::usage_error(&PROGRAM, "no enricher is given; --list shows all"));
    }
    let items = cli::items(&PROGRAM, &options.items)?;
    let Waiting { lateness, memory, spill } = options.waiting.clone();
    let setup = Setup { room: Room { memory, spill }, lateness };
    let relay = Relay::build(items.clone(), &setup).map_err(|e| {
        Messages::new(PROGRAM.name, options.common.quiet).error(&format!("{e:#}"));
        ExitCode::from(Ending { failed: true, ..Ending::default() })
    })?;
    let sources = options.inputs.sources(&PROGRAM)?;
    let mut session = options.common.session(&PROGRAM, &items, &sources, &[])?;
    for text in relay.chains().flat_map(|chain| chain.warnings().collect::<Vec<_>>()) {
        session.messages.warn("before the run", || text);
    }
    let watch = relay.watch().to_vec();
    let threads = if relay.is_single() { 1 } else { options.threads.number(&options.common, &sources) };
    let mut workers: Vec<_> = (1..threads).map(|_| relay.another()).collect();
    workers.push(relay);
    let mut workers = each_line(&mut session, sources, &watch, workers);
    workers.iter_mut().for_each(|relay| relay.finish(&mut session));
    tell(&mut session, &workers);
    Ok(session.end().into())
}

/// Says once an item what it could not do, over all threads.
fn tell(session: &mut Session, workers: &[Relay]) {
    let mut all: Vec<stage::Told> = Vec::new();
    for worker in workers {
        for (i, told) in worker.chains().flat_map(|chain| chain.told()).enumerate() {
            match all.get_mut(i) {
                Some(sum) => {
                    sum.lacking += told.lacking;
                    sum.damaged += told.damaged;
                }
                None => all.push(told),
            }
        }
    }
    for told in all {
        let (name, needs) = (told.name, told.needs.join(", "));
        let needs = if needs.is_empty() { "the fields that it was given".to_owned() } else { needs };
        if told.lacking > 0 {
            let lines = if told.lacking == 1 { "line lacks" } else { "lines lack" };
            session.messages.note(&format!("{name}: {} {lines} what it needs ({needs})", told.lacking));
        }
        if told.damaged > 0 {
            let text = "the database is damaged; records that cannot be read were met, lines:";
            session.fail(&format!("{name}: {text} {}", told.damaged));
        }
        for text in told.notes {
            session.messages.note(&format!("{name}: {text}"));
        }
    }
    for (why, count) in session.account.fates.unused.clone() {
        session.messages.note(&format!("lines left out, because {why}: {count}"));
    }
    let overgrown: u64 = workers.iter().flat_map(Relay::chains).map(chain::Chain::overgrown).sum();
    if overgrown > 0 {
        let text = "left as they came, because with more members no filter would accept them, lines:";
        session.messages.note(&format!("{text} {overgrown}"));
    }
}
