//! A filter as a tree of conditions.
//!
//! Invariant: `All` and `One` have two members or more, none of the same kind, so that what is printed reads back as the
//! same tree.

use super::addresses::Addresses;
use super::formula::Formula;
use super::ranges::Ranges;
use crate::record::FieldId;
use std::sync::Arc;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// Always, or never, true.
    Constant(bool),
    /// One look at the flow.
    Test(Test),
    /// The contrary. Of what is absent nothing is true, nor its contrary.
    Not(Box<Tree>),
    /// All of these.
    All(Vec<Tree>),
    /// One or more of these.
    One(Vec<Tree>),
}

impl Tree {
    /// Both.
    pub(super) fn and(self, other: Tree) -> Tree {
        let mut all = match self {
            Tree::All(all) => all,
            one => vec![one],
        };
        match other {
            Tree::All(more) => all.extend(more),
            one => all.push(one),
        }
        Tree::All(all)
    }

    /// One or both.
    pub(super) fn or(self, other: Tree) -> Tree {
        let mut all = match self {
            Tree::One(all) => all,
            one => vec![one],
        };
        match other {
            Tree::One(more) => all.extend(more),
            one => all.push(one),
        }
        Tree::One(all)
    }

    /// The contrary.
    pub(super) fn not(self) -> Tree {
        Tree::Not(Box::new(self))
    }
}

/// A number, a duration or a time that a flow has or that is made of what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// A field of the record that is an integer, the duration in nanoseconds, or the start.
    Field(FieldId),
    /// The destination port; of ICMP type·256 + code, as exporters write it.
    DstPort,
    /// The end: start and duration together.
    End,
    /// Bits a second, rounded down; 0 where the duration is 0.
    Bps,
    /// Packets a second, rounded down; 0 where the duration is 0.
    Pps,
    /// Bytes a packet, rounded down; 0 where there are no packets.
    Bpp,
    /// A time in a watched member.
    Member(u16),
}

/// How a quantity is kept in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// As it is.
    Count,
    /// In nanoseconds.
    Seconds,
    /// In nanoseconds from 2^63 before the epoch, so that order is kept.
    Time,
}

impl Quantity {
    /// How it is kept.
    pub(super) fn scale(self) -> Scale {
        match self {
            Quantity::Field(crate::record::field::TIMESTAMP) | Quantity::End | Quantity::Member(_) => Scale::Time,
            Quantity::Field(crate::record::field::DURATION) => Scale::Seconds,
            _ => Scale::Count,
        }
    }
}

/// Where a text or an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A field of the record.
    Field(FieldId),
    /// A watched member.
    Member(u16),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
}

impl Order {
    /// Its sign.
    pub(super) fn text(self) -> &'static str {
        match self {
            Order::Equal => "==",
            Order::Less => "<",
            Order::LessOrEqual => "<=",
        }
    }
}

/// One look at the flow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// A quantity lies in a set.
    Within(Quantity, Arc<Ranges>),
    /// The same of a field that only these protocols have: of other flows it is not true, its contrary is.
    Of(Protocols, Quantity, Arc<Ranges>),
    /// TCP flags: all of these are set; the contrary is that none of them is.
    Flags(u16),
    /// An address lies in a set.
    Address(Place, Arc<Addresses>),
    /// A text is one of these.
    Words(Place, Arc<Words>),
    /// A text matches a pattern.
    Matches(Place, Pattern),
    /// A member is `true` or `false`.
    Truth(u16, bool),
    /// A field is there.
    Exists(Place),
    /// Two numbers.
    Compare(Formula, Order, Formula),
    /// Two times.
    Times(Quantity, Order, Quantity),
    /// Two addresses or texts are equal, or two members are.
    Same(Place, Place),
}

/// The protocols that have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocols {
    /// 6.
    Tcp,
    /// 1 and 58.
    Icmp,
}

impl Protocols {
    /// Whether this is one of them.
    #[inline]
    pub(super) fn has(self, protocol: u64) -> bool {
        match self {
            Protocols::Tcp => protocol == 6,
            Protocols::Icmp => protocol == 1 || protocol == 58,
        }
    }
}

/// Texts, each once, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(Vec<Box<str>>);

impl Words {
    /// The set of these.
    pub(super) fn new(mut all: Vec<Box<str>>) -> Words {
        all.sort_unstable();
        all.dedup();
        Words(all)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Box<str>] {
        &self.0
    }

    /// Whether a text is one of them.
    #[inline]
    pub(super) fn contains(&self, text: &str) -> bool {
        match self.0.as_slice() {
            [one] => **one == *text,
            all => all.binary_search_by(|word| (**word).cmp(text)).is_ok(),
        }
    }
}

/// A regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern(pub(super) regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}
