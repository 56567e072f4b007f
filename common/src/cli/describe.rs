//! `--describe`: the program as JSON.

use super::Program;
use crate::item::Spec;
use crate::record::field;
use serde_json::{Value, json};

pub(super) fn describe(program: &Program, command: &clap::Command) -> Value {
    let options: Vec<_> = command
        .get_arguments()
        .map(|a| {
            json!({
                "long": a.get_long(), "short": a.get_short(), "help": a.get_help().map(ToString::to_string),
                "value": a.get_value_names().map(|n| n.iter().map(ToString::to_string).collect::<Vec<_>>()),
                "default": a.get_default_values().iter().map(|v| v.to_string_lossy()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let fields: Vec<_> = field::known().map(|f| json!({"name": f.name, "unit": f.unit, "about": f.about})).collect();
    json!({
        "name": program.name, "version": env!("CARGO_PKG_VERSION"), "about": program.about, "options": options,
        "items": (program.specs)().iter().map(|s| item(program, s)).collect::<Vec<_>>(),
        "fields": fields,
        "exit_codes": {"0": "done", "1": "found", "2": "failed", "3": "rejected", "128+n": "signal"},
    })
}

/// An item, with what is said of it besides.
fn item(program: &Program, spec: &Spec) -> Value {
    let mut described = spec.described();
    for (title, text) in (program.facts)(spec) {
        described[title.to_lowercase().replace(' ', "_")] = text.into();
    }
    described
}
