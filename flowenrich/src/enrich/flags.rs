//! `flags`: the TCP flags of both directions as letters, as nfdump prints them (RFC 9293 section 3.1).

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use flow_record::item::Spec;
use flow_record::net::flags;
use flow_record::record::Field;
use flow_record::record::field::{REV_TCP_FLAGS, TCP_FLAGS};

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "flags",
        about: "TCP flags of both directions as letters: ...AP.SF",
        explain: "\
tcp_flags_text and rev_tcp_flags_text have a letter for each flag that is set and a dot for each that is not, from the
highest bit to the lowest: C (CWR), E (ECE), U (URG), A (ACK), P (PSH), R (RST), S (SYN), F (FIN). Bits above have no
letter.",
        params: &[OVERWRITE],
        needs: &["tcp_flags", "rev_tcp_flags"],
        columns: &[Field::named("tcp_flags_text"), Field::named("rev_tcp_flags_text")],
        memory: "constant",
        source: "RFC 9293 section 3.1, RFC 3168 section 6.1; the letters are those of nfdump from 1.6.20 on",
    },
    build: |_| Ok(Box::new(Flags { keys: keys(&ENRICHER.spec) })),
};

#[derive(Clone)]
struct Flags {
    keys: Vec<Vec<u8>>,
}

impl Enrich for Flags {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let both = [TCP_FLAGS, REV_TCP_FLAGS].map(|id| record.flow().integer(id));
        for (column, bits) in both.iter().enumerate() {
            if let Some(bits) = bits {
                record.write(column, &self.keys[column], |out| {
                    out.push(b'"');
                    flags::write(*bits as u16, out);
                    out.push(b'"');
                });
            }
        }
        Outcome::of(both.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{enriched, value};

    #[test]
    fn each_flag_has_its_letter_in_its_place() {
        for (bits, text) in [
            (0, "........"),
            (1, ".......F"),
            (2, "......S."),
            (4, ".....R.."),
            (8, "....P..."),
            (16, "...A...."),
            (32, "..U....."),
            (64, ".E......"),
            (128, "C......."),
            (27, "...AP.SF"),
            (511, "CEUAPRSF"),
        ] {
            let line = format!(r#"{{"bytes":1,"tcp_flags":{bits}}}"#);
            assert_eq!(value("flags", &line, "tcp_flags_text"), format!("{text:?}"));
            assert_eq!(value("flags", &line, "rev_tcp_flags_text"), "");
        }
    }

    #[test]
    fn both_directions_have_their_own() {
        assert_eq!(
            enriched("flags", r#"{"bytes":1,"tcp_flags":2,"rev_tcp_flags":18}"#).0,
            r#"{"bytes":1,"tcp_flags":2,"rev_tcp_flags":18,"tcp_flags_text":"......S.","rev_tcp_flags_text":"...A..S."}"#
        );
    }
}
