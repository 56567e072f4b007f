//! The members of one object and the elements of one array (RFC 8259), in order, each checked as it is reached.
//!
//! For texts that are not lines of the pipe: nothing is learnt, no field is known. Whoever walks sees to duplicate keys
//! and to the number of members; all else is checked as [`Scanner`](super::Scanner) does.

use super::clean::Clean;
use super::reject::{Reject, Why};
use super::value;
use std::borrow::Cow;

/// One member of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'t> {
    /// The key as it stands, quotes included.
    pub key: &'t str,
    /// Place of the key in the text.
    pub key_at: usize,
    /// The value as it stands.
    pub value: &'t str,
    /// Place of the value in the text.
    pub value_at: usize,
}

/// The text of a checked string, given with its quotes.
pub fn unquoted(token: &str) -> Cow<'_, str> {
    value::unescaped(token)
}

/// Where a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Open,
    Inside,
    End,
}

/// Walks an object or an array that is the whole of a text.
#[derive(Clone, Debug)]
pub struct Walk<'t> {
    text: &'t str,
    next: usize,
    at: At,
}

impl<'t> Walk<'t> {
    /// Begins at the start of `text`.
    pub fn new(text: Clean<'t>) -> Walk<'t> {
        Walk { text: text.text(), next: 0, at: At::Open }
    }

    /// Begins at the start of a value that was checked, as [`Member::value`] is.
    pub fn nested(value: &'t str) -> Walk<'t> {
        Walk { text: value, next: 0, at: At::Open }
    }

    /// The next member of an object; `None` after its closing brace, if nothing follows.
    ///
    /// # Errors
    /// The first thing that is no JSON, or not an object.
    #[inline]
    pub fn member(&mut self) -> Result<Option<Member<'t>>, Reject> {
        let Some(key_at) = self.step(b'{', b'}')? else { return Ok(None) };
        let bytes = self.text.as_bytes();
        let value_at = value::key(bytes, key_at)?;
        let key_end = value::string(bytes, key_at)?;
        let end = value::any(bytes, value_at)?;
        self.next = end;
        Ok(Some(Member { key: &self.text[key_at..key_end], key_at, value: &self.text[value_at..end], value_at }))
    }

    /// The next element of an array; `None` after its closing bracket, if nothing follows.
    ///
    /// # Errors
    /// The first thing that is no JSON, or not an array.
    #[inline]
    pub fn element(&mut self) -> Result<Option<&'t str>, Reject> {
        let Some(at) = self.step(b'[', b']')? else { return Ok(None) };
        let end = value::any(self.text.as_bytes(), at)?;
        self.next = end;
        Ok(Some(&self.text[at..end]))
    }

    /// Passes what stands before a member or element; `None` at the end.
    #[inline]
    fn step(&mut self, open: u8, close: u8) -> Result<Option<usize>, Reject> {
        let bytes = self.text.as_bytes();
        let at = value::blanks(bytes, self.next);
        let after = match (self.at, bytes.get(at)) {
            (At::End, _) => return Ok(None),
            (_, None) => return Err(Reject { at, why: Why::Unfinished }),
            (At::Open, Some(b)) if *b == open => {
                let first = value::blanks(bytes, at + 1);
                if bytes.get(first) == Some(&close) {
                    return self.end(first);
                }
                first
            }
            (At::Open, Some(_)) if open == b'{' => return Err(Reject { at, why: Why::NotAnObject }),
            (At::Open, Some(_)) => return Err(Reject { at, why: Why::Expected("[") }),
            (At::Inside, Some(b',')) => value::blanks(bytes, at + 1),
            (At::Inside, Some(b)) if *b == close => return self.end(at),
            (At::Inside, Some(_)) if open == b'{' => return Err(Reject { at, why: Why::Expected("a comma or }") }),
            (At::Inside, Some(_)) => return Err(Reject { at, why: Why::Expected("a comma or ]") }),
        };
        self.at = At::Inside;
        Ok(Some(after))
    }

    fn end(&mut self, at: usize) -> Result<Option<usize>, Reject> {
        self.at = At::End;
        match value::blanks(self.text.as_bytes(), at + 1) {
            after if after == self.text.len() => Ok(None),
            after => Err(Reject { at: after, why: Why::Expected("the end of the line") }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, Reject> {
        let mut walk = Walk::new(Clean::line(text.as_bytes())?);
        let mut all = Vec::new();
        while let Some(m) = walk.member()? {
            assert_eq!((&text[m.key_at..][..m.key.len()], &text[m.value_at..][..m.value.len()]), (m.key, m.value));
            all.push((unquoted(m.key).into_owned(), m.value.to_owned()));
        }
        Ok(all)
    }

    fn elements(text: &str) -> Result<Vec<&str>, Reject> {
        let mut walk = Walk::nested(text);
        let mut all = Vec::new();
        while let Some(e) = walk.element()? {
            all.push(e);
        }
        Ok(all)
    }

    #[test]
    fn gives_members_and_elements_in_order_as_they_stand() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(
            members(r#" { "a" : 1,"b\u0063":"x\"y" , "n":{"m":[1, 2]} } "#).unwrap(),
            [pair("a", "1"), pair("bc", r#""x\"y""#), pair("n", r#"{"m":[1, 2]}"#)]
        );
        assert_eq!(members("{ }").unwrap(), []);
        assert_eq!(elements("[1, \"a,b\" ,[2],{}]").unwrap(), ["1", "\"a,b\"", "[2]", "{}"]);
        assert!(elements("[ ]").unwrap().is_empty());
    }

    #[test]
    fn says_where_it_ends_to_be_json() {
        for (text, why, at) in [
            ("{\"a\":1", Why::Unfinished, 6),
            ("{\"a\":1}x", Why::Expected("the end of the line"), 7),
            ("[1]", Why::NotAnObject, 0),
            ("{\"a\":1,}", Why::Expected("a key in quotes"), 7),
            ("{\"a\" 1}", Why::Expected("a colon"), 5),
            ("{\"a\":01}", Why::Number, 5),
        ] {
            assert_eq!(members(text).unwrap_err(), Reject { at, why }, "{text}");
        }
        assert!(elements("[1 2]").is_err() && elements("{}").is_err() && elements("[1,]").is_err());
    }

    proptest! {
        #[test]
        fn accepts_the_objects_that_serde_json_does(text in r#"[{}\[\]",:a01\-.eE tfn\\u ]{0,24}"#) {
            let ours = members(&text);
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
            // Numbers that serde_json takes for out of range are still JSON.
            if let Err(e) = &theirs {
                prop_assert!(ours.is_err() || e.to_string().contains("out of range"), "{text}: {e}");
            } else {
                prop_assert!(ours.is_ok(), "{text}");
            }
        }
    }
}
