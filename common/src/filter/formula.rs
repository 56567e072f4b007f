//! Arithmetic over the numbers of a flow, in double precision, as a flat list of steps on a small stack.
//!
//! Integers of the record are below 2^53, so that a sum of two is exact or off by one in 2^53. A formula with an absent
//! field, or a division by zero, has no value.

use super::eval::Flows;
use super::tree::{Quantity, Scale};

/// One step of a formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Puts a quantity on the stack, a duration in seconds.
    Load(Quantity),
    /// Puts the number that a watched member is.
    Member(u16),
    /// Puts a number.
    Constant(f64),
    /// Puts two together.
    Join(Sign),
}

/// How two numbers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    By,
}

impl Sign {
    pub(super) fn text(self) -> &'static str {
        match self {
            Sign::Plus => "+",
            Sign::Minus => "-",
            Sign::Times => "*",
            Sign::By => "/",
        }
    }

    #[inline]
    fn join(self, a: f64, b: f64) -> Option<f64> {
        match self {
            Sign::Plus => Some(a + b),
            Sign::Minus => Some(a - b),
            Sign::Times => Some(a * b),
            Sign::By => (b != 0.0).then(|| a / b),
        }
    }
}

/// Numbers that wait for their operator, at most.
const STACK: usize = 16;

/// Steps that leave one number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Formula {
    steps: Vec<Step>,
    /// Numbers on the stack at most.
    depth: usize,
    /// The result is in seconds.
    pub(super) is_seconds: bool,
}

impl Formula {
    /// A formula of one number.
    pub(super) fn of(step: Step) -> Formula {
        let is_seconds = matches!(step, Step::Load(q) if q.scale() == Scale::Seconds);
        Formula { steps: vec![step], depth: 1, is_seconds }
    }

    /// Two put together; `None` if that needs too much room.
    pub(super) fn join(mut self, sign: Sign, other: Formula) -> Option<Formula> {
        self.is_seconds = match sign {
            Sign::By => self.is_seconds && !other.is_seconds,
            _ => self.is_seconds || other.is_seconds,
        };
        self.depth = self.depth.max(other.depth + 1);
        self.steps.extend(other.steps);
        self.steps.push(Step::Join(sign));
        (self.depth <= STACK).then_some(self)
    }

    /// The steps in order.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The number for a flow.
    #[inline]
    pub(super) fn value<'l>(&self, flow: &impl Flows<'l>) -> Option<f64> {
        let mut stack = [0.0; STACK];
        let mut top = 0;
        for step in &self.steps {
            let value = match *step {
                Step::Load(quantity) => {
                    let value = flow.quantity(quantity)? as f64;
                    if quantity.scale() == Scale::Seconds { value / 1e9 } else { value }
                }
                Step::Member(member) => flow.number(member)?,
                Step::Constant(value) => value,
                Step::Join(sign) => {
                    top -= 2;
                    sign.join(*stack.get(top)?, *stack.get(top + 1)?)?
                }
            };
            *stack.get_mut(top)? = value;
            top += 1;
        }
        Some(stack[0])
    }
}
