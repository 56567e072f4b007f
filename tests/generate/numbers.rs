//! Numbers at random that are the same in every run: SplitMix64 (Steele, Lea and Flood 2014), and distributions.

/// A generator.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// One that begins at `seed`.
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(0x9e37_79b9))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A whole number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around 0, with deviation 1: the sum of twelve, so that no function of the platform's library shows in it.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A log-normal number of this median, sigma by the natural logarithm.
    pub(crate) fn volume(&mut self, median: f64, sigma: f64) -> u64 {
        // 2^x by whole steps and a polynomial: the same bits everywhere.
        let x = self.normal() * sigma * std::f64::consts::LOG2_E;
        let (whole, part) = (x.floor(), x - x.floor());
        let part = 1.0 + part * (0.695_5 + part * (0.226_2 + part * 0.078_3));
        (median * part * 2f64.powi(whole as i32)).max(1.0) as u64
    }

    /// A rank below `n`, low ones often.
    pub(crate) fn popular(&mut self, n: u64) -> u64 {
        let u = self.unit();
        (u * u * u * n as f64) as u64
    }
}
