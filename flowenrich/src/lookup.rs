//! Members out of a database, remembered: by record, rendered once, and by address, so that an address met again costs
//! one hash and one comparison.
//!
//! Invariant: what is remembered changes the speed and nothing else. Bounds: [`RECENT_ADDRESSES`],
//! [`RENDERED_RECORDS`], [`RENDERED_BYTES`]; when rendered records exceed theirs, all are forgotten.

use crate::database::Database;
use crate::enrich::Outcome;
use crate::limit::{RECENT_ADDRESSES, RENDERED_BYTES, RENDERED_RECORDS, SAMPLED_NETWORKS};
use crate::record::{Record, key_text};
use anyhow::{Context, bail};
use flow_record::item::Args;
use flow_record::map::Map;
use flow_record::value::{Address, number, text};
use maxminddb::{LookupResult, MaxMindDbError, PathElement, WithinOptions};
use std::sync::Arc;

/// One value of a record and the two members that it becomes.
pub(crate) struct Value {
    /// Where in the record it is.
    pub(crate) path: &'static [PathElement<'static>],
    /// What it is.
    pub(crate) form: Form,
    /// The member's name for the source and for the destination; columns 2i and 2i+1 for value i.
    pub(crate) keys: [&'static str; 2],
}

/// What a value is in the database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A text.
    Text,
    /// An unsigned integer of at most 32 bits.
    Integer,
    /// A finite number.
    Number,
}

/// Looks up both ends of lines; one a thread.
pub(crate) struct Lookup {
    database: Arc<Database>,
    values: &'static [Value],
    /// The rendered key of each column.
    keys: Vec<Vec<u8>>,
    hash: ahash::RandomState,
    /// The place in `rendered` of the address last met with each hash.
    recent: Box<[(Address, u32)]>,
    /// The place in `rendered` of the record at an offset of the database.
    places: Map<usize, u32>,
    rendered: Rendered,
}

/// Not met yet.
const UNKNOWN: u32 = u32::MAX;
/// Met, and there is no record.
const NOTHING: u32 = u32::MAX - 1;
/// Met, and its record cannot be read.
const UNREADABLE: u32 = u32::MAX - 2;

impl Lookup {
    /// Looks `values` up in the database that the item's `db` names, or that is found under one of `names`.
    ///
    /// # Errors
    /// There is none, it cannot be used, or it has none of the values.
    pub(crate) fn open(args: &Args, names: &[&str], values: &'static [Value]) -> anyhow::Result<Lookup> {
        let item = args.spec.name;
        let database = match args.file("db") {
            Some(path) => Database::open(&path),
            None => Database::find(names),
        };
        let database = database.context(item)?;
        let name = database.path.display();
        match holds(&database, values) {
            Ok(true) => {}
            Ok(false) => {
                let kind = &database.reader.metadata().database_type;
                bail!("{item}: {name}: a database of type {kind:?} has nothing that {item} adds");
            }
            Err(e) => bail!("{item}: {name}: damaged MaxMind database: {e}"),
        }
        Ok(Lookup::new(Arc::new(database), values))
    }

    fn new(database: Arc<Database>, values: &'static [Value]) -> Lookup {
        Lookup {
            database,
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
        Lookup::new(Arc::clone(&self.database), self.values)
    }

    /// Puts what the database has on both ends into the line.
    #[inline]
    pub(crate) fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
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
        let place = match self.database.reader.lookup(address.0) {
            Ok(found) => match found.offset() {
                Some(offset) => *self.places.entry(offset).or_insert_with(|| self.rendered.add(self.values, &found)),
                None => NOTHING,
            },
            Err(e) if is_damage(&e) => UNREADABLE,
            // An IPv6 address, and the database has IPv4 alone.
            Err(_) => NOTHING,
        };
        self.recent[slot] = (address, place);
        place
    }
}

/// Whether an error means that the database is damaged, rather than that it has something else.
fn is_damage(error: &MaxMindDbError) -> bool {
    matches!(error, MaxMindDbError::InvalidDatabase { .. } | MaxMindDbError::ResourceLimit { .. })
}

/// Whether one of the first networks of the database has one of these values. Of a database that could not be checked
/// as a whole all of them are read.
fn holds(database: &Database, values: &[Value]) -> Result<bool, MaxMindDbError> {
    let mut any = false;
    let mut text = Vec::new();
    for network in database.reader.networks(WithinOptions::default())?.take(SAMPLED_NETWORKS) {
        let found = network?;
        for value in values {
            any |= write(value, &found, &mut text)?;
        }
        if any && database.is_checked {
            break;
        }
        text.clear();
    }
    Ok(any)
}

/// Appends a value as JSON; false where the record does not have it, or has something else in its place.
///
/// # Errors
/// The database is damaged.
fn write(value: &Value, found: &LookupResult<'_, Vec<u8>>, out: &mut Vec<u8>) -> Result<bool, MaxMindDbError> {
    let result = match value.form {
        Form::Text => found.decode_path::<&str>(value.path).map(|v| v.map(|v| text::write_json(v, out))),
        Form::Integer => {
            found.decode_path::<u32>(value.path).map(|v| v.map(|v| number::write_integer(u64::from(v), out)))
        }
        Form::Number => {
            let finite = found.decode_path::<f64>(value.path).map(|v| v.filter(|v| v.is_finite()));
            finite.map(|v| v.map(|v| number::write_float(v, out)))
        }
    };
    match result {
        Ok(written) => Ok(written.is_some()),
        Err(e) if is_damage(&e) => Err(e),
        Err(_) => Ok(false),
    }
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

    /// Renders a record; answers its place, or that it cannot be read.
    fn add(&mut self, values: &[Value], found: &LookupResult<'_, Vec<u8>>) -> u32 {
        let place = self.ends.len() / self.values;
        let mut is_readable = true;
        for value in values {
            is_readable &= write(value, found, &mut self.bytes).is_ok();
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
    use flow_record::record::splice::Splice;
    use flow_record::scan::{Clean, Scanner};
    use maxminddb::PathElement::Key;
    use std::path::Path;

    static COUNTRY: [Value; 1] =
        [Value { path: &[Key("country"), Key("iso_code")], form: Form::Text, keys: ["src_country", "dst_country"] }];

    fn lookup(name: &str) -> Lookup {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        Lookup::new(Arc::new(Database::open(&path).unwrap()), &COUNTRY)
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
