//! Which of the first lines of a CSV is its header: the first that names an address, bytes or packets.
//!
//! Invariant: the answer depends on the lines, not on how many of them are there when it is asked for.
//! Bound: [`LINES`] lines, [`HEAD`] bytes of text.

use super::super::nfdump::is_remark;
use super::super::{HEAD, LINES, first_line};
use super::{DELIMITERS, names};
use crate::row::alias::normal;
use crate::row::{Cell, Dialect, Mapping};
use std::net::IpAddr;

/// What the columns of a line are by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    columns: usize,
    known: usize,
    /// Of those, what a flow needs one of.
    needed: usize,
}

fn named(line: &[u8], delimiter: u8, dialect: &Dialect, mapping: &Mapping) -> Named {
    let names = names(&line[..line.len().min(HEAD)], delimiter);
    let cells: Vec<Cell> = names.iter().filter_map(|n| dialect.column(n, mapping)).map(|used| used.cell).collect();
    let needed = cells.iter().filter(|cell| cell.makes_a_flow()).count();
    Named { columns: names.len(), known: cells.len(), needed }
}

/// The delimiter that gives the most known names, then the most names; of equals the first one.
pub(super) fn delimiter(header: &[u8], dialect: &Dialect, mapping: &Mapping) -> u8 {
    let rank = |delimiter: u8| {
        let named = named(header, delimiter, dialect, mapping);
        (named.known, named.columns)
    };
    DELIMITERS.into_iter().rev().max_by_key(|d| rank(*d)).unwrap_or(b',')
}

/// Whether a line reads like a header. After the first line one known name among others may be chance.
fn is_header(line: &[u8], first: bool, dialect: &Dialect, mapping: &Mapping) -> bool {
    DELIMITERS.into_iter().any(|delimiter| {
        let named = named(line, delimiter, dialect, mapping);
        named.needed > 0 && (first || named.known > 1 || named.columns == 1)
    })
}

/// Whether a line before the header says something of the table, and is no row of it: a remark behind `#`, or the
/// delimiter, as Excel has it (`sep=;`).
pub(super) fn is_preface(line: &[u8]) -> bool {
    let is_delimiter = |rest: &[u8]| matches!(rest.trim_ascii(), [] | [_]);
    line.starts_with(b"#")
        || line.split_at_checked(4).is_some_and(|(word, rest)| word.eq_ignore_ascii_case(b"sep=") && is_delimiter(rest))
}

/// Takes the `#` off the first name, where it stands before it without a blank.
pub(super) fn unmark(names: &mut [String]) {
    if let Some(name) = names.first_mut()
        && let Some(rest) = name.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    {
        *name = rest.to_owned();
    }
}

/// Where the header is in a text of whole lines; `None` where more lines must be seen, which are none after the `last`.
/// Where no line reads like one, it is the first that is no remark of nfdump and no preface.
pub(super) fn find(text: &[u8], dialect: &Dialect, mapping: &Mapping, last: bool) -> Option<usize> {
    let (mut at, mut lines, mut fallback) = (0, 0, None);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii();
        if !content.is_empty() {
            let is_before = is_preface(content);
            if is_header(content, lines == 0 && !is_before, dialect, mapping) {
                return Some(at);
            }
            if fallback.is_none() && !is_remark(content) && !is_before {
                fallback = Some(at);
            }
            lines += usize::from(!is_before);
        }
        at += line.len();
        if lines == LINES || at >= HEAD {
            return Some(fallback.unwrap_or(at));
        }
    }
    last.then_some(fallback.unwrap_or(at))
}

/// What to say of a first line that holds values instead of names: which header to put before it.
pub(super) fn advice(columns: &[String], delimiter: u8) -> Option<String> {
    if let Some(text) = pairs(columns.iter().map(|column| column.as_bytes()), delimiter) {
        return Some(text);
    }
    let mut ends = ["src_ip", "dst_ip"].into_iter();
    let (mut address, mut names) = (None, Vec::new());
    for (i, text) in columns.iter().map(|text| text.trim()).enumerate() {
        let end = text.parse::<IpAddr>().ok().and_then(|_| ends.next());
        address = address.or(end.map(|_| text));
        names.push(end.map_or_else(|| format!("c{}", i + 1), str::to_owned));
    }
    let header = names.join(std::str::from_utf8(&[delimiter]).ok()?);
    address.map(|address| {
        format!(
            "there is no header: the first line holds values, such as {address:?}; put one before it, with better names \
             than c1 where --explain csv has them: (echo '{header}'; cat FILE) | flowcat"
        )
    })
}

/// What to say of a line of `name=value`, as FortiGate and syslog have them: what makes JSON of those.
pub(in crate::source) fn pairs<'w>(words: impl Iterator<Item = &'w [u8]>, delimiter: u8) -> Option<String> {
    let is_pair = |word: &&[u8]| {
        let name = word.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        name > 0 && word.get(name) == Some(&b'=')
    };
    let ifs = match delimiter {
        b' ' => "space --repifs",
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        _ => "pipe",
    };
    (words.filter(is_pair).count() >= 3).then(|| {
        format!(
            "these are lines of name=value, of which Miller makes JSON: mlr --idkvp --ifs {ifs} --ojsonl cat FILE | flowcat"
        )
    })
}

/// Whether a text begins with a header that has all of these names, as [`normal`] makes them.
pub(in crate::source) fn has_columns(head: &[u8], names: &[&str]) -> bool {
    let Ok(line) = std::str::from_utf8(first_line(head)) else { return false };
    DELIMITERS.into_iter().any(|delimiter| {
        let columns: Vec<_> = line.split(char::from(delimiter)).map(normal).collect();
        names.iter().all(|name| columns.iter().any(|c| c == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_names_what_a_flow_needs_is_the_header() {
        let find = |text: &str, last| find(text.as_bytes(), &crate::row::ANY, &Mapping::default(), last);
        assert_eq!(find("src_ip,x\n", false), Some(0));
        assert_eq!(find("# a, b\n\nsrc_ip;bytes\n", false), Some(8));
        assert_eq!(find("alpha,beta\n1,bytes\n", false), None);
        assert_eq!(find("alpha,beta\n1,bytes\n", true), Some(0));
        assert_eq!(find(&"alpha,beta\n".repeat(8), false), Some(0));
        assert_eq!(find("Summary,src_ip\n", false), Some(0));
        assert_eq!(find("Summary\nalpha,beta\n", true), Some(8));
        assert_eq!(find("# of bytes, and more\nsep=;\nSEP=\nsrc_ip;bytes\n", false), Some(32));
        assert_eq!(find(&format!("{}a,b\n1,2\n", "# one, two\n".repeat(20)), true), Some(220));
        assert_eq!(find("#src_ip,bytes\n", false), Some(0));
    }
}
