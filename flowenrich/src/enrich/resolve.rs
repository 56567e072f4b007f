//! `resolve`: which of some names an address belongs to, by looking these up once.
//!
//! Bound: [`MOST_NAMES`] names and their addresses.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::dns::{Servers, addresses};
use crate::limit::{MAX_LIST, MOST_NAMES};
use crate::record::{Member, Record};
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::output::escape::escape_bytes;
use flow_record::record::Field;
use flow_record::value::Address;
use flow_record::value::text::snippet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "resolve",
        about: "flows that touch the addresses of given names",
        explain: "\
Before any input is read, the addresses (A and AAAA) of the names are looked up once; src_host and dst_host say to which of
the names an address belongs, of several to the first. names= is a file with a name a line, # before comments, or names
joined with +. Names without an address are told, and all others serve.

The servers are those of /etc/resolv.conf, or of server= (ADDRESS or ADDRESS:PORT, several joined with +), each asked again
once after timeout=.",
        params: &[
            Param::new("names", ParamKind::Text, "", "", "the names, or a file of them; must be given"),
            Param::new("server", ParamKind::Fields, "", "", "the servers"),
            Param::new("timeout", ParamKind::Duration(1_000_000), "2s", "", "how long to wait for an answer"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[Field::named("src_host"), Field::named("dst_host")],
        memory: "the names and their addresses",
        source: "RFC 1035, RFC 3596",
    },
    build,
};

/// The longest name (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    resolve(args).context("resolve")
}

fn resolve(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let text = args.text("names").context("names=FILE or names=NAME+NAME is missing")?;
    let path = Path::new(text);
    let names = match path.is_file() {
        true => from_file(path).with_context(|| path.display().to_string())?,
        false => args.list("names"),
    };
    if let Some(bad) = names.iter().find(|name| !is_name(name)) {
        bail!("{:?} is no name and no file", snippet(bad.as_bytes(), 60));
    }
    if names.is_empty() || names.len() > MOST_NAMES {
        bail!("{} names; 1 to {MOST_NAMES} are expected", names.len());
    }
    let mut known: Map<Address, u32> = Map::default();
    let mut without = Vec::new();
    for (number, (name, found)) in names.iter().zip(addresses(&Servers::of(args)?, &names)?).enumerate() {
        match found {
            Ok(all) if !all.is_empty() => all.into_iter().for_each(|address| {
                known.entry(address).or_insert(number as u32);
            }),
            Ok(_) => without.push(format!("{name}: it has no address")),
            Err(why) => without.push(format!("{name}: {why}")),
        }
    }
    let warning = without.first().map(|first| {
        let first = escape_bytes(first.as_bytes());
        format!("resolve: names without an address: {} of {}; the first is {first}", without.len(), names.len())
    });
    let members = |key: &str| names.iter().map(|name| Member::text(key, name)).collect();
    let members = [members("src_host"), members("dst_host")];
    Ok(Box::new(Resolve { shared: Arc::new(Shared { known, members }), warning }))
}

fn from_file(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut text = String::new();
    File::open(path)?.take(MAX_LIST).read_to_string(&mut text)?;
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && !label.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\' || c == '/')
    };
    name.len() <= LONGEST && name.trim_end_matches('.').split('.').all(is_label)
}

/// What all threads read.
struct Shared {
    /// The number of the name of an address.
    known: Map<Address, u32>,
    /// By end and name.
    members: [Vec<Member>; 2],
}

struct Resolve {
    shared: Arc<Shared>,
    warning: Option<String>,
}

impl Enrich for Resolve {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        for (end, address) in ends.iter().enumerate() {
            if let Some(number) = address.and_then(|address| self.shared.known.get(&address)) {
                record.put(end, &self.shared.members[end][*number as usize]);
            }
        }
        Outcome::of(ends.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Resolve { shared: Arc::clone(&self.shared), warning: None })
    }

    fn warning(&self) -> Option<String> {
        self.warning.clone()
    }
}
