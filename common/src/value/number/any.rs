//! A number of any size: exact where it is whole.
//!
//! Invariant: [`Number`] is ordered by value, also where floats cannot tell two whole numbers apart.

use super::{exact_sum, write_float, write_sum};
use std::cmp::Ordering;

/// A number of a row or an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number from 0 on, kept exactly.
    Whole(u128),
    /// Any other number.
    Real(f64),
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        Number::Whole(value.into())
    }
}

impl From<u128> for Number {
    fn from(value: u128) -> Number {
        Number::Whole(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        Number::Real(value)
    }
}

impl Number {
    /// The value of a JSON number; `None` where the text is none, or is infinite as a float.
    pub fn of_json(text: &str) -> Option<Number> {
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return None;
        }
        let real = || text.parse().ok().filter(|v: &f64| v.is_finite()).map(Number::Real);
        exact_sum(text).map(Number::Whole).or_else(real)
    }

    /// The nearest float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Whole(v) => v as f64,
            Number::Real(v) => v,
        }
    }

    /// The order of values; of a whole number and another with the same nearest float, the other comes first.
    pub fn order(self, other: Number) -> Ordering {
        let exact = |number| match number {
            Number::Whole(v) => Some(v),
            Number::Real(_) => None,
        };
        self.as_f64().total_cmp(&other.as_f64()).then_with(|| exact(self).cmp(&exact(other)))
    }

    /// Appends the number: all digits of a whole one, else the shortest decimal.
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Number::Whole(v) => write_sum(v, out),
            Number::Real(v) => write_float(v, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_any_finite_json_number() {
        for (text, value) in [
            ("42", Some(Number::Whole(42))),
            ("4.2e1", Some(Number::Whole(42))),
            ("-42", Some(Number::Real(-42.0))),
            ("0.1", Some(Number::Real(0.1))),
            ("9007199254740993", Some(Number::Whole(9_007_199_254_740_993))),
            ("340282366920938463463374607431768211455", Some(Number::Whole(u128::MAX))),
            ("340282366920938463463374607431768211456", Some(Number::Real(2f64.powi(128)))),
            ("1e38", Some(Number::Whole(10u128.pow(38)))),
            ("1e39", Some(Number::Real(1e39))),
            ("1e999", None),
            ("null", None),
            ("\"1\"", None),
        ] {
            assert_eq!(Number::of_json(text), value, "{text}");
        }
    }

    #[test]
    fn order_is_by_value_beyond_the_digits_of_a_float() {
        let large = 1u128 << 90;
        let mut all = [Number::Whole(large + 1), Number::Real(-1.0), Number::Whole(large), Number::Real(large as f64)];
        all.sort_by(|a, b| a.order(*b));
        assert_eq!(
            all,
            [Number::Real(-1.0), Number::Real(large as f64), Number::Whole(large), Number::Whole(large + 1)]
        );
    }

    #[test]
    fn whole_numbers_are_written_with_all_their_digits() {
        let written = |number: Number| {
            let mut out = Vec::new();
            number.write(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(written(Number::Whole(9_007_199_254_740_993)), "9007199254740993");
        assert_eq!(written(Number::Whole(u128::MAX)), "340282366920938463463374607431768211455");
        assert_eq!((written(Number::Real(0.1)), written(Number::Real(3.0))), ("0.1".into(), "3".into()));
    }
}
