//! Lists: `[80 443 8000-8080]`, or `@FILE` with an entry a line (or several, with blanks or commas between; `#` begins a
//! comment).
//!
//! Bound: files of at most 256 MiB.

use super::addresses::{Addresses, Block};
use super::compare::{allowed, check_word, protocol_number};
use super::cursor::{Cursor, Spanned};
use super::fault::Fault;
use super::literal::{self, block};
use super::ranges::Ranges;
use super::tree::{Quantity, Words};
use super::value::{Operator, Value};
use crate::net::service::Services;
use crate::record::field::{self, Kind};
use crate::value::text::snippet;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use winnow::token::one_of;

/// The largest list file.
const MAX_FILE: u64 = 256 << 20;

/// Entries, each with its place in the expression, and what to call that.
struct Entries<'e> {
    all: Vec<Spanned<&'e str>>,
    /// The file and the line of each.
    file: Option<(&'e str, Vec<usize>)>,
}

impl Entries<'_> {
    /// A fault in an entry.
    fn wrong(&self, at: usize, fault: Fault) -> Fault {
        match &self.file {
            Some((name, lines)) => {
                let line = lines.get(at).copied().unwrap_or_default();
                Fault::at(fault.span, format!("{name}:{line}: {}", fault.message))
            }
            None => fault,
        }
    }

    /// What `read` makes of each.
    fn each<T>(&self, read: impl Fn(&str, Range<usize>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let entries = self.all.iter().enumerate();
        entries.map(|(at, e)| read(e.value, e.span.clone()).map_err(|f| self.wrong(at, f))).collect()
    }
}

/// Reads the list that comes, in brackets or from a file, and hands its entries to `use_entries`; `whole_lines` says that
/// a line of a file is one entry.
fn entries<T>(
    cursor: &mut Cursor<'_>,
    whole_lines: bool,
    use_entries: impl FnOnce(&Entries<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    if let Some(at) = cursor.sign("@") {
        let name = match literal::quoted(cursor)? {
            Some(name) => name,
            None => {
                let raw = cursor.raw().ok_or_else(|| cursor.expected("the name of a file"))?;
                Spanned::new(raw.value.to_owned(), raw.span)
            }
        };
        let span = at.start..name.span.end;
        let text = read_file(&name.value, &span)?;
        cursor.read(&name.value);
        return use_entries(&file_entries(&name.value, &text, &span, whole_lines));
    }
    let Some(open) = cursor.eat(one_of(['[', '('])) else { return Err(cursor.expected("a list: [A B C] or @FILE")) };
    let close = if open.value == '[' { "]" } else { ")" };
    let mut quoted = Vec::new();
    loop {
        let _comma = cursor.sign(",");
        if cursor.sign(close).is_some() {
            break;
        }
        let entry = match literal::quoted(cursor)? {
            Some(text) => text,
            None => {
                let raw = cursor.raw().ok_or_else(|| cursor.expected("an entry or the end of the list"))?;
                Spanned::new(raw.value.to_owned(), raw.span)
            }
        };
        quoted.push(entry);
    }
    if quoted.is_empty() {
        return Err(Fault::at(open.span, "the list is empty"));
    }
    let all = quoted.iter().map(|e| Spanned::new(e.value.as_str(), e.span.clone())).collect();
    use_entries(&Entries { all, file: None })
}

fn read_file(name: &str, span: &Range<usize>) -> Result<String, Fault> {
    let wrong = |why: String| Fault::at(span.clone(), format!("{}: {why}", snippet(name.as_bytes(), 200)));
    let file = File::open(name).map_err(|e| wrong(e.to_string()))?;
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(|e| wrong(e.to_string()))?;
    if text.len() as u64 > MAX_FILE {
        return Err(wrong("a list has at most 256 MiB".to_owned()));
    }
    String::from_utf8(text).map_err(|_| wrong("not UTF-8".to_owned()))
}

fn file_entries<'e>(name: &'e str, text: &'e str, span: &Range<usize>, whole_lines: bool) -> Entries<'e> {
    let (mut all, mut lines) = (Vec::new(), Vec::new());
    for (at, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = if whole_lines && !line.trim_start().starts_with('#') {
            line
        } else {
            line.split('#').next().unwrap_or_default()
        };
        let is_between = |c: char| !whole_lines && (c.is_whitespace() || c == ',' || c == ';');
        for entry in line.split(is_between).map(str::trim).filter(|e| !e.is_empty()) {
            all.push(Spanned::new(entry, span.clone()));
            lines.push(at + 1);
        }
    }
    Entries { all, file: Some((name, lines)) }
}

/// Reads a list of addresses and networks.
///
/// # Errors
/// An entry that is none, a file that cannot be read.
pub(super) fn addresses(cursor: &mut Cursor<'_>) -> Result<Addresses, Fault> {
    entries(cursor, false, |e| e.each(address).map(Addresses::new))
}

fn address(entry: &str, span: Range<usize>) -> Result<Block, Fault> {
    let wrong = || Fault::at(span.clone(), format!("no such address or network \"{}\"", snippet(entry.as_bytes(), 60)));
    block(entry).ok_or_else(wrong)
}

/// Reads a list of integers and ranges of such; protocols and ports may have their names.
///
/// # Errors
/// An entry that is none, a file that cannot be read.
pub(super) fn integers(cursor: &mut Cursor<'_>, quantity: Quantity) -> Result<Ranges, Fault> {
    let read = |entry: &str, span: Range<usize>| integer(entry, span, quantity);
    entries(cursor, false, |e| e.each(read).map(|all| Ranges::new(all.concat())))
}

/// The ranges of one entry: a number, two with `-` between, or a name.
pub(super) fn integer(entry: &str, span: Range<usize>, quantity: Quantity) -> Result<Vec<(u64, u64)>, Fault> {
    let number = |text: &str| {
        let mut cursor = Cursor::new(text);
        let number = literal::number(&mut cursor).ok().flatten()?;
        let (set, _) = allowed(quantity, Operator::Equal, number.value)?;
        set.all().first().filter(|_| cursor.is_done()).map(|(value, _)| *value)
    };
    if let Some(value) = number(entry) {
        within(quantity, value, &span)?;
        return Ok(vec![(value, value)]);
    }
    if let Some((first, last)) = entry.split_once('-').and_then(|(a, b)| Some((number(a)?, number(b)?))) {
        within(quantity, last, &span)?;
        return match first <= last {
            true => Ok(vec![(first, last)]),
            false => Err(Fault::at(span, "the range ends before it begins")),
        };
    }
    match quantity {
        Quantity::Field(field::PROTOCOL) => protocol_number(entry, span).map(|n| vec![(n, n)]),
        _ if is_port(quantity) => ports(entry, span),
        _ => Err(Fault::at(span, format!("no such number \"{}\"", snippet(entry.as_bytes(), 40)))),
    }
}

/// Whether a quantity is a port.
pub(super) fn is_port(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::DstPort | Quantity::Field(field::SRC_PORT | field::DST_PORT))
}

/// Refuses a number that a field of the record never is.
pub(super) fn within(quantity: Quantity, value: u64, span: &Range<usize>) -> Result<(), Fault> {
    let field = match quantity {
        _ if is_port(quantity) => field::DST_PORT.field(),
        Quantity::Field(id) => id.field(),
        _ => return Ok(()),
    };
    match field.kind {
        Kind::Integer(max) if value > max => {
            let name = if is_port(quantity) { "a port" } else { field.name };
            Err(Fault::at(span.clone(), format!("{name} is at most {max}")))
        }
        _ => Ok(()),
    }
}

/// Whether a service has this name, in any case of letters.
pub(super) fn is_service(name: &str) -> bool {
    Services::registered().names().iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The service whose name was all but certainly meant.
pub(super) fn service_meant(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let is_slip = |known: &&&str| strsim::damerau_levenshtein(&lower, known) == 1;
    Services::registered().names().iter().find(is_slip).copied().filter(|_| lower.len() >= 4)
}

/// The ports of a service.
///
/// # Errors
/// A name that no service has, with the nearest right one.
pub(super) fn ports(name: &str, span: Range<usize>) -> Result<Vec<(u64, u64)>, Fault> {
    let services = Services::registered();
    let Some(known) = services.names().iter().find(|n| n.eq_ignore_ascii_case(name)) else {
        return Err(Fault::unknown(span, "service", name, services.names().iter().copied()));
    };
    let is_its = |port: &u16| [6, 17, 132, 33].iter().any(|p| services.name(*p, *port) == Some(known));
    Ok((0..=u16::MAX).filter(is_its).map(|p| (u64::from(p), u64::from(p))).collect())
}

/// Reads a list of texts for `value`; a line of a file is one.
///
/// # Errors
/// A word that the field never has, a file that cannot be read.
pub(super) fn words(cursor: &mut Cursor<'_>, value: &Value) -> Result<Words, Fault> {
    let read = |entry: &str, span: Range<usize>| check_word(value, entry, span).map(|()| entry.into());
    entries(cursor, true, |e| e.each(read).map(Words::new))
}
