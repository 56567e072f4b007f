//! `rates`: bits and packets a second, bytes a packet, what came back for what went out, and the producer/consumer ratio.
//!
//! Invariant: a quotient whose divisor is 0 or absent is absent.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use flow_record::item::Spec;
use flow_record::record::{Field, Flow};
use flow_record::value::number;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "rates",
        about: "bits and packets a second, bytes a packet, ratios of directions",
        explain: "\
bps = 8 * bytes / duration, pps = packets / duration, bpp = bytes / packets, of what went from source to destination;
rev_bps, rev_pps and rev_bpp of what came back. A flow of duration 0 has no rates.

bytes_ratio = rev_bytes / bytes, packets_ratio = rev_packets / packets.
pcr = (bytes - rev_bytes) / (bytes + rev_bytes), the producer/consumer ratio: 1 only sends, 0 is balanced, -1 only
receives. For these three the flow must have counts of both directions, as flowcat --biflow makes them; a reverse count
that is absent where the other one is there is 0.",
        params: &[OVERWRITE],
        needs: &["bytes", "packets", "rev_bytes", "rev_packets"],
        columns: &[
            Field::named("bps"),
            Field::named("pps"),
            Field::named("bpp"),
            Field::named("rev_bps"),
            Field::named("rev_pps"),
            Field::named("rev_bpp"),
            Field::named("bytes_ratio"),
            Field::named("packets_ratio"),
            Field::named("pcr"),
        ],
        memory: "constant",
        source: "C. Bullard, J. Gerth, PCR: A New Flow Metric, FloCon 2014; the rates are those of nfdump",
    },
    build: |_| Ok(Box::new(Rates { keys: keys(&ENRICHER.spec) })),
};

#[derive(Clone)]
struct Rates {
    keys: Vec<Vec<u8>>,
}

impl Enrich for Rates {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let flow = record.flow();
        for (column, value) in values(flow).into_iter().enumerate() {
            if let Some(value) = value {
                record.write(column, &self.keys[column], |out| number::write_float(value, out));
            }
        }
        let counts = [flow.bytes(), flow.packets(), flow.rev_bytes(), flow.rev_packets()];
        Outcome::of(counts.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

/// The value of each column.
fn values(flow: &Flow) -> [Option<f64>; 9] {
    let seconds = flow.duration().map(|nanos| nanos as f64 / 1e9);
    let [bytes, packets, rev_bytes, rev_packets] =
        [flow.bytes(), flow.packets(), flow.rev_bytes(), flow.rev_packets()].map(|count| count.map(|c| c as f64));
    let is_two_way = rev_bytes.is_some() || rev_packets.is_some();
    let back = |count: Option<f64>| count.or(is_two_way.then_some(0.0));
    let (bytes_back, packets_back) = (back(rev_bytes), back(rev_packets));
    let pcr = bytes.zip(bytes_back).and_then(|(up, down)| quotient(Some(up - down), Some(up + down)));
    [
        quotient(bytes.map(|b| b * 8.0), seconds),
        quotient(packets, seconds),
        quotient(bytes, packets),
        quotient(rev_bytes.map(|b| b * 8.0), seconds),
        quotient(rev_packets, seconds),
        quotient(rev_bytes, rev_packets),
        quotient(bytes_back, bytes),
        quotient(packets_back, packets),
        pcr,
    ]
}

fn quotient(of: Option<f64>, by: Option<f64>) -> Option<f64> {
    Some(of? / by.filter(|by| *by > 0.0)?)
}

#[cfg(test)]
mod tests {
    use super::super::tests::enriched;

    #[test]
    fn a_flow_of_both_directions_has_all() {
        let line = r#"{"duration":0.5,"packets":4,"bytes":1000,"rev_packets":8,"rev_bytes":3000}"#;
        let added = r#","bps":16000,"pps":8,"bpp":250,"rev_bps":48000,"rev_pps":16,"rev_bpp":375,"bytes_ratio":3,"packets_ratio":2,"pcr":-0.5}"#;
        assert_eq!(enriched("rates", line).0, line.replace('}', added));
    }

    #[test]
    fn a_divisor_of_0_or_none_gives_nothing() {
        for (line, added) in [
            (r#"{"duration":0,"packets":4,"bytes":1000}"#, r#","bpp":250}"#),
            (r#"{"packets":0,"bytes":0,"rev_bytes":0}"#, "}"),
            (r#"{"packets":2,"rev_packets":0}"#, r#","packets_ratio":0}"#),
            (r#"{"duration":2,"bytes":7,"rev_packets":1}"#, r#","bps":28,"rev_pps":0.5,"bytes_ratio":0,"pcr":1}"#),
            (r#"{"duration":2,"bytes":7}"#, r#","bps":28}"#),
        ] {
            assert_eq!(enriched("rates", line).0, line.replace('}', added));
        }
    }
}
