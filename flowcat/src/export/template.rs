//! A template, compiled once: for each field that is wanted its offset, its length and where it goes.
//!
//! Sources: RFC 3954, sections 5.2 and 6.1; RFC 7011, sections 3.4 and 7. Invariants: a record of a template takes at
//! least one byte, so that a set of records has an end; no step reads beyond the record. Bound: [`FIELDS`] fields.

use super::element::{Field, Form, Load, Slot, Type, VARIABLE, meaning, name};
use super::extra;
use super::limits::{DATAGRAM, FIELDS};
use super::values::Values;
use flow_record::value::text::write_json;

/// How long a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// All records have so many bytes.
    Fixed(usize),
    /// There are fields of variable length; no record is shorter.
    AtLeast(usize),
}

/// A compiled template.
#[derive(Debug)]
pub(super) struct Template {
    /// As it was exported.
    pub(super) fields: Box<[Field]>,
    /// How many of the first fields are scopes; `None` in a template of flows.
    pub(super) scopes: Option<usize>,
    pub(super) length: Length,
    steps: Box<[Step]>,
    /// Of fields that are kept as members, what stands before the value, `,"name":`, and its type.
    names: Box<[(Box<[u8]>, Type)]>,
}

/// What is done with one field.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Where in a record of fixed length it begins.
    offset: u16,
    length: u16,
    load: Load,
    /// Number of its name, where it is kept as a member; else [`NO_MEMBER`].
    member: u16,
}

/// No name has this number: there are fewer fields.
const NO_MEMBER: u16 = u16::MAX;

/// Why a template is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    TooManyFields,
    NoLength,
    TooLong,
    /// An options template without a scope, or with more scopes than fields.
    NoScope,
}

impl Refusal {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Refusal::TooManyFields => "has more than 1024 fields",
            Refusal::NoLength => "has records of no length",
            Refusal::TooLong => "has records of more than 65535 bytes",
            Refusal::NoScope => "has no scope, or more scopes than fields",
        }
    }
}

/// Who exported a template, and what is to become of its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// Elements 23 and 24 count the other direction, as in NetFlow 9; in IPFIX they count the same again, behind a
    /// middlebox (RFC 7012).
    pub(super) out_is_reverse: bool,
    /// Fields that are none of the record's are kept as members.
    pub(super) keeps: bool,
}

impl Template {
    /// Compiles the fields of a template, in one of options with the number of those that are its scopes.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(super) fn compile(fields: &[Field], scopes: Option<usize>, habit: Habit) -> Result<Template, Refusal> {
        if fields.len() > FIELDS {
            return Err(Refusal::TooManyFields);
        }
        if scopes.is_some_and(|scopes| scopes > fields.len()) {
            return Err(Refusal::NoScope);
        }
        let least: usize = fields.iter().map(|f| if f.length == VARIABLE { 1 } else { usize::from(f.length) }).sum();
        let is_fixed = fields.iter().all(|f| f.length != VARIABLE);
        match least {
            0 => return Err(Refusal::NoLength),
            _ if least > DATAGRAM => return Err(Refusal::TooLong),
            _ => {}
        }
        let loads = loads(fields, habit);
        let mut names = Vec::new();
        let mut steps: Vec<Step> = Vec::new();
        let mut offset = 0;
        for (field, load) in fields.iter().zip(&loads) {
            let is_kept = *load == Load::Skip && habit.keeps && scopes.is_none() && field.length > 0;
            let member = if is_kept { names.len() as u16 } else { NO_MEMBER };
            if is_kept {
                add_name(field, &mut names);
            }
            let step = Step { offset, length: field.length, load: *load, member };
            if !is_fixed || *load != Load::Skip || is_kept {
                steps.push(step);
            }
            offset = offset.wrapping_add(field.length);
        }
        Ok(Template {
            fields: fields.into(),
            scopes,
            length: if is_fixed { Length::Fixed(least) } else { Length::AtLeast(least) },
            steps: steps.into(),
            names: names.into(),
        })
    }

    /// Bytes that it takes up.
    pub(super) fn weight(&self) -> usize {
        let names: usize = self.names.iter().map(|(name, kind)| name.len() + size_of_val(&(name, kind))).sum();
        size_of::<Template>() + size_of_val::<[Field]>(&self.fields) + size_of_val::<[Step]>(&self.steps) + names + 64
    }

    /// Reads the record at the beginning of `bytes`, which are at least as many as the shortest record has; answers its
    /// length, `None` where it goes beyond them.
    #[inline]
    pub(super) fn read(&self, bytes: &[u8], values: &mut Values, extras: &mut Vec<u8>) -> Option<usize> {
        values.clear();
        extras.clear();
        match self.length {
            Length::Fixed(length) => {
                let record = bytes.get(..length)?;
                for step in &self.steps {
                    let start = usize::from(step.offset);
                    self.step(step, record.get(start..start + usize::from(step.length))?, values, extras);
                }
                Some(length)
            }
            Length::AtLeast(_) => self.read_variable(bytes, values, extras),
        }
    }

    fn read_variable(&self, bytes: &[u8], values: &mut Values, extras: &mut Vec<u8>) -> Option<usize> {
        let mut rest = bytes;
        for step in &self.steps {
            let length = match step.length {
                VARIABLE => variable_length(&mut rest)?,
                fixed => usize::from(fixed),
            };
            let (field, after) = rest.split_at_checked(length)?;
            rest = after;
            if step.load != Load::Skip || step.member != NO_MEMBER {
                self.step(step, field, values, extras);
            }
        }
        Some(bytes.len() - rest.len())
    }

    #[inline]
    fn step(&self, step: &Step, field: &[u8], values: &mut Values, extras: &mut Vec<u8>) {
        if let Some((name, kind)) = self.names.get(usize::from(step.member)) {
            let before = extras.len();
            extras.extend_from_slice(name);
            if !extra::write(*kind, field, extras) {
                extras.truncate(before);
            }
            return;
        }
        values.load(step.load, field);
    }
}

/// The length of a field of variable length, which stands before it (RFC 7011, section 7).
fn variable_length(rest: &mut &[u8]) -> Option<usize> {
    let (length, used) = match rest {
        [255, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 3),
        [255, ..] | [] => return None,
        [length, ..] => (usize::from(*length), 1),
    };
    *rest = rest.get(used..)?;
    Some(length)
}

/// What becomes of each field: of two that say the same the later counts, which is of the inner header (RFC 7011, section
/// 8), or the more exact time.
fn loads(fields: &[Field], habit: Habit) -> Vec<Load> {
    let has = |slot| fields.iter().filter_map(meaning).any(|load| load.slot() == Some(slot));
    let alone = [
        (Slot::OutBytes, Slot::Bytes, has(Slot::Bytes) || has(Slot::TotalBytes)),
        (Slot::OutPackets, Slot::Packets, has(Slot::Packets) || has(Slot::TotalPackets)),
    ];
    let mut loads: Vec<Load> = Vec::with_capacity(fields.len());
    // Where each slot is filled from, so that a template of many fields takes no longer than its length.
    let mut from = [None; u8::MAX as usize + 1];
    for field in fields {
        let mut load = meaning(field).unwrap_or(Load::Skip);
        for (out, own, is_there) in alone {
            if load == Load::Number(out) && !(habit.out_is_reverse && is_there) {
                load = if is_there { Load::Skip } else { Load::Number(own) };
            }
        }
        let Some(slot) = load.slot().filter(|_| !matches!(load, Load::Flags(_))) else {
            loads.push(load);
            continue;
        };
        let before: &mut Option<usize> = &mut from[slot as usize];
        match before.map(|at| (at, loads[at])) {
            None => *before = Some(loads.len()),
            Some((at, old)) if form(load) >= form(old) => {
                loads[at] = Load::Skip;
                *before = Some(loads.len());
            }
            Some(_) => load = Load::Skip,
        }
        loads.push(load);
    }
    if fields.iter().filter(|field| meaning(field) == Some(Load::Number(Slot::Protocol))).count() > 1 {
        for versions in [[Slot::Src4, Slot::Src6], [Slot::Dst4, Slot::Dst6]] {
            if let [Some(v4), Some(v6)] = versions.map(|slot| from[slot as usize]) {
                loads[v4.min(v6)] = Load::Skip;
            }
        }
    }
    loads
}

fn form(load: Load) -> Option<Form> {
    match load {
        Load::Time(_, form) => Some(form),
        _ => None,
    }
}

/// Adds what stands before the value of a field; a name that is there already gets a number.
fn add_name(field: &Field, names: &mut Vec<(Box<[u8]>, Type)>) {
    let (name, kind) = name(field);
    let written = |name: &str| {
        let mut text = vec![b','];
        write_json(name, &mut text);
        text.push(b':');
        text.into_boxed_slice()
    };
    let mut text = written(&name);
    let mut number = 2;
    while names.iter().any(|(other, _)| *other == text) {
        text = written(&format!("{name}_{number}"));
        number += 1;
    }
    names.push((text, kind));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HABIT: Habit = Habit { out_is_reverse: false, keeps: true };

    fn field(id: u16, length: u16) -> Field {
        Field { id, length, enterprise: 0 }
    }

    fn read(fields: &[Field], record: &[u8]) -> Option<(usize, [Option<u64>; 3], String)> {
        let template = Template::compile(fields, None, HABIT).unwrap();
        let (mut values, mut extras) = (Values::default(), Vec::new());
        let used = template.read(record, &mut values, &mut extras)?;
        let seen = [Slot::Bytes, Slot::Packets, Slot::SrcPort].map(|slot| values.get(slot));
        Some((used, seen, String::from_utf8(extras).unwrap()))
    }

    #[test]
    fn fields_of_any_size_are_read_where_they_stand() {
        let fields = [field(56, 2), field(1, 3), field(2, 8), field(7, 2)];
        let record = [9, 9, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 1, 187];
        let (used, seen, extras) = read(&fields, &record).unwrap();
        assert_eq!((used, seen), (15, [Some(65_538), Some(7), Some(443)]));
        assert_eq!(extras, ",\"sourceMacAddress\":\"0909\"");
    }

    #[test]
    fn a_field_of_variable_length_says_its_length_in_one_byte_or_three() {
        let fields = [field(82, VARIABLE), field(7, 2), field(371, VARIABLE)];
        let long = [&[255, 1, 0][..], &[b'a'; 256], &[0, 53, 0]].concat();
        let (used, seen, extras) = read(&fields, &long).unwrap();
        assert_eq!((used, seen[2], extras.len()), (long.len(), Some(53), 256 + 19));
        for cut in 0..long.len() {
            assert!(read(&fields, &long[..cut]).is_none(), "{cut}");
        }
    }

    #[test]
    fn a_record_of_no_length_is_refused() {
        let refused = |fields: &[Field]| Template::compile(fields, None, HABIT).err();
        assert_eq!(refused(&[]), Some(Refusal::NoLength));
        assert_eq!(refused(&[field(1, 0), field(2, 0)]), Some(Refusal::NoLength));
        assert_eq!(refused(&[field(1, 0), field(2, 1)]), None);
        assert_eq!(refused(&[field(210, 65_534), field(2, 1)]), None);
        assert_eq!(refused(&[field(210, 65_534), field(2, 2)]), Some(Refusal::TooLong));
        assert_eq!(refused(&[field(2, 1); FIELDS]), None);
        assert_eq!(refused(&[field(2, 1); FIELDS + 1]), Some(Refusal::TooManyFields));
        assert_eq!(Template::compile(&[field(2, 1)], Some(2), HABIT).err(), Some(Refusal::NoScope));
    }

    #[test]
    fn of_two_fields_that_say_the_same_one_counts_and_the_other_is_kept() {
        let (_, seen, extras) = read(&[field(7, 1), field(7, 1)], &[1, 2]).unwrap();
        assert_eq!((seen[2], &*extras), (Some(2), ",\"sourceTransportPort\":1"));
        // A packet of IPv4 in one of IPv6.
        let tunnel = [field(27, 16), field(4, 1), field(8, 4), field(4, 1)];
        let (_, _, extras) = read(&tunnel, &[[0; 15].as_slice(), &[1, 4, 10, 0, 0, 1, 6]].concat()).unwrap();
        assert_eq!(extras, ",\"sourceIPv6Address\":\"::1\",\"protocolIdentifier\":4");
        let (_, _, extras) = read(&[field(61, 1), field(61, 1)], &[1, 2]).unwrap();
        assert_eq!(extras, ",\"flowDirection\":1,\"flowDirection_2\":2");
        let (_, _, extras) = read(&[field(150, 4), field(152, 8)], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(extras, ",\"flowStartSeconds\":\"1970-01-01T00:00:01.000Z\"");
    }

    #[test]
    fn counters_behind_a_middlebox_count_where_there_are_no_others() {
        let (_, seen, _) = read(&[field(23, 1), field(24, 1)], &[1, 2]).unwrap();
        assert_eq!(seen, [Some(1), Some(2), None]);
        let (_, seen, extras) = read(&[field(1, 1), field(23, 1)], &[1, 2]).unwrap();
        assert_eq!((seen[0], &*extras), (Some(1), ",\"postOctetDeltaCount\":2"));
    }
}
