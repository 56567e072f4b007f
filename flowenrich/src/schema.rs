//! The schemas of the lines that `flowenrich` writes: flows and alerts with its fields, and rows, baselines and ticks,
//! whose own columns other programs describe.

use flow_record::alert;
use flow_record::record::schema::{self, Form};
use serde_json::{Value, json};

/// One schema a kind of line; each line fits exactly one.
pub(crate) fn schemas(form: Form) -> Vec<Value> {
    vec![schema::flow(form), alert::schema(&[], form), other()]
}

/// A line of any other kind.
fn other() -> Value {
    json!({
        "title": "row, baseline or tick",
        "type": "object",
        "properties": {"kind": {"type": "string", "not": {"const": "alert"}, "description": "what the line is"}},
        "required": ["kind"],
    })
}
