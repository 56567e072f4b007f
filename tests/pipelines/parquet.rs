//! Parquet from outside: what other programs read of it, what comes back, and several files.
#![allow(clippy::unwrap_used)]

mod faults;
mod forge;
mod hostile;
mod types;

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
fn files_of_a_longer_run_are_named_and_left() {
    let folder = folder();
    let path = folder.path().join("part.parquet");
    let write = |rows: u32| {
        run(&format!(
            "flowcat -q --head {rows} tests/data/sample.csv --to parquet -o '{0}' --rows-per-file 20",
            path.display()
        ))
        .code(0);
        run(&format!(
            "flowcat --tz UTC --head {rows} tests/data/sample.csv --to parquet -o '{0}' --rows-per-file 20",
            path.display()
        ))
        .code(0)
    };
    write(130).quiet();
    for other in ["part-1.parquet", "part-00009.csv", "parts-00009.parquet", "part-00009", "part--0009.parquet"] {
        std::fs::write(folder.path().join(other), "").unwrap();
    }
    let outcome = write(90);
    let told: Vec<&str> = outcome.stderr.lines().filter(|line| line.contains("earlier run")).collect();
    assert_eq!(told.len(), 2, "{}", outcome.stderr);
    for (line, number) in told.iter().zip([6, 7]) {
        let name = folder.path().join(format!("part-0000{number}.parquet"));
        assert_eq!(
            *line,
            format!("flowcat: warning: {} is of an earlier run and not part of this one", name.display())
        );
        assert!(name.exists());
    }
}

#[test]
fn files_are_numbered_after_a_regular_one() {
    let folder = folder();
    let folder = folder.path().display();
    for output in ["/dev/full", "/dev/null", "/dev/stdout", "-", "/proc/self/fd/1", &folder.to_string(), ".."] {
        run(&format!("flowcat -q tests/data/sample.csv --to parquet --rows-per-file 5 -o {output} >/dev/null"))
            .code(2)
            .says("is no regular file, after which others could be numbered");
    }
    run(&format!(
        "mkfifo {folder}/pipe; flowcat -q tests/data/sample.csv --to parquet --rows-per-file 5 -o {folder}/pipe"
    ))
    .code(2)
    .says("is no regular file");
    assert!(!std::path::Path::new("/dev/full-00001").exists());
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
