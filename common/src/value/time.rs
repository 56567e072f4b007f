//! Times: nanoseconds since 1970-01-01T00:00:00Z, RFC 3339 in and out, zones for sources that print local time.
//!
//! The range is that of 64-bit nanoseconds, 1677-09-22 to 2262-04-11; what lies outside is refused, never wrapped.
//! The date part is cached, because neighbouring flows share their day. Dates and zones are jiff's; nothing else here or
//! elsewhere uses it.

use super::number::PAIRS;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A point in time, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

impl Time {
    /// The time this many nanoseconds after the epoch, if in range.
    pub fn from_nanos(nanos: i128) -> Option<Time> {
        i64::try_from(nanos).ok().map(Time)
    }

    /// The time at these seconds and nanoseconds after the epoch, if in range.
    pub fn from_seconds(seconds: i64, nanos: i64) -> Option<Time> {
        seconds.checked_mul(SECOND)?.checked_add(nanos).map(Time)
    }

    /// Nanoseconds since the epoch.
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// This time later by so many nanoseconds, if in range.
    pub fn after(self, nanos: u64) -> Option<Time> {
        self.0.checked_add(i64::try_from(nanos).ok()?).map(Time)
    }

    /// RFC 3339 text in UTC with `digits` (3, 6 or 9) decimals.
    pub fn to_text(self, digits: u8) -> String {
        let mut out = Vec::with_capacity(30);
        TimeWriter::default().write(self, digits, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Reads dates, remembering the last one.
#[derive(Clone, Debug)]
pub struct DateCache {
    text: [u8; 10],
    midnight: i64,
}

impl Default for DateCache {
    fn default() -> Self {
        DateCache { text: *b"1970-01-01", midnight: 0 }
    }
}

impl DateCache {
    /// Seconds from the epoch to midnight UTC of `YYYY-MM-DD`.
    #[inline]
    pub fn midnight(&mut self, text: &[u8; 10]) -> Option<i64> {
        if *text != self.text {
            self.midnight = midnight(text)?;
            self.text = *text;
        }
        Some(self.midnight)
    }
}

#[cold]
fn midnight(text: &[u8; 10]) -> Option<i64> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = text.map(|b| if b == b'-' { b } else { b.wrapping_sub(b'0') }) else {
        return None;
    };
    if [a, b, c, d, e, f, g, h].iter().any(|digit| *digit > 9) {
        return None;
    }
    let year = i16::from(a) * 1000 + i16::from(b) * 100 + i16::from(c) * 10 + i16::from(d);
    let date = Date::new(year, (e * 10 + f) as i8, (g * 10 + h) as i8).ok()?;
    Some(i64::from((date - Date::constant(1970, 1, 1)).get_days()) * DAY)
}

/// Seconds of the day of `HH:MM:SS`. A leap second counts as the second that follows it, as POSIX time does.
#[inline]
pub fn clock(text: &[u8; 8]) -> Option<i64> {
    // All eight bytes at once: digits become 0 to 9, colons 0.
    let d = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*b"00:00:00");
    let wrong = (d | d.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 | d & 0x0000_ff00_00ff_0000;
    if wrong != 0 {
        return None;
    }
    let byte = |i: u32| (d >> (8 * i) & 0xff) as i64;
    let (h, m, s) = (byte(0) * 10 + byte(1), byte(3) * 10 + byte(4), byte(6) * 10 + byte(7));
    (h < 24 && m < 60 && (s < 60 || (s == 60 && m == 59))).then_some(h * 3600 + m * 60 + s)
}

/// A fraction `.d{1,9}` at the start of `bytes`: nanoseconds, number of digits, bytes used. No point: all 0.
#[inline]
pub fn fraction(bytes: &[u8]) -> Option<(i64, usize)> {
    if bytes.first() != Some(&b'.') {
        return Some((0, 0));
    }
    let mut nanos = 0i64;
    let mut digits = 0;
    while let Some(digit) = bytes.get(digits + 1).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
        nanos = nanos * 10 + i64::from(digit);
        digits += 1;
        if digits > 9 {
            return None;
        }
    }
    if digits == 0 {
        return None;
    }
    for _ in digits..9 {
        nanos *= 10;
    }
    Some((nanos, digits + 1))
}

/// The digits that a time with so many decimals is written with: 3, 6 or 9.
pub fn resolution(decimals: usize) -> u8 {
    match decimals {
        0..=3 => 3,
        4..=6 => 6,
        _ => 9,
    }
}

/// An RFC 3339 time at the start of `bytes`: the time, the digits of its resolution, the length.
#[inline]
pub fn rfc3339(cache: &mut DateCache, bytes: &[u8]) -> Option<(Time, u8, usize)> {
    let (date, rest) = bytes.split_first_chunk::<10>()?;
    if !matches!(rest.first()?, b'T' | b't') {
        return None;
    }
    let (hms, rest) = rest[1..].split_first_chunk::<8>()?;
    let (nanos, used) = fraction(rest)?;
    let rest = &rest[used..];
    let (offset, zone) = match rest.first()? {
        b'Z' | b'z' => (0, 1),
        b'+' | b'-' => (offset(rest.first_chunk::<6>()?)?, 6),
        _ => return None,
    };
    let seconds = cache.midnight(date)? + clock(hms)? - offset;
    Some((Time::from_seconds(seconds, nanos)?, resolution(used.saturating_sub(1)), 19 + used + zone))
}

/// A time in UTC in quotes at the start of the window: the time, the digits of its resolution, the length. Other forms
/// are left to [`rfc3339`].
#[inline]
pub fn quoted_utc(cache: &mut DateCache, window: &[u8; 32]) -> Option<(Time, u8, usize)> {
    let text = window.first_chunk::<26>()?;
    let [b'"', _, _, _, _, _, _, _, _, _, _, b'T', _, _, _, _, _, _, _, _, b'.', a, b, c, b'Z', b'"'] = text else {
        return quoted_rfc3339(cache, window);
    };
    let [a, b, c] = [a, b, c].map(|d| i64::from(d.wrapping_sub(b'0')));
    if a > 9 || b > 9 || c > 9 {
        return None;
    }
    let seconds = cache.midnight(text[1..].first_chunk()?)? + clock(text[12..].first_chunk()?)?;
    Some((Time::from_seconds(seconds, (a * 100 + b * 10 + c) * 1_000_000)?, 3, 26))
}

/// An RFC 3339 time in quotes.
fn quoted_rfc3339(cache: &mut DateCache, bytes: &[u8]) -> Option<(Time, u8, usize)> {
    let inner = bytes.strip_prefix(b"\"")?;
    let (time, digits, used) = rfc3339(cache, inner)?;
    (inner.get(used) == Some(&b'"')).then_some((time, digits, used + 2))
}

/// Seconds east of UTC of `+HH:MM`.
fn offset(text: &[u8; 6]) -> Option<i64> {
    let mut hms = *b"00:00:00";
    hms[..5].copy_from_slice(&text[1..]);
    let seconds = clock(&hms)?;
    Some(if text[0] == b'-' { -seconds } else { seconds })
}

/// Writes RFC 3339 times, remembering the last day.
#[derive(Clone, Debug)]
pub struct TimeWriter {
    day: i64,
    date: [u8; 10],
}

impl Default for TimeWriter {
    fn default() -> Self {
        TimeWriter { day: 0, date: *b"1970-01-01" }
    }
}

impl TimeWriter {
    /// Appends the time in UTC with `digits` decimals; those beyond are cut.
    pub fn write(&mut self, time: Time, digits: u8, out: &mut Vec<u8>) {
        let mut space = [0; 48];
        let len = self.put(time, digits, &mut space, 0);
        out.extend_from_slice(&space[..len]);
    }

    /// Puts the time at `at` (0 or 1) of `space`; answers its length. What follows it there is overwritten with
    /// anything.
    #[inline]
    pub fn put(&mut self, time: Time, digits: u8, space: &mut [u8; 48], at: usize) -> usize {
        let seconds = time.seconds();
        let day = seconds.div_euclid(DAY);
        if day != self.day {
            self.day = day;
            self.date = date_text(day);
        }
        let of_day = seconds.rem_euclid(DAY) as u32;
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        text[..10].copy_from_slice(&self.date);
        for (place, value) in [(11, of_day / 3600), (14, of_day / 60 % 60), (17, of_day % 60)] {
            text[place..place + 2].copy_from_slice(&PAIRS[value as usize % 100]);
        }
        let nanos = time.0.rem_euclid(SECOND) as u32;
        text[20] = b'0' + (nanos / 100_000_000) as u8;
        text[21..23].copy_from_slice(&PAIRS[(nanos / 1_000_000 % 100) as usize]);
        let digits = usize::from(digits.clamp(3, 9));
        if digits > 3 {
            let mut rest = nanos % 1_000_000;
            for slot in text[23..29].iter_mut().rev() {
                *slot = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        text[20 + digits] = b'Z';
        space[at..at + 30].copy_from_slice(&text);
        21 + digits
    }
}

/// `YYYY-MM-DD` of a day since the epoch.
#[cold]
pub fn date_text(day: i64) -> [u8; 10] {
    let date = Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().try_days(day).unwrap_or_default());
    let mut text = *b"0000-00-00";
    let year = date.year().max(0) as u32;
    let digits = [year / 1000, year / 100 % 10, year / 10 % 10, year % 10];
    for (slot, digit) in text.iter_mut().zip(digits) {
        *slot = b'0' + digit as u8;
    }
    for (at, value) in [(5, date.month()), (8, date.day())] {
        text[at] = b'0' + (value / 10) as u8;
        text[at + 1] = b'0' + (value % 10) as u8;
    }
    text
}

/// A time zone by its IANA name, or `UTC`.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    /// The last hour that was converted, in local seconds, with its offset: neighbouring flows share theirs.
    cached: Option<(i64, i64)>,
}

/// A local time on the line of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The time; of two that the clock showed alike, the first.
    pub time: Time,
    /// Whether the clock showed this twice, or never.
    pub ambiguous: bool,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone { zone: TimeZone::UTC, cached: None }
    }

    /// The zone with this IANA name (`Europe/Lisbon`), `UTC`, or a fixed offset (`+01:00`).
    pub fn named(name: &str) -> Option<Zone> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Some(Zone::utc());
        }
        if let Some(text) =
            name.as_bytes().first_chunk::<6>().filter(|_| name.len() == 6 && name.starts_with(['+', '-']))
        {
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(i32::try_from(offset(text)?).ok()?).ok()?);
            return Some(Zone { zone, cached: None });
        }
        TimeZone::get(name).ok().map(|zone| Zone { zone, cached: None })
    }

    /// The first zone by name whose last part is this, in any case and with blanks for `_`: `Europe/Lisbon` of `lisbon`.
    pub fn like(city: &str) -> Option<String> {
        let last = format!("/{}", city.trim().replace(' ', "_").to_lowercase());
        let names = jiff::tz::db().available().map(|name| name.as_str().to_owned());
        // Only names of regions: `posix/` and `right/` repeat them.
        let is_it = |name: &String| name.to_lowercase().ends_with(&last) && name.starts_with(char::is_uppercase);
        names.filter(is_it).min()
    }

    /// Whether this is UTC.
    pub fn is_utc(&self) -> bool {
        self.zone == TimeZone::UTC
    }

    /// The time at which clocks of this zone showed these seconds since 1970-01-01T00:00:00 of their own.
    pub fn local(&mut self, seconds: i64, nanos: i64) -> Option<Local> {
        if self.is_utc() {
            return Some(Local { time: Time::from_seconds(seconds, nanos)?, ambiguous: false });
        }
        let hour = seconds.div_euclid(900);
        if let Some((h, offset)) = self.cached
            && h == hour
        {
            return Some(Local { time: Time::from_seconds(seconds - offset, nanos)?, ambiguous: false });
        }
        let civil = DateTime::from_parts(Date::constant(1970, 1, 1), jiff::civil::Time::midnight())
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .ok()?;
        let (offset, ambiguous) = match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, false),
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => (before, true),
        };
        let offset = i64::from(offset.seconds());
        // Transitions fall on quarter hours, so an unambiguous quarter hour has one offset throughout.
        self.cached = (!ambiguous).then_some((hour, offset));
        Some(Local { time: Time::from_seconds(seconds - offset, nanos)?, ambiguous })
    }

    /// Seconds since 1970-01-01T00:00:00 of this zone's own clock at a time: what hours and dates are counted in.
    pub fn clock_seconds(&self, time: Time) -> i64 {
        if self.is_utc() {
            return time.seconds();
        }
        let offset =
            jiff::Timestamp::from_nanosecond(i128::from(time.0)).map_or(0, |t| self.zone.to_offset(t).seconds());
        time.seconds() + i64::from(offset)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<Time> {
        let (time, _, used) = rfc3339(&mut DateCache::default(), text.as_bytes())?;
        (used == text.len()).then_some(time)
    }

    #[test]
    fn reads_what_rfc_3339_allows() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(Time(0)));
        assert_eq!(read("2015-01-22T08:03:34.035Z"), Some(Time(1_421_913_814_035_000_000)));
        assert_eq!(read("2015-01-22T09:03:34.035+01:00"), read("2015-01-22t08:03:34.035z"));
        assert_eq!(read("1969-12-31T23:59:59.9Z"), Some(Time(-100_000_000)));
        assert_eq!(read("2016-12-31T23:59:60Z"), read("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn refuses_what_it_does_not() {
        for bad in [
            "",
            "2015-01-22",
            "2015-01-22 08:03:34Z",
            "2015-01-22T08:03:34",
            "2015-1-22T08:03:34Z",
            "2015-02-30T00:00:00Z",
            "2015-01-22T24:00:00Z",
            "2015-01-22T08:60:00Z",
            "2015-01-22T08:03:61Z",
            "2015-01-22T08:03:34.Z",
            "2015-01-22T08:03:34.0123456789Z",
            "10000-01-01T00:00:00Z",
            "2015-01-22T08:03:34+0100",
            "+015-01-22T08:03:34Z",
            "9999-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2015-01-22T08:30:60Z",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn says_the_resolution_of_the_source() {
        let digits = |text: &str| rfc3339(&mut DateCache::default(), text.as_bytes()).unwrap().1;
        assert_eq!(digits("2015-01-22T08:03:34Z"), 3);
        assert_eq!(digits("2015-01-22T08:03:34.0350Z"), 6);
        assert_eq!(digits("2015-01-22T08:03:34.0350000Z"), 9);
    }

    #[test]
    fn a_fold_and_a_gap_are_ambiguous() {
        let mut zone = Zone::named("Europe/Lisbon").unwrap();
        let at = |text: &str| read(text).unwrap().seconds();
        let fold = zone.local(at("2024-10-27T01:30:00Z"), 0).unwrap();
        assert!(fold.ambiguous);
        assert_eq!(fold.time, read("2024-10-27T00:30:00Z").unwrap());
        assert!(zone.local(at("2024-03-31T01:30:00Z"), 0).unwrap().ambiguous);
        let summer = zone.local(at("2024-07-01T12:00:00Z"), 5).unwrap();
        assert_eq!((summer.time.seconds(), summer.ambiguous), (at("2024-07-01T11:00:00Z"), false));
        assert_eq!(zone.local(at("2024-07-01T12:05:00Z"), 0).unwrap().time.seconds(), at("2024-07-01T11:05:00Z"));
        assert_eq!(zone.clock_seconds(summer.time), at("2024-07-01T12:00:00Z"));
        assert_eq!(Zone::named("+01:00").unwrap().local(3600, 0).unwrap().time, Time(0));
        assert!(Zone::named("Mars/Olympus").is_none());
    }

    proptest! {
        #[test]
        fn reads_back_what_was_written(nanos: i64) {
            prop_assert_eq!(read(&Time(nanos).to_text(9)), Some(Time(nanos)));
        }

        #[test]
        fn agrees_with_jiff(nanos: i64) {
            let jiff = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            prop_assert_eq!(format!("{jiff:.9}"), Time(nanos).to_text(9));
        }

        #[test]
        fn agrees_with_jiff_on_near_misses(s in "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|[+-][0-2][0-9]:[0-6][0-9])") {
            // jiff takes a leap second as :59 and a `24:00` offset; the rest must agree.
            prop_assume!(!s.contains(":60"));
            let jiff: Option<jiff::Timestamp> = s.parse().ok();
            if let Some(time) = read(&s) {
                prop_assert_eq!(Some(time.0 as i128), jiff.map(|t| t.as_nanosecond()));
            }
        }
    }
}
