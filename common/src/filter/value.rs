//! Values of an expression, and the operators that compare them.

use super::addresses::Block;
use super::cursor::Cursor;
use super::formula::Formula;
use super::literal::Number;
use super::tree::{Place, Quantity, Scale};
use crate::record::field::Kind;
use crate::record::{Field, FieldId};
use crate::value::Time;

/// A value of an expression.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(Number),
    Time(Time),
    Address(Block),
    Text(String),
    Truth(bool),
    Quantity(Quantity),
    /// An address or a text of the record.
    Field(FieldId),
    /// A watched member, and its row if the suite adds it.
    Member(u16, Option<&'static Field>),
    Formula(Formula),
}

/// An operator of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Reads the operator that comes, if one does.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Operator> {
        const SIGNS: [(&str, Operator); 8] = [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<>", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("=", Operator::Equal),
        ];
        const WORDS: [(&str, Operator); 6] = [
            ("eq", Operator::Equal),
            ("ne", Operator::Unequal),
            ("le", Operator::LessOrEqual),
            ("ge", Operator::GreaterOrEqual),
            ("lt", Operator::Less),
            ("gt", Operator::Greater),
        ];
        if cursor.clone().sign("=~").is_some() {
            return None;
        }
        let sign = SIGNS.iter().find(|(sign, _)| cursor.sign(sign).is_some());
        let word = || WORDS.iter().find(|(word, _)| cursor.word(word).is_some());
        sign.or_else(word).map(|(_, operator)| *operator)
    }

    /// The same with the sides changed.
    pub(super) fn turned(self) -> Operator {
        match self {
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            same => same,
        }
    }

    pub(super) fn is_equality(self) -> bool {
        matches!(self, Operator::Equal | Operator::Unequal)
    }
}

impl Value {
    /// What it is, for a message.
    pub(super) fn is(&self) -> &'static str {
        match self {
            Value::Number(n) if n.count().is_none() => "a duration",
            Value::Number(_) => "a number",
            Value::Time(_) => "a time",
            Value::Address(_) => "an address",
            Value::Text(_) => "a text",
            Value::Truth(_) => "true or false",
            Value::Quantity(q) => match q.scale() {
                Scale::Count => "a number",
                Scale::Seconds => "a duration",
                Scale::Time => "a time",
            },
            Value::Field(id) if id.field().kind == Kind::Address => "an address",
            Value::Field(_) => "a text",
            Value::Member(..) => "a member",
            Value::Formula(f) if f.is_seconds => "a duration",
            Value::Formula(_) => "a number",
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Value::Number(_) | Value::Time(_) | Value::Address(_) | Value::Text(_) | Value::Truth(_))
    }

    pub(super) fn is_time(&self) -> bool {
        matches!(self, Value::Quantity(q) if q.scale() == Scale::Time)
    }

    /// What can be compared with a time: a time, or a member that may be one.
    pub(super) fn as_time(&self) -> Option<Quantity> {
        match self {
            Value::Quantity(q) if q.scale() == Scale::Time => Some(*q),
            Value::Member(at, _) => Some(Quantity::Member(*at)),
            _ => None,
        }
    }

    pub(super) fn place(&self) -> Option<Place> {
        match self {
            Value::Field(id) => Some(Place::Field(*id)),
            Value::Member(at, _) => Some(Place::Member(*at)),
            _ => None,
        }
    }
}
