//! All states of a baseline, by section and key.
//!
//! Keys are kept as JSON, as they are written: who makes states from flows keeps them by something smaller, and hands them
//! over at the end. Bound: that of the states; lines of unknown sections as they are.

use super::section::{Day, Hour, Pair, Port, Protocol, Section, Totals};
use super::{BaselineError, Field, Frame, Host, LineWriter};
use crate::map::{self, Map};
use crate::stats::{Addresses, SketchKey};

/// The states of a section by key.
#[derive(Clone, Debug)]
pub struct Entries<S> {
    met: Map<Box<str>, S>,
    /// Further states, whose keys may be met before and more than once.
    more: Vec<(Box<str>, S)>,
}

impl<S> Default for Entries<S> {
    fn default() -> Self {
        Entries { met: Map::default(), more: Vec::new() }
    }
}

impl<S: Section> Entries<S> {
    /// Reads a state and adds it to that of its key.
    ///
    /// # Errors
    /// Why it is none.
    pub fn absorb(&mut self, frame: Frame<'_>, key: &SketchKey) -> Result<(), BaselineError> {
        let state = frame.state::<S>()?;
        match self.met.get_mut(frame.key) {
            Some(met) => met.merge(state, key),
            None => drop(self.met.insert(frame.key.into(), state)),
        }
        Ok(())
    }

    /// Adds a state that may have a key of others; it is merged when all are taken out.
    pub fn push(&mut self, key: impl Into<Box<str>>, state: S) {
        self.more.push((key.into(), state));
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Entries<S>, key: &SketchKey) {
        map::merge(&mut self.met, other.met, |a, b| a.merge(b, key));
        self.more.extend(other.more);
    }

    /// Whether there are no states.
    pub fn is_empty(&self) -> bool {
        self.met.is_empty() && self.more.is_empty()
    }

    /// Keys that were read.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.met.keys().map(|key| &**key)
    }

    /// Keeps only the states whose keys are wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&str) -> bool) {
        self.met.retain(|key, _| is_wanted(key));
        self.more.retain(|(key, _)| is_wanted(key));
    }

    /// Takes all states out, keys ascending by their bytes, each once.
    pub fn take(&mut self, key: &SketchKey, mut each: impl FnMut(&str, S)) {
        let met = std::mem::take(&mut self.met).into_iter();
        let (keys, mut states): (Vec<Box<str>>, Vec<Option<S>>) =
            met.chain(std::mem::take(&mut self.more)).map(|(key, state)| (key, Some(state))).unzip();
        // The states are large: their numbers are sorted in their place.
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_unstable_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
        let mut rest = order.into_iter().peekable();
        while let Some(at) = rest.next() {
            let Some(mut state) = states[at as usize].take() else { continue };
            while let Some(same) = rest.next_if(|next| keys[*next as usize] == keys[at as usize]) {
                if let Some(other) = states[same as usize].take() {
                    state.merge(other, key);
                }
            }
            each(&keys[at as usize], state);
        }
    }
}

/// A line of a section that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unknown {
    section: Box<str>,
    key: Box<str>,
    line: Box<str>,
}

/// All states of a baseline.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Distinct addresses.
    pub addresses: Entries<Addresses>,
    /// Dates.
    pub days: Entries<Day>,
    /// Distributions.
    pub fields: Entries<Field>,
    /// Hosts, or what the flows were grouped by.
    pub hosts: Entries<Host>,
    /// Hours.
    pub hours: Entries<Hour>,
    /// Internal pairs.
    pub pairs: Entries<Pair>,
    /// Destination ports.
    pub ports: Entries<Port>,
    /// Protocols.
    pub protocols: Entries<Protocol>,
    /// Everything in sum.
    pub totals: Entries<Totals>,
    unknown: Vec<Unknown>,
}

/// Does the same with every section, in the order of their names.
macro_rules! sections {
    ($($section:ident)*) => {
        impl Store {
            /// Adds the state of a line, which is kept as it is where its section is unknown.
            ///
            /// # Errors
            /// Why it is none.
            pub fn absorb(&mut self, frame: Frame<'_>, line: &str, key: &SketchKey) -> Result<(), BaselineError> {
                match frame.section {
                    $(stringify!($section) => self.$section.absorb(frame, key),)*
                    section => {
                        let (section, key) = (section.into(), frame.key.into());
                        self.unknown.push(Unknown { section, key, line: line.into() });
                        Ok(())
                    }
                }
            }

            /// Adds all of another.
            pub fn merge(&mut self, other: Store, key: &SketchKey) {
                $(self.$section.merge(other.$section, key);)*
                self.unknown.extend(other.unknown);
            }

            /// Whether there are no states.
            pub fn is_empty(&self) -> bool {
                self.unknown.is_empty() $(&& self.$section.is_empty())*
            }

            /// Writes all states in order.
            pub fn write(mut self, key: &SketchKey, out: &mut LineWriter<'_>) {
                self.unknown.sort_unstable();
                let mut unknown = self.unknown.iter().peekable();
                $(
                    while let Some(line) = unknown.next_if(|u| &*u.section < stringify!($section)) {
                        out.line(&line.line, false);
                    }
                    self.$section.take(key, |key, state| out.state(key, state));
                )*
                unknown.for_each(|line| out.line(&line.line, false));
            }

            /// Merges lines of one section and key, of which there is at least one, and writes what they add up to.
            ///
            /// # Errors
            /// Why one is none.
            pub fn join(frames: &[Frame<'_>], lines: &[&str], key: &SketchKey, out: &mut LineWriter<'_>) -> Result<(), BaselineError> {
                let Some(first) = frames.first() else { return Ok(()) };
                match first.section {
                    $(stringify!($section) => {
                        let mut entries = std::mem::take(&mut Store::default().$section);
                        frames.iter().try_for_each(|frame| entries.absorb(*frame, key))?;
                        entries.take(key, |key, state| out.state(key, state));
                    })*
                    _ => {
                        let mut lines = lines.to_vec();
                        lines.sort_unstable();
                        lines.iter().for_each(|line| out.line(line, false));
                    }
                }
                Ok(())
            }

            /// The names of the sections, in order.
            pub const NAMES: &[&str] = &[$(stringify!($section)),*];
        }
    };
}

sections!(addresses days fields hosts hours pairs ports protocols totals);

#[cfg(test)]
mod tests;
