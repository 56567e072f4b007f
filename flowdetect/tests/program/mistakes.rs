//! Wrong use and bad input: exit code 2 or 3, a message that helps, and the rest done.

use super::{flow, json, normal, outcome, sweep, written};

#[test]
fn a_wrong_item_is_refused_with_the_nearest_right_one_before_any_input() {
    for (args, told) in [
        (&["zcore"][..], "unknown detector \"zcore\"; did you mean \"zscore\"?"),
        (&["zscore:treshold=3"], "did you mean \"threshold\"?"),
        (&["zscore:threshold=x"], "number from 0 is expected"),
        (&["zscore:field=byte"], "did you mean \"bytes\"?"),
        (&["zscore:by=src_ip/40"], "/0 to /32"),
        (&["sigma"], "sigma: normal=FILE is needed"),
        (&["fence:normal=/nonexistent/normal"], "no such file"),
        (&["sweep:targets=0"], "integer from 1 is expected"),
        (&["all", "all"], "all is there twice"),
        (&["all:x=1"], "unknown key"),
        (&["zscore:by=srcip"], "did you mean \"src_ip\"?"),
        (&["all:as=x"], "as= is for a single detector"),
        (&["zscore", "zscore"], "zscore is there twice"),
        (&["Cargo.toml"], "use -i Cargo.toml, or flowcat Cargo.toml | flowdetect"),
        (&["sweep", "targets=5"], "write sweep:targets=5"),
        (&["--fail-on", "\u{1b}[2Jz\u{202e}"], "z\\u{202e}"),
        (&["--\u{1b}[2Jz\u{9b}"], "z\\u{9b}"),
        (&["--fail-on", "grave"], "none of low, medium, high, critical"),
        (&["--explain", "beacn"], "did you mean \"beacon\"?"),
        (&["sweep", "--windw", "5m"], "unknown option --windw"),
    ] {
        let (code, out, err) = outcome(args, &sweep());
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(!err.contains('\u{1b}'), "{args:?}: {err:?}");
        assert!(err.contains(told), "{args:?}: {err}");
    }
}

#[test]
fn a_file_of_thresholds_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("normal");
    let item = format!("sigma:normal={}", path.display());
    for (text, told) in [
        ("", "no row of describe for bytes or rev_bytes"),
        ("{\"bytes\":1}\n", "no row of describe for bytes or rev_bytes"),
        ("not json\n", ":1:1: not a JSON object"),
        ("{\"kind\":\"describe\",\"field\":\"bytes\",\"mean\":1}\n", "the row of bytes has no std"),
    ] {
        std::fs::write(&path, text).unwrap();
        let (code, out, err) = outcome(&[&item], &sweep());
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        assert!(err.contains("sigma") && err.contains(told), "{text}: {err}");
    }
    let file = normal();
    let (code, _, err) = outcome(&[&format!("sigma:field=packets,normal={}", file.path().display())], "");
    assert!(code == 2 && err.contains("no row of describe for packets"), "{err}");
    assert!(err.contains("flowstat describe:of=packets > normal.json"), "{err}");
}

#[test]
fn bad_lines_are_left_out_counted_and_told() {
    let long = format!("{{\"bytes\":1,\"x\":\"{}\"}}\n", "y".repeat(10 << 20));
    for (bad, told) in [
        ("nonsense\n", "stdin:51:1: not a JSON object"),
        ("{\"bytes\":1,\"bytes\":2}\n", "bytes"),
        ("{\"src_ip\":\"10.0.0\"}\n", "10.0.0"),
        ("{\"bytes\":9007199254740992}\n", "9007199254740992"),
        (long.as_str(), "stdin:51"),
    ] {
        let (code, out, err) = outcome(&["sweep"], &format!("{}{bad}", sweep()));
        assert_eq!((code, json(&out).len()), (3, 1), "{bad:.40}");
        assert!(err.contains(told) && err.contains("rejected 1"), "{bad:.40}: {err}");
    }
    let (code, out, _) = outcome(&["--max-rejects", "1", "sweep"], &format!("x\n{}", sweep()));
    assert_eq!((code, json(&out).len()), (0, 1));
}

#[test]
fn strict_stops_at_the_first_bad_line() {
    let (code, out, _) =
        outcome(&["--strict", "sweep:targets=2"], &format!("{}x\n{}", flow("10.0.0.1", "192.0.2.1", 1, 1, 1), sweep()));
    assert_eq!((code, out.as_str()), (3, ""));
}

#[test]
fn a_missing_input_is_told_and_the_others_are_read() {
    let (code, out, err) = outcome(&["-i", "/nonexistent/flows", "-i", "-", "sweep"], &sweep());
    assert_eq!((code, json(&out).len()), (2, 1));
    assert!(err.contains("no such file"), "{err}");
}

#[test]
fn nothing_in_is_nothing_out() {
    assert_eq!(outcome(&[], ""), (0, String::new(), String::new()));
    assert_eq!(outcome(&["zscore", "iqr:of=flow"], "\n\n"), (0, String::new(), String::new()));
}

#[test]
fn every_detector_is_listed_and_explained() {
    let list = written(&["--list"], "");
    let names: Vec<&str> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    let exact = ["zscore", "iqr", "mad", "sigma", "fence", "portscan", "sweep", "scan", "exfil", "beacon"];
    assert!(names[..10] == exact && names.ends_with(&["policy", "all", "evaluate", "incidents", "tune"]), "{names:?}");
    let help = written(&["--help"], "");
    for name in &names {
        let explained = written(&["--explain", name], "");
        assert!(explained.starts_with(&format!("{name}: ")) && explained.contains("\nMemory\n"), "{explained}");
        assert!(help.contains(&format!("  {name} ")) || help.contains(&format!("  {name}\n")), "{name}");
    }
    assert!(help.contains("at most 1024 MiB"));
    let described: serde_json::Value = serde_json::from_str(&written(&["--describe"], "")).unwrap();
    assert_eq!(described["items"].as_array().unwrap().len(), names.len());
    for what in ["man", "bash", "zsh", "fish"] {
        assert!(written(&["--generate", what], "").contains("flagged"), "{what}");
    }
}
