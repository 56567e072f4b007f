//! `label`: ground truth for flows, out of a file of attacks or by a rule.
//!
//! A row of the truth belongs to a flow if their keys are equal and their times overlap (`truth`, read by `columns`). A
//! flow costs one or two look-ups by key and one by time. Bound: the truth, some 60 bytes a row, shared by all threads.

mod columns;
mod truth;

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use anyhow::{Context, bail};
use flow_record::filter::Filter;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Field;
use flow_record::value::time::Zone;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use truth::Truth;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "label",
        about: "ground truth from a file of attacks, or by a rule",
        explain: "\
label:truth=FILE takes a CSV file with a header and a row an attack. A row belongs to a flow if the fields of key= are
equal, in either direction unless direction=forward, and row and flow overlap in time: the row begins no later than the
flow ends and ends no earlier than it begins, each within slack=. The flow gets label malicious and, as attack, the row's
category; a flow without a row gets label benign. Where rows disagree the first of the file counts, and the flows are
counted and told, as are rows that belong to no flow and rows that cannot be read.

Columns are found by name, as in the ground truth of UNSW-NB15 (Start time, Last time, Attack category, Protocol, Source
IP, Source Port, Destination IP, Destination Port) or as fields are called here; map= names others:
map=src_ip=Attacker+start=First seen+end=Last seen. Names that map= takes: start end src_ip dst_ip src_port dst_port
protocol attack label. Times are seconds, milliseconds, microseconds or nanoseconds since 1970, by their size, or dates,
in UTC where they have no zone. Without start a row holds for all time, without end for its start. A column label says
which rows are malicious: not those with 0, false, benign, normal, background.

label:where=EXPR,as=WORD gives the label WORD, and with attack= that attack, to flows for which EXPR holds, as in -w; it
leaves other flows alone. Rows and alerts pass.",
        params: &[
            Param::new("truth", ParamKind::File, "", "", "the file with the truth"),
            Param::new(
                "key",
                ParamKind::Fields,
                "src_ip+dst_ip+src_port+dst_port+protocol",
                "",
                "what must be equal, of these five",
            ),
            Param::new("direction", ParamKind::Choice(&["either", "forward"]), "either", "", "which way round"),
            Param::new("slack", ParamKind::Duration(0), "1s", "", "how far times may be apart"),
            Param::new("map", ParamKind::Text, "", "", "the file's columns, as src_ip=Attacker+start=First seen"),
            Param::new("numeric", ParamKind::Truth, "false", "", "label_numeric 1 and 0 in place of label"),
            Param::new("where", ParamKind::Text, "", "", "the rule, in place of truth="),
            Param::new("as", ParamKind::Text, "malicious", "", "the label that where= gives"),
            Param::new("attack", ParamKind::Text, "", "", "the attack that where= gives"),
            OVERWRITE,
        ],
        needs: &["src_ip", "dst_ip", "src_port", "dst_port", "protocol", "timestamp"],
        columns: &[Field::named("label"), Field::named("attack"), Field::named("label_numeric")],
        memory: "some 60 bytes a row of the truth",
        source: "N. Moustafa, J. Slay, UNSW-NB15, MilCIS 2015: the ground truth and how flows are matched with it",
    },
    build,
};

const LABEL: usize = 0;
const ATTACK: usize = 1;
const NUMERIC: usize = 2;

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let numeric = args.truth("numeric");
    match (args.file("truth"), args.text("where")) {
        (Some(path), None) => {
            let truth = columns::read(args, &path).with_context(|| format!("label: {}", path.display()))?;
            let verdicts = truth.verdicts.iter().map(|v| Verdict::new(v.is_malicious, &v.attack, numeric)).collect();
            let benign = Verdict::new(false, "", numeric);
            Ok(Box::new(Label { shared: Arc::new(Shared { truth, verdicts, benign, disputed: AtomicU64::new(0) }) }))
        }
        (None, Some(text)) => {
            let filter = Filter::parse(text, &Zone::utc()).map_err(|fault| anyhow::anyhow!("label: where: {fault}"))?;
            let word = args.text("as").unwrap_or_default();
            let is_malicious = word != "benign";
            let mut verdict = Verdict::new(is_malicious, args.text("attack").unwrap_or_default(), numeric);
            if !numeric {
                verdict.label = Member::text("label", word);
            }
            Ok(Box::new(Rule { filter, verdict }))
        }
        (Some(_), Some(_)) => bail!("label: truth= and where= are two items: label:truth=FILE label:where=EXPR"),
        (None, None) => bail!("label: truth=FILE or where=EXPR is missing; --explain label says what they are"),
    }
}

/// What a flow gets.
#[derive(Clone)]
struct Verdict {
    label: Member,
    column: usize,
    attack: Option<Member>,
}

impl Verdict {
    fn new(is_malicious: bool, attack: &str, numeric: bool) -> Verdict {
        let label = match numeric {
            true => Member::new("label_numeric", |out| out.push(if is_malicious { b'1' } else { b'0' })),
            false => Member::text("label", if is_malicious { "malicious" } else { "benign" }),
        };
        let attack = (!attack.is_empty()).then(|| Member::text("attack", attack));
        Verdict { label, column: if numeric { NUMERIC } else { LABEL }, attack }
    }

    fn put(&self, record: &mut Record<'_, '_>) {
        record.put(self.column, &self.label);
        if let Some(attack) = &self.attack {
            record.put(ATTACK, attack);
        }
    }
}

struct Label {
    shared: Arc<Shared>,
}

/// What all threads read.
struct Shared {
    truth: Truth,
    verdicts: Vec<Verdict>,
    benign: Verdict,
    /// Flows whose rows disagree.
    disputed: AtomicU64,
}

impl Enrich for Label {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        let shared = &*self.shared;
        let Some(found) = shared.truth.of(record.flow()) else { return Outcome::Lacking };
        match found.verdict {
            Some(verdict) => shared.verdicts[verdict as usize].put(record),
            None => shared.benign.put(record),
        }
        if found.is_disputed {
            shared.disputed.fetch_add(1, Ordering::Relaxed);
        }
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Label { shared: Arc::clone(&self.shared) })
    }

    fn warning(&self) -> Option<String> {
        let truth = &self.shared.truth;
        let (line, why) = truth.unreadable.first.as_ref()?;
        Some(format!(
            "label: rows of the truth that cannot be read: {}, the first in line {line}: {why}",
            truth.unreadable.count
        ))
    }

    fn notes(&self) -> Vec<String> {
        let truth = &self.shared.truth;
        let disputed = self.shared.disputed.load(Ordering::Relaxed);
        let unmet = truth.unmet();
        let mut notes = Vec::new();
        if unmet > 0 {
            notes.push(format!("rows of the truth that belong to no flow: {unmet} of {}", truth.rows()));
        }
        if disputed > 0 {
            notes.push(format!("flows whose rows disagree, so that the first of the file counts: {disputed}"));
        }
        notes
    }
}

struct Rule {
    filter: Filter,
    verdict: Verdict,
}

impl Enrich for Rule {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if record.is_flow() && self.filter.keeps(record.flow(), |at| record.value(at)) {
            self.verdict.put(record);
        }
        Outcome::Done
    }

    fn reads(&self) -> Vec<String> {
        self.filter.watch().to_vec()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Rule { filter: self.filter.clone(), verdict: self.verdict.clone() })
    }
}

#[cfg(test)]
mod tests;
