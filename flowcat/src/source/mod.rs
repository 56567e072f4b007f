//! The formats: one file each, and one row in [`FORMATS`].
//!
//! A format says how it is recognised ([`Format::probe`]) and makes a [`Source`], which takes the blocks of one input
//! and puts flows, lines that pass and rejects into [`Flows`]. To add one: write its file, add its row.

mod argus;
mod argus_json;
mod argus_table;
mod aws;
mod azure;
mod cicflowmeter;
mod csv;
pub(crate) mod datagrams;
mod detect;
mod fields;
mod flow;
mod gcp;
mod goflow2;
mod ipfixcol2;
mod json;
mod messages;
mod nfcapd;
pub(crate) mod nfdump;
mod nfdump_csv;
mod nfdump_json;
mod nfdump_line;
mod nfdump_pipe;
mod nfstream;
mod nprobe;
#[cfg(feature = "parquet")]
mod parquet;
mod pcap;
mod pmacct;
mod silk;
mod spot;
mod suricata;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod unsw;
mod vflow;
mod zeek;
mod zeek_json;

pub(crate) use detect::{Detect, Seen};
pub(crate) use pcap::Metering;

use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{Dialect, Maker, Mapping, Plan};
use datagrams::Exporters;
use fields::{ONE_WAY, Set};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::value::time::Zone;
use std::path::PathBuf;

/// What a probe says of the beginning of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// It is something else.
    No,
    /// It is something else, unless more shows that it is this format.
    Unlikely,
    /// More must be seen to tell.
    Maybe,
    /// It is this format, unless more shows that it is something else; of formats of bytes.
    Likely,
    /// It is this format.
    Yes,
}

/// One format.
pub(crate) struct Format {
    /// Its documentation.
    pub(crate) spec: &'static Spec,
    /// Looks at the beginning, as [`Takes`] says. What it says of a beginning is not to change with what follows, save
    /// from `Maybe` and `Unlikely`.
    pub(crate) probe: fn(&[u8]) -> Probe,
    /// Makes a source for one input.
    pub(crate) open: fn(&Settings) -> Box<dyn Source>,
    /// How it wants its input.
    pub(crate) takes: Takes,
    /// What tells it, in a few words.
    pub(crate) told_by: &'static str,
    /// What of its records is lost, unless `--keep-extra` keeps it.
    pub(crate) lost: &'static str,
}

/// How a format wants its input, and what its probe sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Text: blocks of whole lines, without a byte order mark. Its probe sees whole lines from the first that is not
    /// blank and no remark of a tool.
    Lines,
    /// JSON text: the same, but in pieces cut anywhere, and nothing taken away, where it may be one line of any length;
    /// its probe sees all that is there, as before.
    Objects,
    /// Bytes: pieces cut anywhere, nothing taken away. Its probe sees the first bytes as they are.
    Bytes,
    /// Bytes to seek in, which its source has from [`Feed::whole`]. Its probe sees the first bytes as they are.
    #[cfg_attr(all(not(test), not(feature = "parquet")), expect(dead_code, reason = "no format of files then"))]
    Whole,
}

/// All formats, in the order in which they are tried.
pub(crate) const FORMATS: &[&Format] = &[
    &nfcapd::FORMAT,
    &nfdump_csv::FORMAT,
    &nfdump_pipe::FORMAT,
    &nfdump_line::FORMAT,
    &argus::FORMAT,
    &argus_json::FORMAT,
    &argus_table::FORMAT,
    &silk::FORMAT,
    &aws::FORMAT,
    &zeek::FORMAT,
    &zeek_json::FORMAT,
    &suricata::FORMAT,
    &azure::FORMAT,
    &gcp::FORMAT,
    &goflow2::FORMAT,
    &vflow::FORMAT,
    &ipfixcol2::FORMAT,
    &pmacct::JSON,
    &pmacct::FORMAT,
    &nfstream::FORMAT,
    &cicflowmeter::FORMAT,
    &unsw::FORMAT,
    &unsw::TRUTH,
    &nprobe::FORMAT,
    &spot::FORMAT,
    &flow::FORMAT,
    &nfdump_json::FORMAT,
    &json::FORMAT,
    &csv::FORMAT,
    // Says that a capture is its own only where all of it is; before the one that takes any.
    &datagrams::CAPTURED,
    &pcap::FORMAT,
    #[cfg(feature = "parquet")]
    &parquet::FORMAT,
    &datagrams::FORMAT,
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
    /// The UDP port of the exports in captures, where it is pinned.
    pub(crate) port: Option<u16>,
    /// Where templates are kept from run to run.
    pub(crate) templates: Option<PathBuf>,
    /// What is known of exporters of datagrams, whose templates serve all inputs.
    pub(crate) exporters: Exporters,
    /// How packets are metered.
    pub(crate) metering: Metering,
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

impl Settings {
    /// What makes flows of texts of this dialect.
    fn maker(&self, dialect: &'static Dialect) -> Maker {
        Maker::new(dialect, self.zone.clone())
    }

    /// What becomes of these columns.
    ///
    /// # Errors
    /// Those of [`Plan::new`].
    fn plan(&self, columns: Vec<String>, dialect: &Dialect) -> Result<Plan, String> {
        Plan::new(columns, dialect, &self.mapping, self.keep)
    }
}

/// What the documentation of all formats of rows says alike.
const SPEC_OF_ROWS: Spec =
    Spec { name: "", about: "", explain: "", params: &[], needs: &[], columns: &[], memory: "constant", source: "" };

/// The same of formats of JSON.
const SPEC_OF_OBJECTS: Spec = Spec { memory: "one object of at most 1 MiB", ..SPEC_OF_ROWS };

/// What nfdump's CSV and JSON can give.
const NFDUMP_FIELDS: Set = NFDUMP_PIPE_FIELDS.and(&[
    field::REV_PACKETS,
    field::REV_BYTES,
    field::FLOWS,
    field::LABEL,
    field::EXPORTER,
    field::NEXT_HOP,
    field::VLAN,
]);

/// What nfdump's pipe form gives.
const NFDUMP_PIPE_FIELDS: Set =
    ONE_WAY.and(&[field::TCP_FLAGS, field::INPUT_IF, field::OUTPUT_IF, field::SRC_AS, field::DST_AS, field::TOS]);

/// Bytes after which a format is chosen from what is known.
const HEAD: usize = 64 * 1024;

/// Lines that are looked at for the one that tells the format.
const LINES: usize = 8;

/// The first line, without its newline.
fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
