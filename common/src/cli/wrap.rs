//! Text in lines of a terminal's width, with hanging indents.
//!
//! Invariant: no line is wider than asked, unless a single word is; a character counts as one column.

use std::io;

/// Columns where there is no terminal to ask.
pub(super) const WIDTH: usize = 80;

/// Columns that text is laid out for at most: longer lines are hard to read.
const WIDEST: usize = 100;

/// Columns that text is laid out for at least.
const NARROWEST: usize = 40;

/// Columns of the terminal that stdout is.
pub(super) fn width() -> usize {
    let (columns, _) = terminal_size::terminal_size_of(io::stdout()).unzip();
    columns.map_or(WIDTH, |terminal_size::Width(columns)| usize::from(columns).clamp(NARROWEST, WIDEST))
}

/// `text`'s words after `label`, lines after the first indented by `indent`.
pub(super) fn hanging(label: &str, text: &str, indent: usize, width: usize) -> String {
    fold(label, text.split_whitespace(), " ", indent, width)
}

/// As [`hanging`], for a text without blanks that may be broken after its commas.
pub(super) fn hanging_list(label: &str, text: &str, indent: usize, width: usize) -> String {
    fold(label, text.split_inclusive(','), "", indent, width)
}

/// The paragraphs of `text`, which empty lines set apart, each line newly broken.
pub(super) fn paragraphs(text: &str, width: usize) -> String {
    let each: Vec<_> = text.trim().split("\n\n").map(|paragraph| hanging("", paragraph, 0, width)).collect();
    each.join("\n")
}

fn fold<'t>(label: &str, pieces: impl Iterator<Item = &'t str>, between: &str, indent: usize, width: usize) -> String {
    let mut out = format!("{label:<indent$}");
    let mut column = out.chars().count();
    if column > indent {
        // A long label keeps a line to itself.
        out.truncate(out.trim_end().len());
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
        column = indent;
    }
    let mut first = true;
    for piece in pieces {
        let size = piece.chars().count();
        if !first && column + between.len() + size > width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !first {
            out.push_str(between);
            column += between.len();
        }
        out.push_str(piece);
        column += size;
        first = false;
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hang_under_the_text_and_keep_the_width() {
        let text = hanging("  by", "the key that flows are summed by", 7, 20);
        assert_eq!(text, "  by   the key that\n       flows are\n       summed by\n");
        assert_eq!(hanging("", "one two", 0, 7), "one two\n");
        assert_eq!(hanging("", "one two", 0, 6), "one\ntwo\n");
    }

    #[test]
    fn a_long_label_has_a_line_of_its_own_and_a_long_word_too() {
        assert_eq!(hanging("  longlabel", "a b", 4, 20), "  longlabel\n    a b\n");
        assert_eq!(hanging("", "a abcdefghij b", 0, 5), "a\nabcdefghij\nb\n");
    }

    #[test]
    fn lists_break_after_commas() {
        assert_eq!(hanging_list("", "top:by=a,n=3,k=4", 2, 12), "  top:by=a,\n  n=3,k=4\n");
    }

    #[test]
    fn paragraphs_are_broken_anew() {
        assert_eq!(paragraphs("a\nb\n\nc d\n", 80), "a b\n\nc d\n");
    }
}
