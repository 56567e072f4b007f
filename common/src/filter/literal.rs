//! Values as they are written in an expression: numbers with units, times, addresses and networks, texts in quotes.
//!
//! Numbers are exact, to nine decimals. Times are ISO 8601, from the date on as far as they go; without a zone they are
//! of the zone that was given.

use super::addresses::Block;
use super::cursor::{Cursor, Rest, Spanned};
use super::fault::Fault;
use crate::people::read;
use crate::value::civil::civil;
use crate::value::text::snippet;
use crate::value::time::{DateCache, Zone};
use crate::value::{Address, Time};
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::Range;
use winnow::ascii::{digit1, hex_digit1};
use winnow::combinator::{alt, opt};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::{one_of, take_while};

/// Nanounits of one.
pub(super) const ONE: i128 = 1_000_000_000;

/// No number is as large as this, in nanounits: beyond every count and sum that there can be.
const MOST: i128 = ONE * 10i128.pow(27);

/// A number as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// In nanounits, before its unit is applied.
    mantissa: i128,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many ones.
    Scale(i128),
    /// `m`: minutes of a duration, millions of all else.
    M,
    /// So many nanoseconds.
    Time(i128),
}

const UNITS: &[(&str, Unit)] = &[
    ("", Unit::Scale(1)),
    ("k", Unit::Scale(1_000)),
    ("K", Unit::Scale(1_000)),
    ("m", Unit::M),
    ("M", Unit::Scale(1_000_000)),
    ("g", Unit::Scale(1_000_000_000)),
    ("G", Unit::Scale(1_000_000_000)),
    ("t", Unit::Scale(1_000_000_000_000)),
    ("T", Unit::Scale(1_000_000_000_000)),
    ("ns", Unit::Time(1)),
    ("us", Unit::Time(1_000)),
    ("ms", Unit::Time(1_000_000)),
    ("s", Unit::Time(ONE)),
    ("min", Unit::Time(60 * ONE)),
    ("h", Unit::Time(3_600 * ONE)),
    ("d", Unit::Time(86_400 * ONE)),
    ("w", Unit::Time(604_800 * ONE)),
];

impl Number {
    /// The number as a count, in nanounits; `None` if it has a unit of time.
    pub(super) fn count(self) -> Option<i128> {
        match self.unit {
            Unit::Scale(factor) => Some(self.mantissa.saturating_mul(factor)),
            Unit::M => Some(self.mantissa.saturating_mul(1_000_000)),
            Unit::Time(_) => None,
        }
    }

    /// The number as a duration, in nanoseconds; bare it is seconds.
    pub(super) fn seconds(self) -> i128 {
        match self.unit {
            Unit::Scale(factor) => self.mantissa.saturating_mul(factor),
            Unit::M => self.mantissa.saturating_mul(60),
            Unit::Time(nanos) => self.mantissa.saturating_mul(nanos).div_euclid(ONE),
        }
    }

    /// The number in a formula, in seconds if it has a unit of time or stands beside seconds.
    pub(super) fn float(self, beside_seconds: bool) -> f64 {
        let nanos = match self.unit {
            Unit::M if !beside_seconds => self.count().unwrap_or(i128::MAX),
            _ => self.seconds(),
        };
        // A whole number is exact up to 2^53.
        if nanos % ONE == 0 { (nanos / ONE) as f64 } else { nanos as f64 / ONE as f64 }
    }

    /// The number with the other sign.
    pub(super) fn negative(self) -> Number {
        Number { mantissa: -self.mantissa, ..self }
    }
}

/// Reads a number, if one comes.
///
/// # Errors
/// An unknown unit, too many digits.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Option<Spanned<Number>>, Fault> {
    let hex = ("0", one_of(['x', 'X']), hex_digit1).map(|(_, _, digits): (_, _, &str)| (true, digits, None, ""));
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1).take();
    let decimal = (digit1, opt((".", digit1).map(|(_, d): (_, &str)| d)), opt(exponent))
        .map(|(whole, fraction, exponent): (_, _, Option<&str>)| (false, whole, fraction, exponent.unwrap_or("")));
    let Some(read) = cursor.eat(alt((hex, decimal))) else { return Ok(None) };
    let (is_hex, whole, fraction, exponent) = read.value;
    let is_unit = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let unit = cursor.eat_here(take_while(0.., is_unit));
    let (word, end) = unit.map_or(("", read.span.end), |u| (u.value, u.span.end));
    let span = read.span.start..end;
    let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == word) else {
        let text = cursor.text().get(span.clone()).unwrap_or_default();
        return match read::duration(text) {
            Some(nanos) => Ok(Some(Spanned::new(Number { mantissa: i128::from(nanos), unit: Unit::Time(ONE) }, span))),
            None => Err(unknown_unit(text, word, span)),
        };
    };
    let mantissa = match is_hex {
        true => i128::from_str_radix(whole, 16).ok().and_then(|v| v.checked_mul(ONE)),
        false => decimal_value(whole, fraction.unwrap_or(""), exponent.get(1..).unwrap_or("")),
    };
    match mantissa.filter(|m| *m < MOST) {
        Some(mantissa) => Ok(Some(Spanned::new(Number { mantissa, unit: *unit }, span))),
        None => Err(Fault::at(span, "a number has at most nine decimals, and is below 10^27")),
    }
}

fn unknown_unit(text: &str, word: &str, span: Range<usize>) -> Fault {
    let word = snippet(word.as_bytes(), 20);
    let message = match read::plain(text).or_else(|| read::plain_duration(text)) {
        Some(plain) => format!("unknown unit \"{word}\"; did you mean {plain}?"),
        None => {
            format!("unknown unit \"{word}\"; k, M, G and T are powers of 1000, durations have ms, s, m, h, d or w")
        }
    };
    Fault::at(span, message)
}

/// A decimal number in nanounits.
fn decimal_value(whole: &str, fraction: &str, exponent: &str) -> Option<i128> {
    let fraction = fraction.trim_end_matches('0');
    let exponent: i32 = if exponent.is_empty() { 0 } else { exponent.parse().ok()? };
    let places = 9 + exponent - i32::try_from(fraction.len()).ok()?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let value: i128 = digits.parse().ok()?;
    let power = 10i128.checked_pow(places.unsigned_abs())?;
    match places {
        0.. => value.checked_mul(power),
        _ => (value % power == 0).then(|| value / power),
    }
}

/// Reads a time, if one comes: a date, and as much of a time of the day as there is.
///
/// # Errors
/// A day that is none.
pub(super) fn time(cursor: &mut Cursor<'_>, zone: &Zone) -> Result<Option<Spanned<Time>>, Fault> {
    let Some(read) = cursor.eat(time_text) else { return Ok(None) };
    match time_value(read.value, zone) {
        Some(time) => Ok(Some(Spanned::new(time, read.span))),
        None => Err(Fault::at(read.span, "no such time; write it as 2015-01-22T08:03:34, or a part of that")),
    }
}

fn time_text<'t>(rest: &mut Rest<'t>) -> Result<&'t str, EmptyError> {
    let digits = |count: usize| take_while(count..=count, |c: char| c.is_ascii_digit());
    let seconds = (":", digits(2), opt((".", digit1)));
    let clock = (digits(2), opt((":", digits(2), opt(seconds))));
    let offset = alt((one_of(['Z', 'z']).void(), (one_of(['+', '-']), digits(2), opt(":"), opt(digits(2))).void()));
    (digits(4), "-", digits(2), "-", digits(2), opt((one_of(['T', 't', '_']), clock, opt(offset))))
        .take()
        .parse_next(rest)
}

/// The time of a text, from the date on as far as it goes.
pub(super) fn time_value(text: &str, zone: &Zone) -> Option<Time> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let whole = match rest.get(1..) {
        None => format!("{date}T00:00:00"),
        Some(clock) => {
            let end = clock.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(clock.len());
            let (clock, offset) = clock.split_at(end);
            let rest_of_clock = match clock.len() {
                2 => ":00:00",
                5 => ":00",
                _ => "",
            };
            format!("{date}T{clock}{rest_of_clock}{offset}")
        }
    };
    let civil = civil(&mut DateCache::default(), whole.as_bytes())?;
    match civil.offset {
        Some(offset) => Time::from_seconds(civil.seconds.checked_sub(offset)?, civil.nanos),
        None => zone.clone().local(civil.seconds, civil.nanos).map(|l| l.time),
    }
}

/// Reads an address or a network, if one comes that is whole.
///
/// # Errors
/// What looks like one and is none.
pub(super) fn address(cursor: &mut Cursor<'_>) -> Result<Option<Spanned<Block>>, Fault> {
    let is_inner = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let is_quad = |t: &str| t.matches('.').count() == 3 && t.chars().all(|c| c == '.' || c.is_ascii_digit());
    let text = take_while(1.., is_inner).verify(move |t: &str| t.matches(':').count() >= 2 || is_quad(t));
    let Some(read) = cursor.eat((text, opt(("/", digit1))).take()) else { return Ok(None) };
    let joined = cursor.eat_here(take_while(1.., |c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '/' | '_')));
    let span = read.span.start..joined.as_ref().map_or(read.span.end, |j| j.span.end);
    match block(read.value).filter(|_| joined.is_none()) {
        Some(block) => Ok(Some(Spanned::new(block, span))),
        None => Err(Fault::at(span, "no such address or network")),
    }
}

/// An address or a network, whose bits behind the prefix do not count.
pub(super) fn block(text: &str) -> Option<Block> {
    if let Some(address) = Address::parse(text) {
        return Some(match address.0 {
            IpAddr::V4(a) => Block::V4(a.to_bits(), a.to_bits()),
            IpAddr::V6(a) => Block::V6(a.to_bits(), a.to_bits()),
        });
    }
    let (address, length) = text.split_once('/')?;
    IpNet::new(Address::parse(address)?.0, length.parse().ok()?).ok().map(Block::from)
}

/// Reads a text in single or double quotes, if one comes; `\` takes the next character as it is.
///
/// # Errors
/// A quote that is not closed.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Option<Spanned<String>>, Fault> {
    let Some(open) = cursor.eat(one_of(['"', '\''])) else { return Ok(None) };
    let mut text = String::new();
    loop {
        let Some(next) = cursor.eat_here(winnow::token::any) else {
            return Err(Fault::at(open.span, "the quote is not closed"));
        };
        match next.value {
            c if c == open.value => return Ok(Some(Spanned::new(text, open.span.start..next.span.end))),
            '\\' => match cursor.eat_here(winnow::token::any) {
                Some(escaped) if escaped.value == open.value || escaped.value == '\\' => text.push(escaped.value),
                // Other backslashes are for a regular expression to read.
                Some(other) => text.extend(['\\', other.value]),
                None => return Err(Fault::at(open.span, "the quote is not closed")),
            },
            c => text.push(c),
        }
    }
}
