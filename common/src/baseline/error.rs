//! Why a baseline cannot be taken.

use super::VERSION;
use std::fmt;

/// Why a baseline cannot be taken, without the name of its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BaselineError {
    /// It was made by a later version.
    Newer(u64),
    /// Its header is none that this version writes.
    Header(String),
    /// Two baselines, or one and what is asked for, differ in a parameter: its name, and both values.
    Differ(&'static str, String, String),
    /// The state of a section and key is none.
    State {
        /// The section.
        section: String,
        /// The key, as JSON.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A line that claims to be one of a baseline, and is none.
    Line(String),
    /// Lines are missing or changed: what was met, and what the baseline says.
    Damaged(String),
    /// The file cannot be read.
    Unreadable(String),
    /// A state is too long for a line.
    TooLong(String, String),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineError::Newer(version) => {
                write!(f, "a baseline of version {version}; this program reads version {VERSION} and earlier ones")
            }
            BaselineError::Header(why) => write!(f, "the header of a baseline is damaged: {why}"),
            BaselineError::Differ(what, a, b) => {
                write!(f, "baselines of {what}={a} and of {what}={b} do not add up")
            }
            BaselineError::State { section, key, why } => {
                write!(f, "the baseline is damaged: section {section}, key {key}: {why}")
            }
            BaselineError::Line(why) => write!(f, "a line of a baseline is damaged: {why}"),
            BaselineError::Damaged(why) => write!(f, "the baseline is damaged or cut: {why}"),
            BaselineError::Unreadable(why) => f.write_str(why),
            BaselineError::TooLong(section, key) => {
                write!(f, "section {section}, key {key}: too much for a line; nothing is written")
            }
        }
    }
}

impl std::error::Error for BaselineError {}
