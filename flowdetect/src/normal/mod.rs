//! What is normal, learnt elsewhere: the rows of `flowstat describe`, read from a file before any input.
//!
//! Rows are told by their `field` member; other lines are passed over. The file may be packed. Bound: the fields asked
//! for; a line that no filter accepts, or a field that is there twice, is an error.

mod rule;

pub(crate) use rule::Learnt;

use crate::measure::Measure;
use crate::row::Row;
use anyhow::{Context, bail};
use flow_record::input::{Blocks, Piece, Source, cause};
use flow_record::item::Args;
use flow_record::scan::{Clean, LineKind, Scanner};
use std::path::Path;

/// What is normal of one field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Normal {
    /// Mean.
    pub(crate) mean: f64,
    /// Sample deviation.
    pub(crate) deviation: f64,
    /// Lower quartile.
    pub(crate) q1: f64,
    /// Upper quartile.
    pub(crate) q3: f64,
    /// The quartiles are estimates.
    pub(crate) approx: bool,
}

/// What is normal of each of some fields.
pub(crate) type Fields = Vec<(Measure, Normal)>;

/// The fields that an item asks for and its file knows, and a note on each of those that the file does not know. A field that was named must be there; of the default ones one is enough.
///
/// # Errors
/// A file that cannot be read or is none, or lacks the fields.
pub(crate) fn read(args: &Args) -> anyhow::Result<(Fields, Vec<String>)> {
    let name = args.spec.name;
    let path = args.file("normal").with_context(|| {
        format!("{name}: normal=FILE is needed: what `flowstat describe` says of normal flows (--explain {name})")
    })?;
    let shown = path.display();
    let measures = Measure::all(&args.list("field")).with_context(|| name)?;
    let mut rows = rows(&path, &measures).with_context(|| format!("{name}: normal"))?;
    let mut known = Vec::new();
    let mut notes = Vec::new();
    for measure in measures {
        match rows.iter().position(|(m, _)| *m == measure) {
            Some(at) => known.push(rows.swap_remove(at)),
            None if args.is_given("field") => {
                bail!("{name}: normal={shown}: no row of describe for {}", measure.name())
            }
            None => notes.push(format!("{} is not judged: {shown} has no values of it", measure.name())),
        }
    }
    if known.is_empty() {
        bail!("{name}: normal={shown}: no row of describe for {}", args.list("field").join(" or "));
    }
    Ok((known, notes))
}

/// The rows of these fields.
fn rows(path: &Path, measures: &[Measure]) -> anyhow::Result<Fields> {
    let mut blocks = Blocks::new(Source::file(path).open()?);
    let shown = path.display();
    let mut scanner = Scanner::new();
    let (mut found, mut block, mut line) = (Vec::new(), Vec::new(), 0);
    while let Some(piece) = blocks.next(&mut block).map_err(|e| anyhow::anyhow!("{shown}: {}", cause(&e)))? {
        if !matches!(piece, Piece::Lines) {
            bail!("{shown}: line {}: too long, or cut off", line + 1);
        }
        for text in block.split_inclusive(|b| *b == b'\n') {
            line += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            let reject = |e: flow_record::scan::Reject| anyhow::anyhow!("{shown}: line {line}: {}", e.message(text));
            let scanned = scanner.scan(Clean::line(text).map_err(reject)?).map_err(reject)?;
            let row = matches!(scanned.kind, LineKind::Row(_)).then(|| Row::of(&scanned)).flatten();
            if let Some((measure, normal)) = row.and_then(|row| of_row(&row, measures)) {
                if found.iter().any(|(m, _)| *m == measure) {
                    bail!("{shown}: line {line}: a second row of {}", measure.name());
                }
                found.push((measure, normal));
            }
        }
    }
    Ok(found)
}

/// What is normal of the field of a row of `describe`, if it is one of these and had values.
fn of_row(row: &Row<'_>, measures: &[Measure]) -> Option<(Measure, Normal)> {
    let field: String = serde_json::from_str(row.json("field")?).ok()?;
    let measure = measures.iter().find(|m| m.name() == field)?;
    let number = |name: &str| row.value(name).map(|v| v.as_f64());
    let approx: Vec<String> = row.json("approx").and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let normal = Normal {
        mean: number("mean")?,
        deviation: number("std")?,
        q1: number("p25")?,
        q3: number("p75")?,
        approx: approx.iter().any(|name| name == "p25" || name == "p75"),
    };
    (row.integer("count") != Some(0)).then_some((*measure, normal))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    const BYTES: &str = r#"{"kind":"describe","field":"bytes","count":4,"sum":10,"mean":2.5,"std":1.5,"min":1,"p25":1.75,"p50":2.5,"p75":3.25,"max":4}"#;

    fn read_text(text: &str, measures: &[&str]) -> anyhow::Result<Fields> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let measures: Vec<Measure> = measures.iter().map(|m| Measure::named(m).unwrap()).collect();
        rows(file.path(), &measures)
    }

    #[test]
    fn reads_the_rows_of_the_fields_and_passes_over_the_rest() {
        let packets = BYTES.replace("\"bytes\"", "\"packets\"").replace("\"max\"", "\"approx\":[\"p75\"],\"max\"");
        let text = format!("{{\"bytes\":1}}\n{{\"kind\":\"x\"}}\n\n{BYTES}\n{packets}\n");
        let found = read_text(&text, &["bytes", "packets", "duration"]).unwrap();
        let normal = Normal { mean: 2.5, deviation: 1.5, q1: 1.75, q3: 3.25, approx: false };
        assert_eq!(found[0], (Measure::named("bytes").unwrap(), normal.clone()));
        assert_eq!(found[1], (Measure::named("packets").unwrap(), Normal { approx: true, ..normal }));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_field_without_values_is_none() {
        let empty = r#"{"kind":"describe","field":"bytes","count":0,"mean":null,"std":null,"p25":null,"p75":null}"#;
        assert!(read_text(empty, &["bytes"]).unwrap().is_empty());
        assert!(read_text("", &["bytes"]).unwrap().is_empty());
    }

    #[test]
    fn a_bad_line_and_a_second_row_are_errors_that_name_the_line() {
        let error = |text: &str| read_text(text, &["bytes"]).unwrap_err().to_string();
        assert!(error(&format!("{BYTES}\n{BYTES}\n")).contains("line 2: a second row of bytes"));
        assert!(error(&format!("{BYTES}\nx\n")).contains("line 2"));
        assert!(rows(Path::new("/nonexistent/normal"), &[]).unwrap_err().to_string().contains("no such file"));
    }
}
