//! The one reader of all four programs: opens each input, has its beginning looked at, and hands it over in parcels.
//!
//! ```text
//! open ─► look (how is it to come?) ─► cut ─► parcels ──► whoever works on them
//!                                              └───────── and back ◄──────┘
//! ```
//!
//! A fixed number of parcels goes round, and the reader waits for one to come back, so memory is bounded and slow work
//! slows the reading. Invariants: inputs come in order, each as one `Begin`, what it holds and its `End`s, unless it
//! cannot be read at all; what was read before an error comes before the error. Bound: each parcel holds one read (at
//! most 256 KiB) or one line of 1 MiB; a longer one comes in parts.

use super::{Blocks, Identity, Input, InputError, Part, Piece, Source, cause, is_stopped};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

/// Bytes of one piece.
const PIECE: usize = 128 * 1024;

/// How an input is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// As blocks of whole lines, without a byte order mark; the last line gets its newline if it lacks one.
    Lines,
    /// As it was read, nothing added or taken away, cut anywhere.
    Pieces,
    /// As it is, to be read or sought in by who receives it.
    Whole,
}

/// Says how an input is to come, from its beginning.
pub trait Look: Send + 'static {
    /// What was seen.
    type Seen: Send + 'static;

    /// Looks ahead as far as it must (see [`Input::look_ahead`]), and no further: a live input may be slow.
    ///
    /// # Errors
    /// Why this input is not to be read, as a sentence for a person, without its name.
    fn look(&mut self, input: &mut Input) -> Result<(Self::Seen, Cut), String>;
}

/// What a parcel holds.
#[derive(Debug)]
pub enum Load<S> {
    /// Nothing: it only goes round.
    Nothing,
    /// The next input begins.
    Begin(Box<Begin<S>>),
    /// Whole lines, each with its newline.
    Lines,
    /// Bytes as they were read.
    Piece,
    /// A part of one line that is longer than lines may be.
    Long(Part),
    /// The beginning of a line that broke off.
    Partial,
    /// Why an input could not be read (on), with its name.
    Fault(String),
    /// The input is at its end.
    End,
}

/// An input that was opened.
#[derive(Debug)]
pub struct Begin<S> {
    /// Its name, for people.
    pub name: String,
    /// What the look at its beginning gave.
    pub seen: S,
    /// The input itself, where it comes whole.
    pub whole: Option<Input>,
}

/// A buffer that goes round: filled by the reader, worked on, and given back.
#[derive(Debug)]
pub struct Parcel<S, X> {
    /// What is in `bytes`.
    pub load: Load<S>,
    /// Content of the load; else what a former use left behind.
    pub bytes: Vec<u8>,
    /// Number of the input, from 0.
    pub input: usize,
    /// Bytes of all inputs, as stored, that were read when this was filled.
    pub read: u64,
    /// What those who work on it keep with it.
    pub more: X,
}

impl<S, X: Default> Default for Parcel<S, X> {
    fn default() -> Self {
        Parcel { load: Load::Nothing, bytes: Vec::new(), input: 0, read: 0, more: X::default() }
    }
}

/// The reading side; its thread runs [`Reader::run`].
pub struct Reader<L: Look, X> {
    /// Looks at the beginning of each input.
    pub look: L,
    /// Parcels that come back.
    pub pool: Receiver<Parcel<L::Seen, X>>,
    /// Ends the reading.
    pub stop: Option<Arc<AtomicBool>>,
    /// Inputs below this number are not read on.
    pub skipped: Arc<AtomicUsize>,
    /// The regular file that is written in place: an input that is the same is refused.
    pub output: Option<Identity>,
    /// How often the end of an input is told.
    pub ends: usize,
}

impl<L: Look, X> Reader<L, X> {
    /// Reads all inputs, until `deliver` says that nobody takes parcels any more.
    pub fn run(
        mut self,
        sources: impl IntoIterator<Item = Result<Source, InputError>>,
        mut deliver: impl FnMut(Parcel<L::Seen, X>) -> Option<()>,
    ) {
        let mut read = 0;
        for (number, source) in sources.into_iter().enumerate() {
            let is_stopped = self.stop.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
            if is_stopped && !source.as_ref().is_ok_and(Source::is_live) {
                continue;
            }
            if self.one(number, source, &mut read, &mut deliver).is_none() {
                return;
            }
        }
    }

    /// Reads one input to its end; `None` when nobody listens any more.
    fn one(
        &mut self,
        number: usize,
        source: Result<Source, InputError>,
        read: &mut u64,
        deliver: &mut impl FnMut(Parcel<L::Seen, X>) -> Option<()>,
    ) -> Option<()> {
        let pool = &self.pool;
        let mut send = |load, read| {
            let parcel = pool.recv().ok()?;
            deliver(Parcel { load, input: number, read, ..parcel })
        };
        let (name, mut input) = match source.and_then(|s| s.open().map(|input| (s.name(), input))) {
            Ok(opened) => opened,
            Err(e) => return send(Load::Fault(e.to_string()), *read),
        };
        if self.output.is_some() && input.identity() == self.output {
            return send(Load::Fault(format!("{name}: this file is also the output")), *read);
        }
        if let Some(flag) = &self.stop {
            input.stop_when(flag.clone());
        }
        let consumed = input.consumed();
        let now = |before: u64| before + consumed.load(Ordering::Relaxed);
        let (seen, cut) = match self.look.look(&mut input) {
            Ok(seen) => seen,
            Err(why) => {
                *read = now(*read);
                return send(Load::Fault(format!("{name}: {why}")), *read);
            }
        };
        let (mut content, whole) = match cut {
            Cut::Lines => (Content::Lines(Box::new(Blocks::new(input))), None),
            Cut::Pieces => (Content::Pieces(input), None),
            Cut::Whole => (Content::Elsewhere, Some(input)),
        };
        send(Load::Begin(Box::new(Begin { name: name.clone(), seen, whole })), *read)?;
        let mut spare = None;
        while self.skipped.load(Ordering::Relaxed) <= number {
            let mut parcel = pool.recv().ok()?;
            let load = match content.next(&mut parcel.bytes) {
                Ok(Some(load)) => load,
                Ok(None) => {
                    spare = Some(parcel);
                    break;
                }
                // The reader of the input has no more after its error.
                Err(e) => Load::Fault(format!("{name}: {}", cause(&e))),
            };
            deliver(Parcel { load, input: number, read: now(*read), ..parcel })?;
        }
        *read = now(*read);
        for _ in 0..self.ends {
            let parcel = spare.take().or_else(|| pool.recv().ok())?;
            deliver(Parcel { load: Load::End, input: number, read: *read, ..parcel })?;
        }
        Some(())
    }
}

/// What is left of an input, as it is cut.
enum Content {
    Lines(Box<Blocks<Input>>),
    Pieces(Input),
    Elsewhere,
}

impl Content {
    /// Fills `bytes`; answers what with, `None` at the end.
    fn next<S>(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<Load<S>>> {
        match self {
            Content::Lines(blocks) => Ok(blocks.next(bytes)?.map(|piece| match piece {
                Piece::Lines => Load::Lines,
                Piece::Long(part) => Load::Long(part),
                Piece::Partial => Load::Partial,
            })),
            Content::Pieces(input) => {
                bytes.resize(PIECE, 0);
                let read = loop {
                    match input.read(bytes) {
                        Ok(n) => break n,
                        Err(e) if e.kind() == ErrorKind::Interrupted => {}
                        Err(e) if is_stopped(&e) => break 0,
                        Err(e) => {
                            *self = Content::Elsewhere;
                            return Err(e);
                        }
                    }
                };
                bytes.truncate(read);
                Ok((read > 0).then_some(Load::Piece))
            }
            Content::Elsewhere => Ok(None),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Tells by the first byte how an input is to come.
    struct ByFirst;

    impl Look for ByFirst {
        type Seen = u8;

        fn look(&mut self, input: &mut Input) -> Result<(u8, Cut), String> {
            let _ = input.look_ahead();
            match input.ahead().first().copied() {
                Some(b'p') => Ok((b'p', Cut::Pieces)),
                Some(b'w') => Ok((b'w', Cut::Whole)),
                Some(b'r') => Err("refused".into()),
                other => Ok((other.unwrap_or(0), Cut::Lines)),
            }
        }
    }

    /// What is handed over of files that hold these texts; parcels come back as soon as they were seen.
    fn parcels(texts: &[&[u8]], ends: usize, pool: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = vec![];
        for (i, text) in texts.iter().enumerate() {
            let path = folder.path().join(i.to_string());
            std::fs::write(&path, text).unwrap();
            sources.push(Ok(Source::file(path)));
        }
        let (free, pool_end) = channel();
        (0..pool).for_each(|_| free.send(Parcel::<u8, ()>::default()).unwrap());
        let reader = Reader { look: ByFirst, pool: pool_end, stop: None, skipped: Arc::default(), output: None, ends };
        let mut seen = Vec::new();
        reader.run(sources, |parcel| {
            let text = String::from_utf8_lossy(&parcel.bytes).into_owned();
            seen.push(match &parcel.load {
                Load::Begin(begin) => format!("begin {} {}", char::from(begin.seen), begin.whole.is_some()),
                Load::Lines => format!("lines {text:?}"),
                Load::Piece => format!("piece {text:?}"),
                Load::Fault(text) => format!("fault {}", text.rsplit(": ").next().unwrap()),
                Load::End => format!("end {}", parcel.input),
                other => format!("{other:?}"),
            });
            free.send(parcel).ok()
        });
        seen
    }

    #[test]
    fn each_input_comes_as_its_beginning_says() {
        let seen = parcels(&[b"\xef\xbb\xbfa\nb", b"p\xef\xbb\xbf\na", b"refuse", b"whole\n"], 2, 1);
        let pieces = ["begin p false", "piece \"p\\u{feff}\\na\"", "end 1", "end 1", "fault refused"];
        let lines = ["begin \u{ef} false", "lines \"a\\n\"", "lines \"b\\n\"", "end 0", "end 0"];
        let whole = ["begin w true", "end 3", "end 3"];
        assert_eq!(seen, [&lines[..], &pieces[..], &whole[..]].concat());
    }

    #[test]
    fn one_parcel_is_enough_for_any_number_of_inputs() {
        let texts: Vec<&[u8]> = (0..100).map(|i| if i % 3 == 0 { &b"refuse"[..] } else { b"a\n" }).collect();
        let seen = parcels(&texts, 1, 1);
        assert_eq!(seen.iter().filter(|s| s.starts_with("end")).count(), 66);
    }
}
