//! The schemas of the lines that `flowenrich` writes: flows and alerts with its fields, and rows, baselines and ticks,
//! whose own columns other programs describe.

use flow_record::alert;
use flow_record::record::schema::{self, Form};
use serde_json::Value;

/// One schema a kind of line; each line fits exactly one.
pub(crate) fn schemas(form: Form) -> Vec<Value> {
    vec![schema::flow(form), alert::schema(&[], form), schema::other("row, baseline or tick", &["alert"])]
}
