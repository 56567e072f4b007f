//! `onehot`: a column of 0 and 1 for each value of a vocabulary, which is fixed, so that columns never depend on data.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::members::{Names, remove};
use crate::record::{Record, key_text};
use anyhow::bail;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::scan::walk::unquoted;
use std::ops::Range;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "onehot",
        about: "columns of 0 and 1 for the values of a field, which are fixed",
        explain: "\
onehot:field=protocol,values=6+17+1 adds protocol_6, protocol_17 and protocol_1 to each flow that has the field: 1 for its
value, 0 for the others. Another value has 0 in all; with other=NAME it has 1 in FIELD_NAME, which is one of values= or one
column more. drop=true takes the field itself out.

set=notebook does, as pandas' get_dummies names columns, both address classes (ipclass), protocol (6 17 89 1 132, all
others 0) and both port classes (portclass), and takes these five out: src_ip_class_Class A, protocol_6 ...",
        params: &[
            Param::new("field", ParamKind::Text, "", "", "the field"),
            Param::new("values", ParamKind::Text, "", "", "its vocabulary, as 6+17+1"),
            Param::new("other", ParamKind::Text, "", "", "the name that stands for all other values"),
            Param::new("drop", ParamKind::Truth, "false", "", "take the field out"),
            Param::new("set", ParamKind::Choice(&["notebook"]), "", "", "in place of field and values"),
            OVERWRITE,
        ],
        needs: &[],
        columns: &[],
        memory: "constant",
        source: "pandas.get_dummies; scikit-learn, OneHotEncoder with given categories",
    },
    build,
};

/// What a notebook encodes: field, vocabulary, the value for all others.
const NOTEBOOK: [(&str, &[&str], Option<&str>); 5] = [
    ("src_ip_class", &CLASSES, None),
    ("dst_ip_class", &CLASSES, None),
    ("protocol", &["0", "1", "6", "17", "89", "132"], Some("0")),
    ("src_port_class", &PORTS, None),
    ("dst_port_class", &PORTS, None),
];
const CLASSES: [&str; 5] = ["Class A", "Class B", "Class C", "Class D (multicast)", "Class E (reserved)"];
const PORTS: [&str; 3] = ["Dynamic", "Registered", "WellKnown"];

/// One field.
#[derive(Clone)]
struct Field {
    name: String,
    values: Vec<String>,
    /// The place of the value that stands for all others.
    other: Option<usize>,
    /// Its first column.
    first: usize,
}

#[derive(Clone)]
struct OneHot {
    fields: Vec<Field>,
    columns: Vec<String>,
    keys: Vec<Vec<u8>>,
    out: Option<Names>,
    cuts: Vec<Range<usize>>,
}

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let mut onehot = OneHot { fields: Vec::new(), columns: Vec::new(), keys: Vec::new(), out: None, cuts: Vec::new() };
    match (args.text("set"), args.text("field"), args.list("values")) {
        (Some(_), None, values) if values.is_empty() => {
            for (name, values, other) in NOTEBOOK {
                onehot.add(name, values.iter().map(|v| (*v).to_owned()).collect(), other);
            }
            onehot.out = Some(Names::new(NOTEBOOK.map(|(name, ..)| name.to_owned()).to_vec()));
        }
        (None, Some(name), values) if !values.is_empty() => {
            if let Some(twice) = values.iter().enumerate().find(|(i, v)| values[..*i].contains(v)) {
                bail!("onehot: values: {:?} is given twice", twice.1);
            }
            onehot.add(name, values, args.text("other"));
            onehot.out = args.truth("drop").then(|| Names::new(vec![name.to_owned()]));
        }
        _ => bail!("onehot: field=NAME,values=A+B or set=notebook is expected"),
    }
    Ok(Box::new(onehot))
}

impl OneHot {
    fn add(&mut self, name: &str, mut values: Vec<String>, other: Option<&str>) {
        if let Some(other) = other.filter(|other| !values.iter().any(|v| v == other)) {
            values.push(other.to_owned());
        }
        let other = other.and_then(|other| values.iter().position(|v| v == other));
        let first = self.columns.len();
        self.columns.extend(values.iter().map(|value| format!("{name}_{value}")));
        self.keys.extend(self.columns[first..].iter().map(|column| key_text(column)));
        self.fields.push(Field { name: name.to_owned(), values, other, first });
    }
}

impl Enrich for OneHot {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        if !record.is_flow() {
            return Outcome::Done;
        }
        let mut any = false;
        for (read, field) in self.fields.iter().enumerate() {
            let Some(value) = record.value(read) else { continue };
            any = true;
            let value = if value.starts_with('"') { unquoted(value) } else { value.into() };
            let hot = field.values.iter().position(|v| *v == value).or(field.other);
            for place in 0..field.values.len() {
                let column = field.first + place;
                record.write(column, &self.keys[column], |out| out.push(b'0' + u8::from(hot == Some(place))));
            }
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
        self.fields.iter().map(|field| field.name.clone()).collect()
    }

    fn rewrites(&self) -> bool {
        self.out.is_some()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::enriched;

    #[test]
    fn each_value_of_the_vocabulary_has_its_column() {
        for (item, protocol, added) in [
            ("onehot:field=protocol,values=6+17", 6, r#","protocol_6":1,"protocol_17":0}"#),
            ("onehot:field=protocol,values=6+17", 1, r#","protocol_6":0,"protocol_17":0}"#),
            ("onehot:field=protocol,values=6+0,other=0", 1, r#","protocol_6":0,"protocol_0":1}"#),
            ("onehot:field=protocol,values=6,other=rest", 1, r#","protocol_6":0,"protocol_rest":1}"#),
        ] {
            let line = format!(r#"{{"bytes":1,"protocol":{protocol}}}"#);
            assert_eq!(enriched(item, &line).0, line.replace('}', added));
        }
        let line = r#"{"bytes":1,"s":"a\u0062"}"#;
        assert_eq!(enriched("onehot:field=s,values=ab+c,drop=true", line).0, r#"{"bytes":1,"s_ab":1,"s_c":0}"#);
    }

    #[test]
    fn a_notebooks_five_fields_are_encoded_and_go() {
        let line = r#"{"bytes":1,"src_ip_class":"Class D (multicast)","dst_ip_class":"Class A","protocol":50,"src_port_class":"Dynamic","dst_port_class":"WellKnown"}"#;
        let out: serde_json::Value = serde_json::from_str(&enriched("onehot:set=notebook", line).0).unwrap();
        let hot: Vec<_> = out
            .as_object()
            .unwrap()
            .iter()
            .filter(|(k, v)| **v == 1 && *k != "bytes")
            .map(|(k, _)| k.as_str())
            .collect();
        let expected = [
            "src_ip_class_Class D (multicast)",
            "dst_ip_class_Class A",
            "protocol_0",
            "src_port_class_Dynamic",
            "dst_port_class_WellKnown",
        ];
        assert_eq!(hot, expected);
        assert_eq!(out.as_object().unwrap().len(), 1 + 5 + 5 + 6 + 3 + 3);
    }
}
