//! `rename`: other keys for members.

use super::{Enrich, Enricher, Outcome};
use crate::members::{Names, each};
use crate::record::Record;
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::value::text;
use std::ops::Range;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "rename",
        about: "other keys for members: map=old=new+old=new",
        explain: "\
Gives the members of map= their other keys, where they stand; their values stay. A line that has a member with the new key
already, or that no filter would accept with it, is written as it came; how many is told.",
        params: &[Param::new("map", ParamKind::Text, "", "", "old=new+old=new; must be given")],
        needs: &[],
        columns: &[],
        memory: "constant",
        source: "pandas.DataFrame.rename",
    },
    build,
};

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let mut pairs = Vec::new();
    for pair in args.text("map").context("rename: map=old=new is missing")?.split('+') {
        let (old, new) = pair.split_once('=').with_context(|| format!("rename: map: {pair:?} is no OLD=NEW"))?;
        if old.is_empty() || new.is_empty() || new == "kind" {
            bail!("rename: map: {pair:?}: no member can be named so");
        }
        pairs.push((old.to_owned(), new.to_owned()));
    }
    // As `Names` sorts them.
    pairs.sort_unstable();
    let key = |(_, new): &(String, String)| {
        let mut key = Vec::new();
        text::write_json(new, &mut key);
        key
    };
    let keys = pairs.iter().map(key).collect();
    Ok(Box::new(Rename { names: Names::new(pairs.into_iter().map(|(old, _)| old).collect()), keys, found: Vec::new() }))
}

#[derive(Clone)]
struct Rename {
    names: Names,
    /// The new keys, in the order of the names.
    keys: Vec<Vec<u8>>,
    /// Keys of the line, and which of the new ones they get.
    found: Vec<(Range<usize>, usize)>,
}

impl Enrich for Rename {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let Rename { names, keys, found } = self;
        each(record, |member| {
            if let Some(place) = names.place(member.key) {
                found.push((member.key_at..member.key_at + member.key.len(), place));
            }
        });
        if found.is_empty() {
            return Outcome::Done;
        }
        for (key, place) in found.drain(..) {
            record.replace(key, &keys[place]);
        }
        Outcome::Doubtful
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }

    fn rewrites(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::enriched;

    #[test]
    fn keys_change_where_they_stand() {
        let line = r#"{"user" : "a","bytes":2, "host":"b"}"#;
        assert_eq!(enriched("rename:map=host=asset+user=x_user", line).0, r#"{"x_user" : "a","bytes":2, "asset":"b"}"#);
        assert_eq!(enriched("rename:map=none=x", line).0, line);
    }
}
