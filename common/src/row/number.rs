//! A number of a row: exact where it is whole.

use crate::value::number;

/// A number that stands in a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number, kept exactly.
    Whole(u64),
    /// Any other number.
    Real(f64),
}

impl Number {
    /// The value of a JSON number; `None` where the text is none, or is infinite as a float.
    pub fn of_json(text: &str) -> Option<Number> {
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return None;
        }
        let real = || text.parse().ok().filter(|v: &f64| v.is_finite()).map(Number::Real);
        number::exact_integer(text).map(Number::Whole).or_else(real)
    }

    /// The nearest float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Whole(v) => v as f64,
            Number::Real(v) => v,
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
            ("9007199254740993", Some(Number::Real(9_007_199_254_740_992.0))),
            ("1e999", None),
            ("null", None),
            ("\"1\"", None),
        ] {
            assert_eq!(Number::of_json(text), value, "{text}");
        }
    }
}
