//! What is known of each exporter: its observation domains, their templates, and data that waits for a template.
//!
//! Templates belong to one domain of one exporter (RFC 3954, section 5.1; RFC 7011, section 3.4.1). Invariants: every
//! exporter has room of its own ([`RESERVED`]), and half of what is shared is for those whose data was decoded; who sends more templates than it
//! has room for loses its own that were used least lately; the exporter that makes room for another is the one that
//! least was decoded of. Bound: [`limits`](super::limits).

use super::limits::{DOMAINS, EXPORTERS, OF_ONE, PATIENCE, RESERVED, SHARED, TEMPLATES, WAITING, WAITING_OF_ALL};
use super::record::Context;
use super::sampling::Sampling;
use super::sequence::{Sequence, Way};
use super::template::Template;
use flow_record::map::Map;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// An observation domain, engine or sub-agent: the protocol's version and a number.
pub(super) type Key = (u8, u32);

/// Bytes that a domain takes up without its templates and samplers.
const DOMAIN: usize = size_of::<Domain>() + size_of::<Key>() + 16;

/// One domain.
#[derive(Debug)]
pub(super) struct Domain {
    templates: Map<u16, Held>,
    pub(super) sampling: Sampling,
    pub(super) sequence: Sequence,
    /// When the exporter started, in milliseconds since 1970, as its options say.
    pub(super) booted: Option<u64>,
    /// For how long it was up when it was heard of last.
    uptime: u32,
    /// When it was used last.
    used: u64,
}

impl Domain {
    /// Its templates, in no order.
    pub(super) fn templates(&self) -> impl Iterator<Item = (u16, &Template)> {
        self.templates.iter().map(|(id, held)| (*id, &*held.template))
    }
}

/// A template, and when it was used last.
#[derive(Debug)]
struct Held {
    template: Arc<Template>,
    used: u64,
}

/// Milliseconds by which an uptime may go back where datagrams come out of order.
const REORDERED: u32 = 60_000;

/// Milliseconds before and after an uptime wraps within which it may be seen.
const AROUND_WRAP: u32 = 3_600_000;

impl Domain {
    /// Takes the uptime of a datagram; answers whether the exporter has begun again.
    pub(super) fn is_new(&mut self, uptime: u32) -> bool {
        let last = std::mem::replace(&mut self.uptime, uptime);
        let has_wrapped = last > u32::MAX - AROUND_WRAP && uptime < AROUND_WRAP;
        uptime.saturating_add(REORDERED) < last && !has_wrapped
    }
}

/// Data that waits for its template.
#[derive(Debug)]
pub(super) struct Waiting {
    key: Key,
    id: u16,
    pub(super) context: Context,
    pub(super) bytes: Box<[u8]>,
}

/// One exporter.
#[derive(Debug, Default)]
pub(super) struct Exporter {
    domains: Map<Key, Domain>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Bytes of its domains, templates and samplers.
    bytes: usize,
    /// Sets of data that were decoded.
    decoded: u64,
    seen: u64,
}

/// What all share.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Bytes beyond what is reserved for each.
    shared: usize,
    /// Bytes of data that waits.
    waiting: usize,
    /// What happened so far.
    pub(super) counts: Counts,
    /// How often a template was taken that was not there.
    pub(super) changes: u64,
    /// Counts what is used, to tell what was used last.
    now: u64,
}

/// What happened beside the decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) redefined: u64,
    /// Templates and domains that made room for others of the same exporter.
    pub(super) displaced: u64,
    /// Exporters that made room for others.
    pub(super) forgotten: u64,
    pub(super) lost_records: u64,
    pub(super) lost_datagrams: u64,
    pub(super) repeated: u64,
    pub(super) restarts: u64,
    /// Sets of data whose template never came.
    pub(super) unresolved: u64,
}

impl Budget {
    /// Takes note that an exporter grows or shrinks; `false` where there is no room.
    fn resize(&mut self, old: usize, new: usize, is_proven: bool) -> bool {
        let (before, after) = (old.saturating_sub(RESERVED), new.saturating_sub(RESERVED));
        let grows = after > before;
        // Who has shown no data yet leaves half to those who have.
        let most = if is_proven { SHARED } else { SHARED / 2 };
        if grows && (new > OF_ONE || self.shared + after - before > most) {
            return false;
        }
        self.shared = self.shared + after - before;
        true
    }

    /// Whether no more is kept than may be.
    #[cfg(test)]
    pub(super) fn is_within_limits(&self) -> bool {
        self.shared <= SHARED && self.waiting <= WAITING_OF_ALL
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}

/// What a template that came is to those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defined {
    /// None of its number was there.
    New,
    /// It is there already.
    Same,
    /// It takes the place of another of its number.
    Other,
    /// There is no room for it.
    NoRoom,
}

impl Exporter {
    /// A domain, which is made if need be; others make room for it. `None` where there is none.
    pub(super) fn domain(&mut self, key: Key, ways: &'static [Way], budget: &mut Budget) -> Option<&mut Domain> {
        let used = budget.tick();
        if !self.domains.contains_key(&key) {
            while self.domains.len() >= DOMAINS && self.displace_domain(budget) {}
            if !self.make_room(DOMAIN, budget) {
                return None;
            }
            let (templates, sampling) = (Map::default(), Sampling::default());
            let sequence = Sequence::of(ways);
            self.domains.insert(key, Domain { templates, sampling, sequence, booted: None, uptime: 0, used });
        }
        let domain = self.domains.get_mut(&key)?;
        domain.used = used;
        Some(domain)
    }

    /// Takes a template.
    pub(super) fn define(&mut self, key: Key, id: u16, template: Template, budget: &mut Budget) -> Defined {
        let Some(domain) = self.domains.get_mut(&key) else { return Defined::NoRoom };
        let used = budget.tick();
        let old = domain.templates.get_mut(&id);
        if let Some(old) = old
            && old.template.fields == template.fields
            && old.template.scopes == template.scopes
        {
            old.used = used;
            return Defined::Same;
        }
        let is_new = self.withdraw(key, id, budget).is_none();
        let is_full = |domain: &Domain| domain.templates.len() >= TEMPLATES;
        if self.domains.get(&key).is_some_and(is_full) {
            self.displace_template(Some(key), budget);
        }
        if !self.make_room(template.weight(), budget) {
            return Defined::NoRoom;
        }
        if let Some(domain) = self.domains.get_mut(&key) {
            domain.templates.insert(id, Held { template: Arc::new(template), used });
        }
        budget.counts.redefined += u64::from(!is_new);
        budget.changes += 1;
        if is_new { Defined::New } else { Defined::Other }
    }

    /// A template, which is used.
    pub(super) fn template(&mut self, key: Key, id: u16, budget: &mut Budget) -> Option<Arc<Template>> {
        let held = self.domains.get_mut(&key)?.templates.get_mut(&id)?;
        held.used = budget.tick();
        Some(held.template.clone())
    }

    /// Forgets a template.
    pub(super) fn withdraw(&mut self, key: Key, id: u16, budget: &mut Budget) -> Option<()> {
        let held = self.domains.get_mut(&key)?.templates.remove(&id)?;
        self.shrink(held.template.weight(), budget);
        Some(())
    }

    /// Forgets all templates of flows, or of options, of a domain.
    pub(super) fn withdraw_all(&mut self, key: Key, is_options: bool, budget: &mut Budget) {
        let Some(domain) = self.domains.get_mut(&key) else { return };
        let mut freed = 0;
        domain.templates.retain(|_, held| {
            let goes = held.template.scopes.is_some() == is_options;
            freed += if goes { held.template.weight() } else { 0 };
            !goes
        });
        self.shrink(freed, budget);
    }

    /// Has `learn` change the samplers of a domain; where there is no room for more, they are forgotten.
    pub(super) fn learn(&mut self, key: Key, budget: &mut Budget, learn: impl FnOnce(&mut Domain)) {
        let Some(domain) = self.domains.get_mut(&key) else { return };
        let before = domain.sampling.weight();
        learn(domain);
        let after = domain.sampling.weight();
        if after > before && !self.make_room(after - before, budget) {
            if let Some(domain) = self.domains.get_mut(&key) {
                domain.sampling = Sampling::default();
                self.shrink(before, budget);
            }
            budget.counts.displaced += 1;
        }
    }

    /// The samplers of a domain.
    pub(super) fn sampling(&self, key: Key) -> Option<&Sampling> {
        self.domains.get(&key).map(|domain| &domain.sampling)
    }

    /// When a domain's exporter started, as its options say.
    pub(super) fn booted(&self, key: Key) -> Option<u64> {
        self.domains.get(&key).and_then(|domain| domain.booted)
    }

    /// Takes note that a set of its data was decoded.
    pub(super) fn prove(&mut self) {
        self.decoded = self.decoded.saturating_add(1);
    }

    /// Keeps data until its template comes; older data makes room, or it is given up.
    pub(super) fn wait(&mut self, key: Key, id: u16, context: &Context, bytes: &[u8], budget: &mut Budget) {
        self.expire(context, budget);
        while self.waiting_bytes + bytes.len() > WAITING && self.give_up_oldest(budget) {}
        if bytes.len() > WAITING || budget.waiting + bytes.len() > WAITING_OF_ALL {
            budget.counts.unresolved += 1;
            return;
        }
        self.waiting_bytes += bytes.len();
        budget.waiting += bytes.len();
        self.waiting.push_back(Waiting { key, id, context: *context, bytes: bytes.into() });
    }

    /// Gives up data that has waited too long.
    fn expire(&mut self, context: &Context, budget: &mut Budget) {
        let is_old = |waiting: &Waiting| match (waiting.context.exported, context.exported) {
            (Some(then), Some(now)) => now.saturating_sub(then) > PATIENCE,
            _ => false,
        };
        while self.waiting.front().is_some_and(is_old) && self.give_up_oldest(budget) {}
    }

    fn give_up_oldest(&mut self, budget: &mut Budget) -> bool {
        let Some(oldest) = self.waiting.pop_front() else { return false };
        self.waiting_bytes -= oldest.bytes.len();
        budget.waiting -= oldest.bytes.len();
        budget.counts.unresolved += 1;
        true
    }

    /// The data that waited for a template which has come, at `context`.
    pub(super) fn waited(&mut self, key: Key, id: u16, context: &Context, budget: &mut Budget) -> Vec<Waiting> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        self.expire(context, budget);
        let (found, rest) = self.waiting.drain(..).partition::<Vec<_>, _>(|w| w.key == key && w.id == id);
        self.waiting = rest.into();
        let bytes: usize = found.iter().map(|waiting| waiting.bytes.len()).sum();
        self.waiting_bytes -= bytes;
        budget.waiting -= bytes;
        found
    }

    /// Forgets with which numbers its datagrams came.
    fn begin_again(&mut self) {
        for domain in self.domains.values_mut() {
            domain.sequence.begin_again();
            domain.uptime = 0;
        }
    }

    fn shrink(&mut self, bytes: usize, budget: &mut Budget) {
        let less = self.bytes.saturating_sub(bytes);
        budget.resize(self.bytes, less, true);
        self.bytes = less;
    }

    /// Makes its own templates, and then domains, go until there is room for so many bytes more.
    fn make_room(&mut self, bytes: usize, budget: &mut Budget) -> bool {
        while !budget.resize(self.bytes, self.bytes + bytes, self.decoded > 0) {
            if !self.displace_template(None, budget) {
                return false;
            }
        }
        self.bytes += bytes;
        true
    }

    /// The template goes, of one domain or of all, that was used least lately.
    fn displace_template(&mut self, of: Option<Key>, budget: &mut Budget) -> bool {
        let domains = self.domains.iter().filter(|(key, _)| of.is_none_or(|of| of == **key));
        let held =
            domains.flat_map(|(key, domain)| domain.templates.iter().map(move |(id, held)| (held.used, *key, *id)));
        let Some((_, key, id)) = held.min() else { return false };
        budget.counts.displaced += 1;
        self.withdraw(key, id, budget).is_some()
    }

    fn displace_domain(&mut self, budget: &mut Budget) -> bool {
        let Some((_, key)) = self.domains.iter().map(|(key, domain)| (domain.used, *key)).min() else { return false };
        let Some(domain) = self.domains.remove(&key) else { return false };
        let templates: usize = domain.templates.values().map(|held| held.template.weight()).sum();
        self.shrink(DOMAIN + domain.sampling.weight() + templates, budget);
        budget.counts.displaced += 1;
        true
    }
}

/// All exporters; one without an address is that of files of datagrams.
#[derive(Debug, Default)]
pub(super) struct Exporters {
    all: Map<Option<IpAddr>, Exporter>,
    pub(super) budget: Budget,
}

impl Exporters {
    /// An exporter, which is made known if need be, and what all share.
    pub(super) fn open(&mut self, who: Option<IpAddr>) -> (&mut Exporter, &mut Budget) {
        let seen = self.budget.tick();
        if self.all.len() >= EXPORTERS && !self.all.contains_key(&who) {
            self.forget_one();
        }
        let exporter = self.all.entry(who).or_default();
        exporter.seen = seen;
        (exporter, &mut self.budget)
    }

    /// The exporter goes of which least was decoded, and among those the one that was silent longest.
    fn forget_one(&mut self) {
        let Some((_, _, who)) = self.all.iter().map(|(who, e)| (e.decoded, e.seen, *who)).min() else { return };
        let Some(mut exporter) = self.all.remove(&who) else { return };
        while exporter.give_up_oldest(&mut self.budget) {}
        let bytes = exporter.bytes;
        exporter.shrink(bytes, &mut self.budget);
        self.budget.counts.forgotten += 1;
    }

    /// All exporters with their domains, in no order.
    pub(super) fn each(&self) -> impl Iterator<Item = (Option<IpAddr>, impl Iterator<Item = (&Key, &Domain)>)> {
        self.all.iter().map(|(who, exporter)| (*who, exporter.domains.iter()))
    }

    /// Datagrams without an address come from another file now.
    pub(super) fn begin_input(&mut self) {
        if let Some(exporter) = self.all.get_mut(&None) {
            exporter.begin_again();
        }
    }

    /// Gives up all data that waits.
    pub(super) fn finish(&mut self) {
        for exporter in self.all.values_mut() {
            while exporter.give_up_oldest(&mut self.budget) {}
        }
    }
}
