//! The same baseline on Apache Spark: `tests/spark/baseline.py`, in local mode with two workers, with unchanged programs.
//!
//! Python is that of `FLOW_SPARK_PYTHON`, else of `FLOW_PYTHON`, else `python3`; where it lacks PySpark, or there is no Java,
//! the test says so and is skipped.
#![allow(clippy::unwrap_used)]

use crate::support::{folder, programs, root, run};
use std::process::{Command, Stdio};

/// A Python that has PySpark; says so where there is none.
fn spark() -> Option<String> {
    let python = ["FLOW_SPARK_PYTHON", "FLOW_PYTHON"].iter().find_map(|name| std::env::var(name).ok());
    let python = python.unwrap_or_else(|| "python3".into());
    let works = |program: &str, args: &[&str]| {
        let done = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    };
    if works(&python, &["-c", "import pyspark"]) && works("java", &["-version"]) {
        return Some(python);
    }
    println!("skipped: {python} has no PySpark, or there is no Java; FLOW_SPARK_PYTHON names one that has");
    None
}

#[test]
fn partitions_on_spark_give_the_bytes_of_one_run() {
    let Some(python) = spark() else { return };
    let folder = folder();
    let flows = folder.path().join("flows.json");
    run(&format!("flowcat -q tests/data/traffic.json.gz > {}", flows.display())).code(0);
    let output = Command::new(python)
        .arg("-B")
        .arg(root().join("tests/spark/baseline.py"))
        .arg("--bin")
        .arg(programs())
        .arg(&flows)
        .args(["--partitions", "5", "--workers", "2"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let last = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", &last[last.len().saturating_sub(2000)..]);
    assert!(said.contains("the same"), "{said}");
}
