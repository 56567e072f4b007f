//! `--anonymize FILE`: other addresses in place of all, under a key (CryptoPAn; see [`Anonymizer`]). The last step.
//!
//! Flows are changed in their address fields and, where texts and further members hold addresses, in those; lines that
//! pass are changed in every text. Invariant: nothing is handed on that did not go through it; a line that no filter
//! would accept afterwards, and a baseline, whose counts cannot be mapped, are left out and counted. Constant memory.

use super::{Form, Next, Record, Step};
use flow_record::net::anonymize::{Anonymizer, Key};
use flow_record::record::field::{FieldId, Kind};
use flow_record::record::{Flow, Writer};
use flow_record::scan::{Checker, LineKind};
use std::path::Path;

const BASELINE: &str = "a baseline cannot be anonymised";
const UNFIT: &str = "anonymised, no filter would accept them";

struct Anonymize {
    anonymizer: Anonymizer,
    warning: Option<String>,
    addresses: Vec<FieldId>,
    texts: Vec<FieldId>,
    /// The flow as it becomes.
    flow: Flow,
    writer: Writer,
    checker: Checker,
    /// A text, a line, members as they become.
    out: Vec<u8>,
    left_out: [(&'static str, u64); 2],
}

/// # Errors
/// The file cannot be read or holds no key.
pub(super) fn step(file: &Path) -> Result<Box<dyn Step>, String> {
    let key = Key::read(file).map_err(|e| format!("--anonymize {}: {e}", file.display()))?;
    let fields = |kind: Kind| FieldId::all().filter(move |id| id.field().kind == kind).collect();
    Ok(Box::new(Anonymize {
        anonymizer: Anonymizer::new(&key),
        warning: key.warning(file).map(|text| format!("--anonymize: {text}")),
        addresses: fields(Kind::Address),
        texts: fields(Kind::Text),
        flow: Flow::new(),
        writer: Writer::new(),
        checker: Checker::default(),
        out: Vec::new(),
        left_out: [(BASELINE, 0), (UNFIT, 0)],
    }))
}

impl Anonymize {
    /// Makes `flow` the one that takes this one's place.
    fn fields(&mut self, flow: &Flow) {
        self.flow.clone_from(flow);
        for id in &self.addresses {
            if let Some(address) = flow.address(*id) {
                self.flow.set_address(*id, self.anonymizer.address(address));
            }
        }
        for id in &self.texts {
            let Some(text) = flow.text(*id) else { continue };
            self.out.clear();
            if self.anonymizer.text(text, &mut self.out) {
                self.flow.set_text(*id, &String::from_utf8_lossy(&self.out));
            }
        }
    }

    /// Appends JSON with other addresses to `out`; answers whether a key has changed.
    fn json(&mut self, json: &str) -> bool {
        let mut done = 0;
        let has_key = self.anonymizer.json(json, |part, value| {
            self.out.extend_from_slice(&json.as_bytes()[done..part.start]);
            self.out.extend_from_slice(value);
            done = part.end;
        });
        self.out.extend_from_slice(&json.as_bytes()[done..]);
        has_key
    }

    /// Whether the line in `out` is still one that filters accept.
    fn fits(&mut self, is_doubtful: bool) -> bool {
        self.checker.accepts(&self.out, is_doubtful) && std::str::from_utf8(&self.out).is_ok()
    }

    /// Puts a line in place of this one into `out`; false if there is none.
    fn line_of(&mut self, text: &str) -> bool {
        self.out.clear();
        let has_key = self.json(text);
        self.fits(has_key)
    }

    /// The line in `out`.
    fn made(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap_or_default()
    }

    fn leave_out(&mut self, why: &'static str, next: &mut Next<'_, '_>) {
        self.left_out.iter_mut().filter(|(w, _)| *w == why).for_each(|(_, count)| *count += 1);
        next.unused(why);
    }
}

impl Step for Anonymize {
    fn begin(&mut self, next: &mut Next<'_, '_>) {
        if let Some(text) = self.warning.take() {
            next.warn("keys", || text);
        }
    }

    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        // The fields, too, of a flow that has a line: a table is written from them.
        self.fields(record.flow);
        let extras = match record.form {
            Form::Line(text) => {
                return match self.line_of(text) {
                    true => next.flow(Record { flow: &self.flow, form: Form::Line(self.made()) }),
                    false => self.leave_out(UNFIT, next),
                };
            }
            Form::Fields(extras) => extras,
        };
        self.out.clear();
        let has_key = std::str::from_utf8(extras).is_ok_and(|extras| self.json(extras));
        if !has_key {
            return next.flow(Record { flow: &self.flow, form: Form::Fields(&self.out) });
        }
        let members = std::mem::take(&mut self.out);
        self.writer.members(&self.flow, &mut self.out);
        self.out.extend_from_slice(&members);
        self.out.push(b'}');
        match self.fits(true) {
            true => next.flow(Record { flow: &self.flow, form: Form::Line(self.made()) }),
            false => self.leave_out(UNFIT, next),
        }
    }

    fn line(&mut self, kind: LineKind<'_>, text: &str, next: &mut Next<'_, '_>) {
        if kind == LineKind::Baseline {
            return self.leave_out(BASELINE, next);
        }
        match self.line_of(text) {
            true => next.line(kind, self.made()),
            false => self.leave_out(UNFIT, next),
        }
    }

    fn finish(&mut self, next: &mut Next<'_, '_>) {
        for (why, count) in self.left_out {
            if count > 0 {
                next.warn("lines left out", || format!("lines left out, because {why}: {count}"));
            }
        }
    }
}
