//! Rules over single flows: the flows for which one holds, in sum for each source and destination, and the alerts.
//!
//! One alert for each field, source and destination, with how many flows there were, the largest, the smallest and their
//! sum; its value is the one that is farthest out. Bound: about 140 bytes for each pair that has such a flow.

use crate::alert::{Alert, Evidence, Verdict};
use crate::detect::Found;
use crate::ends::Ends;
use crate::measure::Measure;
use crate::population::Judge;
use flow_record::map::{Map, merge};
use flow_record::people::{amount, count};
use flow_record::record::key::Part;
use flow_record::stats::Seen;

/// The flows between two ends for which the rule holds.
#[derive(Clone, Debug)]
struct Tally {
    seen: Seen,
    largest: u64,
    smallest: u64,
    sum: u128,
}

/// The flows for which a rule over one field holds.
#[derive(Clone, Debug)]
pub(crate) struct Flagged {
    measure: Measure,
    pairs: Map<Ends, Tally>,
}

impl Flagged {
    /// None yet.
    pub(crate) fn new(measure: Measure) -> Flagged {
        Flagged { measure, pairs: Map::default() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Adds a flow between `ends`, whose kept value is `value`; `see` adds it to what was seen.
    #[inline]
    pub(crate) fn add(&mut self, ends: Ends, value: u64, see: impl FnOnce(&mut Seen)) {
        let tally = self.pairs.entry(ends).or_insert_with(|| Tally {
            seen: Seen::default(),
            largest: 0,
            smallest: u64::MAX,
            sum: 0,
        });
        see(&mut tally.seen);
        tally.largest = tally.largest.max(value);
        tally.smallest = tally.smallest.min(value);
        tally.sum = tally.sum.saturating_add(value.into());
    }

    /// Adds all flows of another state.
    pub(crate) fn merge(&mut self, other: Flagged) {
        merge(&mut self.pairs, other.pairs, |a, b| {
            a.seen.merge(&b.seen);
            a.largest = a.largest.max(b.largest);
            a.smallest = a.smallest.min(b.smallest);
            a.sum = a.sum.saturating_add(b.sum);
        });
    }

    /// The alerts; `n` is the size of the population, where the bounds come from one, and `population` its name.
    pub(crate) fn finish(self, bounds: &impl Judge, population: &str, n: Option<u64>, found: &mut Found) {
        for (ends, tally) in self.pairs {
            let Some((verdict, is_largest)) = farthest(bounds, self.measure, &tally) else { continue };
            let says = bounds.says(&verdict, population, self.measure.unit());
            let evidence = Evidence::new().text("field", self.measure.name());
            let evidence = match n {
                Some(n) => evidence.integer("n", n),
                None => evidence,
            };
            let [src, dst] = ends.parts();
            let members = [("src_ip", ends.src), ("dst_ip", ends.dst)];
            found.alerts.push(
                Alert {
                    key: vec![Part::Text(self.measure.name().into()), src, dst],
                    members: members
                        .into_iter()
                        .filter_map(|(name, end)| Some((name.into(), Part::Address(end?))))
                        .collect(),
                    reason: self.measure.reason(&ends, &tally, is_largest, &says),
                    evidence: tally.terms(self.measure, bounds.terms(evidence)),
                    ..Alert::of(&tally.seen, verdict)
                }
                .shared(None, tally.seen.dst_port(), tally.seen.protocol()),
            );
        }
    }
}

/// The verdict on the value that is farthest out, and whether it is the largest.
fn farthest(bounds: &impl Judge, measure: Measure, tally: &Tally) -> Option<(Verdict, bool)> {
    let judge = |value: u64| bounds.judge(measure.value(value));
    match (judge(tally.largest), judge(tally.smallest)) {
        (Some(a), Some(b)) if b.score > a.score => Some((b, false)),
        (Some(a), _) => Some((a, true)),
        (None, b) => b.map(|b| (b, false)),
    }
}

impl Tally {
    fn terms(&self, measure: Measure, evidence: Evidence) -> Evidence {
        let evidence = evidence.integer("count", self.seen.flows());
        let evidence = measure.term(evidence, "largest", self.largest.into());
        let evidence = measure.term(evidence, "smallest", self.smallest.into());
        measure.term(evidence, "sum", self.sum)
    }
}

impl Measure {
    fn reason(self, ends: &Ends, tally: &Tally, is_largest: bool, says: &str) -> String {
        let text =
            |end: Option<flow_record::value::Address>| end.map_or("an unknown address".into(), |a| a.to_string());
        let (from, to) = (text(ends.src), text(ends.dst));
        let kept = if is_largest { tally.largest } else { tally.smallest };
        let extreme = amount(self.value(kept).as_f64(), self.unit());
        let what = match self.name() {
            name if name == self.unit() => extreme,
            name => format!("{name} {extreme}"),
        };
        match tally.seen.flows() {
            1 => format!("a flow from {from} to {to} has {what}, {says}"),
            n => {
                let which = if is_largest { "largest" } else { "smallest" };
                format!("{} from {from} to {to}, the {which} with {what}, {says}", count(n, "flows"))
            }
        }
    }
}
