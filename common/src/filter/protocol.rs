//! Primitives of protocols and of what only some protocols have: `proto`, `tcp`, `inet`, `flags`, `icmp-type`.

use super::addresses::{Addresses, Block};
use super::compare::{allowed, protocol_number};
use super::cursor::Spanned;
use super::fault::Fault;
use super::list;
use super::literal::{self, Number};
use super::parse::{Parser, Part};
use super::primitive::{Ends, Primitive, no_duration};
use super::ranges::Ranges;
use super::tree::{Protocols, Quantity, Test, Tree};
use super::value::Operator;
use crate::record::FieldId;
use crate::record::field;
use std::sync::Arc;

impl Parser<'_> {
    /// A family or protocol, and the primitive that follows it: `tcp dst port 53`.
    pub(super) fn and_more(&mut self, tree: Tree) -> Result<Tree, Fault> {
        const FOLLOWING: [&str; 7] = ["src", "dst", "host", "net", "port", "portrange", "proto"];
        if self.cursor.clone().one_word(&FOLLOWING).is_none() {
            return Ok(tree);
        }
        match self.primary()?.value {
            Part::Condition(more) => Ok(tree.and(more)),
            Part::Value(_) => Ok(tree),
        }
    }

    pub(super) fn protocol(&mut self) -> Result<Tree, Fault> {
        const PROTOCOL: Quantity = Quantity::Field(field::PROTOCOL);
        self.last = Some(Primitive::Number(Ends::Src, PROTOCOL, PROTOCOL));
        if self.cursor.word("in").is_some() {
            return Ok(Ends::Src.within(PROTOCOL, PROTOCOL, list::integers(&mut self.cursor, PROTOCOL)?));
        }
        let operator = Operator::read(&mut self.cursor).unwrap_or(Operator::Equal);
        let name = self.cursor.raw().ok_or_else(|| self.cursor.expected("a protocol"))?;
        let tree = protocol_is(protocol_number(name.value, name.span.clone())?);
        match operator {
            Operator::Equal => Ok(tree),
            Operator::Unequal => Ok(tree.not()),
            _ => Err(Fault::at(name.span, "protocols have no order; == and != compare them")),
        }
    }

    /// `flags SA`: all of these are set, whatever else is; `flags 2`: no other is.
    pub(super) fn flags(&mut self) -> Result<Tree, Fault> {
        const FLAGS: Quantity = Quantity::Field(field::TCP_FLAGS);
        let operator = Operator::read(&mut self.cursor);
        if let Some(number) = literal::number(&mut self.cursor)? {
            return of(Protocols::Tcp, FLAGS, operator.unwrap_or(Operator::Equal), number);
        }
        let letters = self.cursor.name().ok_or_else(|| self.cursor.expected("flags, such as SA, or a number"))?;
        if operator.is_some() {
            return Err(Fault::at(
                letters.span,
                "letters stand without an operator (flags SA); exact flags are a number",
            ));
        }
        let mut mask = 0;
        for (at, letter) in letters.value.char_indices() {
            mask |= match ("FSRPAUEC".find(letter), letter) {
                (Some(bit), _) => 1 << bit,
                (None, 'X') => 63,
                _ => {
                    let place = letters.span.start + at;
                    return Err(Fault::at(
                        place..place + 1,
                        "flags are capitals out of F S R P A U E C, or X for the first six",
                    ));
                }
            };
        }
        Ok(Tree::Test(Test::Flags(mask)))
    }

    pub(super) fn icmp(&mut self, id: FieldId) -> Result<Tree, Fault> {
        let quantity = Quantity::Field(id);
        if self.cursor.word("in").is_some() {
            let set = list::integers(&mut self.cursor, quantity)?;
            return Ok(Tree::Test(Test::Of(Protocols::Icmp, quantity, Arc::new(set))));
        }
        let operator = Operator::read(&mut self.cursor).unwrap_or(Operator::Equal);
        match literal::number(&mut self.cursor)? {
            Some(number) => of(Protocols::Icmp, quantity, operator, number),
            None => Err(self.cursor.expected("a number")),
        }
    }
}

/// Whether a word is a protocol that may stand alone.
pub(super) fn bare_protocol(word: &str) -> Option<u64> {
    let known = [
        ("tcp", 6),
        ("udp", 17),
        ("icmp", 1),
        ("icmp6", 58),
        ("sctp", 132),
        ("igmp", 2),
        ("esp", 50),
        ("ah", 51),
        ("gre", 47),
        ("pim", 103),
        ("vrrp", 112),
        ("ospf", 89),
    ];
    known.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

/// A field that only some protocols have, against a number.
fn of(protocols: Protocols, quantity: Quantity, operator: Operator, number: Spanned<Number>) -> Result<Tree, Fault> {
    let (set, is_not) = allowed(quantity, operator, number.value).ok_or_else(|| no_duration(number.span))?;
    let tree = Tree::Test(Test::Of(protocols, quantity, Arc::new(set)));
    Ok(if is_not { tree.not() } else { tree })
}

pub(super) fn protocol_is(number: u64) -> Tree {
    Tree::Test(Test::Within(Quantity::Field(field::PROTOCOL), Arc::new(Ranges::one(number, number))))
}

/// One of the addresses is of the family.
pub(super) fn family(is_v6: bool) -> Tree {
    let all = if is_v6 { Block::V6(0, u128::MAX) } else { Block::V4(0, u32::MAX) };
    Ends::Either.address(Addresses::new([all]))
}
