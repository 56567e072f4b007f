//! Numbers as a person reads them: `146.2 MB`, `1,472 flows`, `5 min 24 s`.
//!
//! Rounded for reading only: what is compared stands unrounded beside it.

/// An amount of a unit; bytes in powers of 1000.
pub fn amount(value: f64, unit: &str) -> String {
    match unit {
        "bytes" if value.abs() >= 999.5 => bytes(value),
        "" => figures(value),
        "s" => figures(value) + " s",
        _ if value == 1.0 && unit.ends_with('s') => format!("1 {}", unit.trim_end_matches('s')),
        _ => format!("{} {unit}", figures(value)),
    }
}

/// A number of things: `1 flow`, `1,472 flows`.
pub fn count(n: u64, unit: &str) -> String {
    amount(n as f64, unit)
}

/// Four figures, as `146.2 MB`.
fn bytes(value: f64) -> String {
    let mut scaled = value;
    let mut prefix = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        if scaled.abs() < 999.95 {
            break;
        }
        scaled /= 1000.0;
        prefix = next;
    }
    format!("{} {prefix}B", figures(scaled))
}

/// Whole numbers with their thousands apart; else at most four figures.
pub fn figures(value: f64) -> String {
    if !value.is_finite() {
        return "no number".into();
    }
    let magnitude = value.abs();
    if value.fract() == 0.0 && magnitude < 1e15 || magnitude >= 999.95 {
        return grouped(value);
    }
    if magnitude < 1e-4 {
        return format!("{value:.1e}");
    }
    let decimals = (3 - magnitude.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn grouped(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.3e}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::from(if value < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A length of time: `0.4 s`, `46 s`, `5 min 24 s`, `3 h 10 min`, `2 d 5 h`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    let two = |n: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{n} {unit}"),
        rest => format!("{n} {unit} {rest} {small}"),
    };
    match whole {
        0..10 => figures(seconds) + " s",
        10..60 => format!("{whole} s"),
        60..3600 => two(whole / 60, "min", whole % 60, "s"),
        3600..86_400 => two(whole / 3600, "h", whole % 3600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (value, unit, text) in [
            (0.0, "bytes", "0 bytes"),
            (1.0, "bytes", "1 byte"),
            (999.0, "bytes", "999 bytes"),
            (1000.0, "bytes", "1 kB"),
            (999_960.0, "bytes", "1 MB"),
            (146_234_567.0, "bytes", "146.2 MB"),
            (1e21, "bytes", "1,000 EB"),
            (1.0, "flows", "1 flow"),
            (1472.0, "flows", "1,472 flows"),
            (1234.5678, "packets", "1,235 packets"),
            (12_345.678, "packets", "12,346 packets"),
            (0.151_000_2, "", "0.151"),
            (-6.299_99, "", "-6.3"),
            (0.000_012, "", "1.2e-5"),
            (2.5, "s", "2.5 s"),
            (f64::NAN, "", "no number"),
        ] {
            assert_eq!(amount(value, unit), text);
        }
    }

    #[test]
    fn times_read_well() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.000_002, "2.0e-6 s"),
            (0.4, "0.4 s"),
            (46.047, "46 s"),
            (59.6, "1 min"),
            (324.0, "5 min 24 s"),
            (11_400.0, "3 h 10 min"),
            (86_400.0, "1 d"),
            (190_800.0, "2 d 5 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
