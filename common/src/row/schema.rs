//! The JSON Schema of a view's rows, made from its columns.

use crate::item::Spec;
use crate::record::field::{ADDED, RECORD};
use crate::record::schema::{Form, NETWORKS, network, object, properties};
use serde_json::{Value, json};

/// The schema of a view's rows. Keys may be any field, prefixes included.
pub fn schema(view: &Spec, form: Form) -> Value {
    let mut all = properties(RECORD.iter().chain(ADDED));
    all.extend(NETWORKS.map(|key| (key.to_owned(), network())));
    all.extend(properties(view.columns));
    object(view.name, all, Some(view.name), json!(["kind"]), form)
}
