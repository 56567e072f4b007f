//! `Flow` for serde: a map with the record's members, in the order of the table; unknown members are passed over.

use super::field::{FieldId, Kind};
use super::flow::Flow;
use crate::value::time::DateCache;
use crate::value::{Address, number, time};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

impl Serialize for Flow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.present().count()))?;
        for id in self.present() {
            let name = id.name();
            match id.field().kind {
                Kind::Time => map.serialize_entry(name, &self.time().map(|t| t.to_text(self.time_digits())))?,
                Kind::Address => map.serialize_entry(name, &self.address(id).map(|a| a.0))?,
                Kind::Text | Kind::Word(_) => map.serialize_entry(name, &self.text(id))?,
                Kind::Seconds => map.serialize_entry(name, &self.number(id))?,
                _ => map.serialize_entry(name, &self.integer(id))?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Flow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flow, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Flow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flow, A::Error> {
        let mut flow = Flow::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(id) = FieldId::named(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if flow.has(id) {
                return Err(A::Error::custom(format_args!("{key} stands twice")));
            }
            let value: serde_json::Value = map.next_value()?;
            if !set(&mut flow, id, &value) {
                return Err(A::Error::custom(format_args!("bad {key} {value}")));
            }
        }
        match flow.is_flow() {
            true => Ok(flow),
            false => Err(A::Error::custom("no src_ip, dst_ip, bytes or packets")),
        }
    }
}

/// Sets a field from a JSON value, and says whether it fits.
fn set(flow: &mut Flow, id: FieldId, value: &serde_json::Value) -> bool {
    let text = value.as_str();
    match id.field().kind {
        Kind::Integer(_) => {
            value.is_number() && number::exact_integer(&value.to_string()).is_some_and(|v| flow.set_integer(id, v))
        }
        Kind::Seconds => {
            let nanos = value.is_number().then(|| number::exact_seconds(&value.to_string())).flatten();
            nanos.map(|n| flow.set_duration(n)).is_some()
        }
        Kind::Address => text.and_then(Address::parse).map(|a| flow.set_address(id, a)).is_some(),
        Kind::Time => text
            .and_then(|t| {
                time::rfc3339(&mut DateCache::default(), t.as_bytes()).filter(|(_, _, used)| *used == t.len())
            })
            .map(|(time, digits, _)| flow.set_time(time, digits))
            .is_some(),
        _ => text.is_some_and(|t| flow.set_text(id, t)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::Writer;

    #[test]
    fn serde_and_the_writer_agree() {
        let line = r#"{"timestamp":"2015-01-22T08:03:34.035Z","duration":0.5,"src_ip":"10.0.0.200","dst_ip":"2001:db8::1","src_port":4443,"protocol":6,"packets":12,"bytes":10752,"app":"tls","exporter":"192.0.2.1"}"#;
        let flow: Flow = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&flow).unwrap(), line);
        let mut out = Vec::new();
        Writer::new().line(&flow, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{line}\n"));
    }

    #[test]
    fn refuses_what_the_scanner_refuses() {
        for bad in [
            r#"{"bytes":-1}"#,
            r#"{"bytes":null}"#,
            r#"{"app":"x"}"#,
            r#"{"bytes":1,"bytes":1}"#,
            r#"{"src_ip":"1.2.3"}"#,
        ] {
            assert!(serde_json::from_str::<Flow>(bad).is_err(), "{bad}");
        }
    }
}
