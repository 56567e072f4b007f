//! What is normal, learnt elsewhere: the rows of `flowstat describe`, read from a file before any input.
//!
//! Rows are told by their `field` member, and need the columns that the rule takes; other lines are passed over. The file
//! may be packed. Bound: the fields asked for, and a line; a line that no filter accepts, as a longer one, or a field that
//! is there twice, is an error.

mod rule;

pub(crate) use rule::Learnt;

use crate::measure::Measure;
use anyhow::{Context, anyhow, bail};
use flow_record::input::{Source, cause};
use flow_record::item::Args;
use flow_record::row::Row;
use flow_record::scan::{Clean, LineKind, MAX_LINE, Reject, Scanner};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What is normal of each of some fields.
pub(crate) type Fields<N> = Vec<(Measure, N)>;

/// The fields that an item asks for and its file knows, and a note on each of those that the file does not know. A field
/// that was named must be there; of the default ones one is enough. `take` reads the columns that the rule needs, and
/// answers the first that the row lacks.
///
/// # Errors
/// A file that cannot be read or is none, or lacks the fields.
pub(crate) fn read<N>(
    args: &Args,
    take: fn(&Row<'_>) -> Result<N, &'static str>,
) -> anyhow::Result<(Fields<N>, Vec<String>)> {
    let name = args.spec.name;
    let path = args.file("normal").with_context(|| {
        format!("{name}: normal=FILE is needed: what `flowstat describe` says of normal flows (--explain {name})")
    })?;
    let shown = path.display();
    let measures = Measure::all(&args.list("field")).with_context(|| name)?;
    let of = args.list("field").join("+");
    let remedy = format!("it is made with: flowcat NORMAL | flowstat describe:of={of} > normal.json");
    let mut rows = rows(&path, &measures, take).map_err(|e| anyhow!("{name}: normal: {e:#}; {remedy}"))?;
    let mut known = Vec::new();
    let mut notes = Vec::new();
    for measure in measures {
        match rows.iter().position(|(m, _)| *m == measure) {
            Some(at) => known.push(rows.swap_remove(at)),
            None if args.is_given("field") => {
                bail!("{name}: normal={shown}: no row of describe for {}; {remedy}", measure.name())
            }
            None => notes.push(format!("{} is not judged: {shown} has no values of it", measure.name())),
        }
    }
    if known.is_empty() {
        bail!("{name}: normal={shown}: no row of describe for {}; {remedy}", args.list("field").join(" or "));
    }
    Ok((known, notes))
}

/// The number in a column.
pub(crate) fn column(row: &Row<'_>, name: &'static str) -> Result<f64, &'static str> {
    row.value(name).map(|v| v.as_f64()).ok_or(name)
}

/// Whether a column is an estimate.
pub(crate) fn is_estimate(row: &Row<'_>, name: &str) -> bool {
    let approx: Vec<String> = row.json("approx").and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    approx.iter().any(|column| column == name)
}

/// The rows of these fields.
fn rows<N>(
    path: &Path,
    measures: &[Measure],
    take: fn(&Row<'_>) -> Result<N, &'static str>,
) -> anyhow::Result<Fields<N>> {
    let mut input = BufReader::new(Source::file(path).open()?);
    let shown = path.display();
    let mut scanner = Scanner::new();
    let (mut found, mut text) = (Vec::new(), Vec::new());
    for line in 1u64.. {
        text.clear();
        // One more than a line may have, with its end, so that a longer one shows.
        let mut rest = (&mut input).take(MAX_LINE as u64 + 2);
        if rest.read_until(b'\n', &mut text).map_err(|e| anyhow::anyhow!("{shown}: {}", cause(&e)))? == 0 {
            break;
        }
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        if text.len() > MAX_LINE {
            bail!("{shown}: line {line} is longer than {MAX_LINE} bytes");
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let reject = |e: Reject| anyhow::anyhow!("{shown}:{line}:{}: {}", e.at + 1, e.message(text));
        let scanned = scanner.scan(Clean::line(text).map_err(reject)?).map_err(reject)?;
        let row = matches!(scanned.kind, LineKind::Row(_)).then(|| Row::of(&scanned)).flatten();
        let Some((measure, row)) = row.and_then(|row| Some((measure(&row, measures)?, row))) else { continue };
        if found.iter().any(|(m, _)| *m == measure) {
            bail!("{shown}:{line}: a second row of {}", measure.name());
        }
        match take(&row) {
            Ok(normal) => found.push((measure, normal)),
            // A single value has no deviation.
            Err(column) if row.json(column) == Some("null") => {}
            Err(column) => bail!("{shown}:{line}: the row of {} has no {column}", measure.name()),
        }
    }
    Ok(found)
}

/// The field that a row of `describe` is about, if it is one of these and had values.
fn measure(row: &Row<'_>, measures: &[Measure]) -> Option<Measure> {
    let field: String = serde_json::from_str(row.json("field")?).ok()?;
    let measure = measures.iter().find(|m| m.name() == field)?;
    (row.integer("count") != Some(0)).then_some(*measure)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    const BYTES: &str = r#"{"kind":"describe","field":"bytes","count":4,"sum":10,"mean":2.5,"std":1.5,"min":1,"p25":1.75,"p50":2.5,"p75":3.25,"max":4}"#;

    type Means = Fields<(f64, bool)>;

    fn take(row: &Row<'_>) -> Result<(f64, bool), &'static str> {
        Ok((column(row, "mean")?, is_estimate(row, "p75")))
    }

    fn read_text(text: &str, measures: &[&str]) -> anyhow::Result<Means> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let measures: Vec<Measure> = measures.iter().map(|m| Measure::named(m).unwrap()).collect();
        rows(file.path(), &measures, take)
    }

    #[test]
    fn reads_the_rows_of_the_fields_and_passes_over_the_rest() {
        let packets = BYTES.replace("\"bytes\"", "\"packets\"").replace("\"max\"", "\"approx\":[\"p75\"],\"max\"");
        let text = format!("{{\"bytes\":1}}\n{{\"kind\":\"x\"}}\n\n{BYTES}\n{packets}");
        let found = read_text(&text, &["bytes", "packets", "duration"]).unwrap();
        let measure = |name| Measure::named(name).unwrap();
        assert_eq!(found, [(measure("bytes"), (2.5, false)), (measure("packets"), (2.5, true))]);
    }

    #[test]
    fn a_field_without_values_is_none() {
        let empty = r#"{"kind":"describe","field":"bytes","count":0,"mean":null,"std":null,"p25":null,"p75":null}"#;
        assert!(read_text(empty, &["bytes"]).unwrap().is_empty());
        assert!(read_text(&empty.replace(":0", ":1"), &["bytes"]).unwrap().is_empty());
        assert!(read_text("", &["bytes"]).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_column() {
        let error = |text: &str| read_text(text, &["bytes"]).unwrap_err().to_string();
        assert!(error(&format!("{BYTES}\n{BYTES}\n")).contains(":2: a second row of bytes"));
        let told = error(&format!("{BYTES}\n{{\"kind\":\"x\",}}\n"));
        assert!(told.contains(":2:13: ") && !told.contains("\\n") && !told.contains("u{a}"), "{told}");
        assert!(error(&BYTES.replace("mean", "men")).contains(":1: the row of bytes has no mean"));
        let missing = rows(Path::new("/nonexistent/normal"), &[], take).unwrap_err().to_string();
        assert!(missing.contains("no such file"), "{missing}");
    }

    #[test]
    fn only_the_columns_that_are_taken_must_be_there() {
        let few = r#"{"kind":"describe","field":"bytes","count":4,"mean":2.5}"#;
        assert_eq!(read_text(few, &["bytes"]).unwrap().len(), 1);
    }

    #[test]
    fn a_line_without_an_end_is_read_no_further_than_a_line_may_go() {
        let told = rows(Path::new("/dev/zero"), &[], take).unwrap_err().to_string();
        assert!(told.contains("line 1 is longer than 1048576 bytes"), "{told}");
    }
}
