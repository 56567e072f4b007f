//! Wrong use and bad input: exit codes and messages.

use super::{data, lines, messages, run, sample};

#[test]
fn without_an_enricher_it_refuses_and_says_where_to_find_one() {
    let (code, told) = messages(&[], "{\"bytes\":1}\n");
    assert_eq!(code, 2);
    assert!(told.contains("--list"), "{told}");
}

#[test]
fn a_wrong_item_is_answered_with_the_right_one_before_any_input() {
    for (item, hint) in [
        ("scop", "did you mean \"scope\"?"),
        ("scope:intern=10.0.0.0/8", "did you mean \"internal\"?"),
        ("scope:internal=10.0.0.0/33", "is no network"),
        ("geo:full=yes", "true|false is expected"),
        ("service:overwrite=1", "true|false is expected"),
        ("scope:as=x", "scope: as= names rows"),
        ("Cargo.toml", "use -i Cargo.toml, or flowcat Cargo.toml | flowenrich"),
    ] {
        let output = run(&[item], b"{\"bytes\":1}\n");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{item}");
        assert!(output.stdout.is_empty() && told.contains(hint), "{item}: {told}");
    }
}

#[test]
fn a_database_that_cannot_be_used_is_refused_by_name_before_any_input() {
    for (file, part) in [
        (data("none.mmdb"), "no such file"),
        (data("broken.mmdb"), "damaged"),
        (data("broken-undescribed.mmdb"), "damaged"),
        (sample("demo-asn.mmdb"), "has nothing that geo adds"),
        (sample("README.md"), "no usable MaxMind database"),
    ] {
        let output = run(&[&format!("geo:db={file}")], b"{\"src_ip\":\"81.2.69.160\"}\n");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(output.stdout.is_empty() && told.contains(&file) && told.contains(part), "{told}");
    }
}

#[test]
fn an_output_that_cannot_be_written_to_and_a_reader_that_leaves_have_their_exit_codes() {
    let input = "{\"src_ip\":\"10.0.0.1\"}\n".repeat(100_000);
    let (code, told) = messages(&["scope", "-o", "/dev/full"], &input);
    assert_eq!(code, 2, "{told}");
    let pipe = format!("{} scope | head -1", env!("CARGO_BIN_EXE_flowenrich"));
    let mut child = std::process::Command::new("bash")
        .args(["-c", &format!("{pipe}; exit ${{PIPESTATUS[0]}}")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Broken when the program has ended.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.iter().filter(|b| **b == b'\n').count()), (Some(0), 1));
}

#[test]
fn bad_lines_are_rejected_and_the_others_enriched() {
    let input =
        "{\"src_ip\":\"10.0.0.300\"}\n{\"src_ip\":\"10.0.0.1\"}\n{\"src_ip\":\"10.0.0.1\",\"src_ip\":\"10.0.0.2\"}\n";
    let output = run(&["ipclass"], input.as_bytes());
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"{\"src_ip\":\"10.0.0.1\",\"src_ip_class\":\"Class A\"}\n");
}

#[test]
fn the_documentation_lists_every_enricher_with_its_parameters() {
    let list = lines(&["--list"], "");
    let names: Vec<_> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(
        names,
        [
            "scope",
            "direction",
            "ipclass",
            "portclass",
            "service",
            "protoname",
            "flags",
            "hour",
            "weekday",
            "rates",
            "communityid",
            "fan",
            "ct",
            "vendor",
            "join",
            "intel",
            "label",
            "features",
            "scale",
            "quantile",
            "onehot",
            "select",
            "drop",
            "rename",
            "geo",
            "asn",
            "rdns",
            "resolve",
            "hash",
            "anonymize"
        ]
    );
    let help = lines(&["--help"], "");
    for name in names {
        assert!(help.contains(name), "{name}");
        let explained = lines(&["--explain", name], "");
        let parameter = match name {
            "anonymize" => "  key ",
            "select" | "drop" => "  field ",
            "rename" => "  map ",
            _ => "  overwrite ",
        };
        assert!(explained.contains(parameter) && explained.contains("Source"), "{explained}");
    }
}

#[test]
fn the_schema_is_json_and_describes_the_fields_that_are_added() {
    let schema: serde_json::Value = serde_json::from_str(&lines(&["--schema"], "")).unwrap();
    let text = schema.to_string();
    for field in ["src_scope", "direction", "service", "dst_country", "src_org"] {
        assert!(text.contains(&format!("\"{field}\"")), "{field}");
    }
}
