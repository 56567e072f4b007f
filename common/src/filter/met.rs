//! Which members an expression asks for that no flow had: rather a slip, or a word that was meant as a value.

use super::{Filter, names};
use crate::record::field::ADDED;
use crate::value::text::snippet;

/// What of a filter's members was met in the flows that were tested; one a thread.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// By the members' numbers.
    members: Vec<bool>,
    /// How many are still to be met.
    missing: usize,
    /// There was a flow.
    flows: bool,
}

impl Met {
    /// Looks at a flow; `has` answers whether it has the member of a number.
    #[inline]
    pub fn look(&mut self, has: impl Fn(usize) -> bool) {
        if self.missing > 0 {
            self.look_closer(has);
        }
    }

    #[inline(never)]
    fn look_closer(&mut self, has: impl Fn(usize) -> bool) {
        self.flows = true;
        for (at, met) in self.members.iter_mut().enumerate().filter(|(_, met)| !**met) {
            *met = has(at);
            self.missing -= usize::from(*met);
        }
    }

    /// Adds what another thread has met.
    pub fn merge(&mut self, other: &Met) {
        let flows = self.flows || other.flows;
        self.look(|at| other.members.get(at) == Some(&true));
        self.flows = flows;
    }
}

impl Filter {
    /// Nothing met yet.
    pub fn met(&self) -> Met {
        let members = vec![false; self.watch().len()];
        Met { missing: members.len(), members, flows: false }
    }

    /// What is to be told of members that no flow had, a sentence each; nothing where there was no flow.
    /// `otherwise` is said of names that nothing of the suite makes.
    pub fn unmet(&self, met: &Met, otherwise: &str) -> Vec<String> {
        let names = self.watch().iter().zip(&met.members).filter(|(_, met)| !**met).map(|(name, _)| name);
        let told = |name: &String| {
            let near = names::meant(name).filter(|near| near != name);
            let more = match near {
                Some(near) => format!("; did you mean {near}?"),
                None if ADDED.iter().any(|field| field.name == name) => {
                    "; enrichers add it, see flowenrich --list".into()
                }
                None => otherwise.into(),
            };
            format!("--where: no flow has a member \"{}\"{more}", snippet(name.as_bytes(), 60))
        };
        if met.flows { names.map(told).collect() } else { Vec::new() }
    }
}
