//! `--templates FILE`: what exporters have said of their data, kept from one run to the next.
//!
//! ```text
//! {"format":"flowcat templates","version":1,"checksum":"1c291ca3","exporters":[{"address":"192.0.2.1","domains":[
//!   {"protocol":9,"id":0,"sampling":{...},"templates":[{"id":256,"fields":[[8,4],[12,4],[1,4,29305]]}]}]}]}
//! ```
//!
//! The checksum is the CRC-32 of the text of `exporters`, in hex. Invariants: all is sorted, so that the same knowledge
//! makes the same file; a template that is read is compiled as one that comes in a datagram, within the same limits.

use super::element::Field;
use super::exporter::{Domain, Exporters, Key};
use super::sampling::Sampling;
use super::sequence;
use super::template::{Habit, Template};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What stands first in the file.
const FORMAT: &str = "flowcat templates";

/// The version of the layout.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    checksum: String,
    exporters: Vec<Exporter>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Exporter {
    /// Absent for files of datagrams.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    domains: Vec<Saved>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    protocol: u8,
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    booted: Option<u64>,
    #[serde(default)]
    sampling: Rates,
    templates: Vec<Definition>,
}

/// N of 1-in-N: by sampler, by interface, of the rest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Rates {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) samplers: Vec<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) interfaces: Vec<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rest: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Definition {
    id: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<usize>,
    fields: Vec<Vec<u32>>,
}

fn checksum(exporters: &[Exporter]) -> Result<String, String> {
    let text = serde_json::to_vec(exporters).map_err(|e| e.to_string())?;
    Ok(format!("{:08x}", crc32fast::hash(&text)))
}

/// All templates and samplers, as a file's text.
///
/// # Errors
/// What serde cannot write, which there is not.
pub(super) fn save(all: &Exporters) -> Result<String, String> {
    let mut exporters: Vec<Exporter> = all
        .each()
        .map(|(address, domains)| {
            let mut domains: Vec<Saved> = domains.map(|(key, domain)| saved(*key, domain)).collect();
            domains.retain(|domain| !domain.templates.is_empty());
            domains.sort_by_key(|domain| (domain.protocol, domain.id));
            Exporter { address, domains }
        })
        .filter(|exporter| !exporter.domains.is_empty())
        .collect();
    exporters.sort_by_key(|exporter| exporter.address);
    let file = File { format: FORMAT.into(), version: VERSION, checksum: checksum(&exporters)?, exporters };
    Ok(serde_json::to_string(&file).map_err(|e| e.to_string())? + "\n")
}

fn saved((protocol, id): Key, domain: &Domain) -> Saved {
    let mut templates: Vec<Definition> = domain.templates().map(|(id, template)| definition(id, template)).collect();
    templates.sort_by_key(|template| template.id);
    Saved { protocol, id, booted: domain.booted, sampling: domain.sampling.rates(), templates }
}

fn definition(id: u16, template: &Template) -> Definition {
    let field = |field: &Field| {
        let mut numbers = vec![u32::from(field.id), u32::from(field.length)];
        numbers.extend(Some(field.enterprise).filter(|enterprise| *enterprise != 0));
        numbers
    };
    Definition { id, scopes: template.scopes, fields: template.fields.iter().map(field).collect() }
}

/// Takes what a file says into `all`; answers how many templates there were.
///
/// # Errors
/// That the file is damaged, or not one of this program or version.
pub(super) fn load(text: &str, keeps: bool, all: &mut Exporters) -> Result<u64, String> {
    let file: File = serde_json::from_str(text).map_err(|e| format!("it is damaged, or no file of templates: {e}"))?;
    if file.format != FORMAT || file.version != VERSION {
        return Err(format!(
            "it is {:?} of version {}, not {FORMAT:?} of version {VERSION}",
            file.format, file.version
        ));
    }
    if checksum(&file.exporters)? != file.checksum {
        return Err("it is damaged: its checksum is another".into());
    }
    let mut count = 0;
    for exporter in file.exporters {
        let (known, budget) = all.open(exporter.address);
        for domain in exporter.domains {
            let key = (domain.protocol, domain.id);
            let ways = if domain.protocol == 9 { sequence::V9 } else { sequence::IPFIX };
            if known.domain(key, ways, budget).is_none() {
                continue;
            }
            known.learn(key, budget, |known| {
                known.booted = domain.booted;
                known.sampling = Sampling::of_rates(domain.sampling);
            });
            let habit = Habit { out_is_reverse: domain.protocol == 9, keeps };
            for definition in domain.templates {
                let fields = definition.fields.iter().map(|numbers| field(numbers)).collect::<Option<Vec<_>>>();
                let fields = fields.ok_or("it is damaged: a field is none")?;
                let template = Template::compile(&fields, definition.scopes, habit)
                    .map_err(|refusal| format!("it is damaged: a template {}", refusal.reason()))?;
                known.define(key, definition.id, template, budget);
                count += 1;
            }
        }
        // It was heard of when they were saved.
        known.prove();
    }
    Ok(count)
}

fn field(numbers: &[u32]) -> Option<Field> {
    let (id, length) = (*numbers.first()?, *numbers.get(1)?);
    let enterprise = numbers.get(2).copied().unwrap_or(0);
    Some(Field { id: id.try_into().ok()?, length: length.try_into().ok()?, enterprise })
}
