//! The items of a command line, and answers to what is often written in their place: a file's name, or a parameter that
//! stands alone.
//!
//! Invariant: no two items are the same, with parameters that are not written taken at their defaults.

use super::args::Args;
use super::grammar::ItemError;
use super::spec::Spec;
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
    let name = text.split(':').next().unwrap_or(text);
    if specs.iter().any(|s| s.name == name) {
        return None;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Param, ParamKind};
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
