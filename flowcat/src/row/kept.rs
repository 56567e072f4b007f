//! What is kept of a column that fills no cell: a member of the line, under the column's name.
//!
//! Columns of a foreign table are kept where the user asks for it (`--keep-extra`), with `x_` before a name that means
//! something else to the suite. In a table whose columns have the record's own names, as `--to csv` writes it, the suite's
//! names mean what they mean: those columns are always kept, and hold what the filters will take.

use super::Use;
use flow_record::record::FieldId;
use flow_record::record::field::{self, Kind};
use flow_record::record::statistics::STATISTICS;
use flow_record::scan::is_of_kind;
use flow_record::value::text::write_json;
use std::collections::HashSet;

/// How the texts of a column are read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Numbers stay numbers, all else is a text.
    Foreign,
    /// What is no number is left out.
    Numbers,
    /// As the field of the suite that it is.
    Own(Kind),
}

/// A column that is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// `,"name":`.
    key: Box<[u8]>,
    reading: Reading,
}

impl Kept {
    fn new(name: &str, reading: Reading) -> Kept {
        let mut key = vec![b','];
        write_json(name, &mut key);
        key.push(b':');
        Kept { key: key.into(), reading }
    }

    /// The name of the member.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(&self.key[1..self.key.len() - 1]).trim_matches('"').to_owned()
    }

    /// Appends the member of a text, which is none where it is empty.
    ///
    /// # Errors
    /// What is wrong with the text, in short.
    #[inline]
    pub(super) fn take(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let plain = std::str::from_utf8(text).map_err(|_| "invalid UTF-8")?;
        match self.reading {
            Reading::Numbers if !is_number(text) => return Ok(()),
            Reading::Own(kind) => return self.take_own(plain, kind, out),
            Reading::Foreign if !is_number(text) => {
                out.extend_from_slice(&self.key);
                write_json(plain, out);
            }
            Reading::Foreign | Reading::Numbers => {
                out.extend_from_slice(&self.key);
                out.extend_from_slice(text);
            }
        }
        Ok(())
    }

    fn take_own(&self, text: &str, kind: Kind, out: &mut Vec<u8>) -> Result<(), &'static str> {
        out.extend_from_slice(&self.key);
        let start = out.len();
        match kind {
            Kind::Text | Kind::Word(_) | Kind::Time | Kind::Address => write_json(text, out),
            _ if text.contains(|c: char| c.is_control()) => return Err("bad value"),
            _ if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => out.extend_from_slice(text.as_bytes()),
            _ => return Err("bad value"),
        }
        let is_fit = std::str::from_utf8(&out[start..]).is_ok_and(|token| is_of_kind(token, kind));
        if is_fit { Ok(()) } else { Err("bad value") }
    }
}

/// Whether a table has the record's own names: what has a meaning has it by its field's name, and each name is there once.
pub(super) fn is_own_table(columns: &[String], found: &[Option<Use>]) -> bool {
    let mut names = HashSet::new();
    let is_own = |(name, used): (&String, &Option<Use>)| match used {
        Some(used) => used.cell.name() == name.trim() && FieldId::named(name.trim()).is_some(),
        None => true,
    };
    let has_flows = found.iter().flatten().any(|used| used.cell.makes_a_flow());
    has_flows && columns.iter().all(|name| names.insert(name.trim())) && columns.iter().zip(found).all(is_own)
}

/// How each column is kept, if it is: `is_used` says which fill a cell.
pub(super) fn columns(
    columns: &[String],
    is_used: impl Fn(usize) -> bool,
    is_own: bool,
    keep: bool,
) -> Vec<Option<Kept>> {
    let mut names = HashSet::new();
    let mut kept = |name: &str| {
        if is_own && let Some(added) = field::ADDED.iter().find(|f| f.name == name) {
            return Some(Kept::new(name, Reading::Own(added.kind)));
        }
        if !keep || name.is_empty() {
            return None;
        }
        let mut key = extra_key(name);
        while !names.insert(key.clone()) {
            key.push('_');
        }
        let reading = if is_statistic(name) { Reading::Numbers } else { Reading::Foreign };
        Some(Kept::new(&key, reading))
    };
    columns.iter().enumerate().map(|(i, name)| if is_used(i) { None } else { kept(name.trim()) }).collect()
}

/// Whether a name is the suite's own. Those of statistics are nfstream's, and mean the same there.
pub(crate) fn is_own(name: &str) -> bool {
    field::known().any(|f| f.name == name) && !is_statistic(name)
}

/// Whether members of this name are numbers, whoever writes them.
fn is_statistic(name: &str) -> bool {
    STATISTICS.iter().any(|f| f.name == name && f.kind != Kind::Numbers)
}

/// The key under which a foreign member is kept: its name, with `x_` before it where the suite knows another meaning.
pub(crate) fn extra_key(name: &str) -> String {
    const RESERVED: [&str; 9] =
        ["kind", "id", "detector", "severity", "score", "value", "threshold", "reason", "evidence"];
    let name = name.trim();
    // Names that look like prefixed ones are prefixed again, so that no two become one.
    let bare = name.trim_start_matches("x_");
    let clashes = RESERVED.contains(&bare) || is_own(bare);
    if clashes { format!("x_{name}") } else { name.to_owned() }
}

/// Whether a text is a JSON number that every reader keeps as it stands.
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, fraction) = match digits.iter().position(|b| *b == b'.') {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let all_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    all_digits(whole)
        && (whole.len() == 1 || whole[0] != b'0')
        && fraction.is_none_or(all_digits)
        && digits.len() - usize::from(fraction.is_some()) <= 15
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn members(columns: &[&str], keep: bool, texts: &[&str]) -> Result<String, &'static str> {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        let mapping = crate::row::Mapping::default();
        let plan = crate::row::Plan::new(columns, &crate::row::ANY, &mapping, keep).unwrap();
        let (mut row, mut extras) = (crate::row::Row::default(), Vec::new());
        for (i, text) in texts.iter().enumerate() {
            plan.take(i, text.as_bytes(), 0, &mut row, &mut extras);
        }
        row.invalid().map_or_else(|| Ok(String::from_utf8(extras).unwrap()), Err)
    }

    #[test]
    fn names_that_would_clash_are_prefixed_and_stay_apart() {
        for (name, key) in [
            ("kind", "x_kind"),
            ("x_kind", "x_x_kind"),
            ("bytes", "x_bytes"),
            ("service", "x_service"),
            (" uid ", "uid"),
            ("x_ray", "x_ray"),
        ] {
            assert_eq!(extra_key(name), key);
        }
        let kept = members(&["octets", "a", "a", " a"], true, &["1", "2.50", "x\"y", ""]).unwrap();
        assert_eq!(kept, ",\"a\":2.50,\"a_\":\"x\\\"y\"");
    }

    #[test]
    fn names_of_the_suite_mean_what_they_mean_among_the_records_own() {
        let columns = ["src_ip", "bytes", "scaled", "hour", "flagged", "src_country", "note", "src_internal"];
        let texts = ["10.0.0.1", "5", "true", "07", "[\"a\"]", "12", "x", ""];
        assert_eq!(members(&columns, false, &texts), Err("bad value"));
        let texts = texts.map(|t| if t == "07" { "7" } else { t });
        let kept = ",\"scaled\":true,\"hour\":7,\"flagged\":[\"a\"],\"src_country\":\"12\"";
        assert_eq!(members(&columns, false, &texts).unwrap(), kept);
        assert_eq!(members(&columns, true, &texts).unwrap(), format!("{kept},\"note\":\"x\""));
        // In the table of somebody else they may mean anything.
        let columns = ["srcip", "scaled", "hour"];
        assert_eq!(members(&columns, false, &["10.0.0.1", "true", "7"]).unwrap(), "");
        assert_eq!(members(&columns, true, &["10.0.0.1", "true", "7"]).unwrap(), ",\"x_scaled\":\"true\",\"x_hour\":7");
        for (column, text) in
            [("scaled", "yes"), ("hour", "24"), ("dup_of", "10.0.0"), ("direction", "up"), ("bps", "1 2")]
        {
            assert_eq!(members(&["bytes", column], false, &["1", text]), Err("bad value"), "{column}");
        }
    }

    #[test]
    fn only_numbers_of_json_stay_numbers() {
        for text in ["0", "-1.5", "123456789012345"] {
            assert!(is_number(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1e5", "1234567890123456", "0x1", "+1", "NaN", "1.2.3"] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }
}
