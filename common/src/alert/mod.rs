//! The vocabulary of alerts: the members of their lines, how grave they are, in which order they come.
//!
//! [`Reader`] reads alerts of any program, [`schema`] describes those of some detectors. Members beside the fixed ones
//! say whom an alert is about; they are those of the flow record or of the row that was scored, and keep their meaning.

mod read;
mod schema;

pub use read::{Read, Reader};
pub use schema::schema;

use crate::record::key::Part;
use crate::record::{Field, Kind};
use crate::row::columns::FLOWS;
use crate::value::Number;
use crate::value::number::MAX_INTEGER;
use std::borrow::Cow;
use std::cmp::Ordering;

const fn described(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, unit: "", about }
}

/// The fixed members of an alert, in the order in which they are written; whom it is about stands before `value`. No key
/// may have their names.
pub const FIELDS: &[Field] = &[
    described("kind", Kind::Text, "what the line is"),
    described("id", Kind::Text, "16 hexadecimal digits of detector, parameters, key and window start"),
    described("update", Kind::Integer(MAX_INTEGER), "of a re-alert: which one of its incident, from 1 on"),
    described("detector", Kind::Text, "the detector"),
    described("severity", Kind::Word(&Severity::NAMES), "how grave it is"),
    described("score", Kind::Number, "0 to 1"),
    Field::named("timestamp"),
    described("end", Kind::Time, "start of the last flow of the evidence"),
    described("value", Kind::Number, "the number that was compared"),
    described("threshold", Kind::Number, "what it was compared with"),
    FLOWS,
    described("reason", Kind::Text, "one sentence for a person"),
    described("evidence", Kind::Object, "the formula's terms and samples"),
    described("technique", Kind::Text, "MITRE ATT&CK technique"),
];

/// A member of an alert's line beside the fixed ones.
pub type Member = (Cow<'static, str>, Part);

/// How grave an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Severity {
    /// Of interest with others.
    Low,
    /// To look at.
    Medium,
    /// To look at soon.
    High,
    /// To look at now.
    Critical,
}

impl Severity {
    /// The words, from the least grave on.
    pub const NAMES: [&str; 4] = ["low", "medium", "high", "critical"];

    const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The word.
    pub fn name(self) -> &'static str {
        Severity::NAMES[self as usize]
    }

    /// The severity of this word.
    pub fn named(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|s| s.name() == word)
    }
}

/// The order of alerts of one detector by their values: the largest first (signed, so that a score below 0 comes last), one
/// without a value behind them. Who orders alerts has to decide between equal values by something else.
pub fn order(a: Option<Number>, b: Option<Number>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.order(a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_their_words_in_order() {
        assert!(Severity::ALL.windows(2).all(|w| w[0] < w[1]));
        for severity in Severity::ALL {
            assert_eq!(Severity::named(severity.name()), Some(severity));
        }
        assert_eq!(Severity::named("grave"), None);
    }

    #[test]
    fn the_largest_value_comes_first_and_none_last() {
        let large = u128::from(u64::MAX);
        let number = |value: f64| Some(Number::Real(value));
        let whole = |value: u128| Some(Number::Whole(value));
        let mut values = [None, number(-9.0), whole(4), number(5.0), whole(large - 1), whole(large)];
        values.sort_by(|a, b| order(*a, *b));
        assert_eq!(values, [whole(large), whole(large - 1), number(5.0), whole(4), number(-9.0), None]);
    }

    #[test]
    fn members_have_names_of_their_own() {
        for (i, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..i].iter().all(|f| f.name != field.name), "{}", field.name);
        }
    }
}
