//! The JSON Schema of alerts: the fixed members, whom they are about, and for each detector what its evidence has.

use super::FIELDS;
use crate::item::Spec;
use crate::record::field::{ADDED, RECORD};
use crate::record::schema::{Form, NETWORKS, network, object, properties};
use serde_json::{Value, json};

/// The schema of the alerts of these detectors; of none, that of any alert, whose evidence is its detector's business.
/// Under `as=NAME` a detector's name is any, so that such evidence is that of one of them.
pub fn schema(detectors: &[&Spec], form: Form) -> Value {
    let mut all = properties(RECORD.iter().chain(ADDED).chain(FIELDS));
    if !detectors.is_empty() {
        // Keys may be networks.
        all.extend(NETWORKS.map(|key| (key.to_owned(), network())));
    }
    let required = json!(["kind", "id", "detector", "severity", "score", "reason", "evidence"]);
    let mut schema = object("alert", all, Some("alert"), required, form);
    if !detectors.is_empty() {
        let names: Vec<&str> = detectors.iter().map(|d| d.name).collect();
        let one = |detector: Value, evidence: Value| json!({"if": {"properties": {"detector": detector}}, "then": {"properties": {"evidence": evidence}}});
        let named = detectors.iter().map(|d| one(json!({"const": d.name}), evidence(d, form)));
        let any: Vec<Value> = detectors.iter().map(|d| evidence(d, form)).collect();
        let renamed = one(json!({"not": {"enum": names}}), json!({"anyOf": any}));
        schema["allOf"] = named.chain([renamed]).collect();
    }
    schema
}

/// The evidence of a detector.
fn evidence(detector: &Spec, form: Form) -> Value {
    let mut evidence = json!({"type": "object", "properties": properties(detector.columns)});
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
        assert!(schema(&[], Form::Open).get("allOf").is_none());
    }
}
