//! The columns of a file (SchemaElement in parquet.thrift of Apache Parquet format 2): names, types, and what their values
//! stand for.
//!
//! The footer has them as a tree in one list, each structure with the number of its children, which follow it. Invariant:
//! no number of children makes anything. Bound: [`MOST_ELEMENTS`], [`MOST_DEPTH`], [`MOST_NAMES`].

use super::limit::{MOST_COLUMNS, MOST_DEPTH, MOST_ELEMENTS, MOST_NAMES};
use super::meaning::{Logical, Meaning};
use super::thrift::{Compact, Fault, Kind};
use parquet::basic::Type as Physical;
use parquet::errors::Result;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type, TypePtr};

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its name after those of the structures that it is in, a point between each.
    pub(crate) path: String,
    /// Where its own name begins there.
    name: usize,
    pub(crate) physical: Physical,
    /// Bytes of each value, where all have as many.
    pub(super) length: Option<usize>,
    pub(crate) meaning: Meaning,
    /// The level of a value that is there: of how many structures and values it is said whether they are.
    pub(crate) levels: u16,
    /// Whether a row may have several values.
    pub(crate) is_list: bool,
}

/// What the footer says of a column or structure.
#[derive(Debug, Default)]
pub(super) struct Element<'b> {
    name: &'b [u8],
    pub(super) physical: Option<i64>,
    pub(super) length: i64,
    repetition: i64,
    children: i64,
    pub(super) converted: Option<i64>,
    pub(super) scale: i64,
    pub(super) logical: Option<Logical>,
}

const OPTIONAL: i64 = 1;
const REPEATED: i64 = 2;

impl<'b> Element<'b> {
    fn read(compact: &mut Compact<'b>) -> std::result::Result<Element<'b>, Fault> {
        let mut element = Element::default();
        compact.fields(|compact, number, kind| {
            match (number, kind) {
                (1, Kind::I32) => element.physical = Some(compact.integer(kind)?),
                (2, Kind::I32) => element.length = compact.integer(kind)?,
                (3, Kind::I32) => element.repetition = compact.integer(kind)?,
                (4, Kind::Binary) => element.name = compact.binary()?,
                (5, Kind::I32) => element.children = compact.integer(kind)?,
                (6, Kind::I32) => element.converted = Some(compact.integer(kind)?),
                (7, Kind::I32) => element.scale = compact.integer(kind)?,
                (10, Kind::Struct) => element.logical = Logical::read(compact)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(element)
    }

    pub(super) fn type_of(&self) -> Option<Physical> {
        Some(match self.physical? {
            0 => Physical::BOOLEAN,
            1 => Physical::INT32,
            2 => Physical::INT64,
            3 => Physical::INT96,
            4 => Physical::FLOAT,
            5 => Physical::DOUBLE,
            6 => Physical::BYTE_ARRAY,
            7 => Physical::FIXED_LEN_BYTE_ARRAY,
            _ => return None,
        })
    }
}

/// A structure whose children follow.
struct Open {
    children: usize,
    /// Bytes of the names up to its children's.
    name: usize,
    levels: u16,
    is_list: bool,
}

/// The columns of a file.
pub(super) struct Schema {
    pub(super) columns: Vec<Column>,
    /// Whether the structure that they are in has this name, which no other program gives it.
    pub(super) is_own: bool,
}

/// The name of the structure that is a row.
pub(super) const ROW: &str = "flowcat";

/// Reads the list of all columns and structures.
///
/// # Errors
/// It is none; it goes beyond a limit.
pub(super) fn read(compact: &mut Compact<'_>) -> std::result::Result<Schema, String> {
    let fault = |_| "the schema in its footer is broken".to_owned();
    let (kind, count) = compact.list().map_err(fault)?;
    if kind != Kind::Struct || count > MOST_ELEMENTS {
        return Err(format!("a schema of {count} elements; at most {MOST_ELEMENTS}"));
    }
    let (mut columns, mut open, mut path) = (Vec::new(), Vec::<Open>::new(), String::new());
    let (mut names, mut is_own) = (0, false);
    for number in 0..count {
        let element = Element::read(compact).map_err(fault)?;
        let children = usize::try_from(element.children).map_err(|_| fault(Fault::Broken))?;
        if number == 0 {
            // The row itself, whose name is not part of any other.
            is_own = element.name == ROW.as_bytes();
            open.push(Open { children, name: 0, levels: 0, is_list: false });
            continue;
        }
        let Some(parent) = open.last_mut() else { return Err(fault(Fault::Broken)) };
        parent.children = parent.children.checked_sub(1).ok_or_else(|| fault(Fault::Broken))?;
        let levels = parent.levels + u16::from(matches!(element.repetition, OPTIONAL | REPEATED));
        let is_list = parent.is_list || element.repetition == REPEATED;
        path.truncate(parent.name);
        let name = path.len();
        path.push_str(std::str::from_utf8(element.name).map_err(|_| "a name of a column that is no UTF-8")?);
        match element.type_of() {
            Some(physical) => {
                names += path.len();
                if columns.len() == MOST_COLUMNS || names > MOST_NAMES {
                    return Err(format!(
                        "more columns than {MOST_COLUMNS}, or names of more than {} MiB",
                        MOST_NAMES >> 20
                    ));
                }
                columns.push(Column::new(path.clone(), name, physical, &element, levels, is_list));
            }
            None if element.physical.is_some() => return Err(fault(Fault::Broken)),
            None => {
                if open.len() == MOST_DEPTH {
                    return Err(format!("a schema of structures in each other; at most {MOST_DEPTH}"));
                }
                path.push('.');
                open.push(Open { children, name: path.len(), levels, is_list });
            }
        }
        while open.last().is_some_and(|open| open.children == 0) {
            open.pop();
        }
    }
    if open.iter().any(|open| open.children > 0) { Err(fault(Fault::Broken)) } else { Ok(Schema { columns, is_own }) }
}

impl Column {
    fn new(path: String, name: usize, physical: Physical, element: &Element<'_>, levels: u16, is_list: bool) -> Column {
        let length = (physical == Physical::FIXED_LEN_BYTE_ARRAY).then(|| usize::try_from(element.length).unwrap_or(0));
        Column { path, name, physical, length, meaning: Meaning::of(element), levels, is_list }
    }

    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        &self.path[self.name..]
    }

    /// Whether it is no part of a structure.
    pub(crate) fn is_outermost(&self) -> bool {
        self.name == 0
    }

    /// Bytes that a value has at least in a dictionary; 0 for truths, which have none.
    pub(super) fn width(&self) -> usize {
        match self.physical {
            Physical::BOOLEAN => 0,
            Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
            Physical::INT64 | Physical::DOUBLE => 8,
            Physical::INT96 => 12,
            Physical::FIXED_LEN_BYTE_ARRAY => self.length.unwrap_or(0),
        }
    }

    /// The column as the reader of Parquet wants it.
    ///
    /// # Errors
    /// The reader's.
    pub(super) fn described(&self) -> Result<ColumnDescPtr> {
        let length = self.length.and_then(|length| i32::try_from(length).ok()).unwrap_or(-1);
        let kind = Type::primitive_type_builder(self.name(), self.physical).with_length(length).build()?;
        let levels = i16::try_from(self.levels).unwrap_or(i16::MAX);
        let column = ColumnDescriptor::new(TypePtr::new(kind), levels, 0, ColumnPath::new(Vec::new()));
        Ok(ColumnDescPtr::new(column))
    }
}
