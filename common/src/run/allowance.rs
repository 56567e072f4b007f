//! How much of the input may be rejected: `--max-rejects`.

use crate::people::read::integer;

/// How many lines may be rejected without an exit code that says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// So many.
    Count(u64),
    /// So many in a hundred that were read.
    Percent(f64),
}

impl Default for Allowance {
    fn default() -> Self {
        Allowance::Count(0)
    }
}

impl std::str::FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Allowance, String> {
        let bad = || "a number or a percentage is expected, as 10, 5k or 0.1%".to_owned();
        match text.strip_suffix('%') {
            Some(p) => match p.parse::<f64>() {
                Ok(p) if (0.0..=100.0).contains(&p) => Ok(Allowance::Percent(p)),
                _ => Err(bad()),
            },
            None => integer(text).filter(|_| !text.is_empty()).map(Allowance::Count).ok_or_else(bad),
        }
    }
}

impl Allowance {
    pub(super) fn allows(self, rejected: u64, read: u64) -> bool {
        match self {
            Allowance::Count(n) => rejected <= n,
            Allowance::Percent(p) => rejected as f64 <= p / 100.0 * read as f64,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_a_number_or_a_share() {
        assert!("10".parse::<Allowance>().unwrap().allows(10, 0));
        assert!(!"0".parse::<Allowance>().unwrap().allows(1, 100));
        assert_eq!("5k".parse(), Ok(Allowance::Count(5_000)));
        assert!("0.1%".parse::<Allowance>().unwrap().allows(1, 1000));
        assert!(!"0.1%".parse::<Allowance>().unwrap().allows(2, 1000));
        for bad in ["", "x", "-1", "101%", "nan%"] {
            assert!(bad.parse::<Allowance>().is_err(), "{bad}");
        }
    }
}
