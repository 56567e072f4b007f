//! Where a record of CSV ends (RFC 4180, and as lenient as the `csv` crate): quotes alone, without a look at columns.
//!
//! Invariant: a record ends here where the `csv` crate ends it; a property test holds one against the other.

use memchr::memchr;

/// How far a record has come; it may be given in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quotes {
    /// At the start of a column.
    #[default]
    Start,
    /// In a column without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes, or is the first of two.
    Closed,
}

impl Quotes {
    /// Goes on to the end of the record or of the text; whether the record ends in this text.
    pub(super) fn ends(&mut self, text: &[u8], delimiter: u8) -> bool {
        let mut rest = text;
        loop {
            if *self == Quotes::Quoted {
                let Some(quote) = memchr(b'"', rest) else { return false };
                rest = &rest[quote + 1..];
                *self = Quotes::Closed;
            }
            let Some((byte, after)) = rest.split_first() else { return false };
            rest = after;
            *self = match (*self, *byte) {
                (_, b'\n' | b'\r') => return true,
                (Quotes::Start | Quotes::Closed, b'"') => Quotes::Quoted,
                (_, b) if b == delimiter => Quotes::Start,
                _ => Quotes::Plain,
            };
        }
    }
}

/// Whether a record goes on behind a quote that closes: then it was not meant to, and nor are the quotes before it.
pub(super) fn is_astray(record: &[u8], delimiter: u8) -> bool {
    let mut quotes = Quotes::default();
    record.iter().any(|byte| {
        let was_closed = quotes == Quotes::Closed;
        quotes = match (quotes, *byte) {
            (Quotes::Quoted, b'"') => Quotes::Closed,
            (Quotes::Quoted, _) | (Quotes::Start | Quotes::Closed, b'"') => Quotes::Quoted,
            (_, b) if b == delimiter => Quotes::Start,
            _ => Quotes::Plain,
        };
        was_closed && quotes == Quotes::Plain && !matches!(byte, b'\r' | b'\n')
    })
}

/// Length of the lines at the beginning of a text that are closed, each by itself, as far as they begin before `limit`.
pub(super) fn closed_lines(text: &[u8], limit: usize, delimiter: u8) -> usize {
    let mut at = 0;
    while at < limit.min(text.len()) {
        let end = memchr(b'\n', &text[at..]).map_or(text.len(), |i| at + i + 1);
        let line = &text[at..end];
        if memchr(b'"', line).is_some() && !line.split_inclusive(|b| *b == b'\r').all(|part| is_closed(part, delimiter))
        {
            break;
        }
        at = end;
    }
    at
}

/// Whether a record does not end between quotes.
fn is_closed(record: &[u8], delimiter: u8) -> bool {
    let mut quotes = Quotes::default();
    quotes.ends(record, delimiter) || quotes != Quotes::Quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use csv::{ByteRecord, ReaderBuilder};
    use proptest::prelude::*;

    #[test]
    fn only_lines_that_are_closed_by_themselves_are_taken() {
        assert_eq!(closed_lines(b"a,\"b\"\nc\nd,\"e\n", 100, b','), 8);
        assert_eq!(closed_lines(b"a,\"b\"\nc\nd,\"e\n", 3, b','), 6);
        assert_eq!(closed_lines(b"a;\"b\n", 100, b','), 5);
        assert_eq!(closed_lines(b"\"a\"\"\n", 100, b','), 0);
    }

    #[test]
    fn a_quote_that_closes_ends_its_column() {
        for (record, is_wrong) in
            [("a,\"b\nc\",d", false), ("a,\"b\"\"c\nd\"\r\n", false), ("a,\"x\nb,\"y", true), ("a,x\"y\nb", false)]
        {
            assert_eq!(is_astray(record.as_bytes(), b','), is_wrong, "{record:?}");
        }
    }

    proptest! {
        #[test]
        fn a_record_ends_where_the_csv_crate_ends_it(text in "[a\",]{0,12}", cut in 0usize..12) {
            let line = format!("{text}\n");
            let (head, tail) = line.split_at(cut.min(line.len()));
            let mut quotes = Quotes::default();
            let ends = quotes.ends(head.as_bytes(), b',') || quotes.ends(tail.as_bytes(), b',');
            let followed = format!("{line}x\n");
            let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(followed.as_bytes());
            let mut record = ByteRecord::new();
            reader.read_byte_record(&mut record).unwrap();
            let is_alone = text.is_empty() || reader.read_byte_record(&mut record).unwrap();
            prop_assert_eq!(ends, is_alone);
        }
    }
}
