//! What an input is, told by its first bytes, in the reader's thread.
//!
//! Formats of bytes and of whole files see the bytes as they are, unpacked, before anything else is done with them. What
//! none of them takes is text: its byte order mark is taken away, and formats of text see whole lines of it, or, where
//! it is JSON without lines, all that is there. Formats are asked in the order of their table.
//!
//! Invariant: the answer depends on the bytes, not on how they come. Bound: [`HEAD`] bytes of look-ahead; only as many
//! as are needed, because a live input may be slow.

use super::json::shape::{self, Shape};
use super::{Format, HEAD, LINES, Probe, Takes, csv, first_line, flow, nfdump};
use flow_record::input::feed::{Cut, Look};
use flow_record::input::{Ahead, Input, Kind};
use flow_record::scan::MAX_LINE;
use flow_record::value::text::snippet;
use memchr::{memchr, memchr_iter};

/// U+FEFF in UTF-8, which some programs put at the beginning of a text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What an input is.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// Of this format.
    Format(&'static Format),
    /// Without records.
    Nothing,
}

/// Tells what each input is.
pub(crate) struct Detect {
    /// What the user says that all are.
    from: Option<&'static Format>,
    formats: &'static [&'static Format],
    /// The user says what members mean, so that no line is a flow line as it stands.
    is_mapped: bool,
}

impl Detect {
    /// Tells the formats apart; `from` pins one.
    pub(crate) fn new(from: Option<&'static Format>) -> Detect {
        Detect { from, formats: super::FORMATS, is_mapped: false }
    }

    /// The same where the user says what columns and members mean, if `is_mapped`.
    pub(crate) fn mapped(self, is_mapped: bool) -> Detect {
        Detect { is_mapped, ..self }
    }

    /// The same with other formats.
    #[cfg(test)]
    pub(crate) fn among(formats: &'static [&'static Format]) -> Detect {
        Detect { from: None, formats, is_mapped: false }
    }

    /// How an input of a pinned format comes.
    fn pinned(format: &'static Format, input: &mut Input) -> Result<Cut, String> {
        match format.takes {
            Takes::Bytes => Ok(Cut::Pieces),
            Takes::Whole => Ok(Cut::Whole),
            Takes::Lines | Takes::Objects => loop {
                let last = input.look_ahead() != Ahead::More;
                let text = input.ahead().strip_prefix(BOM).unwrap_or(input.ahead());
                if let Some(shape) = shape::of(text, last) {
                    return cut_of(format, shape);
                }
            },
        }
    }
}

impl Look for Detect {
    type Seen = Seen;

    fn look(&mut self, input: &mut Input) -> Result<(Seen, Cut), String> {
        if let Some(format) = self.from {
            return Detect::pinned(format, input).map(|cut| (Seen::Format(format), cut));
        }
        let mut looked = 0;
        loop {
            let ahead = input.look_ahead();
            match self.decide(input.ahead(), ahead != Ahead::More, &mut looked) {
                // An input that breaks off while it is looked at tells that itself, when it is read.
                None | Some(Detected::Unknown(_)) if ahead == Ahead::Failed => return Ok((Seen::Nothing, Cut::Lines)),
                None if ahead == Ahead::Ended => return Ok((Seen::Nothing, Cut::Lines)),
                None => {}
                Some(Detected::Format(format, cut)) => return Ok((Seen::Format(format), cut)),
                Some(Detected::Nothing) => return Ok((Seen::Nothing, Cut::Lines)),
                Some(Detected::Unknown(why)) => return Err(why),
            }
        }
    }
}

/// What a beginning tells.
#[derive(Clone)]
pub(super) enum Detected {
    Format(&'static Format, Cut),
    /// There are no records.
    Nothing,
    /// No format that is known; what to say.
    Unknown(String),
}

impl Detect {
    /// What begins like this; `None` where more must be seen, which is not to come after the `last`. Text before
    /// `looked` was looked at.
    pub(super) fn decide(&self, head: &[u8], last: bool, looked: &mut usize) -> Option<Detected> {
        for format in self.formats {
            let cut = match format.takes {
                Takes::Bytes => Cut::Pieces,
                Takes::Whole => Cut::Whole,
                Takes::Lines | Takes::Objects => continue,
            };
            match (format.probe)(head) {
                Probe::Yes => return Some(Detected::Format(format, cut)),
                Probe::Maybe | Probe::Likely | Probe::Unlikely if !last => return None,
                Probe::Likely => return Some(Detected::Format(format, cut)),
                Probe::Maybe | Probe::Unlikely | Probe::No => {}
            }
        }
        match Kind::of(head) {
            Kind::Known(kind) => {
                let text = format!("this is {}; {} reads it", kind.name, kind.read_by());
                Some(Detected::Unknown(text))
            }
            Kind::Open if !last => None,
            _ if !last && BOM.starts_with(head) => None,
            _ => self.text(head.strip_prefix(BOM).unwrap_or(head), last, looked),
        }
    }

    /// What a text is that begins like this.
    fn text(&self, text: &[u8], last: bool, looked: &mut usize) -> Option<Detected> {
        match shape::of(text, last)? {
            Shape::Pieces => self.objects(text, last || text.len() >= HEAD, Shape::Pieces),
            Shape::Lines => {
                for end in memchr_iter(b'\n', &text[*looked..]).map(|i| *looked + i + 1).collect::<Vec<_>>() {
                    if let Some(detected) = self.objects(&text[..end], end >= HEAD, Shape::Lines) {
                        return Some(detected);
                    }
                    *looked = end;
                }
                // What is left is no whole line.
                let is_long = text.len() - *looked > MAX_LINE;
                let whole = (last || is_long).then(|| [text, b"\n"].concat())?;
                match self.objects(&whole, true, Shape::Lines) {
                    // The line will be rejected; csv looks for its header in what follows.
                    Some(Detected::Unknown(_)) if is_long => Some(as_text(&csv::FORMAT, Shape::Lines)),
                    detected => detected,
                }
            }
        }
    }

    /// The format of lines, or of a text in pieces, that begins like this. Lines of no format may stand before those
    /// that tell it.
    fn objects(&self, head: &[u8], last: bool, shape: Shape) -> Option<Detected> {
        let head = head.trim_ascii_start();
        let mut rest = significant(head);
        if rest.is_empty() {
            return last.then_some(Detected::Nothing);
        }
        let mut lines = 0;
        while lines < LINES && !rest.is_empty() {
            for format in self.of_text().filter(|f| f.spec.name != csv::FORMAT.spec.name) {
                match (format.probe)(rest) {
                    Probe::Yes => return Some(as_text(format, shape)),
                    Probe::Maybe | Probe::Likely => return last.then(|| as_text(format, shape)),
                    Probe::Unlikely if !last => return None,
                    Probe::Unlikely | Probe::No => {}
                }
            }
            rest = significant(&rest[memchr(b'\n', rest).map_or(rest.len(), |i| i + 1)..]);
            lines += 1;
        }
        // Looks for its header itself, also among what others take for remarks.
        match (csv::FORMAT.probe)(head) {
            Probe::Yes => Some(as_text(&csv::FORMAT, shape)),
            Probe::Maybe | Probe::Likely | Probe::Unlikely => last.then(|| as_text(&csv::FORMAT, shape)),
            Probe::No if last || lines == LINES => Some(Detected::Unknown(unknown(first_line(head)))),
            Probe::No => None,
        }
    }

    fn of_text(&self) -> impl Iterator<Item = &'static Format> {
        let is_in_doubt = |f: &&Format| !(self.is_mapped && f.spec.name == flow::FORMAT.spec.name);
        self.formats.iter().copied().filter(|f| matches!(f.takes, Takes::Lines | Takes::Objects)).filter(is_in_doubt)
    }
}

/// A format of text, and how it comes.
fn as_text(format: &'static Format, shape: Shape) -> Detected {
    match cut_of(format, shape) {
        Ok(cut) => Detected::Format(format, cut),
        Err(why) => Detected::Unknown(why),
    }
}

/// How a text of this shape comes.
fn cut_of(format: &'static Format, shape: Shape) -> Result<Cut, String> {
    match (shape, format.takes) {
        (Shape::Lines, _) => Ok(Cut::Lines),
        (Shape::Pieces, Takes::Objects) => Ok(Cut::Pieces),
        (Shape::Pieces, _) => Err(format!("this is JSON and not {}", format.spec.name)),
    }
}

/// What follows blank lines and the remarks of tools.
fn significant(mut head: &[u8]) -> &[u8] {
    loop {
        head = head.trim_ascii_start();
        let line = first_line(head);
        if line.is_empty() || !nfdump::is_remark(line) {
            return head;
        }
        head = &head[line.len()..];
    }
}

/// What to say of a text of no known format that begins with this line, and how it can be made one.
fn unknown(line: &[u8]) -> String {
    if line.contains(&b'\r') {
        return "its lines end with CR alone; tr '\\r' '\\n' <FILE | flowcat reads it".into();
    }
    if let Some(text) = csv::header::pairs(line.split(|b| *b == b' '), b' ') {
        return text;
    }
    format!(
        "no format that flowcat knows: it begins with \"{}\"; --list shows the formats, --from pins one",
        snippet(line, 40)
    )
}

#[cfg(test)]
mod tests;
