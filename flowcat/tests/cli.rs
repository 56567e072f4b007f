//! The program from outside: inputs, mistakes, signals, pipes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{flowcat, read, run, sample};

const FLOW: &str = r#"{"src_ip":"10.0.0.1","bytes":5}"#;
const CSV: &str = "src_ip,bytes\n10.0.0.1,5\n";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn several_inputs_of_several_formats_come_one_after_the_other() {
    let folder = folder();
    let name = |n: &str| folder.path().join(n).to_str().unwrap().to_owned();
    std::fs::write(name("a:b=c.csv"), CSV).unwrap();
    std::fs::create_dir(name("many")).unwrap();
    std::fs::write(name("many/2.json"), r#"[{"src":"10.0.0.2","octets":5}]"#).unwrap();
    std::fs::write(name("many/1"), "{\"src_ip\":\"10.0.0.3\"}\n").unwrap();
    let outcome = run(&[&name("a:b=c.csv"), &name("many"), "-", "--counters", &name("counters")], CSV);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(
        outcome.text(),
        format!("{FLOW}\n{{\"src_ip\":\"10.0.0.3\"}}\n{{\"src_ip\":\"10.0.0.2\",\"bytes\":5}}\n{FLOW}\n")
    );
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(name("counters")).unwrap()).unwrap();
    assert_eq!((counters["read"].as_u64(), counters["written"].as_u64()), (Some(4), Some(4)));
    assert_eq!(counters["details"]["stdin"], 1);
}

#[test]
fn a_missing_file_among_good_ones_is_told_and_the_others_are_read() {
    let path = sample("sample.csv");
    let outcome = run(&["/nowhere/at/all", path.to_str().unwrap()], "");
    assert_eq!((outcome.code, outcome.records().len()), (Some(2), 275));
    assert!(outcome.stderr.contains("no such file: \"/nowhere/at/all\""), "{}", outcome.stderr);
}

#[test]
fn a_truncated_gzip_gives_all_before_the_damage_and_2() {
    let folder = folder();
    let whole = std::fs::read(sample("sample.csv.gz")).unwrap();
    let path = folder.path().join("cut.gz");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let outcome = read(&path, &[]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("truncated gzip data after"), "{}", outcome.stderr);
    let all = read(&sample("sample.csv.gz"), &[]);
    assert!(!outcome.stdout.is_empty() && all.stdout.starts_with(&outcome.stdout));
}

#[test]
fn a_line_of_10_mb_is_rejected_and_the_others_are_read() {
    let long = format!("{{\"src_ip\":\"10.0.0.1\",\"x\":\"{}\"}}", "x".repeat(10 << 20));
    for text in [
        format!("{long}\n{FLOW}\n"),
        format!("{FLOW}\n{long}\n{FLOW}"),
        format!("{CSV}10.0.0.1,{}\n", "5".repeat(10 << 20)),
    ] {
        let folder = folder();
        let rejects = folder.path().join("rejects");
        let outcome = run(&["--rejects", rejects.to_str().unwrap()], text);
        assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("longer than 1 MiB"), "{}", outcome.stderr);
        assert!(outcome.records().iter().all(|r| r["src_ip"] == "10.0.0.1") && !outcome.stdout.is_empty());
        assert_eq!(std::fs::read_to_string(rejects).unwrap().lines().count(), 1);
    }
}

#[test]
fn flow_lines_and_other_kinds_pass_byte_for_byte_and_bad_ones_do_not() {
    let good = [
        r#"{ "src_ip" : "10.0.0.1" , "zz":[1, {"a":"\u00e9"}],"bytes":5.0e0 }"#,
        r#"{"kind":"hosts","src_ip":"10.0.0.1","total_bytes":1}"#,
        r#"{"kind":"alert","id":"00"}"#,
        r#"{"kind":"baseline"}"#,
        r#"{"kind":"tick","timestamp":"2024-01-01T00:00:00.000Z"}"#,
        FLOW,
    ];
    let bad: [&[u8]; 8] = [
        b"{\"src_ip\":\"10.0.0.1\",\"src_ip\":\"10.0.0.2\"}",
        b"{\"src_ip\":\"10.0.0.1\",\"a\":\"\x01\"}",
        b"{\"src_ip\":\"10.0.0.1\",\"a\":\"\xff\"}",
        b"{\"src_ip\":\"10.0.0.1\",\"a\":\"\\ud800\"}",
        b"{\"src_ip\":\"10.0.0\"}",
        b"{\"bytes\":9007199254740992}",
        b"{\"a\":1}",
        b"[1]",
    ];
    let mut text = Vec::new();
    for (i, line) in good.iter().enumerate() {
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(b"\r\n\n");
        for bad in if i == 2 { &bad[..] } else { &[] } {
            text.extend_from_slice(bad);
            text.push(b'\n');
        }
    }
    let outcome = run(&[], &text);
    assert_eq!(outcome.text(), good.join("\n") + "\n");
    assert_eq!(outcome.code, Some(3));
    assert!(outcome.stderr.contains("rejected 8"), "{}", outcome.stderr);
    assert_eq!(run(&["--max-rejects", "8"], &text).code, Some(0));
    let strict = run(&["--strict"], &text);
    assert_eq!((strict.code, strict.text()), (Some(3), (good[..3].join("\n") + "\n").as_str()));
}

#[test]
fn one_bad_line_alone_has_the_verdict_of_the_filters() {
    for bad in [
        "{\"bytes\":1,\"bytes\":2}",
        "{\"bytes\":-1}",
        "{\"x\":1}",
        "{\"bytes\":1}x",
        "{\"bytes\":",
        "{\"kind\":1,\"bytes\":1}",
        "{}",
    ] {
        let outcome = run(&[], format!("{bad}\n"));
        assert_eq!((outcome.code, outcome.stdout.len()), (Some(3), 0), "{bad}: {}", outcome.stderr);
    }
}

#[test]
fn a_table_without_a_usable_column_names_its_columns() {
    let outcome = run(&[], "alpha,beta\n1,2\n");
    assert_eq!((outcome.code, outcome.stdout.len()), (Some(2), 0));
    assert!(outcome.stderr.contains("\"alpha\", \"beta\"") && outcome.stderr.contains("--map"), "{}", outcome.stderr);
}

#[test]
fn what_is_no_flow_format_is_an_error_and_nothing_is_none() {
    let outcome = run(&[], "hello world\n");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("no format that flowcat knows"), "{}", outcome.stderr);
    for nothing in ["", "\n\n", "No matching flows\n"] {
        let outcome = run(&[], nothing);
        assert_eq!((outcome.code, outcome.stdout.len(), outcome.stderr.as_str()), (Some(0), 0, ""));
    }
}

#[test]
fn mistakes_on_the_command_line_are_answered_before_anything_is_read() {
    for (args, part) in [
        (&["--from", "nfdump-cvs"][..], "did you mean \"nfdump-csv\"?"),
        (&["--map", "src_ipp=x"], "did you mean \"src_ip\"?"),
        (&["--map", "src_ip"], "FIELD=COLUMN"),
        (&["--tz", "Mars/Olympus"], "Mars/Olympus"),
        (&["--explain", "nfdump-cvs"], "did you mean"),
        (&["--no-such-option"], "no-such-option"),
        (&["--max-rejects", "x"], "percentage"),
    ] {
        let outcome = run(args, CSV);
        assert_eq!((outcome.code, outcome.stdout.len()), (Some(2), 0), "{args:?}");
        assert!(outcome.stderr.contains(part), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_0() {
    let mut child = flowcat(&[sample("traffic.csv").to_str().unwrap(), sample("normal.csv").to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"timestamp\":"));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!stderr.contains("error"), "{stderr}");
}

#[test]
fn a_full_disk_and_a_closed_stdout_are_errors() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = flowcat(&[sample("sample.csv").to_str().unwrap()]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no space left"));
}

#[test]
fn the_way_bytes_arrive_changes_nothing() {
    let mut child = flowcat(&["-q"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for name in ["sample.line6", "sample.quiet.json", "sample.quiet.csv", "sample.pipe"] {
        let whole = std::fs::read(sample(name)).unwrap();
        let bytes = whole[..whole.len().min(6000)].to_vec();
        let expected = run(&["-q"], &bytes);
        let mut slow = flowcat(&["-q"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pipe = slow.stdin.take().unwrap();
        for byte in &bytes {
            pipe.write_all(&[*byte]).unwrap();
        }
        drop(pipe);
        let output = slow.wait_with_output().unwrap();
        assert!(output.stdout == expected.stdout && !output.stdout.is_empty(), "{name}");
        assert_eq!(output.status.code(), expected.code, "{name}");
    }
    stdin.write_all(FLOW.as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(child.wait_with_output().unwrap().stdout, format!("{FLOW}\n").as_bytes());
}

#[test]
fn a_live_stream_is_not_delayed() {
    let mut child = flowcat(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        let began = Instant::now();
        writeln!(stdin, "{FLOW}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{FLOW}\n"));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn head_ends_without_waiting_for_the_rest() {
    for (first, rest) in [(FLOW, FLOW), ("src_ip,bytes", "10.0.0.1,5")] {
        let mut child = flowcat(&["--head", "3", "--counters", "/dev/stderr"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{first}\n{}", format!("{rest}\n").repeat(5)).as_bytes()).unwrap();
        // Standard input stays open.
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!((output.status.code(), output.stdout), (Some(0), format!("{FLOW}\n").repeat(3).into_bytes()));
        let accounts: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((&accounts["read"], &accounts["written"]), (&3.into(), &3.into()));
    }
}

#[test]
fn a_signal_drains_what_was_read() {
    let mut child = flowcat(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    writeln!(stdin, "{FLOW}").unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let kill = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_file_that_is_also_the_output_is_refused() {
    let folder = folder();
    let path = folder.path().join("flows");
    std::fs::write(&path, format!("{FLOW}\n")).unwrap();
    let out = File::options().append(true).open(&path).unwrap();
    let output = flowcat(&[path.to_str().unwrap()]).stdout(out).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{FLOW}\n"));
}

#[test]
fn a_zone_is_told_once_and_only_if_it_was_needed() {
    let path = sample("sample.csv");
    let path = path.to_str().unwrap();
    let outcome = run(&[path, path], "");
    assert_eq!(outcome.stderr.matches("no zone").count(), 1, "{}", outcome.stderr);
    assert_eq!(run(&[path, "--tz", "UTC"], "").stderr, "");
    assert_eq!(read(&sample("sample.pipe"), &[]).stderr, "");
    assert_eq!(run(&[path, "-q"], "").stderr, "");
}

#[test]
fn a_file_is_explained_by_its_format_its_columns_and_its_first_records() {
    let outcome = run(&["--explain", sample("sample.csv").to_str().unwrap()], "");
    assert_eq!(outcome.code, Some(0));
    for part in [
        "nfdump-csv",
        "UTC; --tz",
        "sa                       src_ip",
        "mpls1                    (dropped)",
        "{\"timestamp\":\"2026-03-10T07:10:18.000Z\"",
    ] {
        assert!(outcome.text().contains(part), "{part} in {}", outcome.text());
    }
    let missing = run(&["--explain", "/nowhere/at/all.csv"], "");
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("no such file"), "{}", missing.stderr);
    let format = run(&["--explain", "csv"], "");
    assert!(format.text().starts_with("csv: any CSV"), "{}", format.text());
    let listed = run(&["--list"], "").text().to_owned();
    for name in ["nfdump-csv ", "flow ", "csv "] {
        assert!(listed.lines().any(|line| line.starts_with(name)), "{name} in {listed}");
    }
}

#[test]
fn csv_and_tables_come_out_as_well() {
    let outcome = run(&["--to", "csv", "--fields", "bytes,src_ip"], CSV);
    assert_eq!(outcome.text(), "bytes,src_ip\n5,10.0.0.1\n");
    assert!(run(&["-t"], CSV).text().contains("10.0.0.1"));
}

#[test]
fn every_line_holds_against_the_schema() {
    let schema: Value = serde_json::from_slice(&run(&["--schema"], "").stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["sample.csv", "sample.json", "sample.line", "sample.biflow.csv", "sample.pairs.csv"] {
        for args in [&[][..], &["--keep-extra"]] {
            for record in read(&sample(name), args).records() {
                let value = Value::Object(record);
                assert!(validator.is_valid(&value), "{name}: {value}");
            }
        }
    }
}

#[test]
fn a_folder_of_anything_is_read_to_its_end() {
    let folder = folder();
    for i in 0..30 {
        std::fs::write(folder.path().join(format!("{i:02}")), "no flows at all\n".repeat(20_000)).unwrap();
    }
    std::fs::write(folder.path().join("last"), CSV).unwrap();
    let outcome = read(folder.path(), &[]);
    assert_eq!((outcome.code, outcome.text()), (Some(2), format!("{FLOW}\n").as_str()));
    assert_eq!(outcome.stderr.matches("no format that flowcat knows").count(), 5);
    assert!(outcome.stderr.contains("inputs that cannot be read (on): 30 in all, 5 are shown"), "{}", outcome.stderr);
}

#[test]
fn an_input_that_comes_line_by_line_is_looked_at_as_long_as_it_takes() {
    let mut child = flowcat(&["-q"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let members: String = (0..40).map(|i| format!("\"m{i}\" : 1,\n")).collect();
    let text = format!("{{\n{members}\"src\":\"10.0.0.1\",\n\"octets\":5\n}}\n");
    for line in text.split_inclusive('\n') {
        stdin.write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(3));
    }
    drop(stdin);
    assert_eq!(child.wait_with_output().unwrap().stdout, format!("{FLOW}\n").as_bytes());
}

#[test]
fn a_bad_value_has_one_verdict_wherever_its_line_stands() {
    let good = FLOW;
    for bad in ["\"tos\":256", "\"bytes\":\"5\"", "\"dst_port\":null", "\"timestamp\":1"] {
        let bad = format!("{{\"src_ip\":\"10.0.0.1\",{bad}}}");
        for lines in [[&*bad, good, good], [good, &*bad, good], [good, good, &*bad]] {
            let outcome = run(&[], &(lines.join("\n") + "\n"));
            assert_eq!((outcome.code, outcome.text()), (Some(3), &*format!("{good}\n{good}\n")), "{lines:?}");
        }
    }
}

#[test]
fn lines_of_no_format_before_the_first_record_are_rejected_alone() {
    for (garbage, rest) in [
        ("a comment, with commas", CSV.to_owned()),
        ("garbage", CSV.to_owned()),
        ("garbage", format!("{FLOW}\n")),
        ("# comment", "{\"src\":\"10.0.0.1\",\"octets\":5}\n".to_owned()),
    ] {
        let outcome = run(&[], format!("\n{garbage}\n{rest}"));
        assert_eq!((outcome.code, outcome.text()), (Some(3), format!("{FLOW}\n").as_str()), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("stdin:2:") && outcome.stderr.contains("rejected 1"), "{}", outcome.stderr);
    }
    let slow = flowcat(&["-q"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut slow = slow.unwrap();
    let mut pipe = slow.stdin.take().unwrap();
    for line in ["# one\n", "two\n", "src_ip,bytes\n", "10.0.0.1,5\n"] {
        pipe.write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(pipe);
    assert_eq!(slow.wait_with_output().unwrap().stdout, format!("{FLOW}\n").as_bytes());
}

#[test]
fn a_header_may_begin_like_a_remark_of_nfdump() {
    let outcome = run(&[], "Summary,src_ip,bytes\nx,10.0.0.1,5\nSummary\n");
    assert_eq!((outcome.code, outcome.text()), (Some(3), format!("{FLOW}\n").as_str()), "{}", outcome.stderr);
}

#[test]
fn what_only_has_to_be_unpacked_or_recoded_is_told_with_the_way_to_do_it() {
    let utf16: Vec<u8> = CSV.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, part) in [
        (utf16.clone(), "iconv -f UTF-16"),
        ([&b"\xff\xfe"[..], &utf16].concat(), "iconv -f UTF-16"),
        (CSV.replace('\n', "\r").into_bytes(), "CR alone"),
        (b"{\"data\":[{\"src_ip\":\"10.0.0.1\"}]}\n".to_vec(), "jq -c '.[\"data\"][]'"),
    ] {
        let outcome = run(&[], &bytes);
        assert_eq!((outcome.code, outcome.stdout.len()), (Some(2), 0), "{part}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
}

#[test]
fn what_is_written_as_csv_is_read_as_it_was() {
    let flows = concat!(
        r#"{"timestamp":"2024-01-01T00:00:00.000Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.2","packets":500,"bytes":50000,"sampling":100,"byte_layer":"l2","clock":"ambiguous","scaled":true,"src_country":"12","src_internal":false,"flagged":["a.b"],"hour":7}"#,
        "\n",
        r#"{"src_ip":"10.0.0.1","bytes":5,"dup_of":"192.0.2.1","dir_reason":"syn"}"#,
        "\n"
    );
    let table = run(&["--to", "csv"], flows);
    assert_eq!(run(&["-q"], table.text()).text(), flows);
    assert_eq!(run(&["-q", "--sampling", "auto"], table.text()).text(), flows, "scaled once");
}

#[test]
fn flow_lines_among_the_objects_of_a_tool_pass() {
    let event =
        r#"{"timestamp":"2024-01-01T00:00:00.000000+0000","event_type":"alert","flow_id":1,"src_ip":"10.0.0.9"}"#;
    let eve = r#"{"timestamp":"2024-01-01T00:00:00.000000+0000","flow_id":1,"event_type":"flow","src_ip":"10.0.0.8","dest_ip":"10.0.0.7","proto":"TCP","flow":{"pkts_toserver":1,"bytes_toserver":60}}"#;
    let outcome = run(&["-q"], format!("{eve}\n{event}\n{FLOW}\n"));
    assert_eq!((outcome.code, outcome.text().lines().nth(1)), (Some(0), Some(FLOW)), "{}", outcome.text());
}

#[test]
fn objects_around_the_flows_are_looked_into_or_named() {
    let ecs = r#"{"source":{"ip":"10.0.0.1","port":5},"destination":{"ip":"10.0.0.2","port":53},"network":{"iana_number":"17"}}"#;
    let flow = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":5,"dst_port":53,"protocol":17}"#;
    assert_eq!(run(&["-q"], format!("{ecs}\n")).text(), format!("{flow}\n"));
    for (text, name) in [
        (r#"{"_source":{"ts":1700000000.1,"id.orig_h":"10.0.0.1","proto":"udp"}}"#, "_source"),
        (r#"{"preview":false,"result":{"src_ip":"10.0.0.1","bytes":"5"}}"#, "result"),
    ] {
        let outcome = run(&[], format!("{text}\n{text}\n"));
        let says = format!("the flows are inside of \"{name}\"; jq -c '.[\"{name}\"]' FILE | flowcat");
        assert!(outcome.code == Some(2) && outcome.stderr.contains(&says), "{}", outcome.stderr);
        assert_eq!(outcome.text(), "");
    }
}

#[test]
fn what_is_anonymised_is_so_in_every_form() {
    let folder = folder();
    let (key, table) = (folder.path().join("key"), folder.path().join("a.parquet"));
    std::fs::write(&key, [7; 32]).unwrap();
    let (key, path) = (key.to_str().unwrap(), table.to_str().unwrap());
    let flows = "{\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.2\",\"bytes\":5,\"exporter\":\"192.0.2.1\"}\n";
    let lines = run(&["-q", "--anonymize", key], flows);
    assert!(!lines.text().contains("10.0.0") && lines.text().contains("exporter"), "{}", lines.text());
    run(&["-q", "--anonymize", key, "--to", "parquet", "-o", path], flows);
    assert_eq!(run(&["-q", path], "").text(), lines.text());
    assert_eq!(run(&["-q"], run(&["-q", "--anonymize", key, "--to", "csv"], flows).text()).text(), lines.text());
}
