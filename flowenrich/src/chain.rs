//! The enrichers of one run in their order, applied to lines.
//!
//! Enrichers that neither read nor write what an earlier one writes share a stage: each sees the line as it came, and
//! their members go in together. One that does begins a stage of its own, which takes the line apart again as the
//! stage before left it. So the whole equals a pipe of one program an enricher, and mostly costs one pass.
//! Invariant: a line that grows into one that no filter accepts is written as it came, and counted; but where an enricher
//! guards what it rewrites, no line is written that it did not go through.

use crate::enrich::{Ahead, Enrich};
use crate::stage::{Stage, Step, Told};
use flow_record::item::Args;
use flow_record::run::{Fate, pass};
use flow_record::scan::{Checker, Clean, Line, LineKind, Scanner};

/// Why lines are left out where an enricher guards what is in them.
const BASELINE: &str = "a baseline cannot be rewritten";
const UNFIT: &str = "rewritten, no filter would accept them";

/// All enrichers of a run; one a thread.
pub(crate) struct Chain {
    first: Stage,
    more: Vec<Later>,
    /// The line between stages: as the last one left it, and as the next one leaves it.
    between: [Vec<u8>; 2],
    /// Checks lines that have grown long.
    checker: Checker,
    overgrown: u64,
    /// An enricher lets no line through that it could not change.
    is_guarded: bool,
}

/// A stage after the first, with what takes its lines apart.
struct Later {
    scanner: Scanner,
    stage: Stage,
}

impl Chain {
    /// A chain of these enrichers.
    pub(crate) fn of(items: Vec<(Args, Box<dyn Enrich>)>) -> Chain {
        let mut stages = vec![Stage::default()];
        for (args, enrich) in items {
            let is_apart = enrich.rewrites() && stages.last().is_some_and(|stage| !stage.steps.is_empty());
            if is_apart || stages.last().is_none_or(|stage| stage.rewrites() || stage.concerns(&args, &*enrich)) {
                stages.push(Stage::default());
            }
            if let Some(stage) = stages.last_mut() {
                stage.push(args, enrich);
            }
        }
        let mut stages = stages.into_iter();
        let first = stages.next().unwrap_or_default();
        Chain::staged(first, stages.collect())
    }

    fn staged(first: Stage, more: Vec<Stage>) -> Chain {
        let guards = |stage: &Stage| stage.steps.iter().any(|step| step.enrich.guards());
        let is_guarded = guards(&first) || more.iter().any(guards);
        let later = |stage: Stage| Later { scanner: Scanner::watching(&stage.watch), stage };
        Chain {
            first,
            more: more.into_iter().map(later).collect(),
            between: [Vec::new(), Vec::new()],
            checker: Checker::default(),
            overgrown: 0,
            is_guarded,
        }
    }

    /// The same for another thread.
    pub(crate) fn another(&self) -> Chain {
        Chain::staged(self.first.another(), self.more.iter().map(|later| later.stage.another()).collect())
    }

    /// The members whose places the chain wants to know in the lines that it is given.
    pub(crate) fn watch(&self) -> &[String] {
        &self.first.watch
    }

    /// Lines that were written as they came because they would have grown beyond what filters accept.
    pub(crate) fn overgrown(&self) -> u64 {
        self.overgrown
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        let stages = std::iter::once(&self.first).chain(self.more.iter().map(|later| &later.stage));
        stages.flat_map(|stage| &stage.steps)
    }

    /// What the user should be told before the run.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.steps().filter_map(|step| step.enrich.warning())
    }

    /// What there is to tell of each item, in order.
    pub(crate) fn told(&self) -> impl Iterator<Item = Told> {
        self.steps().map(Step::told)
    }

    /// Nothing more has come so far.
    pub(crate) fn pause(&mut self) {
        self.first.pause();
        self.more.iter_mut().for_each(|later| later.stage.pause());
    }

    /// Has its first enricher, which looks ahead, learn from a line.
    pub(crate) fn learn(&mut self, line: &Line<'_>) {
        self.first.learn(line);
    }

    /// Its first enricher, if that looks ahead.
    pub(crate) fn ahead(&mut self) -> Option<&mut dyn Ahead> {
        self.first.ahead()
    }

    /// Appends the line with everything put in; `None` where that is no line that filters accept.
    fn enrich(&mut self, line: &Line<'_>, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let Some((last, middle)) = self.more.split_last_mut() else {
            let is_doubtful = self.first.apply(line, out);
            return self.checker.accepts(&out[start..], is_doubtful).then_some(());
        };
        let [before, after] = &mut self.between;
        before.clear();
        self.first.apply(line, before);
        for later in middle {
            after.clear();
            later.apply(before, after)?;
            std::mem::swap(before, after);
        }
        let is_doubtful = last.apply(before, out)?;
        self.checker.accepts(&out[start..], is_doubtful).then_some(())
    }
}

impl Chain {
    /// Appends what becomes of a line, whole and with its newline.
    #[inline]
    pub(crate) fn put(&mut self, line: &Line<'_>, out: &mut Vec<u8>) -> Fate {
        match line.kind {
            LineKind::Baseline if self.is_guarded => return Fate::Unused(BASELINE),
            LineKind::Baseline | LineKind::Tick => return pass(line, out),
            _ => {}
        }
        let start = out.len();
        match self.enrich(line, out) {
            Some(()) => Fate::Passed,
            None if self.is_guarded => {
                out.truncate(start);
                Fate::Unused(UNFIT)
            }
            None => {
                out.truncate(start);
                self.overgrown += 1;
                pass(line, out)
            }
        }
    }
}

impl Later {
    /// Appends the line in `from` with the stage's members; answers as the stage does.
    fn apply(&mut self, from: &[u8], out: &mut Vec<u8>) -> Option<bool> {
        let line = self.scanner.scan(Clean::line(from).ok()?).ok()?;
        Some(self.stage.apply(&line, out))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::enrich::{ENRICHERS, enricher_of};

    fn chain(items: &[&str]) -> Chain {
        let specs = ENRICHERS.iter().map(|e| &e.spec);
        let args = items.iter().map(|i| Args::resolve(i, "enricher", specs.clone()).unwrap());
        Chain::of(args.map(|args| (args.clone(), enricher_of(&args).unwrap())).collect())
    }

    fn run(chain: &mut Chain, line: &str) -> String {
        let mut scanner = Scanner::watching(chain.watch());
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let mut out = b"before\n".to_vec();
        assert_eq!(chain.put(&line, &mut out), Fate::Passed);
        String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned()
    }

    const FLOW: &str = r#"{"src_ip":"10.0.0.1","dst_ip":"81.2.69.160","src_port":50000,"dst_port":443,"protocol":6}"#;

    #[test]
    fn enrichers_that_do_not_concern_each_other_share_a_stage() {
        assert!(chain(&["scope", "ipclass", "portclass", "service", "protoname"]).more.is_empty());
        assert_eq!(chain(&["scope", "service", "scope:overwrite=true", "protoname", "service"]).more.len(), 1);
        assert_eq!(chain(&["scope", "scope", "scope"]).more.len(), 2);
    }

    #[test]
    fn members_go_in_in_the_order_of_the_items() {
        let out = run(&mut chain(&["protoname", "service"]), FLOW);
        assert!(out.ends_with(",\"protocol_name\":\"TCP\",\"service\":\"https\"}\n"), "{out}");
        let out = run(&mut chain(&["service", "protoname"]), FLOW);
        assert!(out.ends_with(",\"service\":\"https\",\"protocol_name\":\"TCP\"}\n"), "{out}");
    }

    #[test]
    fn a_chain_equals_a_pipe_of_its_enrichers() {
        let items = [
            "scope",
            "service",
            "scope:internal=81.0.0.0/8,overwrite=true",
            "scope:internal=1.2.3.4",
            "scope:internal=10.0.0.1+81.0.0.0/8,overwrite=true",
            "protoname",
        ];
        let mut piped = FLOW.to_owned();
        for item in items {
            piped = run(&mut chain(&[item]), piped.trim_end());
        }
        assert_eq!(run(&mut chain(&items), FLOW), piped);
        assert!(piped.contains("\"direction\":\"internal\""), "{piped}");
        assert_eq!(piped.matches("direction").count(), 1);
    }

    #[test]
    fn baselines_and_ticks_pass_as_they_are() {
        for line in [
            r#"{"kind":"baseline","src_ip":"10.0.0.1"}"#,
            r#"{"kind":"tick","timestamp":"2026-03-10T00:00:00.000Z","src_ip":"10.0.0.1"}"#,
        ] {
            assert_eq!(run(&mut chain(&["scope", "scope"]), line).trim_end(), line);
        }
    }

    #[test]
    fn rows_and_alerts_are_enriched() {
        for kind in ["alert", "hosts"] {
            let line = format!(r#"{{"kind":"{kind}","src_ip":"10.0.0.1"}}"#);
            assert!(run(&mut chain(&["ipclass"]), &line).contains("\"src_ip_class\":\"Class A\""));
        }
    }

    #[test]
    fn a_line_that_would_grow_beyond_what_filters_accept_is_written_as_it_came() {
        for items in [&["scope"][..], &["scope", "scope"], &["scope", "scope", "scope"]] {
            let mut chain = chain(items);
            let long = format!(r#"{{"src_ip":"10.0.0.1","note":"{}"}}"#, "x".repeat((1 << 20) - 40));
            assert_eq!(run(&mut chain, &long).trim_end(), long);
            let members: String = (0..1023).map(|i| format!(",\"{i}\":1")).collect();
            let many = format!(r#"{{"src_ip":"10.0.0.1"{members}}}"#);
            assert_eq!(run(&mut chain, &many).trim_end(), many);
            assert_eq!(chain.overgrown(), 2);
            let fitting = format!(r#"{{"src_ip":"10.0.0.1","note":"{}"}}"#, "x".repeat(10_000));
            assert!(run(&mut chain, &fitting).contains("src_scope"));
            assert_eq!(chain.overgrown(), 2);
        }
    }

    #[test]
    fn lines_that_lack_what_an_item_needs_are_counted_by_item() {
        let mut chain = chain(&["scope", "service", "scope"]);
        for line in [FLOW, r#"{"bytes":1}"#, r#"{"src_ip":"10.0.0.1"}"#] {
            run(&mut chain, line);
        }
        let told: Vec<_> = chain.told().map(|t| (t.name, t.lacking)).collect();
        assert_eq!(told, [("scope", 1), ("service", 2), ("scope", 1)]);
        assert_eq!(chain.another().told().map(|t| t.lacking).sum::<u64>(), 0);
    }

    /// The chain of these items and `anonymize`, which is written as ANON.
    fn anonymizing(items: &[&str]) -> Chain {
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), "32-char-str-for-AES-key-and-pad.").unwrap();
        let anonymize = format!("anonymize:key={}", key.path().display());
        chain(&items.iter().map(|i| if *i == "ANON" { &anonymize } else { *i }).collect::<Vec<_>>())
    }

    #[test]
    fn one_that_rewrites_sees_what_came_before_and_others_see_what_it_made() {
        let line = r#"{"src_ip":"192.0.2.1"}"#;
        let before = run(&mut anonymizing(&["ipclass", "ANON"]), line);
        assert_eq!(before, "{\"src_ip\":\"192.0.125.244\",\"src_ip_class\":\"Class C\"}\n");
        let after = run(&mut anonymizing(&["ANON", "scope"]), line);
        let there = run(&mut chain(&["scope"]), r#"{"src_ip":"192.0.125.244"}"#);
        assert_eq!(after, there);
        for (items, more) in [
            (&["ANON"][..], 0),
            (&["scope", "ANON"], 1),
            (&["ANON", "scope", "service"], 1),
            (&["protoname", "ANON", "service"], 2),
            (&["ANON", "ANON"], 1),
        ] {
            assert_eq!(anonymizing(items).more.len(), more, "{items:?}");
        }
    }

    #[test]
    fn one_that_rewrites_lets_nothing_through_as_it_came() {
        let long = format!(r#"{{"src_ip":"1.1.1.1","x":"{}"}}"#, "x".repeat((1 << 20) - 29));
        let keys = r#"{"bytes":1,"::1":1,"0::1":2}"#.to_owned();
        let baseline = r#"{"kind":"baseline","key":"10.0.0.1"}"#.to_owned();
        for items in [&["ANON"][..], &["scope", "ANON"], &["ANON", "protoname"]] {
            for (line, why) in [(&long, UNFIT), (&keys, UNFIT), (&baseline, BASELINE)] {
                let mut chain = anonymizing(items);
                let mut scanner = Scanner::watching(chain.watch());
                let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
                let mut out = Vec::new();
                assert_eq!((chain.put(&line, &mut out), out.len()), (Fate::Unused(why), 0), "{items:?}");
            }
        }
    }
}
