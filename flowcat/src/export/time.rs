//! Times as exporters write them, on one scale: nanoseconds since 1970.
//!
//! Sources: RFC 7011, section 6.1.7 to 6.1.10 (absolute times; NTP's 64 bits as of RFC 5905); RFC 3954, section 5.1, and
//! Cisco's NetFlow 5 (milliseconds since the exporter started, of 32 bits, which wrap after 49.7 days).
//! Invariant: a time that counts from the exporter's start lies within 24.8 days of its export, whatever wrapped.

use super::element::Form;

/// From 1900 to 1970, in seconds.
const NTP_EPOCH: i64 = 2_208_988_800;

/// NTP's seconds wrapped to 0 in 2036: those without their first bit count from then on (RFC 4330, section 3).
const NTP_ERA: i64 = 1 << 32;

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970 of an absolute time; `None` where it is 0, which says that there is none, or beyond 2262.
#[inline]
pub(super) fn absolute(value: u64, form: Form) -> Option<i64> {
    match form {
        Form::Seconds => (value != 0).then_some(value as i64)?.checked_mul(SECOND),
        Form::Millis => i64::try_from(value).ok().filter(|v| *v != 0)?.checked_mul(MILLI),
        Form::Micros => ntp(value).map(|nanos| nanos - nanos.rem_euclid(1000)),
        Form::Nanos => ntp(value),
    }
}

fn ntp(value: u64) -> Option<i64> {
    if value == 0 {
        return None;
    }
    let (seconds, fraction) = ((value >> 32) as i64, value & 0xffff_ffff);
    let era = if value >> 63 == 1 { 0 } else { NTP_ERA };
    // Rounded: an exporter cuts its nanoseconds when it makes the fraction.
    let nanos = (fraction * SECOND as u64 + (1 << 31)) >> 32;
    (seconds + era - NTP_EPOCH).checked_mul(SECOND)?.checked_add(nanos as i64)
}

/// When an exporter had been up for `then` milliseconds, if at `exported` (nanoseconds) it was up for `now`.
#[inline]
pub(super) fn of_uptime(exported: i64, now: u32, then: u32) -> i64 {
    let before = i64::from(now.wrapping_sub(then) as i32);
    exported - exported.rem_euclid(MILLI) - before * MILLI
}

/// When an exporter that started at `booted` (milliseconds since 1970) had been up for `then` milliseconds, as often as
/// those may have wrapped by `exported` (nanoseconds).
pub(super) fn since_boot(booted: u64, then: u32, exported: Option<i64>) -> Option<i64> {
    let first = i64::try_from(booted).ok()?.checked_add(i64::from(then))?;
    let wraps = match exported.map(|nanos| nanos / MILLI) {
        Some(now) => (now.checked_sub(first)?.saturating_add(1 << 31)).div_euclid(1 << 32).max(0),
        None => 0,
    };
    first.checked_add(wraps.checked_mul(1 << 32)?)?.checked_mul(MILLI)
}

/// So many microseconds before `exported` (nanoseconds).
pub(super) fn before(exported: i64, micros: u64) -> Option<i64> {
    exported.checked_sub(i64::try_from(micros).ok()?.checked_mul(1000)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_times_of_all_four_forms() {
        assert_eq!(absolute(1, Form::Seconds), Some(SECOND));
        assert_eq!(absolute(u64::from(u32::MAX), Form::Seconds), Some(4_294_967_295 * SECOND));
        assert_eq!(absolute(1_666_350_478_660, Form::Millis), Some(1_666_350_478_660 * MILLI));
        assert_eq!(absolute(0, Form::Millis), None);
        assert_eq!(absolute(u64::MAX, Form::Millis), None);
        // 2004-01-01 00:00:00.5, and 2036-02-07 06:28:16, when the first era ends.
        let seconds = 1_072_915_200 + NTP_EPOCH as u64;
        assert_eq!(absolute(seconds << 32 | 1 << 31, Form::Nanos), Some(1_072_915_200_500_000_000));
        assert_eq!(absolute(1 << 31, Form::Nanos), Some(2_085_978_496 * SECOND + SECOND / 2));
        // What is a whole microsecond stays one.
        let fraction = (123_456_000u64 << 32) / SECOND as u64;
        assert_eq!(absolute(seconds << 32 | fraction, Form::Micros), Some(1_072_915_200_123_456_000));
        assert_eq!(absolute(u64::MAX, Form::Nanos), Some(2_085_978_496 * SECOND));
    }

    #[test]
    fn an_uptime_that_wrapped_is_taken_for_the_nearest() {
        let exported = 1_700_000_000 * SECOND + 123_456_789;
        let at = |now, then| (of_uptime(exported, now, then) - 1_700_000_000 * SECOND) / MILLI;
        assert_eq!(at(10_000, 9_000), 123 - 1000);
        assert_eq!(at(10_000, 10_500), 123 + 500);
        assert_eq!(at(500, u32::MAX - 499), 123 - 1000);
        assert_eq!(at(u32::MAX - 499, 500), 123 + 1000);
    }

    #[test]
    fn a_start_that_is_known_counts_as_often_as_the_uptime_wrapped() {
        let booted = 1_600_000_000_000;
        assert_eq!(since_boot(booted, 5, None), Some(1_600_000_000_005 * MILLI));
        assert_eq!(since_boot(booted, 5, Some(1_600_000_000_010 * MILLI)), Some(1_600_000_000_005 * MILLI));
        let later = 1_600_000_000_010 + (1 << 32);
        assert_eq!(since_boot(booted, 5, Some(later * MILLI)), Some((later - 5) * MILLI));
        assert_eq!(since_boot(booted, 5, Some(0)), Some(1_600_000_000_005 * MILLI));
        assert_eq!(since_boot(u64::MAX, 5, None), None);
        assert_eq!(before(SECOND, 1000), Some(SECOND - MILLI));
        assert_eq!(before(0, u64::MAX), None);
    }
}
