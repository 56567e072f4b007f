//! Members out of databases, remembered: by record, rendered once, and by address, so that an address met again costs
//! one hash and one comparison.
//!
//! Of several databases each fills in what those before it do not have. Invariant: what is remembered changes the speed and
//! nothing else. Bounds: [`RECENT_ADDRESSES`], [`RENDERED_RECORDS`], [`RENDERED_BYTES`]; when rendered records exceed
//! theirs, all are forgotten.

use crate::database::{Content, Database, find};
use crate::enrich::Outcome;
use crate::limit::{MAX_DATABASES, RECENT_ADDRESSES, RENDERED_BYTES, RENDERED_RECORDS};
use crate::record::{Record, key_text};
use crate::renewed::Renewed;
use crate::values::{Damaged, Value, is_damage, opened, write_first};
use anyhow::{Context, bail};
use flow_record::item::Args;
use flow_record::map::Map;
use flow_record::value::Address;
use std::path::PathBuf;
use std::sync::Arc;

/// Databases that are looked up together.
pub(crate) type Set = Vec<Database>;

/// Looks up both ends of lines; one a thread.
pub(crate) struct Lookup {
    renewed: Arc<Renewed<Set>>,
    set: Arc<Set>,
    /// Which of the renewals this is.
    version: u64,
    /// Whether the files may have changed since they were last looked at.
    is_old: bool,
    values: &'static [Value],
    /// The rendered key of each column.
    keys: Vec<Vec<u8>>,
    hash: ahash::RandomState,
    /// The place in `rendered` of the address last met with each hash.
    recent: Box<[(Address, u32)]>,
    /// The place in `rendered` of the records at these places of the databases.
    places: Map<Found, u32>,
    rendered: Rendered,
}

/// Where each database has its record.
type Found = [Option<usize>; MAX_DATABASES];

/// Not met yet.
const UNKNOWN: u32 = u32::MAX;
/// Met, and there is no record.
const NOTHING: u32 = u32::MAX - 1;
/// Met, and its record cannot be read.
const UNREADABLE: u32 = u32::MAX - 2;

impl Lookup {
    /// Looks `values` up in the databases that the item's `db` names, or that are found under `names`, one a group.
    ///
    /// # Errors
    /// There is none, one cannot be used, or has none of the values.
    pub(crate) fn open(args: &Args, names: &[&[&str]], values: &'static [Value]) -> anyhow::Result<Lookup> {
        let item = args.spec.name;
        let mut paths = args.files("db");
        if paths.is_empty() {
            paths = find(names).context(item)?;
        }
        if paths.len() > MAX_DATABASES {
            bail!("{item}: at most {MAX_DATABASES} databases");
        }
        let read = move |paths: &[PathBuf]| paths.iter().map(|path| opened(item, path, values)).collect();
        Ok(Lookup::new(Arc::new(Renewed::new(paths, Box::new(read))?), values))
    }

    fn new(renewed: Arc<Renewed<Set>>, values: &'static [Value]) -> Lookup {
        let (version, set) = renewed.now();
        Lookup {
            renewed,
            set,
            version,
            is_old: false,
            values,
            keys: values.iter().flat_map(|v| v.keys).map(key_text).collect(),
            hash: ahash::RandomState::new(),
            recent: vec![(Address::NONE, UNKNOWN); RECENT_ADDRESSES].into(),
            places: Map::default(),
            rendered: Rendered::of(values.len()),
        }
    }

    /// The same with nothing remembered.
    pub(crate) fn another(&self) -> Lookup {
        Lookup::new(Arc::clone(&self.renewed), self.values)
    }

    /// Some time may pass: with the next line the files are looked at again.
    pub(crate) fn pause(&mut self) {
        self.is_old = true;
    }

    /// What the user should be told after the run.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.renewed.notes()
    }

    /// Puts what the databases have on both ends into the line.
    #[inline]
    pub(crate) fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if self.is_old {
            self.renew();
        }
        // Only here, so that both ends' places hold until they are used.
        if self.places.len() + 2 > RENDERED_RECORDS || self.rendered.bytes.len() > RENDERED_BYTES {
            self.forget();
        }
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        let places = ends.map(|end| end.map_or(NOTHING, |address| self.place(address)));
        for value in 0..self.values.len() {
            for (end, place) in places.iter().enumerate() {
                let text = self.rendered.value(*place, value);
                if !text.is_empty() {
                    let column = 2 * value + end;
                    record.put_keyed(column, &self.keys[column], text);
                }
            }
        }
        if places.contains(&UNREADABLE) { Outcome::Damaged } else { Outcome::of(ends.iter().any(Option::is_some)) }
    }

    /// Takes what the files have by now.
    #[cold]
    fn renew(&mut self) {
        self.is_old = false;
        self.renewed.look();
        if self.renewed.version() != self.version {
            (self.version, self.set) = self.renewed.now();
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.places.clear();
        self.rendered.clear();
        self.recent.fill((Address::NONE, UNKNOWN));
    }

    /// The place of an address's record.
    #[inline]
    fn place(&mut self, address: Address) -> u32 {
        let slot = self.hash.hash_one(address) as usize % RECENT_ADDRESSES;
        match self.recent[slot] {
            (known, place) if known == address && place != UNKNOWN => place,
            _ => self.look_up(address, slot),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, address: Address, slot: usize) -> u32 {
        let place = match found(&self.set, address) {
            Err(Damaged) => UNREADABLE,
            Ok(found) if found.iter().all(Option::is_none) => NOTHING,
            Ok(found) => match self.places.get(&found) {
                Some(place) => *place,
                None => {
                    let place = self.rendered.add(self.values, &self.set, address);
                    self.places.insert(found, place);
                    place
                }
            },
        };
        self.recent[slot] = (address, place);
        place
    }
}

/// Where each database has the record of an address.
fn found(set: &Set, address: Address) -> Result<Found, Damaged> {
    let mut found = [None; MAX_DATABASES];
    for (found, database) in found.iter_mut().zip(set) {
        *found = match &database.content {
            Content::Legacy(legacy) => legacy.find(address.0).map_err(|()| Damaged)?,
            Content::MaxMind { reader, .. } => match reader.lookup(address.0) {
                Ok(found) => found.offset(),
                Err(e) if is_damage(&e) => return Err(Damaged),
                // An IPv6 address, and the database has IPv4 alone.
                Err(_) => None,
            },
        };
    }
    Ok(found)
}

/// The values of records as JSON, one after the other.
struct Rendered {
    bytes: Vec<u8>,
    /// Where each value ends and the next begins; those of a record follow each other. An absent value is empty.
    ends: Vec<u32>,
    /// Values a record.
    values: usize,
}

impl Rendered {
    fn of(values: usize) -> Rendered {
        Rendered { bytes: Vec::new(), ends: Vec::new(), values }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Renders what the databases have of an address; answers its place, or that it cannot be read.
    fn add(&mut self, values: &[Value], set: &Set, address: Address) -> u32 {
        let place = self.ends.len() / self.values;
        let mut is_readable = true;
        for value in values {
            is_readable &= write_first(value, set, address, &mut self.bytes).is_ok();
            self.ends.push(self.bytes.len() as u32);
        }
        if is_readable { place as u32 } else { UNREADABLE }
    }

    /// A value of the record at a place; empty where there is none.
    #[inline]
    fn value(&self, place: u32, value: usize) -> &[u8] {
        let at = place as usize * self.values + value;
        let Some(end) = self.ends.get(at) else { return &[] };
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..*end as usize]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::values::Form;
    use flow_record::record::splice::Splice;
    use flow_record::scan::{Clean, Scanner};
    use maxminddb::PathElement::Key;
    use std::path::Path;

    static COUNTRY: [Value; 1] = [Value {
        ways: &[&[Key("country"), Key("iso_code")]],
        form: Form::Country,
        legacy: None,
        keys: ["src_country", "dst_country"],
    }];

    fn lookup(name: &str) -> Lookup {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        let read = |paths: &[PathBuf]| paths.iter().map(|path| Database::open(path)).collect();
        Lookup::new(Arc::new(Renewed::new(vec![path], Box::new(read)).unwrap()), &COUNTRY)
    }

    fn enriched(lookup: &mut Lookup, src: &str, dst: &str) -> (String, Outcome) {
        let line = format!("{{\"src_ip\":\"{src}\",\"dst_ip\":\"{dst}\"}}");
        let mut scanner = Scanner::watching(&COUNTRY[0].keys);
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let mut splice = Splice::default();
        let outcome = lookup.enrich(&mut Record::new(&line, &mut splice, 0, false));
        let mut out = Vec::new();
        splice.apply(&line, &mut out);
        (String::from_utf8(out).unwrap(), outcome)
    }

    #[test]
    fn what_is_remembered_is_what_was_looked_up() {
        let mut lookup = lookup("city.mmdb");
        for _ in 0..3 {
            for (dst, country) in [("89.160.20.9", ",\"dst_country\":\"SE\"}"), ("8.8.8.8", "}"), ("0.0.0.0", "}")] {
                let (out, outcome) = enriched(&mut lookup, "81.2.69.160", dst);
                assert!(out.trim_end().ends_with(&format!(",\"src_country\":\"GB\"{country}")), "{out}");
                assert_eq!(outcome, Outcome::Done);
            }
        }
        assert_eq!(lookup.places.len(), 2);
    }

    #[test]
    fn forgetting_everything_changes_nothing() {
        let mut lookup = lookup("city.mmdb");
        let first = enriched(&mut lookup, "81.2.69.160", "89.160.20.9");
        lookup.rendered.bytes.resize(RENDERED_BYTES + 1, b' ');
        assert_eq!(enriched(&mut lookup, "81.2.69.160", "89.160.20.9"), first);
        assert!(lookup.rendered.bytes.len() < 200 && lookup.places.len() == 2);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told_of_each_time_and_the_other_end_is_enriched() {
        let mut lookup = lookup("broken-undescribed.mmdb");
        for _ in 0..2 {
            let (out, outcome) = enriched(&mut lookup, "203.0.113.9", "81.2.69.160");
            assert!(out.ends_with("\"dst_ip\":\"81.2.69.160\",\"dst_country\":\"GB\"}\n"), "{out}");
            assert_eq!(outcome, Outcome::Damaged);
        }
    }
}
