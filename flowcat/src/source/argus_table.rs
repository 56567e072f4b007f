//! Argus flows as ra prints them for people: columns padded with blanks, which end where the names in the header end.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::argus::{ARGUS, FIELDS};
use super::{Fate, Format, Probe, SPEC_OF_ROWS, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{Maker, Plan};
use flow_record::item::Spec;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(ArgusTable { settings: settings.clone(), table: None, maker: settings.maker(&ARGUS) }),
    takes: Takes::Lines,
    told_by: "a header with StartTime, SrcAddr, Dir and DstAddr and blanks between them",
    lost: "ends of addresses and numbers that were cut (*), Flgs, dTos, user data, loss and jitter",
};

const SPEC: Spec = Spec {
    name: "argus-table",
    about: "Argus flows as ra prints them for people, padded",
    explain:
        "
A column ends where its name in the header ends; a port stands behind a point. ra cuts what is wider than its column and
writes * at its end: such addresses are rejected; ra -c , prints them whole. ra's own default prints the time of day
without a date: such flows begin on 1970-01-01 and say clock: no-date; ra -u prints all of it. All else is as in argus.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Argus clients 3.0.8, ra",
    ..SPEC_OF_ROWS
};

/// The names in a header, and where each ends.
fn header(line: &[u8]) -> Option<(Vec<String>, Vec<usize>)> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.contains("StartTime") && !text.contains(','))?;
    let (mut names, mut ends, mut at) = (Vec::new(), Vec::new(), 0);
    for part in text.split_inclusive(' ') {
        at += part.len();
        let name = part.trim_end();
        if !name.is_empty() {
            names.push(name.to_owned());
            ends.push(at - (part.len() - name.len()));
        }
    }
    let has = |name: &str| names.iter().any(|n| n == name);
    (has("SrcAddr") && has("Dir") && has("DstAddr")).then_some((names, ends))
}

fn probe(head: &[u8]) -> Probe {
    if header(first_line(head)).is_some() { Probe::Yes } else { Probe::No }
}

struct Columns {
    plan: Plan,
    ends: Vec<usize>,
}

struct ArgusTable {
    settings: Settings,
    table: Option<Columns>,
    maker: Maker,
}

impl ArgusTable {
    fn line(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if line.trim_ascii_start().starts_with(b"StartTime")
            && let Some((names, ends)) = header(line)
        {
            self.table = Some(Columns { plan: self.settings.plan(names, &ARGUS)?, ends });
            return Ok(());
        }
        let Some(Columns { plan, ends }) = &self.table else {
            flows.reject(flows.line, 0, "no header", "no header of ra came before", line);
            return Ok(());
        };
        self.maker.begin();
        let mut start = 0;
        for (i, end) in ends.iter().enumerate() {
            // The last column may be wider than its name.
            let end = if i + 1 == ends.len() { line.len() } else { (*end).min(line.len()) };
            let text = line.get(start..end).unwrap_or_default();
            let blanks = text.iter().take_while(|b| **b == b' ').count();
            let point = usize::from(text.first() == Some(&b'.'));
            self.maker.take(plan, i, &text[blanks + point..], start + blanks + point);
            start = end;
        }
        self.maker.finish(flows.line, line, flows);
        Ok(())
    }
}

impl Source for ArgusTable {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| self.line(line, flows))
    }

    fn fates(&self) -> Vec<Fate> {
        self.table.as_ref().map(|table| table.plan.explained()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const TEXT: &str = "         StartTime      Flgs  Proto            SrcAddr  Sport   Dir            DstAddr  Dport  TotPkts   TotBytes State \n   08:44:04.143358              man                  0      0                        0      0        0          0   STA\n   12:30:00.000000  *           tcp     192.168.202.79.50465     ->    192.168.229.251.80            7        890   FIN\n   12:30:01.000000  e          icmp     192.168.202.79.0x0008   <->    192.168.229.251.0x0100        2        196   ECO\n";

    #[test]
    fn columns_end_where_their_names_end() {
        assert_eq!(
            lines(format!("{TEXT}{TEXT}"), &["--head", "2"]),
            [
                r#"{"timestamp":"1970-01-01T12:30:00.000000Z","src_ip":"192.168.202.79","dst_ip":"192.168.229.251","src_port":50465,"dst_port":80,"protocol":6,"packets":7,"bytes":890,"state":"FIN","byte_layer":"l2","clock":"no-date"}"#,
                r#"{"timestamp":"1970-01-01T12:30:01.000000Z","src_ip":"192.168.202.79","dst_ip":"192.168.229.251","src_port":0,"dst_port":0,"protocol":1,"packets":2,"bytes":196,"icmp_type":8,"icmp_code":0,"state":"ECO","byte_layer":"l2","clock":"no-date"}"#,
            ]
        );
    }

    #[test]
    fn an_address_that_was_cut_is_rejected() {
        let cut = TEXT.replace("    192.168.202.79.50465", "2001:db8:20:1:1:2*.50465");
        assert_eq!(rejects(cut, &[]).len(), 1);
    }
}
