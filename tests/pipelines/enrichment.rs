//! Holds enrichers against an independent computation in pandas, NumPy and scikit-learn: `tests/parity/enrichment`.
//!
//! Python is that of `FLOW_PYTHON`, else `python3`; where it lacks the libraries, the test says so and is skipped.
#![allow(clippy::unwrap_used)]

use crate::support::{programs, python, root};
use std::process::Command;

#[test]
fn enrichers_agree_with_pandas_and_scikit_learn() {
    let Some(python) = python("numpy, pandas, sklearn") else { return };
    let script = root().join("tests/parity/enrichment");
    // No compiled copies of the modules beside them.
    let output = Command::new(python).arg("-B").arg(script).arg("--bin").arg(programs()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let failed: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(output.status.success(), "{}\n{}", failed.join("\n"), String::from_utf8_lossy(&output.stderr));
}
