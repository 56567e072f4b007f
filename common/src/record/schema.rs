//! JSON Schema (2020-12) of flow lines, made from the table of fields, and what the schemas of other lines are made of.
//!
//! Invariant: a line that the scanner accepts is valid by the open form, and an object that it rejects for the value of a
//! member is not. Unknown members are allowed, as everywhere on the pipe; [`Form::Closed`] forbids them, for tests of what
//! is written.

use super::field::{ADDED, Field, Kind, MAX_INTEGER, RECORD, known};
use crate::value::number::{MAX_NANOS, NANOS};
use serde_json::{Map, Value, json};

/// Whether only what this suite writes is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What any program may write: what the scanner accepts, and nothing else, is asked of a line. What this suite writes
    /// in a member of its own stands under `written`, which no validator heeds.
    Open,
    /// It is; members that are not described are forbidden.
    Closed,
}

/// The years that a time in nanoseconds can have, and the first and last in part.
const YEARS: &str = "^(167[7-9]|16[89][0-9]|1[7-9][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9]|226[0-2])-";

/// What a value of this kind looks like.
fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Time => json!({"type": "string", "format": "date-time", "pattern": YEARS}),
        Kind::Seconds => json!({"type": "number", "minimum": 0, "maximum": MAX_NANOS as f64 / NANOS as f64}),
        Kind::Address => json!({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
        Kind::Integer(max) => json!({"type": "integer", "minimum": 0, "maximum": max}),
        // JSON's readers keep the bound as a float: 2^128.
        Kind::Sum => json!({"type": "integer", "minimum": 0, "maximum": u128::MAX as f64}),
        Kind::Text => json!({"type": "string"}),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Truth => json!({"type": "boolean"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Words => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Numbers => json!({"type": "array", "items": {"type": "number"}}),
        Kind::Object => json!({"type": "object"}),
        Kind::Any => json!({}),
    }
}

/// What a field of a flow looks like on a line that has a `kind`: counts may be sums, addresses networks.
fn row_schema(kind: Kind) -> Value {
    match kind {
        Kind::Integer(MAX_INTEGER) => kind_schema(Kind::Sum),
        Kind::Seconds => json!({"type": "number", "minimum": 0}),
        Kind::Address => {
            json!({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"pattern": NETWORK}]})
        }
        kind => kind_schema(kind),
    }
}

/// An address and the length of its prefix.
const NETWORK: &str =
    "^([0-9]{1,3}[.][0-9.]+/([12]?[0-9]|3[0-2])|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+/([1-9]?[0-9]|1[01][0-9]|12[0-8]))$";

/// What a member of the suite's own looks like; `null` stands for a number that JSON cannot say.
fn own_schema(kind: Kind) -> Value {
    match kind {
        Kind::Number => json!({"type": ["number", "null"]}),
        kind => kind_schema(kind),
    }
}

fn described(schema: Value, field: &Field) -> Value {
    let unit = if field.unit.is_empty() { String::new() } else { format!(" [{}]", field.unit) };
    let mut described = schema;
    described["description"] = format!("{}{unit}", field.about).into();
    described
}

/// A member that the suite writes as `written` says and other programs as they like.
pub(crate) fn own(written: Value, about: &str, form: Form) -> Value {
    let mut own = if form == Form::Closed { written } else { json!({"written": written}) };
    own["description"] = about.into();
    own
}

/// Each field of a flow line, by its name.
fn in_flows() -> Map<String, Value> {
    known().map(|f| (f.name.to_owned(), described(kind_schema(f.kind), f))).collect()
}

/// Each field of a flow line as it may stand in lines that have a `kind`, by its name.
fn in_rows() -> Map<String, Value> {
    let record = RECORD.iter().map(|f| (f.name.to_owned(), described(row_schema(f.kind), f)));
    record.chain(ADDED.iter().map(|f| (f.name.to_owned(), described(kind_schema(f.kind), f)))).collect()
}

/// Members of the suite's own, described, by their names.
pub(crate) fn columns(fields: &[Field], form: Form) -> Map<String, Value> {
    fields
        .iter()
        .map(|f| {
            let written = own_schema(f.kind);
            let schema = if form == Form::Closed { written } else { json!({"written": written}) };
            (f.name.to_owned(), described(schema, f))
        })
        .collect()
}

/// A line with a `kind`, the fields of a flow, and members of its own, where these are fields of a flow in their place.
pub(crate) fn line(title: &str, kind: &str, own: &[Field], form: Form) -> Value {
    let mut properties = in_rows();
    for (name, mut column) in columns(own, form) {
        if let (Form::Open, Some(Value::Object(asked))) = (form, properties.get(&name)) {
            asked.iter().filter(|(key, _)| *key != "description").for_each(|(key, v)| column[key] = v.clone());
        }
        properties.insert(name, column);
    }
    properties.insert("kind".into(), json!({"const": kind, "description": "what the line is"}));
    object(title, properties, json!(["kind"]), form)
}

/// A line of any kind but these.
pub fn other(title: &str, named: &[&str]) -> Value {
    let mut properties = in_rows();
    properties
        .insert("kind".into(), json!({"type": "string", "not": {"enum": named}, "description": "what the line is"}));
    object(title, properties, json!(["kind"]), Form::Open)
}

/// A line with these members.
fn object(title: &str, properties: Map<String, Value>, required: Value, form: Form) -> Value {
    let mut schema = json!({"title": title, "type": "object", "properties": properties, "required": required});
    if form == Form::Closed {
        schema["additionalProperties"] = false.into();
    }
    schema
}

/// The schema of a flow line.
pub fn flow(form: Form) -> Value {
    let mut schema = object("flow", in_flows(), json!([]), form);
    schema["anyOf"] = ["src_ip", "dst_ip", "bytes", "packets"].iter().map(|n| json!({"required": [n]})).collect();
    if form == Form::Open {
        schema["not"] = json!({"required": ["kind"]});
    }
    schema
}

/// A schema that holds for every line that is one of `lines`.
pub fn any_of(tool: &str, lines: Vec<Value>) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:flow-filters:{tool}:1"),
        "title": format!("lines that {tool} writes"),
        "$comment": "written says what these programs write in a member; other programs may write anything there",
        "oneOf": lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_say_what_their_members_are() {
        let list = |kind| kind_schema(kind)["items"]["type"].clone();
        assert_eq!((list(Kind::Words), list(Kind::Numbers)), (json!("string"), json!("number")));
    }
}
