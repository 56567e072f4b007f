//! Operands: literals, fields of the record, other members of the line by name, lists of them, and what is in brackets.

use super::cursor::Spanned;
use super::fault::Fault;
use super::list;
use super::literal;
use super::names;
use super::parse::{Parser, Part, Read};
use super::tree::{Pattern, Place, Quantity, Scale, Test, Tree};
use super::value::Operator;
use super::value::Value;
use crate::record::field::{ADDED, Kind};
use crate::record::{Field, FieldId};
use std::sync::Arc;

impl<'t> Parser<'t> {
    /// Reads an operand or a primitive.
    pub(super) fn primary(&mut self) -> Read {
        if let Some(open) = self.cursor.sign("(") {
            let part = self.deeper(open.clone(), Parser::either)?;
            return match self.cursor.sign(")") {
                Some(close) => Ok(Spanned::new(part.value, open.start..close.end)),
                None if self.cursor.is_done() => Err(Fault::at(open, "the bracket is not closed")),
                None => Err(self.not_joined("and, or, or )")),
            };
        }
        let value = |v: Value, span| Ok(Spanned::new(Part::Value(v), span));
        if let Some(text) = literal::quoted(&mut self.cursor)? {
            return value(Value::Text(text.value), text.span);
        }
        if let Some(at) = self.cursor.sign(".") {
            let name = match literal::quoted(&mut self.cursor)? {
                Some(name) => name,
                None => {
                    let name = self.cursor.name().ok_or_else(|| self.cursor.expected("the name of a member"))?;
                    Spanned::new(name.value.to_owned(), name.span)
                }
            };
            let member = self.member(&name.value);
            return value(member, at.start..name.span.end);
        }
        if let Some(address) = literal::address(&mut self.cursor)? {
            return value(Value::Address(address.value), address.span);
        }
        if let Some(time) = literal::time(&mut self.cursor, self.zone)? {
            return value(Value::Time(time.value), time.span);
        }
        let minus = self.cursor.sign("-");
        if let Some(number) = literal::number(&mut self.cursor)? {
            let span = minus.clone().unwrap_or(number.span.clone()).start..number.span.end;
            let number = if minus.is_some() { number.value.negative() } else { number.value };
            return value(Value::Number(number), span);
        }
        match self.cursor.name() {
            Some(name) if minus.is_none() => self.word(name),
            _ => Err(self.cursor.expected("a condition or a value")),
        }
    }

    /// What a word means that is no primitive: a field, or another member if it is used as one.
    pub(super) fn field(&mut self, name: &Spanned<&'t str>) -> Result<Value, Fault> {
        let lower = name.value.to_lowercase();
        if let Some(id) = FieldId::named(name.value).or_else(|| FieldId::named(&lower)) {
            return Ok(match id.field().kind {
                Kind::Address | Kind::Text | Kind::Word(_) => Value::Field(id),
                _ => Value::Quantity(Quantity::Field(id)),
            });
        }
        if row_of(name.value).is_some() {
            return Ok(self.member(name.value));
        }
        let mut ahead = self.cursor.clone();
        let is_used = Operator::read(&mut ahead).is_some()
            || ["=~", "!~", "+", "-", "*", "/"].iter().any(|sign| ahead.sign(sign).is_some())
            || ahead.one_word(&["in", "not"]).is_some()
            || self.is_right_side(name);
        match is_used && names::meant(name.value).is_none() && !names::is_not_kept(name.value) {
            true => Ok(self.member(name.value)),
            false => Err(names::unknown(name.span.clone(), name.value)),
        }
    }

    /// Whether an operator stands before a name.
    fn is_right_side(&self, name: &Spanned<&'t str>) -> bool {
        let before = self.cursor.text().get(..name.span.start).unwrap_or_default().trim_end();
        before.ends_with(['=', '<', '>', '+', '-', '*', '/'])
    }

    /// A member of the line.
    pub(super) fn member(&mut self, name: &str) -> Value {
        if let Some(id) = FieldId::named(name) {
            return match id.field().kind {
                Kind::Address | Kind::Text | Kind::Word(_) => Value::Field(id),
                _ => Value::Quantity(Quantity::Field(id)),
            };
        }
        let at = self.watch.iter().position(|w| w == name).unwrap_or_else(|| {
            self.watch.push(name.to_owned());
            self.watch.len() - 1
        });
        Value::Member(at as u16, row_of(name))
    }

    pub(super) fn pattern(&mut self, value: &Value) -> Result<Tree, Fault> {
        let Some(text) = literal::quoted(&mut self.cursor)? else {
            return Err(self.cursor.expected("a regular expression in quotes"));
        };
        let place = match value {
            Value::Field(id) if id.field().kind != Kind::Address => Place::Field(*id),
            Value::Member(at, _) => Place::Member(*at),
            _ => return Err(Fault::at(text.span, "a regular expression asks for a text")),
        };
        match regex::Regex::new(&text.value) {
            Ok(regex) => Ok(Tree::Test(Test::Matches(place, Pattern(regex)))),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(Fault::at(text.span, format!("no regular expression: {why}")))
            }
        }
    }

    /// A list after `in`.
    pub(super) fn in_list(&mut self, value: &Value) -> Result<Tree, Fault> {
        let test = match value {
            Value::Quantity(q) if q.scale() == Scale::Count => {
                Test::Within(*q, Arc::new(list::integers(&mut self.cursor, *q)?))
            }
            Value::Field(id) if id.field().kind == Kind::Address => {
                Test::Address(Place::Field(*id), Arc::new(list::addresses(&mut self.cursor)?))
            }
            Value::Field(id) => Test::Words(Place::Field(*id), Arc::new(list::words(&mut self.cursor, value)?)),
            Value::Member(at, _) => Test::Words(Place::Member(*at), Arc::new(list::words(&mut self.cursor, value)?)),
            _ => {
                return Err(self
                    .cursor
                    .expected("a comparison, for only integers, addresses and texts can be in a list"));
            }
        };
        Ok(Tree::Test(test))
    }

    /// The test that `exists` is.
    pub(super) fn exists(&mut self) -> Result<Tree, Fault> {
        let is_plain = self.cursor.sign(".").is_some();
        let name = match literal::quoted(&mut self.cursor)? {
            Some(name) => name,
            None => {
                let name = self.cursor.name().ok_or_else(|| self.cursor.expected("the name of a field"))?;
                Spanned::new(name.value.to_owned(), name.span)
            }
        };
        let is_known = row_of(&name.value).is_some();
        if !is_known && !is_plain && names::meant(&name.value).is_some() {
            return Err(names::unknown(name.span, &name.value));
        }
        Ok(Tree::Test(Test::Exists(match self.member(&name.value) {
            Value::Member(at, _) => Place::Member(at),
            Value::Field(id) | Value::Quantity(Quantity::Field(id)) => Place::Field(id),
            _ => return Err(Fault::at(name.span, "no field")),
        })))
    }
}

/// The row of a name, of the record or added.
pub(super) fn row_of(name: &str) -> Option<&'static Field> {
    FieldId::named(name).map(FieldId::field).or_else(|| ADDED.iter().find(|f| f.name == name))
}
