//! Times and durations of foreign sources.
//!
//! A time is a date with a clock (seconds may be left out), with or without a zone, its year first or last
//! ([`super::year_last`]), or a number since 1970-01-01T00:00:00Z. A number without a unit
//! is taken by its size: below 10^11 seconds (to the year 5138), below 10^14 milliseconds, below 10^17 microseconds, else
//! nanoseconds. A duration is a number (seconds unless the column says otherwise) or `HH:MM:SS`, with days before it.

use super::year_last::{Order, YearLast};
use super::{Dialect, Form};
use flow_record::value::civil::{Civil, civil};
use flow_record::value::number::MAX_NANOS;
use flow_record::value::time::{DateCache, Time, Zone, clock, fraction, resolution};

/// A point in time as a source gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Time,
    /// Decimals of the source's resolution: 3, 6 or 9.
    pub(super) digits: u8,
    /// The clock showed it twice, or never.
    pub(super) ambiguous: bool,
    /// Only the time of day is known.
    pub(super) dateless: bool,
}

/// What a text says of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    At(Moment),
    /// That there is none: `0000-00-00 00:00:00`.
    None,
    /// Nothing that can be read.
    Bad,
}

/// Reads times; remembers the last date.
#[derive(Debug)]
pub(super) struct Clock {
    zone: Zone,
    dates: DateCache,
    /// Which of day and month comes first where the year is last, if that is known.
    order: Option<Order>,
    /// Hours are those of a clock of 12.
    half_days: bool,
    /// Whether some time came without a zone.
    pub(super) zoneless: bool,
}

impl Clock {
    /// `zone` is that of times without one.
    pub(super) fn new(zone: Zone, dialect: &Dialect) -> Clock {
        let order = dialect.half_days.then_some(Order::Day);
        Clock { zone, dates: DateCache::default(), order, half_days: dialect.half_days, zoneless: false }
    }

    /// The time at which the zone's clocks showed these seconds since 1970-01-01T00:00:00.
    #[inline]
    pub(super) fn local(&mut self, seconds: i64, nanos: i64, digits: u8) -> Option<Moment> {
        self.zoneless = true;
        let local = self.zone.local(seconds, nanos)?;
        Some(Moment { time: local.time, digits, ambiguous: local.ambiguous, dateless: false })
    }

    /// Reads a time.
    pub(super) fn read(&mut self, text: &[u8], form: Form) -> Said {
        let moment = match text {
            [b'0', b'0', b'0', b'0', b'-' | b'/', ..] => return Said::None,
            [_, _, _, _, b'-' | b'/', ..] => self.dated(text, form),
            [_, _, b':', ..] => of_day(text),
            [_, _, b'/', _, _, b'.', ..] => of_year(text),
            _ => since_epoch(text, form),
        };
        moment.or_else(|| self.year_last(text, form)).map_or(Said::Bad, Said::At)
    }

    fn dated(&mut self, text: &[u8], form: Form) -> Option<Moment> {
        let mut civil = civil(&mut self.dates, text).or_else(|| self.minutes(text))?;
        if form == Form::UnpaddedMillis && (1..=3).contains(&civil.decimals) {
            let millis = civil.nanos / 10i64.pow(9 - civil.decimals as u32);
            (civil.nanos, civil.decimals) = (millis * 1_000_000, 3);
        }
        let digits = resolution(civil.decimals);
        match civil.offset {
            Some(offset) => {
                let time = Time::from_seconds(civil.seconds - offset, civil.nanos)?;
                Some(Moment { time, digits, ambiguous: false, dateless: false })
            }
            None => self.local(civil.seconds, civil.nanos, digits),
        }
    }
}

impl Clock {
    /// A date with its year last.
    #[cold]
    fn year_last(&mut self, text: &[u8], form: Form) -> Option<Moment> {
        let date = YearLast::parse(text)?;
        let order = match form {
            Form::DayFirst => Order::Day,
            Form::MonthFirst => Order::Month,
            _ => {
                let shown = date.shown();
                if self.order.is_none() {
                    self.order = shown;
                }
                shown.or(self.order).or(date.is_same_in_both().then_some(Order::Day))?
            }
        };
        let (text, length, is_guess) = date.year_first(order, self.half_days);
        let moment = self.dated(&text[..length], Form::Plain)?;
        Some(Moment { ambiguous: moment.ambiguous || is_guess, ..moment })
    }

    /// A date with hours and minutes, as spreadsheets write it.
    #[cold]
    fn minutes(&mut self, text: &[u8]) -> Option<Civil> {
        let (start, rest) = text.split_first_chunk::<16>()?;
        if start[13] != b':' || matches!(rest.first(), Some(b':' | b'.')) || rest.len() > 12 {
            return None;
        }
        let mut whole = [b' '; 31];
        whole[..16].copy_from_slice(start);
        whole[16..19].copy_from_slice(b":00");
        whole[19..19 + rest.len()].copy_from_slice(rest);
        civil(&mut self.dates, whole[..19 + rest.len()].trim_ascii_end())
    }
}

/// `HH:MM:SS.ffffff` on the first day there is.
fn of_day(text: &[u8]) -> Option<Moment> {
    let (hms, rest) = text.split_first_chunk::<8>()?;
    let (nanos, used) = fraction(rest)?;
    if used != rest.len() {
        return None;
    }
    let time = Time::from_seconds(clock(hms)?, nanos)?;
    Some(Moment { time, digits: resolution(used.saturating_sub(1)), ambiguous: false, dateless: true })
}

/// `MM/DD.HH:MM:SS.ffffff`, as Argus prints it, in the first year there is.
#[cold]
fn of_year(text: &[u8]) -> Option<Moment> {
    let mut date = *b"1970-MM-DD";
    date[5..7].copy_from_slice(&text[..2]);
    date[8..].copy_from_slice(&text[3..5]);
    let midnight = DateCache::default().midnight(&date)?;
    let moment = of_day(&text[6..])?;
    let time = Time::from_nanos(i128::from(moment.time.nanos()) + i128::from(midnight) * 1_000_000_000)?;
    Some(Moment { time, ..moment })
}

/// A number as whole part and billionths.
fn decimal(text: &[u8]) -> Option<(u64, u64, usize)> {
    let point = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    let digits = |part: &[u8]| {
        part.iter().try_fold(0u64, |v, b| {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 { None } else { v.checked_mul(10)?.checked_add(u64::from(digit)) }
        })
    };
    let (whole, rest) = text.split_at(point);
    let decimals = rest.len().saturating_sub(1);
    if whole.is_empty() {
        return None;
    }
    // Digits beyond a billionth are cut.
    let kept = &rest[rest.len().min(1)..rest.len().min(10)];
    if rest.iter().skip(10).any(|b| !b.is_ascii_digit()) {
        return None;
    }
    Some((digits(whole)?, digits(kept)? * 10u64.pow(9 - kept.len() as u32), decimals))
}

/// A number in exponent form, as floating point makes it; exact as far as that is.
fn exponent(text: &[u8]) -> Option<(u64, u64, usize)> {
    if !text.iter().any(|b| matches!(b, b'e' | b'E')) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (0.0..1.8e19).contains(&value).then(|| (value as u64, (value.fract() * 1e9) as u64, 0))
}

/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

/// A number since the epoch.
fn since_epoch(text: &[u8], form: Form) -> Option<Moment> {
    let (whole, billionths, decimals) = decimal(text).or_else(|| exponent(text))?;
    let (unit, places) = match form {
        Form::Seconds => (1_000_000_000, 0),
        Form::Millis => (1_000_000, 3),
        Form::Micros => (1_000, 6),
        Form::Nanos => (1, 9),
        Form::Centis => (10_000_000, 2),
        Form::Minutes => (60_000_000_000, 0),
        _ if whole < 100_000_000_000 => (1_000_000_000, 0),
        _ if whole < 100_000_000_000_000 => (1_000_000, 3),
        _ if whole < 100_000_000_000_000_000 => (1_000, 6),
        _ => (1, 9),
    };
    let nanos = i128::from(whole) * unit + i128::from(billionths) * unit / 1_000_000_000;
    let digits = resolution(places + decimals.min(9));
    // Nobody counts so since 1970 but since midnight.
    let dateless = matches!(form, Form::Centis | Form::Minutes) && nanos < DAY;
    Some(Moment { time: Time::from_nanos(nanos)?, digits, ambiguous: false, dateless })
}

/// A length of time as a source gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// In nanoseconds.
    Nanos(u64),
    /// Negative, or longer than any time: what a tool prints for a flow whose last packet is before its first.
    Absurd,
    /// Nothing that can be read.
    Bad,
}

/// Reads a duration.
#[inline]
pub(super) fn length(text: &[u8], form: Form) -> Length {
    match text {
        [b'-', b'0'..=b'9', ..] => Length::Absurd,
        _ => match plain(text, form).or_else(|| written(text)) {
            Some(nanos) if nanos <= u128::from(MAX_NANOS) => Length::Nanos(nanos as u64),
            Some(_) => Length::Absurd,
            None => Length::Bad,
        },
    }
}

fn plain(text: &[u8], form: Form) -> Option<u128> {
    let (whole, billionths, _) = decimal(text).or_else(|| exponent(text))?;
    let unit = match form {
        Form::Millis => 1_000_000,
        Form::Micros => 1_000,
        Form::Nanos => 1,
        Form::Centis => 10_000_000,
        Form::Minutes => 60_000_000_000,
        _ => 1_000_000_000,
    };
    Some(u128::from(whole) * unit + u128::from(billionths) * unit / 1_000_000_000)
}

/// `HH:MM:SS.mmm`, `1d 02:03:04.000`, `1 days 02:03:04.000`.
fn written(text: &[u8]) -> Option<u128> {
    let colon = text.iter().position(|b| *b == b':')?;
    let start = colon.checked_sub(2)?;
    let (hms, rest) = text[start..].split_first_chunk::<8>()?;
    let (nanos, used) = fraction(rest)?;
    let days = text[..start].trim_ascii();
    let count = days.strip_suffix(b"days").or_else(|| days.strip_suffix(b"day")).or_else(|| days.strip_suffix(b"d"));
    let days = match (days.is_empty(), count) {
        (true, _) => 0,
        (false, Some(count)) => std::str::from_utf8(count).ok()?.trim().parse::<u32>().ok()?,
        (false, None) => return None,
    };
    let seconds = u128::from(days) * 86_400 + clock(hms)? as u128;
    (used == rest.len()).then(|| seconds * 1_000_000_000 + nanos as u128)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn at(text: &str, form: Form) -> (String, bool) {
        let mut clock = Clock::new(Zone::named("Europe/Lisbon").unwrap(), &crate::row::ANY);
        match clock.read(text.as_bytes(), form) {
            Said::At(m) => (m.time.to_text(m.digits), m.ambiguous || m.dateless),
            other => (format!("{other:?}"), false),
        }
    }

    #[test]
    fn the_unit_of_an_epoch_time_shows_in_its_size() {
        for (text, time) in [
            ("1421913814", "2015-01-22T08:03:34.000Z"),
            ("1421913814.035", "2015-01-22T08:03:34.035Z"),
            ("1421913814.0351", "2015-01-22T08:03:34.035100Z"),
            ("1421913814035", "2015-01-22T08:03:34.035Z"),
            ("1421913814035.5", "2015-01-22T08:03:34.035500Z"),
            ("1421913814035000", "2015-01-22T08:03:34.035000Z"),
            ("1421913814035000001", "2015-01-22T08:03:34.035000001Z"),
            ("1.421913814e9", "2015-01-22T08:03:34.000Z"),
            ("0", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(at(text, Form::Plain), (time.into(), false), "{text}");
        }
        assert_eq!(at("5000", Form::Millis).0, "1970-01-01T00:00:05.000Z");
        assert_eq!(at("142191381403", Form::Centis), ("2015-01-22T08:03:34.030Z".into(), false));
        assert_eq!(at("3000012", Form::Centis), ("1970-01-01T08:20:00.120Z".into(), true));
        assert_eq!(at("23698563.5", Form::Minutes), ("2015-01-22T08:03:30.000Z".into(), false));
        for bad in ["", "x", "-1", "1.2.3", "12:30", "99999999999999999999", "18446744073709551615", "1e99"] {
            assert_eq!(at(bad, Form::Plain).0, "Bad", "{bad}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_one_of_the_given_zone() {
        assert_eq!(at("2024-07-01 12:00:00.5", Form::Plain), ("2024-07-01T11:00:00.500Z".into(), false));
        assert_eq!(at("2024-07-01T12:00:00Z", Form::Plain), ("2024-07-01T12:00:00.000Z".into(), false));
        assert_eq!(at("2024-10-27 01:30:00", Form::Plain), ("2024-10-27T00:30:00.000Z".into(), true));
        assert_eq!(at("0000-00-00 00:00:00.000", Form::Plain).0, "None");
        assert_eq!(at("12:30:00.123456", Form::Plain), ("1970-01-01T12:30:00.123456Z".into(), true));
        assert_eq!(at("2024-07-01 12:00", Form::Plain), ("2024-07-01T11:00:00.000Z".into(), false));
        assert_eq!(at("2024/07/01T12:00+02:00", Form::Plain), ("2024-07-01T10:00:00.000Z".into(), false));
        for bad in
            ["03/07/2017 08:59:00", "2024-07-01 12:0", "2024-07-01 12:00x", "2024-07-01 12:00.5", "2024-07-01 12:60"]
        {
            assert_eq!(at(bad, Form::Plain).0, "Bad", "{bad}");
        }
    }

    #[test]
    fn day_and_month_are_told_apart_by_what_came_before() {
        let mut clock = Clock::new(Zone::utc(), &crate::row::ANY);
        let mut at = |text: &str| match clock.read(text.as_bytes(), Form::Plain) {
            Said::At(m) => m.time.to_text(m.digits),
            other => format!("{other:?}"),
        };
        assert_eq!(at("03/07/2017 08:59:00"), "Bad");
        assert_eq!(at("07/07/2017 08:59"), "2017-07-07T08:59:00.000Z");
        assert_eq!(at("22/07/2017 08:59"), "2017-07-22T08:59:00.000Z");
        assert_eq!(at("1/07/2017 08:59"), "2017-07-01T08:59:00.000Z");
        assert_eq!(at("03/07/2017 8:59:00.5 PM"), "2017-07-03T20:59:00.500Z");
        for bad in ["22/22/2017 08:59", "31/02/2017 08:59", "0/0/2017 08:59", "22/07/2017 08:60"] {
            assert_eq!(at(bad), "Bad", "{bad}");
        }
        let half = crate::row::Dialect { half_days: true, ..crate::row::ANY };
        match Clock::new(Zone::utc(), &half).read(b"03/07/2017 1:30", Form::Plain) {
            Said::At(m) => {
                assert_eq!((m.time.to_text(m.digits), m.ambiguous), ("2017-07-03T13:30:00.000Z".into(), true))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_order_that_is_given_holds_for_every_date() {
        let day = |text| at(text, Form::DayFirst).0;
        let month = |text| at(text, Form::MonthFirst).0;
        assert_eq!(day("03/07/2017 08:59:00"), "2017-07-03T07:59:00.000Z");
        assert_eq!(month("03/07/2017 08:59"), "2017-03-07T08:59:00.000Z");
        assert_eq!(month("3/7/2017 12:00:01.5 AM"), "2017-03-07T00:00:01.500Z");
        assert_eq!(day("3.7.2017 1:00 pm"), "2017-07-03T12:00:00.000Z");
        assert_eq!((day("07/22/2015 08:03"), month("22/07/2015 08:03")), ("Bad".into(), "Bad".into()));
        assert_eq!(day("2017-07-03 08:59:00"), "2017-07-03T07:59:00.000Z");
    }

    #[test]
    fn milliseconds_without_leading_zeros_are_a_number() {
        assert_eq!(at("2004-07-11T08:30:00.10", Form::UnpaddedMillis).0, "2004-07-11T07:30:00.010Z");
        assert_eq!(at("2004-07-11T08:30:00.7", Form::UnpaddedMillis).0, "2004-07-11T07:30:00.007Z");
        assert_eq!(at("2004-07-11T08:30:00.110", Form::UnpaddedMillis).0, "2004-07-11T07:30:00.110Z");
        assert_eq!(at("2004-07-11T08:30:00.10", Form::Plain).0, "2004-07-11T07:30:00.100Z");
    }

    #[test]
    fn durations_are_numbers_or_clocks() {
        let nanos = |text: &str, form| length(text.as_bytes(), form);
        assert_eq!(nanos("10.010", Form::Plain), Length::Nanos(10_010_000_000));
        assert_eq!(nanos("1500", Form::Millis), Length::Nanos(1_500_000_000));
        assert_eq!(nanos("1.5", Form::Micros), Length::Nanos(1_500));
        assert_eq!(nanos("150", Form::Centis), Length::Nanos(1_500_000_000));
        assert_eq!(nanos("1.5", Form::Minutes), Length::Nanos(90_000_000_000));
        assert_eq!(nanos("5e-05", Form::Plain), Length::Nanos(50_000));
        assert_eq!(nanos("00:35:55.052", Form::Plain), Length::Nanos(2_155_052_000_000));
        assert_eq!(nanos("1d 00:00:01.000", Form::Plain), Length::Nanos(86_401_000_000_000));
        assert_eq!(nanos("0 days 00:00:01.5", Form::Plain), Length::Nanos(1_500_000_000));
        for absurd in ["18446744073709540.000", "-1.5", "-2147483648d -2147483648:-2147483648:18446744073709540.000"] {
            assert_eq!(nanos(absurd, Form::Plain), Length::Absurd, "{absurd}");
        }
        for bad in ["", "x", "1 s", "1:2:3", "5h 00:00:00.000", "00:00:00.000x"] {
            assert_eq!(nanos(bad, Form::Plain), Length::Bad, "{bad}");
        }
    }
}
