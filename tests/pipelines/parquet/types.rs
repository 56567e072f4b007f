//! Types that other programs give their columns, in files that those programs make: read as what they are, or told.

use crate::support::{Outcome, folder, python, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python that makes the files.
fn maker() -> Option<PathBuf> {
    python("duckdb, numpy, polars, pyarrow")
}

/// Has `python` make `f.parquet` and reads it.
fn made(python: &Path, script: &str, args: &str) -> Outcome {
    let folder = folder();
    make(python, script, folder.path());
    run(&format!("flowcat {args} {}/f.parquet", folder.path().display()))
}

/// Has `python` make files in a folder.
fn make(python: &Path, script: &str, folder: &Path) {
    let head = "import duckdb, numpy, polars, pyarrow as pa, pyarrow.parquet as pq\nfrom decimal import Decimal as D\n";
    let output = Command::new(python).args(["-c", &format!("{head}{script}")]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.text().lines().map(str::to_owned).collect()
}

#[test]
fn bytes_are_addresses_where_these_are_meant() {
    let Some(python) = maker() else { return };
    let script = r#"
four = pa.array([b"\x0a\0\0\1", None, b"\xff\xff\xff\xff"], pa.binary(4))
six = [bytes.fromhex("20010db8000000000000000000000001"), b"\0" * 10 + b"\xff\xff\x0a\0\0\2", None]
table = pa.table({"src_ip": four, "dst_ip": pa.array(six, pa.binary(16)), "note": four, "bytes": [1, 2, 3],
                  "exporter": pa.array([b"\1\2\3\4"] * 3, pa.binary(4))})
pq.write_table(table, "f.parquet", MORE)
"#;
    let wanted = [
        r#"{"src_ip":"10.0.0.1","dst_ip":"2001:db8::1","bytes":1,"exporter":"1.2.3.4"}"#,
        r#"{"dst_ip":"::ffff:10.0.0.2","bytes":2,"exporter":"1.2.3.4"}"#,
        r#"{"src_ip":"255.255.255.255","bytes":3,"exporter":"1.2.3.4"}"#,
    ];
    for more in [
        "use_dictionary=True",
        "use_dictionary=False, column_encoding={'src_ip': 'BYTE_STREAM_SPLIT', 'dst_ip': 'DELTA_BYTE_ARRAY'}",
        "data_page_version='2.0', compression='gzip'",
    ] {
        let outcome = made(&python, &script.replace("MORE", more), "--keep-extra").code(0).quiet();
        assert_eq!(lines(&outcome), wanted, "{more}");
    }
    for (value, kind) in [("b'12345'", "pa.binary(5)"), ("b'0123456789abcdef'", "pa.uuid()")] {
        let script = "pq.write_table(pa.table({'src_ip': pa.array([VALUE], KIND), 'bytes': [7]}), 'f.parquet')";
        let outcome = made(&python, &script.replace("VALUE", value).replace("KIND", kind), "").code(0);
        let outcome = outcome.says("src_ip is of a type that is not read, so there is no src_ip of it");
        assert_eq!(lines(&outcome), ["{\"bytes\":7}"], "{kind}");
    }
}

#[test]
fn decimals_of_any_width_are_exact() {
    let Some(python) = maker() else { return };
    for kind in ["decimal128(38, 4)", "decimal128(20, 4)", "decimal256(76, 4)"] {
        let script = r#"
values = pa.array([D("9007199254740991"), D("1500"), D("0"), D("2.5"), D("-1"), None, D("9007199254740992")], pa.KIND)
table = pa.table({"bytes": values, "duration": pa.array([D("1.2345")] * 7, pa.KIND), "other": values, "dst_port": [1] * 7})
pq.write_table(table, "f.parquet")
"#;
        let outcome = made(&python, &script.replace("KIND", kind), "--keep-extra").code(3);
        let outcome = outcome.says(":4: bad number \"2.5\" for bytes").says(":5: bad number \"-1\" for bytes");
        let outcome = outcome.says(":7: bad number \"9007199254740992\" for bytes").says("rejected 4");
        let line = |bytes, other| format!("{{\"duration\":1.2345,\"dst_port\":1,\"bytes\":{bytes},\"other\":{other}}}");
        let whole = line("9007199254740991", "\"9007199254740991\"");
        assert_eq!(lines(&outcome), [whole, line("1500", "1500"), line("0", "0")], "{kind}");
    }
    // In whole numbers of 64 bits and in bytes, of several programs; a floating point number would round.
    for script in [
        "table = pa.table({'src_ip': ['::1'], 'note': pa.array([D('123456789012345.678')], pa.decimal128(18, 3))})
pq.write_table(table, 'f.parquet', store_decimal_as_integer=True)",
        "duckdb.sql(\"copy (select '::1' src_ip, 123456789012345.678::decimal(18, 3) note) to 'f.parquet'\")",
        "duckdb.sql(\"copy (select '::1' src_ip, 123456789012345.678::decimal(38, 20) note) to 'f.parquet'\")",
        "table = {'src_ip': ['::1'], 'note': [D('123456789012345.678')]}
polars.DataFrame(table, schema_overrides={'note': polars.Decimal(38, 3)}).write_parquet('f.parquet')",
    ] {
        let outcome = made(&python, script, "--keep-extra").code(0).quiet();
        assert_eq!(lines(&outcome), ["{\"src_ip\":\"::1\",\"note\":\"123456789012345.678\"}"], "{script}");
    }
}

#[test]
fn floats_of_two_bytes_and_times_of_twelve_are_read() {
    let Some(python) = maker() else { return };
    let script = r#"
half = pa.array(numpy.array([1.5, 65504, 0.0999755859375, float("nan"), float("inf"), -0.5], numpy.float16))
pq.write_table(pa.table({"ibyt": [1, 2, 3, 4, 5, 6], "duration": half}), "f.parquet")
"#;
    let wanted = [
        r#"{"duration":1.5,"bytes":1}"#,
        r#"{"duration":65504,"bytes":2}"#,
        r#"{"duration":0.099975585,"bytes":3}"#,
        r#"{"bytes":4}"#,
        r#"{"bytes":5}"#,
        r#"{"bytes":6,"clock":"implausible"}"#,
    ];
    assert_eq!(lines(&made(&python, script, "").code(0)), wanted);
    let script = r#"
times = pa.array([1_700_000_000_123_456_789, -1, None, -9_223_372_036_000_000_000], pa.timestamp("ns"))
pq.write_table(pa.table({"bytes": [1, 2, 3, 4], "timestamp": times}), "f.parquet", use_deprecated_int96_timestamps=True)
"#;
    let wanted = [
        r#"{"timestamp":"2023-11-14T22:13:20.123456789Z","bytes":1}"#,
        r#"{"timestamp":"1969-12-31T23:59:59.999999999Z","bytes":2}"#,
        r#"{"bytes":3}"#,
        r#"{"timestamp":"1677-09-21T00:12:44.000000000Z","bytes":4}"#,
    ];
    assert_eq!(lines(&made(&python, script, "").code(0).quiet()), wanted);
}

#[test]
fn times_that_cannot_be_are_rejected_and_never_others() {
    let Some(python) = maker() else { return };
    let least = "-9_223_372_036_854_775_808";
    for (kind, bits, bad) in [
        ("timestamp('ns')", "int64", &[least][..]),
        ("timestamp('us')", "int64", &[least, "9_223_372_036_854_775_807", "9_223_372_036_854_776"]),
        ("timestamp('ms', 'UTC')", "int64", &[least, "9_223_372_036_855"]),
        ("date32()", "int32", &["-2_147_483_648", "2_147_483_647", "7_304_485", "-7_304_485", "106_752"]),
    ] {
        // Values of Python do not go so far, the type's own numbers do.
        let script = format!(
            "times = pa.array([19_000, {}], pa.{bits}()).view(pa.{kind})
pq.write_table(pa.table({{'start': times, 'bytes': range({})}}), 'f.parquet')",
            bad.join(", "),
            bad.len() + 1
        );
        let outcome = made(&python, &script, "--tz UTC").code(3).says(&format!("rejected {}", bad.len()));
        let outcome = outcome.says(&format!(":2: bad time \"{}", bad[0].replace('_', "")));
        let lines = lines(&outcome);
        assert!(lines.len() == 1 && lines[0].contains("\"bytes\":0"), "{kind}: {lines:?}");
    }
    // In a file that flowcat itself could have written.
    let script = format!(
        "times = pa.array([0, {least}], pa.int64()).view(pa.timestamp('ns', 'UTC'))
pq.write_table(pa.table({{'timestamp': times, 'bytes': [1, 2]}}), 'f.parquet')"
    );
    let outcome = made(&python, &script, "").code(3).says(":2: bad timestamp \"-9223372036854775808 ns since 1970\"");
    assert_eq!(lines(&outcome), ["{\"timestamp\":\"1970-01-01T00:00:00.000000000Z\",\"bytes\":1}"]);
}

/// The same flows in every packing, by three programs, with all encodings that they have.
const PACKINGS: &str = r#"
rows = range(5000)
flows = pa.table({"src_ip": [f"10.0.{i % 7}.{i % 250}" for i in rows], "bytes": [i * i for i in rows],
                  "app": [None if i % 3 else "a" * (i % 40) for i in rows], "duration": [i / 8 for i in rows]})
encodings = {"src_ip": "DELTA_BYTE_ARRAY", "app": "DELTA_LENGTH_BYTE_ARRAY", "bytes": "DELTA_BINARY_PACKED", "duration": "BYTE_STREAM_SPLIT"}
pq.write_table(flows, "f.parquet", compression="none")
for packing in ["snappy", "gzip", "brotli", "lz4", "zstd"]:
    pq.write_table(flows, f"{packing}.groups", compression=packing, row_group_size=999)
    pq.write_table(flows, f"{packing}.second", compression=packing, data_page_version="2.0", data_page_size=999)
    pq.write_table(flows, f"{packing}.sums", compression=packing, write_page_checksum=True, data_page_size=999)
    pq.write_table(flows, f"{packing}.encodings", compression=packing, use_dictionary=False, data_page_size=999, column_encoding=encodings)
    polars.from_arrow(flows).write_parquet(f"{packing}.polars", compression=packing)
    of_duckdb = packing.replace("lz4", "lz4_raw")
    duckdb.sql(f"copy (from flows) to '{packing}.duckdb' (format parquet, compression {of_duckdb}, parquet_version v2)")
"#;

#[test]
fn every_packing_and_encoding_of_other_programs_is_read() {
    let Some(python) = maker() else { return };
    let folder = folder();
    make(&python, PACKINGS, folder.path());
    let read = |path: &Path| run(&format!("flowcat {}", path.display())).code(0).quiet().text();
    let wanted = read(&folder.path().join("f.parquet"));
    assert_eq!(wanted.lines().count(), 5000);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 31);
    for file in files {
        assert!(read(&file) == wanted, "{}", file.display());
    }
}

#[test]
fn checksums_of_pages_hold_between_programs() {
    let Some(python) = maker() else { return };
    let folder = folder();
    let path = folder.path().join("own.parquet");
    run(&format!("flowcat -q --tz UTC tests/data/sample.csv --to parquet -o {}", path.display())).code(0);
    let check = "import pyarrow.parquet as pq, sys\npq.read_table(sys.argv[1], page_checksum_verification=True)";
    let is_read = || Command::new(&python).args(["-c", check]).arg(&path).output().unwrap();
    assert!(is_read().status.success());
    // In the last bytes of the first page: of the times.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(String::from_utf8_lossy(&is_read().stderr).contains("CRC"));
    let told = "row group 1, column timestamp: a page whose checksum is not that of its bytes";
    run(&format!("flowcat {}", path.display())).code(2).says(told);
    let script =
        "pq.write_table(pa.table({'src_ip': ['10.0.0.1'] * 9}), 'f.parquet', use_dictionary=False, compression='none',
              write_page_checksum=True, write_statistics=False)
data = bytearray(open('f.parquet', 'rb').read())
data[data.find(b'10.0.0.1') + 3] = ord('1')
open('f.parquet', 'wb').write(data)";
    made(&python, script, "").code(2).says("column src_ip: a page whose checksum is not that of its bytes");
}
