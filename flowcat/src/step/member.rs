//! Further members of a flow, each as `,"name":value`: what is no field of the record.

use super::Form;
use flow_record::record::FieldId;
use flow_record::scan::Clean;
use flow_record::scan::walk::{Walk, unquoted};
use flow_record::value::text;
use memchr::memmem;

/// Puts the further members of a flow into `out`, but for those of these names.
pub(super) fn extras_but(form: Form<'_>, but: &[&str], out: &mut Vec<u8>) {
    out.clear();
    match form {
        Form::Fields(b"") => {}
        Form::Fields(extras) if but.iter().all(|name| memmem::find(extras, name.as_bytes()).is_none()) => {
            out.extend_from_slice(extras);
        }
        Form::Fields(extras) => {
            let mut object = Vec::with_capacity(extras.len() + 1);
            object.push(b'{');
            object.extend_from_slice(extras.get(1..).unwrap_or_default());
            object.push(b'}');
            if let Ok(clean) = Clean::line(&object) {
                walk(clean, but, out);
            }
        }
        Form::Line(line) => {
            if let Ok(clean) = Clean::line(line.as_bytes()) {
                walk(clean, but, out);
            }
        }
    }
}

fn walk(object: Clean<'_>, but: &[&str], out: &mut Vec<u8>) {
    let mut walk = Walk::new(object);
    // The line was accepted before.
    while let Ok(Some(member)) = walk.member() {
        let name = unquoted(member.key);
        if FieldId::named(&name).is_none() && !but.contains(&&*name) {
            out.push(b',');
            out.extend_from_slice(member.key.as_bytes());
            out.push(b':');
            out.extend_from_slice(member.value.as_bytes());
        }
    }
}

/// Whether a flow has this member with this value, as JSON.
pub(super) fn has_member(form: Form<'_>, name: &str, value: &str) -> bool {
    let text = match form {
        Form::Fields(extras) => extras,
        Form::Line(line) => line.as_bytes(),
    };
    if memmem::find(text, name.as_bytes()).is_none() {
        return false;
    }
    let mut rest = Vec::new();
    extras_but(form, &[], &mut rest);
    memmem::find(&rest, format!(",\"{name}\":{value}").as_bytes()).is_some()
}

/// Appends a member whose value is a string.
pub(super) fn write_word(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    text::write_json(value, out);
}
