//! Datagrams as receivers hand them over: frames with who sent each and when, ticks, and counts.
//!
//! Invariant: each datagram that came is decoded, or counted as not allowed.

use super::{Exporters, Settings};
use crate::export::Origin;
use crate::feed::stream::Stream;
use crate::flows::Flows;
use crate::listen::frame::{Frame, HEADER, Kind, MAGIC};
use flow_record::people::count;
use flow_record::value::Time;
use std::path::Path;

/// What sockets have counted so far.
#[derive(Default)]
struct Counted {
    /// Of each socket, datagrams that were not allowed, and that the kernel dropped.
    sockets: Vec<(u64, u64)>,
}

impl Counted {
    fn take(&mut self, socket: u16, bytes: &[u8], flows: &mut Flows<'_>) {
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let (Some(denied), Some(dropped)) = (number(0), number(8)) else { return };
        let place = usize::from(socket);
        if self.sockets.len() <= place {
            self.sockets.resize(place + 1, (0, 0));
        }
        let before = std::mem::replace(&mut self.sockets[place], (denied, dropped));
        flows.unused_all("datagrams of others than --allow names", denied.saturating_sub(before.0));
        let more = dropped.saturating_sub(before.1);
        if more > 0 {
            let what = count(more, "datagrams");
            let text = format!("the kernel dropped {what}, for want of room: net.core.rmem_max bounds it");
            flows.warn("datagrams dropped by the kernel", &text);
        }
    }

    fn dropped(&self) -> u64 {
        self.sockets.iter().map(|(_, dropped)| dropped).sum()
    }
}

/// How often new templates are saved, in nanoseconds.
const SAVE: i64 = 30_000_000_000;

/// When templates were saved, and how many changes there had been.
#[derive(Default)]
struct Saving {
    time: i64,
    changes: u64,
}

impl Saving {
    /// Saves new templates now and then, so that a run that is killed leaves them.
    #[inline]
    fn look(&mut self, now: i64, path: &Path, exporters: &Exporters, flows: &mut Flows<'_>) {
        if now.saturating_sub(self.time) < SAVE {
            return;
        }
        self.time = now;
        match exporters.save(path, self.changes) {
            Ok(changes) => self.changes = changes,
            Err(e) => flows.warn("templates that are not saved", &e),
        }
    }
}

/// Reads all that comes.
pub(super) fn run(stream: &mut Stream<'_>, settings: &Settings, flows: &mut Flows<'_>) {
    let exporters = &settings.exporters;
    stream.take(MAGIC.len() as u64, flows);
    let (mut counted, mut written, mut saving) = (Counted::default(), 0, Saving::default());
    while !flows.is_over() {
        let Some(frame) = Frame::read(stream.ahead(HEADER, flows)) else { break };
        stream.take(HEADER as u64, flows);
        let bytes = stream.ahead(frame.length(), flows);
        match frame.kind {
            Kind::Datagram(_) => {
                flows.line += 1;
                let origin = Origin { exporter: Some(frame.address), received: Some(Time(frame.time)) };
                exporters.datagram(bytes, &origin, flows.line, flows);
            }
            Kind::Tick if flows.written() == written => {
                flows.tick(Time(frame.time));
                written = flows.written();
            }
            Kind::Tick => written = flows.written(),
            Kind::Counts => counted.take(frame.socket, bytes, flows),
        }
        stream.take(frame.length() as u64, flows);
        if let Some(path) = &settings.templates {
            saving.look(frame.time, path, &settings.exporters, flows);
        }
    }
    flows.detail("datagrams", flows.line);
    flows.detail("datagrams dropped by the kernel", counted.dropped());
}
