//! Members beside the fields of the record: which have a column, of what type, and what goes into the column of the rest.
//!
//! Columns are found in the first row group and have the type that all values there fit. A value that comes later and
//! does not fit, a member that comes later, and `null` go into the rest.

use super::column::{Column, Texts, Values};
use super::{GROUP_BYTES, REST};
use flow_record::record::field::{self, FieldId};
use flow_record::scan::walk::unquoted;
use std::collections::HashMap;

/// Columns beside those of the record; what is beyond goes into the rest.
const MOST_COLUMNS: usize = 1024;

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Integer,
    Number,
    Truth,
    Text,
    /// Any value as JSON.
    Json,
}

impl Type {
    /// The narrowest type that a JSON value fits; `None` for `null`, which says that there is none.
    fn of(token: &str) -> Option<Type> {
        Some(match token.as_bytes().first()? {
            b'"' => Type::Text,
            b't' | b'f' => Type::Truth,
            b'n' => return None,
            b'{' | b'[' => Type::Json,
            _ if token.parse::<i64>().is_ok_and(|_| token != "-0") => Type::Integer,
            _ if token.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) => match token.parse::<f64>() {
                Ok(value) if value.is_finite() => Type::Number,
                _ => Type::Json,
            },
            _ => Type::Json,
        })
    }

    /// Whether a column of this type holds the value exactly.
    fn fits(self, token: &str) -> bool {
        match (self, Type::of(token)) {
            (_, None) => false,
            (Type::Json, _) => true,
            (Type::Number, Some(Type::Integer)) => {
                token.parse::<i64>().is_ok_and(|v| v.unsigned_abs() <= field::MAX_INTEGER)
            }
            (a, Some(b)) => a == b,
        }
    }

    /// The type of a field that the suite adds.
    fn added(name: &str) -> Option<Type> {
        field::ADDED.iter().find(|f| f.name == name).map(|f| match f.kind {
            field::Kind::Truth => Type::Truth,
            field::Kind::Number => Type::Number,
            field::Kind::Integer(_) => Type::Integer,
            field::Kind::Text | field::Kind::Word(_) | field::Kind::Address | field::Kind::Time => Type::Text,
            _ => Type::Json,
        })
    }

    fn values(self) -> Values {
        match self {
            Type::Integer => Values::Int64(Vec::new()),
            Type::Number => Values::Double(Vec::new()),
            Type::Truth => Values::Truth(Vec::new()),
            Type::Text | Type::Json => Values::Text(Texts::default()),
        }
    }
}

/// One member with a column.
#[derive(Debug)]
struct Member {
    name: String,
    /// Known once the first row group is full.
    kind: Option<Type>,
    /// The values as JSON.
    tokens: Texts,
    rows: Vec<usize>,
    column: Column,
}

impl Member {
    fn new(name: String) -> Member {
        let column = Column::new(Values::Truth(Vec::new()));
        Member { name, kind: None, tokens: Texts::default(), rows: Vec::new(), column }
    }

    /// The type that all values so far fit.
    fn choose(&self) -> Type {
        let all_fit = |kind: Type| self.tokens.iter().all(|token| kind.fits(text(token)));
        let added = Type::added(&self.name);
        if self.rows.is_empty() {
            return added.unwrap_or(Type::Json);
        }
        let kinds = [Type::Integer, Type::Number, Type::Truth, Type::Text];
        added.into_iter().chain(kinds).find(|kind| all_fit(*kind)).unwrap_or(Type::Json)
    }
}

/// A token of JSON, which is UTF-8.
fn text(token: &[u8]) -> &str {
    std::str::from_utf8(token).unwrap_or_default()
}

/// All members beside the record's fields.
#[derive(Debug)]
pub(super) struct Members {
    list: Vec<Member>,
    /// Numbers by key, as it stands in a line.
    by_key: HashMap<Box<str>, usize>,
    /// Members that are nobody's get columns, too.
    keep: bool,
    /// Only these were asked for.
    is_chosen: bool,
    /// The columns are fixed.
    is_fixed: bool,
    rest: Column,
    /// The rest of this row.
    open: Vec<u8>,
    bytes: usize,
}

impl Members {
    /// `chosen` are the names that were asked for, if any were; `keep` gives every member a column.
    pub(super) fn new(chosen: Option<&[String]>, keep: bool) -> Members {
        let mut members = Members {
            list: Vec::new(),
            by_key: HashMap::new(),
            keep,
            is_chosen: chosen.is_some(),
            is_fixed: false,
            rest: Column::new(Values::Text(Texts::default())),
            open: Vec::new(),
            bytes: 0,
        };
        for name in chosen.unwrap_or_default() {
            if FieldId::named(name).is_none() {
                let mut key = Vec::new();
                flow_record::value::text::write_json(name, &mut key);
                members.add(&String::from_utf8_lossy(&key));
            }
        }
        members
    }

    fn add(&mut self, key: &str) -> usize {
        let number = self.list.len();
        self.by_key.insert(key.into(), number);
        self.list.push(Member::new(unquoted(key).into_owned()));
        number
    }

    /// Takes a member of this row, key and value as they stand.
    #[inline]
    pub(super) fn take(&mut self, row: usize, key: &str, value: &str) {
        let number = match self.by_key.get(key) {
            Some(number) => Some(*number),
            None if self.is_chosen => return,
            None if self.is_fixed || self.list.len() == MOST_COLUMNS => None,
            None => {
                let name = unquoted(key);
                let is_ours = self.keep || Type::added(&name).is_some();
                (is_ours && name != REST).then(|| self.add(key))
            }
        };
        self.bytes += value.len();
        match number.and_then(|number| self.list.get_mut(number)) {
            Some(member) if member.kind.map_or(value != "null", |kind| kind.fits(value)) => {
                member.tokens.push(|out| out.extend_from_slice(value.as_bytes()));
                member.rows.push(row);
            }
            _ if self.is_chosen => {}
            _ => {
                self.open.push(if self.open.is_empty() { b'{' } else { b',' });
                self.open.extend_from_slice(key.as_bytes());
                self.open.push(b':');
                self.open.extend_from_slice(value.as_bytes());
            }
        }
    }

    /// Ends a row.
    #[inline]
    pub(super) fn end_row(&mut self, row: usize) {
        if !self.open.is_empty() {
            self.open.push(b'}');
            let open = &self.open;
            self.rest.text(row, |out| out.extend_from_slice(open));
            self.open.clear();
        }
    }

    /// Whether a row group has enough of them.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= GROUP_BYTES
    }

    /// Fixes the columns; answers each with its name and whether its texts are JSON, the rest last.
    pub(super) fn fix(&mut self) -> Vec<(String, &Column, bool)> {
        self.is_fixed = true;
        for member in &mut self.list {
            let kind = member.choose();
            member.kind = Some(kind);
            member.column = Column::new(kind.values());
        }
        let columns = self.list.iter().map(|m| (m.name.clone(), &m.column, m.kind == Some(Type::Json)));
        let rest = (!self.is_chosen).then(|| (REST.to_owned(), &self.rest, true));
        columns.chain(rest).collect()
    }

    /// Turns the values of the row group into those of the columns; answers these in the order of [`Members::fix`].
    pub(super) fn columns(&mut self) -> impl Iterator<Item = &mut Column> {
        self.bytes = 0;
        for member in &mut self.list {
            let (column, kind) = (&mut member.column, member.kind.unwrap_or(Type::Json));
            for (row, token) in member.rows.drain(..).zip(member.tokens.iter().map(text)) {
                match kind {
                    Type::Integer => column.integer(row, token.parse().unwrap_or_default()),
                    Type::Number => column.number(row, token.parse().unwrap_or_default()),
                    Type::Truth => column.integer(row, i64::from(token == "true")),
                    Type::Text => column.text(row, |out| out.extend_from_slice(unquoted(token).as_bytes())),
                    Type::Json => column.text(row, |out| out.extend_from_slice(token.as_bytes())),
                }
            }
            member.tokens.clear();
        }
        let rest = (!self.is_chosen).then_some(&mut self.rest);
        self.list.iter_mut().map(|m| &mut m.column).chain(rest)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_type_is_told_by_the_token() {
        for (token, kind) in [
            ("1", Some(Type::Integer)),
            ("-9223372036854775808", Some(Type::Integer)),
            ("9223372036854775808", Some(Type::Json)),
            ("-0", Some(Type::Json)),
            ("1.5", Some(Type::Number)),
            ("1e400", Some(Type::Json)),
            ("\"1\"", Some(Type::Text)),
            ("true", Some(Type::Truth)),
            ("[1]", Some(Type::Json)),
            ("null", None),
        ] {
            assert_eq!(Type::of(token), kind, "{token}");
        }
        assert!(Type::Number.fits("9007199254740991") && !Type::Number.fits("9007199254740992"));
    }

    #[test]
    fn a_column_has_the_type_that_all_first_values_fit_and_what_comes_later_goes_into_the_rest() {
        let mut members = Members::new(None, true);
        for (row, (a, b)) in [("1", "true"), ("2.5", "\"x\""), ("null", "3")].into_iter().enumerate() {
            members.take(row, "\"a\"", a);
            members.take(row, "\"b\"", b);
            members.take(row, "\"src_latitude\"", "1");
            members.end_row(row);
        }
        let fixed: Vec<_> = members.fix().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(fixed, ["a", "b", "src_latitude", "extra"]);
        let kinds: Vec<_> = members.list.iter().map(|m| m.kind.unwrap()).collect();
        assert_eq!(kinds, [Type::Number, Type::Json, Type::Number]);
        assert_eq!(members.columns().last().unwrap().text_bytes(), "{\"a\":null}".len());
        members.take(0, "\"late\"", "1");
        members.take(0, "\"a\"", "\"text\"");
        members.end_row(0);
        let rest = members.columns().last().unwrap().text_bytes();
        assert_eq!(rest, "{\"a\":null}{\"late\":1,\"a\":\"text\"}".len());
    }
}
