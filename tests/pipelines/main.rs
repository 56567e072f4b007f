//! Tests over whole pipelines: the four programs as a user runs them.
