//! Every line that is written holds to the schema that the program prints, and each column is described in it.

use super::*;

/// Asks of each member what the suite says that it writes there.
fn ask_for_what_is_written(schema: &mut Value) {
    if let Some(all) = schema.as_object_mut() {
        if let Some(Value::Object(written)) = all.remove("written") {
            all.extend(written);
        }
        all.values_mut().for_each(ask_for_what_is_written);
    } else if let Some(all) = schema.as_array_mut() {
        all.iter_mut().for_each(ask_for_what_is_written);
    }
}

/// The schema of `--schema`, with no member allowed that it does not describe.
fn closed() -> Value {
    let mut schema: Value = serde_json::from_str(&lines(&["--schema"], "")).unwrap();
    ask_for_what_is_written(&mut schema);
    for kind in schema["oneOf"].as_array_mut().unwrap() {
        if kind["title"] != "other" && kind["title"] != "alert" {
            kind["additionalProperties"] = false.into();
        }
    }
    schema
}

#[test]
fn every_row_of_every_view_holds_to_the_closed_schema() {
    let validator = jsonschema::validator_for(&closed()).unwrap();
    let input = network(20_000);
    for row in rows(ITEMS, &input).into_iter().chain(rows(&["report"], &input)).chain(rows(&[], "")) {
        if let Err(error) = validator.validate(&row) {
            panic!("{error}: {row}");
        }
    }
    // The test can fail: a member that no view has is not allowed, nor one of the wrong type.
    for bad in [r#"{"kind":"hosts","src_ip":"10.0.0.1","byte":1}"#, r#"{"kind":"hosts","bytes":"1"}"#] {
        assert!(!validator.is_valid(&serde_json::from_str(bad).unwrap()), "{bad}");
    }
}

#[test]
fn every_member_is_described() {
    for kind in closed()["oneOf"].as_array().unwrap() {
        for (name, member) in kind["properties"].as_object().unwrap() {
            assert!(member["description"].as_str().is_some_and(|d| !d.is_empty()), "{}.{name}", kind["title"]);
        }
    }
}
