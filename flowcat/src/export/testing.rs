//! Makes datagrams, and takes what they hold, for tests.

use super::{Damage, Take};
use flow_record::record::Flow;
use flow_record::record::Writer;
use flow_record::record::field::FieldId;
use std::collections::BTreeMap;

/// All that was taken.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) lines: Vec<String>,
    pub(crate) unused: BTreeMap<&'static str, u64>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) lost: Vec<(FieldId, u64)>,
    pub(crate) warnings: Vec<String>,
}

impl Take for Taken {
    fn flow(&mut self, flow: &Flow, extras: &[u8]) {
        let mut line = Vec::new();
        Writer::new().members(flow, &mut line);
        line.extend_from_slice(extras);
        line.push(b'}');
        self.lines.push(String::from_utf8_lossy(&line).into_owned());
    }

    fn unused(&mut self, why: &'static str, count: u64) {
        *self.unused.entry(why).or_default() += count;
    }

    fn damage(&mut self, damage: &Damage, _rest: &[u8]) {
        self.damage.push(damage.clone());
    }

    fn lost(&mut self, field: FieldId, value: u64) {
        self.lost.push((field, value));
    }

    fn warn(&mut self, _kind: &'static str, text: &str) {
        self.warnings.push(text.to_owned());
    }
}

/// When datagrams are exported: 2023-11-14T22:13:20Z.
const EXPORTED: u32 = 1_700_000_000;

/// A datagram of version 5 or 7 with so many flows, by the length of one.
pub(crate) fn v5(count: u16, length: usize) -> Vec<u8> {
    let version = if length == 48 { 5 } else { 7 };
    let header = [[0, version], count.to_be_bytes()].concat();
    let uptime = [100_000u32, EXPORTED, 0, 0, 0].map(u32::to_be_bytes).concat();
    let record = |number: u16| {
        let mut record = vec![0; length];
        record[3] = number as u8 + 1;
        (record[19], record[23], record[38]) = (1, 60, 17);
        record[24..28].copy_from_slice(&90_000u32.to_be_bytes());
        record[28..32].copy_from_slice(&91_000u32.to_be_bytes());
        record
    };
    [header, uptime, (0..count).flat_map(record).collect()].concat()
}

/// A datagram of version 9 with these sets.
pub(crate) fn v9(source: u32, number: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let header = [100_000, EXPORTED, number, source].map(u32::to_be_bytes).concat();
    [vec![0, 9, 0, sets.len() as u8], header, sets.concat()].concat()
}

/// A message of IPFIX with these sets.
pub(crate) fn ipfix(domain: u32, number: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let sets = sets.concat();
    let header = [EXPORTED, number, domain].map(u32::to_be_bytes).concat();
    [vec![0, 10], (16 + sets.len() as u16).to_be_bytes().to_vec(), header, sets].concat()
}

/// A set.
pub(crate) fn set(id: u16, bytes: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &(4 + bytes.len() as u16).to_be_bytes(), bytes].concat()
}

/// A set with one template, of elements and lengths, for version 9 or 10.
pub(crate) fn template(id: u16, fields: &[(u16, u16)], version: u8) -> Vec<u8> {
    set(if version == 9 { 0 } else { 2 }, &definition(&[id, fields.len() as u16], fields))
}

/// A set with one options template of IPFIX.
pub(crate) fn options(id: u16, scopes: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    set(3, &definition(&[id, fields.len() as u16, scopes], fields))
}

fn definition(header: &[u16], fields: &[(u16, u16)]) -> Vec<u8> {
    let fields = fields.iter().flat_map(|(id, length)| [*id, *length]);
    header.iter().copied().chain(fields).flat_map(u16::to_be_bytes).collect()
}
