//! Tests over whole pipelines: the four programs as a user runs them, in a shell.

mod support;

mod accounts;
mod advice;
mod anonymize;
mod clashes;
mod detection;
mod embed;
mod enrichment;
mod escapes;
mod hangups;
mod help;
mod left_out;
mod messages;
mod mistakes;
mod order;
mod parity;
mod parquet;
mod readme;
mod report;
mod sameness;
mod selection;
mod spark;
mod streams;
mod verdicts;
