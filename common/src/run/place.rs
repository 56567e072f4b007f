//! Where in the input something stands.

/// Where in the input something stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The input's name.
    pub input: &'a str,
    /// Line or record, from 1; 0 where unknown.
    pub line: u64,
    /// Column in bytes, from 1; 0 where unknown.
    pub column: u64,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.input)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}
