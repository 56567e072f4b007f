//! `drop`: members taken out of lines.

use super::{Enrich, Enricher, Outcome};
use crate::members::{Names, remove};
use crate::record::Record;
use anyhow::bail;
use flow_record::item::{Param, ParamKind, Spec};
use std::ops::Range;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "drop",
        about: "members taken out of flows, rows and alerts",
        explain: "\
Takes the members of field= out, and leaves every other byte. A flow must keep one of src_ip, dst_ip, bytes, packets: one
that would not is left out and told, so that nothing that was to go gets through. Baselines pass.",
        params: &[Param::new("field", ParamKind::Fields, "", "", "what goes; must be given")],
        needs: &[],
        columns: &[],
        memory: "constant",
        source: "pandas.DataFrame.drop",
    },
    build: |args| {
        let names = args.list("field");
        if names.is_empty() {
            bail!("drop: field=A+B is missing");
        }
        Ok(Box::new(Drop { names: Names::new(names), cuts: Vec::new() }))
    },
};

#[derive(Clone)]
struct Drop {
    names: Names,
    cuts: Vec<Range<usize>>,
}

impl Enrich for Drop {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        // A kind that goes makes a flow of a row.
        match remove(record, &mut self.cuts, |member| self.names.has(member.key)) {
            true => Outcome::Doubtful,
            false => Outcome::Done,
        }
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
    use super::*;

    #[test]
    fn members_go_and_the_rest_stays() {
        let line = r#"{"src_ip":"10.0.0.1", "x":1 ,"bytes":2}"#;
        let (out, outcome) = enriched("drop:field=x+src_ip", line);
        assert_eq!((out.as_str(), outcome), (r#"{"bytes":2}"#, Outcome::Doubtful));
        assert_eq!(enriched("drop:field=y", line), (line.to_owned(), Outcome::Done));
    }
}
