//! The enrichers: one file each, one row each in [`ENRICHERS`].
//!
//! An enricher is described by its [`Spec`], whose columns are the fields that it adds, and built from its parameters
//! once, before any input is read. What is built adds members to one line at a time and knows no other line.

mod anonymize;
mod asn;
mod communityid;
mod flags;
mod geo;
mod hour;
mod ipclass;
mod portclass;
mod protoname;
mod rates;
mod scope;
mod service;
mod weekday;

use crate::record::Record;
use flow_record::item::{Args, Param, ParamKind, Spec};

/// One enricher: what it is, and how to build it.
pub(crate) struct Enricher {
    /// Name, parameters, columns, documentation.
    pub(crate) spec: Spec,
    /// Builds it from checked parameters.
    ///
    /// # Errors
    /// What it reads is missing or damaged; the message names it.
    pub(crate) build: fn(&Args) -> anyhow::Result<Box<dyn Enrich>>,
}

/// All enrichers, in the order in which they are listed.
pub(crate) static ENRICHERS: &[Enricher] = &[
    scope::ENRICHER,
    ipclass::ENRICHER,
    portclass::ENRICHER,
    service::ENRICHER,
    protoname::ENRICHER,
    flags::ENRICHER,
    hour::ENRICHER,
    weekday::ENRICHER,
    rates::ENRICHER,
    communityid::ENRICHER,
    geo::ENRICHER,
    asn::ENRICHER,
    anonymize::ENRICHER,
];

/// An enricher at work; one a thread.
pub(crate) trait Enrich: Send {
    /// Puts what it knows about the line into it.
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome;

    /// The same for another thread; what does not change is shared.
    fn another(&self) -> Box<dyn Enrich>;

    /// Whether it changes what is there, in any member: it sees the line as those before it left it, those after it see
    /// what it made of it, and no line is written that it could not change.
    fn rewrites(&self) -> bool {
        false
    }

    /// What the user should be told before the run, if anything.
    fn warning(&self) -> Option<String> {
        None
    }
}

/// What an enricher made of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It had what it needs, whether or not that led to a member.
    Done,
    /// The same, but the line may have become one that no filter accepts.
    Doubtful,
    /// The line has no field that it needs.
    Lacking,
    /// What it looks things up in turned out to be damaged.
    Damaged,
}

impl Outcome {
    /// `Done` if any of its fields was there.
    pub(crate) fn of(any: bool) -> Outcome {
        if any { Outcome::Done } else { Outcome::Lacking }
    }
}

/// The parameter that every enricher has.
const OVERWRITE: Param = Param::new(
    "overwrite",
    ParamKind::Truth,
    "false",
    "",
    "replace values that are there, in place, instead of keeping them",
);

/// The fields of the two ends of a flow: source, then destination.
const ENDS: [&str; 2] = ["src_ip", "dst_ip"];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests {
    use super::*;
    use flow_record::record::splice::Splice;
    use flow_record::scan::{Clean, Scanner};

    /// The line as the item leaves it, and its outcome; `text` is as on the command line.
    pub(crate) fn enriched(text: &str, line: &str) -> (String, Outcome) {
        let args = Args::resolve(text, "enricher", ENRICHERS.iter().map(|e| &e.spec)).expect("an item");
        let enricher = ENRICHERS.iter().find(|e| e.spec.name == args.spec.name).unwrap();
        let mut built = (enricher.build)(&args).expect("an enricher");
        let columns: Vec<_> = args.spec.columns.iter().map(|c| c.name).collect();
        let mut scanner = Scanner::watching(&columns);
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).expect("a line");
        let mut splice = Splice::default();
        let overwrite = args.spec.param("overwrite").is_some() && args.truth("overwrite");
        let outcome = built.enrich(&mut Record::new(&line, &mut splice, 0, overwrite));
        let mut out = Vec::new();
        splice.apply(&line, &mut out);
        (String::from_utf8(out).unwrap().trim_end().to_owned(), outcome)
    }

    /// The value that the item gives the line's `column`, as JSON; empty where it gives none.
    pub(crate) fn value(text: &str, line: &str, column: &str) -> String {
        let object: serde_json::Value = serde_json::from_str(&enriched(text, line).0).unwrap();
        object.get(column).map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn names_are_unique_and_every_enricher_is_documented() {
        for (i, enricher) in ENRICHERS.iter().enumerate() {
            let spec = &enricher.spec;
            assert!(ENRICHERS[..i].iter().all(|e| e.spec.name != spec.name), "{}", spec.name);
            assert!(!spec.columns.is_empty() && !spec.needs.is_empty(), "{}", spec.name);
            for text in [spec.about, spec.explain, spec.memory, spec.source] {
                assert!(!text.is_empty(), "{}", spec.name);
            }
            // Who rewrites has nothing to keep.
            if spec.name != "anonymize" {
                assert_eq!(spec.param("overwrite").unwrap().kind, ParamKind::Truth, "{}", spec.name);
            }
        }
    }

    #[test]
    fn every_column_and_every_needed_field_is_a_row_of_the_table() {
        for spec in ENRICHERS.iter().map(|e| &e.spec) {
            for column in spec.columns {
                assert_eq!(flow_record::record::Field::named(column.name).about, column.about, "{}", spec.name);
            }
            for need in spec.needs {
                assert!(flow_record::record::FieldId::named(need).is_some(), "{}: {need}", spec.name);
            }
        }
    }

    #[test]
    fn a_line_without_a_field_that_it_needs_lacks_it_and_stays() {
        for text in ["scope", "ipclass", "portclass", "service", "protoname", "flags", "hour", "weekday", "communityid"]
        {
            let line = r#"{ "bytes":1 }"#;
            assert_eq!(enriched(text, line), (line.to_owned(), Outcome::Lacking), "{text}");
        }
        let line = r#"{ "src_ip":"10.0.0.1" }"#;
        assert_eq!(enriched("rates", line), (line.to_owned(), Outcome::Lacking));
    }
}
