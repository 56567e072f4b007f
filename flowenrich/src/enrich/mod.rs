//! The enrichers: one file each, one row each in [`ENRICHERS`].
//!
//! An enricher is described by its [`Spec`], whose columns are the fields that it adds, and built from its parameters
//! once, before any input is read. What is built adds members to one line at a time; one that has to know others first is
//! [`Ahead`].

mod anonymize;
mod asn;
mod communityid;
mod ct;
mod direction;
mod drop;
mod fan;
mod features;
mod flags;
mod geo;
mod hash;
mod hour;
mod intel;
mod ipclass;
mod join;
mod label;
mod onehot;
mod portclass;
mod protoname;
mod quantile;
mod rates;
#[cfg(feature = "dns")]
mod rdns;
mod rename;
#[cfg(feature = "dns")]
mod resolve;
mod scale;
mod scope;
mod select;
mod service;
mod vendor;
mod weekday;

use crate::record::Record;
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::value::Time;

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
    direction::ENRICHER,
    ipclass::ENRICHER,
    portclass::ENRICHER,
    service::ENRICHER,
    protoname::ENRICHER,
    flags::ENRICHER,
    hour::ENRICHER,
    weekday::ENRICHER,
    rates::ENRICHER,
    communityid::ENRICHER,
    fan::ENRICHER,
    ct::ENRICHER,
    vendor::ENRICHER,
    join::ENRICHER,
    intel::ENRICHER,
    label::ENRICHER,
    features::ENRICHER,
    scale::ENRICHER,
    quantile::ENRICHER,
    onehot::ENRICHER,
    select::ENRICHER,
    drop::ENRICHER,
    rename::ENRICHER,
    geo::ENRICHER,
    asn::ENRICHER,
    #[cfg(feature = "dns")]
    rdns::ENRICHER,
    #[cfg(feature = "dns")]
    resolve::ENRICHER,
    hash::ENRICHER,
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

    /// Whether no line may be written that it did not go through, as it came or otherwise.
    fn guards(&self) -> bool {
        false
    }

    /// The members that it writes, where its parameters say so and not its columns.
    fn columns(&self) -> Option<Vec<String>> {
        None
    }

    /// Members that it reads beside its columns and the record's fields, numbered in this order.
    fn reads(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it must see all lines in their order.
    fn is_ordered(&self) -> bool {
        false
    }

    /// The side of it that learns from lines before it enriches them, if it has one.
    fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        None
    }

    /// Nothing more has come so far: what it looks things up in may change before the next line.
    fn pause(&mut self) {}

    /// What the user should be told after the run; of several threads one is asked.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the user should be told before the run, if anything.
    fn warning(&self) -> Option<String> {
        None
    }
}

/// An enricher that must see other lines before it can enrich one: it learns from each line in order, and later
/// enriches each in the same order.
pub(crate) trait Ahead {
    /// How late flows of a stream may be, in nanoseconds; `None` for input that ends.
    fn begin(&mut self, _lateness: Option<u64>) {}

    /// Takes note of the next line.
    fn learn(&mut self, record: &Record<'_, '_>);

    /// A stream says that it is so late.
    fn tick(&mut self, _time: Time) {}

    /// How many of the lines that were learnt from may be enriched by now, counted from the first.
    fn settled(&mut self) -> u64;

    /// Waits for what is under way, since nothing more has come so far; says whether there was something.
    fn catch_up(&mut self) -> bool {
        false
    }

    /// Nothing more comes: after this all lines may be enriched.
    ///
    /// # Errors
    /// Why they cannot.
    fn finish(&mut self) -> Result<(), String>;

    /// Bytes of memory that grow with the lines that wait.
    fn memory(&self) -> u64 {
        0
    }
}

/// Builds the enricher of an item.
///
/// # Errors
/// What it reads is missing or damaged.
pub(crate) fn enricher_of(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let name = args.spec.name;
    let enricher = ENRICHERS.iter().find(|e| e.spec.name == name).with_context(|| format!("{name}: no enricher"))?;
    if args.is_given("as") && args.spec.param("as").is_none() {
        bail!("{name}: as= names rows, and an enricher makes none");
    }
    (enricher.build)(args)
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

    fn args(text: &str) -> Args {
        Args::resolve(text, "enricher", ENRICHERS.iter().map(|e| &e.spec)).expect("an item")
    }

    /// The enricher of an item, as on the command line.
    pub(crate) fn built(text: &str) -> Box<dyn Enrich> {
        enricher_of(&args(text)).expect("an enricher")
    }

    /// Has a built enricher without columns of its own see a line.
    pub(crate) fn through(built: &mut Box<dyn Enrich>, line: &str) -> Outcome {
        let mut scanner = Scanner::new();
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).expect("a line");
        built.enrich(&mut Record::new(&line, &mut Splice::default(), 0, false))
    }

    /// The line as the item leaves it, and its outcome; `text` is as on the command line.
    pub(crate) fn enriched(text: &str, line: &str) -> (String, Outcome) {
        let args = args(text);
        let mut built = built(text);
        let columns = built.columns().unwrap_or_else(|| args.spec.columns.iter().map(|c| c.name.to_owned()).collect());
        let mut scanner = Scanner::watching(&[&columns[..], &built.reads()].concat());
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).expect("a line");
        let mut splice = Splice::default();
        let overwrite = args.spec.param("overwrite").is_some() && args.truth("overwrite");
        let outcome = built.enrich(&mut Record::new(&line, &mut splice, 0, overwrite).reading(columns.len()));
        let mut out = Vec::new();
        splice.apply(&line, &mut out);
        (String::from_utf8(out).unwrap().trim_end().to_owned(), outcome)
    }

    /// The value that the item gives the line's `column`, as JSON; empty where it gives none.
    pub(crate) fn value(text: &str, line: &str, column: &str) -> String {
        let object: serde_json::Value = serde_json::from_str(&enriched(text, line).0).unwrap();
        object.get(column).map(ToString::to_string).unwrap_or_default()
    }

    /// Parameters by which an item says what it writes.
    const FREE: [&str; 3] = ["field", "map", "on"];

    #[test]
    fn names_are_unique_and_every_enricher_is_documented() {
        for (i, enricher) in ENRICHERS.iter().enumerate() {
            let spec = &enricher.spec;
            assert!(ENRICHERS[..i].iter().all(|e| e.spec.name != spec.name), "{}", spec.name);
            // Those whose parameters name the columns have none of their own.
            let is_free = spec.columns.is_empty() && spec.params.iter().any(|p| FREE.contains(&p.name));
            // What is only kept, as MAC addresses, is no field of the record.
            let has_needs = !spec.needs.is_empty() || spec.name == "vendor";
            assert!(is_free || !spec.columns.is_empty() && has_needs, "{}", spec.name);
            for text in [spec.about, spec.explain, spec.memory, spec.source] {
                assert!(!text.is_empty(), "{}", spec.name);
            }
            // Who rewrites has nothing to keep.
            if !["anonymize", "hash", "select", "drop", "rename"].contains(&spec.name) {
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
