//! One JSON object to a row, with the place of each key remembered from the last object.
//!
//! A key that comes where it came last time costs one comparison; another is looked up; only a new one is thought about.
//! Bound: [`MOST_KEYS`] keys, after which all are forgotten.

use crate::row::{Cell, Dialect, Form, Mapping, Row, Use, described, doubt, extra_key, is_own};
use flow_record::map::Map;
use flow_record::record::field::RECORD;
use flow_record::scan::walk::{Member, Walk, unquoted};
use flow_record::scan::{Clean, Reject, Why};
use flow_record::value::text::write_json;

/// Keys that are remembered.
const MOST_KEYS: usize = 65_536;

/// Members of one object, as for lines of the pipe.
const MOST_MEMBERS: usize = 1024;

/// What is known of a key.
#[derive(Debug)]
struct Key {
    /// As it stands, with its quotes.
    token: Box<str>,
    /// The member in whose object it stands; see [`Name::group`].
    group: u32,
    /// Number of the name, the same however it is escaped.
    name: u32,
}

/// What is known of a name.
#[derive(Debug)]
struct Name {
    text: Box<str>,
    used: Option<Use>,
    /// `,"name":`, for what is kept besides.
    extra: Box<[u8]>,
    /// It is a name of the suite's own, and means what the suite means.
    is_own: bool,
    /// The user says what it means.
    is_mapped: bool,
    /// Number of the group of its own members, if those are looked into; 0 is that of the object itself.
    group: u32,
    /// The object in which it was last met.
    met: u64,
}

/// Reads objects.
#[derive(Debug)]
pub(super) struct Objects {
    dialect: &'static Dialect,
    mapping: Mapping,
    keep: bool,
    keys: Vec<Key>,
    /// The keys of each group.
    by_token: Vec<Map<Box<str>, u32>>,
    /// What stands before the names of each group.
    groups: Vec<String>,
    names: Vec<Name>,
    by_name: Map<Box<str>, u32>,
    /// The key that came at each place in the last object.
    order: Vec<u32>,
    /// Names and values of the current object.
    members: Vec<(u32, usize, std::ops::Range<usize>)>,
    /// The best of the members for each cell.
    best: Vec<Option<(usize, usize)>>,
    object: u64,
    /// Fields that the current object has under their own names, and that other names would give; a bit a cell.
    own: u64,
    gained: u64,
    /// Whether the current object has a member of which the user says what it means.
    has_mapped: bool,
    /// Whether the current object has a text for `kind`.
    has_kind: bool,
    /// A name of which a value was dropped since it was last asked for.
    dropped: Option<u32>,
    /// Two members that mean the same, and whether that was asked for.
    rivals: Option<(Cell, u32, u32)>,
    has_told: bool,
}

impl Objects {
    pub(super) fn new(dialect: &'static Dialect, mapping: Mapping, keep: bool) -> Objects {
        Objects {
            dialect,
            mapping,
            keep,
            keys: Vec::new(),
            by_token: vec![Map::default()],
            groups: vec![String::new()],
            names: Vec::new(),
            by_name: Map::default(),
            order: Vec::new(),
            members: Vec::new(),
            best: vec![None; crate::row::CELLS],
            object: 0,
            own: 0,
            gained: 0,
            has_mapped: false,
            has_kind: false,
            dropped: None,
            rivals: None,
            has_told: false,
        }
    }

    /// Whether the object that was read last says what it is, as rows, alerts and baselines do.
    pub(super) fn has_kind(&self) -> bool {
        self.has_kind
    }

    /// Whether in the object that was read last a member of a foreign name means a field that the object lacks, or one
    /// that the user names.
    pub(super) fn gains(&self) -> bool {
        // Alerts have a last time and no duration.
        let usual = if self.has_kind { 1 << Cell::Duration as u64 } else { 0 };
        self.gained & !self.own & !usual != 0 || self.has_mapped && !self.has_kind
    }

    /// What to say, once, of two members that mean the same where nothing tells which is the better.
    #[inline]
    pub(super) fn doubt(&mut self) -> Option<String> {
        let (cell, taken, other) = self.rivals.take()?;
        self.has_told = true;
        Some(doubt(cell, &self.names[taken as usize].text, &self.names[other as usize].text))
    }

    /// A name of which a value was dropped since this was last asked, and whether it is one of the suite's own.
    pub(super) fn dropped(&mut self) -> Option<(&str, bool)> {
        let name = &self.names[self.dropped.take()? as usize];
        Some((&name.text, name.is_own))
    }

    /// Fills a row, and what is kept besides, from the text of an object.
    ///
    /// # Errors
    /// What is no JSON, a key twice, an array or object for a field. nfdump repeats keys that nobody uses; those are let
    /// pass.
    pub(super) fn read(&mut self, text: Clean<'_>, row: &mut Row, extras: &mut Vec<u8>) -> Result<(), Reject> {
        self.walk(text)?;
        row.clear();
        extras.clear();
        self.best.fill(None);
        for (i, (name, _, value)) in self.members.iter().enumerate() {
            if let Some(used) = self.names[*name as usize].used {
                // What is written as one value comes before any array and object.
                let rank = if is_nested(&text.text()[value.clone()]) { used.rank + NESTED } else { used.rank };
                let best = &mut self.best[used.cell as usize];
                if let Some((other, first)) = *best
                    && other == rank
                    && !self.has_told
                    && !matches!(&text.text()[value.clone()], "null" | "\"\"")
                {
                    self.rivals = Some((used.cell, self.members[first].0, *name));
                }
                if best.is_none_or(|(other, _)| rank < other) {
                    *best = Some((rank, i));
                }
            }
        }
        let text = text.text();
        for (i, (name, at, value)) in self.members.iter().enumerate() {
            let number = *name;
            let name = &self.names[number as usize];
            let value = &text[value.clone()];
            match name.used {
                Some(used) if self.best[used.cell as usize].is_some_and(|(_, best)| best == i) && !is_nested(value) => {
                    if value.starts_with('"') {
                        row.put(used.cell, used.form, unquoted(value).as_bytes(), at + 1);
                    } else {
                        row.put(used.cell, used.form, value.as_bytes(), *at);
                    }
                }
                Some(used)
                    if self.best[used.cell as usize].is_some_and(|(_, best)| best == i)
                        && used.form != Form::Lenient =>
                {
                    return Err(Reject { at: *at, why: not_nested(used.cell) });
                }
                Some(used)
                    if value.starts_with('[') && used.form == Form::Lenient && !self.dialect.nested.is_empty() =>
                {
                    let first = Walk::nested(value).element().ok().flatten().unwrap_or_default();
                    row.put(used.cell, used.form, first.as_bytes(), *at);
                }
                _ if matches!(value, "null" | "\"\"") => {}
                _ if self.keep => {
                    extras.extend_from_slice(&name.extra);
                    extras.extend_from_slice(value.as_bytes());
                }
                _ => self.dropped = Some(number),
            }
        }
        Ok(())
    }

    /// Collects the members.
    fn walk(&mut self, text: Clean<'_>) -> Result<(), Reject> {
        if self.keys.len() > MOST_KEYS {
            *self = Objects::new(self.dialect, std::mem::take(&mut self.mapping), self.keep);
        }
        self.object += 1;
        self.members.clear();
        (self.own, self.gained, self.has_kind, self.dropped) = (0, 0, false, None);
        self.has_mapped = false;
        let mut walk = Walk::new(text);
        while let Some(member) = walk.member()? {
            self.take(&member, 0)?;
        }
        Ok(())
    }

    /// Takes a member in, or its own members.
    #[inline]
    fn take(&mut self, member: &Member<'_>, group: u32) -> Result<(), Reject> {
        let name = self.name(member, group);
        match self.names[name as usize].group {
            0 => self.meet(name, member),
            group if member.value.starts_with('{') => self.inside(group, member),
            _ => self.meet(name, member),
        }
    }

    /// Collects the members of a member. As deep as the dialect's names are.
    fn inside(&mut self, group: u32, outer: &Member<'_>) -> Result<(), Reject> {
        let mut walk = Walk::nested(outer.value);
        while let Some(inner) = walk.member()? {
            let (key_at, value_at) = (outer.value_at + inner.key_at, outer.value_at + inner.value_at);
            self.take(&Member { key_at, value_at, ..inner }, group)?;
        }
        Ok(())
    }

    /// Takes a member in.
    #[inline]
    fn meet(&mut self, name: u32, member: &Member<'_>) -> Result<(), Reject> {
        let known = &mut self.names[name as usize];
        if known.met == self.object {
            let harmless = self.dialect.repeats_names && known.used.is_none();
            return if harmless { Ok(()) } else { Err(Reject { at: member.key_at, why: Why::DuplicateKey }) };
        }
        known.met = self.object;
        self.has_mapped |= known.is_mapped;
        match known.used {
            None => self.has_kind |= &*known.text == "kind" && member.value.starts_with('"'),
            Some(used) if known.is_own => self.own |= 1 << used.cell as u64,
            Some(used) if used.cell != Cell::Received && !member.value.starts_with(['{', '[', 'n']) => {
                self.gained |= 1 << used.cell.field() as u64;
            }
            Some(_) => {}
        }
        if self.members.len() == MOST_MEMBERS {
            return Err(Reject { at: member.key_at, why: Why::TooManyMembers });
        }
        self.members.push((name, member.value_at, member.value_at..member.value_at + member.value.len()));
        Ok(())
    }

    /// The number of a member's name.
    #[inline]
    fn name(&mut self, member: &Member<'_>, group: u32) -> u32 {
        let place = self.members.len();
        if let Some(key) = self.order.get(place)
            && *self.keys[*key as usize].token == *member.key
            && self.keys[*key as usize].group == group
        {
            return self.keys[*key as usize].name;
        }
        let key = match self.by_token[group as usize].get(member.key) {
            Some(key) => *key,
            None => self.learn(member.key, group),
        };
        if self.order.len() <= place {
            self.order.resize(place + 1, key);
        }
        self.order[place] = key;
        self.keys[key as usize].name
    }

    #[cold]
    fn learn(&mut self, token: &str, group: u32) -> u32 {
        let text: Box<str> = match group {
            0 => unquoted(token).into(),
            _ => format!("{}{}", self.groups[group as usize], unquoted(token)).into(),
        };
        let name = match self.by_name.get(&text) {
            Some(name) => *name,
            None => {
                let mut extra = vec![b','];
                write_json(&extra_key(&text), &mut extra);
                extra.push(b':');
                let used = self.dialect.column(&text, &self.mapping);
                let is_mapped = self.mapping.cell(&text).is_some();
                let is_own = is_own(&text) && !is_mapped;
                let is_outer = self.dialect.nested.contains(&&*text) || self.mapping.reaches_into(&text);
                let group = if is_outer { self.groups.len() as u32 } else { 0 };
                if group > 0 {
                    self.groups.push(format!("{text}."));
                    self.by_token.push(Map::default());
                }
                self.names.push(Name {
                    text: text.clone(),
                    used,
                    extra: extra.into(),
                    is_own,
                    is_mapped,
                    group,
                    met: 0,
                });
                let name = self.names.len() as u32 - 1;
                self.by_name.insert(text, name);
                name
            }
        };
        self.keys.push(Key { token: token.into(), group, name });
        let key = self.keys.len() as u32 - 1;
        self.by_token[group as usize].insert(token.into(), key);
        key
    }

    /// A name that the user says the meaning of and that no object had, if there were objects; and what else to say of it.
    pub(super) fn missing(&self) -> Option<(&str, &'static str)> {
        let names: Vec<String> = self.names.iter().map(|n| n.text.to_string()).collect();
        if names.is_empty() { None } else { self.mapping.missing(&names) }
    }

    /// Each name that was met, with what becomes of it.
    pub(super) fn fates(&self) -> Vec<(String, Option<String>)> {
        let fate = |n: &Name| match n.used {
            Some(used) => Some(described(used.cell, used.form)),
            None => self.keep.then(|| format!("{} (kept)", extra_key(&n.text))),
        };
        self.names.iter().map(|n| (n.text.to_string(), fate(n))).collect()
    }
}

/// How much further down arrays and objects stand among members for one field.
const NESTED: usize = 1 << 16;

/// Whether a value is an array or an object.
fn is_nested(value: &str) -> bool {
    value.starts_with(['{', '['])
}

/// That an array or an object cannot be the value of a cell.
#[cold]
fn not_nested(cell: Cell) -> Why {
    match RECORD.iter().find(|f| f.name == cell.name()) {
        Some(field) => Why::BadField(field),
        None => Why::Expected("a number or a text"),
    }
}
