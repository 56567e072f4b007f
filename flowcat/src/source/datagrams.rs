//! Datagrams that exporters sent: NetFlow 5, 7, 9, IPFIX and sFlow 5, one after the other in files, or live.
//!
//! Where a datagram ends, its header or its sets say ([`extent`]). Invariant: what lies before damage is read. Bound:
//! one datagram, and what [`limits`](crate::export::limits) say.

mod captured;
mod extent;
mod live;
mod probe;

pub(super) use captured::{FORMAT as CAPTURED, is_export};

use super::fields::{Set, TWO_WAY};
use super::{Fate, Format, SPEC_OF_ROWS, Settings, Source, Takes};
use crate::export::{Damage, Decoder, Origin, Take};
use crate::feed::Feed;
use crate::feed::stream::Stream;
use crate::flows::{Flows, Loss};
use crate::listen::frame::MAGIC;
use extent::Extent;
use flow_record::input::cause;
use flow_record::item::Spec;
use flow_record::output::write_file;
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe: probe::probe,
    open: |settings| Box::new(Datagrams { settings: settings.clone() }),
    takes: Takes::Bytes,
    told_by: "a whole datagram of NetFlow 5, 7 or 9, IPFIX or sFlow 5 at its beginning",
    lost: "elements without a field: MAC addresses, MPLS labels, prefix lengths, what enterprises define and the like",
};

/// What exports can give.
pub(super) const FIELDS: Set = TWO_WAY.and(&[
    field::FLOWS,
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
    field::APP,
    field::STATE,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::NEXT_HOP,
    field::TOS,
    field::VLAN,
    field::SAMPLING,
    field::BYTE_LAYER,
]);

const SPEC: Spec = Spec {
    name: "netflow",
    about: "datagrams of NetFlow, IPFIX and sFlow, in files or live",
    explain: "
The payloads that exporters sent, one after the other in files (.dat, .bin), or live: flowcat udp://:2055. Templates serve all inputs that follow, each those of its
exporter and observation domain; data that comes before its template waits for it, 300 seconds of the exporter's time and
64 KiB of one exporter. Elements are known by IANA's numbers, those of the reverse direction (RFC 5103) are rev_; in
NetFlow 9 elements 23 and 24 are, too, where 1 and 2 are there. Times that count from the exporter's start are made
absolute, over their wraps. The sampling comes from the record, or from the exporter's options. ICMP's type and code come
from their elements, or from the destination port. Of an element that stands twice the last counts, that of the inner
header. Options are no flows and counted as unused. --keep-extra keeps all other
elements by IANA's names, or as ie57590, or e9ie12232 of enterprise 9. Numbers of datagrams tell of losses, which are
counted. Kept are 1024 templates of a domain, 64 domains of an exporter, 4096 exporters; who sends more displaces its own.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "64 MiB: 16 of templates reserved for exporters, 12 of templates beyond, 16 of data that waits",
    source: "Cisco NetFlow 5 and 7; RFC 3954; RFC 7011 to 7012; RFC 5103; IANA IPFIX information elements; sFlow version 5",
    ..SPEC_OF_ROWS
};

/// Bytes that are read of a file of templates: more than all that are kept.
const MOST_SAVED: u64 = 256 << 20;

/// What is known of exporters, shared by all inputs of a run.
#[derive(Clone, Debug)]
pub(crate) struct Exporters(Arc<Mutex<Decoder>>);

impl Exporters {
    /// Nothing is known. `keeps` says that elements which are no field become members.
    pub(crate) fn new(keeps: bool) -> Exporters {
        Exporters(Arc::new(Mutex::new(Decoder::new(keeps))))
    }

    fn hold(&self) -> MutexGuard<'_, Decoder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a datagram, number `number` of its input.
    pub(crate) fn datagram(&self, bytes: &[u8], origin: &Origin, number: u64, flows: &mut Flows<'_>) {
        self.hold().datagram(bytes, origin, &mut Taking { flows, number });
    }

    /// Takes the templates that a file has, if there is one.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(crate) fn load(&self, path: &Path) -> Result<(), String> {
        let told = |e: String| format!("--templates {}: {e}", path.display());
        let mut text = String::new();
        match File::open(path) {
            Ok(file) => file.take(MOST_SAVED).read_to_string(&mut text).map_err(|e| told(cause(&e)))?,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(told(cause(&e))),
        };
        self.hold().load(&text).map(|_| ()).map_err(told)
    }

    /// Writes the templates that are known, where some are new since `before`; answers how many changes there were.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub(crate) fn save(&self, path: &Path, before: u64) -> Result<u64, String> {
        let decoder = self.hold();
        let changes = decoder.changes();
        if changes == before {
            return Ok(changes);
        }
        let text = decoder.save()?;
        drop(decoder);
        write_file(path, text.as_bytes()).map_err(|e| format!("--templates: {e}"))?;
        Ok(changes)
    }

    /// All inputs were read.
    pub(crate) fn finish(&self, flows: &mut Flows<'_>) {
        let mut decoder = self.hold();
        decoder.finish(&mut Taking { flows, number: 0 });
        decoder.counts().for_each(|(name, count)| flows.detail(name, count));
    }
}

/// Puts what a datagram holds into the flows.
struct Taking<'t, 's> {
    flows: &'t mut Flows<'s>,
    /// Number of the datagram.
    number: u64,
}

impl Take for Taking<'_, '_> {
    #[inline]
    fn flow(&mut self, flow: &Flow, extras: &[u8]) {
        if let Some(clock) = flow.text(field::CLOCK) {
            self.flows.lose(self.number, 0, Loss::Time(clock));
        }
        self.flows.flow_with(flow, extras);
    }

    fn unused(&mut self, why: &'static str, count: u64) {
        self.flows.unused_all(why, count);
    }

    fn damage(&mut self, damage: &Damage, rest: &[u8]) {
        let message = format!("{}, at byte {} of its datagram", damage.message, damage.offset);
        self.flows.reject(self.number, damage.offset + 1, damage.kind, &message, rest);
    }

    fn lost(&mut self, field: FieldId, value: u64) {
        self.flows.lose(self.number, 0, Loss::Number(field, value));
    }

    fn warn(&mut self, kind: &'static str, text: &str) {
        self.flows.warn(kind, text);
    }
}

struct Datagrams {
    settings: Settings,
}

impl Source for Datagrams {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let exporters = &self.settings.exporters;
        exporters.hold().begin_input();
        let mut stream = Stream::new(feed);
        if stream.ahead(MAGIC.len(), flows) == MAGIC {
            live::run(&mut stream, &self.settings, flows);
            return Ok(());
        }
        let origin = Origin::default();
        while !flows.is_over() && !stream.ahead(1, flows).is_empty() {
            flows.line += 1;
            let (offset, number) = (stream.offset(), flows.line);
            let (length, wanted) = match extent::next(&mut stream, flows) {
                Extent::Whole(length) => (length, None),
                Extent::Cut { there, wanted } => (there, Some(wanted)),
                Extent::Other => {
                    flows.fail_input(&format!("byte {offset}: no datagram of an export begins here"));
                    return Ok(());
                }
            };
            exporters.datagram(stream.ahead(length, flows), &origin, number, flows);
            stream.take(length as u64, flows);
            if let Some(wanted) = wanted {
                let end = offset + length as u64;
                flows.fail_input(&format!("truncated at byte {end}, {wanted} before the end of datagram {number}"));
            }
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        fates(&self.settings)
    }
}

/// What becomes of the elements of exports.
fn fates(settings: &Settings) -> Vec<Fate> {
    let others = settings.keep.then(|| "members by their names".to_owned());
    vec![("elements of fields".into(), Some("fields".into())), ("other elements".into(), others)]
}

#[cfg(test)]
mod tests;
