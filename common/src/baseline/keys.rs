//! Keys of dates and hours, as JSON: `"2026-03-10"`, `"2026-03-10T08"`, of UTC.

use crate::value::time::{DateCache, date_text};

/// Seconds of an hour and a day.
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// The key of a date, by its number from 1970-01-01.
pub fn day_key(day: i64) -> String {
    format!("\"{}\"", String::from_utf8_lossy(&date_text(day)))
}

/// The key of an hour, by its number from 1970-01-01T00.
pub fn hour_key(hour: i64) -> String {
    let (day, hour) = (hour.div_euclid(24), hour.rem_euclid(24));
    format!("\"{}T{hour:02}\"", String::from_utf8_lossy(&date_text(day)))
}

/// The number of the date that a key names.
pub fn read_day(key: &str) -> Option<i64> {
    let text: &[u8; 10] = key.strip_prefix('"')?.strip_suffix('"')?.as_bytes().try_into().ok()?;
    Some(DateCache::default().midnight(text)?.div_euclid(DAY))
}

/// The number of the hour that a key names.
pub fn read_hour(key: &str) -> Option<i64> {
    let (date, hour) = key.strip_prefix('"')?.strip_suffix('"')?.split_once('T')?;
    let hour: i64 = Some(hour).filter(|h| h.len() == 2 && h.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    let midnight = DateCache::default().midnight(date.as_bytes().try_into().ok()?)?;
    (hour < 24).then_some(midnight.div_euclid(HOUR) + hour)
}
