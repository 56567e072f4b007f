//! Names of alerts: SipHash-1-3 (Aumasson and Bernstein 2012) of detector, parameters, key and window start, under a
//! public key.
//!
//! The key is the ASCII text `flowdetect alert`. Hashed are, each ended by a zero byte: the detector's name, its
//! parameters as `name=value` in the order of their names, joined by `,`, each part of the key as JSON, and the start of
//! the window in nanoseconds since 1970 as a decimal number, which is empty where the whole input is one window. Only
//! parameters that differ from their default count, so that names outlive a parameter that is new, and none that names
//! a file, because the same file may lie anywhere. Invariant: the same finding has the same name in every run and on
//! every machine.

use super::Label;
use flow_record::item::{Args, ParamKind};
use flow_record::record::key::Part;
use flow_record::value::Time;
use siphasher::sip::SipHasher13;

const KEY: &[u8; 16] = b"flowdetect alert";

/// What all alerts of one use of a detector have in their names.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Of a use of a detector; `3` is the same as `3.0`.
    pub(crate) fn of(args: &Args) -> Naming {
        let value = |args: &Args, name: &str, kind| match kind {
            ParamKind::Number(..) | ParamKind::Integer(..) | ParamKind::Size(_) => args.number(name).to_string(),
            ParamKind::Duration(_) => args.duration(name).to_string(),
            _ => args.text(name).unwrap_or_default().to_owned(),
        };
        let defaults = Args::defaults(args.spec);
        let params = args.spec.params.iter().filter(|p| p.kind != ParamKind::File);
        let mut pairs: Vec<String> = params
            .map(|p| (p.name, value(args, p.name, p.kind), value(&defaults, p.name, p.kind)))
            .filter(|(_, given, default)| given != default)
            .map(|(name, given, _)| format!("{name}={given}"))
            .collect();
        pairs.sort_unstable();
        Naming { detector: args.kind.clone(), parameters: pairs.join(",") }
    }

    /// The name that the detector goes by.
    pub(crate) fn detector(&self) -> &str {
        &self.detector
    }

    /// The label of an alert on the whole input.
    pub(crate) fn label(&self, key: &[Part]) -> Label {
        Label { id: self.id(key, None), update: 0 }
    }

    /// The name of the alert about `key` in the window that begins at `window`, or in the whole input.
    pub(crate) fn id(&self, key: &[Part], window: Option<Time>) -> u64 {
        let mut bytes = Vec::with_capacity(128);
        for text in [&self.detector, &self.parameters] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        for part in key {
            part.write(&mut bytes);
            bytes.push(0);
        }
        if let Some(Time(start)) = window {
            bytes.extend_from_slice(start.to_string().as_bytes());
        }
        bytes.push(0);
        SipHasher13::new_with_key(KEY).hash(&bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::detect::specs;
    use flow_record::value::Address;

    fn naming(item: &str) -> Naming {
        Naming::of(&Args::resolve(item, "detector", specs()).unwrap())
    }

    fn key(last: u8) -> Vec<Part> {
        vec![Part::Address(Address([10, 0, 0, last].into())), Part::Integer(443)]
    }

    #[test]
    fn names_are_those_of_another_implementation() {
        // Computed by one of SipHash-1-3 that is not this crate's; they must never change.
        for (item, window, id) in [
            ("beacon:rule=jitter,flows=20", None, "b3ea9b1493258185"),
            ("beacon", None, "27a84b0ce334068e"),
            ("beacon", Some(Time(1_421_913_600_000_000_000)), "b299201d43577307"),
        ] {
            assert_eq!(format!("{:016x}", naming(item).id(&key(1), window)), id, "{item} {window:?}");
        }
    }

    #[test]
    fn detector_parameters_key_and_window_make_a_name() {
        let id = Naming::new("beacon", "flows=11").id(&key(1), None);
        for other in [
            Naming::new("beacon", "flows=11").id(&key(2), None),
            Naming::new("beacon", "flows=11").id(&key(1)[..1], None),
            Naming::new("beacon", "flows=11").id(&key(1), Some(Time(0))),
            Naming::new("beacon", "flows=12").id(&key(1), None),
            Naming::new("beaco", "nflows=11").id(&key(1), None),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn defaults_that_are_written_out_and_the_places_of_files_do_not_count() {
        assert_eq!(naming("zscore"), naming("zscore:threshold=3.0,field=bytes"));
        assert_eq!(naming("sigma:normal=/a,n=2"), naming("sigma:n=2.0,normal=/b"));
        assert_ne!(naming("zscore"), naming("zscore:threshold=3.5"));
        assert_ne!(naming("zscore"), naming("zscore:as=loud"));
    }
}
