//! Members taken out of a line, or given another key, with every other byte left as it is.
//!
//! Invariant: what is left of a line that was JSON is JSON; a line from which nothing is taken stays as it was.

use crate::record::Record;
use flow_record::scan::Clean;
use flow_record::scan::walk::{Member, Walk, unquoted};
use std::ops::Range;

/// Names of members, sorted for look-up.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn new(mut names: Vec<String>) -> Names {
        names.sort_unstable();
        Names(names)
    }

    /// The place of a key as it stands in a line, quotes included.
    pub(crate) fn place(&self, key: &str) -> Option<usize> {
        let find = |name: &str| self.0.binary_search_by(|n| n.as_str().cmp(name)).ok();
        match key.get(1..key.len() - 1) {
            Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => find(plain),
            _ => find(&unquoted(key)),
        }
    }

    /// Whether a key is one of them.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.place(key).is_some()
    }
}

/// Walks the members of a line.
pub(crate) fn each<'l>(record: &Record<'_, 'l>, mut take: impl FnMut(Member<'l>)) {
    let Ok(text) = Clean::line(record.text().as_bytes()) else { return };
    let mut walk = Walk::new(text);
    // The line was accepted, so that there is no error.
    while let Ok(Some(member)) = walk.member() {
        take(member);
    }
}

/// Takes all members out of a line for which `is_out` holds; says whether there was one.
///
/// One that follows a member that stays goes with the comma before it, another with the comma behind it. `cuts` is room to
/// work in.
pub(crate) fn remove(
    record: &mut Record<'_, '_>,
    cuts: &mut Vec<Range<usize>>,
    mut is_out: impl FnMut(&Member<'_>) -> bool,
) -> bool {
    cuts.clear();
    let mut stays = false;
    // Where the member before ends.
    let mut before = 0;
    each(record, |member| {
        let end = member.value_at + member.value.len();
        match (is_out(&member), stays) {
            (true, true) => cuts.push(before..end),
            // Up to the next key, if there is one.
            (true, false) => {
                extend(cuts, member.key_at);
                cuts.push(member.key_at..end);
            }
            (false, _) => {
                if !stays {
                    extend(cuts, member.key_at);
                }
                stays = true;
            }
        }
        before = end;
    });
    let any = !cuts.is_empty();
    for cut in cuts.drain(..) {
        record.replace(cut, b"");
    }
    any
}

/// Has the last cut go on to here.
fn extend(cuts: &mut [Range<usize>], to: usize) {
    if let Some(last) = cuts.last_mut() {
        last.end = to;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::record::splice::Splice;
    use flow_record::scan::Scanner;
    use proptest::prelude::*;

    fn without(line: &str, names: &[&str]) -> String {
        let names = Names::new(names.iter().map(|n| (*n).to_owned()).collect());
        let mut scanner = Scanner::new();
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let mut splice = Splice::default();
        remove(&mut Record::new(&line, &mut splice, 0, false), &mut Vec::new(), |member| names.has(member.key));
        let mut out = Vec::new();
        splice.apply(&line, &mut out);
        String::from_utf8(out).unwrap().trim_end_matches('\n').to_owned()
    }

    #[test]
    fn members_go_with_one_comma_and_the_rest_stays() {
        let line = r#"{ "a" : 1, "bytes":2 ,"b":{"a":[3]}, "c":"x,}" } "#;
        for (names, left) in [
            (&["a"][..], r#"{ "bytes":2 ,"b":{"a":[3]}, "c":"x,}" } "#),
            (&["bytes"], r#"{ "a" : 1 ,"b":{"a":[3]}, "c":"x,}" } "#),
            (&["bytes", "b"], r#"{ "a" : 1, "c":"x,}" } "#),
            (&["c"], r#"{ "a" : 1, "bytes":2 ,"b":{"a":[3]} } "#),
            (&["a", "c"], r#"{ "bytes":2 ,"b":{"a":[3]} } "#),
            (&["a", "bytes", "b", "c"], r#"{  } "#),
            (&["a", "bytes", "c"], r#"{ "b":{"a":[3]} } "#),
            (&["x"], line),
        ] {
            assert_eq!(without(line, names), left, "{names:?}");
        }
        assert_eq!(without(r#"{"\u0061":1,"bytes":2}"#, &["a"]), r#"{"bytes":2}"#);
    }

    proptest! {
        #[test]
        fn what_is_left_is_json_without_them(present in proptest::collection::vec(0u8..12, 0..10), out in proptest::collection::vec(0u8..12, 0..6)) {
            let mut seen = std::collections::BTreeSet::new();
            let names: Vec<_> = present.into_iter().filter(|n| seen.insert(*n)).map(|n| format!("k{n}")).collect();
            let members: String = names.iter().enumerate().map(|(i, n)| format!(" ,{}\"{n}\": {i}", " ".repeat(i % 3))).collect();
            let line = format!("{{\"bytes\":1{members} }}");
            let out: Vec<_> = out.iter().map(|n| format!("k{n}")).collect();
            let left = without(&line, &out.iter().map(String::as_str).collect::<Vec<_>>());
            let mut expected: serde_json::Map<_, _> = serde_json::from_str(&line).unwrap();
            expected.retain(|name, _| !out.contains(name));
            prop_assert_eq!(serde_json::from_str::<serde_json::Map<_, _>>(&left).unwrap(), expected);
        }
    }
}
