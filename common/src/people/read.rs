//! Numbers as a person writes them: `100M` is 100 000 000, `1.5k` is 1500; `90`, `90s` and `1m30s` are a minute and a half.
//!
//! `k M G T` multiply by powers of 1000. A bare duration is seconds; its units are `ms s m h d w`, the larger first.

/// Powers of 1000 by their letters.
fn factor(letter: char) -> Option<f64> {
    match letter {
        'k' | 'K' => Some(1e3),
        'M' => Some(1e6),
        'G' => Some(1e9),
        'T' => Some(1e12),
        _ => None,
    }
}

/// A number with a power of 1000 behind it.
pub fn number(text: &str) -> Option<f64> {
    let (last, letter) = text.char_indices().last()?;
    let (digits, factor) = match factor(letter) {
        Some(factor) => (&text[..last], factor),
        None => (text, 1.0),
    };
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    digits.parse::<f64>().ok().filter(|v| plain && v.is_finite()).map(|v| v * factor)
}

/// A whole number with a power of 1000 behind it: `100M`, `1.5k`.
pub fn integer(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let value = number(text)?;
    (value >= 0.0 && value.fract() == 0.0 && value < 1.8e19).then_some(value as u64)
}

/// Nanoseconds in the units of durations, the larger first.
const UNITS: [(&str, f64); 6] =
    [("w", 604_800e9), ("d", 86_400e9), ("h", 3600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6)];

/// A duration in nanoseconds, below 292 years.
pub fn duration(text: &str) -> Option<u64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let (mut rest, mut nanos, mut units) = (text, 0.0, &UNITS[..]);
    while !rest.is_empty() {
        let end = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let value: f64 = rest[..end].parse().ok()?;
        let unit_end = rest[end..].find(is_digit).map_or(rest.len(), |n| end + n);
        let unit = match &rest[end..unit_end] {
            "" if end == text.len() => "s",
            unit => unit,
        };
        let at = units.iter().position(|(name, _)| *name == unit)?;
        nanos += value * units[at].1;
        units = &units[at + 1..];
        rest = &rest[unit_end..];
    }
    (!text.is_empty() && nanos < i64::MAX as f64).then_some(nanos.round() as u64)
}

/// A number with a unit behind it that is not written here, without it: `10MB` is `10M`. `None` where that is no number
/// either.
pub fn plain(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim();
    let short = match unit.to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" | "bit" => "",
        "kb" | "kib" | "ki" => "k",
        "m" | "mb" | "mib" | "mi" => "M",
        "g" | "gb" | "gib" | "gi" => "G",
        "t" | "tb" | "tib" | "ti" => "T",
        _ => return None,
    };
    let plain = format!("{digits}{short}");
    (plain != text && number(&plain).is_some()).then_some(plain)
}

/// A duration whose unit is written otherwise here: `5min` is `5m`. `None` where it is no single one.
pub fn plain_duration(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, unit) = text.split_at(end);
    let short = match unit.trim().to_lowercase().trim_end_matches('s') {
        "" | "sec" | "second" => "s",
        "min" | "minute" | "m" => "m",
        "h" | "hr" | "hour" => "h",
        "d" | "day" => "d",
        "w" | "week" => "w",
        "msec" | "milli" | "millisecond" => "ms",
        _ => return None,
    };
    let plain = format!("{digits}{short}");
    (plain != text && duration(&plain).is_some()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_powers_of_1000() {
        for (text, value) in [
            ("100M", Some(100_000_000.0)),
            ("1.5k", Some(1500.0)),
            ("-2G", Some(-2e9)),
            (".5", Some(0.5)),
            ("", None),
            ("M", None),
            ("nan", None),
            ("inf", None),
            ("1e400", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_exact() {
        for (text, value) in [
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1.5k", Some(1500)),
            ("1.5", None),
            ("-1", None),
            ("20T", Some(20_000_000_000_000)),
            ("", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn durations_take_units_the_larger_first() {
        for (text, seconds) in [
            ("90", Some(90.0)),
            ("0.5", Some(0.5)),
            ("1m30s", Some(90.0)),
            ("250ms", Some(0.25)),
            ("1h", Some(3600.0)),
            ("1d12h", Some(129_600.0)),
            ("2w", Some(1_209_600.0)),
            ("5min", None),
            ("1s1m", None),
            ("1m30", None),
            ("1..5s", None),
            ("-1", None),
            ("m", None),
            ("", None),
        ] {
            assert_eq!(duration(text), seconds.map(|s: f64| (s * 1e9) as u64), "{text}");
        }
    }

    #[test]
    fn a_unit_that_is_not_written_is_taken_off() {
        for (text, right) in [
            ("10MB", Some("10M")),
            ("10 MB", Some("10M")),
            ("1.5kB", Some("1.5k")),
            ("64KiB", Some("64k")),
            ("7bytes", Some("7")),
            ("3g", Some("3G")),
            ("10M", None),
            ("10", None),
            ("x", None),
            ("10 apples", None),
        ] {
            assert_eq!(plain(text).as_deref(), right, "{text}");
        }
    }

    #[test]
    fn a_unit_of_time_is_shortened() {
        for (text, right) in
            [("5min", Some("5m")), ("2 hours", Some("2h")), ("30sec", Some("30s")), ("5m", None), ("5 moons", None)]
        {
            assert_eq!(plain_duration(text).as_deref(), right, "{text}");
        }
    }
}
