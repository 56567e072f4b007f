//! The text of `--explain NAME`: an item from its [`Spec`], in lines of the terminal's width.

use super::wrap::{hanging, paragraphs};
use crate::item::{Param, Spec};

/// Columns before what is said of a parameter.
const PARAMETER: usize = 15;

/// Columns before what is said of a column.
const COLUMN: usize = 27;

/// What an item computes, from which fields, with which parameters, in how much memory, and where that comes from.
pub(super) fn explained(spec: &Spec, facts: &[(&str, &str)], width: usize) -> String {
    let mut out = hanging("", &format!("{}: {}", spec.name, spec.about), 0, width);
    out.push('\n');
    out.push_str(&paragraphs(spec.explain, width));
    if !spec.params.is_empty() {
        out.push_str("\nParameters\n");
        for p in spec.params {
            out.push_str(&hanging(&format!("  {} ", p.name), &parameter(p), PARAMETER, width));
        }
    }
    if !spec.columns.is_empty() {
        out.push_str("\nColumns\n");
        for c in spec.columns {
            let unit = if c.unit.is_empty() { String::new() } else { format!(" [{}]", c.unit) };
            out.push_str(&hanging(&format!("  {} ", c.name), &format!("{}{unit}", c.about), COLUMN, width));
        }
    }
    let needs = spec.needs.join(" ");
    let rest = [("Fields", needs.as_str()), ("Memory", spec.memory), ("Source", spec.source)];
    for (title, text) in facts.iter().copied().chain(rest) {
        if !text.is_empty() {
            out.push_str(&format!("\n{title}\n{}", hanging("", text, 2, width)));
        }
    }
    out
}

/// What a parameter means, its type, range and default.
pub(super) fn parameter(p: &Param) -> String {
    let default = match (p.default, p.unit) {
        ("", _) => String::new(),
        (default, "") => format!(" default {default}"),
        (default, unit) => format!(" default {default} {unit}"),
    };
    format!("{} [{}]{default}", p.about, p.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::ParamKind;
    use crate::record::{Field, Kind};

    #[test]
    fn every_part_is_told_within_the_width() {
        const COLUMNS: &[Field] =
            &[Field { name: "deviation", kind: Kind::Number, unit: "bytes", about: "how far the values lie apart" }];
        const PARAMS: &[Param] =
            &[Param::new("k", ParamKind::Number(0.0, 9.0), "1.5", "deviations", "how far out a value has to be")];
        let spec = Spec {
            name: "fence",
            about: "values far out",
            explain: "One line\nand the same paragraph.\n\nAnother.",
            params: PARAMS,
            needs: &["bytes"],
            columns: COLUMNS,
            memory: "none",
            source: "Tukey (1977)",
        };
        let text = explained(&spec, &[("Lost", "nothing")], 50);
        let expected = "\
fence: values far out

One line and the same paragraph.

Another.

Parameters
  k            how far out a value has to be
               [number, 0 to 9] default 1.5
               deviations

Columns
  deviation                how far the values lie
                           apart [bytes]

Lost
  nothing

Fields
  bytes

Memory
  none

Source
  Tukey (1977)
";
        assert_eq!(text, expected);
    }
}
