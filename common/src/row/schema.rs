//! The JSON Schema of a view's rows, made from its columns.

use crate::item::Spec;
use crate::record::schema::{Form, line};
use serde_json::Value;

/// The schema of a view's rows. Keys may be any field, prefixes included.
pub fn schema(view: &Spec, form: Form) -> Value {
    line(view.name, view.name, view.columns, form)
}
