//! Tests over whole pipelines: the four programs as a user runs them, in a shell.

mod support;

mod clashes;
mod embed;
mod mistakes;
mod parity;
mod readme;
mod streams;
mod verdicts;
