//! `intel`: which addresses and names of a line stand on lists of others: threats, clouds, exits.
//!
//! Lists are read by `read` and looked up in `index`; a line costs one or two look-ups an end. Bound: the lists, some 60
//! bytes an entry, shared by all threads.

mod index;
mod read;

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record, keys};
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::scan::walk::unquoted;
use flow_record::value::text;
use index::Index;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "intel",
        about: "which addresses and names stand on lists: threats, clouds, exits",
        explain: "\
An address that stands on a list, alone or in a network or range, gets src_intel or dst_intel (tag=, else the list's name
without its ending), src_intel_list (the file's name) and src_intel_entry (the entry as it stands there). The most specific
entry counts, of equal ones the first of the first list. Names are looked for in src_name, dst_name, src_host, dst_host and
app_host, which is the destination's; an entry holds for the names below it, too: example.org for www.example.org.

list= takes one or more files, joined with +: an entry a line, with what follows a blank, comma or semicolon ignored, as in
the levels of IPsum, and # ; // before comments; hosts files (0.0.0.0 NAME); Tor's list of exits; CSV with a header and column=; JSON, in which
the values of MISP's attributes, STIX patterns, the prefixes that clouds publish and any lists of addresses are found. Entries are addresses,
networks (10.0.0.0/8), ranges (10.0.0.1-10.0.0.9) and names. Lines that are none are counted and told; a list without any is
refused. Lists are read before any input, and not again.",
        params: &[
            Param::new("list", ParamKind::Files, "", "", "the files; must be given"),
            Param::new("tag", ParamKind::Text, "", "", "what src_intel and dst_intel say"),
            Param::new("column", ParamKind::Text, "", "", "the column of CSV that has the entries"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[
            Field::named("src_intel"),
            Field::named("dst_intel"),
            Field::named("src_intel_list"),
            Field::named("dst_intel_list"),
            Field::named("src_intel_entry"),
            Field::named("dst_intel_entry"),
        ],
        memory: "some 60 bytes an entry",
        source: "MISP core format; STIX 2.1 patterns; RFC 4632",
    },
    build,
};

/// Names that are looked for, each with the end that it is of.
const NAMES: [(&str, usize); 5] = [("src_name", 0), ("src_host", 0), ("dst_name", 1), ("dst_host", 1), ("app_host", 1)];

const LIST: usize = 2;
const ENTRY: usize = 4;

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let paths = args.files("list");
    if paths.is_empty() {
        bail!("intel: list=FILE is missing; --explain intel says what a list is");
    }
    let mut index = Index::default();
    let mut warning = None;
    let mut lists = Vec::new();
    for path in &paths {
        let garbage =
            read::list(path, args.text("column"), &mut index).with_context(|| format!("intel: {}", path.display()))?;
        if let (Some((line, text)), None) = (garbage.first, &warning) {
            let count = garbage.count;
            warning = Some(format!(
                "intel: {}: lines that are no entries: {count}, the first is line {line}: {text:?}",
                path.display()
            ));
        }
        let name = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        let (file, stem) = (name(path.file_name()), name(path.file_stem()));
        let tag = args.text("tag").unwrap_or(&stem).to_owned();
        let member = |column: usize, value: &str| Member::text(ENRICHER.spec.columns[column].name, value);
        lists.push([[member(0, &tag), member(1, &tag)], [member(LIST, &file), member(LIST + 1, &file)]]);
    }
    index.close();
    Ok(Box::new(Intel {
        keys: keys(&ENRICHER.spec),
        shared: Arc::new(Shared { index, lists }),
        warning,
        name: String::new(),
    }))
}

/// What all threads read.
struct Shared {
    index: Index,
    /// Of each list the tag and the name, by end.
    lists: Vec<[[Member; 2]; 2]>,
}

struct Intel {
    keys: Vec<Vec<u8>>,
    shared: Arc<Shared>,
    warning: Option<String>,
    /// A name in lower case.
    name: String,
}

impl Enrich for Intel {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let shared = &*self.shared;
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        let mut found = ends.map(|end| shared.index.address(end?));
        if shared.index.has_names() {
            for (read, (_, end)) in NAMES.iter().enumerate() {
                if let (None, Some(name)) = (found[*end], record.value(read)) {
                    self.name.clear();
                    self.name.extend(unquoted(name).chars().map(|c| c.to_ascii_lowercase()));
                    found[*end] = shared.index.name(&self.name);
                }
            }
        }
        for (end, entry) in found.iter().enumerate() {
            let Some(entry) = entry else { continue };
            let [tags, files] = &shared.lists[entry.list];
            record.put(end, &tags[end]);
            record.put(LIST + end, &files[end]);
            record.write(ENTRY + end, &self.keys[ENTRY + end], |out| text::write_json(entry.text, out));
        }
        Outcome::of(ends.iter().any(Option::is_some) || (0..NAMES.len()).any(|read| record.value(read).is_some()))
    }

    fn reads(&self) -> Vec<String> {
        NAMES.map(|(name, _)| name.to_owned()).to_vec()
    }

    fn another(&self) -> Box<dyn Enrich> {
        let (keys, shared) = (self.keys.clone(), Arc::clone(&self.shared));
        Box::new(Intel { keys, shared, warning: None, name: String::new() })
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }
}

#[cfg(test)]
mod tests;
