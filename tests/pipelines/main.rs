//! Tests over whole pipelines: the four programs as a user runs them, in a shell.

mod support;

mod readme;
mod verdicts;
