//! Comparisons: what two values mean beside each other, as a test.
//!
//! A quantity beside a constant becomes a set of integers, exactly: `bytes > 1.5` is bytes from 2 on.

use super::addresses::Addresses;
use super::cursor::Spanned;
use super::eval::ordinal;
use super::fault::Fault;
use super::formula::{Formula, Step};
use super::list::{is_port, ports, within};
use super::literal::{Number, ONE, block, time_value};
use super::ranges::Ranges;
use super::tree::{Order, Place, Quantity, Scale, Test, Tree, Words};
use super::value::{Operator, Value};
use crate::item::nearest;
use crate::net::protocol;
use crate::record::field::{self, Kind};
use crate::value::Time;
use crate::value::time::Zone;
use std::ops::Range;
use std::sync::Arc;

/// The formula of a value; a bare `m` is minutes beside seconds.
///
/// # Errors
/// What cannot be reckoned with.
pub(super) fn formula(value: Spanned<Value>, beside_seconds: bool) -> Result<Formula, Fault> {
    match value.value {
        Value::Formula(formula) => Ok(formula),
        Value::Number(number) => Ok(Formula::of(Step::Constant(number.float(beside_seconds)))),
        Value::Quantity(quantity) if quantity.scale() != Scale::Time => Ok(Formula::of(Step::Load(quantity))),
        Value::Member(at, row) if row.is_none_or(|r| matches!(r.kind, Kind::Number | Kind::Integer(_))) => {
            Ok(Formula::of(Step::Member(at)))
        }
        other => Err(Fault::at(value.span, format!("a number is needed here; this is {}", other.is()))),
    }
}

/// Whether a value is in seconds.
pub(super) fn is_seconds(value: &Value) -> bool {
    match value {
        Value::Formula(formula) => formula.is_seconds,
        Value::Quantity(quantity) => quantity.scale() == Scale::Seconds,
        _ => false,
    }
}

/// Both sides of an operator and the zone of times without one.
pub(super) struct Comparison<'z> {
    pub(super) left: Spanned<Value>,
    pub(super) operator: Operator,
    pub(super) right: Spanned<Value>,
    pub(super) zone: &'z Zone,
}

impl Comparison<'_> {
    /// The test that a comparison is.
    ///
    /// # Errors
    /// Values that cannot be compared.
    pub(super) fn tree(self) -> Result<Tree, Fault> {
        let Comparison { left, operator, right, zone } = self;
        match (left.value.is_constant(), right.value.is_constant()) {
            (true, true) => Err(Fault::at(left.span.start..right.span.end, "two constants are always the same")),
            (true, false) => Comparison { left: right, operator: operator.turned(), right: left, zone }.tree(),
            (false, true) => Comparison { left, operator, right, zone }.with_constant(),
            (false, false) => Comparison { left, operator, right, zone }.of_two(),
        }
    }

    /// Both sides as they are written; a constant that was written first is the right one here.
    fn span(&self) -> Range<usize> {
        let (left, right) = (&self.left.span, &self.right.span);
        left.start.min(right.start)..left.end.max(right.end)
    }

    fn refused(&self) -> Fault {
        let (one, other) = (self.left.value.is(), self.right.value.is());
        Fault::at(self.span(), format!("{one} and {other} cannot be compared so"))
    }

    /// A test of what has no order.
    fn equal(&self, test: Test) -> Result<Tree, Fault> {
        match self.operator {
            Operator::Equal => Ok(Tree::Test(test)),
            Operator::Unequal => Ok(Tree::Test(test).not()),
            _ => Err(Fault::at(self.span(), "only numbers and times have an order; == and != compare the rest")),
        }
    }

    /// Something against a constant.
    fn with_constant(self) -> Result<Tree, Fault> {
        let wrong = |what: &str| Fault::at(self.right.span.clone(), what);
        match (&self.left.value, &self.right.value) {
            (Value::Quantity(q), Value::Number(n)) => {
                check_range(*q, self.operator, *n, &self.right.span)?;
                quantity(*q, self.operator, *n).ok_or_else(|| self.refused())
            }
            (Value::Quantity(q), Value::Text(name)) if is_port(*q) => {
                self.equal(Test::Within(*q, Arc::new(Ranges::new(ports(name, self.right.span.clone())?))))
            }
            (Value::Quantity(q), Value::Time(t)) if q.scale() == Scale::Time => Ok(at_time(*q, self.operator, *t)),
            (Value::Quantity(q), Value::Text(text)) if q.scale() == Scale::Time => {
                let time = time_value(text, self.zone).ok_or_else(|| wrong("no such time"))?;
                Ok(at_time(*q, self.operator, time))
            }
            (Value::Quantity(q @ Quantity::Field(field::PROTOCOL)), Value::Text(name)) => {
                let number = protocol_number(name, self.right.span.clone())?;
                self.equal(Test::Within(*q, Arc::new(Ranges::one(number, number))))
            }
            (Value::Member(at, _), Value::Time(t)) => Ok(at_time(Quantity::Member(*at), self.operator, *t)),
            (Value::Member(at, _), Value::Truth(value)) => self.equal(Test::Truth(*at, *value)),
            (Value::Field(id), Value::Text(text)) if id.field().kind == Kind::Address => {
                let block = block(text).ok_or_else(|| wrong("no such address or network"))?;
                self.equal(Test::Address(Place::Field(*id), Arc::new(Addresses::new([block]))))
            }
            (Value::Field(_) | Value::Member(..), Value::Text(text)) => {
                check_word(&self.left.value, text, self.right.span.clone())?;
                let place = self.left.value.place().ok_or_else(|| self.refused())?;
                self.equal(Test::Words(place, Arc::new(Words::new(vec![text.as_str().into()]))))
            }
            (Value::Field(_) | Value::Member(..), Value::Address(block)) => {
                let is_text = matches!(&self.left.value, Value::Field(id) if id.field().kind != Kind::Address);
                let place = self.left.value.place().filter(|_| !is_text).ok_or_else(|| self.refused())?;
                self.equal(Test::Address(place, Arc::new(Addresses::new([*block]))))
            }
            (Value::Field(_), _) => Err(self.refused()),
            _ => self.of_numbers(),
        }
    }

    /// Two things that differ from flow to flow.
    fn of_two(self) -> Result<Tree, Fault> {
        let (left, right) = (&self.left.value, &self.right.value);
        let is_address = |v: &Value| match v {
            Value::Field(id) => Some(id.field().kind == Kind::Address),
            _ => None,
        };
        let is_mixed = is_address(left).zip(is_address(right)).is_some_and(|(a, b)| a != b);
        let is_field = is_address(left).or(is_address(right)).is_some();
        match (left.place(), right.place()) {
            (Some(one), Some(other)) if !is_mixed && (is_field || self.operator.is_equality()) => {
                return self.equal(Test::Same(one, other));
            }
            _ if is_field => return Err(self.refused()),
            _ => {}
        }
        if !left.is_time() && !right.is_time() {
            return self.of_numbers();
        }
        match (left.as_time(), right.as_time()) {
            (Some(one), Some(other)) => Ok(ordered(one, self.operator, other, Test::Times)),
            _ => Err(self.refused()),
        }
    }

    fn of_numbers(self) -> Result<Tree, Fault> {
        let in_seconds = is_seconds(&self.left.value) || is_seconds(&self.right.value);
        if matches!(self.right.value, Value::Number(n) if n.count().is_none()) && !in_seconds {
            return Err(self.refused());
        }
        let (left, right) = (formula(self.left, in_seconds)?, formula(self.right, in_seconds)?);
        Ok(ordered(left, self.operator, right, Test::Compare))
    }
}

/// The test of two values that have an order.
fn ordered<T>(left: T, operator: Operator, right: T, test: impl Fn(T, Order, T) -> Test) -> Tree {
    let tree = |a, order, b| Tree::Test(test(a, order, b));
    match operator {
        Operator::Equal => tree(left, Order::Equal, right),
        Operator::Unequal => tree(left, Order::Equal, right).not(),
        Operator::Less => tree(left, Order::Less, right),
        Operator::LessOrEqual => tree(left, Order::LessOrEqual, right),
        Operator::Greater => tree(right, Order::Less, left),
        Operator::GreaterOrEqual => tree(right, Order::LessOrEqual, left),
    }
}

/// Refuses to compare a field of the record with a number that it never is; a port also as a bound, for nobody means to
/// ask for more than there are. (The first number that is no port may bound them, as in what is printed of `port > 65535`.)
pub(super) fn check_range(
    quantity: Quantity,
    operator: Operator,
    number: Number,
    span: &Range<usize>,
) -> Result<(), Fault> {
    let Some(count) = number.count().map(|count| u64::try_from((count / ONE).max(0)).unwrap_or(u64::MAX)) else {
        return Ok(());
    };
    match operator.is_equality() {
        true => within(quantity, count, span),
        false if is_port(quantity) => within(quantity, count.saturating_sub(1), span),
        false => Ok(()),
    }
}

/// The set of the values that an operator allows, and whether it is rather what is not in it.
pub(super) fn allowed(quantity: Quantity, operator: Operator, number: Number) -> Option<(Ranges, bool)> {
    let (value, step) = match quantity.scale() {
        Scale::Count => (number.count()?, ONE),
        Scale::Seconds => (number.seconds(), 1),
        Scale::Time => (number.seconds().saturating_add(1 << 63), 1),
    };
    Some((range(operator, value, step), operator == Operator::Unequal))
}

/// The integers whose `step`-fold is to `value` as the operator says; for "unequal" those that are equal.
fn range(operator: Operator, value: i128, step: i128) -> Ranges {
    let floor = value.div_euclid(step);
    let is_whole = value.rem_euclid(step) == 0;
    let above = floor.saturating_add(i128::from(!is_whole));
    let (first, last) = match operator {
        Operator::Equal | Operator::Unequal if is_whole => (floor, floor),
        Operator::Equal | Operator::Unequal => (1, 0),
        Operator::Less => (0, above - 1),
        Operator::LessOrEqual => (0, floor),
        Operator::Greater => (floor.saturating_add(1), i128::MAX),
        Operator::GreaterOrEqual => (above, i128::MAX),
    };
    let max = i128::from(u64::MAX);
    match first <= max && last >= 0 {
        true => Ranges::one(first.max(0) as u64, last.min(max) as u64),
        false => Ranges::default(),
    }
}

/// A quantity against a number; `None` if the number has a unit that the quantity has not.
pub(super) fn quantity(quantity: Quantity, operator: Operator, number: Number) -> Option<Tree> {
    let (set, is_not) = allowed(quantity, operator, number)?;
    let tree = Tree::Test(Test::Within(quantity, Arc::new(set)));
    Some(if is_not { tree.not() } else { tree })
}

/// A time against a time.
fn at_time(quantity: Quantity, operator: Operator, time: Time) -> Tree {
    let set = range(operator, i128::from(ordinal(time)), 1);
    let tree = Tree::Test(Test::Within(quantity, Arc::new(set)));
    if operator == Operator::Unequal { tree.not() } else { tree }
}

/// The number of a protocol.
///
/// # Errors
/// An unknown one, with the nearest right one.
pub(super) fn protocol_number(name: &str, span: Range<usize>) -> Result<u64, Fault> {
    // tcpdump wants names that are words of its own behind a backslash.
    let name = name.strip_prefix('\\').unwrap_or(name);
    if let Some(number) = protocol::number(name.as_bytes()) {
        return Ok(u64::from(number));
    }
    const USUAL: [&str; 6] = ["tcp", "udp", "icmp", "icmp6", "sctp", "gre"];
    Err(match nearest(name, USUAL) {
        Some(_) => Fault::unknown(span, "protocol", name, USUAL),
        None => Fault::unknown(span, "protocol", name, (0..=u8::MAX).filter_map(protocol::keyword)),
    })
}

/// Refuses a word that a field of few words never has.
pub(super) fn check_word(value: &Value, word: &str, span: Range<usize>) -> Result<(), Fault> {
    let row = match value {
        Value::Field(id) => id.field(),
        Value::Member(_, Some(row)) => row,
        _ => return Ok(()),
    };
    match row.kind {
        Kind::Word(words) if !words.contains(&word) => {
            let shown = crate::value::text::snippet(word.as_bytes(), 40);
            let message = format!("{} is never \"{shown}\"; it is one of {}", row.name, words.join(", "));
            Err(Fault::at(span, message))
        }
        Kind::Text | Kind::Word(_) | Kind::Words | Kind::Any => Ok(()),
        _ => Err(Fault::at(span, format!("{} is no text", row.name))),
    }
}
