//! The JSON Schema of alerts: the fixed members, whom they are about, and for each detector what its evidence has.

use super::FIELDS;
use crate::item::Spec;
use crate::record::Field;
use crate::record::schema::{Form, columns, line, own};
use serde_json::{Value, json};

/// Keys of flowstat's rows that are no fields of a flow; alerts on rows have them.
const ROW_KEYS: [(&str, &str); 5] = [
    ("host", "of a row: the host"),
    ("hour_of_week", "of a row: the hour of the week"),
    ("date", "of a row: the date"),
    ("name", "of a row: the protocol's name"),
    ("field", "of a row: the field"),
];

/// The schema of the alerts of these detectors; of none, that of any alert, whose evidence is its detector's business.
/// Under `as=NAME` a detector's name is any, so that such evidence is that of one of them.
pub fn schema(detectors: &[&Spec], form: Form) -> Value {
    // What stands in `flows` are flows that were summed.
    let own_fields: Vec<Field> = FIELDS.iter().filter(|f| f.name != "kind").copied().collect();
    let mut schema = line("alert", "alert", &own_fields, form);
    for (name, about) in ROW_KEYS.iter().filter(|_| !detectors.is_empty()) {
        schema["properties"][name] = own(json!({"type": ["string", "integer"]}), about, form);
    }
    let mut written = json!({"required": ["kind", "id", "detector", "severity", "score", "reason", "evidence"]});
    if !detectors.is_empty() {
        let names: Vec<&str> = detectors.iter().map(|d| d.name).collect();
        let one = |detector: Value, evidence: Value| json!({"if": {"properties": {"detector": detector}}, "then": {"properties": {"evidence": evidence}}});
        let named = detectors.iter().map(|d| one(json!({"const": d.name}), evidence(d, form)));
        let any: Vec<Value> = detectors.iter().map(|d| evidence(d, form)).collect();
        let renamed = one(json!({"not": {"enum": names}}), json!({"anyOf": any}));
        written["allOf"] = named.chain([renamed]).collect();
    }
    match (form, &mut schema, written) {
        (Form::Closed, Value::Object(schema), Value::Object(written)) => schema.extend(written),
        (_, schema, written) => schema["written"] = written,
    }
    schema
}

/// The evidence of a detector.
fn evidence(detector: &Spec, form: Form) -> Value {
    let mut evidence = json!({"type": "object", "properties": columns(detector.columns, Form::Closed)});
    if form == Form::Closed {
        evidence["additionalProperties"] = false.into();
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::columns::{integer, text};

    const fn detector(name: &'static str, columns: &'static [crate::record::Field]) -> Spec {
        Spec { name, about: "", explain: "", params: &[], needs: &[], columns, memory: "", source: "" }
    }

    static A: Spec = detector("a", &[integer("n", "", "as a number")]);
    static B: Spec = detector("b", &[text("n", "as a text")]);

    #[test]
    fn each_detector_has_its_own_evidence() {
        let made = schema(&[&A, &B], Form::Closed);
        let rules = made["allOf"].as_array().map_or(0, Vec::len);
        assert_eq!(rules, 3);
        let of = |i: usize| &made["allOf"][i]["then"]["properties"]["evidence"]["properties"]["n"];
        assert_eq!((&of(0)["type"], &of(1)["type"]), (&json!("integer"), &json!("string")));
        assert_eq!(made["allOf"][1]["if"]["properties"]["detector"]["const"], "b");
        assert_eq!(schema(&[&A, &B], Form::Open)["written"]["allOf"].as_array().map_or(0, Vec::len), 3);
        assert!(schema(&[], Form::Closed).get("allOf").is_none());
    }
}
