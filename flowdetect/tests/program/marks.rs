//! `--mark` and `--flagged`.

use super::{flow, flows_of, network, normal, outcome, written};

/// Flows of these sizes, from a host of each size.
fn flows(sizes: &[u64]) -> Vec<String> {
    sizes.iter().enumerate().map(|(i, b)| flow(&format!("10.0.0.{i}"), "192.0.2.1", 443, i as u64, *b)).collect()
}

fn marked(line: &str, names: &str) -> String {
    line.replace("}\n", &format!(",\"flagged\":[{names}]}}\n"))
}

#[test]
fn flows_beyond_learnt_thresholds_are_marked_and_the_rest_stays() {
    let file = normal();
    let (sigma, fence) =
        (format!("sigma:normal={}", file.path().display()), format!("fence:normal={}", file.path().display()));
    let lines = flows(&[100, 131, 50, 141]);
    let odd = "{ \"bytes\" : 5,\"src_ip\":\"10.0.0.9\", \"x\":[1 ] }\n{\"kind\":\"hosts\",\"bytes\":9000}\n";
    let input = format!("{}{odd}", lines.concat());
    let out = written(&["-q", "--mark", &sigma, &fence], &input);
    let expected = [
        lines[0].clone(),
        marked(&lines[1], "\"sigma.bytes\""),
        marked(&lines[2], "\"fence.bytes\""),
        marked(&lines[3], "\"sigma.bytes\",\"fence.bytes\""),
        "{ \"bytes\" : 5,\"src_ip\":\"10.0.0.9\", \"x\":[1 ] ,\"flagged\":[\"fence.bytes\"]}\n".to_owned(),
        "{\"kind\":\"hosts\",\"bytes\":9000}\n".to_owned(),
    ];
    assert_eq!(out, expected.concat());
    assert_eq!(
        written(&["-q", "--flagged", &sigma], &input),
        [&expected[1], &marked(&lines[3], "\"sigma.bytes\""), &expected[5]].map(String::as_str).concat()
    );
}

#[test]
fn marking_twice_changes_nothing_and_marks_of_before_stay() {
    let file = normal();
    let sigma = format!("sigma:normal={}", file.path().display());
    let input =
        format!("{}{}", flows(&[100, 500]).concat(), marked(&flow("10.0.0.8", "192.0.2.1", 1, 1, 7), "\"a.b\", \"c\""));
    let once = written(&["-q", "--mark", &sigma], &input);
    assert_eq!(written(&["-q", "--mark", &sigma], &once), once);
    assert!(once.ends_with("\"flagged\":[\"a.b\", \"c\"]}\n"));
    let fence = format!("fence:normal={},as=odd", file.path().display());
    let twice = written(&["-q", "--mark", &fence], &once);
    assert!(twice.contains("\"flagged\":[\"sigma.bytes\",\"odd.bytes\"]}"), "{twice}");
    assert!(twice.ends_with("\"flagged\":[\"a.b\",\"c\",\"odd.bytes\"]}\n"), "{twice}");
    // Marks of before do not make a flow pass.
    assert_eq!(written(&["-q", "--flagged", &sigma], &input).lines().count(), 1);
}

#[test]
fn a_line_that_no_filter_would_take_with_its_marks_passes_as_it_came() {
    let file = normal();
    let sigma = format!("sigma:normal={}", file.path().display());
    let with = |members: &str| flow("10.0.0.1", "192.0.2.1", 443, 1, 9000).replace("}\n", &format!("{members}}}\n"));
    // A line of 1 MiB, and one of 1024 members.
    let long = with(&format!(",\"x\":\"{}\"", "x".repeat((1 << 20) - with(",\"x\":\"\"").len() + 1)));
    let many = with(&(7..1024).map(|i| format!(",\"{i}\":1")).collect::<String>());
    for item in [sigma.as_str(), "zscore:of=flow,threshold=0.1"] {
        let input = format!("{long}{many}{}", flows(&[9000, 10, 10]).concat());
        let (code, out, err) = outcome(&["--mark", item], &input);
        assert_eq!(code, 0, "{err}");
        assert!(out.starts_with(&format!("{long}{many}")) && out.contains("flagged"), "{item}");
        assert!(err.contains("2 flows left as they came, though rules hold"), "{err}");
    }
}

#[test]
fn rules_over_the_whole_input_mark_the_flows_that_they_alert_on() {
    let input = flows_of(&network(3000)).concat();
    for item in ["zscore:of=flow,field=bytes+packets", "iqr:of=flow", "mad:of=flow,field=rev_bytes"] {
        let out = written(&["-q", "--mark", item], &input);
        let stripped: String = out
            .lines()
            .map(|l| match l.split_once(",\"flagged\":") {
                Some((before, _)) => format!("{before}}}\n"),
                None => format!("{l}\n"),
            })
            .collect();
        assert!(stripped == input, "{item}");
        let marks = out.lines().filter(|l| l.contains("flagged")).count();
        assert_eq!(written(&["-q", "--flagged", item], &input).lines().count(), marks);
        let counted: u64 =
            super::json(&written(&["-q", item], &input)).iter().map(|a| a["flows"].as_u64().unwrap()).sum();
        let names = item.split("field=").nth(1).unwrap_or("bytes").split('+');
        let names = names.map(|field| format!("\"{}.{field}\"", item.split(':').next().unwrap()));
        let marks: usize = names.map(|name| out.matches(&name).count()).sum();
        assert_eq!(marks as u64, counted, "{item}");
        assert!(counted > 0 && out.lines().any(|l| !l.contains("flagged")), "{item}");
    }
}

#[test]
fn accounts_of_marked_flows_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let counters = folder.path().join("counters");
    let counters = counters.to_str().unwrap();
    let file = normal();
    let sigma = format!("sigma:normal={}", file.path().display());
    let input = flows(&[10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 500]).concat();
    for item in [&sigma, "zscore:of=flow"] {
        let out = written(&["-q", "--flagged", "--counters", counters, item], &input);
        let counted: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(counters).unwrap()).unwrap();
        let n = ["read", "passed", "filtered", "written", "made"].map(|name| counted[name].as_u64().unwrap());
        assert_eq!((n, out.lines().count()), ([13, 1, 12, 1, 0], 1), "{item}");
    }
}

#[test]
fn what_judges_more_than_a_flow_cannot_mark() {
    for item in ["portscan", "zscore", "beacon", "iqr:of=host"] {
        let (code, out, err) = outcome(&["--mark", item], "");
        assert_eq!((code, out.as_str()), (2, ""));
        let name = item.split(':').next().unwrap();
        assert!(
            err.contains(&format!("--mark: {name} judges more than single flows; sigma, fence, zscore:of=flow")),
            "{err}"
        );
    }
    assert_eq!(outcome(&["--flagged"], "").0, 2);
    for with in [&["--tee"][..], &["--fail-on", "low"]] {
        assert_eq!(outcome(&[&["--mark", "zscore:of=flow"], with].concat(), "").0, 2);
    }
}
