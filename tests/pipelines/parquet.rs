//! Parquet from outside: what other programs read of it, what comes back, and several files.
#![allow(clippy::unwrap_used)]

use crate::support::{folder, python, run};
use std::process::Command;

/// What pandas, polars and DuckDB say of a file: rows, packets, bytes, first time, types; then each writes it again.
const READ: &str = r#"
import duckdb, pandas, polars, sys
path = sys.argv[1]
duckdb.sql("set timezone = 'UTC'")
frames = {"pandas": pandas.read_parquet(path), "polars": polars.read_parquet(path)}
rows = duckdb.sql(f"select count(*), sum(packets), sum(bytes), min(timestamp)::varchar, typeof(min(timestamp)), typeof(min(src_internal)) from '{path}'")
print("duckdb", *rows.fetchall()[0])
for name, frame in frames.items():
    internal, start = frame["src_internal"].dtype, frame["timestamp"]
    print(name, len(frame), int(frame["packets"].sum()), int(frame["bytes"].sum()), start.min(), start.dtype, internal, frame["src_port"].dtype)
frames["pandas"].to_parquet(path + ".pandas")
frames["polars"].write_parquet(path + ".polars")
duckdb.sql(f"copy (from '{path}') to '{path}.duckdb' (format parquet)")
"#;

#[test]
fn pandas_polars_and_duckdb_read_the_same_sums_and_types_and_what_they_write_comes_back() {
    let Some(python) = python("duckdb, pandas, polars, pyarrow") else { return };
    let folder = folder();
    let path = folder.path().join("flows.parquet");
    run(&format!(
        "flowcat --tz UTC tests/data/traffic.json.gz | flowenrich scope service | tee '{0}.ndjson' | flowcat --to parquet -o '{0}'",
        path.display()
    ))
    .code(0)
    .quiet();
    let output = Command::new(python).args(["-c", READ]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = said.lines().collect();
    for (line, name) in lines.iter().zip(["duckdb", "pandas", "polars"]) {
        assert!(line.starts_with(&format!("{name} 1472 465961 466155685 2026-03-10 ")), "{line}");
    }
    assert!(lines[0].ends_with("TIMESTAMP WITH TIME ZONE BOOLEAN"), "{}", lines[0]);
    assert!(lines[1].ends_with("datetime64[ms, UTC] bool int32"), "{}", lines[1]);
    assert!(lines[2].ends_with("Datetime(time_unit='ms', time_zone='UTC') Boolean Int32"), "{}", lines[2]);
    let lines = std::fs::read_to_string(folder.path().join("flows.parquet.ndjson")).unwrap();
    for suffix in ["", ".pandas", ".polars"] {
        assert!(run(&format!("flowcat '{}{suffix}'", path.display())).code(0).text() == lines, "{suffix}");
    }
    // DuckDB keeps times in microseconds.
    let of_duckdb = run(&format!("flowcat '{}.duckdb'", path.display())).code(0).text();
    assert!(of_duckdb.replace("000Z\"", "Z\"") == lines);
}

#[test]
fn files_of_so_many_rows_follow_each_other_and_hold_all() {
    let folder = folder();
    let path = folder.path().join("part.parquet");
    run(&format!("flowcat -q tests/data/sample.csv --to parquet --rows-per-file 100 -o '{}'", path.display())).code(0);
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["part-00001.parquet", "part-00002.parquet", "part-00003.parquet"]);
    let together = run(&format!("flowcat '{}'", folder.path().display())).code(0);
    assert!(together.text() == run("flowcat -q tests/data/sample.csv").text());
}

#[test]
fn parquet_is_of_flows_and_of_flowcat_alone() {
    run("flowstat hosts -i tests/data/sample.csv --to parquet").code(2).says("flowcat --to parquet -o FILE");
    run("flowcat --rows-per-file 5 tests/data/sample.csv").code(2).says("goes with --to parquet");
    run("flowcat --to parquet --rows-per-file 5 tests/data/sample.csv").code(2).says("needs -o FILE");
    let script =
        "flowcat -q tests/data/sample.csv | flowstat hosts | flowcat --to parquet --counters /dev/stderr | flowcat";
    let rows = run(script).code(0).says("\"no flow\"").says("Parquet holds flows");
    assert_eq!(rows.text(), "");
}
