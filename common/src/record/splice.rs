//! Members put into a line without writing it anew: every other byte stays as it was.
//!
//! New members go before the last `}`; a value that is there is kept, or replaced in place. Applying the same additions
//! twice gives the same line.

use crate::scan::{Line, Span};
use crate::value::text;

/// What is to be put into one line; kept and cleared from line to line.
#[derive(Debug, Default)]
pub struct Splice {
    /// `,"key":value` of each new member.
    added: Vec<u8>,
    /// New values of members that are there, as ranges of `values`, by their place in the line.
    replaced: Vec<(Span, std::ops::Range<usize>)>,
    values: Vec<u8>,
}

impl Splice {
    /// Forgets the last line's additions.
    pub fn clear(&mut self) {
        self.added.clear();
        self.replaced.clear();
        self.values.clear();
    }

    /// Whether the line stays as it is.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.replaced.is_empty()
    }

    /// Adds a member whose value `write` appends as JSON.
    pub fn add(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.added.push(b',');
        text::write_json(key, &mut self.added);
        self.added.push(b':');
        write(&mut self.added);
    }

    /// Adds a member that is rendered already: `,"key":value`.
    #[inline]
    pub fn add_rendered(&mut self, member: &[u8]) {
        debug_assert!(member.starts_with(b",\""));
        self.added.extend_from_slice(member);
    }

    /// Adds a member by its rendered key, `,"key":`, and its value as JSON.
    #[inline]
    pub fn add_keyed(&mut self, key: &[u8], value: &[u8]) {
        self.add_rendered(key);
        self.added.extend_from_slice(value);
    }

    /// Adds a member by its rendered key, `,"key":`, whose value `write` appends as JSON.
    #[inline]
    pub fn add_written(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.add_rendered(key);
        write(&mut self.added);
    }

    /// Replaces the value at `span` by what `write` appends as JSON.
    pub fn replace(&mut self, span: Span, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.values.len();
        write(&mut self.values);
        self.replaced.push((span, start..self.values.len()));
    }

    /// Appends the line with everything put in, and a newline.
    pub fn apply(&mut self, line: &Line<'_>, out: &mut Vec<u8>) {
        let bytes = line.text.as_bytes();
        self.replaced.sort_by_key(|(span, _)| span.start);
        let mut at = 0;
        for (span, value) in &self.replaced {
            out.extend_from_slice(&bytes[at..span.start as usize]);
            out.extend_from_slice(&self.values[value.clone()]);
            at = span.end as usize;
        }
        out.extend_from_slice(&bytes[at..line.close]);
        // An object without members takes the first one without its comma.
        let skip = usize::from(line.is_empty && !self.added.is_empty());
        out.extend_from_slice(&self.added[skip..]);
        out.extend_from_slice(&bytes[line.close..]);
        out.push(b'\n');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scan::{Clean, Scanner};

    fn spliced(line: &str, watch: &[&str], change: impl Fn(&Line<'_>, &mut Splice)) -> String {
        let mut scanner = Scanner::watching(watch);
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let mut splice = Splice::default();
        change(&line, &mut splice);
        let mut out = Vec::new();
        splice.apply(&line, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_new_member_goes_before_the_last_brace_and_the_rest_stays() {
        let line = r#"{ "dst_ip" : "10.0.0.1", "x":{"y":[1, 2]} } "#;
        assert_eq!(
            spliced(line, &[], |_, s| s.add("service", |o| o.extend_from_slice(b"\"dns\""))),
            "{ \"dst_ip\" : \"10.0.0.1\", \"x\":{\"y\":[1, 2]} ,\"service\":\"dns\"} \n"
        );
    }

    #[test]
    fn a_rendered_member_is_added_as_it_is() {
        let add = |_: &Line<'_>, s: &mut Splice| {
            s.add_rendered(b",\"a\":1");
            s.add("b", |o| o.push(b'2'));
            s.add_keyed(b",\"c\":", b"3");
            s.add_written(b",\"d\":", |o| o.push(b'4'));
        };
        assert_eq!(spliced(r#"{"kind":"x"}"#, &[], add), "{\"kind\":\"x\",\"a\":1,\"b\":2,\"c\":3,\"d\":4}\n");
    }

    #[test]
    fn an_object_without_members_gets_no_leading_comma() {
        let row = r#"{"kind":"x"}"#;
        assert_eq!(spliced(row, &[], |_, s| s.add("a", |o| o.push(b'1'))), "{\"kind\":\"x\",\"a\":1}\n");
    }

    #[test]
    fn a_value_is_replaced_in_place() {
        let line = r#"{"service":"old","bytes":1,"a":2}"#;
        let out = spliced(line, &["service", "a"], |l, s| {
            s.replace(l.span(1).unwrap(), |o| o.extend_from_slice(b"33"));
            s.replace(l.span(0).unwrap(), |o| o.extend_from_slice(b"\"new\""));
        });
        assert_eq!(out, "{\"service\":\"new\",\"bytes\":1,\"a\":33}\n");
    }
}
