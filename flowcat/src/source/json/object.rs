//! One JSON object to a row, with the place of each key remembered from the last object.
//!
//! A key that comes where it came last time costs one comparison; another is looked up; only a new one is thought about.
//! Bound: [`MOST_KEYS`] keys, after which all are forgotten.

use crate::row::{Dialect, Mapping, Row, Use, described, extra_key};
use flow_record::map::Map;
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
    /// The object in which it was last met.
    met: u64,
}

/// Reads objects.
#[derive(Debug)]
pub(super) struct Objects {
    dialect: Dialect,
    mapping: Mapping,
    keep: bool,
    keys: Vec<Key>,
    by_token: Map<Box<str>, u32>,
    names: Vec<Name>,
    by_name: Map<Box<str>, u32>,
    /// The key that came at each place in the last object.
    order: Vec<u32>,
    /// Names and values of the current object.
    members: Vec<(u32, usize, std::ops::Range<usize>)>,
    /// The best of the members for each cell.
    best: Vec<Option<(usize, usize)>>,
    object: u64,
}

impl Objects {
    pub(super) fn new(dialect: Dialect, mapping: Mapping, keep: bool) -> Objects {
        Objects {
            dialect,
            mapping,
            keep,
            keys: Vec::new(),
            by_token: Map::default(),
            names: Vec::new(),
            by_name: Map::default(),
            order: Vec::new(),
            members: Vec::new(),
            best: vec![None; crate::row::CELLS],
            object: 0,
        }
    }

    /// Fills a row, and what is kept besides, from the text of an object.
    ///
    /// # Errors
    /// What is no JSON, or a key twice. nfdump repeats keys that nobody uses; those are let pass.
    pub(super) fn read(&mut self, text: Clean<'_>, row: &mut Row, extras: &mut Vec<u8>) -> Result<(), Reject> {
        self.walk(text)?;
        row.clear();
        extras.clear();
        self.best.fill(None);
        for (i, (name, ..)) in self.members.iter().enumerate() {
            if let Some(used) = self.names[*name as usize].used {
                let best = &mut self.best[used.cell as usize];
                if best.is_none_or(|(rank, _)| used.rank < rank) {
                    *best = Some((used.rank, i));
                }
            }
        }
        let text = text.text();
        for (i, (name, at, value)) in self.members.iter().enumerate() {
            let name = &self.names[*name as usize];
            let value = &text[value.clone()];
            match name.used {
                Some(used)
                    if self.best[used.cell as usize].is_some_and(|(_, best)| best == i)
                        && !value.starts_with(['{', '[']) =>
                {
                    if value.starts_with('"') {
                        row.put(used.cell, used.form, unquoted(value).as_bytes(), at + 1);
                    } else {
                        row.put(used.cell, used.form, value.as_bytes(), *at);
                    }
                }
                _ if self.keep && !matches!(value, "null" | "\"\"") => {
                    extras.extend_from_slice(&name.extra);
                    extras.extend_from_slice(value.as_bytes());
                }
                _ => {}
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
        let mut walk = Walk::new(text);
        while let Some(member) = walk.member()? {
            let name = self.name(&member);
            let known = &mut self.names[name as usize];
            if known.met == self.object {
                let harmless = self.dialect == Dialect::Nfdump && known.used.is_none();
                if harmless {
                    continue;
                }
                return Err(Reject { at: member.key_at, why: Why::DuplicateKey });
            }
            known.met = self.object;
            if self.members.len() == MOST_MEMBERS {
                return Err(Reject { at: member.key_at, why: Why::TooManyMembers });
            }
            self.members.push((name, member.value_at, member.value_at..member.value_at + member.value.len()));
        }
        Ok(())
    }

    /// The number of a member's name.
    #[inline]
    fn name(&mut self, member: &Member<'_>) -> u32 {
        let place = self.members.len();
        if let Some(key) = self.order.get(place)
            && *self.keys[*key as usize].token == *member.key
        {
            return self.keys[*key as usize].name;
        }
        let key = match self.by_token.get(member.key) {
            Some(key) => *key,
            None => self.learn(member.key),
        };
        if self.order.len() <= place {
            self.order.resize(place + 1, key);
        }
        self.order[place] = key;
        self.keys[key as usize].name
    }

    #[cold]
    fn learn(&mut self, token: &str) -> u32 {
        let text: Box<str> = unquoted(token).into();
        let name = match self.by_name.get(&text) {
            Some(name) => *name,
            None => {
                let mut extra = vec![b','];
                write_json(&extra_key(&text), &mut extra);
                extra.push(b':');
                let used = self.dialect.column(&text, &self.mapping);
                self.names.push(Name { text: text.clone(), used, extra: extra.into(), met: 0 });
                let name = self.names.len() as u32 - 1;
                self.by_name.insert(text, name);
                name
            }
        };
        self.keys.push(Key { token: token.into(), name });
        let key = self.keys.len() as u32 - 1;
        self.by_token.insert(token.into(), key);
        key
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
