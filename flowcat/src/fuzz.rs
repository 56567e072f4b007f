//! What fuzz targets reach of this crate: readers of bytes, without files, threads or output. Built for fuzzing only.

use crate::feed::Feed;
use crate::flows::Flows;
use crate::nfcapd;
use crate::options::Options;
use crate::source::{FORMATS, Settings};
use clap::Parser;
use flow_record::output::Sink;
use flow_record::run::{Conduct, Session};
use std::cell::RefCell;

/// What came of an input.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The lines.
    pub lines: Vec<u8>,
    /// Records that were rejected.
    pub rejected: u64,
    /// Why there are no flows at all.
    pub refusal: Option<String>,
}

thread_local! {
    /// One for all inputs: a session listens for signals, which is not done for each input anew.
    static KEPT: RefCell<Option<(Session, Settings)>> = const { RefCell::new(None) };
}

/// Reads an input of the format of this name, which comes in pieces of so many bytes; `None` where there is none of the
/// name.
pub fn read(format: &str, input: &[u8], size: usize) -> Option<Outcome> {
    let format = FORMATS.iter().find(|f| f.spec.name == format)?;
    KEPT.with_borrow_mut(|kept| {
        if kept.is_none() {
            let session =
                Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).ok()?;
            *kept = Some((session, Options::try_parse_from(["flowcat"]).ok()?.settings().ok()?));
        }
        let (session, settings) = kept.as_mut()?;
        let before = session.account.rejected;
        let mut feed = Feed::of_blocks(input.chunks(size.max(1)).map(<[u8]>::to_vec).collect());
        let mut flows = Flows::look(session, vec![]);
        flows.begin("input");
        let refusal = (format.open)(settings).run(&mut feed, &mut flows).err();
        let lines = flows.lines().to_vec();
        drop(flows);
        Some(Outcome { lines, rejected: session.account.rejected - before, refusal })
    })
}

/// Unpacks a block of LZO1X into `out`; answers how many bytes it has, or `None` where it is corrupt or does not fit.
pub fn lzo(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    nfcapd::lzo(packed, out)
}
