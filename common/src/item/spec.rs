//! What an item is: one static row, from which its documentation and the check of its parameters come.

use crate::record::Field;
use std::fmt;

/// What an item computes, from what, into what.
#[derive(Debug)]
pub struct Spec {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line, lower case, without a final stop.
    pub about: &'static str,
    /// What it computes: definition and formula, as paragraphs.
    pub explain: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// The record's fields that it reads.
    pub needs: &'static [&'static str],
    /// The columns of its rows, the terms of its evidence, or the fields that it adds.
    pub columns: &'static [Field],
    /// What its memory grows with.
    pub memory: &'static str,
    /// Where the method comes from.
    pub source: &'static str,
}

/// One parameter.
#[derive(Debug)]
pub struct Param {
    /// The key.
    pub name: &'static str,
    /// Type and range.
    pub kind: ParamKind,
    /// What holds when it is not given, as one would write it; empty where there is none.
    pub default: &'static str,
    /// Unit, or empty.
    pub unit: &'static str,
    /// What it means.
    pub about: &'static str,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    /// A whole number in a range; k, M, G and T multiply by powers of 1000.
    Integer(u64, u64),
    /// A number in a range.
    Number(f64, f64),
    /// A number of bytes from this one on, as `100M`.
    Size(u64),
    /// A duration from so many nanoseconds on, as `90s` or `5m`; a bare number is seconds.
    Duration(u64),
    /// Any text.
    Text,
    /// Names of fields separated by `+`, none twice.
    Fields,
    /// Fields of a key separated by `+`; addresses take a prefix length.
    Key,
    /// Networks separated by `+`, as CIDR.
    Networks,
    /// The path of a file to read.
    File,
    /// Paths of files to read, separated by `+`.
    Files,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// An IANA time zone, `UTC`, or an offset.
    Zone,
}

impl fmt::Display for ParamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamKind::Integer(min, u64::MAX) => write!(f, "integer from {min}"),
            ParamKind::Integer(min, max) => write!(f, "integer, {min} to {max}"),
            ParamKind::Number(min, max) if max.is_infinite() => write!(f, "number from {min}"),
            ParamKind::Number(min, max) => write!(f, "number, {min} to {max}"),
            ParamKind::Size(min) => write!(f, "size from {min}, as 100M"),
            ParamKind::Duration(_) => f.write_str("duration, as 90s or 5m"),
            ParamKind::Text => f.write_str("text"),
            ParamKind::Fields => f.write_str("a+b+..."),
            ParamKind::Key => f.write_str("a+b/24+..."),
            ParamKind::Networks => f.write_str("CIDR+CIDR+..."),
            ParamKind::File => f.write_str("file"),
            ParamKind::Files => f.write_str("file+file+..."),
            ParamKind::Choice(words) => f.write_str(&words.join("|")),
            ParamKind::Truth => f.write_str("true|false"),
            ParamKind::Zone => f.write_str("time zone"),
        }
    }
}

impl Spec {
    /// The parameter with this name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|p| p.name == name)
    }

    /// `name:key=KIND,...`, the item with all its parameters, for `--help`.
    pub fn usage(&self) -> String {
        let params: Vec<_> = self
            .params
            .iter()
            .map(|p| match p.default {
                "" => format!("{}={}", p.name, p.kind),
                default => format!("{}={default}", p.name),
            })
            .collect();
        if params.is_empty() { self.name.to_owned() } else { format!("{}:{}", self.name, params.join(",")) }
    }

    /// The item as JSON, for `--describe`.
    pub fn described(&self) -> serde_json::Value {
        let params: Vec<_> = self.params.iter().map(|p| {
            serde_json::json!({"name": p.name, "type": p.kind.to_string(), "default": p.default, "unit": p.unit, "about": p.about})
        }).collect();
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|c| serde_json::json!({"name": c.name, "unit": c.unit, "about": c.about}))
            .collect();
        serde_json::json!({
            "name": self.name, "about": self.about, "explain": self.explain.trim(), "parameters": params, "needs": self.needs,
            "columns": columns, "memory": self.memory, "source": self.source,
        })
    }
}

impl Param {
    /// A parameter; `default` as one would write it, empty for none.
    pub const fn new(
        name: &'static str,
        kind: ParamKind,
        default: &'static str,
        unit: &'static str,
        about: &'static str,
    ) -> Param {
        Param { name, kind, default, unit, about }
    }
}
