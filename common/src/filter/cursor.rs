//! The text of an expression and where its reader is: blanks, words, signs.
//!
//! Blanks and comments (`#` to the end of the line) may stand between any two parts. Whatever looks ahead leaves the
//! place as it was unless it finds what it looks for.

use super::fault::Fault;
use std::ops::Range;
use std::path::PathBuf;
use winnow::ascii::{multispace1, till_line_ending};
use winnow::combinator::{alt, opt, repeat};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{literal, one_of, take_while};

/// What is left of a text.
pub(super) type Rest<'t> = LocatingSlice<&'t str>;

/// Something read, and the bytes that it was.
#[derive(Clone, Debug)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

impl<T> Spanned<T> {
    pub(super) fn new(value: T, span: Range<usize>) -> Spanned<T> {
        Spanned { value, span }
    }
}

/// Where the reader of a text is.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    rest: Rest<'t>,
    /// Files that lists were read from.
    files: Vec<PathBuf>,
}

/// A name: letters, digits and `_`, and parts joined by points.
fn name<'t>(rest: &mut Rest<'t>) -> Result<&'t str, EmptyError> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let more = repeat::<_, _, (), _, _>(0.., ('.', one_of(letter), take_while(0.., inner)));
    (one_of(letter), take_while(0.., inner), more).take().parse_next(rest)
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, rest: LocatingSlice::new(text), files: Vec::new() }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// Keeps in mind that a list was read from this file.
    pub(super) fn read(&mut self, file: &str) {
        self.files.push(file.into());
    }

    /// The files that lists were read from.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Passes blanks and comments.
    fn blanks(&mut self) {
        let comment = ('#', till_line_ending::<_, EmptyError>).void();
        let blank = alt((multispace1.void(), comment));
        // Nothing to pass is no error.
        let _ = repeat::<_, _, (), _, _>(0.., blank).parse_next(&mut self.rest);
    }

    /// The place of what comes next.
    pub(super) fn place(&mut self) -> usize {
        self.blanks();
        self.rest.current_token_start()
    }

    /// Whether nothing comes.
    pub(super) fn is_done(&mut self) -> bool {
        self.place() == self.text.len()
    }

    /// Reads what `parser` reads, if it does.
    pub(super) fn eat<T>(&mut self, parser: impl Parser<Rest<'t>, T, EmptyError>) -> Option<Spanned<T>> {
        self.blanks();
        self.eat_here(parser)
    }

    /// The same without blanks before it.
    pub(super) fn eat_here<T>(&mut self, parser: impl Parser<Rest<'t>, T, EmptyError>) -> Option<Spanned<T>> {
        let read = opt(parser.with_span()).parse_next(&mut self.rest).ok().flatten();
        read.map(|(value, span)| Spanned::new(value, span))
    }

    /// Reads this sign.
    pub(super) fn sign(&mut self, sign: &'static str) -> Option<Range<usize>> {
        self.eat(literal(sign)).map(|s| s.span)
    }

    /// Reads a name.
    pub(super) fn name(&mut self) -> Option<Spanned<&'t str>> {
        self.eat(name)
    }

    /// Reads this word, in any case of letters.
    pub(super) fn word(&mut self, word: &str) -> Option<Range<usize>> {
        self.one_word(&[word]).map(|s| s.span)
    }

    /// Reads one of these words, in any case of letters, and answers which.
    pub(super) fn one_word(&mut self, words: &[&str]) -> Option<Spanned<usize>> {
        self.eat(name.verify_map(|n: &str| words.iter().position(|w| w.eq_ignore_ascii_case(n))))
    }

    /// Reads everything up to a blank, a bracket or a comma: what may be called anything.
    pub(super) fn raw(&mut self) -> Option<Spanned<&'t str>> {
        let is_inner = |c: char| !c.is_whitespace() && !matches!(c, '(' | ')' | '[' | ']' | ',' | '#');
        self.eat(take_while(1.., is_inner))
    }

    /// What comes next, for a message: the place of a word or a sign.
    pub(super) fn next(&mut self) -> Range<usize> {
        let mut ahead = self.clone();
        let start = self.place();
        match ahead.raw().or_else(|| ahead.eat(take_while(1..=1, |_: char| true))) {
            Some(met) => met.span,
            None => start..start,
        }
    }

    /// A fault: something else should come next.
    pub(super) fn expected(&mut self, what: &str) -> Fault {
        let span = self.next();
        match self.text.get(span.clone()) {
            Some("") | None => Fault::at(span, format!("{what} is missing at the end")),
            Some(met) => {
                let met = crate::value::text::snippet(met.as_bytes(), 40);
                Fault::at(span, format!("expected {what}, not \"{met}\""))
            }
        }
    }
}
