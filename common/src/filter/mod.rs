//! Filter expressions: which flows a program looks at (`--where`).
//!
//! ```text
//! text ─► parse ─► tree ─► program ─► keeps(flow)?
//!         cursor, literal,   print    eval: one test
//!         operand, list,              formula: arithmetic
//!         primitive, protocol,
//!         value, compare
//! ```
//!
//! One language for nfdump's and tcpdump's primitives and for comparisons on any member of a line; [`SYNTAX`] describes
//! it. It is read once and becomes a flat program: no recursion, no look-up by name and no allocation for a flow, but for
//! members whose text has escapes. Lists are sorted ranges with an index.
//!
//! `met` knows which members no flow had. Invariants: a test of an absent field is not true, nor is its contrary; what is printed reads back as the same filter.

mod addresses;
mod compare;
mod cursor;
mod eval;
mod fault;
mod formula;
mod list;
mod literal;
mod met;
mod names;
mod operand;
mod parse;
mod primitive;
mod print;
mod program;
mod protocol;
mod ranges;
mod tree;
mod value;

pub use fault::Fault;
pub use met::Met;

use crate::record::Flow;
use crate::run::Aid;
use crate::value::time::Zone;
use eval::Seen;
use parse::Parser;
use print::Printer;
use program::Program;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tree::Tree;

/// The language, for `--help` and `--explain`.
pub const SYNTAX: &str = include_str!("syntax.txt");

/// An expression that was read. Cheap to copy; one serves all threads.
#[derive(Clone, Debug)]
pub struct Filter(Arc<Whole>);

#[derive(Debug)]
struct Whole {
    tree: Tree,
    program: Program,
    watch: Vec<String>,
    /// Files that lists were read from.
    files: Vec<PathBuf>,
}

impl Filter {
    /// Reads an expression; times without a zone are of `zone`. Lists in files (`@FILE`) are read here.
    ///
    /// # Errors
    /// What is wrong with it and where, with the nearest right word.
    pub fn parse(text: &str, zone: &Zone) -> Result<Filter, Fault> {
        let mut parser = Parser::new(text, zone);
        let tree = parser.whole().map_err(|fault| fault.of(text))?;
        let (files, watch) = (parser.cursor.files().to_vec(), parser.watch);
        Ok(Filter(Arc::new(Whole { program: Program::new(&tree), tree, watch, files })))
    }

    /// Members of a line, other than the record's fields, that [`Filter::keeps`] asks for, by number.
    pub fn watch(&self) -> &[String] {
        &self.0.watch
    }

    /// The files that its lists were read from.
    pub fn aids(&self) -> Vec<Aid> {
        self.0.files.iter().map(|path| ("--where".to_owned(), path.clone())).collect()
    }

    /// Whether a flow is what the expression asks for. `value` answers the watched member of that number as JSON text,
    /// checked, where the line has it.
    #[inline]
    pub fn keeps<'l>(&self, flow: &Flow, value: impl Fn(usize) -> Option<&'l str>) -> bool {
        self.0.program.keeps(&Seen { flow, value })
    }
}

impl fmt::Display for Filter {
    /// The expression in a plain form: primitives as comparisons, lists in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { names: &self.0.watch, out: String::new() };
        printer.tree(&self.0.tree);
        f.write_str(&printer.out)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        (&self.0.tree, &self.0.watch) == (&other.0.tree, &other.0.watch)
    }
}

#[cfg(test)]
mod tests;
