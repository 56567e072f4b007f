//! What the values of a column stand for (LogicalTypes.md of Apache Parquet format 2), by the schema.

use super::schema::Element;
use super::thrift::{Compact, Fault, Kind};
use parquet::basic::Type as Physical;

/// Bytes of a decimal at most: 76 digits.
const MOST_DECIMAL: i64 = 32;

/// What the values of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// What they are.
    Plain,
    /// A point in time, in parts of a second of so many decimals; of UTC, or of a clock.
    Time { decimals: u8, is_utc: bool },
    /// Days since 1970-01-01.
    Date,
    /// Parts of a second since midnight.
    Clock { decimals: u8 },
    /// A whole number without a sign.
    Unsigned,
    /// A number in parts of ten to the power of so many; in bytes the highest is first, in two's complement.
    Decimal(u8),
    /// A floating point number of two bytes.
    Half,
    /// Four or sixteen bytes, which are an address where one is meant.
    Address,
    /// Nothing that has a text here.
    Other,
}

/// What the newer of the two ways to say it can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    /// Text, a word of a list of words, JSON, and what has no values.
    Text,
    Decimal(i64),
    Date,
    Clock(u8),
    Time(u8, bool),
    Integer {
        is_signed: bool,
    },
    Half,
    Other,
}

impl Logical {
    /// Reads the union LogicalType.
    pub(super) fn read(compact: &mut Compact<'_>) -> Result<Option<Logical>, Fault> {
        let mut logical = None;
        compact.fields(|compact, number, kind| {
            if kind != Kind::Struct {
                return Ok(false);
            }
            let (mut scale, mut decimals, mut truths) = (0, None, [false; 2]);
            compact.fields(|compact, field, kind| {
                match (field, kind) {
                    (1, Kind::I32) => scale = compact.integer(kind)?,
                    (1 | 2, Kind::True | Kind::False) => truths[(field - 1) as usize] = kind == Kind::True,
                    (2, Kind::Struct) => {
                        compact.fields(|_, unit, _| {
                            decimals = [3, 6, 9].get((unit.max(1) - 1) as usize).copied();
                            Ok(false)
                        })?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            let [first, second] = truths;
            logical = Some(match (number, decimals) {
                (1 | 4 | 11 | 12, _) => Logical::Text,
                (5, _) => Logical::Decimal(scale),
                (6, _) => Logical::Date,
                (7, Some(decimals)) => Logical::Clock(decimals),
                (8, Some(decimals)) => Logical::Time(decimals, first),
                (10, _) => Logical::Integer { is_signed: second },
                (15, _) => Logical::Half,
                _ => Logical::Other,
            });
            Ok(true)
        })?;
        Ok(logical)
    }

    /// The same of the older way, a number.
    fn converted(element: &Element<'_>) -> Option<Logical> {
        Some(match element.converted? {
            0 | 4 | 19 => Logical::Text,
            5 => Logical::Decimal(element.scale),
            6 => Logical::Date,
            7 => Logical::Clock(3),
            8 => Logical::Clock(6),
            9 => Logical::Time(3, true),
            10 => Logical::Time(6, true),
            11..=14 => Logical::Integer { is_signed: false },
            15..=18 => Logical::Integer { is_signed: true },
            _ => Logical::Other,
        })
    }
}

impl Meaning {
    /// What the schema says of a column; a type that its values cannot have is none.
    pub(super) fn of(element: &Element<'_>) -> Meaning {
        let Some(physical) = element.type_of() else { return Meaning::Other };
        let logical = element.logical.or_else(|| Logical::converted(element));
        let is_fixed = physical == Physical::FIXED_LEN_BYTE_ARRAY;
        match (physical, logical) {
            (Physical::INT96, _) => Meaning::Time { decimals: 9, is_utc: true },
            (Physical::INT64, Some(Logical::Time(decimals, is_utc))) => Meaning::Time { decimals, is_utc },
            (Physical::INT32 | Physical::INT64, Some(Logical::Clock(decimals))) => Meaning::Clock { decimals },
            (Physical::INT32, Some(Logical::Date)) => Meaning::Date,
            (Physical::INT32 | Physical::INT64, Some(Logical::Integer { is_signed: false })) => Meaning::Unsigned,
            (Physical::INT32 | Physical::INT64, Some(Logical::Integer { .. })) => Meaning::Plain,
            (Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY, Some(Logical::Decimal(scale))) => decimal(scale),
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(Logical::Decimal(scale)))
                if (1..=MOST_DECIMAL).contains(&element.length) =>
            {
                decimal(scale)
            }
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(Logical::Half)) if element.length == 2 => Meaning::Half,
            (Physical::FIXED_LEN_BYTE_ARRAY, None) if matches!(element.length, 4 | 16) => Meaning::Address,
            (_, None | Some(Logical::Text)) if !is_fixed => Meaning::Plain,
            _ => Meaning::Other,
        }
    }
}

fn decimal(scale: i64) -> Meaning {
    u8::try_from(scale).ok().filter(|scale| *scale <= 76).map_or(Meaning::Other, Meaning::Decimal)
}
