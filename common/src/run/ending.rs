//! How a run ends: the exit code, of several that apply the highest in the order 128+n, 2, 3, 1, 0.

use std::process::ExitCode;

/// What happened that the exit code tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// The signal that ended the run.
    pub signal: Option<u8>,
    /// Usage, unreadable or damaged input, failed write.
    pub failed: bool,
    /// More input was rejected than allowed.
    pub rejected: bool,
    /// What the caller asked to be told of is true.
    pub found: bool,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Ending { signal: Some(n), .. } => 128u8.saturating_add(n),
            Ending { failed: true, .. } => 2,
            Ending { rejected: true, .. } => 3,
            Ending { found: true, .. } => 1,
            _ => 0,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(ending.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_outcome_gives_the_code() {
        let all = Ending { signal: Some(15), failed: true, rejected: true, found: true };
        assert_eq!(all.code(), 143);
        assert_eq!(Ending { signal: None, ..all }.code(), 2);
        assert_eq!(Ending { signal: None, failed: false, ..all }.code(), 3);
        assert_eq!(Ending { found: true, ..Ending::default() }.code(), 1);
        assert_eq!(Ending::default().code(), 0);
    }
}
