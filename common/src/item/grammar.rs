//! `NAME:key=value,key="a,b"`: the first `:` ends the name; a value runs to the next `,` or stands in double quotes, with
//! `\"` and `\\` inside.

use std::fmt;

/// An item as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Keys and values, in order, quotes removed.
    pub pairs: Vec<(String, String)>,
}

/// Why an item is refused; lower case, for a message that begins with the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError(pub String);

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ItemError {}

impl Item {
    /// Takes an item apart; names and values are not looked up yet.
    ///
    /// # Errors
    /// A key without a value, a key twice, an unclosed quote.
    pub fn parse(text: &str) -> Result<Item, ItemError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut item = Item { name: name.to_owned(), pairs: Vec::new() };
        let mut rest = rest;
        while !rest.is_empty() {
            let Some((key, after)) = rest.split_once('=') else {
                return Err(ItemError(no_value(name, rest.trim_end_matches(','), item.pairs.last())));
            };
            if let (Some((part, _)), Some(before)) = (key.split_once(','), item.pairs.last()) {
                return Err(ItemError(no_value(name, part, Some(before))));
            }
            if item.pairs.iter().any(|(k, _)| k == key) {
                return Err(ItemError(format!("{name}: {key} is given twice")));
            }
            let (value, after) =
                value(after).ok_or_else(|| ItemError(format!("{name}: {key}: a quote is not closed")))?;
            item.pairs.push((key.to_owned(), value));
            rest = match after.strip_prefix(',') {
                Some(more) => more,
                None if after.is_empty() => after,
                None => return Err(ItemError(format!("{name}: {key}: a comma is missing before {after:?}"))),
            };
        }
        Ok(item)
    }
}

/// What to say of a part without `=` behind another one, if there is one: most often it was to be a further member of that
/// one's list, or the decimals of a number.
fn no_value(name: &str, part: &str, before: Option<&(String, String)>) -> String {
    match before {
        Some((key, value)) if [&**value, part].iter().all(|t| t.bytes().all(|b| b.is_ascii_digit())) => {
            format!("{name}: {part:?} has no value; decimals follow a point: {key}={value}.{part}")
        }
        Some((key, value)) => {
            format!("{name}: {part:?} has no value; a list is joined with +: {key}={value}+{}", part.replace(',', "+"))
        }
        None => format!("{name}: {part:?} has no value; write {part}=VALUE"),
    }
}

/// The value at the start of `text`, and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Some((out, &quoted[i + 1..])),
            '\\' => match chars.next()? {
                (_, escaped @ ('"' | '\\')) => out.push(escaped),
                (_, other) => out.extend(['\\', other]),
            },
            c => out.push(c),
        }
    }
    None
}

/// The members of a list value: split at `+`, where `\+` is a plus.
pub(super) fn members(value: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'+') => {
                chars.next();
                if let Some(last) = out.last_mut() {
                    last.push('+');
                }
            }
            '+' => out.push(String::new()),
            c => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        Item::parse(text).unwrap().pairs
    }

    fn pair(k: &str, v: &str) -> (String, String) {
        (k.into(), v.into())
    }

    #[test]
    fn takes_items_apart() {
        assert_eq!(Item::parse("beacon").unwrap(), Item { name: "beacon".into(), pairs: vec![] });
        assert_eq!(pairs("z:field=bytes,threshold=3.5"), [pair("field", "bytes"), pair("threshold", "3.5")]);
        assert_eq!(pairs(r#"x:a="1,2\"=",b=c:d"#), [pair("a", "1,2\"="), pair("b", "c:d")]);
        assert_eq!(pairs("geo:db=C:/x.mmdb,"), [pair("db", "C:/x.mmdb")]);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for (text, part) in [
            ("z:field", "write field=VALUE"),
            ("top:by=src_ip,dst_port,n=2", "by=src_ip+dst_port"),
            ("top:by=src_ip,dst_port", "by=src_ip+dst_port"),
            ("z:threshold=3,5", "threshold=3.5"),
            ("z:a=1,a=2", "given twice"),
            ("z:a=\"1", "not closed"),
            ("z:a=\"1\"2", "comma is missing"),
        ] {
            let message = Item::parse(text).unwrap_err().0;
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_list_is_split_at_plus() {
        assert_eq!(members("src_ip/24+dst_port"), ["src_ip/24", "dst_port"]);
        assert_eq!(members(r"a\+b+c"), ["a+b", "c"]);
    }
}
