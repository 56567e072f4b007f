//! `rdns`: the names of both addresses by reverse DNS (RFC 1035, section 3.5; RFC 3596, section 2.5).
//!
//! A line's addresses are asked for as it comes, many at once, and the line leaves when both answers are there; names are
//! remembered as long as their servers say. Invariant: lines leave in their order, each with what was known of its addresses
//! when it came or since. Bound: the lines of one batch, and [`crate::limit::REMEMBERED_NAMES`].

mod cache;

use super::{Ahead, ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::dns::{Answer, Asker, Servers};
use crate::limit::IN_FLIGHT;
use crate::record::{Record, keys};
use anyhow::Context;
use cache::Cache;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::Ranges;
use flow_record::net::special::{SCOPES, scopes};
use flow_record::record::Field;
use flow_record::value::{Address, text};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "rdns",
        about: "names of both addresses by reverse DNS",
        explain: "\
src_name and dst_name are the names that a PTR record gives for an address; of several the first in the order of letters. An
address without a name gets nothing. A backslash stands before what is no letter, digit, hyphen or underscore in a name, or a
number for what cannot be printed; names are what their owners say, and prove nothing. 127.0.0.0/8 and ::1 are localhost.

The servers are those of /etc/resolv.conf, or of server= (ADDRESS or ADDRESS:PORT, several joined with +). Up to 256 questions
are under way at once, each asked again once after timeout=; rate= keeps to so many a second. only=global asks for no address
that is private or otherwise set aside. After 8 silences in a row the servers are taken for gone: lines go on without names,
that is told at the end, and a question every 30 s tries again.

Names and that there is none are remembered for as long as the servers say, a day at most, up to 100 000 of them; where a server
says nothing of that, 30 s. cachefile= keeps them from run to run.",
        params: &[
            Param::new("server", ParamKind::Fields, "", "", "the servers"),
            Param::new("timeout", ParamKind::Duration(1_000_000), "2s", "", "how long to wait for an answer"),
            Param::new("rate", ParamKind::Integer(1, 1_000_000), "", "a second", "how many questions at most"),
            Param::new("only", ParamKind::Choice(&["global", "all"]), "all", "", "for which addresses to ask"),
            Param::new("cachefile", ParamKind::File, "", "", "a file that keeps what was learnt"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[Field::named("src_name"), Field::named("dst_name")],
        memory: "100 000 names, and the lines of one batch",
        source: "RFC 1035, RFC 2308, RFC 3596",
    },
    build,
};

/// The scope of addresses that only=global asks for.
const GLOBAL: &str = "global";

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let servers = Servers::of(args).context("rdns")?;
    let mut cache = Cache::default();
    let mut warning = None;
    let file = args.file("cachefile");
    if let Some(path) = &file {
        let bad = cache.load(path).with_context(|| format!("rdns: {}", path.display()))?;
        warning = (bad > 0).then(|| format!("rdns: {}: lines that are no names: {bad}", path.display()));
    }
    let asker = Asker::start(&servers).context("rdns")?;
    let global = SCOPES.iter().position(|scope| *scope == GLOBAL).map(|place| place as u8);
    Ok(Box::new(Rdns {
        keys: keys(&ENRICHER.spec),
        servers: servers.names,
        asker,
        cache,
        file,
        warning,
        scopes: (args.text("only") == Some(GLOBAL)).then(scopes),
        global,
        slots: VecDeque::new(),
        first: 0,
        settled: 0,
        unsaved: None,
        now: Instant::now(),
    }))
}

struct Rdns {
    keys: Vec<Vec<u8>>,
    servers: String,
    asker: Asker,
    cache: Cache,
    file: Option<PathBuf>,
    warning: Option<String>,
    /// Scopes by address, where only one counts.
    scopes: Option<Ranges<u8>>,
    global: Option<u8>,
    /// The answers for the lines that have not been enriched yet.
    slots: VecDeque<[Option<Arc<Answer>>; 2]>,
    /// The number of the line of the first slot.
    first: u64,
    settled: u64,
    /// Why the names could not be kept.
    unsaved: Option<String>,
    /// When names are looked at for whether they still hold; the clock is read once a batch.
    now: Instant,
}

impl Rdns {
    fn answer(&mut self, address: Address) -> Option<Arc<Answer>> {
        if self.scopes.as_ref().is_some_and(|scopes| Some(scopes.at(address)) != self.global) {
            return None;
        }
        if let Some(answer) = self.cache.get(address, self.now) {
            return Some(answer);
        }
        let answer = self.asker.ask(address);
        self.cache.put(address, Arc::clone(&answer));
        Some(answer)
    }
}

impl Ahead for Rdns {
    fn learn(&mut self, record: &Record<'_, '_>) {
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        let slot = ends.map(|end| self.answer(end?));
        self.slots.push_back(slot);
        // Lines that come from one that let many go at once are not all asked for at once.
        self.asker.wait(4 * IN_FLIGHT);
    }

    fn settled(&mut self) -> u64 {
        let is_known = |slot: &[Option<Arc<Answer>>; 2]| slot.iter().flatten().all(|answer| answer.known().is_some());
        while self.slots.get((self.settled - self.first) as usize).is_some_and(is_known) {
            self.settled += 1;
        }
        self.settled
    }

    fn catch_up(&mut self) -> bool {
        let has_waited = self.asker.wait(0);
        self.now = Instant::now();
        has_waited
    }

    fn finish(&mut self) -> Result<(), String> {
        self.asker.wait(0);
        let saved = self.file.as_ref().map_or(Ok(()), |path| self.cache.save(path));
        match saved.map_err(|e| format!("rdns: {e}")) {
            // What keeps names for later runs must not cost a line.
            Err(text) if !self.slots.is_empty() => {
                self.unsaved = Some(text);
                Ok(())
            }
            result => result,
        }
    }

    fn memory(&self) -> u64 {
        (self.slots.len() * size_of::<[Option<Arc<Answer>>; 2]>()) as u64
    }
}

impl Enrich for Rdns {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        self.first += 1;
        let slot = self.slots.pop_front().unwrap_or_default();
        for (end, answer) in slot.iter().enumerate() {
            if let Some(name) = answer.as_ref().and_then(|answer| answer.known()?.name.as_deref()) {
                record.write(end, &self.keys[end], |out| text::write_json(name, out));
            }
        }
        Outcome::of(record.flow().src_ip().is_some() || record.flow().dst_ip().is_some())
    }

    // Where lines are learnt from there is one worker, so nobody enriches with this.
    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Idle)
    }

    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        Some(self)
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }

    fn notes(&self) -> Vec<String> {
        let count = self.asker.unanswered();
        let silent = || format!("no answer came from {} for addresses: {count}; they have no name", self.servers);
        (count > 0).then(silent).into_iter().chain(self.unsaved.clone()).collect()
    }
}

/// Enriches nothing.
struct Idle;

impl Enrich for Idle {
    fn enrich(&mut self, _record: &mut Record<'_, '_>) -> Outcome {
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Idle)
    }
}
