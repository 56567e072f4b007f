//! The terms of a formula and samples, as members of one JSON object, in the order in which they are added.
//!
//! Numbers are written unrounded. Bound: what a detector adds; samples are cut by it.

use flow_record::value::{Address, number, text};

/// The evidence of one alert.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence(Vec<u8>);

impl Evidence {
    /// No terms.
    pub(crate) fn new() -> Evidence {
        Evidence::default()
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        text::write_json(name, &mut self.0);
        self.0.push(b':');
    }

    /// Adds a count or a sum.
    pub(crate) fn integer(mut self, name: &str, value: impl Into<u128>) -> Evidence {
        self.name(name);
        self.0.extend_from_slice(value.into().to_string().as_bytes());
        self
    }

    /// Adds a number.
    pub(crate) fn number(mut self, name: &str, value: f64) -> Evidence {
        self.name(name);
        number::write_float(value, &mut self.0);
        self
    }

    /// Adds a text.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Evidence {
        self.name(name);
        text::write_json(value, &mut self.0);
        self
    }

    /// Adds a value that is JSON already.
    pub(crate) fn json(mut self, name: &str, value: &str) -> Evidence {
        self.name(name);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    /// Adds a list of ports.
    pub(crate) fn ports(mut self, name: &str, ports: impl Iterator<Item = u16>) -> Evidence {
        self.name(name);
        self.list(ports, |port, out| number::write_integer(u64::from(port), out));
        self
    }

    /// Adds a list of addresses.
    pub(crate) fn addresses(mut self, name: &str, addresses: impl Iterator<Item = Address>) -> Evidence {
        self.name(name);
        self.list(addresses, |address, out| {
            out.push(b'"');
            address.write(out);
            out.push(b'"');
        });
        self
    }

    fn list<T>(&mut self, values: impl Iterator<Item = T>, write: impl Fn(T, &mut Vec<u8>)) {
        self.0.push(b'[');
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.0.push(b',');
            }
            write(value, &mut self.0);
        }
        self.0.push(b']');
    }

    /// Appends the object.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.0.is_empty() { b"{" } else { &self.0 });
        out.push(b'}');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_one_json_object() {
        let evidence = Evidence::new()
            .integer("flows", 3u64)
            .number("mean", 0.1)
            .text("field", "by\"tes")
            .json("approx", "[]")
            .ports("ports", [0, 443].into_iter())
            .addresses("sample", [Address::parse("::1").unwrap()].into_iter());
        let mut out = Vec::new();
        evidence.write(&mut out);
        let expected = r#"{"flows":3,"mean":0.1,"field":"by\"tes","approx":[],"ports":[0,443],"sample":["::1"]}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut none = Vec::new();
        Evidence::new().write(&mut none);
        assert_eq!(none, b"{}");
    }
}
