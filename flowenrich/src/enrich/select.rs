//! `select`: the members that are named, and no others.

use super::{Enrich, Enricher, Outcome};
use crate::members::{Names, each, remove};
use crate::record::Record;
use anyhow::bail;
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::value::text;
use std::ops::Range;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "select",
        about: "only the members that are named; flows can become rows",
        explain: "\
Takes all members out of flows but those of field=, in the order in which they stand; a name may end with *, for all that
begin so. Rows and alerts pass.

What is left must be a flow, which has one of src_ip, dst_ip, bytes, packets. Where it need not be, as=KIND makes rows of
that kind of it, as \"kind\":\"KIND\", which flowcat --to csv writes as a matrix. A flow that would be left without any of
these is left out and told.",
        params: &[
            Param::new("field", ParamKind::Fields, "", "", "what stays; must be given"),
            Param::new("as", ParamKind::Text, "", "", "the kind of the rows that flows become"),
        ],
        needs: &[],
        columns: &[],
        memory: "constant",
        source: "the selection of columns in pandas",
    },
    build: |args| {
        let names = args.list("field");
        if names.is_empty() {
            bail!("select: field=A+B is missing");
        }
        let (starts, whole): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.ends_with('*'));
        let starts = starts.iter().map(|name| name.trim_end_matches('*').to_owned()).collect();
        let mut kind = Vec::new();
        if let Some(word) = args.text("as") {
            if ["alert", "baseline", "tick"].contains(&word) {
                bail!("select: as={word}: the name {word} is reserved");
            }
            kind.extend_from_slice(b"\"kind\":");
            text::write_json(word, &mut kind);
            kind.push(b',');
        }
        Ok(Box::new(Select { names: Names::new(whole), starts, kind, cuts: Vec::new() }))
    },
};

#[derive(Clone)]
struct Select {
    names: Names,
    starts: Vec<String>,
    /// `"kind":"KIND",`, or nothing.
    kind: Vec<u8>,
    cuts: Vec<Range<usize>>,
}

impl Select {
    fn stays(&self, key: &str) -> bool {
        let begins = |start: &String| key.get(1..).is_some_and(|key| key.starts_with(start.as_str()));
        self.names.has(key) || self.starts.iter().any(begins)
    }
}

impl Enrich for Select {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        if !self.kind.is_empty() {
            let mut stays = None;
            let mut open = 0;
            each(record, |member| {
                if open == 0 {
                    open = member.key_at;
                }
                if self.stays(member.key) {
                    stays.get_or_insert(member.key_at);
                }
            });
            // What is taken out of the start begins behind this, a comma with it if nothing stays.
            let length = self.kind.len() - usize::from(stays.is_none());
            record.replace(open..open, &self.kind[..length]);
        }
        let mut cuts = std::mem::take(&mut self.cuts);
        remove(record, &mut cuts, |member| !self.stays(member.key));
        self.cuts = cuts;
        Outcome::Doubtful
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }

    fn rewrites(&self) -> bool {
        true
    }

    fn guards(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::enriched;

    #[test]
    fn what_is_named_stays_in_its_order() {
        let line = r#"{"a_1":1, "bytes":2 ,"b":3,"a_2":4}"#;
        assert_eq!(enriched("select:field=bytes+a_*", line).0, r#"{"a_1":1, "bytes":2,"a_2":4}"#);
        assert_eq!(enriched("select:field=b+a_2+bytes", line).0, r#"{"bytes":2 ,"b":3,"a_2":4}"#);
        let row = r#"{"kind":"hosts","bytes":2}"#;
        assert_eq!(enriched("select:field=b", row).0, row);
    }

    #[test]
    fn flows_become_rows_of_a_kind() {
        let line = r#"{"a_1":1, "bytes":2 ,"b":3}"#;
        assert_eq!(enriched("select:field=b,as=matrix", line).0, r#"{"kind":"matrix","b":3}"#);
        assert_eq!(enriched("select:field=a_1,as=matrix", line).0, r#"{"kind":"matrix","a_1":1}"#);
        assert_eq!(enriched("select:field=x,as=matrix", line).0, r#"{"kind":"matrix"}"#);
    }
}
