//! `anonymize`: other addresses in place of all that a line has, under a key, with the prefixes that they share kept.
//!
//! No member is looked for: every text of the line is searched, so that nothing slips through in a sentence, a list or a
//! name that is not known here.

use super::{Enrich, Enricher, Outcome};
use crate::record::Record;
use anyhow::Context;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::anonymize::{Anonymizer, Key};
use flow_record::record::Field;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "anonymize",
        about: "other addresses in place of all, under a key, prefixes kept",
        explain: "\
Each address becomes another one, the same wherever it stands and in every run with the same key; two addresses have as
many leading bits in common after as before, so that networks stay networks. IPv4 becomes IPv4, IPv6 becomes IPv6. All
are mapped, also 0.0.0.0, private and multicast addresses: 10.0.0.0/8 becomes some other /8, and scope, geo and asn mean
nothing after it; put them before.

Addresses are replaced in every text of flows, rows and alerts, nested ones and keys included: IPv4 with points or four
numbers with hyphens, IPv6, networks as 10.0.0.0/8, MAC addresses (their 48 bits in the same way). What reads as an
address counts as one: a version 1.2.3.4 changes too. The id of an alert and community_id, which are computed from
addresses, become 16 hexadecimal digits under the key. Baselines are left out, since what they count cannot be mapped,
and so is a line that no filter would accept afterwards; both are told.

What stays: names of hosts, users and organisations, countries, autonomous systems, interfaces, ports, times, counts, and
addresses written as a number. Drop what says too much. Who has the key can undo the mapping, and who knows how some
addresses were mapped knows the beginnings of others. A second anonymize maps once more. Rejected lines (--rejects) and
messages show lines as they came.

The key is a file with 32 bytes, 32 characters on a line, or 64 hexadecimal digits, with or without 0x. IPv4 addresses
become those that nfanon -K makes with the same key. `openssl rand -hex 32 > key; chmod 600 key` makes one.",
        params: &[Param::new("key", ParamKind::File, "", "", "the file with the key; must be given")],
        needs: &["src_ip", "dst_ip", "exporter", "next_hop"],
        columns: &[
            Field::named("src_ip"),
            Field::named("dst_ip"),
            Field::named("exporter"),
            Field::named("next_hop"),
        ],
        memory: "constant, about a megabyte a thread",
        source: "CryptoPAn: J. Xu, J. Fan, M. Ammar, S. Moon, Prefix-Preserving IP Address Anonymization, ICNP 2002; AES-128, FIPS 197",
    },
    build,
};

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let path = args.file("key").context("anonymize: key=FILE is missing; --explain anonymize says what a key is")?;
    let key = Key::read(&path).with_context(|| format!("anonymize: {}", path.display()))?;
    let warning = key.warning(&path).map(|text| format!("anonymize: {text}"));
    Ok(Box::new(Anonymize { anonymizer: Anonymizer::new(&key), warning }))
}

struct Anonymize {
    anonymizer: Anonymizer,
    warning: Option<String>,
}

impl Enrich for Anonymize {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let text = record.text();
        match self.anonymizer.json(text, |part, value| record.replace(part, value)) {
            true => Outcome::Doubtful,
            false => Outcome::Done,
        }
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Anonymize { anonymizer: self.anonymizer.clone(), warning: None })
    }

    fn rewrites(&self) -> bool {
        true
    }

    fn guards(&self) -> bool {
        true
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::enriched;
    use super::*;
    use std::io::Write;

    /// The key of the reference implementation's sample.
    const SAMPLE: &str = "0x1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202\n";

    fn anonymized(line: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(SAMPLE.as_bytes()).unwrap();
        let (out, outcome) = enriched(&format!("anonymize:key={}", file.path().display()), line);
        assert_eq!(outcome, Outcome::Done);
        out
    }

    #[test]
    fn every_address_of_a_flow_is_replaced_in_place() {
        assert_eq!(
            anonymized(
                r#"{ "src_ip":"128.11.68.132", "dst_ip" : "2001:db8::1","exporter":"127.0.0.1","next_hop":"0.0.0.0","bytes":12,"x":["24.5.0.80"]}"#
            ),
            r#"{ "src_ip":"135.242.180.132", "dst_ip" : "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e","exporter":"33.0.243.129","next_hop":"120.255.240.1","bytes":12,"x":["100.9.15.210"]}"#
        );
    }

    #[test]
    fn rows_have_their_networks_replaced() {
        assert_eq!(
            anonymized(r#"{"kind":"top","src_ip":"128.11.68.0/24","dst_ip":"2001:db8::/32","bytes":1}"#),
            r#"{"kind":"top","src_ip":"135.242.180.0/24","dst_ip":"4401:2bc::/32","bytes":1}"#
        );
    }

    #[test]
    fn alerts_tell_no_address_anywhere() {
        let line = anonymized(
            r#"{"kind":"alert","id":"00112233445566ff","detector":"sweep","src_ip":"128.11.68.132","reason":"128.11.68.132 contacted 73 targets, 4.3.88.225 first, within 1 d 1 h","evidence":{"sample":["4.3.88.225","64.39.15.238"],"targets":73}}"#,
        );
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["reason"], "135.242.180.132 contacted 73 targets, 124.60.155.63 first, within 1 d 1 h");
        assert_eq!(value["evidence"]["sample"], serde_json::json!(["124.60.155.63", "0.219.7.41"]));
        assert!(!["128.11.68.132", "4.3.88.225", "64.39.15.238", "00112233445566ff"].iter().any(|a| line.contains(a)));
        assert_eq!(value["id"].as_str().unwrap().len(), 16);
    }

    #[test]
    fn a_key_is_needed() {
        let build = |text: &str| {
            let args = Args::resolve(text, "enricher", super::super::ENRICHERS.iter().map(|e| &e.spec)).unwrap();
            format!("{:#}", (ENRICHER.build)(&args).err().unwrap())
        };
        assert!(build("anonymize").contains("key=FILE is missing"));
        assert!(build("anonymize:key=/none").starts_with("anonymize: /none: "));
        assert!(build("anonymize:key=/dev/null").contains("64 hexadecimal digits"));
    }
}
