//! What is wrong with a command line, in the words of the other messages: `--to: "xml" is none of ndjson, csv, table`.
//!
//! clap finds it; of its errors only what they are about is taken.

use super::{Program, hint};
use crate::item::nearest;
use crate::people::read;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error;

/// One sentence about the error.
pub(super) fn sentence(program: &Program, command: &clap::Command, error: &clap::Error) -> String {
    let option = named(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => hint::better(program, command, &option),
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{option}: a value is needed{}", as_in(command, &option))
        }
        ErrorKind::InvalidValue => none_of(&option, value, error),
        ErrorKind::ValueValidation => {
            let why = error.source().map_or_else(|| "it cannot be".into(), ToString::to_string);
            format!("{option}: bad value {value:?}: {why}")
        }
        ErrorKind::TooManyValues => format!("{option} takes no value, and {value:?} is given"),
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{option}: a value is needed{}", as_in(command, &option))
        }
        ErrorKind::ArgumentConflict => match named(error, ContextKind::PriorArg) {
            other if other == option || other.is_empty() => format!("{option} is given twice"),
            other => format!("{option} and {other} do not go together"),
        },
        ErrorKind::InvalidUtf8 => "a word of the command line is not UTF-8".into(),
        _ => {
            let whole = error.render().to_string();
            whole.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// A value that is none of a few words.
fn none_of(option: &str, value: &str, error: &clap::Error) -> String {
    let words = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(words)) => words.as_slice(),
        _ => &[],
    };
    let near = nearest(value, words.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    format!("{option}: {value:?} is none of {}{near}", words.join(", "))
}

/// How the value of an option is written.
fn as_in(command: &clap::Command, option: &str) -> String {
    let name = option.trim_start_matches('-');
    let found = command.get_arguments().find(|a| a.get_long() == Some(name));
    let value = found.and_then(|a| a.get_value_names()).and_then(<[_]>::first);
    value.map(|value| format!(", as in {option} {value}")).unwrap_or_default()
}

/// The option that the error is about, without its value.
fn named(error: &clap::Error, kind: ContextKind) -> String {
    let whole = match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        Some(ContextValue::Strings(texts)) => texts.first().map_or("", String::as_str),
        _ => "",
    };
    let option = whole.split([' ', '=']).next().unwrap_or_default();
    option.strip_suffix('[').unwrap_or(option).to_owned()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// Reads a whole number, as options take it.
///
/// # Errors
/// What is expected, and what was likely meant.
pub fn number(text: &str) -> Result<u64, String> {
    read::integer(text).filter(|_| !text.is_empty()).ok_or_else(|| {
        let near = read::plain(text).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("a whole number is expected, as 100, 5k or 1M{near}")
    })
}

/// Reads a duration, as options take it; the answer is in nanoseconds.
///
/// # Errors
/// What is expected, and what was likely meant.
pub fn duration(text: &str) -> Result<u64, String> {
    read::duration(text).ok_or_else(|| {
        let near = read::plain_duration(text).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("a duration is expected, as 90, 90s or 1m30s{near}")
    })
}

/// Reads a number of threads.
///
/// # Errors
/// What is expected.
pub(super) fn threads(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|n| (1..=64).contains(n));
    number.ok_or_else(|| "a number from 1 to 64 is expected".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_are_answered_with_what_was_meant() {
        assert_eq!(number("5k"), Ok(5_000));
        for (text, part) in [("", "as 100"), ("-1", "as 100"), ("1.5", "as 100"), ("5kb", "did you mean \"5k\"?")] {
            assert!(number(text).unwrap_err().contains(part), "{text}");
        }
        assert_eq!(duration("2m"), Ok(120_000_000_000));
        assert!(duration("abc").unwrap_err().ends_with("as 90, 90s or 1m30s"));
        assert!(duration("5min").unwrap_err().ends_with("did you mean \"5m\"?"));
        assert!(threads("0").is_err() && threads("65").is_err() && threads("64") == Ok(64));
    }
}
