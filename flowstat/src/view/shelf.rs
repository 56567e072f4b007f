//! States by key, of which those that memory does not hold wait in files: sorted runs, merged when they are read.
//!
//! A run is written in the order of keys, each with its state as JSON, the canonical form of states. Invariant: what is read
//! is what one table would hold, each key once, ascending. Every write and read is checked. The files have no name, so that
//! nothing is left behind. Bound: [`FAN`] runs, and while they are read a buffer and a state of each.

use super::groups::Groups;
use flow_record::record::key::{Key, Part, Real};
use flow_record::value::{Address, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::hash::Hash;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs that are merged at once; of more, all are made one first.
const FAN: usize = 64;

/// Bytes that are read or written at once.
const BUFFER: usize = 64 * 1024;

/// A key that can be written to a run and read back.
pub(crate) trait Filed: Ord + Eq + Hash + Clone {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads what `write` appended.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Filed for Address {
    fn write(&self, out: &mut Vec<u8>) {
        match self.0 {
            IpAddr::V4(a) => out.extend_from_slice(&a.octets()),
            IpAddr::V6(a) => out.extend_from_slice(&a.octets()),
        }
    }

    fn read(bytes: &[u8]) -> Option<Address> {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(Address(IpAddr::from(four)));
        }
        Some(Address(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)))
    }
}

impl Filed for Key {
    fn write(&self, out: &mut Vec<u8>) {
        for part in self.parts() {
            let start = out.len();
            out.extend_from_slice(&[0; 5]);
            let tag = write_part(part, out);
            let length = (out.len() - start - 5) as u32;
            out[start..start + 4].copy_from_slice(&length.to_le_bytes());
            out[start + 4] = tag;
        }
    }

    fn read(mut bytes: &[u8]) -> Option<Key> {
        let mut parts = Vec::new();
        while let Some((length, rest)) = bytes.split_at_checked(4) {
            let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
            let (tag, rest) = rest.split_first()?;
            let (value, rest) = rest.split_at_checked(length)?;
            parts.push(read_part(*tag, value)?);
            bytes = rest;
        }
        bytes.is_empty().then(|| Key::from(parts))
    }
}

/// Appends the value of a part; answers which kind it is.
fn write_part(part: &Part, out: &mut Vec<u8>) -> u8 {
    match part {
        Part::Address(address) => {
            Filed::write(address, out);
            b'a'
        }
        Part::Network(address, length) => {
            Filed::write(address, out);
            out.push(*length);
            b'n'
        }
        Part::Integer(value) => {
            out.extend_from_slice(&value.to_le_bytes());
            b'i'
        }
        Part::Seconds(value) => {
            out.extend_from_slice(&value.to_le_bytes());
            b's'
        }
        Part::Number(value) => {
            out.extend_from_slice(&value.0.to_bits().to_le_bytes());
            b'f'
        }
        Part::Time(time) => {
            out.extend_from_slice(&time.nanos().to_le_bytes());
            b't'
        }
        Part::Text(text) => {
            out.extend_from_slice(text.as_str().as_bytes());
            b'x'
        }
        Part::Truth(value) => {
            out.push(u8::from(*value));
            b'b'
        }
        Part::Json(text) => {
            out.extend_from_slice(text.as_bytes());
            b'j'
        }
    }
}

fn read_part(tag: u8, value: &[u8]) -> Option<Part> {
    let eight = || <[u8; 8]>::try_from(value).ok();
    let text = || std::str::from_utf8(value).ok();
    Some(match tag {
        b'a' => Part::Address(Address::read(value)?),
        b'n' => {
            let (length, address) = value.split_last()?;
            Part::Network(Address::read(address)?, *length)
        }
        b'i' => Part::Integer(u64::from_le_bytes(eight()?)),
        b's' => Part::Seconds(u64::from_le_bytes(eight()?)),
        b'f' => Part::Number(Real(f64::from_bits(u64::from_le_bytes(eight()?)))),
        b't' => Part::Time(Time(i64::from_le_bytes(eight()?))),
        b'x' => Part::Text(text()?.into()),
        b'b' => Part::Truth(*value.first()? == 1),
        b'j' => Part::Json(text()?.into()),
        _ => return None,
    })
}

/// Runs in files.
#[derive(Debug)]
pub(crate) struct Runs<K, V> {
    folder: PathBuf,
    runs: Vec<Run>,
    of: PhantomData<fn() -> (K, V)>,
}

/// One run; the file is shared by copies of a state, which only read.
#[derive(Clone, Debug)]
struct Run {
    file: Arc<File>,
}

impl<K, V> Clone for Runs<K, V> {
    fn clone(&self) -> Self {
        Runs { folder: self.folder.clone(), runs: self.runs.clone(), of: PhantomData }
    }
}

impl<K, V> Default for Runs<K, V> {
    fn default() -> Self {
        Runs { folder: PathBuf::new(), runs: Vec::new(), of: PhantomData }
    }
}

impl<K: Filed, V: Serialize + DeserializeOwned> Runs<K, V> {
    /// Whether nothing is in files.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn told(&self, error: &io::Error) -> String {
        format!("--spill {}: {}", self.folder.display(), flow_record::input::cause(error))
    }

    /// Writes a run of keys, which ascend.
    ///
    /// # Errors
    /// What could not be written, with the folder.
    pub(crate) fn add<'v>(
        &mut self,
        folder: &Path,
        sorted: impl Iterator<Item = (&'v K, V)>,
        join: impl Fn(&mut V, V),
    ) -> Result<(), String>
    where
        K: 'v,
    {
        self.folder = folder.to_owned();
        let run = write(&self.folder, sorted).map_err(|e| self.told(&e))?;
        self.runs.push(run);
        if self.runs.len() >= FAN {
            self.unite(join)?;
        }
        Ok(())
    }

    /// Makes all runs one.
    fn unite(&mut self, join: impl Fn(&mut V, V)) -> Result<(), String> {
        let mut writer = Writer::new(&self.folder).map_err(|e| self.told(&e))?;
        let mut failed = None;
        self.each(join, |key, value| {
            if failed.is_none() {
                failed = writer.add(&key, &value).err();
            }
        })?;
        let run = failed.map_or_else(|| writer.end(), Err).map_err(|e| self.told(&e))?;
        self.runs = vec![run];
        Ok(())
    }

    /// Adds the runs of another.
    pub(crate) fn merge(&mut self, other: Runs<K, V>) {
        if !other.is_empty() {
            self.folder = other.folder;
        }
        self.runs.extend(other.runs);
    }

    /// Hands over each key once, ascending, with all that the runs have of it.
    ///
    /// # Errors
    /// What could not be read.
    pub(crate) fn each(&self, join: impl Fn(&mut V, V), mut take: impl FnMut(K, V)) -> Result<(), String> {
        let told = |e: io::Error| self.told(&e);
        let mut readers: Vec<Reader> = self.runs.iter().map(Reader::new).collect();
        let mut heads: BinaryHeap<Reverse<(K, usize)>> = BinaryHeap::new();
        let mut values: Vec<Option<V>> = Vec::new();
        for (number, reader) in readers.iter_mut().enumerate() {
            let head = reader.next::<K, V>().map_err(told)?;
            values.push(None);
            if let Some((key, value)) = head {
                values[number] = Some(value);
                heads.push(Reverse((key, number)));
            }
        }
        let mut open: Option<(K, V)> = None;
        while let Some(Reverse((key, number))) = heads.pop() {
            let value = values[number].take();
            if let Some((next, value)) = readers[number].next::<K, V>().map_err(told)? {
                values[number] = Some(value);
                heads.push(Reverse((next, number)));
            }
            let Some(value) = value else { continue };
            match &mut open {
                Some((met, all)) if *met == key => join(all, value),
                _ => {
                    if let Some((key, value)) = open.replace((key, value)) {
                        take(key, value);
                    }
                }
            }
        }
        open.into_iter().for_each(|(key, value)| take(key, value));
        Ok(())
    }
}

/// Writes a run.
fn write<'v, K: Filed + 'v, V: Serialize>(folder: &Path, sorted: impl Iterator<Item = (&'v K, V)>) -> io::Result<Run> {
    let mut writer = Writer::new(folder)?;
    for (key, value) in sorted {
        writer.add(key, &value)?;
    }
    writer.end()
}

/// A run while it is written.
struct Writer {
    out: BufWriter<File>,
    record: Vec<u8>,
}

impl Writer {
    fn new(folder: &Path) -> io::Result<Writer> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Writer { out: BufWriter::with_capacity(BUFFER, file), record: Vec::new() })
    }

    fn add<K: Filed, V: Serialize>(&mut self, key: &K, value: &V) -> io::Result<()> {
        self.record.clear();
        key.write(&mut self.record);
        let length = self.record.len() as u32;
        serde_json::to_writer(&mut self.record, value)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&(self.record.len() as u32 - length).to_le_bytes())?;
        self.out.write_all(&self.record)
    }

    fn end(self) -> io::Result<Run> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Run { file: Arc::new(file) })
    }
}

/// A run while it is read.
struct Reader {
    input: BufReader<At>,
    record: Vec<u8>,
}

/// A place in a file that others read, too.
struct At {
    file: Arc<File>,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Reader {
    fn new(run: &Run) -> Reader {
        let input = BufReader::with_capacity(BUFFER, At { file: Arc::clone(&run.file), at: 0 });
        Reader { input, record: Vec::new() }
    }

    fn next<K: Filed, V: DeserializeOwned>(&mut self) -> io::Result<Option<(K, V)>> {
        let mut head = [0; 8];
        if self.input.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        self.input.read_exact(&mut head[1..])?;
        let length = |at: usize| head[at..at + 4].iter().rev().fold(0usize, |n, b| n << 8 | usize::from(*b));
        let (key, value) = (length(0), length(4));
        // As long as what this program wrote: no input declares it.
        self.record.resize(key + value, 0);
        self.input.read_exact(&mut self.record)?;
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "what was written is not what is read");
        let made = K::read(&self.record[..key]).ok_or_else(bad)?;
        Ok(Some((made, serde_json::from_slice(&self.record[key..])?)))
    }
}

/// States by key: those in memory, and runs of those that were moved to files.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<K, V> {
    /// In memory.
    pub(crate) live: Groups<K, V>,
    runs: Runs<K, V>,
}

impl<K: Filed, V: Serialize + DeserializeOwned + Clone> Shelf<K, V> {
    /// No keys.
    pub(crate) fn new() -> Shelf<K, V> {
        Shelf { live: Groups::new(), runs: Runs::default() }
    }

    /// Whether there are no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.runs.is_empty()
    }

    /// Moves what is in memory to a file.
    ///
    /// # Errors
    /// What could not be written.
    pub(crate) fn spill(&mut self, folder: &Path, join: impl Fn(&mut V, V)) -> Result<(), String> {
        if self.live.is_empty() {
            return Ok(());
        }
        let sorted = self.live.sorted();
        self.runs.add(folder, sorted.into_iter().map(|(key, value)| (key, value.clone())), join)?;
        self.live = Groups::new();
        Ok(())
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, other: Shelf<K, V>, join: impl FnMut(&mut V, V)) {
        self.live.merge(other.live, join);
        self.runs.merge(other.runs);
    }

    /// Moves the rest to a file where some is in one already, so that all can be read from there.
    ///
    /// # Errors
    /// What could not be written.
    pub(crate) fn settle(&mut self, join: impl Fn(&mut V, V)) -> Result<(), String> {
        match self.runs.is_empty() {
            true => Ok(()),
            false => self.spill(&self.runs.folder.clone(), join),
        }
    }

    /// Hands over each key with its state, ascending; after [`Shelf::settle`].
    ///
    /// # Errors
    /// What could not be read.
    pub(crate) fn each(&self, join: impl Fn(&mut V, V), mut take: impl FnMut(&K, &V)) -> Result<(), String> {
        if !self.runs.is_empty() {
            return self.runs.each(join, |key, value| take(&key, &value));
        }
        self.live.sorted().into_iter().for_each(|(key, value)| take(key, value));
        Ok(())
    }

    /// Hands over the `n` keys of the largest measure, largest first, of equals the lower key; after [`Shelf::settle`].
    ///
    /// # Errors
    /// What could not be read.
    pub(crate) fn top<M: Ord>(
        &self,
        n: usize,
        measure: impl Fn(&V) -> M,
        join: impl Fn(&mut V, V),
        mut take: impl FnMut(&K, &V),
    ) -> Result<(), String> {
        if self.runs.is_empty() {
            self.live.top(n, measure).into_iter().for_each(|(key, value)| take(key, value));
            return Ok(());
        }
        let mut best: Vec<(Reverse<M>, K, V)> = Vec::new();
        let cut = |best: &mut Vec<(Reverse<M>, K, V)>| {
            best.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
            best.truncate(n);
        };
        self.runs.each(join, |key, value| {
            best.push((Reverse(measure(&value)), key, value));
            if best.len() > 2 * n + BUFFER {
                cut(&mut best);
            }
        })?;
        cut(&mut best);
        best.iter().for_each(|(_, key, value)| take(key, value));
        Ok(())
    }
}

impl<K: Filed, V: Serialize + DeserializeOwned + Clone> Shelf<K, V> {
    /// The keys of the largest measure if so many were asked for, else all in their order; after [`Shelf::settle`].
    ///
    /// # Errors
    /// What could not be read.
    pub(crate) fn ranked<M: Ord>(
        &self,
        top: Option<usize>,
        measure: impl Fn(&V) -> M,
        join: impl Fn(&mut V, V),
        take: impl FnMut(&K, &V),
    ) -> Result<(), String> {
        match top {
            Some(n) => self.top(n, measure, join, take),
            None => self.each(join, take),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            any::<u32>().prop_map(|a| Part::Address(Address(IpAddr::from(a.to_be_bytes())))),
            any::<u128>().prop_map(|a| Part::network(Address(IpAddr::from(a.to_be_bytes())), 24, 64)),
            (0u64..1 << 53).prop_map(Part::Integer),
            any::<u64>().prop_map(Part::Seconds),
            any::<f64>().prop_map(|v| Part::Number(Real(v))),
            any::<i64>().prop_map(|v| Part::Time(Time(v))),
            ".{0,40}".prop_map(|t| Part::Text(t.as_str().into())),
            any::<bool>().prop_map(Part::Truth),
            Just(Part::Json("[1,2]".into())),
        ]
    }

    proptest! {
        #[test]
        fn keys_read_back(parts in prop::collection::vec(part(), 1..5)) {
            let key = Key::from(parts);
            let mut bytes = Vec::new();
            key.write(&mut bytes);
            prop_assert_eq!(Key::read(&bytes), Some(key));
        }

        #[test]
        fn what_was_in_files_is_what_one_table_holds(flows in prop::collection::vec((0u32..300, 1u64..9, 0u8..12), 1..2000)) {
            let folder = tempfile::tempdir().unwrap();
            let join = |a: &mut u64, b: u64| *a += b;
            let (mut table, mut shelf, mut other) = (Groups::new(), Shelf::new(), Shelf::new());
            for (i, (host, value, spills)) in flows.iter().enumerate() {
                let key = Address(IpAddr::from(host.to_be_bytes()));
                *table.entry(key, || 0) += value;
                let shelf = if i % 3 == 0 { &mut other } else { &mut shelf };
                *shelf.live.entry(key, || 0) += value;
                if *spills == 0 {
                    shelf.spill(folder.path(), join).unwrap();
                }
            }
            shelf.merge(other, join);
            shelf.settle(join).unwrap();
            let (mut found, mut largest) = (Vec::new(), Vec::new());
            shelf.each(join, |key, value| found.push((*key, *value))).unwrap();
            let expected: Vec<(Address, u64)> = table.sorted().into_iter().map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(found, expected);
            shelf.top(7, |v| *v, join, |key, value| largest.push((*key, *value))).unwrap();
            let expected: Vec<(Address, u64)> = table.top(7, |v| *v).into_iter().map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(largest, expected);
            // The files have no names.
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_folder_that_is_none_is_named() {
        let mut shelf: Shelf<Address, u64> = Shelf::new();
        shelf.live.entry(Address(IpAddr::from([1, 2, 3, 4])), || 1);
        let told = shelf.spill(Path::new("/nowhere"), |a, b| *a += b).unwrap_err();
        assert!(told.starts_with("--spill /nowhere: "), "{told}");
    }
}
