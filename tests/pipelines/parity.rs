//! Holds views and detectors against an independent computation in pandas, NumPy and SciPy: `tests/parity/compare`.
//!
//! Python is that of `FLOW_PYTHON`, else `python3`; where it lacks the three libraries, the test says so and is skipped.
#![allow(clippy::unwrap_used)]

use crate::support::{programs, python, root, shared};
use std::process::Command;

#[test]
fn views_and_detectors_agree_with_pandas_and_scipy() {
    let Some(python) = python("numpy, pandas, scipy") else { return };
    let mut compare = Command::new(python);
    // No compiled copies of the modules beside them.
    compare.arg("-B").arg(root().join("tests/parity/compare")).arg("--bin").arg(programs());
    if let Some(folder) = shared("parity with real captures") {
        compare.arg("--shared").arg(folder);
    }
    let output = compare.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let failed: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(output.status.success(), "{}\n{}", failed.join("\n"), String::from_utf8_lossy(&output.stderr));
}
