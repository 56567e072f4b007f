//! Names of alerts: SipHash-1-3 (Aumasson and Bernstein 2012) of detector, parameters, key and window start, under a
//! public key.
//!
//! The key is the ASCII text `flowdetect alert`. Hashed are, each ended by a zero byte: the detector's name, its
//! parameters as `name=value` joined by `,`, each part of the key as JSON, and the start of the window, which is empty
//! where the whole input is one. Invariant: the same finding has the same name in every run and on every machine.

use flow_record::item::{Args, ParamKind};
use flow_record::record::key::Part;
use siphasher::sip::SipHasher13;

const KEY: &[u8; 16] = b"flowdetect alert";

/// What all alerts of one use of a detector have in their names.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    detector: String,
    parameters: String,
}

impl Naming {
    /// Of a detector with these parameters.
    #[cfg(test)]
    pub(crate) fn new(detector: &str, parameters: &str) -> Naming {
        Naming { detector: detector.to_owned(), parameters: parameters.to_owned() }
    }

    /// Of a use of a detector: every parameter counts, given or default, and `3` is the same as `3.0`.
    pub(crate) fn of(args: &Args) -> Naming {
        let value = |name: &str, kind| match kind {
            ParamKind::Number(..) | ParamKind::Integer(..) => args.number(name).to_string(),
            _ => args.text(name).unwrap_or_default().to_owned(),
        };
        let pairs = args.spec.params.iter().map(|p| format!("{}={}", p.name, value(p.name, p.kind)));
        Naming { detector: args.kind.clone(), parameters: pairs.collect::<Vec<_>>().join(",") }
    }

    /// The name that the detector goes by.
    pub(crate) fn detector(&self) -> &str {
        &self.detector
    }

    /// The name of the alert about `key`.
    pub(crate) fn id(&self, key: &[Part]) -> u64 {
        let mut bytes = Vec::with_capacity(128);
        for text in [&self.detector, &self.parameters] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        for part in key {
            part.write(&mut bytes);
            bytes.push(0);
        }
        // The window's start.
        bytes.push(0);
        SipHasher13::new_with_key(KEY).hash(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_record::value::Address;

    #[test]
    fn a_name_depends_on_detector_parameters_and_key_alone() {
        let key = |last: u8| vec![Part::Address(Address([10, 0, 0, last].into())), Part::Integer(443)];
        let naming = Naming::new("beacon", "flows=10");
        // Computed once by another implementation of SipHash-1-3; it must never change.
        assert_eq!(format!("{:016x}", naming.id(&key(1))), "03eeca5d4f5d16ca");
        let others = [
            naming.id(&key(2)),
            naming.id(&key(1)[..1]),
            Naming::new("beacon", "flows=11").id(&key(1)),
            Naming::new("beaco", "nflows=10").id(&key(1)),
        ];
        assert!(others.iter().all(|id| *id != naming.id(&key(1))));
    }
}
