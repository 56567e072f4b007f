//! Lines that are flow lines already, and rows, alerts, baselines and ticks: all pass byte for byte.
//!
//! Every line gets the verdict that the other filters give, by the same scanner. What is in a line and no field of the
//! record stays in it.

use super::json::{Better, better_read, envelope, first_object, is_several, is_table};
use super::{Fate, Format, Probe, Source, Takes};
use crate::feed::Feed;
use crate::flows::Flows;
use flow_record::item::Spec;
use flow_record::record::field::RECORD;
use flow_record::scan::{Clean, LineKind, Reject, Scanner};
use memchr::memchr;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |_| Box::<FlowLines>::default(),
    takes: Takes::Lines,
    told_by: "an object with the record's own fields in its units, and nothing that another name would give it; or with a kind",
    lost: "nothing",
};

const SPEC: Spec = Spec {
    name: "flow",
    about: "what the filters write: flow lines, rows, alerts, baselines",
    explain: "
Such lines pass byte for byte, unknown members included, after the checks that all four filters make: one JSON object a
line, valid UTF-8, no duplicate keys, known fields of their type. Of a first object with a value of another type
(\"bytes\":\"5\") the next one tells whether these are flow lines, of which that one is rejected, or another tool's JSON.",
    params: &[],
    needs: &[],
    columns: RECORD,
    memory: "constant; the key orders that were met, at most a few megabytes",
    source: "the record of this suite",
};

fn probe(head: &[u8]) -> Probe {
    if head.first() != Some(&b'{') {
        return Probe::No;
    }
    let mut scanner = Scanner::new();
    let mut is_doubtful = false;
    for line in head.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii();
        if text.is_empty() || is_doubtful && text[0] != b'{' {
            continue;
        }
        if text[0] != b'{' {
            // An object over several lines, or no JSON at all.
            return Probe::No;
        }
        let Ok(clean) = Clean::line(text) else { continue };
        if first_object(clean).is_none() {
            // A broken line among flow lines, or the first of an object over several, or of a table.
            if text == b"{" || is_table(text) || is_several(text) {
                return Probe::No;
            }
            continue;
        }
        match (scanner.scan(clean).map(|line| line.kind), better_read(clean)) {
            (Ok(kind), _) if kind != LineKind::Flow => return Probe::Yes,
            (_, Some(Better::Names)) => return Probe::No,
            (Ok(_), _) => return Probe::Yes,
            (Err(_), _) if envelope(clean).is_some() => return Probe::No,
            // One bad value among flow lines, or the first of many in an input of another tool.
            (Err(_), Some(Better::Values)) if std::mem::replace(&mut is_doubtful, true) => return Probe::No,
            // Nobody's line: the next one tells.
            (Err(_), _) => {}
        }
    }
    if is_doubtful { Probe::Unlikely } else { Probe::Maybe }
}

#[derive(Default)]
struct FlowLines {
    scanner: Scanner,
}

impl FlowLines {
    /// A block without a stray byte: lines that are accepted one after the other pass as one piece.
    fn clean_block(&mut self, block: Clean<'_>, flows: &mut Flows<'_>) {
        let text = block.text();
        let (mut start, mut at, mut count) = (0, 0, 0);
        for line in block.lines() {
            flows.line += 1;
            let end = at + line.text().len() + 1;
            match self.scanner.scan(line) {
                Ok(_) => count += 1,
                Err(reject) => {
                    flows.pass_lines(&text[start..at], count);
                    (start, count) = (end, 0);
                    reject_line(&reject, line.text(), flows);
                }
            }
            at = end;
            if flows.is_over() {
                break;
            }
        }
        flows.pass_lines(&text[start..at], count);
    }

    /// The same where flows go through steps.
    fn clean_lines(&mut self, block: Clean<'_>, flows: &mut Flows<'_>) {
        for line in block.lines() {
            flows.line += 1;
            match self.scanner.scan(line) {
                Ok(line) => flows.pass(&line),
                Err(reject) => reject_line(&reject, line.text(), flows),
            }
            if flows.is_over() {
                return;
            }
        }
    }

    /// A block in which some line has a byte that none may have, or a carriage return.
    fn each_line(&mut self, block: &[u8], flows: &mut Flows<'_>) {
        let mut rest = block;
        while let Some(end) = memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            flows.line += 1;
            match Clean::line(line) {
                Ok(clean) => match self.scanner.scan(clean) {
                    Ok(line) => flows.pass(&line),
                    Err(reject) => reject_line(&reject, clean.text(), flows),
                },
                Err(reject) => flows.reject_json(flows.line, &reject, line.strip_suffix(b"\r").unwrap_or(line)),
            }
            if flows.is_over() {
                return;
            }
        }
    }
}

/// Rejects a line, unless it is blank.
fn reject_line(reject: &Reject, line: &str, flows: &mut Flows<'_>) {
    if !line.trim_ascii_start().is_empty() {
        flows.reject_json(flows.line, reject, line.as_bytes());
    }
}

impl Source for FlowLines {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        while let Some(block) = feed.block(flows) {
            match Clean::block(block) {
                Some(clean) if !flows.has_steps() => self.clean_block(clean, flows),
                Some(clean) => self.clean_lines(clean, flows),
                None => self.each_line(block, flows),
            }
            if flows.is_over() {
                break;
            }
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        vec![("every member".into(), Some("itself".into()))]
    }
}
