//! nfcapd files of nfdump 1.6 to 1.8, read as they are. What is in them: [`crate::nfcapd`].
//!
//! A block whose content is damaged costs that block; where the next one begins is known. Behind the header of a block
//! that cannot be right nothing is. Files that follow each other in one input, as `cat` makes them, are all read.
//! Bound: one block, packed and unpacked.

use super::{Fate, Format, Probe, SPEC_OF_ROWS, Source, Takes};
use crate::feed::Feed;
use crate::feed::stream::Stream;
use crate::flows::Flows;
use crate::nfcapd::{BLOCK_HEADER, Block, HEADER, Header, Records, Unpacker};
use flow_record::item::Spec;
use flow_record::people::count;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(Nfcapd { records: Records::new(settings.keep), unpacker: Unpacker::default() }),
    takes: Takes::Bytes,
    told_by: "its first bytes, 0C A5",
    lost: "masks, MAC addresses, MPLS labels, latencies, forwarding status, events of firewalls and NAT; payload in any case",
};

const SPEC: Spec = Spec {
    name: "nfcapd",
    about: "files of nfcapd, nfpcapd, sfcapd and nfdump -w",
    explain: "
Files of layout 1 (nfdump 1.6) and 2 (1.7, 1.8), plain or packed with LZO, LZ4, bzip2 or zstd; a folder of them in the
order of their names, which is that of time. A flow is the same record as out of nfdump's CSV or JSON, with milliseconds,
and times need no zone; where it does not say itself who exported it, the file's list of exporters does. Counts of a sampled flow were multiplied by nfcapd already, so there is no sampling. Records that
describe exporters, samplers, extensions and the file are no flows. Damaged blocks are told with their offset and cost no
other block; a record that cannot be right is rejected, in hex. --keep-extra keeps numbers, addresses and names under the
keys of nfdump's JSON.",
    columns: &super::NFDUMP_FIELDS.rows::<{ super::NFDUMP_FIELDS.len() }>(),
    memory: "one block, at most 4 MiB packed and 4 MiB unpacked",
    source: "nfdump 1.6.23 to 1.7.8, nffile.h, nffileV2.h, nfx.h and nfxV3.h",
    ..SPEC_OF_ROWS
};

fn probe(head: &[u8]) -> Probe {
    match head {
        [0x0c, 0xa5, 1..=3, 0, ..] => Probe::Yes,
        [0x0c, 0xa5] | [0x0c, 0xa5, 1..=3] | [0x0c] => Probe::Maybe,
        _ => Probe::No,
    }
}

struct Nfcapd {
    records: Records,
    unpacker: Unpacker,
}

impl Source for Nfcapd {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut stream = Stream::new(feed);
        let mut next = match Header::read(stream.ahead(HEADER, flows)) {
            Err(why) if !stream.has_failed() => return Err(why),
            header => header.ok(),
        };
        while let Some(header) = next {
            stream.take(header.length as u64, flows);
            next = match self.file(&header, &mut stream, flows) {
                Ok(next) => next,
                // What ends early because that was asked for, or for a reason that was told, is not damaged here.
                Err(_) if flows.is_over() || flows.is_stopped() || stream.has_failed() => None,
                Err(why) => {
                    flows.fail_input(&why);
                    None
                }
            };
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        vec![("every field".into(), Some("itself".into()))]
    }
}

impl Nfcapd {
    /// Reads the blocks of a file; answers the header of another one behind it.
    ///
    /// # Errors
    /// Why there is no going on, or that the file is not what its header says.
    fn file(
        &mut self,
        header: &Header,
        stream: &mut Stream<'_>,
        flows: &mut Flows<'_>,
    ) -> Result<Option<Header>, String> {
        let mut blocks = 0;
        while !flows.is_over() {
            let at = stream.offset();
            let ahead = stream.ahead(BLOCK_HEADER, flows);
            if ahead.is_empty() {
                return ended(header, blocks, at).map(|()| None);
            }
            if header.blocks == Some(blocks) && Header::begins(ahead) {
                return Header::read(stream.ahead(HEADER, flows)).map(Some);
            }
            let truncated =
                || format!("truncated at byte {}: the block at byte {at} is not whole", at + ahead.len() as u64);
            let block = Block::read(ahead.first_chunk().ok_or_else(truncated)?);
            let block = block.map_err(|why| format!("corrupt at byte {at}: no block begins like this: {why}"))?;
            self.block(header, &block, stream, flows)?;
            blocks += 1;
        }
        Ok(None)
    }

    /// Reads one block.
    ///
    /// # Errors
    /// That it is cut off.
    fn block(
        &mut self,
        header: &Header,
        block: &Block,
        stream: &mut Stream<'_>,
        flows: &mut Flows<'_>,
    ) -> Result<(), String> {
        let at = stream.offset();
        let size = BLOCK_HEADER + block.size;
        let ahead = stream.ahead(size, flows);
        if ahead.len() < size {
            return Err(format!("truncated at byte {}: the block at byte {at} is not whole", at + ahead.len() as u64));
        }
        let content = self.unpacker.unpack(header.packing, &ahead[BLOCK_HEADER..]);
        if let Err(why) = content.and_then(|content| self.records.read(block, content, at, flows)) {
            flows.fail_input(&format!("corrupt block at byte {at}: {why}"));
        }
        stream.take(size as u64, flows);
        Ok(())
    }
}

/// Whether a file may end after so many blocks, at this byte.
fn ended(header: &Header, blocks: u64, at: u64) -> Result<(), String> {
    let there = || count(blocks, "blocks");
    match header.blocks {
        Some(said) if blocks < said => Err(format!("truncated at byte {at}: it has {} of {said}", there())),
        Some(said) if blocks > said => Err(format!("corrupt: it has {} where its header says {said}", there())),
        None if blocks > 0 || header.is_never_empty => {
            Err(format!("what writes it has not finished: it ends at byte {at}, after {}", there()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
