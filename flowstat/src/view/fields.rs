//! `fields`: what members the flows have, one row a member, as pandas' `info()`.
//!
//! Members are found by their place in the line before, so that a name is looked up only where lines change. Bound:
//! [`MAX_FIELDS`] names; of more, the first in the order of bytes are shown, and the rest is told.

use super::rows::Rows;
use super::{ToRows, View, ViewState};
use flow_record::item::{Args, Spec};
use flow_record::map::Map;
use flow_record::people::count;
use flow_record::record::field::FieldId;
use flow_record::record::key::Part;
use flow_record::record::{Flow, Kind};
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::state::{Setup, State, Taken};
use flow_record::stats::{Digests, SketchKey};

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "fields",
        about: "the fields that the flows have: type, how many, range, an example",
        explain: "One row for each member that a flow has, by name. present is the number of flows that have it, absent
that of those that do not; null counts as absent. distinct is the number of its distinct values, min and max are the
smallest and the largest: numbers, times and addresses by value, text by bytes.

type is that of the record (time, number, integer, address, text), else that of the JSON values (integer, number, text,
boolean, array, object); several are joined by |. example is one of the values, the same for the same flows.

At most 4096 names are shown, the first in the order of bytes. A value with which the row would be longer than 1 MiB is
left out, and told.",
        params: &[],
        needs: &[],
        columns: &[
            column("field", Kind::Text, "", "name of the member"),
            column("type", Kind::Text, "", "type of its values"),
            column("present", columns::SUM, "flows", "flows that have it"),
            column("absent", columns::SUM, "flows", "flows that do not"),
            column("distinct", columns::SUM, "", "distinct values"),
            column("min", Kind::Any, "", "smallest value"),
            column("max", Kind::Any, "", "largest value"),
            column("example", Kind::Any, "", "one of its values"),
            columns::APPROX,
            columns::APPROX_ERROR,
        ],
        memory: "for each of at most 4096 names up to 65 536 digests of values (17 bytes each), then a sketch of 16 KiB",
        source: "pandas DataFrame.info; sketch: HyperLogLog, Flajolet et al. (2007)",
    },
    build,
    flows_only: "a baseline does not keep the members of flows; flows are needed",
};

/// Names that are shown.
const MAX_FIELDS: usize = 4096;

/// Types of values; a member's are the bits that are set.
const TYPES: [&str; 8] = ["time", "address", "integer", "number", "text", "boolean", "array", "object"];

fn build(_: &Args, _: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Fields::default()))
}

#[derive(Clone, Default)]
struct Fields {
    flows: u64,
    known: Vec<Known>,
    /// Place in `known` by name.
    index: Map<Box<str>, usize>,
    /// Place in `known` by place in the line.
    last: Vec<usize>,
    /// Names that were left out.
    dropped: u64,
    key: SketchKey,
    scratch: Vec<u8>,
}

/// What is known of one member.
#[derive(Clone)]
struct Known {
    name: Box<str>,
    /// The key as it stood in a line, quotes included.
    token: Box<str>,
    field: Option<FieldId>,
    types: u8,
    present: u64,
    distinct: Digests,
    min: Part,
    max: Part,
    /// The value of the smallest digest.
    example: (u128, Part),
}

/// A field's value as the record has it.
fn of_record(flow: &Flow, id: FieldId) -> Option<(usize, Part)> {
    Some(match id.field().kind {
        Kind::Time => (0, Part::Time(flow.time()?)),
        Kind::Address => (1, Part::Address(flow.address(id)?)),
        Kind::Integer(_) => (2, Part::Integer(flow.integer(id)?)),
        Kind::Seconds => (3, Part::Seconds(flow.duration()?)),
        _ => (4, Part::Text(flow.text(id)?.into())),
    })
}

/// Type and value of a JSON value; none of `null`.
fn of_token(token: &str) -> Option<(usize, Part)> {
    let part = Part::from_json(token)?;
    let kind = match (&part, token.as_bytes().first()?) {
        (_, b'[') => 6,
        (_, b'{') => 7,
        (Part::Truth(_), _) => 5,
        (Part::Text(_), _) => 4,
        (Part::Integer(_), _) => 2,
        _ => 3,
    };
    Some((kind, part))
}

impl Known {
    fn new(name: Box<str>, token: &str, part: &Part) -> Known {
        Known {
            field: FieldId::named(&name),
            name,
            token: token.into(),
            types: 0,
            present: 0,
            distinct: Digests::new(),
            min: part.clone(),
            max: part.clone(),
            example: (u128::MAX, part.clone()),
        }
    }

    fn add(&mut self, kind: usize, part: Part, key: &SketchKey, scratch: &mut Vec<u8>) {
        self.types |= 1 << kind;
        self.present += 1;
        scratch.clear();
        part.write(scratch);
        let digest = self.distinct.insert(scratch, key);
        if part < self.min {
            self.min = part.clone();
        }
        if part > self.max {
            self.max = part.clone();
        }
        if digest < self.example.0 {
            self.example = (digest, part);
        }
    }

    fn merge(&mut self, other: Known, key: &SketchKey) {
        self.types |= other.types;
        self.present += other.present;
        self.distinct.merge(other.distinct, key);
        if other.min < self.min {
            self.min = other.min;
        }
        if other.max > self.max {
            self.max = other.max;
        }
        if other.example.0 < self.example.0 {
            self.example = other.example;
        }
    }

    /// `integer|text`
    fn types(&self) -> String {
        let met = TYPES.iter().enumerate().filter(|(bit, _)| self.types >> bit & 1 == 1);
        met.map(|(_, name)| *name).collect::<Vec<_>>().join("|")
    }

    /// Whether its values have an order that means something.
    fn is_ordered(&self) -> bool {
        self.types & 0b1100_0000 == 0
    }
}

impl Fields {
    /// The place of the member whose key stands at this place of the line.
    fn place(&mut self, at: usize, token: &str, part: &Part) -> usize {
        if let Some(place) = self.last.get(at).copied()
            && self.known.get(place).is_some_and(|k| *k.token == *token)
        {
            return place;
        }
        let name: Box<str> = unquoted(token).into();
        let place = match self.index.get(&name) {
            Some(place) => *place,
            None => {
                self.known.push(Known::new(name.clone(), token, part));
                self.index.insert(name, self.known.len() - 1);
                self.known.len() - 1
            }
        };
        if at < MAX_FIELDS {
            self.last.resize(self.last.len().max(at + 1), 0);
            self.last[at] = place;
        }
        place
    }

    /// Keeps the first names. A name that is among the first in the end was so all the time, so none of its flows is lost.
    fn prune(&mut self) {
        self.known.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.dropped += self.known.len().saturating_sub(MAX_FIELDS) as u64;
        self.known.truncate(MAX_FIELDS);
        self.index = self.known.iter().enumerate().map(|(i, k)| (k.name.clone(), i)).collect();
        self.last.clear();
    }
}

impl State for Fields {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        self.flows += 1;
        let mut walk = Walk::nested(line.text);
        let mut at = 0;
        // A line that was accepted has no error in it.
        while let Ok(Some(member)) = walk.member() {
            let Some((kind, part)) = of_token(member.value) else { continue };
            let place = self.place(at, member.key, &part);
            let known = &mut self.known[place];
            let (kind, part) = known.field.and_then(|id| of_record(line.flow, id)).unwrap_or((kind, part));
            if known.present == 0 {
                (known.min, known.max) = (part.clone(), part.clone());
            }
            known.add(kind, part, &self.key, &mut self.scratch);
            at += 1;
        }
        if self.known.len() >= 2 * MAX_FIELDS {
            self.prune();
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.flows == 0
    }

    fn empty(&self) -> Self {
        Fields { key: self.key.clone(), ..Fields::default() }
    }

    fn merge(&mut self, other: Fields) {
        self.flows += other.flows;
        self.dropped += other.dropped;
        for known in other.known {
            match self.index.get(&known.name) {
                Some(place) => self.known[*place].merge(known, &self.key),
                None => {
                    self.index.insert(known.name.clone(), self.known.len());
                    self.known.push(known);
                }
            }
        }
    }

    fn finish(mut self, rows: &mut Rows<'_>) {
        self.prune();
        if self.dropped > 0 {
            rows.note(format!("more than {MAX_FIELDS} names of fields; the first in the order of bytes are shown"));
        }
        let mut too_long = 0u64;
        for known in &self.known {
            let mut row = rows.row();
            row.text("field", &known.name);
            row.text("type", &known.types());
            row.integer("present", known.present);
            row.integer("absent", self.flows.saturating_sub(known.present));
            row.count("distinct", known.distinct.count());
            let ends = [("min", &known.min), ("max", &known.max)];
            let shown = ends.into_iter().filter(|_| known.is_ordered()).chain([("example", &known.example.1)]);
            for (name, part) in shown {
                too_long += u64::from(!row.json_if_room(name, |out| part.write(out)));
            }
            row.end();
        }
        if too_long > 0 {
            let values = count(too_long, "values");
            rows.note(format!("{values} left out: the row would be longer than 1 MiB, which no filter takes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows};

    #[test]
    fn each_member_has_a_row_by_name() {
        let flows = [
            r#"{"src_ip":"10.0.0.2","bytes":5,"x":1,"tags":["a"],"timestamp":"2026-03-10T08:00:00Z"}"#,
            r#"{"src_ip":"9.0.0.2","bytes":5.0,"x":"y","note":null,"timestamp":"2026-03-09T08:00:00Z"}"#,
            r#"{"bytes":40,"src_ip":"10.0.0.2","x":0.5}"#,
            r#"{ "src_ip" : "2001:DB8::1" , "duration":1.50, "ok":true}"#,
        ];
        let rows = rows("fields", &flows[..3]);
        assert_eq!(column(&rows, "field"), r#""bytes" "src_ip" "tags" "timestamp" "x""#);
        assert_eq!(column(&rows, "type"), r#""integer" "address" "array" "time" "integer|number|text""#);
        assert_eq!((column(&rows, "present"), column(&rows, "absent")), ("3 3 1 2 3".into(), "0 0 2 1 0".into()));
        assert_eq!(column(&rows, "distinct"), "2 2 1 2 3");
        assert_eq!(column(&rows, "min"), r#"5 "9.0.0.2" - "2026-03-09T08:00:00.000Z" 0.5"#);
        assert_eq!(column(&rows, "max"), r#"40 "10.0.0.2" - "2026-03-10T08:00:00.000Z" "y""#);
        assert_eq!(rows[2]["example"].to_string(), r#"["a"]"#);
        let last = crate::view::testing::rows("fields", &flows[3..]);
        assert_eq!(
            (column(&last, "field"), column(&last, "min")),
            (r#""duration" "ok" "src_ip""#.into(), r#"1.5 true "2001:db8::1""#.into())
        );
    }

    #[test]
    fn the_example_is_a_value_and_depends_on_no_order() {
        let mut flows: Vec<String> = (0..50).map(|i| format!(r#"{{"bytes":{i}}}"#)).collect();
        let example = |flows: &[String]| {
            column(&rows("fields", &flows.iter().map(String::as_str).collect::<Vec<_>>()), "example")
        };
        let first = example(&flows);
        assert!(first.parse::<u32>().is_ok_and(|v| v < 50));
        flows.reverse();
        assert_eq!(example(&flows), first);
        flows.rotate_left(7);
        assert_eq!(example(&flows), first);
    }

    #[test]
    fn a_value_that_is_too_long_for_a_row_is_left_out() {
        let flows = ["a", "b"].map(|c| format!(r#"{{"bytes":1,"x":"{}"}}"#, c.repeat(600_000)));
        let rows = rows("fields", &flows.each_ref().map(String::as_str));
        assert_eq!((&rows[1]["field"], &rows[1]["present"], &rows[1]["distinct"]), (&"x".into(), &2.into(), &2.into()));
        let lengths = ["min", "max", "example"].map(|name| rows[1][name].as_str().map(str::len));
        assert_eq!(lengths, [Some(600_000), None, None]);
    }

    #[test]
    fn of_too_many_names_the_first_are_kept_with_all_their_flows() {
        let flows: Vec<String> =
            (0..3 * MAX_FIELDS).rev().map(|i| format!(r#"{{"bytes":1,"n{i:06}":1,"n000001":2}}"#)).collect();
        let flows: Vec<&str> = flows.iter().filter(|f| !f.contains("n000001\":1")).map(String::as_str).collect();
        let rows = rows("fields", &flows);
        assert_eq!(rows.len(), MAX_FIELDS);
        assert_eq!(column(&rows[..3], "field"), r#""bytes" "n000000" "n000001""#);
        assert_eq!(column(&rows[..3], "present"), format!("{0} 1 {0}", flows.len()));
    }
}
