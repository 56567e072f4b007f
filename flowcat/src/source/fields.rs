//! Sets of the record's fields: what a format can give.

use flow_record::record::field::{self, Field, FieldId, RECORD};

/// A set of the record's fields, a bit each.
#[derive(Clone, Copy)]
pub(super) struct Set(u64);

/// What nearly every source of one direction gives.
pub(super) const ONE_WAY: Set = Set(0).and(&[
    field::TIMESTAMP,
    field::DURATION,
    field::SRC_IP,
    field::DST_IP,
    field::SRC_PORT,
    field::DST_PORT,
    field::PROTOCOL,
    field::PACKETS,
    field::BYTES,
    field::ICMP_TYPE,
    field::ICMP_CODE,
    field::CLOCK,
]);

/// The same of both directions.
pub(super) const TWO_WAY: Set = ONE_WAY.and(&[field::REV_PACKETS, field::REV_BYTES]);

impl Set {
    /// With these.
    pub(super) const fn and(self, ids: &[FieldId]) -> Set {
        let mut bits = self.0;
        let mut i = 0;
        while i < ids.len() {
            bits |= 1 << ids[i].0;
            i += 1;
        }
        Set(bits)
    }

    /// How many there are.
    pub(super) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Their rows of the record's table, in its order; `N` is [`Set::len`].
    pub(super) const fn rows<const N: usize>(self) -> [Field; N] {
        let mut rows = [RECORD[0]; N];
        let (mut i, mut filled) = (0, 0);
        while i < RECORD.len() {
            if self.0 >> i & 1 == 1 {
                rows[filled] = RECORD[i];
                filled += 1;
            }
            i += 1;
        }
        rows
    }
}
