//! Thrift's compact protocol (thrift-compact-protocol.md of Apache Thrift), in which Parquet has its footer and the
//! headers of its pages.
//!
//! Invariant: no length is believed that is beyond the bytes that are there, so that nothing is made by a number of the
//! file, and the work is linear in the bytes. Bound: [`MOST_NESTED`] structures in each other are passed over.

/// Structures and lists in each other; those of Parquet are at most 7.
const MOST_NESTED: u32 = 32;

/// Why bytes are no structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It goes on after the last byte that is there, or says so.
    Short,
    /// No such kind of value, number or depth.
    Broken,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True = 1,
    False,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List,
    Set,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn of(nibble: u8) -> Result<Kind, Fault> {
        use Kind::{Binary, Byte, Double, False, I16, I32, I64, List, Map, Set, Struct, True, Uuid};
        const ALL: [Kind; 13] = [True, False, Byte, I16, I32, I64, Double, Binary, List, Set, Map, Struct, Uuid];
        usize::from(nibble).checked_sub(1).and_then(|at| ALL.get(at)).copied().ok_or(Fault::Broken)
    }

    /// Whether it is a whole number.
    fn is_integer(self) -> bool {
        matches!(self, Kind::Byte | Kind::I16 | Kind::I32 | Kind::I64)
    }
}

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub(super) struct Compact<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Compact<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Compact<'b> {
        Compact { bytes, at: 0 }
    }

    /// Bytes that were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Fault> {
        let end = self.at.checked_add(length).ok_or(Fault::Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(Fault::Short)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        self.take(1).map(|byte| byte[0])
    }

    /// A number of one to ten bytes, the lowest seven bits first.
    fn unsigned(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Fault::Broken);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Broken)
    }

    /// How many elements follow, each of at least so many bytes.
    fn count(&mut self, width: usize) -> Result<usize, Fault> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Fault::Short)?;
        if count > self.left() / width { Err(Fault::Short) } else { Ok(count) }
    }

    /// A whole number of this kind.
    pub(super) fn integer(&mut self, kind: Kind) -> Result<i64, Fault> {
        match kind {
            Kind::Byte => self.byte().map(|byte| i64::from(byte.cast_signed())),
            kind if kind.is_integer() => {
                let value = self.unsigned()?;
                Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
            _ => Err(Fault::Broken),
        }
    }

    /// A text or bytes.
    pub(super) fn binary(&mut self) -> Result<&'b [u8], Fault> {
        let length = self.count(1)?;
        self.take(length)
    }

    /// The kind of a list's elements, and how many there are; each has at least a byte.
    pub(super) fn list(&mut self) -> Result<(Kind, usize), Fault> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.count(1)?,
            count => usize::from(count),
        };
        // Some writers give an empty list no kind.
        let kind = if count == 0 { Kind::Byte } else { Kind::of(head & 15)? };
        if count > self.left() { Err(Fault::Short) } else { Ok((kind, count)) }
    }

    /// Has `take` read each field of a structure, by number and kind; one that it does not want (false) is passed over.
    pub(super) fn fields(
        &mut self,
        mut take: impl FnMut(&mut Compact<'b>, i16, Kind) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        self.fields_within(MOST_NESTED, &mut take)
    }

    fn fields_within(
        &mut self,
        nested: u32,
        take: &mut dyn FnMut(&mut Compact<'b>, i16, Kind) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut last = 0i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let kind = Kind::of(head & 15)?;
            last = match head >> 4 {
                0 => i16::try_from(self.integer(Kind::I16)?).map_err(|_| Fault::Broken)?,
                step => last.checked_add(step.into()).ok_or(Fault::Broken)?,
            };
            if last <= 0 {
                return Err(Fault::Broken);
            }
            if !take(self, last, kind)? {
                // A truth stands in its kind.
                let is_there = !matches!(kind, Kind::True | Kind::False);
                is_there.then(|| self.skip(kind, nested)).transpose()?;
            }
        }
    }

    /// Passes over a value.
    fn skip(&mut self, kind: Kind, nested: u32) -> Result<(), Fault> {
        let nested = nested.checked_sub(1).ok_or(Fault::Broken)?;
        match kind {
            Kind::True | Kind::False | Kind::Byte => self.take(1).map(|_| ()),
            Kind::I16 | Kind::I32 | Kind::I64 => self.unsigned().map(|_| ()),
            Kind::Double => self.take(8).map(|_| ()),
            Kind::Uuid => self.take(16).map(|_| ()),
            Kind::Binary => self.binary().map(|_| ()),
            Kind::List | Kind::Set => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip(kind, nested))
            }
            Kind::Map => {
                let count = self.count(2)?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 15)?);
                (0..count).try_for_each(|_| {
                    self.skip(key, nested)?;
                    self.skip(value, nested)
                })
            }
            Kind::Struct => self.fields_within(nested, &mut |_, _, _| Ok(false)),
        }
    }
}

/// Writes structures whose fields have numbers below 16 and come in order.
#[derive(Debug, Default)]
pub(super) struct Put {
    pub(super) bytes: Vec<u8>,
    /// The last field of each open structure.
    last: Vec<u8>,
}

impl Put {
    fn head(&mut self, number: u8, kind: Kind) {
        let before = self.last.last_mut().map_or(0, |last| std::mem::replace(last, number));
        self.bytes.push((number.saturating_sub(before)) << 4 | kind as u8);
    }

    /// Begins a structure, which is the field of this number, or of none for the outermost.
    pub(super) fn begin(&mut self, number: Option<u8>) {
        if let Some(number) = number {
            self.head(number, Kind::Struct);
        }
        self.last.push(0);
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        self.last.pop();
        self.bytes.push(0);
    }

    pub(super) fn truth(&mut self, number: u8, value: bool) {
        self.head(number, if value { Kind::True } else { Kind::False });
    }

    pub(super) fn i32(&mut self, number: u8, value: i32) {
        self.head(number, Kind::I32);
        let mut rest = ((value << 1) ^ (value >> 31)).cast_unsigned();
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Numbers of the fields, passed over.
    fn numbers(bytes: &[u8]) -> Result<Vec<i16>, Fault> {
        let mut numbers = Vec::new();
        let mut compact = Compact::new(bytes);
        compact.fields(|_, number, _| {
            numbers.push(number);
            Ok(false)
        })?;
        assert_eq!(compact.at(), bytes.len());
        Ok(numbers)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut put = Put::default();
        put.begin(None);
        put.i32(1, -1);
        put.i32(2, i32::MIN);
        put.begin(Some(5));
        put.truth(1, true);
        put.i32(7, i32::MAX);
        put.end();
        put.i32(8, 300);
        put.end();
        let (mut outer, mut inner) = (Vec::new(), Vec::new());
        Compact::new(&put.bytes)
            .fields(|compact, number, kind| {
                if number == 5 {
                    compact.fields(|compact, number, kind| {
                        inner.push((
                            number,
                            if number == 1 { i64::from(kind == Kind::True) } else { compact.integer(kind)? },
                        ));
                        Ok(true)
                    })?;
                } else {
                    outer.push((number, compact.integer(kind)?));
                }
                Ok(true)
            })
            .unwrap();
        assert_eq!(outer, [(1, -1), (2, i32::MIN.into()), (8, 300)]);
        assert_eq!(inner, [(1, 1), (7, i32::MAX.into())]);
        assert_eq!(numbers(&put.bytes), Ok(vec![1, 2, 5, 8]));
    }

    #[test]
    fn every_kind_is_passed_over_and_no_length_believed() {
        // A map of bytes to truths, an identifier, a double, a list of lists, a text, a far number.
        let all = b"\x1b\x02\x31\x07\x01\x08\x02\x1d0123456789abcdef\x1701234567\x19\x29\x13\x01\x25\x02\x04\x18\x02hi\x05\xc8\x01\x02\x00";
        assert_eq!(numbers(all), Ok(vec![1, 2, 3, 4, 5, 100]));
        for end in 0..all.len() {
            assert_eq!(numbers(&all[..end]), Err(Fault::Short), "{end}");
        }
        for huge in [&b"\x19\xfc\xff\xff\xff\xff\x0f"[..], b"\x18\xff\xff\xff\xff\x0f", b"\x1b\xff\xff\xff\xff\x0f\x33"]
        {
            assert_eq!(numbers(huge), Err(Fault::Short), "{huge:?}");
        }
        for broken in [
            &b"\x1f\x00"[..],
            b"\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x19\x1e\x00",
            b"\x05\x00\x02\x00",
            b"\x05\x01\x02\x00",
        ] {
            assert_eq!(numbers(broken), Err(Fault::Broken), "{broken:?}");
        }
        assert_eq!(numbers(&[&[0x1c; 100][..], &[0; 101]].concat()), Err(Fault::Broken));
        assert_eq!(numbers(&[&[0x1c; 20][..], &[0; 21]].concat()), Ok(vec![1]));
        assert_eq!(numbers(&[b"\x19", &[0x19; 100_000][..], b"\x13\x00\x00"].concat()), Err(Fault::Broken));
    }
}
