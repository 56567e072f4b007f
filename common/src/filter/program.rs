//! The tree as a flat program: one test a step, and where to go on when it holds and when it does not.
//!
//! Negations are moved into the tests (De Morgan), where an absent field makes a test and its contrary false. So every
//! step has two ways, each forward, and a flow passes each step once at most.

use super::eval::Flows;
use super::tree::{Quantity, Scale, Test, Tree};
use crate::record::FieldId;

/// A way out: the flow is kept.
const KEEP: u32 = u32::MAX;
/// A way out: it is left out.
const LEAVE: u32 = u32::MAX - 1;

#[derive(Clone, Debug)]
struct Step {
    what: What,
    wanted: bool,
    yes: u32,
    no: u32,
}

#[derive(Clone, Debug)]
enum What {
    /// An integer field of the record in one range: the most frequent test.
    Range {
        id: FieldId,
        first: u64,
        width: u64,
    },
    Test(Test),
    Constant(bool),
}

/// Steps; the first is the beginning.
#[derive(Clone, Debug)]
pub(super) struct Program(Vec<Step>);

impl Program {
    /// The program of a tree.
    pub(super) fn new(tree: &Tree) -> Program {
        let mut steps = Vec::new();
        emit(tree, true, KEEP, LEAVE, &mut steps);
        // Steps were laid from the last to the first.
        let count = steps.len() as u32;
        let turned = |way: u32| if way >= LEAVE { way } else { count - 1 - way };
        steps.reverse();
        for step in &mut steps {
            (step.yes, step.no) = (turned(step.yes), turned(step.no));
        }
        Program(steps)
    }

    /// Whether the flow is kept.
    #[inline]
    pub(super) fn keeps<'l>(&self, seen: &impl Flows<'l>) -> bool {
        let mut at = 0;
        while let Some(step) = self.0.get(at as usize) {
            let holds = match &step.what {
                What::Range { id, first, width } => match seen.flow().integer(*id) {
                    Some(value) => (value.wrapping_sub(*first) <= *width) == step.wanted,
                    None => false,
                },
                What::Test(test) => test.is(step.wanted, seen),
                What::Constant(value) => *value == step.wanted,
            };
            at = if holds { step.yes } else { step.no };
        }
        at == KEEP
    }
}

/// Lays the steps of a tree, last first, which go to `yes` if it is `wanted` and else to `no`; answers the place of the
/// first.
fn emit(tree: &Tree, wanted: bool, yes: u32, no: u32, steps: &mut Vec<Step>) -> u32 {
    match tree {
        Tree::Not(inner) => emit(inner, !wanted, yes, no, steps),
        Tree::All(trees) if wanted => trees.iter().rev().fold(yes, |next, t| emit(t, true, next, no, steps)),
        Tree::One(trees) if !wanted => trees.iter().rev().fold(yes, |next, t| emit(t, false, next, no, steps)),
        Tree::All(trees) | Tree::One(trees) => trees.iter().rev().fold(no, |next, t| emit(t, wanted, yes, next, steps)),
        Tree::Constant(value) => put(What::Constant(*value), wanted, yes, no, steps),
        Tree::Test(test) => put(what(test), wanted, yes, no, steps),
    }
}

fn put(what: What, wanted: bool, yes: u32, no: u32, steps: &mut Vec<Step>) -> u32 {
    steps.push(Step { what, wanted, yes, no });
    steps.len() as u32 - 1
}

/// The quickest form of a test.
fn what(test: &Test) -> What {
    match test {
        Test::Within(quantity @ Quantity::Field(id), set) if quantity.scale() == Scale::Count => match set.all() {
            [(first, last)] => What::Range { id: *id, first: *first, width: last - first },
            _ => What::Test(test.clone()),
        },
        _ => What::Test(test.clone()),
    }
}
