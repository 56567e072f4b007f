//! A tree as text that reads back as the same tree.

use super::eval::time;
use super::formula::{Formula, Step};
use super::ranges::Ranges;
use super::tree::{Place, Protocols, Quantity, Scale, Test, Tree};
use crate::record::field::{self, ADDED};
use crate::value::number::write_seconds;
use std::fmt::Write;

/// Writes trees; members by the names that are watched.
pub(super) struct Printer<'n> {
    pub(super) names: &'n [String],
    pub(super) out: String,
}

impl Printer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn show(&mut self, value: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{value}");
    }

    /// Writes a tree.
    pub(super) fn tree(&mut self, tree: &Tree) {
        match tree {
            Tree::Constant(value) => self.put(if *value { "any" } else { "false" }),
            Tree::Test(test) => self.test(test),
            Tree::Not(inner) => {
                self.put("not ");
                self.inner(inner);
            }
            Tree::All(all) => self.joined(all, " and "),
            Tree::One(all) => self.joined(all, " or "),
        }
    }

    fn joined(&mut self, all: &[Tree], word: &str) {
        for (at, tree) in all.iter().enumerate() {
            if at > 0 {
                self.put(word);
            }
            self.inner(tree);
        }
    }

    fn inner(&mut self, tree: &Tree) {
        let is_many = matches!(tree, Tree::All(_) | Tree::One(_));
        if is_many {
            self.put("(");
        }
        self.tree(tree);
        if is_many {
            self.put(")");
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::Within(quantity, set) => {
                self.quantity(*quantity);
                self.set(*quantity, set);
            }
            Test::Of(protocols, quantity, set) => {
                match (protocols, quantity) {
                    (Protocols::Tcp, _) => self.put("flags"),
                    (Protocols::Icmp, Quantity::Field(field::ICMP_TYPE)) => self.put("icmp-type"),
                    (Protocols::Icmp, _) => self.put("icmp-code"),
                }
                self.set(*quantity, set);
            }
            Test::Flags(mask) => {
                self.put("flags ");
                let letters = "FSRPAUEC".char_indices().filter(|(bit, _)| mask >> bit & 1 == 1);
                self.out.extend(letters.map(|(_, letter)| letter));
            }
            Test::Address(place, set) => {
                self.place(*place);
                let mut all = set.networks();
                let first = all.next();
                match (first, all.next()) {
                    (Some(one), None) => self.show(format_args!(" == {one}")),
                    _ => {
                        self.put(" in [");
                        set.networks().for_each(|n| self.show(format_args!("{n} ")));
                        self.put("]");
                    }
                }
            }
            Test::Words(place, set) => {
                self.place(*place);
                match set.all() {
                    [one] => {
                        self.put(" == ");
                        self.quoted(one);
                    }
                    all => {
                        self.put(" in [");
                        for word in all {
                            self.quoted(word);
                            self.put(" ");
                        }
                        self.put("]");
                    }
                }
            }
            Test::Matches(place, pattern) => {
                self.place(*place);
                self.put(" =~ ");
                self.quoted(pattern.0.as_str());
            }
            Test::Truth(member, value) => {
                self.place(Place::Member(*member));
                self.show(format_args!(" == {value}"));
            }
            Test::Exists(place) => {
                self.put("exists ");
                self.place(*place);
            }
            Test::Compare(left, order, right) => {
                self.formula(left);
                self.show(format_args!(" {} ", order.text()));
                self.formula(right);
            }
            Test::Times(left, order, right) => {
                self.quantity(*left);
                self.show(format_args!(" {} ", order.text()));
                self.quantity(*right);
            }
            Test::Same(left, right) => {
                self.place(*left);
                self.put(" == ");
                self.place(*right);
            }
        }
    }

    fn quantity(&mut self, quantity: Quantity) {
        match quantity {
            Quantity::Field(id) => self.put(id.name()),
            Quantity::DstPort => self.put("dst port"),
            Quantity::End => self.put("end"),
            Quantity::Bps => self.put("bps"),
            Quantity::Pps => self.put("pps"),
            Quantity::Bpp => self.put("bpp"),
            Quantity::Member(at) => self.place(Place::Member(at)),
        }
    }

    fn set(&mut self, quantity: Quantity, set: &Ranges) {
        match set.all() {
            // Before every time, as seconds since the epoch.
            [] if quantity.scale() == Scale::Time => self.put(" < -10000000000"),
            [] => self.put(" < 0"),
            [(first, last)] if first == last => self.bound(" == ", quantity, *first),
            [(0, u64::MAX)] if quantity.scale() == Scale::Time => self.put(" >= -10000000000"),
            [(0, u64::MAX)] => self.put(" >= 0"),
            [(0, last)] => self.bound(" <= ", quantity, *last),
            [(first, u64::MAX)] => self.bound(" >= ", quantity, *first),
            all => {
                self.put(" in [");
                all.iter().for_each(|(first, last)| self.show(format_args!("{first}-{last} ")));
                self.put("]");
            }
        }
    }

    fn bound(&mut self, sign: &str, quantity: Quantity, value: u64) {
        self.put(sign);
        match quantity.scale() {
            Scale::Count => self.show(value),
            Scale::Time => self.show(time(value).to_text(9)),
            Scale::Seconds => {
                let mut text = Vec::new();
                write_seconds(value, &mut text);
                self.show(String::from_utf8_lossy(&text));
            }
        }
    }

    fn place(&mut self, place: Place) {
        match place {
            Place::Field(id) => self.put(id.name()),
            Place::Member(at) => {
                let name = self.names.get(usize::from(at)).map(String::as_str).unwrap_or_default();
                match ADDED.iter().any(|f| f.name == name) {
                    true => self.put(name),
                    false => {
                        self.put(".");
                        self.quoted(name);
                    }
                }
            }
        }
    }

    fn quoted(&mut self, text: &str) {
        self.put("\"");
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                self.put("\\");
            }
            self.out.push(c);
        }
        self.put("\"");
    }

    fn formula(&mut self, formula: &Formula) {
        let mut stack: Vec<String> = Vec::new();
        for step in formula.steps() {
            let mut one = Printer { names: self.names, out: String::new() };
            match step {
                Step::Load(quantity) => one.quantity(*quantity),
                Step::Member(at) => one.place(Place::Member(*at)),
                Step::Constant(value) => one.show(value),
                Step::Join(sign) => {
                    let (right, left) = (stack.pop().unwrap_or_default(), stack.pop().unwrap_or_default());
                    one.show(format_args!("({left} {} {right})", sign.text()));
                }
            }
            stack.push(one.out);
        }
        self.put(&stack.concat());
    }
}
