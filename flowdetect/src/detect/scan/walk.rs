//! The sequential test of Jung, Paxson, Berger and Balakrishnan ("Fast portscan detection using sequential hypothesis
//! testing", IEEE S&P 2004): each first contact of a source with a target, answered or not, moves the logarithm of a
//! likelihood ratio towards "scanner" or towards "benign".
//!
//! Once it has reached "benign" it goes no lower, so that a host that begins to scan later is still found. Invariant: a
//! function of the contacts in the order of time.

/// The parameters of the test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test {
    /// Logarithms of the steps: a contact that is not answered, and one that is.
    pub(super) failure: f64,
    pub(super) success: f64,
    /// Logarithms of the thresholds.
    pub(super) upper: f64,
    pub(super) lower: f64,
}

impl Test {
    /// `benign` and `scanner` are how likely a contact of such a source is answered, `alpha` the share of benign sources
    /// that may be called scanners, `beta` the share of scanners that are to be found.
    pub(super) fn new(benign: f64, scanner: f64, alpha: f64, beta: f64) -> Test {
        Test {
            failure: ((1.0 - scanner) / (1.0 - benign)).ln(),
            success: (scanner / benign).ln(),
            upper: (beta / alpha).ln(),
            lower: ((1.0 - beta) / (1.0 - alpha)).ln(),
        }
    }

    /// The highest point of the walk over contacts, `true` for one that failed.
    pub(super) fn highest(&self, failed: impl Iterator<Item = bool>) -> f64 {
        let (mut at, mut highest) = (0.0f64, 0.0f64);
        for failed in failed {
            at = (at + if failed { self.failure } else { self.success }).max(self.lower);
            highest = highest.max(at);
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Test {
        Test::new(0.8, 0.2, 0.01, 0.99)
    }

    fn flags(contacts: &str) -> bool {
        let test = test();
        test.highest(contacts.bytes().map(|b| b == b'x')) >= test.upper
    }

    #[test]
    fn steps_and_thresholds_are_the_published_ones() {
        let test = test();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(test.failure, 4f64.ln());
        near(test.success, -(4f64.ln()));
        near(test.upper, 99f64.ln());
        near(test.lower, -(99f64.ln()));
    }

    #[test]
    fn four_net_failures_make_a_scanner() {
        assert!(flags("xxxx") && flags("x.xxxx") && flags("xx.xx.xx"));
        assert!(!flags("xxx") && !flags("xx.xx.x.x.x") && !flags(""));
    }

    #[test]
    fn a_long_benign_past_does_not_hide_a_scan() {
        // The walk is bounded below at ln 1/99, 3.3 steps down: 7 up from there lie above 4.595 - 0.7.
        assert!(!flags(&(".".repeat(100) + &"x".repeat(6))));
        assert!(flags(&(".".repeat(100) + &"x".repeat(7))));
    }
}
