//! Decimals of the times that are written, and of those that the files do not hold.

/// Decimals of the times.
#[derive(Debug, Default)]
pub(super) struct Digits {
    /// The most in the first row group.
    pub(super) most: u8,
    /// Times with 0, 3, 6 and 9.
    counts: [u64; 4],
    /// Times that had more, which are cut.
    pub(super) cut: u64,
}

impl Digits {
    #[inline]
    pub(super) fn take(&mut self, digits: u8, is_fixed: bool) {
        if !is_fixed {
            self.most = self.most.max(digits);
        }
        self.counts[usize::from(digits / 3).min(3)] += 1;
    }

    /// Times with fewer digits than they are written with.
    fn fewer(&self) -> u64 {
        self.counts[..usize::from(self.most / 3).min(3)].iter().sum()
    }

    /// What the files do not hold, a sentence each.
    pub(super) fn left_out(&self) -> Vec<String> {
        let (digits, mut told) = (self.most.max(3), Vec::new());
        if self.cut > 0 {
            let times = flow_record::people::count(self.cut, "times");
            told.push(format!("{times} cut to {digits} decimals, which the first row group had"));
        }
        if self.fewer() > 0 {
            let times = flow_record::people::count(self.fewer(), "times");
            told.push(format!("{times} written with {digits} decimals that had fewer: a column has one unit"));
        }
        told
    }
}
