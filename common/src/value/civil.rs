//! Dates and times as people and programs write them: `2004-07-11 08:30:00.010`, with or without a zone.
//!
//! The order is ISO 8601's, year first, with `-` or `/` between the parts of the date and a blank, `T` or `_` before the
//! time; the zone is `Z`, `UTC`, `GMT` or an offset. Orders that start with day or month are refused: they cannot be
//! told apart.

use super::time::{DateCache, clock, fraction};

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Seconds from 1970-01-01T00:00:00 of the clock that showed it.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: i64,
    /// Decimals of the second that were written.
    pub decimals: usize,
    /// Seconds east of UTC, if that was written.
    pub offset: Option<i64>,
}

/// Reads the whole of `text`; a date alone is its midnight.
#[inline]
pub fn civil(dates: &mut DateCache, text: &[u8]) -> Option<Civil> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let seconds = match date[4] {
        b'/' => {
            let mut date = *date;
            (date[4], date[7]) = (b'-', if date[7] == b'/' { b'-' } else { b'?' });
            dates.midnight(&date)?
        }
        _ => dates.midnight(date)?,
    };
    if rest.is_empty() {
        return Some(Civil { seconds, nanos: 0, decimals: 0, offset: None });
    }
    if !matches!(rest[0], b' ' | b'T' | b't' | b'_') {
        return None;
    }
    let (hms, rest) = rest[1..].split_first_chunk::<8>()?;
    let seconds = seconds + clock(hms)?;
    let (nanos, used) = fraction(rest)?;
    Some(Civil { seconds, nanos, decimals: used.saturating_sub(1), offset: zone(&rest[used..])? })
}

/// Seconds east of UTC of `Z`, ` UTC`, `+HH:MM`, `+HHMM` or `+HH`; nothing written is no zone, anything else no time.
fn zone(text: &[u8]) -> Option<Option<i64>> {
    let text = text.trim_ascii();
    match text {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Some(0)),
        _ => {}
    }
    let (sign, [a, b, c, d]) = match *text {
        [sign, a, b] => (sign, [a, b, b'0', b'0']),
        [sign, a, b, c, d] | [sign, a, b, b':', c, d] => (sign, [a, b, c, d]),
        _ => return None,
    };
    let seconds = clock(&[a, b, b':', c, d, b':', b'0', b'0'])?;
    match sign {
        b'+' => Some(Some(seconds)),
        b'-' => Some(Some(-seconds)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Civil> {
        civil(&mut DateCache::default(), text.as_bytes())
    }

    #[test]
    fn reads_the_usual_ways_to_write_a_time() {
        let at = |seconds, nanos, decimals, offset| Some(Civil { seconds, nanos, decimals, offset });
        assert_eq!(read("1970-01-02 00:00:01"), at(86_401, 0, 0, None));
        assert_eq!(read("1970/01/02 00:00:01.053"), at(86_401, 53_000_000, 3, None));
        assert_eq!(read("1970-01-02T00:00:01.053058Z"), at(86_401, 53_058_000, 6, Some(0)));
        assert_eq!(read("1970-01-01 01:00:00 UTC"), at(3600, 0, 0, Some(0)));
        assert_eq!(read("1970-01-01 01:00:00+01:00"), at(3600, 0, 0, Some(3600)));
        assert_eq!(read("1970-01-01 01:00:00-0130"), at(3600, 0, 0, Some(-5400)));
        assert_eq!(read("1970-01-01_01:00:00+01"), at(3600, 0, 0, Some(3600)));
        assert_eq!(read("1970-01-02"), at(86_400, 0, 0, None));
    }

    #[test]
    fn refuses_what_is_no_time_or_could_be_two() {
        for bad in [
            "",
            "12:30:00",
            "03/07/2017 08:59:00",
            "2017-7-3 08:59:00",
            "2017-02-30 00:00:00",
            "2017-01-01 24:00:00",
            "2017-01-01x00:00:00",
            "2017-01-01 00:00:00 CET",
            "2017/01-01 00:00:00",
            "2017-01-01 00:00:00.",
            "2017-01-01 00:00:00+1",
            "0000-00-00 00:00:00.000",
            "2017-01-01 00:00:00.0123456789",
            "2017-01-01 00:00",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
