//! All detectors of a run as one state: the items, and the table of pairs that some of them share.
//!
//! One a thread, merged at the end; a window's pane is one as well. Invariant: as that of every state, see
//! [`State`](flow_record::state::State), whose shape this has; what it ends in are the outcomes of the items.

use crate::alert::{Alert, Naming};
use crate::item::{Item, Lacks, Outcome};
use crate::pairs::Pairs;
use flow_record::scan::{Line, LineKind};
use flow_record::state::Takes;
use flow_record::value::Time;

/// The detectors.
pub(crate) struct Detectors {
    /// In the order of the command line.
    items: Vec<Item>,
    /// Where one of them is a rule over pairs.
    pairs: Option<Pairs>,
    takes: Takes,
}

impl Detectors {
    /// These, given nothing.
    pub(crate) fn new(items: Vec<Item>) -> Detectors {
        let has_rules = items.iter().any(|item| item.pair_rule().is_some());
        let pairs = has_rules.then(|| Pairs::new(items.iter().filter_map(Item::pair_rule)));
        Detectors::of(items, pairs)
    }

    fn of(items: Vec<Item>, pairs: Option<Pairs>) -> Detectors {
        let any = |of: fn(Takes) -> bool| items.iter().any(|item| of(item.takes()));
        let takes = Takes {
            flows: pairs.is_some() || any(|t| t.flows),
            rows: any(|t| t.rows),
            alerts: any(|t| t.alerts),
            baselines: any(|t| t.baselines),
        };
        Detectors { items, pairs, takes }
    }

    /// The items, in the order of the command line.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The names of those that take rows and no flows.
    pub(crate) fn of_rows(&self) -> Vec<String> {
        let of_rows = self.items.iter().filter(|item| item.takes().rows && !item.takes().flows);
        of_rows.map(|item| item.name().to_owned()).collect()
    }

    /// What any of them takes.
    pub(crate) fn takes(&self) -> Takes {
        self.takes
    }

    /// Takes a line of such a kind, and says whether it was of use to one of them.
    #[inline]
    pub(crate) fn take(&mut self, line: &Line<'_>) -> bool {
        let mut used = false;
        if line.kind == LineKind::Flow
            && let Some(pairs) = &mut self.pairs
        {
            used |= pairs.add(line.flow);
        }
        for item in &mut self.items {
            if item.takes().takes(line.kind) {
                used |= item.take(line);
            }
        }
        used
    }

    /// Adds all that the same detectors elsewhere have taken.
    pub(crate) fn merge(&mut self, other: Detectors) {
        self.items.iter_mut().zip(other.items).for_each(|(a, b)| a.merge(b));
        if let (Some(pairs), Some(more)) = (&mut self.pairs, other.pairs) {
            pairs.merge(more);
        }
    }

    /// Whether they are as good as new.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.iter().all(Item::is_empty) && self.pairs.as_ref().is_none_or(Pairs::is_empty)
    }

    /// The same detectors, given nothing.
    pub(crate) fn empty(&self) -> Detectors {
        Detectors::of(self.items.iter().map(Item::empty).collect(), self.pairs.as_ref().map(Pairs::empty))
    }

    /// The same detectors, with all that they have taken.
    pub(crate) fn copy(&self) -> Detectors {
        Detectors::of(self.items.iter().map(Item::copy).collect(), self.pairs.clone())
    }

    /// Hands over how many lines each item could not use, by what they lacked, and forgets them.
    pub(crate) fn take_lacks(&mut self) -> Vec<Lacks> {
        let pairs = self.pairs.as_ref();
        let lacks = self.items.iter_mut().map(|item| item.take_lacks(pairs)).collect();
        if let Some(pairs) = &mut self.pairs {
            pairs.forget_lacks();
        }
        lacks
    }

    /// What the items found so far that stays true whatever else comes.
    pub(crate) fn look(&self) -> impl Iterator<Item = (&Naming, Vec<Alert>)> {
        self.items.iter().filter_map(|item| Some((item.naming(), item.look(self.pairs.as_ref())?)))
    }

    /// Event time has come so far.
    pub(crate) fn tick(&mut self, now: Time) {
        self.items.iter_mut().for_each(|item| item.tick(now));
    }

    /// What each of them found, in the order of the command line.
    pub(crate) fn finish(self) -> impl Iterator<Item = Outcome> {
        let Detectors { items, pairs, .. } = self;
        items.into_iter().map(move |item| item.finish(pairs.as_ref()))
    }
}
