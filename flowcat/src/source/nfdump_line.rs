//! nfdump's tables for people: line, long, extended, biline, bilong, their forms with whole IPv6 addresses, and `fmt:`
//! of columns with blanks between them.
//!
//! The header says which columns there are ([`header`]). A row is read from left to right, column by column, because
//! nothing else tells its parts apart: `1.2 M` is one number, a date and a time are one column.

mod header;
mod row;

use super::nfdump::{NFDUMP, is_message, is_remark, message};
use super::{Fate, Format, Probe, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::{Flows, Loss};
use crate::row::{Maker, Row};
use flow_record::item::Spec;
use header::{Column, LAYOUTS, columns};
use row::{Bad, Reader};

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(NfdumpLine::new(settings)),
    takes: Takes::Lines,
    told_by: "its header, or rows of line, long, extended, biline or bilong",
    lost: "digits of scaled numbers (1.2 M), shortened IPv6 addresses, rates, what the record has no field for; --keep-extra keeps none of it",
};

const SPEC: Spec = Spec {
    name: "nfdump-line",
    about: "tables of nfdump: line, long, extended, biline, bilong, fmt:",
    explain: "
Without its header (-q) rows of line, long, extended, biline and bilong are known. Times have no
zone: --tz says which. Numbers from a million on are scaled (1.2 M) and so only as exact as printed, unless nfdump -N
was used. IPv6 addresses that nfdump cut short (2001:db..3:4:5) are left out, counted and told once; nfdump -6 prints them
whole. ICMP's type and code come from the destination port (8.0). In biline and bilong In is the flow's direction and Out
the other, whose zero counts are left out, as everywhere in nfdump's forms: it prints them of one-way flows too.
Columns of fmt: are known by their headings; with other separators than blanks see csv. Output of -s is refused.",
    params: &[],
    needs: &[],
    columns: &super::NFDUMP_FIELDS.rows::<{ super::NFDUMP_FIELDS.len() }>(),
    memory: "constant",
    source: "nfdump 1.6.17 to 1.7.8, nf_common.c and output_fmt.c",
};

/// A heading of statistics.
const STATISTICS: &str = "Flows(%)";

fn probe(head: &[u8]) -> Probe {
    let Ok(line) = std::str::from_utf8(first_line(head)) else { return Probe::No };
    let is_ours = header::is_header(line) || guess(line.as_bytes()).is_some();
    if is_ours { Probe::Yes } else { Probe::No }
}

/// The layout of a row whose header was left out.
fn guess(line: &[u8]) -> Option<Vec<Column>> {
    line.first().filter(|b| b.is_ascii_digit())?;
    let mut reader = Reader::default();
    let mut row = Row::default();
    let is_two_way = line.windows(5).any(|w| w == b" <-> ");
    let layouts =
        LAYOUTS.iter().filter(|layout| layout.contains("Out Pkt") == is_two_way).map(|layout| columns(layout));
    layouts.into_iter().find(|columns| reader.read(line, columns, &mut row).is_ok())
}

struct NfdumpLine {
    columns: Option<Vec<Column>>,
    reader: Reader,
    maker: Maker,
}

impl NfdumpLine {
    fn new(settings: &Settings) -> NfdumpLine {
        NfdumpLine { columns: None, reader: Reader::default(), maker: settings.maker(&NFDUMP) }
    }

    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.trim_ascii().is_empty() || is_remark(line) {
            return Ok(());
        }
        if !line[0].is_ascii_digit()
            && let Ok(text) = std::str::from_utf8(line)
            && header::is_header(text)
        {
            if text.contains(STATISTICS) {
                return Err("these are statistics of nfdump -s, not flows".into());
            }
            self.columns = Some(columns(text));
            return Ok(());
        }
        if self.columns.is_none() {
            self.columns = guess(line);
        }
        self.record(line, flows);
        Ok(())
    }

    fn record(&mut self, line: &[u8], flows: &mut Flows<'_>) {
        let columns = self.columns.as_deref().unwrap_or_default();
        match self.reader.read(line, columns, &mut self.maker.row) {
            Ok(()) => {}
            Err(_) if is_message(line) => return flows.warn("messages among the records", &message(line)),
            Err(Bad { at, what }) => {
                return flows.reject(flows.line, at + 1, "bad row", &format!("{what} is expected"), line);
            }
        }
        for condensed in self.reader.condensed() {
            flows.lose(flows.line, 0, Loss::Condensed(&line[condensed]));
        }
        if self.reader.scaled() > 0 {
            flows.lose(flows.line, 0, Loss::Digits(self.reader.scaled()));
        }
        self.maker.finish(flows.line, line, flows);
    }
}

impl Source for NfdumpLine {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        self.columns.iter().flatten().map(|c| (c.heading.to_owned(), c.fate())).collect()
    }
}

#[cfg(test)]
mod tests;
