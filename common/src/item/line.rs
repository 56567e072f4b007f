//! The items of a command line, and answers to what is often written in their place: a file's name, several items in one
//! word, a parameter that stands alone, a value without its key.
//!
//! Invariant: no two items are the same, with parameters that are not written taken at their defaults.

use super::args::{Args, check};
use super::grammar::ItemError;
use super::spec::{Param, ParamKind, Spec};
use crate::record::field::FieldId;
use std::path::Path;

/// Checks the items of `tool`, each of which is a `what`.
///
/// # Errors
/// The first mistake.
pub(crate) fn resolve(
    tool: &str,
    what: &str,
    specs: &[&'static Spec],
    texts: &[String],
) -> Result<Vec<Args>, ItemError> {
    let mut all: Vec<Args> = Vec::with_capacity(texts.len());
    for text in texts {
        let args = Args::resolve(text, what, specs.iter().copied())
            .map_err(|e| misplaced(tool, what, specs, text, all.last()).unwrap_or(e))?;
        if all.iter().any(|other| other.is_same(&args)) {
            return Err(ItemError(format!("{text} is there twice")));
        }
        all.push(args);
    }
    Ok(all)
}

/// What is to be said of a text that is no item, but something else that one knows.
fn misplaced(tool: &str, what: &str, specs: &[&'static Spec], text: &str, before: Option<&Args>) -> Option<ItemError> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    if let Some(spec) = specs.iter().find(|s| s.name == name) {
        return keyless(spec, rest);
    }
    let parts: Vec<&str> = text.split([',', '+']).collect();
    if parts.len() > 1 && parts.iter().all(|part| specs.iter().any(|s| s.name == *part)) {
        let right = parts.join(" ");
        return Some(ItemError(format!("{text:?} is several {what}s, which stand apart; write {tool} {right}")));
    }
    if let Some((key, _)) = name.split_once('=') {
        let has = |spec: &Spec| key == "as" || spec.param(key).is_some();
        if let Some(before) = before.filter(|b| has(b.spec)) {
            let join = if before.text.contains(':') { ',' } else { ':' };
            let right = format!("{}{join}{text}", before.text);
            return Some(ItemError(format!("{text:?} is a parameter, which belongs to its {what}; write {right}")));
        }
        if let Some(spec) = specs.iter().find(|s| has(s)) {
            let right = format!("{}:{text}", spec.name);
            return Some(ItemError(format!("{text:?} is a parameter, which belongs to a {what}, as in {right}")));
        }
    }
    Path::new(text).exists().then(|| {
        ItemError(format!(
            "{text:?} is a file, and what stands here is the name of a {what}; use -i {text}, or flowcat {text} | {tool}"
        ))
    })
}

/// What is to be said of a value that lacks its key, where it is clear to which it belongs.
fn keyless(spec: &Spec, rest: &str) -> Option<ItemError> {
    let value = rest.split(',').next().filter(|v| !v.is_empty() && !v.contains('=') && spec.param(v).is_none())?;
    let fits = |p: &&Param| match p.kind {
        ParamKind::Integer(..) | ParamKind::Number(..) | ParamKind::Duration(_) | ParamKind::Choice(_) => {
            check(p, value).is_ok()
        }
        ParamKind::Key => check(p, value).is_ok() && value.split('+').all(is_field),
        _ => false,
    };
    let key = spec.params.iter().find(fits)?.name;
    let name = spec.name;
    Some(ItemError(format!("{name}: {value:?} lacks its key; write {name}:{key}={rest}")))
}

/// Whether it is a field of the record, perhaps with a prefix length.
fn is_field(part: &str) -> bool {
    part.split('/').next().is_some_and(|name| FieldId::named(name).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const fn spec(name: &'static str, params: &'static [Param]) -> Spec {
        Spec { name, about: "", explain: "", params, needs: &[], columns: &[], memory: "", source: "" }
    }

    static HOSTS: Spec = spec(
        "hosts",
        &[
            Param::new("top", ParamKind::Integer(1, 100), "10", "", ""),
            Param::new("by", ParamKind::Key, "src_ip", "", ""),
        ],
    );
    static FIELDS: Spec = spec("fields", &[]);

    fn said(texts: &[&str]) -> String {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        resolve("flowstat", "view", &[&FIELDS, &HOSTS], &texts).map_or_else(|e| e.0, |_| String::new())
    }

    #[test]
    fn a_file_in_the_place_of_an_item_is_answered_with_the_ways_to_read_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().display().to_string();
        let told = said(&[&name]);
        assert!(told.contains(&format!("use -i {name}, or flowcat {name} | flowstat")), "{told}");
        assert!(said(&["/nonexistent/x"]).contains("unknown view"));
    }

    #[test]
    fn a_parameter_that_stands_alone_is_answered_with_its_place() {
        assert!(said(&["hosts", "top=5"]).ends_with("write hosts:top=5"));
        assert!(said(&["hosts:by=dst_ip", "top=5"]).ends_with("write hosts:by=dst_ip,top=5"));
        assert!(said(&["fields", "as=x"]).ends_with("write fields:as=x"));
        for texts in [&["top=5"][..], &["fields", "top=5"]] {
            assert!(said(texts).ends_with("as in hosts:top=5"), "{texts:?}");
        }
        assert!(said(&["nothing=5"]).contains("unknown view"));
    }

    #[test]
    fn several_items_in_one_word_are_answered_with_the_words() {
        assert!(said(&["hosts,fields"]).ends_with("write flowstat hosts fields"));
        assert!(said(&["hosts+fields"]).ends_with("write flowstat hosts fields"));
        assert!(said(&["hosts,nothing"]).contains("unknown view"));
    }

    #[test]
    fn a_value_without_its_key_is_answered_with_the_key() {
        assert!(said(&["hosts:10"]).ends_with("\"10\" lacks its key; write hosts:top=10"));
        assert!(said(&["hosts:5,by=dst_ip"]).ends_with("write hosts:top=5,by=dst_ip"));
        assert!(said(&["hosts:dst_port"]).ends_with("write hosts:by=dst_port"));
        for text in ["hosts:top", "hosts:nothing", "hosts:1000", "fields:10"] {
            assert!(said(&[text]).contains("has no value"), "{text}: {}", said(&[text]));
        }
    }

    #[test]
    fn an_item_that_is_there_twice_is_refused() {
        for texts in [["hosts", "hosts"], ["hosts", "hosts:top=10"], ["hosts:top=5,by=dst_ip", "hosts:by=dst_ip,top=5"]]
        {
            assert!(said(&texts).ends_with("is there twice"), "{texts:?}");
        }
        for texts in [["hosts", "hosts:top=11"], ["hosts", "hosts:as=again"], ["hosts", "fields"]] {
            assert_eq!(said(&texts), "");
        }
    }
}
