//! What NetFlow 9 and IPFIX have in common: sets, each with its number and its length, of templates or of data.
//!
//! Sources: RFC 3954, section 5; RFC 7011, sections 3.3 and 3.4. Invariant: a set takes at least its header's four bytes.

use super::data::Set;
use super::element::Field;
use super::exporter::{Defined, Key};
use super::record::Context;
use super::sequence::Content;
use super::template::{Habit, Template};
use super::{Decoder, Take, damage, word};
use flow_record::people::count;
use std::net::IpAddr;

/// Bytes of a set's header.
pub(super) const HEADER: usize = 4;

/// Numbers from here on are those of templates and their data.
pub(super) const FIRST_TEMPLATE: u16 = 256;

/// One message, as its header says.
pub(super) struct Message<'m> {
    /// The sets.
    pub(super) bytes: &'m [u8],
    /// Where in the datagram they begin.
    pub(super) at: usize,
    /// Who sent it.
    pub(super) who: Option<IpAddr>,
    pub(super) key: Key,
    pub(super) context: Context,
    pub(super) habit: Habit,
    /// A template without fields withdraws one.
    pub(super) withdraws: bool,
    /// The numbers of sets of templates, and of options templates.
    pub(super) templates: [u16; 2],
}

/// A template as it stands in a set: number, fields, of which so many are scopes in one of options.
pub(super) struct Definition {
    pub(super) id: u16,
    pub(super) fields: Vec<Field>,
    pub(super) scopes: Option<usize>,
}

/// Reads the next definition of a set of templates, or of options templates.
pub(super) type ReadDefinition = fn(&mut &[u8], bool) -> Option<Definition>;

impl Message<'_> {
    /// Reads all sets; answers what they have, and whether they are whole.
    pub(super) fn read(&self, decoder: &mut Decoder, define: ReadDefinition, take: &mut dyn Take) -> (Content, bool) {
        let (mut rest, mut content) = (self.bytes, Content { is_known: true, ..Content::default() });
        while !rest.is_empty() {
            let at = self.at + self.bytes.len() - rest.len();
            let (Some(id), Some(length)) = (word(rest, 0), word(rest, 2)) else {
                if rest.iter().any(|b| *b != 0) {
                    damage(take, at, "bad set", format!("{} are no set", count(rest.len() as u64, "bytes")), rest);
                    return (Content { is_known: false, ..content }, false);
                }
                return (content, true);
            };
            let length = usize::from(length);
            if length < HEADER || length > rest.len() {
                // Zeros up to the end are padding.
                if length == 0 && rest.iter().all(|b| *b == 0) {
                    return (content, true);
                }
                let message =
                    format!("set {id} has a length of {length} where {} are left", count(rest.len() as u64, "bytes"));
                damage(take, at, "bad set", message, rest);
                return (Content { is_known: false, ..content }, false);
            }
            let (set, after) = rest.split_at(length);
            rest = after;
            let body = set.get(HEADER..).unwrap_or_default();
            let found = self.set(id, body, at + HEADER, decoder, define, take);
            content.flows += found.flows;
            content.options += found.options;
            content.is_known &= found.is_known;
        }
        (content, true)
    }

    fn set(
        &self,
        id: u16,
        body: &[u8],
        at: usize,
        decoder: &mut Decoder,
        define: ReadDefinition,
        take: &mut dyn Take,
    ) -> Content {
        if self.templates.contains(&id) {
            self.define_all(id == self.templates[1], body, at, decoder, define, take);
            return Content { is_known: true, ..Content::default() };
        }
        if id < FIRST_TEMPLATE {
            damage(take, at - HEADER, "bad set", format!("set {id} is of no known kind"), body);
            return Content::default();
        }
        let (exporter, budget) = decoder.exporters.open(self.who);
        let Some(template) = exporter.template(self.key, id, budget) else {
            exporter.wait(self.key, id, &self.context, body, budget);
            return Content::default();
        };
        let context = Context { booted: exporter.booted(self.key), ..self.context };
        let set = Set { bytes: body, at, key: self.key, context };
        decoder.work.records(&set, &template, exporter, budget, take)
    }

    /// Reads a set of templates, and what waited for one of them.
    fn define_all(
        &self,
        is_options: bool,
        body: &[u8],
        at: usize,
        decoder: &mut Decoder,
        define: ReadDefinition,
        take: &mut dyn Take,
    ) {
        let mut rest = body;
        // What is shorter than a definition, or 0 where its number would be, is padding.
        while rest.len() >= HEADER && rest.iter().any(|b| *b != 0) {
            let here = at + body.len() - rest.len();
            let before = rest;
            match define(&mut rest, is_options) {
                Some(definition) => self.define(definition, is_options, here, before, decoder, take),
                None => {
                    damage(
                        take,
                        here,
                        "bad template",
                        "a template is cut off, or has a number below 256".into(),
                        before,
                    );
                    return;
                }
            }
        }
    }

    fn define(
        &self,
        definition: Definition,
        is_options: bool,
        at: usize,
        bytes: &[u8],
        decoder: &mut Decoder,
        take: &mut dyn Take,
    ) {
        let Definition { id, fields, scopes } = definition;
        let (exporter, budget) = decoder.exporters.open(self.who);
        if self.withdraws && fields.is_empty() && scopes.unwrap_or(0) == 0 {
            // Of all, where it has the number of the set (RFC 7011, section 8.1).
            match id < FIRST_TEMPLATE {
                true => exporter.withdraw_all(self.key, is_options, budget),
                false => _ = exporter.withdraw(self.key, id, budget),
            }
            return;
        }
        let template = match Template::compile(&fields, scopes, self.habit) {
            Ok(template) => template,
            Err(refusal) => {
                return damage(take, at, "bad template", format!("template {id} {}", refusal.reason()), bytes);
            }
        };
        let from = || self.context.exporter.map_or_else(String::new, |address| format!(" from {}", address.0));
        match exporter.define(self.key, id, template, budget) {
            Defined::New | Defined::Same => {}
            Defined::Other => {
                let text = format!("template {id}{} of domain {} is another than before", from(), self.key.1);
                take.warn("templates redefined", &text);
            }
            Defined::NoRoom => {
                let text = format!("there is no room for template {id}{} of domain {}", from(), self.key.1);
                return take.warn("templates without room", &text);
            }
        }
        let waited = exporter.waited(self.key, id, &self.context, budget);
        let Some(template) = exporter.template(self.key, id, budget) else { return };
        let booted = exporter.booted(self.key);
        for waiting in waited {
            let context = Context { booted, ..waiting.context };
            let set = Set { bytes: &waiting.bytes, at: 0, key: self.key, context };
            decoder.work.records(&set, &template, exporter, budget, take);
        }
    }
}
