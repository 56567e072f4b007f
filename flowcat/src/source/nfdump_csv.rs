//! CSV as nfdump prints it: 48 columns from 1.6.13 to 1.7.4, chosen columns and `csv-fast` from 1.7.5.
//!
//! nfdump quotes nothing, so a row is split at its commas. Columns are taken by name; rows of 48 without a header (`-q`)
//! are the 48. Those have a lane of their own ([`wide`]), which gives the same flows.

mod wide;

use super::nfdump::{NFDUMP, is_message, is_remark, message};
use super::{Fate, Format, Probe, Settings, Source, Takes, first_line};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::row::{Maker, Plan};
use flow_record::item::Spec;
use flow_record::record::Flow;
use memchr::memchr_iter;
use wide::Wide;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Box::new(NfdumpCsv::new(settings)),
    takes: Takes::Lines,
    told_by: "a header of its column names alone, or rows of 48 columns that begin with two times",
    lost: "masks, MAC addresses, MPLS labels, latencies, forwarding status, engine",
};

const SPEC: Spec = Spec {
    name: "nfdump-csv",
    about: "CSV of nfdump: 48 columns, chosen columns, csv-fast",
    explain: "
Times have no zone: --tz says which; csv-fast has milliseconds since the epoch. In 48 columns times are whole seconds
and the duration has milliseconds. ICMP's type and code come from the destination port (type * 256 + code, or
type.code); its ports become 0. Zero counts of the other direction, zero interfaces, AS numbers, VLAN and type of
service and the next hop 0.0.0.0 are left out. The Summary, No matching flows and messages between rows are no records.
Output of -s has no flows and is refused.",
    params: &[],
    needs: &[],
    columns: &super::NFDUMP_FIELDS.rows::<{ super::NFDUMP_FIELDS.len() }>(),
    memory: "constant",
    source: "nfdump 1.6.17 to 1.7.8, output_csv.c and output_csv_fast.c",
};

/// The header of the 48 columns.
const HEADER: &str = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,\
    svln,dvln,ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr";

/// The header of statistics, which are no flows.
const STATISTICS: &[u8] = b"ts,te,td,pr,val,fl";

/// The names of the totals after `Summary`, which are no flow.
const TOTALS: &[u8] = b"flows,bytes,packets,avg_bps,";

/// Column names from 1.7.5 on that are not among the 48.
const NEWER: &str = "firstSeen lastSeen received duration packets bytes inPackets inBytes outPackets outBytes flows proto flags fwdStatus tos \
    srcTos dstTos bps pps bpp input output inIfName outIfName srcMask dstMask direction biDirection endReason srcNet dstNet srcAddr dstAddr srcPort \
    dstPort icmpTYpe icmpType icmpCode srcAS dstAS nextAS prevAS bgpNextIP nextIP routerIP inSrcMac outDstMac inDstMac outSrcMac clientLatency \
    serverLatency appLatency srcVlan dstVlan exporterID engine version count cnt af Ident label srcGeo dstGeo srcLocation dstLocation srcOrg dstOrg \
    srcTor dstTor minTTL maxTTL TTL Frag flowID obsDomainID obsPointID ingressVrfID egressVrfID ingressVrfName egressVrfName nbarID nbarName eventTime \
    event xEvent connectionID srcXIP dstXIP srcXPort dstXPort ingressACL egressACL nselUser natString pbStart pbEnd pbStep pbSize ja3 ja4 sniName \
    tlsVersion inSrvID outSrvID pfAction pfReason pfRule pfInterface pfDirection";

/// Whether a line is a header of nfdump: every name is one of its own, spelled as it spells them, and some could be
/// nobody else's.
fn is_header(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    let is_older = |name: &str| HEADER.split(',').any(|known| known == name);
    let is_newer =
        |name: &str| NEWER.split_ascii_whitespace().any(|known| known == name) || name.starts_with("mplsLabel");
    let is_own = |name: &str| name.bytes().any(|b| b.is_ascii_uppercase());
    text.starts_with("ts,te,td,") && text.split(',').all(is_older)
        || text.contains(',') && text.split(',').all(is_newer) && text.split(',').any(is_own)
}

/// Whether a line is a row of 48 columns.
fn is_wide_row(line: &[u8]) -> bool {
    let is_time = |at: usize| {
        line.get(at + 4) == Some(&b'-') && line.get(at + 13) == Some(&b':') && line.get(at + 19) == Some(&b',')
    };
    is_time(0) && is_time(20) && memchr_iter(b',', line).count() == wide::COLUMNS - 1
}

fn probe(head: &[u8]) -> Probe {
    let line = first_line(head);
    let begins = [STATISTICS, HEADER.as_bytes(), TOTALS].iter().any(|text| line.starts_with(text));
    let is_ours = begins || is_header(line) || is_wide_row(line);
    if is_ours { Probe::Yes } else { Probe::No }
}

/// What follows a line `Summary`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trailer {
    No,
    Names,
    Numbers,
}

struct NfdumpCsv {
    settings: Settings,
    plan: Option<Plan>,
    wide: Option<Wide>,
    maker: Maker,
    /// What the lane of 48 columns reads into.
    flow: Flow,
    trailer: Trailer,
}

impl NfdumpCsv {
    fn new(settings: &Settings) -> NfdumpCsv {
        NfdumpCsv {
            settings: settings.clone(),
            plan: None,
            wide: None,
            maker: settings.maker(&NFDUMP),
            flow: Flow::new(),
            trailer: Trailer::No,
        }
    }

    /// Takes a line for the header.
    fn header(&mut self, line: &str) -> Result<(), String> {
        if line.as_bytes().starts_with(STATISTICS) {
            return Err("these are statistics of nfdump -s, not flows".into());
        }
        let columns: Vec<String> = line.split(',').map(str::to_owned).collect();
        let Settings { mapping, keep, zone, .. } = &self.settings;
        // With a mapping or further columns the rows need a look at each column.
        self.wide = (line == HEADER && mapping.is_empty() && !keep).then(|| Wide::new(zone.clone()));
        self.plan = Some(self.settings.plan(columns, &NFDUMP)?);
        Ok(())
    }

    /// A line that is not a row of 48 columns as usual.
    #[cold]
    fn other(&mut self, line: &[u8], flows: &mut Flows<'_>) -> Result<(), String> {
        match line.first() {
            None => return Ok(()),
            Some(b'0'..=b'9') if self.trailer == Trailer::Numbers => {
                self.trailer = Trailer::No;
                return Ok(());
            }
            Some(b'0'..=b'9') => {}
            Some(_) if is_remark(line) => {
                self.trailer = if line == b"Summary" { Trailer::Names } else { Trailer::No };
                return Ok(());
            }
            Some(_)
                if line.starts_with(TOTALS) || self.trailer == Trailer::Names && line.starts_with(b"flows,bytes,") =>
            {
                self.trailer = Trailer::Numbers;
                return Ok(());
            }
            Some(_) if is_header(line) || line.starts_with(STATISTICS) => {
                return self.header(&String::from_utf8_lossy(line));
            }
            Some(_) => {}
        }
        self.trailer = Trailer::No;
        // 1.6.20 forgot the newline after its header.
        if let Some(row) = line.strip_prefix(HEADER.as_bytes()) {
            self.header(HEADER)?;
            return self.other(row, flows);
        }
        if self.plan.is_none() {
            self.header(HEADER)?;
        }
        self.record(line, flows);
        Ok(())
    }

    /// A row by the plan.
    fn record(&mut self, line: &[u8], flows: &mut Flows<'_>) {
        let Some(plan) = &self.plan else { return };
        self.maker.begin();
        let mut columns = 0;
        let mut at = 0;
        for end in memchr_iter(b',', line).chain([line.len()]) {
            self.maker.take(plan, columns, &line[at..end], at);
            columns += 1;
            at = end + 1;
        }
        if columns != plan.len() {
            if is_message(line) {
                return flows.warn("messages among the records", &message(line));
            }
            return flows.reject_width(columns, plan.len(), line);
        }
        self.maker.finish(flows.line, line, flows);
    }
}

impl Source for NfdumpCsv {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        feed.lines(flows, |line, flows| match self.wide.as_mut().and_then(|wide| wide.read(line, &mut self.flow)) {
            Some(()) => {
                flows.flow(&self.flow);
                flows.warn_of_zone();
                Ok(())
            }
            None => self.other(line, flows),
        })
    }

    fn fates(&self) -> Vec<Fate> {
        self.plan.as_ref().map(Plan::explained).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
