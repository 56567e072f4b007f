//! What is wrong with an expression, and where: one sentence, the line, and a caret below the place.

use crate::item::nearest;
use crate::value::text::printable;
use std::fmt;
use std::ops::Range;

/// Why an expression is refused. Displays as one line of text, or as three with the place marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// The bytes of the expression that it is about.
    pub span: Range<usize>,
    /// The line of the expression that it is about, and how many bytes come before it.
    line: String,
    before: usize,
}

/// Characters of the line that are shown on each side of the place.
const SHOWN: usize = 60;

impl Fault {
    /// A fault at a place of the expression.
    pub(super) fn at(span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { message: message.into(), span, line: String::new(), before: 0 }
    }

    /// The same, with the nearest right word suggested, if one is near.
    pub(super) fn unknown<'c>(
        span: Range<usize>,
        what: &str,
        word: &str,
        right: impl IntoIterator<Item = &'c str>,
    ) -> Fault {
        let word_shown = printable(word);
        match nearest(word, right) {
            Some(near) => Fault::at(span, format!("unknown {what} \"{word_shown}\"; did you mean {near}?")),
            None => Fault::at(span, format!("unknown {what} \"{word_shown}\"")),
        }
    }

    /// The same with the expression that it is about.
    pub(super) fn of(mut self, text: &str) -> Fault {
        let start = self.span.start.min(text.len());
        self.before = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
        let line = text.get(self.before..).unwrap_or_default();
        self.line = line.split('\n').next().unwrap_or_default().trim_end_matches('\r').to_owned();
        self
    }

    /// The line and the marks below it, cut to what is near the place.
    fn marked(&self) -> (String, String) {
        let start = self.span.start.saturating_sub(self.before).min(self.line.len());
        let end = self.span.end.saturating_sub(self.before).clamp(start, self.line.len());
        let part = |range: Range<usize>| self.line.get(range).unwrap_or_default();
        let (head, place, tail) = (part(0..start), part(start..end), part(end..self.line.len()));
        let cut = head.chars().count().saturating_sub(SHOWN);
        let (dots, head) = if cut > 0 { ("...", head.chars().skip(cut).collect()) } else { ("", head.to_owned()) };
        let place_shown: String = place.chars().take(SHOWN).collect();
        let rest: String = tail.chars().take(SHOWN).collect();
        let more = if place_shown.len() + rest.len() < place.len() + tail.len() { "..." } else { "" };
        let (head, place) = (printable(&head), printable(&place_shown));
        let blanks = dots.len() + head.chars().count();
        let carets = place.chars().count().max(1);
        let rest = printable(&rest);
        (format!("{dots}{head}{place}{rest}{more}"), format!("{}{}", " ".repeat(blanks), "^".repeat(carets)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.line.is_empty() {
            return Ok(());
        }
        let (line, marks) = self.marked();
        write!(f, "\n  {line}\n  {marks}")
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place() {
        let fault = Fault::at(11..13, "bad number").of("proto tcp\nport x\u{e9} or");
        assert_eq!(fault.to_string(), "bad number\n  port x\u{e9} or\n   ^^");
        assert_eq!(Fault::at(5..5, "more is needed").of("bytes").to_string(), "more is needed\n  bytes\n       ^");
        assert_eq!(Fault::at(0..0, "nothing is asked for").of("").to_string(), "nothing is asked for");
    }

    #[test]
    fn a_long_line_is_cut_and_what_a_terminal_could_act_on_is_escaped() {
        let text = format!("{} \u{1b}[31m {}", "a".repeat(100), "b".repeat(100));
        let shown = Fault::at(101..102, "what").of(&text).to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[1], format!("  ...{} \\u{{1b}}[31m {}...", "a".repeat(59), "b".repeat(55)));
        assert_eq!(lines[2].find('^'), lines[1].find('\\'));
    }
}
