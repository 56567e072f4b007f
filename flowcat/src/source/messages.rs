//! Streams of JSON objects that hold several records each, as messages of a collector or entries of a log.
//!
//! Invariant: an object that is no JSON gives no record. Bound: [`LONGEST`].

use super::json::split::{Part, Split, Taken};
use super::json::{first_object, long};
use super::{Fate, Source};
use crate::feed::Feed;
use crate::flows::Flows;
use flow_record::scan::{Clean, MAX_LINE, Reject, Why};

/// The longest object, in bytes.
const LONGEST: usize = 16 << 20;

/// Takes one object apart.
pub(super) trait Unfold {
    /// Hands on its records; `line` is where it begins.
    fn object(&mut self, text: &str, line: u64, flows: &mut Flows<'_>) -> Result<(), Reject>;

    /// What becomes of the parts of a record.
    fn fates(&self) -> Vec<Fate>;
}

/// Reads such streams.
pub(super) struct Messages<U> {
    unfold: U,
    /// A member that may be an array around all objects.
    wrapper: Option<&'static str>,
}

impl<U: Unfold + 'static> Messages<U> {
    /// For one input.
    pub(super) fn open(unfold: U, wrapper: Option<&'static str>) -> Box<dyn Source> {
        Box::new(Messages { unfold, wrapper })
    }

    fn part(&mut self, part: Part<'_>, line: u64, flows: &mut Flows<'_>) -> Taken {
        match part {
            Part::Line(text) => match whole(text) {
                Ok(clean) => {
                    if let Err(reject) = self.unfold.object(clean.text(), line, flows) {
                        flows.reject_json(line, &reject, text);
                    }
                }
                Err(_) => return Taken::No,
            },
            Part::Object(text) => {
                let read = whole(text).and_then(|clean| self.unfold.object(clean.text(), line, flows));
                if let Err(reject) = read {
                    flows.reject_json(line, &reject, text);
                }
            }
            Part::CutOff(text) => flows.reject_json(line, &Reject { at: text.len(), why: Why::Unfinished }, text),
            Part::TooLong(text, part) => flows.reject_long(line, part, text),
            Part::Text(b"}") => {}
            Part::Text(text) => flows.reject_json(line, &Reject { at: 0, why: Why::NotAnObject }, text),
        }
        if flows.is_over() { Taken::Last } else { Taken::Yes }
    }
}

/// A text that is one object, checked to its end.
fn whole(text: &[u8]) -> Result<Clean<'_>, Reject> {
    let clean = if text.len() > MAX_LINE { long(text)? } else { Clean::line(text)? };
    first_object(clean).map(|()| clean).ok_or(Reject { at: text.len(), why: Why::Unfinished })
}

impl<U: Unfold + 'static> Source for Messages<U> {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut split = Split::new(LONGEST, LONGEST);
        split.wrapper = self.wrapper;
        while let Some(block) = feed.block(flows) {
            let more = split.block(block, |part, line| {
                flows.line = line;
                self.part(part, line, flows)
            });
            flows.line = split.lines();
            if !more {
                return Ok(());
            }
        }
        let is_whole = split.end(|part, line| self.part(part, line, flows));
        if !is_whole && !flows.is_over() && !flows.is_stopped() {
            flows.fail_input(&format!("the JSON is truncated after line {}", split.lines()));
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        self.unfold.fates()
    }
}
