//! JSON Schema (2020-12) of flow lines, made from the table of fields, and what the schemas of other lines are made of.
//!
//! Unknown members are allowed, as everywhere on the pipe; [`Form::Closed`] forbids them, for tests of what is written.

use super::field::{ADDED, Field, Kind, RECORD};
use serde_json::{Map, Value, json};

/// Whether members that are not described are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// They are.
    Open,
    /// They are not.
    Closed,
}

fn field_schema(field: &Field) -> Value {
    let mut schema = match field.kind {
        Kind::Time => json!({"type": "string", "format": "date-time"}),
        Kind::Seconds => json!({"type": "number", "minimum": 0}),
        Kind::Address => json!({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
        Kind::Integer(max) => json!({"type": "integer", "minimum": 0, "maximum": max}),
        Kind::Text => json!({"type": "string"}),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Truth => json!({"type": "boolean"}),
        Kind::Number => json!({"type": ["number", "null"]}),
        Kind::Words => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Numbers => json!({"type": "array", "items": {"type": "number"}}),
        Kind::Object => json!({"type": "object"}),
        Kind::Any => json!({}),
    };
    if let Value::Object(map) = &mut schema {
        let unit = if field.unit.is_empty() { String::new() } else { format!(" [{}]", field.unit) };
        map.insert("description".into(), format!("{}{unit}", field.about).into());
    }
    schema
}

/// Each field described, by its name.
pub(crate) fn properties<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Map<String, Value> {
    fields.into_iter().map(|f| (f.name.to_owned(), field_schema(f))).collect()
}

/// A line with these members, of a kind if it has one.
pub(crate) fn object(
    title: &str,
    mut properties: Map<String, Value>,
    kind: Option<&str>,
    required: Value,
    form: Form,
) -> Value {
    if let Some(kind) = kind {
        properties.insert("kind".into(), json!({"const": kind, "description": "what the line is"}));
    }
    let mut schema = json!({"title": title, "type": "object", "properties": properties});
    schema["required"] = required;
    if form == Form::Closed {
        schema["additionalProperties"] = false.into();
    }
    schema
}

/// The schema of a flow line.
pub fn flow(form: Form) -> Value {
    let mut schema = object("flow", properties(RECORD.iter().chain(ADDED)), None, json!([]), form);
    schema["anyOf"] = ["src_ip", "dst_ip", "bytes", "packets"].iter().map(|n| json!({"required": [n]})).collect();
    if form == Form::Open {
        schema["not"] = json!({"required": ["kind"]});
    }
    schema
}

/// The fields that are addresses, and in keys may be networks.
pub(crate) const NETWORKS: [&str; 4] = ["src_ip", "dst_ip", "exporter", "next_hop"];

/// The schema of an address in a key.
pub(crate) fn network() -> Value {
    json!({"type": "string", "description": "an address or, where so asked, its network"})
}

/// A schema that holds for every line that is one of `lines`.
pub fn any_of(tool: &str, lines: Vec<Value>) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:flow-filters:{tool}:1"),
        "title": format!("lines that {tool} writes"),
        "oneOf": lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_say_what_their_members_are() {
        let list = |kind| field_schema(&Field { name: "x", kind, unit: "", about: "" })["items"]["type"].clone();
        assert_eq!((list(Kind::Words), list(Kind::Numbers)), (json!("string"), json!("number")));
    }
}
