//! What is refused before any input is read, with the way to do it right.

use super::*;

fn refused(args: &[&str]) -> String {
    let (code, out, told) = outcome(args, "{\"bytes\":1}\nnonsense\n");
    assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {told}");
    assert!(!told.contains("nonsense") && !told.contains("rejected"), "{args:?}: {told}");
    told
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_right_one() {
    for (args, said) in [
        (["host"], "did you mean \"hosts\"?"),
        (["hourly:zone=UTC"], "--explain hourly shows all"),
        (["hosts:quantile=no"], "did you mean \"quantiles\"?"),
        (["hosts:quantiles=none"], "yes|no|exact is expected"),
        (["hosts:by=source"], "src_ip, dst_ip or host is expected"),
        (["hosts:by=src_ip/64"], "/0 to /32"),
        (["pairs:by=src_ip"], "src_ip+dst_ip is expected"),
        (["daily:tz=Lisboa"], "time zone is expected"),
        (["top:measure=byte"], "did you mean \"bytes\"?"),
        (["top:n=0"], "integer from 1"),
        (["describe:of=src_ip"], "a field whose values are numbers"),
        (["ports:top=70000"], "integer, 1 to 65536"),
        (["top:by=srcip"], "top: by=srcip: srcip: no such field; did you mean \"src_ip\"?"),
        (["hosts:as=alert"], "the name alert is reserved"),
        (["Cargo.toml"], "use -i Cargo.toml, or flowcat Cargo.toml | flowstat"),
    ] {
        let told = refused(&args);
        assert!(told.contains(said), "{args:?}: {told}");
        assert!(told.contains(args[0].split(':').next().unwrap()), "{args:?} is not named: {told}");
    }
}

#[test]
fn a_report_stands_alone_and_has_forms_of_its_own() {
    assert!(refused(&["report", "hosts"]).contains("only item"));
    assert!(refused(&["report:format=pdf"]).contains("json|html|md|table is expected"));
    assert!(refused(&["report:format=html", "-t"]).contains("report:format=json"));
    assert!(refused(&["report", "--to", "csv"]).contains("report:format=json"));
    assert!(lines(&["report", "-t"], "{\"bytes\":5}\n").starts_with("Network traffic\n"));
    let (code, _, told) = outcome(&["report", "--now", "yesterday"], "");
    assert_eq!(code, 2);
    assert!(told.contains("RFC 3339"), "{told}");
}

#[test]
fn rejected_lines_give_exit_code_3_and_rows_of_the_rest() {
    let input = "{\"bytes\":1,\"protocol\":6}\n{\"bytes\":-1}\n{\"bytes\":1,\"protocol\":6}\n";
    let (code, out, told) = outcome(&["protocols"], input);
    assert_eq!(code, 3);
    assert!(out.contains("\"flows\":2") && told.contains(":2:10:"), "{out}{told}");
    assert_eq!(outcome(&["protocols", "--max-rejects", "1"], input).0, 0);
    let (code, out, _) = outcome(&["protocols", "--strict"], input);
    assert_eq!(code, 3);
    assert!(out.contains("\"flows\":1"), "{out}");
}

#[test]
fn a_full_disk_is_told() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowstat"))
        .stdin(Stdio::piped())
        .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"bytes\":1}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stdout"));
}

#[test]
fn every_item_is_listed_and_explained() {
    let list = lines(&["--list"], "");
    for line in list.lines() {
        let name = line.split_whitespace().next().unwrap();
        let told = lines(&["--explain", name], "");
        assert!(["Columns", "Memory", "Source"].iter().all(|part| told.contains(&format!("\n{part}\n"))), "{told}");
    }
    assert_eq!(list.lines().count(), 20);
}

#[test]
fn columns_are_for_tables_and_csv_and_each_is_named_once() {
    assert!(refused(&["--fields", "flows"]).contains("-t, --to table or --to csv"));
    assert!(refused(&["-t", "--fields", "flows,,bytes"]).contains("a name is empty"));
    assert!(refused(&["--to", "csv", "--fields", "flows,bytes,flows"]).contains("\"flows\" is there twice"));
    // A slip is refused.
    assert!(refused(&["-t", "--fields", "flows,byts"]).contains("no line has \"byts\"; did you mean \"bytes\"?"));
}

#[test]
fn a_column_that_no_row_has_is_told_and_the_rest_is_shown() {
    for form in ["table", "csv"] {
        let (code, out, told) =
            outcome(&["--to", form, "--fields", "flows,region", "protocols"], "{\"bytes\":1,\"protocol\":6}\n");
        assert_eq!(code, 0);
        assert!(
            out.contains("flows") && told.contains("no line has \"region\"") && !told.contains("no line has \"flows\""),
            "{out}{told}"
        );
    }
}
