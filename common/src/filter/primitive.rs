//! The primitives of nfdump and tcpdump: `host`, `net`, `port`, `proto`, `flags` and their kin, with `src` and `dst`.
//!
//! They mean what nfdump means by them (its manual, section FILTER), but for durations, which are seconds here. What
//! tcpdump writes otherwise (pcap-filter) is taken too: `tcp port 80`, `src 10.0.0.1`, `net 10`, `portrange 1-1023`.

use super::addresses::{Addresses, Block};
use super::compare::{check_range, quantity};
use super::cursor::Spanned;
use super::fault::Fault;
use super::list;
use super::literal::{self, Number};
use super::parse::{Parser, Part, Read};
use super::protocol::{bare_protocol, family, protocol_is};
use super::ranges::Ranges;
use super::tree::{Place, Quantity, Test, Tree, Words};
use super::value::{Operator, Value};
use crate::record::field;
use std::ops::Range;
use std::sync::Arc;
use winnow::token::take_while;

/// Which of the two ends of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Src,
    Dst,
    Either,
    Both,
}

/// What a primitive is of, and at which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    Address(Ends),
    /// Two fields of numbers, of the source and of the destination.
    Number(Ends, Quantity, Quantity),
}

const PORTS: (Quantity, Quantity) = (Quantity::Field(field::SRC_PORT), Quantity::DstPort);
const SYSTEMS: (Quantity, Quantity) = (Quantity::Field(field::SRC_AS), Quantity::Field(field::DST_AS));
const INTERFACES: (Quantity, Quantity) = (Quantity::Field(field::INPUT_IF), Quantity::Field(field::OUTPUT_IF));

impl Ends {
    /// A condition on these ends.
    fn on<T>(self, src: T, dst: T, test: impl Fn(T) -> Tree) -> Tree {
        match self {
            Ends::Src => test(src),
            Ends::Dst => test(dst),
            Ends::Either => test(src).or(test(dst)),
            Ends::Both => test(src).and(test(dst)),
        }
    }

    pub(super) fn address(self, set: Addresses) -> Tree {
        let set = Arc::new(set);
        let test = |id| Tree::Test(Test::Address(Place::Field(id), Arc::clone(&set)));
        self.on(field::SRC_IP, field::DST_IP, test)
    }

    pub(super) fn within(self, src: Quantity, dst: Quantity, set: Ranges) -> Tree {
        let set = Arc::new(set);
        self.on(src, dst, |q| Tree::Test(Test::Within(q, Arc::clone(&set))))
    }
}

impl Primitive {
    /// The primitive of another value.
    pub(super) fn of(self, value: Spanned<Value>) -> Result<Tree, Fault> {
        match (self, value.value) {
            (Primitive::Address(ends), Value::Address(block)) => Ok(ends.address(Addresses::new([block]))),
            (Primitive::Number(ends, src, dst), Value::Number(number)) => {
                check_range(src, Operator::Equal, number, &value.span)?;
                compared(ends, src, dst, Operator::Equal, number).ok_or_else(|| no_duration(value.span))
            }
            _ => Err(Fault::at(value.span, "this goes on with no condition before it")),
        }
    }
}

pub(super) fn no_duration(span: Range<usize>) -> Fault {
    Fault::at(span, "a plain number is needed here, not a duration")
}

/// Numbers of the ends against a number; "unequal" is that none of them is equal.
fn compared(ends: Ends, src: Quantity, dst: Quantity, operator: Operator, number: Number) -> Option<Tree> {
    let asked = if operator == Operator::Unequal { Operator::Equal } else { operator };
    let (one, other) = (quantity(src, asked, number)?, quantity(dst, asked, number)?);
    let tree = ends.on(one, other, |tree| tree);
    Some(if operator == Operator::Unequal { tree.not() } else { tree })
}

impl<'t> Parser<'t> {
    /// What a word and what follows it mean.
    pub(super) fn word(&mut self, name: Spanned<&'t str>) -> Read {
        let lower = name.value.to_lowercase();
        let value = |value| Ok(Part::Value(value));
        let tree = |tree: Result<Tree, Fault>| tree.map(Part::Condition);
        let part = match lower.as_str() {
            "any" => tree(Ok(Tree::Constant(true))),
            "true" => value(Value::Truth(true)),
            "false" => value(Value::Truth(false)),
            "exists" => tree(self.exists()),
            "bps" => value(Value::Quantity(Quantity::Bps)),
            "pps" => value(Value::Quantity(Quantity::Pps)),
            "bpp" => value(Value::Quantity(Quantity::Bpp)),
            "end" => value(Value::Quantity(Quantity::End)),
            "src" | "dst" => tree(self.ends(&lower)),
            "in" | "out" => self.way(&lower),
            "router" | "next" => tree(self.device(&lower)),
            "host" | "net" | "port" | "portrange" | "as" | "if" | "geo" => tree(self.primitive(&lower, Ends::Either)),
            "ip" => tree(self.ip()),
            "ip6" | "ipv4" | "ipv6" | "inet" | "inet6" => tree(self.and_more(family(lower.ends_with('6')))),
            "proto" => tree(self.protocol()),
            "flags" => tree(self.flags()),
            "icmp" | "icmp6" if self.cursor.eat_here("-type").is_some() => tree(self.icmp(field::ICMP_TYPE)),
            "icmp" | "icmp6" if self.cursor.eat_here("-code").is_some() => tree(self.icmp(field::ICMP_CODE)),
            word => match bare_protocol(word) {
                Some(number) => tree(self.and_more(protocol_is(number))),
                None => value(self.field(&name)?),
            },
        }?;
        let end = self.cursor.text().get(..self.cursor.place()).map_or(name.span.end, |t| t.trim_end().len());
        Ok(Spanned::new(part, name.span.start..end.max(name.span.end)))
    }

    /// `src` or `dst`, and what follows.
    fn ends(&mut self, first: &str) -> Result<Tree, Fault> {
        let mut ahead = self.cursor.clone();
        let other = if first == "src" { "dst" } else { "src" };
        let joint = ahead.one_word(&["or", "and"]).filter(|_| ahead.word(other).is_some());
        let ends = match (&joint, first) {
            (Some(joint), _) if joint.value == 0 => Ends::Either,
            (Some(_), _) => Ends::Both,
            (None, "src") => Ends::Src,
            (None, _) => Ends::Dst,
        };
        if joint.is_some() {
            self.cursor = ahead;
        }
        const KINDS: [&str; 7] = ["ip", "host", "net", "port", "portrange", "as", "geo"];
        match self.cursor.one_word(&KINDS) {
            Some(kind) => self.primitive(KINDS[kind.value], ends),
            // tcpdump: src 10.0.0.1
            None if matches!(literal::address(&mut self.cursor.clone()), Ok(Some(_)))
                || self.cursor.clone().word("in").is_some() =>
            {
                self.primitive("host", ends)
            }
            None => Err(self.cursor.expected("ip, host, net, port, portrange, as, geo or an address")),
        }
    }

    fn primitive(&mut self, kind: &str, ends: Ends) -> Result<Tree, Fault> {
        let (src, dst) = match kind {
            "port" | "portrange" => PORTS,
            "as" => SYSTEMS,
            "if" => INTERFACES,
            "geo" => return self.geo(ends),
            _ => return self.addresses(kind, ends),
        };
        self.last = Some(Primitive::Number(ends, src, dst));
        if self.cursor.word("in").is_some() {
            return Ok(ends.within(src, dst, list::integers(&mut self.cursor, src)?));
        }
        let operator = Operator::read(&mut self.cursor);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let start = self.cursor.clone();
        if let Some(number) = literal::number(&mut self.cursor)?
            && self.cursor.eat_here('-').is_none()
        {
            let operator = operator.unwrap_or(Operator::Equal);
            check_range(src, operator, number.value, &number.span)?;
            let tree = compared(ends, src, dst, operator, number.value);
            return tree.ok_or_else(|| no_duration(number.span));
        }
        self.cursor = start;
        let what = match kind {
            "port" => "a port, a service or in [LIST]",
            "portrange" => "two ports: 1-1023",
            _ => "a number or in [LIST]",
        };
        let entry = self.cursor.eat(take_while(1.., is_name)).ok_or_else(|| self.cursor.expected(what))?;
        let tree = ends.within(src, dst, Ranges::new(list::integer(entry.value, entry.span.clone(), src)?));
        match operator {
            None | Some(Operator::Equal) => Ok(tree),
            Some(Operator::Unequal) => Ok(tree.not()),
            Some(_) => Err(Fault::at(entry.span, "a number is needed here")),
        }
    }

    /// `host`, `ip`, `net`: an address, a network, a list.
    fn addresses(&mut self, kind: &str, ends: Ends) -> Result<Tree, Fault> {
        self.last = Some(Primitive::Address(ends));
        if self.cursor.word("in").is_some() {
            return Ok(ends.address(list::addresses(&mut self.cursor)?));
        }
        let operator = Operator::read(&mut self.cursor);
        let block = match kind {
            "net" => self.network()?,
            _ => match literal::address(&mut self.cursor)? {
                Some(address) => address.value,
                None if self.cursor.clone().name().is_some() => {
                    let span = self.cursor.next();
                    return Err(Fault::at(span, "names are not looked up; write the address"));
                }
                None => return Err(self.cursor.expected("an address, a network or in [LIST]")),
            },
        };
        let tree = ends.address(Addresses::new([block]));
        match operator {
            None | Some(Operator::Equal) => Ok(tree),
            Some(Operator::Unequal) => Ok(tree.not()),
            Some(_) => Err(Fault::at(self.cursor.next(), "addresses have no order; == and != compare them")),
        }
    }

    /// A network: with a prefix length, with a mask (`10.0.0.0 255.0.0.0`), or its first octets (`10.1`).
    fn network(&mut self) -> Result<Block, Fault> {
        let is_inner = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/');
        let Some(text) = self.cursor.clone().eat(take_while(1.., is_inner)) else {
            return Err(self.cursor.expected("a network"));
        };
        let octets = text.value.split('/').next().unwrap_or_default();
        let missing = 3usize.saturating_sub(octets.matches('.').count());
        let is_short = missing > 0 && octets.chars().all(|c| c == '.' || c.is_ascii_digit());
        if is_short {
            self.cursor.eat(take_while(1.., is_inner));
            let length = match text.value.split_once('/') {
                Some((_, length)) => length.to_owned(),
                None => (32 - 8 * missing).to_string(),
            };
            let whole = format!("{octets}{}/{length}", ".0".repeat(missing));
            return literal::block(&whole).ok_or_else(|| Fault::at(text.span, "no such network"));
        }
        let Some(address) = literal::address(&mut self.cursor)? else {
            return Err(self.cursor.expected("a network"));
        };
        let mut ahead = self.cursor.clone();
        let is_said = ahead.word("mask").is_some();
        match literal::address(&mut ahead) {
            Ok(Some(mask)) if !text.value.contains('/') => {
                let (Block::V4(first, _), Block::V4(bits, _)) = (address.value, mask.value) else {
                    return Err(Fault::at(mask.span, "only IPv4 networks have a mask; write ADDRESS/LENGTH"));
                };
                if bits.leading_ones() + bits.trailing_zeros() != 32 {
                    return Err(Fault::at(mask.span, "a mask is ones and then zeros"));
                }
                self.cursor = ahead;
                Ok(Block::V4(first & bits, first | !bits))
            }
            _ if is_said => Err(ahead.expected("a mask")),
            _ => Ok(address.value),
        }
    }

    /// A country: `geo US`.
    fn geo(&mut self, ends: Ends) -> Result<Tree, Fault> {
        let places = ["src_country", "dst_country"].map(|name| match self.member(name) {
            Value::Member(at, row) => (at, row),
            _ => (0, None),
        });
        let words = match self.cursor.word("in") {
            Some(_) => list::words(&mut self.cursor, &Value::Member(places[0].0, places[0].1))?,
            None => {
                let name = self.cursor.name().ok_or_else(|| self.cursor.expected("a country of two letters"))?;
                Words::new(vec![name.value.to_uppercase().into()])
            }
        };
        let words = Arc::new(words);
        let test = |at| Tree::Test(Test::Words(Place::Member(at), Arc::clone(&words)));
        Ok(ends.on(places[0].0, places[1].0, test))
    }

    /// `ip`: IPv4, or what `host` is.
    fn ip(&mut self) -> Result<Tree, Fault> {
        let mut ahead = self.cursor.clone();
        let is_address = matches!(literal::address(&mut ahead), Ok(Some(_)));
        match is_address
            || self.cursor.clone().word("in").is_some()
            || Operator::read(&mut self.cursor.clone()).is_some()
        {
            true => self.primitive("host", Ends::Either),
            false => self.and_more(family(false)),
        }
    }

    /// `in` and `out`: of an interface, or which way the packets go.
    fn way(&mut self, way: &str) -> Result<Part, Fault> {
        let is_in = way == "in";
        let id = match self.cursor.one_word(&["if", "packets", "bytes"]).map(|w| w.value) {
            Some(0) => {
                let ends = if is_in { Ends::Src } else { Ends::Dst };
                return self.primitive("if", ends).map(Part::Condition);
            }
            Some(1) if is_in => field::PACKETS,
            Some(1) => field::REV_PACKETS,
            Some(_) if is_in => field::BYTES,
            Some(_) => field::REV_BYTES,
            None => return Err(self.cursor.expected("if, packets or bytes")),
        };
        Ok(Part::Value(Value::Quantity(Quantity::Field(id))))
    }

    /// `router ip` and `next ip`.
    fn device(&mut self, which: &str) -> Result<Tree, Fault> {
        if self.cursor.word("ip").is_none() {
            return Err(self.cursor.expected("ip"));
        }
        let id = if which == "router" { field::EXPORTER } else { field::NEXT_HOP };
        let set = match self.cursor.word("in") {
            Some(_) => list::addresses(&mut self.cursor)?,
            None => match literal::address(&mut self.cursor)? {
                Some(address) => Addresses::new([address.value]),
                None => return Err(self.cursor.expected("an address")),
            },
        };
        Ok(Tree::Test(Test::Address(Place::Field(id), Arc::new(set))))
    }
}
