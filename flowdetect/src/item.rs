//! The items of the command line: which detectors run, with which parameters.
//!
//! No item stands for the default set, `all` for every detector whose needs are met. Invariant: whatever is wrong with an
//! item is told before any input is read.

use crate::alert::{Alert, Naming};
use crate::config::Config;
use crate::consumer::{self, Consumer};
use crate::detect::{ALL, Built, DETECTORS, Detector, Found, Marks};
use crate::pairs::{PairRule, Pairs};
use crate::tune;
use flow_record::item::{Args, ParamKind};
use flow_record::record::Flow;
use flow_record::scan::{Line, LineKind};
use flow_record::state::{LACKS, Setup, Takes};
use flow_record::value::Time;

/// One use of a detector, with what it has taken so far.
pub(crate) struct Item {
    naming: Naming,
    work: Built,
    /// Lines that it is given; a rule over pairs is given none, for the table is.
    takes: Takes,
    /// How many lines it could not use, by what they lacked.
    lacks: Lacks,
}

/// How many lines lacked what.
pub(crate) type Lacks = Vec<(&'static str, u64)>;

/// The detectors of a run.
#[derive(Default)]
pub(crate) struct Plan {
    /// In the order of the command line.
    pub(crate) items: Vec<Item>,
    /// What the scanner is to watch.
    pub(crate) setup: Setup,
    /// Takes the alerts, where that is asked for.
    pub(crate) consumer: Option<Consumer>,
    /// What the user should know before it begins.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// The detectors that these items ask for, with what the file of parameters says of them.
    ///
    /// # Errors
    /// What is wrong with the first bad item.
    pub(crate) fn of(named: &[Args], config: &Config) -> anyhow::Result<Plan> {
        let mut plan = Plan::default();
        let (consumers, named): (Vec<&Args>, Vec<&Args>) =
            named.iter().partition(|a| consumer::SPECS.iter().any(|spec| spec.name == a.spec.name));
        if let [first, second, ..] = consumers[..] {
            let (first, second) = (first.spec.name, second.spec.name);
            anyhow::bail!("{first} and {second}: a run has one consumer of alerts; hand them on to another flowdetect");
        }
        plan.consumer = consumers.first().and_then(|args| Consumer::of(args, &mut plan.setup));
        if let Some(Consumer::Tune(_)) = plan.consumer {
            return plan.add_tuned(&named);
        }
        if named.is_empty() {
            for detector in DETECTORS.iter().filter(|d| d.by_default) {
                plan.add(detector, &config.apply(&Args::defaults(detector.spec))?)?;
            }
        }
        anyhow::ensure!(named.iter().filter(|a| is_all(a)).count() <= 1, "all is there twice");
        anyhow::ensure!(!named.iter().any(|a| is_all(a) && a.is_given("as")), "all: as= is for a single detector");
        for args in &named {
            match DETECTORS.iter().find(|d| d.spec.name == args.spec.name) {
                Some(detector) => plan.add(detector, &config.apply(args)?)?,
                None => plan.add_all(&named, config)?,
            }
        }
        Ok(plan)
    }

    /// The detectors whose thresholds are learnt, at their lowest.
    fn add_tuned(mut self, named: &[&Args]) -> anyhow::Result<Plan> {
        let names = tune::detectors();
        if let Some(other) = named.iter().find(|args| !names.contains(&args.spec.name)) {
            anyhow::bail!("tune: {} has no threshold that is learnt; {} have", other.spec.name, names.join(", "));
        }
        for detector in DETECTORS.iter().filter(|d| names.contains(&d.spec.name)) {
            let given = named.iter().find(|args| args.spec.name == detector.spec.name);
            if !named.is_empty() && given.is_none() {
                continue;
            }
            let mut text = given.map_or_else(|| detector.spec.name.to_owned(), |args| args.text.clone());
            for (key, value) in tune::loosened(detector.spec.name) {
                anyhow::ensure!(given.is_none_or(|a| !a.is_given(key)), "tune: {text}: {key} is what is to be learnt");
                text += &format!("{}{key}={value}", if text.contains(':') { ',' } else { ':' });
            }
            let args = Args::resolve(&text, "detector", [detector.spec]).map_err(|e| anyhow::anyhow!("{e}"))?;
            self.add(detector, &args)?;
        }
        Ok(self)
    }

    fn add(&mut self, detector: &Detector, args: &Args) -> anyhow::Result<()> {
        let built = (detector.build)(args, &mut self.setup);
        let work = built.map_err(|e| {
            let text = format!("{e:#}");
            let name = detector.spec.name;
            if text.starts_with(name) { anyhow::anyhow!(text) } else { anyhow::anyhow!("{name}: {text}") }
        })?;
        let naming = Naming::of(args);
        if self.items.iter().any(|item| item.naming == naming) {
            let name = &args.kind;
            anyhow::bail!(
                "{name} is there twice, and its alerts could not be told apart; give one a name, as in as={name}2"
            );
        }
        if args.kind != detector.spec.name && DETECTORS.iter().any(|d| d.spec.name == args.kind) {
            anyhow::bail!("{}: as={}: another detector has that name", detector.spec.name, args.kind);
        }
        self.items.push(Item::new(naming, work));
        Ok(())
    }

    /// Adds every detector that is not named by itself and needs nothing.
    fn add_all(&mut self, named: &[&Args], config: &Config) -> anyhow::Result<()> {
        let mut left_out = Vec::new();
        for detector in DETECTORS {
            let name = detector.spec.name;
            if named.iter().any(|a| a.spec.name == name) {
                continue;
            }
            match detector.needs {
                Some(needs) if !config.says(name, needs) => {
                    let is_file = detector.spec.param(needs).is_some_and(|p| p.kind == ParamKind::File);
                    left_out.push(format!("{name} (needs {needs}={})", if is_file { "FILE" } else { "EXPR" }));
                }
                _ => self.add(detector, &config.apply(&Args::defaults(detector.spec))?)?,
            }
        }
        if !left_out.is_empty() {
            self.notes.push(format!("all: left out: {}", left_out.join(", ")));
        }
        Ok(())
    }
}

fn is_all(args: &Args) -> bool {
    args.spec.name == ALL.name
}

impl Item {
    fn new(naming: Naming, work: Built) -> Item {
        let takes = match &work {
            Built::State(state) => state.takes(),
            Built::Pairs(_) => Takes::default(),
        };
        Item { naming, work, takes, lacks: Vec::new() }
    }

    /// The same use, given nothing.
    pub(crate) fn empty(&self) -> Item {
        let work = match &self.work {
            Built::State(state) => Built::State(state.fresh()),
            Built::Pairs(rule) => Built::Pairs(rule.again()),
        };
        Item::new(self.naming.clone(), work)
    }

    /// Whether it is as good as new, the table of pairs left aside.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        match &self.work {
            Built::State(state) => state.is_empty() && self.lacks.is_empty(),
            Built::Pairs(_) => true,
        }
    }

    /// How it names its alerts.
    pub(crate) fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The name it goes by.
    pub(crate) fn name(&self) -> &str {
        self.naming.detector()
    }

    /// Its rule over pairs, if it is one.
    pub(crate) fn pair_rule(&self) -> Option<&dyn PairRule> {
        match &self.work {
            Built::Pairs(rule) => Some(&**rule),
            Built::State(_) => None,
        }
    }

    /// The lines that it is given.
    pub(crate) fn takes(&self) -> Takes {
        self.takes
    }

    /// Takes a line of a kind that it takes, and says whether it was of use.
    #[inline]
    pub(crate) fn take(&mut self, line: &Line<'_>) -> bool {
        let Built::State(state) = &mut self.work else { return false };
        let taken = if line.kind == LineKind::Flow { state.flow(line) } else { state.line(line) };
        match taken {
            Ok(()) => true,
            Err(what) => self.lack(what, 1),
        }
    }

    fn lack(&mut self, what: &'static str, n: u64) -> bool {
        count_lack(&mut self.lacks, what, n);
        false
    }

    /// Adds all that the same item of another thread has taken.
    pub(crate) fn merge(&mut self, other: Item) {
        for (what, n) in other.lacks {
            self.lack(what, n);
        }
        if let (Built::State(state), Built::State(more)) = (&mut self.work, other.work) {
            state.merge(more);
        }
    }

    /// The same use, with all that it has taken; the table of pairs left aside.
    pub(crate) fn copy(&self) -> Item {
        let work = match &self.work {
            Built::State(state) => Built::State(state.copy()),
            Built::Pairs(rule) => Built::Pairs(rule.again()),
        };
        Item { lacks: self.lacks.clone(), ..Item::new(self.naming.clone(), work) }
    }

    /// Hands over how many lines it could not use, by what they lacked, and forgets them.
    pub(crate) fn take_lacks(&mut self, pairs: Option<&Pairs>) -> Lacks {
        match (&self.work, pairs) {
            (Built::Pairs(rule), Some(pairs)) => pairs.lacking(&**rule),
            _ => std::mem::take(&mut self.lacks),
        }
    }

    /// Its alerts so far, in order, where what it has found stays true whatever else comes.
    pub(crate) fn look(&self, pairs: Option<&Pairs>) -> Option<Vec<Alert>> {
        let mut found = Found::default();
        match (&self.work, pairs) {
            (Built::State(state), _) if state.rises() => state.copy().finish(&mut found),
            (Built::Pairs(rule), Some(pairs)) if rule.rises() => rule.finish(pairs, &mut found),
            _ => return None,
        }
        found.alerts.sort_by(Alert::order);
        Some(found.alerts)
    }

    /// Event time has come so far.
    pub(crate) fn tick(&mut self, now: Time) {
        if let Built::State(state) = &mut self.work {
            state.tick(now);
        }
    }

    /// Its alerts in order, and what the user should know.
    pub(crate) fn finish(self, pairs: Option<&Pairs>) -> Outcome {
        let mut found = Found::default();
        let (what, mut lacks) = (self.lacking(), self.lacks);
        match (self.work, pairs) {
            (Built::State(state), _) => state.finish(&mut found),
            (Built::Pairs(rule), Some(pairs)) => {
                rule.finish(pairs, &mut found);
                lacks = pairs.lacking(&*rule);
                found.notes.extend(pairs.gone());
            }
            (Built::Pairs(_), None) => {}
        }
        found.alerts.sort_by(Alert::order);
        Outcome { notes: told(&self.naming, &what, lacks, found.notes), naming: self.naming, alerts: found.alerts }
    }

    /// Whether single flows can be marked with it.
    pub(crate) fn marks(&self) -> Marks {
        match &self.work {
            Built::State(state) => state.marks(),
            Built::Pairs(_) => Marks::Never,
        }
    }

    /// What flows are marked with: `sigma.bytes`.
    pub(crate) fn rules(&self) -> Vec<String> {
        match &self.work {
            Built::State(state) => state.rules().into_iter().map(|field| format!("{}.{field}", self.name())).collect(),
            Built::Pairs(_) => Vec::new(),
        }
    }

    /// Fixes the thresholds that marks go by; answers what the user should know.
    pub(crate) fn settle(&mut self) -> Vec<String> {
        let mut found = Found::default();
        if let Built::State(state) = &mut self.work {
            state.settle(&mut found);
        }
        told(&self.naming, &self.lacking(), std::mem::take(&mut self.lacks), found.notes)
    }

    /// What lines lack that were answered with [`LACKS`].
    fn lacking(&self) -> String {
        match &self.work {
            Built::State(state) => state.lacks(),
            Built::Pairs(_) => String::new(),
        }
    }

    /// The rules that hold for a flow: bit `i` is that of rule `i`.
    #[inline]
    pub(crate) fn mark(&self, flow: &Flow) -> u64 {
        match &self.work {
            Built::State(state) => state.mark(flow),
            Built::Pairs(_) => 0,
        }
    }
}

/// Counts so many more lines that lacked this.
pub(crate) fn count_lack(lacks: &mut Lacks, what: &'static str, n: u64) {
    match lacks.iter_mut().find(|(met, _)| *met == what) {
        Some((_, count)) => *count += n,
        None => lacks.push((what, n)),
    }
}

/// What an item found.
pub(crate) struct Outcome {
    /// Names its alerts.
    pub(crate) naming: Naming,
    /// In order.
    pub(crate) alerts: Vec<Alert>,
    /// What the user should know, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// All that is to be told of an item, with its name in front.
pub(crate) fn told(naming: &Naming, lacking: &str, mut lacks: Lacks, notes: Vec<String>) -> Vec<String> {
    lacks.sort_unstable();
    let lacks = lacks.into_iter().map(|(what, n)| {
        let what = if what == LACKS { lacking } else { what };
        format!("{n} {} without {what} left out", lines(n))
    });
    lacks.chain(notes).map(|text| format!("{}: {text}", naming.detector())).collect()
}

fn lines(n: u64) -> &'static str {
    if n == 1 { "line" } else { "lines" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::item::Spec;

    fn plan(items: &[&str]) -> anyhow::Result<Plan> {
        let specs: Vec<&'static Spec> = crate::detect::specs();
        let args: Vec<Args> =
            items.iter().map(|text| Args::resolve(text, "detector", specs.iter().copied()).unwrap()).collect();
        Plan::of(&args, &Config::default())
    }

    fn names(items: &[&str]) -> Vec<String> {
        plan(items).unwrap().items.iter().map(|item| item.name().to_owned()).collect()
    }

    #[test]
    fn without_items_the_default_set_runs() {
        let default = [
            "scan",
            "exfil",
            "beacon",
            "longconn",
            "strobe",
            "dnstunnel",
            "icmptunnel",
            "bruteforce",
            "ddos",
            "amplification",
            "lateral",
            "broadcast",
        ];
        assert_eq!(names(&[]), default);
    }

    #[test]
    fn all_is_what_needs_nothing_and_says_what_it_left_out() {
        let all = names(&["all"]);
        assert_eq!(all[..5], ["zscore", "iqr", "mad", "portscan", "sweep"]);
        assert_eq!(all[5..], names(&[]));
        let note = "all: left out: sigma (needs normal=FILE), fence (needs normal=FILE), intel (needs list=FILE), policy \
                    (needs where=EXPR)";
        assert_eq!(plan(&["all"]).unwrap().notes, [note]);
        assert!(plan(&["zscore"]).unwrap().notes.is_empty());
    }

    #[test]
    fn a_detector_that_is_named_beside_all_is_taken_as_named() {
        let named = names(&["all", "beacon:as=calls"]);
        assert_eq!((named.len(), named.last().map(String::as_str)), (names(&["all"]).len(), Some("calls")));
        assert!(plan(&["all", "all"]).is_err());
    }

    #[test]
    fn items_whose_alerts_would_have_the_same_names_are_refused() {
        for items in [["zscore", "zscore"], ["zscore", "zscore:threshold=3.0"], ["beacon", "sweep:as=beacon"]] {
            assert!(plan(&items).is_err_and(|e| e.to_string().contains("is there twice")), "{items:?}");
        }
        assert!(plan(&["zscore", "zscore:as=again"]).is_ok());
        let taken = plan(&["sweep:as=portscan"]);
        assert!(taken.is_err_and(|e| e.to_string() == "sweep: as=portscan: another detector has that name"));
        assert!(plan(&["zscore", "zscore:threshold=4"]).is_ok());
    }

    #[test]
    fn a_detector_may_run_twice() {
        assert_eq!(names(&["zscore", "zscore:field=packets,as=packets"]), ["zscore", "packets"]);
        assert_eq!(plan(&["zscore:by=a+b", "iqr:by=b+c"]).unwrap().setup.watched(), ["a", "b", "b", "c"]);
    }
}
