//! What fuzz targets reach of this crate: readers of bytes, without files, threads or output. Built for fuzzing only.

use crate::capture::Packet;
use crate::feed::Feed;
use crate::flows::Flows;
use crate::nfcapd;
use crate::options::Options;
use crate::packet;
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
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// What is kept from one input to the next.
struct Kept {
    session: Session,
    plain: Settings,
    rich: Settings,
}

/// The options of [`read_richly`].
const RICH: [&str; 10] =
    ["flowcat", "--stats", "--splt", "3", "--decapsulate", "--max-flows", "3", "--idle-timeout", "10s", "--keep-extra"];

/// Reads an input of the format of this name, which comes in pieces of so many bytes; `None` where there is none of the
/// name.
pub fn read(format: &str, input: &[u8], size: usize) -> Option<Outcome> {
    read_with(|kept| &kept.plain, format, input, size)
}

/// The same with statistics, samples and inner packets of captures, few open flows, and what flows have besides.
pub fn read_richly(format: &str, input: &[u8], size: usize) -> Option<Outcome> {
    read_with(|kept| &kept.rich, format, input, size)
}

fn read_with(settings: fn(&Kept) -> &Settings, format: &str, input: &[u8], size: usize) -> Option<Outcome> {
    let format = FORMATS.iter().find(|f| f.spec.name == format)?;
    KEPT.with_borrow_mut(|kept| {
        if kept.is_none() {
            let session =
                Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).ok()?;
            let asked = |words: &[&str]| Options::try_parse_from(words).ok()?.settings().ok();
            *kept = Some(Kept { session, plain: asked(&RICH[..1])?, rich: asked(&RICH)? });
        }
        let kept = kept.as_mut()?;
        let mut source = (format.open)(settings(kept));
        let session = &mut kept.session;
        let before = session.account.rejected;
        let mut feed = Feed::of_blocks(input.chunks(size.max(1)).map(<[u8]>::to_vec).collect());
        let mut flows = Flows::look(session, vec![]);
        flows.begin("input");
        let refusal = source.run(&mut feed, &mut flows).err();
        let lines = flows.lines().to_vec();
        drop(flows);
        Some(Outcome { lines, rejected: session.account.rejected - before, refusal })
    })
}

/// What is known of a packet.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Length on the wire of frame, IP packet, what that carries, and payload.
    pub lengths: [u32; 4],
    /// Addresses, ports, protocol, VLAN and flags.
    pub key: ([u128; 2], [u16; 2], u8, u16, u8),
    /// Where in the packet its payload is, and how long what was captured of that is.
    pub payload: (usize, usize),
}

/// The headers of a packet of a link type, of `length` bytes on the wire; with `inner` of what tunnels carry.
///
/// # Errors
/// Why there are none.
pub fn headers(link: u16, bytes: &[u8], length: u32, inner: bool) -> Result<Known, &'static str> {
    let packet = Packet { time: None, digits: 6, link, bytes, length, is_big: false };
    let headers = packet::decode(&packet, inner).map_err(packet::Unfit::name)?;
    let at = headers.payload.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
    let lengths = headers.lengths;
    Ok(Known {
        lengths: [lengths.l2, lengths.l3, lengths.l4, lengths.payload],
        key: (headers.addresses, headers.ports, headers.protocol, headers.vlan, headers.flags),
        payload: (at, headers.payload.len()),
    })
}

/// Unpacks a block of LZO1X into `out`; answers how many bytes it has, or `None` where it is corrupt or does not fit.
pub fn lzo(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    nfcapd::lzo(packed, out)
}
