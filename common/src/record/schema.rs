//! JSON Schema (2020-12) of the lines on the pipe, made from the tables.
//!
//! Unknown members are allowed, as everywhere on the pipe; [`Form::Closed`] forbids them, for tests of what is written.

use super::field::{ADDED, Field, Kind, RECORD};
use crate::item::Spec;
use serde_json::{Map, Value, json};

/// Whether members that are not described are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// They are.
    Open,
    /// They are not.
    Closed,
}

/// Members that every alert may have, besides the record's.
pub const ALERT: &[Field] = &[
    described("id", Kind::Text, "16 hexadecimal digits of detector, parameters, key and window start"),
    described("detector", Kind::Text, "the detector"),
    described("severity", Kind::Word(&["low", "medium", "high", "critical"]), "how grave it is"),
    described("score", Kind::Number, "0 to 1"),
    described("end", Kind::Time, "start of the last flow of the evidence"),
    described("value", Kind::Number, "the number that was compared"),
    described("threshold", Kind::Number, "what it was compared with"),
    described("reason", Kind::Text, "one sentence for a person"),
    described("technique", Kind::Text, "MITRE ATT&CK technique"),
];

const fn described(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, unit: "", about }
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

fn properties<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Map<String, Value> {
    fields.into_iter().map(|f| (f.name.to_owned(), field_schema(f))).collect()
}

fn object(title: &str, mut properties: Map<String, Value>, kind: Option<&str>, required: Value, form: Form) -> Value {
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

/// The schema of an alert; its evidence has the terms of its detector.
pub fn alert(detectors: &[&Spec], form: Form) -> Value {
    let mut all = properties(RECORD.iter().chain(ADDED).chain(ALERT));
    let terms = properties(detectors.iter().flat_map(|d| d.columns));
    let mut evidence = json!({"type": "object", "properties": terms, "description": "the formula's terms and samples"});
    if form == Form::Closed {
        evidence["additionalProperties"] = false.into();
    }
    all.insert("evidence".into(), evidence);
    let required = json!(["kind", "id", "detector", "severity", "score", "reason", "evidence"]);
    object("alert", all, Some("alert"), required, form)
}

/// The schema of a view's rows. Keys may be any field, prefixes included.
pub fn row(view: &Spec, form: Form) -> Value {
    let mut all = properties(RECORD.iter().chain(ADDED));
    for key in ["src_ip", "dst_ip", "exporter", "next_hop"] {
        all.insert(key.into(), json!({"type": "string", "description": "an address or, where so asked, its network"}));
    }
    all.extend(properties(view.columns));
    object(view.name, all, Some(view.name), json!(["kind"]), form)
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
