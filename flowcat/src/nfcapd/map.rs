//! Extension maps of layout 1: which extensions follow the fixed fields of a record, and in which order.
//!
//! A map comes before the records that refer to it by its number, and may be replaced later. It is kept as the place of
//! each extension, so that a record needs no look at the order. Bound: [`MOST`] maps of 100 bytes.

use super::bytes::u16_at;
use super::trouble::Trouble;

/// Numbers that maps can have, each for one map.
const MOST: usize = 1 << 16;

/// Bytes of a map before its list of extensions.
const HEADER: usize = 8;

/// Bytes of each extension (`nfx.c`); 0 where there is none of this number.
const SIZES: [u8; 49] = [
    0, 0, 0, 0, 4, 8, 4, 8, 4, 4, 16, 4, 16, 4, 4, 8, 4, 8, 4, 8, 16, 16, 40, 4, 16, 4, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 20, 4, 8, 32, 24, 24, 72, 0, 24, 12, 8, 8,
];

/// Where there is no such extension.
const NONE: u16 = u16::MAX;

/// One map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExtensionMap {
    /// Where each extension begins behind the fixed fields.
    places: [u16; SIZES.len()],
    /// Bytes of all extensions.
    pub(super) size: usize,
}

impl ExtensionMap {
    /// Reads a map, with its header.
    ///
    /// # Errors
    /// That it cannot be right.
    fn read(record: &[u8]) -> Result<ExtensionMap, Trouble> {
        let mut map = ExtensionMap { places: [NONE; SIZES.len()], size: 0 };
        for at in (HEADER..record.len()).step_by(2) {
            let id = u16_at(record, at);
            if id == 0 {
                // The end, or what fills the record up to a multiple of four bytes.
                break;
            }
            let size = match SIZES.get(usize::from(id)) {
                // The fixed fields, which no map should name and which take no place.
                _ if id < 4 => continue,
                Some(size @ 1..) => usize::from(*size),
                _ => return Err(Trouble::Unknown(id)),
            };
            map.places[usize::from(id)] = u16::try_from(map.size).map_err(|_| Trouble::Sizes)?;
            map.size += size;
        }
        if map.size != usize::from(u16_at(record, 6)) {
            return Err(Trouble::Sizes);
        }
        Ok(map)
    }

    /// The extension of this number, out of what follows the fixed fields, if there is one.
    #[inline]
    pub(super) fn get<'r>(&self, id: usize, extensions: &'r [u8]) -> Option<&'r [u8]> {
        match self.places[id] {
            NONE => None,
            at => extensions.get(usize::from(at)..)?.get(..usize::from(SIZES[id])),
        }
    }

    /// The first `N` bytes of it.
    #[inline]
    pub(super) fn find<'r, const N: usize>(&self, id: usize, extensions: &'r [u8]) -> Option<&'r [u8; N]> {
        self.get(id, extensions)?.first_chunk()
    }
}

/// The maps of a file, by number.
#[derive(Debug, Default)]
pub(super) struct Maps(Vec<Option<Box<ExtensionMap>>>);

impl Maps {
    /// Takes the map that a record is.
    ///
    /// # Errors
    /// Those of the map; the number refers to none then.
    #[cold]
    pub(super) fn put(&mut self, record: &[u8]) -> Result<(), Trouble> {
        if record.len() <= HEADER {
            return Err(Trouble::Short);
        }
        let number = usize::from(u16_at(record, 4));
        debug_assert!(number < MOST);
        if self.0.len() <= number {
            self.0.resize_with(number + 1, || None);
        }
        self.0[number] = None;
        self.0[number] = Some(Box::new(ExtensionMap::read(record)?));
        Ok(())
    }

    /// The map of this number.
    #[inline]
    pub(super) fn get(&self, number: u16) -> Option<&ExtensionMap> {
        self.0.get(usize::from(number))?.as_deref()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nfcapd::made::map;

    #[test]
    fn extensions_lie_one_behind_the_other_in_the_order_of_the_map() {
        let mut maps = Maps::default();
        maps.put(&map(7, &[4, 13, 17, 9], 20)).unwrap();
        let bytes: Vec<u8> = (0..20).collect();
        let map = maps.get(7).unwrap();
        assert_eq!((map.find(4, &bytes), map.find(13, &bytes)), (Some(&[0, 1, 2, 3]), Some(&[4, 5, 6, 7])));
        assert_eq!((map.find(17, &bytes), map.find(9, &bytes)), (Some(&[8, 9, 10, 11]), Some(&[16, 17, 18, 19])));
        assert_eq!((map.find::<4>(5, &bytes), map.find::<4>(9, &bytes[..19])), (None, None));
        assert!(maps.get(6).is_none() && maps.get(8).is_none());
    }

    #[test]
    fn a_map_that_cannot_be_right_is_none_and_takes_the_former_away() {
        let mut maps = Maps::default();
        for (bad, why) in [
            (map(1, &[4], 8), Trouble::Sizes),
            (map(1, &[28], 0), Trouble::Unknown(28)),
            (map(1, &[49], 0), Trouble::Unknown(49)),
            (map(1, &[60_000], 0), Trouble::Unknown(60_000)),
            (map(1, &[43; 1000], 64), Trouble::Sizes),
        ] {
            maps.put(&map(1, &[4], 4)).unwrap();
            assert_eq!(maps.put(&bad), Err(why));
            assert!(maps.get(1).is_none());
        }
        assert_eq!(maps.put(&[2, 0, 8, 0, 1, 0, 0, 0]), Err(Trouble::Short));
    }
}
