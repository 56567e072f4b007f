//! `protocols`: one row an IP protocol.

use super::reading::Reading;
use super::rows::{Reverse, Rows};
use super::{ToRows, View, ViewState};
use flow_record::baseline::{Protocol, Section};
use flow_record::item::{Args, Spec};
use flow_record::net::protocol;
use flow_record::record::Kind;
use flow_record::row::columns::{self, column};
use flow_record::scan::Line;
use flow_record::state::{Setup, State, Taken, Takes};
use flow_record::stats::Sums;

pub(crate) static VIEW: View = View {
    spec: Spec {
        name: "protocols",
        about: "traffic by protocol, with shares",
        explain: "One row for each protocol number. name is its usual short name (TCP, UDP, ICMP, ...), else the number.

percentage is the share of the flows, bytes_percentage that of the bytes, in percent with two decimals: p = 100 x / total,
rounded as rint(100 p) / 100, ties to even. Both are shares of the flows that say their protocol.",
        params: &[],
        needs: &["protocol", "bytes", "packets", "rev_bytes", "rev_packets", "flows"],
        columns: &[
            column("protocol", Kind::Integer(255), "", "IANA protocol number"),
            column("name", Kind::Text, "", "short name, or the number"),
            columns::FLOWS,
            columns::BYTES,
            columns::PACKETS,
            columns::REV_BYTES,
            columns::REV_PACKETS,
            column("percentage", Kind::Number, "%", "share of the flows"),
            column("bytes_percentage", Kind::Number, "%", "share of the bytes"),
        ],
        memory: "24 KiB",
        source: "arithmetic; names: IANA, Assigned Internet Protocol Numbers (RFC 5237), with nfdump's IPIP, ICMP6 and OSPF",
    },
    build,
    flows_only: "",
};

/// Sums by protocol number.
pub(super) fn table() -> Vec<Sums> {
    vec![Sums::new(); 256]
}

/// `100 part / total` with two decimals; 0 of nothing.
fn percentage(part: u128, total: u128) -> f64 {
    if total == 0 {
        return 0.0;
    }
    let percent = (part * 100) as f64 / total as f64;
    (percent * 100.0).round_ties_even() / 100.0
}

fn build(_: &Args, setup: &mut Setup) -> anyhow::Result<ViewState> {
    Ok(Box::new(Protocols { sums: table(), reading: Reading::new(setup) }))
}

#[derive(Clone)]
struct Protocols {
    sums: Vec<Sums>,
    reading: Reading,
}

impl State for Protocols {
    type Goal = ToRows;

    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let Some(protocol) = line.flow.protocol() else { return Err("protocol") };
        self.sums[usize::from(protocol)].add(line.flow);
        Ok(())
    }

    fn takes(&self) -> Takes {
        Takes { baselines: true, ..Takes::FLOWS }
    }

    fn line(&mut self, line: &Line<'_>) -> Taken {
        let Some(frame) = self.reading.frame(line).filter(|f| f.section == Protocol::NAME) else { return Ok(()) };
        let number = self.reading.key(frame, |key| key.parse::<u8>().ok());
        if let (Some(number), Some(protocol)) = (number, self.reading.state::<Protocol>(frame)) {
            self.sums[usize::from(number)].merge(&protocol.sums);
        }
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        self.reading.fault()
    }

    fn is_empty(&self) -> bool {
        self.sums.iter().all(|s| *s == Sums::new())
    }

    fn empty(&self) -> Self {
        Protocols { sums: table(), reading: self.reading.empty() }
    }

    fn merge(&mut self, other: Protocols) {
        self.reading.merge(other.reading);
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self, rows: &mut Rows<'_>) {
        let mut total = Sums::new();
        self.sums.iter().for_each(|s| total.merge(s));
        let reverse = Reverse::of([&total]);
        for (number, sums) in (0..=u8::MAX).zip(&self.sums).filter(|(_, s)| **s != Sums::new()) {
            let mut row = rows.row();
            row.integer("protocol", number);
            row.text("name", &protocol::short(number));
            row.sums(sums, reverse);
            row.float("percentage", percentage(sums.flows().into(), total.flows().into()));
            row.float("bytes_percentage", percentage(sums.bytes(), total.bytes()));
            row.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{column, rows};

    #[test]
    fn shares_are_of_flows_and_of_bytes() {
        let flows = [
            r#"{"protocol":6,"bytes":2}"#,
            r#"{"protocol":17,"bytes":1,"packets":4}"#,
            r#"{"protocol":6,"bytes":0}"#,
            r#"{"protocol":253,"bytes":0,"flows":2}"#,
            r#"{"bytes":1000}"#,
        ];
        let rows = rows("protocols", &flows);
        assert_eq!(
            (column(&rows, "protocol"), column(&rows, "name")),
            ("6 17 253".into(), "\"TCP\" \"UDP\" \"253\"".into())
        );
        assert_eq!((column(&rows, "flows"), column(&rows, "packets")), ("2 1 2".into(), "0 4 0".into()));
        assert_eq!(column(&rows, "percentage"), "40 20 40");
        assert_eq!(column(&rows, "bytes_percentage"), "66.67 33.33 0");
    }

    #[test]
    fn percentages_round_ties_to_even() {
        // 0.125 and 0.375 are floats, so 12.5 and 37.5 are ties.
        assert_eq!((percentage(1, 800), percentage(3, 800), percentage(1, 3)), (0.12, 0.38, 33.33));
        assert_eq!(percentage(5, 0), 0.0);
    }
}
