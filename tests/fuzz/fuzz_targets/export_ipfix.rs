//! Datagrams of one version: what [`datagrams`] says holds for all.
#![no_main]

mod datagrams;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| datagrams::check_version(&[0, 10], data));
