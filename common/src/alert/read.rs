//! Reading an alert of any program: its fixed members, without taking the line apart a second time.
//!
//! Whom it is about are fields of the record, which the scanner has read into the line's flow. Bound: the line.

use super::Severity;
use crate::scan::Line;
use crate::scan::walk::unquoted;
use crate::value::Number;
use std::borrow::Cow;

/// Reads alerts of lines whose scanner watches [`Reader::NAMES`].
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The number of the first of the names among those that are watched.
    base: usize,
}

/// What an alert says; what is missing or of another type is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<'l> {
    /// The name of the detector; empty where it has none.
    pub detector: Cow<'l, str>,
    /// The name of the alert.
    pub id: Option<Cow<'l, str>>,
    /// How grave it is.
    pub severity: Option<Severity>,
    /// The number that was compared.
    pub value: Option<Number>,
}

impl Reader {
    /// The members that a scanner has to watch, in this order.
    pub const NAMES: [&'static str; 4] = ["detector", "id", "severity", "value"];

    /// A reader for a scanner that watches the names from number `base` on.
    pub fn new(base: usize) -> Reader {
        Reader { base }
    }

    /// Reads an alert.
    pub fn read<'l>(self, line: &Line<'l>) -> Read<'l> {
        let text = |at: usize| line.value(self.base + at).filter(|t| t.starts_with('"')).map(unquoted);
        Read {
            detector: text(0).unwrap_or_default(),
            id: text(1),
            severity: text(2).and_then(|word| Severity::named(&word)),
            value: line.value(self.base + 3).and_then(Number::of_json),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scan::{Clean, Scanner};

    #[test]
    fn members_are_read_and_others_of_another_type_are_none() {
        let watched: Vec<String> = ["other"].iter().chain(&Reader::NAMES).map(|n| (*n).to_owned()).collect();
        let mut scanner = Scanner::watching(&watched);
        let mut read = |text: &str| {
            let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
            let Read { detector, id, severity, value } = Reader::new(1).read(&line);
            (detector.into_owned(), id.map(Cow::into_owned), severity, value)
        };
        let whole = r#"{"kind":"alert","id":"00ff","detector":"sw\u0065ep","severity":"high","value":-1.5}"#;
        assert_eq!(read(whole), ("sweep".into(), Some("00ff".into()), Some(Severity::High), Some(Number::Real(-1.5))));
        let other = r#"{"kind":"alert","detector":7,"severity":"loud","value":"1"}"#;
        assert_eq!(read(other), (String::new(), None, None, None));
    }
}
