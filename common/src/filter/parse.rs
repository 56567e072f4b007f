//! The grammar: `or` over `and` over `not` over comparisons over `+ -` over `* /` over values and primitives.
//!
//! Parts are read with winnow; operators climb by precedence, and each part knows where it stood, so that a fault can
//! point at it. A part is a condition or a value; which of them is wanted is checked where they meet, so that a bracket may
//! hold either. Bound: brackets and negations nest 64 deep; nothing is read twice.

use super::compare::{self, Comparison};
use super::cursor::{Cursor, Spanned};
use super::fault::Fault;
use super::formula::Sign;
use super::list;
use super::literal;
use super::names;
use super::operand::row_of;
use super::primitive::Primitive;
use super::tree::{Quantity, Test, Tree};
use super::value::{Operator, Value};
use crate::item::nearest;
use crate::record::FieldId;
use crate::record::field::{self, Kind};
use crate::value::time::Zone;
use std::ops::Range;
use winnow::token::take_while;

/// Brackets and negations within each other, at most.
const DEPTH: u32 = 64;

/// A condition or a value.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Condition(Tree),
    Value(Value),
}

pub(super) type Read = Result<Spanned<Part>, Fault>;

/// Reads one expression.
pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) zone: &'t Zone,
    /// Members to watch, in order of appearance.
    pub(super) watch: Vec<String>,
    /// What the last primitive was of: `port 80 or 443` goes on with it.
    pub(super) last: Option<Primitive>,
    depth: u32,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, zone: &'t Zone) -> Parser<'t> {
        Parser { cursor: Cursor::new(text), zone, watch: Vec::new(), last: None, depth: 0 }
    }

    /// Reads the whole text.
    pub(super) fn whole(&mut self) -> Result<Tree, Fault> {
        if self.cursor.is_done() {
            return Err(self.cursor.expected("an expression"));
        }
        let part = self.either()?;
        let tree = self.condition(part)?;
        match self.cursor.is_done() {
            true => Ok(tree),
            false => Err(self.not_joined("and, or, or the end")),
        }
    }

    /// A fault: after a condition comes something that does not join it with another.
    pub(super) fn not_joined(&mut self, expected: &str) -> Fault {
        let span = self.cursor.next();
        let met = self.cursor.text().get(span.clone()).unwrap_or_default();
        let shown = crate::value::text::snippet(met.as_bytes(), 40);
        let is_value = met.starts_with(|c: char| c.is_ascii_digit()) || met.contains(':');
        if met.starts_with(['&', '|']) {
            return Fault::at(span, "conditions are joined by and or &&, or by or or ||");
        }
        if is_value && !met.contains(['<', '>', '=']) {
            return Fault::at(span, format!("several values are a list: in [80 443]; \"{shown}\" stands alone"));
        }
        if names::begins(met) {
            return Fault::at(span, format!("and or or is missing before \"{shown}\""));
        }
        let fault = self.cursor.expected(expected);
        match nearest(met, ["and", "or"]) {
            Some(near) if near != met => Fault::at(fault.span, format!("{}; did you mean {near}?", fault.message)),
            _ => fault,
        }
    }

    /// A fault: a value is no condition by itself.
    fn alone(&self, value: &Value, span: Range<usize>) -> Fault {
        let text = self.cursor.text();
        let shown = crate::value::text::snippet(text.get(span.clone()).unwrap_or_default().as_bytes(), 40);
        let rest = text.get(span.end..).unwrap_or_default();
        let next = Cursor::new(rest).next();
        let met = rest.get(next.clone()).unwrap_or_default();
        let ends = met.is_empty() || met.starts_with([')', '&', '|']) || names::joins(met);
        if ends || value.is_constant() {
            return Fault::at(span, format!("{shown} alone is no condition; compare it with something"));
        }
        let next = span.end + next.start..span.end + next.end;
        let met_shown = crate::value::text::snippet(met.as_bytes(), 40);
        let is_text = matches!(value, Value::Field(id) if id.field().kind != Kind::Address);
        let near = match met.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            true if is_text => format!("; write {shown} == \"{met_shown}\""),
            _ => String::new(),
        };
        Fault::at(next, format!("== != < <= > >= in or =~ is missing before \"{met_shown}\"{near}"))
    }

    pub(super) fn either(&mut self) -> Read {
        let mut left = self.both()?;
        while self.cursor.sign("||").is_some() || self.cursor.word("or").is_some() {
            left = self.joined(left, Parser::both, Tree::or)?;
        }
        Ok(left)
    }

    fn both(&mut self) -> Read {
        let mut left = self.negation()?;
        while self.cursor.sign("&&").is_some() || self.cursor.word("and").is_some() {
            left = self.joined(left, Parser::negation, Tree::and)?;
        }
        Ok(left)
    }

    /// Puts a condition and what `read` reads together. Each is a condition at once, while it is known of what the last
    /// primitive was.
    fn joined(&mut self, left: Spanned<Part>, read: fn(&mut Self) -> Read, join: fn(Tree, Tree) -> Tree) -> Read {
        let start = left.span.start;
        let left = self.condition(left)?;
        let right = read(self)?;
        let span = start..right.span.end;
        Ok(Spanned::new(Part::Condition(join(left, self.condition(right)?)), span))
    }

    fn negation(&mut self) -> Read {
        let Some(start) = self.cursor.sign("!").or_else(|| self.cursor.word("not")) else { return self.comparison() };
        let part = self.deeper(start.clone(), Parser::negation)?;
        let span = start.start..part.span.end;
        Ok(Spanned::new(Part::Condition(self.condition(part)?.not()), span))
    }

    /// Reads one level deeper.
    pub(super) fn deeper(&mut self, at: Range<usize>, read: impl FnOnce(&mut Self) -> Read) -> Read {
        if self.depth == DEPTH {
            return Err(Fault::at(at, "brackets and negations nest 64 deep at most"));
        }
        self.depth += 1;
        let part = read(self);
        self.depth -= 1;
        part
    }

    /// A part as a condition.
    fn condition(&mut self, part: Spanned<Part>) -> Result<Tree, Fault> {
        let value = match part.value {
            Part::Condition(tree) => return Ok(tree),
            Part::Value(value) => value,
        };
        match (&value, self.last) {
            (Value::Truth(value), _) => Ok(Tree::Constant(*value)),
            (Value::Member(at, row), _) if row.is_none_or(|r| r.kind == Kind::Truth) => {
                Ok(Tree::Test(Test::Truth(*at, true)))
            }
            (Value::Number(_) | Value::Address(_), Some(last)) => last.of(Spanned::new(value, part.span)),
            _ => Err(self.alone(&value, part.span)),
        }
    }

    fn comparison(&mut self) -> Read {
        let left = self.sum()?;
        let Part::Value(value) = &left.value else { return Ok(left) };
        let start = left.span.start;
        let condition = |tree, end| Ok(Spanned::new(Part::Condition(tree), start..end));
        if let Some(operator) = self.operator(value) {
            let left = Spanned::new(value.clone(), left.span);
            let right = self.right(&left.value)?;
            let end = right.span.end;
            return condition(Comparison { left, operator, right, zone: self.zone }.tree()?, end);
        }
        let mut ahead = self.cursor.clone();
        let is_not_in = ahead.word("not").is_some();
        let (tree, is_not) = if ahead.word("in").is_some() {
            self.cursor = ahead;
            (self.in_list(value)?, is_not_in)
        } else if self.cursor.sign("=~").is_some() {
            (self.pattern(value)?, false)
        } else if self.cursor.sign("!~").is_some() {
            (self.pattern(value)?, true)
        } else {
            return Ok(left);
        };
        condition(if is_not { tree.not() } else { tree }, self.cursor.place())
    }

    /// The operator that comes; none at all is equality where a number follows a number's name, as in `packets 3`.
    fn operator(&mut self, left: &Value) -> Option<Operator> {
        if let Some(operator) = Operator::read(&mut self.cursor) {
            return Some(operator);
        }
        let mut ahead = self.cursor.clone();
        let follows = match left {
            Value::Quantity(q) if list::is_port(*q) && self.has_service() => true,
            Value::Quantity(_) => ahead.eat(winnow::token::one_of(|c: char| c.is_ascii_digit())).is_some(),
            Value::Field(id) if id.field().kind == Kind::Address => matches!(literal::address(&mut ahead), Ok(Some(_))),
            _ => false,
        };
        follows.then_some(Operator::Equal)
    }

    /// The right side of a comparison.
    fn right(&mut self, left: &Value) -> Result<Spanned<Value>, Fault> {
        if matches!(left, Value::Quantity(Quantity::Field(field::PROTOCOL)))
            && let Some(name) = self.cursor.clone().raw()
            && name.value.starts_with(|c: char| c.is_ascii_alphabetic())
            && FieldId::named(name.value).is_none()
        {
            self.cursor.raw();
            return Ok(Spanned::new(Value::Text(name.value.to_owned()), name.span));
        }
        if let Value::Quantity(port) = left
            && list::is_port(*port)
            && let Some(name) = self.service()?
        {
            return Ok(name);
        }
        let is_text = matches!(left, Value::Field(id) if id.field().kind != Kind::Address)
            || matches!(left, Value::Member(_, Some(row)) if matches!(row.kind, Kind::Text | Kind::Word(_) | Kind::Words));
        if is_text
            && let Some(name) = self.cursor.clone().name()
            && row_of(name.value).is_none()
        {
            let message = format!("a text stands in quotes: \"{}\"", name.value);
            return Err(Fault::at(name.span, message));
        }
        let part = self.sum()?;
        self.value(part)
    }

    /// Whether the name of a service comes, and nothing else that it could be.
    fn has_service(&self) -> bool {
        let name = self.cursor.clone().raw().map_or("", |raw| raw.value);
        !names::is_word(name) && row_of(name).is_none() && list::is_service(name)
    }

    /// The name of a service, where a port stands before it; other names are those of fields and members.
    ///
    /// # Errors
    /// A name that is near to a service's, and nothing else.
    fn service(&mut self) -> Result<Option<Spanned<Value>>, Fault> {
        let mut ahead = self.cursor.clone();
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let Some(name) = ahead.eat(take_while(1.., is_inner)) else { return Ok(None) };
        let is_word = name.value.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_word || row_of(name.value).is_some() || names::is_word(name.value) {
            return Ok(None);
        }
        if list::is_service(name.value) {
            self.cursor = ahead;
            return Ok(Some(Spanned::new(Value::Text(name.value.to_owned()), name.span)));
        }
        let is_name = name.value.contains('_') || ahead.sign(".").is_some() || names::meant(name.value).is_some();
        match list::service_meant(name.value).filter(|_| !is_name) {
            Some(near) => {
                let message =
                    format!("unknown service \"{0}\"; did you mean {near}? A member of that name is .{0}", name.value);
                Err(Fault::at(name.span, message))
            }
            None => Ok(None),
        }
    }

    /// A part as a value.
    pub(super) fn value(&mut self, part: Spanned<Part>) -> Result<Spanned<Value>, Fault> {
        match part.value {
            Part::Value(value) => Ok(Spanned::new(value, part.span)),
            Part::Condition(_) => Err(Fault::at(part.span, "a value is needed here, not a condition")),
        }
    }

    fn sum(&mut self) -> Read {
        let mut left = self.product()?;
        while let Some(sign) = self.arithmetic(&left, &[("+", Sign::Plus), ("-", Sign::Minus)]) {
            let right = self.product()?;
            left = self.join(left, sign, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Read {
        let mut left = self.primary()?;
        while let Some(sign) = self.arithmetic(&left, &[("*", Sign::Times), ("/", Sign::By)]) {
            let right = self.primary()?;
            left = self.join(left, sign, right)?;
        }
        Ok(left)
    }

    fn arithmetic(&mut self, left: &Spanned<Part>, signs: &[(&'static str, Sign)]) -> Option<Sign> {
        let Part::Value(_) = left.value else { return None };
        signs.iter().find(|(sign, _)| self.cursor.sign(sign).is_some()).map(|(_, sign)| *sign)
    }

    fn join(&mut self, left: Spanned<Part>, sign: Sign, right: Spanned<Part>) -> Read {
        let span = left.span.start..right.span.end;
        let (left, right) = (self.value(left)?, self.value(right)?);
        let in_seconds = compare::is_seconds(&left.value) || compare::is_seconds(&right.value);
        let (left, right) = (compare::formula(left, in_seconds)?, compare::formula(right, in_seconds)?);
        match left.join(sign, right) {
            Some(formula) => Ok(Spanned::new(Part::Value(Value::Formula(formula)), span)),
            None => Err(Fault::at(span, "arithmetic nests 16 deep at most")),
        }
    }
}
