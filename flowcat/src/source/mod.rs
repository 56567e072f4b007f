//! The formats: one file each, and one row in [`FORMATS`].
//!
//! A format says how it is recognised ([`Format::probe`]) and makes a [`Source`], which takes the blocks of one input
//! and puts flows, lines that pass and rejects into [`Flows`]. To add one: write its file, add its row.

mod csv;
mod flow;
mod json;
mod nfdump;
mod nfdump_csv;
mod nfdump_json;
mod nfdump_line;
mod nfdump_pipe;
#[cfg(test)]
pub(crate) mod testing;

use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::Mapping;
use flow_record::item::Spec;
use flow_record::record::field::{self, Field, FieldId, RECORD};
use flow_record::value::time::Zone;
use memchr::{memchr, memchr_iter};

/// What a probe says of the beginning of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// It is something else.
    No,
    /// More must be seen to tell.
    Maybe,
    /// It is this format.
    Yes,
}

/// One format.
pub(crate) struct Format {
    /// Its documentation.
    pub(crate) spec: &'static Spec,
    /// Looks at whole lines from the first that is not blank and no remark of a tool, or, where the input comes in pieces,
    /// at all of it so far. What it says of a beginning is not to change with what follows, save from `Maybe`.
    pub(crate) probe: fn(&[u8]) -> Probe,
    /// Makes a source for one input.
    pub(crate) open: fn(&Settings) -> Box<dyn Source>,
    /// Whether the source takes blocks that are no whole lines: see [`crate::feed::Shape`].
    pub(crate) pieces: bool,
}

/// All formats, in the order in which they are tried.
pub(crate) const FORMATS: &[&Format] = &[
    &nfdump_csv::FORMAT,
    &nfdump_pipe::FORMAT,
    &nfdump_line::FORMAT,
    &flow::FORMAT,
    &nfdump_json::FORMAT,
    &json::FORMAT,
    &csv::FORMAT,
];

/// What the user says about foreign sources.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What columns mean.
    pub(crate) mapping: Mapping,
    /// The zone of times without one.
    pub(crate) zone: Zone,
    /// Whether the user said so.
    pub(crate) zone_given: bool,
    /// Keep columns that are no field of the record.
    pub(crate) keep: bool,
}

/// A column or member of a source, and what becomes of it: `None` where it is dropped.
pub(crate) type Fate = (String, Option<String>);

/// Reads one input.
pub(crate) trait Source {
    /// Reads to the end of the input, or until the flows are over.
    ///
    /// # Errors
    /// Why this input has no flows at all; nothing was put into `flows` then.
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String>;

    /// What becomes of each column, as far as it was seen.
    fn fates(&self) -> Vec<Fate>;
}

/// Rows of the record's table.
const fn fields<const N: usize>(ids: [FieldId; N]) -> [Field; N] {
    let mut rows = [RECORD[0]; N];
    let mut i = 0;
    while i < N {
        rows[i] = RECORD[ids[i].0 as usize];
        i += 1;
    }
    rows
}

/// What nfdump's CSV and JSON can give.
const NFDUMP_FIELDS: &[Field] = &fields([
    field::TIMESTAMP,
    field::DURATION,
    field::SRC_IP,
    field::DST_IP,
    field::SRC_PORT,
    field::DST_PORT,
    field::PROTOCOL,
    field::PACKETS,
    field::BYTES,
    field::REV_PACKETS,
    field::REV_BYTES,
    field::FLOWS,
    field::TCP_FLAGS,
    field::ICMP_TYPE,
    field::ICMP_CODE,
    field::LABEL,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::NEXT_HOP,
    field::TOS,
    field::VLAN,
    field::CLOCK,
]);

/// What nfdump's pipe form gives.
const NFDUMP_PIPE_FIELDS: &[Field] = &fields([
    field::TIMESTAMP,
    field::DURATION,
    field::SRC_IP,
    field::DST_IP,
    field::SRC_PORT,
    field::DST_PORT,
    field::PROTOCOL,
    field::PACKETS,
    field::BYTES,
    field::TCP_FLAGS,
    field::ICMP_TYPE,
    field::ICMP_CODE,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::TOS,
    field::CLOCK,
]);

/// Bytes after which a format is chosen from what is known.
const HEAD: usize = 64 * 1024;

/// Lines that are looked at for the one that tells the format.
const LINES: usize = 8;

/// What an input seems to be.
pub(crate) enum Detected {
    /// This format.
    Format(&'static Format),
    /// It has no records.
    Nothing,
    /// No format that is known; the line it begins with.
    Unknown(Vec<u8>),
}

/// Looks at the beginning of an input, as far as is needed. The answer depends on its lines, not on how they come.
pub(crate) fn detect(feed: &mut Feed, flows: &mut Flows<'_>, lines: bool) -> Detected {
    let mut looked = 0;
    while feed.look(flows) {
        let head = feed.head();
        let ends: Vec<usize> = match lines {
            true => memchr_iter(b'\n', &head[looked..]).map(|i| looked + i + 1).collect(),
            false => vec![head.len()],
        };
        for end in ends {
            if let Some(detected) = decide(&head[..end], end >= HEAD) {
                return detected;
            }
        }
        looked = head.len();
    }
    decide(feed.head(), true).unwrap_or(Detected::Nothing)
}

/// The format of what begins like this; `last` says that no more will be seen. Lines of no format may stand before those
/// that tell it.
fn decide(head: &[u8], last: bool) -> Option<Detected> {
    let head = head.trim_ascii_start();
    let mut rest = significant(head);
    if rest.is_empty() {
        return last.then_some(Detected::Nothing);
    }
    let mut lines = 0;
    while lines < LINES && !rest.is_empty() {
        for format in FORMATS.iter().filter(|f| f.spec.name != csv::FORMAT.spec.name) {
            match (format.probe)(rest) {
                Probe::No => {}
                Probe::Yes => return Some(Detected::Format(format)),
                Probe::Maybe => return last.then_some(Detected::Format(format)),
            }
        }
        rest = significant(&rest[memchr(b'\n', rest).map_or(rest.len(), |i| i + 1)..]);
        lines += 1;
    }
    // Looks for its header itself, also among what others take for remarks.
    match (csv::FORMAT.probe)(head) {
        Probe::Yes => Some(Detected::Format(&csv::FORMAT)),
        Probe::Maybe => last.then_some(Detected::Format(&csv::FORMAT)),
        Probe::No if last || lines == LINES => Some(Detected::Unknown(first_line(head).to_vec())),
        Probe::No => None,
    }
}

/// What follows blank lines and the remarks of tools.
fn significant(mut head: &[u8]) -> &[u8] {
    loop {
        head = head.trim_ascii_start();
        let line = first_line(head);
        if line.is_empty() || !nfdump::is_remark(line) {
            return head;
        }
        head = &head[line.len()..];
    }
}

/// The first line, without its newline.
fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn detected(head: &str) -> &'static str {
        match decide(head.as_bytes(), true) {
            Some(Detected::Format(format)) => format.spec.name,
            Some(Detected::Unknown(_)) => "unknown",
            _ => "nothing",
        }
    }

    #[test]
    fn names_are_unique_and_every_format_is_documented() {
        let mut names: Vec<_> = FORMATS.iter().map(|f| f.spec.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FORMATS.len());
        for spec in FORMATS.iter().map(|f| f.spec) {
            assert!(
                !spec.about.is_empty()
                    && !spec.explain.is_empty()
                    && !spec.memory.is_empty()
                    && !spec.columns.is_empty(),
                "{}",
                spec.name
            );
        }
    }

    #[test]
    fn each_format_is_recognised_by_its_beginning() {
        for (head, name) in [
            ("", "nothing"),
            ("\n \nNo matching flows\n", "nothing"),
            ("ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n", "nfdump-csv"),
            ("ts,te,td,pr,val,fl,flP,pkt,pktP,byt,bytP,pps,bps,bpp\n", "nfdump-csv"),
            ("firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n", "nfdump-csv"),
            ("No matching flows\nfirstSeen,duration,srcAddr\n", "nfdump-csv"),
            (
                "2|1089534600010|1089534610020|6|0|0|0|2886730050|1024|0|0|0|3232279140|25|775|8404|12|14|1|2|202|303\n",
                "nfdump-pipe",
            ),
            (
                "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n",
                "nfdump-line",
            ),
            ("{\"src_ip\":\"10.0.0.1\",\"bytes\":5}\n", "flow"),
            (
                "{\"src_ip\":\"10.0.0.1\",\"bytes\":5,\"service\":\"dns\",\"direction\":\"outbound\",\"note\":1}\n",
                "flow",
            ),
            ("{\"src_ip\":\"10.0.0.1\",\"bytes\":5,\"octets\":7,\"proto\":null}\n", "flow"),
            ("{\"kind\":\"alert\",\"id\":\"0\"}\n", "flow"),
            ("{\"bytes\":1,\"bytes\":2}\n", "flow"),
            ("{\"bytes\":\n", "flow"),
            ("{\"x\":1}\n", "flow"),
            ("[\n{\n\"type\" : \"FLOW\",\n\"first\" : \"2004\"\n},\n", "nfdump-json"),
            ("{\n\t\"type\" : \"FLOW\",\n\"first\" : \"2004\"\n},\n", "nfdump-json"),
            ("{\"cnt\":1,\"type\":\"FLOW\",\"first\":\"2004\"}\n", "nfdump-json"),
            ("[{\"src\":\"10.0.0.1\",\"octets\":5}]\n", "json"),
            ("[\n]\n", "nfdump-json"),
            ("{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
            ("{\"src_ip\":{\"0\":\"10.0.0.1\"},\"bytes\":{\"0\":5}}\n", "json"),
            ("{\"src_ip\":[\"10.0.0.1\"],\"bytes\":[5]}\n", "json"),
            ("{\"src_ip\":\"10.0.0.1\",\"proto\":\"tcp\"}\n", "json"),
            ("{\"src_ip\":\"10.0.0.1\",\"timestamp\":\"2024-01-01 00:00:00\"}\n", "json"),
            ("{\"bytes\":\n{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
            ("src_ip,bytes,timestamp\n", "csv"),
            ("\"Src IP\";\"Bytes\"\n", "csv"),
            ("alpha,beta\n", "csv"),
            ("Summary,src_ip,bytes\nx,10.0.0.1,5\n", "csv"),
            ("# comment\nsrc_ip,bytes\n", "csv"),
            ("# a, comment\nts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n", "nfdump-csv"),
            ("garbage\n{\"src_ip\":\"10.0.0.1\",\"bytes\":5}\n", "flow"),
            ("garbage\n{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
            ("hello world\n", "unknown"),
            ("\u{1}\u{2}\n", "unknown"),
        ] {
            assert_eq!(detected(head), name, "{head:?}");
        }
    }
}
