//! `hash`: values under a key, so that they can be told apart, counted and joined, and not read.
//!
//! HMAC-SHA-256 (RFC 2104, FIPS 198-1, FIPS 180-4) over the UTF-8 text of the value, its first digits in hexadecimal.
//! Invariant: equal values have equal hashes in every run with the same key. Bound: constant.

use super::{Enrich, Enricher, Outcome};
use crate::members::{Names, remove};
use crate::record::{Record, key_text};
use anyhow::Context;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::anonymize::Key;
use flow_record::record::FieldId;
use flow_record::record::field::Kind;
use flow_record::scan::walk::unquoted;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::ops::Range;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "hash",
        about: "values as hashes under a key, to tell apart and not to read",
        explain: "\
FIELD_hash is HMAC-SHA-256 of the value under the key, its first length= hexadecimal digits. Hashed is the text of the
value: of a text what stands between its quotes, escapes undone; of an address its canonical form (RFC 5952); of a number
or truth what stands there. Lists and objects get none. `printf %s 10.0.0.1 | openssl dgst -sha256 -mac HMAC -macopt
hexkey:KEY` says the same.

drop=true takes the fields themselves out, of rows and alerts too; a line that would be no flow any more (it needs one of
src_ip, dst_ip, bytes, packets) and a line that could not be changed is then left out and told. What else says too much,
names and texts in an alert's reason among it, stays: see anonymize and drop.

The hash keeps nothing of networks; anonymize does. Who has the key can try all addresses. The key is a file with 32
bytes, 32 characters on a line, or 64 hexadecimal digits; `openssl rand -hex 32 > key; chmod 600 key` makes one.",
        params: &[
            Param::new("field", ParamKind::Fields, "", "", "what is hashed; must be given"),
            Param::new("key", ParamKind::File, "", "", "the file with the key; must be given"),
            Param::new("length", ParamKind::Integer(8, 64), "32", "digits", "how long a hash is"),
            Param::new("drop", ParamKind::Truth, "false", "", "take the fields themselves out"),
            super::OVERWRITE,
        ],
        needs: &[],
        columns: &[],
        memory: "constant",
        source: "HMAC: RFC 2104, FIPS 198-1; SHA-256: FIPS 180-4",
    },
    build,
};

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let names = args.list("field");
    if names.is_empty() {
        anyhow::bail!("hash: field=A+B is missing");
    }
    let path = args.file("key").context("hash: key=FILE is missing; --explain hash says what a key is")?;
    let key = Key::read(&path).with_context(|| format!("hash: {}", path.display()))?;
    let warning = key.warning(&path).map(|text| format!("hash: {text}"));
    let mac = Hmac::<Sha256>::new_from_slice(key.bytes()).context("hash")?;
    let columns: Vec<_> = names.iter().map(|name| format!("{name}_hash")).collect();
    Ok(Box::new(Hash {
        mac,
        keys: columns.iter().map(|column| key_text(column)).collect(),
        addresses: names
            .iter()
            .map(|name| FieldId::named(name).filter(|id| id.field().kind == Kind::Address))
            .collect(),
        columns,
        out: args.truth("drop").then(|| Names::new(names.clone())),
        names,
        length: args.integer("length") as usize,
        warning,
        text: Vec::new(),
        cuts: Vec::new(),
    }))
}

#[derive(Clone)]
struct Hash {
    mac: Hmac<Sha256>,
    names: Vec<String>,
    /// Those of the names that are addresses of the record.
    addresses: Vec<Option<FieldId>>,
    columns: Vec<String>,
    keys: Vec<Vec<u8>>,
    /// Digits.
    length: usize,
    out: Option<Names>,
    warning: Option<String>,
    text: Vec<u8>,
    cuts: Vec<Range<usize>>,
}

impl Hash {
    /// Puts the text of a value in place of what is in `text`; false where there is none.
    fn text_of(&mut self, at: usize, record: &Record<'_, '_>) -> bool {
        self.text.clear();
        if let Some(address) = self.addresses[at].and_then(|id| record.flow().address(id)) {
            address.write(&mut self.text);
            return true;
        }
        match record.value(at) {
            Some(value) if value.starts_with('"') => self.text.extend_from_slice(unquoted(value).as_bytes()),
            Some(value) if !value.starts_with(['{', '[', 'n']) => self.text.extend_from_slice(value.as_bytes()),
            _ => return false,
        }
        true
    }
}

impl Enrich for Hash {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let mut any = false;
        for at in 0..self.names.len() {
            if !self.text_of(at, record) {
                continue;
            }
            any = true;
            let mut mac = self.mac.clone();
            mac.update(&self.text);
            let hash = mac.finalize().into_bytes();
            let length = self.length;
            record.write(at, &self.keys[at], |out| {
                let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
                let digits = hash.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
                out.push(b'"');
                out.extend(digits.take(length));
                out.push(b'"');
            });
        }
        if let Some(names) = &self.out {
            remove(record, &mut self.cuts, |member| names.has(member.key));
            return Outcome::Doubtful;
        }
        Outcome::of(any)
    }

    fn columns(&self) -> Option<Vec<String>> {
        Some(self.columns.clone())
    }

    fn reads(&self) -> Vec<String> {
        self.names.clone()
    }

    fn rewrites(&self) -> bool {
        self.out.is_some()
    }

    fn guards(&self) -> bool {
        self.out.is_some()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Hash { warning: None, ..self.clone() })
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{built, enriched};
    use super::*;
    use std::io::Write;

    /// Thirty-two bytes, 0 to 31.
    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn hashed(parameters: &str, line: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(KEY.as_bytes()).unwrap();
        enriched(&format!("hash:key={},{parameters}", file.path().display()), line).0
    }

    #[test]
    fn hashes_are_those_of_openssl() {
        // printf %s 10.0.0.1 | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001...
        let line = r#"{"src_ip":"10.0.0.1","user":"a\u00e9","port":443,"x":[1]}"#;
        assert_eq!(
            hashed("field=src_ip+user+port+x+none,length=16", line),
            r#"{"src_ip":"10.0.0.1","user":"a\u00e9","port":443,"x":[1],"src_ip_hash":"b099caabef71bab3","user_hash":"98dafe1f6edceb8c","port_hash":"bf7cba202f887dc9"}"#
        );
        assert_eq!(hashed("field=port,length=64", line).len(), line.len() + r#","port_hash":"""#.len() + 64);
    }

    #[test]
    fn the_fields_themselves_can_go() {
        let line = r#"{"src_ip":"2001:DB8::1","bytes":1}"#;
        let canonical = hashed("field=src_ip,drop=true", r#"{"src_ip":"2001:db8::1","bytes":1}"#);
        assert_eq!(hashed("field=src_ip,drop=true", line), canonical);
        assert!(!canonical.contains("2001"), "{canonical}");
    }

    #[test]
    fn a_key_and_a_field_are_needed() {
        let build = |text: &str| {
            let args = Args::resolve(text, "enricher", super::super::ENRICHERS.iter().map(|e| &e.spec)).unwrap();
            format!("{:#}", (ENRICHER.build)(&args).err().unwrap())
        };
        assert!(build("hash:field=src_ip").contains("key=FILE is missing"));
        assert!(build("hash:key=/dev/null").contains("field=A+B is missing"));
        assert!(build("hash:field=a,key=/dev/null").contains("64 hexadecimal digits"));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(KEY.as_bytes()).unwrap();
        assert!(built(&format!("hash:field=a,key={}", file.path().display())).another().warning().is_none());
    }
}
