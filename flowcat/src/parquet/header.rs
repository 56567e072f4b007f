//! The header of a page (PageHeader in parquet.thrift of Apache Parquet format 2), read and written.

use super::thrift::{Compact, Fault, Kind, Put};

/// What stands before a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the page as it is used.
    pub(super) unpacked: i32,
    /// Bytes that follow in the file.
    pub(super) packed: i32,
    /// CRC-32 of these.
    pub(super) sum: Option<u32>,
    pub(super) body: Body,
}

/// What kind of page it is. Encodings are numbers of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Data {
        values: i32,
        encoding: i32,
        definition: i32,
        repetition: i32,
    },
    Second(Second),
    Dictionary {
        values: i32,
        encoding: i32,
        is_sorted: bool,
    },
    /// An index, which has no values.
    Index,
}

/// A data page of version 2: its levels come first and are not packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Second {
    pub(super) values: i32,
    pub(super) nulls: i32,
    pub(super) rows: i32,
    pub(super) encoding: i32,
    /// Bytes of the levels.
    pub(super) definition: i32,
    pub(super) repetition: i32,
    pub(super) is_packed: bool,
}

const DATA: i32 = 0;
const INDEX: i32 = 1;
const DICTIONARY: i32 = 2;
const SECOND: i32 = 3;

/// Fields of a structure that are whole numbers, by number from 1, and truths.
struct Numbers<const N: usize> {
    integers: [Option<i32>; N],
    truths: [Option<bool>; N],
}

impl<const N: usize> Numbers<N> {
    fn read(compact: &mut Compact<'_>) -> Result<Numbers<N>, Fault> {
        let mut numbers = Numbers { integers: [None; N], truths: [None; N] };
        compact.fields(|compact, number, kind| {
            let Some(at) = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)).filter(|at| *at < N) else {
                return Ok(false);
            };
            match kind {
                Kind::I32 => {
                    numbers.integers[at] = Some(i32::try_from(compact.integer(kind)?).map_err(|_| Fault::Broken)?);
                }
                Kind::True | Kind::False => numbers.truths[at] = Some(kind == Kind::True),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(numbers)
    }

    /// The number that must be there.
    fn integer(&self, number: usize) -> Result<i32, Fault> {
        self.integers.get(number - 1).copied().flatten().ok_or(Fault::Broken)
    }

    fn truth(&self, number: usize) -> Option<bool> {
        self.truths.get(number - 1).copied().flatten()
    }
}

impl Header {
    /// Reads the header at the start of `bytes`; answers its length, too.
    ///
    /// # Errors
    /// It is longer than that, or none.
    pub(super) fn read(bytes: &[u8]) -> Result<(Header, usize), Fault> {
        let mut compact = Compact::new(bytes);
        let mut own = [None; 4];
        let mut bodies = [None; 4];
        compact.fields(|compact, number, kind| {
            match (number, kind) {
                (1..=4, Kind::I32) => {
                    let value = i32::try_from(compact.integer(kind)?).map_err(|_| Fault::Broken)?;
                    own[(number - 1) as usize] = Some(value);
                }
                (5, Kind::Struct) => bodies[DATA as usize] = Some(Body::data(compact)?),
                (7, Kind::Struct) => bodies[DICTIONARY as usize] = Some(Body::dictionary(compact)?),
                (8, Kind::Struct) => bodies[SECOND as usize] = Some(Body::second(compact)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let [Some(kind), Some(unpacked), Some(packed), sum] = own else { return Err(Fault::Broken) };
        let body = match kind {
            INDEX => Body::Index,
            kind => usize::try_from(kind).ok().and_then(|kind| *bodies.get(kind)?).ok_or(Fault::Broken)?,
        };
        Ok((Header { unpacked, packed, sum: sum.map(i32::cast_unsigned), body }, compact.at()))
    }

    /// The header as bytes.
    pub(super) fn written(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.begin(None);
        let kind = match self.body {
            Body::Data { .. } => DATA,
            Body::Index => INDEX,
            Body::Dictionary { .. } => DICTIONARY,
            Body::Second(_) => SECOND,
        };
        for (number, value) in [(1, kind), (2, self.unpacked), (3, self.packed)] {
            put.i32(number, value);
        }
        if let Some(sum) = self.sum {
            put.i32(4, sum.cast_signed());
        }
        self.body.put(&mut put);
        put.end();
        put.bytes
    }
}

impl Body {
    fn data(compact: &mut Compact<'_>) -> Result<Body, Fault> {
        let n = Numbers::<4>::read(compact)?;
        let (values, encoding) = (n.integer(1)?, n.integer(2)?);
        Ok(Body::Data { values, encoding, definition: n.integer(3)?, repetition: n.integer(4)? })
    }

    fn dictionary(compact: &mut Compact<'_>) -> Result<Body, Fault> {
        let n = Numbers::<3>::read(compact)?;
        let is_sorted = n.truth(3).unwrap_or(false);
        Ok(Body::Dictionary { values: n.integer(1)?, encoding: n.integer(2)?, is_sorted })
    }

    fn second(compact: &mut Compact<'_>) -> Result<Body, Fault> {
        let n = Numbers::<7>::read(compact)?;
        Ok(Body::Second(Second {
            values: n.integer(1)?,
            nulls: n.integer(2)?,
            rows: n.integer(3)?,
            encoding: n.integer(4)?,
            definition: n.integer(5)?,
            repetition: n.integer(6)?,
            is_packed: n.truth(7).unwrap_or(true),
        }))
    }

    fn put(&self, put: &mut Put) {
        let mut structure = |number: u8, values: &[i32], truth: Option<bool>| {
            put.begin(Some(number));
            for (number, value) in (1..).zip(values) {
                put.i32(number, *value);
            }
            if let Some(truth) = truth {
                put.truth(values.len() as u8 + 1, truth);
            }
            put.end();
        };
        match *self {
            Body::Data { values, encoding, definition, repetition } => {
                structure(5, &[values, encoding, definition, repetition], None);
            }
            Body::Dictionary { values, encoding, is_sorted } => structure(7, &[values, encoding], Some(is_sorted)),
            Body::Second(s) => {
                let numbers = [s.values, s.nulls, s.rows, s.encoding, s.definition, s.repetition];
                structure(8, &numbers, Some(s.is_packed));
            }
            Body::Index => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_written_and_not_before_they_are_whole() {
        let second =
            Second { values: 9, nulls: 2, rows: 9, encoding: 8, definition: 4, repetition: 0, is_packed: false };
        for body in [
            Body::Data { values: i32::MAX, encoding: 0, definition: 3, repetition: 3 },
            Body::Dictionary { values: -1, encoding: 2, is_sorted: true },
            Body::Second(second),
            Body::Index,
        ] {
            let header = Header { unpacked: 1 << 30, packed: 7, sum: Some(0xffff_fffe), body };
            let mut bytes = header.written();
            for end in 0..bytes.len() {
                assert_eq!(Header::read(&bytes[..end]), Err(Fault::Short), "{body:?} {end}");
            }
            let length = bytes.len();
            bytes.extend_from_slice(b"page");
            assert_eq!(Header::read(&bytes).unwrap(), (header, length));
        }
        // A data page without its part, a kind that is none.
        for bytes in [&b"\x15\x00\x15\x02\x15\x02\x00"[..], b"\x15\x08\x15\x02\x15\x02\x00"] {
            assert_eq!(Header::read(bytes), Err(Fault::Broken));
        }
    }
}
