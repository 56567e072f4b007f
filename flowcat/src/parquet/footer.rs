//! The footer of a file (FileMetaData in parquet.thrift of Apache Parquet format 2): its columns, and where each part of
//! them is.
//!
//! Why here: the reader of the `parquet` crate makes what the numbers in a footer ask for, and aborts where there is not
//! so much memory. Invariant: each part of a column that is used lies in the file, and has a value or none for each row of
//! its row group. Bound: a few times [`MOST_FOOTER`]; statistics are passed over.

use super::codec::Packing;
use super::limit::MOST_FOOTER;
use super::schema::{self, Column};
use super::seal::{SEAL, Seal};
use super::storage::Storage;
use super::thrift::{Compact, Fault, Kind};
use super::{JSON_COLUMNS, VERSION};

/// What stands at the beginning and, after the length of the footer, at the end.
const MAGIC: &[u8; 4] = b"PAR1";

const ENCRYPTED: &str = "it is encrypted";

/// How the name of a writer begins that is flowcat, and how the keys of flowcat begin, which a single bit can put there.
const OURS: &[u8] = b"flow";

/// Bytes after the footer: its length and [`MAGIC`].
const TAIL: u64 = 8;

/// What the footer says.
#[derive(Debug)]
pub(crate) struct Footer {
    pub(crate) columns: Vec<Column>,
    pub(crate) groups: Vec<Group>,
    /// What flowcat wrote for itself.
    keys: Vec<(String, String)>,
    /// Whether flowcat wrote the file: it says so, and does not say otherwise.
    is_own: bool,
}

/// Rows, with all their columns.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) rows: u64,
    /// By column.
    chunks: Vec<Chunk>,
}

/// One column of a row group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    /// Where in the file, and how many bytes.
    pub(super) start: u64,
    pub(super) length: u64,
    /// Values, those that are not there among them.
    pub(super) values: u64,
    /// `None` for one that is not known.
    packing: Option<Packing>,
}

impl Footer {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// There is none; what is wrong with it; a limit that it goes beyond.
    pub(crate) fn read(storage: &Storage) -> Result<Footer, String> {
        let room = storage.length().checked_sub(TAIL + MAGIC.len() as u64).ok_or("it is too short to be one")?;
        let end = storage.length() - TAIL;
        let tail = storage.read(end, TAIL as usize).map_err(|e| e.to_string())?;
        let (length, magic) = tail.split_at(4);
        match magic {
            b"PAR1" => {}
            b"PARE" => return Err(ENCRYPTED.into()),
            _ => return Err("PAR1 is not at its end".into()),
        }
        let length = u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]]));
        if length > room {
            return Err(format!("a footer of {length} bytes, where there are {room}"));
        }
        if length > MOST_FOOTER {
            return Err(format!("a footer of {length} bytes; at most {} MiB", MOST_FOOTER >> 20));
        }
        let bytes = storage.read(end - length, length as usize).map_err(|e| e.to_string())?;
        let footer = Footer::of(&bytes)?;
        let is_whole = footer.value(SEAL).is_some_and(|seal| seal == footer.seal());
        if footer.is_own && !is_whole { Err("its footer is not as flowcat wrote it".into()) } else { Ok(footer) }
    }

    fn of(bytes: &[u8]) -> Result<Footer, String> {
        let mut footer = Footer { columns: Vec::new(), groups: Vec::new(), keys: Vec::new(), is_own: false };
        let (mut rows, mut why) = (None, None);
        let read = Compact::new(bytes).fields(|compact, number, kind| {
            let read = match (number, kind) {
                (2, Kind::List) => schema::read(compact).map(|schema| {
                    (footer.columns, footer.is_own) = (schema.columns, schema.is_own);
                }),
                (3, Kind::I64) => compact.integer(kind).map(|number| rows = Some(number)).map_err(fault),
                (4, Kind::List) => each(compact, |compact| {
                    footer.groups.push(Group::read(compact, footer.columns.len())?);
                    Ok(())
                }),
                (5, Kind::List) => each(compact, |compact| {
                    footer.keys.extend(key(compact).map_err(fault)?);
                    Ok(())
                }),
                (6, Kind::Binary) => {
                    compact.binary().map(|writer| footer.is_own &= writer.starts_with(OURS)).map_err(fault)
                }
                (8, Kind::Struct) => Err(ENCRYPTED.into()),
                _ => return Ok(false),
            };
            read.map(|()| true).map_err(|text| {
                why = Some(text);
                Fault::Broken
            })
        });
        if let Err(e) = read {
            return Err(why.unwrap_or_else(|| fault(e)));
        }
        let sum = footer.groups.iter().try_fold(0u64, |sum, group| sum.checked_add(group.rows));
        if sum.is_none() || sum != rows.and_then(|rows| u64::try_from(rows).ok()) {
            return Err("the rows of its row groups are not as many as its footer says".into());
        }
        Ok(footer)
    }

    /// What flowcat wrote under a key.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// What the footer says, as [`Seal`] has it.
    fn seal(&self) -> String {
        let mut seal = Seal::default();
        for column in &self.columns {
            let levels = if column.is_list { u16::MAX } else { column.levels };
            seal.column(&column.path, column.physical as i32, levels, column.meaning);
        }
        for group in &self.groups {
            seal.number(group.rows);
            for chunk in &group.chunks {
                [chunk.start, chunk.length, chunk.values].into_iter().for_each(|number| seal.number(number));
            }
        }
        [VERSION, JSON_COLUMNS].iter().for_each(|key| seal.text(self.value(key).unwrap_or_default()));
        seal.value()
    }

    /// Where a column of a row group is, and how it is packed.
    ///
    /// # Errors
    /// It is not in the file; it has not a value, or none, for each row; its packing is not known.
    pub(super) fn chunk(&self, group: usize, column: usize, storage: &Storage) -> Result<(Chunk, Packing), String> {
        let group = self.groups.get(group).ok_or("no such row group")?;
        let chunk = group.chunks.get(column).ok_or("no such column")?;
        let end = chunk.start.checked_add(chunk.length).filter(|end| *end <= storage.length());
        if end.is_none() {
            return Err(format!("{} bytes at {}, where the file has {}", chunk.length, chunk.start, storage.length()));
        }
        if chunk.values != group.rows {
            return Err(format!("{} values, where its row group has {} rows", chunk.values, group.rows));
        }
        let packing = chunk.packing.ok_or("it is packed in a way that is not known")?;
        Ok((*chunk, packing))
    }
}

fn fault(_: Fault) -> String {
    "its footer is broken".into()
}

/// Has `take` read each structure of a list.
fn each<'b>(
    compact: &mut Compact<'b>,
    mut take: impl FnMut(&mut Compact<'b>) -> Result<(), String>,
) -> Result<(), String> {
    let (kind, count) = compact.list().map_err(fault)?;
    if count > 0 && kind != Kind::Struct {
        return Err(fault(Fault::Broken));
    }
    (0..count).try_for_each(|_| take(compact))
}

/// A key and its value, where they are flowcat's.
fn key(compact: &mut Compact<'_>) -> Result<Option<(String, String)>, Fault> {
    let mut texts = [&b""[..]; 2];
    compact.fields(|compact, number, kind| {
        let is_one = matches!((number, kind), (1 | 2, Kind::Binary));
        if is_one {
            texts[(number - 1) as usize] = compact.binary()?;
        }
        Ok(is_one)
    })?;
    let is_ours = [VERSION, JSON_COLUMNS, SEAL].iter().any(|key| key.as_bytes() == texts[0]);
    Ok(is_ours.then(|| texts.map(|text| String::from_utf8_lossy(text).into_owned()).into()))
}

impl Group {
    fn read(compact: &mut Compact<'_>, columns: usize) -> Result<Group, String> {
        let (mut rows, mut chunks, mut why) = (None, Vec::new(), None);
        let read = compact.fields(|compact, number, kind| {
            match (number, kind) {
                (1, Kind::List) => each(compact, |compact| {
                    if chunks.len() == columns {
                        return Err("a row group has more columns than the schema".into());
                    }
                    chunks.push(Chunk::read(compact)?);
                    Ok(())
                })
                .map_err(|text| {
                    why = Some(text);
                    Fault::Broken
                })?,
                (3, Kind::I64) => rows = u64::try_from(compact.integer(kind)?).ok(),
                _ => return Ok(false),
            }
            Ok(true)
        });
        match (read, rows, why) {
            (_, _, Some(why)) => Err(why),
            (Ok(()), Some(rows), None) if chunks.len() == columns => Ok(Group { rows, chunks }),
            (Ok(()), Some(_), None) => Err("a row group has fewer columns than the schema".into()),
            _ => Err(fault(Fault::Broken)),
        }
    }
}

/// Numbers of ColumnMetaData that are used: packing, values, packed length, places of the first data page and of the
/// dictionary.
const USED: [i16; 5] = [4, 5, 7, 9, 11];

impl Chunk {
    fn read(compact: &mut Compact<'_>) -> Result<Chunk, String> {
        let (mut numbers, mut is_elsewhere, mut is_encrypted) = ([None; 5], false, false);
        let read = compact.fields(|compact, number, kind| {
            match (number, kind) {
                (1, Kind::Binary) => is_elsewhere = !compact.binary()?.is_empty(),
                (3, Kind::Struct) => compact.fields(|compact, number, kind| {
                    let at =
                        USED.iter().position(|used| *used == number).filter(|_| matches!(kind, Kind::I32 | Kind::I64));
                    if let Some(at) = at {
                        numbers[at] = Some(compact.integer(kind)?);
                    }
                    Ok(at.is_some())
                })?,
                (8, Kind::Struct) | (9, Kind::Binary) => {
                    is_encrypted = true;
                    return Ok(false);
                }
                _ => return Ok(false),
            }
            Ok(true)
        });
        read.map_err(fault)?;
        if is_encrypted {
            return Err(ENCRYPTED.into());
        }
        if is_elsewhere {
            return Err("its columns are in other files".into());
        }
        let [Some(packing), Some(values), Some(length), Some(data), dictionary] = numbers else {
            return Err(fault(Fault::Broken));
        };
        // Some writers say 0 where there is none.
        let start = dictionary.filter(|at| (1..data).contains(at)).unwrap_or(data);
        let natural = |number: i64| u64::try_from(number).map_err(|_| fault(Fault::Broken));
        let (start, length, values) = (natural(start)?, natural(length)?, natural(values)?);
        Ok(Chunk { start, length, values, packing: Packing::of(packing) })
    }
}

#[cfg(test)]
mod tests;
