//! Enrichers that do not depend on each other: each sees the line as it came, and their members go in together.

use crate::enrich::{Ahead, Enrich, Outcome};
use crate::record::Record;
use flow_record::item::Args;
use flow_record::record::splice::Splice;
use flow_record::scan::Line;

/// Enrichers that do not depend on each other.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) steps: Vec<Step>,
    /// The members whose places are wanted: of each step its columns, then what else it reads.
    pub(crate) watch: Vec<String>,
    /// The columns of all steps.
    writes: Vec<String>,
    splice: Splice,
}

/// One enricher in its place.
pub(crate) struct Step {
    args: Args,
    pub(crate) enrich: Box<dyn Enrich>,
    /// Its first column among the watched names.
    base: usize,
    /// The first of what else it reads.
    reads: usize,
    overwrite: bool,
    lacking: u64,
    damaged: u64,
}

/// What there is to tell of one item after the run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The item's name.
    pub(crate) name: &'static str,
    /// The fields that it needs.
    pub(crate) needs: &'static [&'static str],
    /// Lines that had none of them.
    pub(crate) lacking: u64,
    /// Lines for which its database could not be read.
    pub(crate) damaged: u64,
    /// What it has to say itself.
    pub(crate) notes: Vec<String>,
}

/// The names of the members that an enricher writes.
fn columns(args: &Args, enrich: &dyn Enrich) -> Vec<String> {
    enrich.columns().unwrap_or_else(|| args.spec.columns.iter().map(|c| c.name.to_owned()).collect())
}

impl Stage {
    /// Whether an item reads or writes what an enricher of this stage writes.
    pub(crate) fn concerns(&self, args: &Args, enrich: &dyn Enrich) -> bool {
        let needs = args.spec.needs.iter().map(|name| (*name).to_owned());
        let names = columns(args, enrich).into_iter().chain(needs).chain(enrich.reads());
        names.into_iter().any(|name| self.writes.contains(&name))
    }

    /// Whether its one enricher rewrites lines.
    pub(crate) fn rewrites(&self) -> bool {
        self.steps.iter().any(|step| step.enrich.rewrites())
    }

    pub(crate) fn push(&mut self, args: Args, enrich: Box<dyn Enrich>) {
        let base = self.watch.len();
        let overwrite = args.spec.param("overwrite").is_some() && args.truth("overwrite");
        let columns = columns(&args, &*enrich);
        self.watch.extend_from_slice(&columns);
        self.writes.extend(columns);
        let reads = self.watch.len();
        self.watch.extend(enrich.reads());
        self.steps.push(Step { args, enrich, base, reads, overwrite, lacking: 0, damaged: 0 });
    }

    pub(crate) fn another(&self) -> Stage {
        let mut stage = Stage::default();
        for step in &self.steps {
            stage.push(step.args.clone(), step.enrich.another());
        }
        stage
    }

    /// Appends the line with the members of all steps; answers whether it may be one that no filter accepts.
    #[inline]
    pub(crate) fn apply(&mut self, line: &Line<'_>, out: &mut Vec<u8>) -> bool {
        let mut is_doubtful = false;
        self.splice.clear();
        for step in &mut self.steps {
            let mut record = Record::new(line, &mut self.splice, step.base, step.overwrite).reading(step.reads);
            match step.enrich.enrich(&mut record) {
                Outcome::Done => {}
                Outcome::Doubtful => is_doubtful = true,
                Outcome::Lacking => step.lacking += 1,
                Outcome::Damaged => step.damaged += 1,
            }
        }
        self.splice.apply(line, out);
        is_doubtful
    }

    /// Nothing more has come so far.
    pub(crate) fn pause(&mut self) {
        self.steps.iter_mut().for_each(|step| step.enrich.pause());
    }

    /// Has its first enricher, which looks ahead, learn from a line.
    pub(crate) fn learn(&mut self, line: &Line<'_>) {
        self.splice.clear();
        if let Some(step) = self.steps.first_mut() {
            let record = Record::new(line, &mut self.splice, step.base, false).reading(step.reads);
            if let Some(ahead) = step.enrich.ahead() {
                ahead.learn(&record);
            }
        }
    }

    /// Its first enricher, if that looks ahead.
    pub(crate) fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        self.steps.first_mut()?.enrich.ahead()
    }
}

impl Step {
    /// What there is to tell of it.
    pub(crate) fn told(&self) -> Told {
        let Step { args, enrich, lacking, damaged, .. } = self;
        let (name, needs) = (args.spec.name, args.spec.needs);
        Told { name, needs, lacking: *lacking, damaged: *damaged, notes: enrich.notes() }
    }
}
