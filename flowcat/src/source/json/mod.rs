//! JSON objects of any tool: one a line, in arrays, or a table by columns; names as in the table of aliases.

mod columns;
mod object;
pub(super) mod shape;
pub(super) mod split;

use super::nfdump::message;
use super::{Fate, Format, Probe, Settings, Source, Takes};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{ANY, Converter, Dialect, Maker, Mapping, Row};
pub(in crate::source) use columns::envelope;
use flow_record::item::Spec;
use flow_record::record::Flow;
use flow_record::record::field::RECORD;
use flow_record::scan::walk::Walk;
use flow_record::scan::{Clean, LineKind, MAX_LINE, Reject, Scanner, Why};
use flow_record::value::time::Zone;
use object::Objects;
pub(super) use split::is_table;
use split::{Part, Split, Taken};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &ANY)),
    takes: Takes::Objects,
    told_by: "an object, or an array of them, that is no other format",
    lost: "members that are no field of the record, and what is inside of members",
};

const SPEC: Spec = Spec {
    name: "json",
    about: "JSON objects of any tool: lines, arrays, tables by columns",
    explain: "
Members are taken by name, as columns are in csv: by the table of aliases or by
--map; those inside of source, destination, src, dst, id, network and event too, as the Elastic Common Schema has them, and
of others where --map names one of them. Numbers in strings are numbers; null, \"\", \"-\" and NaN say that there is none.
Members that are no field of the record are dropped, or kept after the known ones with --keep-extra; arrays and objects
for a field are rejected. An object that is a flow line already, or has a kind, passes byte for byte. Objects may be one
a line, spread over lines, in arrays, with or without their brackets. A table by columns ({\"src_ip\":{\"0\":\"10.0.0.1\"}}
or {\"src_ip\":[\"10.0.0.1\"]}) is held in memory, at most 256 MiB of it. An array that is not closed is told as truncated.",
    params: &[],
    needs: &[],
    columns: RECORD,
    memory: "one object of at most 1 MiB; a table by columns as a whole, at most 256 MiB",
    source: "RFC 8259; pandas DataFrame.to_json",
};

/// The object that is the whole of a text, as far as it is JSON.
pub(super) fn first_object(text: Clean<'_>) -> Option<()> {
    let mut walk = Walk::new(text);
    while walk.member().ok()?.is_some() {}
    Some(())
}

/// Why an object is read better by the table of aliases than by the record's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    /// It is another tool's: a member that the suite does not know by its name gives a field that the object lacks.
    Names,
    /// Only its values differ: one is to be converted.
    Values,
}

/// Whether the table of aliases reads more out of an object than the record's own names do.
pub(super) fn better_read(text: Clean<'_>) -> Option<Better> {
    if columns::is_table(text) || is_nfdump(text) {
        return Some(Better::Names);
    }
    let mut objects = Objects::new(&ANY, Mapping::default(), false);
    let (mut row, mut extras, mut flow) = (Row::default(), Vec::new(), Flow::new());
    let converts = objects.read(text, &mut row, &mut extras).is_ok()
        && Converter::new(&ANY, Zone::utc()).convert(&row, &mut flow).is_ok();
    let is_bad = || matches!(Scanner::new().scan(text), Err(Reject { why: Why::BadField(_), .. }));
    match converts {
        true if objects.gains() => Some(Better::Names),
        true if is_bad() => Some(Better::Values),
        _ => None,
    }
}

/// Whether a line is several objects, one after the other.
pub(super) fn is_several(line: &[u8]) -> bool {
    let (mut objects, mut others) = (0, 0);
    let mut split = Split::new(MAX_LINE, MAX_LINE);
    let mut count = |part: Part<'_>, _| match part {
        Part::Line(_) => Taken::No,
        Part::Object(text) if Clean::line(text).is_ok_and(|clean| first_object(clean).is_some()) => {
            objects += 1;
            Taken::Yes
        }
        _ => {
            others += 1;
            Taken::Last
        }
    };
    let whole = split.block(line, &mut count) && split.end(&mut count);
    whole && objects > 1 && others == 0
}

/// Whether an object is one of nfdump's: it has a type, and a first time or an address under nfdump's names.
fn is_nfdump(text: Clean<'_>) -> bool {
    let (mut has_type, mut has_name) = (false, false);
    let mut walk = Walk::new(text);
    while let Ok(Some(member)) = walk.member() {
        match member.key {
            "\"type\"" => has_type |= matches!(member.value, "\"FLOW\"" | "\"EVENT\""),
            "\"first\"" | "\"t_first\"" | "\"src4_addr\"" | "\"src6_addr\"" | "\"in_packets\"" => has_name = true,
            _ => {}
        }
    }
    has_type && has_name
}

/// The first whole object in a beginning, and what is found in it.
fn probe_object(head: &[u8], is_ours: impl Fn(Clean<'_>) -> bool) -> Probe {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if !matches!(head.first(), Some(b'{' | b'[')) {
        return Probe::No;
    }
    let mut split = Split::new(MAX_LINE, MAX_LINE);
    let mut probe = Probe::Maybe;
    split.block(head, |part, _| match part {
        Part::Line(text) | Part::Object(text) => match Clean::line(text) {
            Ok(clean) if first_object(clean).is_some() => {
                probe = if is_ours(clean) { Probe::Yes } else { Probe::No };
                Taken::Last
            }
            _ => Taken::No,
        },
        _ => Taken::Yes,
    });
    probe
}

/// Whether objects of a tool whose names are nobody else's begin like this. What is no whole object yet is left to those
/// that read more than one tool's.
pub(super) fn probe_own(head: &[u8], is_ours: impl Fn(Clean<'_>) -> bool) -> Probe {
    match probe_object(head, is_ours) {
        Probe::Yes => Probe::Yes,
        Probe::No | Probe::Unlikely | Probe::Maybe | Probe::Likely => Probe::No,
    }
}

fn probe(head: &[u8]) -> Probe {
    probe_object(head, |_| true)
}

/// Whether objects of nfdump begin like this; its objects are short.
pub(super) fn probe_nfdump(head: &[u8]) -> Probe {
    const LONGEST: usize = 16 * 1024;
    match probe_object(head, is_nfdump) {
        Probe::Maybe if head.len() > LONGEST || is_table(head) => Probe::No,
        probe => probe,
    }
}

/// Reads JSON objects.
pub(super) struct Json {
    settings: Settings,
    dialect: &'static Dialect,
    objects: Objects,
    maker: Maker,
    /// Knows what is a line of the pipe already.
    scanner: Scanner,
    /// Whether a line passed as it was.
    has_passed: bool,
    /// Whether it was said that members are dropped.
    told: bool,
    /// The first name that was dropped while nothing had passed.
    untold: Option<String>,
    fates: Option<Vec<Fate>>,
    /// Nothing was read yet.
    first: bool,
}

impl Json {
    pub(super) fn new(settings: &Settings, dialect: &'static Dialect) -> Json {
        Json {
            objects: Objects::new(dialect, settings.mapping.clone(), settings.keep),
            maker: settings.maker(dialect),
            settings: settings.clone(),
            dialect,
            scanner: Scanner::new(),
            has_passed: false,
            told: false,
            untold: None,
            fates: None,
            first: true,
        }
    }

    fn part(&mut self, part: Part<'_>, line: u64, flows: &mut Flows<'_>, failed: &mut Result<(), String>) -> Taken {
        match part {
            // What is no object by itself may go on.
            Part::Line(text) => match Clean::line(text) {
                Ok(clean) if !self.first || first_object(clean).is_some() => {
                    if self.object(clean, line, flows, failed).is_err() {
                        return Taken::No;
                    }
                }
                _ => return Taken::No,
            },
            Part::Object(text) => {
                let is_table = self.first && text.len() > MAX_LINE && is_table(text);
                let clean = if is_table { long(text) } else { Clean::line(text) };
                if let Err(reject) = clean.and_then(|clean| self.object(clean, line, flows, failed)) {
                    flows.reject_json(line, &reject, text);
                }
            }
            Part::CutOff(text) => flows.reject_json(line, &Reject { at: text.len(), why: Why::Unfinished }, text),
            Part::TooLong(text, part) => flows.reject_long(line, part, text),
            Part::Text(text) if (self.dialect.is_remark)(text) => {}
            Part::Text(text) if (self.dialect.is_message)(text) => {
                flows.warn("messages among the records", &message(text));
            }
            Part::Text(text) => flows.reject_json(line, &Reject { at: 0, why: Why::NotAnObject }, text),
        }
        if flows.is_over() || failed.is_err() { Taken::Last } else { Taken::Yes }
    }

    /// Takes an object; what is wrong with its values is told here, what is no JSON is the answer.
    fn object(
        &mut self,
        text: Clean<'_>,
        line: u64,
        flows: &mut Flows<'_>,
        failed: &mut Result<(), String>,
    ) -> Result<(), Reject> {
        if self.first
            && self.dialect.is_anybodys
            && self.settings.mapping.is_empty()
            && let Some(name) = columns::envelope(text)
        {
            *failed = Err(format!("the flows are inside of {name:?}; jq -c '.[{name:?}]' FILE | flowcat reads them"));
            return Ok(());
        }
        if self.first && self.dialect.is_anybodys && columns::is_table(text) {
            self.first = false;
            match columns::read(text, &self.settings, flows) {
                Ok(fates) => self.fates = Some(fates),
                Err(e) => *failed = Err(e),
            }
            return Ok(());
        }
        if !self.dialect.is_anybodys {
            self.objects.read(text, &mut self.maker.row, &mut self.maker.extras)?;
        } else {
            let read = self.objects.read(text, &mut self.maker.row, &mut self.maker.extras);
            if self.passes(text, flows)? {
                return Ok(());
            }
            read?;
            self.tell(flows);
            if let Some(doubt) = self.objects.doubt() {
                flows.warn("members that mean the same", &doubt);
            }
        }
        self.first = false;
        match self.maker.settle() {
            Some(why) => self.unused(text, why, flows),
            None => self.maker.finish_settled(line, text.text().as_bytes(), flows),
        }
        Ok(())
    }
}

impl Json {
    /// An object that its tool does not mean for a flow, and that may be a line of the pipe among its objects.
    #[cold]
    fn unused(&mut self, text: Clean<'_>, why: &'static str, flows: &mut Flows<'_>) {
        let may_be = ["\"src_ip\"", "\"dst_ip\""].iter().any(|name| text.text().contains(name));
        match self.scanner.scan(text) {
            Ok(line) if may_be && line.kind == LineKind::Flow => flows.pass(&line),
            _ => flows.unused(why),
        }
    }

    /// Passes the object that was read last as it is, if it is a line of the pipe.
    fn passes(&mut self, text: Clean<'_>, flows: &mut Flows<'_>) -> Result<bool, Reject> {
        if !self.objects.has_kind() && self.objects.gains() {
            return Ok(false);
        }
        match self.scanner.scan(text) {
            Ok(line) => flows.pass(&line),
            Err(reject) if self.objects.has_kind() && !self.objects.gains() => return Err(reject),
            Err(_) => return Ok(false),
        }
        (self.first, self.has_passed) = (false, true);
        if let Some(name) = self.untold.take() {
            self.warn_of(&name, flows);
        }
        Ok(true)
    }

    /// Says, once an input, that members are dropped: of the suite's own, or of objects among lines that pass.
    #[inline]
    fn tell(&mut self, flows: &mut Flows<'_>) {
        if !self.told
            && let Some((name, is_own)) = self.objects.dropped()
        {
            if is_own || self.has_passed {
                let name = name.to_owned();
                self.warn_of(&name, flows);
            } else if self.untold.is_none() {
                self.untold = Some(name.to_owned());
            }
        }
    }

    #[cold]
    fn warn_of(&mut self, name: &str, flows: &mut Flows<'_>) {
        (self.told, self.untold) = (true, None);
        let name = flow_record::value::text::snippet(name.as_bytes(), 40);
        let text = "objects among flow lines that are none as they stand: read, without";
        let text = format!("{text} \"{name}\" and what else the record lacks; --keep-extra keeps it");
        flows.warn("dropped members", &text);
    }
}

/// A text that may be longer than a line.
pub(super) fn long(text: &[u8]) -> Result<Clean<'_>, Reject> {
    match memchr::memchr(b'\n', text) {
        Some(at) => Err(Reject { at, why: Why::Control }),
        None => Clean::block(text).ok_or(Reject { at: 0, why: Why::Utf8 }),
    }
}

impl Source for Json {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut split = Split::new(MAX_LINE, columns::MOST_TEXT);
        split.wrapper = self.dialect.wrapper;
        let mut failed = Ok(());
        while let Some(block) = feed.block(flows) {
            let more = split.block(block, |part, line| {
                flows.line = line;
                self.part(part, line, flows, &mut failed)
            });
            flows.line = split.lines();
            if !more {
                return failed;
            }
        }
        let whole = split.end(|part, line| self.part(part, line, flows, &mut failed));
        if let Some((name, hint)) = self.objects.missing() {
            flows.fail_input(&format!("--map: no object has {name:?}{hint}"));
        }
        if !whole && !flows.is_over() && !flows.is_stopped() {
            flows.fail_input(&format!("the JSON is truncated after line {}", split.lines()));
        }
        failed
    }

    fn fates(&self) -> Vec<Fate> {
        self.fates.clone().unwrap_or_else(|| self.objects.fates())
    }
}

#[cfg(test)]
mod tests;
