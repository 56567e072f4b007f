//! Rows of text with one character between columns and no quotes, by the names of a header: what the formats of this
//! kind share. A format says what its header looks like, and what columns rows without one have.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::{Fate, Settings, Source};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{Dialect, Maker, Plan};
use memchr::memchr_iter;

/// What the columns of a table are.
pub(super) struct Header {
    /// What stands between columns.
    pub(super) delimiter: u8,
    /// Names in their order.
    pub(super) names: Vec<String>,
}

/// How a tool lays out its rows.
pub(super) struct Layout {
    /// What its columns mean.
    pub(super) dialect: &'static Dialect,
    /// Reads a line, if it is a header.
    pub(super) header: fn(&[u8]) -> Option<Header>,
    /// What the columns of a row are where no header came before it.
    pub(super) bare: fn(&[u8]) -> Option<Header>,
    /// What to say of a line where neither tells.
    pub(super) unknown: &'static str,
    /// Bars between columns stand also at the end of a line.
    pub(super) closes_rows: bool,
}

/// Reads tables.
pub(super) struct Table {
    settings: Settings,
    layout: &'static Layout,
    delimiter: u8,
    /// How a header begins that may come again.
    first: Box<[u8]>,
    plan: Option<Plan>,
    maker: Maker,
}

impl Table {
    /// For one input of this layout.
    pub(super) fn open(settings: &Settings, layout: &'static Layout) -> Box<dyn Source> {
        Box::new(Table {
            settings: settings.clone(),
            layout,
            delimiter: b',',
            first: Box::default(),
            plan: None,
            maker: settings.maker(layout.dialect),
        })
    }

    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if let Some(plan) = &self.plan
            && (self.first.is_empty() || !line.trim_ascii_start().starts_with(&self.first))
        {
            row(line, self.delimiter, self.layout.closes_rows, plan, &mut self.maker, flows);
            return Ok(());
        }
        self.begin(line, flows)
    }

    /// A header, or a line before one.
    #[cold]
    fn begin(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if let Some(header) = (self.layout.header)(line) {
            self.first = header.names.first().map(|name| name.as_bytes().into()).unwrap_or_default();
            return self.take(header);
        }
        if self.plan.is_none() {
            match (self.layout.bare)(line) {
                Some(header) => self.take(header)?,
                None => {
                    flows.reject(flows.line, 0, "no header", self.layout.unknown, line);
                    return Ok(());
                }
            }
        }
        if let Some(plan) = &self.plan {
            row(line, self.delimiter, self.layout.closes_rows, plan, &mut self.maker, flows);
        }
        Ok(())
    }

    /// Reads rows by these columns from now on.
    fn take(&mut self, header: Header) -> Result<(), String> {
        self.delimiter = header.delimiter;
        self.plan = Some(self.settings.plan(header.names, self.layout.dialect)?);
        Ok(())
    }
}

/// One row; a blank line is none.
#[inline]
fn row(line: &[u8], delimiter: u8, closes: bool, plan: &Plan, maker: &mut Maker, flows: &mut Flows<'_>) {
    let line = if closes { line.trim_ascii_end() } else { line };
    let inner = line.strip_suffix(b"|").filter(|_| closes && delimiter == b'|').unwrap_or(line);
    let columns = memchr_iter(delimiter, inner).count() + 1;
    if columns != plan.len() {
        if !line.trim_ascii().is_empty() {
            flows.reject_width(columns, plan.len(), line);
        }
        return;
    }
    maker.begin();
    let mut start = 0;
    for (i, end) in memchr_iter(delimiter, inner).chain([inner.len()]).enumerate() {
        maker.take(plan, i, &inner[start..end], start);
        start = end + 1;
    }
    maker.finish(flows.line, line, flows);
}

impl Source for Table {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}
