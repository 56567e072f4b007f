//! Rows, lines that pass, and what is said.

use super::*;

const FLOW: &str = r#"{"timestamp":"2026-03-10T08:00:00.000Z","src_ip":"10.0.0.1","dst_ip":"10.0.1.1","dst_port":443,"protocol":6,"packets":2,"bytes":100}"#;

#[test]
fn without_an_item_the_summary_is_written() {
    let made = rows(&[], &format!("{FLOW}\n{FLOW}\n"));
    assert_eq!(
        (made.len(), &made[0]["kind"], &made[0]["flows"], &made[0]["bytes"]),
        (1, &"summary".into(), &2.into(), &200.into())
    );
}

#[test]
fn rows_come_item_by_item_after_lines_that_pass_in_their_order() {
    let alert = r#"{ "kind" : "alert", "detector":"sweep","unknown":[1, 2] }"#;
    let row = r#"{"kind":"hosts","src_ip":"9.9.9.9","bytes":7}"#;
    let tick = r#"{"kind":"tick","timestamp":"2026-03-10T08:00:00.000Z"}"#;
    let out = lines(&["protocols", "hosts:as=senders"], &[alert, FLOW, row, tick, FLOW].join("\n"));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(&lines[..3], [alert, row, tick]);
    assert!(lines[3].starts_with(r#"{"kind":"protocols","protocol":6,"name":"TCP","flows":2,"#), "{}", lines[3]);
    assert!(lines[4].starts_with(r#"{"kind":"senders","src_ip":"10.0.0.1","flows":2,"bytes":200,"#), "{}", lines[4]);
    assert_eq!(lines.len(), 5);
}

#[test]
fn a_flow_that_lacks_what_a_view_needs_is_left_out_and_told_once() {
    let input = format!("{FLOW}\n{{\"bytes\":1}}\n{{\"bytes\":2}}\n");
    let (code, out, told) = outcome(&["hosts", "ports", "summary"], &input);
    assert_eq!((code, out.lines().count()), (0, 3));
    assert!(told.contains("hosts: 2 flows without src_ip left out"), "{told}");
    assert!(told.contains("ports: 2 flows without dst_port left out"), "{told}");
    assert!(!told.contains("summary"), "{told}");
    let (_, _, quiet) = outcome(&["-q", "hosts"], &input);
    assert_eq!(quiet, "");
}

#[test]
fn the_accounts_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counters.json");
    let row = r#"{"kind":"x"}"#;
    let input = format!("{FLOW}\n{{\"bytes\":1}}\n{row}\nnonsense\n\n{FLOW}\n");
    let (code, out, _) = outcome(&["hosts", "--counters", path.to_str().unwrap()], &input);
    let counters: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let count = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!((code, count("read"), count("used"), count("passed"), count("rejected")), (3, 5, 2, 1, 1));
    assert_eq!(counters["unused"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum::<u64>(), 1);
    assert_eq!((count("written"), count("made")), (out.lines().count() as u64, 1));
}

#[test]
fn of_no_flows_there_are_no_rows_but_zeros_in_the_summary() {
    for item in ["hourly", "daily", "weekly", "hosts", "pairs", "protocols", "ports", "top", "describe", "fields"] {
        assert_eq!(outcome(&[item], ""), (0, String::new(), String::new()), "{item}");
    }
    assert_eq!(rows(&[], "")[0]["flows"], 0);
}

#[test]
fn inputs_are_files_as_well_and_a_missing_one_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    std::fs::write(&path, format!("{FLOW}\n")).unwrap();
    let a = path.to_str().unwrap();
    assert_eq!(rows(&["-i", a, "-i", a], "")[0]["flows"], 2);
    let (code, out, told) = outcome(&["-i", a, "-i", "/nonexistent/b", "-i", "-"], &format!("{FLOW}\n"));
    assert_eq!(code, 2);
    assert!(out.contains("\"flows\":2") && told.contains("/nonexistent/b"), "{out}{told}");
}

#[test]
fn tables_and_csv_show_the_rows() {
    let input = format!("{FLOW}\n");
    let table = lines(&["protocols", "-t"], &input);
    assert_eq!(table.lines().next(), Some("protocols"));
    assert!(table.contains("TCP"), "{table}");
    let csv = lines(&["protocols", "--to", "csv", "--fields", "name,flows,percentage"], &input);
    assert_eq!(csv.lines().collect::<Vec<_>>(), ["name,flows,percentage", "TCP,1,100"]);
}

#[test]
fn a_report_takes_flows_and_alerts_from_one_stream() {
    let alert = r#"{"kind":"alert","detector":"sweep","value":50,"reason":"x"}"#;
    let made = rows(&["report", "--now", "2026-04-01T00:00:00Z"], &format!("{FLOW}\n{alert}\n{FLOW}\n{alert}\n"));
    assert_eq!(made.len(), 1);
    assert_eq!((&made[0]["kind"], &made[0]["analysis_time"]), (&"report".into(), &"2026-04-01T00:00:00.000Z".into()));
    assert_eq!((&made[0]["total_flows"], &made[0]["total_anomalies"]), (&2.into(), &2.into()));
    assert_eq!(made[0]["anomalies"]["sweep"][1]["reason"], "x");
    assert_eq!(made[0]["baselines"]["top_talkers"][0]["src_ip"], "10.0.0.1");
}

#[test]
fn no_line_that_passes_stands_in_a_page() {
    let other =
        "{\"kind\":\"hosts\",\"src_ip\":\"10.9.9.9\"}\n{\"kind\":\"tick\",\"timestamp\":\"2026-03-10T08:00:00Z\"}\n";
    for form in ["html", "md", "table"] {
        let item = format!("report:format={form}");
        let alone = lines(&[&item], &format!("{FLOW}\n"));
        assert_eq!(lines(&[&item], &format!("{other}{FLOW}\n{other}")), alone, "{form}");
    }
}

#[test]
fn a_table_of_many_kinds_of_rows_and_a_closed_pipe_are_no_trouble() {
    let input = network(3000);
    let mut args: Vec<&str> = ITEMS.to_vec();
    args.push("-t");
    assert!(lines(&args, &input).lines().count() > 200);
    let mut child = Command::new("sh")
        .args(["-c", "\"$0\" hosts:by=host pairs | head -n 1", env!("CARGO_BIN_EXE_flowstat")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stdout.iter().filter(|b| **b == b'\n').count(), output.stderr), (1, vec![]));
}

#[test]
fn two_items_may_group_by_the_same_member() {
    let lines = |n: u64| -> String {
        (0..n)
            .map(|i| {
                format!(
                    "{{\"src_ip\":\"10.0.0.{}\",\"bytes\":{i},\"src_country\":\"{}\"}}\n",
                    i % 7,
                    ["PT", "FR"][i as usize % 2]
                )
            })
            .collect()
    };
    let (one, other) = ("top:by=src_country", "top:by=src_country+src_ip,as=again");
    let made = super::lines(&[one, other], &lines(50));
    assert_eq!(made, super::lines(&[one], &lines(50)) + &super::lines(&[other], &lines(50)));
    assert!(made.contains(r#"{"kind":"top","src_country":"FR","flows":25,"#), "{made}");
    assert!(made.contains(r#"{"kind":"again","src_country":"PT","src_ip":"10.0.0.6","#), "{made}");
}
